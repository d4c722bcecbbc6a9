"""Trains in this process, one run after the other: small sweeps, and where there must be no other.

A run that kills its process (segmentation fault, out of memory) ends the sweep with it.
"""

from pathlib import Path

from kerasdemo.config import RunConfig
from kerasdemo.sweeps.executor import Listener, Message, Source, train_all
from kerasdemo.sweeps.expansion import RunSpec
from kerasdemo.sweeps.run_store import RunStore
from kerasdemo.sweeps.worker import StoppedEarly, train_run


class InProcess:
    """The executor without other processes."""

    def execute(self, source: Source, store: RunStore, listener: Listener) -> None:
        """Train the runs of a source (see `Executor.execute`)."""

        def train(spec: RunSpec, overwrite: bool) -> Message:
            reporter = _ListenerReporter(spec, source, listener)
            message = train_run(spec.config, store.results, overwrite, reporter)
            if message.get("status") == "interrupted":
                raise KeyboardInterrupt
            return message

        train_all(source, store, listener, train)


class _ListenerReporter:
    """A reporter that passes a run on to the listener, and stops it where the source says so."""

    def __init__(self, spec: RunSpec, source: Source, listener: Listener):
        self._spec, self._source, self._listener = spec, source, listener

    def begin(self, config: RunConfig, path: Path, first_epoch: int, examples: int) -> None:
        self._listener.on_run_begin(self._spec)

    def epoch(self, epoch: int, row: dict[str, float], seconds: float) -> None:
        self._listener.on_epoch_end(self._spec, epoch, row)
        source = self._source
        if source.can_stop_runs and not source.is_promising(self._spec, epoch, row):
            raise StoppedEarly

    def end(self) -> None:
        pass
