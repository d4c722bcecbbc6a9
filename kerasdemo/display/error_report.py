"""What a trained network gets wrong, in plain values and as lines of text."""

from collections.abc import Iterator, Mapping
from typing import Any

from kerasdemo.config import Fault, InputError
from kerasdemo.display import tables
from kerasdemo.display.prediction_plots import columns_of
from kerasdemo.records import Run

# Pairs of classes, mistakes and residuals that a text shows; JSON has all.
MOST_SHOWN = 10


def describe(run: Run) -> dict[str, Any]:
    """Return what predictions.json says about mistakes, in plain values.

    Shares are from 0 to 1. All have the `part` ("test" or "validation") and its `examples`; by the
    task besides:

    Classes: `wrong` examples; `classes` with their examples, `recall` (the share of them that is
    predicted right) and `precision` (of those predicted so); `confused` pairs, the most frequent
    first, with their share of the true class; `mistakes` with the highest confidence.

    Labels: `all_right` examples; `labels` with `has` examples, those `missed`, `false_alarms`,
    recall, precision and `auc`.

    Numbers: `columns` with statistics of prediction - truth (`records.predictions.Residuals`), and
    the `largest` of the `recorded` pairs.

    Raises:
        InputError: for a run without recorded predictions.
    """
    found = run.predictions
    if not found:
        message = "no predictions were recorded, or predictions.json was deleted; train it again"
        if run.status != "finished":
            message = f"no predictions were recorded: the run is {run.status}"
        raise InputError(Fault(message, str(run.path or run.id)))
    described: dict[str, Any] = {"part": found["part"], "examples": found["examples"]}
    if found.get("confusion") is not None:
        return described | _of_classes(found)
    if found.get("labels") is not None:
        return described | {"all_right": found.get("all_right"), "labels": _of_labels(found)}
    return described | {"columns": [_of_numbers(column) for column in columns_of(found)]}


def _of_classes(found: Mapping[str, Any]) -> dict[str, Any]:
    counts = found["confusion"]
    names = list(map(str, found.get("classes") or range(len(counts))))
    pairs = [
        {
            "truth": names[y],
            "guess": names[x],
            "count": count,
            "share": count / sum(row),
        }
        for y, row in enumerate(counts)
        for x, count in enumerate(row)
        if x != y and count
    ]
    mistakes = [
        {key: one.get(key) for key in ("truth", "guess", "confidence")}
        for one in found.get("mistakes") or ()
    ]
    return {
        "wrong": sum(pair["count"] for pair in pairs),
        "classes": [
            {
                "class": name,
                "examples": sum(counts[n]),
                "recall": _share(counts[n][n], sum(counts[n])),
                "precision": _share(counts[n][n], sum(row[n] for row in counts)),
            }
            for n, name in enumerate(names)
        ],
        "confused": sorted(pairs, key=lambda pair: (-pair["count"], -pair["share"])),
        "mistakes": mistakes,
    }


def _of_labels(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    rows = []
    for number, label in enumerate(found["labels"]):
        (_, false), (missed, right) = label["confusion"]
        rows.append(
            {
                "label": label.get("name") or f"label {number}",
                "has": missed + right,
                "missed": missed,
                "false_alarms": false,
                "recall": _share(right, missed + right),
                "precision": _share(right, false + right),
                "auc": (label.get("roc") or {}).get("auc"),
            }
        )
    return rows


def _of_numbers(column: Mapping[str, Any]) -> dict[str, Any]:
    pairs = [
        {"truth": truth, "guess": guess, "residual": guess - truth}
        for truth, guess in zip(column["truth"], column["guess"], strict=True)
    ]
    return {
        "column": column.get("name") or "value",
        "unit": column.get("unit"),
        **(column.get("residuals") or {}),
        "recorded": len(pairs),
        "largest": sorted(pairs, key=lambda pair: -abs(pair["residual"]))[:MOST_SHOWN],
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def title(report: Mapping[str, Any]) -> str:
    """Return in a line how much is wrong."""
    part, examples = report["part"], report["examples"]
    if "wrong" in report:
        share = f" ({report['wrong'] / examples:.1%})" if examples else ""
        return f"{report['wrong']:,} of {examples:,} {part} examples wrong{share}"
    if "labels" in report:
        right = report["all_right"]
        if right is None:
            return f"{len(report['labels'])} labels of {examples:,} {part} examples"
        return f"{examples - right:,} of {examples:,} {part} examples with a wrong label"
    if len(report["columns"]) == 1 and "rmse" in report["columns"][0]:
        column = report["columns"][0]
        return f"RMSE {column['rmse']:.3g}, MAE {column['mae']:.3g} on {examples:,} {part} examples"
    return f"{len(report['columns'])} target columns of {examples:,} {part} examples"


def to_lines(run: Run, report: Mapping[str, Any]) -> Iterator[str]:
    """Yield what `describe` returned as lines of text."""
    yield f"{run.id}  {title(report)}"
    if "wrong" in report:
        yield from _class_lines(report)
    elif "labels" in report:
        yield from _table("labels", report["labels"])
    else:
        yield from _number_lines(report)


def _class_lines(report: Mapping[str, Any]) -> Iterator[str]:
    classes = [row for row in report["classes"] if row["examples"]]
    worst = sorted(classes, key=lambda row: row["recall"])
    few = worst[:MOST_SHOWN]
    yield from _table("classes, the worst first" + _of(few, worst), [_percent(row) for row in few])
    pairs = report["confused"]
    shown = [
        {"true": p["truth"], "predicted": p["guess"], "examples": p["count"]}
        | {"of the true class": f"{p['share']:.1%}"}
        for p in pairs[:MOST_SHOWN]
    ]
    yield from _table("most confused" + _of(shown, pairs), shown)
    mistakes = [
        {"true": m["truth"], "predicted": m["guess"], "confidence": _as_percent(m["confidence"])}
        for m in report["mistakes"][:MOST_SHOWN]
    ]
    yield from _table("worst mistakes, the most confident first", mistakes)


def _number_lines(report: Mapping[str, Any]) -> Iterator[str]:
    names = ("column", "unit", "mean", "rmse", "mae", "percentile_90", "r2")
    rows = [{name: column.get(name) for name in names} for column in report["columns"]]
    if not any(row["unit"] for row in rows):
        rows = [{name: cell for name, cell in row.items() if name != "unit"} for row in rows]
    yield from _table("predicted - true", rows)
    for column in report["columns"][:MOST_SHOWN]:
        recorded = column["recorded"]
        of = f" of {recorded:,} recorded" if recorded < report["examples"] else ""
        largest = [
            {"true": p["truth"], "predicted": p["guess"], "predicted - true": p["residual"]}
            for p in column["largest"]
        ]
        yield from _table(f"largest residuals of {column['column']}{of}", largest)


def _table(head: str, rows: list[dict[str, Any]]) -> Iterator[str]:
    if rows:
        yield f"\n{head}"
        yield tables.render(rows)


def _of(shown: list[dict[str, Any]], every: list[dict[str, Any]]) -> str:
    return f" ({len(shown)} of {len(every):,})" if len(shown) < len(every) else ""


def _percent(row: Mapping[str, Any]) -> dict[str, Any]:
    shares = {key: _as_percent(row[key]) for key in ("recall", "precision")}
    return dict(row) | shares


def _as_percent(share: float | None) -> str | None:
    return None if share is None else f"{share:.1%}"
