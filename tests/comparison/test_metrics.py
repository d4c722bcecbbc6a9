"""Values of metrics."""

import math
from dataclasses import replace

from kerasdemo.comparison.metrics import fewest_examples, part_of, score_of, usual_metric, value_of
from tests.factories import make_loss_summary, make_summary


def test_what_no_accuracy_can_be_is_none() -> None:
    assert math.isnan(value_of(make_summary(1e308), "val_accuracy"))


def test_only_a_finished_run_has_a_value() -> None:
    assert value_of(make_summary(0.5), "val_accuracy") == 0.5
    assert value_of(make_summary(0.5), "seconds") == 2.0
    assert math.isnan(value_of(make_summary(0.5), "test_loss"))
    for status in ("diverged", "failed", "interrupted"):
        assert math.isnan(value_of(replace(make_summary(0.5), status=status), "val_accuracy"))


def test_the_usual_metric_is_one_that_every_finished_run_has() -> None:
    assert (
        usual_metric([make_summary(0.5), replace(make_loss_summary(0.5), status="failed")])
        == "val_accuracy"
    )
    assert usual_metric([make_summary(0.5), make_loss_summary(0.5)]) == "test_accuracy"


def test_an_accuracy_is_of_the_examples_of_its_part() -> None:
    counts = [{"train": 50, "validation": 20}, {"train": 40, "validation": 30}, {}]
    assert fewest_examples(counts, "val_accuracy") == 20
    assert fewest_examples(counts, "accuracy") == 40
    assert fewest_examples(counts, "test_accuracy") is None
    assert [part_of(name) for name in ("loss", "val_loss", "seconds")] == [
        "train", "validation", "train",
    ]  # fmt: skip


def test_beside_a_time_stands_the_score_of_the_runs() -> None:
    accuracy, loss = make_summary(0.5), make_loss_summary(0.5)
    accuracy = replace(accuracy, metrics={"accuracy": accuracy.metrics["val_accuracy"]})
    regression = replace(loss, metrics=loss.metrics | {"r2": loss.metrics["val_loss"]})
    assert score_of("test_r2", []) == "r2"
    assert [score_of("seconds", [run]) for run in (accuracy, regression, loss)] == [
        "accuracy", "r2", "loss",
    ]  # fmt: skip
