"""Means and confidence intervals over seeds, and paired differences by seed.

An interval holds two errors. Seeds differ: Student's t. And an accuracy was measured on a number of
examples, the same ones with every seed, so that more seeds do not reduce this error: Wilson's score
interval (Wilson 1927). Their distances from the mean add in squares (Newcombe 1998; Zou and Donner
2008). For a difference the two accuracies count as independent. Networks mostly err on the same
examples, so this is a little too wide, never too narrow.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from kerasdemo.comparison.metrics import TIMES, is_accuracy, less_is_better

CONFIDENCE = 0.95
NORMAL_QUANTILE = 1.959964  # of 0.975
POWER = 0.8
# Values that span this much are read on a log axis.
LOG_SPAN = 20
# Two seeds that happen to agree look certain: no winner from fewer than three.
FEWEST_SEEDS = 3
MOST_SEEDS = 100


@dataclass(frozen=True)
class Interval:
    """A mean and its 95 % confidence interval.

    Args:
        mean: in the metric's unit; NaN without a value.
        low, high: the ends; NaN where a single value shows no spread.
        n: number of values, mostly seeds.
    """

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

    def __neg__(self) -> "Interval":
        # Not -x, which makes "-0" of 0.
        return Interval(0.0 - self.mean, 0.0 - self.high, 0.0 - self.low, self.n)

    def scaled(self, factor: float) -> "Interval":
        """Return it in another unit: 100 makes percent of a share."""
        return Interval(factor * self.mean, factor * self.low, factor * self.high, self.n)

    def clipped(self, least: float, most: float) -> "Interval":
        """Return it with its ends cut to the values that are possible."""
        # NaN comes first and stays: Python's max and min keep the first where none is larger.
        return Interval(self.mean, max(self.low, least), min(self.high, most), self.n)


def interval(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Return the mean and its interval by Student's t (Student 1908, The probable error of a mean).

    Args:
        values: one number a seed; independent, about normal.
        confidence: probability that the interval holds the true mean.
    """
    n = len(values)
    if n == 0:
        return Interval(math.nan, math.nan, math.nan, 0)
    mean = mean_of(values)
    if n == 1 or not math.isfinite(mean):
        return Interval(mean, math.nan, math.nan, n)
    half = _t((1 + confidence) / 2, n - 1) * _deviation(values, mean) / math.sqrt(n)
    return Interval(mean, mean - half, mean + half, n)


def metric_interval(values: Sequence[float], metric: str, examples: int | None = None) -> Interval:
    """Return the interval of a metric: of an accuracy never narrower than its examples allow.

    Args:
        values: one number a seed; accuracies as shares, 0 to 1.
        metric: its name.
        examples: how many an accuracy was measured on; None if unknown.
    """
    seeds = interval(values)
    if metric in TIMES:
        return seeds.clipped(0, math.inf)
    if metric.endswith("r2"):
        return seeds.clipped(-math.inf, 1)
    if not is_accuracy(metric) or not math.isfinite(seeds.mean):
        return seeds
    return _widened(seeds, *_wilson_distances(seeds.mean, examples)).clipped(0, 1)


def mean_of(values: Sequence[float]) -> float:
    """Return the mean of one or more numbers, infinite where their sum is too large."""
    try:
        return math.fsum(values) / len(values)
    except OverflowError:
        return math.inf


def _wilson_distances(share: float, examples: int | None) -> tuple[float, float]:
    """Return how far below and above a share its Wilson interval reaches; 0 without a number."""
    if not examples:
        return 0.0, 0.0
    share = min(max(share, 0.0), 1.0)
    square = NORMAL_QUANTILE**2 / examples
    center = (share + square / 2) / (1 + square)
    half = math.sqrt(square * (share * (1 - share) + square / 4)) / (1 + square)
    return max(0.0, share - center + half), max(0.0, center + half - share)


def _widened(seeds: Interval, below: float, above: float) -> Interval:
    """Return the interval of the seeds with the examples' error below and above the mean added."""
    if math.isfinite(seeds.low):
        below = math.hypot(seeds.mean - seeds.low, below)
        above = math.hypot(seeds.high - seeds.mean, above)
    elif not below and not above:
        return seeds
    return Interval(seeds.mean, seeds.mean - below, seeds.mean + above, seeds.n)


def _deviation(values: Sequence[float], mean: float) -> float:
    # A product, not a power: a power of huge numbers raises where a product is infinite.
    return math.sqrt(sum((v - mean) * (v - mean) for v in values) / (len(values) - 1))


@cache
def _t(quantile: float, freedom: int) -> float:
    """Return a quantile of Student's t."""
    # Here, because most verbs need no statistics; not scipy.stats, which is three times as large.
    from scipy.special import stdtrit

    return float(stdtrit(freedom, quantile))


def spans(values: Iterable[float], ratio: float = LOG_SPAN) -> bool:
    """Return whether values are all positive and span a ratio, so that a log axis suits them.

    Values that are not finite do not count.
    """
    finite = [value for value in values if math.isfinite(value)]
    return bool(finite) and min(finite) > 0 and max(finite) >= ratio * min(finite)


@dataclass(frozen=True)
class PairedDifference:
    """The difference of two groups of runs over the seeds that they share.

    Args:
        difference: mean of the first minus the second, in the metric's unit.
        decision: of the first: "better" or "worse" where the interval excludes the margin; "tie"
            where no reasonable number of seeds would decide it, else "undecided".
        more_seeds: about how many more would decide it; None where none are needed, and where it
            is undecided because there are too few examples.
        single_seed: what one seed shows beyond the error of its examples; None with more seeds.
        by_seed: the difference for each seed.
        less_is_better: whether a smaller value of the metric is better.
    """

    difference: Interval
    decision: Literal["better", "worse", "tie", "undecided"]
    more_seeds: int | None = None
    single_seed: Literal["better", "worse"] | None = None
    by_seed: tuple[float, ...] = ()
    less_is_better: bool = False

    @property
    def lead(self) -> Interval:
        """How far the first is ahead, whatever the metric; below 0 where it is behind."""
        return -self.difference if self.less_is_better else self.difference

    @property
    def needs_examples(self) -> bool:
        """Whether it is undecided because the metric was measured on too few examples."""
        return self.decision == "undecided" and self.difference.n > 0 and self.more_seeds is None


def paired_difference(
    first: Mapping[int, float],
    second: Mapping[int, float],
    metric: str,
    *,
    margin: float = 0,
    examples: tuple[int | None, int | None] = (None, None),
) -> PairedDifference:
    """Compare two groups by the seeds that they share.

    Student's paired t, and of accuracies the error of the examples beside it: the interval of the
    mean difference must lie beyond `margin` (95 % for each pair, not corrected for the number of
    pairs), with `FEWEST_SEEDS` or more. Where it does not, the seeds that a power of 0.8 needs for
    a difference and a spread as they were seen are n = ((t(0.975, n-1) + t(0.8, n-1)) sd / d)^2
    (Cohen 1988, Statistical Power Analysis, section 2.4), d being what the examples' error leaves
    of the difference; more than `MOST_SEEDS` is called a tie.

    Args:
        first, second: seed -> value, finite.
        metric: its name.
        margin: how much better the first must be, in the metric's unit.
        examples: how many each side's accuracies were measured on.
    """
    seeds = sorted(first.keys() & second.keys())
    n = len(seeds)
    by_seed = tuple(first[seed] - second[seed] for seed in seeds)
    difference, below, above = interval(by_seed), 0.0, 0.0
    if is_accuracy(metric) and math.isfinite(difference.mean):
        sides = zip((first, second), examples, strict=True)
        one, two = (_wilson_distances(mean_of([v[s] for s in seeds]), count) for v, count in sides)
        below, above = math.hypot(one[0], two[1]), math.hypot(one[1], two[0])
        difference = _widened(difference, below, above).clipped(-1, 1)

    less = less_is_better(metric)
    sign = -1 if less else 1
    low, high = sorted((sign * difference.low, sign * difference.high))
    shown: Literal["better", "worse"] | None = (
        "better" if low > margin else "worse" if high < margin else None
    )
    decision: Literal["better", "worse", "tie", "undecided"] = "undecided"
    beyond_margin = [sign * d - margin for d in by_seed]
    more_seeds = None
    if n < FEWEST_SEEDS:
        more_seeds = FEWEST_SEEDS - n
    elif shown is not None:
        decision = shown
    elif _seeds_needed(beyond_margin, 0.0) is None:
        decision = "tie"
    else:
        # The examples' error on the side towards the margin.
        needed = _seeds_needed(beyond_margin, below if difference.mean > sign * margin else above)
        more_seeds = None if needed is None else max(1, needed - n)
    single_seed = shown if n == 1 else None
    return PairedDifference(difference, decision, more_seeds, single_seed, by_seed, less)


def _seeds_needed(differences: Sequence[float], error: float) -> int | None:
    """Return how many seeds would show a mean difference such as this, or None for too many.

    Args:
        differences: one a seed.
        error: of the examples, which no seed reduces.
    """
    mean = mean_of(differences)
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
