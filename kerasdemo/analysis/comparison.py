"""Runs against each other: means and intervals over seeds, pairs by seed, ranks with ties."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

from kerasdemo.config import Fault, InputError
from kerasdemo.config.errors import unknown
from kerasdemo.records.index import Listing, Scalar, Summary, listing

CONFIDENCE = 0.95
POWER = 0.8
MOST_SEEDS = 100
MISSING = "-"
METRICS = ("loss", "accuracy", "val_loss", "val_accuracy", "test_loss", "test_accuracy", "seconds")


@dataclass(frozen=True)
class Interval:
    """A mean and its confidence interval; NaN ends where one value alone tells no spread."""

    mean: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return format(self)

    def __format__(self, sign: str) -> str:
        """Return `mean [low, high]`, with the format's sign ("+") before each number."""
        mean, low, high = (f"{number:{sign}.4g}" for number in (self.mean, self.low, self.high))
        return f"{mean} [{low}, {high}]" if math.isfinite(self.low) else mean

    def within(self, least: float, most: float) -> "Interval":
        """Return it cut to the values that are possible: a share of examples is 0 to 1."""
        # NaN comes first and stays: Python's max and min keep the first where none is larger.
        low, high = max(self.low, least), min(self.high, most)
        return Interval(self.mean, low, high, self.n)


def interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Return the mean and its interval by Student's t (Student 1908, The probable error of a mean).

    Args:
        values: one number a seed; independent, about normal.
    """
    n = len(values)
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0)
    mean = math.fsum(values) / n
    if n == 1 or not math.isfinite(mean):
        return Interval(mean, math.nan, math.nan, n)
    spread = math.sqrt(math.fsum((v - mean) ** 2 for v in values) / (n - 1))
    half = _t((1 + confidence) / 2, n - 1) * spread / math.sqrt(n)
    return Interval(mean, mean - half, mean + half, n)


@cache
def _t(quantile: float, freedom: int) -> float:
    """Return a quantile of Student's t."""
    # Here, because most verbs need no statistics; not scipy.stats, which is three times as large.
    from scipy.special import stdtrit

    return float(stdtrit(freedom, quantile))


@dataclass(frozen=True)
class Pair:
    """What the seeds that two groups share say about them.

    difference: of the first minus the second, by seed. more_seeds: about how many more would
    tell; None where none are needed or `MOST_SEEDS` would not do.
    """

    difference: Interval
    verdict: Literal["better", "worse", "tie", "undecided"]
    more_seeds: int | None = None

    def sentence(self, first: str, second: str) -> str:
        """Return the verdict in words."""
        d = self.difference
        if self.verdict == "better":
            return f"{first} beats {second} by {_size(d)}"
        if self.verdict == "worse":
            return f"{second} beats {first} by {_size(d)}"
        if d.n == 0:
            return f"{first} and {second} share no seed: run both with the same seeds"
        if self.more_seeds is not None:
            return (
                f"{first} against {second}: {d}, needs about {self.more_seeds} more "
                f"seed{'s' if self.more_seeds > 1 else ''}"
            )
        if d.n == 1:
            return f"{first} against {second}: {d} with one seed, needs at least 2 more seeds"
        return f"{first} and {second}: tie ({d})"


def _size(difference: Interval) -> str:
    low, high = sorted((abs(difference.low), abs(difference.high)))
    return f"{abs(difference.mean):.4g} [{low:.4g}, {high:.4g}]"


def pair(
    first: Mapping[int, float], second: Mapping[int, float], *, less_is_better: bool, by: float = 0
) -> Pair:
    """Compare two groups by the seeds that they share.

    Student's paired t: the interval of the mean difference by seed must lie wholly beyond `by`
    (95 % each pair, not corrected for the number of pairs). Where it does not, the seeds that a
    power of 0.8 needs for a difference and a spread such as were seen are counted by
    n = ((t(0.975, n-1) + t(0.8, n-1)) sd / d)^2 (Cohen 1988, Statistical Power Analysis,
    section 2.4); more than `MOST_SEEDS` is called a tie.

    Args:
        first, second: seed -> value, finite.
        by: how much better the first must be, in the metric's unit.
    """
    seeds = sorted(first.keys() & second.keys())
    differences = [first[seed] - second[seed] for seed in seeds]
    difference = interval(differences)
    sign = -1 if less_is_better else 1
    if len(seeds) < 2:
        return Pair(difference, "undecided")
    low, high = sorted((sign * difference.low, sign * difference.high))
    if low > by:
        return Pair(difference, "better")
    if high < by:
        return Pair(difference, "worse")
    needed = _seeds_needed([sign * d - by for d in differences])
    if needed is None:
        return Pair(difference, "tie")
    return Pair(difference, "undecided", max(1, needed - len(seeds)))


def _seeds_needed(differences: Sequence[float]) -> int | None:
    """Return how many seeds would show a mean difference such as this, or None for too many."""
    n = len(differences)
    mean = math.fsum(differences) / n
    spread = math.sqrt(math.fsum((d - mean) ** 2 for d in differences) / (n - 1))
    if mean == 0:
        return None
    for count in range(2, MOST_SEEDS + 1):
        t = _t((1 + CONFIDENCE) / 2, count - 1) + _t(POWER, count - 1)
        if count >= (t * spread / mean) ** 2:
            return count
    return None


@dataclass(frozen=True)
class Group:
    """Runs that differ in nothing but the seed, or in nothing that is grouped by.

    label: what a person calls the group. values: dotted path -> value, of the keys that tell the
    groups apart; `MISSING` where a run has no such key.
    """

    label: str
    values: Mapping[str, Scalar]
    runs: tuple[Summary, ...]
    metric: str
    at: str

    @cached_property
    def by_seed(self) -> dict[int, float]:
        """Seed -> value; the mean of the runs that share a seed. Finite values only."""
        found: dict[int, list[float]] = {}
        for run in self.runs:
            value = value_of(run, self.metric, self.at)
            if math.isfinite(value):
                found.setdefault(run.seed, []).append(value)
        return {seed: math.fsum(values) / len(values) for seed, values in found.items()}

    @cached_property
    def interval(self) -> Interval:
        """Mean over seeds and its 95 % interval, of the runs that have a value."""
        return interval(list(self.by_seed.values()))

    @property
    def diverged(self) -> int:
        """How many runs ended in NaN or infinity."""
        return sum(run.status == "diverged" for run in self.runs)

    @property
    def failed(self) -> int:
        """How many runs failed."""
        return sum(run.status == "failed" for run in self.runs)

    def mean_of(self, metric: str, at: str) -> float:
        """Return the mean of another metric over the runs that have it."""
        values = [value_of(run, metric, at) for run in self.runs]
        finite = [value for value in values if math.isfinite(value)]
        return math.fsum(finite) / len(finite) if finite else math.nan

    @property
    def verdicts(self) -> dict[str, int]:
        """How often each verdict was given, the most frequent first."""
        given = [run.verdict for run in self.runs if run.verdict is not None]
        return dict(Counter(sorted(given)).most_common())


@dataclass(frozen=True)
class Ranked:
    """A group with its rank; groups that tie with the first of their rank share it."""

    rank: int
    group: Group
    against_best: Pair | None


@dataclass(frozen=True)
class Comparison:
    """Groups, best first, and what tells them apart.

    keys: the dotted paths in which the runs differ (the seed aside) or that were asked for.
    edges: keys whose best value lies at the end of the range that was tried. unfinished: how many
    runs are still being trained, or were cut off, and are left out. named: whether the groups have
    names of their own, such as variants have.
    """

    metric: str
    at: str
    keys: tuple[str, ...]
    ranked: tuple[Ranked, ...]
    edges: tuple[str, ...]
    unfinished: int = 0
    named: bool = False

    @property
    def groups(self) -> list[Group]:
        """The groups, best first."""
        return [one.group for one in self.ranked]


def less_is_better(metric: str) -> bool:
    """Return whether a smaller value of a metric is the better one."""
    return not metric.endswith("accuracy")


def value_of(run: Summary, metric: str, at: str = "kept") -> float:
    """Return a run's value of a metric; NaN for a diverged run and where there is none.

    A diverged run may have an accuracy: it is no result. Neither is how far a run got that was
    cut off.

    Args:
        at: the weights that were kept (early stopping may restore an earlier epoch's), those of
            the last epoch, or the run's best epoch by this metric.
    """
    if run.status != "finished":
        return math.nan
    if metric == "seconds":
        return math.nan if run.seconds is None else run.seconds
    value = run.metrics.get(metric)
    return math.nan if value is None else getattr(value, at)


def differing(runs: Sequence[Summary]) -> tuple[str, ...]:
    """Return the dotted paths in which the runs differ, the seed and the data's place aside."""
    # A set of a few distinct settings, not of all runs: most of 10,000 share theirs.
    forms: dict[tuple[str, ...], list[set[tuple[type, Scalar]]]] = {}
    for run in runs:
        columns = forms.setdefault(run.keys, [set() for _ in run.keys])
        for column, value in zip(columns, run.values, strict=True):
            if len(column) < 2:
                column.add((type(value), value))
    seen: dict[str, set[tuple[type, Scalar]]] = {}
    for keys, columns in forms.items():
        for key, column in zip(keys, columns, strict=True):
            seen.setdefault(key, set()).update(column)
    everywhere = set.intersection(*(set(keys) for keys in forms)) if forms else set()
    return tuple(
        key
        for key, values in seen.items()
        if key not in ("seed", "data.path")
        # A key that only some runs have and that says nothing else comes with its section's
        # name: sgd's `nesterov` tells no more than that it is sgd. But null is not missing.
        and (len(values) > 1 or (key not in everywhere and _null in values))
    )


_null: tuple[type, Scalar] = (type(None), None)


def gather(paths: Iterable[str | Path]) -> Listing:
    """Return the runs of run folders, sweeps and results folders, each run once.

    Raises:
        InputError: where a path is no folder.
    """
    found = [listing(path) for path in paths]
    runs = {run.path.resolve(): run for one in found for run in one.runs}
    return Listing(list(runs.values()), [fault for one in found for fault in one.skipped])


def usual_metric(runs: Iterable[Summary]) -> str:
    """Return validation accuracy, where every run that ended well has it, else test accuracy."""
    ended = [run for run in runs if run.status == "finished"]
    return (
        "val_accuracy" if all("val_accuracy" in run.metrics for run in ended) else "test_accuracy"
    )


def compare(
    runs: Iterable[Summary],
    metric: str = "val_accuracy",
    group_by: Sequence[str] = (),
    at: str = "kept",
) -> Comparison:
    """Group the runs by what differs between them, and rank the groups by a metric.

    Groups in which a run diverged come behind all others, whatever their mean. A group shares
    the rank of the best group that it can't be told from; where seeds are missing to tell, too.

    Args:
        group_by: dotted paths, or sections such as `optimizer`; left out: every key that differs.

    Raises:
        InputError: for an unknown metric or key, or where there is nothing to compare.
    """
    every = list(runs)
    runs = [run for run in every if run.status not in ("unfinished", "interrupted")]
    if not runs:
        raise InputError(
            Fault("no runs to compare: none of them has ended" if every else "no runs")
        )
    if metric not in METRICS:
        raise InputError(Fault(unknown("metric", metric, METRICS)))
    keys = _asked(runs, group_by) if group_by else differing(runs)
    groups, named = _groups(runs, keys, metric, at)
    sign = 1 if less_is_better(metric) else -1
    groups.sort(key=lambda g: _order(g, sign))
    ranked = tuple(_ranked(groups, metric))
    unfinished = len(every) - len(runs)
    return Comparison(metric, at, keys, ranked, _edges(groups, keys), unfinished, named)


def _asked(runs: Sequence[Summary], group_by: Sequence[str]) -> tuple[str, ...]:
    known = dict.fromkeys(key for keys in {run.keys for run in runs} for key in keys)
    different = differing(runs)
    found: dict[str, None] = {}
    for asked in group_by:
        inside = [key for key in known if key.startswith(f"{asked}.")]
        if asked not in known and not inside:
            raise InputError(Fault(unknown("key", asked, known), "--group-by"))
        found.update(dict.fromkeys([asked] if asked in known else []))
        found.update(dict.fromkeys(key for key in inside if key in different))
    return tuple(found)


def _groups(
    runs: Sequence[Summary], keys: Sequence[str], metric: str, at: str
) -> tuple[list[Group], bool]:
    """Return the groups, and whether they have names of their own."""
    members: dict[tuple[Scalar, ...], list[Summary]] = {}
    places: dict[tuple[str, ...], list[int | None]] = {}
    for run in runs:
        if run.keys not in places:
            at_key = {key: number for number, key in enumerate(run.keys)}
            places[run.keys] = [at_key.get(key) for key in keys]
        own = tuple(MISSING if p is None else run.values[p] for p in places[run.keys])
        members.setdefault(own, []).append(run)
    named = not keys or _names_tell(list(members.values()))
    groups = []
    for own, inside in members.items():
        values = dict(zip(keys, own, strict=True))
        called = inside[0].name if named else label(values)
        groups.append(Group(called, values, tuple(inside), metric, at))
    return groups, named


def _names_tell(groups: Sequence[Sequence[Summary]]) -> bool:
    """Return whether each group has one name, plainly given, and no two have the same."""
    names = [{run.name for run in group} for group in groups]
    plain = all(len(own) == 1 and "=" not in next(iter(own)) for own in names)
    return plain and len(set.union(*names)) == len(groups)


def label(values: Mapping[str, Scalar]) -> str:
    """Return what a person calls these values: `optimizer=sgd, learning_rate=0.1`."""
    ends = [path.removesuffix(".name").rsplit(".", 1)[-1] for path in values]
    told = {
        f"{end if ends.count(end) == 1 else path}={_word(value)}": value
        for end, (path, value) in zip(ends, values.items(), strict=True)
    }
    present = [text for text, value in told.items() if value != MISSING]
    return ", ".join(present or told)


def _word(value: Scalar) -> str:
    """Return a value as YAML has it."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _order(group: Group, sign: int) -> tuple[int, float, float, str]:
    mean = group.interval.mean
    if not math.isfinite(mean):
        return (2, 0.0, 0.0, group.label)
    return (int(group.diverged > 0), group.diverged / len(group.runs), sign * mean, group.label)


def _ranked(groups: Sequence[Group], metric: str) -> Iterable[Ranked]:
    leader, rank = None, 0
    for place, group in enumerate(groups, 1):
        if leader is None or not _ties(leader, group, metric):
            leader, rank = group, place
        against = None
        if place > 1:
            against = pair(groups[0].by_seed, group.by_seed, less_is_better=less_is_better(metric))
        yield Ranked(rank, group, against)


def _ties(leader: Group, group: Group, metric: str) -> bool:
    if not group.by_seed or bool(group.diverged) != bool(leader.diverged):
        return not group.by_seed and not leader.by_seed
    against = pair(leader.by_seed, group.by_seed, less_is_better=less_is_better(metric))
    return against.verdict not in ("better", "worse")


def _edges(groups: Sequence[Group], keys: Sequence[str]) -> tuple[str, ...]:
    """Return the swept numbers of which the best group has the smallest or the largest."""
    if not groups or not groups[0].by_seed:
        return ()
    edges = []
    for key in keys:
        values = {group.values[key] for group in groups}
        numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
        best = groups[0].values[key]
        if (
            len(numbers) > 2
            and len(numbers) == len(values)
            and best in (min(numbers), max(numbers))
        ):
            edges.append(key)
    return tuple(edges)
