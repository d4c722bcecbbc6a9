"""A picture of a path of changes: accuracy row by row, what was kept and what was dropped."""

import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdemo.comparison.statistics import metric_interval
from kerasdemo.display import style as run_plots
from kerasdemo.display.style import BLACK, BLUE, GRAY, INK, PALE, VERMILION, YELLOW
from kerasdemo.display.style import OUTCOME_COLORS as COLORS
from kerasdemo.records.verdict import Outcome, outcome_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Each metric: name, colour, marker, and its place beside the row's middle.
LOOKS = {
    "accuracy": ("training", BLUE, "o", -0.2),
    "val_accuracy": ("validation", VERMILION, "s", 0.0),
    "test_accuracy": ("test", BLACK, "D", 0.2),
}
# Characters of a line of a row's label and of the title, and inches of each.
LONGEST, TITLE = 44, 92
ROW, LINE = 0.42, 0.17


@dataclass(frozen=True)
class Row:
    """The start, or a change that was tried.

    values: metric -> a share for each seed. examples: metric -> how many it was measured on.
    caution: what a healthy outcome still has.
    """

    label: str
    kept: bool
    outcome: Outcome
    values: Mapping[str, Sequence[float]]
    examples: Mapping[str, int | None] = field(default_factory=dict)
    caution: str | None = None


def save(name: str, rows: Sequence[Row], file: Path, note: str = "") -> None:
    """Draw a path and write it as a PNG.

    Args:
        name: of what was changed, for the title.
        rows: the start, then each change in the order in which it was tried.
        file: replaced whole.
        note: what nobody must miss about the data.
    """
    with run_plots.style():
        titled = textwrap.wrap(title(name, rows), TITLE)
        most = max(_label(row).count("\n") for row in rows)
        above = 0.45 + 0.2 * len(titled) + (0.2 if note else 0)
        height = above + 0.8 + (ROW + LINE * most) * len(rows)
        drawn = run_plots.figure(10.0, height)
        ax = drawn.add_axes((0.34, 0.62 / height, 0.42, 1 - (above + 0.62) / height))
        path(rows, ax)
        look: Any = {"weight": "bold", "va": "top"}
        drawn.text(0.02, 1 - 0.15 / height, "\n".join(titled), size=12, color=INK, **look)
        if note:
            box = {"boxstyle": "square,pad=0.3", "facecolor": YELLOW, "edgecolor": BLACK}
            place = (0.02, 1 - (0.23 + 0.2 * len(titled)) / height)
            drawn.text(*place, note, size=8.5, color=BLACK, bbox=box, **look)
        run_plots.save(drawn, file)


def title(name: str, rows: Sequence[Row]) -> str:
    """Return what the path came to in a line."""
    kept = [row for row in rows if row.kept]
    count = f"{len(kept) - 1} of {len(rows) - 1} changes kept"
    for metric in ("test_accuracy", "val_accuracy", "accuracy"):
        first, last = kept[0].values.get(metric), kept[-1].values.get(metric)
        if last and len(kept) > 1:
            ends = [f"{100 * sum(v) / len(v):.1f}" if v else "no result" for v in (first, last)]
            return f"{name}: {LOOKS[metric][0]} accuracy from {' to '.join(ends)} %, {count}"
    return f"{name}: {count}"


def path(rows: Sequence[Row], ax: "Axes | None" = None) -> "Axes":
    """Draw a row for each change: filled and joined where it was kept, hollow where dropped.

    A marker is the mean over seeds, with its 95 % interval, and a dot for each seed; of one seed
    its value, with the interval of its examples.
    """
    if ax is None:
        with run_plots.style():
            ax = run_plots.figure(8.0, 5.0).add_subplot()
    for metric, (name, color, marker, shift) in LOOKS.items():
        _metric(ax, rows, metric, name, color, marker, shift)
    for place, row in enumerate(rows):
        if not row.kept:
            ax.axhspan(place - 0.5, place + 0.5, color=PALE, lw=0, alpha=0.5, zorder=0)
        color = run_plots.CAUTION_COLOR if row.caution else COLORS[row.outcome]
        ax.text(
            1.02, place, outcome_title(row.outcome, row.caution), size=9,
            transform=ax.get_yaxis_transform(), va="center", color=color if row.kept else GRAY,
        )  # fmt: skip
    ax.set_yticks(range(len(rows)), [_label(row) for row in rows])
    for text, row in zip(ax.get_yticklabels(), rows, strict=True):
        text.set_color(INK if row.kept else GRAY)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")
    ax.set_xlabel(f"accuracy [%]: {_marks(rows)}")
    _limits(ax, rows)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, fontsize=8.5)
    return ax


def _metric(
    ax: "Axes", rows: Sequence[Row], metric: str, name: str, color: str, marker: str, shift: float
) -> None:
    joined: list[tuple[float, float]] = []
    for place, row in enumerate(rows):
        values = row.values.get(metric, ())
        if not values:
            continue
        found = metric_interval(values, metric, row.examples.get(metric)).scaled(100)
        y = place + shift
        if found.n > 1:
            ax.plot([100 * v for v in values], [y] * found.n, ".", color=color, ms=3, alpha=0.5)
        ax.plot([found.low, found.high], [y, y], color=color, lw=1.0, zorder=3)
        face: Any = color if row.kept else "white"
        ax.plot([found.mean], [y], marker, ms=5.5, mfc=face, mec=color, ls="none", zorder=4)
        if row.kept:
            joined.append((found.mean, y))
    if joined:
        x, y_of = zip(*joined, strict=True)
        ax.plot(x, y_of, "-", color=color, lw=1.2, alpha=0.55, zorder=2)
        ax.plot([], [], marker, color=color, ms=5.5, ls="-", lw=1.2, label=name)


def _marks(rows: Sequence[Row]) -> str:
    """Return what markers, bars and dots mean."""
    if any(len(values) > 1 for row in rows for values in row.values.values()):
        return "mean over seeds, 95 % interval, each seed"
    measured = any(math.isfinite(end) for end in _ends(rows))
    return "one seed" + (", 95 % interval of its examples" if measured else "")


def _label(row: Row) -> str:
    """Return a row's label, in lines."""
    text = row.label if row.kept else f"dropped: {row.label}"
    return textwrap.fill(text, LONGEST)


def _ends(rows: Sequence[Row]) -> list[float]:
    """Return where the intervals end, in %."""
    found = [
        metric_interval(some, metric, row.examples.get(metric)).scaled(100)
        for row in rows
        for metric, some in row.values.items()
    ]
    return [end for one in found for end in (one.low, one.high)]


def _limits(ax: "Axes", rows: Sequence[Row]) -> None:
    """Show every value and every interval: an accuracy has no other than 0 to 100 %."""
    values = [100 * v for row in rows for some in row.values.values() for v in some]
    finite = [v for v in (*values, *_ends(rows)) if math.isfinite(v)]
    if finite:
        room = max(1.0, 0.06 * (max(finite) - min(finite)))
        ax.set_xlim(max(-1.0, min(finite) - room), min(101.5, max(finite) + room))
