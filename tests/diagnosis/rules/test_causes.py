"""Why training went wrong: one record by hand for each cause."""

from typing import Any

import pytest

from kerasdemo import config
from kerasdemo.diagnosis import diagnose
from tests.factories import FAULTS, STUCK, Layers, MakeRun, falling, mnist_config, rising


@pytest.mark.parametrize(("cause", "config_text", "layers", "facts"), FAULTS)
def test_the_cause_is_named_first(
    run: MakeRun, cause: str, config_text: str, layers: Layers, facts: dict[str, Any]
) -> None:
    verdict = diagnose(run(config_text, **STUCK, layers=layers, **facts))
    assert verdict.outcome == "optimization_failure"
    assert verdict.causes[0].name == cause, verdict.causes
    assert verdict.remedies[0].answers == cause
    weights = [c.weight for c in verdict.causes]
    assert weights == sorted(weights, reverse=True)


def test_every_remedy_makes_a_valid_config(run: MakeRun) -> None:
    for _, config_text, layers, facts in FAULTS:
        for remedy in diagnose(run(config_text, **STUCK, layers=layers, **facts)).remedies:
            before = config.parse(config_text)
            changed = before.with_changes(remedy.patch)
            assert changed.settings != before.settings
            assert config.parse(changed.to_yaml("why")).settings == changed.settings


@pytest.mark.parametrize(("cause", "config_text", "layers", "facts"), FAULTS)
def test_a_good_run_has_no_cause(
    run: MakeRun, cause: str, config_text: str, layers: Layers, facts: dict[str, Any]
) -> None:
    """A symptom explains a bad outcome; without one it is no fault."""
    fine = {"loss": falling(2.3, 0.05, 12), "accuracy": rising(0.1, 0.97, 12)}
    assert diagnose(run(config_text, **fine, layers=layers, **facts)).causes == ()


def test_diverged_runs_do_not_get_more_epochs(run: MakeRun) -> None:
    verdict = diagnose(run(mnist_config("", "name: sgd, learning_rate: 5.0"), status="diverged"))
    names = [cause.name for cause in verdict.causes]
    assert names[0] == "learning_rate_too_high"
    assert not {"too_few_updates", "learning_rate_too_low", "network_too_small"} & set(names)
