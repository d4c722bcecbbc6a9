"""Layer statistics, against numbers worked out by hand."""

import math
from typing import Any

import numpy as np
import pytest

from kerasdemo.backend import keras, tf
from kerasdemo.config import parse
from kerasdemo.data import Array
from kerasdemo.training import layer_statistics, network
from kerasdemo.training.examples import whole
from kerasdemo.training.layer_statistics import ModelStatistics
from kerasdemo.training.model_evaluation import ModelEvaluator


def statistics(
    text: str, weights: list[list[list[float]]], x: Array, y: Array
) -> dict[str, dict[str, float]]:
    config = parse(text)
    built = network.build(config, x.shape[1:], 2)
    kernels = [w for w in built.weights if w.path.endswith("kernel")]
    for kernel, value in zip(kernels, weights, strict=True):
        kernel.assign(value)
    computed = layer_statistics.LayerStatistics(built)
    before = [tf.zeros_like(kernel) + 1.0 for kernel in kernels]
    return computed.compute(tf.constant(x), tf.constant(y), before)


TWO = "data: {name: circles}\nnetwork: {depth: 1, units: 3, activation: %s}"


def test_a_unit_is_dead_where_it_fires_for_no_example() -> None:
    x = np.array([[1, 0], [0, 1], [1, 1]], np.float32)
    y = np.eye(2, dtype=np.float32)[[0, 1, 0]]
    # The first unit never fires, the second for one example, the third always.
    kernel = [[-1.0, 1.0, 1.0], [-1.0, -2.0, 1.0]]
    found = statistics(TWO % "relu", [kernel, [[0.1, 0], [0, 0.1], [0, 0]]], x, y)
    assert found["dense_1"]["dead"] == pytest.approx(1 / 3)
    assert found["dense_1"]["saturated"] == 0
    assert found["output"]["dead"] == 0
    assert found["dense_1"]["weight_norm"] == pytest.approx(np.linalg.norm(kernel))
    assert found["dense_1"]["update_ratio"] == pytest.approx(
        np.linalg.norm(np.array(kernel) - 1) / np.sqrt(6)
    )


def test_an_output_is_saturated_where_the_sigmoid_is_flat() -> None:
    x = np.array([[1, 0], [0, 1]], np.float32)
    y = np.eye(2, dtype=np.float32)
    kernel = [[10.0, 0.0, 1.0], [0.0, -10.0, 1.0]]
    found = statistics(TWO % "sigmoid", [kernel, [[1, 0], [0, 1], [0, 0]]], x, y)
    assert found["dense_1"]["saturated"] == pytest.approx(2 / 6)
    assert found["dense_1"]["dead"] == 0


def test_the_gradient_norm_is_that_of_automatic_differentiation() -> None:
    x = np.random.default_rng(0).normal(size=(5, 2)).astype(np.float32)
    y = np.eye(2, dtype=np.float32)[[0, 1, 0, 1, 1]]
    config = parse(TWO % "tanh")
    built = network.build(config, (2,), 2)
    with tf.GradientTape() as tape:
        loss = keras.losses.categorical_crossentropy(y, built(x))
        loss = tf.reduce_mean(loss)
    kernels = [w for w in built.weights if w.path.endswith("kernel")]
    expected = [float(tf.norm(g)) for g in tape.gradient(loss, [k.value for k in kernels])]
    computed = layer_statistics.LayerStatistics(built)
    found = computed.compute(tf.constant(x), tf.constant(y), computed.copies())
    assert [layer["gradient_norm"] for layer in found.values()] == pytest.approx(expected, rel=1e-4)
    assert [layer["update_ratio"] for layer in found.values()] == [0.0, 0.0]


def test_channels_of_a_convolution_count_as_units() -> None:
    config = parse(
        """
data: {name: mnist_sample}
network: {layers: [{type: conv2d, filters: 4, kernel_size: 3, activation: relu},
                   {type: max_pooling2d}, {type: flatten}, {type: dense, units: 10}]}
"""
    )
    built = network.build(config, (28, 28), 10)
    kernel = np.ones((3, 3, 1, 4), np.float32)
    kernel[..., 0] = -1.0
    built.get_layer("conv2d_1").kernel.assign(kernel)
    computed = layer_statistics.LayerStatistics(built)
    x = np.random.default_rng(0).uniform(size=(6, 28, 28)).astype(np.float32)
    y = np.eye(10, dtype=np.float32)[:6]
    found = computed.compute(tf.constant(x), tf.constant(y), computed.copies())
    assert found["conv2d_1"]["dead"] == 0.25


def test_the_examples_are_spread_over_the_training_set() -> None:
    x = np.arange(10_000)
    chosen, _ = layer_statistics.statistics_examples(x, x)
    assert len(chosen) == layer_statistics.EXAMPLES <= 1_000
    assert (chosen[0], chosen[-1]) == (0, 9_999)
    small, _ = layer_statistics.statistics_examples(x[:30], x[:30])
    assert small.tolist() == list(range(30))


def of_model(model: Any, x: Any, y: Array, loss: str = "mse") -> dict[str, dict[str, float]]:
    model.compile(loss=loss)
    computed = ModelStatistics(ModelEvaluator(model, {"name": loss}))
    (chunk,) = whole(x, y).chunks()
    return computed.compute(chunk.x, chunk.y, computed.copies(), chunk.weight)


def test_any_model_has_the_gradients_of_automatic_differentiation() -> None:
    words = keras.Input((4,))
    hidden = keras.layers.Embedding(5, 3, name="words")(words)
    hidden = keras.layers.GRU(3, name="gru")(hidden)
    model = keras.Model(words, keras.layers.Dense(1, name="output")(hidden))
    x, y = np.arange(24).reshape(6, 4) % 5, np.arange(6, dtype=np.float32)
    found = of_model(model, x, y)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean((model(x)[:, 0] - y) ** 2)
    kernels = [w.value for w in model.weights if "bias" not in w.path]
    gradients = [tf.convert_to_tensor(g) for g in tape.gradient(loss, kernels)]
    embeddings, *recurrent, output = (float(tf.norm(g)) for g in gradients)
    expected = {"words": embeddings, "gru": math.hypot(*recurrent), "output": output}
    assert {name: one["gradient_norm"] for name, one in found.items()} == pytest.approx(expected)
    assert math.isnan(found["gru"]["dead"])
    assert found["output"]["update_ratio"] == 0


def test_a_unit_is_dead_behind_its_activation_wherever_that_is() -> None:
    inputs = keras.Input((2,))
    own = keras.layers.Dense(2, activation="relu", use_bias=False, name="own")
    plain = keras.layers.Dense(2, use_bias=False, name="plain")
    branch = keras.layers.Dense(2, use_bias=False, name="branch")
    one = own(inputs)
    other = keras.layers.ReLU()(keras.layers.BatchNormalization()(plain(inputs)))
    both = keras.layers.Concatenate()([one, other, branch(inputs)])
    model = keras.Model(inputs, keras.layers.Dense(1, name="output")(both))
    for layer in (own, plain, branch):
        layer.kernel.assign([[1.0, -1.0], [1.0, -1.0]])  # the second unit gets no input above 0
    found = of_model(model, np.ones((3, 2), np.float32), np.ones(3, np.float32))
    dead = {name: one["dead"] for name, one in found.items()}
    assert dead == {"own": 0.5, "plain": 0.5, "branch": 0.0, "output": 0.0}


def test_units_inside_a_nested_or_subclassed_model_are_not_known() -> None:
    inner = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3, name="in")], name="inner")
    model = keras.Sequential([keras.Input((2,)), inner, keras.layers.Dense(1, name="output")])
    found = of_model(model, np.ones((3, 2), np.float32), np.ones(3, np.float32))
    assert math.isnan(found["inner/in"]["dead"])
    assert found["inner/in"]["gradient_norm"] > 0
    assert found["output"]["saturated"] == 0
