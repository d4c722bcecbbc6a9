"""Reads csv and parquet files whole, without trusting them, and says where they are damaged."""

import csv
import io
from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import ModuleType
from typing import Any

from kerasdemo.config import regular_file
from kerasdemo.config.dataset_info import MAX_BYTES, DataError

# Text takes several times its size as columns in memory.
MAX_FILE_BYTES = 512 * 1024**2
MAX_COLUMNS = 2_000
BYTE_ORDER_MARKS = (b"\xff\xfe", b"\xfe\xff")
SEPARATORS = (";", "\t", "|")


@dataclass(frozen=True, eq=False)
class RawTable:
    """The columns of a file as they are; equal to itself only, so that it can be a cache's key.

    Args:
        columns: {name: pandas Series}; of a csv every value is the text that it is there, of a
            parquet file numbers are float64, with NaN where there is none, and all else is text,
            with None where there is none.
        lines: of a csv the line in which each row begins, from 1; the header is the first.
        unreadable: columns of a parquet file that are neither numbers nor text, and their types.
    """

    columns: dict[str, Any]
    lines: "array[int] | None" = None
    unreadable: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """All columns, those that can't be read as well."""
        return (*self.columns, *self.unreadable)

    def place(self, row: int) -> str:
        """Return where a row (from 0) is in the file, as its reader counts."""
        return f"row {row + 1}" if self.lines is None else f"line {self.lines[row]}"


def read(path: Path, kind: str, least: int = 2) -> RawTable:
    """Return the columns of a file; the last two files are remembered while they do not change.

    Args:
        path: of a plain file.
        kind: csv or parquet.
        least: columns that it must have: inputs and a target, or fewer to predict.

    Raises:
        DataError: with what is wrong in the file, and where.
    """
    problem = regular_file.find_problem(path)
    if problem is not None:
        raise DataError(f"{problem}: {path}")
    state = path.stat()
    return _read(path, kind, least, (state.st_mtime_ns, state.st_size))


@lru_cache(maxsize=2)
def _read(path: Path, kind: str, least: int, state: tuple[int, int]) -> RawTable:
    """Return the columns of a file; `state` is a part of the cache's key."""
    try:
        content = regular_file.read(path, MAX_FILE_BYTES)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from None
    try:
        return _read_csv(content, least) if kind == "csv" else _read_parquet(content, least)
    except DataError as error:
        raise DataError(f"{path}: {error}", error.key) from None


def import_pandas() -> Any:
    """Return pandas.

    Raises:
        DataError: where it is not installed.
    """
    return _import("pandas")


def _import(name: str) -> ModuleType:
    try:
        return __import__(name, fromlist=[""])
    except ImportError:
        package = name.split(".")[0]
        message = f'tables need {package}, which is not installed: pip install "kerasdemo[tables]"'
        raise DataError(message, ("data", "name")) from None


def _read_csv(content: bytes, least: int) -> RawTable:
    pandas = import_pandas()
    text = _decode(content)
    del content
    names, lines = _check_rows(text, least)
    frame = pandas.read_csv(
        io.StringIO(text), dtype=str, na_filter=False, index_col=False, header=None, skiprows=0
    )
    frame = frame.iloc[1:].reset_index(drop=True)
    if len(frame) != len(lines):  # two readers that differ on what a row is
        raise DataError(f"its rows are not clear: {len(lines):,} or {len(frame):,}")
    return RawTable({name: frame[number] for number, name in enumerate(names)}, lines)


def _decode(content: bytes) -> str:
    """Return a file's text."""
    if content.startswith(BYTE_ORDER_MARKS):
        raise DataError("is UTF-16; save it as UTF-8")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        value = f"byte 0x{content[error.start]:02x} at position {error.start:,}"
        raise DataError(f"line {line}: {value} is not UTF-8; save the file as UTF-8") from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"line {line}: a NUL byte; expected text")
    return text


def _check_rows(text: str, least: int) -> tuple[list[str], "array[int]"]:
    """Return the names in the header, and the line in which each row begins.

    Blank lines are no rows.
    """
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    names: list[str] = []
    lines = array("q")
    begins = 1
    try:
        for row in reader:
            if not names and row:
                names = row
                _check_names(names, least)
            elif row:
                if len(row) != len(names):
                    message = f"line {begins}: {count(len(row), 'value')}; the header has"
                    raise DataError(f"{message} {count(len(names), 'column')}")
                lines.append(begins)
            begins = reader.line_num + 1
    except csv.Error as error:
        raise DataError(f"line {begins}: {_explain(str(error))}") from None
    if not names:
        raise DataError("is empty; expected a line of column names, then rows")
    if not lines:
        raise DataError("has a header and no rows")
    return names, lines


def _check_names(names: list[str], least: int) -> None:
    if len(names) > MAX_COLUMNS:
        message = f"{len(names):,} columns; at most {MAX_COLUMNS:,} are read (an .npz may be wider)"
        raise DataError(message)
    if len(names) < least:
        other = next((s for s in SEPARATORS if s in names[0]), None)
        hint = f"; values seem to be separated by {other!r}, expected commas" if other else ""
        raise DataError(f"one column, {short(names[0])}{hint or '; expected inputs and a target'}")
    for number, name in enumerate(names, start=1):
        if not name.strip():
            raise DataError(
                f"column {number} has no name in the header (an index that pandas wrote? write "
                "it with index=False)"
            )
    if len(set(names)) < len(names):
        double = next(name for number, name in enumerate(names) if name in names[:number])
        raise DataError(f"two columns have the name {short(double)}; expected different names")


def _explain(message: str) -> str:
    """Return what a message of Python's csv reader means."""
    if "unexpected end of data" in message:
        return "a quote that begins in this row is never closed"
    if "expected after" in message:
        return 'a closing quote is followed by other text; write a quote inside quotes as ""'
    if "field larger than" in message:
        return f"a value is longer than {csv.field_size_limit():,} characters (an open quote?)"
    return message


def _read_parquet(content: bytes, least: int) -> RawTable:
    arrow, parquet = _import("pyarrow"), _import("pyarrow.parquet")
    try:
        schema = parquet.read_schema(arrow.BufferReader(content))
        # Words that repeat stay numbers of a list: few bytes can declare a long text many times.
        words = [name for name in schema.names if _kind(schema.field(name).type) == "text"]
        file = parquet.ParquetFile(arrow.BufferReader(content), read_dictionary=words)
    except Exception as error:  # pyarrow has errors of many kinds
        raise DataError(f"no parquet file, or a damaged one: {_first_line(error)}") from None
    # The index that pandas wrote is no column of the data.
    names = [n for n in schema.names if not (n.startswith("__index_level_") and n.endswith("__"))]
    _check_names(names, least)
    metadata = file.metadata
    if not metadata.num_rows:
        raise DataError("has columns and no rows")
    size = metadata.num_rows * len(names) * 8
    size += sum(metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups))
    if size > MAX_BYTES:
        raise DataError(f"declares {size:,} bytes of values; at most {MAX_BYTES:,} are read")
    kinds = {name: _kind(schema.field(name).type) for name in names}
    columns = {name: _read_column(file, name, kind) for name, kind in kinds.items() if kind}
    unreadable = {name: str(schema.field(name).type) for name, kind in kinds.items() if not kind}
    return RawTable(columns, None, unreadable)


def _kind(type_: Any) -> str | None:
    """Return what a parquet column is read as: numbers or text; None where it is neither."""
    types = _import("pyarrow").types
    if types.is_dictionary(type_):
        type_ = type_.value_type
    if any(getattr(types, f"is_{name}")(type_) for name in ("integer", "floating", "decimal")):
        return "numbers"
    if types.is_null(type_):
        return "numbers"
    texts = ("string", "large_string", "string_view", "boolean", "temporal")
    return "text" if any(getattr(types, f"is_{name}")(type_) for name in texts) else None


def _read_column(file: Any, name: str, kind: str) -> Any:
    """Return a column of a parquet file as a Series of float64, or of text."""
    pandas = import_pandas()
    try:
        # "a" stands for a column "a.b" as well.
        column = file.read(columns=[name]).column(name)
        if kind == "numbers":
            if hasattr(column.type, "value_type"):
                column = column.cast(column.type.value_type)
            return pandas.Series(column.cast("float64", safe=False).to_numpy(), dtype="float64")
        values = column.to_pandas().astype("object")
        texts = values.where(values.isna(), values.map(str)).where(~values.isna(), None)
        if texts.str.contains("\0", regex=False).eq(True).any():
            raise ValueError("it has a NUL character")
        return texts
    except Exception as error:  # as above
        raise DataError(f"column {short(name)} can't be read: {_first_line(error)}") from None


def count(number: int, noun: str) -> str:
    """Return a number and what it counts, in the plural where it is not 1."""
    return f"{number:,} {noun}" + ("s" if number != 1 else "")


def list_some(words: Sequence[str], separator: str = ", ", most: int = 10) -> str:
    """Return the first words of a list, in a line."""
    more = [f"and {len(words) - most:,} more"] if len(words) > most else []
    return separator.join([*words[:most], *more])


def short(text: str) -> str:
    """Return a column's name, quoted, and cut where it is long."""
    return repr(text) if len(text) <= 60 else repr(text[:57] + "...")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:120]
