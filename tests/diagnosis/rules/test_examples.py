"""The order of rows, NaN, and copies, on records written by hand."""

import math
from typing import Any

import pytest

from kerasdemo.diagnosis import diagnose
from kerasdemo.records import Run
from tests.factories import falling, make_python_run, rising

SORTED = {"by": "class", "runs": 3, "expected": 660.0, "z": -30.0, "is_sorted": True}


def with_data(accuracy: float, **data: Any) -> Run:
    return make_python_run(
        loss=falling(1.1, 0.9 if accuracy < 0.8 else 0.1),
        accuracy=rising(0.4, accuracy),
        data={"linear_baseline": {"train": 0.8, "validation": 0.8}, **data},
    )


def test_rows_in_order_are_the_cause() -> None:
    verdict = diagnose(with_data(0.5, order={**SORTED, "shuffled": False}))
    assert verdict.causes[0].name == "rows_in_order"
    assert "and they were not shuffled" in verdict.causes[0].text
    assert "permutation(len(x))" in (verdict.remedies[0].code or "")
    unsure = diagnose(with_data(0.5, order=SORTED)).causes[0]
    assert "if they are not shuffled" in unsure.text
    assert unsure.weight < verdict.causes[0].weight


@pytest.mark.parametrize(
    "order", [None, {**SORTED, "by": None}, {**SORTED, "shuffled": True}], ids=str
)
def test_rows_that_are_shuffled_are_no_first_cause(order: dict[str, Any] | None) -> None:
    verdict = diagnose(with_data(0.5, order=order))
    assert verdict.causes[0].name != "rows_in_order"


def test_rows_in_order_are_no_fault_of_a_run_that_works() -> None:
    verdict = diagnose(with_data(0.97, order=SORTED))
    assert verdict.is_healthy
    assert not any("order" in note for note in verdict.notes)


def test_an_answer_for_what_came_last_says_that_rows_were_not_shuffled() -> None:
    """70 % of one class, then 30 % of the other: right on the last ones, and sure of it."""
    shares = {"classes": 2, "class_shares": [0.7, 0.3], "label_shares": [0.3]}
    run = make_python_run(
        "binary",
        loss=[2.6, 2.5, 2.4, 2.4, 2.4, 2.4],
        accuracy=[0.31] * 6,
        data={**shares, "order": SORTED},
        facts={"initial": {"loss": 0.7}},
        setup={"optimizer": {"name": "sgd", "learning_rate": 0.5}},
    )
    assert diagnose(run).causes[0].name == "rows_in_order"


MOVED = {
    "linear_baseline": {"train": 0.73, "validation": 0.3},
    "neighbor_baseline": 0.76,
    "neighbor_baseline_validation": 0.35,
}


@pytest.mark.parametrize(
    ("data", "is_noted"),
    [
        (MOVED, True),
        ({**MOVED, "linear_baseline": {"train": 0.95, "validation": 0.6}}, True),
        ({**MOVED, "neighbor_baseline_validation": 0.74}, False),
        ({**MOVED, "repeated": 0.5}, False),
        ({**MOVED, "validation": 8}, False),
    ],
    ids=["both", "a linear one that memorizes, too", "a linear one alone", "copies", "few"],
)
def test_validation_examples_of_another_kind_are_noted(
    data: dict[str, Any], is_noted: bool
) -> None:
    run = make_python_run(
        loss=falling(1.1, 0.1),
        accuracy=rising(0.4, 0.97),
        val_loss=falling(1.1, 1.0),
        val_accuracy=rising(0.4, 0.5),
        data={"validation": 500, **data},
    )
    verdict = diagnose(run)
    assert any("not like the training examples" in note for note in verdict.notes) == is_noted
    if data == MOVED:
        text = "accuracy is 73.0% and 30.0% of a linear classifier, and 76.0% and 35.0% of nearest"
        assert any(text in note for note in verdict.notes)


def test_nan_among_the_inputs_is_the_first_cause_of_a_broken_loss() -> None:
    run = make_python_run(
        loss=[math.nan],
        accuracy=[0.4],
        data={"not_finite": {"x": 3, "y": 0}},
        facts={"status": "diverged"},
    )
    verdict = diagnose(run)
    assert verdict.causes[0].name == "not_finite"
    assert "3 of the inputs are NaN or infinite" in verdict.causes[0].text
    assert "np.isfinite" in (verdict.remedies[0].code or "")


def test_nan_is_worth_a_note_and_none_is_not() -> None:
    notes = diagnose(with_data(0.97, not_finite={"x": 1, "y": 2})).notes
    assert any("1 of the inputs and 2 of the targets are NaN or infinite" in note for note in notes)
    assert not any("NaN" in n for n in diagnose(with_data(0.97, not_finite={"x": 0, "y": 0})).notes)


@pytest.mark.parametrize(
    ("leaked", "repeated", "is_noted"),
    [
        (0.3, 0.0, True),
        (0.01, 0.0, False),
        (0.45, 0.4, False),
        (0.95, 0.65, True),
        (0.0, 0.0, False),
    ],
)
def test_copies_of_training_examples_are_noted(
    leaked: float, repeated: float, is_noted: bool
) -> None:
    verdict = diagnose(with_data(0.97, leaked=leaked, repeated=repeated))
    assert verdict.is_healthy
    assert any(note.startswith("K223") for note in verdict.notes) == is_noted


def test_an_input_that_follows_the_target_is_noted() -> None:
    verdict = diagnose(with_data(0.97, target_copies={"3": -0.9998, "5": 0.9991}))
    (note,) = (note for note in verdict.notes if note.startswith("K224"))
    assert "The input number 3 follows the target almost exactly (correlation 0.9998)" in note
    assert not any(
        note.startswith("K224")
        for note in diagnose(with_data(0.97, target_copies={"5": 0.9991})).notes
    )
