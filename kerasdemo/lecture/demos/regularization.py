"""What L1 and L2 do to the weights: the lecture's update rules, and trained networks."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from kerasdemo.comparison.comparison import interval, metric_interval
from kerasdemo.display.run_plots import BLUE, GREY, INK, VERMILION, figure, style
from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, status_above, status_of
from kerasdemo.lecture.demos import trained
from kerasdemo.records import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
NAMES = {"none": "no penalty", "l1": "L1", "l2": "L2"}
COLORS = {"none": GREY, "l1": VERMILION, "l2": BLUE}
# A weight this near to 0 is as good as gone: a hundredth of the initial spread.
NEAR_ZERO = 1e-3
ROUNDING = 1e-6


def weights(run: Run) -> Array:
    """Return every weight of a run's kernels, (weights,)."""
    kernels = [layer.kernel for layer in trained.model(run).layers if hasattr(layer, "kernel")]
    return np.concatenate([np.asarray(kernel, dtype=np.float64).ravel() for kernel in kernels])


def weight_histograms(context: DemoContext) -> DemoOutput:
    """Compare the trained weights without a penalty, with L1, and with L2."""
    found = {label: [weights(run) for run in runs] for label, runs in context.runs.items()}
    near = {label: [_near_zero(own) for own in every] for label, every in found.items()}
    largest = {label: [float(np.abs(w).max()) for w in every] for label, every in found.items()}
    origin = trained.origin(context.runs["none"])
    lines = [f"all weights of both hidden layers and the output; {origin}"]
    for label in found:
        strength = context.runs[label][0].config.network.regularizer
        lines.append(
            f"{NAMES[label]} (l1 {strength.l1:g}, l2 {strength.l2:g}): nearer to 0 than "
            f"{NEAR_ZERO:g}: {_percent(near[label])}; largest {interval(largest[label])}; "
            f"sd {interval([float(own.std()) for own in found[label]])}"
        )
    with style():
        drawn = _drawn(found, near, largest, origin)
    claims = (*_by_formula(), *_checked(near, largest))
    return DemoOutput(tuple(lines), claims, {"weights": drawn})


def _near_zero(own: Array) -> float:
    return float((np.abs(own) < NEAR_ZERO).mean())


def _percent(shares: Sequence[float]) -> str:
    return f"{metric_interval(shares, 'accuracy').scaled(100)} %"


def _checked(
    near: Mapping[str, Sequence[float]], largest: Mapping[str, Sequence[float]]
) -> tuple[ClaimResult, ...]:
    def more(values: Mapping[str, Sequence[float]], first: str, second: str) -> list[float]:
        return [a - b for a, b in zip(values[first], values[second], strict=True)]

    return (
        ClaimResult(
            f"L1 makes the weights sparse: more of them within {NEAR_ZERO:g} of 0 than with L2",
            "a statement without numbers",
            f"{_percent(near['l1'])} against {_percent(near['l2'])}",
            status_above(more(near, "l1", "l2")),
        ),
        ClaimResult(
            "L1 leaves some weights large: its largest one is larger than L2's",
            "a statement without numbers",
            f"{interval(largest['l1'])} against {interval(largest['l2'])}",
            status_above(more(largest, "l1", "l2")),
        ),
        ClaimResult(
            "L2 keeps all weights small: its largest one is smaller than without a penalty",
            "a statement without numbers",
            f"{interval(largest['l2'])} against {interval(largest['none'])}",
            status_above(more(largest, "none", "l2")),
        ),
    )


def _by_formula() -> tuple[ClaimResult, ...]:
    """One update of Keras' SGD with each penalty, against the lecture's formula.

    Keras' penalty is l2 times the sum of squares, the lecture's half of that: lambda is 2 l2.
    """
    start, gradient, rate, strength = (
        np.array([0.5, -0.3, 0.002]),
        np.array([1.0, 0.5, 0.0]),
        0.1,
        0.01,
    )
    formulas = {
        "L2 decays each weight: w <- (1 - eta lambda) w - eta dL/dw": (
            "L2", 0.5 * strength, (1 - rate * strength) * start - rate * gradient
        ),
        "L1 takes the same from each: w <- w - eta dL/dw - eta lambda sgn(w)": (
            "L1", strength, start - rate * gradient - rate * strength * np.sign(start)
        ),
    }  # fmt: skip
    found = []
    for says, (name, keras_strength, expected) in formulas.items():
        apart = float(
            np.abs(_updated(name, keras_strength, start, gradient, rate) - expected).max()
        )
        found.append(
            ClaimResult(
                says,
                "a formula",
                f"Keras' weights differ by {apart:.1g}",
                status_of(apart < ROUNDING),
            )
        )
    return tuple(found)


def _updated(name: str, strength: float, start: Array, gradient: Array, rate: float) -> Array:
    from kerasdemo.backend import keras, tf

    weight = keras.Variable(start, dtype="float32")
    penalty = getattr(keras.regularizers, name)(strength)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(gradient.astype(np.float32) * weight.value) + penalty(weight.value)
    keras.optimizers.SGD(rate).apply([tape.gradient(loss, weight.value)], [weight])
    return np.asarray(weight, dtype=np.float64)


def _drawn(
    found: Mapping[str, Sequence[Array]],
    near: Mapping[str, Sequence[float]],
    largest: Mapping[str, Sequence[float]],
    origin: str,
) -> "Figure":
    edge = max(float(np.abs(own).max()) for every in found.values() for own in every)
    bins = np.linspace(-edge, edge, 121)
    drawn = figure(12, 4.2)
    drawn.set_layout_engine("constrained")
    drawn.suptitle(
        "L1 makes most weights 0 and leaves some large; L2 keeps all of them small",
        x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK,
    )  # fmt: skip
    panels = drawn.subplots(1, len(found), sharex=True, sharey=True)
    for ax, (label, every) in zip(panels, found.items(), strict=True):
        counts = np.mean([np.histogram(own, bins)[0] for own in every], axis=0)
        ax.bar(bins[:-1], counts, width=np.diff(bins), align="edge", color=COLORS[label])
        ax.set_yscale("log")
        ax.set(xlabel="weight", title=NAMES[label])
        ax.text(
            0.98, 0.97,
            f"within {NEAR_ZERO:g} of 0: {100 * np.mean(near[label]):.0f} %\n"
            f"largest: {np.mean(largest[label]):.2f}",
            transform=ax.transAxes, ha="right", va="top", color=INK,
        )  # fmt: skip
    panels[0].set_ylim(0.3, 30 * panels[0].get_ylim()[1])
    panels[0].set_ylabel("weights (mean over the seeds)")
    drawn.supxlabel(origin, size=9, x=0.01, ha="left")
    return drawn
