"""Lecture 9-1: the average of a trained network's thin networks, and scaled weights instead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kerasdemo.comparison.statistics import interval
from kerasdemo.display.style import GRAY, INK
from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, percent, status_above
from kerasdemo.lecture.demos import trained
from kerasdemo.lecture.demos.dense import Array, softmax
from kerasdemo.lecture.demos.figures import COLORS, DASHED, NAMES, SMALL, titled_figure
from kerasdemo.records import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Members of the ensemble, and the test images that they classify.
MEMBERS, IMAGES = 100, 1000


@dataclass(frozen=True)
class Ensemble:
    """The average of a run's thin networks, compared with its one network with scaled weights.

    Args:
        before: root mean square difference of the outputs before the softmax, as a share of their
            standard deviation.
        after: the same of the probabilities.
        averaged, scaled: test accuracies of both.
        single: mean test accuracy of a single thin network.
        by_members: accuracy of the average of the first 1, 2, ... members (members,).
    """

    before: float
    after: float
    averaged: float
    scaled: float
    single: float
    by_members: Array


def sample_ensemble(run: Run) -> Ensemble:
    """Sample `MEMBERS` thin networks of a trained network, each example with masks of its own."""
    from kerasdemo.backend import keras, tf

    model, test = trained.load_model(run), trained.load_dataset(run).test
    x, y = test.x[:IMAGES], test.y[:IMAGES]
    inner = keras.Model(model.inputs[0], model.get_layer("output").output)
    member = tf.function(lambda: inner(x, training=True), autograph=False)
    scaled = np.asarray(inner(x, training=False), dtype=np.float64)  # (images, classes)
    members = np.stack([member().numpy() for _ in range(MEMBERS)]).astype(np.float64)
    probabilities = softmax(members)  # (members, images, classes)
    sums = np.cumsum(probabilities, axis=0)
    by_members = (sums.argmax(axis=-1) == y).mean(axis=-1)
    return Ensemble(
        rms_difference(members, scaled) / float(scaled.std()),
        rms_difference(probabilities, softmax(scaled)),
        float(by_members[-1]),
        float((scaled.argmax(axis=-1) == y).mean()),
        float((members.argmax(axis=-1) == y).mean()),
        by_members,
    )


def rms_difference(members: Array, scaled: Array) -> float:
    """Return the root mean square difference of the members' mean and one network.

    The sampling errors of the two halves of the members are independent, so that the product of
    their differences has no share of them; below 0 it is noise, and counts as 0.
    """
    half = len(members) // 2
    first, second = members[:half].mean(axis=0), members[half:].mean(axis=0)
    return float(np.sqrt(max(0.0, ((first - scaled) * (second - scaled)).mean())))


def ensemble_on_mnist(context: DemoContext) -> DemoOutput:
    """Compare the average of many thin networks with one network with scaled weights."""
    ensembles = {
        label: [sample_ensemble(run) for run in runs] for label, runs in context.runs.items()
    }
    before = {label: [one.before for one in by_seed] for label, by_seed in ensembles.items()}
    after = {label: [one.after for one in by_seed] for label, by_seed in ensembles.items()}
    averaged = {label: [one.averaged for one in by_seed] for label, by_seed in ensembles.items()}
    scaled = {label: [one.scaled for one in by_seed] for label, by_seed in ensembles.items()}

    def accuracy(shares: Sequence[float]) -> str:
        return percent(shares, "test_accuracy", IMAGES)

    source = trained.describe(context.runs["relu"])
    lines = [
        f"{MEMBERS} thin networks of each trained network, {IMAGES} test images; {source}",
        "difference before the softmax as a share of the outputs' standard deviation",
    ]
    lines += [
        f"{NAMES[label]}: differs by {interval(before[label])} before the softmax, by "
        f"{interval(after[label])} in probability; test accuracy {accuracy(averaged[label])} "
        f"averaged, {accuracy(scaled[label])} scaled, "
        f"{accuracy([one.single for one in by_seed])} of a single thin network"
        for label, by_seed in ensembles.items()
    ]
    claims = [
        ClaimResult(
            "for linear units the scaled network is within 1 % of the average, before the softmax",
            "equal",
            f"they differ by {interval(before['linear']).clipped(0, np.inf)} of the outputs' "
            "standard deviation",
            status_above([0.01 - value for value in before["linear"]]),
        )
    ]
    claims += [
        ClaimResult(
            f"for {NAMES[label]} they differ less than for sigmoid, before the softmax",
            "close, and further apart for sigmoid, without numbers",
            f"{interval(before[label])} against {interval(before['sigmoid'])} of the outputs' "
            "standard deviation",
            status_above([s - o for s, o in zip(before["sigmoid"], before[label], strict=True)]),
            note=f"after the softmax they differ by {interval(after[label])} in probability, "
            f"sigmoid's by {interval(after['sigmoid'])}",
        )
        for label in ("relu", "maxout")
    ]
    claims += [
        ClaimResult(
            f"for {NAMES[label]} both accuracies on {IMAGES:,} test images are within a point",
            "works in practice",
            f"{accuracy(averaged[label])} averaged, {accuracy(scaled[label])} scaled",
            status_above([0.01 - abs(one.averaged - one.scaled) for one in by_seed]),
        )
        for label, by_seed in ensembles.items()
    ]
    drawn = _draw(ensembles, f"{source}; dots: seeds, bars: 95 % intervals")
    return DemoOutput(tuple(lines), tuple(claims), {"average_and_scaled": drawn})


def _draw(ensembles: Mapping[str, Sequence[Ensemble]], note: str) -> "Figure":
    title = "A few dozen thin networks on average are as good as one network with scaled weights"
    drawn = titled_figure(title, 12, 4.5, note)
    left, right = drawn.subplots(1, 2, width_ratios=(1, 1.15))
    for place, (label, by_seed) in enumerate(ensembles.items()):
        color = COLORS[label]
        values = [100 * one.before for one in by_seed]
        mean = interval(values)
        left.plot([place] * len(values), values, ".", color=GRAY, markersize=5)
        left.plot([place], [mean.mean], "o", color=color, markersize=9)
        if mean.n > 1:
            left.plot([place, place], [mean.low, mean.high], color=color)
        left.annotate(f"{mean.mean:.1f} %", (place, mean.mean), xytext=(10, 0),
                      textcoords="offset points", va="center")  # fmt: skip
        curve = 100 * np.mean([one.by_members for one in by_seed], axis=0)
        right.plot(range(1, len(curve) + 1), curve, color=color, label=NAMES[label])
        scaled = 100 * np.mean([one.scaled for one in by_seed])
        right.axhline(scaled, color=color, linestyle=DASHED, linewidth=1.1)
    right.plot([], [], color=INK, label="average of the thin networks")
    right.plot([], [], color=INK, linestyle=DASHED, label="one network, scaled weights")
    left.set_xticks(range(len(ensembles)), [NAMES[label] for label in ensembles])
    left.set(xlim=(-0.4, len(ensembles) - 0.4), ylabel="% of the outputs' standard deviation")
    left.set_ylim(bottom=min(-0.5, left.get_ylim()[0]))
    left.grid(axis="x", visible=False)
    left.set_title("Difference of the scaled network from the average")
    right.set(xscale="log", xlabel="thin networks averaged", ylabel="test accuracy (%)")
    right.set_xticks([1, 10, MEMBERS], ["1", "10", str(MEMBERS)])
    right.set_title("Accuracy by the number of thin networks")
    right.legend(loc="lower right", fontsize=SMALL)
    return drawn
