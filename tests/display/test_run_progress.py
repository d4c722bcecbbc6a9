"""Progress of a run, on a terminal and without one."""

import io
from collections.abc import Callable
from pathlib import Path

from kerasdemo.config import RunConfig
from kerasdemo.display.console import SafeConsole
from kerasdemo.display.run_progress import make_reporter

ROW = {"loss": 0.5, "accuracy": 0.75, "val_loss": 0.625, "val_accuracy": 0.5}


def show(config: RunConfig, first_epoch: int, last_epoch: int, *, is_terminal: bool) -> str:
    out = io.StringIO()
    reporter = make_reporter(SafeConsole(file=out, force_terminal=is_terminal, width=80))
    reporter.begin(config, Path("runs/tiny-1a2b3c4d"), first_epoch, 250)
    for epoch in range(first_epoch, last_epoch + 1):
        reporter.epoch(epoch, ROW, 0.5)
    reporter.end()
    return out.getvalue()


def test_lines_without_a_terminal(tiny: Callable[..., RunConfig]) -> None:
    assert show(tiny(), 2, 3, is_terminal=False).splitlines() == [
        "tiny-1a2b3c4d: 250 training examples, 3 epochs, continues with epoch 2",
        "  epoch 2/3  train loss 0.5000 accuracy 0.7500  validation loss 0.6250 accuracy 0.5000"
        "  0.50 s",
        "  epoch 3/3  train loss 0.5000 accuracy 0.7500  validation loss 0.6250 accuracy 0.5000"
        "  0.50 s",
    ]


def test_a_long_run_gets_few_lines_and_one_for_its_last_epoch(
    tiny: Callable[..., RunConfig],
) -> None:
    lines = show(tiny("training.epochs=100"), 1, 97, is_terminal=False).splitlines()
    assert len(lines) == 1 + 19 + 1
    assert lines[1].startswith("  epoch 5/100")
    assert lines[-1].startswith("  epoch 97/100")


def test_a_bar_on_a_terminal(tiny: Callable[..., RunConfig]) -> None:
    out = show(tiny(), 1, 3, is_terminal=True)
    assert "tiny-1a2b3c4d" in out
    assert " train 0.5000 75.0%  val 0.6250 50.0%  500 ex/s" in out
