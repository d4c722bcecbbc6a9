"""Runs that say too little."""

import pytest

from kerasdemo.diagnosis import diagnose
from tests.factories import MakeRun


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
