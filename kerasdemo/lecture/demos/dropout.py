"""Dropout: another thin network for every mini-batch, and one network in place of their average."""

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerasdemo.comparison.comparison import interval, metric_interval
from kerasdemo.display.run_plots import BLUE, GREEN, GREY, INK, PALE, VERMILION, figure, style
from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, status_above, status_of
from kerasdemo.lecture.demos import trained
from kerasdemo.records import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[Any]
RATE = 0.5
# Layers of the small network that is drawn, its mini-batches, and those that are counted.
LAYERS, BATCHES, COUNTED = (4, 5, 5, 2), 3, 2000
# The slide's two weights have no numbers; these are made up, and powers of two: no rounding.
WEIGHTS = (0.75, -0.5)
INPUTS = (1.0, 2.0)
# Members of the ensemble on MNIST, and the test images that they see.
MEMBERS, IMAGES = 100, 1000
ROUNDING = 1e-5
ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "linear": lambda z: z,
    "relu": lambda z: np.maximum(z, 0),
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
}
NAMES = {"linear": "linear", "relu": "ReLU", "maxout": "maxout", "sigmoid": "sigmoid"}
COLORS = {"linear": GREY, "relu": BLUE, "maxout": GREEN, "sigmoid": VERMILION}


# Training and testing.


def dropout_masks(context: DemoContext) -> DemoOutput:
    """Draw Keras' masks for some mini-batches, and compare its scaling with the lecture's."""
    seed = context.seeds[0]
    masks = _masks(seed)
    kept = [_dropped(RATE, 1, COUNTED, own)[:, 0] for own in context.seeds]
    shares = [float((own == 0).mean()) for own in kept]
    allowed = 3 * np.sqrt(0.25 / COUNTED)  # three standard deviations
    apart = max(_scaling_difference(own) for own in context.seeds)
    rows = _dropped(RATE, 50, 2, seed)
    lines = (
        f"each neuron is dropped with p = {RATE:g}; Keras multiplies the others by "
        f"{1 / (1 - RATE):g} while training",
        "Keras draws a mask for each example; the lecture one for each mini-batch, which in Keras",
        "is Dropout(p, noise_shape=(1, units)). Two examples of one batch had "
        f"{'different masks' if ((rows[0] == 0) != (rows[1] == 0)).any() else 'one mask'} here.",
    )
    claims = (
        ClaimResult(
            "each neuron is dropped with p",
            f"p = {RATE:g}",
            f"share dropped of {COUNTED} draws {metric_interval(shares, 'accuracy', COUNTED)}, "
            f"of each seed within {allowed:.2g} of p",
            status_of(all(abs(share - RATE) < allowed for share in shares)),
        ),
        ClaimResult(
            f"each of {len(masks)} mini-batches trains another thin network",
            "a figure",
            f"{len({_key(own) for own in masks})} different ones in {len(masks)} mini-batches",
            status_of(len({_key(own) for own in masks}) == len(masks)),
        ),
        ClaimResult(
            "weights times (1 - p) in testing are the same as Keras' scaling in training",
            "weights x (1 - p)",
            f"outputs in training and in testing differ by {apart:.1e} at most",
            status_of(apart < ROUNDING),
        ),
    )
    with style():
        return DemoOutput(lines, claims, {"dropout_masks": _drawn_masks(masks)})


def _dropped(rate: float, units: int, rows: int, seed: int) -> Array:
    """Return what Keras' Dropout makes of ones in training, (rows, units)."""
    from kerasdemo.backend import keras

    layer = keras.layers.Dropout(rate, seed=seed)
    return np.asarray(layer(np.ones((rows, units), np.float32), training=True))


def _masks(seed: int) -> list[tuple[Array, ...]]:
    """Return for each mini-batch which neurons of each layer but the last stay, by Keras."""
    from kerasdemo.backend import keras

    sizes = LAYERS[:-1]
    layer = keras.layers.Dropout(RATE, noise_shape=(1, sum(sizes)), seed=seed)
    ones = np.ones((1, sum(sizes)), np.float32)
    drawn = [np.asarray(layer(ones, training=True))[0] > 0 for _ in range(BATCHES)]
    return [tuple(np.split(mask, np.cumsum(sizes)[:-1])) for mask in drawn]


def _key(masks: tuple[Array, ...]) -> bytes:
    return np.concatenate(masks).tobytes()


def _scaling_difference(seed: int) -> float:
    """Return by how much Keras' way and the lecture's differ, in training or testing.

    Keras trains with kept outputs times 1 / (1 - p) and tests with the weights W. The lecture
    trains the same outputs without a factor, so that its weights are W / (1 - p), and tests with
    these times (1 - p).
    """
    from kerasdemo.backend import keras

    rng = np.random.default_rng(seed)
    outputs = rng.standard_normal((20, 50)).astype(np.float32)
    kernel = rng.standard_normal((50, 10)).astype(np.float32)
    layer = keras.layers.Dropout(RATE, seed=seed)
    scaled = np.asarray(layer(outputs, training=True))
    lectured = kernel / (1 - RATE)
    training = scaled @ kernel - np.where(scaled != 0, outputs, 0) @ lectured
    testing = np.asarray(layer(outputs, training=False)) @ kernel - outputs @ (
        lectured * (1 - RATE)
    )
    return float(max(np.abs(training).max(), np.abs(testing).max()))


def _drawn_masks(masks: Sequence[tuple[Array, ...]]) -> "Figure":
    drawn = figure(12, 3.9)
    drawn.set_layout_engine("constrained")
    drawn.suptitle(
        "Dropout: every mini-batch trains another thin network, the test uses the whole one",
        x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK,
    )  # fmt: skip
    *training, testing = drawn.subplots(1, len(masks) + 1)
    everything = tuple(np.ones(units, bool) for units in LAYERS[:-1])
    for number, (ax, own) in enumerate(zip(training, masks, strict=True), start=1):
        stay = sum(int(layer.sum()) for layer in own)
        _network(ax, [*own, np.ones(LAYERS[-1], bool)])
        ax.set_title(f"mini-batch {number}: {stay} of {sum(LAYERS[:-1])} stay")
    _network(testing, [*everything, np.ones(LAYERS[-1], bool)])
    testing.set_title(f"testing: all, weights x {1 - RATE:g}")
    return drawn


def _network(ax: "Axes", layers: Sequence[Array]) -> None:
    """Draw a small network from left to right; what is dropped is crossed out."""
    places = [
        [(column, 0.5 * (len(layer) - 1) - row) for row in range(len(layer))]
        for column, layer in enumerate(layers)
    ]
    for column in range(len(layers) - 1):
        for (start, own), (end, later) in itertools.product(
            zip(places[column], layers[column], strict=True),
            zip(places[column + 1], layers[column + 1], strict=True),
        ):
            if own and later:
                ax.plot(*zip(start, end, strict=True), color=GREY, linewidth=0.7, zorder=1)
    for (x, y), stays in zip(itertools.chain(*places), np.concatenate(list(layers)), strict=True):
        ax.plot(x, y, "o", color=BLUE if stays else PALE, markersize=13, markeredgecolor="white",
                zorder=2)  # fmt: skip
        if not stays:
            ax.plot(x, y, "x", color=VERMILION, markersize=10, markeredgewidth=2, zorder=3)
    ax.margins(0.12)
    ax.set_axis_off()


# The ensemble of a single unit, exactly.


def every_mask(activation: Callable[[Array], Array], x: Array, w: Array) -> tuple[float, float]:
    """Return the mean over all 2^M masks of a unit's outputs, and the output of halved weights."""
    masks = np.array(list(itertools.product((1.0, 0.0), repeat=len(x))))
    return float(activation(masks @ (w * x)).mean()), float(activation((0.5 * w) @ x))


def linear_ensemble(context: DemoContext) -> DemoOutput:
    """Average the four thin networks of two inputs, and compare with the halved weights."""
    x, w = np.array(INPUTS), np.array(WEIGHTS)
    mean, halved = every_mask(ACTIVATIONS["linear"], x, w)
    four = [float(np.dot(mask, w * x)) for mask in ((1, 1), (0, 1), (1, 0), (0, 0))]
    claims = [
        ClaimResult(
            "the mean of the four networks of two inputs is the network with halved weights",
            "w1x1 + w2x2, w2x2, w1x1, 0: their mean is w1x1/2 + w2x2/2",
            f"{', '.join(f'{z:g}' for z in four)}: mean {mean:g}, halved weights {halved:g}",
            status_of(mean == halved),
        )
    ]
    apart = {name: _apart(name, context.seeds) for name in ACTIVATIONS}
    for name, values in apart.items():
        says = "a linear unit of ten inputs is the mean of its 1,024 networks"
        if name != "linear":
            says = f"the mean of a {NAMES[name]} unit's networks is not that of halved weights"
        claims.append(
            ClaimResult(
                says,
                "equal" if name == "linear" else "not equal",
                f"mean distance {interval(values)}",
                status_of(max(values) < 1e-12) if name == "linear" else status_above(values),
            )
        )
    lines = (f"x = {INPUTS}, w = {WEIGHTS}: made up, the slide has letters",)
    with style():
        return DemoOutput(
            lines, tuple(claims), {"linear_ensemble": _drawn_four(four, mean, halved)}
        )


def _apart(name: str, seeds: Sequence[int], units: int = 50) -> list[float]:
    """Return for each seed the mean distance of some random units of ten inputs."""
    found = []
    for seed in seeds:
        x, w = np.random.default_rng(seed).standard_normal((2, units, 10))
        pairs = [every_mask(ACTIVATIONS[name], a, b) for a, b in zip(x, w, strict=True)]
        found.append(float(np.mean([abs(mean - halved) for mean, halved in pairs])))
    return found


def _drawn_four(four: Sequence[float], mean: float, halved: float) -> "Figure":
    drawn = figure(12, 3.0)
    drawn.set_layout_engine("constrained")
    drawn.suptitle(
        "A linear unit: the mean of all four thin networks is the one with halved weights",
        x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK,
    )  # fmt: skip
    told = ("$w_1x_1 + w_2x_2$", "$w_2x_2$", "$w_1x_1$", "$0$")
    stays = ((True, True), (False, True), (True, False), (False, False))
    panels = drawn.subplots(1, 5)
    for ax, name, z, own in zip(panels, told, four, stays, strict=False):
        _unit(ax, own, ("$w_1$", "$w_2$"))
        ax.set_title(f"z = {name}\n= {z:g}", loc="center")
    _unit(panels[-1], (True, True), ("$w_1/2$", "$w_2/2$"))
    panels[-1].set_title(f"mean {mean:g}\nhalved weights: {halved:g}", loc="center", weight="bold")
    return drawn


def _unit(ax: "Axes", stays: Sequence[bool], weights: Sequence[str]) -> None:
    for number, (y, own, name) in enumerate(zip((1, -1), stays, weights, strict=True), start=1):
        if own:
            ax.plot((0, 1), (y, 0), color=GREY, linewidth=1.2, zorder=1)
            ax.text(0.5, 0.5 * y + 0.3, name, ha="center", va="center")
        ax.plot(0, y, "o", color=BLUE if own else PALE, markersize=17, zorder=2)
        ax.text(-0.16, y, f"$x_{number}$", ha="right", va="center")
        if not own:
            ax.plot(0, y, "x", color=VERMILION, markersize=12, markeredgewidth=2, zorder=3)
    ax.plot(1, 0, "o", color=INK, markersize=17, zorder=2)
    ax.text(1.16, 0, "z", va="center")
    ax.set(xlim=(-0.5, 1.4), ylim=(-1.5, 1.5))
    ax.set_axis_off()


# The ensemble on MNIST.


@dataclass(frozen=True)
class Ensemble:
    """The average of a run's thin networks against its one network with scaled weights.

    before, after: root mean square difference of the outputs before the softmax, as a share of
    their spread, and of the probabilities. averaged, scaled: test accuracies. single: that of one
    thin network, on average. by_members: accuracy of the average of the first 1, 2, ... members.
    """

    before: float
    after: float
    averaged: float
    scaled: float
    single: float
    by_members: Array


def ensemble(run: Run) -> Ensemble:
    """Sample `MEMBERS` thin networks of a trained network, each example with masks of its own."""
    from kerasdemo.backend import keras, tf

    network, test = trained.model(run), trained.dataset(run).test
    x, y = test.x[:IMAGES], test.y[:IMAGES]
    inner = keras.Model(network.inputs[0], network.get_layer("output").output)
    member = tf.function(lambda: inner(x, training=True), autograph=False)
    scaled = np.asarray(inner(x, training=False), dtype=np.float64)
    members = np.stack([member().numpy() for _ in range(MEMBERS)]).astype(np.float64)
    probabilities = _softmax(members)
    sums = np.cumsum(probabilities, axis=0)
    by_members = (sums.argmax(axis=-1) == y).mean(axis=-1)
    return Ensemble(
        _bias(members, scaled) / float(scaled.std()),
        _bias(probabilities, _softmax(scaled)),
        float(by_members[-1]),
        float((scaled.argmax(axis=-1) == y).mean()),
        float((members.argmax(axis=-1) == y).mean()),
        by_members,
    )


def _softmax(z: Array) -> Array:
    powers = np.exp(z - z.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)  # type: ignore[no-any-return]


def _bias(members: Array, scaled: Array) -> float:
    """Return the root mean square difference of the members' mean and one network.

    The two halves of the members err independently, so that the product of their differences has
    no share of the sampling noise in it; below 0 it is noise, and counts as 0.
    """
    half = len(members) // 2
    first, second = members[:half].mean(axis=0), members[half:].mean(axis=0)
    return float(np.sqrt(max(0.0, ((first - scaled) * (second - scaled)).mean())))


def ensemble_on_mnist(context: DemoContext) -> DemoOutput:
    """Compare the average of many thin networks with the one network with scaled weights."""
    found = {label: [ensemble(run) for run in runs] for label, runs in context.runs.items()}
    origin = trained.origin(context.runs["relu"])
    lines = [
        f"{MEMBERS} thin networks of each trained network, {IMAGES} test images; {origin}",
        "difference before the softmax as a share of the outputs' standard deviation",
    ]
    for label, every in found.items():
        lines.append(
            f"{NAMES[label]}: differs by {interval([one.before for one in every])} before the "
            f"softmax, by {interval([one.after for one in every])} in probability; test accuracy "
            f"{_percent([one.averaged for one in every])} averaged, "
            f"{_percent([one.scaled for one in every])} scaled, "
            f"{_percent([one.single for one in every])} of a single thin network"
        )
    with style():
        drawn = _drawn_ensembles(found, origin)
    return DemoOutput(tuple(lines), tuple(_checked_ensembles(found)), {"average_and_scaled": drawn})


def _percent(shares: Sequence[float]) -> str:
    return f"{metric_interval(shares, 'test_accuracy', IMAGES).scaled(100)} %"


def _checked_ensembles(found: Mapping[str, Sequence[Ensemble]]) -> list[ClaimResult]:
    before = {label: [one.before for one in every] for label, every in found.items()}
    after = {label: [one.after for one in every] for label, every in found.items()}
    claims = [
        ClaimResult(
            "for linear units the scaled network is within 1 % of the average, before the softmax",
            "equal",
            f"they differ by {interval(before['linear']).within(0, np.inf)} of the outputs' spread",
            status_above([0.01 - value for value in before["linear"]]),
        )
    ]
    claims += [
        ClaimResult(
            f"for {NAMES[label]} they are closer than for sigmoid, before the softmax",
            "close against further, without numbers",
            f"{interval(before[label])} against {interval(before['sigmoid'])} of the outputs' "
            "spread",
            status_above([s - o for s, o in zip(before["sigmoid"], before[label], strict=True)]),
            note=f"after the softmax they differ by {interval(after[label])} in probability, "
            f"sigmoid's by {interval(after['sigmoid'])}",
        )
        for label in ("relu", "maxout")
    ]
    gaps = {
        label: [abs(one.averaged - one.scaled) for one in every] for label, every in found.items()
    }
    for label, values in gaps.items():
        claims.append(
            ClaimResult(
                f"for {NAMES[label]} the accuracies on {IMAGES:,} test images are within "
                "a point of one another",
                "works in practice",
                f"{_percent([one.averaged for one in found[label]])} averaged, "
                f"{_percent([one.scaled for one in found[label]])} scaled",
                status_above([0.01 - value for value in values]),
            )
        )
    return claims


def _drawn_ensembles(found: Mapping[str, Sequence[Ensemble]], origin: str) -> "Figure":
    drawn = figure(12, 4.2)
    drawn.set_layout_engine("constrained")
    left, right = drawn.subplots(1, 2, width_ratios=(1, 1.15))
    for place, (label, every) in enumerate(found.items()):
        values = [100 * one.before for one in every]
        mean = interval(values)
        left.plot([place] * len(values), values, ".", color=GREY, markersize=5)
        left.plot([place], [mean.mean], "o", color=COLORS[label], markersize=9)
        if mean.n > 1:
            left.plot([place, place], [mean.low, mean.high], color=COLORS[label])
        left.annotate(f"{mean.mean:.1f} %", (place, mean.mean), xytext=(10, 0),
                      textcoords="offset points", va="center")  # fmt: skip
        curve = 100 * np.mean([one.by_members for one in every], axis=0)
        right.plot(range(1, len(curve) + 1), curve, color=COLORS[label])
        scaled = 100 * np.mean([one.scaled for one in every])
        right.axhline(scaled, color=COLORS[label], linestyle=(0, (4, 1.6)), linewidth=1.1)
        right.plot([], [], color=COLORS[label], label=NAMES[label])
    right.plot([], [], color=INK, label="average of the thin networks")
    right.plot([], [], color=INK, linestyle=(0, (4, 1.6)), label="one network, scaled weights")
    left.set_xticks(range(len(found)), [NAMES[label] for label in found])
    left.set(xlim=(-0.4, len(found) - 0.4), ylabel="% of the outputs' spread")
    left.set_ylim(bottom=min(-0.5, left.get_ylim()[0]))
    left.grid(axis="x", visible=False)
    left.set_title("How far the scaled network is from the average")
    right.set(xscale="log", xlabel="thin networks averaged", ylabel="test accuracy (%)")
    right.set_xticks([1, 10, MEMBERS], ["1", "10", str(MEMBERS)])
    right.set_title("A few dozen thin networks do what scaled weights do at once")
    right.legend(loc="lower right", fontsize=8.5)
    drawn.supxlabel(f"{origin}; dots: seeds, bars: 95 % intervals", size=9, x=0.01, ha="left")
    return drawn
