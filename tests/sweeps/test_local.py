"""Workers die, grow, are busy and fail; the other runs are made all the same.

The worker here is a fake that trains nothing; tests/sweeps/test_crash.py has the real one.
"""

import sys
from pathlib import Path

import pytest

from kerasdemo.config import InputError
from kerasdemo.sweeps import local
from kerasdemo.sweeps.executor import DelayQueue, StopSweep
from kerasdemo.sweeps.run_store import prepare
from kerasdemo.sweeps.sweep import Swept, findings, plan, sweep

FAKE = (sys.executable, str(Path(__file__).with_name("fake_worker.py")))


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local.Worker, "COMMAND", FAKE)
    monkeypatch.setattr(DelayQueue, "PAUSE", 0.05)


def experiment(tmp_path: Path, descriptions: list[str], seeds: str = "[1]") -> Path:
    file = tmp_path / "question.yaml"
    # Different epochs, for the description is no part of what a run asks.
    variants = "".join(
        f"  v{i}: {{description: {d}, training.epochs: {i + 1}}}\n"
        for i, d in enumerate(descriptions)
    )
    file.write_text(f"base: {{data: {{name: fizzbuzz}}}}\nvariants:\n{variants}seeds: {seeds}\n")
    return file


def run(tmp_path: Path, *descriptions: str, workers: int = 1, retry_failed: bool = False) -> Swept:
    file = experiment(tmp_path, list(descriptions))
    return sweep(file, tmp_path / "results", workers=workers, retry_failed=retry_failed)


def statuses(swept: Swept) -> dict[str, str]:
    return {planned.label: outcome.status for planned, outcome in swept.outcomes}


def trained(tmp_path: Path) -> list[list[str]]:
    file = tmp_path / "results" / "question" / "trained.txt"
    return [line.split() for line in file.read_text().splitlines()]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_worker_that_dies_costs_one_run(tmp_path: Path, workers: int) -> None:
    swept = run(tmp_path, "well", "segfault", "well", workers=workers)
    assert statuses(swept) == {"v0": "finished", "v1": "failed", "v2": "finished"}
    ((_, outcome),) = swept.failed
    assert outcome.reason == (
        "the worker process was killed by SIGSEGV: the last words, 3 times in a row; "
        "the same command tries it again"
    )


def test_a_worker_that_was_killed_is_replaced(tmp_path: Path) -> None:
    assert statuses(run(tmp_path, "segfault once", "well")) == {"v0": "finished", "v1": "finished"}


def test_a_worker_may_die_in_the_middle_of_a_line(tmp_path: Path) -> None:
    assert statuses(run(tmp_path, "half a line", "well")) == {"v0": "finished", "v1": "finished"}


def test_a_damaged_run_is_trained_anew(tmp_path: Path) -> None:
    run(tmp_path, "well")
    (record,) = (tmp_path / "results" / "question").glob("*/run.json")
    record.write_text("{")
    swept = run(tmp_path, "well", "well")
    assert statuses(swept) == {"v0": "finished", "v1": "finished"}


def test_a_worker_that_exits_is_told(tmp_path: Path) -> None:
    ((_, outcome),) = run(tmp_path, "exits").failed
    assert outcome.reason is not None
    assert outcome.reason.startswith("the worker process ended with exit code 3, 3 times in a row")


def test_what_killed_the_workers_is_no_reason_for_ever(tmp_path: Path) -> None:
    assert statuses(run(tmp_path, "killed thrice", "well")) == {"v0": "failed", "v1": "finished"}
    assert statuses(run(tmp_path, "killed thrice", "well")) == {"v0": "finished", "v1": "finished"}


def test_what_is_finished_is_never_run_again(tmp_path: Path) -> None:
    first = run(tmp_path, "well", "diverges")
    again = run(tmp_path, "well", "diverges", "well")
    assert len(trained(tmp_path)) == 3
    assert [outcome.answered for _, outcome in first.outcomes] == [False, False]
    assert [outcome.answered for _, outcome in again.outcomes] == [True, True, False]
    assert statuses(again)["v1"] == "diverged"


def test_what_failed_is_tried_again_when_asked(tmp_path: Path) -> None:
    assert statuses(run(tmp_path, "raises")) == {"v0": "failed"}
    assert statuses(run(tmp_path, "raises")) == {"v0": "failed"}
    assert statuses(run(tmp_path, "raises", retry_failed=True)) == {"v0": "finished"}


def test_what_fails_again_is_tried_once(tmp_path: Path) -> None:
    run(tmp_path, "segfault")
    assert statuses(run(tmp_path, "segfault", retry_failed=True)) == {"v0": "failed"}


def test_a_run_that_another_sweep_trains_is_come_back_to(tmp_path: Path) -> None:
    swept = run(tmp_path, "busy once", "well")
    assert [planned.label for planned, _ in swept.outcomes] == ["v1", "v0"]
    assert set(statuses(swept).values()) == {"finished"}


def test_a_worker_that_grows_is_replaced(tmp_path: Path) -> None:
    run(tmp_path, "well", "grows", "well", "well")
    processes = [process for process, _, _ in trained(tmp_path)]
    assert processes[0] == processes[1] != processes[2] == processes[3]


def test_a_full_disk_stops_the_sweep_and_loses_nothing(tmp_path: Path) -> None:
    with pytest.raises(StopSweep, match="No space left on device"):
        run(tmp_path, "well", "full disk", "well")
    assert len(trained(tmp_path)) == 1


def test_a_plan_writes_nothing(tmp_path: Path) -> None:
    file = experiment(tmp_path, ["well", "well"], "0-2")
    planned = plan(file, tmp_path / "results")
    assert (len(planned.runs), planned.seconds > 0) == (6, True)
    assert not (tmp_path / "results").exists()


def test_bad_input_writes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "e.yaml"
    file.write_text("base: {data: {name: fizzbuzz}}\ngrid: {network.depth: [0, -1]}\n")
    with pytest.raises(InputError):
        sweep(file, tmp_path / "results")
    assert not (tmp_path / "results").exists()


def test_a_results_folder_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="results can't be written here"):
        prepare(tmp_path / "file" / "results")


def test_claims_are_judged_from_the_folder(tmp_path: Path) -> None:
    file = tmp_path / "question.yaml"
    file.write_text(
        """
base: {data: {name: fizzbuzz}}
variants: {a: {}, b: {network.depth: 1}}
seeds: 1-3
claims:
  - {says: a and b are alike, better: a, than: b, metric: accuracy}
"""
    )
    swept = sweep(file, tmp_path / "results")
    (finding,) = swept.findings
    assert finding.outcome == "not held"
    assert findings(tmp_path / "results" / "question") == [finding]
