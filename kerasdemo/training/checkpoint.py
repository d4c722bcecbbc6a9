"""What a run that was cut off needs to be resumed: one file, checkpoint.npz."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from kerasdemo.backend import keras
from kerasdemo.data import Array
from kerasdemo.records import files
from kerasdemo.training.callbacks import Evaluate
from kerasdemo.training.evaluation import Evaluation

# What EarlyStopping and ReduceLROnPlateau count. Not their `min_delta`: Keras turns its sign as
# training begins.
COUNTERS = ("best", "best_epoch", "cooldown_counter", "stopped_epoch", "wait")


@dataclass(frozen=True)
class Checkpoint:
    """A run after some epochs: everything that its next epoch depends on.

    Args:
        epoch: whole epochs that are trained.
        facts: of run.json, known so far.
        state: value of each variable.
        best: evaluation of the validation examples in the best epoch so far.
        callbacks: counters and best weights of each Keras callback.
    """

    epoch: int
    facts: dict[str, Any]
    state: list[Array]
    best: Evaluation | None
    callbacks: list[tuple[dict[str, float], list[Array]]]


def find(file: Path, state: Sequence[Any]) -> Checkpoint | None:
    """Return the checkpoint of a network with such variables.

    Returns:
        None where there is no checkpoint, or where it is damaged or another network's.
    """
    try:
        with file.open("rb") as handle, np.load(handle, allow_pickle=False) as saved:

            def arrays(prefix: str) -> list[Array]:
                return [saved[name] for name in sorted(saved.files) if name.startswith(prefix)]

            values = arrays("state_")
            if [value.shape for value in values] != [tuple(v.shape) for v in state]:
                return None
            losses, right = saved["val_losses"], saved["val_right"]
            best = Evaluation(losses, right if len(right) else None, float(saved["val_penalty"]))
            counters = json.loads(str(saved["callbacks"]))
            return Checkpoint(
                epoch=int(saved["epoch"]),
                facts=dict(json.loads(str(saved["facts"]))),
                state=values,
                best=best if losses.size else None,
                callbacks=[(kept, arrays(f"best{n}_")) for n, kept in enumerate(counters)],
            )
    except Exception:  # numpy, zipfile, zlib and json each have other errors
        return None


class SaveCheckpoint(keras.callbacks.Callback):  # type: ignore[misc]
    """Write a checkpoint, in one file that appears whole.

    Writing takes at most a twentieth of the time: an epoch that ends too soon after the last
    checkpoint is trained again, to the same bytes, since it depends on nothing else.

    Args:
        file: checkpoint.npz.
        state: every variable that training changes.
        evaluate: the callback that keeps the best epoch's evaluation.
        callbacks: Keras callbacks that count from epoch to epoch.
        facts: of run.json, known before the first epoch.
        resumed: the checkpoint from which the run is resumed.
    """

    SHARE = 0.05

    def __init__(
        self,
        file: Path,
        state: Sequence[Any],
        evaluate: Evaluate,
        callbacks: Sequence[Any],
        facts: dict[str, Any],
        resumed: Checkpoint | None = None,
    ):
        super().__init__()
        self.file = file
        self.state = state
        self.evaluate = evaluate
        self.callbacks = callbacks
        self.facts = facts
        self.resumed = resumed
        self.not_before = 0.0

    def on_train_begin(self, logs: Any = None) -> None:
        """Restore the counters of the other callbacks, which Keras has just reset."""
        if self.resumed is None:
            return
        self.evaluate.best = self.resumed.best
        for callback, (counters, best_weights) in zip(
            self.callbacks, self.resumed.callbacks, strict=True
        ):
            for name in counters.keys() & set(COUNTERS):
                setattr(callback, name, counters[name])
            if best_weights:
                callback.best_weights = best_weights

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        now = time.monotonic()
        if now < self.not_before or self.model.stop_training:
            return
        best = self.evaluate.best
        arrays: dict[str, Any] = {
            "epoch": np.array(epoch + 1),
            "facts": np.array(json.dumps(self.facts)),
            "callbacks": np.array(json.dumps([_counters(c) for c in self.callbacks])),
            "val_losses": best.losses if best else np.empty(0, np.float32),
            "val_right": np.empty(0, bool) if best is None or best.right is None else best.right,
            "val_penalty": np.array(best.penalty if best else 0.0),
        }
        groups = {"state_": [variable.numpy() for variable in self.state]}
        for number, callback in enumerate(self.callbacks):
            groups[f"best{number}_"] = getattr(callback, "best_weights", None) or []
        for prefix, values in groups.items():
            for number, value in enumerate(values):
                # bfloat16 as float32, which holds it exactly: npz files have no bfloat16.
                plain = value.astype(np.float32) if value.dtype.kind == "V" else value
                arrays[f"{prefix}{number:04}"] = plain
        files.write(self.file, lambda aside: np.savez(aside, **arrays), suffix=".npz")
        self.not_before = time.monotonic() + (time.monotonic() - now) / self.SHARE


def _counters(callback: Any) -> dict[str, float]:
    """Return what a Keras callback counts from epoch to epoch, in plain numbers."""
    values = {name: getattr(callback, name, None) for name in COUNTERS}
    return {
        name: float(value) if isinstance(value, float | np.floating) else int(value)
        for name, value in values.items()
        if isinstance(value, int | float | np.number)
    }
