"""A comparison in words: table, CSV, Markdown, JSON, and who beats whom."""

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from kerasdemo.comparison.comparison import MISSING, Comparison, Group, Ranked, stands_in
from kerasdemo.records import files

# Pairs that are told in words; the numbers of all of them are in CSV and JSON.
TOLD = 10


def records(comparison: Comparison) -> list[dict[str, Any]]:
    """Return a row of plain values for each group, best first."""
    return [_record(one, comparison) for one in comparison.ranked]


def _record(one: Ranked, comparison: Comparison) -> dict[str, Any]:
    group, metric = one.group, comparison.metric
    against = one.against_best
    return {
        "rank": one.rank,
        **({"scale": one.scale} if comparison.scales > 1 else {}),
        "group": group.label,
        **group.values,
        "metric": metric,
        "mean": group.interval.mean,
        "low": group.interval.low,
        "high": group.interval.high,
        "seeds": group.interval.n,
        "last": group.mean_of(metric, "last"),
        "best": group.mean_of(metric, "best"),
        "best_epoch": _best_epoch(group, metric),
        "verdict": _verdicts(group),
        "seconds": group.mean_of("seconds", "last"),
        "parameters": group.runs[0].parameters,
        "data": group.sources,
        "diverged": group.diverged,
        "failed": group.failed,
        "best_minus_this": against and against.difference.mean,
        "best_minus_this_low": against and against.difference.low,
        "best_minus_this_high": against and against.difference.high,
        "best_is": against and against.verdict,
        "more_seeds": against and against.more_seeds,
    }


def _best_epoch(group: Group, metric: str) -> float:
    epochs = [
        run.metrics[metric].best_epoch
        for run in group.runs
        if metric in run.metrics and run.metrics[metric].best_epoch
    ]
    return sum(epochs) / len(epochs) if epochs else math.nan


def _verdicts(group: Group) -> str:
    counts = group.verdicts
    if len(counts) == 1:
        return next(iter(counts))
    return "; ".join(f"{verdict} {n}" for verdict, n in counts.items()) or "-"


def table(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Return the columns and the cells of the table that people read."""
    named = comparison.named
    keys = () if named else comparison.keys
    metric = comparison.metric
    ends = {key: key.removesuffix(".name").rsplit(".", 1)[-1] for key in keys}
    short = [end if [*ends.values()].count(end) == 1 else key for key, end in ends.items()]
    columns = ["rank", *(["group"] if named else short), metric, "seeds", "last", "best"]
    columns += ["at epoch", "verdict", "seconds", "parameters", "data"]
    sampled = any(stands_in(run) for group in comparison.groups for run in group.runs)
    rows = [_cells(one, keys, named, metric, sampled) for one in comparison.ranked]
    told = [n for n, _ in enumerate(columns) if any(row[n] != "-" for row in rows)]
    return [columns[n] for n in told], [[row[n] for n in told] for row in rows]


def _cells(one: Ranked, keys: Sequence[str], named: bool, metric: str, sampled: bool) -> list[str]:
    group = one.group
    epoch = _best_epoch(group, metric)
    parameters = group.runs[0].parameters
    # Seconds and the test set have no epochs.
    curve = [group.mean_of(metric, "last"), group.mean_of(metric, "best")]
    return [
        MISSING if one.rank is None else str(one.rank),
        *([group.label] if named else [_text(group.values[key]) for key in keys]),
        _value(group),
        str(group.interval.n),
        *(_number(value) if math.isfinite(epoch) else "-" for value in curve),
        _number(epoch, ".3g"),
        _verdicts(group),
        _number(group.mean_of("seconds", "last"), ".3g"),
        "-" if parameters is None else f"{parameters:,}",
        # Where one stands in, the others say what they ran on.
        group.sources if sampled else "-",
    ]


def _value(group: Group) -> str:
    lost = [
        f"{count} of {len(group.runs)} {word}"
        for count, word in ((group.diverged, "diverged"), (group.failed, "failed"))
        if count
    ]
    value = [str(group.interval)] if group.interval.n else []
    return ", ".join([*value, *lost]) or "-"


def _number(value: float, form: str = ".4g") -> str:
    return f"{value:{form}}" if math.isfinite(value) else "-"


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def sentences(comparison: Comparison) -> list[str]:
    """Return who beats whom, what lies at the edge of its range, and what was left out."""
    best = comparison.groups[0]
    others = [one for one in comparison.ranked if one.against_best is not None]
    told = list(comparison.cautions)
    told += [
        one.against_best.sentence(one.best.label, one.group.label)
        for one in others[:TOLD]
        if one.against_best is not None and one.group.by_seed
    ]
    if len(others) > TOLD:
        told.append(f"... and {len(others) - TOLD} more, in --format csv")
    if others:
        told.append("intervals: 95 %, of seeds and examples, pairs by seed, each pair for itself")
    elif len(comparison.ranked) > 1:
        told.append("intervals: 95 %, of seeds and examples")
    if any(group.interval.n == 1 for group in comparison.groups):
        told.append("with one seed an interval is of the examples alone, and not of other seeds")
    if comparison.metric == "epoch_seconds" and any(
        run.epochs == 1 for group in comparison.groups for run in group.runs
    ):
        told.append("the seconds of a run's only epoch contain compiling")
    for key in comparison.edges:
        value = _text(best.values[key])
        told.append(f"the best {key}, {value}, is at the edge of what was tried: try beyond it")
    if comparison.unfinished:
        told.append(f"{comparison.unfinished} runs that have not ended are left out")
    return told


def escaped(text: str) -> str:
    """Return text that no cell of a Markdown table is broken by, and that is no HTML."""
    plain = " ".join(text.split("\n")).replace("\\", "\\\\").replace("|", "\\|")
    return plain.replace("<", "&lt;")


def render(comparison: Comparison, form: str) -> str:
    """Return a comparison as `csv`, `json` or `markdown`."""
    if form == "json":
        return json.dumps(files.finite(as_json(comparison)), indent=1)
    if form == "csv":
        return _csv(records(comparison))
    return _markdown(comparison)


def as_json(comparison: Comparison) -> dict[str, Any]:
    """Return everything that a comparison found."""
    return {
        "metric": comparison.metric,
        "at": comparison.at,
        "keys": list(comparison.keys),
        "groups": records(comparison),
        "edges": list(comparison.edges),
        "cautions": list(comparison.cautions),
        "unfinished": comparison.unfinished,
    }


def _csv(rows: Sequence[Mapping[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _harmless(value) for key, value in row.items()} for row in rows)
    return out.getvalue().rstrip("\n")


def _harmless(value: Any) -> Any:
    """Return a cell that no spreadsheet takes for a formula."""
    formula = isinstance(value, str) and value != MISSING and value[:1] in tuple("=+-@\t\r")
    return f"'{value}" if formula else value


def _markdown(comparison: Comparison) -> str:
    columns, rows = table(comparison)
    cells = [[escaped(cell) for cell in row] for row in (columns, *rows)]
    lines = [cells[0], ["---"] * len(columns), *cells[1:]]
    told = [f"- {escaped(sentence)}" for sentence in sentences(comparison)]
    return "\n".join(["| " + " | ".join(line) + " |" for line in lines] + ["", *told])
