"""Keras callbacks around an epoch: measure it, record it, and keep what a resumed run needs."""

import json
import math
import time
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from kerasdemo.backend import keras, tf
from kerasdemo.config import RunConfig
from kerasdemo.config.types import EarlyStopping, ReduceLROnPlateau
from kerasdemo.data.loading import Array
from kerasdemo.records import RunFolder, files
from kerasdemo.training.epoch_trainer import Chunks, EpochTrainer, Measured
from kerasdemo.training.layer_statistics import LayerStatistics, statistics_examples

Callback: Any = keras.callbacks.Callback
# Of EarlyStopping and ReduceLROnPlateau. Not their `min_delta`: Keras turns its sign as it starts.
COUNTERS = frozenset({"wait", "best", "best_epoch", "stopped_epoch", "cooldown_counter"})


class Clock(Callback):  # type: ignore[misc]
    """Write each epoch's seconds of training to times.csv; first in the list, so nothing else."""

    def __init__(self, folder: RunFolder):
        super().__init__()
        self.folder = folder

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.folder.add_time(epoch + 1, time.perf_counter() - self.started)


class Measure(Callback):  # type: ignore[misc]
    """Put loss and accuracy of train and validation, in inference mode, into the epoch's logs.

    It stands before Keras' own callbacks, so that they see them. Keras' own running average would
    mix weights of a whole epoch and have dropout switched on. `best` is what the validation
    examples gave in the epoch of the lowest validation loss so far: what each epoch is compared to.
    """

    def __init__(self, train: Chunks, validation: Chunks | None):
        super().__init__()
        self.sets = {"": train} | ({"val_": validation} if validation else {})
        self.best: Measured | None = None
        self.diverged_at: int | None = None

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        assert logs is not None
        del logs["batch_loss"]
        measured = {prefix: self.model.measure(chunks) for prefix, chunks in self.sets.items()}
        for prefix, one in measured.items():
            logs[f"{prefix}loss"], logs[f"{prefix}accuracy"] = one.loss, one.accuracy
        # Seven digits are what a float32 holds: 0.001, not 0.00100000005.
        logs["learning_rate"] = float(f"{float(self.model.optimizer.learning_rate):.7g}")
        if "val_" in measured:
            now = measured["val_"]
            if self.best is None or now.loss < self.best.loss:
                self.best = now
            logs.update(now.since(self.best))
        if not all(math.isfinite(logs[f"{prefix}loss"]) for prefix in self.sets):
            self.diverged_at = epoch + 1
            self.model.stop_training = True


class Record(Callback):  # type: ignore[misc]
    """Write a row an epoch to metrics.csv and layers.csv."""

    def __init__(self, folder: RunFolder, layer_statistics: LayerStatistics, x: Array, y: Array):
        super().__init__()
        self.folder = folder
        self.layer_statistics = layer_statistics
        self.examples = [tf.constant(part) for part in statistics_examples(x, y)]

    def on_train_begin(self, logs: Any = None) -> None:
        self.before = self.layer_statistics.kernels()

    def untrained(self) -> dict[str, dict[str, float]]:
        """Return the layers' statistics before the first update."""
        x, y = self.examples
        return self.layer_statistics.measure(x, y, self.layer_statistics.kernels())

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        row = dict(logs or {})
        x, y = self.examples
        layers = self.layer_statistics.measure(x, y, self.before)
        self.before = self.layer_statistics.kernels()
        self.folder.add_layers(epoch + 1, layers)
        self.folder.add_epoch(epoch + 1, row)  # last: its row makes the epoch whole


class Checkpoint(Callback):  # type: ignore[misc]
    """Keep everything that the next epoch depends on, so that a run that is cut off goes on.

    Weights, optimizer, random state, the best epoch's validation losses and the other callbacks'
    counters, in one file that appears whole. Writing takes at most a twentieth of the time: an
    epoch that comes too soon after the last checkpoint is trained again, to the same bytes, since
    it depends on nothing else.
    """

    SHARE = 0.05

    def __init__(
        self,
        file: Path,
        program: EpochTrainer,
        measure: Measure,
        others: list[Any],
        facts: dict[str, Any],
    ):
        super().__init__()
        self.file = file
        self.program = program
        self.measure = measure
        self.others = others
        self.facts = facts
        self.not_before = 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        """Give the other callbacks, which Keras has just reset, their counters back."""
        if self.file.exists():
            with np.load(self.file, allow_pickle=False) as saved:
                self.measure.best = _measured(saved)
                for number, (callback, kept) in enumerate(
                    zip(self.others, json.loads(str(saved["callbacks"])), strict=True)
                ):
                    for name in COUNTERS & kept.keys():
                        setattr(callback, name, kept[name])
                    best = _listed(saved, f"best{number}_")
                    if best:
                        callback.best_weights = best

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        now = time.monotonic()
        if now < self.not_before or self.model.stop_training:
            return
        arrays: dict[str, Any] = {
            f"state_{i:04}": _plain(v.numpy()) for i, v in enumerate(self.program.state)
        }
        for number, callback in enumerate(self.others):
            weights = getattr(callback, "best_weights", None) or []
            arrays |= {f"best{number}_{i:04}": _plain(array) for i, array in enumerate(weights)}
        best = self.measure.best
        arrays["val_losses"] = best.losses if best else np.empty(0, np.float32)
        arrays["val_right"] = best.right if best else np.empty(0, bool)
        arrays["val_penalty"] = np.array(best.penalty if best else 0.0)
        arrays["epoch"] = np.array(epoch + 1)
        arrays["callbacks"] = np.array(json.dumps([_counters(c) for c in self.others]))
        arrays["facts"] = np.array(json.dumps(self.facts))
        files.write(self.file, lambda aside: np.savez(aside, **arrays), suffix=".npz")
        self.not_before = time.monotonic() + (time.monotonic() - now) / self.SHARE


class Report(Callback):  # type: ignore[misc]
    """Tell a reporter of each epoch."""

    def __init__(self, reporter: "Reporter"):
        super().__init__()
        self.reporter = reporter

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self.reporter.epoch(epoch + 1, dict(logs or {}), time.perf_counter() - self.started)


class Reporter(Protocol):
    """Who wants to know how far a run is."""

    def begin(self, config: RunConfig, path: Path, first_epoch: int, examples: int) -> None:
        """A run starts, or goes on, with `first_epoch` (from 1) on so many training examples."""

    def epoch(self, epoch: int, row: dict[str, float], seconds: float) -> None:
        """An epoch is whole."""

    def end(self) -> None:
        """No more epochs come, for whatever reason."""


def early_stopping(config: EarlyStopping) -> Any:
    """Return Keras' EarlyStopping."""
    return keras.callbacks.EarlyStopping(**config.model_dump() | {"mode": _mode(config)})


def reduce_lr_on_plateau(config: ReduceLROnPlateau) -> Any:
    """Return Keras' ReduceLROnPlateau."""
    return keras.callbacks.ReduceLROnPlateau(**config.model_dump() | {"mode": _mode(config)})


def _mode(config: EarlyStopping | ReduceLROnPlateau) -> str:
    # Keras reads the direction off its own metrics, of which a EpochTrainer has none.
    if config.mode != "auto":
        return config.mode
    return "max" if config.monitor.endswith("accuracy") else "min"


def restore(file: Path, program: EpochTrainer) -> tuple[int, dict[str, Any]]:
    """Put a checkpoint's state into the program; return its epoch and the facts it carries.

    Epoch 0 where there is no checkpoint, or where it is damaged or another network's.
    """
    try:
        with file.open("rb") as handle, np.load(handle, allow_pickle=False) as saved:
            state = _listed(saved, "state_")
            if [a.shape for a in state] != [tuple(v.shape) for v in program.state]:
                return 0, {}
            epoch, facts = int(saved["epoch"]), dict(json.loads(str(saved["facts"])))
            _measured(saved)  # which `Checkpoint` will ask for: an older checkpoint has none
    except Exception:  # numpy, zipfile, zlib and json each have errors of their own
        return 0, {}
    for variable, array in zip(program.state, state, strict=True):
        variable.assign(array)
    return epoch, facts


def _measured(saved: Any) -> Measured | None:
    losses, right, penalty = (saved[f"val_{name}"] for name in ("losses", "right", "penalty"))
    return Measured(losses, right, float(penalty)) if losses.size else None


def _plain(array: Array) -> Array:
    """Return bfloat16 as float32, which holds it exactly: npz files have no bfloat16."""
    return array.astype(np.float32) if array.dtype.kind == "V" else array


def _listed(saved: Any, prefix: str) -> list[Array]:
    return [saved[name] for name in sorted(saved.files) if name.startswith(prefix)]


def _counters(callback: Any) -> dict[str, float]:
    """Return what a Keras callback counts from epoch to epoch."""
    found = {name: getattr(callback, name, None) for name in sorted(COUNTERS)}
    return {
        name: float(value) if isinstance(value, float | np.floating) else int(value)
        for name, value in found.items()
        if isinstance(value, int | float | np.number)
    }
