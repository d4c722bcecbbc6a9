"""Simple baselines that do better."""

from dataclasses import replace
from typing import Any

from kerasdemo.diagnosis import diagnose
from kerasdemo.records import Run
from tests.factories import MakeRun, falling, rising


def sample(**more: Any) -> dict[str, Any]:
    """As many examples as the bundled sample splits into."""
    return {"train": 3_500, "validation": 500, "test": 1_000, **more}


def test_a_linear_classifier_that_memorized_is_no_bar(run: MakeRun) -> None:
    baseline = {"linear_baseline": {"train": 1.0, "validation": 0.85}}
    outcome = run(
        loss=falling(2, 0.1),
        accuracy=rising(0.1, 0.96),
        val_loss=falling(2, 0.3),
        val_accuracy=rising(0.1, 0.93),
        data=baseline,
    )
    assert diagnose(outcome).outcome == "healthy"


def test_the_best_run_known_is_a_bar(good: Run) -> None:
    weaker = replace(good, history=replace(good.history, accuracy=tuple(rising(0.1, 0.9))))
    assert diagnose(weaker).outcome == "healthy"
    assert diagnose(weaker, reference=0.999).outcome == "optimization_failure"


def weak(run: MakeRun, train: float, validation: float, pace: float = 3.0, **facts: Any) -> Run:
    """A run whose accuracies stand still early; at a slow pace its losses still fall."""
    return run(
        loss=falling(2.3, 0.4, pace=pace),
        accuracy=rising(0.1, train),
        val_loss=falling(2.3, 0.5, pace=pace),
        val_accuracy=rising(0.1, validation),
        **facts,
    )


NEIGHBORS = {"neighbor_baseline": 0.903, "linear_baseline": {"train": 0.9, "validation": 0.806}}


def test_a_network_below_its_neighbors_is_not_healthy(run: MakeRun) -> None:
    verdict = diagnose(weak(run, 0.93, 0.856, data=sample(**NEIGHBORS)))
    assert (verdict.outcome, verdict.code) == ("overfitting", "K131")
    assert "below nearest neighbors (90.3%)" in verdict.summary
    assert verdict.remedies
    assert "training.early_stopping" not in verdict.remedies[0].patch


def test_below_them_and_still_falling_it_is_to_go_on(run: MakeRun) -> None:
    verdict = diagnose(weak(run, 0.93, 0.86, pace=0.5, data=sample(**NEIGHBORS)))
    assert verdict.outcome == "still_improving"
    assert "below nearest neighbors" in verdict.summary
    assert verdict.remedies


def test_below_them_in_training_as_well_it_is_no_overfitting(run: MakeRun) -> None:
    verdict = diagnose(weak(run, 0.895, 0.86, data=sample(validation=200, **NEIGHBORS)))
    assert verdict.outcome == "healthy"  # 200 examples can not tell
    beaten = {"neighbors": {"only_baseline_right": 15, "only_network_right": 2}}
    sure = weak(run, 0.87, 0.865, data=sample(**NEIGHBORS), baseline_pairs=beaten)
    verdict = diagnose(sure)
    assert verdict.outcome == "optimization_failure"


def test_baselines_are_compared_on_the_same_examples(run: MakeRun) -> None:
    near = {**NEIGHBORS, "neighbor_baseline_validation": 0.89}
    plain = weak(run, 0.91, 0.868, data=sample(**near))
    assert diagnose(plain).is_healthy
    pairs = {"neighbors": {"only_baseline_right": 16, "only_network_right": 5}}
    assert not diagnose(replace(plain, facts={**plain.facts, "baseline_pairs": pairs})).is_healthy
    even = {"neighbors": {"only_baseline_right": 60, "only_network_right": 49}}
    assert diagnose(replace(plain, facts={**plain.facts, "baseline_pairs": even})).is_healthy
