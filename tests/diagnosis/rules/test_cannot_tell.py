"""Runs that say too little."""

from dataclasses import replace

import pytest

from kerasdemo.diagnosis import diagnose
from kerasdemo.records.curves import from_history
from tests.factories import MakeRun, dense, falling, make_python_run, rising


@pytest.mark.parametrize(
    ("facts", "curves", "text"),
    [
        ({"status": "failed", "reason": "no memory"}, {}, "no memory"),
        ({"status": "interrupted"}, {}, "No whole epoch"),
        ({}, {"loss": [2.0, 1.0]}, "not measured"),
        ({}, {"loss": [2.1], "accuracy": [0.3]}, "more epochs"),
    ],
)
def test_cannot_tell_says_what_would(
    run: MakeRun, facts: dict[str, str], curves: dict[str, list[float]], text: str
) -> None:
    verdict = diagnose(run(**curves, **facts))
    assert verdict.outcome == "cannot_tell"
    assert text in verdict.summary


def test_a_single_epoch_gets_more_epochs(run: MakeRun) -> None:
    config_text = "data: {name: mnist}\ntraining: {epochs: 1, early_stopping: null}\n"
    verdict = diagnose(run(config_text, loss=[2.0], accuracy=[0.3]))
    assert [remedy.patch for remedy in verdict.remedies] == [{"training.epochs": 10}]


def test_a_loss_from_curves_alone_has_no_scale() -> None:
    loss = falling(1.4e7, 1.1e7)
    verdict = diagnose(from_history({"loss": loss, "val_loss": loss}, "mine"))
    assert (verdict.outcome, verdict.code) == ("cannot_tell", "K004")
    assert "fell from 1.4e+07 to 1.1e+07 and does not fall any more" in verdict.summary
    assert "the validation loss did not rise" in verdict.summary
    assert "R2Score()" in verdict.summary


def test_what_curves_of_a_loss_show_is_told() -> None:
    falls = [4.0 - 0.2 * n for n in range(16)]
    assert diagnose(from_history({"loss": falls}, "mine")).outcome == "still_improving"
    rises = {
        "loss": falling(2.0, 0.01),
        "val_loss": [2.0, 1.0, 0.7, 0.6, 0.62, *rising(0.65, 1.4, 15)],
    }
    assert diagnose(from_history(rises, "mine")).outcome == "overfitting"


def test_accuracy_from_curves_alone_is_good_as_far_as_the_data_allows() -> None:
    curves = {"loss": falling(0.6, 0.1), "accuracy": rising(0.9, 0.976)}
    alone = from_history(curves, "mine")
    # Two classes, of which nobody knows how rare one is.
    of_model = replace(alone, facts={**alone.facts, "data": {"classes": 2}})
    for run in (alone, of_model):
        verdict = diagnose(run)
        assert verdict.outcome == "healthy"
        assert "is good:" not in verdict.summary
        assert "depends on the data" in verdict.summary
    recorded = replace(alone, facts={**alone.facts, "data": {"class_shares": [0.5, 0.5]}})
    assert "Accuracy is good: training 97.6%" in diagnose(recorded).summary


@pytest.mark.parametrize(
    ("activation", "accuracy", "code"),
    [("linear", 0.8, "K007"), ("relu", 0.8, "K100"), ("linear", 0.99, "K100")],
)
def test_linear_hidden_layers_are_no_network(activation: str, accuracy: float, code: str) -> None:
    layers = [
        dense("dense", 64, 8, activation),
        dense("dense_1", 64, 64, activation),
        dense("dense_2", 3, 64, "softmax"),
    ]
    linear = {"train": accuracy, "validation": accuracy}
    run = make_python_run(
        network=layers,
        loss=falling(1.1, 0.5),
        accuracy=rising(0.4, accuracy),
        val_loss=falling(1.1, 0.5),
        val_accuracy=rising(0.4, accuracy),
        data={"linear_baseline": linear, "validation": 1_000},
    )
    verdict = diagnose(run)
    assert verdict.code == code
    assert [dict(one.patch) for one in verdict.remedies] == (
        [{"layers.dense.activation": "relu", "layers.dense_1.activation": "relu"}]
        if code == "K007"
        else []
    )
