"""Inputs of a table that hold the target: a column that is only known afterwards, or its copy."""

import numpy as np

from kerasdemo.data.baselines import MAX_COLUMNS, MAX_FEATURES
from kerasdemo.data.dataset import Array
from kerasdemo.data.examples import Side

# What is less is not recorded.
MIN_CORRELATION = 0.999
# Without the largest and smallest tenth of the targets, which can make a correlation alone.
OUTER = 0.1
# A category with fewer examples can be that of a class by chance.
FEW = 5


def find_target_copies(side: Side, classes: int | None) -> dict[str, float] | None:
    """Return which features follow a target almost exactly.

    Args:
        side: the training examples.
        classes: number of classes, where the targets are classes.

    Returns:
        {feature, numbered from 0: its correlation with a target (Pearson), or with a class
        against the others, of the largest size}; None where there is none.
    """
    is_table = len(side.inputs) == len(side.numbers) == 1 and side.numbers[0].ndim == 2
    if not is_table or not side.is_whole or not 2 <= side.features <= MAX_FEATURES:
        return None
    _, x, y = side.usable()
    found: dict[str, float] = {}
    for target in _columns(y, classes):
        low, high = np.quantile(target, (OUTER, 1 - OUTER)) if len(target) else (0.0, 0.0)
        inner = (low <= target) & (target <= high)
        everywhere, inside = _correlations(x, target), _correlations(x[inner], target[inner])
        # Where the inner targets are all alike, as those of a rare class, they say nothing.
        is_copy = (np.abs(everywhere) >= MIN_CORRELATION) & ~(np.abs(inside) < MIN_CORRELATION)
        for feature in np.flatnonzero(is_copy):
            value, name = float(everywhere[feature]), str(feature)
            found[name] = max(found.get(name, 0.0), value, key=abs)
    return found or None


def _columns(y: Array, classes: int | None) -> list[Array]:
    """Return targets, each (n,): numbers or labels; of classes the codes, and each against all."""
    if y.ndim == 2:
        return list(y.T.astype(np.float64))
    counts = np.bincount(y, minlength=classes or 0)
    frequent = np.flatnonzero(counts >= FEW)[:MAX_COLUMNS]
    each = [(y == one).astype(np.float64) for one in frequent]
    return [y.astype(np.float64), *each] if len(frequent) > 2 else each[:1]


def _correlations(x: Array, target: Array) -> Array:
    """Return the correlation of each feature (n, features) with a target (n,); NaN of constants."""
    if len(target) < FEW:
        return np.full(x.shape[1], np.nan)
    centered, goal = x - x.mean(axis=0, dtype=np.float64), target - target.mean()
    sizes = np.sqrt((centered**2).sum(axis=0) * (goal**2).sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Array = np.where(sizes > 0, centered.T @ goal / sizes, np.nan)
    return found
