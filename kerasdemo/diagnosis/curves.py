"""Pure functions on curves (one number an epoch), shares and counts."""

import math
from collections.abc import Iterable, Sequence
from itertools import pairwise
from statistics import median_high

Curve = Sequence[float]

# Normal quantiles: 97.5 % of the distribution lie below 1.96, 95 % below 1.645.
Z_975 = 1.96
Z_95 = 1.645


def first_broken(values: Curve) -> int | None:
    """Return the first epoch (from 1) whose value is NaN or infinite, or None."""
    return next((n for n, v in enumerate(values, 1) if not math.isfinite(v)), None)


def total(values: Iterable[float]) -> float:
    """Return the exact sum; NaN where it is too large, or of infinities of both signs."""
    try:
        return math.fsum(values)
    except (OverflowError, ValueError):
        return math.nan


def mean(values: Curve) -> float:
    """Return the mean of at least one value."""
    return total(values) / len(values)


def smooth(values: Curve, width: int = 3) -> list[float]:
    """Return the moving mean over `width` epochs, fewer at the ends."""
    half = width // 2
    return [mean(values[max(0, i - half) : i + half + 1]) for i in range(len(values))]


def recent_median(values: Curve) -> float:
    """Return the median of the last five epochs, three of a short run: one bad epoch is noise."""
    return median_high(values[-5 if len(values) >= 20 else -3 :])


def last_quarter(epochs: int) -> int:
    """Return how many steps from epoch to epoch count as the end of a run: a quarter, 1 to 25."""
    return min(25, max(1, epochs // 4))


def gain(values: Curve) -> float:
    """Return how much a curve rose over its last quarter, by a least-squares line.

    A line through all points of the quarter is less noisy than the difference of two of them.
    A single value has not risen.
    """
    steps = last_quarter(len(values))
    return slope(values[-steps - 1 :]) * steps


def slope(values: Curve) -> float:
    """Return the rise per epoch of the least-squares line; 0 of a single value."""
    middle, level = (len(values) - 1) / 2, mean(values)
    spread = total((i - middle) ** 2 for i in range(len(values)))
    if not spread:
        return 0.0
    return total((i - middle) * (v - level) for i, v in enumerate(values)) / spread


def roughness(values: Curve) -> float:
    """Return the standard deviation of the noise from epoch to epoch in the last quarter.

    From third differences, which leave nothing of a line or of the bend of a curve that settles;
    their variance is 20 times the noise's (von Neumann et al. 1941 for the first).
    """
    tail = values[-last_quarter(len(values)) - 4 :]
    four = zip(tail, tail[1:], tail[2:], tail[3:], strict=False)
    thirds = [a - 3 * b + 3 * c - d for a, b, c, d in four]
    return math.sqrt(mean([t * t for t in thirds]) / 20) if thirds else 0.0


def improvement(values: Curve) -> float:
    """Return how far the best of the last quarter is above the best before: no mere recovery."""
    steps = last_quarter(len(values))
    before, after = values[:-steps], values[-steps:]
    return max(after) - max(before) if before and after else 0.0


def rises(values: Curve, least: float = 0.0, errors: float = 2.0) -> bool:
    """Return whether a curve rose by `least` over its last quarter, and by more than its noise.

    `errors` standard errors of a line's rise: over n steps with noise of sd s, s * sqrt(12 / n).
    """
    risen = gain(values) if values else 0.0
    error = roughness(values) * math.sqrt(12 / last_quarter(len(values)))
    return risen >= least and risen > errors * error


def falls(values: Curve, least: float = 0.0) -> bool:
    """Return whether a curve fell by `least` and by more than its noise, as in `rises`."""
    return rises([-value for value in values], least)


def share_error(share: float, count: float | None) -> float:
    """Return the standard error of a share measured on `count` examples (Agresti and Coull 1998).

    Two successes and two failures are added, so that 100 % of 20 examples is not taken as certain.
    An unknown count gives 0.
    """
    if not count or count <= 0:
        return 0.0
    adjusted = (min(max(share, 0.0), 1.0) * count + 2) / (count + 4)
    return math.sqrt(adjusted * (1 - adjusted) / (count + 4))


def is_majority(more: float, less: float) -> bool:
    """Return whether of two counts that differ in pairs the first is significantly larger.

    McNemar (1947), with the correction for continuity (Edwards 1948), one-sided 95 %.
    """
    return more > less and more - less - 1 > Z_95 * math.sqrt(more + less)


def oscillation(values: Curve, size: float) -> float:
    """Return the share of epochs at which the curve turned back after a fall or rise of `size`."""
    steps = [b - a for a, b in pairwise(values)]
    turns = [abs(b) >= size and a * b < 0 for a, b in pairwise(steps)]
    return sum(turns) / len(turns) if turns else 0.0
