"""The page of one run: what it means, how it came about, and everything that is known of it."""

import base64
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby, takewhile
from typing import Any

from kerasdemo.config import InputError, RunConfig, keras_arguments, loading
from kerasdemo.config.changes import options, with_changes
from kerasdemo.config.document import Document, dump, key_of
from kerasdemo.config.layers import ACTIVATION_TYPES, NORMALIZATIONS, Layer
from kerasdemo.diagnosis import diagnose
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.display.verdict_text import data_warnings, label_remedies
from kerasdemo.pages import page
from kerasdemo.pages.charts import Axis, HeatMap, Lines, Mark, Point, Scale, Scatter, Series
from kerasdemo.pages.page import Chart, Page
from kerasdemo.records import Run, flatten
from kerasdemo.records.curves import UNKNOWN
from kerasdemo.records.summary import PARTS, best
from kerasdemo.records.verdict import Remedy, Verdict

# Epochs of a curve and of a heat map; of a longer run every other, every third ...
MOST_POINTS, MOST_COLUMNS = 600, 100
# Layers of a heat map, boxes of a diagram.
MOST_LAYERS, MOST_BOXES = 60, 120
# A loss that is this many times its median at its highest is shown on a log axis.
LOG_RATIO = 20.0
# An R² below this hides all that is above it.
LEAST_R2 = -1.0
# Standard errors to each side of a 95 % interval.
Z = 1.96
# Layers without weights of their own, shown in the box of the layer before them.
FOLLOWERS = (
    *ACTIVATION_TYPES, *NORMALIZATIONS, "dropout", "gaussian_noise", "spatial_dropout2d",
)  # fmt: skip
STATUS_LEVELS = {"finished": "good", "diverged": "bad", "failed": "bad", "interrupted": "warn"}
STATUS_NOTES = {
    "interrupted": "Training was interrupted; the same command continues it.",
    "unfinished": "There is no run.json: the run is still training, or was cut off.",
}
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


def make(run: Run, verdict: Verdict | None = None) -> Page:
    """Return the page of a run, whatever its state.

    Args:
        run: as `records.read` gives it.
        verdict: of the run; None diagnoses it.
    """
    verdict = diagnose(run) if verdict is None else verdict
    features = RunFeatures(run)
    charts = _curves(features) | _layer_charts(run)
    predictions = _predictions(run)
    if predictions and predictions["chart"]:
        charts["predictions"] = predictions["chart"]
    description = run.config.description if run.config else ""
    data = {
        "id": run.id,
        "description": description,
        "status": _status(run),
        "verdict": _verdict(run, verdict),
        "warnings": data_warnings(run),
        "figures": _figures(features),
        "curves": [name for name in CURVE_IDS if name in charts],
        "statistics": [name for name in STATISTICS if name in charts],
        "quiet": _quiet(run),
        "predictions": predictions,
        "network": _network(run),
        "settings": _settings(run),
        "facts": list(_facts(run)),
    }
    title = f"{run.id}: {verdict.title}"
    return Page(title, "run.html", data, charts, styles=("page.css", "run.css"))


# What it means.


def _status(run: Run) -> dict[str, Any]:
    planned, epochs = run.setup.epochs, run.history.epochs
    of = f" of {planned:,}" if planned > epochs else ""
    return {
        "text": run.status,
        "level": STATUS_LEVELS.get(run.status, "warn"),
        "reason": run.facts.get("reason") or "",
        "note": STATUS_NOTES.get(run.status, ""),
        "epochs": f"{epochs:,}{of} epoch{'s' * (epochs != 1 or bool(of))}",
    }


def _verdict(run: Run, verdict: Verdict) -> dict[str, Any]:
    warnings = data_warnings(run)
    remedies = label_remedies(verdict, len(verdict.remedies))
    return {
        "badge": page.badge(verdict.outcome, verdict.caution),
        "code": verdict.code,
        "since": verdict.epoch,
        "summary": verdict.summary,
        "evidence": _evidence(verdict.evidence),
        "causes": [
            {
                "name": cause.name.replace("_", " "),
                "code": cause.code,
                "text": cause.text,
                "weight": f"{cause.weight:.0%}",
                "evidence": _evidence(cause.evidence),
            }
            for cause in verdict.causes
        ],
        "remedies": [_remedy(run, label, remedy) for label, remedy in remedies],
        "notes": [note for note in verdict.notes if note not in warnings],
    }


def _evidence(evidence: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key.replace("_", " "), _number(value)) for key, value in evidence.items()]


def _remedy(run: Run, label: str, remedy: Remedy) -> dict[str, Any]:
    """Return a remedy with each form in which it can be copied."""
    if run.config is None:
        forms = {"Keras code": remedy.code or ""}
    else:
        forms = {
            "--set options": options(remedy.patch),
            "YAML": _yaml(run.config, remedy.patch),
            "Keras code": remedy.code or "",
        }
    return {
        "label": label,
        "reason": remedy.reason,
        "answers": remedy.answers.replace("_", " "),
        "forms": [(name, text) for name, text in forms.items() if text],
    }


def _yaml(config: RunConfig, patch: Mapping[str, Any]) -> str:
    """Return a patch as YAML to paste into a config; of a list that it changes, the whole list."""
    changed = with_changes(Document(config.resolved, "config.yaml", {}), patch).data
    fragment: dict[str, Any] = {}
    for path in patch:
        names = [str(part) for part in takewhile(lambda part: isinstance(part, str), key_of(path))]
        value, place = changed, fragment
        for name in names[:-1]:
            value, place = value[name], place.setdefault(name, {})
        place[names[-1]] = value[names[-1]]
    return dump(fragment)


def _figures(features: RunFeatures) -> list[dict[str, str]]:
    """Return the few numbers that a reader looks for first: name, value, note."""
    run, scale = features.run, features.scale
    figures = []
    scores = {
        "test": features.test_score,
        "validation": features.val_score,
        "training": features.score,
    }
    for part, score in scores.items():
        if score is None:
            continue
        source = {"training": "train"}.get(part, part)
        error, count = features.error(score, source), features.measured(source)
        margin = f"± {scale.difference(Z * error)}{scale.unit}, " if error else ""
        note = f"{margin}{count:,.0f} examples" if count else ""
        text = f"{100 * score:.1f} %" if scale.metric != "r2" else f"{score:.3f}"
        figures.append({"name": f"{part} {scale.name}", "value": text, "note": note})
    if not figures:
        losses = {"training": features.at("loss"), "validation": features.at("val_loss")}
        losses["test"] = features.fact("test", "loss")
        figures = [
            {"name": f"{part} loss", "value": _number(loss), "note": ""}
            for part, loss in losses.items()
            if loss is not None
        ]
    if features.epochs:
        kept = run.kept_epoch
        note = f"weights of epoch {kept} kept" if kept and kept < features.epochs else ""
        figures.append({"name": "epochs", "value": f"{features.epochs:,}", "note": note})
    parameters = _parameters(run)
    if parameters is not None:
        layers = len([layer for layer in run.network if layer.has_kernel])
        note = f"{layers} layer{'s' * (layers != 1)} with weights" if layers else ""
        figures.append({"name": "parameters", "value": f"{parameters:,}", "note": note})
    if run.epoch_seconds:
        whole = run.facts.get("seconds")
        note = f"{_seconds(whole)} in all" if whole else ""
        figures.append(
            {"name": "time of an epoch", "value": _seconds(run.epoch_seconds), "note": note}
        )
    return figures


def _parameters(run: Run) -> int | None:
    recorded = run.facts.get("parameters")
    if recorded is None and run.network:
        return sum(layer.parameters for layer in run.network)
    return recorded


# Curves.

CURVE_IDS = ("loss", "score", "learning_rate")


def _curves(features: RunFeatures) -> dict[str, Chart]:
    """Return the loss, the score of a task that has one, and a learning rate that changes."""
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
    rates = features.history.learning_rate
    if len(set(rates)) > 1:
        finite = [rate for rate in rates if math.isfinite(rate)]
        sentence = f"It goes from {_number(rates[0])} to {_number(rates[-1])}."
        epochs = _thinned([rates], MOST_POINTS, ())
        charts["learning_rate"] = Lines(
            "Learning rate",
            sentence,
            Axis("learning rate", log=bool(finite) and min(finite) > 0),
            [_series("learning_rate", "learning rate", rates, epochs, 1.0, color=0)],
        )
    return charts


def _curve(
    features: RunFeatures, metric: str, title: str, axis: Axis, factor: float = 1.0
) -> Lines:
    """Return the chart of a metric: training, validation, the test result, and marked epochs."""
    training: Sequence[float] = getattr(features.history, metric)
    validation: Sequence[float] = getattr(features.history, f"val_{metric}")
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
    )


def _describe_curve(
    features: RunFeatures, metric: str, unit: str, factor: float, has_validation: bool
) -> str:
    """Return what the curves end with, in a sentence or two."""
    kept = features.kept_epoch
    values = {
        "training": features.at(metric),
        "validation": features.at(f"val_{metric}"),
        "test": features.fact("test", metric),
    }
    known = [
        f"{part} {_number(factor * value)}{unit}"
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
    both = (*getattr(features.history, metric), *getattr(features.history, f"val_{metric}"))
    hidden = [value for value in both if _is_left_out(metric, value)]
    if hidden:
        sentences.append(
            f"Values below {LEAST_R2:g} are left out; the lowest is {_number(min(hidden))}."
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


def _layer_charts(run: Run) -> dict[str, Chart]:
    """Return a heat map, layers by epochs, of each statistic that is not 0 throughout."""
    layers = {name: layer for name, layer in run.layers.items() if layer.gradient_norm}
    epochs = max((len(layer.gradient_norm) for layer in layers.values()), default=0)
    shown = dict(list(layers.items())[:MOST_LAYERS])
    columns = _evenly(epochs, MOST_COLUMNS)
    charts: dict[str, Chart] = {}
    for statistic, (title, sentence, axis) in STATISTICS.items():
        if statistic not in _moving(run):
            continue
        factor = 100.0 if statistic in SHARES else 1.0
        by_layer = {name: getattr(layer, statistic) for name, layer in shown.items()}
        rows = [
            [factor * values[n - 1] if n <= len(values) else math.nan for n in columns]
            for values in by_layer.values()
        ]
        notes = [sentence, _describe_last(by_layer, epochs, factor, axis.unit)]
        if len(columns) < epochs:
            notes.append(f"{len(columns)} of {epochs:,} epochs are shown.")
        if len(shown) < len(layers):
            notes.append(f"The first {len(shown)} of {len(layers)} layers are shown.")
        charts[statistic] = HeatMap(
            title,
            " ".join(filter(None, notes)),
            Scale("epoch", columns),
            Scale("layer", list(shown)),
            axis,
            rows,
            source=statistic,
        )
    return charts


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
        return f"In the last epoch it is {_number(last[low])}{unit} in every layer."
    return (
        f"In the last epoch from {_number(last[low])}{unit} ({low}) "
        f"to {_number(last[high])}{unit} ({high})."
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


def _quiet(run: Run) -> str:
    """Return in a sentence which shares are 0 throughout, "" where none is."""
    if not any(layer.gradient_norm for layer in run.layers.values()):
        return ""
    names = [name for name in SHARES if name not in _moving(run)]
    return f"No unit was {' or '.join(names)} in any epoch." if names else ""


def _evenly(count: int, most: int) -> list[int]:
    """Return at most so many numbers from 1 to `count`, evenly, both ends among them."""
    if count <= most:
        return list(range(1, count + 1))
    return sorted({1 + round(n * (count - 1) / (most - 1)) for n in range(most)})


# Predictions.


def _predictions(run: Run) -> dict[str, Any] | None:
    """Return the confusion matrix and the mistakes, or the chart of a regression."""
    found = run.predictions
    if not found:
        return None
    part, examples = str(found["part"]), int(found["examples"])
    of = f"{examples:,} {part} example{'s' * (examples != 1)}"
    shown: dict[str, Any] = {"of": of, "part": part, "chart": None, "rows": [], "mistakes": []}
    if found.get("confusion") is None:
        pairs = list(zip(found["truth"], found["guess"], strict=True))
        sentence = (
            f"{'The' if len(pairs) == examples else f'{len(pairs)} of the'} {of}: a perfect "
            "network predicts each example's own value."
        )
        points = [
            Point(f"example-{n}", f"example {n}", truth, guess, color=0)
            for n, (truth, guess) in enumerate(pairs, 1)
        ]
        title = "Predicted and true values"
        shown["chart"] = Scatter(title, sentence, Axis("true"), Axis("predicted"), points)
        return shown
    counts: list[list[int]] = found["confusion"]
    names = list(map(str, found.get("classes") or range(len(counts))))
    right = sum(row[n] for n, row in enumerate(counts))
    wrong = sum(map(sum, counts)) - right
    pairs_wrong = sorted(
        ((count, names[n], names[m]) for n, row in enumerate(counts) for m, count in enumerate(row)
         if n != m and count),
        key=lambda pair: -pair[0],
    )  # fmt: skip
    shown |= {
        "names": names,
        "summary": _describe_confusion(right, wrong, pairs_wrong),
        "rows": [
            {
                "name": names[n],
                "cells": [_cell(count, sum(row), n == m) for m, count in enumerate(row)],
                "recall": f"{100 * row[n] / sum(row):.0f} %" if sum(row) else "–",
            }
            for n, row in enumerate(counts)
        ],
        "mistakes": [_mistake(mistake) for mistake in found.get("mistakes") or ()],
    }
    return shown


def _describe_confusion(right: int, wrong: int, pairs: Sequence[tuple[int, str, str]]) -> str:
    if not pairs:
        return f"All {right:,} were predicted right."
    text = f"{right:,} were predicted right, {wrong:,} wrong."
    count, truth, guess = pairs[0]
    if count > 1:
        text += f" The most frequent mistake: {page.cut(truth, 60)} taken for "
        text += f"{page.cut(guess, 60)}, {count:,} times."
    return text


def _cell(count: int, total: int, is_right: bool) -> dict[str, Any]:
    """Return a cell of the confusion matrix. shade: from 0 to 100; of mistakes by the root."""
    share = count / total if total else 0.0
    return {
        "count": count,
        "kind": "right" if is_right else "wrong",
        "shade": round(100 * (share if is_right else math.sqrt(share))),
    }


def _mistake(mistake: Mapping[str, Any]) -> dict[str, Any]:
    image, confidence = mistake.get("image"), mistake.get("confidence")
    return {
        "truth": str(mistake["truth"]),
        "guess": str(mistake["guess"]),
        "confidence": "" if confidence is None else _percent(confidence),
        "image": _png(image) if image else "",
    }


def _percent(share: float) -> str:
    """Return a share in percent; one that is not 1 is never written as 100 %."""
    return f"{100 * share:.1f} %" if share >= 1 or share < 0.9995 else "> 99.9 %"


def _png(image: Mapping[str, Any]) -> str:
    """Return an image as a data URI of a PNG."""
    from PIL import Image

    height, width, *channels = image["shape"]
    mode = "RGB" if channels == [3] else "L"
    pixels = base64.b64decode(image["pixels"])
    content = io.BytesIO()
    Image.frombytes(mode, (width, height), pixels).save(content, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"


# The network.


def _network(run: Run) -> dict[str, Any] | None:
    """Return the boxes of the diagram: a layer with what follows it and has no weights."""
    if not run.network:
        return None
    boxes: list[list[Layer]] = []
    for layer in run.network:
        if boxes and layer.type in FOLLOWERS:
            boxes[-1].append(layer)
        else:
            boxes.append([layer])
    total = _parameters(run) or 0
    frozen = set(run.setup.frozen)
    is_chain = run.setup.structure == "chain"
    return {
        "input": _shape(run.network[0].input_shape) if is_chain else "",
        "is_chain": is_chain,
        "note": ""
        if is_chain
        else "The layers in the order in which Keras lists them; how they are connected is not "
        "recorded.",
        "boxes": [_box(box, total, frozen) for box in boxes[:MOST_BOXES]],
        "more": sum(map(len, boxes[MOST_BOXES:])),
        "layers": len(run.network),
        "parameters": f"{total:,}",
    }


def _box(box: Sequence[Layer], total: int, frozen: set[str]) -> dict[str, Any]:
    first = box[0]
    parameters = sum(layer.parameters for layer in box)
    parts = [one for layer in box for one in _extras(layer, is_first=layer is first)]
    return {
        "title": keras_arguments.class_name("layers", first.type) or first.type,
        "name": first.name,
        "extras": parts,
        "output": _shape(box[-1].output_shape),
        "parameters": f"{parameters:,}" if parameters else "",
        "share": round(100 * parameters / total) if total else 0,
        "is_frozen": first.name in frozen,
    }


def _extras(layer: Layer, *, is_first: bool) -> Iterator[str]:
    """Yield what a box says of a layer besides its name: activation, rate, size of the kernel."""
    arguments = layer.arguments
    if is_first:
        size = arguments.get("kernel_size") or arguments.get("pool_size")
        if size:
            yield " × ".join(map(str, size)) if isinstance(size, list | tuple) else f"size {size}"
    elif layer.activation is None or layer.type not in ("activation",):
        rate = arguments.get("rate")
        yield f"{layer.type.replace('_', ' ')}{f' {rate:g}' if isinstance(rate, float) else ''}"
    if layer.activation:
        yield layer.activation


def _shape(shape: Sequence[int | None]) -> str:
    return " × ".join("?" if size is None else f"{size:,}" for size in shape) or "?"


# What was asked, and what is known besides.


def _settings(run: Run) -> dict[str, Any]:
    """Return each setting with its default, and the whole as it can be copied."""
    if run.config is None:
        settings, defaults = run.setup.as_settings(), _setup_defaults(run)
        copied = json.dumps(settings, indent=1)
    else:
        settings, defaults = flatten(run.config.settings), _config_defaults(run.config)
        copied = run.config.to_yaml()
    rows = [
        {
            "key": key,
            "value": _setting(value),
            "default": _setting(defaults[key]) if key in defaults else None,
            "is_changed": key in defaults and defaults[key] != value,
        }
        for key, value in settings.items()
    ]
    sections = [
        {"name": name, "rows": list(group)}
        for name, group in groupby(rows, lambda row: str(row["key"]).partition(".")[0])
    ]
    return {
        "is_yaml": run.config is not None,
        "changed": [row for row in rows if row["is_changed"]],
        "sections": sections,
        "copied": copied,
        "ignore": list(run.setup.ignore),
    }


def _config_defaults(config: RunConfig) -> dict[str, Any]:
    """Return the defaults of a config's settings: arguments are those of the named objects.

    What a file of data holds has no default.
    """
    resolved = config.resolved
    is_file = config.data.name == "file"
    chosen: dict[str, Any] = {
        "name": config.name,
        "data": {} if is_file else {"name": config.data.name},
        "loss": {"name": config.loss.name},
        "optimizer": {"name": config.optimizer.name},
    }
    for part in ("activation", "initializer", "output_activation"):
        if resolved["network"].get(part) is not None and config.network.layers is None:
            chosen.setdefault("network", {})[part] = {"name": resolved["network"][part]["name"]}
    try:
        found = flatten(loading.from_document(Document(chosen, "config.yaml", {})).settings)
        plain = flatten(
            loading.from_document(Document({"name": "run"}, "config.yaml", {})).settings
        )
    except InputError:
        return {}
    # The names themselves are compared with those of a config that chooses nothing.
    found |= {key: plain[key] for key in found if key.endswith(".name") and key in plain}
    if is_file:
        found = {k: v for k, v in found.items() if k == "data.name" or not k.startswith("data.")}
    return found


def _setup_defaults(run: Run) -> dict[str, Any]:
    """Return Keras' defaults of the arguments that a run from Python gave."""
    setup = run.setup
    found: dict[str, Any] = {}
    for part, kind, given in (
        ("loss", "losses", setup.loss),
        ("optimizer", "optimizers", setup.optimizer),
    ):
        known = keras_arguments.names(kind).get(str(given.get("name")), {})
        found |= {f"{part}.{argument}": value for argument, value in known.items()}
    return found


def _setting(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _facts(run: Run) -> Iterator[dict[str, Any]]:
    """Yield the folded sections: data, times, versions; of each the pairs of name and text."""
    facts, data = run.facts, run.facts.get("data") or {}
    counts = [f"{data[part]:,} {part}" for part in PARTS if data.get(part)]
    shares = data.get("class_shares") or ()
    baseline = data.get("linear_baseline") or {}
    rows = {
        "source": data.get("source") or data.get("name"),
        "examples": ", ".join(counts),
        "shape of an example": _shape(data["shape"]) if data.get("shape") else None,
        "classes": data.get("classes"),
        "class names": ", ".join(map(str, data.get("class_names") or ())),
        "share of the classes": _range(shares),
        "inputs": _inputs(data.get("input")),
        "inputs of the test set": _inputs(data.get("test_input")),
        "linear baseline": ", ".join(
            f"{part} {_percent(share)}" for part, share in baseline.items() if share is not None
        ),
        "nearest neighbors, test": _share(data.get("neighbor_baseline")),
        "SHA-256": data.get("sha256"),
    }
    yield _section("Data", rows)
    initial, engine = facts.get("initial") or {}, facts.get("engine") or {}
    rows = {
        "ended": facts.get("ended"),
        "whole run": _seconds(facts.get("seconds")),
        "an epoch, median": _seconds(run.epoch_seconds),
        "the first epoch, with compiling": _seconds(run.times[0]) if run.times else None,
        "updates": f"{facts['updates']:,}" if facts.get("updates") else None,
        "updates an epoch": facts.get("updates_per_epoch"),
        "loop": f"{engine['loop']}: {engine.get('why', '')}" if engine.get("loop") else None,
        "loss before training": _number(initial["loss"]) if initial.get("loss") else None,
    }
    yield _section("Times", rows)
    rows = {**(facts.get("versions") or {}), "machine": facts.get("machine")}
    rows["git commit"] = facts.get("git_commit")
    yield _section("Versions", rows)


def _section(title: str, rows: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": title,
        "rows": [(key, str(v)) for key, v in rows.items() if v not in (None, "")],
    }


def _range(shares: Sequence[float | None]) -> str | None:
    known = [share for share in shares if share is not None]
    return f"{_percent(min(known))} to {_percent(max(known))}" if known else None


def _share(value: Any) -> str | None:
    return _percent(value) if isinstance(value, float) else None


def _inputs(found: Mapping[str, Any] | None) -> str | None:
    known = [
        f"{name} {_number(value)}"
        for name, value in (found or {}).items()
        if isinstance(value, int | float)
    ]
    return ", ".join(known) or None


def _seconds(seconds: float | None) -> str:
    """Return a duration in words: `0.18 s`, `2 min 5 s`, `1 h 12 min`."""
    if seconds is None or not math.isfinite(seconds):
        return ""
    if seconds < 60:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def _number(value: Any) -> str:
    """Return a number with four digits; anything else as text."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
