"""Lists the runs of a results folder, with a cache beside them so that 10,000 list quickly.

The cache is derived: a line counts only while its run's files are as they were when it was
written, and a missing or damaged cache is written again.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import ClassVar

from pydantic import TypeAdapter

from kerasdemo.config import Fault, InputError, regular_file
from kerasdemo.records import files, tags
from kerasdemo.records.experiment_record import find_experiment_record
from kerasdemo.records.folder import RunFolder
from kerasdemo.records.schema import PLAIN_KEY
from kerasdemo.records.summary import CACHED, Summary, summarize

FILE = ".index.jsonl"
HEADER = b'{"version": 6}\n'


@dataclass(frozen=True)
class Listing:
    """The runs of a folder in order of name, and a message for each folder or file that is none."""

    runs: list[Summary]
    skipped: list[Fault]


@dataclass(frozen=True, slots=True)
class CachedRun:
    """The state of a run's files, and its summary; its path is relative to the listed folder."""

    __pydantic_config__: ClassVar = CACHED

    stamp: tuple[int, ...]
    summary: Summary


_LINE = TypeAdapter(CachedRun)
_writes_cache = ContextVar("writes_cache", default=True)


@contextlib.contextmanager
def reading_only() -> Iterator[None]:
    """Let `list_runs` write no cache here, for what has to leave every folder as it is."""
    token = _writes_cache.set(False)
    try:
        yield
    finally:
        _writes_cache.reset(token)


def list_runs(results: str | Path) -> Listing:
    """Return every run in or below a folder (two levels down), from the cache where it is fresh.

    Folders that hold no run, or whose files are damaged, are skipped with a message. Runs of an
    experiment have the label and values that its sweep.json gives them.

    Raises:
        InputError: where there is no such folder.
    """
    root = Path(results)
    if not root.is_dir():
        raise InputError(Fault("no such results folder", str(results)))
    skipped: list[Fault] = []
    known = read_cache(root)
    lines: dict[Path, CachedRun] = {}
    runs: list[Summary] = []
    record_of = cache(find_experiment_record)
    for folder in find_folders(root, skipped):
        path = folder.relative_to(root)
        line = known.get(path)
        stamp = stamp_of(folder)
        if line is None or line.stamp != stamp:
            try:
                line = CachedRun(stamp, replace(summarize(folder), path=path))
            except InputError as error:
                skipped += error.faults
                continue
        lines[path] = line
        if line.summary.tags is None:
            skipped += filter(None, [tags.find_damage(RunFolder(folder))])
        record = record_of(folder.parent)
        entry = record.runs.get(folder.name) if record else None
        values = entry.values if entry and all(map(PLAIN_KEY.fullmatch, entry.values)) else {}
        found = replace(line.summary, path=folder)
        runs.append(replace(found, label=entry.label, values=values) if entry else found)
    if lines != known and _writes_cache.get():
        # A folder that can't be written to, or with a name that is no text, lists all the same.
        with contextlib.suppress(OSError, ValueError):
            cached = b"".join([HEADER, *(_LINE.dump_json(line) + b"\n" for line in lines.values())])
            files.write(root / FILE, lambda temporary: temporary.write_bytes(cached))
    return Listing(runs, skipped)


def find_folders(root: Path, skipped: list[Fault]) -> Iterator[Path]:
    """Yield each run's folder in or below a folder (two levels down), in order of name.

    Args:
        skipped: gets a message for each folder that holds no run.
    """
    if is_run(root):
        yield root
        return
    for child in _children(root):
        if is_run(child):
            yield child
            continue
        inner = [folder for folder in _children(child) if is_run(folder)]
        if not inner:
            skipped.append(
                Fault("skipped, not a run folder: it has no config.yaml or setup.json", str(child))
            )
        yield from inner


def is_run(folder: Path) -> bool:
    """Whether a run was begun in a folder; of one that may not be entered nothing is known."""
    try:
        return RunFolder(folder).is_run
    except OSError:
        return False


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(
            child for child in folder.iterdir() if child.name[0] != "." and child.is_dir()
        )
    except OSError:
        return []


def stamp_of(folder: Path) -> tuple[int, ...]:
    """Return what changes whenever the run's summary may change."""
    stamp: list[int] = []
    for name in ("run.json", "verdict.json", "metrics.csv", "tags.json"):
        try:
            state = (folder / name).stat()
            stamp += [state.st_mtime_ns, state.st_size]
        except OSError:
            stamp += [0, 0]
    return tuple(stamp)


def read_cache(root: Path) -> dict[Path, CachedRun]:
    """Return what the cache of a folder remembers, by the run's path in it; nothing of a bad one.

    A line counts only where `stamp_of` its run is still the same.
    """
    try:
        regular_file.check(root / FILE, files.MAX_TABLE_BYTES)
        with (root / FILE).open("rb") as file:
            if file.readline() != HEADER:
                return {}
            return {line.summary.path: line for line in map(_LINE.validate_json, file)}
    except (OSError, ValueError):
        return {}
