"""A validation loss that rises above its best, with pairs and without."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from kerasdemo.diagnosis import diagnose
from kerasdemo.records import Run
from tests.factories import MakeRun, falling, rising


def sample(**more: Any) -> dict[str, Any]:
    """As many examples as the bundled sample splits into."""
    return {"train": 3_500, "validation": 500, "test": 1_000, **more}


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
    assert verdict.summary.endswith("Numbers are of epoch 7, whose weights were kept.")


def test_a_rise_is_named_beside_what_is_worse(run: MakeRun) -> None:
    mismatch = turned(run, test={"loss": 3.0, "accuracy": 0.5})
    verdict = diagnose(mismatch)
    assert verdict.outcome == "test_mismatch"
    assert "Validation loss rises from epoch 7 on" in verdict.summary


def test_runs_recorded_before_there_were_pairs_are_diagnosed_all_the_same(run: MakeRun) -> None:
    old = turned(run, data=sample())
    kept = dict.fromkeys(("val_loss_rise", "val_loss_rise_error", "val_newly_wrong"), ())
    verdict = diagnose(replace(old, history=replace(old.history, **kept)))
    assert verdict.title == "healthy, overconfident"
