"""Reads what is added to a table, and only that."""

import csv
import os
import stat
from collections.abc import Sequence
from pathlib import Path

from kerasdemo.config.errors import shown

# Bytes of a table that are read at a time; no line is longer.
CHUNK = 1 << 20


class Tail:
    """Reads a growing CSV file: each row once, and of a row that is being written nothing yet.

    Args:
        path: of the file, which may not exist yet.
        required: how its header begins.
    """

    def __init__(self, path: Path, required: Sequence[str]):
        self._path = path
        self._required = list(required)
        self._place = 0
        self._file: tuple[int, int] | None = None
        self._header: list[str] = []

    def read(self) -> list[dict[str, str]]:
        """Return rows that are new, as column -> cell: those of a mebibyte at most.

        Raises:
            Replaced: where it is another file than before, or a shorter one.
            OSError, ValueError: with what is wrong in it.
        """
        try:
            # A FIFO would be waited for, for ever.
            descriptor = os.open(self._path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        except FileNotFoundError:
            if self._file is not None:
                raise Replaced from None
            return []
        with os.fdopen(descriptor, "rb") as file:
            state = os.fstat(descriptor)
            if not stat.S_ISREG(state.st_mode):
                raise ValueError(f"{self._path.name} is no plain file")
            same = (state.st_dev, state.st_ino)
            if self._file not in (None, same) or state.st_size < self._place:
                raise Replaced
            self._file = same
            file.seek(self._place)
            content = file.read(CHUNK)
        end = content.rfind(b"\n") + 1
        if not end and len(content) == CHUNK:
            raise ValueError(f"{self._path.name}: a line is longer than {CHUNK:,} bytes")
        self._place += end
        return self._parse(content[:end].decode("utf-8"))

    def _parse(self, text: str) -> list[dict[str, str]]:
        try:
            rows = list(csv.reader(text.splitlines()))
        except csv.Error as error:
            raise ValueError(f"{self._path.name}: {error}") from None
        if rows and not self._header:
            self._header = rows.pop(0)
            if self._header[: len(self._required)] != self._required:
                raise ValueError(f"{self._path.name}: its header is {shown(self._header)}")
        for row in rows:
            if len(row) != len(self._header):
                raise ValueError(f"{self._path.name}: its rows are not as long as its header")
        return [dict(zip(self._header, row, strict=True)) for row in rows]


class Replaced(Exception):
    """A file is not the one that was read before."""
