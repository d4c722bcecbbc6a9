"""Training that fails or stopped too early, on curves written by hand."""

import math

import pytest

from kerasdemo.diagnosis import diagnose
from tests.factories import MakeRun, falling, rising

FIZZBUZZ = "data: {name: fizzbuzz}\n"


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_broken_loss_is_diverged_with_its_epoch(run: MakeRun, broken: float) -> None:
    verdict = diagnose(run(loss=[2.3, 1.9, broken], accuracy=[0.1, 0.3, 0.1]))
    assert (verdict.outcome, verdict.epoch) == ("diverged", 3)
    assert verdict.evidence["loss_before"] == 1.9


def test_a_status_alone_says_diverged(run: MakeRun) -> None:
    assert diagnose(run(status="diverged")).outcome == "diverged"


def test_a_constant_answer_is_an_optimization_failure(run: MakeRun) -> None:
    flat = {"loss": [2.301] * 20, "accuracy": [0.1127] * 20}
    verdict = diagnose(run(**flat, val_loss=[2.301] * 20, val_accuracy=[0.1064] * 20))
    assert verdict.outcome == "optimization_failure"
    assert verdict.evidence["chance"] == 0.1


def test_the_largest_class_is_chance(run: MakeRun) -> None:
    """95 % is no merit where 95 % of the examples are of one class."""
    shares = {"class_shares": [0.95, 0.05], "classes": 2, "linear_baseline": None}
    outcome = run(
        loss=[0.2] * 20,
        accuracy=[0.951] * 20,
        val_loss=[0.2] * 20,
        val_accuracy=[0.95] * 20,
        data=shares,
    )
    verdict = diagnose(outcome)
    assert verdict.outcome == "optimization_failure"
    assert any("one class" in note for note in verdict.notes)


def test_below_a_linear_classifier_is_a_failure_unless_it_still_rises(run: MakeRun) -> None:
    stuck = {"loss": falling(2.3, 1.2), "accuracy": rising(0.1, 0.6)}
    assert diagnose(run(**stuck)).outcome == "optimization_failure"
    steps = [0.1 + 0.035 * n for n in range(20)]
    on_its_way = {"loss": [2.3 - 0.08 * n for n in range(20)], "accuracy": steps}
    assert diagnose(run(**on_its_way)).outcome == "still_improving"


def test_noise_in_the_data_is_no_fault_of_the_network(run: MakeRun) -> None:
    noisy = {
        "classes": 2,
        "class_shares": [0.5, 0.5],
        "linear_baseline": {"train": 0.52, "validation": 0.5},
        "neighbor_baseline": 0.82,
        "train": 700,
        "validation": 300,
    }
    curves = {"accuracy": rising(0.5, 0.84), "val_accuracy": rising(0.5, 0.81)}
    outcome = run(loss=falling(0.7, 0.35), val_loss=falling(0.7, 0.42), data=noisy, **curves)
    assert diagnose(outcome).outcome == "healthy"


def test_a_standstill_above_the_neighbors_is_a_failure(run: MakeRun) -> None:
    structured = {"classes": 4, "class_shares": [0.53, 0.27, 0.13, 0.07], "neighbor_baseline": 0.5}
    structured |= {"linear_baseline": {"train": 0.53, "validation": None}, "validation": 0}
    outcome = run(FIZZBUZZ, loss=falling(1.1, 0.6), accuracy=rising(0.5, 0.8), data=structured)
    verdict = diagnose(outcome)
    assert (verdict.outcome, verdict.code) == ("optimization_failure", "K111")


# Two seeds of 500 digits, 1 x 50 ReLU, SGD 0.1, 6 epochs: twice the epochs bring 5 points and more.
SMOOTH = {
    4: (
        (1.950, 1.630, 1.349, 1.120, 0.954, 0.827),
        (0.514, 0.612, 0.706, 0.794, 0.816, 0.818),
        (2.077, 1.829, 1.601, 1.408, 1.267, 1.149),
        (0.32, 0.49, 0.575, 0.62, 0.685, 0.71),
    ),
    0: (
        (1.943, 1.623, 1.339, 1.112, 0.942, 0.818),
        (0.43, 0.604, 0.756, 0.796, 0.844, 0.832),
        (2.062, 1.793, 1.554, 1.352, 1.202, 1.091),
        (0.33, 0.5, 0.64, 0.73, 0.765, 0.75),
    ),
}


@pytest.mark.parametrize("seed", SMOOTH)
def test_the_bend_of_a_short_curve_is_no_noise(run: MakeRun, seed: int) -> None:
    curves = dict(zip(("loss", "accuracy", "val_loss", "val_accuracy"), SMOOTH[seed], strict=True))
    baselines = {
        "linear_baseline": {"train": 1.0, "validation": 0.485},
        "neighbor_baseline": 0.828,
        "neighbor_baseline_validation": 0.77,
    }
    data = {"train": 500, "validation": 200, "test": 1000, **baselines}
    verdict = diagnose(run(**curves, data=data, test={"accuracy": 0.72}))
    assert verdict.outcome == "still_improving"
    assert {"training.epochs": 40} in [remedy.patch for remedy in verdict.remedies]
    pace = {4: "rose by 2.5 points over the last epoch", 0: "its loss fell by 9 % over"}
    assert pace[seed] in verdict.summary


@pytest.mark.parametrize(
    ("val_loss", "pace"),
    [
        ((0.0, -0.1, -0.2, -0.3, -0.4, -0.5), "its loss fell by 0.1 over"),
        ((0.5, 0.4, 0.3, 0.2, 0.1, 0.0), "its loss fell by 100 % over"),
        ((0.5, 0.4, 0.3, 0.2, 0.0, -0.1), "its loss fell by 0.1 over"),
        ((0.5, 0.4, 0.3, 0.2, 0.2, 0.2), "the training loss fell by 10 % over"),
    ],
)
def test_a_loss_falls_by_a_share_where_it_has_one(
    run: MakeRun, val_loss: tuple[float, ...], pace: str
) -> None:
    """Training accuracy is on its way to the linear baseline, validation accuracy stands still."""
    falling_on = {
        "loss": (1.4, 1.3, 1.2, 1.1, 1.0, 0.9),
        "accuracy": (0.3, 0.4, 0.5, 0.6, 0.7, 0.8),
    }
    verdict = diagnose(run(**falling_on, val_loss=val_loss, val_accuracy=(0.8,) * 6))
    assert verdict.outcome == "still_improving"
    assert pace in verdict.summary


def test_training_that_stopped_too_early(run: MakeRun) -> None:
    climbing = [0.86 + 0.005 * n for n in range(20)]
    losses = [0.6 - 0.02 * n for n in range(20)]
    curves = {"accuracy": climbing, "val_accuracy": [a - 0.01 for a in climbing]}
    verdict = diagnose(run(loss=losses, val_loss=losses, **curves))
    assert verdict.outcome == "still_improving"
    assert verdict.remedies[-1].patch == {"training.epochs": 40}
    assert verdict.causes[0].name == "too_few_updates"


def test_a_recovery_is_no_improvement(run: MakeRun) -> None:
    dipped = [0.8, 0.9, 0.92, 0.935, 0.935, 0.936, 0.9, 0.91, 0.92, 0.936]
    outcome = run(
        loss=[0.5 - 0.04 * n for n in range(10)],
        accuracy=rising(0.8, 0.96, 10),
        val_loss=[0.5, 0.4, 0.35, 0.3, 0.29, 0.28, 0.36, 0.32, 0.3, 0.27],
        val_accuracy=dipped,
    )
    assert diagnose(outcome).outcome == "healthy"


@pytest.mark.parametrize(
    ("validation", "expected"), [(10_000, "still_improving"), (100, "healthy")]
)
def test_a_rise_within_the_error_of_few_examples_is_none(
    run: MakeRun, validation: int, expected: str
) -> None:
    steps = [0.94 + 0.001 * n for n in range(20)]
    outcome = run(
        loss=[0.5 - 0.02 * n for n in range(20)],
        accuracy=[0.95 + 0.001 * n for n in range(20)],
        val_loss=[0.5 - 0.015 * n for n in range(20)],
        val_accuracy=[step + 0.003 * max(0, n - 14) for n, step in enumerate(steps)],
        data={"validation": validation},
    )
    assert diagnose(outcome).outcome == expected
