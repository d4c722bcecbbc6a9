"""Every outcome of a regression, whose score is R²."""

import math
from typing import Any

import pytest

from kerasdemo.diagnosis import Verdict, diagnose
from kerasdemo.records import Run
from tests.factories import make_python_run, rising

BASELINES = {
    "linear_baseline": {"train": 0.6, "validation": 0.58},
    "neighbor_baseline": 0.7,
    "neighbor_baseline_validation": 0.69,
}
SWINGS = [0, 0.5, 0.7, 0.8, 0.85, 0.87, 0.88, 0.9, 0.92, 0.95, 0.96, 0.96, 0.96]
SWINGS += [0.8, 0.82, 0.85, 0.87, 0.9, 0.92, 0.93]
SLOW = [0.04 * n for n in range(20)]


def regression(
    r2: list[float], val_r2: list[float] | None = None, error: float = 0.01, **more: Any
) -> Run:
    """A regression with these curves; targets have a variance of 1, so the loss is 1 - R²."""
    more.setdefault("data", BASELINES)
    held_out = {} if val_r2 is None else {"val_r2": val_r2, "val_loss": [1 - v for v in val_r2]}
    errors = {"r2_error": [error] * len(r2)}
    if val_r2 is not None:
        errors["val_r2_error"] = [1.4 * error] * len(r2)
    return make_python_run(
        "regression", r2=r2, loss=[1 - v for v in r2], **held_out, **errors, **more
    )


OUTCOMES: dict[str, tuple[Run, str, str]] = {
    "healthy": (
        regression(rising(-0.2, 0.95), rising(-0.2, 0.93)),
        "healthy",
        "R² is good: training 0.950, validation 0.930.",
    ),
    "as good as noise allows": (
        regression(
            rising(-0.2, 0.5),
            rising(-0.2, 0.48),
            data={"neighbor_baseline": 0.48, "neighbor_baseline_validation": 0.47},
        ),
        "healthy",
        "training 0.500",
    ),
    "uncertain because of outliers": (
        regression(rising(-0.2, 0.72), rising(-0.2, 0.7), error=0.3),
        "healthy",
        "training 0.720",
    ),
    "bad": (
        regression(rising(-0.2, 0.4), rising(-0.2, 0.38)),
        "optimization_failure",
        "below nearest neighbors (0.700)",
    ),
    "worse than the mean": (
        regression(rising(-8, -2)),
        "optimization_failure",
        "no better than always predicting the mean (0.000)",
    ),
    "nothing known": (
        regression(rising(-0.2, 0.4), data={}),
        "optimization_failure",
        "below half of the way from chance to perfect (0.500)",
    ),
    "above the neighbors, whose mean is not what noise allows": (
        regression(rising(-0.2, 0.5), data={"neighbor_baseline": 0.3}),
        "healthy",
        "training 0.500",
    ),
    "overfits": (
        regression(rising(-0.2, 0.98), rising(-0.2, 0.72)),
        "overfitting",
        "a gap of 0.260",
    ),
    "turned": (
        regression(
            rising(-0.2, 0.98),
            [-0.2, 0.4, 0.7, 0.78, 0.8] + [0.8 - 0.01 * n for n in range(15)],
            val_loss_rise=[0.0] * 5 + [0.01 * n for n in range(15)],
            val_loss_rise_error=[0.002] * 20,
        ),
        "overfitting",
        "validation R² fell (0.800 then, 0.660 at the end)",
    ),
    "swings, in training as well": (
        regression(
            SWINGS,
            [value - 0.03 for value in SWINGS],
            val_loss_rise=[0.0] * 13 + [0.96 - value for value in SWINGS[13:]],
            val_loss_rise_error=[0.002] * 20,
        ),
        "healthy",
        "validation and training R² fell as well (0.930 then, 0.900 at the end)",
    ),
    "neighbors generalize better": (
        regression(rising(-0.2, 0.72), rising(-0.2, 0.6)),
        "overfitting",
        "Validation R² is 0.600, below nearest neighbors (0.690)",
    ),
    "still improving": (
        regression([0.04 * n - 0.2 for n in range(20)], [0.04 * n - 0.2 for n in range(20)]),
        "still_improving",
        "rose by 0.200 over the last 5 epochs.",
    ),
    "still below the mean, on its way": (
        regression([-6.0 + 0.3 * n for n in range(20)], data={}),
        "still_improving",
        "training R² is -0.300",
    ),
    "falls by a share each quarter, which leaves it far below the mean": (
        regression([-20_000 + 700.0 * n for n in range(20)], data={}),
        "optimization_failure",
        "no better than always predicting the mean (0.000)",
    ),
    "rises past the mean in time, but hardly beyond": (
        regression([-0.12 + 0.003 * n for n in range(30)]),
        "optimization_failure",
        "no better than always predicting the mean (0.000)",
    ),
    "diverged": (
        regression([-900.0, math.nan], facts={"status": "diverged"}),
        "diverged",
        "before it was 901",
    ),
    "one epoch": (regression([0.1]), "cannot_tell", "R² is 0.100 after a single epoch"),
    "another test set": (
        regression(
            rising(-0.2, 0.95),
            rising(-0.2, 0.93),
            facts={"test": {"loss": 0.5, "r2": 0.5}},
            data={**BASELINES, "test": 500},
        ),
        "test_mismatch",
        "Validation R² is 0.930 and test R² 0.500",
    ),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_every_outcome_of_a_regression(name: str) -> None:
    run, outcome, text = OUTCOMES[name]
    verdict = diagnose(run)
    assert verdict.outcome == outcome, verdict.summary
    assert text in verdict.summary
    assert not _words(verdict) & {"accuracy", "classifier", "classes"}


def _words(verdict: Verdict) -> set[str]:
    texts = [verdict.summary, *verdict.notes, *(cause.text for cause in verdict.causes)]
    return {word.strip(".,:;()") for text in texts for word in text.split()}


def test_oscillation_is_of_r2() -> None:
    run = regression([0.2 + 0.1 * (-1) ** n for n in range(20)])
    assert diagnose(run).causes[0].text == "Training R² turned by 0.030 or more in 100% of epochs."


def test_a_falling_loss_has_not_risen() -> None:
    assert "rises" not in diagnose(regression(SLOW, SLOW)).summary
