"""Files appear whole or not at all, and only plain and bounded ones are read."""

import json
import math
import os
from pathlib import Path

import pytest

from kerasdemo.records import files


def test_json_is_plain_bounded_and_finite(tmp_path: Path) -> None:
    file = tmp_path / "a.json"
    file.write_text(f'{{"a": {"9" * 400}, "b": 5}}')
    assert files.read_json(file) == {"a": float("inf"), "b": 5}
    for text in ("[" * 100_000, "{", "\x00"):
        file.write_text(text)
        with pytest.raises(ValueError, match=r"."):
            files.read_json(file)
    os.truncate(file, 8 * 10**9)
    with pytest.raises(OSError, match="larger than"):
        files.read_json(file)
    file.unlink()
    os.mkfifo(file)
    with pytest.raises(OSError, match="is a FIFO"):
        files.read_json(file)


def test_nan_and_infinity_are_written_as_null(tmp_path: Path) -> None:
    files.write_json(tmp_path / "a.json", {"a": [math.nan, (math.inf, 1.5)]})
    assert json.loads((tmp_path / "a.json").read_text()) == {"a": [None, [None, 1.5]]}


def test_a_write_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    files.write_text(file, "old")

    def fail(temporary: Path) -> None:
        temporary.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        files.write(file, fail)
    assert file.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]
