"""The picture of an experiment: how its networks learned, where they ended, and the lecturer's."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerasdemo.analysis.claims import Claim, matches
from kerasdemo.analysis.comparison import interval
from kerasdemo.analysis.plots import CYCLE, GREY, INK, figure, style
from kerasdemo.records import Run
from kerasdemo.sweeps.expansion import Planned

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

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
    planned: Sequence[Planned],
    claims: Sequence[Claim],
    title: str,
) -> "Figure":
    """Draw training accuracy by epoch, and final accuracies beside the lecturer's.

    A network has one colour everywhere. Means and 95 % intervals over the seeds.

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
        _curves(left, runs, colors)
        for place, (label, own) in enumerate(runs.items()):
            _ends(right, place, own, colors[label])
            for claim in claims:
                if claim.runs is not None and matches(claim.runs, label, values[label]):
                    _lecturer(right, place, claim)
        right.set_yticks(range(len(runs)), list(runs))
        for tick, label in zip(right.get_yticklabels(), runs, strict=True):
            tick.set_color(colors[label])
            tick.set_fontweight("bold")
        right.set_ylim(len(runs) - 0.5, -0.5)
        right.set(xlim=(-2, 102), xlabel="accuracy at the end (%)")
        right.grid(axis="y", visible=False)
        _legend(right)
    return drawn


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
        means = [interval([100 * run.history.accuracy[e] for run in own]) for e in range(shortest)]
        epochs = range(1, shortest + 1)
        dot = "o" if shortest == 1 else ""
        ax.plot(epochs, [m.mean for m in means], color=colors[label], marker=dot)
        if len(own) > 2:
            low, high = [m.low for m in means], [m.high for m in means]
            ax.fill_between(epochs, low, high, color=colors[label], alpha=0.18, lw=0)
    ax.set(xlabel="epoch", ylabel="accuracy on the training set (%)", ylim=(-2, 102))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def _ends(ax: "Axes", place: int, runs: Sequence[Run], color: Any) -> None:
    if not runs:
        ax.text(50, place, "diverged: no accuracy", color=INK, ha="center", va="center")
    for metric, (_, marker, shift) in ENDS.items():
        found = interval(
            [100 * value for run in runs if (value := _final(run, metric)) is not None]
        )
        if found.n:
            ax.plot([found.low, found.high], [place + shift] * 2, color=color, lw=2)
            ax.plot([found.mean], [place + shift], marker, color=color, ms=6)


def _final(run: Run, metric: str) -> float | None:
    if metric == "test_accuracy":
        found = (run.facts.get("test") or {}).get("accuracy")
    else:
        found = (run.facts.get("final") or {}).get(metric)
    return None if found is None else float(found)


def _lecturer(ax: "Axes", place: int, claim: Claim) -> None:
    if claim.metric in ENDS and isinstance(claim.lecturer, int | float):
        ax.plot([claim.lecturer], [place + ENDS[claim.metric][2]], **LECTURER)


def _legend(ax: "Axes") -> None:
    for name, marker, _ in ENDS.values():
        ax.plot([], [], marker, color=GREY, label=f"{name}, here")
    ax.plot([], [], **LECTURER, label="the lecturer's")
    ax.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, borderaxespad=0.2)
