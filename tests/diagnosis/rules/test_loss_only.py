"""Outcomes of tasks that have no score: the loss against the untrained network and a constant."""

from typing import Any

import pytest

from kerasdemo.diagnosis import Verdict, diagnose
from kerasdemo.records import History, Run, Setup
from tests.factories import falling, rising

UNTRAINED = {"initial": {"loss": 2.0}}


def judge(
    loss: list[float], val_loss: list[float] | None = None, facts: dict[str, Any] | None = None
) -> Verdict:
    setup = Setup("autoencoder", {"name": "custom"}, {"name": "adam"}, task="other", epochs=16)
    history = History(tuple(loss), val_loss=tuple(val_loss or ()))
    return diagnose(
        Run(
            None,
            history,
            facts={"status": "finished", **UNTRAINED, **(facts or {})},
            declared=setup,
        )
    )


def test_a_loss_that_fell_and_settled_is_no_problem() -> None:
    verdict = judge(falling(2.0, 0.3), falling(2.0, 0.35))
    assert (verdict.outcome, verdict.code) == ("healthy", "K100")
    assert "How low it could go is not known" in verdict.summary


@pytest.mark.parametrize(
    ("loss", "facts", "whose"),
    [
        ([1.99] * 12, {}, "the untrained network's"),
        (falling(2.0, 1.2), {"data": {"constant_loss": 1.21}}, "the best constant answer's"),
    ],
)
def test_a_loss_no_better_than_a_constant_is_a_failure(
    loss: list[float], facts: dict[str, Any], whose: str
) -> None:
    verdict = judge(loss, facts=facts)
    assert (verdict.outcome, verdict.code) == ("optimization_failure", "K114")
    assert whose in verdict.summary


def test_a_loss_that_still_falls_was_stopped_too_early() -> None:
    loss = [2.0 - 0.08 * n for n in range(16)]
    verdict = judge(loss, loss)
    assert (verdict.outcome, verdict.code) == ("still_improving", "K122")
    assert verdict.remedies[-1].code == "model.fit(..., epochs=32)"


def test_a_validation_loss_that_rises_is_overfitting() -> None:
    val_loss = [2.0, 1.0, 0.7, 0.6, 0.62, *rising(0.65, 1.4, 15)]
    verdict = judge(falling(2.0, 0.01), val_loss)
    assert (verdict.outcome, verdict.code) == ("overfitting", "K132")
    assert verdict.epoch == 4
    assert verdict.remedies[0].code is not None
    assert "EarlyStopping" in verdict.remedies[0].code


def test_noise_of_the_validation_loss_is_no_overfitting() -> None:
    val_loss = [v * (1.02 if n % 2 else 0.98) for n, v in enumerate(falling(2.0, 0.4))]
    assert judge(falling(2.0, 0.3), val_loss).is_healthy


def test_one_epoch_tells_nothing() -> None:
    assert judge([1.5]).code == "K002"


def test_a_loss_that_broke_diverged() -> None:
    assert judge([1.5, float("nan")]).outcome == "diverged"
