"""The progress of `kerasdemo.fit`: one line that replaces itself, in a notebook or a terminal."""

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from rich.console import Console
from rich.live import Live
from rich.text import Text

from kerasdemo.display.console import SafeConsole, print_line
from kerasdemo.display.run_progress import MAX_LINES

# Seconds between two changes of the line, so that short epochs are not slowed down.
INTERVAL = 0.1
# Characters of the line in a notebook.
NOTEBOOK_WIDTH = 160


class FitProgress(Protocol):
    """Follows a training epoch by epoch."""

    def begin(self, total_epochs: int, examples: int | None, initial_epoch: int = 0) -> None:
        """Called before the first epoch.

        Args:
            total_epochs: the epoch (from 1) with which training is to end.
            examples: number of training examples; None where it is not known.
            initial_epoch: epochs that were trained before.
        """

    def epoch(self, epoch: int, logs: Mapping[str, Any], seconds: float) -> None:
        """Called after each epoch (from 1) with Keras' logs and the epoch's duration."""

    def end(self) -> None:
        """Called when training ends, for whatever reason. The last line stays."""


def make_progress(verbose: int | str = "auto", console: Console | None = None) -> FitProgress:
    """Return what shows a training's progress here.

    Args:
        verbose: Keras' argument of `fit`. 0: nothing; 1, "auto": a line that replaces itself, or
            where that is not possible a few lines; 2: a line for each epoch.
        console: where it is shown; None: standard output.
    """
    console = SafeConsole() if console is None else console
    if verbose in (0, "0"):
        return NoProgress()
    if verbose == 2:
        return Lines(console, most=None)
    if console.is_jupyter:
        return NotebookLine()
    return TerminalLine(console) if console.is_terminal else Lines(console, most=MAX_LINES)


class NoProgress:
    """Shows nothing."""

    def begin(self, total_epochs: int, examples: int | None, initial_epoch: int = 0) -> None: ...

    def epoch(self, epoch: int, logs: Mapping[str, Any], seconds: float) -> None: ...

    def end(self) -> None: ...


class _Follower:
    """What is known of a training so far, and its line."""

    def begin(self, total_epochs: int, examples: int | None, initial_epoch: int = 0) -> None:
        self._total = total_epochs
        self._examples = examples
        self._last: tuple[int, Mapping[str, Any]] | None = None
        self._first_seconds = self._other_seconds = 0.0
        self._other_epochs = 0
        self._shown_at = -math.inf

    def epoch(self, epoch: int, logs: Mapping[str, Any], seconds: float) -> None:
        if self._last is None:
            self._first_seconds = seconds
        else:
            self._other_seconds += seconds
            self._other_epochs += 1
        self._last = epoch, logs

    def _is_due(self) -> bool:
        """Return whether the line may change again."""
        now = time.monotonic()
        if now - self._shown_at < INTERVAL:
            return False
        self._shown_at = now
        return True

    def _start(self) -> str:
        examples = "" if self._examples is None else f"{self._examples:,} training examples, "
        return f"{examples}{self._total} epoch{'s' * (self._total != 1)}"

    def _line(self, width: int | None, *, is_last: bool = False) -> str:
        """Return the line of the last epoch; metrics that find no room in `width` are left out."""
        if self._last is None:
            return self._start()
        epoch, logs = self._last
        # The first epoch contains compiling: it counts only where there is no other.
        per_epoch = (
            self._other_seconds / self._other_epochs if self._other_epochs else self._first_seconds
        )
        end = [f"{per_epoch:.2g} s/epoch" if per_epoch < 10 else f"{per_epoch:.0f} s/epoch"]
        if is_last:
            end.append(f"took {clock(self._first_seconds + self._other_seconds)}")
        else:
            end.append(f"left {clock(per_epoch * (self._total - epoch))}")
        parts = [
            f"epoch {epoch}/{self._total}",
            *filter(None, map(describe_metric, logs, logs.values())),
        ]
        while width is not None and len(parts) > 1 and _length([*parts, *end]) > width:
            parts.pop()
        return "  ".join([*parts, *end])


class NotebookLine(_Follower):
    """A line in the output of a cell, in Jupyter, Colab and VS Code."""

    def begin(self, total_epochs: int, examples: int | None, initial_epoch: int = 0) -> None:
        super().begin(total_epochs, examples, initial_epoch)
        from IPython.display import display

        self._handle = display(  # type: ignore[no-untyped-call]
            self._bundle(f"{self._start()} ..."), raw=True, display_id=True
        )

    def epoch(self, epoch: int, logs: Mapping[str, Any], seconds: float) -> None:
        super().epoch(epoch, logs, seconds)
        if self._is_due():
            self._handle.update(self._bundle(self._line(NOTEBOOK_WIDTH)), raw=True)

    def end(self) -> None:
        self._handle.update(self._bundle(self._line(NOTEBOOK_WIDTH, is_last=True)), raw=True)

    @staticmethod
    def _bundle(line: str) -> dict[str, Any]:
        return {"text/plain": line}


class TerminalLine(_Follower):
    """A line on a terminal; what the training prints appears above it."""

    def __init__(self, console: Console):
        # Without a thread of its own: nothing happens between two epochs.
        self._live = Live(console=console, auto_refresh=False)
        self._console = console

    def begin(self, total_epochs: int, examples: int | None, initial_epoch: int = 0) -> None:
        super().begin(total_epochs, examples, initial_epoch)
        self._live.start()
        self._show(f"{self._start()} ...")

    def epoch(self, epoch: int, logs: Mapping[str, Any], seconds: float) -> None:
        super().epoch(epoch, logs, seconds)
        if self._is_due():
            self._show(self._line(self._console.width))

    def end(self) -> None:
        self._show(self._line(self._console.width, is_last=True))
        self._live.stop()

    def _show(self, line: str) -> None:
        self._live.update(Text(line, no_wrap=True, overflow="ellipsis"), refresh=True)


class Lines(_Follower):
    """Lines of their own, in a file or a pipe: of a long training for a few epochs and the last.

    most: how many; None: one for each epoch.
    """

    def __init__(self, console: Console, most: int | None):
        self._console = console
        self._most = most

    def begin(self, total_epochs: int, examples: int | None, initial_epoch: int = 0) -> None:
        super().begin(total_epochs, examples, initial_epoch)
        self._every = 1 if self._most is None else -(-(total_epochs - initial_epoch) // self._most)
        self._is_shown = True
        print_line(self._console, self._start())

    def epoch(self, epoch: int, logs: Mapping[str, Any], seconds: float) -> None:
        super().epoch(epoch, logs, seconds)
        self._is_shown = epoch % max(self._every, 1) == 0 and epoch < self._total
        if self._is_shown:
            print_line(self._console, self._line(None))

    def end(self) -> None:
        if not self._is_shown:
            print_line(self._console, self._line(None, is_last=True))


def describe_metric(name: str, value: Any) -> str:
    """Return a metric of Keras' logs with its name, an accuracy in percent; "" if no number."""
    try:
        value = float(value)
    except (TypeError, ValueError):
        return ""
    if "accuracy" in name and 0 <= value <= 1:
        return f"{name} {value:.1%}".replace("%", " %")
    return f"{name} {value:.4g}"


def clock(seconds: float) -> str:
    """Return a time as 0:07 or 1:02:03."""
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _length(parts: Sequence[str]) -> int:
    return sum(map(len, parts)) + 2 * (len(parts) - 1)
