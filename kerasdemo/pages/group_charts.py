"""Charts of groups of runs: the metric over what was varied, and curves as mean and band."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from kerasdemo.comparison.comparison import Comparison
from kerasdemo.comparison.groups import Group, format_value, is_number, sample
from kerasdemo.comparison.metrics import TIMES, is_accuracy
from kerasdemo.comparison.statistics import FEWEST_SEEDS, Interval, metric_interval, spans
from kerasdemo.display.group_names import group_names
from kerasdemo.display.sentences import METRIC_NAMES
from kerasdemo.pages.charts import (
    Axis,
    HeatMap,
    Lines,
    Parallel,
    ParallelAxis,
    ParallelLine,
    Point,
    Scale,
    Scatter,
    Series,
    Value,
)
from kerasdemo.pages.page import Chart

Curves = Mapping[str, Sequence[float]]

# Curves that can be distinguished in one chart, and the groups whose curves a page holds.
MOST_CURVES, MOST_GROUPS = 8, 100
# Points of a curve; of a longer one every other, every third ... and the last.
MOST_POINTS = 120
NAMES = METRIC_NAMES


def group_id(place: int) -> str:
    """Return what a group is called by all charts and tables of a page. place: from 0."""
    return f"g{place + 1}"


def unit(metric: str) -> str:
    """Return what follows a value of a metric on a page."""
    return " %" if is_accuracy(metric) else " s" if metric in TIMES else ""


def factor(metric: str) -> float:
    """Return by what a value is multiplied for a page: accuracies are in percent."""
    return 100.0 if is_accuracy(metric) else 1.0


def names(comparison: Comparison) -> list[str]:
    """Return a short name of each group in one line, no two alike."""
    found = group_names(comparison, comparison.groups)
    return [" ".join(name.replace(r"\$", "$").split()) for name in found]


# The metric over the settings.


def over_settings(comparison: Comparison) -> Chart | None:
    """Return the metric over the keys in which groups differ: scatter, heat map, parallel axes.

    None where they differ in a name alone: the table with its intervals shows as much.
    """
    keys, groups = comparison.keys, _with_value(comparison)
    if comparison.scales > 1 or len(groups) < 2:
        return None
    if len(keys) == 1 and all(is_number(group.values[keys[0]]) for _, group in groups):
        return _scatter(comparison, groups)
    if len(keys) == 2 and len(groups) > 2 and not comparison.named:
        return _heat_map(comparison)
    if len(keys) > 2 and not comparison.named:
        return _parallel(comparison, groups)
    return None


def training_against_validation(comparison: Comparison) -> Scatter | None:
    """Return each group's score on the training and on the validation set; None without both."""
    score = comparison.score
    if comparison.scales > 1 or len(comparison.groups) < 3:
        return None
    points = []
    labels = names(comparison)
    for place, group in enumerate(comparison.groups):
        x, y = (factor(score) * group.mean_of(m, comparison.at) for m in (score, f"val_{score}"))
        if math.isfinite(x) and math.isfinite(y):
            color = _color(comparison, place)
            points.append(Point(group_id(place), labels[place], x, y, color=color))
    if len(points) < 3:
        return None
    x_axis, y_axis = (Axis(NAMES[name], unit(score)) for name in (score, f"val_{score}"))
    return Scatter(
        f"{NAMES[score].capitalize()} against validation",
        "Each point is the mean of a group over its seeds. Groups that are good on the training "
        f"set and poor on the validation set overfit.{_describe_colors(comparison)}",
        x_axis,
        y_axis,
        points,
    )


def over_seconds(comparison: Comparison) -> Scatter | None:
    """Return the metric of each group over the seconds of a run; None where it says nothing."""
    metric, labels = comparison.metric, names(comparison)
    if metric in TIMES or comparison.scales > 1 or len(comparison.groups) < 3:
        return None
    points = []
    for place, group in _with_value(comparison):
        mean, seconds = group.interval.scaled(factor(metric)), group.mean_of("seconds", "last")
        if math.isfinite(seconds):
            color = _color(comparison, place)
            ends = mean.low, mean.high
            points.append(
                Point(group_id(place), labels[place], seconds, mean.mean, *ends, color=color)
            )
    if len(points) < 3:
        return None
    return Scatter(
        f"{NAMES[metric].capitalize()} over training time",
        "Each point is a group: the mean seconds of a run, and the metric with its 95 % interval."
        + _describe_colors(comparison),
        Axis("seconds of a run", " s", spans([point.x or 0 for point in points])),
        Axis(NAMES[metric], unit(metric)),
        points,
    )


def _color(comparison: Comparison, place: int) -> int:
    """Return the color of a group: those of the first rank stand out, unless all are."""
    is_first = comparison.ranked[place].rank == 1
    return int(is_first and any(one.rank != 1 for one in comparison.ranked))


def _describe_colors(comparison: Comparison) -> str:
    """Return what the colors of `_color` mean."""
    count = sum(one.rank == 1 for one in comparison.ranked)
    if count == len(comparison.ranked):
        return ""
    ties = f" and the {count - 1} that tie with it" if count > 1 else ""
    return f" In orange: the best{ties}."


def _with_value(comparison: Comparison) -> list[tuple[int, Group]]:
    return [pair for pair in enumerate(comparison.groups) if pair[1].by_seed]


def _without_value(comparison: Comparison) -> str:
    count = len(comparison.groups) - len(_with_value(comparison))
    return f" {count} without a value left out." if count else ""


def _axis(metric: str, values: Sequence[float] = ()) -> Axis:
    return Axis(NAMES[metric], unit(metric), metric in TIMES and spans(values))


def _scatter(comparison: Comparison, groups: Sequence[tuple[int, Group]]) -> Scatter:
    key, metric = comparison.keys[0], comparison.metric
    points, labels = [], names(comparison)
    for place, group in groups:
        mean = group.interval.scaled(factor(metric))
        x = float(group.values[key] or 0)
        points.append(
            Point(group_id(place), labels[place], x, mean.mean, mean.low, mean.high, color=0)
        )
    points.sort(key=lambda point: point.x or 0)
    return Scatter(
        f"{NAMES[metric].capitalize()} over {key}",
        f"{_describe_marks(comparison)}{_without_value(comparison)}",
        Axis(key, log=spans([point.x or 0 for point in points])),
        _axis(metric, [point.y or 0 for point in points]),
        points,
    )


def _describe_marks(comparison: Comparison) -> str:
    if any(len(group.by_seed) > 1 for group in comparison.groups):
        return "Mean over seeds with its 95 % interval."
    if any(math.isfinite(group.interval.low) for group in comparison.groups):
        return "One seed, with the 95 % interval of its examples."
    return "One seed."


def _heat_map(comparison: Comparison) -> HeatMap:
    row_key, column_key = comparison.keys[:2]
    rows, columns = (comparison.values_of(key) for key in (row_key, column_key))
    values: list[list[Value]] = [[None] * len(columns) for _ in rows]
    ids: list[list[str | None]] = [[None] * len(columns) for _ in rows]
    metric, lost = comparison.metric, 0
    for place, group in enumerate(comparison.groups):
        y, x = rows.index(group.values[row_key]), columns.index(group.values[column_key])
        ids[y][x] = group_id(place)
        # A mean of the seeds that survived would hide that the others did not.
        if group.by_seed and not group.diverged:
            values[y][x] = factor(metric) * group.interval.mean
        lost += group.diverged > 0
    ties = sum(one.rank == 1 for one in comparison.ranked) - 1
    tied = f", and {ties} tied with it" if ties else ""
    return HeatMap(
        f"{NAMES[metric].capitalize()} by {row_key} and {column_key}",
        f"Mean over seeds. The best is {names(comparison)[0]}{tied}."
        + (f" Empty: {lost} with runs that diverged." if lost else ""),
        Scale(column_key, [format_value(value) for value in columns]),
        Scale(row_key, [format_value(value) for value in rows]),
        Axis(NAMES[metric], unit(metric)),
        values,
        ids=ids,
    )


def _parallel(comparison: Comparison, groups: Sequence[tuple[int, Group]]) -> Parallel:
    axes, places, labels = [], [], names(comparison)
    metric = comparison.metric
    for key in comparison.keys:
        values = comparison.values_of(key)
        if all(map(is_number, values)):
            axes.append(ParallelAxis(key, None, spans([float(value or 0) for value in values])))
            places.append({value: value for value in values})
        else:
            axes.append(ParallelAxis(key, [format_value(value) for value in values]))
            places.append({value: place for place, value in enumerate(values)})
    end = f" ({unit(metric).strip()})" if unit(metric) else ""
    axes.append(ParallelAxis(f"{NAMES[metric]}{end}"))
    lines = [
        ParallelLine(
            group_id(place),
            labels[place],
            [
                *(at[group.values[key]] for key, at in zip(comparison.keys, places, strict=True)),
                factor(metric) * group.interval.mean,
            ],
            _color(comparison, place),
        )
        for place, group in groups
    ]
    return Parallel(
        f"{NAMES[metric].capitalize()} by {len(comparison.keys)} settings",
        "Each line is a group: its settings, and last its mean over seeds."
        f"{_describe_colors(comparison)}{_without_value(comparison)}",
        axes,
        lines,
    )


# Curves.


def curves(
    comparison: Comparison, histories: Mapping[Path, Curves], sources: Sequence[str]
) -> dict[str, Lines]:
    """Return a chart for each metric with a line for each group, as `sample` has them.

    Args:
        comparison: whose groups.
        histories: path of a run -> its curves.
        sources: the metrics, as columns of metrics.csv.

    Returns:
        metric -> chart of up to `MOST_GROUPS` groups; the page draws `MOST_CURVES` at a time.
    """
    found, labels = {}, names(comparison)
    for metric in sources:
        lines = []
        for place in sample(range(len(comparison.groups)), MOST_GROUPS):
            group = comparison.groups[place]
            some = [histories.get(run.path, {}).get(metric, ()) for run in group.runs]
            line = mean_line([one for one in some if one], metric, group.examples)
            if line is not None:
                lost = f" ({group.diverged} diverged)" if group.diverged else ""
                lines.append(replace(line, id=group_id(place), name=labels[place] + lost))
        if lines:
            found[metric] = _chart_of(metric, lines)
    return found


def drawn(chart: Lines) -> Lines:
    """Return a chart with the lines that are drawn at first, each in a color of its own."""
    chosen = sample(chart.series, MOST_CURVES)
    return replace(chart, series=[replace(one, color=color) for color, one in enumerate(chosen)])


def mean_line(
    histories: Sequence[Sequence[float]], metric: str, examples: int | None
) -> Series | None:
    """Return the mean over seeds at each epoch that more than half of the runs reached.

    From three seeds on it has a band, the 95 % interval; the interval of two hides both. None
    without a finite value.
    """
    lengths = sorted(map(len, histories))
    epochs = lengths[(len(lengths) - 1) // 2] if lengths else 0
    stride = max(1, -(-epochs // MOST_POINTS))
    chosen = sorted({*range(1, epochs + 1, stride), *([epochs] if epochs else [])})
    means: list[Interval] = []
    for epoch in chosen:
        values = [h[epoch - 1] for h in histories if len(h) >= epoch]
        finite = [value for value in values if math.isfinite(value)]
        means.append(metric_interval(finite, metric, examples).scaled(factor(metric)))
    if not any(math.isfinite(mean.mean) for mean in means):
        return None
    is_band = len(histories) >= FEWEST_SEEDS
    return Series(
        "",
        "",
        [mean.mean for mean in means],
        x=None if stride == 1 else chosen,
        low=[mean.low for mean in means] if is_band else None,
        high=[mean.high for mean in means] if is_band else None,
    )


def _chart_of(metric: str, lines: Sequence[Series]) -> Lines:
    means = [float(y) for line in lines for y in line.y if y is not None and math.isfinite(y)]
    is_log = not is_accuracy(metric) and spans(means)
    if is_log:
        # A band that reaches below 0 has no place on a log axis.
        least = min(means)
        lines = [
            replace(line, low=[None if low is None else max(low, least) for low in line.low])
            if line.low is not None
            else line
            for line in lines
        ]
    parts = ["Mean over seeds by epoch"]
    parts += ["with its 95 % band"] if any(line.low for line in lines) else []
    few = len(lines) - MOST_CURVES
    parts += (
        [f"of {MOST_CURVES} of {len(lines)} groups; selected ones are drawn"] if few > 0 else []
    )
    thin = any(line.x for line in lines)
    return Lines(
        NAMES[metric].capitalize(),
        f"{', '.join(parts)}.{' Long curves are thinned.' * thin}",
        Axis(NAMES[metric], unit(metric), is_log),
        lines,
    )
