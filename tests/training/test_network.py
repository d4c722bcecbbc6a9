"""The network that a config describes is an ordinary Keras model, counted as Keras counts."""

import numpy as np
import pytest

from kerasdemo.backend import keras
from kerasdemo.config import parse
from kerasdemo.training import network


@pytest.mark.parametrize(
    "loss",
    ["binary_crossentropy", "hinge", "categorical_crossentropy", "sparse_categorical_crossentropy"],
)
def test_right_answers_have_keras_accuracy_as_their_mean(loss: str) -> None:
    config = parse(f"data: {{name: circles}}\nnetwork: {{depth: 1, units: 4}}\nloss: {loss}\n")
    built = network.build(config, (2,), 2)
    rng = np.random.default_rng(0)
    x, classes = rng.normal(size=(40, 2)).astype("float32"), rng.integers(0, 2, 40)
    y = network.encode(network.targets(config, built), classes, 2)
    right = np.asarray(network.is_right(config, built)(y, built(x)))
    assert right.shape == (40,)
    _, accuracy = built.evaluate(x, y, verbose=0)
    assert right.mean() == pytest.approx(accuracy)


def test_the_network_is_an_ordinary_keras_model() -> None:
    config = parse(
        "data: {name: mnist_sample}\n"
        "network: {depth: 2, units: 8, activation: maxout, maxout_pieces: 3}\n"
    )
    assert type(network.build(config, (28, 28), 10)) is keras.Sequential


def test_optimizers_of_all_runs_have_one_name() -> None:
    config = parse("data: {name: mnist_sample}\ntraining: {precision: mixed_float16}\n")
    first, second = (network.build(config, (28, 28), 10).optimizer for _ in range(2))
    assert first.name == second.name
    assert [v.path for v in first.variables] == [v.path for v in second.variables]
