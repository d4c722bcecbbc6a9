"""The progress of a sweep: a live table on a terminal, plain lines elsewhere."""

import math
import threading
import time
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING, Self

from kerasdemo.comparison.metrics import less_is_better, value_of
from kerasdemo.sweeps import estimate
from kerasdemo.sweeps.expansion import RunSpec
from kerasdemo.sweeps.run_store import RunOutcome

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


def duration(seconds: float) -> str:
    """Return a time in words: 40 s, 12 min, 3.5 h."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


class Progress(AbstractContextManager["Progress"]):
    """A listener that shows counts: live on a terminal, else with a line at the end of each run.

    Args:
        metric: of the best run.
        total: number of runs; None of a search.
        work: of all runs, in floating-point operations; None of a search.
        console: where it is shown.
    """

    def __init__(self, metric: str, total: int | None, work: float | None, console: "Console"):
        from rich.live import Live

        self._metric = metric
        self._total = total
        self._work_left = work
        self._console = console
        self._lock = threading.Lock()
        self._epochs: dict[int, tuple[RunSpec, int]] = {}  # of the runs in training
        self._counts: dict[str, int] = {}  # by status
        self._reused = 0
        self._trained_work = 0.0
        self._best: tuple[float, str] | None = None
        self._start = time.monotonic()
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
        self._print(self.line())
        if kind is KeyboardInterrupt:
            self._print("interrupted: the same command resumes it")

    def on_run_begin(self, spec: RunSpec) -> None:
        self.on_epoch_end(spec, 0, {})

    def on_epoch_end(self, spec: RunSpec, epoch: int, row: dict[str, float]) -> None:
        with self._lock:
            self._epochs[id(spec)] = (spec, epoch)

    def on_run_end(self, spec: RunSpec, outcome: RunOutcome) -> None:
        name = f"{spec.label} (seed {spec.seed})"
        with self._lock:
            self._epochs.pop(id(spec), None)
            self._counts[outcome.status] = self._counts.get(outcome.status, 0) + 1
            self._reused += outcome.is_reused
            work = estimate.work(spec.config)
            self._trained_work += 0 if outcome.is_reused else work
            if self._work_left is not None:
                self._work_left -= work
            result = outcome.reason or ""
            if outcome.summary is not None:
                value = value_of(outcome.summary, self._metric)
                sign = -1 if less_is_better(self._metric) else 1
                is_best = self._best is None or sign * value > sign * self._best[0]
                if math.isfinite(value) and is_best:
                    self._best = value, name
                if outcome.status == "finished":
                    result = f"{self._metric} {value:.4g}  {outcome.summary.seconds or 0:.1f} s"
            if self._live is None and not outcome.is_reused:
                done = sum(self._counts.values())
                self._print(f"{done:>5}  {name}  {outcome.status}  {result}")
            elif outcome.status == "failed":
                self._print(f"failed: {name}  {outcome.status}  {result}")

    def line(self) -> str:
        """Return the counts in one line."""
        done = sum(self._counts.values())
        of = "" if self._total is None else f" of {self._total}"
        parts = [f"{done}{of} done", f"{len(self._epochs)} running"]
        parts += [f"{n} {status}" for status, n in self._counts.items() if status != "finished"]
        if self._reused:
            parts.append(f"{self._reused} reused")
        if self._best is not None:
            parts.append(f"best {self._metric} {self._best[0]:.4g}: {self._best[1]}")
        if self._work_left is not None and self._trained_work and done != self._total:
            seconds = self._work_left * (time.monotonic() - self._start) / self._trained_work
            parts.append(f"about {duration(seconds)} left")
        return " · ".join(parts)

    def _print(self, text: str) -> None:
        from kerasdemo.display.console import print_line  # which imports Rich

        print_line(self._console, text)

    def _table(self) -> "RenderableType":
        from rich.table import Table

        with self._lock:
            table = Table.grid(padding=(0, 2))
            table.add_row(self.line())
            for spec, epoch in self._epochs.values():
                epochs = spec.config.training.epochs
                table.add_row(f"  {spec.label} (seed {spec.seed}): epoch {epoch} of {epochs}")
        return table
