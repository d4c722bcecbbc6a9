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
OLDER_NUMBERS = {"part": "validation", "examples": 2, "truth": [1, 2.5], "guess": [0, 3]}
RESIDUALS = {"mean": -0.25, "rmse": 0.8, "mae": 0.75, "percentile_90": 0.95, "r2": None}
COLUMN = {"name": "use", "unit": "l", "truth": [1, 2.5], "guess": [0, 3], "residuals": RESIDUALS}
NUMBERS: dict[str, Any] = {"part": "test", "examples": 2, "columns": [COLUMN]}
ROC = {"auc": 1, "false_positive_rate": [0, 0, 1], "true_positive_rate": [0, 1, 1]}
LABEL = {"name": None, "confusion": [[1, 0], [0, 1]], "roc": ROC}
LABELS: dict[str, Any] = {"part": "test", "examples": 2, "all_right": 2, "labels": [LABEL]}


@pytest.mark.parametrize(
    "content",
    [
        CLASSES,
        CLASSES | {"classes": None},
        CLASSES | {"roc": [ROC]},
        CLASSES | {"roc": [None]},
        NUMBERS,
        OLDER_NUMBERS,
        LABELS,
        LABELS | {"labels": [LABEL | {"roc": None, "name": "tag"}] * 50},
    ],
)
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
        ({"confusion": None}, "one of `confusion`, `labels` and `columns`"),
        ({"confusion": None, "truth": [1.0], "guess": []}, "as many of `truth`"),
        ({"roc": [ROC, ROC]}, "of two classes one"),
        ({"roc": [ROC | {"auc": 1.5}]}, "`roc.0.auc`"),
        ({"roc": [ROC | {"true_positive_rate": [0, 1]}]}, "as many false as true"),
        ({"roc": [ROC | {"true_positive_rate": [0, 1, 0.5]}]}, "rates that never fall"),
        ({"roc": [ROC | {"true_positive_rate": [0, float("nan"), 1]}]}, "true_positive_rate.1"),
        ({"roc": [ROC | {"false_positive_rate": [0] * 201}]}, "false_positive_rate"),
        ({"labels": [LABEL] * 51}, "`labels`"),
        ({"labels": [LABEL | {"confusion": [[1, 2, 3], [0, 1]]}]}, "`labels.0.confusion.0`"),
        ({"labels": [LABEL | {"name": "x" * 301}]}, "`labels.0.name`"),
        ({"columns": []}, "`columns`"),
        ({"columns": [COLUMN | {"guess": [1]}]}, "as many of `truth`"),
        ({"columns": [COLUMN | {"residuals": RESIDUALS | {"mae": -1}}]}, "residuals.mae"),
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
