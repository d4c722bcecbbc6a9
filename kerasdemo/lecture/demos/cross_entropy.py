"""Lecture 6's loss: softmax and cross-entropy by hand, and why it escapes where mse is stuck."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerasdemo.display.run_plots import BLUE, GREY, INK, VERMILION, figure, style
from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, status_of
from kerasdemo.lecture.demos import dense
from kerasdemo.lecture.demos.dense import Array
from kerasdemo.lecture.demos.introduction import head

LOGITS = np.array([[3.0, 1.0, -3.0], [0.5, 2.0, 0.0], [1.0, 1.0, 1.0]])
RIGHT = (0, 1, 2)
TOLERANCE = 1e-12
CLASSES = 10
# How little of the right class counts as being far from the target.
FAR = 0.01


def softmax_cross_entropy(context: DemoContext) -> DemoOutput:
    """Compute softmax, cross-entropy and total loss by hand and with Keras."""
    targets = np.eye(LOGITS.shape[1])[list(RIGHT)]
    outputs = dense.SOFTMAX.value(LOGITS)
    each = -np.log(outputs[targets == 1])
    keras_each = _by_keras(outputs, targets)
    apart = float(np.abs(each - keras_each).max())
    lines = [*_first_example(outputs[0]), ""]
    lines += [
        f"example {n + 1}: y = {np.round(y, 4)}, right class {r + 1}, C = {c:.6f} (Keras {k:.6f})"
        for n, (y, r, c, k) in enumerate(zip(outputs, RIGHT, each, keras_each, strict=True))
    ]
    lines.append(f"total loss L = sum of C = {each.sum():.6f} (Keras {keras_each.sum():.6f})")
    claims = ClaimResult(
        statement="cross-entropy C = -sum of target x ln y; the total loss is its sum over examples",
        reference="L = C1 + C2 + ... + CN (no number)",
        measured=f"by hand and by Keras alike to {apart:.1g}; L = {each.sum():.4f}",
        status=status_of(apart < TOLERANCE),
    )
    return DemoOutput(tuple(lines), (claims, _far_from_target()), {"cross_entropy": _figure()})


def _by_keras(outputs: Array, targets: Array) -> Array:
    from kerasdemo.backend import keras

    return np.array(keras.losses.categorical_crossentropy(targets, outputs))


def _first_example(y: Array) -> list[str]:
    lines = ["    z      e^z   y = e^z / sum"]
    for z, share in zip(LOGITS[0], y, strict=True):
        lines.append(f"{z:5.1f} {np.exp(z):8.2f} {share:10.4f}")
    return lines


def _far_from_target() -> ClaimResult:
    entropy, mse = (abs(_gradient(loss, np.array([FAR]))[0]) for loss in _losses())
    return ClaimResult(
        statement="far from the target cross-entropy is steeper than mean squared error",
        reference="no number here; rows 7 and 8 show it in training",
        measured=f"|dC/dz| at probability {FAR:g}: {entropy:.3f} against {mse:.2g}, "
        f"{entropy / mse:.0f} times",
        status=status_of(entropy > mse),
    )


def _losses() -> tuple[dense.Loss, dense.Loss]:
    return dense.CROSS_ENTROPY, dense.MSE


def _outputs(p: Array) -> Array:
    """Give the right class probability p, and nine wrong ones equal shares of the rest."""
    rest = np.repeat((1 - p)[:, None] / (CLASSES - 1), CLASSES - 1, axis=1)
    return np.hstack([p[:, None], rest])


def _gradient(loss: dense.Loss, p: Array) -> Array:
    """Return dC/dz of the right class's z, through the softmax, an example at a time."""
    target = np.eye(CLASSES)[:1]
    return np.array(
        [dense.SOFTMAX.back(y, y, loss.gradient(y, target))[0, 0] for y in _outputs(p)[:, None]]
    )


def _figure() -> Figure:
    p = np.geomspace(1e-4, 0.999, 300)
    target = np.eye(CLASSES)[:1]
    with style():
        drawn = figure(9.0, 4.2)
        left = drawn.add_axes((0.075, 0.14, 0.4, 0.66))
        right = drawn.add_axes((0.58, 0.14, 0.4, 0.66))
        names = ("cross-entropy, -ln p", "mean squared error")
        for loss, name, color, dashes in zip(
            _losses(), names, (BLUE, VERMILION), ("-", (0, (4, 1.6))), strict=True
        ):
            values = [loss.value(y[None], target) for y in _outputs(p)]
            left.plot(p, values, color=color, linestyle=dashes, label=name)
            right.plot(p, np.abs(_gradient(loss, p)), color=color, linestyle=dashes, label=name)
        left.set(
            xlabel="probability p given to the right class", ylabel="loss C of one example",
            ylim=(-0.2, 7), title="What is punished",
        )  # fmt: skip
        left.legend(loc="upper right", fontsize=9)
        _steepness(right)
        head(
            drawn,
            "Where a network is badly wrong, cross-entropy pushes hardest and mse hardly at all",
        )
    return drawn


def _steepness(ax: Axes) -> None:
    start = np.array([1 / CLASSES])
    entropy, mse = (abs(_gradient(loss, start)[0]) for loss in _losses())
    ax.set(
        xscale="log", yscale="log", xlabel="probability p given to the right class (log)",
        ylabel="|dC/dz| of the right class (log)", title="How hard it pushes", ylim=(1e-6, 4),
    )  # fmt: skip
    ax.axvline(start[0], color=GREY, linewidth=1.1, linestyle=(0, (1, 2)))
    ax.text(
        start[0] * 0.85, 3e-6, f"ten classes, no idea: p = 0.1\n{entropy:.2f} against {mse:.3f},\n"
        f"{entropy / mse:.0f} times", ha="right", va="bottom", fontsize=8.5, color=INK,
    )  # fmt: skip
