"""The progress line of `kerasdemo.fit`, in a terminal, a file and a notebook."""

import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from kerasdemo.display import fit_progress
from kerasdemo.display.console import SafeConsole
from kerasdemo.display.fit_progress import FitProgress, clock, describe_metric, make_progress

LOGS = {"accuracy": 0.961, "loss": 0.12345, "val_accuracy": 0.5, "val_loss": 1e-7}


def train(progress: FitProgress, epochs: int, *, until: int | None = None) -> None:
    progress.begin(epochs, 60_000)
    for epoch in range(1, (until or epochs) + 1):
        progress.epoch(epoch, LOGS, 5.0 if epoch == 1 else 0.25)
    progress.end()


def show(epochs: int, verbose: int | str = "auto", *, until: int | None = None) -> list[str]:
    out = io.StringIO()
    train(make_progress(verbose, SafeConsole(file=out, width=200)), epochs, until=until)
    return out.getvalue().splitlines()


@pytest.fixture
def clock_stands(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Return a function that sets the clock."""
    now = [0.0]
    monkeypatch.setattr(fit_progress.time, "monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, seconds)


def test_lines_in_a_file() -> None:
    assert show(3) == [
        "60,000 training examples, 3 epochs",
        "epoch 1/3  accuracy 96.1 %  loss 0.1235  val_accuracy 50.0 %  val_loss 1e-07"
        "  5 s/epoch  left 0:10",
        "epoch 2/3  accuracy 96.1 %  loss 0.1235  val_accuracy 50.0 %  val_loss 1e-07"
        "  0.25 s/epoch  left 0:00",
        "epoch 3/3  accuracy 96.1 %  loss 0.1235  val_accuracy 50.0 %  val_loss 1e-07"
        "  0.25 s/epoch  took 0:06",
    ]


def test_a_long_training_gets_few_lines_unless_asked_for_all() -> None:
    lines = show(100, until=97)
    assert len(lines) == 1 + 19 + 1
    assert lines[-1].startswith("epoch 97/100")
    assert len(show(100, 2)) == 1 + 100


def test_nothing_where_nothing_is_wanted() -> None:
    assert show(3, 0) == []


def test_a_line_on_a_terminal_replaces_itself_and_stays(
    clock_stands: Callable[[float], None],
) -> None:
    out = io.StringIO()
    progress = make_progress(1, SafeConsole(file=out, force_terminal=True, width=60))
    progress.begin(1000, None)
    for epoch in range(1, 501):
        clock_stands(epoch / 100)
        progress.epoch(epoch, LOGS, 0.01)
    progress.end()
    text = out.getvalue()
    # 5 seconds, ten changes a second, the first and the last.
    assert 50 <= text.count("/epoch") <= 52
    assert text.count("\n") == 1
    last = text.rsplit("\r", 1)[1]
    # Metrics without room are left out, not the times.
    assert "epoch 500/1000  accuracy 96.1 %  0.01 s/epoch  took 0:05" in last


def test_a_cell_of_a_notebook_has_one_output(
    monkeypatch: pytest.MonkeyPatch, clock_stands: Callable[[float], None]
) -> None:
    shown: list[tuple[str, dict[str, str]]] = []

    class Handle:
        def update(self, bundle: dict[str, str], *, raw: bool) -> None:
            assert raw
            shown.append(("update", bundle))

    def display(bundle: dict[str, str], *, raw: bool, display_id: bool) -> Handle:
        assert raw and display_id
        shown.append(("display", bundle))
        return Handle()

    monkeypatch.setattr("IPython.display.display", display)
    train(make_progress("auto", SafeConsole(force_jupyter=True)), 200)
    assert [kind for kind, _ in shown] == ["display", "update", "update"]
    assert shown[0][1] == {"text/plain": "60,000 training examples, 200 epochs ..."}
    assert shown[-1][1]["text/plain"].startswith("epoch 200/200  accuracy 96.1 %")


def test_a_training_that_is_cut_off_before_its_first_epoch() -> None:
    out = io.StringIO()
    progress = make_progress(1, SafeConsole(file=out, width=200))
    progress.begin(3, None)
    progress.end()
    assert out.getvalue() == "3 epochs\n"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        ("loss", np.float32(0.5), "loss 0.5"),
        ("loss", math.nan, "loss nan"),
        ("val_binary_accuracy", 1.0, "val_binary_accuracy 100.0 %"),
        ("my_accuracy", 17.0, "my_accuracy 17"),
        ("learning_rate", np.array(1e-3), "learning_rate 0.001"),
        ("confusion", np.zeros((2, 2)), ""),
        ("note", "text", ""),
    ],
)
def test_metrics_in_words(name: str, value: Any, text: str) -> None:
    assert describe_metric(name, value) == text


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "0:00"), (67.0, "1:07"), (3723.0, "1:02:03"), (-1.0, "0:00")]
)
def test_times(seconds: float, text: str) -> None:
    assert clock(seconds) == text
