"""`kerasdemo sweep`, `compare` and `diff`, with a worker that trains nothing."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from kerasdemo import cli
from kerasdemo.config import InputError
from kerasdemo.sweeps.worker_pool import WorkerProcess

FAKE = (sys.executable, str(Path(__file__).with_name("fake_worker.py")))
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


def kerasdemo(*arguments: str) -> Result:
    return CliRunner().invoke(cli.app, arguments)


def test_a_dry_run_shows_every_run_and_writes_nothing() -> None:
    shown = kerasdemo("sweep", "question.yaml", "--dry-run")
    assert shown.exit_code == 0
    assert shown.stdout.count("optimizer=") == 6
    assert "6 runs, 6 to train, roughly" in shown.stdout
    assert not Path("results").exists()
    plan = json.loads(kerasdemo("sweep", "question.yaml", "--dry-run", "--json").stdout)
    assert [run["seed"] for run in plan["runs"]] == [1, 2, 3, 1, 2, 3]


def test_a_sweep_is_reported_line_by_line_and_compared() -> None:
    swept = kerasdemo("sweep", "question.yaml", "--set", "training.epochs=2")
    assert swept.exit_code == 0, swept.output
    assert "    6  optimizer=adam (seed 3)  finished" in swept.stdout
    assert "6 of 6 done" in swept.stdout
    assert "NOT HELD: sgd beats adam (reference: 80.44): accuracy +0 [+0, +0]" in swept.stdout
    second = kerasdemo("sweep", "question.yaml", "--set", "training.epochs=2", "--json")
    assert all(run["reused"] for run in json.loads(second.stdout)["runs"])
    assert json.loads(second.stdout)["claims"][0]["status"] == "not held"

    compared = kerasdemo("compare", "results/runs", "--metric", "accuracy", "--plot", "plot.png")
    assert compared.stdout.splitlines()[0].split()[:2] == ["rank", "optimizer"]
    assert Path("plot.png").read_bytes().startswith(b"\x89PNG")
    rows = kerasdemo("compare", "results/runs/question", "--metric", "accuracy", "--format", "csv")
    assert len(rows.stdout.splitlines()) == 3

    first, second = sorted(Path("results/runs/question").glob("*/"))[1:5:3]
    assert "optimizer.name: adam / sgd" in kerasdemo("diff", str(first), str(second)).stdout
    found = json.loads(kerasdemo("diff", str(first), str(second), "--json").stdout)
    assert found["settings"]["optimizer.name"] == ["adam", "sgd"]


def test_a_failed_run_is_reported_with_exit_code_1() -> None:
    file = Path("question.yaml")
    file.write_text(
        "base: {data: {name: fizzbuzz}}\nvariants:\n"
        "  bad: {description: raises}\n  good: {network.depth: 1}\n"
    )
    swept = kerasdemo("sweep", "question.yaml")
    assert swept.exit_code == 1
    assert "failed: bad (seed 0): ValueError: bad" in swept.stdout
    assert "1 of 1 failed" in swept.stdout


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
def test_bad_input(arguments: tuple[str, ...], problem: str) -> None:
    result = kerasdemo(*arguments)
    assert isinstance(result.exception, InputError)
    assert problem in str(result.exception)
    assert not Path("results").exists()


def test_seeds_replace_those_of_the_experiment() -> None:
    plan = kerasdemo("sweep", "question.yaml", "--dry-run", "--json", "--seeds", "7,9")
    assert [run["seed"] for run in json.loads(plan.stdout)["runs"]] == [7, 9, 7, 9]


def test_a_bad_data_file_fails_its_runs_and_not_the_sweep() -> None:
    x, y = np.zeros((40, 3), np.float32), np.arange(40) % 4
    np.savez("good.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    np.savez("bad.npz", x_train=x * np.nan, y_train=y, x_test=x, y_test=y)
    file = Path("question.yaml")
    file.write_text(
        "base: {data: {name: file, path: good.npz}}\ngrid: {data.path: [bad.npz, good.npz]}\n"
    )
    swept = kerasdemo("sweep", "question.yaml")
    assert swept.exit_code == 1
    assert "failed: path=bad.npz (seed 0): " in swept.stdout
    assert "bad.npz: x_train has 120 values that are NaN" in swept.stdout
    assert "--set" not in swept.stdout
    assert "path=good.npz (seed 0)  finished" in swept.stdout
    plan = json.loads(kerasdemo("sweep", "question.yaml", "--dry-run", "--json").stdout)
    assert [run["on disk"] for run in plan["runs"]] == ["failed", "finished"]
    file.write_text("base: {data: {name: file, path: bad.npz}}\nseeds: 0-2\n")
    result = kerasdemo("sweep", "question.yaml")
    assert isinstance(result.exception, InputError)
    assert len(result.exception.faults) == 1
