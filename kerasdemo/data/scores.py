"""Scores of predictions: R² and its standard error, balanced accuracy, area under the ROC curve."""

import math

import numpy as np

from kerasdemo.data.dataset import Array


def r2(y: Array, prediction: Array, mean: Array | float) -> float | None:
    """Return the share of variance explained, over all columns together.

    1 - sum of squared errors / sum of squares of `y` about `mean`: 1 is perfect, 0 is as good as
    always predicting `mean`.

    Args:
        y, prediction: numbers (n,) or (n, columns).
        mean: of the training targets, of each column.

    Returns:
        None where `y` does not vary about `mean`, or something is not finite.
    """
    found = _squares(y, prediction, mean)
    return found and 1 - float(found[0].mean()) / found[1]


def r2_error(y: Array, prediction: Array, mean: Array | float) -> float | None:
    """Return the standard error of `r2`: that of the mean squared error, over the variance."""
    found = _squares(y, prediction, mean)
    return found and float(found[0].std()) / math.sqrt(len(found[0])) / found[1]


def balanced_accuracy(y: Array, score: Array, threshold: float = 0.5) -> float | None:
    """Return the mean of the accuracies on positives and on negatives.

    Args:
        y: 0 or 1, (n,) or (n, labels); of several labels the mean is taken.
        score: what the network predicts, of the shape of `y`; positive above `threshold`.
        threshold: 1/2 of probabilities, 0 of logits.

    Returns:
        None where no label has both positives and negatives.
    """
    values = []
    for truth, column in _columns(y, score):
        positive = column > threshold
        values.append((positive[truth].mean() + (~positive[~truth]).mean()) / 2)
    return float(np.mean(values)) if values else None


def auc(y: Array, score: Array) -> float | None:
    """Return the area under the ROC curve.

    The share of pairs of a positive and a negative where the positive has the higher score; ties
    count one half (Hanley and McNeil 1982). Arguments and result as of `balanced_accuracy`; None
    where a score is NaN, too.
    """
    values = []
    for truth, column in _columns(y, score):
        if np.isnan(column).any():
            return None
        ranks = midranks(column)
        positives = int(truth.sum())
        rank_sum = ranks[truth].sum() - positives * (positives + 1) / 2
        values.append(rank_sum / (positives * (len(truth) - positives)))
    return float(np.mean(values)) if values else None


def midranks(values: Array) -> Array:
    """Return the ranks (n,) from 1 of numbers (n,); equal ones share the mean of their ranks."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks: Array = (np.cumsum(counts) - (counts - 1) / 2)[place]
    return ranks


@np.errstate(over="ignore", invalid="ignore")  # a diverged network predicts anything
def _squares(y: Array, prediction: Array, mean: Array | float) -> tuple[Array, float] | None:
    """Return the squared error of each example (n,), and the mean square of `y` about `mean`."""
    if not len(y):
        return None
    truth, guess = (np.asarray(a, np.float64).reshape(len(y), -1) for a in (y, prediction))
    errors = ((truth - guess) ** 2).sum(axis=1)
    variance = float(((truth - mean) ** 2).sum(axis=1).mean())
    is_finite = np.isfinite(errors).all() and np.isfinite(variance)
    return (errors, variance) if is_finite and variance > 0 else None


def _columns(y: Array, score: Array) -> list[tuple[Array, Array]]:
    """Return truth (n,) as booleans and score (n,) of each label that has both kinds."""
    if not len(y):
        return []
    truths = np.asarray(y).reshape(len(y), -1) > 0.5
    scores = np.asarray(score).reshape(truths.shape)
    pairs = zip(truths.T, scores.T, strict=True)
    return [(truth, column) for truth, column in pairs if truth.any() and not truth.all()]
