"""Pictures of a comparison: what was swept against what came out, and the curves behind it.

Every function draws into `ax` (or a new figure) and returns it. Only what can be read is drawn:
of many groups a sample, of a diverged run its name and not its height.
"""

import itertools
import math
import textwrap
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdemo.comparison.comparison import Comparison
from kerasdemo.comparison.groups import MISSING, Group
from kerasdemo.comparison.metrics import TIMES, is_accuracy, less_is_better
from kerasdemo.comparison.statistics import metric_interval
from kerasdemo.display.style import BLACK, CYCLE, GRAY, INK, VERMILION, YELLOW, figure, style
from kerasdemo.records import Scalar, files, read

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_CURVES = 7
MOST_LINES = 200
# The interval of two seeds is so wide that it hides both: they are drawn as lines of their own.
FEWEST_IN_A_BAND = 3
# Values that span this much are read on a log axis.
LOG_SPAN = 20
# Of losses without a common scale, the smaller one would be flat beyond this.
APART = 4
COLORS = "viridis"
# Characters of a legend's line, of a value in it, of a panel's title, and of the whole picture.
LONGEST = 36
LONGEST_VALUE = 24
TITLE = 64
WIDEST = 160
# Beside an axis, two texts nearer than this share of its height would be printed on each other.
LINE = 0.05
# Of a swept number so many values are all written, if none is nearer to another than this share.
MOST_TICKS = 10
CROWDED = 0.04
# So many values of a parallel axis are all written beside it; of more, only its two ends.
MOST_WRITTEN = 16
# Characters that have room beside each other, between all the axes.
ROOM = 85
# An interval that reaches further beyond the values than this many times their range is cut off,
# and told in words; a range below these shares counts as such a range.
REACH = 2.0
LEAST_RANGE, LEAST_SHARE = 0.1, 0.25
# Told in words, of what lies beyond an axis.
TOLD = 3
# Beside its colour, a curve has its own dashes.
DASHES: tuple[Any, ...] = ("-", (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)))


def save(comparison: Comparison, file: Path) -> None:
    """Draw a comparison: by its swept keys, and the curves behind it (.png, .svg, .pdf)."""
    with style():
        drawn = picture(comparison)
        files.write(file, lambda aside: drawn.savefig(aside), suffix=file.suffix or ".png")


def picture(comparison: Comparison) -> "Figure":
    """Return both panels, below what a reader must know of runs that are not alike."""
    told = [line for text in comparison.cautions for line in textwrap.wrap(text, WIDEST)]
    drawn = figure(13, 4.4 + 0.2 * len(told) + (0.15 if told else 0))
    drawn.set_layout_engine("constrained", h_pad=0.08)
    left, right = drawn.subplots(1, 2)
    by_keys(comparison, left)
    curves(comparison, right)
    if told:
        box = {"boxstyle": "square,pad=0.35", "facecolor": YELLOW, "edgecolor": BLACK}
        drawn.suptitle("\n".join(told), x=0.01, ha="left", size=9, color=BLACK, bbox=box)
    return drawn


def by_keys(comparison: Comparison, ax: "Axes | None" = None) -> "Axes":
    """Draw the metric over what was swept: a line, a heat map, parallel coordinates, or dots.

    What has no common scale is dots, each group for itself.
    """
    keys = comparison.keys
    if comparison.scales > 1:
        return dots(comparison, ax)
    if len(keys) == 1 and _numbers(_values(comparison, keys[0])):
        return line(comparison, ax)
    if len(keys) == 2 and len(comparison.groups) > 2 and not comparison.named:
        return heat_map(comparison, ax)
    if len(keys) > 2 and not comparison.named:
        return parallel(comparison, ax)
    return dots(comparison, ax)


def line(comparison: Comparison, ax: "Axes | None" = None) -> "Axes":
    """Draw mean and 95 % interval over one swept number, on a log axis where the values are so."""
    ax = _axes(ax)
    key = comparison.keys[0]
    groups = sorted(comparison.groups, key=lambda g: float(g.values[key] or 0))
    values = [float(g.values[key] or 0) for g in groups]
    # Where most would lie on each other beside one that is far away, they stand in even steps.
    even = len(values) <= MOST_TICKS and _is_crowded(values)
    x = [float(n) for n in range(len(groups))] if even else values
    intervals = [g.interval for g in groups]
    ax.plot(x, [i.mean for i in intervals], "o-", color=CYCLE[0], ms=4.5, zorder=3)
    for place, group in zip(x, groups, strict=True):
        own = group.interval
        if math.isfinite(own.low):
            ax.errorbar(
                [place], [own.mean], [[own.mean - own.low], [own.high - own.mean]],
                color=CYCLE[0], lw=1, capsize=3, zorder=2,
            )  # fmt: skip
        if own.n > 1:
            ax.plot([place] * own.n, [*group.by_seed.values()], "_", color=INK, ms=8, zorder=4)
    if _is_log(x) and not even:
        ax.set_xscale("log")
    if len(x) <= MOST_TICKS:
        ax.set_xticks(x, [_text(g.values[key]) for g in groups])
        ax.minorticks_off()
    beyond = _show(ax.set_ylim, groups, [f"{_short(key)}={_text(g.values[key])}" for g in groups])
    for value, group in zip(x, groups, strict=True):
        if group.diverged or group.failed:
            _cross(ax, value, _lost(group))
    ax.set(xlabel=f"{key} (in even steps)" if even else key, ylabel=_with_unit(comparison.metric))
    _title(ax, f"{comparison.metric}: {_marks(groups)}", beyond)
    return ax


def _marks(groups: Sequence[Group]) -> str:
    """Return what dots and bars mean."""
    most = max((len(group.by_seed) for group in groups), default=0)
    measured = any(math.isfinite(group.interval.low) for group in groups)
    if most > 1:
        return "mean over seeds, 95 % interval, each seed a tick"
    return "one seed" + (", 95 % interval of its examples" if measured else "")


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
    """Draw each group as a line through its values, coloured by the metric; the best on top.

    Beside an axis stands every value that it has, moved apart where they are near each other; of
    an axis with more than `MOST_WRITTEN` only the two ends, and the title says so.
    """
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
        ax.axvline(place, color=GRAY, lw=0.8)
        for text, height, at in _ticks(scales[key], max(5, ROOM // len(keys))):
            box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.6}
            ax.text(place + 0.06, at, text, size=7.5, va="center", color=INK, bbox=box, zorder=4)
            ax.plot([place, place + 0.05], [height, at], color=GRAY, lw=0.6, label="_value")
    ax.grid(visible=False)
    ax.set_yticks([])
    steep = {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    ax.set_xticks(
        range(len(keys)), [*map(_short, comparison.keys), _with_seconds(comparison.metric)],
        **(steep if len(keys) > 6 else {"rotation": 20}),
    )  # fmt: skip
    ax.set_xlim(-0.2, len(keys) - 0.6)
    all_of = len(groups) == len(comparison.groups)
    drawn = (
        f"all {len(groups)} groups"
        if all_of
        else f"{len(groups)} of {len(comparison.groups)} groups"
    )
    told = f"{drawn}, the best drawn thick"
    if any(len(scale) > MOST_WRITTEN for scale in scales.values()):
        told += f"; of an axis with more than {MOST_WRITTEN} values the two ends are written"
    _title(ax, told)
    return ax


def dots(comparison: Comparison, ax: "Axes | None" = None) -> "Axes":
    """Draw a dot and its 95 % interval for each group, and a tick for each seed."""
    ax = _axes(ax)
    groups = _sample(comparison.groups, 25)
    for place, group in enumerate(groups):
        own = group.interval
        if not group.by_seed or group.diverged:
            ax.text(0.02, place, _lost(group), transform=_rowwise(ax), va="center", color=VERMILION)
        if group.by_seed:
            if own.n > 1:
                seeds = [*group.by_seed.values()]
                ax.plot(seeds, [place] * own.n, "|", color=INK, ms=8, zorder=4)
            if math.isfinite(own.low):
                ax.plot([own.low, own.high], [place, place], color=CYCLE[0])
            ax.plot([own.mean], [place], "o", color=CYCLE[0], ms=6)
    told = names(comparison, groups)
    ax.set_yticks(range(len(groups)), told)
    ax.invert_yaxis()
    metric = comparison.metric
    means = [g.interval.mean for g in groups if g.by_seed]
    if (metric in TIMES and _is_log(means)) or _is_apart(comparison, means):
        ax.set_xscale("log")
        _plain(ax.xaxis)
        beyond: list[str] = []
    else:
        beyond = _show(ax.set_xlim, groups, told)
    ax.set_xlabel(_with_unit(metric) + ("; no common scale" if comparison.scales > 1 else ""))
    _title(ax, _marks(groups), beyond)
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
    told = names(comparison, chosen)
    drawn: list[_Curve] = []
    for place, (group, text) in enumerate(zip(chosen, told, strict=True)):
        histories = [getattr(read(run.path).history, name) for run in group.runs[:25]]
        histories = [history for history in histories if history]
        bands = _bands(histories, name, group.examples)
        if not bands:
            continue
        epochs = range(1, len(bands) + 1)
        called = f"{text}, {_lost(group)}" if group.diverged else text
        color, dashes = CYCLE[place % len(CYCLE)], DASHES[place % len(DASHES)]
        point = "o" if len(bands) == 1 else None
        ax.plot(
            epochs, [b.mean for b in bands], color=color, ls=dashes, label=called,
            marker=point, ms=4.5,
        )  # fmt: skip
        curve = _Curve(text, [b.mean for b in bands])
        if len(group.by_seed) >= FEWEST_IN_A_BAND:
            curve.low, curve.high = [b.low for b in bands], [b.high for b in bands]
            ax.fill_between(epochs, curve.low, curve.high, color=color, alpha=0.15, lw=0)
        elif len(histories) > 1:
            curve.seeds = [value for history in histories for value in history]
            for history in histories:
                ax.plot(range(1, len(history) + 1), history, color=color, lw=0.6, alpha=0.6)
        drawn.append(curve)
    beyond: list[str] = []
    if _is_apart(comparison, [value for curve in drawn for value in curve.means]):
        ax.set_yscale("log")
        _plain(ax.yaxis)
    else:
        beyond = _show_curves(ax, drawn, name)
    _name_hidden(ax)
    many = len(comparison.groups) > len(chosen)
    title = f"{len(chosen)} of {len(comparison.groups)} groups" if many else "all groups"
    order = "best first" if comparison.scales == 1 else "no common scale"
    ax.set(xlabel="epoch", ylabel=_with_unit(name))
    _title(ax, f"{name}: {title}, {order}{_thin(chosen)}", beyond)
    if ax.get_legend_handles_labels()[0]:
        ax.legend(fontsize=7.5, loc="upper left", bbox_to_anchor=(1.0, 1.0), handlelength=2.8)
    ax.xaxis.set_major_locator(MaxNLocator(integer=True))
    return ax


@dataclass
class _Curve:
    """What is drawn of a group: its mean, and its band or the seeds by themselves."""

    name: str
    means: list[float]
    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    seeds: list[float] = field(default_factory=list)


def _thin(groups: Sequence[Group]) -> str:
    """Say what bands and thin lines are, of the kinds that there are."""
    counts = {len(group.by_seed) for group in groups}
    bands, lines = max(counts, default=0) >= FEWEST_IN_A_BAND, 2 in counts
    return ("; band: 95 %" if bands else "") + ("; thin: each seed" if lines else "")


def names(comparison: Comparison, groups: Sequence[Group]) -> list[str]:
    """Return a short name for each group, no two alike: the keys that tell these apart.

    What does not fit into a line goes on in the next: nothing by which they differ is cut.
    """
    if comparison.named or not comparison.keys:
        short = [_wrapped(group.label) for group in groups]
    else:
        keys = _telling(comparison.keys, groups)
        short = [_parts(keys, group) for group in groups]
    counts, places = Counter(short), {id(g): n for n, g in enumerate(comparison.groups, 1)}
    return [
        text if counts[text] == 1 else f"{text} #{places[id(group)]}"
        for text, group in zip(short, groups, strict=True)
    ]


def _telling(keys: Sequence[str], groups: Sequence[Group]) -> list[str]:
    """Return as few keys as tell these groups apart; rather a name than what comes with it."""
    rows = {key: [_text(group.values[key]) for group in groups] for key in keys}
    told = [key for key in keys if len(set(rows[key])) > 1] or list(keys)
    distinct = len(set(zip(*(rows[key] for key in told), strict=True)))
    named = [key for key in told if key.endswith(".name")]
    for key in (*(key for key in told[::-1] if key not in named), *named[::-1]):
        rest = [other for other in told if other != key]
        # A rate without its optimizer's name tells little.
        if key in named and any(other.startswith(key.removesuffix("name")) for other in rest):
            continue
        if rest and len(set(zip(*(rows[other] for other in rest), strict=True))) == distinct:
            told = rest
    return told


def _parts(keys: Sequence[str], group: Group) -> str:
    """Return the group's values in lines of `key=value`; of a section `optimizer=sgd 0.1`."""
    parts: dict[str, str] = {}
    ends = Counter(map(_short, keys))
    for key in keys:
        value = group.values[key]
        section = key.rpartition(".")[0]
        text = _shortened(_text(value), LONGEST_VALUE)
        if key.endswith(".name") or f"{section}.name" not in keys:
            parts[key] = f"{_short(key) if ends[_short(key)] == 1 else key}={text}"
        elif value != MISSING:
            parts[f"{section}.name"] += f" {text}"
    present = {key: text for key, text in parts.items() if group.values[key] != MISSING}
    lines = [""]
    for part in (present or parts).values():
        if lines[-1] and len(lines[-1]) + len(part) >= LONGEST:
            lines.append("")
        lines[-1] = f"{lines[-1]} {part}".strip()
    return "\n".join(lines)


def _wrapped(text: str) -> str:
    """Return a name in lines; of a very long one without its middle."""
    return "\n".join(textwrap.wrap(_shortened(text, 3 * LONGEST), LONGEST))


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


def _is_apart(comparison: Comparison, values: Sequence[float]) -> bool:
    """Return whether values of several scales need a log axis, which each can be read on."""
    finite = [value for value in values if math.isfinite(value)]
    if comparison.scales == 1 or not finite or min(finite) <= 0:
        return False
    return max(finite) / min(finite) >= APART


def _plain(axis: Any) -> None:
    """Number a log axis at 1, 2 and 5, as one writes them."""
    from matplotlib.ticker import LogLocator, NullLocator

    axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter("{x:g}")


def _is_crowded(values: Sequence[float]) -> bool:
    """Return whether the labels of two neighbours would lie on each other."""
    shape = math.log if _is_log(values) else float
    at = [shape(value) for value in values]
    gaps = [after - before for before, after in itertools.pairwise(at)]
    return bool(gaps) and min(gaps) < CROWDED * (at[-1] - at[0])


def _limits(values: Sequence[float]) -> tuple[float | None, float | None]:
    """Return limits that hold all values but outliers: beyond three interquartile ranges."""
    finite = sorted(v for v in values if math.isfinite(v))
    if len(finite) < 4:
        return (finite[0], finite[-1]) if finite else (None, None)
    low, high = finite[len(finite) // 4], finite[3 * len(finite) // 4]
    reach = 3 * max(high - low, abs(high) * 1e-3)
    return max(finite[0], low - reach), min(finite[-1], high + reach)


def _range(values: Sequence[float], metric: str) -> tuple[float, float] | None:
    """Return the range of the values without outliers, and how far intervals may reach out of it.

    The second is added on both sides.
    """
    low, high = _limits(values)
    if low is None or high is None:
        return None
    least = LEAST_RANGE if is_accuracy(metric) else LEAST_SHARE * max(abs(low), abs(high))
    reach = REACH * max(high - low, least)
    return low - reach, high + reach


def _show(set_limits: Any, groups: Sequence[Group], told: Sequence[str]) -> list[str]:
    """Let an axis hold means, seeds and sensible intervals; return what lies beyond, in words."""
    shown = [group for group in groups if group.by_seed]
    if not shown:
        return []
    metric = shown[0].metric
    values = [v for g in shown for v in (g.interval.mean, *g.by_seed.values())]
    ends = [end for g in shown for end in (g.interval.low, g.interval.high)]
    limits = _fitted(set_limits, values, ends, metric)
    beyond = []
    for group, text in zip(groups, told, strict=True):
        own = group.interval
        reached = [own.mean, own.low, own.high, *group.by_seed.values()]
        if group.by_seed and _is_beyond(reached, limits):
            beyond.append(f"{' '.join(text.split())}: {own}")
    return beyond


def _show_curves(ax: "Axes", drawn: Sequence[_Curve], metric: str) -> list[str]:
    """Let an axis hold curves, seeds and bands; return what lies beyond, in words."""
    values = [v for curve in drawn for v in (*curve.means, *curve.seeds)]
    ends = [v for curve in drawn for v in (*curve.low, *curve.high)]
    limits = _fitted(ax.set_ylim, values, ends, metric)
    beyond = []
    for curve in drawn:
        for what, own in (
            ("", [*curve.means, *curve.seeds]),
            ("band of ", [*curve.low, *curve.high]),
        ):
            if _is_beyond(own, limits):
                finite = [v for v in own if math.isfinite(v)]
                told = [f"up to {max(finite):.4g}"] if max(finite) > limits[1] else []
                told += [f"down to {min(finite):.4g}"] if min(finite) < limits[0] else []
                beyond.append(f"{what}{' '.join(curve.name.split())} {', '.join(told)}")
                break
    return beyond


def _fitted(
    set_limits: Any, values: Sequence[float], ends: Sequence[float], metric: str
) -> tuple[float, float]:
    """Set an axis' limits around values and those ends of intervals that are near; return them."""
    reach, inner = _range(values, metric), _limits(values)
    if reach is None or inner[0] is None or inner[1] is None:
        return -math.inf, math.inf
    near = [v for v in (*values, *ends) if reach[0] <= v <= reach[1]]
    low, high = min(near), max(near)
    if high <= low:
        return -math.inf, math.inf
    margin = 0.06 * (high - low)
    limits = low - margin, high + margin
    set_limits(*limits)
    return limits


def _is_beyond(values: Iterable[float], limits: tuple[float, float]) -> bool:
    return any(math.isfinite(v) and not limits[0] <= v <= limits[1] for v in values)


def _title(ax: "Axes", text: str, beyond: Sequence[str] = ()) -> None:
    """Set a title in lines, with what lies beyond the axis below it."""
    lines = textwrap.wrap(text, TITLE)
    if beyond:
        more = f" and {len(beyond) - TOLD} more" if len(beyond) > TOLD else ""
        lines += textwrap.wrap(f"beyond the axis: {'; '.join(beyond[:TOLD])}{more}", TITLE)
    ax.set_title("\n".join(lines))


def _with_unit(metric: str) -> str:
    """Return a metric with its unit; a loss has none."""
    return f"{metric} (share of examples)" if is_accuracy(metric) else _with_seconds(metric)


def _with_seconds(metric: str) -> str:
    return f"{metric} [s]" if metric in TIMES else metric


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


def _ticks(scale: dict[Scalar, float], most: int) -> list[tuple[str, float, float]]:
    """Return (text, height, where it is written) of every value, or of the two ends alone.

    most: characters of a text, unless they are needed to tell two apart.
    """
    pairs = sorted(scale.items(), key=lambda pair: pair[1])
    if len(pairs) > MOST_WRITTEN:
        pairs = [pairs[0], pairs[-1]]
    words = [_text(value) for value, _ in pairs]
    short = [_shortened(word, most) for word in words]
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


def _short(key: str) -> str:
    return key.removesuffix(".name").rsplit(".", 1)[-1]


def _text(value: Scalar) -> str:
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
