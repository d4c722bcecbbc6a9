"""How far a run is: a bar on a terminal, plain lines elsewhere."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kerasdemo.config import RunConfig

# Without a terminal a line for each epoch of a long run would bury everything else.
PLAIN_LINES = 20


class Bar:
    """One bar a run: epochs, losses and accuracies, speed, time left."""

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
        self.console.print(path.name, markup=False, highlight=False)
        self.task = self.progress.add_task(
            "",
            total=config.training.epochs,
            completed=first_epoch - 1,
            status="compiling" if first_epoch == 1 else f"goes on with epoch {first_epoch}",
        )
        self.progress.start()

    def epoch(self, epoch: int, row: dict[str, float], seconds: float) -> None:
        status = f"{_brief(row)}  {self.examples / seconds:,.0f} ex/s"
        self.progress.update(self.task, completed=epoch, status=status)

    def end(self) -> None:
        self.progress.stop()


class Lines:
    """Plain lines, at most PLAIN_LINES a run and one for the last epoch."""

    def __init__(self, console: Console):
        self.console = console

    def begin(self, config: RunConfig, path: Path, first_epoch: int, examples: int) -> None:
        self.epochs = config.training.epochs
        self.every = -(-self.epochs // PLAIN_LINES)
        self.examples = examples
        self.last = ""
        start = "" if first_epoch == 1 else f", goes on with epoch {first_epoch}"
        self._print(f"{path.name}: {examples:,} training examples, {self.epochs} epochs{start}")

    def epoch(self, epoch: int, row: dict[str, float], seconds: float) -> None:
        line = f"  epoch {epoch}/{self.epochs}  {_metrics(row)}  {seconds:.2f} s"
        self.last = "" if epoch % self.every == 0 else line
        if not self.last:
            self._print(line)

    def end(self) -> None:
        if self.last:
            self._print(self.last)

    def _print(self, line: str) -> None:
        self.console.print(line, markup=False, highlight=False, soft_wrap=True)


def reporter(console: Console) -> Any:
    """Return what fits the console."""
    return Bar(console) if console.is_terminal else Lines(console)


def _brief(row: dict[str, float]) -> str:
    """Return losses and accuracies in few columns: beside the bar they fit a terminal of 80."""
    text = f"train {row['loss']:.4f} {row['accuracy']:.1%}"
    if "val_loss" in row:
        text += f"  val {row['val_loss']:.4f} {row['val_accuracy']:.1%}"
    return text


def _metrics(row: dict[str, float]) -> str:
    text = f"train loss {row['loss']:.4f} accuracy {row['accuracy']:.4f}"
    if "val_loss" in row:
        text += f"  validation loss {row['val_loss']:.4f} accuracy {row['val_accuracy']:.4f}"
    return text
