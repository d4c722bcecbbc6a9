"""The progress of a sweep: a live table on a terminal, plain lines elsewhere."""

import math
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

from kerasdemo.comparison.metrics import less_is_better, value_of
from kerasdemo.sweeps import estimate
from kerasdemo.sweeps.expansion import RunSpec
from kerasdemo.sweeps.run_store import RunOutcome

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


@dataclass
class Tally:
    """Counts the runs of a sweep.

    Args:
        metric: of the best run.
        total: number of runs; None of a search.
        work_left: of the runs without an outcome, in floating-point operations; None of a search.
    """

    metric: str
    total: int | None
    work_left: float | None
    running: dict[int, tuple[RunSpec, int]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    reused: int = 0
    best: tuple[float, str] | None = None
    trained_work: float = 0.0
    start: float = field(default_factory=time.monotonic)

    def add_epoch(self, spec: RunSpec, epoch: int) -> None:
        """Note that a run has trained so many epochs."""
        self.running[id(spec)] = (spec, epoch)

    def add_outcome(self, spec: RunSpec, outcome: RunOutcome) -> None:
        """Note that a run has ended."""
        self.running.pop(id(spec), None)
        self.counts[outcome.status] = self.counts.get(outcome.status, 0) + 1
        work = estimate.work(spec.config)
        self.reused += outcome.is_reused
        self.trained_work += 0 if outcome.is_reused else work
        if self.work_left is not None:
            self.work_left -= work
        if outcome.summary is None:
            return
        value = value_of(outcome.summary, self.metric)
        sign = -1 if less_is_better(self.metric) else 1
        if math.isfinite(value) and (self.best is None or sign * value > sign * self.best[0]):
            self.best = value, f"{spec.label} (seed {spec.seed})"

    @property
    def done(self) -> int:
        """Number of runs that have an outcome."""
        return sum(self.counts.values())

    @property
    def seconds_left(self) -> float | None:
        """An estimate, from the work done so far and the time that it took; None if unknown."""
        if self.work_left is None or not self.trained_work:
            return None
        return self.work_left * (time.monotonic() - self.start) / self.trained_work

    def line(self) -> str:
        """Return the counts in one line."""
        of = "" if self.total is None else f" of {self.total}"
        parts = [f"{self.done}{of} done", f"{len(self.running)} running"]
        parts += [f"{n} {status}" for status, n in self.counts.items() if status != "finished"]
        if self.reused:
            parts.append(f"{self.reused} reused")
        if self.best is not None:
            parts.append(f"best {self.metric} {self.best[0]:.4g}: {self.best[1]}")
        if self.seconds_left is not None and self.done != self.total:
            parts.append(f"about {duration(self.seconds_left)} left")
        return " · ".join(parts)


def duration(seconds: float) -> str:
    """Return a time in words: 40 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class Progress(AbstractContextManager["Progress"]):
    """A listener that shows a tally: live on a terminal, else a line at the end of each run."""

    def __init__(self, tally: Tally, console: "Console"):
        from rich.live import Live

        self._tally = tally
        self._console = console
        self._lock = threading.Lock()
        self._live = (
            Live(console=console, get_renderable=self._table, refresh_per_second=4, transient=True)
            if console.is_terminal
            else None
        )

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()
        self._print(self._tally.line())
        if kind is KeyboardInterrupt:
            self._print("interrupted: the same command resumes it")

    def on_run_begin(self, spec: RunSpec) -> None:
        with self._lock:
            self._tally.add_epoch(spec, 0)

    def on_epoch_end(self, spec: RunSpec, epoch: int, row: dict[str, float]) -> None:
        with self._lock:
            self._tally.add_epoch(spec, epoch)

    def on_run_end(self, spec: RunSpec, outcome: RunOutcome) -> None:
        with self._lock:
            self._tally.add_outcome(spec, outcome)
            text = f"{spec.label} (seed {spec.seed})  {outcome.status}"
            if outcome.summary is not None and outcome.status == "finished":
                metric, seconds = self._tally.metric, outcome.summary.seconds or 0
                text += f"  {metric} {value_of(outcome.summary, metric):.4g}  {seconds:.1f} s"
            else:
                text += f"  {outcome.reason or ''}"
            if self._live is None and not outcome.is_reused:
                self._print(f"{self._tally.done:>5}  {text}")
            elif outcome.status == "failed":
                self._print(f"failed: {text}")

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _table(self) -> "RenderableType":
        from rich.table import Table

        with self._lock:
            table = Table.grid(padding=(0, 2))
            table.add_row(self._tally.line())
            for spec, epoch in self._tally.running.values():
                epochs = spec.config.training.epochs
                table.add_row(f"  {spec.label} (seed {spec.seed}): epoch {epoch} of {epochs}")
        return table
