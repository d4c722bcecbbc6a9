"""Lecture 9-1's vanishing gradients: how much of the gradient reaches the layers near the input."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdemo.comparison.statistics import interval
from kerasdemo.display.style import INK
from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, status_above
from kerasdemo.lecture.demos import trained
from kerasdemo.lecture.demos.dense import Array
from kerasdemo.lecture.demos.figures import COLORS, DASHED, NAMES, titled_figure, use_integer_ticks
from kerasdemo.records import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Where a gradient is 0 (a dead layer), its logarithm is that of this norm.
SMALLEST = 1e-30


def log_norms(run: Run) -> Array:
    """Return log10 of each layer's gradient norm, (layers, epochs), the input's layer first."""
    norms = np.array([layer.gradient_norm for layer in run.layers.values()])
    return np.log10(np.maximum(norms, SMALLEST))  # type: ignore[no-any-return]


def gradients_by_layer(context: DemoContext) -> DemoOutput:
    """Compare the gradient norms of nine sigmoid layers and of nine ReLU layers, by epoch."""
    norms = {label: [log_norms(run) for run in runs] for label, runs in context.runs.items()}
    # Decades from the last hidden layer to the first, by epoch; each seed (epochs,).
    falls = {label: [one[-2] - one[0] for one in by_seed] for label, by_seed in norms.items()}
    # How far each layer's weights moved in all, as a share of their norm; each seed (layers,).
    moves = {
        label: [
            np.array([sum(layer.update_ratio) for layer in run.layers.values()]) for run in runs
        ]
        for label, runs in context.runs.items()
    }
    source = trained.describe(context.runs["relu"])
    lines = [f"gradient norms at the end of each epoch; {source}"]
    for label in context.runs:
        first, last = (interval([float(fall[n]) for fall in falls[label]]) for n in (0, -1))
        input_side, output_side = (interval([float(m[n]) for m in moves[label]]) for n in (0, -2))
        lines.append(
            f"{NAMES[label]}: from the last hidden layer to the first the norm falls by {first} "
            f"decades after epoch 1, {last} after the last; weights move by {input_side} in the "
            f"first layer, {output_side} in the last hidden one (sum over epochs, share of norm)"
        )
    sigmoid, relu = ([float(fall[0]) for fall in falls[label]] for label in ("sigmoid", "relu"))
    ratios = [float(move[-2] / max(move[0], SMALLEST)) for move in moves["sigmoid"]]
    claims = (
        ClaimResult(
            "with sigmoid the gradient after one epoch is more than a thousand times smaller in "
            "the first layer than in the last hidden one",
            "small and large gradients, without numbers",
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
            f"the last hidden layer's weights move {interval(ratios)} times as far",
            status_above(ratios, 1.0),
        ),
    )
    return DemoOutput(tuple(lines), claims, {"gradient_norms": _draw(norms, source)})


def _draw(norms: Mapping[str, Sequence[Array]], source: str) -> "Figure":
    """Draw a heat map (layer, epoch) for each activation, and the norms after the first epoch."""
    means = {label: np.mean(by_seed, axis=0) for label, by_seed in norms.items()}
    low = min(mean.min() for mean in means.values())
    high = max(mean.max() for mean in means.values())
    depth = len(means["relu"]) - 1
    title = f"{depth} hidden layers: how much of the gradient reaches the input"
    drawn = titled_figure(title, 12.5, 4.8, source)
    *maps, right = drawn.subplots(1, 3, width_ratios=(1, 1, 1.05))
    for ax, (label, mean) in zip(maps, means.items(), strict=True):
        image = _draw_heat_map(ax, mean, low, high)
        ax.set_title(f"{NAMES[label]}: gradient norm, log10")
    drawn.colorbar(image, ax=maps, pad=0.02)
    layers = range(1, len(mean) + 1)
    for label, by_seed in norms.items():
        for one in by_seed:
            right.plot(layers, 10 ** one[:, 0], color=COLORS[label], linewidth=0.7, alpha=0.5)
        right.plot(
            layers, 10 ** means[label][:, 0], color=COLORS[label], marker="o", label=NAMES[label],
            linestyle="-" if label == "relu" else DASHED,
        )  # fmt: skip
    right.set(yscale="log", xlabel="layer (1: input side)", ylabel="gradient norm (L2)")
    right.set_title("After the first epoch; thin lines: seeds")
    use_integer_ticks(right)
    right.legend(loc="lower right")
    return drawn


def _draw_heat_map(ax: Any, mean: Array, low: float, high: float) -> Any:
    layers, epochs = mean.shape
    image = ax.imshow(
        mean, cmap="viridis", vmin=low, vmax=high, aspect="auto", origin="lower",
        extent=(0.5, epochs + 0.5, 0.5, layers + 0.5),
    )  # fmt: skip
    for (layer, epoch), value in np.ndenumerate(mean):
        is_dark = (value - low) / ((high - low) or 1.0) < 0.6
        ax.text(epoch + 1, layer + 1, f"{value:.1f}", ha="center", va="center", size=8,
                color="white" if is_dark else INK)  # fmt: skip
    ax.set(xticks=range(1, epochs + 1), yticks=range(1, layers + 1))
    ax.set(xlabel="epoch", ylabel="layer (1 = at the input)")
    ax.grid(visible=False)
    return image
