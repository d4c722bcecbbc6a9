"""Keras callbacks around an epoch: time it, evaluate it, record it, report it."""

import math
import time
from collections.abc import Callable
from typing import Any

from kerasdemo.backend import keras, tf
from kerasdemo.config.types import EarlyStopping, ReduceLROnPlateau
from kerasdemo.data import Array
from kerasdemo.records import RunFolder
from kerasdemo.training.evaluation import Chunks, Evaluation
from kerasdemo.training.layer_statistics import (
    LayerStatistics,
    ModelStatistics,
    statistics_examples,
)
from kerasdemo.training.reporter import Reporter

Callback: Any = keras.callbacks.Callback


class RecordTime(Callback):  # type: ignore[misc]
    """Write each epoch's seconds of training to times.csv; first in the list, so nothing else."""

    def __init__(self, folder: RunFolder):
        super().__init__()
        self.folder = folder

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.folder.add_time(epoch + 1, time.perf_counter() - self.started)


class Evaluate(Callback):  # type: ignore[misc]
    """Put loss and scores of train and validation, in inference mode, into the epoch's logs.

    It stands before Keras' own callbacks, so that they see them. Keras' own running average would
    mix weights of a whole epoch and have dropout switched on.

    Args:
        evaluate: gives a network's losses and scores for some examples.
        train: the training examples.
        validation: the validation examples, if there are any.
    """

    def __init__(
        self, evaluate: Callable[[Chunks], Evaluation], train: Chunks, validation: Chunks | None
    ):
        super().__init__()
        self.evaluate = evaluate
        self.sets = {"": train} | ({"val_": validation} if validation else {})
        self.best: Evaluation | None = None
        """of the validation examples in the epoch with the lowest validation loss so far"""
        self.diverged_at: int | None = None
        """the epoch (from 1) in which a loss became infinite or NaN"""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        assert logs is not None
        logs.clear()  # of what plain `fit` measures while it trains
        evaluations = {prefix: self.evaluate(chunks) for prefix, chunks in self.sets.items()}
        for prefix, evaluation in evaluations.items():
            logs[f"{prefix}loss"] = evaluation.loss
            logs |= {f"{prefix}{name}": score for name, score in evaluation.scores.items()}
        # Seven digits are what a float32 holds: 0.001, not 0.00100000005.
        logs["learning_rate"] = float(f"{float(self.model.optimizer.learning_rate):.7g}")
        if "val_" in evaluations:
            validation = evaluations["val_"]
            if self.best is None or validation.loss < self.best.loss:
                self.best = validation
            logs.update(validation.changes_since(self.best))
        if not all(math.isfinite(logs[f"{prefix}loss"]) for prefix in self.sets):
            self.diverged_at = epoch + 1
            self.model.stop_training = True


class Record(Callback):  # type: ignore[misc]
    """Write a row an epoch to metrics.csv, and one a layer to layers.csv."""

    def __init__(
        self,
        folder: RunFolder,
        layer_statistics: LayerStatistics | ModelStatistics,
        x: Array,
        y: Array,
    ):
        super().__init__()
        self.folder = folder
        self.layer_statistics = layer_statistics
        self.x, self.y = map(tf.constant, statistics_examples(x, y))

    def on_train_begin(self, logs: Any = None) -> None:
        self.before = self.layer_statistics.copies()

    def untrained(self) -> dict[str, dict[str, float]]:
        """Return the layers' statistics before the first update."""
        return self.layer_statistics.compute(self.x, self.y, self.layer_statistics.copies())

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        row = dict(logs or {})
        layers = self.layer_statistics.compute(self.x, self.y, self.before)
        self.before = self.layer_statistics.copies()
        self.folder.add_layers(epoch + 1, layers)
        self.folder.add_epoch(epoch + 1, row)  # last: its row makes the epoch whole


class Report(Callback):  # type: ignore[misc]
    """Pass each epoch on to a reporter."""

    def __init__(self, reporter: Reporter):
        super().__init__()
        self.reporter = reporter

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.reporter.epoch(epoch + 1, dict(logs or {}), time.perf_counter() - self.started)


def make(config: EarlyStopping | ReduceLROnPlateau) -> Any:
    """Return Keras' callback of the same name."""
    mode = config.mode
    if mode == "auto":  # for Keras the direction of a model's metrics: an EpochTrainer has none
        mode = "min" if config.monitor.endswith("loss") else "max"
    callback = getattr(keras.callbacks, type(config).__name__)
    return callback(**config.model_dump() | {"mode": mode})
