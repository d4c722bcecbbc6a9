"""What an executor is given and what it tells: runs to make, epochs as they pass, outcomes."""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from kerasdemo.records import Summary
from kerasdemo.sweeps.expansion import RunSpec


@dataclass(frozen=True)
class Outcome:
    """How a run ended: finished, diverged or failed; or stopped, where a search gave it up.

    answered: from disk, it was not trained now.
    """

    status: str
    reason: str | None = None
    summary: Summary | None = None
    answered: bool = False


def lost(reason: str) -> Outcome:
    """Return the outcome of a run whose process or machine was lost: nothing of it is recorded."""
    return Outcome("failed", f"{reason}; the same command tries it again")


class StopSweep(RuntimeError):
    """Nothing more can be run here; what was finished stays finished."""


class Listener(Protocol):
    """Who wants to know how far a sweep is. Called from several threads."""

    def started(self, planned: RunSpec) -> None:
        """A run begins, or goes on."""

    def epoch(self, planned: RunSpec, epoch: int, row: dict[str, float]) -> None:
        """An epoch (from 1) is whole."""

    def ended(self, planned: RunSpec, outcome: Outcome) -> None:
        """A run has an outcome."""


class Source(Protocol):
    """Where the runs come from. Called from several threads."""

    watches: bool
    """whether it wants to be asked after each epoch if a run goes on"""

    def take(self, shape: str | None) -> RunSpec | None:
        """Return the next run, one of `shape` if there is one; None where no more will come."""

    def requeue(self, planned: RunSpec) -> None:
        """Someone else is training this run: give it out again later."""

    def goes_on(self, planned: RunSpec, epoch: int, row: dict[str, float]) -> bool:
        """Return whether a run is worth going on with after an epoch."""

    def done(self, planned: RunSpec, outcome: Outcome) -> None:
        """Take note of an outcome."""


class DelayQueue:
    """Runs that someone else is training now: each comes back after a pause."""

    PAUSE = 0.5

    def __init__(self) -> None:
        self._waiting: list[tuple[float, RunSpec]] = []

    def add(self, planned: RunSpec) -> None:
        """Keep a run for later."""
        self._waiting.append((time.monotonic() + self.PAUSE, planned))

    def due(self) -> RunSpec | None:
        """Return a run that has waited long enough."""
        if self._waiting and self._waiting[0][0] <= time.monotonic():
            return self._waiting.pop(0)[1]
        return None

    def __bool__(self) -> bool:
        return bool(self._waiting)


class GridSource:
    """A source of runs that are all known beforehand, those of one shape one after the other."""

    watches = False

    def __init__(self, planned: Sequence[RunSpec], shape_of: Callable[[RunSpec], str]):
        self._lock = threading.Lock()
        self._later = DelayQueue()
        self._shapes: dict[str, list[RunSpec]] = {}
        for one in planned:
            self._shapes.setdefault(shape_of(one), []).append(one)
        self._last_taken = dict.fromkeys(self._shapes, 0)
        self._count = 0

    def take(self, shape: str | None) -> RunSpec | None:
        while True:
            with self._lock:
                planned = self._next(shape) if self._shapes else self._later.due()
                if planned is not None or not self._later:
                    return planned
            time.sleep(DelayQueue.PAUSE / 5)

    def _next(self, shape: str | None) -> RunSpec:
        # A worker keeps to its shape, and takes up the one that has rested longest after it.
        key = (
            shape if shape in self._shapes else min(self._shapes, key=self._last_taken.__getitem__)
        )
        self._count += 1
        self._last_taken[key] = self._count
        planned = self._shapes[key].pop(0)
        if not self._shapes[key]:
            del self._shapes[key]
        return planned

    def requeue(self, planned: RunSpec) -> None:
        with self._lock:
            self._later.add(planned)

    def goes_on(self, planned: RunSpec, epoch: int, row: dict[str, float]) -> bool:
        return True

    def done(self, planned: RunSpec, outcome: Outcome) -> None:
        pass
