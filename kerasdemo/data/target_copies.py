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
    targets = _columns(y, classes)
    everywhere = _correlations(x, targets)
    found: dict[str, float] = {}
    for feature, number in np.argwhere(np.abs(everywhere) >= MIN_CORRELATION):
        target, value, name = targets[:, [number]], float(everywhere[feature, number]), str(feature)
        low, high = np.quantile(target, (OUTER, 1 - OUTER))
        inner = ((low <= target) & (target <= high))[:, 0]
        inside = abs(_correlations(x[inner][:, [feature]], target[inner]).item())
        # Where the inner targets are all alike, as those of a rare class, they say nothing.
        if not inside < MIN_CORRELATION:
            found[name] = max(found.get(name, 0.0), value, key=abs)
    return found or None


def _columns(y: Array, classes: int | None) -> Array:
    """Return targets (n, columns): numbers or labels; of classes the codes, and each by itself."""
    if y.ndim == 2:
        return y.astype(np.float64)
    counts = np.bincount(y, minlength=classes or 0)
    frequent = np.flatnonzero(counts >= FEW)[:MAX_COLUMNS]
    each = (y[:, None] == frequent).astype(np.float64)
    return np.column_stack([y, each]) if len(frequent) > 2 else each[:, :1]


def _correlations(x: Array, targets: Array) -> Array:
    """Return that of each feature (n, features) with each target (n, columns); NaN of constants."""
    if len(targets) < FEW:
        return np.full((x.shape[1], targets.shape[1]), np.nan)
    centered, goals = (a - a.mean(axis=0, dtype=np.float64) for a in (x, targets))
    sizes = np.sqrt(np.outer((centered**2).sum(axis=0), (goals**2).sum(axis=0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Array = np.where(sizes > 0, centered.T @ goals / sizes, np.nan)
    return found
