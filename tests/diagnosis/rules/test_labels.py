"""Rare positives and wrong labels, on records written by hand."""

from typing import Any

import pytest

from kerasdemo.diagnosis import diagnose
from kerasdemo.records import Run, Task
from tests.factories import falling, make_python_run, rising

RARE = {
    "label_shares": [0.02],
    "class_shares": [0.98, 0.02],
    "linear_baseline": {"train": 0.981, "validation": 0.98},
}


def rare(accuracy: float, balanced: float, auc: float, val_balanced: float | None = None) -> Run:
    """A run on 1,000 examples with 2 % of positives."""
    return make_python_run(
        "binary",
        loss=falling(0.7, 0.05),
        accuracy=rising(0.9, accuracy),
        balanced_accuracy=rising(0.5, balanced),
        auc=rising(0.5, auc),
        val_loss=falling(0.7, 0.06),
        val_accuracy=rising(0.9, accuracy - 0.005),
        val_balanced_accuracy=rising(0.5, balanced if val_balanced is None else val_balanced),
        val_auc=rising(0.5, auc),
        data={**RARE, "validation": 2000},
    )


@pytest.mark.parametrize(
    ("accuracy", "balanced", "code"), [(0.98, 0.5, "K110"), (0.995, 0.65, "K113")]
)
def test_rare_positives_that_are_missed_are_the_cause(
    accuracy: float, balanced: float, code: str
) -> None:
    verdict = diagnose(rare(accuracy, balanced, 0.97))
    assert (verdict.outcome, verdict.code) == ("optimization_failure", code)
    assert verdict.causes[0].name == "rare_positives"
    assert verdict.remedies[0].code == "model.fit(..., class_weight={0: 0.51, 1: 25.0})"


@pytest.mark.parametrize(
    ("accuracy", "balanced"), [(0.998, 0.95), (0.93, 0.92)], ids=["found", "with class weights"]
)
def test_rare_positives_that_are_found_are_healthy(accuracy: float, balanced: float) -> None:
    """Weights of classes take accuracy below that of a constant answer, as they should."""
    assert diagnose(rare(accuracy, balanced, 0.98)).is_healthy


def test_rare_positives_that_nothing_tells_apart_are_no_matter_of_weights() -> None:
    verdict = diagnose(rare(0.98, 0.5, 0.55))
    assert verdict.outcome == "optimization_failure"
    assert "rare_positives" not in [cause.name for cause in verdict.causes]


def test_rare_positives_that_are_memorized_are_overfitting() -> None:
    verdict = diagnose(rare(0.999, 0.99, 0.999, val_balanced=0.6))
    assert (verdict.outcome, verdict.code) == ("overfitting", "K130")
    assert "validation balanced accuracy 60.0%" in verdict.summary


def test_of_several_rare_labels_a_balanced_loss_is_suggested() -> None:
    verdict = diagnose(
        make_python_run(
            "multi_label",
            loss=falling(0.7, 0.15),
            accuracy=rising(0.9, 0.95),
            balanced_accuracy=rising(0.5, 0.52),
            auc=rising(0.5, 0.9),
            data={"label_shares": [0.05, 0.04, 0.06]},
        )
    )
    assert verdict.causes[0].name == "rare_positives"
    assert "BinaryFocalCrossentropy(apply_class_balancing=True, alpha=0.95)" in (
        verdict.remedies[0].code or ""
    )


def test_common_labels_are_judged_by_accuracy() -> None:
    run = make_python_run(
        "binary",
        loss=falling(0.7, 0.2),
        accuracy=rising(0.5, 0.93),
        balanced_accuracy=rising(0.5, 0.74),
        auc=rising(0.5, 0.97),
    )
    assert diagnose(run).is_healthy


def suspected(
    share: float, accuracy: float, task: Task = "classification", queries: int = 250, **setup: Any
) -> Run:
    return make_python_run(
        task,
        loss=falling(1.1, 0.4),
        accuracy=rising(0.4, accuracy),
        val_loss=falling(1.1, 0.5),
        val_accuracy=rising(0.4, accuracy),
        data={"label_noise": {"suspect_share": share, "queries": queries}},
        setup=setup,
    )


def test_wrong_labels_are_a_cause_of_failure_and_otherwise_a_note() -> None:
    failed = diagnose(suspected(0.3, 0.5, loss={"name": "categorical_crossentropy"}))
    assert failed.causes[0].name == "wrong_labels"
    assert "CategoricalCrossentropy(label_smoothing=0.1)" in (failed.remedies[0].code or "")
    works = diagnose(suspected(0.3, 0.85))
    assert works.is_healthy
    note = "K220, wrong labels: Of the examples whose nearest neighbors agree, 30% have another"
    assert works.notes == (f"{note} label.",)
    assert works.remedies[0].patch.keys() == {"training.early_stopping"}


@pytest.mark.parametrize(
    ("share", "queries"), [(0.1, 250), (0.2, 40), (0.0, 250)], ids=["overlap", "few", "none"]
)
def test_classes_that_overlap_are_no_wrong_labels(share: float, queries: int) -> None:
    assert diagnose(suspected(share, 0.85, queries=queries)).notes == ()
