"""A comparison as text: table, CSV, Markdown, JSON, and which group is ahead by how much."""

import json
import math
from collections.abc import Sequence

from kerasdemo.comparison.claims import ClaimCheck
from kerasdemo.comparison.comparison import Comparison, Ranked
from kerasdemo.comparison.groups import MISSING, Group, format_value, is_on_sample, short_names
from kerasdemo.display import tables
from kerasdemo.display.sentences import describe_claim, describe_pair
from kerasdemo.records import files

FORMS = ("table", "csv", "json", "markdown")
# Pairs that are described in words; the numbers of all of them are in CSV and JSON.
MOST_PAIRS = 10


def render(comparison: Comparison, form: str, claims: Sequence[ClaimCheck] = ()) -> str:
    """Return a comparison as text.

    Args:
        comparison: what to show.
        form: one of `FORMS`.
        claims: of the experiments that the runs belong to; left out of CSV.
    """
    if form == "json":
        return json.dumps(files.finite(as_dict(comparison, claims)), indent=1)
    if form == "csv":
        return tables.to_csv(records(comparison))
    columns, rows = table(comparison)
    lines = [*sentences(comparison), *map(describe_claim, claims)]
    if form == "markdown":
        cells = [[escape(cell) for cell in row] for row in (columns, *rows)]
        cells.insert(1, ["---"] * len(columns))
        text = ["| " + " | ".join(row) + " |" for row in cells]
        return "\n".join([*text, "", *(f"- {escape(line)}" for line in lines)])
    text = [tables.render([dict(zip(columns, row, strict=True)) for row in rows])]
    return "\n".join([*text, *lines])


def as_dict(comparison: Comparison, claims: Sequence[ClaimCheck] = ()) -> dict[str, object]:
    """Return everything that a comparison and the checks of claims found, as plain values."""
    return {
        "metric": comparison.metric,
        "at": comparison.at,
        "keys": list(comparison.keys),
        "groups": records(comparison),
        "edges": list(comparison.edges),
        "cautions": list(comparison.cautions),
        "unfinished": comparison.unfinished,
        "claims": [check.as_dict() for check in claims],
    }


def records(comparison: Comparison) -> list[dict[str, object]]:
    """Return a row of plain values for each group, best first."""
    return [_record(one, comparison) for one in comparison.ranked]


def _record(one: Ranked, comparison: Comparison) -> dict[str, object]:
    group, metric, pair = one.group, comparison.metric, one.best_minus_this
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
        "best_minus_this": pair and pair.difference.mean,
        "best_minus_this_low": pair and pair.difference.low,
        "best_minus_this_high": pair and pair.difference.high,
        "best_is": pair and pair.decision,
        "more_seeds": pair and pair.more_seeds,
    }


def table(comparison: Comparison) -> tuple[list[str], list[list[str]]]:
    """Return the columns and the cells of the table for people, without empty columns."""
    metric = comparison.metric
    is_any_on_sample = any(is_on_sample(run) for group in comparison.groups for run in group.runs)
    rows = []
    for one in comparison.ranked:
        group, epoch = one.group, _best_epoch(one.group, metric)
        parameters = group.runs[0].parameters
        # Seconds and the test set have no epochs.
        has_curve = math.isfinite(epoch)
        numbers = {
            metric: _value(group),
            "seeds": str(group.interval.n),
            "last": _number(group.mean_of(metric, "last")) if has_curve else MISSING,
            "best": _number(group.mean_of(metric, "best")) if has_curve else MISSING,
            "at epoch": _number(epoch, ".3g"),
            "verdict": _verdicts(group),
            "seconds": _number(group.mean_of("seconds", "last"), ".3g"),
            "parameters": MISSING if parameters is None else f"{parameters:,}",
            # Where the sample replaces MNIST, the others say what they used.
            **({"data": group.sources} if is_any_on_sample else {}),
        }
        keys = {
            key if name in numbers else name: format_value(group.values[key])
            for key, name in short_names(comparison.keys).items()
        }
        rank = {"rank": MISSING if one.rank is None else str(one.rank)}
        rows.append(rank | ({"group": group.label} if comparison.named else keys) | numbers)
    columns = [name for name in rows[0] if any(row[name] != MISSING for row in rows)]
    return columns, [[row[name] for name in columns] for row in rows]


def _best_epoch(group: Group, metric: str) -> float:
    values = [run.metrics[metric] for run in group.runs if metric in run.metrics]
    epochs = [value.best_epoch for value in values if value.best_epoch]
    return sum(epochs) / len(epochs) if epochs else math.nan


def _verdicts(group: Group) -> str:
    counts = group.verdicts
    if len(counts) == 1:
        return next(iter(counts))
    return "; ".join(f"{verdict} {n}" for verdict, n in counts.items()) or MISSING


def _value(group: Group) -> str:
    lost = [
        f"{count} of {len(group.runs)} {word}"
        for count, word in ((group.diverged, "diverged"), (group.failed, "failed"))
        if count
    ]
    value = [str(group.interval)] if group.interval.n else []
    return ", ".join([*value, *lost]) or MISSING


def _number(value: float, form: str = ".4g") -> str:
    return f"{value:{form}}" if math.isfinite(value) else MISSING


def sentences(comparison: Comparison) -> list[str]:
    """Return which groups are ahead, what is at the edge of its range, and what was left out."""
    pairs = [(one, one.best_minus_this) for one in comparison.ranked if one.best_minus_this]
    lines = list(comparison.cautions)
    lines += [
        describe_pair(pair, one.best.label, one.group.label)
        for one, pair in pairs[:MOST_PAIRS]
        if one.group.by_seed
    ]
    if len(pairs) > MOST_PAIRS:
        lines.append(f"... and {len(pairs) - MOST_PAIRS} more, in --format csv")
    if pairs:
        lines.append("intervals: 95 %, of seeds and examples, pairs by seed, each pair by itself")
    elif len(comparison.ranked) > 1:
        lines.append("intervals: 95 %, of seeds and examples")
    if any(group.interval.n == 1 for group in comparison.groups):
        lines.append("with one seed an interval is of the examples alone, not of other seeds")
    if comparison.metric == "epoch_seconds" and any(
        run.epochs == 1 for group in comparison.groups for run in group.runs
    ):
        lines.append("the seconds of a run's only epoch contain compiling")
    for key in comparison.edges:
        value = format_value(comparison.groups[0].values[key])
        lines.append(f"the best {key}, {value}, is at the edge of what was tried: try beyond it")
    if comparison.unfinished:
        lines.append(f"{comparison.unfinished} runs that have not ended are left out")
    return lines


def escape(text: str) -> str:
    """Return text that breaks no cell of a Markdown table and is no HTML."""
    plain = " ".join(text.split("\n")).replace("\\", "\\\\").replace("|", "\\|")
    return plain.replace("<", "&lt;")
