"""Networks with blocks: what Keras builds is what the config's layers say."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasdemo.backend import keras
from kerasdemo.config import parse
from kerasdemo.config.layers import ShapeError, layers_of
from kerasdemo.training import network
from kerasdemo.training.epoch_trainer import state_of
from tests.training.test_every_layer import config_of

CONVOLUTION = {"type": "conv2d", "filters": 3, "kernel_size": 3, "padding": "same"}
LAYERS = st.sampled_from(
    [
        CONVOLUTION,
        {**CONVOLUTION, "strides": 2, "activation": "elu"},
        {"type": "separable_conv2d", "filters": 2, "kernel_size": 2, "padding": "same"},
        {"type": "max_pooling2d"},
        {"type": "batch_normalization"},
        {"type": "re_lu"},
        {"type": "maxout", "pieces": 3},
        {"type": "global_average_pooling2d"},
        {"type": "dense", "units": 4},
    ]
)
BLOCKS = st.recursive(
    LAYERS,
    lambda inner: st.one_of(
        st.builds(lambda layers: {"residual": layers}, st.lists(inner, min_size=1, max_size=2)),
        st.builds(
            lambda layers: {"repeat": {"times": 2, "layers": layers}},
            st.lists(inner, min_size=1, max_size=2),
        ),
    ),
    max_leaves=5,
)


@settings(max_examples=20)
@given(st.lists(BLOCKS, min_size=1, max_size=3))
def test_a_nested_network_has_keras_shapes_and_parameters(layers: list[object]) -> None:
    config = config_of([*layers, {"type": "flatten"}, {"type": "dense", "units": 2}])
    try:
        declared = layers_of(config, (8, 8, 3), 2)
    except ShapeError:
        return
    built = network.build(config, (8, 8, 3), 2)
    for one, other in zip(declared, network.describe_layers(built, config), strict=True):
        assert (one.name, one.type, one.key) == (other.name, other.type, other.key)
        assert (one.input_shape, one.output_shape) == (other.input_shape, other.output_shape)
        assert (one.parameters, one.inputs) == (other.parameters, other.inputs)
    assert sum(one.parameters for one in declared) == sum(
        variable.shape.num_elements() for variable in built.trainable_variables
    )


def test_a_residual_block_adds_its_input() -> None:
    config = config_of([{"residual": [{"type": "dense", "units": 3}]}])
    built = network.build(config, (3,), 3)
    x = np.ones((2, 3), np.float32)
    kernel, bias = built.get_layer("dense_1").get_weights()
    assert np.asarray(built(x)) == pytest.approx(x @ kernel + bias + x, rel=1e-5)
    assert type(built) is keras.Model or type(built).__name__ == "Functional"


def test_a_seed_gives_the_same_weights_and_masks() -> None:
    layers = [
        {"type": "bidirectional", "layer": {"type": "gru", "units": 3, "dropout": 0.5}},
        {"type": "spectral_normalization", "layer": {"type": "dense", "units": 3}},
        {"type": "gaussian_noise", "stddev": 0.5},
        {"type": "dense", "units": 2},
    ]
    one, two = (network.build(config_of(layers), (4, 3), 2) for _ in range(2))
    x = np.ones((5, 4, 3), np.float32)
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        assert (a == b).all()
    assert (np.asarray(one(x, training=True)) == np.asarray(two(x, training=True))).all()
    forward, backward = (
        getattr(one.layers[0], name).cell.kernel for name in ("forward_layer", "backward_layer")
    )
    assert not np.array_equal(forward, backward)
    # The states of the seeds are what a checkpoint keeps, those inside a cell, too.
    seeds = [v for v in state_of(one) if "seed" in v.path]
    assert len(seeds) == 3


def test_a_traced_network_takes_over_what_an_ordinary_one_has() -> None:
    config = parse(
        "data: {name: mnist_sample}\n"
        "network: {regularizer: {l2: 0.1}, layers: [{type: flatten}, "
        "{residual: [{type: dense, units: 784}]}, {type: dense, units: 10}]}\n"
    )
    traced, plain = (network.build(config, (28, 28), 10, traced=t) for t in (True, False))
    x = np.random.default_rng(0).uniform(size=(3, 28, 28)).astype(np.float32)
    assert np.asarray(traced(x)) == pytest.approx(np.asarray(plain(x)))
    assert float(sum(traced.losses)) == pytest.approx(float(sum(plain.losses)), rel=1e-5)
