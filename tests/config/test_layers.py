"""The canonical layer list against the layers that Keras builds from it."""

from pathlib import Path

import pytest

from kerasdemo.config import load, parse
from kerasdemo.config.layers import ShapeError, kernel_layers, layers_of
from kerasdemo.training.network import build, describe_layers

CONVOLUTIONS = """
network:
  layers:
    - {type: conv2d, filters: 4, kernel_size: [3, 2], strides: 2, padding: same, activation: elu}
    - {type: conv2d, filters: 6, kernel_size: 3, groups: 2, dilation_rate: 2, use_bias: false}
    - {type: batch_normalization}
    - {type: activation, activation: relu}
    - {type: max_pooling2d}
    - {type: maxout, pieces: 3}
    - {type: flatten}
    - {type: maxout, units: 7, pieces: 2}
    - {type: dropout, rate: 0.3}
    - {type: layer_normalization, center: false}
    - {type: dense, units: 10, kernel_initializer: he_normal, activation: softmax}
"""
FORMS = {
    "plain": "network: {depth: 2, units: [5, 7]}",
    "normalized": "network: {depth: 2, units: 5, normalization: batch, dropout: 0.2}",
    "layer_normalized": "network: {depth: 1, units: 5, normalization: layer, input_dropout: 0.1}",
    "maxout": "network: {depth: 2, units: 5, activation: maxout, maxout_pieces: 3}",
    "prelu": "network: {depth: 2, units: 5, activation: prelu, initializer: {name: random_normal}}",
    "leaky": "network: {depth: 1, activation: {name: leaky_relu, negative_slope: 0.1}}",
    "none": "network: {depth: 0}",
    "convolutions": CONVOLUTIONS,
}


@pytest.mark.parametrize("text", FORMS.values(), ids=FORMS)
def test_declared_layers_are_those_that_keras_builds(text: str) -> None:
    config = parse(text)
    network = build(config, (28, 28), 10)
    declared, built = layers_of(config, (28, 28), 10), describe_layers(network, config)
    for one, other in zip(declared, built, strict=True):
        assert (one.name, one.type, one.key) == (other.name, other.type, other.key)
        assert (one.input_shape, one.output_shape) == (other.input_shape, other.output_shape)
        assert one.parameters == other.parameters
        assert one.activation == other.activation
    trainable = sum(variable.shape.num_elements() for variable in network.trainable_variables)
    assert sum(layer.parameters for layer in declared) == trainable
    for mine, theirs in zip(kernel_layers(declared), kernel_layers(built), strict=True):
        kernel = network.get_layer(mine.name).kernel
        assert mine.fan_in == theirs.fan_in == kernel.numpy()[..., 0].size
        assert (mine.units, mine.activation) == (theirs.units, theirs.activation)
        assert mine.initializer["name"] == theirs.initializer["name"]


def test_a_kernel_layer_knows_what_stands_behind_it() -> None:
    found = kernel_layers(layers_of(parse(CONVOLUTIONS), (28, 28), 10))
    assert [(one.type, one.units, one.activation, one.is_normalized) for one in found] == [
        ("conv2d", 4, "elu", False),
        ("conv2d", 6, "relu", True),
        ("dense", 7, "maxout", True),
        ("dense", 10, "softmax", False),
    ]
    keys = [one.activation_key for one in found]
    assert keys[:2] == ["network.layers.0.activation", "network.layers.3.activation"]


def test_a_layer_that_does_not_fit_is_named_by_its_key() -> None:
    config = parse("network: {layers: [{type: flatten}, {type: dense, units: 10}]}")
    layers = "network.layers=[{type: flatten}, {type: max_pooling2d}, {type: dense, units: 10}]"
    with pytest.raises(ValueError, match=r"network\.layers\.1"):
        parse("{}", overrides=[layers])
    assert layers_of(config, (3,), None)[1].input_shape == (3,)
    assert issubclass(ShapeError, ValueError)


def test_every_shipped_config_has_its_layers(repository: Path) -> None:
    for file in sorted((repository / "configs").rglob("*.yaml")):
        config = load(file)
        facts = config.dataset_info
        assert facts is not None
        if facts.shape is None:  # of tables and texts it is known when they are read
            continue
        found = kernel_layers(layers_of(config, facts.shape, facts.outputs))
        if config.network.layers is None:
            assert len(found) == config.network.depth + 1, file
        else:
            assert found, file
