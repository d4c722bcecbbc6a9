"""Pictures of a comparison: the metric over what was varied, and the curves behind it.

Every function draws into `ax` (or a new figure) and returns it. Of many groups a sample is drawn; a
group that diverged is named, so that its value does not stretch the axis.
"""

import itertools
import math
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kerasdemo.comparison.comparison import Comparison
from kerasdemo.comparison.groups import Group, format_value, is_number, sample, short_names
from kerasdemo.comparison.metrics import TIMES, is_accuracy, less_is_better
from kerasdemo.comparison.statistics import LOG_SPAN, Interval, metric_interval, spans
from kerasdemo.config import Fault, InputError
from kerasdemo.display import style
from kerasdemo.display.group_names import group_names, shorten
from kerasdemo.display.style import CAUTION_BOX, CYCLE, GRAY, INK, VERMILION, plain
from kerasdemo.records import Scalar, read

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.typing import LineStyleType

MOST_CURVES, MOST_DOTS, MOST_LINES = 7, 25, 200
# Runs of a group whose curves are read.
MOST_RUNS = 25
# The interval of two seeds is so wide that it hides both: they are drawn as lines of their own.
FEWEST_IN_A_BAND = 3
# Of losses without a common scale, the smaller one would be flat beyond this ratio.
SCALE_RATIO = 4
COLORS = "viridis"
# Inches of a panel with what is written beside it, and of a line in its title at least.
PANEL, NARROWEST = 5.6, 3.4
# Characters of a line in the whole picture.
WIDEST = 160
# Room for the names of groups beside dots, in inches; their sizes and those in a legend, in points.
NAMES_WIDTH, NAMES_HEIGHT, LEGEND_WIDTH = 2.4, 3.4, 2.3
NAME_SIZES, LEGEND_SIZE, TITLE_SIZE = (9.5, 8.0, 7.0, 6.0, 5.0), 7.5, 10
# Beside a parallel axis two texts nearer than this share of its height would overlap.
LINE = 0.05
# So many values of a parallel axis are all written beside it; of more, only its two ends.
MOST_WRITTEN = 16
# Characters that have room beside each other, between all parallel axes.
ROOM = 85
# So many values of a numeric axis have a tick each, in even steps where two of them would be
# nearer than this share of the axis.
MOST_TICKS = 10
CROWDED = 0.04
# An interval that reaches further beyond the values than this many times their range is cut off
# and described in words; a range below these counts as such a range (points of an accuracy, or a
# share of the largest value).
REACH = 2.0
LEAST_RANGE, LEAST_SHARE = 0.1, 0.25
MOST_DESCRIBED = 3
# Beside its color, a curve has its own dashes.
DASHES: "tuple[LineStyleType, ...]" = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)))
NO_LIMITS = (-math.inf, math.inf)


@style.style()
def save(comparison: Comparison, file: Path) -> None:
    """Write a picture of a comparison (.png, .svg, .pdf).

    Raises:
        InputError: where there is no such folder, or matplotlib does not know the format.
    """
    if file.is_dir() or not file.parent.is_dir():
        problem = "is a folder; expected a file" if file.is_dir() else "there is no such folder"
        raise InputError(Fault(problem, str(file)))
    style.save(plot_comparison(comparison), file)


@style.style()
def plot_comparison(comparison: Comparison) -> "Figure":
    """Draw groups and curves side by side, below the cautions of the comparison."""
    lines = [line for text in comparison.cautions for line in textwrap.wrap(text, WIDEST)]
    drawn = style.figure(13, 4.4 + 0.2 * len(lines) + (0.15 if lines else 0))
    drawn.set_layout_engine("constrained", h_pad=0.08)
    left, right = drawn.subplots(1, 2)
    plot_groups(comparison, left)
    plot_curves(comparison, right)
    if lines:
        drawn.suptitle(
            plain("\n".join(lines)), x=0.01, ha="left", size=9, color="k", bbox=CAUTION_BOX
        )
    return drawn


def plot_groups(comparison: Comparison, ax: "Axes | None" = None) -> "Axes":
    """Draw the metric over the keys: a line, a heat map, parallel coordinates, or dots.

    Groups with names and groups without a common scale are dots.
    """
    keys = comparison.keys
    if comparison.scales > 1:
        plot = plot_dots
    elif len(keys) == 1 and all(is_number(group.values[keys[0]]) for group in comparison.groups):
        plot = plot_line
    elif len(keys) == 2 and len(comparison.groups) > 2 and not comparison.named:
        plot = plot_heat_map
    elif len(keys) > 2 and not comparison.named:
        plot = plot_parallel
    else:
        plot = plot_dots
    return plot(comparison, ax)


@style.style()
def plot_line(comparison: Comparison, ax: "Axes | None" = None) -> "Axes":
    """Draw mean and 95 % interval over one swept number, on a log axis where it spans much."""
    ax = style.new_axes() if ax is None else ax
    key, metric = comparison.keys[0], comparison.metric
    pairs = sorted(((float(g.values[key] or 0), g) for g in comparison.groups), key=lambda p: p[0])
    x, groups = [value for value, _ in pairs], [group for _, group in pairs]
    is_log = spans(x)
    at = [math.log(value) for value in x] if is_log else x
    gaps = [after - before for before, after in itertools.pairwise(at)]
    is_crowded = bool(gaps) and min(gaps) < CROWDED * (at[-1] - at[0])
    if is_even := len(x) <= MOST_TICKS and is_crowded:
        x = [float(n) for n in range(len(groups))]
    elif is_log:
        ax.set_xscale("log")
    ax.errorbar(
        x, [g.interval.mean for g in groups], _reach(groups), fmt="o-", color=CYCLE[0], ms=4.5,
        elinewidth=1, capsize=3, zorder=3,
    )  # fmt: skip
    for place, group in zip(x, groups, strict=True):
        seeds = [*group.by_seed.values()]
        if len(seeds) > 1:
            ax.plot([place] * len(seeds), seeds, "_", color=INK, ms=8, zorder=4)
        if group.diverged or group.failed:
            across = ax.get_xaxis_transform()
            ax.plot([place], [0.03], "x", color=VERMILION, ms=7, transform=across)
            ax.annotate(
                _describe_lost(group), (place, 0.05), xycoords=across, rotation=90, size=7.5,
                ha="center", va="bottom", color=VERMILION,
            )  # fmt: skip
    if len(x) <= MOST_TICKS:
        ax.set_xticks(x, [plain(format_value(g.values[key])) for g in groups])
        ax.minorticks_off()
    name = short_names([key])[key]
    names = [f"{name}={format_value(g.values[key])}" for g in groups]
    beyond = _fit_groups(ax.set_ylim, groups, names)
    ax.set(xlabel=f"{key} (in even steps)" if is_even else key, ylabel=_metric_label(metric))
    _set_title(ax, f"{metric}: {_describe_marks(groups)}", beyond)
    return ax


@style.style()
def plot_heat_map(comparison: Comparison, ax: "Axes | None" = None) -> "Axes":
    """Draw the mean over two swept keys, each cell with its number.

    The best one is framed, and with a dashed line those that tie with it.
    """
    import numpy as np
    from matplotlib.patches import Rectangle

    ax = style.new_axes() if ax is None else ax
    row_key, column_key = comparison.keys[:2]
    rows, columns = (comparison.values_of(key) for key in (row_key, column_key))
    cells = [
        (rows.index(g.values[row_key]), columns.index(g.values[column_key]), g)
        for g in comparison.groups
    ]
    grid = np.full((len(rows), len(columns)), np.nan)
    for y, x, group in cells:
        # A mean of the seeds that survived would hide that the others did not.
        grid[y, x] = math.nan if group.diverged else group.interval.mean
    low, high = _range_without_outliers(grid.ravel().tolist())
    image = ax.imshow(grid, cmap=_color_map(comparison), vmin=low, vmax=high, aspect="auto")
    size = 9 if len(columns) <= 8 else 6
    for y, x, group in cells:
        is_lost = math.isnan(grid[y, x])
        text = _describe_lost(group).replace(" ", "\n") if is_lost else f"{grid[y, x]:.3g}"
        red, green, blue, _ = image.to_rgba(grid[y, x])
        is_dark = not is_lost and 0.3 * red + 0.6 * green + 0.1 * blue < 0.5
        color = "white" if is_dark else INK
        ax.text(x, y, text, ha="center", va="center", size=size, color=color)
    ties = [one.group for one in comparison.ranked[1:] if one.rank == 1]
    best = comparison.groups[0]
    for y, x, group in reversed(cells) if best.by_seed else ():
        if group is best or group in ties:
            inner, width, dashes = (0.46, 2.5, "-") if group is best else (0.42, 1.8, (0, (3, 2)))
            frame = Rectangle((x - inner, y - inner), 2 * inner, 2 * inner, fill=False)
            frame.set(edgecolor=VERMILION, linewidth=width, linestyle=dashes)
            ax.add_patch(frame)
    ax.grid(visible=False)
    ax.set_xticks(range(len(columns)), [plain(format_value(value)) for value in columns])
    ax.set_yticks(range(len(rows)), [plain(format_value(value)) for value in rows])
    tied = f", dashed: {len(ties)} tied with it" if ties else ""
    title = f"{comparison.metric}: mean; framed: the best{tied}"
    ax.set(xlabel=column_key, ylabel=row_key, title=title)
    return ax


@style.style()
def plot_parallel(comparison: Comparison, ax: "Axes | None" = None) -> "Axes":
    """Draw each group as a line through its values, colored by the metric; the best on top.

    Beside an axis stands every value that it has, moved apart where they are near each other; of
    an axis with more than `MOST_WRITTEN` only the two ends, and the title says so.
    """
    import matplotlib as mpl

    ax = style.new_axes() if ax is None else ax
    groups = sample([g for g in comparison.groups if g.by_seed], MOST_LINES)
    rows = [{**g.values, comparison.metric: g.interval.mean} for g in groups]
    keys = [*comparison.keys, comparison.metric]
    scales = {key: _heights([row[key] for row in rows]) for key in keys}
    low, high = _range_without_outliers([g.interval.mean for g in groups])
    norm, colors = mpl.colors.Normalize(low, high), mpl.colormaps[_color_map(comparison)]
    for place, (group, row) in reversed(list(enumerate(zip(groups, rows, strict=True)))):
        heights, color = [scales[key][row[key]] for key in keys], colors(norm(group.interval.mean))
        ax.plot(range(len(keys)), heights, color=color, lw=2.5 if place == 0 else 1, alpha=0.8)
    for place, key in enumerate(keys):
        ax.axvline(place, color=GRAY, lw=0.8)
        for text, height, y in _spread_texts(scales[key], max(5, ROOM // len(keys))):
            box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.6}
            ax.text(place + 0.06, y, text, size=7.5, va="center", color=INK, bbox=box, zorder=4)
            ax.plot([place, place + 0.05], [height, y], color=GRAY, lw=0.6, label="_value")
    ax.grid(visible=False)
    ax.set_yticks([])
    labels = [*short_names(comparison.keys).values(), _metric_label(comparison.metric, share="")]
    steep = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(range(len(keys)), labels, **(steep if len(keys) > 6 else {"rotation": 20}))
    ax.set_xlim(-0.2, len(keys) - 0.6)
    every = len(comparison.groups)
    title = f"all {every} groups" if len(groups) == every else f"{len(groups)} of {every} groups"
    title += ", the best drawn thick"
    if any(len(scale) > MOST_WRITTEN for scale in scales.values()):
        title += f"; of an axis with more than {MOST_WRITTEN} values the two ends are written"
    _set_title(ax, title)
    return ax


@style.style()
def plot_dots(comparison: Comparison, ax: "Axes | None" = None) -> "Axes":
    """Draw a dot and its 95 % interval for each group, and a tick for each seed."""
    ax = style.new_axes() if ax is None else ax
    metric = comparison.metric
    groups = sample(comparison.groups, MOST_DOTS)
    ax.errorbar(
        [g.interval.mean for g in groups], range(len(groups)), xerr=_reach(groups), fmt="o",
        color=CYCLE[0], ms=6,
    )  # fmt: skip
    for y, group in enumerate(groups):
        seeds = [*group.by_seed.values()]
        if not seeds or group.diverged:
            # A share of the width, and a row's place.
            place = ax.get_yaxis_transform()
            text = _describe_lost(group)
            ax.text(0.02, y, text, transform=place, va="center", color=VERMILION)
        if len(seeds) > 1:
            ax.plot(seeds, [y] * len(seeds), "|", color=INK, ms=8, zorder=4)
    names = group_names(comparison, groups)
    labels, size = _fit_names(names)
    ax.set_yticks(range(len(groups)), labels, size=size)
    ax.invert_yaxis()
    means = [g.interval.mean for g in groups if g.by_seed]
    ratio = SCALE_RATIO if comparison.scales > 1 else LOG_SPAN if metric in TIMES else math.inf
    is_log = spans(means, ratio)
    beyond = [] if is_log else _fit_groups(ax.set_xlim, groups, names)
    if is_log:
        ax.set_xscale("log")
        _use_plain_log_ticks(ax.xaxis)
    no_scale = "; no common scale" if comparison.scales > 1 else ""
    ax.set_xlabel(_metric_label(metric) + no_scale)
    widest = max((style.width(n, size) for label in labels for n in label.split("\n")), default=0)
    _set_title(ax, _describe_marks(groups), beyond, max(NARROWEST, PANEL - widest))
    return ax


@style.style()
def plot_curves(comparison: Comparison, ax: "Axes | None" = None) -> "Axes":
    """Draw the mean over seeds by epoch, with its 95 % band where there are three seeds or more.

    Of many groups a sample is drawn, from the best to the worst. Of the test set, which is
    evaluated once, the validation curves are drawn, and of seconds the training score.
    """
    ax = style.new_axes() if ax is None else ax
    metric = comparison.metric.replace("test_", "val_")
    metric = comparison.score if metric in TIMES else metric
    groups = sample(comparison.groups, MOST_CURVES)
    names = group_names(comparison, groups)
    # Name -> what is drawn: means and single seeds; ends of the bands.
    curves: dict[str, tuple[list[float], list[float]]] = {}
    for place, (group, name) in enumerate(zip(groups, names, strict=True)):
        histories = [getattr(read(run.path).history, metric) for run in group.runs[:MOST_RUNS]]
        histories = [history for history in histories if history]
        means = _means_by_epoch(histories, metric, group.examples)
        if not means:
            continue
        epochs, color = range(1, len(means) + 1), CYCLE[place % len(CYCLE)]
        ax.plot(
            epochs, [m.mean for m in means], color=color, ls=DASHES[place % len(DASHES)],
            label=f"{name}, {_describe_lost(group)}" if group.diverged else name,
            marker="o" if len(means) == 1 else None, ms=4.5,
        )  # fmt: skip
        values, ends = [m.mean for m in means], []
        if len(group.by_seed) >= FEWEST_IN_A_BAND:
            low, high = [m.low for m in means], [m.high for m in means]
            ax.fill_between(epochs, low, high, color=color, alpha=0.15, lw=0)
            ends = [*low, *high]
        elif len(histories) > 1:
            values += [value for history in histories for value in history]
            for history in histories:
                ax.plot(range(1, len(history) + 1), history, color=color, lw=0.6, alpha=0.6)
        curves[name] = values, ends
    beyond: list[str] = []
    values = [v for some, _ in curves.values() for v in some]
    if comparison.scales > 1 and spans(values, SCALE_RATIO):
        ax.set_yscale("log")
        _use_plain_log_ticks(ax.yaxis)
    else:
        beyond = _fit_curves(ax, curves, metric)
    many = len(comparison.groups) > len(groups)
    title = f"{len(groups)} of {len(comparison.groups)} groups" if many else "all groups"
    title += ", best first" if comparison.scales == 1 else ", no common scale"
    counts = {len(group.by_seed) for group in groups}
    title += "; band: 95 %" if max(counts, default=0) >= FEWEST_IN_A_BAND else ""
    title += "; thin: each seed" if 2 in counts else ""
    ax.set(xlabel="epoch", ylabel=_metric_label(metric))
    _set_title(ax, f"{metric}: {title}", beyond)
    if ax.get_legend_handles_labels()[0]:
        handles, labels = ax.get_legend_handles_labels()
        ax.legend(
            handles, [_in_lines(label, LEGEND_WIDTH, LEGEND_SIZE) for label in labels],
            fontsize=LEGEND_SIZE, loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=2.8,
        )  # fmt: skip
    style.use_epoch_ticks(ax)
    return ax


def _reach(groups: Sequence[Group]) -> list[list[float]]:
    """Return how far each group's interval reaches below and above its mean; NaN without one."""
    means = [group.interval for group in groups]
    return [[m.mean - m.low for m in means], [m.high - m.mean for m in means]]


def _means_by_epoch(
    histories: Sequence[Sequence[float]], metric: str, examples: int | None
) -> list[Interval]:
    """Return the interval over seeds at each epoch that more than half of the runs reached."""
    lengths = sorted(map(len, histories))
    values = [
        [h[epoch] for h in histories if epoch < len(h) and math.isfinite(h[epoch])]
        for epoch in range(lengths[(len(lengths) - 1) // 2] if lengths else 0)
    ]
    return [metric_interval(at_epoch, metric, examples) for at_epoch in values]


# What is written.


def _describe_marks(groups: Sequence[Group]) -> str:
    """Return what dots and bars mean."""
    if any(len(group.by_seed) > 1 for group in groups):
        return "mean over seeds, 95 % interval, each seed a tick"
    has_interval = any(math.isfinite(group.interval.low) for group in groups)
    return "one seed" + (", 95 % interval of its examples" if has_interval else "")


def _describe_lost(group: Group) -> str:
    """Return how many runs of a group diverged or failed."""
    word, count = ("diverged", group.diverged) if group.diverged else ("failed", group.failed)
    return f"{count}/{len(group.runs)} {word}" if count else "no value"


def _metric_label(metric: str, share: str = " (share of examples)") -> str:
    """Return a metric with its unit; a loss has none."""
    if is_accuracy(metric):
        return f"{metric}{share}"
    return f"{metric} [s]" if metric in TIMES else metric


def _set_title(
    ax: "Axes", text: str, beyond: Sequence[str] = (), inches: float = PANEL - 0.3
) -> None:
    """Set a title in lines of so many inches, with what is beyond the axis below it."""
    texts = [text]
    if beyond:
        more = len(beyond) - MOST_DESCRIBED
        shown = "; ".join(beyond[:MOST_DESCRIBED]) + (f" and {more} more" if more > 0 else "")
        texts.append(f"beyond the axis: {shown}")
    ax.set_title("\n".join(_in_lines(one, inches, TITLE_SIZE) for one in texts))


def _in_lines(name: str, inches: float, size: float) -> str:
    """Return an escaped text whose lines are no wider than that; `size` in points."""
    lines = name.replace(r"\$", "$").split("\n")
    return plain("\n".join(line for one in lines for line in style.wrap(one, inches, size)))


def _fit_names(names: Sequence[str]) -> tuple[list[str], float]:
    """Return names in lines that have room beside the dots, and their size in points."""
    labels, size = list(names), NAME_SIZES[0]
    for size in NAME_SIZES:
        labels = [_in_lines(name, NAMES_WIDTH, size) for name in names]
        if sum(1 + label.count("\n") for label in labels) * 1.3 * size / 72 <= NAMES_HEIGHT:
            break
    return labels, size


# Which groups, and in what order.


def _color_map(comparison: Comparison) -> str:
    """Return the color map in which bright is good."""
    return f"{COLORS}_r" if less_is_better(comparison.metric) else COLORS


# Axes and their limits.


def _use_plain_log_ticks(axis: "Axis") -> None:
    """Number a log axis without powers: at 1, 2 and 5, of many decades at 1 only."""
    from matplotlib.ticker import LogLocator, NullLocator

    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0) if high < 1000 * low else (1.0,)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter("{x:g}")


def _range_without_outliers(values: Sequence[float]) -> tuple[float, float]:
    """Return the range of the values within three interquartile ranges; 0 to 1 for none."""
    finite = sorted(v for v in values if math.isfinite(v))
    if len(finite) < 4:
        return (finite[0], finite[-1]) if finite else (0.0, 1.0)
    low, high = finite[len(finite) // 4], finite[3 * len(finite) // 4]
    reach = 3 * max(high - low, abs(high) * 1e-3)
    return max(finite[0], low - reach), min(finite[-1], high + reach)


def _fit_axis(
    set_limits: Callable[[float, float], object],
    values: Sequence[float],
    ends: Sequence[float],
    metric: str,
) -> tuple[float, float]:
    """Set the limits of an axis around values and those ends of intervals that are near.

    Returns:
        The limits; infinite where they were not set.
    """
    if not any(map(math.isfinite, values)):
        return NO_LIMITS
    low, high = _range_without_outliers(values)
    least = LEAST_RANGE if is_accuracy(metric) else LEAST_SHARE * max(abs(low), abs(high))
    reach = REACH * max(high - low, least)
    near = [v for v in (*values, *ends) if low - reach <= v <= high + reach]
    low, high = min(near), max(near)
    if high <= low:
        return NO_LIMITS
    margin = 0.06 * (high - low)
    set_limits(low - margin, high + margin)
    return low - margin, high + margin


def _is_beyond(values: Sequence[float], limits: tuple[float, float]) -> bool:
    return any(math.isfinite(v) and not limits[0] <= v <= limits[1] for v in values)


def _fit_groups(
    set_limits: Callable[[float, float], object], groups: Sequence[Group], names: Sequence[str]
) -> list[str]:
    """Fit an axis to means, seeds and near ends of intervals; return what is beyond, in words."""
    shown = [
        (g, " ".join(name.split())) for g, name in zip(groups, names, strict=True) if g.by_seed
    ]
    values = [v for g, _ in shown for v in (g.interval.mean, *g.by_seed.values())]
    ends = [end for g, _ in shown for end in (g.interval.low, g.interval.high)]
    limits = _fit_axis(set_limits, values, ends, groups[0].metric)
    return [
        f"{name}: {g.interval}"
        for g, name in shown
        if _is_beyond([g.interval.low, g.interval.high, *g.by_seed.values()], limits)
    ]


def _fit_curves(
    ax: "Axes", curves: dict[str, tuple[list[float], list[float]]], metric: str
) -> list[str]:
    """Fit the y axis to curves, seeds and near bands; return what is beyond, in words.

    The legend names the curves that lie outside altogether.
    """
    values = [v for some, _ in curves.values() for v in some]
    ends = [v for _, some in curves.values() for v in some]
    low, high = limits = _fit_axis(ax.set_ylim, values, ends, metric)
    beyond = []
    for name, parts in curves.items():
        for what, part in zip(("", "band of "), parts, strict=True):
            if _is_beyond(part, limits):
                finite = [v for v in part if math.isfinite(v)]
                reached = [f"up to {max(finite):.4g}"] if max(finite) > high else []
                reached += [f"down to {min(finite):.4g}"] if min(finite) < low else []
                beyond.append(f"{what}{' '.join(name.split())} {', '.join(reached)}")
                break
    for line in ax.get_lines():
        heights = [y for y in style.y_values([line]) if math.isfinite(y)]
        if heights and not str(line.get_label()).startswith("_"):
            where = ", below" if max(heights) < low else ", above" if min(heights) > high else ""
            line.set_label(f"{line.get_label()}{where}")
    return beyond


# Parallel coordinates.


def _heights(values: Sequence[Scalar]) -> dict[Scalar, float]:
    """Return value -> height, 0 to 1: numbers to scale (log if they span much), words evenly."""
    distinct = list(dict.fromkeys(values))
    if not all(map(is_number, distinct)):
        distinct.sort(key=str)
        return {v: i / max(len(distinct) - 1, 1) for i, v in enumerate(distinct)}
    numbers = [float(v or 0) for v in distinct]
    shape = math.log if spans(numbers) else float
    low, high = shape(min(numbers)), shape(max(numbers))
    return {v: (shape(float(v or 0)) - low) / ((high - low) or 1) for v in distinct}


def _spread_texts(heights: dict[Scalar, float], most: int) -> list[tuple[str, float, float]]:
    """Return (text, height, where it is written) of every value, or of the two ends alone.

    Args:
        heights: value -> height on its axis.
        most: characters of a text, unless more are needed to tell two apart.
    """
    pairs = sorted(heights.items(), key=lambda pair: pair[1])
    if len(pairs) > MOST_WRITTEN:
        pairs = [pairs[0], pairs[-1]]
    words = [plain(format_value(value)) for value, _ in pairs]
    short = [shorten(word, most) for word in words]
    if len(set(short)) < len(set(words)):
        short = words
    places: list[float] = []
    for _, height in pairs:
        places.append(max(height, places[-1] + LINE) if places else height)
    # What was moved beyond the upper end is moved back, and what is in its way with it.
    top = 1.0
    for n in reversed(range(len(places))):
        places[n] = min(places[n], top)
        top = places[n] - LINE
    return [(word, h, at) for word, (_, h), at in zip(short, pairs, places, strict=True)]
