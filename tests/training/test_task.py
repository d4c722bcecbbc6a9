"""Which task targets, loss and output are for, and how right and wrong are told apart."""

import math
from typing import Any

import numpy as np
import pytest

from kerasdemo.data import Array
from kerasdemo.records import Task
from kerasdemo.training import task as tasks

CLASSES = np.array([0, 2, 1, 2])
ONE_HOT = np.eye(3)[CLASSES]
LABELS = np.array([[1, 1, 0], [0, 0, 0], [1, 0, 1], [0, 1, 0]])
NUMBERS = np.array([0.5, -1.5, 3.0, 2.0])
BITS = np.array([0, 1, 1, 0])
SPARSE = "sparse_categorical_crossentropy"


@pytest.mark.parametrize(
    ("loss", "activation", "units", "y", "expected"),
    [
        (SPARSE, "softmax", 3, CLASSES, "classification"),
        (SPARSE, "linear", 3, CLASSES[:, None], "classification"),
        (SPARSE, "softmax", 1, CLASSES, "classification"),
        ("categorical_crossentropy", "linear", 3, ONE_HOT, "classification"),
        ("categorical_crossentropy", "softmax", 2, np.eye(2)[BITS], "classification"),
        ("categorical_crossentropy", "softmax", 3, ONE_HOT * 0.7 + 0.1, "classification"),
        ("mean_squared_error", "softmax", 3, ONE_HOT, "classification"),
        ("binary_crossentropy", "sigmoid", 3, ONE_HOT, "classification"),
        ("my_loss", "softmax", 3, CLASSES, "classification"),
        ("binary_crossentropy", "sigmoid", 1, BITS, "binary"),
        ("binary_crossentropy", "linear", 1, BITS[:, None].astype(float), "binary"),
        ("binary_crossentropy", "softmax", 1, BITS, "binary"),
        ("mean_squared_error", "sigmoid", 1, BITS, "binary"),
        ("hinge", "tanh", 1, 2 * BITS - 1, "binary"),
        ("binary_crossentropy", "sigmoid", 1, np.zeros(4), "binary"),
        ("binary_crossentropy", "sigmoid", 3, LABELS, "multi_label"),
        ("binary_focal_crossentropy", "sigmoid", 3, LABELS.astype(bool), "multi_label"),
        ("mean_squared_error", "linear", 1, NUMBERS, "regression"),
        ("huber", "linear", 2, np.stack([NUMBERS, NUMBERS], 1), "regression"),
        ("poisson", "exponential", 1, CLASSES, "regression"),
        ("my_loss", "linear", 1, NUMBERS, "other"),
        ("binary_crossentropy", "sigmoid", 1, np.array([0.2, 0.7]), "other"),
        ("binary_crossentropy", "sigmoid", 3, np.full((4, 3), 0.4), "other"),
        (SPARSE, "softmax", None, CLASSES, "other"),
        (SPARSE, "softmax", 3, np.zeros((4, 5, 1)), "other"),
        ("my_loss", "linear", 1, np.array(["a", "b"]), "other"),
        (SPARSE, "softmax", 3, None, "classification"),
        ("binary_crossentropy", "sigmoid", 1, None, "binary"),
        ("mean_squared_error", "linear", 1, None, "regression"),
        ("own", "linear", 1, None, "other"),
    ],
)
def test_targets_loss_and_output_say_the_task(
    loss: str, activation: str, units: int | None, y: Array | None, expected: Task
) -> None:
    assert tasks.find_task(loss, activation, units, y) == expected


@pytest.mark.parametrize(
    ("loss", "activation", "expected"),
    [
        ({"name": "binary_crossentropy"}, "sigmoid", 0.5),
        ({"name": "binary_crossentropy", "from_logits": True}, None, 0.0),
        ({"name": "binary_crossentropy", "from_logits": True}, "sigmoid", 0.5),
        ({"name": "squared_hinge"}, None, 0.0),
    ],
)
def test_logits_turn_at_zero(loss: dict[str, Any], activation: str | None, expected: float) -> None:
    assert tasks.threshold(loss, activation) == expected


def test_a_class_is_right_where_its_output_is_largest() -> None:
    output = np.array([[0.9, 0.1, 0], [0, 0.2, 0.8], [0.5, 0.3, 0.2], [np.nan, 0, 1]])
    for y in (CLASSES, CLASSES[:, None], ONE_HOT):
        found = tasks.find_right("classification", y, output, 0.5)
        assert found is not None
        assert found.tolist() == [True, True, False, False]
    assert tasks.score("classification", CLASSES, output, 0.5, 0.0) == {"accuracy": 0.5}


def test_labels_are_scored_one_by_one_and_right_only_together() -> None:
    output = np.where(LABELS == 1, 0.9, 0.2)
    output[0, 0] = 0.1
    found = tasks.find_right("multi_label", LABELS, output, 0.5)
    assert found is not None
    assert found.tolist() == [False, True, True, True]
    scores = tasks.score("multi_label", LABELS, output, 0.5, 0.0)
    assert scores["accuracy"] == pytest.approx(11 / 12)
    # Of the first label one of two positives is missed, and has the lowest score of all.
    assert scores["balanced_accuracy"] == pytest.approx((0.75 + 1 + 1) / 3)
    assert scores["auc"] == pytest.approx((0.5 + 1 + 1) / 3)


def test_a_binary_output_may_have_one_axis_or_two() -> None:
    for output in (np.array([-1.0, 2, -3, -4]), np.array([[-1.0], [2], [-3], [-4]])):
        assert tasks.score("binary", BITS, output, 0.0, 0.0)["accuracy"] == 0.75


def test_numbers_are_scored_by_explained_variance() -> None:
    mean = NUMBERS.mean()
    perfect = tasks.score("regression", NUMBERS, NUMBERS[:, None], 0.5, mean)
    assert perfect == {"r2": 1.0, "r2_error": 0.0}
    constant = tasks.score("regression", NUMBERS, np.full((4, 1), mean), 0.5, mean)
    assert constant["r2"] == pytest.approx(0.0)
    broken = tasks.score("regression", NUMBERS, np.full((4, 1), np.nan), 0.5, mean)
    assert math.isnan(broken["r2"])
    assert tasks.find_right("regression", NUMBERS, NUMBERS, 0.5) is None
    assert tasks.score("other", NUMBERS, NUMBERS, 0.5, mean) == {}
