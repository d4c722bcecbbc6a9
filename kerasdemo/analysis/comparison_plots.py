"""Pictures of a comparison: what was swept against what came out, and the curves behind it.

Every function draws into `ax` (or a new figure) and returns it. Only what can be read is drawn:
of many groups a sample, of a diverged run its name and not its height.
"""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdemo.analysis.comparison import (
    Comparison,
    Group,
    label,
    less_is_better,
    metric_interval,
)
from kerasdemo.analysis.plots import CYCLE, GREY, INK, VERMILION, figure, style
from kerasdemo.records import files, read
from kerasdemo.records.index import Scalar

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MOST_CURVES = 7
MOST_LINES = 200
# The interval of two seeds is so wide that it hides both: they are drawn as lines of their own.
FEWEST_IN_A_BAND = 3
# Values that span this much are read on a log axis.
LOG_SPAN = 20
COLORS = "viridis"
LONGEST = 36
# Beside an axis, two texts nearer than this share of its height would be printed on each other.
LINE = 0.05


def save(comparison: Comparison, file: Path) -> None:
    """Draw a comparison: by its swept keys, and the curves behind it (.png, .svg, .pdf)."""
    with style():
        drawn = figure(13, 4.4)
        drawn.set_layout_engine("constrained")
        left, right = drawn.subplots(1, 2)
        by_keys(comparison, left)
        curves(comparison, right)
        files.write(file, lambda aside: drawn.savefig(aside), suffix=file.suffix or ".png")


def by_keys(comparison: Comparison, ax: "Axes | None" = None) -> "Axes":
    """Draw the metric over what was swept: a line, a heat map, parallel coordinates, or dots."""
    keys = comparison.keys
    if len(keys) == 1 and _numbers(_values(comparison, keys[0])):
        return line(comparison, ax)
    if len(keys) == 2 and len(comparison.groups) > 2 and not comparison.named:
        return heat_map(comparison, ax)
    if len(keys) > 2 and not comparison.named:
        return parallel(comparison, ax)
    return dots(comparison, ax)


def line(comparison: Comparison, ax: "Axes | None" = None) -> "Axes":
    """Draw mean and 95 % band over one swept number, on a log axis where the values are so."""
    ax = _axes(ax)
    key = comparison.keys[0]
    groups = sorted(comparison.groups, key=lambda g: float(g.values[key] or 0))
    x = [float(g.values[key] or 0) for g in groups]
    intervals = [g.interval for g in groups]
    ax.plot(x, [i.mean for i in intervals], "o-", color=CYCLE[0], ms=4)
    low = [i.low if math.isfinite(i.low) else i.mean for i in intervals]
    high = [i.high if math.isfinite(i.high) else i.mean for i in intervals]
    ax.fill_between(x, low, high, color=CYCLE[0], alpha=0.18, lw=0)
    if _is_log(x):
        ax.set_xscale("log")
    if len(x) <= 10:
        ax.set_xticks(x, [_text(g.values[key]) for g in groups])
        ax.minorticks_off()
    _readable(ax, [i.mean for i in intervals])
    for value, group in zip(x, groups, strict=True):
        if group.diverged or group.failed:
            _cross(ax, value, _lost(group))
    ax.set(xlabel=key, ylabel=comparison.metric, title=f"{comparison.metric}: mean and 95 % band")
    return ax


def heat_map(comparison: Comparison, ax: "Axes | None" = None) -> "Axes":
    """Draw the mean over two swept keys, each cell with its number.

    The best one is framed, and with a dashed line those that can't be told from it.
    """
    import numpy as np
    from matplotlib.patches import Rectangle

    ax = _axes(ax)
    row_key, column_key = comparison.keys[:2]
    rows, columns = _ordered(comparison, row_key), _ordered(comparison, column_key)
    grid = np.full((len(rows), len(columns)), np.nan)
    for group in comparison.groups:
        place = rows.index(group.values[row_key]), columns.index(group.values[column_key])
        # A mean of the seeds that survived would hide that the others did not.
        grid[place] = math.nan if group.diverged else group.interval.mean
    low, high = _limits(grid[np.isfinite(grid)].tolist())
    image = ax.imshow(grid, cmap=_colors(comparison.metric), vmin=low, vmax=high, aspect="auto")
    _cells(comparison, ax, rows, columns, image)
    ties = [one.group for one in comparison.ranked[1:] if one.rank == 1]
    best = comparison.groups[:1]
    for group in (*ties, *best) if comparison.groups[0].by_seed else ():
        x, y = columns.index(group.values[column_key]), rows.index(group.values[row_key])
        look: dict[str, Any] = {"lw": 2.5} if group in best else {"lw": 1.8, "ls": (0, (3, 2))}
        inner = 0.46 if group in best else 0.42
        corner = x - inner, y - inner
        frame = Rectangle(corner, 2 * inner, 2 * inner, fill=False, ec=VERMILION, **look)
        ax.add_patch(frame)
    ax.grid(visible=False)
    ax.set_xticks(range(len(columns)), [_text(value) for value in columns])
    ax.set_yticks(range(len(rows)), [_text(value) for value in rows])
    told = "; framed: the best" + (f", dashed: {len(ties)} tied with it" if ties else "")
    ax.set(xlabel=column_key, ylabel=row_key, title=f"{comparison.metric}: mean{told}")
    return ax


def _cells(
    comparison: Comparison, ax: "Axes", rows: list[Scalar], columns: list[Scalar], image: Any
) -> None:
    row_key, column_key = comparison.keys[:2]
    size = 9 if len(columns) <= 8 else 6
    for group in comparison.groups:
        x = columns.index(group.values[column_key])
        y = rows.index(group.values[row_key])
        lost = group.diverged or not group.by_seed
        text = _lost(group).replace(" ", "\n") if lost else f"{group.interval.mean:.3g}"
        shade = image.norm(group.interval.mean) if not lost else 1.0
        red, green, blue, _ = image.cmap(float(min(max(shade, 0), 1)))
        dark = not lost and 0.3 * red + 0.6 * green + 0.1 * blue < 0.5
        ax.text(x, y, text, ha="center", va="center", size=size, color="white" if dark else INK)


def parallel(comparison: Comparison, ax: "Axes | None" = None) -> "Axes":
    """Draw each group as a line through its values, coloured by the metric; the best on top."""
    import matplotlib as mpl

    ax = _axes(ax)
    groups = _sample([g for g in comparison.groups if g.by_seed], MOST_LINES)
    keys = [*comparison.keys, comparison.metric]
    scales = {key: _scale([_of(g, key) for g in groups]) for key in keys}
    means = [g.interval.mean for g in groups]
    low, high = _limits(means)
    norm, colors = mpl.colors.Normalize(low, high), mpl.colormaps[_colors(comparison.metric)]
    for place, group in reversed(list(enumerate(groups))):
        heights = [scales[key][_of(group, key)] for key in keys]
        color = colors(norm(group.interval.mean))
        ax.plot(range(len(keys)), heights, color=color, lw=2.5 if place == 0 else 1, alpha=0.8)
    for place, key in enumerate(keys):
        ax.axvline(place, color=GREY, lw=0.8)
        for value, height in _ticks(scales[key]):
            text = _shortened(_text(value), 14)
            box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.6}
            ax.text(
                place + 0.03, height, text, size=7.5, va="center", color=INK, bbox=box, zorder=4
            )
    ax.grid(visible=False)
    ax.set_yticks([])
    ax.set_xticks(range(len(keys)), [_short(key) for key in keys], rotation=20)
    ax.set_xlim(-0.2, len(keys) - 0.6)
    ax.set_title(f"{len(groups)} of {len(comparison.groups)} groups, the best drawn thick")
    return ax


def dots(comparison: Comparison, ax: "Axes | None" = None) -> "Axes":
    """Draw a dot and its 95 % interval for each group, and a small dot for each seed."""
    ax = _axes(ax)
    groups = _sample(comparison.groups, 25)
    for place, group in enumerate(groups):
        own = group.interval
        if not group.by_seed or group.diverged:
            ax.text(0.02, place, _lost(group), transform=_rowwise(ax), va="center", color=VERMILION)
        if group.by_seed:
            ax.plot(list(group.by_seed.values()), [place] * own.n, ".", color=GREY, ms=4)
            if math.isfinite(own.low):
                ax.plot([own.low, own.high], [place, place], color=CYCLE[0])
            ax.plot([own.mean], [place], "o", color=CYCLE[0], ms=6)
    ax.set_yticks(range(len(groups)), names(comparison, groups))
    ax.invert_yaxis()
    if comparison.metric == "seconds" and _is_log([g.interval.mean for g in groups if g.by_seed]):
        ax.set_xscale("log")
    ax.set(xlabel=comparison.metric, title="mean, 95 % interval, seeds")
    return ax


def _rowwise(ax: "Axes") -> Any:
    """Return coordinates that are a share of the width, and a row's place in the height."""
    return ax.get_yaxis_transform()


def curves(comparison: Comparison, ax: "Axes | None" = None) -> "Axes":
    """Draw the mean over seeds by epoch, with its 95 % band where there are three seeds or more.

    Of many groups a sample is drawn, from the best to the worst.
    """
    from matplotlib.ticker import MaxNLocator

    ax = _axes(ax)
    name = _curve_of(comparison.metric)
    chosen = _sample(comparison.groups, MOST_CURVES)
    ends: list[float] = []
    told = names(comparison, chosen)
    for color, group, text in zip(CYCLE, chosen, told, strict=False):
        histories = [getattr(read(run.path).history, name) for run in group.runs[:25]]
        bands = _bands([history for history in histories if history], name, group.examples)
        if not bands:
            continue
        epochs = range(1, len(bands) + 1)
        called = f"{text}, {_lost(group)}" if group.diverged else text
        ax.plot(epochs, [b.mean for b in bands], color=color, label=called)
        if len(group.by_seed) >= FEWEST_IN_A_BAND:
            low, high = [b.low for b in bands], [b.high for b in bands]
            ax.fill_between(epochs, low, high, color=color, alpha=0.15, lw=0)
        elif len(histories) > 1:
            for history in histories:
                ax.plot(range(1, len(history) + 1), history, color=color, lw=0.6, alpha=0.6)
        ends += [b.mean for b in bands]
    _readable(ax, ends)
    _name_hidden(ax)
    many = len(comparison.groups) > len(chosen)
    title = f"{len(chosen)} of {len(comparison.groups)} groups" if many else "all groups"
    ax.set(xlabel="epoch", ylabel=name, title=f"{name}: {title}, best first")
    if ax.get_legend_handles_labels()[0]:
        ax.legend(fontsize=7.5, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return ax


def names(comparison: Comparison, groups: Sequence[Group]) -> list[str]:
    """Return a short name for each group, no two alike: of the keys in which these differ."""
    if comparison.named or not comparison.keys:
        short = [_shortened(group.label, LONGEST) for group in groups]
    else:
        differ = [
            key for key in comparison.keys if len({repr(g.values[key]) for g in groups}) > 1
        ] or list(comparison.keys)
        short = [_parts(label({key: g.values[key] for key in differ})) for g in groups]
    counts, places = Counter(short), {id(g): n for n, g in enumerate(comparison.groups, 1)}
    return [
        text if counts[text] == 1 else f"{text} #{places[id(group)]}"
        for text, group in zip(short, groups, strict=True)
    ]


def _parts(text: str) -> str:
    """Return as many of the parts `key=value` as there is room for."""
    parts = text.split(", ")
    while len(parts) > 1 and len(" ".join(parts)) > LONGEST:
        parts.pop()
    told = _shortened(" ".join(parts), LONGEST)
    return told if len(parts) == len(text.split(", ")) else f"{told} …"


def _shortened(text: str, most: int) -> str:
    """Return a text without its middle, where it is too long: beginnings are often alike."""
    if len(text) <= most:
        return text
    return f"{text[: most // 2 - 1]}…{text[len(text) - most // 2 :]}"


def _bands(histories: Sequence[Sequence[float]], metric: str, examples: int | None) -> list[Any]:
    """Return the interval over seeds at each epoch that more than half of the runs reached."""
    if not histories:
        return []
    lengths = sorted(len(history) for history in histories)
    epochs = lengths[(len(lengths) - 1) // 2]
    values = [
        [h[e] for h in histories if e < len(h) and math.isfinite(h[e])] for e in range(epochs)
    ]
    return [metric_interval(at_epoch, metric, examples) for at_epoch in values]


def _curve_of(metric: str) -> str:
    """Return the curve that shows best what a metric is about: the test set has none."""
    return {
        "test_loss": "val_loss",
        "test_accuracy": "val_accuracy",
        "seconds": "accuracy",
    }.get(metric, metric)


def _axes(ax: "Axes | None") -> "Axes":
    return figure(6, 4.2).subplots() if ax is None else ax


def _values(comparison: Comparison, key: str) -> list[Scalar]:
    return [group.values[key] for group in comparison.groups]


def _numbers(values: Sequence[Scalar]) -> bool:
    return all(isinstance(v, int | float) and not isinstance(v, bool) for v in values)


def _ordered(comparison: Comparison, key: str) -> list[Scalar]:
    values = list(dict.fromkeys(_values(comparison, key)))
    return sorted(values, key=lambda v: (isinstance(v, str), v if _numbers([v]) else str(v)))


def _is_log(values: Sequence[float]) -> bool:
    return bool(values) and min(values) > 0 and max(values) / min(values) >= LOG_SPAN


def _limits(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Return limits that hold all values but outliers: beyond three interquartile ranges."""
    finite = sorted(v for v in values if math.isfinite(v))
    if len(finite) < 4:
        return (finite[0], finite[-1]) if finite else (None, None)
    low, high = finite[len(finite) // 4], finite[3 * len(finite) // 4]
    reach = 3 * max(high - low, abs(high) * 1e-3)
    return max(finite[0], low - reach), min(finite[-1], high + reach)


def _readable(ax: "Axes", values: Sequence[float]) -> None:
    """Let no outlier flatten the axis."""
    low, high = _limits(values)
    if low is not None and high is not None and high > low:
        margin = 0.06 * (high - low)
        ax.set_ylim(low - margin, high + margin)


def _name_hidden(ax: "Axes") -> None:
    """Say in the key which curves lie outside of the axis."""
    low, high = ax.get_ylim()
    lines: list[Any] = list(ax.get_lines())
    for drawn in lines:
        heights = [y for y in drawn.get_ydata() if math.isfinite(y)]
        name = drawn.get_label()
        if heights and not name.startswith("_"):
            where = "below" if max(heights) < low else "above" if min(heights) > high else ""
            drawn.set_label(f"{name}, {where}" if where else name)


def _cross(ax: "Axes", x: float, text: str) -> None:
    ax.plot([x], [0.03], "x", color=VERMILION, ms=7, transform=ax.get_xaxis_transform())
    ax.annotate(
        text,
        (x, 0.05),
        xycoords=ax.get_xaxis_transform(),
        rotation=90,
        size=7.5,
        ha="center",
        va="bottom",
        color=VERMILION,
    )


def _lost(group: Group) -> str:
    word, count = ("diverged", group.diverged) if group.diverged else ("failed", group.failed)
    return f"{count}/{len(group.runs)} {word}" if count else "no value"


def _colors(metric: str) -> str:
    """Return the colour map in which bright is good."""
    return f"{COLORS}_r" if less_is_better(metric) else COLORS


def _sample(groups: Sequence[Group], most: int) -> list[Group]:
    """Return the best half of `most`, and the rest evenly down to the worst."""
    if len(groups) <= most:
        return list(groups)
    top = most // 2
    step = (len(groups) - 1 - top) / (most - 1 - top)
    return [*groups[:top], *(groups[top + round(i * step)] for i in range(most - top))]


def _of(group: Group, key: str) -> Scalar:
    return group.values.get(key, group.interval.mean)


def _scale(values: Sequence[Scalar]) -> dict[Scalar, float]:
    """Return value -> height, 0 to 1: numbers to scale (log if they span much), words evenly."""
    distinct = list(dict.fromkeys(values))
    if not _numbers(distinct):
        distinct.sort(key=str)
        return {v: i / max(len(distinct) - 1, 1) for i, v in enumerate(distinct)}
    numbers = [float(v) for v in distinct if v is not None]
    shape = math.log if _is_log(numbers) else float
    low, high = shape(min(numbers)), shape(max(numbers))
    return {v: (shape(float(v or 0)) - low) / ((high - low) or 1) for v in distinct}


def _ticks(scale: dict[Scalar, float]) -> list[tuple[Scalar, float]]:
    """Return the values to write beside an axis: those that have room, from both ends on."""
    pairs = sorted(scale.items(), key=lambda pair: pair[1])
    chosen = pairs[:1]
    for pair in pairs[1:-1]:
        if pair[1] - chosen[-1][1] >= LINE and pairs[-1][1] - pair[1] >= LINE:
            chosen.append(pair)
    return [*chosen, *pairs[1:][-1:]]


def _short(key: str) -> str:
    return key.removesuffix(".name").rsplit(".", 1)[-1]


def _text(value: Scalar) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
