"""The list of all runs and experiments in a folder, kept up to date without writing anything."""

import hashlib
import math
import os
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from statistics import mean, median
from typing import Any

from kerasdemo.config import Fault, InputError
from kerasdemo.display.tables import format_cell
from kerasdemo.pages.page import badge, cut
from kerasdemo.records import RunFolder, Summary, Value, reading, summarize
from kerasdemo.records.experiment_record import FILE as RECORD
from kerasdemo.records.experiment_record import ExperimentRecord, read_experiment_record
from kerasdemo.records.index import find_folders, read_cache, stamp_of
from kerasdemo.records.tail import Replaced, Tail
from kerasdemo.sweeps.progress import duration

# A run without a new epoch for so many seconds, and so many epochs' time, is not called running.
QUIET_SECONDS, QUIET_EPOCHS = 120.0, 10.0
# Longer times, and more epochs, are not measured but damage.
MOST_SECONDS, MOST_EPOCHS = 1e9, 2**31
# The metric that the list shows of a run: the first of these that it has.
SCORES = ("val_accuracy", "val_r2", "accuracy", "r2", "val_loss", "loss")
LEVELS = {"running": "good", "diverged": "bad", "failed": "bad", "damaged": "bad"}
SIGNS = {"running": "▶", "diverged": "✗", "failed": "✗", "damaged": "✗"}

Stamp = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell. value: what it sorts by; level: of a badge, as `page.badge` has it, else None."""

    text: str = ""
    value: float | str = ""
    level: str | None = None
    sign: str = ""


BLANK = Cell()
COLUMNS = {
    "runs": ("name", "label", "note", "status", "verdict", "score", "epochs", "left"),
    "experiments": ("name", "question", "status", "runs", "done", "running", "failed", "left"),
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the list: of a run, or of an experiment.

    key: names it in addresses. order: where it stands, the smallest first.
    version: of the list when the row last changed.
    """

    key: str
    table: str
    path: Path
    order: float
    cells: Mapping[str, Cell]
    version: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, with every cell of the row's table."""
        cells = {
            name: {"text": cell.text, "value": cell.value, "level": cell.level, "sign": cell.sign}
            for name in COLUMNS[self.table]
            for cell in (self.cells.get(name, BLANK),)
        }
        # JSON knows no infinity.
        order = max(self.order, -1e12)
        return {"key": self.key, "table": self.table, "order": order, "cells": cells}


@dataclass
class Changes:
    """What a look at the folder found. unread: runs of which only the name is known so far."""

    rows: list[Row] = field(default_factory=list)
    gone: list[str] = field(default_factory=list)
    unread: int = 0


@dataclass(frozen=True, slots=True)
class _Pace:
    """The first epoch that was seen of a run and when it ended; seconds: of an epoch since."""

    epoch: int
    ended: float
    seconds: float | None


@dataclass(slots=True)
class _Known:
    """What is remembered of a run, which is little: there may be 10,000 of them.

    summary, tail: only of a run that has not ended; the place in its metrics.csv.
    """

    stamp: Stamp
    row: Row
    seconds: float = 0.0
    summary: Summary | None = None
    pace: _Pace | None = None
    tail: Tail | None = None


class Board:
    """The runs and experiments of a folder; `look` finds out what changed.

    Args:
        root: the folder, with runs in it or in the folders in it, as for `records.list_runs`.
    """

    def __init__(self, root: Path):
        self.root = root
        self._known: dict[Path, _Known] = {}
        self._rows: dict[Path, Row] = {}
        self._records: dict[Path, tuple[Stamp, ExperimentRecord | str]] = {}
        self._pending: list[tuple[Path, Stamp]] = []
        self._cache = read_cache(root)

    def look(self, seconds: float) -> Changes:
        """Return what changed since the last look; reads files for about so many seconds."""
        before = self._rows
        self._rows = self._scan()
        self._read_pending(seconds)
        self._rows |= self._experiment_rows(self._rows)
        changed = [row for path, row in self._rows.items() if before.get(path) != row]
        gone = [row.key for path, row in before.items() if path not in self._rows]
        return Changes(changed, gone, len(self._pending))

    def read_more(self, seconds: float) -> Changes:
        """Read runs of which the last look found only the name, for about so many seconds."""
        return Changes(self._read_pending(seconds), [], len(self._pending))

    def _scan(self) -> dict[Path, Row]:
        """Return the row of each run as far as it is known, and note what is to be read."""
        skipped: list[Fault] = []
        stamps = {folder: stamp_of(folder) for folder in find_folders(self.root, skipped)}
        empty = {Path(fault.file) for fault in skipped if fault.file}
        parents = {folder.parent for folder in stamps if folder != self.root}
        self._read_records(parents | empty)
        self._known = {folder: self._known[folder] for folder in stamps if folder in self._known}
        self._pending = []
        rows: dict[Path, Row] = {}
        for folder, stamp in stamps.items():
            known = self._known.get(folder)
            if known is not None and (known.stamp == stamp or _grew(folder, stamp, known)):
                if known.summary is not None:  # time goes on
                    known.row = self._running_row(folder, known)
            else:
                cached = self._cache.get(folder.relative_to(self.root))
                if cached is not None and cached.stamp == stamp:
                    known = self._known[folder] = self._learn(folder, stamp, cached.summary, known)
                else:
                    self._pending.append((folder, stamp))
            row = known.row if known else self._row(folder, stamp, status=Cell("reading"))
            rows[folder] = self._with_label(folder, row)
        self._cache = {}
        # Those that are shown first are read first.
        self._pending.sort(key=lambda pair: _order(pair[1]), reverse=True)
        return rows

    def _read_pending(self, seconds: float) -> list[Row]:
        end, read = time.monotonic() + seconds, list[Row]()
        while self._pending and time.monotonic() < end:
            folder, stamp = self._pending.pop()
            self._known[folder] = self._read(folder, stamp)
            self._rows[folder] = self._with_label(folder, self._known[folder].row)
            read.append(self._rows[folder])
        return read

    def _read(self, folder: Path, stamp: Stamp) -> _Known:
        try:
            summary = summarize(folder)
        except InputError as error:
            is_there = RunFolder(folder).is_run
            status = _status("damaged") if is_there else Cell("deleted", "deleted")
            note = Cell(cut(error.faults[0].message.removeprefix("skipped, ")))
            return _Known(stamp, self._row(folder, stamp, status=status, note=note))
        return self._learn(folder, stamp, summary, self._known.get(folder))

    def _learn(self, folder: Path, stamp: Stamp, summary: Summary, before: _Known | None) -> _Known:
        if summary.status != "unfinished":
            row = self._row(folder, stamp, **_cells(summary), status=_status(summary.status))
            return _Known(stamp, row, _plausible(summary.seconds) or 0.0)
        pace = before.pace if before else None
        known = _Known(stamp, self._row(folder, stamp), 0.0, summary, pace)
        known.tail = Tail(RunFolder(folder).metrics_file, ("epoch", "loss"))
        if not _grew(folder, stamp, known):
            known.tail = None
        known.row = self._running_row(folder, known)
        return known

    def _running_row(self, folder: Path, known: _Known) -> Row:
        summary, seconds = known.summary, known.pace.seconds if known.pace else None
        assert summary is not None
        cells = _cells(summary)
        last = max(
            known.stamp[4] / 1e9, _time(folder / "config.yaml"), _time(folder / "setup.json")
        )
        if time.time() - last > max(QUIET_SECONDS, QUIET_EPOCHS * (seconds or 0.0)):
            since = f"{datetime.fromtimestamp(last):%Y-%m-%d %H:%M}"
            cells |= {"status": _status("unfinished"), "note": Cell(f"nothing new since {since}")}
        else:
            total = _total(summary)
            left = (total - summary.epochs) * seconds if total and seconds else 0.0
            known.seconds = left
            cells["status"] = _status("running")
            if left > 0:
                cells["left"] = Cell(f"at most {duration(left)}", round(left))
        return self._row(folder, known.stamp, **cells)

    def _row(self, folder: Path, stamp: Stamp, **cells: Cell) -> Row:
        name = str(folder.relative_to(self.root) if folder != self.root else folder.name)
        texts = {"name": Cell(cut(name), cut(name)), **cells}
        return Row(key_of(folder), "runs", folder, _order(stamp), texts)

    def _with_label(self, folder: Path, row: Row) -> Row:
        record = self._records.get(folder.parent, ((), ""))[1]
        entry = record.runs.get(folder.name) if isinstance(record, ExperimentRecord) else None
        label = Cell(cut(f"{entry.label}, seed {entry.seed}")) if entry else BLANK
        if row.cells.get("label", BLANK) == label:
            return row
        return replace(row, cells={**row.cells, "label": label})

    # Experiments

    def _read_records(self, folders: Iterable[Path]) -> None:
        """Read each sweep.json that changed; one that is damaged is a message."""
        found: dict[Path, tuple[Stamp, ExperimentRecord | str]] = {}
        for folder in folders:
            try:
                state = (folder / RECORD).stat()
            except OSError:
                continue
            stamp = (state.st_mtime_ns, state.st_size)
            before = self._records.get(folder)
            if before is not None and before[0] == stamp:
                found[folder] = before
                continue
            try:
                found[folder] = stamp, read_experiment_record(folder)
            except (OSError, ValueError) as error:
                found[folder] = stamp, cut(reading.describe_damage(error, folder))
        self._records = found

    def _experiment_rows(self, rows: Mapping[Path, Row]) -> dict[Path, Row]:
        """Return a row for each experiment: how many of its runs are done, running, failed."""
        members: dict[Path, list[Path]] = {folder: [] for folder in self._records}
        for folder in rows:
            if folder.parent in members:
                members[folder.parent].append(folder)
        found: dict[Path, Row] = {}
        for folder, (_, record) in sorted(self._records.items()):
            cells = {"name": Cell(cut(folder.name), cut(folder.name))}
            if isinstance(record, str):
                cells |= {"status": _status("damaged"), "question": Cell(record)}
            else:
                statuses = Counter(rows[run].cells["status"].text for run in members[folder])
                known = [self._known[run] for run in members[folder] if run in self._known]
                cells |= _experiment_cells(record, statuses, known)
            found[folder / RECORD] = Row(key_of(folder), "experiments", folder, 0.0, cells)
        return found


def key_of(folder: Path) -> str:
    """Return what names a folder in addresses, whatever characters its own name has."""
    return hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]


def _order(stamp: Stamp) -> float:
    """Return where a run stands: those that have not ended first, then the latest."""
    return -stamp[0] / 1e9 if stamp[0] else -math.inf


def _status(status: str) -> Cell:
    shown = cut(status, 40)
    return Cell(shown, shown, LEVELS.get(status), SIGNS.get(status, ""))


def _total(summary: Summary) -> int | None:
    total = summary.settings.get("training.epochs")
    return total if type(total) is int and total > 0 else None


def _cells(summary: Summary) -> dict[str, Cell]:
    """Return the cells of what a run's files say."""
    total, epochs = _total(summary), summary.epochs
    cells = {"epochs": Cell(f"{epochs} of {total}" if total else f"{epochs}", epochs)}
    if summary.verdict is not None:
        shown = badge(cut(summary.verdict, 40), summary.caution and cut(summary.caution, 40))
        cells["verdict"] = Cell(shown["text"], shown["text"], shown["level"], shown["sign"])
    for metric in SCORES:
        if metric in summary.metrics:
            value = summary.metrics[metric].kept
            number = round(value, 6) if math.isfinite(value) else ""
            cells["score"] = Cell(f"{metric.replace('_', ' ')} {format_cell(value)}", number)
            break
    notes = [summary.reason or "", ", ".join(summary.tags or ())]
    if any(notes):
        cells["note"] = Cell(cut("; ".join(filter(None, notes))))
    return cells


def _experiment_cells(
    record: ExperimentRecord, statuses: Counter[str], known: Iterable[_Known]
) -> dict[str, Cell]:
    done, failed = statuses["finished"] + statuses["diverged"], statuses["failed"]
    running, total = statuses["running"], max(len(record.runs), statuses.total())
    numbers = {"runs": total, "done": done, "running": running, "failed": failed}
    cells = {name: Cell(str(number), number) for name, number in numbers.items()}
    cells["question"] = Cell(cut(record.question or ""))
    is_over = done + failed >= total
    cells["status"] = _status("running" if running else "finished" if is_over else "unfinished")
    under_way = [run.seconds for run in known if run.summary is not None]
    ended = [run.seconds for run in known if run.summary is None and run.seconds]
    waiting = total - done - failed - running
    if running and (ended or not waiting):
        # As many at a time as now; the longest of them is not over before it is over.
        work = sum(under_way) + waiting * (mean(ended) if ended else 0.0)
        seconds = max([work / running, *under_way])
        cells["left"] = Cell(f"about {duration(seconds)}", round(seconds))
    return cells


def _grew(folder: Path, stamp: Stamp, known: _Known) -> bool:
    """Whether new epochs are all that is new of a run; they are added to what is known of it."""
    if known.summary is None or known.tail is None or known.stamp[:4] != stamp[:4]:
        return False
    last: Mapping[str, str] = {}
    try:
        while rows := known.tail.read():
            last = rows[-1]
        if last:
            values = {name: float(last[name]) for name in SCORES if name in last}
            metrics = {name: Value(value, value, value, 0) for name, value in values.items()}
            epochs = int(last["epoch"])
            if not 0 <= epochs < MOST_EPOCHS:
                return False
            known.summary = replace(known.summary, epochs=epochs, metrics=metrics)
    except (Replaced, OSError, ValueError):
        return False
    known.stamp, known.pace = stamp, _measure(folder, known.summary, known.pace)
    return True


def _measure(folder: Path, summary: Summary, before: _Pace | None) -> _Pace | None:
    """Return how long an epoch takes: by what was seen of it, else by the times of its training."""
    if not summary.epochs:
        return None
    ended = _time(folder / "metrics.csv")
    if before is not None and summary.epochs > before.epoch and ended > before.ended:
        seconds = (ended - before.ended) / (summary.epochs - before.epoch)
        return _Pace(before.epoch, before.ended, _plausible(seconds))
    try:
        times = reading.read_times(folder / "times.csv")
    except (OSError, ValueError):
        times = ()
    usual = median(times[1:] or times) if times else None
    return _Pace(summary.epochs, ended, _plausible(usual))


def _plausible(seconds: float | None) -> float | None:
    """Return a time as a file has it, which may be anything; None for one that can't be."""
    return seconds if seconds is not None and 0 < seconds < MOST_SECONDS else None


def _time(file: Path) -> float:
    try:
        return file.stat().st_mtime
    except OSError:
        return 0.0
