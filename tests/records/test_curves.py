"""A run from curves alone."""

from pathlib import Path

import pytest

from kerasdemo.config import InputError
from kerasdemo.records import Setup
from kerasdemo.records.curves import ONLY_MODEL, RUNNING_AVERAGE, from_csv, from_history

CURVES = {
    "accuracy": [0.5, 0.8],
    "loss": [1.0, 0.4],
    "val_accuracy": [0.5, 0.7],
    "val_loss": [1.1, 0.6],
    "learning_rate": [0.01, 0.001],
    "my_metric": [3.0, 4.0],
}


def test_curves_have_keras_names() -> None:
    run = from_history(CURVES, "mine")
    assert run.history.accuracy == (0.5, 0.8)
    assert run.history.val_loss == (1.1, 0.6)
    assert run.history.learning_rate == (0.01, 0.001)
    assert run.setup.task == "classification"
    assert (run.status, run.config, run.id) == ("finished", None, "mine")


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("sparse_categorical_accuracy", "classification"),
        ("binary_accuracy", "binary"),
        ("r2_score", "regression"),
        ("mae", "other"),
    ],
)
def test_the_metric_tells_the_task(name: str, task: str) -> None:
    assert from_history({"loss": [1.0, 0.5], name: [0.1, 0.2]}, "mine").setup.task == task


def test_of_a_known_model_the_notes_are_those_of_curves() -> None:
    known = Setup("net", {"name": "mse"}, {"name": "adam"}, task="regression", notes=("callback",))
    assert from_history({"loss": [1.0, 0.5]}, "net", known).setup.notes == (
        ONLY_MODEL,
        RUNNING_AVERAGE,
    )


def test_a_loss_that_broke_is_a_divergence() -> None:
    assert from_history({"loss": [1.0, float("nan")]}, "mine").status == "diverged"


@pytest.mark.parametrize(
    ("curves", "problem"),
    [
        ({"accuracy": [0.1]}, "no curve named loss; got accuracy"),
        ({"loss": [1.0], "accuracy": [0.1, 0.2]}, "different lengths"),
        ({"loss": [1.0], "accuracy": [93.1]}, "accuracy is 93.1; expected a share"),
        ({"loss": 1.0}, "loss is 1.0; expected a number for each epoch"),
        ({"loss": ["a"]}, "expected a number for each epoch"),
    ],
)
def test_other_curves_are_refused(curves: dict[str, list[float]], problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        from_history(curves, "mine")


@pytest.mark.parametrize("separator", [",", ";"])
def test_the_file_of_a_csv_logger_is_read(separator: str, tmp_path: Path) -> None:
    file = tmp_path / "training.csv"
    rows = ["epoch,accuracy,loss,val_accuracy,val_loss", "0,0.5,1.0,0.5,1.1", "1,0.8,0.4,NA,NA"]
    file.write_text("\n".join(rows).replace(",", separator) + "\n")
    run = from_csv(file)
    assert run.history.loss == (1.0, 0.4)
    assert run.history.val_loss[0] == 1.1
    assert run.id == "training"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "no curve named loss"),
        ("epoch,loss\n0\n", "not a CSV file of curves"),
        ("epoch,loss\n0,big\n", "column 'loss'"),
        ("\x00\x01", "no curve named loss|not a CSV"),
    ],
)
def test_another_file_is_refused(text: str, problem: str, tmp_path: Path) -> None:
    file = tmp_path / "training.csv"
    file.write_text(text)
    with pytest.raises(InputError, match=problem):
        from_csv(file)
