"""Groups of runs ranked by a metric: means and intervals over seeds, pairs by seed, ties."""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerasdemo.comparison.comparability import find_cautions, split_by_scale
from kerasdemo.comparison.groups import (
    MISSING,
    Group,
    differing_keys,
    is_number,
    make_groups,
    swept_keys,
)
from kerasdemo.comparison.metrics import METRICS, less_is_better, score_of
from kerasdemo.comparison.statistics import PairedDifference
from kerasdemo.config import Fault, InputError
from kerasdemo.config.datasets import DATASETS
from kerasdemo.config.errors import unknown
from kerasdemo.records import Listing, Scalar, Summary, list_runs
from kerasdemo.records.displayed import Displayed

# The smallest value that some counts can have; of all other numbers it is 0, which rates never
# reach.
LEAST = {"batch_size": 1, "units": 1, "filters": 1, "epochs": 1, "maxout_pieces": 2, "pieces": 2}


@dataclass(frozen=True)
class Ranked:
    """A group with its rank among the groups on the same scale.

    Args:
        rank: from 1; groups that tie with the first of their rank share it. None where it is alone
            on its scale and there are other scales.
        group: which one.
        best_minus_this: the difference of the best group and this one; None for the best.
        best: of its scale.
        scale: from 1.
    """

    rank: int | None
    group: Group
    best_minus_this: PairedDifference | None
    best: Group
    scale: int = 1


@dataclass(frozen=True, repr=False)
class Comparison(Displayed):
    """Groups of runs, best first, and the keys in which they differ.

    Args:
        metric: what is compared.
        at: "kept", "last" or "best", see `metrics.value_of`.
        keys: the dotted paths in which the runs differ (without the seed), or the requested ones.
        ranked: losses of different kinds or on different data have no common scale: one scale
            comes after another.
        edges: keys whose best value is at the end of the range that was tried, with values beyond.
        unfinished: number of runs that are still being trained or were interrupted, left out.
        named: whether the groups have names that a person gave, such as variants have.
        cautions: sentences about the respects in which ranked or pooled runs are not alike.
    """

    metric: str
    at: str
    keys: tuple[str, ...]
    ranked: tuple[Ranked, ...]
    edges: tuple[str, ...] = ()
    unfinished: int = 0
    named: bool = False
    cautions: tuple[str, ...] = ()

    def __repr__(self) -> str:
        best = self.ranked[0].group
        return f"Comparison({self.metric} of {len(self.ranked)} groups, best {best.label})"

    @property
    def groups(self) -> list[Group]:
        """The groups, best first; of several scales, the best of each scale first."""
        return [one.group for one in self.ranked]

    def values_of(self, key: str) -> list[Scalar]:
        """Return the values that groups have at a key: numbers by size, words, `MISSING`."""
        values = dict.fromkeys(group.values[key] for group in self.groups)

        def order(value: Scalar) -> tuple[bool, bool, Any, str]:
            number = value if is_number(value) else 0
            return value == MISSING, not is_number(value), number, str(value)

        return sorted(values, key=order)

    @property
    def score(self) -> str:
        """What the metric measures, on whichever part of the data; of times the runs' score."""
        return score_of(self.metric, (run for group in self.groups for run in group.runs))

    @property
    def scales(self) -> int:
        """On how many scales the groups were measured; more than one only of losses."""
        return max((one.scale for one in self.ranked), default=1)


def gather(paths: Iterable[str | Path]) -> Listing:
    """Return the runs of run folders, sweeps and results folders, each run once.

    Raises:
        InputError: where a path is no folder.
    """
    found = [list_runs(path) for path in paths]
    runs = {run.path.resolve(): run for one in found for run in one.runs}
    return Listing(list(runs.values()), [fault for one in found for fault in one.skipped])


def compare(
    runs: Iterable[Summary],
    metric: str = "val_accuracy",
    group_by: Sequence[str] = (),
    at: str = "kept",
) -> Comparison:
    """Group runs by what differs between them, and rank the groups by a metric.

    Groups in which a run diverged come behind all others, whatever their mean. A group shares
    the rank of the best group that is not significantly better; where there are too few seeds to
    decide it, too. Losses are ranked only with losses of the same kind on the same data.

    Args:
        runs: finished or failed; others are counted and left out.
        metric: one of `metrics.METRICS`.
        group_by: dotted paths, or sections such as `optimizer`; default: every key that differs.
        at: "kept", "last" or "best", see `metrics.value_of`.

    Raises:
        InputError: for an unknown metric or key, or where there is nothing to compare.
    """
    every = list(runs)
    ended = [run for run in every if run.status not in ("unfinished", "interrupted")]
    if not ended:
        raise InputError(
            Fault("no runs to compare: none of them has ended" if every else "no runs")
        )
    if metric not in METRICS:
        raise InputError(Fault(unknown("metric", metric, METRICS)))
    keys = _find_keys(ended, group_by) if group_by else swept_keys(ended) or differing_keys(ended)
    groups, named = make_groups(ended, keys, metric, at)
    scales = split_by_scale(groups)
    for scale in scales:
        scale.sort(key=_sort_key)
    ranked = tuple(_rank(scales))
    groups = [one.group for one in ranked]
    edges = tuple(key for key in keys if _is_at_edge(key, groups)) if len(scales) == 1 else ()
    cautions = tuple(find_cautions(ended, groups, metric, keys))
    unfinished = len(every) - len(ended)
    return Comparison(metric, at, keys, ranked, edges, unfinished, named, cautions)


def _find_keys(runs: Sequence[Summary], group_by: Sequence[str]) -> tuple[str, ...]:
    """Return the keys that are named, and of a named section those that differ."""
    known = dict.fromkeys(key for run in runs for key in run.settings)
    different = differing_keys(runs)
    found: dict[str, None] = {}
    for name in group_by:
        inside = [key for key in known if key.startswith(f"{name}.")]
        if name not in known and not inside:
            raise InputError(Fault(unknown("key", name, known), "--group-by"))
        found.update(dict.fromkeys([name] if name in known else []))
        found.update(dict.fromkeys(key for key in inside if key in different))
    return tuple(found)


def _sort_key(group: Group) -> tuple[int, float, float, str]:
    """Order groups: best mean first, then those with diverged runs, then those without a value."""
    mean = group.interval.mean
    if not math.isfinite(mean):
        return (2, 0.0, 0.0, group.label)
    sign = 1 if less_is_better(group.metric) else -1
    return (int(group.diverged > 0), group.diverged / len(group.runs), sign * mean, group.label)


def _rank(scales: Sequence[Sequence[Group]]) -> Iterator[Ranked]:
    for scale, groups in enumerate(scales, 1):
        leader, rank = groups[0], 1
        is_alone = len(groups) == 1 and len(scales) > 1
        for place, group in enumerate(groups, 1):
            if place > 1 and not _is_tied(leader, group):
                leader, rank = group, place
            difference = groups[0].minus(group) if place > 1 else None
            yield Ranked(None if is_alone else rank, group, difference, groups[0], scale)


def _is_tied(leader: Group, group: Group) -> bool:
    if not group.by_seed or bool(group.diverged) != bool(leader.diverged):
        return not group.by_seed and not leader.by_seed
    return leader.minus(group).decision not in ("better", "worse")


def _is_at_edge(key: str, groups: Sequence[Group]) -> bool:
    """Return whether the best group has the smallest or the largest of three numbers or more.

    Where the axis itself ends there is nothing to try beyond: batches of 1, no dropout, the whole
    training set.
    """
    values = {group.values[key] for group in groups}
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    if not groups[0].by_seed or len(numbers) < 3 or len(numbers) < len(values):
        return False
    best = groups[0].values[key]
    is_least = best == min(numbers) and best > LEAST.get(key.rsplit(".", 1)[-1], 0)
    return is_least or (best == max(numbers) and best < _largest(key, groups[0].runs[0]))


def _largest(key: str, run: Summary) -> float:
    """Return the largest value that a key can have with this run's data."""
    if key == "training.batch_size":
        return run.examples.get("train", math.inf)
    known = DATASETS.get(run.source or "")
    if key == "data.train" and known is not None:
        return known.train - run.examples.get("validation", 0)
    return math.inf
