"""The targets of a regression, on records written by hand."""

from typing import Any

import pytest

from kerasdemo.diagnosis import diagnose
from kerasdemo.records import Run
from tests.factories import dense, falling, make_python_run, rising

SCALED = {"min": -2.5, "max": 2.5, "mean": 0.0, "sd": 1.0}


def regression(r2: float, target: dict[str, float] | None = None, **more: Any) -> Run:
    """A regression that gets to `r2` and stays there."""
    known = target or SCALED
    return make_python_run(
        "regression",
        loss=falling(1.5, 1 - r2),
        r2=rising(-0.5, r2),
        data={"target": known, "linear_baseline": {"train": 0.6, "validation": 0.58}},
        **more,
    )


@pytest.mark.parametrize(
    "target",
    [
        {"min": 5e4, "max": 5e5, "mean": 2e5, "sd": 1e5},
        {"min": 940.0, "max": 1060.0, "mean": 1000.0, "sd": 9.0},
        {"min": -0.02, "max": 0.02, "mean": 0.0, "sd": 0.005},
    ],
)
def test_targets_of_another_size_are_the_cause(target: dict[str, float]) -> None:
    verdict = diagnose(regression(-0.3, target))
    assert verdict.outcome == "optimization_failure"
    assert verdict.causes[0].name == "target_not_scaled"
    assert verdict.remedies[0].patch == {"data.target": "standardize"}
    assert "y = (y - y_mean) / y_sd" in (verdict.remedies[0].code or "")


def test_large_targets_that_broke_the_loss_are_the_cause() -> None:
    run = make_python_run(
        "regression",
        loss=[1e9, float("nan")],
        r2=[-3.0, float("nan")],
        data={"target": {"min": 0.0, "max": 900.0, "mean": 90.0, "sd": 40.0}},
        setup={"optimizer": {"name": "sgd", "learning_rate": 0.01}},
        facts={"status": "diverged"},
    )
    verdict = diagnose(run)
    assert verdict.outcome == "diverged"
    assert verdict.causes[0].name == "target_not_scaled"


def test_scaled_targets_are_no_cause_and_fitted_ones_no_fault() -> None:
    failed = diagnose(regression(0.1))
    assert failed.outcome == "optimization_failure"
    assert "target_not_scaled" not in [cause.name for cause in failed.causes]
    large = {"min": 5e4, "max": 5e5, "mean": 2e5, "sd": 1e5}
    fitted = diagnose(regression(0.95, large))
    assert fitted.is_healthy
    assert not fitted.notes[1:]


@pytest.mark.parametrize(
    ("activation", "target"),
    [
        ("sigmoid", SCALED),
        ("sigmoid", {"min": 5.0, "max": 50.0, "mean": 22.0, "sd": 9.0}),
        ("tanh", {"min": -3.0, "max": 3.0, "mean": 0.0, "sd": 1.0}),
        ("relu", SCALED),
        ("softplus", {"min": -9.0, "max": -1.0, "mean": -4.0, "sd": 2.0}),
    ],
)
def test_targets_beyond_the_output_are_the_cause(activation: str, target: dict[str, float]) -> None:
    network = (dense("dense", 64, 8), dense("price", 1, 64, activation))
    verdict = diagnose(regression(0.3, target, network=network))
    assert verdict.causes[0].name == "output_out_of_range"
    assert verdict.remedies[0].code == (
        'keras.layers.Dense(1, activation="linear")  # in place of price'
    )


@pytest.mark.parametrize(
    ("activation", "target"),
    [
        ("sigmoid", {"min": 0.0, "max": 1.0, "mean": 0.4, "sd": 0.3}),
        ("tanh", {"min": -0.9, "max": 0.9, "mean": 0.0, "sd": 0.4}),
        ("relu", {"min": -0.01, "max": 9.0, "mean": 3.0, "sd": 2.0}),
        ("linear", SCALED),
    ],
)
def test_targets_within_reach_are_no_cause(activation: str, target: dict[str, float]) -> None:
    network = (dense("dense", 64, 8), dense("price", 1, 64, activation))
    causes = diagnose(regression(0.3, target, network=network)).causes
    assert "output_out_of_range" not in [cause.name for cause in causes]
