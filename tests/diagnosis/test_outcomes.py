"""What came of a run, on curves written by hand."""

import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasdemo.config import parse
from kerasdemo.diagnosis import OUTCOMES, diagnose
from kerasdemo.records import History, Run
from tests.factories import MakeRun, falling, make_run, rising

FIZZBUZZ = "data: {name: fizzbuzz}\n"


def test_a_healthy_run_is_healthy_and_gets_no_advice(good: Run) -> None:
    verdict = diagnose(good)
    assert verdict.outcome == "healthy"
    assert verdict.is_healthy
    assert verdict.causes == verdict.remedies == verdict.notes == ()
    assert verdict.evidence["accuracy"] == pytest.approx(0.99, abs=1e-3)


def test_validation_above_99_percent_is_success(run: MakeRun) -> None:
    curves = {"accuracy": rising(0.5, 0.9999), "val_accuracy": rising(0.5, 0.993)}
    outcome = run(loss=falling(2, 1e-4), val_loss=falling(2, 0.03), **curves)
    assert diagnose(outcome).outcome == "healthy"


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


def test_a_linear_classifier_that_learnt_by_heart_is_no_bar(run: MakeRun) -> None:
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


def test_a_standstill_above_the_neighbours_is_a_failure(run: MakeRun) -> None:
    structured = {"classes": 4, "class_shares": [0.53, 0.27, 0.13, 0.07], "neighbor_baseline": 0.5}
    structured |= {"linear_baseline": {"train": 0.53, "validation": None}, "validation": 0}
    outcome = run(FIZZBUZZ, loss=falling(1.1, 0.6), accuracy=rising(0.5, 0.8), data=structured)
    verdict = diagnose(outcome)
    assert (verdict.outcome, verdict.code) == ("optimization_failure", "K111")


def test_overfitting_with_its_epoch_and_interval(run: MakeRun) -> None:
    val_loss = [1.0, 0.6, 0.45, 0.4, 0.42] + [0.45 + 0.04 * n for n in range(15)]
    outcome = run(
        loss=falling(2.3, 0.001),
        accuracy=rising(0.1, 1.0),
        val_loss=val_loss,
        val_accuracy=rising(0.1, 0.88),
    )
    verdict = diagnose(outcome)
    assert (verdict.outcome, verdict.epoch) == ("overfitting", 4)
    low, gap, high = (verdict.evidence[f"gap{end}"] for end in ("_low", "", "_high"))
    assert low < gap < high
    assert [r.answers for r in verdict.remedies] == ["overfitting"] * len(verdict.remedies)
    assert "training.early_stopping" in verdict.remedies[0].patch


def test_one_bad_last_epoch_is_noise(good: Run) -> None:
    """UMLAUT took a one-epoch rise of validation loss for overfitting (diagnosis, lesson 3)."""
    bumped = (*good.history.val_loss[:-1], good.history.val_loss[-1] * 1.15)
    assert diagnose(replace(good, history=replace(good.history, val_loss=bumped))).is_healthy


def test_a_gap_on_few_validation_examples_is_not_sure(run: MakeRun) -> None:
    curves = {
        "loss": falling(2, 0.01),
        "accuracy": rising(0.1, 1.0),
        "val_loss": falling(2, 0.5),
        "val_accuracy": rising(0.1, 0.86),
    }
    few = {"linear_baseline": None, "validation": 50}
    assert diagnose(run(**curves, data=few)).outcome == "healthy"
    many = {"linear_baseline": None, "validation": 10_000}
    assert diagnose(run(**curves, data=many)).outcome == "overfitting"


@pytest.mark.parametrize("facts", [{"kept_epoch": 4}, {}])
def test_restored_weights_are_judged_not_the_last_epoch(
    run: MakeRun, facts: dict[str, int]
) -> None:
    text = "data: {name: mnist}\ntraining: {early_stopping: {patience: 12}}\n"
    val_loss = [1.0, 0.5, 0.3, 0.2] + [0.25 + 0.05 * n for n in range(12)]
    outcome = run(
        text,
        loss=falling(2, 0.001, 16),
        accuracy=[0.8, 0.9, 0.95, 0.97] + [1.0] * 12,
        val_loss=val_loss,
        val_accuracy=[0.8, 0.88, 0.93, 0.95] + [0.9] * 12,
        stopped_early=True,
        **facts,
    )
    verdict = diagnose(outcome)
    assert verdict.outcome == "healthy"
    assert verdict.evidence["accuracy"] == 0.97


def test_good_validation_and_a_bad_test_is_a_mismatch(run: MakeRun, good: Run) -> None:
    facts = {**good.facts, "test": {"loss": 3.0, "accuracy": 0.475}}
    facts["data"] = {**facts["data"], "test_input": {"mean": 0.13, "sd": 1.05}}
    verdict = diagnose(replace(good, facts=facts))
    assert verdict.outcome == "test_mismatch"
    assert "sd 1.05" in verdict.summary
    patches = [remedy.patch for remedy in verdict.remedies]
    assert patches[0] == {"network.dropout": 0.7}
    assert patches[1] == {"data.noise.train": 1.0, "data.noise.validation": 1.0}
    config = parse("network: {depth: 2, units: 20, activation: relu}")
    narrow = replace(good, facts=facts, config=config)
    patches = [remedy.patch for remedy in diagnose(narrow).remedies]
    assert patches[1] == {"network.dropout": 0.7}  # which leaves 20 units too little


def test_a_small_difference_of_validation_and_test_is_chance(good: Run) -> None:
    facts = {**good.facts, "test": {"loss": 0.2, "accuracy": 0.945}}
    assert diagnose(replace(good, facts=facts)).is_healthy


def test_without_validation_the_test_set_tells(run: MakeRun) -> None:
    bare = {"train": 900, "validation": 0, "test": 1000, "linear_baseline": None}
    curves = {"loss": falling(1.1, 0.01), "accuracy": rising(0.5, 1.0)}
    outcome = run(FIZZBUZZ, **curves, data=bare, test={"loss": 2.0, "accuracy": 0.6})
    verdict = diagnose(outcome)
    assert (verdict.outcome, verdict.epoch) == ("overfitting", None)
    assert any("Without validation" in note for note in verdict.notes)
    fine = run(FIZZBUZZ, **curves, data=bare, test={"loss": 0.1, "accuracy": 0.98})
    assert diagnose(fine).outcome == "healthy"


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


def test_an_end_that_came_too_soon(run: MakeRun) -> None:
    climbing = [0.86 + 0.005 * n for n in range(20)]
    losses = [0.6 - 0.02 * n for n in range(20)]
    curves = {"accuracy": climbing, "val_accuracy": [a - 0.01 for a in climbing]}
    verdict = diagnose(run(loss=losses, val_loss=losses, **curves))
    assert verdict.outcome == "still_improving"
    assert verdict.remedies[-1].patch == {"training.epochs": 40}
    assert verdict.causes[0].name == "too_few_updates"


@pytest.mark.parametrize(
    ("facts", "curves", "told"),
    [
        ({"status": "failed", "reason": "no memory"}, {}, "no memory"),
        ({"status": "interrupted"}, {}, "No whole epoch"),
        ({}, {"loss": [2.0, 1.0]}, "not measured"),
        ({}, {"loss": [2.1], "accuracy": [0.3]}, "more epochs"),
    ],
)
def test_cannot_tell_says_what_would(
    run: MakeRun, facts: dict[str, str], curves: dict[str, list[float]], told: str
) -> None:
    verdict = diagnose(run(**curves, **facts))
    assert verdict.outcome == "cannot_tell"
    assert told in verdict.summary


def test_a_run_without_facts_is_judged_by_its_config(run: MakeRun) -> None:
    bare = Run(run().config, History((2.3,) * 9, (0.1,) * 9, (2.3,) * 9, (0.1,) * 9))
    assert diagnose(bare).outcome == "optimization_failure"


def test_the_sample_that_stands_in_is_noted(good: Run) -> None:
    facts = {**good.facts, "data": {**good.facts["data"], "warning": "the sample stands in"}}
    assert "the sample stands in" in diagnose(replace(good, facts=facts)).notes


Numbers = st.floats(allow_nan=True, allow_infinity=True, width=32)
Shares = st.floats(0, 1)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(Numbers, Shares, Numbers, Shares), max_size=12),
    st.sampled_from(["finished", "diverged", "interrupted", "failed", "unfinished"]),
    st.booleans(),
)
def test_every_history_gets_a_verdict(
    rows: list[tuple[float, float, float, float]], status: str, known: bool
) -> None:
    columns = list(zip(*rows, strict=True)) or [()] * 4
    outcome = make_run(status=status)
    facts = outcome.facts if known else {}
    verdict = diagnose(Run(outcome.config, History(*columns), facts=facts))
    assert verdict.outcome in OUTCOMES
    assert verdict.summary.endswith(".")


@settings(max_examples=50, deadline=None)
@given(st.floats(0.01, 100))
def test_the_scale_of_the_loss_does_not_matter(scale: float) -> None:
    """A penalty or another loss multiplies it; the accuracies decide."""
    text = "data: {name: mnist}\nloss: mse\ntraining: {early_stopping: null}\n"
    val_loss = [1.0, 0.6, 0.45, 0.4, 0.42] + [0.45 + 0.04 * n for n in range(15)]
    verdicts = {
        diagnose(
            make_run(
                text,
                loss=[factor * v for v in falling(2.3, 0.001)],
                accuracy=rising(0.1, 1.0),
                val_loss=[factor * v for v in val_loss],
                val_accuracy=rising(0.1, 0.88),
            )
        ).summary
        for factor in (1.0, scale)
    }
    assert len(verdicts) == 1


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


@pytest.mark.parametrize(("end", "expected"), [(0.9, "overfitting"), (0.95, "healthy")])
def test_a_wide_gap_is_overfitting_before_the_loss_turns(
    run: MakeRun, end: float, expected: str
) -> None:
    outcome = run(
        loss=falling(2.3, 0.01),
        accuracy=rising(0.1, 0.99),
        val_loss=falling(2.3, 0.4),
        val_accuracy=rising(0.1, end),
    )
    assert diagnose(outcome).outcome == expected
