"""Runs against each other: means and intervals over seeds, pairs by seed, ranks with ties.

An interval holds two errors. Seeds differ: Student's t. And an accuracy was measured on so many
examples, the same ones with every seed, so that more seeds don't lessen this error: Wilson's score
interval (Wilson 1927). Their distances from the mean add in squares (Newcombe 1998; Zou and Donner
2008). For a difference the two accuracies count as independent. Networks mostly err on the same
examples, so this is a little too wide, never too narrow.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

from kerasdemo.config import Fault, InputError
from kerasdemo.config.datasets import DATASETS
from kerasdemo.config.errors import unknown
from kerasdemo.records.index import Listing, Scalar, Summary, listing

CONFIDENCE = 0.95
CERTAIN = 1.959964  # the normal distribution's 0.975 quantile
POWER = 0.8
# Two pairs that happen to agree look certain: no winner from fewer than three.
FEWEST_SEEDS = 3
MOST_SEEDS = 100
MISSING = "-"
SAMPLE = "mnist_sample"
# Where counts end; all else that is a number ends at 0, and rates never get there.
LEAST = {"batch_size": 1, "units": 1, "filters": 1, "epochs": 1, "maxout_pieces": 2, "pieces": 2}
METRICS = (
    *("loss", "accuracy", "val_loss", "val_accuracy", "test_loss", "test_accuracy"),
    *("epoch_seconds", "seconds"),
)
TIMES = ("epoch_seconds", "seconds")
# How a network sees its examples is a setting; which examples there are is the data.
TREATMENTS = ("data.normalize",)


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

    def scaled(self, by: float) -> "Interval":
        """Return it in another unit: 100 makes percent of a share."""
        return Interval(by * self.mean, by * self.low, by * self.high, self.n)

    def turned(self) -> "Interval":
        """Return it of the opposite difference."""
        # Not -x, which makes "-0" of 0.
        return Interval(0.0 - self.mean, 0.0 - self.high, 0.0 - self.low, self.n)

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
    mean = _mean(values)
    if n == 1 or not math.isfinite(mean):
        return Interval(mean, math.nan, math.nan, n)
    half = _t((1 + confidence) / 2, n - 1) * _deviation(values, mean) / math.sqrt(n)
    return Interval(mean, mean - half, mean + half, n)


def metric_interval(values: Sequence[float], metric: str, examples: int | None = None) -> Interval:
    """Return the interval of a metric: of an accuracy never narrower than its examples allow.

    Args:
        values: one number a seed; accuracies as shares, 0 to 1.
        examples: how many an accuracy was measured on; None where nobody knows.
    """
    seeds = interval(values)
    if metric in TIMES:
        return seeds.within(0, math.inf)
    if not is_accuracy(metric) or not math.isfinite(seeds.mean):
        return seeds
    low, high = _beside(seeds, *_wilson_distances(seeds.mean, examples))
    return Interval(seeds.mean, low, high, seeds.n).within(0, 1)


def is_accuracy(metric: str) -> bool:
    """Return whether a metric is a share of examples."""
    return metric.endswith("accuracy")


def is_loss(metric: str) -> bool:
    """Return whether a metric is a loss: a number without a unit that all losses share."""
    return metric.endswith("loss")


def examples_of(examples: Mapping[str, int], metric: str) -> int | None:
    """Return how many examples a metric was measured on, by the run's part -> count."""
    return examples.get(_part(metric)) or None


def _part(metric: str) -> str:
    """Return the part of the data that a metric is measured on."""
    return {"val": "validation", "test": "test"}.get(metric.partition("_")[0], "train")


def _wilson_distances(share: float, examples: int | None) -> tuple[float, float]:
    """Return how far below and above a share its Wilson interval reaches; 0 without a count."""
    if not examples:
        return 0.0, 0.0
    share = min(max(share, 0.0), 1.0)
    square = CERTAIN**2 / examples
    centre = (share + square / 2) / (1 + square)
    half = math.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    return max(0.0, share - centre + half), max(0.0, centre + half - share)


def _beside(seeds: Interval, below: float, above: float) -> tuple[float, float]:
    """Return the ends with the examples' error beside that of the seeds."""
    if math.isfinite(seeds.low):
        below = math.hypot(seeds.mean - seeds.low, below)
        above = math.hypot(seeds.high - seeds.mean, above)
    elif not below and not above:
        return math.nan, math.nan
    return seeds.mean - below, seeds.mean + above


def _mean(values: Sequence[float]) -> float:
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        return math.inf


def _deviation(values: Sequence[float], mean: float) -> float:
    # A product, not a power: a power of huge numbers raises where a product is infinite.
    return math.sqrt(sum((v - mean) * (v - mean) for v in values) / (len(values) - 1))


@cache
def _t(quantile: float, freedom: int) -> float:
    """Return a quantile of Student's t."""
    # Here, because most verbs need no statistics; not scipy.stats, which is three times as large.
    from scipy.special import stdtrit

    return float(stdtrit(freedom, quantile))


@dataclass(frozen=True)
class Pair:
    """What the seeds that two groups share say about them.

    difference: of the first minus the second. by_seed: the same for each seed. more_seeds: about
    how many more would decide; None where none are needed, or no number of seeds would do: then
    it is a tie, or `undecided` because there are too few examples. seen: what one seed shows
    beyond the error of its examples; of more seeds, None. less: whether less is better.
    """

    difference: Interval
    verdict: Literal["better", "worse", "tie", "undecided"]
    more_seeds: int | None = None
    seen: Literal["better", "worse"] | None = None
    by_seed: tuple[float, ...] = ()
    less: bool = False

    @property
    def lead(self) -> Interval:
        """How far the first is ahead, of losses and times too; below 0 where it is behind."""
        return self.difference.turned() if self.less else self.difference

    @property
    def lacks(self) -> str:
        """What is needed to decide it, in words; empty where nothing is."""
        if self.verdict != "undecided" or self.difference.n == 0:
            return ""
        if self.more_seeds is None:
            return "needs more examples, not more seeds"
        few = self.difference.n < FEWEST_SEEDS
        more = f"{self.more_seeds} more seed{'s' if self.more_seeds > 1 else ''}"
        return f"needs {'at least' if few else 'about'} {more}"

    def sentence(self, first: str, second: str) -> str:
        """Return the verdict in words: who is ahead by how much, whatever the metric."""
        if self.difference.n == 0:
            return f"{first} and {second} share no seed: run both with the same seeds"
        lead, ahead, behind = self.lead, first, second
        if lead.mean < 0:
            lead, ahead, behind = lead.turned(), second, first
        if self.verdict in ("better", "worse"):
            return f"{ahead} beats {behind} by {lead}"
        if self.verdict == "tie":
            by = f"the first ahead by {lead}" if lead.mean else str(lead)
            return f"{ahead} and {behind}: tie, {by}"
        once = ", seen once" if self.seen else " with one seed" if self.difference.n == 1 else ""
        told = (
            f"{ahead} is ahead of {behind} by" if lead.mean else f"{ahead} and {behind} differ by"
        )
        return f"{told} {lead}{once}, {self.lacks}"


def pair(
    first: Mapping[int, float],
    second: Mapping[int, float],
    metric: str,
    *,
    by: float = 0,
    examples: tuple[int | None, int | None] = (None, None),
) -> Pair:
    """Compare two groups by the seeds that they share.

    Student's paired t, and of accuracies the error of the examples beside it: the interval of the
    mean difference must lie wholly beyond `by` (95 % each pair, not corrected for the number of
    pairs), with `FEWEST_SEEDS` or more. Where it does not, the seeds that a power of 0.8 needs for
    a difference and a spread such as were seen are counted by n = ((t(0.975, n-1) + t(0.8, n-1))
    sd / d)^2 (Cohen 1988, Statistical Power Analysis, section 2.4), d being what the examples'
    error leaves of the difference; more than `MOST_SEEDS` is called a tie.

    Args:
        first, second: seed -> value, finite.
        by: how much better the first must be, in the metric's unit.
        examples: how many each side's accuracies were measured on.
    """
    seeds = sorted(first.keys() & second.keys())
    differences = tuple(first[seed] - second[seed] for seed in seeds)
    difference, below, above = _difference(
        [first[seed] for seed in seeds], [second[seed] for seed in seeds], metric, examples
    )
    less = less_is_better(metric)
    sign = -1 if less else 1
    low, high = sorted((sign * difference.low, sign * difference.high))
    beyond: Literal["better", "worse"] | None = (
        "better" if low > by else "worse" if high < by else None
    )
    n = len(seeds)
    if n < FEWEST_SEEDS:
        seen = beyond if n == 1 else None
        return Pair(difference, "undecided", FEWEST_SEEDS - n, seen, differences, less)
    if beyond is not None:
        return Pair(difference, beyond, by_seed=differences, less=less)
    apart = [sign * d - by for d in differences]
    needed = _seeds_needed(apart, 0.0)
    if needed is None:
        return Pair(difference, "tie", by_seed=differences, less=less)
    # The examples' error on the side towards `by`.
    needed = _seeds_needed(apart, below if difference.mean > sign * by else above)
    more = None if needed is None else max(1, needed - n)
    return Pair(difference, "undecided", more, by_seed=differences, less=less)


def _difference(
    first: Sequence[float],
    second: Sequence[float],
    metric: str,
    examples: tuple[int | None, int | None],
) -> tuple[Interval, float, float]:
    """Return the interval of the mean difference, and the examples' error below and above it."""
    seeds = interval([a - b for a, b in zip(first, second, strict=True)])
    if not is_accuracy(metric) or not math.isfinite(seeds.mean):
        return seeds, 0.0, 0.0
    one = _wilson_distances(_mean(first), examples[0])
    two = _wilson_distances(_mean(second), examples[1])
    below, above = math.hypot(one[0], two[1]), math.hypot(one[1], two[0])
    low, high = _beside(seeds, below, above)
    return Interval(seeds.mean, low, high, seeds.n).within(-1, 1), below, above


def _seeds_needed(differences: Sequence[float], error: float) -> int | None:
    """Return how many seeds would show a mean difference such as this, or None for too many.

    error: of the examples, which no seed lessens.
    """
    mean = _mean(differences)
    if abs(mean) <= error or not math.isfinite(mean):
        return None
    spread, left = _deviation(differences, mean), math.sqrt(mean * mean - error * error)
    if left == 0:
        return None
    for count in range(FEWEST_SEEDS, MOST_SEEDS + 1):
        t = _t((1 + CONFIDENCE) / 2, count - 1) + _t(POWER, count - 1)
        if math.sqrt(count) >= t * spread / left:
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
        return {seed: _mean(values) for seed, values in found.items()}

    @cached_property
    def interval(self) -> Interval:
        """Mean over seeds and its 95 % interval, of the runs that have a value."""
        return metric_interval(list(self.by_seed.values()), self.metric, self.examples)

    @cached_property
    def examples(self) -> int | None:
        """How many examples its metric was measured on; the fewest, where runs differ."""
        counts = [examples_of(run.examples, self.metric) for run in self.runs]
        return min((count for count in counts if count), default=None)

    def against(self, other: "Group") -> Pair:
        """Compare it with another group by the seeds that they share."""
        examples = self.examples, other.examples
        return pair(self.by_seed, other.by_seed, self.metric, examples=examples)

    @property
    def diverged(self) -> int:
        """How many runs ended in NaN or infinity."""
        return sum(run.status == "diverged" for run in self.runs)

    @property
    def failed(self) -> int:
        """How many runs failed."""
        return sum(run.status == "failed" for run in self.runs)

    @property
    def sources(self) -> str:
        """What data its runs used, and how many used the sample in place of what was asked for."""
        count = sum(map(stands_in, self.runs))
        names = ", ".join(sorted({run.source or MISSING for run in self.runs}))
        if count == 0:
            return names
        of = f" in {count} of {len(self.runs)} runs" if count < len(self.runs) else ""
        return f"{names}, stands in for MNIST{of}"

    def mean_of(self, metric: str, at: str) -> float:
        """Return the mean of another metric over the runs that have it."""
        values = [value_of(run, metric, at) for run in self.runs]
        finite = [value for value in values if math.isfinite(value)]
        return _mean(finite) if finite else math.nan

    @property
    def verdicts(self) -> dict[str, int]:
        """How often each verdict was given, the most frequent first."""
        given = [run.title for run in self.runs if run.title is not None]
        return dict(Counter(sorted(given)).most_common())


@dataclass(frozen=True)
class Ranked:
    """A group with its rank; groups that tie with the first of their rank share it.

    Groups are ranked among those on the same scale. rank: None where there is but one of these,
    and others on other scales. best: of its scale. scale: which one it is, from 1.
    """

    rank: int | None
    group: Group
    against_best: Pair | None
    best: Group
    scale: int = 1


@dataclass(frozen=True)
class Comparison:
    """Groups, best first, and what tells them apart.

    keys: the dotted paths in which the runs differ (the seed aside) or that were asked for.
    edges: keys whose best value lies at the end of the range that was tried, with values beyond
    it. unfinished: how many runs are still being trained, or were cut off, and are left out.
    named: whether the groups have names of their own, such as variants have. cautions: in which
    respects the runs are not alike, though they are ranked or pooled. Losses of different kinds,
    or on different data, have no common scale: they come one scale after another.
    """

    metric: str
    at: str
    keys: tuple[str, ...]
    ranked: tuple[Ranked, ...]
    edges: tuple[str, ...]
    unfinished: int = 0
    named: bool = False
    cautions: tuple[str, ...] = ()

    @property
    def groups(self) -> list[Group]:
        """The groups, best first; of several scales, the best of each scale first."""
        return [one.group for one in self.ranked]

    @property
    def scales(self) -> int:
        """On how many scales the groups were measured; more than one only of losses."""
        return max((one.scale for one in self.ranked), default=1)


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
    if value is None:
        return math.nan
    found: float = getattr(value, at)
    # A damaged folder may hold anything: what is no share of examples is no accuracy.
    return math.nan if is_accuracy(metric) and not 0 <= found <= 1 else found


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
    # Where a file lies is no setting, but two files are two sets of data.
    files = {run.data for run in runs if "data.path" in run.keys and run.data is not None}
    aside = ("seed",) if len(files) > 1 else ("seed", "data.path")
    everywhere = set.intersection(*(set(keys) for keys in forms)) if forms else set()
    return tuple(
        key
        for key, values in seen.items()
        if key not in aside
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
    Losses are ranked only with losses of the same kind on the same data.

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
    scales = _scales(groups)
    sign = 1 if less_is_better(metric) else -1
    for scale in scales:
        scale.sort(key=lambda g: _order(g, sign))
    ranked = tuple(_ranked(scales))
    groups = [one.group for one in ranked]
    unfinished = len(every) - len(runs)
    edges = _edges(groups, keys) if len(scales) == 1 else ()
    cautions = tuple(_cautions(runs, groups, metric, keys))
    return Comparison(metric, at, keys, ranked, edges, unfinished, named, cautions)


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


def _scales(groups: Sequence[Group]) -> list[list[Group]]:
    """Return the groups parted into those whose values can be held against each other.

    A group that is itself a mean over several scales stands alone.
    """
    found: dict[object, list[Group]] = {}
    for place, group in enumerate(groups):
        kinds = {_yardstick(run, group.metric) for run in group.runs}
        found.setdefault(kinds.pop() if len(kinds) == 1 else place, []).append(group)
    return (
        sorted(found.values(), key=lambda scale: scale[0].label)
        if len(found) > 1
        else [*found.values()]
    )


def _yardstick(run: Summary, metric: str) -> tuple[object, ...]:
    """Return what two runs must share so that a smaller loss is a better one."""
    if not is_loss(metric):
        return ()
    asked = sorted(
        (key, repr(value))
        for key, value in run.settings.items()
        if (_is_of_loss(key) or _is_of_data(key, metric)) and (key != "data.path" or not run.data)
    )
    return (run.data, *asked)


def _is_of_loss(key: str) -> bool:
    """Return whether a key says what is summed up in a loss: penalties are."""
    return key.startswith("loss.") or "regularizer" in key.split(".")


def _is_of_data(key: str, metric: str) -> bool:
    """Return whether a key says on what examples a metric was measured."""
    if not key.startswith("data.") or key in TREATMENTS:
        return False
    if metric in TIMES and key == "data.train":
        return False
    last = key.rsplit(".", 1)[-1]
    return last == _part(metric) or last not in ("train", "validation", "test")


def _ranked(scales: Sequence[Sequence[Group]]) -> Iterable[Ranked]:
    for scale, groups in enumerate(scales, 1):
        leader, rank = groups[0], 1
        for place, group in enumerate(groups, 1):
            if place > 1 and not _ties(leader, group):
                leader, rank = group, place
            against = groups[0].against(group) if place > 1 else None
            alone = len(groups) == 1 and len(scales) > 1
            yield Ranked(None if alone else rank, group, against, groups[0], scale)


def _ties(leader: Group, group: Group) -> bool:
    if not group.by_seed or bool(group.diverged) != bool(leader.diverged):
        return not group.by_seed and not leader.by_seed
    return leader.against(group).verdict not in ("better", "worse")


def stands_in(run: Summary) -> bool:
    """Return whether a run used the bundled sample, and asked for other data."""
    return run.source == SAMPLE and run.settings.get("data.name", SAMPLE) != SAMPLE


def _cautions(
    runs: Sequence[Summary], groups: Sequence[Group], metric: str, keys: Sequence[str]
) -> Iterable[str]:
    """Say in which respects runs are not alike that are ranked with, or pooled in one group."""
    count = sum(map(stands_in, runs))
    if count:
        which = f"{count} of {len(runs)} runs" if count < len(runs) else "all runs"
        yield f"CAUTION: {which} used the bundled sample of 5,000 digits in place of MNIST"
    yield from _unlike_data(groups, metric)
    yield from _unlike_losses(groups, metric)
    pooled = {key: None for group in groups for key in differing(group.runs) if key not in keys}
    if pooled:
        first = sorted(pooled, key=lambda key: not key.startswith(("data.", "loss.")))
        unlike = any(_is_of_loss(key) or _is_of_data(key, metric) for key in pooled)
        more = ": their values are no common scale" if is_loss(metric) and unlike else ""
        yield f"CAUTION: a group is the mean of runs that differ in {_some(first)}{more}"
    changed = any(
        len({run.data for run in group.runs if run.settings.get("data.name") == "file"}) > 1
        for group in groups
    )
    if changed and "data.path" not in pooled:
        yield "CAUTION: a group is the mean of runs on different contents of a data file"


def _unlike_data(groups: Sequence[Group], metric: str) -> Iterable[str]:
    """Say that groups were measured on different data."""
    values = _unlike(groups, lambda key: _is_of_data(key, metric))
    if not values and len({frozenset(run.data for run in group.runs) for group in groups}) > 1:
        values = {"contents of the data": []}
    if not values:
        return
    if "data.source" in values:
        # It says what the name says, and what was really used.
        values.pop("data.name", None)
    by = _some([f"{key} ({_some(own)})" if own else key for key, own in values.items()])
    if is_loss(metric):
        yield f"CAUTION: {metric} on different data, by {by}, is no common scale: not ranked"
    else:
        yield f"CAUTION: runs on different data are ranked, by {by}"


def _unlike_losses(groups: Sequence[Group], metric: str) -> Iterable[str]:
    """Say that groups were trained with different losses."""
    values = _unlike(groups, lambda key: key.startswith("loss."))
    names = values.get("loss.name") or [
        f"{key} ({_some(own)})" for key, own in values.items() if own
    ]
    if names and is_loss(metric):
        yield (
            f"CAUTION: {metric} of different losses, {_some(names)}: their values are no common "
            "scale, not ranked"
        )
    elif names:
        yield f"CAUTION: runs with different losses are ranked, {_some(names)}"
    penalties = _unlike(groups, lambda key: _is_of_loss(key) and not key.startswith("loss."))
    if penalties and is_loss(metric):
        yield (
            f"CAUTION: {metric} contains different penalties, by {_some([*penalties])}: not ranked"
        )


def _unlike(groups: Sequence[Group], of: Callable[[str], bool]) -> dict[str, list[str]]:
    """Return the keys of a kind in which groups are not alike, and their values."""
    found: dict[str, dict[frozenset[Scalar], None]] = {}
    settings = [[run.settings for run in group.runs] for group in groups]
    # Of the few forms that configs have, not of each of 10,000 runs.
    forms = dict.fromkeys(run.keys for group in groups for run in group.runs)
    keys = dict.fromkeys(key for form in forms for key in form if of(key))
    for key in keys:
        own = [frozenset(_word(run.get(key, MISSING)) for run in runs) for runs in settings]
        found[key] = dict.fromkeys(own)
    # Where a file lies is no other data, if what is in it is known.
    if all(run.data for group in groups for run in group.runs):
        found.pop("data.path", None)
    return {
        key: sorted({str(value) for values in own for value in values} - {MISSING})
        for key, own in found.items()
        if len(own) > 1
    }


def _some(names: Sequence[str]) -> str:
    more = len(names) - 5
    return ", ".join(names[:5]) + (f" and {more} more" if more > 0 else "")


def _edges(groups: Sequence[Group], keys: Sequence[str]) -> tuple[str, ...]:
    """Return the swept numbers of which the best group has the smallest or the largest.

    Where the axis itself ends there is nothing to try beyond: batches of 1, no dropout, the whole
    training set.
    """
    if not groups or not groups[0].by_seed:
        return ()
    edges = []
    for key in keys:
        values = {group.values[key] for group in groups}
        numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
        best = groups[0].values[key]
        if len(numbers) < 3 or len(numbers) < len(values):
            continue
        least = best == min(numbers) and best > LEAST.get(key.rsplit(".", 1)[-1], 0)
        most = best == max(numbers) and best < _end(key, groups[0].runs)
        if least or most:
            edges.append(key)
    return tuple(edges)


def _end(key: str, runs: Sequence[Summary]) -> float:
    """Return the largest value that a key can have with these runs' data."""
    run = runs[0]
    train = run.examples.get("train", math.inf)
    if key == "training.batch_size":
        return train
    known = DATASETS.get(run.source or "")
    if key == "data.train" and known is not None:
        return known.train - run.examples.get("validation", 0)
    return math.inf
