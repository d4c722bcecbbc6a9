"""run, list, show."""

import errno
import json
import re
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerasdemo.config import load
from kerasdemo.display import run_progress
from kerasdemo.records import RunFolder
from kerasdemo.training import runner
from tests.cli.conftest import Call


def test_run_leaves_pictures_and_a_verdict(folder: Path, run_names: list[str]) -> None:
    assert len(run_names) == 2
    for name in run_names:
        run = folder / "results" / "runs" / name
        for picture in ("curves.png", "layers.png"):
            assert (run / picture).read_bytes().startswith(b"\x89PNG")
        assert json.loads((run / "verdict.json").read_text())["outcome"]


def test_a_finished_run_is_reused(folder: Path, kerasdemo: Call) -> None:
    (facts,) = json.loads(kerasdemo("run", "tiny.yaml", "--json").out)
    assert facts["status"] == "finished"
    assert facts["verdict"]["outcome"]


@pytest.mark.parametrize("option", ["--overwrite", "--again"])
def test_overwrite_trains_a_finished_run_again(
    option: str, folder: Path, run_names: list[str], kerasdemo: Call
) -> None:
    file = folder / "results" / "runs" / run_names[0] / "run.json"
    before = file.stat().st_mtime_ns
    assert kerasdemo("run", "tiny.yaml", "--seeds", "0-1", "--quiet").code == 0
    assert file.stat().st_mtime_ns == before
    assert kerasdemo("run", "tiny.yaml", "--seeds", "0-1", "--quiet", option).code == 0
    assert file.stat().st_mtime_ns > before


def test_facts_do_not_change_by_looking(
    folder: Path, run_names: list[str], kerasdemo: Call
) -> None:
    run = folder / "results" / "runs" / run_names[0]
    before = {
        file.name: file.read_bytes()
        for file in run.iterdir()
        if file.suffix in (".csv", ".yaml", ".json")
    }
    kerasdemo("show", run.name)
    kerasdemo("run", "tiny.yaml", "--quiet")
    assert before == {name: (run / name).read_bytes() for name in before}


def test_one_bad_config_keeps_all_from_training(empty: Path, kerasdemo: Call) -> None:
    Path("bad.yaml").write_text("seed: no\n")
    assert kerasdemo("run", "tiny.yaml", "bad.yaml").code == 2
    assert not Path("results").exists()


def test_several_seeds_end_with_their_mean(folder: Path, kerasdemo: Call) -> None:
    *_, title, numbers = kerasdemo("run", "tiny.yaml", "--seeds", "0-1").out.splitlines()
    assert title == "tiny: 2 seeds, with 95 % intervals"
    rows = json.loads(kerasdemo("list", "--json").out)
    mean = sum(row["test_accuracy"] for row in rows) / 2
    assert f"test {100 * mean:.4g} [" in numbers
    assert "mean accuracy" not in kerasdemo("run", "tiny.yaml").out


def test_strict_exits_with_3_where_a_verdict_is_not_healthy(folder: Path, kerasdemo: Call) -> None:
    (facts,) = json.loads(kerasdemo("run", "tiny.yaml", "--json").out)
    assert facts["verdict"]["outcome"] != "healthy"
    assert kerasdemo("run", "tiny.yaml", "--quiet", "--strict").code == 3


def test_a_warning_is_printed_once(empty: Path, kerasdemo: Call) -> None:
    x, y = np.zeros((40, 3), np.float32), np.repeat([0, 1], 20)
    np.savez("mine.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    data = "data: {name: file, path: mine.npz, shuffle: false}\n"
    Path("mine.yaml").write_text(f"{data}training: {{epochs: 1}}\n")
    done = kerasdemo("run", "mine.yaml", "--seeds", "0-1")
    assert done.code == 0, done.err
    assert (done.out + done.err).count("no validation example of 1 of 2 classes") == 1


def test_an_interrupted_run_says_how_to_continue(
    empty: Path, monkeypatch: pytest.MonkeyPatch, kerasdemo: Call
) -> None:
    class Interrupting:
        def begin(self, *_: object) -> None: ...

        def epoch(self, epoch: int, *_: object) -> None:
            if epoch == 2:
                signal.raise_signal(signal.SIGINT)

        def end(self) -> None: ...

    monkeypatch.setattr(run_progress, "make_reporter", lambda _: Interrupting())
    done = kerasdemo("run", "tiny.yaml")
    assert done.code == 130
    assert "interrupted: the same command continues from the last checkpoint" in done.err
    assert runner.run(load("tiny.yaml"), "results/runs").status == "finished"


def test_a_full_disk_says_where_and_how_to_continue(
    empty: Path, monkeypatch: pytest.MonkeyPatch, kerasdemo: Call
) -> None:
    def full(self: RunFolder, *_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "add_epoch", full)
        done = kerasdemo("run", "tiny.yaml")
    assert done.code == 1
    problem = r"error: results/runs/tiny-\w+: No space left on device; fix it and run"
    assert re.search(problem, done.err)
    assert runner.run(load("tiny.yaml"), "results/runs").status == "finished"


def test_list_sorts_filters_and_shows_the_differences(folder: Path, kerasdemo: Call) -> None:
    def rows(*arguments: str) -> list[dict[str, Any]]:
        listed: list[dict[str, Any]] = json.loads(kerasdemo("list", "--json", *arguments).out)
        return listed

    assert "tiny-" in kerasdemo("list").out
    assert all(row["verdict"] and row["date"] for row in rows())
    assert [row["seed"] for row in rows("--sort", "seed")] == [0, 1]
    assert [row["seed"] for row in rows("--sort", "seed", "--reverse")] == [1, 0]
    assert [row["seed"] for row in rows("--filter", "seed=1")] == [1]
    assert len(rows("--filter", "network.activation=relu")) == 2
    assert rows("--filter", "network.units=17") == []
    bad = kerasdemo("list", "--sort", "sede")
    assert bad.code == 2
    assert "did you mean 'seed'?" in bad.err


@pytest.mark.filterwarnings("default")
def test_a_damaged_run_costs_list_a_warning(empty: Path, kerasdemo: Call) -> None:
    Path("results/runs/odd").mkdir(parents=True)
    Path("results/runs/odd/config.yaml").write_text("no config")
    done = kerasdemo("list")
    assert done.code == 0
    assert done.err.startswith("warning: results/runs/odd")
    assert done.out.startswith("no runs in results/runs")


def test_show_prints_the_config_and_the_names_of_classes(empty: Path, kerasdemo: Call) -> None:
    x, labels = np.zeros((40, 3), np.float32), np.array(["cat", "ape"] * 20)
    np.savez("text.npz", x_train=x, y_train=labels, x_test=x, y_test=labels)
    Path("text.yaml").write_text(
        "data: {name: file, path: text.npz}\ntraining: {epochs: 1}\noptimizer: sgd\n"
    )
    assert kerasdemo("run", "text.yaml", "--quiet").code == 0
    shown = kerasdemo("show", "text-").out
    assert "classes ape, cat" in shown
    assert "optimizer.learning_rate: 0.01" in shown
    assert json.loads(kerasdemo("show", "text-", "--json").out)["config"]["seed"] == 0
