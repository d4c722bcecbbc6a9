"""Chooses and orders the runs that `kerasdemo list` shows: filters, tags, the best, a column."""

import math
import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any

from kerasdemo.comparison.metrics import METRICS, less_is_better, value_of
from kerasdemo.config import Fault, InputError
from kerasdemo.config.errors import near, unknown
from kerasdemo.display import run_list
from kerasdemo.records import Summary

FILTER = re.compile(r"\s*([^<>=!\s]+)\s*(<=|>=|!=|==|=|<|>)\s*(.*?)\s*", re.DOTALL)
ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {"<": lt, "<=": le, ">": gt, ">=": ge}
DATE = re.compile(r"\d{4}(-\d\d(-\d\d( \d\d(:\d\d)?)?)?)?")
NOTHING = ("-", "none", "null")
# What a run is chosen by: the first of these that it has. The test set never chooses.
SCORES = ("val_accuracy", "val_r2", "val_loss")
CHOOSING = tuple(metric for metric in METRICS if not metric.startswith("test_"))

Cells = Mapping[str, Any]


@dataclass(frozen=True)
class Condition:
    """What a run has to be: `val_accuracy>0.9`. names: of a column or key, as runs may have it."""

    names: tuple[str, ...]
    operator: str
    value: str

    def holds(self, cells: Cells) -> bool:
        """Whether it holds of a run; a value that the run lacks equals nothing but `null`."""
        cell = find_cell(cells, self.names)
        if self.operator in ("=", "!="):
            return _equals(cell, self.value) == (self.operator == "=")
        number = find_number(self.value)
        if number is None:  # a date
            return isinstance(cell, str) and ORDERS[self.operator](cell, self.value)
        is_number = isinstance(cell, int | float) and not isinstance(cell, bool)
        return is_number and ORDERS[self.operator](cell, number)


def select(
    runs: Sequence[Summary],
    filters: Iterable[str] = (),
    tags: Iterable[str] = (),
    best: int | None = None,
    by: str | None = None,
) -> list[Summary]:
    """Return the runs that meet all conditions, in the order that they have.

    Args:
        runs: of a folder.
        filters: `KEY=VALUE` with =, !=, <, <=, > or >=. The key is a column of the list, a metric
            or a key of the config, or its last word.
        tags: a run has to have all of them.
        best: so many runs at most, the best first.
        by: the metric that says which are; None: the validation accuracy, or R², or the loss.

    Raises:
        InputError: for a filter that is none, an unknown key or tag, and where there is nothing by
            which to choose.
    """
    chosen = list(runs)
    if conditions := [parse(text) for text in filters]:
        cells = [cells_of(run) for run in runs]
        known = list(dict.fromkeys(name for one in cells for name in one))
        if chosen:
            conditions = [_with_names(condition, known) for condition in conditions]
        met = [all(c.holds(one) for c in conditions) for one in cells]
        chosen = [run for run, is_met in zip(runs, met, strict=True) if is_met]
    tags = list(tags)
    known_tags = {tag for run in runs for tag in run.tags or ()}
    for tag in tags:
        if runs and tag not in known_tags:
            problem = f"no run here has the tag {tag!r}{near(tag, known_tags)}"
            raise InputError(Fault(problem, key="--tag"))
    chosen = [run for run in chosen if set(tags) <= set(run.tags or ())]
    if best is None and by is None:
        return chosen
    return _best(chosen, best, by)


def parse(text: str) -> Condition:
    """Return the condition that a text such as `val_accuracy>0.9` states.

    Raises:
        InputError: where it states none.
    """
    found = FILTER.fullmatch(text)
    if found is None:
        expected = "expected KEY=VALUE with =, !=, <, <=, > or >=, in quotes: 'val_accuracy>0.9'"
        raise InputError(Fault(f"got {text!r}; {expected}", "--filter"))
    key, operator, value = found.groups()
    if operator == "=" and value[:1] in ("<", ">"):
        raise InputError(
            Fault(f"got {text!r}; expected {value[0]}= in place of ={value[0]}", "--filter")
        )
    is_date = key == "date" and DATE.fullmatch(value) is not None
    if operator in ORDERS and find_number(value) is None and not is_date:
        expected = "a date such as 2026-11-30" if key == "date" else "a number"
        raise InputError(Fault(f"got {text!r}; expected {expected} behind {operator}", "--filter"))
    return Condition((key,), "=" if operator == "==" else operator, value)


def cells_of(run: Summary) -> dict[str, Any]:
    """Return everything by which a run can be found: its settings, metrics and columns."""
    metrics = {name: value.kept for name, value in run.metrics.items()}
    return {**run.settings, **metrics, **run_list.row(run)}


def find_cell(cells: Cells, names: Iterable[str]) -> Any:
    """Return a run's value of the first of some names that it has; None where it has none."""
    return next((cells[name] for name in names if name in cells), None)


def sort(runs: Sequence[Summary], key: str, reverse: bool = False) -> list[Summary]:
    """Return runs in order of a column, a metric or a key of the config, the smallest first.

    Runs without a value come last, in either direction.

    Raises:
        InputError: for an unknown key, with the nearest.
    """
    cells = [cells_of(run) for run in runs]
    differences = run_list.differences(runs)
    cells = [one | {"differs": text} for one, text in zip(cells, differences, strict=True)]
    names = _find_names(key, list(dict.fromkeys(n for one in cells for n in one)), "--sort")
    values = [find_cell(one, names) for one in cells]
    pairs = [
        (value, run) for value, run in zip(values, runs, strict=True) if not _is_missing(value)
    ]
    without = [run for value, run in zip(values, runs, strict=True) if _is_missing(value)]
    pairs.sort(key=lambda pair: _order(pair[0]), reverse=reverse)
    return [run for _, run in pairs] + without


def _best(runs: Sequence[Summary], count: int | None, by: str | None) -> list[Summary]:
    """Return the best runs by a metric of the kept weights; runs without it are never chosen."""
    if count is not None and count < 1:
        raise InputError(Fault(f"got {count}; expected 1 or more", "--best"))
    if by is not None and by not in CHOOSING:
        problem = unknown("metric", by, CHOOSING)
        if by in METRICS:
            problem = (
                f"{by!r}: the test set never chooses; choose by val_{by.removeprefix('test_')}"
            )
        raise InputError(Fault(problem, "--by"))
    if not runs:
        return []
    scores = {by: len(runs)} if by else _scores(runs)
    if len(scores) != 1:
        counts = ", ".join(f"{name} of {number}" for name, number in scores.items())
        problem = f"these runs are measured by different scores ({counts}); use --by or --filter"
        if not scores:
            problem = "no finished run has a validation score, by which to choose; use --by"
        raise InputError(Fault(problem, "--best"))
    (metric,) = scores
    values = [(value_of(run, metric), run) for run in runs]
    found = [pair for pair in values if math.isfinite(pair[0])]
    found.sort(key=lambda pair: pair[0] if less_is_better(metric) else -pair[0])
    _warn_incomparable([run for _, run in found], metric)
    return [run for _, run in found[:count]]


def _scores(runs: Iterable[Summary]) -> Counter[str]:
    """Return the validation scores by which runs are measured, and how many by each."""
    finished = [run for run in runs if run.status == "finished"]
    return Counter(
        next(metric for metric in SCORES if metric in run.metrics)
        for run in finished
        if any(metric in run.metrics for metric in SCORES)
    )


def _warn_incomparable(runs: Sequence[Summary], metric: str) -> None:
    """Warn where a difference between runs need not be one of their networks."""
    kinds = {"data": {str(run.source) for run in runs}}
    if metric.endswith("loss"):
        kinds["losses"] = {str(run.settings.get("loss.name")) for run in runs}
    for kind, names in kinds.items():
        if len(names) > 1:
            listed = ", ".join(sorted(names))
            warnings.warn(f"chosen among runs with different {kind}: {listed}", stacklevel=4)


def _with_names(condition: Condition, known: Sequence[str]) -> Condition:
    names = _find_names(condition.names[0], known, "--filter")
    return Condition(names, condition.operator, condition.value)


def _find_names(key: str, known: Sequence[str], option: str) -> tuple[str, ...]:
    """Return the columns or keys that are meant: `units` is `network.units` where no other is.

    Raises:
        InputError: with the nearest, or all that may be meant.
    """
    names = tuple(name for name in (key, f"{key}.name") if name in known)
    ends = (f".{key}", f".{key}.name")
    found = names or tuple(name for name in known if name.endswith(ends))
    if not found:
        raise InputError(Fault(unknown("column", key, known), option))
    if len({name.removesuffix(".name") for name in found}) > 1 and not names:
        problem = f"{key!r} may be {', '.join(found[:10])}; name one of them in full"
        raise InputError(Fault(problem, option))
    return found


def find_number(text: str) -> float | None:
    """Return the number that a text is; None for any other text, and for NaN."""
    try:
        number = float(text)
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _equals(cell: object, text: str) -> bool:
    if isinstance(cell, tuple | list):
        return text in cell
    if cell is None or text.lower() in NOTHING:
        return cell is None and text.lower() in NOTHING
    if isinstance(cell, bool):
        return str(cell).lower() == text.lower()
    number = find_number(text)
    if isinstance(cell, int | float) and number is not None:
        return cell == number
    return str(cell) == text


def _is_missing(value: object) -> bool:
    return value in (None, ()) or (isinstance(value, float) and math.isnan(value))


def _order(value: object) -> tuple[bool, float, str]:
    """Order numbers before texts."""
    if isinstance(value, int | float):
        return False, value, ""
    text = ", ".join(value) if isinstance(value, tuple | list) else str(value)
    return True, 0.0, text
