"""What is read off a run."""

import pytest

from kerasdemo.diagnosis import RunFeatures, diagnose
from kerasdemo.records import History, Run
from tests.factories import MakeRun, falling, mnist_config


def test_momentum_counts_into_the_learning_rate(run: MakeRun) -> None:
    plain = RunFeatures(run(mnist_config("", "name: sgd, learning_rate: 0.01")))
    heavy = RunFeatures(run(mnist_config("", "name: sgd, learning_rate: 0.01, momentum: 0.9")))
    assert plain.learning_rate_ratio == pytest.approx(1)
    assert heavy.learning_rate_ratio == pytest.approx(10)


@pytest.mark.parametrize("facts", [{"kept_epoch": 4}, {}])
def test_restored_weights_count_not_the_last_epoch(run: MakeRun, facts: dict[str, int]) -> None:
    text = "data: {name: mnist}\ntraining: {early_stopping: {patience: 12}}\n"
    val_loss = [1.0, 0.5, 0.3, 0.2] + [0.25 + 0.05 * n for n in range(12)]
    outcome = run(
        text,
        loss=falling(2, 0.001, 16),
        accuracy=[0.8, 0.9, 0.95, 0.97] + [1.0] * 12,
        val_loss=val_loss,
        val_accuracy=[0.8, 0.88, 0.93, 0.95] + [0.9] * 12,
        stopped_early=True,
        **facts,
    )
    verdict = diagnose(outcome)
    assert verdict.outcome == "healthy"
    assert verdict.evidence["accuracy"] == 0.97


def test_a_run_without_facts_is_diagnosed_by_its_config(run: MakeRun) -> None:
    bare = Run(run().config, History((2.3,) * 9, (0.1,) * 9, (2.3,) * 9, (0.1,) * 9))
    assert diagnose(bare).outcome == "optimization_failure"
