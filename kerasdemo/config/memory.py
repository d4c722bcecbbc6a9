"""How many parameters a network has, and the memory that training needs at least for them."""

import math
import os

from kerasdemo.config import types
from kerasdemo.config.consistency import single_output
from kerasdemo.config.tensor_shapes import output_shape
from kerasdemo.config.types import RunConfig

# Bytes of a variable, by dtype policy; mixed policies keep float32.
BYTES = {"float64": 8, "bfloat16": 2}
# Numbers that an optimizer keeps for each parameter; the others keep two or more.
SLOTS = {"sgd": 0, "adagrad": 1, "rmsprop": 1, "lion": 1}


def parameters(config: RunConfig, shape: tuple[int, ...], classes: int | None) -> int:
    """Return the number of trainable weights and biases of the dense and convolutional layers.

    Args:
        shape: of one example.
        classes: number of classes; None counts as 10.

    Raises:
        ShapeError: where a layer can't take what the layer before it gives.
    """
    network = config.network
    if network.layers is None:
        pieces = network.maxout_pieces if network.activation.name == "maxout" else 1
        inputs, total = math.prod(shape), 0
        for units in network.hidden_units:
            total += (inputs + 1) * units * pieces
            inputs = units
        return total + (inputs + 1) * (1 if single_output(config) else classes or 10)
    return sum(
        _of_layer(layer, output_shape(network.layers[:n], shape) if n else shape)
        for n, layer in enumerate(network.layers)
    )


def _of_layer(layer: types.Layer, inputs: tuple[int, ...]) -> int:
    match layer:
        case types.DenseLayer():
            return (inputs[-1] + layer.use_bias) * layer.units
        case types.MaxoutLayer() if layer.units is not None:
            return (inputs[-1] + 1) * layer.units * layer.pieces
        case types.Conv2DLayer():
            side = layer.kernel_size
            window = side * side if isinstance(side, int) else side[0] * side[1]
            channels = inputs[-1] if len(inputs) == 3 else 1
            return (channels // layer.groups * window + layer.use_bias) * layer.filters
        case _:
            return 0


def memory(config: RunConfig, count: int) -> int:
    """Return the bytes that training `count` parameters needs at least.

    Each has its value twice (in the model and in the compiled program), its gradient, and what the
    optimizer keeps of it. Examples and the values of hidden layers come on top.
    """
    slots = SLOTS.get(config.optimizer.name, 2)
    if config.optimizer.name in ("sgd", "rmsprop") and config.optimizer.arguments["momentum"]:
        slots += 1
    return count * (3 + slots) * BYTES.get(config.training.precision, 4)


def too_large(config: RunConfig, shape: tuple[int, ...], classes: int | None) -> str | None:
    """Return what memory a network needs that this machine does not have; None where it has it."""
    count = parameters(config, shape, classes)
    needed, has = memory(config, count), os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if needed <= has:
        return None
    return (
        f"{count:.3g} parameters need at least {needed / 2**30:,.0f} GiB of memory to train with "
        f"{config.optimizer.name}; this machine has {has / 2**30:,.0f} GiB: use fewer units"
    )
