"""Lecture 9-1: for one example a ReLU network is a thinner linear network of its active units."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from kerasdemo.display.style import BLUE, GRAY, PALE, VERMILION
from kerasdemo.lecture.demo import (
    ClaimResult,
    DemoContext,
    DemoOutput,
    percent,
    status_above,
    status_of,
)
from kerasdemo.lecture.demos import dense, trained
from kerasdemo.lecture.demos.dense import Array
from kerasdemo.lecture.demos.figures import hide_axes, titled_figure
from kerasdemo.records import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# A network in float32 and a product of its matrices differ by less than this share of the largest
# output.
ROUNDING = 1e-4
# Test digits whose thin networks are counted, and those whose thin network is made one matrix.
COUNTED, MULTIPLIED = 1000, 20


@dataclass(frozen=True)
class ThinNetwork:
    """A ReLU network for one example: its active units, and the linear network that they form.

    Args:
        active: for each hidden layer, whether each unit is active (units,).
        linear: outputs before the softmax, by the product of the restricted matrices (classes,).
        whole: the same outputs by the network itself (classes,).
    """

    active: tuple[Array, ...]
    linear: Array
    whole: Array


@dataclass(frozen=True)
class ThinNetworks:
    """What the thin networks of one run showed.

    Args:
        shares: of active units (digits, layers).
        difference: of the linear network's output from the whole network's, over the largest.
        different: number of different thin networks.
        examples: image, digit and thin network of two test digits.
    """

    shares: Array
    difference: float
    different: int
    examples: tuple[tuple[Array, int, ThinNetwork], ...]


def restrict(kernels: Sequence[Array], biases: Sequence[Array], x: Array) -> ThinNetwork:
    """Restrict a ReLU network to the units that are active for an example.

    Args:
        kernels: of each layer (inputs, units), the output's last.
        biases: of each layer (units,).
        x: the example (inputs,).
    """
    active, a = [], x
    for kernel, bias in zip(kernels[:-1], biases[:-1], strict=True):
        z = a @ kernel + bias
        active.append(z > 0)
        a = np.maximum(z, 0)
    whole = a @ kernels[-1] + biases[-1]
    # The layers so far are x W + b, with the rows and columns of active units only.
    rows = active[0]
    weights, bias = kernels[0][:, rows], biases[0][rows]
    all_classes = np.ones(len(whole), bool)
    for kernel, b, columns in zip(kernels[1:], biases[1:], [*active[1:], all_classes], strict=True):
        restricted = kernel[rows][:, columns]
        weights, bias, rows = weights @ restricted, bias @ restricted + b[columns], columns
    return ThinNetwork(tuple(active), x @ weights + bias, whole)


def inspect(run: Run) -> ThinNetworks:
    """Restrict the network of a run to each of its first test digits."""
    model, test = trained.load_model(run), trained.load_dataset(run).test
    weights = [layer.get_weights() for layer in trained.kernel_layers(model)]
    kernels, biases = zip(
        *([np.asarray(w, dtype=np.float64) for w in both] for both in weights), strict=True
    )
    images = test.x[:COUNTED]
    a, active = images.reshape(len(images), -1).astype(np.float64), []
    for kernel, bias in zip(kernels[:-1], biases[:-1], strict=True):
        a = np.maximum(a @ kernel + bias, 0)
        active.append(a > 0)  # (digits, units)
    thin = [restrict(kernels, biases, x.ravel().astype(np.float64)) for x in images[:MULTIPLIED]]
    differences = [np.abs(one.linear - one.whole).max() / np.abs(one.whole).max() for one in thin]
    # The sums here are what Keras calculates.
    outputs = np.asarray(model(images[:MULTIPLIED]))
    differences += [
        np.abs(output - dense.softmax(one.whole)).max()
        for output, one in zip(outputs, thin, strict=True)
    ]
    other = int(np.flatnonzero(test.y[:MULTIPLIED] != test.y[0])[0])
    return ThinNetworks(
        np.stack([layer.mean(axis=1) for layer in active], axis=1),
        float(max(differences)),
        len(np.unique(np.concatenate(active, axis=1), axis=0)),
        tuple((images[n], int(test.y[n]), thin[n]) for n in (0, other)),
    )


def thin_network(context: DemoContext) -> DemoOutput:
    """Count the units that are active for one example, and show that they are a linear network."""
    runs = context.runs["relu"]
    inspected = [inspect(run) for run in runs]
    digits, depth = inspected[0].shares.shape
    by_layer = [percent([one.shares[:, n].mean() for one in inspected]) for n in range(depth)]
    lines = [
        f"hidden layer {number}: {share} of the units are active for a test digit"
        for number, share in enumerate(by_layer, start=1)
    ]
    lines.append(trained.describe(runs))
    difference = max(one.difference for one in inspected)
    idle = [1 - float(one.shares.mean()) for one in inspected]
    claims = (
        ClaimResult(
            "for one example the active units are a linear network: the same output by one matrix",
            "a thinner linear network",
            f"largest difference {difference:.1e} of the largest output, {MULTIPLIED} digits each",
            status_of(difference < ROUNDING),
        ),
        ClaimResult(
            "the linear network is thinner: a part of the units is at 0",
            "a figure without numbers",
            f"{percent(idle)} are at 0",
            status_above(idle),
        ),
        ClaimResult(
            f"each example has a different thin network: all of {digits} digits differ",
            "a statement",
            f"at least {min(one.different for one in inspected)} different ones for each seed",
            status_of(all(one.different == digits for one in inspected)),
        ),
    )
    drawn = _draw(inspected[0].examples, trained.describe(runs[:1]))
    return DemoOutput(tuple(lines), claims, {"active_units": drawn})


def _draw(examples: Sequence[tuple[Array, int, ThinNetwork]], source: str) -> "Figure":
    """Draw the units of each layer as squares, for each example, the active ones dark."""
    depth = len(examples[0][2].active)
    drawn = titled_figure(
        "ReLU: each example has a thin linear network of its own",
        2.3 * (depth + 2),
        2.6 * len(examples) + 0.8,
        f"a square is a unit, dark where it is active; {source}",
    )
    rows = drawn.subplots(len(examples), depth + 2, squeeze=False)
    for row, (image, digit, thin) in zip(rows, examples, strict=True):
        row[0].imshow(image, cmap="Greys")
        row[0].set_title(f"a {digit}")
        for layer, (ax, active) in enumerate(zip(row[1:-1], thin.active, strict=True), start=1):
            _draw_squares(ax, active)
            ax.set_title(f"layer {layer}: {active.sum()} of {len(active)} active")
        for ax in row[:-1]:
            hide_axes(ax)
        outputs, digits = row[-1], np.arange(len(thin.whole))
        outputs.bar(digits, thin.whole, color=GRAY, width=0.8, label="whole network")
        outputs.plot(digits, thin.linear, "o", color=VERMILION, markersize=4.5, label="one matrix")
        outputs.set(xticks=digits, title="output before softmax")
        outputs.set_ylim(top=outputs.get_ylim()[1] + 0.45 * np.ptp(outputs.get_ylim()))
        outputs.legend(fontsize=7.5, loc="upper left")
    return drawn


def _draw_squares(ax: "Axes", active: Array) -> None:
    from matplotlib.colors import ListedColormap

    side = int(np.ceil(np.sqrt(len(active))))
    cells = np.full(side * side, np.nan)
    cells[: len(active)] = active
    ax.pcolormesh(
        cells.reshape(side, side)[::-1], cmap=ListedColormap([PALE, BLUE]), vmin=0, vmax=1,
        edgecolors="white", linewidth=1.5,
    )  # fmt: skip
    ax.set_aspect("equal")
