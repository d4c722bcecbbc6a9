"""Lecture 9-1's dropout: a different thin network for every mini-batch, and their exact mean."""

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from kerasdemo.comparison.statistics import interval, metric_interval
from kerasdemo.display.style import BLUE, GRAY, INK, PALE, VERMILION
from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, status_above, status_of
from kerasdemo.lecture.demos import dense
from kerasdemo.lecture.demos.dense import Array
from kerasdemo.lecture.demos.figures import NAMES, titled_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

RATE = 0.5
# Layers of the small network that is drawn, its mini-batches, and the draws that are counted.
LAYERS, BATCHES, COUNTED = (4, 5, 5, 2), 3, 2000
# The slide's two weights have no numbers. Powers of two are not rounded.
WEIGHTS = (0.75, -0.5)
INPUTS = (1.0, 2.0)
ROUNDING = 1e-5


def dropout_masks(context: DemoContext) -> DemoOutput:
    """Draw Keras' masks for some mini-batches, and compare its scaling with the lecture's."""
    masks = _masks(context.seeds[0])
    different = len({np.concatenate(mask).tobytes() for mask in masks})
    shares = [float((_dropout_of_ones(COUNTED, 1, s) == 0).mean()) for s in context.seeds]
    allowed = 3 * np.sqrt(0.25 / COUNTED)  # three standard deviations
    difference = max(_scaling_difference(seed) for seed in context.seeds)
    first, second = _dropout_of_ones(2, 50, context.seeds[0]) == 0
    masks_of_two = "different masks" if (first != second).any() else "one mask"
    lines = (
        f"each neuron is dropped with p = {RATE:g}; Keras multiplies the others by "
        f"{1 / (1 - RATE):g} in training",
        "Keras draws a mask for each example; the lecture one for each mini-batch, which in Keras",
        f"is Dropout(p, noise_shape=(1, units)). Two examples of a batch had {masks_of_two} here.",
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
            f"each of {len(masks)} mini-batches trains a different thin network",
            "a figure",
            f"{different} different ones in {len(masks)} mini-batches",
            status_of(different == len(masks)),
        ),
        ClaimResult(
            "weights times (1 - p) in testing are the same as Keras' scaling in training",
            "weights x (1 - p)",
            f"outputs in training and in testing differ by {difference:.1e} at most",
            status_of(difference < ROUNDING),
        ),
    )
    drawn = titled_figure(
        "Dropout: every mini-batch trains a different thin network, the test uses the whole one",
        12,
        3.9,
    )
    *training, testing = drawn.subplots(1, len(masks) + 1)
    outputs = np.ones(LAYERS[-1], bool)
    for number, (ax, mask) in enumerate(zip(training, masks, strict=True), start=1):
        kept = sum(int(layer.sum()) for layer in mask)
        _draw_network(ax, [*mask, outputs])
        ax.set_title(f"mini-batch {number}: {kept} of {sum(LAYERS[:-1])} kept")
    _draw_network(testing, [*(np.ones(units, bool) for units in LAYERS[:-1]), outputs])
    testing.set_title(f"testing: all, weights x {1 - RATE:g}")
    return DemoOutput(lines, claims, {"dropout_masks": drawn})


def _dropout_of_ones(rows: int, units: int, seed: int) -> Array:
    """Return what Keras' Dropout makes of ones in training, (rows, units)."""
    from kerasdemo.backend import keras

    layer = keras.layers.Dropout(RATE, seed=seed)
    return np.asarray(layer(np.ones((rows, units), np.float32), training=True))


def _masks(seed: int) -> list[list[Array]]:
    """Return for each mini-batch which neurons Keras keeps, in every layer but the last."""
    from kerasdemo.backend import keras

    sizes = LAYERS[:-1]
    layer = keras.layers.Dropout(RATE, noise_shape=(1, sum(sizes)), seed=seed)
    ones = np.ones((1, sum(sizes)), np.float32)
    kept = [np.asarray(layer(ones, training=True))[0] > 0 for _ in range(BATCHES)]
    return [np.split(mask, np.cumsum(sizes)[:-1]) for mask in kept]


def _scaling_difference(seed: int) -> float:
    """Return by how much Keras' scaling and the lecture's differ, in training or testing.

    Keras trains with the kept outputs times 1 / (1 - p) and tests with the weights W. The lecture
    trains without a factor, so that its weights are W / (1 - p), and tests with these times
    (1 - p).
    """
    from kerasdemo.backend import keras

    rng = np.random.default_rng(seed)
    outputs = rng.standard_normal((20, 50)).astype(np.float32)  # (examples, units)
    kernel = rng.standard_normal((50, 10)).astype(np.float32)
    layer = keras.layers.Dropout(RATE, seed=seed)
    scaled = np.asarray(layer(outputs, training=True))
    lecture = kernel / (1 - RATE)
    training = scaled @ kernel - np.where(scaled != 0, outputs, 0) @ lecture
    testing = np.asarray(layer(outputs, training=False)) @ kernel - outputs @ (lecture * (1 - RATE))
    return float(max(np.abs(training).max(), np.abs(testing).max()))


def _draw_network(ax: "Axes", layers: Sequence[Array]) -> None:
    """Draw a small network from left to right; dropped neurons are crossed out."""
    places = [
        [(column, 0.5 * (len(layer) - 1) - row) for row in range(len(layer))]
        for column, layer in enumerate(layers)
    ]
    for column in range(len(layers) - 1):
        for (start, is_kept), (end, is_next_kept) in itertools.product(
            zip(places[column], layers[column], strict=True),
            zip(places[column + 1], layers[column + 1], strict=True),
        ):
            if is_kept and is_next_kept:
                ax.plot(*zip(start, end, strict=True), color=GRAY, linewidth=0.7, zorder=1)
    for place, is_kept in zip(itertools.chain(*places), np.concatenate(layers), strict=True):
        _draw_unit(ax, place, is_kept, 13)
    ax.margins(0.12)
    ax.set_axis_off()


def _draw_unit(ax: "Axes", place: tuple[float, float], is_kept: bool, size: float) -> None:
    color = BLUE if is_kept else PALE
    ax.plot(*place, "o", color=color, markersize=size, markeredgecolor="white", zorder=2)
    if not is_kept:
        ax.plot(*place, "x", color=VERMILION, markersize=size - 3, markeredgewidth=2, zorder=3)


def average_over_masks(
    activation: Callable[[Array], Array], x: Array, w: Array
) -> tuple[float, float]:
    """Return a unit's mean output over all 2^M masks of M inputs, and its output with weights w/2.

    Args:
        activation: of the unit.
        x: inputs (M,).
        w: weights (M,).
    """
    masks = np.array(list(itertools.product((1.0, 0.0), repeat=len(x))))  # (2^M, M)
    return float(activation(masks @ (w * x)).mean()), float(activation((0.5 * w) @ x))


def linear_ensemble(context: DemoContext) -> DemoOutput:
    """Average the four thin networks of two inputs, and compare with halved weights."""
    x, w = np.array(INPUTS), np.array(WEIGHTS)
    activations = {n: dense.ACTIVATIONS[n]().value for n in ("linear", "relu", "sigmoid")}
    mean, halved = average_over_masks(activations["linear"], x, w)
    outputs = [float(np.dot(mask, w * x)) for mask in ((1, 1), (0, 1), (1, 0), (0, 0))]
    claims = [
        ClaimResult(
            "the mean of the four networks of two inputs is the network with halved weights",
            "w1x1 + w2x2, w2x2, w1x1, 0: their mean is w1x1/2 + w2x2/2",
            f"{', '.join(f'{z:g}' for z in outputs)}: mean {mean:g}, halved weights {halved:g}",
            status_of(mean == halved),
        )
    ]
    for name, activation in activations.items():
        distances = [_mean_distance(activation, seed) for seed in context.seeds]
        is_linear = name == "linear"
        statement = f"the mean of a {NAMES[name]} unit's networks is not that of halved weights"
        claims.append(
            ClaimResult(
                "a linear unit of ten inputs is the mean of its 1,024 networks"
                if is_linear
                else statement,
                "equal" if is_linear else "not equal",
                f"mean distance {interval(distances)}",
                status_of(max(distances) < 1e-12) if is_linear else status_above(distances),
            )
        )
    lines = (f"x = {INPUTS}, w = {WEIGHTS}: the slide has letters, no numbers",)
    return DemoOutput(lines, tuple(claims), {"linear_ensemble": _draw_four(outputs, mean, halved)})


def _mean_distance(activation: Callable[[Array], Array], seed: int, units: int = 50) -> float:
    """Return the mean distance of both averages, for random units of ten inputs."""
    x, w = np.random.default_rng(seed).standard_normal((2, units, 10))
    pairs = [average_over_masks(activation, a, b) for a, b in zip(x, w, strict=True)]
    return float(np.mean([abs(mean - halved) for mean, halved in pairs]))


def _draw_four(outputs: Sequence[float], mean: float, halved: float) -> "Figure":
    title = "A linear unit: the mean of all four thin networks is the one with halved weights"
    drawn = titled_figure(title, 12, 3.0)
    formulas = ("$w_1x_1 + w_2x_2$", "$w_2x_2$", "$w_1x_1$", "$0$")
    masks = ((True, True), (False, True), (True, False), (False, False))
    panels = drawn.subplots(1, 5)
    for ax, formula, z, mask in zip(panels, formulas, outputs, masks, strict=False):
        _draw_two_inputs(ax, mask, ("$w_1$", "$w_2$"))
        ax.set_title(f"z = {formula}\n= {z:g}", loc="center")
    _draw_two_inputs(panels[-1], (True, True), ("$w_1/2$", "$w_2/2$"))
    panels[-1].set_title(f"mean {mean:g}\nhalved weights: {halved:g}", loc="center", weight="bold")
    return drawn


def _draw_two_inputs(ax: "Axes", mask: Sequence[bool], weights: Sequence[str]) -> None:
    for number, (y, is_kept, name) in enumerate(zip((1, -1), mask, weights, strict=True), start=1):
        if is_kept:
            ax.plot((0, 1), (y, 0), color=GRAY, linewidth=1.2, zorder=1)
            ax.text(0.5, 0.5 * y + 0.3, name, ha="center", va="center")
        _draw_unit(ax, (0, y), is_kept, 17)
        ax.text(-0.16, y, f"$x_{number}$", ha="right", va="center")
    ax.plot(1, 0, "o", color=INK, markersize=17, zorder=2)
    ax.text(1.16, 0, "z", va="center")
    ax.set(xlim=(-0.5, 1.4), ylim=(-1.5, 1.5))
    ax.set_axis_off()
