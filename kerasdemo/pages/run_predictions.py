"""What a network predicts: of classes the confusion matrix, the ROC curve and the mistakes it was
surest of; of labels a table; of numbers predicted against true values, and residuals."""

import base64
import io
import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from typing import Any

from kerasdemo.pages import numbers, page
from kerasdemo.pages.charts import Axis, Lines, Point, Reference, Scatter, Series
from kerasdemo.pages.page import Chart
from kerasdemo.records import Run

# Target columns that have charts, curves of a chart, and points of each.
MOST_CHARTED, MOST_CURVES, MOST_POINTS = 4, 8, 150
# Of a name in a sentence or a title.
LONGEST = 60
CHANCE = Reference("chance", 1.0)


def describe(run: Run) -> dict[str, Any] | None:
    """Return what the page says of the predictions, and its `charts`; None where there are none."""
    found = run.predictions
    if not found:
        return None
    part, examples = str(found["part"]), int(found["examples"])
    of = f"{examples:,} {part} example{'s' * (examples != 1)}"
    shown: dict[str, Any] = {
        "of": of, "part": part, "charts": {}, "rows": [], "mistakes": [], "labels": [],
        "columns": [],
    }  # fmt: skip
    if found.get("confusion") is not None:
        return shown | _describe_classes(found, of)
    if found.get("labels") is not None:
        return shown | _describe_labels(found, of)
    return shown | _describe_numbers(found, of)


# Numbers.


def _describe_numbers(found: Mapping[str, Any], of: str) -> dict[str, Any]:
    # Records of the first versions have one column, without its residuals.
    columns: list[Mapping[str, Any]] = found.get("columns") or [found]
    charts: dict[str, Chart] = {}
    for n, column in enumerate(columns[:MOST_CHARTED]):
        suffix = f"-{n + 1}" if n else ""
        if len(columns) > 1:
            column = {**column, "name": _column_name(column, n)}
        charts[f"predictions{suffix}"] = _against_true(column, found, of)
        charts[f"residuals{suffix}"] = _residuals(column)
    rows = [
        {"name": _column_name(column, n), "unit": column.get("unit") or ""}
        | {
            key: None if value is None else numbers.quantity(value)
            for key, value in column["residuals"].items()
        }
        for n, column in enumerate(columns)
        if len(columns) > 1 and column.get("residuals")
    ]
    return {"charts": charts, "columns": rows}


def _column_name(column: Mapping[str, Any], n: int) -> str:
    return str(column.get("name") or f"target {n + 1}")


def _against_true(column: Mapping[str, Any], found: Mapping[str, Any], of: str) -> Scatter:
    pairs = list(zip(column["truth"], column["guess"], strict=True))
    some = of if len(pairs) == found["examples"] else f"{len(pairs)} of the {of}"
    residuals, unit = column.get("residuals"), column.get("unit")
    sentences = [f"A point is one of {some}." if pairs else ""]
    if residuals:
        rmse, mae, most = (
            numbers.quantity(residuals[key], unit) for key in ("rmse", "mae", "percentile_90")
        )
        r2 = residuals.get("r2")
        score = "" if r2 is None else f", R² {r2:.3f}"
        sentences = [f"RMSE {rmse}, MAE {mae}{score}. 90 % are off by at most {most}.", *sentences]
    values = [value for pair in pairs for value in pair]
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = 0.04 * (high - low) or 0.04 * abs(high) or 1.0
    name = _of(column)
    return Scatter(
        f"Predicted against true{_titled(column)}",
        " ".join(sentences),
        _axis(f"true{name or ' value'}", unit),
        _axis(f"predicted{name or ' value'}", unit),
        _points(pairs),
        limits=(low - margin, high + margin),
        reference=Reference("prediction = truth", 1.0),
    )


def _residuals(column: Mapping[str, Any]) -> Scatter:
    unit, mean = column.get("unit"), (column.get("residuals") or {}).get("mean")
    pairs = [
        (guess, guess - truth)
        for truth, guess in zip(column["truth"], column["guess"], strict=True)
    ]
    sentence = "A bend or a widening is something that the network has not learned."
    if mean is not None:
        sentence = f"Predicted minus true: {numbers.quantity(mean, unit)} on average. {sentence}"
    return Scatter(
        f"Residuals{_titled(column)}",
        sentence,
        _axis(f"predicted{_of(column) or ' value'}", unit),
        _axis("predicted − true", unit),
        _points(pairs),
        reference=Reference("no error", 0.0),
    )


def _of(column: Mapping[str, Any]) -> str:
    return f" {page.cut(column['name'], LONGEST)}" if column.get("name") else ""


def _titled(column: Mapping[str, Any]) -> str:
    return f": {page.cut(column['name'], LONGEST)}" if column.get("name") else ""


def _axis(label: str, unit: str | None) -> Axis:
    return Axis(label, f" {unit}" if unit else "")


def _points(pairs: Sequence[tuple[float, float]]) -> list[Point]:
    # Charts of one column share the names: what is selected in one stands out in the other.
    return [
        Point(f"example-{n}", f"example {n}", x, y, color=0) for n, (x, y) in enumerate(pairs, 1)
    ]


# Labels.


def _describe_labels(found: Mapping[str, Any], of: str) -> dict[str, Any]:
    labels: list[Mapping[str, Any]] = found["labels"]
    names = [str(label.get("name") or f"label {n}") for n, label in enumerate(labels)]
    curves = [(name, label["roc"]) for name, label in zip(names, labels, strict=True)
              if label.get("roc")]  # fmt: skip
    right, examples = found.get("all_right"), found["examples"]
    summary = f"{of}. "
    if right is not None:
        summary += f"Every label is right for {right:,}: {numbers.percent(right / examples)}."
    return {
        "charts": {"roc": _roc_chart(curves, "label")} if curves else {},
        "labels": [_label_row(*pair) for pair in zip(names, labels, strict=True)],
        "summary": summary.strip(),
    }


def _label_row(name: str, label: Mapping[str, Any]) -> dict[str, Any]:
    (quiet, false), (missed, hit) = label["confusion"]
    total = quiet + false + missed + hit
    shares = {
        "share": (missed + hit, total),
        "accuracy": (quiet + hit, total),
        "precision": (hit, hit + false),
        "recall": (hit, hit + missed),
    }
    roc = label.get("roc")
    return {
        "name": name,
        "auc": f"{roc['auc']:.3f}" if roc else None,
        **{key: numbers.percent(n / of) if of else None for key, (n, of) in shares.items()},
    }


# Classes.


def _describe_classes(found: Mapping[str, Any], of: str) -> dict[str, Any]:
    counts: list[list[int]] = found["confusion"]
    names = list(map(str, found.get("classes") or range(len(counts))))
    right = sum(row[n] for n, row in enumerate(counts))
    wrong = sum(map(sum, counts)) - right
    pairs_wrong = sorted(
        ((count, names[n], names[m]) for n, row in enumerate(counts) for m, count in enumerate(row)
         if n != m and count),
        key=lambda pair: -pair[0],
    )  # fmt: skip
    of_curves = names[1:] if len(names) == 2 else names
    titles = [name if found.get("classes") else f"class {name}" for name in of_curves]
    curves = [(name, roc) for name, roc in zip(titles, found.get("roc") or (), strict=False)
              if roc]  # fmt: skip
    summary = _describe_confusion(right, wrong, pairs_wrong)
    if len(counts) == 2:
        summary += _describe_positives(counts, titles[0])
    return {
        "charts": {"roc": _roc_chart(curves, "class")} if curves else {},
        "names": names,
        "summary": f"{of}: {summary}",
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


def _describe_positives(counts: Sequence[Sequence[int]], name: str) -> str:
    """Return precision and recall of the second of two classes."""
    (_, false), (missed, hit) = counts
    parts = {"precision": hit + false, "recall": hit + missed}
    known = [f"{key} {numbers.percent(hit / of)}" for key, of in parts.items() if of]
    return f" For {page.cut(name, LONGEST)}: {', '.join(known)}." if known else ""


# ROC curves.


def _roc_chart(curves: Sequence[tuple[str, Mapping[str, Any]]], what: str) -> Lines:
    """Return the chart of the ROC curves; of many those of the smallest areas.

    Args:
        curves: name, and curve as predictions.json has it.
        what: they are of: class or label.
    """
    chosen = sorted(curves, key=lambda pair: float(pair[1]["auc"]))[:MOST_CURVES]
    shown = [pair for pair in curves if any(pair is one for one in chosen)]
    all_x = sorted({x for _, curve in shown for x in curve["false_positive_rate"]})
    places = sorted({round(n * (len(all_x) - 1) / (MOST_POINTS - 1)) for n in range(MOST_POINTS)})
    # On one axis, so that the cursor reads all curves at once.
    grid = all_x if len(shown) == 1 or len(all_x) <= MOST_POINTS else [all_x[n] for n in places]
    series = []
    for n, (name, curve) in enumerate(shown):
        points = [(x, y) for x in grid for y in _between(curve, x)]
        title = f"{page.cut(name, LONGEST)} (AUC {curve['auc']:.3f})"
        series.append(
            Series(
                f"roc-{n}",
                title if len(shown) > 1 else "true positive rate",
                [y for _, y in points],
                n,
                x=[x for x, _ in points],
            )
        )
    areas = [float(curve["auc"]) for _, curve in curves]
    if len(curves) == 1:
        name, of = page.cut(curves[0][0], LONGEST), areas[0]
        sentence = f"AUC {of:.3f} for {name}: the share of pairs, one of it and one not, "
        sentence += "in which it has the higher score."
    else:
        mean = sum(areas) / len(areas)
        sentence = f"Each {what} against the rest: mean AUC {mean:.3f}."
    if len(shown) < len(curves):
        sentence += f" The {len(shown)} of {len(curves)} with the smallest AUC are drawn."
    return Lines(
        "ROC curve" + "s" * (len(shown) > 1),
        f"{sentence} Chance is 0.5.",
        Axis("true positive rate"),
        series,
        x=Axis("false positive rate"),
        limits=(0.0, 1.0),
        reference=CHANCE,
    )


def _between(curve: Mapping[str, Any], x: float) -> list[float]:
    """Return the true positive rate of a curve at a false one; where it jumps, both ends."""
    xs, ys = curve["false_positive_rate"], curve["true_positive_rate"]
    first, after = bisect_left(xs, x), bisect_right(xs, x)
    if first < after:
        return sorted({float(ys[first]), float(ys[after - 1])})
    if after in (0, len(xs)):
        return []
    share = (x - xs[after - 1]) / (xs[after] - xs[after - 1])
    return [float(ys[after - 1] + share * (ys[after] - ys[after - 1]))]


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
        "confidence": "" if confidence is None else numbers.percent(confidence),
        "image": _png(image) if image else "",
    }


def _png(image: Mapping[str, Any]) -> str:
    """Return an image as a data URI of a PNG."""
    from PIL import Image

    height, width, *channels = image["shape"]
    mode = "RGB" if channels == [3] else "L"
    pixels = base64.b64decode(image["pixels"])
    content = io.BytesIO()
    Image.frombytes(mode, (width, height), pixels).save(content, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
