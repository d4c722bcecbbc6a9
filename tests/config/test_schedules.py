"""Learning-rate schedules in a config: what is accepted, and what does not fit the run."""

import pytest

from kerasdemo.config import InputError, RunConfig, keras_arguments, parse, schedules
from kerasdemo.config.lint import lint

COSINE = "{name: cosine_decay, initial_learning_rate: 0.1, decay_steps: 500}"


def config(rate: str, *overrides: str) -> RunConfig:
    return parse(f"name: s\noptimizer: {{name: sgd, learning_rate: {rate}}}", overrides=overrides)


def test_a_schedule_is_recorded_with_all_its_arguments() -> None:
    rate = config(COSINE).resolved["optimizer"]["learning_rate"]
    assert rate.keys() == {"name", *keras_arguments.names("schedules")["cosine_decay"]}
    assert rate["decay_steps"] == 500
    again = parse(config(COSINE).to_yaml())
    assert again.settings == config(COSINE).settings


def test_keras_class_names_are_names() -> None:
    assert config(COSINE.replace("cosine_decay", "CosineDecay")).settings == config(COSINE).settings


def test_overrides_replace_a_schedule_or_set_inside_it() -> None:
    plain = config(COSINE, "optimizer.learning_rate=0.1")
    assert plain.optimizer.arguments["learning_rate"] == 0.1
    inside = config(COSINE, "optimizer.learning_rate.decay_steps=700")
    assert inside.optimizer.arguments["learning_rate"]["decay_steps"] == 700
    again = config(COSINE).with_changes({"optimizer.learning_rate.alpha": 0.5})
    assert again.optimizer.arguments["learning_rate"]["alpha"] == 0.5


@pytest.mark.parametrize(
    ("rate", "message"),
    [
        ("cosine_decay", "cosine_decay needs `initial_learning_rate` and `decay_steps`"),
        ("{name: exponential_decay, decay_steps: 5}", "`initial_learning_rate` and `decay_rate`"),
        ("{name: cosine_decya, decay_steps: 5}", "did you mean 'cosine_decay'?"),
        ("{decay_steps: 5}", "a mapping with `name`"),
        ("fast", "got 'fast'; expected a number"),
        (COSINE.replace("500", "0"), "decay_steps: got 0; expected greater than"),
        (COSINE.replace("500", "1.5"), "expected a whole number"),
        (COSINE.replace("0.1", "-1"), "initial_learning_rate: got -1"),
        (COSINE.replace("0.1", "0"), "the rate would stay 0"),
        (COSINE.replace("}", ", alpha: 2}"), "alpha: got 2; expected less than or equal to 1"),
        (COSINE.replace("}", ", warmup_steps: 5}"), "needs `warmup_target`"),
        (COSINE.replace("}", ", warmup_target: 0.5}"), "needs `warmup_steps`"),
        (COSINE.replace("}", ", decay_rate: 0.5}"), "unknown key 'decay_rate'"),
        (
            "{name: piecewise_constant_decay, boundaries: [5, 9], values: [0.1, 0.2]}",
            "one value more than boundaries",
        ),
        (
            "{name: piecewise_constant_decay, boundaries: [9, 5], values: [0.1, 0.2, 0.3]}",
            "`boundaries` must rise",
        ),
    ],
)
def test_a_fault_names_the_line_and_the_reason(rate: str, message: str) -> None:
    with pytest.raises(InputError) as error:
        config(rate)
    assert str(error.value).startswith("config.yaml:2: optimizer.learning_rate")
    assert message in str(error.value)


def test_a_schedule_is_not_reduced_on_a_plateau() -> None:
    with pytest.raises(InputError, match="can't change the rate of a schedule"):
        config(COSINE, "training.reduce_lr_on_plateau={}")


WARMUP = COSINE.replace("0.1", "0").replace("}", ", warmup_target: 0.4, warmup_steps: 100}")


@pytest.mark.parametrize(("rate", "largest"), [("0.3", 0.3), (COSINE, 0.1), (WARMUP, 0.4)])
def test_the_peak_is_the_largest_rate(rate: str, largest: float) -> None:
    assert schedules.peak(config(rate).optimizer.arguments["learning_rate"]) == largest


def test_the_peak_of_steps_is_the_largest() -> None:
    rate = "{name: piecewise_constant_decay, boundaries: [5, 9], values: [0.1, 0.2, 0.05]}"
    assert schedules.peak(config(rate).optimizer.arguments["learning_rate"]) == 0.2


@pytest.mark.parametrize(
    ("rate", "tip"),
    [  # 10,000 examples in batches of 100, 20 epochs
        (COSINE, "the rate stays at its lowest from update 500 on; use 2,000"),
        (COSINE.replace("500", "2000"), None),
        (COSINE.replace("500", "9000"), "goes on long after them; use 2,000"),
        (WARMUP.replace("500", "1900"), None),
        (WARMUP.replace("warmup_steps: 100", "warmup_steps: 2000"), "the warm-up never ends"),
        # Warm-up, then constant.
        (WARMUP.replace("}", ", alpha: 1.0}"), None),
        (
            "{name: polynomial_decay, initial_learning_rate: 0.1, decay_steps: 20, cycle: true}",
            None,
        ),
        (
            "{name: piecewise_constant_decay, boundaries: [50, 5000], values: [0.1, 0.1, 0.05]}",
            "5,000 is never reached",
        ),
        (
            "{name: exponential_decay, initial_learning_rate: 0.1, decay_steps: 5000, "
            "decay_rate: 0.5, staircase: true}",
            "the rate never falls",
        ),
        (
            "{name: cosine_decay_restarts, initial_learning_rate: 0.1, first_decay_steps: 5000}",
            "never restarts",
        ),
    ],
)
def test_steps_that_do_not_fit_the_updates_get_a_tip(rate: str, tip: str | None) -> None:
    found = [one.message for one in lint(config(rate)) if one.code == "L504"]
    assert config(rate).updates == 2_000
    assert (not found) if tip is None else tip in found[0]


@pytest.mark.parametrize("one", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_gradients_are_clipped_in_one_way(one: str) -> None:
    for name, arguments in keras_arguments.names("optimizers").items():
        assert one in arguments
        parse(f"optimizer: {{name: {name}, {one}: 1.0}}")
    other = "clipvalue" if one == "clipnorm" else "clipnorm"
    with pytest.raises(InputError, match="keep one of them"):
        parse(f"optimizer: {{name: sgd, {one}: 1.0, {other}: 1.0}}")
