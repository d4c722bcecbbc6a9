"""A Keras callback that passes each epoch on to what shows a training's progress."""

import time
from collections.abc import Mapping
from typing import Any, Protocol

from kerasdemo.backend import keras

Callback: Any = keras.callbacks.Callback


class Progress(Protocol):
    """Follows a training epoch by epoch: `display.fit_progress`."""

    def begin(self, total_epochs: int, examples: int | None, initial_epoch: int = 0) -> None: ...
    def epoch(self, epoch: int, logs: Mapping[str, Any], seconds: float) -> None: ...
    def end(self) -> None: ...


class ShowProgress(Callback):  # type: ignore[misc]
    """Passes epochs on, where `is_shown` is set before training.

    Args:
        progress: what shows them.
        x: the training examples.
        initial_epoch: epochs that were trained before.
    """

    def __init__(self, progress: Progress, x: Any, initial_epoch: int):
        super().__init__()
        self.progress, self.initial_epoch = progress, initial_epoch
        shapes = [part.shape for part in keras.tree.flatten(x) if hasattr(part, "shape")]
        self.examples = int(shapes[0][0]) if shapes else None
        self.is_shown = False
        self._has_begun = False

    def on_train_begin(self, logs: Any = None) -> None:
        if self.is_shown:
            self._has_begun = True
            self.progress.begin(self.params["epochs"], self.examples, self.initial_epoch)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._started = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        if self._has_begun:
            self.progress.epoch(epoch + 1, logs or {}, time.perf_counter() - self._started)

    def end(self) -> None:
        """Leave the last line; called however the training ended."""
        if self._has_begun:
            self._has_begun = False
            self.progress.end()
