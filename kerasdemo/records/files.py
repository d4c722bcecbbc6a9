"""Files that appear whole or not at all, and are read only where they are plain and bounded."""

import csv
import json
import math
import os
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from kerasdemo.config import regular_file

# More than any run or sweep writes; a larger file was written by something else.
MAX_JSON_BYTES = 1 << 26
MAX_TABLE_BYTES = 1 << 28


def read_text(path: Path, limit: int) -> str:
    """Return the text of a plain file of at most `limit` bytes.

    Raises:
        OSError, ValueError: for any other file, and for text that is not UTF-8.
    """
    try:
        return regular_file.read(path, limit).decode("utf-8")
    except UnicodeDecodeError:
        raise ValueError(f"{path.name} is not UTF-8 text") from None


def read_json(path: Path) -> Any:
    """Return the value in a JSON file; an integer of 20 digits or more becomes a float.

    Raises:
        OSError, ValueError: where it is not a plain file, or not JSON.
    """
    text = read_text(path, MAX_JSON_BYTES)
    try:
        return json.loads(text, parse_int=lambda d: int(d) if len(d) < 20 else float(d))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path.name} is not JSON: {error}") from None
    except RecursionError:
        raise ValueError(f"{path.name} is nested too deeply") from None


def read_columns(path: Path, required: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """Return the cells of a CSV file by the name of their column; none of a missing or empty file.

    Raises:
        OSError, ValueError: where it is not a plain file of rows as long as their header, or lacks
            a required column.
    """
    if not path.exists():
        return {}
    text = read_text(path, MAX_TABLE_BYTES)
    try:
        # A crash can cut off the last line: without its end it is not a whole row.
        rows = list(csv.reader(text[: text.rfind("\n") + 1].splitlines()))
        columns = {name: tuple(cells) for name, *cells in zip(*rows, strict=True)}
    except csv.Error as error:
        raise ValueError(f"{path.name}: {error}") from None
    except ValueError:
        raise ValueError(f"{path.name}: its rows are not as long as its header") from None
    for name in required if columns else ():
        if name not in columns:
            raise ValueError(f"{path.name}: there is no column {name}")
    return columns


def write(path: Path, fill: Callable[[Path], object], suffix: str = "") -> None:
    """Write a file whole or not at all.

    Args:
        fill: writes the content to a temporary file, which then replaces `path`.
        suffix: of the temporary file's name, for writers that depend on it.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-", suffix=suffix)
    os.close(descriptor)
    temporary = Path(name)
    try:
        fill(temporary)
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    write(path, lambda temporary: temporary.write_text(text, encoding="utf-8"))


def write_json(path: Path, value: object) -> None:
    """Write JSON whole or not at all; NaN and infinity, which JSON lacks, become null."""
    write_text(path, json.dumps(finite(value), indent=1, allow_nan=False) + "\n")


def finite(value: object) -> object:
    """Return the value with NaN and infinity as None, at any depth."""
    if isinstance(value, dict):
        return {key: finite(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
