"""Which task a training from Python is, and how well a network does it, in plain functions."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from kerasdemo.config import losses
from kerasdemo.config.losses import OF_CLASSES, OF_LABELS
from kerasdemo.data import Array, scores
from kerasdemo.records import Task

OF_ONE_HOT = (
    *("categorical_crossentropy", "categorical_focal_crossentropy", "categorical_hinge"),
    "kl_divergence",
)
OF_NUMBERS = (
    *("mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error"),
    *("mean_squared_logarithmic_error", "huber", "log_cosh", "poisson", "tweedie"),
)
# Keras' names of metrics that are the share of right answers.
ACCURACIES = (
    *("accuracy", "acc", "binary_accuracy", "categorical_accuracy"),
    "sparse_categorical_accuracy",
)


def find_task(loss: str, activation: str | None, units: int | None, y: Array | None) -> Task:
    """Return which task targets, loss and output are for; `other` where that is not clear.

    Args:
        loss: Keras' name of the loss.
        activation: of the output; None where it is not known.
        units: of the output; None where it has none or several.
        y: targets of some examples (n, ...); None where they are not known.
    """
    if units is None:
        return "other"
    if y is None:
        return _by_loss(loss, activation, units)
    if y.ndim > 2 or not (np.issubdtype(y.dtype, np.number) or y.dtype == bool):
        return "other"
    is_column = y.ndim == 1 or y.shape[1] == 1
    return _of_column(loss, activation, units, y) if is_column else _of_columns(loss, activation, y)


def _by_loss(loss: str, activation: str | None, units: int) -> Task:
    if loss in (*OF_CLASSES, *OF_ONE_HOT) or (activation == "softmax" and units > 1):
        return "classification"
    if loss in OF_LABELS:
        return "binary" if units == 1 else "multi_label"
    return "regression" if loss in OF_NUMBERS and activation != "sigmoid" else "other"


def _of_column(loss: str, activation: str | None, units: int, y: Array) -> Task:
    has_classes = units > 1 and bool((y == np.round(y)).all())
    if loss in OF_CLASSES or (activation == "softmax" and has_classes):
        return "classification"
    kinds = set(np.unique(y).tolist())
    if kinds == {0, 1} or (kinds <= {0, 1} and loss in OF_LABELS):
        return "binary"
    if kinds <= {-1, 1} and "hinge" in loss:
        return "binary"
    return "regression" if loss in OF_NUMBERS else "other"


def _of_columns(loss: str, activation: str | None, y: Array) -> Task:
    is_zero_or_one = bool(((y == 0) | (y == 1)).all())
    is_spread = bool((y >= 0).all() and np.allclose(y.sum(axis=1, dtype=np.float64), 1, atol=1e-3))
    if is_spread and (is_zero_or_one or loss in OF_ONE_HOT):
        return "classification"
    is_of_labels = loss in (*OF_LABELS, *OF_ONE_HOT) or activation in ("sigmoid", "softmax")
    if is_zero_or_one and is_of_labels:
        return "multi_label"
    return "regression" if loss in OF_NUMBERS else "other"


def threshold(loss: Mapping[str, Any], activation: str | None) -> float:
    """Return what an output must exceed to count as positive: logits turn at 0.

    Args:
        activation: of the output. Behind a sigmoid Keras takes the logits themselves, and what the
            network gives stays a probability.
    """
    is_logit = bool(loss.get("from_logits")) and activation != "sigmoid"
    return losses.threshold(loss["name"], from_logits=is_logit)


def find_right(task: Task, y: Array, output: Array, threshold: float) -> Array | None:
    """Return which examples (n,) are predicted right; None for a task without right and wrong.

    Of several labels all must be right.
    """
    if task == "classification":
        output = output.reshape(len(output), -1)
        classes = y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1)
        is_finite = ~np.isnan(output).any(axis=1)
        return np.asarray((output.argmax(axis=1) == classes) & is_finite)
    if task in ("binary", "multi_label"):
        return np.asarray(_right_labels(y, output, threshold).all(axis=1))
    return None


def score(
    task: Task, y: Array, output: Array, threshold: float, mean: Array | float
) -> dict[str, float]:
    """Return the columns of metrics.csv that a task has besides the loss; NaN where not defined.

    Args:
        y: targets (n, ...).
        output: of the network for them.
        threshold: what an output must exceed to count as positive.
        mean: of the training targets of a regression, by column.
    """
    if task == "other":
        return {}
    if task == "regression":
        output = output.reshape(len(y), -1)
        found = {
            "r2": scores.r2(y, output, mean),
            "r2_error": scores.r2_error(y, output, mean),
        }
    elif task == "classification":
        right = find_right(task, y, output, threshold)
        assert right is not None
        found = {"accuracy": float(right.mean())}
    else:
        found = {
            "accuracy": float(_right_labels(y, output, threshold).mean()),
            "balanced_accuracy": scores.balanced_accuracy(y, output, threshold),
            "auc": scores.auc(y, output),
        }
    return {name: np.nan if value is None else float(value) for name, value in found.items()}


def describe_output(output: Array) -> dict[str, float]:
    """Return the ends of a network's output, and of the sums of its rows.

    Args:
        output: of some examples (n,) or (n, units).
    """
    rows = output.reshape(len(output), -1).astype(np.float64)
    sums = rows.sum(axis=1)
    return {
        "low": float(rows.min()),
        "high": float(rows.max()),
        "sum_low": float(sums.min()),
        "sum_high": float(sums.max()),
    }


def _right_labels(y: Array, output: Array, threshold: float) -> Array:
    """Return which labels (n, labels) are right; NaN is wrong."""
    truth = y.reshape(len(y), -1) > 0.5
    guess = output.reshape(truth.shape)
    return np.asarray(((guess > threshold) == truth) & ~np.isnan(guess))
