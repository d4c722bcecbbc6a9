"""Blocks within blocks: `residual` and `repeat`, flat with shapes, and what does not fit."""

import pytest

from kerasdemo.config import InputError, RunConfig, parse
from kerasdemo.config.layers import has_convolution, kernel_layers, layers_of, needs_graph

RESIDUAL = """
data: {name: mnist_sample}
network:
  layers:
    - {type: random_flip, mode: horizontal}
    - {type: conv2d, filters: 4, kernel_size: 3, padding: same}
    - residual:
        - {type: batch_normalization}
        - {type: relu}
        - {type: conv2d, filters: 6, kernel_size: 3, strides: 2, padding: same}
        - repeat:
            times: 2
            layers:
              - residual:
                  - {type: relu}
                  - {type: conv2d, filters: 6, kernel_size: 3, padding: same}
    - {type: relu}
    - {type: flatten}
    - {type: dense, units: 10, activation: softmax}
"""


def with_layers(layers: str) -> RunConfig:
    return parse(f"data: {{name: mnist_sample}}\nnetwork: {{layers: {layers}}}\n")


def test_blocks_become_a_flat_list_that_says_what_each_layer_reads() -> None:
    config = parse(RESIDUAL)
    layers = {layer.name: layer for layer in layers_of(config, (28, 28), 10)}
    assert layers["projection_1"].inputs == ("conv2d_1",)
    assert layers["projection_1"].output_shape == (14, 14, 6)
    assert layers["add_3"].inputs == ("add_2", "projection_1")
    assert layers["conv2d_3"].key == layers["conv2d_4"].key
    assert layers["conv2d_3"].key == (
        "network.layers.2.residual.3.repeat.layers.0.residual.1.filters"
    )
    assert config.network.is_graph
    assert has_convolution(config)
    assert needs_graph(config)


def test_an_activation_behind_an_addition_is_that_of_the_block() -> None:
    found = kernel_layers(layers_of(parse(RESIDUAL), (28, 28), 10))
    assert {one.activation for one in found[:-1]} == {"re_lu"}


def test_a_config_with_blocks_says_the_same_when_it_is_read_again() -> None:
    config = parse(RESIDUAL)
    again = parse(config.to_yaml())
    assert again.settings == config.settings
    key = "network.layers.2.residual.3.repeat.times"
    assert len(layers_of(config.with_changes({key: 3}), (28, 28), 10)) == 21


@pytest.mark.parametrize(
    ("layers", "key", "message"),
    [
        ("[{residual: [{type: dense, unit: 3}]}]", "residual.0.unit", "did you mean 'units'"),
        ("[{residual: [{type: dens, units: 3}]}]", "residual.0", "did you mean 'dense'"),
        ("[{residual: []}]", "residual", "a list with something in it"),
        ("[{repeat: {times: 0, layers: [{type: flatten}]}}]", "repeat.times", "1"),
        ("[{repeat: {time: 2}}]", "repeat.time", "did you mean 'times'"),
        ("[{type: time_distributed, layer: {type: x}}]", "layer", "unknown type 'x'"),
        ("[{type: lstm, units: 3, activation: prelu}]", "activation", "another activation"),
        (
            "[{residual: [{type: conv2d, filters: 2, kernel_size: 3}]}]",
            "network.layers.0",
            "(26, 26, 2), which its input of shape (28, 28, 1) can't be added to",
        ),
        (
            "[{type: flatten}, {repeat: {times: 2, layers: [{type: lstm, units: 3}]}}]",
            "network.layers.1.repeat.layers.0",
            "expected sequences (steps, features), got shape (784,)",
        ),
        ("[{type: bidirectional, layer: {type: dense, units: 3}}]", "layers.0", "simple_rnn, lstm"),
    ],
)
def test_a_fault_inside_a_block_names_its_layer(layers: str, key: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        with_layers(layers)
    fault = next(one for one in caught.value.faults if message in one.message)
    assert (fault.key or "").endswith(key)


def test_an_expansion_without_bound_is_an_error_and_no_wait() -> None:
    inner = "[{type: flatten}]"
    for _ in range(3):
        inner = f"[{{repeat: {{times: 1000, layers: {inner}}}}}]"
    with pytest.raises(InputError, match="1,000,000,000 layers"):
        with_layers(inner)
    deep = "[{residual: " * 40 + "[{type: flatten}]" + "}]" * 40
    with pytest.raises(InputError, match="nested more than 20 deep"):
        with_layers(deep)
