"""What trains the runs of a sweep: the interface of the executors, and the queue that they share.

There are three executors: InProcess, WorkerPool and Cluster (Ray).
"""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from kerasdemo.sweeps.expansion import RunSpec
from kerasdemo.sweeps.run_store import RunOutcome, RunStore
from kerasdemo.training.compile_key import compile_key

# How a training ended, as sent by a worker: {"event": "done", "status": "finished", ...}.
Message = dict[str, Any]


class StopSweep(RuntimeError):
    """No more runs can be trained here, as on a full disk; complete runs stay complete."""


class Listener(Protocol):
    """Follows a sweep. Called from several threads."""

    def on_run_begin(self, spec: RunSpec) -> None:
        """Called when a run starts or is resumed."""

    def on_epoch_end(self, spec: RunSpec, epoch: int, row: dict[str, float]) -> None:
        """Called after each epoch (from 1) of a run with its metrics."""

    def on_run_end(self, spec: RunSpec, outcome: RunOutcome) -> None:
        """Called when a run has an outcome; also for one that was reused."""


class Source(Protocol):
    """Where the runs come from. Called from several threads."""

    can_stop_runs: bool
    """whether `is_promising` has to be called after each epoch"""

    def take(self, preferred_key: str | None) -> RunSpec | None:
        """Return the next run, one with that compile key if there is one; None after the last."""

    def requeue(self, spec: RunSpec) -> None:
        """Another process is training this run: return it again later."""

    def is_promising(self, spec: RunSpec, epoch: int, row: dict[str, float]) -> bool:
        """Return whether a run should be trained on after an epoch."""

    def add_outcome(self, spec: RunSpec, outcome: RunOutcome) -> None:
        """Called once for each run that was taken, unless it was requeued."""


class Executor(Protocol):
    """Trains runs."""

    def execute(self, source: Source, store: RunStore, listener: Listener) -> None:
        """Train the runs of a source that are not complete in the store.

        Raises:
            StopSweep: where no run can be trained any more (a full disk).
            KeyboardInterrupt: on Ctrl-C; the next sweep resumes the run that was cut off.
        """


def train_all(
    source: Source,
    store: RunStore,
    listener: Listener,
    train: Callable[[RunSpec, bool], Message],
    is_stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Train the runs of a source one after the other.

    Args:
        source: of the runs.
        store: of their folders.
        listener: follows them.
        train: trains a run, from the first epoch on where the second argument is true.
        is_stopping: whether the sweep is being stopped.

    Raises:
        StopSweep: where no run can be trained any more (a full disk).
    """
    key = None
    while not is_stopping() and (spec := source.take(key)) is not None:
        outcome = store.find(spec)
        if outcome is None:
            key = compile_key(spec.config)
            outcome = _find_outcome(train(spec, store.begin(spec)), spec, store)
        if is_stopping():
            return
        if outcome is None:
            source.requeue(spec)
        else:
            listener.on_run_end(spec, outcome)
            source.add_outcome(spec, outcome)


def _find_outcome(message: Message, spec: RunSpec, store: RunStore) -> RunOutcome | None:
    match message["event"]:
        case "done" if message["status"] != "interrupted":
            return store.read(spec)
        case "done" | "busy":
            return None
        case "fatal":
            raise StopSweep(f"{message['reason']}; fix it and run the same command again")
        case "stopped":
            return RunOutcome("stopped", "stopped early by the search")
        case "lost":
            return lost_outcome(message["reason"])
    return store.fail(spec, message["reason"])


def lost_outcome(reason: str) -> RunOutcome:
    """Return the outcome of a run whose process or machine was lost; it is not recorded."""
    return RunOutcome("failed", f"{reason}; the same command tries it again")


class DelayQueue:
    """Runs that another process is training: each is due after a pause."""

    PAUSE = 0.5

    def __init__(self) -> None:
        self._waiting: list[tuple[float, RunSpec]] = []

    def add(self, spec: RunSpec) -> None:
        """Add a run."""
        self._waiting.append((time.monotonic() + self.PAUSE, spec))

    def find_due(self) -> RunSpec | None:
        """Remove and return a run that has waited long enough."""
        if self._waiting and self._waiting[0][0] <= time.monotonic():
            return self._waiting.pop(0)[1]
        return None

    def __bool__(self) -> bool:
        return bool(self._waiting)


class GridSource:
    """A source of runs that are all known from the start.

    Runs that share a compiled program come one after the other.
    """

    can_stop_runs = False

    def __init__(self, specs: Sequence[RunSpec]):
        self._lock = threading.Lock()
        self._delayed = DelayQueue()
        self._by_key: dict[str, list[RunSpec]] = {}
        for spec in specs:
            self._by_key.setdefault(compile_key(spec.config), []).append(spec)
        self._last_taken = dict.fromkeys(self._by_key, 0)
        self._count = 0

    def take(self, preferred_key: str | None) -> RunSpec | None:
        while True:
            with self._lock:
                spec = self._next(preferred_key) if self._by_key else self._delayed.find_due()
                if spec is not None or not self._delayed:
                    return spec
            time.sleep(DelayQueue.PAUSE / 5)

    def _next(self, key: str | None) -> RunSpec:
        # A worker keeps to its key; after it, it takes the one that no worker took for longest.
        if key is None or key not in self._by_key:
            key = min(self._by_key, key=self._last_taken.__getitem__)
        self._count += 1
        self._last_taken[key] = self._count
        spec = self._by_key[key].pop(0)
        if not self._by_key[key]:
            del self._by_key[key]
        return spec

    def requeue(self, spec: RunSpec) -> None:
        with self._lock:
            self._delayed.add(spec)

    def is_promising(self, spec: RunSpec, epoch: int, row: dict[str, float]) -> bool:
        return True

    def add_outcome(self, spec: RunSpec, outcome: RunOutcome) -> None:
        pass
