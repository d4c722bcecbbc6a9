"""Tables: what is wrong in a file is said with column and row; what is right is read exactly."""

import csv
import io
import os
import string
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from kerasdemo.config import table_file, table_reading
from kerasdemo.config.data_types import Data
from kerasdemo.config.dataset_info import DataError

ROWS = [f"{n}.5,{'red' if n % 3 else 'blue'},{n % 2}" for n in range(20)]


def write(path: Path, rows: list[str] = ROWS, header: str = "size,color,label") -> Path:
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def changed(**rows: str) -> list[str]:
    """The rows with others in their places: line5="..." is what the file has in its line 5."""
    return [rows.get(f"line{number}", row) for number, row in enumerate(ROWS, start=2)]


def read(path: Path, **keys: Any) -> table_file.Table:
    name = "parquet" if path.suffix == ".parquet" else "csv"
    return table_file.read_table(Data(name=name, path=str(path), **{"target": "label"} | keys))


def info(path: Path, **keys: Any) -> table_file.DatasetInfo:
    return table_file.read_info(Data(name="csv", path=str(path), **{"target": "label"} | keys))


def fault(path: Path, **keys: Any) -> tuple[str, str]:
    """The key that is wrong, and what is said about it after the file's name."""
    with pytest.raises(DataError) as caught:
        read(path, **keys)
    return ".".join(map(str, caught.value.key)), str(caught.value).removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"", "is empty; expected a line of column names, then rows"),
        (b"a,label\n", "has a header and no rows"),
        (b"a,label\n1,2\n", "has 1 row; at least 10 are needed"),
        (b"\xff\xfea\0,\0", "is UTF-16; save it as UTF-8"),
        (b"a,label\n1,2\n\xe4,1\n", "line 3: byte 0xe4 at position 12 is not UTF-8"),
        (b"a,label\n1,2\n1,\0\n", "line 3: a NUL byte"),
        (b"a;label\n1;2\n", "one column, 'a;label'; values seem to be separated by ';'"),
        (b"label\n1\n", "one column, 'label'; expected inputs and a target"),
        (b",a,label\n0,1,2\n", "column 1 has no name in the header (an index that pandas wrote?"),
        (b"a,a,label\n0,1,2\n", "two columns have the name 'a'"),
        (b"a,label\n1,2\n\n1\n", "line 4: 1 value; the header has 2 columns"),
        (b"a,label\n1,2\n1,2,3\n", "line 3: 3 values; the header has 2 columns"),
        (b'a,label\n1,2\n"x\n1,2\n', "line 3: a quote that begins in this row is never closed"),
        (b'a,label\n"x"y,2\n', "line 2: a closing quote is followed by other text"),
        (b'a,label\n"x\ny",2\n1\n', "line 4: 1 value"),
        (b"a,label\n" + b"x" * 200_000 + b",1\n", "a value is longer than 131,072 characters"),
    ],
)
def test_a_damaged_csv_is_refused(content: bytes, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_bytes(content)
    key, message = fault(path)
    assert key == "data.path"
    assert expected in message


@pytest.mark.parametrize(
    ("rows", "keys", "key", "expected"),
    [
        (ROWS, {"target": "lable"}, "target", "no column 'lable'; did you mean 'label'?"),
        (ROWS, {"numeric": ["siez"]}, "numeric", "no column 'siez'; did you mean 'size'?"),
        (ROWS, {"numeric": ["label"]}, "numeric", "'label' is listed as target and as numeric"),
        (ROWS, {"categorical": ["size", "size"]}, "categorical", "'size' is listed twice"),
        (ROWS, {"text": "color", "numeric": ["size"]}, "text", "together are not supported"),
        (
            ROWS,
            {"numeric": ["color"]},
            "numeric",
            "line 2: column 'color' has 'blue'; expected a number",
        ),
        (
            changed(line7="n/a.,red,1"),
            {},
            "numeric",
            "line 7: column 'size' has 'n/a.' among numbers; correct it; or list the other columns",
        ),
        (
            changed(line7="=1+1,red,1"),
            {"numeric": ["size"]},
            "numeric",
            "line 7: column 'size' has '=1+1'; expected a number",
        ),
        (
            changed(line7='"1,5",red,1'),
            {"numeric": ["size"]},
            "numeric",
            "has '1,5'; expected a number; write decimals with a point",
        ),
        (
            changed(line9="2020-05-01,red,1"),
            {"numeric": ["size"]},
            "numeric",
            "line 9: column 'size' has '2020-05-01'; expected a number; make numbers of dates",
        ),
        (
            changed(line3="inf,red,1"),
            {},
            "numeric",
            "line 3: column 'size' has 'inf', which is inf",
        ),
        (changed(line3="1e39,red,1"), {}, "numeric", "has '1e39', which is too large for float32"),
        (changed(line3="1,red,x"), {}, "target", "line 3: column 'label' has 'x' among numbers"),
        (
            changed(line3=",red,1", line8="NA,,0"),
            {},
            "missing",
            "missing values: 2 in column 'size' (lines 3, 8); 1 in column 'color' (line 8); set "
            "data.missing to impute or drop",
        ),
        (
            changed(line4="1,red,"),
            {"missing": "impute"},
            "missing",
            "1 in column 'label' (line 4); targets are not imputed",
        ),
        ([f"{n},x,1" for n in range(20)], {}, "target", "column 'label' is always '1'"),
        ([f"{n},x,a" for n in range(20)], {}, "target", "column 'label' is always 'a'"),
        ([f"{n},,{n % 2}" for n in range(20)], {}, "numeric", "column 'color' has no values"),
        (
            [f"{n},2020-01-{n + 1:02},{n % 2}" for n in range(20)],
            {},
            "categorical",
            "column 'color' holds dates such as '2020-01-01': make numbers of dates",
        ),
        (
            [f"{n},c{n},{n % 2}" for n in range(1_100)],
            {},
            "categorical",
            "column 'color' has 1,100 different values, such as 'c0'; at most 1,000 categories",
        ),
        (
            [f"{n},x,c{n}" for n in range(1_100)],
            {},
            "target",
            "column 'label' has 1,100 different values, such as 'c0'; at most 1,000 classes",
        ),
        ([f",,{n}" for n in range(20)], {"numeric": ["size"]}, "categorical", "has no values"),
        (
            [f"{n if n < 5 else ''},x,{n}" for n in range(20)],
            {"missing": "drop"},
            "path",
            "has 5 rows without missing values, of 20; at least 10 are needed",
        ),
        (ROWS, {"task": "multi_label", "target": "size"}, "task", "targets of 0 and 1"),
        (ROWS, {"task": "classification", "target": "size"}, "target", "expected classes"),
        (ROWS, {"task": "regression", "target": "color"}, "target", "line 2: column 'color' has"),
    ],
)
def test_a_bad_column_is_refused(
    rows: list[str], keys: dict[str, Any], key: str, expected: str, tmp_path: Path
) -> None:
    wrong, message = fault(write(tmp_path / "own.csv", rows), **keys)
    assert wrong == f"data.{key}"
    assert expected in message


def test_lines_are_counted_as_an_editor_does(tmp_path: Path) -> None:
    rows = ['1,"two\nlines",0', "", "x,red,1", *ROWS]
    wrong = write(tmp_path / "own.csv", rows)
    assert fault(wrong, numeric=["size"])[1].startswith("line 5: column 'size' has 'x'")


@pytest.mark.parametrize("columns", [2_001, 1_000_000])
def test_very_many_columns_are_refused(columns: int, tmp_path: Path) -> None:
    path = tmp_path / "wide.csv"
    path.write_text(",".join(map(str, range(columns))) + "\n", encoding="utf-8")
    assert fault(path)[1] == f"{columns:,} columns; at most 2,000 are read (an .npz may be wider)"


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (lambda path: path.mkdir(), "is a folder"),
        (os.mkfifo, "is a FIFO"),
        (lambda path: path.symlink_to("/dev/zero"), "is a device"),
        (lambda path: None, "no such file"),
        (lambda path: path.symlink_to(path), "Too many levels of symbolic links"),
    ],
)
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_what_is_no_plain_file_is_refused(
    make: Callable[[Path], object], expected: str, suffix: str, tmp_path: Path
) -> None:
    path = tmp_path / f"own.{suffix}"
    make(path)
    with pytest.raises(DataError, match=expected):
        read(path)


def test_a_file_that_is_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    with path.open("wb") as file:
        file.truncate(table_reading.MAX_FILE_BYTES + 1)
    assert "larger than" in fault(path)[1]


FRAME = pd.DataFrame(
    {
        "size": [n + 0.5 for n in range(20)],
        "color": ["red" if n % 3 else "blue" for n in range(20)],
        "label": [n % 2 for n in range(20)],
    }
)


def test_a_parquet_file_is_read_like_its_csv(tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "own.parquet", index=True)
    FRAME.set_index(FRAME.index + 5).to_parquet(tmp_path / "indexed.parquet")
    write(tmp_path / "own.csv")
    tables = [read(tmp_path / name) for name in ("own.csv", "own.parquet", "indexed.parquet")]
    assert len({table.sha256 for table in tables}) == 1
    assert {table.numeric for table in tables} == {("size",)}
    assert {table.kind for table in tables} == {"whole_numbers"}


@pytest.mark.parametrize(
    ("column", "keys", "key", "expected"),
    [
        ([[1]] * 20, {}, "numeric", "column 'new' holds list<element: int64>; expected numbers"),
        ([b"x"] * 20, {"categorical": ["new"]}, "categorical", "column 'new' holds binary"),
        ([{"a": 1}] * 20, {"target": "new"}, "target", "column 'new' holds struct<a: int64>"),
        ([None] * 20, {}, "numeric", "column 'new' has no values"),
        (["a\0b"] * 20, {}, "path", "column 'new' can't be read: it has a NUL character"),
        (
            [*range(19), None],
            {},
            "missing",
            "missing values: 1 in column 'new' (row 20); set data.missing",
        ),
        (pd.date_range("2020-01-01", periods=20), {}, "categorical", "holds dates such as '2020"),
        ([*range(18), 1e39, 0.0], {}, "numeric", "row 19: column 'new' has '1e+39'"),
    ],
)
def test_a_bad_column_of_parquet_is_refused(
    column: Any, keys: dict[str, Any], key: str, expected: str, tmp_path: Path
) -> None:
    FRAME.assign(new=column).to_parquet(tmp_path / "own.parquet")
    wrong, message = fault(tmp_path / "own.parquet", **keys)
    assert wrong == f"data.{key}"
    assert expected in message


def test_columns_that_are_not_used_may_be_of_any_kind(tmp_path: Path) -> None:
    FRAME.assign(new=[[1]] * 20).to_parquet(tmp_path / "own.parquet")
    table = read(tmp_path / "own.parquet", numeric=["size"], categorical=[])
    assert list(table.rows) == ["size", "label"]


@pytest.mark.parametrize("size", [0, 3, 4, 100, -100, -8, -1])
def test_a_truncated_parquet_file_is_refused(size: int, tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "whole.parquet")
    content = (tmp_path / "whole.parquet").read_bytes()[:size]
    (tmp_path / "own.parquet").write_bytes(content)
    assert "no parquet file, or a damaged one" in fault(tmp_path / "own.parquet")[1]


@pytest.mark.parametrize("at", range(8, 900, 37))
def test_a_damaged_parquet_file_is_read_or_refused(at: int, tmp_path: Path) -> None:
    FRAME.to_parquet(tmp_path / "own.parquet")
    content = bytearray((tmp_path / "own.parquet").read_bytes())
    content[at % len(content)] ^= 0xFF
    (tmp_path / "own.parquet").write_bytes(content)
    try:
        read(tmp_path / "own.parquet")
    except DataError as error:
        assert str(tmp_path) in str(error)


def test_a_parquet_file_that_declares_more_than_memory_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # A run of equal values takes a few bytes, however long it is.
    rows = 1_000_000
    monkeypatch.setattr(table_reading, "MAX_BYTES", 20_000_000)
    table = pyarrow.table({name: pyarrow.nulls(rows, pyarrow.int8()) for name in ("a", "b", "c")})
    parquet.write_table(table, tmp_path / "own.parquet")
    assert (tmp_path / "own.parquet").stat().st_size < 20_000
    assert "bytes of values; at most 20,000,000 are read" in fault(tmp_path / "own.parquet")[1]


CELLS = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"),
    min_size=1,
    max_size=8,
)


@given(
    names=st.lists(CELLS.filter(str.strip), min_size=3, max_size=4, unique=True),
    cells=st.lists(CELLS, min_size=12, max_size=12),
    end=st.sampled_from(["\n", "\r\n"]),
    quoting=st.sampled_from([csv.QUOTE_NONNUMERIC, csv.QUOTE_ALL]),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_a_csv_that_python_wrote_is_read_exactly(
    names: list[str], cells: list[str], end: str, quoting: Any, tmp_path: Path
) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator=end, quoting=quoting)
    rows = [[cell, *map(str, range(len(names) - 1))] for cell in cells]
    writer.writerows([names, *rows])
    path = tmp_path / "own.csv"
    path.write_text(file.getvalue(), encoding="utf-8", newline="")
    table_reading._read.cache_clear()  # the same size, in the same tick of the file's clock
    raw = table_reading.read(path, "csv")
    assert list(raw.columns) == names
    assert raw.columns[names[0]].tolist() == cells
    assert raw.lines is not None and len(raw.lines) == len(rows)


def test_what_stands_for_a_missing_value(tmp_path: Path) -> None:
    words = ("", "NA", "N/A", "NaN", "nan", "null", "NULL", " ", '""')
    rows = [*ROWS, *(f"{word},{word},1" for word in words)]
    table = read(write(tmp_path / "own.csv", rows), missing="impute")
    assert table.missing == {"size": 9, "color": 9}
    assert read(tmp_path / "own.csv", missing="drop").dropped == 9
    # A text that says "NA" is a text.
    assert read(tmp_path / "own.csv", missing="impute", text="color").missing == {"color": 2}


@pytest.mark.parametrize(
    ("values", "kind", "names"),
    [
        (["b", "a"], "classes", ("a", "b")),
        (["True", "False"], "classes", ("False", "True")),
        (["=1+1", "=2"], "classes", ("=1+1", "=2")),
        (["2020", "7"], "whole_numbers", ("7", "2020")),
        (["1.0", "0.0"], "whole_numbers", ("0", "1")),
        (["0.5", "1"], "numbers", None),
        (["1e3", "-1e-3"], "numbers", None),
    ],
)
def test_the_kind_of_targets_is_found(
    values: list[str], kind: str, names: tuple[str, ...] | None, tmp_path: Path
) -> None:
    path = write(tmp_path / "own.csv", [f"{n},x,{values[n % 2]}" for n in range(20)])
    found = info(path)
    assert found.targets == kind
    assert found.classes == (names and len(names))
    assert found.distinct == (2 if kind == "whole_numbers" else None)
    if names:
        assert read(path).class_names == names


def test_several_targets_are_labels_or_numbers(tmp_path: Path) -> None:
    path = write(tmp_path / "own.csv", [f"{n % 2},{n % 3},{n / 2}" for n in range(20)], "a,b,c")
    path2 = write(tmp_path / "two.csv", [f"{n % 2},{n % 3 // 2},{n}" for n in range(20)], "a,b,c")
    numbers, labels = info(path, target=["a", "b"]), info(path2, target=["a", "b"])
    assert (numbers.targets, numbers.columns, numbers.outputs) == ("numbers", 2, 2)
    assert (labels.targets, labels.columns, labels.outputs) == ("labels", 2, 2)
    assert info(path2, target=["a", "b"], task="regression").targets == "numbers"


def test_rows_are_for_training_validation_and_test(tmp_path: Path) -> None:
    path = write(tmp_path / "own.csv", ROWS * 5)
    found = info(path)
    assert (found.train, found.test, found.default_validation) == (80, 20, 10)
    assert (info(path, test=50).train, info(path, test=50).test) == (50, 50)
    assert info(path).shape is None  # the categories are those of the training rows
    assert info(path, categorical=[]).shape == (1,)
    texts = info(path, text="color", max_tokens=50, output_sequence_length=7)
    assert (texts.shape, texts.tokens) == ((7,), 50)


def test_numbers_are_read_as_they_are_written(tmp_path: Path) -> None:
    words = ["1", "-2.5", "+3", "4.", "1e-3", " 5 ", "99999999999999999999", *string.digits]
    rows = [f"{word},x,{n % 2}" for n, word in enumerate(words)]
    column = read(write(tmp_path / "own.csv", rows)).rows["size"]
    assert column.tolist() == [float(word) for word in words]


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    path = write(tmp_path / "own.csv")
    before = read(path).sha256
    assert read(path) is read(path)
    write(path, ROWS[1:])
    assert read(path).sha256 != before


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_what_to_install_is_said(
    suffix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = write(tmp_path / f"own.{suffix}")
    monkeypatch.setitem(sys.modules, "pandas" if suffix == "csv" else "pyarrow", None)
    key, message = fault(path)
    assert key == "data.name"
    assert message.endswith('which is not installed: pip install "kerasdemo[tables]"')
