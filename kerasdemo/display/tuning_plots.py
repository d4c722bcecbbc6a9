"""A picture of a tuning: accuracy row by row, which changes were kept and which were dropped."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from kerasdemo.comparison.statistics import Interval, metric_interval
from kerasdemo.display import style
from kerasdemo.display.style import BLACK, BLUE, CAUTION_BOX, GRAY, INK, PALE, VERMILION
from kerasdemo.records.verdict import Outcome, outcome_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Metric -> its name, color, marker, and its place beside the row's middle.
LOOKS = {
    "accuracy": ("training", BLUE, "o", -0.2),
    "val_accuracy": ("validation", VERMILION, "s", 0.0),
    "test_accuracy": ("test", BLACK, "D", 0.2),
}
LOOKS |= {name.replace("accuracy", "r2"): look for name, look in LOOKS.items()}
# Inches of the picture, of a row's label and of the name in the title, of a row and of a line.
WIDTH, LABEL, NAME = 10.0, 3.1, 4.0
ROW, LINE = 0.42, 0.17
# Points of the title and of a label; lines of a label.
TITLE_SIZE, LABEL_SIZE, LABEL_LINES = 12, 9.5, 4


@dataclass(frozen=True)
class Row:
    """The start, or a change that was tried.

    Args:
        label: what was changed.
        kept: whether the change was kept.
        outcome: of the diagnosis.
        values: metric -> a share for each seed.
        examples: metric -> how many it was measured on.
        caution: a flaw of a healthy outcome.
    """

    label: str
    kept: bool
    outcome: Outcome
    values: Mapping[str, Sequence[float]]
    examples: Mapping[str, int | None] = field(default_factory=dict)
    caution: str | None = None

    @property
    def text(self) -> str:
        """The label in lines."""
        text = self.label if self.kept else f"dropped: {self.label}"
        lines = style.wrap(text, LABEL, LABEL_SIZE, most=LABEL_LINES)
        return style.plain("\n".join(lines))

    def percent(self, metric: str) -> Interval:
        """Return mean and 95 % interval of a metric, in percent."""
        examples = self.examples.get(metric)
        return metric_interval(self.values.get(metric, ()), metric, examples).scaled(100)


@style.style()
def save(name: str, rows: Sequence[Row], file: Path, note: str = "") -> None:
    """Write a picture of a tuning.

    Args:
        name: of the config, for the title.
        rows: the start, then each change in the order in which it was tried.
        file: replaced whole.
        note: a warning about the data.
    """
    name = style.fit(name, NAME, TITLE_SIZE, "bold")
    title = style.wrap(describe_tuning(name, rows), 0.96 * WIDTH, TITLE_SIZE, "bold")
    most = max(row.text.count("\n") for row in rows)
    above = 0.45 + 0.2 * len(title) + (0.2 if note else 0)
    height = above + 0.8 + (ROW + LINE * most) * len(rows)
    drawn = style.figure(WIDTH, height)
    plot_tuning(rows, drawn.add_axes((0.34, 0.62 / height, 0.42, 1 - (above + 0.62) / height)))
    bold = {"weight": "bold", "va": "top"}
    drawn.text(
        0.02, 1 - 0.15 / height, style.plain("\n".join(title)), bold, size=TITLE_SIZE, color=INK
    )
    if note:
        y = 1 - (0.23 + 0.2 * len(title)) / height
        drawn.text(0.02, y, note, bold, size=8.5, color=BLACK, bbox=CAUTION_BOX)
    style.save(drawn, file)


def describe_tuning(name: str, rows: Sequence[Row]) -> str:
    """Return the result of a tuning in a line."""
    kept = [row for row in rows if row.kept]
    count = f"{len(kept) - 1} of {len(rows) - 1} changes kept"
    for metric in reversed(LOOKS):
        ends = [kept[0].percent(metric), kept[-1].percent(metric)]
        if ends[1].n and len(kept) > 1:
            texts = [f"{end.mean:.1f}" if end.n else "no result" for end in ends]
            score = f"{LOOKS[metric][0]} {_score_name(metric)}"
            return f"{name}: {score} from {' to '.join(texts)} %, {count}"
    return f"{name}: {count}"


@style.style()
def plot_tuning(rows: Sequence[Row], ax: "Axes | None" = None) -> "Axes":
    """Draw a row for each change: filled and joined where it was kept, hollow where dropped.

    A marker is the mean over seeds, with its 95 % interval, and a dot for each seed; of one seed
    its value, with the interval of its examples.
    """
    ax = style.new_axes(8.0, 5.0) if ax is None else ax
    for metric in LOOKS:
        _plot_metric(ax, rows, metric)
    for place, row in enumerate(rows):
        if not row.kept:
            ax.axhspan(place - 0.5, place + 0.5, color=PALE, lw=0, alpha=0.5, zorder=0)
        color = style.outcome_color(row.outcome, row.caution) if row.kept else GRAY
        ax.text(
            1.02, place, outcome_title(row.outcome, row.caution), size=9, va="center", color=color,
            transform=ax.get_yaxis_transform(),
        )  # fmt: skip
    ax.set_yticks(range(len(rows)), [row.text for row in rows])
    for label, row in zip(ax.get_yticklabels(), rows, strict=True):
        label.set_color(INK if row.kept else GRAY)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.grid(visible=False, axis="y")
    means = [row.percent(metric) for row in rows for metric in row.values]
    ends = [end for mean in means for end in (mean.low, mean.high)]
    if any(mean.n > 1 for mean in means):
        marks = "mean over seeds, 95 % interval, each seed"
    else:
        has_interval = any(map(math.isfinite, ends))
        marks = "one seed" + (", 95 % interval of its examples" if has_interval else "")
    names = {_score_name(metric) for row in rows for metric in row.values}
    ax.set_xlabel(f"{' or '.join(sorted(names)) or 'accuracy'} [%]: {marks}")
    values = [100 * value for row in rows for some in row.values.values() for value in some]
    if shown := [value for value in (*values, *ends) if math.isfinite(value)]:
        # An accuracy is 0 to 100 %.
        margin = max(1.0, 0.06 * (max(shown) - min(shown)))
        ax.set_xlim(max(-1.0, min(shown) - margin), min(101.5, max(shown) + margin))
    if ax.get_legend_handles_labels()[0]:
        ax.legend(loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=3, fontsize=8.5)
    return ax


def _score_name(metric: str) -> str:
    return "R²" if metric.endswith("r2") else "accuracy"


def _plot_metric(ax: "Axes", rows: Sequence[Row], metric: str) -> None:
    name, color, marker, shift = LOOKS[metric]
    kept: list[tuple[float, float]] = []
    for place, row in enumerate(rows):
        mean, y = row.percent(metric), place + shift
        if not mean.n:
            continue
        if mean.n > 1:
            values = [100 * value for value in row.values[metric]]
            ax.plot(values, [y] * mean.n, ".", color=color, ms=3, alpha=0.5)
        ax.plot([mean.low, mean.high], [y, y], color=color, lw=1.0, zorder=3)
        face = color if row.kept else "white"
        ax.plot([mean.mean], [y], marker, ms=5.5, mfc=face, mec=color, ls="none", zorder=4)
        kept += [(mean.mean, y)] if row.kept else []
    if kept:
        ax.plot(*zip(*kept, strict=True), "-", color=color, lw=1.2, alpha=0.55, zorder=2)
        ax.plot([], [], marker, color=color, ms=5.5, ls="-", lw=1.2, label=name)
