"""What sanity checks change in a verdict."""

from dataclasses import replace
from typing import Any

from kerasdemo.diagnosis import Verdict, diagnose
from kerasdemo.records import Run
from tests.factories import STUCK, MakeRun, layer_curves, mnist_config


def checks(losses: dict[float, float], rate: float, adam: float = 1.0, batch: float = 1.0) -> Any:
    """Sanity checks: each rate's loss from 2.3, and how well one batch was memorized."""
    return {
        "learning_rates": {
            "steps": 200,
            "loss_before": 2.4,
            "own_rate": rate,
            "best_rate": min(losses, key=lambda rate: losses[rate]),
            "rates": [{"rate": r, "loss": x, "accuracy": 0.5} for r, x in losses.items()],
        },
        "zeroed_input": {"rate": rate, "loss": 2.3, "accuracy": 0.1127},
        "one_batch": {
            "examples": 32,
            "steps": 400,
            "own": {"loss": 1.0, "accuracy": batch},
            "adam": {"loss": 1.0, "accuracy": adam},
        },
    }


def checked(run: Run, **found: Any) -> Verdict:
    return diagnose(replace(run, sanity_checks=checks(**found)))


def test_a_learning_rate_is_proven_or_cleared(run: MakeRun) -> None:
    config_text = mnist_config("depth: 2", "name: adam, learning_rate: 0.1")
    hidden = layer_curves([0.0, 0.0, 0.3], dead=1.0, update=60.0)
    failed = run(config_text, **STUCK, layers=hidden, updates=160)
    assert diagnose(failed).causes[0].name == "learning_rate_too_high"
    proven = checked(failed, losses={0.001: 0.1, 0.1: 2.3}, rate=0.1)
    assert proven.causes[0].name == "learning_rate_too_high"
    assert proven.remedies[0].patch == {"optimizer.learning_rate": 0.001}
    assert "in 200 steps the loss gets to 2.3, with 0.001 to 0.1" in proven.causes[0].text
    cleared = checked(failed, losses={0.001: 0.2, 0.1: 0.1}, rate=0.1)
    assert cleared.causes[0].name != "learning_rate_too_high"
    low = checked(failed, losses={0.1: 2.29, 1.0: 0.1}, rate=0.1)
    assert low.causes[0].name == "learning_rate_too_low"
    assert "learning_rate_too_high" not in [cause.name for cause in low.causes]


def test_no_rate_that_beats_zeroed_inputs_proves_nothing(run: MakeRun) -> None:
    failed = run(mnist_config("depth: 2", "name: sgd, learning_rate: 0.1"), **STUCK)
    blind = checked(failed, losses={0.1: 2.29, 1.0: 2.28}, rate=0.1)
    assert not any("best_learning_rate" in cause.evidence for cause in blind.causes)
    assert any("does not look at them" in note for note in blind.notes)


def test_one_batch_tells_the_steps_from_the_network(run: MakeRun) -> None:
    failed = run(mnist_config("depth: 2", "name: sgd, learning_rate: 0.1"), **STUCK)
    rates = {"losses": {0.1: 2.29}, "rate": 0.1}
    assert diagnose(failed).causes[0].name == "network_too_small"  # for want of anything better
    steps = checked(failed, **rates, batch=0.3)
    assert "network_too_small" not in [cause.name for cause in steps.causes]
    assert any("the optimizer is at fault" in note for note in steps.notes)
    output = run(mnist_config("depth: 2", rest="loss: mse\n"), **STUCK)
    neither = checked(output, **rates, batch=0.3, adam=0.3)
    assert neither.causes[0].weight == 0.95
    assert "Not even one batch can be memorized" in neither.causes[0].text


def test_a_good_run_with_checks_gets_a_conclusion_and_no_advice(good: Run) -> None:
    found = checks({0.1: 2.29}, rate=0.1, batch=0.3, adam=0.3)
    verdict = diagnose(replace(good, sanity_checks=found))
    assert replace(verdict, notes=()) == diagnose(good)
    assert [note.startswith("Conclusion") for note in verdict.notes] == [True]
