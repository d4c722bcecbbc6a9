"""Lecture 9-1's regularization: the update rules of L1 and L2, and their trained weights."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from kerasdemo.comparison.statistics import interval
from kerasdemo.display.style import BLUE, GRAY, INK, VERMILION
from kerasdemo.lecture.demo import (
    ClaimResult,
    DemoContext,
    DemoOutput,
    Status,
    percent,
    status_above,
    status_of,
)
from kerasdemo.lecture.demos import trained
from kerasdemo.lecture.demos.dense import Array
from kerasdemo.lecture.demos.figures import titled_figure
from kerasdemo.records import Run

NAMES = {"none": "no penalty", "l1": "L1", "l2": "L2"}
COLORS = {"none": GRAY, "l1": VERMILION, "l2": BLUE}
# A weight this near to 0 has no effect: a hundredth of the initial spread.
NEAR_ZERO = 1e-3
ROUNDING = 1e-6
# One update: weights, gradients dL/dw, the learning rate eta and the penalty's lambda.
START, GRADIENT = np.array([0.5, -0.3, 0.002]), np.array([1.0, 0.5, 0.0])
RATE, LAMBDA = 0.1, 0.01


def all_weights(run: Run) -> Array:
    """Return every weight of a run's kernels, (weights,)."""
    layers = trained.kernel_layers(trained.load_model(run))
    return np.concatenate([np.asarray(layer.kernel, dtype=np.float64).ravel() for layer in layers])


def weight_histograms(context: DemoContext) -> DemoOutput:
    """Compare the trained weights without a penalty, with L1, and with L2."""
    weights = {label: [all_weights(run) for run in runs] for label, runs in context.runs.items()}
    near = {
        label: [float((np.abs(w) < NEAR_ZERO).mean()) for w in by_seed]
        for label, by_seed in weights.items()
    }
    largest = {
        label: [float(np.abs(w).max()) for w in by_seed] for label, by_seed in weights.items()
    }
    source = trained.describe(context.runs["none"])
    lines = [f"all weights of both hidden layers and the output; {source}"]
    for label, by_seed in weights.items():
        strength = context.runs[label][0].yaml_config.network.regularizer
        lines.append(
            f"{NAMES[label]} (l1 {strength.l1:g}, l2 {strength.l2:g}): nearer to 0 than "
            f"{NEAR_ZERO:g}: {percent(near[label])}; largest {interval(largest[label])}; "
            f"sd {interval([float(w.std()) for w in by_seed])}"
        )
    sizes = {label: str(interval(by_seed)) for label, by_seed in largest.items()}
    claims = (
        *_update_rules(),
        ClaimResult(
            f"L1 makes the weights sparse: more of them within {NEAR_ZERO:g} of 0 than with L2",
            "a statement without numbers",
            f"{percent(near['l1'])} against {percent(near['l2'])}",
            _status_larger(near, "l1", "l2"),
        ),
        ClaimResult(
            "L1 leaves some weights large: the largest one is larger than with L2",
            "a statement without numbers",
            f"{sizes['l1']} against {sizes['l2']}",
            _status_larger(largest, "l1", "l2"),
        ),
        ClaimResult(
            "L2 keeps all weights small: the largest one is smaller than without a penalty",
            "a statement without numbers",
            f"{sizes['l2']} against {sizes['none']}",
            _status_larger(largest, "none", "l2"),
        ),
    )
    title = "L1 makes most weights 0 and leaves some large; L2 keeps all of them small"
    drawn = titled_figure(title, 12, 4.2, source)
    edge = max(max(by_seed) for by_seed in largest.values())
    bins = np.linspace(-edge, edge, 121)
    panels = drawn.subplots(1, len(weights), sharex=True, sharey=True)
    for ax, (label, by_seed) in zip(panels, weights.items(), strict=True):
        counts = np.mean([np.histogram(w, bins)[0] for w in by_seed], axis=0)
        ax.bar(bins[:-1], counts, width=np.diff(bins), align="edge", color=COLORS[label])
        ax.set_yscale("log")
        ax.set(xlabel="weight", title=NAMES[label])
        text = f"within {NEAR_ZERO:g} of 0: {100 * np.mean(near[label]):.0f} %\n"
        text += f"largest: {np.mean(largest[label]):.2f}"
        ax.text(0.98, 0.97, text, transform=ax.transAxes, ha="right", va="top", color=INK)
    panels[0].set_ylim(0.3, 30 * panels[0].get_ylim()[1])
    panels[0].set_ylabel("weights (mean over the seeds)")
    return DemoOutput(tuple(lines), claims, {"weights": drawn})


def _status_larger(values: Mapping[str, Sequence[float]], first: str, second: str) -> Status:
    return status_above([a - b for a, b in zip(values[first], values[second], strict=True)])


def _update_rules() -> Iterator[ClaimResult]:
    """Yield one update of Keras' SGD with each penalty, compared with the lecture's formula.

    Keras' L2 penalty is l2 times the sum of squares, the lecture's half of that: lambda is 2 l2.
    """
    from kerasdemo.backend import keras, tf

    step = RATE * GRADIENT
    rules = {
        "L2 decays each weight: w <- (1 - eta lambda) w - eta dL/dw": (
            keras.regularizers.L2(0.5 * LAMBDA), (1 - RATE * LAMBDA) * START - step
        ),
        "L1 moves each weight equally far: w <- w - eta dL/dw - eta lambda sgn(w)": (
            keras.regularizers.L1(LAMBDA), START - step - RATE * LAMBDA * np.sign(START)
        ),
    }  # fmt: skip
    for statement, (penalty, expected) in rules.items():
        weights = keras.Variable(START, dtype="float32")
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(GRADIENT.astype(np.float32) * weights.value)
            loss += penalty(weights.value)
        keras.optimizers.SGD(RATE).apply([tape.gradient(loss, weights.value)], [weights])
        difference = float(np.abs(np.asarray(weights, dtype=np.float64) - expected).max())
        measured = f"Keras' weights differ by {difference:.1g}"
        yield ClaimResult(statement, "a formula", measured, status_of(difference < ROUNDING))
