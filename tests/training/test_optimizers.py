"""A config's optimizer is Keras' own: its schedules, and how it clips gradients."""

from pathlib import Path

import numpy as np
import pytest

from kerasdemo.backend import keras
from kerasdemo.config import RunConfig, keras_arguments, parse
from kerasdemo.records import read
from kerasdemo.training import runner
from kerasdemo.training.optimizers import build_optimizer, optimizer

SCHEDULES = {
    "cosine_decay": "initial_learning_rate: 0.1, decay_steps: 40, warmup_target: 0.4, "
    "warmup_steps: 10",
    "cosine_decay_restarts": "initial_learning_rate: 0.1, first_decay_steps: 10",
    "exponential_decay": "initial_learning_rate: 0.1, decay_steps: 10, decay_rate: 0.5",
    "inverse_time_decay": "initial_learning_rate: 0.1, decay_steps: 10, decay_rate: 0.5",
    "piecewise_constant_decay": "boundaries: [5, 20], values: [0.1, 0.2, 0.05]",
    "polynomial_decay": "initial_learning_rate: 0.1, decay_steps: 40, power: 2.0",
}


def config(optimizer: str, more: str = "") -> RunConfig:
    return parse(f"data: {{name: mnist_sample}}\noptimizer: {optimizer}\n{more}")


def test_every_schedule_is_tried() -> None:
    assert SCHEDULES.keys() == keras_arguments.names("schedules").keys()


@pytest.mark.parametrize("name", SCHEDULES)
def test_a_schedule_gives_keras_own_rates(name: str) -> None:
    text = f"{{name: {name}, {SCHEDULES[name]}}}"
    given = config(f"{{name: sgd, learning_rate: {text}}}")
    chosen = optimizer(given)
    build_optimizer(chosen, [keras.Variable([1.0])])
    arguments = {
        key: list(value) if isinstance(value, tuple) else value
        for key, value in given.optimizer.arguments["learning_rate"].items()
        if key != "name"
    }
    schedule = getattr(
        keras.optimizers.schedules, keras_arguments.class_name("schedules", name) or ""
    )(**arguments)
    for step in (0, 1, 5, 10, 11, 39, 40, 100):
        chosen.iterations.assign(step)
        assert float(chosen.learning_rate) == pytest.approx(float(schedule(step)))


@pytest.mark.parametrize("name", keras_arguments.names("optimizers"))
@pytest.mark.parametrize("clipping", ["clipnorm", "clipvalue", "global_clipnorm"])
def test_every_optimizer_clips(name: str, clipping: str) -> None:
    chosen = optimizer(config(f"{{name: {name}, {clipping}: 0.5}}"))
    assert getattr(chosen, clipping) == 0.5


@pytest.mark.parametrize(
    ("clipping", "moved"),
    [
        # One variable's gradient is (3, 4), the other's (12,): 13 long together.
        ("clipnorm", ([0.6, 0.8], [1.0])),
        ("clipvalue", ([1.0, 1.0], [1.0])),
        ("global_clipnorm", ([3 / 13, 4 / 13], [12 / 13])),
    ],
)
def test_an_update_is_clipped(clipping: str, moved: tuple[list[float], list[float]]) -> None:
    chosen = optimizer(config(f"{{name: sgd, learning_rate: 1.0, {clipping}: 1.0}}"))
    variables = [keras.Variable([0.0, 0.0]), keras.Variable([0.0])]
    build_optimizer(chosen, variables)
    gradients = [keras.ops.array([3.0, 4.0]), keras.ops.array([12.0])]
    chosen.apply(gradients, variables)
    for variable, distance in zip(variables, moved, strict=True):
        np.testing.assert_allclose(-variable.numpy(), distance, rtol=1e-6)


@pytest.mark.slow
def test_the_rate_of_each_epoch_is_recorded(tmp_path: Path) -> None:
    text = f"{{name: cosine_decay, {SCHEDULES['cosine_decay']}}}"
    more = (
        "network: {depth: 1, units: 4}\ntraining: {epochs: 5, batch_size: 20, early_stopping: null}"
    )
    given = config(f"{{name: sgd, learning_rate: {text}, clipnorm: 1.0}}", more).with_changes(
        {"data.train": 200, "data.validation": 20, "data.test": 20}
    )
    path = runner.run(given, tmp_path).path
    # Of the next update, after 10, 20, ... of them: the warm-up ends with the first epoch.
    expected = [0.4, 0.3414214, 0.2, 0.05857865, 0.0]
    assert read(path).history.learning_rate == pytest.approx(expected, abs=1e-7)
