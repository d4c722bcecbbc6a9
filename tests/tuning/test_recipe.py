"""The recipe decides from runs written by hand; once it is followed with real ones."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from kerasdemo.config import Fault, InputError, RunConfig, parse
from kerasdemo.records import History, Run
from kerasdemo.records.verdict import Outcome
from kerasdemo.tuning import recipe, report
from kerasdemo.tuning.recipe import decide, follow_recipe
from kerasdemo.tuning.steps import Candidate, TuneResult, Tuning, undoes
from tests.factories import falling, make_run, rising

BASELINE = """
name: baseline
data: {name: mnist}
network: {depth: 3, units: 689, activation: sigmoid}
loss: mse
optimizer: {name: sgd, learning_rate: 0.1}
training: {early_stopping: null}
"""
# Training, validation and test accuracy.
Accuracies = tuple[float, float, float]
World = Callable[[RunConfig], Accuracies]
NEIGHBORS = 0.923
CHANCE = (0.1127, 0.115, 0.1135)
ROW_8 = (0.8734, 0.86, 0.8582)


def made(config: RunConfig, reached: Accuracies, seed: int = 0) -> Run:
    """A run that got there early and stayed; but row 8 is still on its way."""
    train, validation, test = reached
    pace = 0.5 if reached == ROW_8 else 3.0
    curves = {
        "loss": falling(2.3, 2.4 * (1 - train), pace=pace),
        "accuracy": rising(min(0.1, train), train, pace=pace),
        "val_loss": falling(2.3, 2.4 * (1 - validation), pace=pace),
        "val_accuracy": rising(min(0.1, validation), validation, pace=pace),
    }
    data = {"neighbor_baseline": NEIGHBORS}
    run = make_run(**curves, test={"accuracy": test, "loss": 1.0}, data=data)
    return replace(run, config=config.model_copy(update={"seed": seed}))


def candidate(config: RunConfig, *reached: Accuracies) -> Candidate:
    return Candidate(config, tuple(made(config, one, seed) for seed, one in enumerate(reached)))


def tuned(world: World, text: str = BASELINE, max_runs: int = 30) -> Tuning:
    return follow_recipe(parse(text), lambda config: candidate(config, world(config)), max_runs)


def describe(tuning: Tuning) -> list[str]:
    return [
        f"{'kept' if step.is_kept else 'dropped'} {report.describe_patch(step.remedy.patch)}"
        for step in tuning.steps
    ]


def mnist(config: RunConfig) -> Accuracies:
    """The lecture's rows 7, 8 and 14."""
    if config.loss.name == "mean_squared_error":
        return CHANCE
    if config.network.activation.name == "sigmoid":
        return ROW_8
    return (0.9993, 0.963, 0.9627)


def test_it_walks_from_the_baseline_to_a_healthy_network() -> None:
    tuning = tuned(mnist)
    assert describe(tuning)[0] == "kept loss=categorical_crossentropy"
    assert describe(tuning)[-1].startswith("kept activation=relu")
    assert tuning.find_end(30) == "healthy"
    assert tuning.current.config.network.activation.name == "relu"
    assert tuning.current.mean("test_accuracy").mean == 0.9627


def test_a_remedy_that_does_not_help_is_dropped_and_the_next_one_tried() -> None:
    def stubborn(config: RunConfig) -> Accuracies:
        learns = config.optimizer.name == "adam" and config.network.activation.name == "sigmoid"
        return (0.99, 0.96, 0.96) if learns else CHANCE

    tuning = tuned(stubborn)
    assert describe(tuning)[0] == "dropped loss=categorical_crossentropy"
    assert describe(tuning)[-1] == "kept optimizer=adam"
    # What was dropped is not in the end's config.
    assert tuning.current.config.loss.name == "mean_squared_error"


def test_it_ends_where_nothing_helps_or_the_runs_are_used_up() -> None:
    def fatal(config: RunConfig) -> Accuracies:
        return CHANCE

    tuning = tuned(fatal)
    assert tuning.find_end(30) == "nothing helps"
    assert not any(step.is_kept for step in tuning.steps)
    patches = [step.remedy.patch for step in tuning.steps]
    assert all(patches.count(patch) == 1 for patch in patches)
    assert tuned(fatal, max_runs=1).steps == ()
    limited = tuned(fatal, max_runs=3)
    assert (limited.runs, limited.find_end(3)) == (3, "--max-runs 3 reached")


def test_remedies_of_an_earlier_verdict_are_tried_in_the_end() -> None:
    """More epochs bring little; ReLU and Adam, remedies of the start, are what helps."""

    def slow(config: RunConfig) -> Accuracies:
        if config.optimizer.name == "adam":
            return (0.99, 0.963, 0.963)
        return (0.94, 0.856, 0.856) if config.loss.name != "mean_squared_error" else CHANCE

    tuning = tuned(slow)
    kept = [step.remedy.patch for step in tuning.steps if step.is_kept]
    assert kept[0] == {"loss": "categorical_crossentropy"}
    assert kept[-1]["optimizer"]["name"] == "adam"
    assert tuning.path[-2].outcome == "overfitting"
    remedies = [remedy.patch for remedy in tuning.path[-2].remedies]
    assert kept[-1] not in remedies
    assert tuning.find_end(30) == "healthy"


def test_a_kept_change_is_not_undone_by_an_earlier_remedy() -> None:
    kept = ["optimizer", "network.layers.0.units"]
    for patch, expected in (
        ({"optimizer.learning_rate": 1.0}, True),
        ({"network.layers": []}, True),
        ({"network.layers.0.activation": "relu"}, False),
        ({"loss": "mse"}, False),
    ):
        assert undoes(patch, kept) == expected


def test_a_healthy_start_is_the_end() -> None:
    tuning = tuned(lambda _: (0.999, 0.963, 0.963))
    assert (tuning.steps, tuning.find_end(30)) == ((), "healthy")


def test_a_test_mismatch_is_decided_on_the_test_set_with_a_note() -> None:
    def noisy(config: RunConfig) -> Accuracies:
        if config.data.noise.train:
            return (0.999, 0.91, 0.91)
        return (0.999, 0.963, 0.61 if config.network.dropout else 0.503)

    relu = (
        BASELINE.replace("sigmoid", "relu")
        .replace("mse", "categorical_crossentropy")
        .replace("{name: mnist}", "{name: mnist, noise: {test: 1.0}}")
    )
    tuning = tuned(noisy, relu)
    assert describe(tuning)[0] == "kept dropout=0.7"
    assert tuning.steps[0].decision.gains["test_accuracy"].difference.mean == pytest.approx(0.107)
    # Validation is 5 points worse with noise on it, and is not what counts here.
    assert describe(tuning)[1].startswith("kept train=1")
    lines = report.describe_tuning(TuneResult(tuning, "", Path(), Path(), Path()))
    assert lines[-1] == report.ON_THE_TEST_SET.format("test accuracy")


def test_a_refused_change_is_dropped() -> None:
    def refuses(config: RunConfig) -> Candidate:
        if config.loss.name != "mean_squared_error":
            raise InputError(Fault("Keras refuses it"))
        return candidate(config, CHANCE)

    tuning = follow_recipe(parse(BASELINE), refuses, max_runs=2)
    assert describe(tuning)[0] == "dropped loss=categorical_crossentropy"
    assert tuning.steps[0].decision.reason == "refused: Keras refuses it"
    assert (
        report.as_dict(TuneResult(tuning, "", Path(), Path(), Path()))["steps"][0]["trial"] is None
    )
    assert len(report.plot_rows(tuning)) == tuning.runs


SEEDS = (CHANCE, CHANCE, CHANCE)


@pytest.mark.parametrize(
    ("before", "after", "is_kept", "reason"),
    [
        # One seed: a margin.
        ((CHANCE,), ((0.121, 0.12, 0.12),), False, "no clear gain"),
        ((CHANCE,), ((0.2, 0.19, 0.19),), True, "training accuracy +8.7 points"),
        # Several: what all of them say.
        (SEEDS, ((0.2, 0.2, 0.2), (0.21, 0.2, 0.2), (0.22, 0.2, 0.2)), True, "+9.7 points [+7.0"),
        (SEEDS, ((0.9, 0.9, 0.9), CHANCE, CHANCE), False, "needs about"),
        # Better in training, and worse where it counts.
        (((0.3, 0.3, 0.3),), ((0.5, 0.2, 0.2),), False, "worse"),
        # Overfitting: validation counts, not training.
        (((1.0, 0.8, 0.8),), ((0.85, 0.84, 0.84),), True, "validation accuracy +4.0 points"),
        (((1.0, 0.8, 0.8),), ((1.0, 0.801, 0.8),), False, "no clear gain"),
        # Healthy at no cost.
        (((0.99, 0.905, 0.9),), ((0.94, 0.908, 0.9),), True, "healthy now, and no worse"),
    ],
)
def test_a_change_is_kept_for_a_reason(
    before: tuple[Accuracies, ...], after: tuple[Accuracies, ...], is_kept: bool, reason: str
) -> None:
    config = parse(BASELINE)
    decision = decide(candidate(config, *before), candidate(config, *after), "val_accuracy")
    assert decision.is_kept is is_kept
    assert reason in decision.reason


def test_fewer_runs_that_diverge_are_better() -> None:
    config = parse(BASELINE)
    good = candidate(config, CHANCE, CHANCE)
    broken = tuple(
        replace(run, facts={**run.facts, "status": "diverged"}, history=History((float("nan"),)))
        for run in good.runs
    )
    one, both = Candidate(config, (broken[0], good.runs[1])), Candidate(config, broken)
    assert decide(both, one, "val_accuracy").is_kept
    assert decide(good, one, "val_accuracy").reason == "1 of 2 runs diverge"
    assert not decide(both, both, "val_accuracy").is_kept
    assert one.outcome == "diverged"
    failed = replace(broken[0], facts={"status": "failed", "reason": "no memory"})
    assert decide(good, Candidate(config, (failed,)), "val_accuracy").reason == "failed: no memory"


def test_healthy_means_every_seed() -> None:
    config = parse(BASELINE)
    mixed = candidate(config, (0.999, 0.963, 0.963), CHANCE)
    assert mixed.outcome == "optimization_failure"
    assert mixed.remedies == list(mixed.verdicts[1].remedies)


@pytest.mark.parametrize(
    ("outcome", "goal"),
    [
        ("diverged", "accuracy"),
        ("optimization_failure", "accuracy"),
        ("still_improving", "val_accuracy"),
        ("overfitting", "val_accuracy"),
        ("test_mismatch", "test_accuracy"),
    ],
)
def test_what_helps_follows_from_what_is_wrong(outcome: Outcome, goal: str) -> None:
    assert recipe.goal_metric(outcome, "val_accuracy") == goal
