"""The figure of an experiment: learning curves, and final accuracies beside the lecture's."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerasdemo.comparison.claims import Claim, matches
from kerasdemo.comparison.metrics import fewest_examples
from kerasdemo.comparison.statistics import Interval, metric_interval
from kerasdemo.display.style import CYCLE, GRAY, INK, style
from kerasdemo.lecture.demos.figures import titled_figure, use_integer_ticks
from kerasdemo.records import Run
from kerasdemo.sweeps.expansion import RunSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Runs of so few epochs have no curve.
FEW_EPOCHS = 3
# Times of which the largest is this many times the smallest get a log axis.
LOG_RATIO = 5
# Final accuracies: metric -> (name, marker, vertical shift within the row).
FINAL = {"accuracy": ("training", "o", -0.13), "test_accuracy": ("test", "s", 0.13)}
REFERENCE: dict[str, Any] = {
    "marker": "D",
    "ls": "",
    "mfc": "none",
    "mec": INK,
    "mew": 1.2,
    "ms": 9,
}
Runs = Mapping[str, Sequence[Run]]


def learning_and_ends(
    runs: Runs, specs: Sequence[RunSpec], claims: Sequence[Claim], title: str
) -> "Figure":
    """Draw training accuracy by epoch, and final accuracies beside the lecture's.

    A network has one color in both. Means and 95 % intervals over seeds and examples. Where runs
    have only a few epochs, the time of an epoch is drawn in place of the curves.

    Args:
        runs: label -> a run for each seed.
        specs: of all runs; their values tell which runs a claim is about.
        claims: whose reference numbers are drawn.
        title: of the figure.
    """
    import matplotlib as mpl

    values = {spec.label: spec.values for spec in specs}
    if len(runs) <= len(CYCLE):
        colors: dict[str, Any] = dict(zip(runs, CYCLE, strict=False))
    else:
        shades = mpl.colormaps["viridis"]
        colors = {label: shades(0.9 * n / (len(runs) - 1)) for n, label in enumerate(runs)}
    with style():
        drawn = titled_figure(title, 11, max(3.6, 2.0 + 0.33 * len(runs)))
        left, right = drawn.subplots(1, 2, width_ratios=(1, 1.1))
        if all(run.history.epochs <= FEW_EPOCHS for repeats in runs.values() for run in repeats):
            _draw_seconds(left, runs, colors)
        else:
            _draw_curves(left, runs, colors)
        for row, (label, repeats) in enumerate(runs.items()):
            _draw_final(right, row, repeats, colors[label])
            for claim in claims:
                is_about = claim.runs is not None and matches(claim.runs, label, values[label])
                if is_about and claim.metric in FINAL and isinstance(claim.reference, int | float):
                    right.plot([claim.reference], [row + FINAL[claim.metric][2]], **REFERENCE)
        _name_rows(right, colors)
        right.set(xlim=_limits(right.dataLim.x0), xlabel="accuracy of the kept weights (%)")
        has_reference = any(line.get_marker() == REFERENCE["marker"] for line in right.lines)
        for name, marker, _ in FINAL.values():
            right.plot([], [], marker, color=GRAY, label=f"{name} (here)")
        if has_reference:
            right.plot([], [], **REFERENCE, label="lecture")
        right.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0.2)
    return drawn


def _limits(lowest: float) -> tuple[float, float]:
    """Return axis limits for accuracies in percent; at most half of the axis is empty."""
    low = math.floor(lowest) if math.isfinite(lowest) else 0
    low = 0 if low < 50 else low - low % 10
    margin = (100 - low) / 50
    return low - margin, 100 + margin


def _name_rows(ax: "Axes", colors: Mapping[str, Any]) -> None:
    ax.set_yticks(range(len(colors)), list(colors))
    for tick, color in zip(ax.get_yticklabels(), colors.values(), strict=True):
        tick.set_color(color)
        tick.set_fontweight("bold")
    ax.set_ylim(len(colors) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)


def _draw_curves(ax: "Axes", runs: Runs, colors: Mapping[str, Any]) -> None:
    for label, repeats in runs.items():
        epochs = range(min((run.history.epochs for run in repeats), default=0))
        means = [
            _percent([run.history.accuracy[epoch] for run in repeats], "accuracy", repeats)
            for epoch in epochs
        ]
        numbers = [epoch + 1 for epoch in epochs]
        ax.plot(numbers, [mean.mean for mean in means], color=colors[label])
        if len(repeats) > 2:
            low, high = [mean.low for mean in means], [mean.high for mean in means]
            ax.fill_between(numbers, low, high, color=colors[label], alpha=0.18, lw=0)
    ax.set(xlabel="epoch", ylabel="training accuracy (%)")
    ax.set_ylim(*_limits(ax.dataLim.y0))
    use_integer_ticks(ax)


def _draw_seconds(ax: "Axes", runs: Runs, colors: Mapping[str, Any]) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    all_seconds: list[float] = []
    for row, (label, repeats) in enumerate(runs.items()):
        seconds = [run.epoch_seconds for run in repeats if run.epoch_seconds]
        mean = metric_interval(seconds, "epoch_seconds")
        if mean.n:
            ax.plot(seconds, [row] * mean.n, ".", color=GRAY, ms=4)
            ax.plot([mean.low, mean.high], [row] * 2, color=colors[label], lw=2)
            ax.plot([mean.mean], [row], "o", color=colors[label], ms=6)
        all_seconds += seconds
    _name_rows(ax, colors)
    has_compilation = any(run.history.epochs == 1 for repeats in runs.values() for run in repeats)
    ax.set(xlabel=f"training for an epoch{', with compilation' if has_compilation else ''} (s)")
    if all_seconds and max(all_seconds) > LOG_RATIO * min(all_seconds):
        ax.set_xscale("log")
        ax.set_xlim(min(all_seconds) / 1.3, max(all_seconds) * 1.3)
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_formatter(NullFormatter())
    else:
        ax.set_xlim(left=0)


def _draw_final(ax: "Axes", row: int, runs: Sequence[Run], color: Any) -> None:
    if not runs:
        across, text = ax.get_yaxis_transform(), "diverged: no accuracy"
        ax.text(0.5, row, text, color=INK, ha="center", va="center", transform=across)
    for metric, (_, marker, shift) in FINAL.items():
        metrics = [
            run.facts.get("test") or {}
            if metric == "test_accuracy"
            else run.facts.get("kept") or run.facts.get("final") or {}
            for run in runs
        ]
        values = [accuracy for one in metrics if (accuracy := one.get("accuracy")) is not None]
        mean = _percent(values, metric, runs)
        if mean.n:
            ax.plot([mean.low, mean.high], [row + shift] * 2, color=color, lw=2)
            ax.plot([mean.mean], [row + shift], marker, color=color, ms=6)


def _percent(values: Sequence[float], metric: str, runs: Sequence[Run]) -> Interval:
    examples = fewest_examples((run.facts.get("data") or {} for run in runs), metric)
    return metric_interval(values, metric, examples).scaled(100)
