"""Why training went wrong: one record by hand for each cause, and the symptom that is none."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from kerasdemo import config
from kerasdemo.config import InputError
from kerasdemo.diagnosis import Verdict, causes, diagnose, explain
from kerasdemo.diagnosis.catalogue import RULES
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.records import Run
from tests.factories import MakeRun, falling, rising

STUCK = {"loss": [2.301] * 12, "accuracy": [0.1127] * 12}
Layers = Mapping[str, Mapping[str, Sequence[float]]]


def layers(
    gradients: Sequence[float], dead: float = 0.0, saturated: float = 0.0, update: float = 0.05
) -> Layers:
    """Twelve equal epochs of layers with these gradient norms, the last one the output."""
    hidden = [f"dense_{n}" for n in range(1, len(gradients))]
    return {
        name: {
            "gradient_norm": [gradient] * 12,
            "weight_norm": [10.0] * 12,
            "update_ratio": [update] * 12,
            "dead": [dead if name != "output" else 0.0] * 12,
            "saturated": [saturated if name != "output" else 0.0] * 12,
        }
        for name, gradient in zip([*hidden, "output"], gradients, strict=True)
    }


def text(network: str = "", optimizer: str = "", rest: str = "") -> str:
    return (
        "data: {name: mnist}\ntraining: {early_stopping: null}\n"
        f"network: {{{network}}}\noptimizer: {{{optimizer}}}\n{rest}"
    )


def first(verdict: Verdict) -> str:
    return verdict.causes[0].name


CASES: list[tuple[str, str, Layers, dict[str, Any]]] = [
    ("wrong_output_or_loss", text("depth: 2", rest="loss: mse\n"), layers([0.1, 0.1, 0.2]), {}),
    ("wrong_output_or_loss", text("output_activation: relu"), layers([0.0, 0.0, 0.0]), {}),
    (
        "vanishing_gradient",
        text("depth: 3, activation: sigmoid"),
        layers([1e-6, 1e-4, 0.01, 1]),
        {},
    ),
    ("exploding_gradient", text("depth: 3"), layers([900.0, 90.0, 9.0, 1.0]), {}),
    ("dead_units", text("depth: 2"), layers([0.0, 0.0, 0.3], dead=1.0), {}),
    ("saturation", text("depth: 2, activation: tanh"), layers([0.1, 0.1, 0.3], saturated=0.97), {}),
    (
        "learning_rate_too_high",
        text("depth: 2", "name: adam, learning_rate: 0.5"),
        layers([0.0, 0.0, 0.3], dead=1.0, update=60.0),
        {},
    ),
    (
        "learning_rate_too_low",
        text("depth: 2", "name: sgd, learning_rate: 1.0e-5"),
        layers([0.3, 0.3, 0.3], update=1e-4),
        {},
    ),
    ("too_few_updates", text("depth: 2"), layers([0.3, 0.3, 0.3]), {"updates": 12}),
    (
        "input_not_normalized",
        text("depth: 2"),
        layers([0.0, 0.0, 0.3], dead=1.0),
        {"data": {"input": {"min": 0, "max": 255, "mean": 33.0, "sd": 79.0}}},
    ),
    (
        "bad_initialization",
        text("depth: 2, initializer: {name: constant, value: 0.01}"),
        layers([0.1, 0.1, 0.3]),
        {},
    ),
    (
        "bad_initialization",
        text("depth: 4, initializer: {name: random_normal, stddev: 0.0001}"),
        layers([1e-9, 1e-9, 1e-9, 1e-9, 0.3]),
        {},
    ),
    ("network_too_small", text("depth: 2, units: 2"), layers([0.1, 0.1, 0.3]), {}),
    ("network_too_small", text("depth: 2, units: 1"), layers([0.0, 0.0, 0.3], dead=1.0), {}),
    ("network_too_small", text("depth: 0"), layers([0.1]), {}),
    ("network_too_small", text("activation: linear"), layers([0.1, 0.1, 0.3]), {}),
]


@pytest.mark.parametrize(("cause", "config_text", "told", "facts"), CASES)
def test_the_cause_is_named_first(
    run: MakeRun, cause: str, config_text: str, told: Layers, facts: dict[str, Any]
) -> None:
    verdict = diagnose(run(config_text, **STUCK, layers=told, **facts))
    assert verdict.outcome == "optimization_failure"
    assert first(verdict) == cause, verdict.causes
    assert verdict.remedies[0].answers == cause
    weights = [c.weight for c in verdict.causes]
    assert weights == sorted(weights, reverse=True)


def test_every_remedy_makes_a_valid_config(run: MakeRun) -> None:
    for _, config_text, told, facts in CASES:
        for remedy in diagnose(run(config_text, **STUCK, layers=told, **facts)).remedies:
            asked = config.parse(config_text)
            changed = asked.with_changes(remedy.patch)
            assert changed.settings != asked.settings
            assert config.parse(changed.to_yaml("why")).settings == changed.settings


@pytest.mark.parametrize(("cause", "config_text", "told", "facts"), CASES)
def test_a_good_run_has_no_cause(
    run: MakeRun, cause: str, config_text: str, told: Layers, facts: dict[str, Any]
) -> None:
    """A symptom explains a bad outcome; without one it is no fault."""
    fine = {"loss": falling(2.3, 0.05, 12), "accuracy": rising(0.1, 0.97, 12)}
    assert diagnose(run(config_text, **fine, layers=told, **facts)).causes == ()


def test_sparsity_is_not_death(run: MakeRun) -> None:
    told = layers([0.1, 0.1, 0.3], dead=0.2)
    verdict = diagnose(run(text("depth: 2"), **STUCK, layers=told))
    assert "dead_units" not in [cause.name for cause in verdict.causes]


def test_a_layer_of_dead_units_is_no_vanishing_gradient(run: MakeRun) -> None:
    told = layers([0.0, 0.0, 0.3], dead=1.0)
    verdict = diagnose(run(text("depth: 2"), **STUCK, layers=told))
    assert "vanishing_gradient" not in [cause.name for cause in verdict.causes]


def test_swings_are_oscillation(run: MakeRun) -> None:
    swinging = [0.7 + 0.06 * (-1) ** n for n in range(20)]
    verdict = diagnose(run(loss=[0.9 + 0.1 * (-1) ** n for n in range(20)], accuracy=swinging))
    assert "oscillation" in [cause.name for cause in verdict.causes][:2]


def test_diverged_runs_are_not_told_to_train_longer(run: MakeRun) -> None:
    verdict = diagnose(run(text("", "name: sgd, learning_rate: 5.0"), status="diverged"))
    names = [cause.name for cause in verdict.causes]
    assert names[0] == "learning_rate_too_high"
    assert not {"too_few_updates", "learning_rate_too_low", "network_too_small"} & set(names)


def test_a_run_that_broke_at_once_is_judged_by_what_it_started_with(run: MakeRun) -> None:
    nan = float("nan")
    started = {
        name: {"gradient_norm": norm}
        for name, norm in {"dense_1": 1e4, "dense_2": 100.0, "output": 1.0}.items()
    }
    verdict = diagnose(
        run(
            text("depth: 2"),
            loss=[nan],
            accuracy=[0.1],
            layers=layers([nan, nan, nan]),
            initial={"loss": 2.3, "layers": started},
        )
    )
    assert first(verdict) == "exploding_gradient"
    assert verdict.causes[0].evidence["gradient_ratio"] == 1e4


def test_written_layers_are_patched_where_they_stand(run: MakeRun) -> None:
    written = (
        "data: {name: mnist}\nnetwork:\n  layers:\n    - {type: flatten}\n"
        + "    - {type: dense, units: 50, activation: sigmoid}\n" * 3
        + "    - {type: dense, units: 10, activation: softmax}\n"
    )
    verdict = diagnose(run(written, **STUCK, layers=layers([1e-7, 1e-4, 1e-2, 1])))
    assert verdict.remedies[0].patch == {
        f"network.layers.{n}.activation": "relu" for n in (1, 2, 3)
    }


def test_momentum_counts_into_the_learning_rate(run: MakeRun) -> None:
    plain = RunFeatures(run(text("", "name: sgd, learning_rate: 0.01")))
    heavy = RunFeatures(run(text("", "name: sgd, learning_rate: 0.01, momentum: 0.9")))
    assert plain.learning_rate_ratio == pytest.approx(1)
    assert heavy.learning_rate_ratio == pytest.approx(10)


@pytest.mark.parametrize(
    ("initializer", "sd"),
    [
        ("he_normal", (2 / 784) ** 0.5),
        ("glorot_uniform", (2 / (784 + 500)) ** 0.5),
        ("lecun_normal", (1 / 784) ** 0.5),
        ("{name: random_uniform, minval: -0.1, maxval: 0.1}", 0.2 / 12**0.5),
    ],
)
def test_initial_sd(run: MakeRun, initializer: str, sd: float) -> None:
    features = RunFeatures(run(text(f"initializer: {initializer}")))
    assert causes.initial_sd(features.network[0]) == pytest.approx(sd)


def test_the_catalogue_has_a_page_for_every_rule() -> None:
    assert len({rule.code for rule in RULES.values()}) == len(RULES)
    for code, rule in RULES.items():
        page = explain(code)
        for heading in ("How it is detected", "Why it matters", "What to try"):
            assert heading in page
        assert rule.name in page


def test_explain_takes_a_name_and_names_the_nearest() -> None:
    assert explain("optimization_failure").count("# K11") == 3
    assert "Hidden layers are linear" in explain("l202")
    with pytest.raises(InputError, match="vanishing_gradient"):
        explain("vanishing_gradients")


def test_a_slow_training_gets_the_lectures_two_means_before_more_epochs(run: MakeRun) -> None:
    slow = {
        "loss": [2.3 - 0.09 * n for n in range(20)],
        "accuracy": [0.3 + 0.02 * n for n in range(20)],
    }
    patches = [
        r.patch for r in diagnose(run(text("activation: sigmoid", "name: sgd"), **slow)).remedies
    ]
    both = {"network.activation": "relu", "optimizer": {"name": "adam", "learning_rate": 0.001}}
    assert patches[:3] == [both, *({key: value} for key, value in both.items())]
    assert {"training.epochs": 40} in patches
    plain = diagnose(run(text("activation: relu", "name: adam"), **slow)).remedies
    assert plain[0].patch == {"training.epochs": 40}


def test_a_single_epoch_is_told_to_train_on(run: MakeRun) -> None:
    config_text = "data: {name: mnist}\ntraining: {epochs: 1, early_stopping: null}\n"
    verdict = diagnose(run(config_text, loss=[2.0], accuracy=[0.3]))
    assert [remedy.patch for remedy in verdict.remedies] == [{"training.epochs": 10}]


def probe(losses: dict[float, float], own: float, adam: float = 1.0, batch: float = 1.0) -> Any:
    """Short experiments: each rate's loss from 2.3, and how well one batch was learnt."""
    return {
        "learning_rates": {
            "steps": 200,
            "loss_before": 2.4,
            "own_rate": own,
            "best_rate": min(losses, key=lambda rate: losses[rate]),
            "rates": [{"rate": r, "loss": x, "accuracy": 0.5} for r, x in losses.items()],
        },
        "zeroed_input": {"rate": own, "loss": 2.3, "accuracy": 0.1127},
        "one_batch": {
            "examples": 32,
            "steps": 400,
            "own": {"loss": 1.0, "accuracy": batch},
            "adam": {"loss": 1.0, "accuracy": adam},
        },
    }


def probed(run: Run, **found: Any) -> Verdict:
    return diagnose(replace(run, sanity_checks=probe(**found)))


def test_a_probed_learning_rate_is_proven_or_cleared(run: MakeRun) -> None:
    config_text = text("depth: 2", "name: adam, learning_rate: 0.1")
    hidden = layers([0.0, 0.0, 0.3], dead=1.0, update=60.0)
    failed = run(config_text, **STUCK, layers=hidden, updates=160)
    assert first(diagnose(failed)) == "learning_rate_too_high"
    proven = probed(failed, losses={0.001: 0.1, 0.1: 2.3}, own=0.1)
    assert first(proven) == "learning_rate_too_high"
    assert proven.remedies[0].patch == {"optimizer.learning_rate": 0.001}
    assert "in 200 steps the loss gets to 2.3, with 0.001 to 0.1" in proven.causes[0].text
    cleared = probed(failed, losses={0.001: 0.2, 0.1: 0.1}, own=0.1)
    assert first(cleared) != "learning_rate_too_high"
    low = probed(failed, losses={0.1: 2.29, 1.0: 0.1}, own=0.1)
    assert first(low) == "learning_rate_too_low"
    assert "learning_rate_too_high" not in [cause.name for cause in low.causes]


def test_no_rate_that_beats_zeroed_inputs_proves_nothing(run: MakeRun) -> None:
    failed = run(text("depth: 2", "name: sgd, learning_rate: 0.1"), **STUCK)
    blind = probed(failed, losses={0.1: 2.29, 1.0: 2.28}, own=0.1)
    assert not any("best_learning_rate" in cause.evidence for cause in blind.causes)
    assert any("does not look at them" in note for note in blind.notes)


def test_one_batch_tells_the_steps_from_the_network(run: MakeRun) -> None:
    failed = run(text("depth: 2", "name: sgd, learning_rate: 0.1"), **STUCK)
    rates = {"losses": {0.1: 2.29}, "own": 0.1}
    assert first(diagnose(failed)) == "network_too_small"  # for want of anything better
    steps = probed(failed, **rates, batch=0.3)
    assert "network_too_small" not in [cause.name for cause in steps.causes]
    assert any("the optimizer is at fault" in note for note in steps.notes)
    output = run(text("depth: 2", rest="loss: mse\n"), **STUCK)
    neither = probed(output, **rates, batch=0.3, adam=0.3)
    assert neither.causes[0].weight == 0.95
    assert "Not even one batch can be learnt by heart" in neither.causes[0].text


def test_a_probed_good_run_gets_a_conclusion_and_no_advice(good: Run) -> None:
    found = probe({0.1: 2.29}, own=0.1, batch=0.3, adam=0.3)
    verdict = diagnose(replace(good, sanity_checks=found))
    assert replace(verdict, notes=()) == diagnose(good)
    assert [note.startswith("Conclusion") for note in verdict.notes] == [True]


def test_softmax_between_hidden_layers_is_the_cause_by_itself(run: MakeRun) -> None:
    flat = {"loss": [2.3] * 6, "accuracy": [0.11] * 6}
    verdict = diagnose(run(text("activation: softmax", "name: adam"), **flat))
    assert verdict.causes[0].name == "vanishing_gradient"
    assert "share an output of 1" in verdict.causes[0].text
    assert verdict.remedies[0].patch["network.activation"] == "relu"


def test_a_training_that_has_hardly_begun_gets_more_than_twice_the_epochs(run: MakeRun) -> None:
    begun = {
        "loss": [2.3 - 0.02 * n for n in range(20)],
        "accuracy": [0.11 + 0.01 * n for n in range(20)],
    }
    remedies = diagnose(run(text("activation: relu", "name: adam"), **begun)).remedies
    assert {"training.epochs": 100} in [remedy.patch for remedy in remedies]
