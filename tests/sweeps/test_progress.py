"""The lines that a sweep prints."""

from io import StringIO

from rich.console import Console

from kerasdemo.config import parse
from kerasdemo.sweeps.expansion import RunSpec
from kerasdemo.sweeps.progress import Progress, duration
from kerasdemo.sweeps.run_store import RunOutcome
from tests.factories import make_summary


def test_runs_are_counted_and_the_best_one_is_named() -> None:
    config = parse("data: {name: mnist_sample}")
    one, two, three = (RunSpec(label, {}, 0, config) for label in ("one", "two", "three"))
    output = StringIO()
    with Progress("val_accuracy", 4, 4e9, Console(file=output, width=200)) as progress:
        progress.on_run_end(one, RunOutcome("finished", None, make_summary(0.8), is_reused=True))
        progress.on_run_begin(two)
        progress.on_epoch_end(two, 1, {})
        progress.on_run_end(two, RunOutcome("finished", None, make_summary(0.9)))
        progress.on_run_end(three, RunOutcome("failed", "no memory"))
        progress.on_run_begin(one)
    first, second, last = output.getvalue().splitlines()
    assert first == "    2  two (seed 0)  finished  val_accuracy 0.9  2.0 s"
    assert second == "    3  three (seed 0)  failed  no memory"
    best = "1 failed · 1 reused · best val_accuracy 0.9: two (seed 0) · about"
    assert last.startswith(f"3 of 4 done · 1 running · {best}")


def test_durations_are_rounded() -> None:
    assert [duration(seconds) for seconds in (0.1, 40.4, 720, 12_600)] == [
        "1 s",
        "40 s",
        "12 min",
        "3.5 h",
    ]
