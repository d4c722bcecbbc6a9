"""Overfitting, other data in the test, and healthy runs, on curves written by hand."""

from dataclasses import replace
from typing import Any

import pytest

from kerasdemo.config import parse
from kerasdemo.diagnosis import RunFeatures, diagnose
from kerasdemo.diagnosis.rules.generalization import SplitDiffers
from kerasdemo.records import Run
from tests.factories import MakeRun, falling, rising

FIZZBUZZ = "data: {name: fizzbuzz}\n"


def test_a_healthy_run_is_healthy_and_gets_no_advice(good: Run) -> None:
    verdict = diagnose(good)
    assert verdict.outcome == "healthy"
    assert verdict.is_healthy
    assert verdict.causes == verdict.remedies == verdict.notes == ()
    assert verdict.evidence["accuracy"] == pytest.approx(0.99, abs=1e-3)


def test_validation_above_99_percent_is_success(run: MakeRun) -> None:
    curves = {"accuracy": rising(0.5, 0.9999), "val_accuracy": rising(0.5, 0.993)}
    outcome = run(loss=falling(2, 1e-4), val_loss=falling(2, 0.03), **curves)
    assert diagnose(outcome).outcome == "healthy"


def test_overfitting_with_its_epoch_and_interval(run: MakeRun) -> None:
    val_loss = [1.0, 0.6, 0.45, 0.4, 0.42] + [0.45 + 0.04 * n for n in range(15)]
    outcome = run(
        loss=falling(2.3, 0.001),
        accuracy=rising(0.1, 1.0),
        val_loss=val_loss,
        val_accuracy=rising(0.1, 0.88),
    )
    verdict = diagnose(outcome)
    assert (verdict.outcome, verdict.epoch) == ("overfitting", 4)
    low, gap, high = (verdict.evidence[f"gap{end}"] for end in ("_low", "", "_high"))
    assert low < gap < high
    assert [r.answers for r in verdict.remedies] == ["overfitting"] * len(verdict.remedies)
    assert "training.early_stopping" in verdict.remedies[0].patch


def test_one_bad_last_epoch_is_noise(good: Run) -> None:
    """UMLAUT took a one-epoch rise of validation loss for overfitting (diagnosis, lesson 3)."""
    bumped = (*good.history.val_loss[:-1], good.history.val_loss[-1] * 1.15)
    assert diagnose(replace(good, history=replace(good.history, val_loss=bumped))).is_healthy


def test_a_gap_on_few_validation_examples_is_not_sure(run: MakeRun) -> None:
    curves = {
        "loss": falling(2, 0.01),
        "accuracy": rising(0.1, 1.0),
        "val_loss": falling(2, 0.5),
        "val_accuracy": rising(0.1, 0.86),
    }
    few = {"linear_baseline": None, "validation": 50}
    assert diagnose(run(**curves, data=few)).outcome == "healthy"
    many = {"linear_baseline": None, "validation": 10_000}
    assert diagnose(run(**curves, data=many)).outcome == "overfitting"


@pytest.mark.parametrize(("end", "expected"), [(0.9, "overfitting"), (0.95, "healthy")])
def test_a_wide_gap_is_overfitting_before_the_loss_turns(
    run: MakeRun, end: float, expected: str
) -> None:
    outcome = run(
        loss=falling(2.3, 0.01),
        accuracy=rising(0.1, 0.99),
        val_loss=falling(2.3, 0.4),
        val_accuracy=rising(0.1, end),
    )
    assert diagnose(outcome).outcome == expected


def test_good_validation_and_a_bad_test_is_a_mismatch(run: MakeRun, good: Run) -> None:
    facts = {**good.facts, "test": {"loss": 3.0, "accuracy": 0.475}}
    facts["data"] = {**facts["data"], "test_input": {"mean": 0.13, "sd": 1.05}}
    verdict = diagnose(replace(good, facts=facts))
    assert verdict.outcome == "test_mismatch"
    assert "sd 1.05" in verdict.summary
    patches = [remedy.patch for remedy in verdict.remedies]
    assert patches[0] == {"network.dropout": 0.7}
    assert patches[1] == {"data.noise.train": 1.0, "data.noise.validation": 1.0}
    config = parse("network: {depth: 2, units: 20, activation: relu}")
    narrow = replace(good, facts=facts, config=config)
    patches = [remedy.patch for remedy in diagnose(narrow).remedies]
    assert patches[1] == {"network.dropout": 0.7}  # which leaves 20 units too little


def test_a_small_difference_of_validation_and_test_is_chance(good: Run) -> None:
    facts = {**good.facts, "test": {"loss": 0.2, "accuracy": 0.945}}
    assert diagnose(replace(good, facts=facts)).is_healthy


def test_without_validation_the_test_set_tells(run: MakeRun) -> None:
    bare = {"train": 900, "validation": 0, "test": 1000, "linear_baseline": None}
    curves = {"loss": falling(1.1, 0.01), "accuracy": rising(0.5, 1.0)}
    outcome = run(FIZZBUZZ, **curves, data=bare, test={"loss": 2.0, "accuracy": 0.6})
    verdict = diagnose(outcome)
    assert (verdict.outcome, verdict.epoch) == ("overfitting", None)
    assert any("Without validation" in note for note in verdict.notes)
    fine = run(FIZZBUZZ, **curves, data=bare, test={"loss": 0.1, "accuracy": 0.98})
    assert diagnose(fine).outcome == "healthy"


def sorted_file(part: str = "validation_", **shares: Any) -> dict[str, Any]:
    return {"classes": 3, "class_shares": [0.5, 0.5, 0.0], f"{part}class_shares": [0, 0, 1.0]}


def test_a_file_that_is_sorted_by_class_comes_first(run: MakeRun) -> None:
    curves = {"loss": falling(1.1, 0.01), "accuracy": rising(0.5, 1.0)}
    curves |= {"val_loss": rising(1.1, 9.0), "val_accuracy": [0.0] * 20}
    outcome = run(**curves, data=sorted_file())
    verdict = diagnose(outcome)
    assert (verdict.outcome, verdict.code) == ("test_mismatch", "K141")
    assert "training has no example of class 2, validation has" in verdict.summary
    assert verdict.remedies[0].patch == {"data.shuffle": True}
    tested = diagnose(run(**curves, data=sorted_file("test_")))
    assert "The test set is not like the training set" in tested.summary


@pytest.mark.parametrize(
    ("shares", "count", "expected"),
    [
        ((0.5, 0.5, 0.0), 100, "validation has no example of class 2, training has"),
        ((0.5, 0.5, 0.0), 10, None),  # by chance
        ((0.1, 0.1, 0.8), 100, "40% of the validation examples are of other classes"),
        ((0.35, 0.3, 0.35), 100, None),
        ((0.6, 0.0, 0.4), 3, None),
    ],
)
def test_classes_that_differ_beyond_chance(
    run: MakeRun, shares: tuple[float, ...], count: int, expected: str | None
) -> None:
    data = {"class_shares": [0.3, 0.3, 0.4], "validation_class_shares": shares, "classes": 3}
    features = RunFeatures(run(data={**data, "validation": count}))
    found = SplitDiffers().find(features)
    assert found is None if expected is None else found and expected in found.text
