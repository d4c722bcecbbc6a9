"""The picture of an experiment: how its networks learned, where they ended, and the lecturer's."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerasdemo.comparison.claims import Claim, matches
from kerasdemo.comparison.comparison import Interval, examples_of, metric_interval
from kerasdemo.display.run_plots import CYCLE, GREY, INK, figure, style
from kerasdemo.records import Run
from kerasdemo.sweeps.expansion import RunSpec

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FEW_EPOCHS = 3
# Times that span this much are read on a log axis.
LOG_SPAN = 5
# Final accuracies: metric -> (what it is called, its marker, its place in the row).
ENDS = {"accuracy": ("training", "o", -0.13), "test_accuracy": ("test", "s", 0.13)}
LECTURER: dict[str, Any] = {
    "marker": "D",
    "ls": "",
    "mfc": "none",
    "mec": INK,
    "mew": 1.2,
    "ms": 9,
}


def learning_and_ends(
    runs: Mapping[str, Sequence[Run]],
    planned: Sequence[RunSpec],
    claims: Sequence[Claim],
    title: str,
) -> "Figure":
    """Draw training accuracy by epoch, and final accuracies beside the lecturer's.

    A network has one colour everywhere. Means and 95 % intervals of seeds and examples. Where runs
    are a few epochs there is no curve to see: the time of an epoch is drawn instead.

    Args:
        runs: label -> a run for each seed.
    """
    values = {one.label: one.values for one in planned}
    colors = _colors(list(runs))
    with style():
        drawn = figure(11, max(3.6, 2.0 + 0.33 * len(runs)))
        drawn.set_layout_engine("constrained")
        drawn.suptitle(title, x=0.01, ha="left", color=INK, fontsize=11, fontweight="bold")
        left, right = drawn.subplots(1, 2, width_ratios=(1, 1.1))
        if all(run.history.epochs <= FEW_EPOCHS for own in runs.values() for run in own):
            _seconds(left, runs, colors)
        else:
            _curves(left, runs, colors)
        for place, (label, own) in enumerate(runs.items()):
            _ends(right, place, own, colors[label])
            for claim in claims:
                if claim.runs is not None and matches(claim.runs, label, values[label]):
                    _lecturer(right, place, claim)
        _name_rows(right, colors)
        right.set(xlim=_room(right.dataLim.x0), xlabel="accuracy of the kept weights (%)")
        _legend(right)
    return drawn


def _room(lowest: float) -> tuple[float, float]:
    """Return axis limits for accuracies in percent that leave half the axis empty at most."""
    least = math.floor(lowest) if math.isfinite(lowest) else 0
    least = 0 if least < 50 else least - least % 10
    margin = (100 - least) / 50
    return least - margin, 100 + margin


def _name_rows(ax: "Axes", colors: Mapping[str, Any]) -> None:
    ax.set_yticks(range(len(colors)), list(colors))
    for tick, color in zip(ax.get_yticklabels(), colors.values(), strict=True):
        tick.set_color(color)
        tick.set_fontweight("bold")
    ax.set_ylim(len(colors) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)


def _colors(labels: Sequence[str]) -> dict[str, Any]:
    if len(labels) <= len(CYCLE):
        return dict(zip(labels, CYCLE, strict=False))
    import matplotlib as mpl

    shades = mpl.colormaps["viridis"]
    return {label: shades(0.9 * i / (len(labels) - 1)) for i, label in enumerate(labels)}


def _curves(ax: "Axes", runs: Mapping[str, Sequence[Run]], colors: Mapping[str, Any]) -> None:
    from matplotlib.ticker import MaxNLocator

    for label, own in runs.items():
        shortest = min((run.history.epochs for run in own), default=0)
        means = [
            _accuracy([run.history.accuracy[e] for run in own], "accuracy", own)
            for e in range(shortest)
        ]
        epochs = range(1, shortest + 1)
        ax.plot(epochs, [m.mean for m in means], color=colors[label])
        if len(own) > 2:
            low, high = [m.low for m in means], [m.high for m in means]
            ax.fill_between(epochs, low, high, color=colors[label], alpha=0.18, lw=0)
    ax.set(xlabel="epoch", ylabel="accuracy on the training set (%)")
    ax.set_ylim(*_room(ax.dataLim.y0))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def _seconds(ax: "Axes", runs: Mapping[str, Sequence[Run]], colors: Mapping[str, Any]) -> None:
    from matplotlib.ticker import LogLocator, NullFormatter

    drawn: list[float] = []
    for place, (label, own) in enumerate(runs.items()):
        times = [run.epoch_seconds for run in own if run.epoch_seconds]
        found = metric_interval(times, "epoch_seconds")
        if found.n:
            ax.plot(times, [place] * found.n, ".", color=GREY, ms=4)
            ax.plot([found.low, found.high], [place] * 2, color=colors[label], lw=2)
            ax.plot([found.mean], [place], "o", color=colors[label], ms=6)
        drawn += times
    _name_rows(ax, colors)
    single = any(run.history.epochs == 1 for own in runs.values() for run in own)
    ax.set(xlabel=f"training for an epoch{', compiling included' if single else ''} (s)")
    if drawn and max(drawn) > LOG_SPAN * min(drawn):
        ax.set_xscale("log")
        ax.set_xlim(min(drawn) / 1.3, max(drawn) * 1.3)
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.xaxis.set_major_formatter("{x:g}")
        ax.xaxis.set_minor_formatter(NullFormatter())
    else:
        ax.set_xlim(left=0)


def _ends(ax: "Axes", place: int, runs: Sequence[Run], color: Any) -> None:
    if not runs:
        across = ax.get_yaxis_transform()
        told = "diverged: no accuracy"
        ax.text(0.5, place, told, color=INK, ha="center", va="center", transform=across)
    for metric, (_, marker, shift) in ENDS.items():
        values = [value for run in runs if (value := _final(run, metric)) is not None]
        found = _accuracy(values, metric, runs)
        if found.n:
            ax.plot([found.low, found.high], [place + shift] * 2, color=color, lw=2)
            ax.plot([found.mean], [place + shift], marker, color=color, ms=6)


def _accuracy(values: Sequence[float], metric: str, runs: Sequence[Run]) -> Interval:
    """Return mean and interval in percent."""
    counts = [examples_of(run.facts.get("data") or {}, metric) for run in runs]
    fewest = min((count for count in counts if count), default=None)
    return metric_interval(values, metric, fewest).scaled(100)


def _final(run: Run, metric: str) -> float | None:
    if metric == "test_accuracy":
        found = (run.facts.get("test") or {}).get("accuracy")
    else:
        found = (run.facts.get("kept") or run.facts.get("final") or {}).get(metric)
    return None if found is None else float(found)


def _lecturer(ax: "Axes", place: int, claim: Claim) -> None:
    if claim.metric in ENDS and isinstance(claim.lecturer, int | float):
        ax.plot([claim.lecturer], [place + ENDS[claim.metric][2]], **LECTURER)


def _legend(ax: "Axes") -> None:
    for name, marker, _ in ENDS.values():
        ax.plot([], [], marker, color=GREY, label=f"{name}, here")
    if any(line.get_marker() == LECTURER["marker"] for line in ax.lines):
        ax.plot([], [], **LECTURER, label="the lecture's")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)
