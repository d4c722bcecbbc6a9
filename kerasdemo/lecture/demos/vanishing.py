"""Vanishing gradients: how much of the gradient reaches the layers near the input."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerasdemo.comparison.comparison import interval
from kerasdemo.display.run_plots import BLUE, INK, VERMILION, figure, style
from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, status_above
from kerasdemo.lecture.demos import trained
from kerasdemo.records import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[Any]
COLORS = {"sigmoid": VERMILION, "relu": BLUE}
NAMES = {"sigmoid": "sigmoid", "relu": "ReLU"}
# A norm of 0 (a dead layer) is drawn and averaged as this.
SMALLEST = 1e-30


def norms(run: Run) -> Array:
    """Return log10 of the gradient's norm, (layers, epochs), from the input to the output."""
    found = np.array([layer.gradient_norm for layer in run.layers.values()])
    return np.log10(np.maximum(found, SMALLEST))  # type: ignore[no-any-return]


def moved(run: Run) -> Array:
    """Return how far each layer's weights moved in all, as a share of their norm, (layers,)."""
    return np.array([sum(layer.update_ratio) for layer in run.layers.values()])


def gradients_by_layer(context: DemoContext) -> DemoOutput:
    """Compare the gradient's norm of nine sigmoid layers and of nine ReLU layers, by epoch."""
    by_layer = {label: [norms(run) for run in runs] for label, runs in context.runs.items()}
    # Decades by which the norm falls from the last hidden layer to the first, in the first epoch.
    falls = {label: [_fall(own[:, 0]) for own in found] for label, found in by_layer.items()}
    moves = {label: [moved(run) for run in runs] for label, runs in context.runs.items()}
    lines = [f"gradient norms at the end of each epoch; {trained.origin(context.runs['relu'])}"]
    lines += [
        f"{NAMES[label]}: from the last hidden layer to the first the norm falls by "
        f"{interval(falls[label])} decades after epoch 1, "
        f"{interval([_fall(own[:, -1]) for own in by_layer[label]])} after the last; weights "
        f"move by {_share(moves[label], 0)} in the first layer, {_share(moves[label], -2)} in "
        "the last hidden one (sum of epochs, share of their norm)"
        for label in context.runs
    ]
    with style():
        drawn = _drawn(by_layer, trained.origin(context.runs["relu"]))
    return DemoOutput(tuple(lines), _checked(falls, moves), {"gradient_norms": drawn})


def _fall(decades: Array) -> float:
    return float(decades[-2] - decades[0])


def _share(moves: Sequence[Array], layer: int) -> str:
    return f"{interval([float(own[layer]) for own in moves])}"


def _checked(
    falls: Mapping[str, Sequence[float]], moves: Mapping[str, Sequence[Array]]
) -> tuple[ClaimResult, ...]:
    sigmoid, relu = falls["sigmoid"], falls["relu"]
    slower = [float(own[-2] / max(own[0], SMALLEST)) for own in moves["sigmoid"]]
    return (
        ClaimResult(
            "with sigmoid the gradient after one epoch is more than a thousand times smaller in "
            "the first layer than in the last hidden one",
            "small against large, without numbers",
            f"{interval(sigmoid)} decades",
            status_above(sigmoid, 3.0),
        ),
        ClaimResult(
            "with ReLU the gradient after one epoch shrinks less than with sigmoid on its way to "
            "the first layer",
            "no shrinking, without numbers",
            f"ReLU {interval(relu)} decades, sigmoid {interval(sigmoid)}",
            status_above([s - r for s, r in zip(sigmoid, relu, strict=True)]),
        ),
        ClaimResult(
            "with ReLU the gradient after one epoch shrinks less than tenfold on its way to the "
            "first layer",
            "no shrinking, without numbers",
            f"{interval(relu)} decades",
            status_above([1.0 - fall for fall in relu]),
        ),
        ClaimResult(
            "with sigmoid the first layer's weights move less than the last hidden layer's",
            "almost random against already converged, without numbers",
            f"the last hidden layer's weights move {interval(slower)} times as far",
            status_above(slower, 1.0),
        ),
    )


def _drawn(by_layer: Mapping[str, Sequence[Array]], origin: str) -> "Figure":
    """Draw a heat map (layer, epoch) for each activation, and the norms after the first epoch."""
    from matplotlib.ticker import MaxNLocator

    means = {label: np.mean(found, axis=0) for label, found in by_layer.items()}
    low = min(mean.min() for mean in means.values())
    high = max(mean.max() for mean in means.values())
    drawn = figure(12.5, 4.8)
    drawn.set_layout_engine("constrained")
    drawn.suptitle(
        f"{len(means['relu']) - 1} hidden layers: how much of the gradient reaches the input",
        x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK,
    )  # fmt: skip
    *maps, right = drawn.subplots(1, 3, width_ratios=(1, 1, 1.05))
    for ax, (label, mean) in zip(maps, means.items(), strict=True):
        image = _heat_map(ax, mean, low, high)
        ax.set_title(f"{NAMES[label]}: gradient norm, log10")
    drawn.colorbar(image, ax=maps, pad=0.02)
    layers = range(1, len(mean) + 1)
    for label, found in by_layer.items():
        for own in found:
            right.plot(layers, 10 ** own[:, 0], color=COLORS[label], linewidth=0.7, alpha=0.5)
        right.plot(
            layers, 10 ** means[label][:, 0], color=COLORS[label], marker="o", label=NAMES[label],
            linestyle="-" if label == "relu" else (0, (4, 1.6)),
        )  # fmt: skip
    right.set(yscale="log", xlabel="layer (1: input side)", ylabel="gradient norm (L2)")
    right.set_title("After the first epoch; thin: each seed")
    right.xaxis.set_major_locator(MaxNLocator(integer=True))
    right.legend(loc="lower right")
    drawn.supxlabel(origin, size=9, x=0.01, ha="left")
    return drawn


def _heat_map(ax: Any, mean: Array, low: float, high: float) -> Any:
    image = ax.imshow(
        mean, cmap="viridis", vmin=low, vmax=high, aspect="auto", origin="lower",
        extent=(0.5, mean.shape[1] + 0.5, 0.5, mean.shape[0] + 0.5),
    )  # fmt: skip
    for (layer, epoch), value in np.ndenumerate(mean):
        dark = (value - low) / ((high - low) or 1.0) < 0.6
        ax.text(epoch + 1, layer + 1, f"{value:.1f}", ha="center", va="center", size=8,
                color="white" if dark else INK)  # fmt: skip
    ax.set_xticks(range(1, mean.shape[1] + 1))
    ax.set_yticks(range(1, mean.shape[0] + 1))
    ax.set(xlabel="epoch", ylabel="layer (1 = at the input)")
    ax.grid(visible=False)
    return image
