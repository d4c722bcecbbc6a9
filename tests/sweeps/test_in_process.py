"""`workers=0` trains in this process, with the same outcomes as the pool."""

import errno
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kerasdemo.config import InputError, RunConfig
from kerasdemo.config.document import parse_text
from kerasdemo.sweeps import sweep as sweeps
from kerasdemo.sweeps.claims import check_claims
from kerasdemo.sweeps.executor import DelayQueue, GridSource, StopSweep
from kerasdemo.sweeps.expansion import RunSpec, expand
from kerasdemo.sweeps.experiment import Experiment, from_document
from kerasdemo.sweeps.in_process import InProcess
from kerasdemo.sweeps.run_store import RunOutcome, RunStore
from kerasdemo.sweeps.sweep import SweepResult, plan, sweep
from kerasdemo.training import runner, trainer

TEXT = """
base:
  data: {name: circles, train: 60, validation: 20, test: 20}
  network: {depth: 1, units: 4}
  training: {epochs: 2, batch_size: 20, early_stopping: null}
"""
GRID = "grid: {optimizer.learning_rate: [0.1, 1.0e+30]}\nseeds: 0-1\n"
CLAIMS = (
    "claims:\n  - {statement: 0.1 learns, runs: {optimizer.learning_rate: 0.1}, between: [0, 1]}\n"
)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer, "uses_xla", lambda _: False)
    monkeypatch.setattr(DelayQueue, "PAUSE", 0.05)


def experiment(text: str = GRID) -> Experiment:
    return from_document(parse_text(TEXT + text, "question.yaml"))


def run(tmp_path: Path, text: str = GRID, **options: Any) -> SweepResult:
    return sweep(experiment(text), tmp_path, workers=0, **options)


def statuses(result: SweepResult) -> list[str]:
    return [outcome.status for _, outcome in result.outcomes]


class Events:
    """A listener that keeps what it hears."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def on_run_begin(self, spec: RunSpec) -> None:
        self.events.append("begin")

    def on_epoch_end(self, spec: RunSpec, epoch: int, row: dict[str, float]) -> None:
        self.events.append(f"epoch {epoch}" * ("val_loss" in row))

    def on_run_end(self, spec: RunSpec, outcome: RunOutcome) -> None:
        self.events.append(outcome.status)


def test_runs_are_trained_with_verdicts_and_claims_are_checked(tmp_path: Path) -> None:
    result = run(tmp_path, GRID + CLAIMS)
    assert statuses(result) == ["finished", "finished", "diverged", "diverged"]
    assert len(list(result.folder.glob("*/verdict.json"))) == 4
    assert result.claims[0].value.n == 2
    assert check_claims(result.folder) == list(result.claims)


def test_the_listener_follows_every_epoch(tmp_path: Path) -> None:
    specs = expand(experiment("seeds: [0]"))
    events = Events()
    InProcess().execute(GridSource(specs), RunStore(tmp_path), events)
    assert events.events == ["begin", "epoch 1", "epoch 2", "finished"]


def test_complete_runs_are_reused_or_overwritten_once(tmp_path: Path) -> None:
    first, second = run(tmp_path), run(tmp_path)
    assert [outcome.is_reused for _, outcome in second.outcomes] == [True] * 4
    assert [run["reused"] for run in second.as_dict()["runs"]] == [True] * 4
    files = [outcome.summary.path / "run.json" for _, outcome in first.outcomes if outcome.summary]
    before = [file.stat().st_mtime_ns for file in files]
    third = run(tmp_path, overwrite=True)
    assert [outcome.is_reused for _, outcome in third.outcomes] == [False] * 4
    assert all(new.stat().st_mtime_ns > old for new, old in zip(files, before, strict=True))


def test_a_damaged_run_is_trained_again(tmp_path: Path) -> None:
    (record,) = run(tmp_path, "seeds: [0]").folder.glob("*/run.json")
    record.write_text("{")
    assert statuses(run(tmp_path, "seeds: [0]")) == ["finished"]


@pytest.fixture
def training(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[RunConfig], None]], None]:
    """Return a function that has another function called at the start of each training."""
    original = runner.run

    def replace(before: Callable[[RunConfig], None]) -> None:
        def run(config: RunConfig, *arguments: Any, **options: Any) -> Any:
            before(config)
            return original(config, *arguments, **options)

        monkeypatch.setattr(runner, "run", run)

    return replace


Training = Callable[[Callable[[RunConfig], None]], None]


def test_a_failure_is_recorded_and_costs_one_run(tmp_path: Path, training: Training) -> None:
    failing = [0]

    def fail(config: RunConfig) -> None:
        if config.seed in failing:
            raise ValueError("bad")

    training(fail)
    result = run(tmp_path, "seeds: 0-1")
    assert statuses(result) == ["failed", "finished"]
    assert result.failed[0][1].reason == "ValueError: bad"
    # What failed is not tried again but on request, and then once.
    assert [outcome.is_reused for _, outcome in run(tmp_path, "seeds: 0-1").outcomes] == [True] * 2
    assert statuses(run(tmp_path, "seeds: 0-1", retry_failed=True)) == ["failed", "finished"]
    failing.clear()
    assert statuses(run(tmp_path, "seeds: 0-1", retry_failed=True)) == ["finished", "finished"]
    # A run that is finished stays so when its repetition fails.
    failing.append(0)
    assert statuses(run(tmp_path, "seeds: 0-1", overwrite=True)) == ["failed", "finished"]
    assert statuses(run(tmp_path, "seeds: 0-1")) == ["finished", "finished"]


def test_a_run_that_another_sweep_trains_is_requeued(tmp_path: Path, training: Training) -> None:
    busy = [0]

    def check(config: RunConfig) -> None:
        if config.seed in busy:
            busy.remove(config.seed)
            raise runner.Busy

    training(check)
    result = run(tmp_path, "seeds: 0-1")
    assert [spec.seed for spec, _ in result.outcomes] == [1, 0]
    assert statuses(result) == ["finished", "finished"]


def test_a_full_disk_stops_the_sweep(tmp_path: Path, training: Training) -> None:
    def fill(config: RunConfig) -> None:
        if config.seed == 1:
            raise OSError(errno.ENOSPC, "No space left on device")

    training(fill)
    with pytest.raises(StopSweep, match="No space left on device"):
        run(tmp_path, "seeds: 0-2")
    assert len(list(tmp_path.glob("question/*/run.json"))) == 1


def test_an_interrupted_run_is_resumed_by_the_next_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as context:
        context.setattr(Events, "on_epoch_end", interrupt)
        specs = expand(experiment("seeds: [0]"))
        with pytest.raises(KeyboardInterrupt):
            InProcess().execute(GridSource(specs), RunStore(tmp_path / "question"), Events())
    assert statuses(run(tmp_path, "seeds: [0]")) == ["finished"]


def test_a_search_stops_runs_that_are_not_promising(tmp_path: Path) -> None:
    search = """
search:
  method: hyperband
  space: {optimizer.learning_rate: [0.1, 1.0e-9], training.epochs: [9]}
  trials: 12
"""
    result = run(tmp_path, search)
    counts = statuses(result)
    assert set(counts) == {"finished", "stopped"}
    assert len(counts) == 12


def test_a_plan_writes_nothing(tmp_path: Path) -> None:
    planned = plan(experiment(), tmp_path / "results", workers=0)
    assert (len(planned.runs), planned.seconds > 0) == (4, True)
    assert not (tmp_path / "results").exists()


def test_bad_input_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        run(tmp_path / "results", "grid: {network.depth: [0, -1]}")
    assert not (tmp_path / "results").exists()


def test_results_that_are_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="results can't be written here"):
        run(tmp_path / "file")


def test_few_runs_are_trained_by_a_pool_unless_workers_is_0(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = []

    class Pool(InProcess):
        def __init__(self, workers: int):
            chosen.append(workers)

    monkeypatch.setattr(sweeps, "WorkerPool", Pool)
    sweep(experiment("seeds: [0]"), tmp_path)
    sweep(experiment("seeds: [0, 1, 2]"), tmp_path, workers=9)  # no more than runs
    assert chosen == [1, 3]
