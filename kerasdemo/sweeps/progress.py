"""How far a sweep is: a live table on a terminal, plain lines elsewhere."""

import math
import threading
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import TracebackType
from typing import TYPE_CHECKING, Self

from kerasdemo.comparison.comparison import less_is_better, value_of
from kerasdemo.records import Summary
from kerasdemo.sweeps import estimate
from kerasdemo.sweeps.executor import Outcome
from kerasdemo.sweeps.expansion import RunSpec

if TYPE_CHECKING:
    from rich.console import Console, RenderableType


@dataclass
class Tally:
    """What is known of a sweep while it runs; `total` and `work_left` None for a search."""

    metric: str
    total: int | None
    work_left: float | None
    running: dict[int, tuple[RunSpec, int]] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    answered: int = 0
    best: tuple[float, str] | None = None
    trained_work: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def start(self, planned: RunSpec) -> None:
        self.running[id(planned)] = (planned, 0)

    def epoch(self, planned: RunSpec, epoch: int) -> None:
        self.running[id(planned)] = (planned, epoch)

    def end(self, planned: RunSpec, outcome: Outcome) -> None:
        self.running.pop(id(planned), None)
        self.counts[outcome.status] = self.counts.get(outcome.status, 0) + 1
        work = estimate.work(planned.config)
        self.answered += outcome.answered
        self.trained_work += 0 if outcome.answered else work
        if self.work_left is not None:
            self.work_left -= work
        if outcome.summary is not None:
            self._consider(outcome.summary, planned)

    def _consider(self, summary: Summary, planned: RunSpec) -> None:
        value = value_of(summary, self.metric)
        sign = -1 if less_is_better(self.metric) else 1
        if math.isfinite(value) and (self.best is None or sign * value > sign * self.best[0]):
            self.best = value, f"{planned.label} (seed {planned.seed})"

    @property
    def done(self) -> int:
        """Runs that have an outcome."""
        return sum(self.counts.values())

    @property
    def seconds_left(self) -> float | None:
        """By what was trained so far: its work, and the time that it took."""
        if self.work_left is None or not self.trained_work:
            return None
        return self.work_left * (time.monotonic() - self.began) / self.trained_work

    def line(self) -> str:
        """Return the state in one line."""
        of = "" if self.total is None else f" of {self.total}"
        parts = [f"{self.done}{of} done", f"{len(self.running)} running"]
        parts += [f"{n} {status}" for status, n in self.counts.items() if status != "finished"]
        if self.answered:
            parts.append(f"{self.answered} from disk")
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
    """A listener that shows a tally: live on a terminal, else a line for each run that ends."""

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
            self._print("interrupted: the same command goes on from here")

    def started(self, planned: RunSpec) -> None:
        with self._lock:
            self._tally.start(planned)

    def epoch(self, planned: RunSpec, epoch: int, row: dict[str, float]) -> None:
        with self._lock:
            self._tally.epoch(planned, epoch)

    def ended(self, planned: RunSpec, outcome: Outcome) -> None:
        with self._lock:
            self._tally.end(planned, outcome)
            if self._live is None and not outcome.answered:
                self._print(f"{self._tally.done:>5}  {_told(planned, outcome, self._tally)}")
            elif outcome.status == "failed":
                self._print(f"failed: {_told(planned, outcome, self._tally)}")

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _table(self) -> "RenderableType":
        from rich.table import Table

        with self._lock:
            table = Table.grid(padding=(0, 2))
            table.add_row(self._tally.line())
            for planned, epoch in self._tally.running.values():
                epochs = planned.config.training.epochs
                table.add_row(f"  {planned.label} (seed {planned.seed}): epoch {epoch} of {epochs}")
        return table


def _told(planned: RunSpec, outcome: Outcome, tally: Tally) -> str:
    text = f"{planned.label} (seed {planned.seed})  {outcome.status}"
    if outcome.summary is not None and outcome.status == "finished":
        seconds = outcome.summary.seconds or 0
        return (
            f"{text}  {tally.metric} {value_of(outcome.summary, tally.metric):.4g}  {seconds:.1f} s"
        )
    return f"{text}  {outcome.reason or ''}"
