"""A list says what the folders hold, whatever the cache remembers."""

import json
import math
from pathlib import Path

import pytest

from kerasdemo.config import InputError
from kerasdemo.records import RunFolder, list_runs
from kerasdemo.records.index import FILE, reading_only
from tests.factories import write_run


def make(root: Path, name: str, seed: int = 0, loss: float = 0.5) -> RunFolder:
    text = f"name: {name}\nseed: {seed}\ndata: {{name: fizzbuzz}}"
    return write_run(root / f"{name}-{seed}", text, loss=(1.0, loss))


def test_the_cache_gives_what_the_files_give(tmp_path: Path) -> None:
    for seed in range(5):
        make(tmp_path, "a", seed, loss=math.nan if seed == 2 else 0.5)
    first = list_runs(tmp_path).runs
    written = (tmp_path / FILE).stat().st_mtime_ns
    again = list_runs(tmp_path).runs
    assert repr(again) == repr(first)  # NaN is not equal to itself
    assert (tmp_path / FILE).stat().st_mtime_ns == written
    assert math.isnan(again[2].metrics["loss"].last)
    assert again[2].metrics["loss"].best == 1.0


def test_the_cache_follows_the_files(tmp_path: Path) -> None:
    run = make(tmp_path, "a")
    make(tmp_path, "b")
    list_runs(tmp_path)
    run.verdict_file.write_text(json.dumps({"outcome": "healthy"}))
    assert [one.verdict for one in list_runs(tmp_path).runs] == ["healthy", None]
    run.clear()
    assert [one.status for one in list_runs(tmp_path).runs] == ["unfinished", "finished"]
    run.config_file.unlink()
    assert [one.name for one in list_runs(tmp_path).runs] == ["b"]


@pytest.mark.parametrize(
    "damage",
    ["", "{}", "[1, 2", '{"version": 0}\n', '{"version": 3}\n[1]\n', '{"version": 4}\n[1]\n'],
)
def test_a_damaged_cache_is_written_anew(tmp_path: Path, damage: str) -> None:
    make(tmp_path, "a")
    whole = list_runs(tmp_path).runs
    (tmp_path / FILE).write_text(damage)
    assert list_runs(tmp_path).runs == whole
    assert list_runs(tmp_path).runs == whole


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("status", 5),
        ("epochs", "x"),
        ("seconds", "x"),
        ("parameters", 2**63),
        ("settings", {"=HYPERLINK(1)": 1}),
        ("settings", {"seed": []}),
        ("metrics", {"loss": [1.0, 1.0, "x", 1]}),
        ("examples", {"train": "x"}),
    ],
)
def test_a_line_with_a_wrong_value_does_not_count(tmp_path: Path, key: str, value: object) -> None:
    make(tmp_path, "a")
    whole = list_runs(tmp_path).runs
    header, text = (tmp_path / FILE).read_text().splitlines()
    line = json.loads(text)
    line["summary"][key] = value
    (tmp_path / FILE).write_text(f"{header}\n{json.dumps(line)}\n")
    assert list_runs(tmp_path).runs == whole


def test_what_is_not_a_run_is_skipped_with_a_message(tmp_path: Path) -> None:
    make(tmp_path, "a")
    make(tmp_path / "sweep", "b")
    (tmp_path / "holiday").mkdir()
    broken = make(tmp_path, "c")
    broken.run_file.write_text("{")
    half = tmp_path / "half"
    half.mkdir()
    (half / "config.yaml").write_text("name: [")
    found = list_runs(tmp_path)
    assert [one.name for one in found.runs] == ["a", "b"]
    skipped = {Path(fault.file or "").name for fault in found.skipped}
    assert skipped == {"holiday", broken.path.name, "half"}


def test_a_folder_that_may_not_be_entered_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, "a")
    make(tmp_path, "b")
    is_file = Path.is_file

    def refuse(path: Path) -> bool:
        if path.parent.name == "a-0":
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", refuse)
    found = list_runs(tmp_path)
    assert [one.name for one in found.runs] == ["b"]
    assert [Path(fault.file or "").name for fault in found.skipped] == ["a-0"]


def test_a_run_folder_lists_itself(tmp_path: Path) -> None:
    run = make(tmp_path, "a")
    assert [one.id for one in list_runs(run.path).runs] == [run.path.name]


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such results folder"):
        list_runs(tmp_path / "nowhere")


def test_reading_only_leaves_the_folder_as_it_is(tmp_path: Path) -> None:
    make(tmp_path, "a")
    with reading_only():
        assert [one.name for one in list_runs(tmp_path).runs] == ["a"]
    assert not (tmp_path / FILE).exists()
    list_runs(tmp_path)
    written = (tmp_path / FILE).read_bytes()
    make(tmp_path, "b")
    with reading_only():
        assert [one.name for one in list_runs(tmp_path).runs] == ["a", "b"]
    assert (tmp_path / FILE).read_bytes() == written
