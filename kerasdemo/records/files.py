"""Files that appear whole or not at all, and are read only where they are plain and bounded."""

import csv
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kerasdemo.config import regular_file

# More than any run or sweep writes; a file that is larger is none of ours.
MOST_JSON = 1 << 26
MOST_ROWS = 1 << 28


def read_text(path: Path, limit: int) -> str:
    """Return the text of a plain file of at most `limit` bytes.

    Raises:
        OSError, ValueError: for any other file, and for what is not UTF-8.
    """
    return regular_file.read(path, limit).decode("utf-8")


def read_json(path: Path) -> Any:
    """Return what a JSON file holds; a whole number that no machine counts to is infinite.

    Raises:
        OSError, ValueError: for what is no plain file, or no JSON.
    """
    try:
        return json.loads(read_text(path, MOST_JSON), parse_int=_integer)
    except RecursionError:
        raise ValueError(f"{path.name} is nested too deeply") from None


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) < 20 else float(digits)


def read_columns(path: Path) -> dict[str, tuple[str, ...]]:
    """Return the cells of a CSV file by the name of their column; nothing where there is no file.

    Raises:
        OSError, ValueError: for what is no plain file of rows as long as their header.
    """
    if not path.exists():
        return {}
    text = read_text(path, MOST_ROWS)
    try:
        # A crash can cut off the last line: without its end it is no whole row.
        rows = list(csv.reader(text[: text.rfind("\n") + 1].splitlines()))
        return {name: tuple(cells) for name, *cells in zip(*rows, strict=True)}
    except csv.Error as error:
        raise ValueError(f"{path.name}: {error}") from None
    except ValueError:
        raise ValueError(f"{path.name}: its rows are not as long as its header") from None


def column(columns: dict[str, tuple[str, ...]], name: str, path: Path) -> tuple[str, ...]:
    """Return a column that has to be there."""
    if name not in columns:
        raise ValueError(f"{path.name}: there is no column {name}")
    return columns[name]


def write(path: Path, fill: Callable[[Path], None], suffix: str = "") -> None:
    """Let `fill` write a file aside, then put it in place of `path`.

    `suffix` ends the name of the file aside, for writers that go by it.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=suffix)
    os.close(descriptor)
    aside = Path(name)
    try:
        fill(aside)
        with aside.open("rb") as file:
            os.fsync(file.fileno())
        aside.chmod(0o644)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    write(path, lambda aside: _fill(aside, text))


def _fill(aside: Path, text: str) -> None:
    aside.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write JSON whole or not at all; NaN and infinity become null, which JSON has."""
    write_text(path, json.dumps(finite(value), indent=1, allow_nan=False) + "\n")


def finite(value: Any) -> Any:
    """Return the value with NaN and infinity as None, at any depth."""
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    if isinstance(value, float) and (value != value or abs(value) == float("inf")):
        return None
    return value
