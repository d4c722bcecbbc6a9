"""The network's kernel layers as the config declares them: what their statistics belong to."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kerasdemo.config import RunConfig, types
from kerasdemo.config.consistency import single_output
from kerasdemo.config.tensor_shapes import ShapeError, output_shape

# Activations whose slope is 0 over a half line: a unit there for every example gets no gradient.
CAN_DIE = frozenset({"relu", "relu6", "threshold", "hard_shrink", "soft_shrink", "sparse_plus"})
# Activations that flatten on both sides.
SQUASHING = frozenset(
    {"sigmoid", "tanh", "softsign", "hard_sigmoid", "hard_tanh", "sparse_sigmoid", "softmax"}
)


@dataclass(frozen=True)
class KernelLayer:
    """A layer with a kernel.

    key: its place in the config, such as `network.layers.2`, or `network`. activation: of the
    layer, or of the activation layer behind it. normalized: whether batch or layer normalization
    follows before the activation.
    """

    key: str
    kind: str
    units: int
    activation: str
    initializer: Any
    fan_in: int | None
    fan_out: int | None
    normalized: bool = False


def kernel_layers(
    config: RunConfig, shape: tuple[int, ...] | None, classes: int | None
) -> tuple[KernelLayer, ...]:
    """Return the kernel layers from input to output; the last one gives the output."""
    network = config.network
    if network.layers is None:
        return tuple(_alike(config, shape, classes))
    return tuple(_written(network.layers, network, shape))


def _alike(
    config: RunConfig, shape: tuple[int, ...] | None, classes: int | None
) -> Iterator[KernelLayer]:
    network = config.network
    inputs = math.prod(shape) if shape else None
    pieces = network.maxout_pieces if network.activation.name == "maxout" else 1
    for units in network.hidden_units:
        yield KernelLayer(
            "network",
            "dense",
            units,
            network.activation.name,
            network.initializer,
            inputs,
            units * pieces,
            network.normalization != "none",
        )
        inputs = units
    outputs = 1 if single_output(config) else classes
    output = network.output_activation
    name = output.name if output is not None else "softmax"
    yield KernelLayer("network", "dense", outputs or 0, name, network.initializer, inputs, outputs)


def _written(
    layers: tuple[types.Layer, ...], network: types.Network, shape: tuple[int, ...] | None
) -> Iterator[KernelLayer]:
    for number, layer in enumerate(layers):
        units = _units(layer)
        if units is None:
            continue
        behind = layers[number + 1 :]
        own = getattr(getattr(layer, "activation", None), "name", None)
        own = "maxout" if isinstance(layer, types.MaxoutLayer) else own
        window = _window(layer)
        channels = _channels(layers, number, shape)
        if channels and isinstance(layer, types.Conv2DLayer):
            channels //= layer.groups
        yield KernelLayer(
            f"network.layers.{number}",
            layer.type,
            units,
            own if own not in (None, "linear") else _activation(behind),
            getattr(layer, "kernel_initializer", None) or network.initializer,
            channels * window if channels else None,
            units * window,
            _normalized(behind),
        )


def _units(layer: types.Layer) -> int | None:
    match layer:
        case types.DenseLayer() | types.MaxoutLayer():
            return layer.units
        case types.Conv2DLayer():
            return layer.filters
        case _:
            return None


def _window(layer: types.Layer) -> int:
    if not isinstance(layer, types.Conv2DLayer):
        return 1
    size = layer.kernel_size
    return size * size if isinstance(size, int) else size[0] * size[1]


def _channels(
    layers: tuple[types.Layer, ...], number: int, shape: tuple[int, ...] | None
) -> int | None:
    if not shape:
        return None
    if number == 0:
        return 1 if isinstance(layers[0], types.Conv2DLayer) and len(shape) == 2 else shape[-1]
    try:
        return output_shape(layers[:number], shape)[-1]
    except ShapeError:
        return None


def _activation(behind: tuple[types.Layer, ...]) -> str:
    for layer in behind:
        if isinstance(layer, types.ActivationLayer):
            return str(layer.activation.name)
        if _units(layer) is not None:
            break
        if isinstance(layer, types.MaxoutLayer):
            return "maxout"
    return "linear"


def _normalized(behind: tuple[types.Layer, ...]) -> bool:
    for layer in behind:
        if isinstance(layer, types.BatchNormalizationLayer | types.LayerNormalizationLayer):
            return True
        if _units(layer) is not None:
            break
    return False
