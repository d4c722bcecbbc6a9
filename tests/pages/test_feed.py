"""What is written into a folder is told once, to all who watch; nobody watches, nothing is done."""

import asyncio
import json
import math
import os
import shutil
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from kerasdemo.pages import board as boards
from kerasdemo.pages import feed
from kerasdemo.pages.board import Board, Row
from kerasdemo.pages.feed import Feed, Follower, state_of
from kerasdemo.records import RunFolder, list_runs, tail
from kerasdemo.records.tail import Replaced, Tail
from tests.pages.served import LAYER, add_epoch, begin_run, contents, end_run

# Tables


def test_a_tail_reads_each_row_once_and_whole(tmp_path: Path) -> None:
    file = tmp_path / "metrics.csv"
    reader = Tail(file, ("epoch", "loss"))
    assert reader.read() == []
    file.write_text("epoch,lo")
    assert reader.read() == []
    file.write_text("epoch,loss\n1,0.5\n2,0.")
    assert reader.read() == [{"epoch": "1", "loss": "0.5"}]
    with file.open("a") as handle:
        handle.write("25\n")
    assert reader.read() == [{"epoch": "2", "loss": "0.25"}]
    assert reader.read() == []


def test_a_tail_reads_a_long_file_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tail, "CHUNK", 100)
    file = tmp_path / "metrics.csv"
    file.write_text("epoch,loss\n" + "".join(f"{n},0.5\n" for n in range(1, 100)))
    reader = Tail(file, ("epoch", "loss"))
    pieces = [reader.read() for _ in range(20)]
    assert [int(row["epoch"]) for piece in pieces for row in piece] == list(range(1, 100))
    assert max(map(len, pieces)) <= 20


def replace(file: Path) -> None:
    other = file.with_suffix(".new")
    other.write_text("epoch,loss\n" + "9,0.5\n" * 20)
    other.replace(file)


@pytest.mark.parametrize(
    "change", [Path.unlink, replace, lambda file: file.write_text("epoch,loss\n")]
)
def test_another_file_is_noticed(tmp_path: Path, change: Callable[[Path], object]) -> None:
    file = tmp_path / "metrics.csv"
    file.write_text("epoch,loss\n1,0.5\n")
    reader = Tail(file, ("epoch", "loss"))
    reader.read()
    change(file)
    with pytest.raises(Replaced):
        reader.read()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"loss,epoch\n1,2\n", "its header is"),
        (b"epoch,loss\n1\n", "not as long as its header"),
        (b"epoch,loss\n1,2,3\n", "not as long as its header"),
        (b"epoch,loss\n\xff,1\n", "invalid start byte"),
        (b"epoch,loss\n\x00,1\n", "invalid literal"),
        (b"epoch,loss\none,1\n", "invalid literal"),
        (b"epoch,loss\n1,big\n", "could not convert"),
        (b"x" * (1 << 21), "longer than"),
    ],
)
def test_a_damaged_table_says_so(tmp_path: Path, content: bytes, message: str) -> None:
    folder = begin_run(tmp_path / "run")
    folder.metrics_file.write_bytes(content)
    with pytest.raises(ValueError, match=message):
        Follower(folder, "key").read()


def test_what_is_no_plain_file_is_not_waited_for(tmp_path: Path) -> None:
    folder = begin_run(tmp_path / "run")
    os.mkfifo(folder.metrics_file)
    with pytest.raises(ValueError, match="no plain file"):
        Follower(folder, "key").read()
    folder.metrics_file.unlink()
    folder.metrics_file.mkdir()
    with pytest.raises((OSError, ValueError)):
        Follower(folder, "key").read()


def test_messages_are_new_epochs_with_their_layers(tmp_path: Path) -> None:
    folder = begin_run(tmp_path / "run", 3)
    follower = Follower(folder, "key", metrics=2, layers=2)
    (message,) = follower.read()
    assert (message["run"], message["epoch"]) == ("key", 3)
    assert message["metrics"]["val_loss"] == pytest.approx(1.1 / 3)
    assert message["layers"]["output"] == {**LAYER, "saturated": 0.03}
    assert follower.read() == []
    folder.add_epoch(4, {"loss": math.nan, "accuracy": 0.5})
    with pytest.raises(ValueError, match="not as long"):
        follower.read()


def test_further_metrics_come_along(tmp_path: Path) -> None:
    folder = begin_run(tmp_path / "run", 0)
    cells = ",".join(["nan", "no number", *"1" * 70])
    names = ",".join(["recall", "odd", *(f"m{n}" for n in range(70))])
    folder.metrics_file.write_text(f"epoch,loss,{names}\n1,0.5,{cells}\n")
    (message,) = Follower(folder, "key").read()
    found = message["metrics"]
    assert (found["loss"], found["recall"], found["m0"]) == (0.5, None, 1)
    assert "odd" not in found
    assert len(found) == 65  # loss, and no more than 64 others


def test_epochs_are_counted_whatever_a_row_says(tmp_path: Path) -> None:
    folder = begin_run(tmp_path / "run")
    for number in (0, 1):
        folder.add_epoch(number, {"loss": 1.0})
    assert Follower(folder, "key", metrics=2).read() == []
    assert [one["epoch"] for one in Follower(folder, "key").read()] == [1, 2]


def test_numbers_that_are_not_finite_are_null(tmp_path: Path) -> None:
    folder = begin_run(tmp_path / "run")
    folder.add_epoch(1, {"loss": math.nan, "val_loss": math.inf, "accuracy": 0.5})
    (message,) = Follower(folder, "key").read()
    assert message["metrics"] == {"loss": None, "val_loss": None, "accuracy": 0.5}


def test_a_page_that_knows_more_than_there_is_was_of_another_training(tmp_path: Path) -> None:
    folder = begin_run(tmp_path / "run", 2)
    with pytest.raises(Replaced):
        Follower(folder, "key", metrics=5, layers=5).read()


# The list


def rows(board: Board) -> dict[str, Row]:
    """Return what a look finds changed, by name."""
    return {row.cells["name"].text: row for row in board.look(10).rows}


def cells(row: Row) -> dict[str, str]:
    return {name: cell.text for name, cell in row.cells.items() if cell.text}


def test_a_look_tells_only_what_changed(tmp_path: Path) -> None:
    folder = begin_run(tmp_path / "a", 1)
    end_run(begin_run(tmp_path / "b", 2), 2)
    board = Board(tmp_path)
    assert set(rows(board)) == {"a", "b"}
    assert rows(board) == {}
    add_epoch(folder, 2)
    assert cells(rows(board)["a"])["epochs"] == "2 of 8"
    shutil.rmtree(folder.path)
    changes = board.look(10)
    assert (changes.rows, len(changes.gone)) == ([], 1)


def test_of_a_run_that_trains_only_new_lines_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begin_run(tmp_path / "a", 2)
    board = Board(tmp_path)
    board.look(10)
    whole: list[Path] = []
    read = boards.summarize
    monkeypatch.setattr(boards, "summarize", lambda path: whole.append(path) or read(path))
    add_epoch(folder, 3)
    found = cells(rows(board)["a"])
    assert (found["epochs"], found["score"]) == ("3 of 8", "val accuracy 0.8")
    assert whole == []
    folder.reopen(1, 2)
    assert cells(rows(board)["a"])["epochs"] == "1 of 8"
    folder.add_epoch(2, {"loss": 1.0})
    assert cells(rows(board)["a"])["status"] == "damaged"
    assert len(whole) == 2


def test_time_left_is_measured_else_from_the_times_of_training(tmp_path: Path) -> None:
    folder = begin_run(tmp_path / "a", 1)
    now = time.time()
    os.utime(folder.metrics_file, (now - 60, now - 60))
    board = Board(tmp_path)
    assert cells(rows(board)["a"])["left"] == "at most 14 s"  # 7 epochs of 2 s
    add_epoch(folder, 2)
    os.utime(folder.metrics_file, (now - 50, now - 50))
    assert cells(rows(board)["a"])["left"] == "at most 60 s"  # 6 epochs of 10 s


def test_a_run_that_stands_still_is_not_called_running(tmp_path: Path) -> None:
    folder = begin_run(tmp_path / "a", 1)
    before = time.time() - 3600
    for file in folder.path.iterdir():
        os.utime(file, (before, before))
    found = cells(rows(Board(tmp_path))["a"])
    assert found["status"] == "unfinished"
    assert found["note"].startswith("nothing new since ")
    assert "left" not in found


def test_an_experiment_counts_its_runs(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    end_run(begin_run(folder / "a", 2), 2)
    end_run(begin_run(folder / "b", 2), 2, "failed", reason="out of memory")
    begin_run(folder / "c", 2)
    entries = {name: {"label": name, "values": {}, "seed": 0} for name in "abcd"}
    (folder / "sweep.json").write_text(json.dumps({"question": "Which?", "runs": entries}))
    board = Board(tmp_path)
    found = rows(board)
    assert cells(found["sweep"]) == {
        "name": "sweep", "question": "Which?", "status": "running",
        "runs": "4", "done": "1", "running": "1", "failed": "1", "left": "about 16 s",
    }  # fmt: skip
    assert cells(found["sweep/a"])["label"] == "a, seed 0"
    entries["a"]["label"] = "other"
    (folder / "sweep.json").write_text(json.dumps({"runs": entries}))
    assert cells(rows(board)["sweep/a"])["label"] == "other, seed 0"


def test_impossible_numbers_cost_nothing_but_themselves(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    end_run(begin_run(folder / "a", 2), 2, "running", seconds=1e308)
    end_run(begin_run(folder / "b", 2), 2, seconds=1e308)
    end_run(begin_run(folder / "c", 2), 2, seconds=-1.0)
    for name, seconds in (("d", "inf"), ("e", "nan"), ("f", "1e308"), ("g", "x")):
        begin_run(folder / name, 2).times_file.write_text(
            f"epoch,training_seconds\n1,{seconds}\n2,{seconds}\n"
        )
    for name, epoch in (("h", "9" * 4000), ("i", "9" * 5000), ("j", "-5"), ("k", "1e3")):
        begin_run(folder / name, 0).metrics_file.write_text(f"epoch,loss\n{epoch},0.5\n")
    runs = {name: {"label": name, "values": {}, "seed": 0} for name in "abcdefghijkl"}
    (folder / "sweep.json").write_text(json.dumps({"runs": runs}))
    board = Board(tmp_path)
    found = rows(board)
    assert len(found) == 12
    json.dumps([row.as_dict() for row in found.values()], allow_nan=False)
    add_epoch(RunFolder(folder / "d"), 3)
    assert "sweep/d" in rows(board)


def test_an_experiment_without_a_run_yet_is_listed(tmp_path: Path) -> None:
    (tmp_path / "sweep").mkdir()
    entry = {"label": "a", "values": {}, "seed": 0}
    (tmp_path / "sweep" / "sweep.json").write_text(json.dumps({"runs": {"a": entry}}))
    found = cells(rows(Board(tmp_path))["sweep"])
    assert (found["runs"], found["done"], found["status"]) == ("1", "0", "unfinished")


def test_the_cache_of_the_list_is_used_and_not_written(tmp_path: Path) -> None:
    for name in "abc":
        end_run(begin_run(tmp_path / name, 2), 2)
    list_runs(tmp_path)
    before = contents(tmp_path)
    board = Board(tmp_path)
    assert board.look(0).unread == 0
    begin_run(tmp_path / "d", 1)
    assert board.look(0).unread == 1
    (row,) = board.read_more(10).rows
    assert row.cells["name"].text == "d"
    assert {file: found for file, found in contents(tmp_path).items() if file in before} == before


def test_what_could_not_be_read_yet_is_listed_by_name(tmp_path: Path) -> None:
    for name in "abc":
        end_run(begin_run(tmp_path / name, 2), 2)
    board = Board(tmp_path)
    changes = board.look(0)
    assert changes.unread == 3
    assert {cells(row)["status"] for row in changes.rows} == {"reading"}
    assert {cells(row)["status"] for row in board.read_more(10).rows} == {"finished"}
    assert board.read_more(10).unread == 0


# All who watch


async def told(events: AsyncIterator[str]) -> list[tuple[str, Any]]:
    """Return the next events that are sent together."""
    async for text in events:
        found = [part.split("\n") for part in text.split("\n\n") if part.startswith("event")]
        if found:
            return [
                (kind.removeprefix("event: "), json.loads(data.removeprefix("data: ")))
                for kind, data in found
            ]
    raise EOFError


def test_each_watcher_gets_what_is_new_to_it(tmp_path: Path) -> None:
    folder = begin_run(tmp_path / "a", 2)

    async def watch() -> None:
        watched = Feed(tmp_path)
        await watched.look()
        (row,) = watched.rows.values()
        state = state_of(folder)
        with watched.watched([row.path]), watched.watched([row.path]):
            first = watched.run_events(row, state, 0, 0)
            second = watched.run_events(row, state, 2, 2)
            assert [data["epoch"] for _, data in await told(first)] == [1, 2]
            add_epoch(folder, 3)
            for stream in (first, second):
                assert [data["epoch"] for _, data in await told(stream)] == [3]
            end_run(folder, 3)
            for stream in (first, second):
                assert [kind for kind, _ in await told(stream)] == ["reload"]
            shutil.rmtree(folder.path)
            for stream in (first, second):
                assert [kind for kind, _ in await told(stream)] == ["gone"]

    asyncio.run(asyncio.wait_for(watch(), 30))


def test_a_run_that_is_trained_again_is_shown_anew(tmp_path: Path) -> None:
    folder = begin_run(tmp_path / "a", 4)

    async def watch() -> None:
        watched = Feed(tmp_path)
        await watched.look()
        (row,) = watched.rows.values()
        with watched.watched([row.path]):
            events = watched.run_events(row, state_of(folder), 4, 4)
            waiting = asyncio.ensure_future(told(events))
            await asyncio.sleep(1)
            folder.reopen(2, 2)
            assert (await waiting)[0][0] == "reload"

    asyncio.run(asyncio.wait_for(watch(), 30))


def test_a_comparison_is_made_again_when_a_run_ends(tmp_path: Path) -> None:
    folders = [begin_run(tmp_path / name, 2) for name in "ab"]

    async def watch() -> None:
        watched = Feed(tmp_path)
        paths = [folder.path for folder in folders]
        with watched.watched(paths):
            events = watched.runs_events(paths, feed.states_of(folders))
            waiting = asyncio.ensure_future(told(events))
            add_epoch(folders[0], 3)
            await asyncio.sleep(1.5)
            assert not waiting.done()
            end_run(folders[1], 2)
            assert (await waiting)[0][0] == "reload"

    asyncio.run(asyncio.wait_for(watch(), 30))


def test_without_a_watcher_nothing_is_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = begin_run(tmp_path / "a", 1)
    looks: list[float] = []
    look = Board.look
    monkeypatch.setattr(Board, "look", lambda *args: looks.append(time.time()) or look(*args))

    async def watch() -> None:
        watched = Feed(tmp_path)
        with watched.watched(None):
            events = watched.list_events(0)
            assert (await told(events))[0][0] == "rows"
            add_epoch(folder, 2)
            ((_, data),) = await told(events)
            assert data["rows"][0]["cells"]["epochs"]["text"] == "2 of 8"
        before = len(looks)
        await asyncio.sleep(1.5)
        assert len(looks) == before
        with watched.watched([folder.path]):  # of one run the list is not looked at
            await asyncio.sleep(1.5)
        assert len(looks) == before
        await asyncio.sleep(0.1)
        assert len(asyncio.all_tasks()) == 2  # this one, and who waits for it

    asyncio.run(asyncio.wait_for(watch(), 30))


def test_what_was_found_while_the_last_watcher_left_is_not_lost(tmp_path: Path) -> None:
    for name in "abc":
        begin_run(tmp_path / name, 1)

    async def watch() -> None:
        watched = Feed(tmp_path)
        for _ in range(5):
            with watched.watched(None):
                await asyncio.sleep(0.001)
        await watched.look()
        assert {row.cells["status"].text for row in watched.rows.values()} == {"running"}
        assert len(watched.rows) == 3

    asyncio.run(asyncio.wait_for(watch(), 30))


def test_a_silent_stream_says_that_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "HEARTBEAT", 0.2)
    folder = begin_run(tmp_path / "a", 1)

    async def watch() -> None:
        watched = Feed(tmp_path)
        with watched.watched([folder.path]):
            events = watched.runs_events([folder.path], feed.states_of([folder]))
            assert [await anext(events) for _ in range(3)] == [": still here\n\n"] * 3

    asyncio.run(asyncio.wait_for(watch(), 30))
