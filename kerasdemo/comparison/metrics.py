"""What the metrics of a run are: their names, units, which way is better, and where they stand."""

import math
from collections.abc import Iterable, Mapping
from typing import Literal, get_args

from kerasdemo.records import Summary

Metric = Literal[
    "loss", "accuracy", "r2", "val_loss", "val_accuracy", "val_r2",
    "test_loss", "test_accuracy", "test_r2", "epoch_seconds", "seconds",
]  # fmt: skip
METRICS: tuple[str, ...] = get_args(Metric)
TIMES = ("epoch_seconds", "seconds")
# What is compared where nobody says: the first that all runs have.
USUAL = ("val_accuracy", "test_accuracy", "val_r2", "val_loss", "accuracy", "r2", "loss")


def is_accuracy(metric: str) -> bool:
    """Return whether a metric is a share of examples, 0 to 1."""
    return metric.endswith("accuracy")


def is_loss(metric: str) -> bool:
    """Return whether a metric is a loss: a number without a unit that all losses share."""
    return metric.endswith("loss")


def less_is_better(metric: str) -> bool:
    """Return whether a smaller value of a metric is the better one."""
    return not (is_accuracy(metric) or metric.endswith("r2"))


def score_of(metric: str, runs: Iterable[Summary]) -> str:
    """Return what a metric measures, on whichever part of the data; of a time the runs' score."""
    if metric not in TIMES:
        return metric.removeprefix("val_").removeprefix("test_")
    names = {name for run in runs for name in run.metrics}
    return next((score for score in ("accuracy", "r2") if score in names), "loss")


def part_of(metric: str) -> str:
    """Return the part of the data that a metric is measured on: train, validation or test."""
    return {"val": "validation", "test": "test"}.get(metric.partition("_")[0], "train")


def fewest_examples(counts: Iterable[Mapping[str, int]], metric: str) -> int | None:
    """Return how many examples a metric was measured on; the fewest, where runs differ.

    Args:
        counts: for each run the part of its data -> number of examples.
        metric: its name.

    Returns:
        None where no run has the number.
    """
    known = (examples.get(part_of(metric)) for examples in counts)
    return min((count for count in known if count), default=None)


def value_of(run: Summary, metric: str, at: str = "kept") -> float:
    """Return a run's value of a metric.

    The accuracies of a run that diverged or was interrupted are no result.

    Args:
        run: its summary.
        metric: one of `METRICS`; accuracies are shares, times are seconds.
        at: "kept": with the weights that were kept (early stopping may restore an earlier epoch's);
            "last": after the last epoch; "best": in the run's best epoch by this metric.

    Returns:
        NaN for a run that did not finish, and where there is no such value.
    """
    if run.status != "finished":
        return math.nan
    if metric == "seconds":
        return math.nan if run.seconds is None else run.seconds
    value = run.metrics.get(metric)
    if value is None:
        return math.nan
    found: float = getattr(value, at)
    # In a damaged folder an accuracy may lie outside 0 to 1.
    return math.nan if is_accuracy(metric) and not 0 <= found <= 1 else found


def usual_metric(runs: Iterable[Summary]) -> str:
    """Return the first metric that every finished run has: validation before test before training.

    Accuracy, or of regression R², or of other tasks the loss.
    """
    finished = [run for run in runs if run.status == "finished"]
    found = (m for m in USUAL if all(m in run.metrics for run in finished))
    return next(found, "test_accuracy")
