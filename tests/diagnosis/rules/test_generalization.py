"""Overfitting and healthy runs, on curves written by hand."""

from dataclasses import replace

import pytest

from kerasdemo.diagnosis import diagnose
from kerasdemo.records import Run
from tests.factories import PLAIN, MakeRun, falling, rising

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
    unsure = diagnose(run(**curves, data=few))
    assert (unsure.outcome, unsure.code) == ("cannot_tell", "K005")
    assert "validation accuracy of 50 examples 86.0%: a gap of 14.0 ± 9.9 points" in unsure.summary
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


def test_without_validation_the_test_set_tells(run: MakeRun) -> None:
    bare = {"train": 900, "validation": 0, "test": 1000, "linear_baseline": None}
    curves = {"loss": falling(1.1, 0.01), "accuracy": rising(0.5, 1.0)}
    outcome = run(FIZZBUZZ, **curves, data=bare, test={"loss": 2.0, "accuracy": 0.6})
    verdict = diagnose(outcome)
    assert (verdict.outcome, verdict.epoch) == ("overfitting", None)
    assert any("Without validation" in note for note in verdict.notes)
    fine = run(FIZZBUZZ, **curves, data=bare, test={"loss": 0.1, "accuracy": 0.98})
    assert diagnose(fine).outcome == "healthy"


CHANCE = {
    "class_shares": [0.4, 0.3, 0.3],
    "classes": 3,
    "train": 1_000,
    "validation": 150,
    "linear_baseline": {"train": 0.45, "validation": 0.41},
    "neighbor_baseline": 0.38,
    "neighbor_baseline_validation": 0.38,
}


def shuffled_labels(run: MakeRun, text: str = PLAIN, **data: object) -> Run:
    """Training goes on, validation stays at chance; stopped before a gap is clear."""
    return run(
        text,
        loss=falling(1.1, 1.0),
        accuracy=rising(0.4, 0.46),
        val_loss=[1.1] * 20,
        val_accuracy=[0.4, 0.41, 0.44, 0.43] * 5,
        data=CHANCE | data,
    )


def test_what_nobody_finds_on_new_examples_is_no_success(run: MakeRun) -> None:
    verdict = diagnose(shuffled_labels(run))
    assert (verdict.outcome, verdict.code) == ("cannot_tell", "K006")
    assert (
        "Validation accuracy of 150 examples is 43.0%, within chance no better" in verdict.summary
    )


@pytest.mark.parametrize(
    "known",
    [
        {"linear_baseline": {"train": 0.6, "validation": 0.6}},
        {"neighbor_baseline_validation": 0.6, "neighbor_baseline": 0.6},
        {"validation": 15_000},
        {"linear_baseline": None, "neighbor_baseline_validation": None},
    ],
    ids=["a linear model does", "neighbors do", "it is better", "nobody knows"],
)
def test_where_there_is_something_to_find_it_is_another_outcome(
    run: MakeRun, known: dict[str, object]
) -> None:
    assert diagnose(shuffled_labels(run, **known)).code != "K006"


def test_a_rare_class_that_is_not_found_gets_weights(run: MakeRun) -> None:
    rare = {
        "class_shares": [0.97, 0.03],
        "classes": 2,
        "train": 1_000,
        "validation": 150,
        "linear_baseline": {"train": 0.97, "validation": 0.97},
        "neighbor_baseline": 0.97,
        "neighbor_baseline_validation": 0.97,
    }
    outcome = run(
        loss=falling(0.2, 0.01),
        accuracy=rising(0.97, 0.999),
        val_loss=falling(0.2, 0.1),
        val_accuracy=rising(0.96, 0.98),
        data=rare,
    )
    verdict = diagnose(outcome)
    assert verdict.code == "K006"
    assert verdict.remedies[0].patch == {"training.class_weight": "balanced"}


def test_a_score_on_hardly_any_examples_is_no_success(good: Run) -> None:
    def with_examples(validation: int, test: int) -> Run:
        data = good.facts["data"] | {"validation": validation, "test": test}
        return replace(good, facts=good.facts | {"data": data})

    verdict = diagnose(with_examples(3, 6))
    assert (verdict.outcome, verdict.code) == ("cannot_tell", "K005")
    assert "only 9 examples are held out" in verdict.summary
    assert diagnose(with_examples(30, 60)).outcome == "healthy"
