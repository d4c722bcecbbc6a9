"""The interface between a training and what shows its progress."""

from pathlib import Path
from typing import Protocol

from kerasdemo.config import RunConfig


class Reporter(Protocol):
    """Follows a run epoch by epoch: a progress bar, or the connection to a sweep."""

    def begin(self, config: RunConfig, path: Path, first_epoch: int, examples: int) -> None:
        """Called when a run starts or is resumed.

        Args:
            config: what is trained.
            path: the run's folder.
            first_epoch: the epoch (from 1) that is trained first.
            examples: number of training examples.
        """

    def epoch(self, epoch: int, row: dict[str, float], seconds: float) -> None:
        """Called after each epoch (from 1) with its metrics and its duration."""

    def end(self) -> None:
        """Called when training ends, for whatever reason."""
