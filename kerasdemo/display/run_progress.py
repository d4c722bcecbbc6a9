"""The progress of a run's training: a bar on a terminal, plain lines elsewhere."""

from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kerasdemo.config import RunConfig
from kerasdemo.display.console import print_line
from kerasdemo.training.reporter import Reporter

# Lines that a run gets without a terminal: one for each epoch would bury everything else.
MAX_LINES = 20


class ProgressBar:
    """A bar with epochs, losses and accuracies, speed and the time that is left."""

    def __init__(self, console: Console):
        self.console = console
        self.progress = Progress(
            BarColumn(bar_width=10),
            MofNCompleteColumn(),
            TextColumn("{task.fields[status]}"),
            TimeRemainingColumn(compact=True),
            console=console,
        )

    def begin(self, config: RunConfig, path: Path, first_epoch: int, examples: int) -> None:
        self.examples = examples
        print_line(self.console, path.name)
        self.task = self.progress.add_task(
            "",
            total=config.training.epochs,
            completed=first_epoch - 1,
            status="compiling" if first_epoch == 1 else f"continues with epoch {first_epoch}",
        )
        self.progress.start()

    def epoch(self, epoch: int, row: dict[str, float], seconds: float) -> None:
        # Short: beside the bar it fits a terminal of 80 columns.
        status = f"train {_in_short(row)}"
        if "val_loss" in row:
            status += f"  val {_in_short(row, 'val_')}"
        status += f"  {self.examples / seconds:,.0f} ex/s"
        self.progress.update(self.task, completed=epoch, status=status)

    def end(self) -> None:
        self.progress.stop()


class ProgressLines:
    """A line for each epoch, of long runs for MAX_LINES epochs and the last one."""

    def __init__(self, console: Console):
        self.console = console

    def begin(self, config: RunConfig, path: Path, first_epoch: int, examples: int) -> None:
        self.epochs = config.training.epochs
        self.interval = -(-self.epochs // MAX_LINES)
        self.skipped_line = ""
        start = "" if first_epoch == 1 else f", continues with epoch {first_epoch}"
        text = f"{path.name}: {examples:,} training examples, {self.epochs} epochs{start}"
        print_line(self.console, text)

    def epoch(self, epoch: int, row: dict[str, float], seconds: float) -> None:
        line = f"  epoch {epoch}/{self.epochs}"
        line += f"  train {_in_words(row)}"
        if "val_loss" in row:
            line += f"  validation {_in_words(row, 'val_')}"
        line += f"  {seconds:.2f} s"
        self.skipped_line = line if epoch % self.interval else ""
        if not self.skipped_line:
            print_line(self.console, line)

    def end(self) -> None:
        if self.skipped_line:
            print_line(self.console, self.skipped_line)


def _in_short(row: Mapping[str, float], prefix: str = "") -> str:
    """Return a loss and its score, as a bar has room for."""
    if f"{prefix}r2" in row:
        return f"{row[f'{prefix}loss']:.4g} R² {row[f'{prefix}r2']:.3f}"
    return f"{row[f'{prefix}loss']:.4f} {row[f'{prefix}accuracy']:.1%}"


def _in_words(row: Mapping[str, float], prefix: str = "") -> str:
    if f"{prefix}r2" in row:
        return f"loss {row[f'{prefix}loss']:.6g} R² {row[f'{prefix}r2']:.4f}"
    return f"loss {row[f'{prefix}loss']:.4f} accuracy {row[f'{prefix}accuracy']:.4f}"


def make_reporter(console: Console) -> Reporter:
    """Return a reporter that shows a run's progress on this console."""
    return ProgressBar(console) if console.is_terminal else ProgressLines(console)
