"""Hostile input is a fault of one line: no endless file is read, and memory stays bounded."""

import os
import zipfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from kerasdemo.config import InputError, load, parse, seeds, validation_errors
from kerasdemo.config.errors import MAX_FAULTS, MAX_LENGTH, Fault, printable
from kerasdemo.config.types import RunConfig


def faults(text: str) -> tuple[Fault, ...]:
    with pytest.raises(InputError) as error:
        parse(text)
    return error.value.faults


@pytest.mark.parametrize(
    "text",
    [
        "--- !!python/object:os.x\n",
        "--- !!set {seed: 1}\n",
        "[" * 20_000,
        "- " * 20_000,
        "seed: " + "9" * 5_000,
        "seed: " + "9" * 400,
        "optimizer: {learning_rate: " + "9" * 400 + "}",
        "data: {name: file, path: ~nosuchuser/x.npz}",
        f"data: {{name: file, path: {'x' * 5_000}}}",
        'data: {name: file, path: "a\\0b"}',
        "data: {name: file, path: /dev/zero}",
    ],
)
def test_hostile_text_is_one_line(text: str) -> None:
    (fault,) = faults(text)
    assert str(fault).isprintable()
    assert len(str(fault)) <= MAX_LENGTH + 3


def test_what_is_no_plain_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    for path, word in ((tmp_path / "fifo", "FIFO"), (Path("/dev/zero"), "device")):
        with pytest.raises(InputError, match=word):
            load(path)
        assert word in faults(f"data: {{name: file, path: {path}}}")[0].message


def test_a_zip_with_too_large_a_declared_size_is_refused(tmp_path: Path) -> None:
    # The sizes stand at the end of a zip: here they only say that there is much.
    good, bomb = tmp_path / "good.npz", tmp_path / "bomb.npz"
    np.savez(good, x_train=np.zeros((4, 2)), y_train=[0, 1, 0, 1], x_test=np.zeros((4, 2)))
    content = bytearray(good.read_bytes())
    with zipfile.ZipFile(good) as archive:
        size = archive.getinfo("x_train.npy").file_size
    entry = content.index(b"PK\x01\x02")
    assert int.from_bytes(content[entry + 24 : entry + 28], "little") == size
    content[entry + 24 : entry + 28] = (4 * 10**9).to_bytes(4, "little")
    bomb.write_bytes(content)
    message = faults(f"data: {{name: file, path: {bomb}}}")[0].message
    assert "4,000,000," in message
    assert "at most 2,147,483,648 are read" in message


def test_an_array_that_is_shorter_than_its_header_says_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "short.npz"
    np.savez(file, x_train=np.zeros((4, 2)), y_train=[0, 1, 0, 1], x_test=np.zeros((4, 2)))
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["x_train.npy"] = members["x_train.npy"].replace(b"(4, 2), }    ", b"(4000, 20), }")
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert "x_train is cut off" in faults(f"data: {{name: file, path: {file}}}")[0].message


def test_many_unknown_keys_need_one_schema_and_few_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Counted(RunConfig):
        @classmethod
        def model_json_schema(cls, *args: object, **kwargs: object) -> dict[str, object]:
            made.append(1)
            return RunConfig.model_json_schema()

    for _ in range(3):
        assert "units" in validation_errors._known_keys(("network",), Counted)
    assert made == [1]
    with pytest.raises(InputError) as error:
        parse("\n".join(f"key{number}: 1" for number in range(3_000)))
    assert len(error.value.faults) == 3_000
    assert error.value.lines[MAX_FAULTS:] == [f"and {3_000 - MAX_FAULTS:,} more faults"]


def test_escape_sequences_become_question_marks() -> None:
    text = "\x1b]0;title\x07 \x1b[31mred\x9b0m \u202eab \ud800 tab\t\nnext é 中"
    assert printable(text) == "?]0;title? ?[31mred?0m ?ab ? tab?\nnext é 中"


@pytest.mark.parametrize(
    ("text", "expected"), [("0-4", (0, 1, 2, 3, 4)), ("0, 2,5-6,2", (0, 2, 5, 6)), ("7", (7,))]
)
def test_seeds(text: str, expected: tuple[int, ...]) -> None:
    assert seeds.parse(text) == expected
    assert seeds.parse(expected) == expected


@pytest.mark.parametrize("listed", [[1, 1], [-1], ["1"], [True], [0.5], [2**31], range(10**12)])
def test_bad_seeds_in_a_list(listed: Iterable[int]) -> None:
    with pytest.raises(ValueError, match=r"duplicate|expected"):
        seeds.parse(listed)


@pytest.mark.parametrize(
    "text", ["", "4-0", "-1", "a", "1-", "0-99999999999999999999", "0-999999999", "9" * 9_000, "²"]
)
def test_seeds_are_counted_before_they_are_made(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        seeds.parse(text)
