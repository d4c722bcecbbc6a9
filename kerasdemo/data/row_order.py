"""Whether training examples stand in order: of class, of target, or of time."""

from collections.abc import Sequence

import numpy as np

from kerasdemo.data.dataset import Array
from kerasdemo.data.scores import midranks

# So many standard errors from what shuffling gives: never by chance.
MIN_Z = 6.0
# And an order of consequence: runs of a class several times as long as by chance; neighboring rows
# that share half of their variance; a target that rises or falls throughout.
LONGER_RUNS = 3.0
MIN_AUTOCORRELATION = 0.5
MIN_TREND = 0.9
# The normal approximations hold where so many runs are expected, or so many values differ.
FEW = 20
# Inputs are compared on so many pairs of rows, fewer where they are large.
PAIRS = 1_000
COMPARED_NUMBERS = 1 << 23
MAX_COLUMNS = 32
SAMPLE_SEED = 0

Statistics = dict[str, float | bool | str | None]


def find_order(inputs: Sequence[Array], y: Array | None) -> Statistics | None:
    """Return in which order rows stand.

    Args:
        inputs: numbers (n, *shape).
        y: classes (n,), or labels or numbers (n, columns); None where they are not known.

    Returns:
        by: "class"; "target": its numbers rise or fall; "time": neighboring rows are alike, as in
            order of time, or of an input; None: rows are as if shuffled.
        runs, expected, z: of classes: the number of runs, what shuffling gives, and the distance
            in standard errors (Wald and Wolfowitz 1940; of several classes Mood 1940).
        is_sorted: whether each class is one run, or the target never changes direction.
        target_autocorrelation, z: of numbers: that of the ranks of neighboring rows, from von
            Neumann's ratio (von Neumann 1941; of ranks Bartels 1982), mean over columns.
        trend: Spearman's correlation of a single column with the number of the row.
        input_autocorrelation: as for targets, within a class where there are classes.
        None where there are fewer than 20 rows.
    """
    count = len(y) if y is not None else len(inputs[0]) if inputs else 0
    if count < FEW or any(len(array) != count for array in inputs):
        return None
    groups = y if y is not None and y.ndim == 1 else np.zeros(count, int)
    found: Statistics = {}
    if y is not None:
        found = count_runs(y) if y.ndim == 1 else _describe_numbers(y)
    by = found.pop("by", None)
    alike = _compare_neighbors(inputs, groups)
    if alike:
        found["input_autocorrelation"] = round(alike[0], 4)
        # Of sorted rows the order of class or target is what is worth knowing.
        is_sorted = by == "target" or (by == "class" and found["is_sorted"])
        if alike[0] >= MIN_AUTOCORRELATION and alike[1] >= MIN_Z and not is_sorted:
            by = "time"
    return {"by": by, **found}


def count_runs(y: Array) -> Statistics:
    """Return the test of Wald and Wolfowitz on classes (n,), and "class" where it finds order."""
    count = len(y)
    sizes = np.unique(y, return_counts=True)[1].astype(float)
    squares, cubes = (sizes**2).sum(), (sizes**3).sum()
    runs = 1 + int((y[1:] != y[:-1]).sum())
    expected = (count * (count + 1) - squares) / count
    variance = (squares * (squares + count * (count + 1)) - 2 * count * cubes - count**3) / (
        count**2 * (count - 1)
    )
    z = (runs - expected) / np.sqrt(variance) if variance > 0 else 0.0
    in_order = expected >= FEW and z <= -MIN_Z and expected >= LONGER_RUNS * runs
    return {
        "by": "class" if in_order else None,
        "runs": runs,
        "expected": round(float(expected), 2),
        "z": round(float(z), 2),
        "is_sorted": runs == len(sizes) > 1,
    }


def _describe_numbers(y: Array) -> Statistics:
    """Return autocorrelation and trend of targets (n, columns)."""
    count = len(y)
    found = []
    for column in y.T[:MAX_COLUMNS]:
        ranks = midranks(column)
        most_frequent = np.unique(column, return_counts=True)[1].max()
        if np.isfinite(column).all() and count - most_frequent >= FEW:
            found.append((column, ranks - ranks.mean()))
    if not found:
        return {}
    autocorrelation = float(np.mean([_autocorrelation(ranks) for _, ranks in found]))
    z = autocorrelation * np.sqrt(count)
    in_order = autocorrelation >= MIN_AUTOCORRELATION and z >= MIN_Z
    statistics: Statistics = {
        "by": "time" if in_order else None,
        "target_autocorrelation": round(autocorrelation, 4),
        "z": round(float(z), 2),
    }
    if y.shape[1] == 1:
        column, ranks = found[0]
        row = np.arange(count) - (count - 1) / 2
        trend = float(ranks @ row / np.sqrt((ranks @ ranks) * (row @ row)))
        steps = np.diff(column)
        is_sorted = bool((steps >= 0).all() or (steps <= 0).all())
        if abs(trend) * np.sqrt(count - 1) >= MIN_Z and (is_sorted or abs(trend) >= MIN_TREND):
            statistics["by"] = "target"
        statistics |= {"trend": round(trend, 4), "is_sorted": is_sorted}
    return statistics


def _autocorrelation(centered: Array) -> float:
    """Return 1 - von Neumann's ratio of a series (n,) about its mean, over what chance gives."""
    count = len(centered)
    ratio = (np.diff(centered) ** 2).mean() / (centered @ centered / (count - 1))
    return 1 - float(ratio) / 2


def _compare_neighbors(inputs: Sequence[Array], groups: Array) -> tuple[float, float] | None:
    """Return the autocorrelation of neighboring rows of one group, and its distance from 0.

    1 - their mean squared distance over that of random pairs of the group, each input number in
    units of its standard deviation; and in standard errors, from the same first rows of the pairs.
    """
    features = sum(int(np.prod(array.shape[1:])) for array in inputs)
    first = np.flatnonzero(groups[1:] == groups[:-1])
    if len(first) < FEW or not features:
        return None
    rng = np.random.default_rng(SAMPLE_SEED)
    pairs = int(np.clip(COMPARED_NUMBERS // (3 * features), FEW, PAIRS))
    first = rng.choice(first, min(pairs, len(first)), replace=False)
    by_group = np.argsort(groups, kind="stable")
    start, end = (
        np.searchsorted(groups[by_group], groups[first], side) for side in ("left", "right")
    )
    anywhere = by_group[start + (rng.random(len(first)) * (end - start)).astype(int)]
    rows = np.concatenate([first, first + 1, anywhere])
    values = np.hstack([array[rows].reshape(len(rows), -1).astype(np.float32) for array in inputs])
    values = values[:, np.isfinite(values).all(axis=0)]
    sd = values.std(axis=0)
    values = values[:, sd > 0] / sd[sd > 0]
    if not values.size:
        return None
    one, following, other = np.split(values, 3)
    near, far = ((one - following) ** 2).mean(axis=1), ((one - other) ** 2).mean(axis=1)
    error = float((far - near).std()) / np.sqrt(len(near))
    if not (far.mean() > 0 and error > 0):
        return None
    return 1 - float(near.mean() / far.mean()), float((far - near).mean()) / error
