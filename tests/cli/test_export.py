"""export: scripts from runs and configs, printed or written, and what is refused."""

import ast
import csv
from pathlib import Path

import pytest

from kerasdemo import read_run
from tests.cli.conftest import Call
from tests.factories import write_run

TEXT = "name: net\nseed: 5\ndata: {name: fizzbuzz}\nnetwork: {depth: 1, units: 16}\n"


@pytest.fixture(autouse=True)
def _inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_run(Path("results/runs/net-0abc"), TEXT)
    Path("net.yaml").write_text(TEXT)


def test_a_run_and_its_config_give_the_same_script(kerasdemo: Call) -> None:
    printed = kerasdemo("export", "net-0", "--python")
    assert printed.code == 0 and not printed.err
    ast.parse(printed.out)
    assert "keras.utils.set_random_seed(5)" in printed.out
    assert kerasdemo("export", "net.yaml", "--python").out == printed.out


def test_a_script_is_written_to_a_file(kerasdemo: Call) -> None:
    done = kerasdemo("export", "net.yaml", "--python", "--output", "own.py", "--set", "seed=6")
    assert done.code == 0 and done.out == "wrote own.py\n"
    assert "set_random_seed(6)" in Path("own.py").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["net-0"], "expected --python"),
        (["net-0", "--python", "--set", "seed=6"], "--set: a run is exported as it was"),
        (["other", "--python"], "other"),
        (["missing.yaml", "--python"], "missing.yaml"),
        (["net.yaml", "--python", "--output", "net.yaml"], "is what is read"),
        (["net.yaml", "--python", "--output", "no/own.py"], "there is no folder no"),
        (["net.yaml", "--python", "--output", "."], "is a folder"),
        (["net-0", "--python", "--output", "results/runs/net-0abc/config.yaml"], "of the run net-"),
        (["net-0", "--tensorboard", "results/runs"], "holds runs; expected a folder of its own"),
    ],
)
def test_what_does_not_fit_is_said_in_a_line(
    arguments: list[str], problem: str, kerasdemo: Call
) -> None:
    done = kerasdemo("export", *arguments)
    assert done.code == 2 and not done.out
    assert problem in done.err and done.err.count("\n") == 1
    assert not Path("own.py").exists() and Path("net.yaml").read_text() == TEXT


def test_runs_are_written_for_tensorboard(
    folder: Path, run_names: list[str], kerasdemo: Call, tmp_path: Path
) -> None:
    logs = tmp_path / "logs"
    done = kerasdemo("export", *run_names, "--tensorboard", str(logs))
    assert done.out == (f"wrote event files to {logs}; `tensorboard --logdir {logs}` shows them\n")
    assert sorted(path.name for path in logs.iterdir()) == run_names
    assert all(list(path.glob("events.out.tfevents.*")) for path in logs.iterdir())


def test_options_of_another_form_are_refused(
    folder: Path, run_names: list[str], kerasdemo: Call, tmp_path: Path
) -> None:
    logs = str(tmp_path / "logs")
    wrong = {
        "export: got no form; expected --python, --csv or --tensorboard DIR": run_names,
        "--python: got 2 runs; expected one, for one script": [*run_names, "--python"],
        "--output: is for --python and --csv": [
            run_names[0],
            "--tensorboard",
            logs,
            "--output",
            "x",
        ],
        "--set: is for --python": [run_names[0], "--tensorboard", logs, "--set", "seed=1"],
        "tiny.yaml: is a file, or lies below one; expected a folder for TensorBoard": [
            *run_names,
            "--tensorboard",
            "tiny.yaml",
        ],
    }
    for message, arguments in wrong.items():
        done = kerasdemo("export", *arguments)
        assert (done.code, done.err) == (2, f"error: {message}\n")
    assert not Path(logs).exists()


def test_curves_of_several_runs_are_one_table(
    folder: Path, run_names: list[str], kerasdemo: Call, tmp_path: Path
) -> None:
    printed = kerasdemo("export", *run_names, "--csv")
    rows = list(csv.DictReader(printed.out.splitlines()))
    assert [(row["run"], row["seed"], row["epoch"]) for row in rows] == [
        (name, str(read_run(name).setup.seed), str(n)) for name in run_names for n in (1, 2, 3)
    ]
    history = read_run(run_names[1]).history
    assert [float(row["val_accuracy"]) for row in rows[3:]] == list(history.val_accuracy)
    file = tmp_path / "curves.csv"
    assert kerasdemo("export", "results/runs", "--csv", "--output", str(file)).code == 0
    assert file.read_text(encoding="utf-8") == printed.out
    assert kerasdemo("export", run_names[0], "--csv", "--python").code == 2
