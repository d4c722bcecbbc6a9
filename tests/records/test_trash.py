"""Runs go to the trash and come back whole, and nothing else is touched."""

import errno
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock

from kerasdemo.config import InputError
from kerasdemo.records import RunFolder, list_runs
from kerasdemo.records import trash as trashes
from kerasdemo.records.trash import (
    Removable,
    delete,
    find_named,
    find_removable,
    find_trashed,
    move,
    restore,
)
from tests.factories import write_run


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "runs"
    for name in ("a-1", "b-2", "sweep/c-3"):
        write_run(root / name, "name: x\ndata: {name: fizzbuzz}")
    return root


def files_in(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and not file.name.endswith((".lock", ".jsonl"))
    }


def removable(root: Path, name: str) -> Removable:
    return find_removable(root / name, root)


def trashed(root: Path) -> list[str]:
    return [str(run.name) for run in find_trashed(root)]


def test_a_run_goes_to_the_trash_and_comes_back_as_it_was(root: Path) -> None:
    before = files_in(root)
    for name in ("a-1", "sweep/c-3"):
        run = removable(root, name)
        assert (str(run.name), run.status) == (name, "finished")
        assert run.size == sum(map(len, files_in(root / name).values()))
        assert move(run, root) == root / ".trash" / name
        assert not (root / name).exists()
    assert trashed(root) == ["a-1", "sweep/c-3"]
    assert [run.id for run in list_runs(root).runs] == ["b-2"]
    assert [restore(run, root) for run in find_trashed(root)] == [root / "a-1", root / "sweep/c-3"]
    assert files_in(root) == before
    assert not (root / ".trash").exists()


def test_a_name_that_is_taken_gets_a_suffix_until_it_comes_back(root: Path) -> None:
    for number in range(3):
        write_run(root / "a-1", seconds=float(number))
        move(removable(root, "a-1"), root)
    assert trashed(root) == ["a-1", "a-1~2", "a-1~3"]
    for named in ("a-1~2", f"{root}/.trash/a-1~2"):
        second = find_named(named, find_trashed(root))
    assert restore(second, root) == root / "a-1"
    assert b'"seconds": 1.0' in (root / "a-1" / "run.json").read_bytes()
    with pytest.raises(InputError, match="there is another a-1 by now; remove it first"):
        restore(find_named("a-1", find_trashed(root)), root)
    assert trashed(root) == ["a-1", "a-1~3"]


def test_a_name_that_looks_suffixed_keeps_its_name(root: Path) -> None:
    write_run(root / "a-1~2", "name: x\ndata: {name: fizzbuzz}")
    move(removable(root, "a-1~2"), root)
    assert restore(find_trashed(root)[0], root) == root / "a-1~2"


def test_an_experiment_may_have_the_name_of_a_run_in_the_trash(root: Path) -> None:
    move(removable(root, "a-1"), root)
    write_run(root / "a-1" / "inner-9", "name: x\ndata: {name: fizzbuzz}")
    move(removable(root, "a-1/inner-9"), root)
    assert trashed(root) == ["a-1", "a-1~2/inner-9"]
    assert restore(find_trashed(root)[1], root) == root / "a-1" / "inner-9"
    with pytest.raises(InputError, match="there is another a-1 by now"):
        restore(find_trashed(root)[0], root)


def test_a_run_that_trains_stays(root: Path) -> None:
    run = removable(root, "a-1")
    move(removable(root, "b-2"), root)
    with FileLock(RunFolder(root / "a-1").lock_file):
        for call in (lambda: removable(root, "a-1"), lambda: move(run, root)):
            with pytest.raises(InputError, match="is being trained right now; end that first"):
                call()
    with FileLock(RunFolder(root / "b-2").lock_file), pytest.raises(InputError, match="right now"):
        restore(find_trashed(root)[0], root)
    assert trashed(root) == ["b-2"]
    assert (root / "a-1").exists()


def make_places(root: Path, outside: Path) -> None:
    write_run(outside / "mine-1")
    write_run(root / ".trash" / "old-1")
    (root / "holiday").mkdir()
    (root / "link-1").symlink_to(outside / "mine-1")
    (root / "linked").symlink_to(outside)
    write_run(root / "x" / "y" / "z-1")
    (root / "project").mkdir()
    (root / "project" / "config.yaml").write_text("port: 80\n")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("holiday", "not a run folder"),
        ("sweep", "not a run folder"),
        ("nothing", "no such run folder"),
        ("link-1", "is a link; delete the link itself"),
        ("linked/mine-1", "not a run of .*; name its folder by --results"),
        ("../outside/mine-1", "not a run of .*; name its folder by --results"),
        ("x/y/z-1", "not a run of .*; name its folder by --results"),
        (".", "not a run folder"),
        ("sweep/..", "not a run folder"),
        (".trash/old-1", "is in the trash already"),
        ("project", "delete it yourself if it is none"),
    ],
)
def test_what_is_no_run_here_is_not_touched(
    root: Path, tmp_path: Path, name: str, message: str
) -> None:
    make_places(root, tmp_path / "outside")
    before = files_in(tmp_path)
    with pytest.raises(InputError, match=message):
        removable(root, name)
    assert files_in(tmp_path) == before
    assert trashed(root) == ["old-1"]


def test_a_damaged_run_can_be_removed_and_restored(root: Path) -> None:
    (root / "a-1" / "config.yaml").write_text("name: [")
    run = removable(root, "a-1")
    assert run.status == "damaged"
    move(run, root)
    assert [one.status for one in find_trashed(root)] == ["damaged"]
    assert restore(find_trashed(root)[0], root) == root / "a-1"


def test_the_results_folder_itself_may_be_a_link(root: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(root)
    assert move(removable(link, "a-1"), link) == link / ".trash" / "a-1"
    assert (root / ".trash" / "a-1").is_dir()


@pytest.mark.parametrize("kind", ["link", "file"])
def test_a_trash_that_is_no_folder_is_left_alone(root: Path, tmp_path: Path, kind: str) -> None:
    run, other = removable(root, "a-1"), tmp_path / "other"
    write_run(other / "mine-1")
    (root / ".trash").symlink_to(other) if kind == "link" else (root / ".trash").write_text("")
    for call in (
        lambda: move(run, root),
        lambda: find_trashed(root),
        lambda: delete([], root),
    ):
        with pytest.raises(InputError, match="is no folder, or a link, which is not followed"):
            call()
    assert (other / "mine-1").exists()
    assert (root / "a-1").exists()


def test_a_link_in_the_trash_is_not_followed(root: Path, tmp_path: Path) -> None:
    mine = write_run(tmp_path / "outside" / "mine-1")
    (root / "a-1" / "link").symlink_to(mine.path)
    move(removable(root, "a-1"), root)
    (root / ".trash" / "outside").symlink_to(mine.path.parent)
    (root / ".trash" / "mine-1").symlink_to(mine.path)
    (root / ".trash" / "notes.txt").write_text("mine")
    assert trashed(root) == ["a-1"]
    left = delete(find_trashed(root), root)
    assert [place.name for place in left] == ["mine-1", "notes.txt", "outside"]
    assert mine.run_file.exists()


def test_deleting_leaves_nothing(root: Path) -> None:
    for name in ("a-1", "sweep/c-3"):
        move(removable(root, name), root)
    list_runs(root / ".trash")  # leaves its cache there
    assert delete(find_trashed(root), root) == []
    assert not (root / ".trash").exists()
    assert delete([], root) == []
    assert [run.id for run in list_runs(root).runs] == ["b-2"]


@pytest.mark.parametrize("problem", [errno.EXDEV, errno.ENOSPC, errno.EDQUOT, errno.EACCES])
def test_where_the_trash_can_take_nothing_nothing_is_lost(
    root: Path, problem: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_in(root)

    def refuse(self: Path, target: Path) -> Path:
        raise OSError(problem, os.strerror(problem), str(self))

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OSError) as error:  # noqa: PT011 - its number is checked
        move(removable(root, "sweep/c-3"), root)
    assert error.value.errno == problem
    if problem == errno.EXDEV:
        assert "on another file system than the run" in str(error.value)
        assert "it is where it was" in str(error.value)
    assert files_in(root) == before
    assert trashed(root) == []
    assert not (root / ".trash" / "sweep").exists()


class Killed(BaseException):
    """The process ends here."""


@pytest.mark.parametrize("is_before", [True, False])
def test_a_run_is_whole_in_one_place_whenever_the_process_is_killed(
    root: Path, is_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    content, rename = files_in(root / "a-1"), Path.rename

    def killing(self: Path, target: Path) -> Path:
        if not is_before:
            rename(self, target)
        raise Killed

    run = removable(root, "a-1")
    monkeypatch.setattr(Path, "rename", killing)
    with pytest.raises(Killed):
        move(run, root)
    monkeypatch.undo()
    assert files_in(root / "a-1" if is_before else root / ".trash" / "a-1") == content
    assert trashed(root) == ([] if is_before else ["a-1"])
    if is_before:
        move(run, root)
    monkeypatch.setattr(Path, "rename", killing)
    with pytest.raises(Killed):
        restore(find_trashed(root)[0], root)
    monkeypatch.undo()
    assert files_in(root / ".trash" / "a-1" if is_before else root / "a-1") == content


def test_what_was_deleted_in_part_is_not_restored_but_deleted_next_time(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a-1", "b-2"):
        move(removable(root, name), root)
    rmtree = shutil.rmtree

    def killing(path: Path, *arguments: Any, **options: Any) -> None:
        if path.name == "0":
            (path / "config.yaml").unlink()
            raise Killed
        rmtree(path, *arguments, **options)

    monkeypatch.setattr(trashes.shutil, "rmtree", killing)
    with pytest.raises(Killed):
        delete(find_trashed(root), root)
    monkeypatch.undo()
    assert trashed(root) == ["b-2"]
    assert delete(find_trashed(root), root) == []
    assert not (root / ".trash").exists()
