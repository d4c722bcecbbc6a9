"""predictions.json: what may be in it, and what is rejected."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from kerasdemo.config import InputError
from kerasdemo.records import read
from tests.factories import write_run

IMAGE = {"shape": [2, 3], "pixels": base64.b64encode(bytes(6)).decode()}
CLASSES: dict[str, Any] = {
    "part": "test",
    "examples": 3,
    "confusion": [[1, 1], [0, 1]],
    "classes": ["cat", "dog"],
    "mistakes": [{"truth": "cat", "guess": "dog", "confidence": 0.9, "image": IMAGE}],
}
NUMBERS: dict[str, Any] = {"part": "validation", "examples": 2, "truth": [1, 2.5], "guess": [0, 3]}


@pytest.mark.parametrize("content", [CLASSES, NUMBERS, CLASSES | {"classes": None}])
def test_predictions_are_read_with_the_run(content: dict[str, Any], tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a")
    assert read(folder.path).predictions == {}  # as of older records
    folder.predictions_file.write_text(json.dumps(content))
    assert read(folder.path).predictions == content
    folder.reopen(1, 0)
    assert not folder.predictions_file.exists()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"part": "train"}, "`part` is 'train'"),
        ({"examples": -1}, "`examples` is -1"),
        ({"confusion": [[1, 2]]}, "as many columns as rows"),
        ({"confusion": [[0] * 51] * 51}, "`confusion`"),
        ({"confusion": [[-1, 0], [0, 1]]}, "`confusion.0.0` is -1"),
        ({"confusion": None}, "`confusion`, or as many of `truth`"),
        ({"classes": ["cat"]}, "a name in `classes` for each row"),
        ({"mistakes": CLASSES["mistakes"] * 13}, "`mistakes`"),
        ({"truth": [1.0] * 301}, "`truth`"),
        ({"guess": [float("nan")]}, "`guess.0` is nan"),
    ],
)
def test_damaged_predictions_are_rejected(
    change: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    folder = write_run(tmp_path / "a")
    folder.predictions_file.write_text(json.dumps(CLASSES | change))
    with pytest.raises(InputError, match=f"damaged: predictions.json: .*{problem}"):
        read(folder.path)


@pytest.mark.parametrize(
    ("image", "problem"),
    [
        ({"shape": [2, 2]}, "expected 4 pixels"),
        ({"shape": [6]}, "at least 2 items"),
        ({"shape": [1, 2, 2]}, "one channel or three"),
        ({"shape": [1, 65]}, "less than or equal to 64"),
        ({"pixels": "<script>"}, "expected base64"),
        ({"pixels": "A" * 20_000}, "at most 16384 characters"),
    ],
)
def test_damaged_images_are_rejected(image: dict[str, Any], problem: str, tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a")
    mistake = CLASSES["mistakes"][0] | {"image": IMAGE | image}
    folder.predictions_file.write_text(json.dumps(CLASSES | {"mistakes": [mistake]}))
    with pytest.raises(InputError, match=problem):
        read(folder.path)
