"""The command line as a person uses it: in a process of its own."""

import errno
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from kerasdemo import cli
from kerasdemo.config import load
from kerasdemo.records import RunFolder
from kerasdemo.training import runner

TINY = """\
description: small enough to train in a test
data: {name: mnist_sample, train: 250, validation: 100, test: 100}
network: {depth: 1, units: 16}
training: {batch_size: 50, epochs: 3}
"""


def kerasdemo(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kerasdemo", *arguments], capture_output=True, text=True, cwd=folder
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one config was run, for two seeds."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "tiny.yaml").write_text(TINY)
    done = kerasdemo("run", "tiny.yaml", "--seeds", "0-1", folder=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("accuracy train ") == 2
    assert "curves   results/runs/tiny-" in done.stdout
    return folder


def runs(folder: Path) -> list[Path]:
    return sorted((folder / "results" / "runs").glob("tiny-*"))


def test_run_leaves_pictures_and_a_verdict(folder: Path) -> None:
    assert len(runs(folder)) == 2
    for run in runs(folder):
        for name in ("curves.png", "layers.png"):
            assert (run / name).read_bytes().startswith(b"\x89PNG")
        assert json.loads((run / "verdict.json").read_text())["outcome"]


def test_run_is_answered_from_disk(folder: Path) -> None:
    done = kerasdemo("run", "tiny.yaml", "--json", folder=folder)
    facts = json.loads(done.stdout)
    assert len(facts) == 1
    assert facts[0]["status"] == "finished"
    assert facts[0]["verdict"]["outcome"]


def test_list_show_and_diagnose(folder: Path) -> None:
    rows = json.loads(kerasdemo("list", "--json", folder=folder).stdout)
    assert [row["run"] for row in rows] == [run.name for run in runs(folder)]
    assert "tiny-" in kerasdemo("list", folder=folder).stdout
    name = rows[0]["run"]
    shown = kerasdemo("show", name, folder=folder).stdout
    assert "optimizer.learning_rate: 0.001" in shown
    # By the start of its name, by its path, and several at once.
    begin = json.loads(kerasdemo("diagnose", name[:-2], "--json", folder=folder).stdout)
    path = json.loads(kerasdemo("diagnose", f"results/runs/{name}", "--json", folder=folder).stdout)
    assert begin == path
    assert "outcome" in begin[0]
    assert "causes" in begin[0]
    assert (
        kerasdemo("diagnose", *(r["run"] for r in rows), folder=folder).stdout.count("tiny-") == 2
    )


def test_facts_do_not_change_by_looking(folder: Path) -> None:
    run = runs(folder)[0]
    before = {
        f.name: f.read_bytes() for f in run.iterdir() if f.suffix in (".csv", ".yaml", ".json")
    }
    kerasdemo("show", run.name, folder=folder)
    kerasdemo("run", "tiny.yaml", "--quiet", folder=folder)
    assert before == {name: (run / name).read_bytes() for name in before}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run", "nowhere.yaml"], "error: nowhere.yaml: no such file"),
        (["run", "tiny.yaml", "--set", "optimizr=sgd"], "did you mean 'optimizer'?"),
        (["run", "tiny.yaml", "--seeds", "4-1"], "error: --seeds: got '4-1'; expected seeds"),
        (["check", "bad.yaml"], "error: bad.yaml:2: network.dept: unknown key 'dept'"),
        (["diagnose", "tiny-00000000"], "no such run folder"),
        (["show", "."], "no run folder: it has no config.yaml"),
        (["list", "nowhere"], "error: nowhere: no such results folder"),
        (["run"], "Missing argument"),
        (["fly"], "No such command 'fly'"),
    ],
)
def test_bad_input_ends_in_one_line_and_code_2(
    arguments: list[str], expected: str, tmp_path: Path
) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY)
    (tmp_path / "bad.yaml").write_text("seed: 1\nnetwork: {dept: 3}\n")
    before = sorted(tmp_path.rglob("*"))
    done = kerasdemo(*arguments, folder=tmp_path)
    assert done.returncode == 2
    assert expected in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr
    assert sorted(tmp_path.rglob("*")) == before


def test_one_bad_config_keeps_all_from_training(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY)
    (tmp_path / "bad.yaml").write_text("seed: no\n")
    done = kerasdemo("run", "tiny.yaml", "bad.yaml", folder=tmp_path)
    assert done.returncode == 2
    assert not (tmp_path / "results").exists()


def test_check_tells_tips_with_their_line(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("data: {name: mnist}\nloss: mse\n")
    done = kerasdemo("check", "a.yaml", folder=tmp_path)
    assert done.returncode == 0
    assert "a.yaml:2: loss" in done.stdout


def test_what_does_not_train_does_not_import_tensorflow(folder: Path) -> None:
    name = runs(folder)[0].name
    for arguments in (["--help"], ["check", "tiny.yaml"], ["list"], ["diagnose", name], ["schema"]):
        script = (
            "import sys; from kerasdemo.cli import main; sys.argv[1:] = "
            f"{arguments!r}\ntry: main()\nexcept SystemExit: pass\n"
            "assert not {'tensorflow', 'keras'} & set(sys.modules), arguments"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, cwd=folder)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "verb", [command.name or command.callback.__name__ for command in cli.app.registered_commands]
)
def test_every_verb_has_help_with_an_example(verb: str) -> None:
    verb = verb.removesuffix("_runs")
    text = CliRunner().invoke(cli.app, [verb, "--help"]).output
    assert f"Example: kerasdemo {verb}" in " ".join(text.split())


def test_the_python_way(tmp_path: Path, repository: Path) -> None:
    from kerasdemo import diagnose, load_config, run

    (tmp_path / "tiny.yaml").write_text(TINY)
    config = load_config(tmp_path / "tiny.yaml", ["training.epochs=2"])
    result = run(config, tmp_path / "runs")
    assert result.history.epochs == 2
    assert diagnose(result).summary


def test_check_reads_the_data_and_show_names_its_classes(tmp_path: Path) -> None:
    x, labels = np.zeros((40, 3), np.float32), np.array(["cat", "ape"] * 20)
    np.savez(tmp_path / "text.npz", x_train=x, y_train=labels, x_test=x, y_test=labels)
    np.savez(tmp_path / "nan.npz", x_train=x * np.nan, y_train=labels, x_test=x, y_test=labels)
    for name in ("text", "nan"):
        data = f"data: {{name: file, path: {name}.npz}}\n"
        (tmp_path / f"{name}.yaml").write_text(f"{data}training: {{epochs: 1}}\n")
    done = kerasdemo("check", "nan.yaml", "text.yaml", folder=tmp_path)
    assert done.returncode == 2
    assert "2 classes: ape, cat" in done.stdout
    assert "nan.yaml:1: data.path: " in done.stderr
    assert "120 values that are NaN" in done.stderr
    assert kerasdemo("run", "text.yaml", "--quiet", folder=tmp_path).returncode == 0
    (name,) = (path.name for path in (tmp_path / "results" / "runs").glob("text-*"))
    assert "classes ape, cat" in kerasdemo("show", name, folder=tmp_path).stdout


def test_version() -> None:
    shown = CliRunner().invoke(cli.app, ["--version"])
    assert shown.exit_code == 0
    assert shown.output.startswith("kerasdemo 0.")
    assert "Keras 3." in shown.output


def test_several_seeds_end_with_their_mean(folder: Path) -> None:
    done = kerasdemo("run", "tiny.yaml", "--seeds", "0-1", folder=folder)
    *_, title, numbers = done.stdout.splitlines()
    assert title == "tiny: 2 seeds, with 95 % intervals"
    rows = json.loads(kerasdemo("list", "--json", folder=folder).stdout)
    mean = sum(row["test_accuracy"] for row in rows) / 2
    assert f"test {100 * mean:.4g} [" in numbers
    assert "mean accuracy" not in kerasdemo("run", "tiny.yaml", folder=folder).stdout


def test_strict_exits_with_3_where_a_verdict_is_not_healthy(folder: Path) -> None:
    facts = json.loads(kerasdemo("run", "tiny.yaml", "--json", folder=folder).stdout)
    assert facts[0]["verdict"]["outcome"] != "healthy"
    assert kerasdemo("run", "tiny.yaml", "--quiet", "--strict", folder=folder).returncode == 3


def test_a_warning_is_said_once(tmp_path: Path) -> None:
    x, y = np.zeros((40, 3), np.float32), np.repeat([0, 1], 20)
    np.savez(tmp_path / "own.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    data = "data: {name: file, path: own.npz, shuffle: false}\n"
    (tmp_path / "own.yaml").write_text(f"{data}training: {{epochs: 1}}\n")
    done = kerasdemo("run", "own.yaml", "--seeds", "0-1", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert (done.stdout + done.stderr).count("no validation example of 1 of 2 classes") == 1


def test_an_interrupted_run_says_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiny.yaml").write_text(TINY)
    monkeypatch.chdir(tmp_path)

    class Interrupting:
        def begin(self, *_: object) -> None: ...

        def epoch(self, epoch: int, *_: object) -> None:
            if epoch == 2:
                signal.raise_signal(signal.SIGINT)

        def end(self) -> None: ...

    monkeypatch.setattr(cli, "_reporter", lambda _: Interrupting())
    done = CliRunner().invoke(cli.app, ["run", "tiny.yaml"])
    assert done.exit_code == 130
    assert "interrupted: the same command goes on with epoch 3" in done.output
    assert runner.run(load("tiny.yaml"), "results/runs").status == "finished"


def test_list_sorts_filters_and_says_what_differs(folder: Path) -> None:
    def rows(*arguments: str) -> list[dict[str, object]]:
        shown: list[dict[str, object]] = json.loads(
            kerasdemo("list", "--json", *arguments, folder=folder).stdout
        )
        return shown

    assert [row["seed"] for row in rows("--sort", "seed")] == [0, 1]
    assert [row["seed"] for row in rows("--sort", "seed", "--reverse")] == [1, 0]
    assert [row["seed"] for row in rows("--filter", "seed=1")] == [1]
    assert len(rows("--filter", "network.activation=relu")) == 2
    assert rows("--filter", "network.units=17") == []
    assert all(row["date"] for row in rows())
    bad = kerasdemo("list", "--sort", "sede", folder=folder)
    assert bad.returncode == 2
    assert "did you mean 'seed'?" in bad.stderr


def test_what_sets_a_run_apart_stands_first() -> None:
    settings = [{"training.epochs": 20, "optimizer.name": name} for name in ("sgd", "sgd", "adam")]
    settings[1]["training.epochs"] = 5
    assert cli._apart(settings) == [
        "epochs=20, optimizer=sgd",
        "epochs=5, optimizer=sgd",
        "optimizer=adam, epochs=20",
    ]


def test_a_full_disk_says_where_and_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(self: RunFolder, *_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(TINY)
    monkeypatch.setattr(RunFolder, "add_epoch", full)
    monkeypatch.setattr("sys.argv", ["kerasdemo", "run", "tiny.yaml"])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert re.search(
        r"error: results/runs/tiny-\w+: No space left on device; mend it and give", told
    )
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert runner.run(load("tiny.yaml"), "results/runs").status == "finished"
