"""A run is found by its folder, its name or the beginning of its name."""

from pathlib import Path

import pytest

from kerasdemo.config import InputError
from kerasdemo.records.names import find_folder, find_run
from tests.factories import write_run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "runs"
    for name in (
        "deep-1a",
        "deep-1b",
        "deeper-2c",
        "depth/depth-3d",
        "depth/depth-4e",
        "a/x",
        "b/x",
    ):
        write_run(root / name)
    write_run(root / ".trash" / "wide-5f")
    write_run(root / ".trash" / "depth" / "gone-6a")
    return root


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("deep-1a", "deep-1a"),
        ("deep-1b", "deep-1b"),
        ("deeper", "deeper-2c"),
        ("depth-3", "depth/depth-3d"),
        ("depth/depth-4", "depth/depth-4e"),
        ("a/x", "a/x"),
        (".trash/wide", ".trash/wide-5f"),
    ],
)
def test_a_beginning_that_only_one_run_has_is_enough(root: Path, named: str, expected: str) -> None:
    assert find_run(named, root) == root / expected
    path = (root / expected).parent / Path(named).name
    assert find_run(path, "elsewhere") == root / expected


@pytest.mark.parametrize(
    ("named", "message"),
    [
        ("deep", "the beginning of several runs: deep-1a, deep-1b, deeper-2c"),
        ("depth", "the beginning of several runs: depth/depth-3d, depth/depth-4e"),
        ("x", "the name of several runs: a/x, b/x"),
    ],
)
def test_of_several_runs_all_are_named(root: Path, named: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_run(named, root)


def test_of_very_many_runs_a_few_are_named(tmp_path: Path) -> None:
    for number in range(8):
        write_run(tmp_path / f"many-{number}")
    with pytest.raises(InputError, match="many-4, and 3 more"):
        find_run("many", tmp_path)


def test_a_whole_name_comes_before_the_beginning_of_others(tmp_path: Path) -> None:
    for name in ("run", "run-2", "sweep/run"):
        write_run(tmp_path / name)
    assert find_run("run", tmp_path) == tmp_path / "run"


@pytest.mark.parametrize("named", ["wide", "gone", "*", "deep-1[ab]", "../runs/dee", "."])
def test_the_trash_patterns_and_other_folders_hold_no_run(root: Path, named: str) -> None:
    found = find_run(named, root)
    assert not (found / "config.yaml").exists()


def test_a_folder_of_runs_is_found_by_the_name_of_its_experiment(root: Path) -> None:
    assert find_folder("depth", root) == root / "depth"
    assert find_folder(root, "elsewhere") == root
    assert find_folder("deeper", root) == root / "deeper-2c"
    assert find_folder("nothing", root) == Path("nothing")
