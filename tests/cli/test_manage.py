"""tag, rm, and runs that are found by the beginning of their names."""

import csv
import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock

import kerasdemo as package
from kerasdemo.records import RunFolder
from tests.cli.conftest import Call
from tests.factories import write_run

SCORES = (0.5, 0.7, 0.6)


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three runs and two of an experiment, in the usual place below the current folder."""
    monkeypatch.chdir(tmp_path)
    root = Path("results/runs")
    for seed, score in enumerate(SCORES):
        text = f"name: net\nseed: {seed}\ndata: {{name: fizzbuzz}}\nnetwork: {{units: {16 + seed}}}"
        run = write_run(root / f"net-{seed}abc", text)
        run.metrics_file.unlink()
        run.add_epoch(1, {"loss": 1.0, "accuracy": score, "val_loss": 1.0, "val_accuracy": score})
    for seed in (0, 1):
        text = f"name: sweep\nseed: {seed}\ndata: {{name: fizzbuzz}}"
        write_run(root / "sweep" / f"sweep-{seed}def", text)
    return root


def test_tags_are_given_shown_and_found_again(runs: Path, kerasdemo: Call) -> None:
    done = kerasdemo("tag", "net-0", "sweep-1", "--add", "base", "--add", "v1.2")
    assert done.out == "net-0abc: base, v1.2\nsweep-1def: base, v1.2\n"
    assert kerasdemo("tag", "net-0", "--remove", "base").out == "net-0abc: v1.2\n"
    assert kerasdemo("tag", "net-0", "net-1").out == "net-0abc: v1.2\nnet-1abc: no tags\n"
    (row,) = json.loads(kerasdemo("list", "--tag", "base", "--json").out)
    assert (row["run"], row["tags"]) == ("sweep-1def", ["base", "v1.2"])
    assert "base, v1.2" in kerasdemo("list").out
    assert "  tags      v1.2\n" in kerasdemo("show", "net-0").out
    assert json.loads(kerasdemo("show", "net-0", "--json").out)["tags"] == ["v1.2"]
    assert package.tag("net-0abc") == {runs / "net-0abc": ("v1.2",)}


@pytest.mark.filterwarnings("default")
def test_a_foreign_tags_file_costs_list_and_show_a_warning(runs: Path, kerasdemo: Call) -> None:
    (runs / "net-0abc" / "tags.json").write_text('{"tags": ["<b>\\u001b[2J"]}')
    for arguments in (["list"], ["show", "net-0"]):
        done = kerasdemo(*arguments)
        assert done.code == 0
        assert done.err.startswith(
            "warning: results/runs/net-0abc: its tags are ignored: tags.json"
        )
        assert "<b>" not in done.out
    assert kerasdemo("tag", "net-0", "--add", "x").code == 2


def test_list_filters_sorts_and_chooses(runs: Path, kerasdemo: Call) -> None:
    def listed(*arguments: str) -> list[str]:
        return [row["run"][:5] for row in json.loads(kerasdemo("list", "--json", *arguments).out)]

    assert listed("--best", "2") == ["net-1", "net-2"]
    assert listed("--best", "1", "--by", "loss", "--filter", "units!=500") == ["net-0"]
    assert listed("--filter", "val_accuracy>0.5", "--filter", "units<=17") == ["net-1"]
    assert listed("--sort", "units", "--reverse")[-3:] == ["net-2", "net-1", "net-0"]
    assert listed("--best", "3", "--sort", "val_accuracy") == ["net-0", "net-2", "net-1"]
    assert kerasdemo("list", "--filter", "val_accuracy>0.9").out.startswith(
        "no run in results/runs"
    )
    kerasdemo("tag", "net-1", "--add", "v2", "--add", "base")
    (row,) = csv.DictReader(kerasdemo("list", "--best", "1", "--format", "csv").out.splitlines())
    assert (row["run"], row["val_accuracy"], row["tags"]) == ("net-1abc", "0.7", "base v2")
    runs_by_score = package.list_runs(filters="val_accuracy>=0.6", best=5)
    assert [run.metrics["val_accuracy"].kept for run in runs_by_score] == [0.7, 0.6]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["list", "--filter", "val_acuracy>1"], "did you mean 'val_accuracy'?"),
        (["list", "--filter", "val_accuracy>high"], "expected a number behind >"),
        (["list", "--sort", "sede"], "did you mean 'seed'?"),
        (["list", "--best", "0"], "Invalid value for '--best'"),
        (["list", "--best", "1", "--by", "test_loss"], "the test set never chooses"),
        (["list", "--format", "cvs"], "did you mean 'csv'?"),
        (["list", "--tag", "none"], "no run here has the tag 'none'"),
        (["tag", "net-0", "--add", "../x"], "add: '../x' is no tag; expected letters"),
        (["tag", "net-0", "--remove", "x"], "remove: 'x' is no tag of these runs"),
        (["tag", "net-0", "nowhere", "--add", "x"], "nowhere: no such run folder"),
        (["tag", "net", "--add", "x"], "the beginning of several runs: net-0abc, net-1abc"),
        (["rm"], "got no run; expected `kerasdemo rm RUN`"),
        (["rm", "nowhere"], "no such run folder"),
        (["rm", "sweep", "--yes"], "the beginning of several runs: sweep/sweep-0def, sweep/"),
        (["rm", "results/runs/sweep", "--yes"], "not a run folder"),
        (["rm", "net-0", "net-"], "the beginning of several runs"),
        (["rm", "net-0", "--empty"], "--empty: got names as well"),
        (["rm", "--restore", "--empty"], "--empty: got --restore as well"),
        (["rm", "--restore", "net-0"], "no such run in the trash"),
        (["show", "sweep-"], "the beginning of several runs: sweep/sweep-0def"),
        (["diff", "net-0", "net"], "the beginning of several runs"),
        (["report", "net"], "the beginning of several runs"),
        (["compare", "net"], "the beginning of several runs"),
        (["compare", "nowhere"], "error: nowhere: no such results folder"),
        (["rm", "--restore", ""], "--restore: got no name"),
        (["list", "--filter", "val_accuracy=>1"], "expected >= in place of =>"),
        (["show", "net-0", "--results", "none"], "no such run folder, nor a results folder none"),
        (["show", "x" * 300], "File name too long; expected another name"),
        (["diagnose", "net-0", "swee"], "the beginning of several runs"),
    ],
)
def test_bad_input_ends_with_2_and_changes_nothing(
    runs: Path, arguments: list[str], expected: str, kerasdemo: Call
) -> None:
    def content() -> dict[Path, bytes]:
        files = (file for file in runs.rglob("*") if file.is_file())
        return {file: file.read_bytes() for file in files if file.name != ".index.jsonl"}

    before = content()
    done = kerasdemo(*arguments)
    assert done.code == 2
    assert expected in " ".join(done.err.split())
    assert content() == before


@pytest.mark.parametrize(
    "arguments",
    [
        ["show", "net-0"],
        ["diagnose", "net-0", "sweep-1"],
        ["diff", "net-0", "sweep/sweep-1"],
        ["report", "net-0"],
        ["compare", "net-0", "net-1"],
        ["compare", "sweep"],
        ["report", "sweep"],
    ],
    ids=" ".join,
)
def test_every_verb_takes_the_beginning_of_a_name(
    runs: Path, arguments: list[str], kerasdemo: Call
) -> None:
    done = kerasdemo(*arguments)
    assert done.code == 0, done.err
    runs.rename("elsewhere")
    assert kerasdemo(*arguments, "--results", "elsewhere").code == 0


def test_rm_moves_restores_and_deletes(runs: Path, kerasdemo: Call) -> None:
    (runs / "net-0abc" / "model.keras").write_bytes(b"x" * 2_000_000)
    done = kerasdemo("rm", "net-0", "sweep-1", "results/runs/net-0abc", "--yes")
    assert done.code == 0
    assert "net-0abc finished 2 MB" in " ".join(done.out.split())
    assert "moved 2 runs to results/runs/.trash" in done.out
    assert "back: kerasdemo rm --restore net-0abc sweep/sweep-1def" in done.out
    left = ["net-1abc", "net-2abc", "sweep-0def"]
    assert [row["run"] for row in json.loads(kerasdemo("list", "--json").out)] == left
    assert kerasdemo("show", "net-0").code == 2
    assert "net-0abc" in kerasdemo("rm", "--restore").out
    restored = kerasdemo("rm", "--restore", "net-0", "sweep-1").out
    assert restored.splitlines() == [
        "restored  results/runs/net-0abc",
        "restored  results/runs/sweep/sweep-1def",
    ]
    assert kerasdemo("rm", "net-1", "--yes").code == 0
    assert kerasdemo("list", "results/runs/.trash").out.count("net-1abc") == 1
    assert kerasdemo("rm", "--empty", "-y").out.endswith("deleted 1 run\n")
    assert kerasdemo("rm", "--empty", "-y").out == "no runs in results/runs/.trash\n"
    assert kerasdemo("rm", "--restore").out == "no runs in results/runs/.trash\n"


def test_python_does_the_same_without_asking(runs: Path) -> None:
    run = package.read_run("net-0abc")
    assert package.remove([run, "net-1"]) == [runs / ".trash" / f"net-{n}abc" for n in (0, 1)]
    assert package.restore(["net-0", "net-1"]) == [runs / "net-0abc", runs / "net-1abc"]
    assert package.read_run("net-0").facts == run.facts


def test_where_nobody_can_be_asked_nothing_is_changed(runs: Path, kerasdemo: Call) -> None:
    done = kerasdemo("rm", "net-0")
    assert done.code == 2
    assert "nobody can be asked here, and nothing was changed; --yes does it" in done.err
    kerasdemo("rm", "net-0", "--yes")
    assert kerasdemo("rm", "--empty").code == 2
    assert (runs / ".trash" / "net-0abc").exists()


@pytest.mark.parametrize(("answer", "code"), [(b"y\n", 0), (b"n\n", 1), (b"\n", 1), (b"\x04", 1)])
def test_at_a_terminal_it_asks(runs: Path, answer: bytes, code: int) -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "kerasdemo", "rm", "net-0"]
    os.write(ours, answer)
    done = subprocess.run(command, stdin=theirs, capture_output=True, text=True, timeout=60)
    os.close(ours), os.close(theirs)
    assert done.returncode == code, done.stderr
    assert "Move 1 run to results/runs/.trash? [y/N]" in done.stdout + done.stderr
    assert (runs / "net-0abc").exists() == bool(code)


def test_a_run_that_trains_is_not_removed_nor_are_the_others(runs: Path, kerasdemo: Call) -> None:
    with FileLock(RunFolder(runs / "net-1abc").lock_file):
        done = kerasdemo("rm", "net-0", "net-1", "--yes")
    assert done.code == 2
    assert "net-1abc: is being trained right now; end that first" in done.err
    assert not (runs / ".trash").exists()


def test_where_the_disk_is_full_those_before_are_named(
    runs: Path, kerasdemo: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def full(self: Path, target: Path) -> Path:
        if self.name == "net-1abc":
            raise OSError(28, "No space left on device", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", full)
    done = kerasdemo("rm", "net-0", "net-1", "net-2", "--yes")
    assert done.code == 1
    assert "net-1abc: No space left on device; fix it and run the same command" in done.err
    assert "moved 1 run to results/runs/.trash" in done.out
    assert (runs / "net-1abc").exists() and (runs / "net-2abc").exists()
