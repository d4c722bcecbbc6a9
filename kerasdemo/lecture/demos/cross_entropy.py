"""Lecture 6's loss: softmax and cross-entropy by hand, and its gradient compared with mse's."""

import numpy as np

from kerasdemo.display.style import BLUE, GRAY, INK, VERMILION
from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, status_of
from kerasdemo.lecture.demos import dense
from kerasdemo.lecture.demos.dense import Array
from kerasdemo.lecture.demos.figures import DASHED, DOTTED, SMALL, titled_figure

LOGITS = np.array([[3.0, 1.0, -3.0], [0.5, 2.0, 0.0], [1.0, 1.0, 1.0]])
# The correct class of each example.
CORRECT = (0, 1, 2)
TOLERANCE = 1e-12
CLASSES = 10
# A probability of the correct class that is far from its target, 1.
FAR = 0.01
LOSSES = {"cross-entropy, -ln p": dense.CROSS_ENTROPY, "mean squared error": dense.MSE}
TARGET = np.eye(CLASSES)[:1]  # (1, classes)


def softmax_cross_entropy(context: DemoContext) -> DemoOutput:
    """Compute softmax, cross-entropy and total loss by hand and with Keras."""
    targets = np.eye(LOGITS.shape[1])[list(CORRECT)]  # (examples, classes)
    outputs = dense.softmax(LOGITS)
    by_hand = -np.log(outputs[targets == 1])  # (examples,)
    by_keras = _keras_cross_entropy(targets, outputs)
    difference = float(np.abs(by_hand - by_keras).max())
    lines = ["    z      e^z   y = e^z / sum"]
    for z, y in zip(LOGITS[0], outputs[0], strict=True):
        lines.append(f"{z:5.1f} {np.exp(z):8.2f} {y:10.4f}")
    lines.append("")
    for n, (y, c, k) in enumerate(zip(outputs, by_hand, by_keras, strict=True)):
        correct = f"correct class {CORRECT[n] + 1}"
        lines.append(
            f"example {n + 1}: y = {np.round(y, 4)}, {correct}, C = {c:.6f} (Keras {k:.6f})"
        )
    lines.append(f"total loss L = sum of C = {by_hand.sum():.6f} (Keras {by_keras.sum():.6f})")
    entropy, mse = (abs(_gradient(loss, np.array([FAR]))[0]) for loss in LOSSES.values())
    claims = (
        ClaimResult(
            "cross-entropy C = -sum of target x ln y; the total loss is its sum over examples",
            "L = C1 + C2 + ... + CN (no number)",
            f"by hand and by Keras they differ by {difference:.1g}; L = {by_hand.sum():.4f}",
            status_of(difference < TOLERANCE),
        ),
        ClaimResult(
            "far from the target cross-entropy has a larger gradient than mean squared error",
            "no number here; rows 7 and 8 show it in training",
            f"|dC/dz| at probability {FAR:g}: {entropy:.3f} against {mse:.2g}, "
            f"{entropy / mse:.0f} times",
            status_of(entropy > mse),
        ),
    )
    p = np.geomspace(1e-4, 0.999, 300)
    drawn = titled_figure(
        "Where a network is badly wrong, cross-entropy has a large gradient and mse hardly any",
        9.0,
        4.2,
    )
    left, right = drawn.subplots(1, 2)
    looks = ({"color": BLUE, "linestyle": "-"}, {"color": VERMILION, "linestyle": DASHED})
    for (name, loss), look in zip(LOSSES.items(), looks, strict=True):
        values = [loss.value(y[None], TARGET) for y in _outputs(p)]
        left.plot(p, values, label=name, **look)
        right.plot(p, np.abs(_gradient(loss, p)), **look)
    left.set(
        xlabel="probability p of the correct class", ylabel="loss C of one example",
        ylim=(-0.2, 7), title="Loss",
    )  # fmt: skip
    left.legend(loc="upper right", fontsize=9)
    chance = 1 / CLASSES
    entropy, mse = (abs(_gradient(loss, np.array([chance]))[0]) for loss in LOSSES.values())
    right.set(
        xscale="log", yscale="log", xlabel="probability p of the correct class (log)",
        ylabel="|dC/dz| of the correct class (log)", title="Gradient", ylim=(1e-6, 4),
    )  # fmt: skip
    right.axvline(chance, color=GRAY, linewidth=1.1, linestyle=DOTTED)
    text = f"ten classes at chance level: p = 0.1\n{entropy:.2f} against {mse:.3f},\n"
    right.text(
        chance * 0.85, 3e-6, f"{text}{entropy / mse:.0f} times", ha="right", va="bottom",
        fontsize=SMALL, color=INK,
    )  # fmt: skip
    return DemoOutput(tuple(lines), claims, {"cross_entropy": drawn})


def _keras_cross_entropy(targets: Array, outputs: Array) -> Array:
    from kerasdemo.backend import keras

    return np.array(keras.losses.categorical_crossentropy(targets, outputs))


def _outputs(p: Array) -> Array:
    """Return outputs (n, classes): p (n,) for the correct class, equal shares of the rest."""
    rest = np.repeat((1 - p)[:, None] / (CLASSES - 1), CLASSES - 1, axis=1)
    return np.hstack([p[:, None], rest])


def _gradient(loss: dense.Loss, p: Array) -> Array:
    """Return dC/dz (n,) of the correct class, through the softmax, for each p (n,)."""
    slopes = (dense.SOFTMAX.back(y, y, loss.gradient(y, TARGET)) for y in _outputs(p)[:, None])
    return np.array([slope[0, 0] for slope in slopes])
