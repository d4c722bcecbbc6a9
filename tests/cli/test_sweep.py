"""`kerasdemo sweep`, `tune`, `compare` and `diff`.

Sweeps have a worker here that trains nothing; the tuning is a real one.
"""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

from kerasdemo.config import load
from kerasdemo.sweeps.worker_pool import WorkerProcess
from tests.cli.conftest import Call

FAKE = (sys.executable, str(Path(__file__).parents[1] / "sweeps" / "fake_worker.py"))
QUESTION = """
question: does it matter?
base: {data: {name: fizzbuzz}}
grid: {optimizer: [sgd, adam]}
seeds: 1-3
claims:
  - statement: sgd beats adam
    better: {optimizer: sgd}
    than: {optimizer: adam}
    metric: accuracy
    reference: 80.44
"""


@pytest.fixture(autouse=True)
def _fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(WorkerProcess, "COMMAND", FAKE)
    monkeypatch.chdir(tmp_path)
    Path("question.yaml").write_text(QUESTION)


def test_a_dry_run_shows_every_run_and_writes_nothing(kerasdemo: Call) -> None:
    shown = kerasdemo("sweep", "question.yaml", "--dry-run")
    assert shown.code == 0
    assert shown.out.count("optimizer=") == 6
    assert "6 runs, 6 to train, roughly" in shown.out
    assert not Path("results").exists()
    plan = json.loads(kerasdemo("sweep", "question.yaml", "--dry-run", "--json").out)
    assert [run["seed"] for run in plan["runs"]] == [1, 2, 3, 1, 2, 3]


def test_a_sweep_is_reported_line_by_line_and_compared(kerasdemo: Call) -> None:
    swept = kerasdemo("sweep", "question.yaml", "--set", "training.epochs=2")
    assert swept.code == 0, swept.err
    assert "    6  optimizer=adam (seed 3)  finished" in swept.out
    assert "6 of 6 done" in swept.out
    assert "NOT HELD: sgd beats adam (reference: 80.44): accuracy +0 [+0, +0]" in swept.out
    second = kerasdemo("sweep", "question.yaml", "--set", "training.epochs=2", "--json")
    assert all(run["reused"] for run in json.loads(second.out)["runs"])
    assert "report  kerasdemo report results/runs/question\n" in swept.out
    third = kerasdemo("sweep", "question.yaml", "--set", "training.epochs=2", "--report")
    assert "report  results/runs/question/report.html\n" in third.out
    assert len(list(Path("results/runs/question").glob("*/report.html"))) == 6
    assert json.loads(second.out)["claims"][0]["status"] == "not held"

    compared = kerasdemo("compare", "results/runs", "--metric", "accuracy", "--plot", "plot.png")
    assert compared.out.splitlines()[0].split()[:2] == ["rank", "optimizer"]
    assert Path("plot.png").read_bytes().startswith(b"\x89PNG")
    rows = kerasdemo("compare", "results/runs/question", "--metric", "accuracy", "--format", "csv")
    assert len(rows.out.splitlines()) == 3

    first, second = sorted(Path("results/runs/question").glob("*/"))[1:5:3]
    assert "optimizer.name: adam / sgd" in kerasdemo("diff", str(first), str(second)).out
    found = json.loads(kerasdemo("diff", str(first), str(second), "--json").out)
    assert found["settings"]["optimizer.name"] == ["adam", "sgd"]


def test_a_failed_run_is_reported_with_exit_code_1(kerasdemo: Call) -> None:
    file = Path("question.yaml")
    file.write_text(
        "base: {data: {name: fizzbuzz}}\nvariants:\n"
        "  bad: {description: raises}\n  good: {network.depth: 1}\n"
    )
    swept = kerasdemo("sweep", "question.yaml")
    assert swept.code == 1
    assert "failed: bad (seed 0): ValueError: bad" in swept.out
    assert "1 of 1 failed" in swept.out


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("sweep", "nowhere.yaml"), "nowhere.yaml: no such file"),
        (
            ("sweep", "question.yaml", "--set", "optimizer=sgd"),
            "set by the experiment",
        ),
        (("sweep", "question.yaml", "--results", "question.yaml"), "results can't be written here"),
        (("sweep", "question.yaml", "--ray", "nowhere"), "expected auto, HOST:PORT"),
        (("compare", "nowhere"), "nowhere: no such results folder"),
        (("compare", "."), "no runs"),
        (("compare", ".", "--format", "xml"), "--format: unknown value 'xml'"),
    ],
)
def test_bad_input(arguments: tuple[str, ...], problem: str, kerasdemo: Call) -> None:
    result = kerasdemo(*arguments)
    assert (result.code, result.out) == (2, "")
    assert problem in result.err
    assert not Path("results").exists()


def test_seeds_replace_those_of_the_experiment(kerasdemo: Call) -> None:
    plan = kerasdemo("sweep", "question.yaml", "--dry-run", "--json", "--seeds", "7,9")
    assert [run["seed"] for run in json.loads(plan.out)["runs"]] == [7, 9, 7, 9]


def test_a_bad_data_file_fails_its_runs_and_not_the_sweep(kerasdemo: Call) -> None:
    x, y = np.zeros((40, 3), np.float32), np.arange(40) % 4
    np.savez("good.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    np.savez("bad.npz", x_train=x * np.nan, y_train=y, x_test=x, y_test=y)
    file = Path("question.yaml")
    file.write_text(
        "base: {data: {name: file, path: good.npz}}\ngrid: {data.path: [bad.npz, good.npz]}\n"
    )
    swept = kerasdemo("sweep", "question.yaml")
    assert swept.code == 1
    assert "failed: path=bad.npz (seed 0): " in swept.out
    assert "bad.npz: x_train has 120 values that are NaN" in swept.out
    assert "--set" not in swept.out
    assert "path=good.npz (seed 0)  finished" in swept.out
    plan = json.loads(kerasdemo("sweep", "question.yaml", "--dry-run", "--json").out)
    assert [run["on disk"] for run in plan["runs"]] == ["failed", "finished"]
    file.write_text("base: {data: {name: file, path: bad.npz}}\nseeds: 0-2\n")
    result = kerasdemo("sweep", "question.yaml")
    assert (result.code, result.err.count("bad.npz")) == (2, 1)


BASELINE = """
data: {name: mnist_sample, train: 250, validation: 100, test: 100}
network:
  layers:
    - {type: flatten}
    - {type: dense, units: 16, activation: sigmoid}
    - {type: dense, units: 10, activation: softmax}
loss: mse
optimizer: sgd
training: {batch_size: 50, epochs: 3, early_stopping: null}
"""


def test_a_tuning_leaves_runs_a_picture_and_a_config(
    kerasdemo: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kerasdemo.training.trainer.uses_xla", lambda _: False)
    Path("tiny.yaml").write_text(BASELINE)
    command = ("tune", "tiny.yaml", "--seeds", "3-4", "--max-runs", "4")
    tuned = kerasdemo(*command)
    assert tuned.code == 0, tuned.err
    assert "tiny, seeds 3, 4" in tuned.out
    assert "end: --max-runs 4 reached, after 4 runs" in tuned.out
    (folder,) = Path("results/runs").glob("tiny-*-tune")
    assert (folder / "tune.png").read_bytes().startswith(b"\x89PNG")
    assert len(list(folder.glob("tiny-*/verdict.json"))) == 4
    assert load(folder / "tuned.yaml").name == "tiny_tuned"

    def trains(*_: object) -> None:
        raise AssertionError("a finished run was trained again")

    monkeypatch.setattr("kerasdemo.training.trainer.Trainer.fit", trains)
    assert f"report  kerasdemo report {folder}" in tuned.out
    second = kerasdemo(*command, "--json", "--output", "best.yaml", "--report")
    assert second.code == 0, second.err
    assert "<title>" in (folder / "report.html").read_text()
    found = json.loads(second.out)
    assert found == {**json.loads((folder / "tune.json").read_text())}
    assert found["config"] == "best.yaml"
    assert load("best.yaml").network.layers


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("nowhere.yaml",), "nowhere.yaml: no such file"),
        (
            ("tiny.yaml", "--seeds", "0-2", "--max-runs", "2"),
            "--max-runs: got 2; expected at least",
        ),
        (("tiny.yaml", "--output", "nowhere/best.yaml"), "nowhere/best.yaml: can't be written"),
        (("tiny.yaml", "--results", "tiny.yaml"), "results can't be written here"),
    ],
)
def test_bad_input_of_a_tuning(arguments: tuple[str, ...], problem: str, kerasdemo: Call) -> None:
    Path("tiny.yaml").write_text(BASELINE)
    result = kerasdemo("tune", *arguments)
    assert (result.code, result.out) == (2, "")
    assert problem in result.err
    assert not Path("results").exists()
