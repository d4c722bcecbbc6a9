"""A listing says what the folders hold, whatever the index remembers."""

import json
import math
from pathlib import Path

import pytest

from kerasdemo.config import InputError, parse
from kerasdemo.records import Value, flatten, index, summarize
from kerasdemo.records.folder import RunFolder


def make(
    root: Path,
    name: str,
    *,
    seed: int = 0,
    status: str = "finished",
    loss: float = 0.5,
    kept: bool = False,
) -> Path:
    """Write the folder of a run of two epochs."""
    config = parse(f"name: {name}\nseed: {seed}\ndata: {{name: fizzbuzz}}\n")
    folder = RunFolder(root / f"{name}-{seed:08x}")
    folder.create(config)
    folder.add_epoch(1, {"loss": 1.0, "accuracy": 0.75, "learning_rate": 0.001})
    folder.add_epoch(2, {"loss": loss, "accuracy": 0.5, "learning_rate": 0.001})
    folder.finish(
        {
            "status": status,
            "reason": None,
            "parameters": 42,
            "test": {"loss": 1.5, "accuracy": 0.25},
            "kept_epoch": 1 if kept else None,
            "seconds": 3.0,
            "data": {"source": "fizzbuzz"},
        }
    )
    return folder.path


def test_a_summary_has_what_a_comparison_needs(tmp_path: Path) -> None:
    (one,) = index.list_runs(make(tmp_path, "a", seed=3).parent).runs
    assert (one.id, one.name, one.status, one.seed) == ("a-00000003", "a", "finished", 3)
    assert one.metrics["accuracy"] == Value(0.5, 0.5, 0.75, 1)
    assert one.metrics["loss"] == Value(0.5, 0.5, 0.5, 2)
    assert one.metrics["test_accuracy"].last == 0.25
    assert (one.epochs, one.seconds, one.parameters, one.source) == (2, 3.0, 42, "fizzbuzz")
    assert one.settings["optimizer.learning_rate"] == 0.001
    assert one.settings["training.early_stopping"] is None
    assert one.settings["data.source"] == "fizzbuzz"


def test_the_kept_weights_may_be_an_earlier_epochs(tmp_path: Path) -> None:
    one = summarize(make(tmp_path, "a", kept=True))
    assert one.metrics["accuracy"] == Value(0.75, 0.5, 0.75, 1)


def test_the_index_gives_what_the_files_give(tmp_path: Path) -> None:
    for seed in range(5):
        make(tmp_path, "a", seed=seed, loss=math.nan if seed == 2 else 0.5)
    first = index.list_runs(tmp_path).runs
    assert (tmp_path / index.FILE).exists()
    again = index.list_runs(tmp_path).runs
    assert repr(again) == repr(first)  # NaN is not equal to itself
    assert math.isnan(again[2].metrics["loss"].last)
    assert again[2].metrics["loss"].best == 1.0


def test_the_index_follows_the_files(tmp_path: Path) -> None:
    folder = make(tmp_path, "a")
    make(tmp_path, "b")
    index.list_runs(tmp_path)
    (folder / "verdict.json").write_text(json.dumps({"outcome": "healthy"}))
    assert [one.verdict for one in index.list_runs(tmp_path).runs] == ["healthy", None]
    RunFolder(folder).clear()
    assert [one.status for one in index.list_runs(tmp_path).runs] == ["unfinished", "finished"]
    (folder / "config.yaml").unlink()
    assert [one.name for one in index.list_runs(tmp_path).runs] == ["b"]


@pytest.mark.parametrize("damage", ["", "{}", "[1, 2", '{"version": 0}\n', '{"version": 1}\n[1]\n'])
def test_a_damaged_index_is_made_anew(tmp_path: Path, damage: str) -> None:
    make(tmp_path, "a")
    whole = index.list_runs(tmp_path).runs
    (tmp_path / index.FILE).write_text(damage)
    assert index.list_runs(tmp_path).runs == whole
    assert index.list_runs(tmp_path).runs == whole


def test_what_is_no_run_is_skipped_with_a_word(tmp_path: Path) -> None:
    make(tmp_path, "a")
    make(tmp_path / "sweep", "b")
    (tmp_path / "holiday").mkdir()
    broken = make(tmp_path, "c")
    (broken / "run.json").write_text("{")
    half = tmp_path / "half"
    half.mkdir()
    (half / "config.yaml").write_text("name: [")
    found = index.list_runs(tmp_path)
    assert [one.name for one in found.runs] == ["a", "b"]
    assert {Path(fault.file or "").name for fault in found.skipped} == {
        "holiday",
        broken.name,
        "half",
    }


def test_a_run_folder_lists_itself(tmp_path: Path) -> None:
    folder = make(tmp_path, "a")
    assert [one.id for one in index.list_runs(folder).runs] == [folder.name]


def test_a_row_that_was_cut_off_does_not_count(tmp_path: Path) -> None:
    folder = make(tmp_path, "a")
    with (folder / "metrics.csv").open("a") as handle:
        handle.write("3,0.1")
    assert summarize(folder).epochs == 2


def test_a_folder_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such results folder"):
        index.list_runs(tmp_path / "nowhere")
    with pytest.raises(InputError, match="not a whole run"):
        summarize(tmp_path)


def test_layers_are_flattened_by_number() -> None:
    nested = {"network": {"layers": [{"units": 3}, {"units": 4}]}, "units": [1, 2], "none": []}
    assert flatten(nested) == {
        "network.layers.0.units": 3,
        "network.layers.1.units": 4,
        "units": "[1, 2]",
        "none": "[]",
    }
