"""The charts of one run: curves by epoch, and statistics of the layers by epoch."""

import math
from collections.abc import Iterator, Mapping, Sequence

from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.pages import numbers, page
from kerasdemo.pages.charts import Axis, HeatMap, Lines, Mark, Scale, Series
from kerasdemo.pages.page import Chart
from kerasdemo.records import Run
from kerasdemo.records.curves import UNKNOWN
from kerasdemo.records.summary import best

# Epochs of a curve and of a heat map, and cells of a heat map; of a longer run some are left out.
MOST_POINTS, MOST_COLUMNS, MOST_CELLS = 600, 100, 3_000
# Layers of a heat map, and significant digits in its cells.
MOST_LAYERS, DIGITS = 60, 3
# A loss that is this many times its median at its highest is shown on a log axis.
LOG_RATIO = 20.0
# An R² below this hides all that is above it.
LEAST_R2 = -1.0
METRIC_TITLES = {"auc": "AUC"}
LONGEST_NAME = 60
# Further metrics that have a chart; what the ids of the charts by epoch begin with.
MOST_METRICS = 12
CURVES = ("loss", "score", "metric-", "learning_rate")
STATISTICS = {
    "gradient_norm": (
        "Gradient norm",
        "L2 norm of the gradient of each layer's weights, on the same few training examples.",
        Axis("gradient norm", log=True),
    ),
    "update_ratio": (
        "Update size",
        "How far an epoch moved a layer's weights: the norm of the change, divided by that of the "
        "weights.",
        Axis("update ÷ weights", log=True),
    ),
    "dead": (
        "Dead units",
        "Units that give about 0 for every one of a few training examples, and so learn nothing.",
        Axis("dead units", " %"),
    ),
    "saturated": (
        "Saturated units",
        "Outputs at a place where the activation is flat, so that hardly any gradient passes.",
        Axis("saturated outputs", " %"),
    ),
}
SHARES = ("dead", "saturated")


def curves(features: RunFeatures) -> dict[str, Chart]:
    """Return the loss, the score, further metrics, and a learning rate that changes."""
    if not features.epochs:
        return {}
    name = features.loss_name.replace("_", " ")
    score = features.scale.metric
    charts: dict[str, Chart] = {}
    title = "Loss" if name in (UNKNOWN, "own", "several") else f"Loss: {name}"
    charts["loss"] = _curve(features, "loss", title, Axis("loss"))
    if getattr(features.history, score):
        is_share = score != "r2"
        axis = Axis(features.scale.name, " %" if is_share else "")
        title = features.scale.name[0].upper() + features.scale.name[1:]
        charts["score"] = _curve(features, score, title, axis, 100.0 if is_share else 1.0)
    for n, metric in enumerate(_further_metrics(features)[:MOST_METRICS], 1):
        title = METRIC_TITLES.get(metric, metric.replace("_", " "))
        label = page.cut(title, LONGEST_NAME)
        title = label[0].upper() + label[1:]
        charts[f"metric-{n}"] = _curve(features, metric, title, Axis(label))
    rates = features.history.learning_rate
    finite = [rate for rate in rates if math.isfinite(rate)]
    if len(set(finite)) > 1:
        highest, at = max(zip(finite, range(-1, -len(finite) - 1, -1), strict=True))
        sentence = f"It goes from {numbers.number(rates[0])} to {numbers.number(rates[-1])}."
        if highest > max(rates[0], rates[-1]):
            sentence = f"{sentence[:-1]}; it is highest, {numbers.number(highest)}, in epoch {-at}."
        epochs = _thinned([rates], MOST_POINTS, ())
        charts["learning_rate"] = Lines(
            "Learning rate",
            sentence,
            Axis("learning rate", log=min(finite) > 0),
            [_series("learning_rate", "learning rate", rates, epochs, 1.0, color=0)],
        )
    return charts


def _further_metrics(features: RunFeatures) -> list[str]:
    """Return the names of the metrics besides loss and score, as those of training are called."""
    columns = features.history.columns
    known = [name for name in ("auc",) if name in columns and name != features.scale.metric]
    own = [
        name
        for name in features.history.metrics
        if not (name.startswith("val_") and name.removeprefix("val_") in features.history.metrics)
    ]
    return [*known, *own]


def _curve(
    features: RunFeatures, metric: str, title: str, axis: Axis, factor: float = 1.0
) -> Lines:
    """Return the chart of a metric: training, validation, the test result, and marked epochs."""
    columns = features.history.columns
    training, validation = columns.get(metric, ()), columns.get(f"val_{metric}", ())
    sides = [("training", metric, training), ("validation", f"val_{metric}", validation)]
    sides = [side for side in sides if side[2]]
    marks = list(_marks(features))
    epochs = _thinned([values for *_, values in sides], MOST_POINTS, [int(m.x) for m in marks])
    series = [
        _series(
            source,
            part,
            [math.nan if _is_left_out(metric, v) else v for v in values],
            epochs,
            factor,
            color=part,
            dash=part == "validation",
        )
        for part, source, values in sides
    ]
    test = features.fact("test", metric)
    if test is not None and features.kept_epoch:
        place = (float(features.kept_epoch),)
        series.append(Series("test", "test", (factor * test,), "test", x=place))
    finite = sorted(v for *_, values in sides for v in values if math.isfinite(v))
    if metric == "loss" and finite and finite[0] > 0:
        axis = Axis(axis.label, axis.unit, finite[-1] > LOG_RATIO * finite[len(finite) // 2])
    sentence = _describe_curve(features, metric, axis.unit, factor, bool(validation))
    return Lines(title, sentence, axis, series, marks)


def _is_left_out(metric: str, value: float) -> bool:
    return metric == "r2" and value < LEAST_R2


def _series(
    source: str,
    name: str,
    values: Sequence[float],
    epochs: Sequence[int],
    factor: float,
    *,
    color: str | int,
    dash: bool = False,
) -> Series:
    is_whole = len(epochs) == len(values)
    return Series(
        source,
        name,
        tuple(factor * values[epoch - 1] for epoch in epochs if epoch <= len(values)),
        color,
        dash,
        x=None if is_whole else tuple(map(float, epochs)),
        source=source,
        factor=factor,
    )


def _describe_curve(
    features: RunFeatures, metric: str, unit: str, factor: float, has_validation: bool
) -> str:
    """Return what the curves end with, in a sentence or two."""
    kept = features.kept_epoch
    columns = features.history.columns
    sides = {"training": columns.get(metric, ()), "validation": columns.get(f"val_{metric}", ())}
    values: dict[str, float | None] = {
        part: side[kept - 1] if 1 <= kept <= len(side) and math.isfinite(side[kept - 1]) else None
        for part, side in sides.items()
    }
    values["test"] = features.fact("test", metric)
    known = [
        f"{part} {numbers.number(factor * value)}{unit}"
        for part, value in values.items()
        if value is not None
    ]
    sentences = []
    if known:
        text = ", ".join(known)
        kept_text = ", whose weights were kept" if kept < features.epochs else ""
        sentences.append(f"{text[0].upper()}{text[1:]} after epoch {kept}{kept_text}.")
    if features.broken_epoch is not None and metric == "loss":
        sentences.append(f"It is NaN or infinite from epoch {features.broken_epoch} on.")
    if not has_validation:
        sentences.append("Validation was not measured.")
    both = (*sides["training"], *sides["validation"])
    hidden = [value for value in both if _is_left_out(metric, value)]
    if hidden:
        sentences.append(
            f"Values below {LEAST_R2:g} are left out; the lowest is {numbers.number(min(hidden))}."
        )
    return " ".join(sentences)


def _marks(features: RunFeatures) -> Iterator[Mark]:
    """Yield the best and the kept epoch, an early stop, and where the loss became NaN."""
    history, epochs, kept = features.history, features.epochs, features.kept_epoch
    metric = "val_loss" if history.val_loss else "loss"
    lowest = best(metric, getattr(history, metric))[1] if epochs > 1 else 0
    name = "validation" if metric == "val_loss" else "training"
    is_restored = 0 < kept < epochs
    if lowest:
        suffix = ", kept" if lowest == kept and is_restored else ""
        yield Mark(lowest, f"lowest {name} loss{suffix}")
    if is_restored and kept != lowest:
        yield Mark(kept, "weights kept")
    if features.has_stopped_early:
        yield Mark(epochs, "stopped early")
    if features.broken_epoch is not None:
        yield Mark(features.broken_epoch, "NaN or infinite")


def _thinned(curves: Sequence[Sequence[float]], most: int, keep: Sequence[int]) -> list[int]:
    """Return the epochs (from 1) to draw: all, or of long curves the peaks of equal stretches."""
    count = max(map(len, curves), default=0)
    if count <= most:
        return list(range(1, count + 1))
    width = math.ceil(count / (most / (2 * len(curves))))
    chosen = {1, count, *(epoch for epoch in keep if 1 <= epoch <= count)}
    for start in range(0, count, width):
        for curve in curves:
            stretch = [(v, n) for n, v in enumerate(curve[start : start + width], start + 1)]
            finite = [pair for pair in stretch if math.isfinite(pair[0])]
            if finite:
                chosen |= {min(finite)[1], max(finite)[1]}
    return sorted(chosen)


# Layers.


def layers(run: Run) -> dict[str, Chart]:
    """Return a heat map, layers by epochs, of each statistic that is not 0 throughout."""
    found = {name: layer for name, layer in run.layers.items() if layer.gradient_norm}
    epochs = max((len(layer.gradient_norm) for layer in found.values()), default=0)
    shown = dict(list(found.items())[:MOST_LAYERS])
    columns = _evenly(epochs, min(MOST_COLUMNS, MOST_CELLS // max(len(shown), 1)))
    charts: dict[str, Chart] = {}
    for statistic, (title, sentence, axis) in STATISTICS.items():
        if statistic not in _moving(run):
            continue
        factor = 100.0 if statistic in SHARES else 1.0
        by_layer = {name: getattr(layer, statistic) for name, layer in shown.items()}
        rows = [
            [_cell(factor * values[n - 1]) if n <= len(values) else None for n in columns]
            for values in by_layer.values()
        ]
        notes = [sentence, _describe_last(by_layer, epochs, factor, axis.unit)]
        if len(columns) < epochs:
            notes.append(f"{len(columns)} of {epochs:,} epochs are shown.")
        if len(shown) < len(found):
            notes.append(f"The first {len(shown)} of {len(found)} layers are shown.")
        charts[statistic] = HeatMap(
            title,
            " ".join(filter(None, notes)),
            Scale("epoch", columns),
            Scale("layer", list(shown)),
            axis,
            rows,
            source=statistic,
            factor=factor,
        )
    return charts


def _cell(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _describe_last(
    by_layer: Mapping[str, Sequence[float]], epochs: int, factor: float, unit: str
) -> str:
    """Return which layers have the least and the most in the last epoch."""
    last = {
        name: factor * values[-1]
        for name, values in by_layer.items()
        if len(values) == epochs and math.isfinite(values[-1])
    }
    if len(last) < 2:
        return ""
    low, high = min(last, key=lambda name: last[name]), max(last, key=lambda name: last[name])
    if last[low] == last[high]:
        return f"In the last epoch it is {numbers.number(last[low])}{unit} in every layer."
    return (
        f"In the last epoch from {numbers.number(last[low])}{unit} ({low}) "
        f"to {numbers.number(last[high])}{unit} ({high})."
    )


def _moving(run: Run) -> list[str]:
    """Return the statistics that are worth a picture: shares that are 0 throughout are not."""
    return [
        statistic
        for statistic in STATISTICS
        if any(
            math.isfinite(value) and (value > 0 or statistic not in SHARES)
            for layer in run.layers.values()
            for value in getattr(layer, statistic)
        )
    ]


def find_quiet(run: Run) -> str:
    """Return in a sentence which shares are 0 in all layers and epochs, "" where none is."""
    names = []
    for share in SHARES:
        values = [value for layer in run.layers.values() for value in getattr(layer, share)]
        if values and not any(values):  # NaN is not 0: it was not measured
            names.append(share)
    return f"No unit was {' or '.join(names)} in any epoch." if names else ""


def _evenly(count: int, most: int) -> list[int]:
    """Return at most so many numbers from 1 to `count`, evenly, both ends among them."""
    if count <= most:
        return list(range(1, count + 1))
    return sorted({1 + round(n * (count - 1) / (most - 1)) for n in range(most)})
