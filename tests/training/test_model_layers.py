"""Any model's layers in plain values."""

from pathlib import Path
from typing import Any

import numpy as np

from kerasdemo.backend import keras
from kerasdemo.records import network as network_file
from kerasdemo.training import model_layers

layers: Any = keras.layers


class Block(layers.Layer):  # type: ignore[misc]
    """Has layers and a weight of its own inside."""

    def __init__(self, units: int):
        super().__init__(name="block")
        self.first = layers.Dense(units, activation="relu", name="first")
        self.others = [layers.Dense(units, name="second")]

    def build(self, shape: Any) -> None:
        self.mixing = self.add_weight(shape=(3, 3), name="mixing")
        super().build(shape)

    def call(self, x: Any) -> Any:
        return self.others[0](self.first(x)) @ self.mixing


class Net(keras.Model):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__(name="net")
        self.block, self.out = Block(3), layers.Dense(2, name="out")

    def call(self, x: Any) -> Any:
        return self.out(self.block(x))


def subclassed() -> Any:
    model = Net()
    model(np.zeros((1, 5), np.float32))
    return model


def nested() -> Any:
    inner = keras.Sequential([keras.Input((5,)), layers.Dense(4, name="hidden")], name="inner")
    return keras.Sequential([keras.Input((5,)), inner, layers.ReLU(name="relu"), layers.Dense(1)])


def branched(*, is_chain: bool = False) -> Any:
    inputs = keras.Input((5,))
    hidden = layers.Dense(5, name="hidden")(inputs)
    joined = hidden if is_chain else layers.Add(name="sum")([inputs, hidden])
    return keras.Model(inputs, layers.Dense(1, name="output")(joined))


def test_layers_are_described_with_shapes_arguments_and_parameters() -> None:
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, kernel_initializer="he_normal", kernel_regularizer="l2"),
            layers.LeakyReLU(negative_slope=0.1),
            layers.GlobalAveragePooling2D(),
            layers.Dropout(0.4),
            layers.Dense(3, activation="softmax"),
        ]
    )
    found = model_layers.describe(model)
    assert [layer.type for layer in found] == [
        *("conv2d", "activation", "global_average_pooling2d", "dropout", "dense")
    ]
    convolution, activation, *_, output = found
    assert (convolution.input_shape, convolution.output_shape) == ((8, 8, 1), (6, 6, 4))
    assert convolution.initializer["name"] == "he_normal"
    assert convolution.parameters == 3 * 3 * 4 + 4
    assert activation.activation == "leaky_relu"
    assert (output.activation, output.units, output.key) == ("softmax", 3, None)
    assert model_layers.find_penalties(found) == (0.0, 0.01, 0.4)


def test_layers_inside_models_and_layers_have_the_names_of_both() -> None:
    assert [layer.name for layer in model_layers.describe(nested())][:2] == ["inner/hidden", "relu"]
    found = {layer.name: layer for layer in model_layers.describe(subclassed())}
    assert list(found) == ["block/first", "block/second", "out", "block"]
    assert found["block/first"].activation == "relu"
    assert found["block/first"].output_shape == (3,)
    assert (found["block"].type, found["block"].parameters) == ("unknown", 9)
    assert sum(layer.parameters for layer in found.values()) == subclassed().count_params()


def test_kernels_are_found_by_the_names_of_the_layers() -> None:
    model = keras.Sequential(
        [layers.Embedding(9, 4, name="words"), layers.GRU(3, name="gru"), layers.Dense(1)]
    )
    model(np.zeros((1, 6), np.int32))
    kernels = model_layers.find_kernels(model)
    assert [[v.name for v in found] for found in kernels.values()] == [
        *(["embeddings"], ["kernel", "recurrent_kernel"], ["kernel"])
    ]
    assert list(model_layers.find_kernels(subclassed())) == [
        *("block/first", "block/second", "out", "block")
    ]


def test_a_frozen_layer_is_named_and_has_no_kernel_that_trains() -> None:
    model = nested()
    model.layers[0].trainable = False
    assert model_layers.find_frozen(model) == ("inner/hidden",)
    assert "inner/hidden" not in model_layers.find_kernels(model)
    model = keras.Sequential([keras.Input((2,)), layers.Normalization(), layers.Dense(1)])
    assert model_layers.find_frozen(model) == ()  # its weights never train


def test_the_structure_is_a_chain_a_graph_or_code() -> None:
    assert model_layers.find_structure(nested()) == "chain"
    assert model_layers.find_structure(branched(is_chain=True)) == "chain"
    assert model_layers.find_structure(branched()) == "graph"
    assert model_layers.find_structure(subclassed()) == "code"
    inputs = keras.Input((4,))
    bent = keras.layers.Dense(3)(keras.ops.relu(keras.layers.Dense(8)(inputs)))
    assert model_layers.find_structure(keras.Model(inputs, bent)) == "code"
    block = keras.Sequential([keras.Input((5,)), Block(3)])
    assert model_layers.find_structure(block) == "code"
    words = keras.Input((6,))
    masked = layers.GRU(3)(layers.Embedding(9, 4, mask_zero=True)(words))
    assert model_layers.find_structure(keras.Model(words, masked)) == "chain"


def test_a_layer_that_uses_keras_names_otherwise_can_be_recorded(tmp_path: Path) -> None:
    class Odd(layers.Layer):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            return x

        def get_config(self) -> dict[str, Any]:
            return {"name": self.name, "units": "many", "groups": 0, "scale": 2, "table": [1]}

    def wave(x: Any) -> Any:
        return keras.ops.sin(x)

    model = keras.Sequential(
        [keras.Input((None, 2)), Odd(name="odd, layer"), layers.Dense(2, activation=wave)]
    )
    found = model_layers.describe(model)
    network_file.write(tmp_path / "network.json", found)
    assert network_file.read(tmp_path / "network.json", has_config=False) == found
    odd, dense = found
    assert (odd.name, odd.arguments) == ("odd__layer", {"scale": 2})
    assert (dense.activation, dense.input_shape) == ("wave", ())
