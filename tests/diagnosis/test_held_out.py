"""What held-out examples say, on records written by hand: rises, baselines, other classes."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from kerasdemo.diagnosis import diagnose, explain, held_out
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.records import Run
from tests.factories import MakeRun, falling, rising


def turned(
    run: MakeRun,
    *,
    rise: float = 0.12,
    error: float = 0.03,
    wrong: float = 6,
    right: float = 4,
    accuracy: Sequence[float] = (),
    val_accuracy: Sequence[float] = (),
    text: str | None = None,
    **facts: Any,
) -> Run:
    """The validation loss is lowest, 0.2, in epoch 7 of 20, and then rises evenly by `rise`."""
    val_loss = falling(1.0, 0.2, 7)[:6] + [0.2 + rise * n / 13 for n in range(14)]
    past = [0.0] * 6 + [n / 13 for n in range(14)]
    found = run(
        *([text] if text else []),
        loss=falling(2.3, 1e-4),
        accuracy=accuracy or rising(0.5, 1.0),
        val_loss=val_loss,
        val_accuracy=val_accuracy or [0.6, 0.8, 0.9, 0.93, 0.94] + [0.946] * 2 + [0.942] * 13,
        **facts,
    )
    pairs = {
        "val_loss_rise": tuple(rise * n for n in past),
        "val_loss_rise_error": tuple(error * n for n in past),
        "val_newly_wrong": tuple(wrong * n for n in past),
        "val_newly_right": tuple(right * n for n in past),
    }
    return replace(found, history=replace(found.history, **pairs))


def sample(**more: Any) -> dict[str, Any]:
    """As many examples as the bundled sample splits into."""
    return {"train": 3_500, "validation": 500, "test": 1_000, **more}


def test_a_rising_loss_with_a_steady_accuracy_is_healthy_with_a_caution(run: MakeRun) -> None:
    verdict = diagnose(turned(run, data=sample()))
    assert (verdict.outcome, verdict.title) == ("healthy", "healthy, overconfident")
    assert verdict.summary.startswith("Validation loss rises from epoch 7 on (+60%), while")
    assert "(94.6% then, 94.2% at the end): the network gets overconfident" in verdict.summary
    assert verdict.epoch == 7
    assert list(verdict.remedies[0].patch) == ["training.early_stopping"]
    assert verdict.as_dict()["caution"] == "overconfident"


@pytest.mark.parametrize(
    "noise",
    [
        {"error": 0.08},  # 1.5 standard errors
        {"rise": 0.006, "error": 0.0001},  # sure, and 3 % only
        {"initial": {"loss": 200.0}},  # nothing, beside what an untrained network has
    ],
)
def test_a_rise_within_the_noise_of_the_pairs_is_not_mentioned(
    run: MakeRun, noise: dict[str, Any]
) -> None:
    verdict = diagnose(turned(run, data=sample(), **noise))
    assert verdict.title == "healthy"
    assert "rises" not in verdict.summary
    assert verdict.remedies == ()


def test_pairs_see_what_two_samples_can_not(run: MakeRun) -> None:
    """A fall of 3 points on 500 examples, in pairs and as before."""
    fallen = [0.6, 0.8, 0.9, 0.93, 0.94] + [0.946] * 2 + [0.916] * 13
    worse = turned(run, data=sample(), wrong=20, right=5, val_accuracy=fallen)
    verdict = diagnose(worse)
    assert verdict.outcome == "overfitting"
    assert "and validation accuracy fell (94.6% then, 91.6% at the end)" in verdict.summary
    even = turned(run, data=sample(), wrong=40, right=25, val_accuracy=fallen)
    assert diagnose(even).title == "overfitting" or diagnose(even).caution


def test_a_wide_gap_and_a_rise_are_overfitting(run: MakeRun) -> None:
    low = [0.6, 0.8] + [0.9] * 18
    wide = turned(run, val_accuracy=low, data={"linear_baseline": None})
    verdict = diagnose(wide)
    assert verdict.outcome == "overfitting"
    assert "Validation loss rises from epoch 7 on (+60%)" in verdict.summary
    assert verdict.epoch == 7
    assert verdict.caution is None
    # The same gap, without a significant rise and below what is wide by itself.
    calm = turned(run, val_accuracy=[0.6, 0.8] + [0.935] * 18, error=1.0)
    assert diagnose(calm).outcome == "healthy"


def test_a_rise_that_training_shares_is_no_overfitting(run: MakeRun) -> None:
    shaken = [*rising(0.5, 1.0)[:19], 0.93]
    seen = [0.6, 0.8, 0.9, 0.93, 0.94] + [0.946] * 14 + [0.9]
    verdict = diagnose(turned(run, accuracy=shaken, val_accuracy=seen, wrong=30, right=5))
    assert verdict.title == "healthy, past its best epoch"
    assert "and validation and training accuracy fell as well" in verdict.summary
    patches = [list(remedy.patch) for remedy in verdict.remedies]
    assert patches == [["training.early_stopping"], ["optimizer.learning_rate"]]


def test_restored_weights_have_not_risen(run: MakeRun) -> None:
    text = "data: {name: mnist}\ntraining: {early_stopping: {patience: 13}}\n"
    verdict = diagnose(turned(run, text=text, kept_epoch=7, stopped_early=True))
    assert verdict.title == "healthy"
    assert verdict.summary.endswith("Judged at epoch 7, whose weights were kept.")


def test_a_rise_is_said_beside_what_is_worse(run: MakeRun) -> None:
    mismatch = turned(run, test={"loss": 3.0, "accuracy": 0.5})
    verdict = diagnose(mismatch)
    assert verdict.outcome == "test_mismatch"
    assert "Validation loss rises from epoch 7 on" in verdict.summary


def test_runs_recorded_before_there_were_pairs_are_judged_all_the_same(run: MakeRun) -> None:
    old = turned(run, data=sample())
    kept = dict.fromkeys(("val_loss_rise", "val_loss_rise_error", "val_newly_wrong"), ())
    verdict = diagnose(replace(old, history=replace(old.history, **kept)))
    assert verdict.title == "healthy, overconfident"


def test_the_pages_say_what_is_done() -> None:
    assert "overconfident" in explain("healthy")
    assert "Guo et al. 2017" in explain("healthy")
    assert "McNemar" in explain("overfitting")
    assert "early stopping" in explain("K100").lower()


@pytest.mark.parametrize(
    ("more", "less", "expected"), [(20, 5, True), (6, 4, False), (1, 0, False), (5, 20, False)]
)
def test_mcnemar(more: int, less: int, expected: bool) -> None:
    assert held_out.is_majority(more, less) is expected


# Baselines.


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


def test_a_network_below_its_neighbours_is_not_healthy(run: MakeRun) -> None:
    verdict = diagnose(weak(run, 0.93, 0.856, data=sample(**NEIGHBORS)))
    assert (verdict.outcome, verdict.code) == ("overfitting", "K131")
    assert "below nearest neighbours (90.3%)" in verdict.summary
    assert verdict.remedies
    assert "training.early_stopping" not in verdict.remedies[0].patch


def test_below_them_and_still_falling_it_is_to_go_on(run: MakeRun) -> None:
    verdict = diagnose(weak(run, 0.93, 0.86, pace=0.5, data=sample(**NEIGHBORS)))
    assert verdict.outcome == "still_improving"
    assert "below nearest neighbours" in verdict.summary
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


# Classes.


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
    found = held_out.split_fault(RunFeatures(run(data={**data, "validation": count})))
    assert found is None if expected is None else found and expected in found.text
