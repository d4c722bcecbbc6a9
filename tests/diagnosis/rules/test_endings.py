"""A learning rate that decays, early stopping: on records written by hand."""

from typing import Any

import pytest

from kerasdemo.diagnosis import diagnose
from tests.factories import falling, make_python_run, rising

BASELINE = {"linear_baseline": {"train": 0.8, "validation": 0.8}}
PLATEAU = {"initial_learning_rate": 0.01, "decay_steps": 30, "decay_rate": 0.1}
SCHEDULE = {
    "optimizer": {"name": "adam", "learning_rate": {"name": "exponential_decay", **PLATEAU}}
}


def stalled(setup: dict[str, Any] | None = None) -> Any:
    """Four epochs of progress, then a loss that stands still well below the baseline."""
    return make_python_run(
        loss=[1.0, 0.9, 0.8, 0.75] + [0.749] * 8,
        accuracy=[0.4, 0.45, 0.5, 0.52] + [0.521] * 8,
        learning_rate=[0.01, 0.003, 0.001, 2e-4] + [5e-5 * 0.3**n for n in range(8)],
        data=BASELINE,
        facts={"initial": {"loss": 1.1}},
        setup=setup,
    )


def test_a_rate_that_decays_while_the_loss_falls_is_the_cause() -> None:
    verdict = diagnose(stalled(SCHEDULE))
    assert verdict.outcome == "optimization_failure"
    assert verdict.causes[0].name == "learning_rate_decays_too_soon"
    assert verdict.causes[0].evidence["epoch"] == 5
    assert "keras.optimizers.Adam(learning_rate=0.01)" in (verdict.remedies[0].code or "")
    by_callback = diagnose(stalled())
    assert "ReduceLROnPlateau(patience=10, min_lr=0.0001)" in (by_callback.remedies[0].code or "")


def test_a_schedule_that_ends_within_the_first_epochs_is_the_cause() -> None:
    rate = {"name": "cosine_decay", "initial_learning_rate": 0.01, "decay_steps": 60}
    run = make_python_run(
        loss=[1.05] + [1.04] * 11,
        accuracy=[0.41] + [0.42] * 11,
        learning_rate=[0.0007] + [0.0] * 11,
        data=BASELINE,
        facts={"initial": {"loss": 1.1}},
        setup={"optimizer": {"name": "sgd", "learning_rate": rate}},
    )
    verdict = diagnose(run)
    assert verdict.causes[0].name == "learning_rate_decays_too_soon"
    assert verdict.remedies[0].patch == {"optimizer.learning_rate": 0.01}


@pytest.mark.parametrize(
    "rates",
    [
        [0.01] * 12,
        [0.01 * 0.5**n for n in range(6)] + [2e-4] * 6,
        [0.01, 0.008, 0.005, 0.002, 5e-5, 0.01, 0.008, 0.005, 0.002, 5e-5, 0.01, 0.005],
        [0.01] * 10 + [1e-3, 5e-5],
    ],
    ids=["constant", "a fiftieth", "restarts", "at the end"],
)
def test_other_rates_are_no_cause(rates: list[float]) -> None:
    run = make_python_run(
        loss=[1.0, 0.9, 0.8, 0.75] + [0.749] * 8,
        accuracy=[0.4, 0.45, 0.5, 0.52] + [0.521] * 8,
        learning_rate=rates,
        data=BASELINE,
    )
    causes = [cause.name for cause in diagnose(run).causes]
    assert causes
    assert "learning_rate_decays_too_soon" not in causes


def test_a_rate_that_fell_on_a_plateau_is_no_cause() -> None:
    run = make_python_run(
        loss=[0.8, 0.75, *[0.749] * 14],
        accuracy=[0.5, 0.52, *[0.521] * 14],
        learning_rate=[0.01] * 10 + [1e-3] * 2 + [1e-5] * 4,
        data=BASELINE,
    )
    assert "learning_rate_decays_too_soon" not in [c.name for c in diagnose(run).causes]


IMPATIENT = {"monitor": "val_loss", "patience": 1, "restore_best_weights": False}


def test_early_stopping_without_patience_is_still_improving() -> None:
    run = make_python_run(
        loss=[1.0, 0.85, 0.75, 0.68],
        accuracy=[0.5, 0.58, 0.62, 0.66],
        val_loss=[1.05, 0.9, 0.8, 0.802],
        val_accuracy=[0.48, 0.55, 0.6, 0.61],
        facts={"stopped_early": True},
        setup={"early_stopping": IMPATIENT, "epochs": 100},
    )
    verdict = diagnose(run)
    assert (verdict.outcome, verdict.code) == ("still_improving", "K123")
    assert verdict.causes[0].name == "early_stopping_too_soon"
    assert verdict.remedies[0].code == (
        'keras.callbacks.EarlyStopping(monitor="val_loss", patience=10)'
    )


def test_early_stopping_that_watched_something_else() -> None:
    """An accuracy that stays at 0 for a rare class, or `mode="min"`, stops whatever the loss."""
    run = make_python_run(
        loss=[1.1 - 0.07 * n for n in range(6)],
        accuracy=[0.5 + 0.02 * n for n in range(6)],
        val_loss=[1.1 - 0.06 * n for n in range(6)],
        val_accuracy=[0.5 + 0.02 * n for n in range(6)],
        facts={"stopped_early": True},
        setup={"early_stopping": {"monitor": "val_accuracy", "mode": "min", "patience": 5}},
    )
    verdict = diagnose(run)
    assert verdict.outcome == "still_improving"
    assert "It watched val_accuracy" in verdict.causes[0].text


def test_the_validation_loss_at_its_best_says_that_something_else_was_watched() -> None:
    """Slow SGD: accuracy stands still by chance for one epoch, and the loss falls all the time."""
    run = make_python_run(
        "binary",
        loss=[0.708 - 0.005 * n for n in range(12)],
        accuracy=[0.5 + 0.015 * n for n in range(12)],
        val_loss=[0.71 - 0.005 * n for n in range(12)],
        val_accuracy=[0.5 + 0.015 * n for n in range(11)] + [0.65],
        data={"neighbor_baseline": 1.0, "neighbor_baseline_validation": 1.0},
        facts={"stopped_early": True},
        setup={"early_stopping": {"monitor": "val_accuracy", "patience": 0}},
    )
    verdict = diagnose(run)
    assert (verdict.outcome, verdict.causes[0].name) == (
        "still_improving",
        "early_stopping_too_soon",
    )


def test_below_the_baseline_it_was_still_on_its_way() -> None:
    run = make_python_run(
        loss=[1.0, 0.9, 0.83],
        accuracy=[0.4, 0.45, 0.46],
        val_loss=[1.0, 0.93, 0.931],
        val_accuracy=[0.4, 0.44, 0.44],
        data=BASELINE,
        facts={"stopped_early": True},
        setup={"early_stopping": IMPATIENT, "epochs": 100},
    )
    verdict = diagnose(run)
    assert (verdict.outcome, verdict.causes[0].name) == (
        "still_improving",
        "early_stopping_too_soon",
    )


@pytest.mark.parametrize("patience", [0, 2, 5, 10])
def test_early_stopping_on_a_settled_curve_is_healthy(patience: int) -> None:
    best = 20 - patience
    losses = [0.1 + 0.9 * 0.7**n for n in range(best)] + [0.12 + 0.002 * n for n in range(patience)]
    run = make_python_run(
        loss=[0.05 + 0.95 * 0.7**n for n in range(20)],
        accuracy=rising(0.4, 0.99),
        val_loss=losses,
        val_accuracy=rising(0.4, 0.97),
        facts={"stopped_early": True, "kept_epoch": best},
        setup={"early_stopping": {**IMPATIENT, "patience": patience}},
    )
    assert diagnose(run).is_healthy


def test_early_stopping_where_validation_got_worse_was_right() -> None:
    """Noisy data: far from perfect, and the validation loss rises while training goes on."""
    run = make_python_run(
        loss=falling(1.0, 0.5, 10),
        accuracy=rising(0.4, 0.68, 10),
        val_loss=[1.0, 0.8, 0.7, 0.66, 0.65, 0.64, 0.645, 0.66, 0.68, 0.7],
        val_accuracy=rising(0.4, 0.64, 10),
        data={"neighbor_baseline": 0.65},
        facts={"stopped_early": True, "kept_epoch": 6},
        setup={"early_stopping": {**IMPATIENT, "patience": 3}},
    )
    assert "early_stopping" not in " ".join(c.name for c in diagnose(run).causes)
    assert diagnose(run).outcome != "still_improving"
