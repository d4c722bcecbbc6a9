"""Processes that die, grow, are busy and fail cost one run at most.

The worker here is a fake that trains nothing; tests/sweeps/test_crash.py has the real one.
"""

import sys
from pathlib import Path

import pytest

from kerasdemo.sweeps.executor import DelayQueue, StopSweep
from kerasdemo.sweeps.experiment import load
from kerasdemo.sweeps.sweep import SweepResult, sweep
from kerasdemo.sweeps.worker_pool import WorkerProcess

FAKE = (sys.executable, str(Path(__file__).with_name("fake_worker.py")))


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WorkerProcess, "COMMAND", FAKE)
    monkeypatch.setattr(DelayQueue, "PAUSE", 0.05)


def run(
    tmp_path: Path, *descriptions: str, workers: int = 1, retry_failed: bool = False
) -> SweepResult:
    file = tmp_path / "question.yaml"
    # Different epochs, for the description does not set a run apart.
    variants = "".join(
        f"  v{i}: {{description: {d}, training.epochs: {i + 1}}}\n"
        for i, d in enumerate(descriptions)
    )
    file.write_text(f"base: {{data: {{name: fizzbuzz}}}}\nvariants:\n{variants}seeds: [1]\n")
    return sweep(load(file), tmp_path / "results", workers=workers, retry_failed=retry_failed)


def statuses(result: SweepResult) -> dict[str, str]:
    return {spec.label: outcome.status for spec, outcome in result.outcomes}


def trained(tmp_path: Path) -> list[list[str]]:
    file = tmp_path / "results" / "question" / "trained.txt"
    return [line.split() for line in file.read_text().splitlines()]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_process_that_dies_costs_one_run(tmp_path: Path, workers: int) -> None:
    result = run(tmp_path, "well", "segfault", "well", workers=workers)
    assert statuses(result) == {"v0": "finished", "v1": "failed", "v2": "finished"}
    ((_, outcome),) = result.failed
    assert outcome.reason == (
        "the worker process was killed by SIGSEGV: the last line, 3 times in a row; "
        "the same command tries it again"
    )


def test_a_process_that_was_killed_is_replaced(tmp_path: Path) -> None:
    result = run(tmp_path, "segfault once", "half a line", "well")
    assert set(statuses(result).values()) == {"finished"}


def test_an_exit_code_is_reported(tmp_path: Path) -> None:
    ((_, outcome),) = run(tmp_path, "exits").failed
    assert outcome.reason is not None
    assert outcome.reason.startswith("the worker process ended with exit code 3, 3 times in a row")


def test_a_run_whose_processes_were_killed_is_tried_by_the_next_sweep(tmp_path: Path) -> None:
    assert statuses(run(tmp_path, "killed thrice", "well")) == {"v0": "failed", "v1": "finished"}
    assert statuses(run(tmp_path, "killed thrice", "well")) == {"v0": "finished", "v1": "finished"}


def test_complete_runs_are_reused(tmp_path: Path) -> None:
    first = run(tmp_path, "well", "diverges")
    second = run(tmp_path, "well", "diverges", "well")
    assert len(trained(tmp_path)) == 3
    assert [outcome.is_reused for _, outcome in first.outcomes] == [False, False]
    assert [outcome.is_reused for _, outcome in second.outcomes] == [True, True, False]
    assert statuses(second)["v1"] == "diverged"


def test_failed_runs_are_tried_again_on_request(tmp_path: Path) -> None:
    assert statuses(run(tmp_path, "raises")) == {"v0": "failed"}
    assert statuses(run(tmp_path, "raises")) == {"v0": "failed"}
    assert statuses(run(tmp_path, "raises", retry_failed=True)) == {"v0": "finished"}


def test_a_run_that_another_sweep_trains_is_requeued(tmp_path: Path) -> None:
    result = run(tmp_path, "busy once", "well")
    assert [spec.label for spec, _ in result.outcomes] == ["v1", "v0"]
    assert set(statuses(result).values()) == {"finished"}


def test_a_process_that_grows_is_replaced(tmp_path: Path) -> None:
    run(tmp_path, "well", "grows", "well", "well")
    processes = [process for process, _, _ in trained(tmp_path)]
    assert processes[0] == processes[1] != processes[2] == processes[3]


def test_a_full_disk_stops_the_sweep_and_loses_nothing(tmp_path: Path) -> None:
    with pytest.raises(StopSweep, match="No space left on device"):
        run(tmp_path, "well", "full disk", "well")
    assert len(trained(tmp_path)) == 1
