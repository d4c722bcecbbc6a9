"""What happens in a folder of runs, as it happens: rows of the list, epochs of a run.

It only reads. While somebody watches, one task looks at the times of files and wakes the watchers;
each reads what is new to it, from where it stopped. So nothing piles up for a slow one, and nothing
is kept of a run but a place in its files.
"""

import asyncio
import json
import logging
import math
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from kerasdemo.pages.board import Board, Changes, Row
from kerasdemo.pages.page import cut
from kerasdemo.records import RunFolder
from kerasdemo.records.schema import METRICS, STATISTICS
from kerasdemo.records.tail import Replaced, Tail

# Seconds between two looks at the files, which take at most a share of all time.
INTERVAL, SHARE = 0.5, 0.1
# Seconds of reading at a time: meanwhile nobody waits for what is known already, or for Ctrl-C.
SLICE = 0.3
# Seconds without a change after which a change is over.
SETTLE = 0.3
# Seconds after which a silent stream says that it is still there.
HEARTBEAT = 15.0
# Columns of metrics.csv besides those that all runs have.
MOST_FURTHER = 64
# Rows of the list in one message.
MOST_ROWS = 200

Stamp = tuple[int, ...]

log = logging.getLogger(__name__)


class Follower:
    """Reads the epochs that a run adds to its files.

    Args:
        folder: of the run.
        key: its name in messages.
        metrics, layers: epochs that are known already.
    """

    def __init__(self, folder: RunFolder, key: str, metrics: int = 0, layers: int = 0):
        self._key = key
        self._known = {"metrics": metrics, "layers": layers}
        self._last = 0
        self._tails = {
            "metrics": Tail(folder.metrics_file, ("epoch", "loss")),
            "layers": Tail(folder.layers_file, ("epoch", "layer")),
        }

    def read(self) -> list[dict[str, Any]]:
        """Return a message for each new epoch: `{"run", "epoch", "metrics", "layers"}`.

        A number that is not finite is None. Not all new epochs may come at once.

        Raises:
            Replaced: where the run was trained again, and what is known of it is not so.
            OSError, ValueError: with what is wrong in its files.
        """
        while True:
            rows = {kind: tail.read() for kind, tail in self._tails.items()}
            messages = self._messages(rows)
            if messages:
                return messages
            if not any(rows.values()):
                break
        if self._last < self._known["metrics"]:
            raise Replaced
        return []

    def _messages(self, rows: Mapping[str, Sequence[Mapping[str, str]]]) -> list[dict[str, Any]]:
        messages: dict[int, dict[str, Any]] = {}
        for kind, of_kind in rows.items():
            for row in of_kind:
                epoch = int(row["epoch"])
                if kind == "metrics":  # counted as `records.read` does, whatever a row says
                    self._last = epoch = self._last + 1
                if epoch <= self._known[kind]:
                    continue
                empty = {"run": self._key, "epoch": epoch, "metrics": {}, "layers": {}}
                message = messages.setdefault(epoch, empty)
                if kind == "metrics":
                    message["metrics"] = _numbers(row, METRICS) | _further(row)
                else:
                    message["layers"][cut(row["layer"])] = _numbers(row, STATISTICS)
        return [messages[epoch] for epoch in sorted(messages)]


def _numbers(row: Mapping[str, str], names: Sequence[str]) -> dict[str, float | None]:
    numbers = {name: float(row[name]) for name in names if name in row}
    return {name: n if math.isfinite(n) else None for name, n in numbers.items()}


def _further(row: Mapping[str, str]) -> dict[str, float | None]:
    """Return the numbers in columns that a config's or a person's own metrics have."""
    found: dict[str, float | None] = {}
    for name, cell in row.items():
        if name not in METRICS and name != "epoch" and len(found) < MOST_FURTHER:
            with suppress(ValueError):
                number = float(cell)
                found[name] = number if math.isfinite(number) else None
    return found


def state_of(folder: RunFolder) -> str:
    """Return what changes when a page of a run is to be made again, and not with each epoch."""
    if not (_stat(folder.config_file) or _stat(folder.setup_file)):
        return "gone"
    files = (folder.run_file, folder.verdict_file, folder.sanity_checks_file)
    times = (_stat(file) for file in files)
    metrics = _stat(folder.metrics_file)
    # A run that is resumed or trained again has another file of metrics.
    parts = [f"{s.st_mtime_ns:x}.{s.st_size:x}" if s else "" for s in times]
    return "-".join([*parts, f"{metrics.st_ino:x}" if metrics else ""])


async def _settled(folder: RunFolder, state: str) -> str:
    """Return the state of a run; where it changes, what it is when it no longer does."""
    now = await asyncio.to_thread(state_of, folder)
    while now != state:
        # A folder is not deleted, and a run not ended, by one change of one file.
        await asyncio.sleep(SETTLE)
        state, now = now, await asyncio.to_thread(state_of, folder)
    return now


def _growth_of(folder: RunFolder) -> Stamp:
    """Return what changes with whatever there is to tell of a run."""
    state = [_stat(file) for file in (folder.metrics_file, folder.layers_file)]
    return (hash(state_of(folder)), *(s.st_size if s else -1 for s in state))


def _stat(file: Path) -> os.stat_result | None:
    try:
        return file.stat()
    except OSError:
        return None


class Feed:
    """The folder of runs for all who watch it. Used from one event loop.

    Args:
        root: the folder.
    """

    def __init__(self, root: Path):
        self.rows: dict[str, Row] = {}
        self.version = 0
        self.unread = 0
        self._gone: dict[str, int] = {}
        self._board = Board(root)
        self._looking = asyncio.Lock()
        self._growth: dict[Path, Stamp] = {}
        self._watched: Counter[Path] = Counter()
        self.watchers = 0
        self._of_list = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()

    async def look(self, seconds: float = SLICE) -> None:
        """Bring the list up to date, reading for at most about so many seconds."""
        await self._finish(self._take(self._board.look, seconds))

    async def _finish(self, work: Coroutine[Any, Any, None]) -> None:
        """Wait for work that goes on to its end, whoever waits for it and leaves."""
        task = asyncio.create_task(work)
        self._tasks.add(task)  # or it might be collected before its end
        task.add_done_callback(self._tasks.discard)
        await asyncio.shield(task)

    async def _take(self, look: Callable[[float], Changes], seconds: float) -> None:
        async with self._looking:
            try:
                changes = await asyncio.to_thread(look, seconds)
            except Exception:
                # What is on disk may be anything: what is known is still shown.
                log.exception("the list could not be brought up to date")
                return
            if changes.rows or changes.gone or changes.unread != self.unread:
                self.version += 1
            self.unread = changes.unread
            for key in changes.gone:
                self._gone[key] = self.version
                del self.rows[key]
            for row in changes.rows:
                self._gone.pop(row.key, None)
                self.rows[row.key] = replace(row, version=self.version)

    @contextmanager
    def watched(self, folders: Sequence[Path] | None) -> Iterator[None]:
        """Look at these runs, or without any at the list, as long as the context lasts."""
        self.watchers += 1
        self._of_list += folders is None
        self._watched.update(folders or ())
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._watch())
        try:
            yield
        finally:
            self.watchers -= 1
            self._of_list -= folders is None
            self._watched.subtract(folders or ())
            self._watched += Counter()  # without those that nobody watches
            if not self.watchers:
                self._task.cancel()
                self._task = None
                self._growth = {}

    async def _watch(self) -> None:
        next_look = 0.0
        while True:
            if self._of_list and time.monotonic() >= next_look:
                began = time.monotonic()
                await self.look(0.0)
                next_look = time.monotonic() + (time.monotonic() - began) / SHARE
            if self._of_list and self.unread:
                await self._finish(self._take(self._board.read_more, SLICE))
            self._growth = await asyncio.to_thread(_growth_of_all, list(self._watched))
            async with self._news:
                self._news.notify_all()
            await asyncio.sleep(0.0 if self._of_list and self.unread else INTERVAL)

    async def _silence(self, look: Callable[[], object], seen: object) -> AsyncIterator[str]:
        """Wait until something is not as it was seen; yield a sign of life from time to time."""
        while look() == seen:
            try:
                async with asyncio.timeout(HEARTBEAT), self._news:
                    await self._news.wait_for(lambda: look() != seen)
            except TimeoutError:
                yield ": still here\n\n"

    async def list_events(self, version: int) -> AsyncIterator[str]:
        """Yield the rows of the list that changed since a version, and go on to do so."""
        while True:
            async for sign in self._silence(lambda: self.version, version):
                yield sign
            rows = [row for row in self.rows.values() if row.version > version]
            gone = [key for key, at in self._gone.items() if at > version]
            version = self.version
            for start in range(0, max(1, len(rows)), MOST_ROWS):
                some = [row.as_dict() for row in rows[start : start + MOST_ROWS]]
                more = {"gone": gone, "unread": self.unread, "version": version}
                yield event("rows", {"rows": some, **more})

    async def run_events(
        self, row: Row, state: str, metrics: int, layers: int
    ) -> AsyncIterator[str]:
        """Yield the epochs of a run that come after the known ones, and what becomes of it.

        Args:
            row: of the run.
            state: `state_of` it, when the page that is looked at was made.
            metrics, layers: epochs that this page shows.
        """
        folder = RunFolder(row.path)
        follower: Follower | None = Follower(folder, row.key, metrics, layers)
        is_stale = False
        while True:
            growth = self._growth.get(row.path)
            now = await _settled(folder, state)
            if now != state or is_stale:
                yield event("gone" if now == "gone" else "reload", {"run": row.key})
            state, is_stale = now, False
            try:
                while follower and (messages := await asyncio.to_thread(follower.read)):
                    yield "".join(event("epoch", message) for message in messages)
            except Replaced:
                follower, is_stale = None, True
                continue
            except (OSError, ValueError) as error:
                follower = None
                yield event("damaged", {"run": row.key, "problem": _describe(error)})
            async for sign in self._silence(lambda: self._growth.get(row.path), growth):
                yield sign

    async def runs_events(self, paths: Sequence[Path], state: str) -> AsyncIterator[str]:
        """Yield that a page of several runs is to be made again, when one of them ends or goes."""
        folders = [RunFolder(path) for path in paths]

        def look() -> list[Stamp | None]:
            return [self._growth.get(path) for path in paths]

        while True:
            growth = look()
            now = await asyncio.to_thread(states_of, folders)
            if now != state:
                yield event("reload", {})
            state = now
            async for sign in self._silence(look, growth):
                yield sign


def _describe(error: OSError | ValueError) -> str:
    return cut((isinstance(error, OSError) and error.strerror) or error)


def states_of(folders: Sequence[RunFolder]) -> str:
    """Return what changes when a page of several runs is to be made again."""
    return f"{hash(tuple(map(state_of, folders))):x}"


def event(kind: str, data: object) -> str:
    """Return a server-sent event: one line of JSON."""
    return f"event: {kind}\ndata: {json.dumps(data, allow_nan=False)}\n\n"


def _growth_of_all(folders: Sequence[Path]) -> dict[Path, Stamp]:
    return {folder: _growth_of(RunFolder(folder)) for folder in folders}
