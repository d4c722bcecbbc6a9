"""How many numbers a layer trains, without building it."""

import math
import re
from collections.abc import Callable
from typing import Any

from kerasdemo.config.layer_arguments import dimensions
from kerasdemo.config.layer_types import Layer
from kerasdemo.config.tensor_shapes import RECURRENT, Shape, einsum_shapes, sides


def count(layer: Layer, shape: Shape) -> int:
    """Return how many numbers a layer trains.

    Args:
        layer: of the `layers` form.
        shape: of one example that it is given.

    Raises:
        ValueError: where it can't take such an input.
    """
    for family, find in FAMILIES:
        if family.fullmatch(layer.type):
            return find(layer, shape)
    return 0


def _dense(layer: Any, shape: Shape) -> int:
    return int((shape[-1] + layer.use_bias) * layer.units)


def _einsum(layer: Any, shape: Shape) -> int:
    _, kernel, bias = einsum_shapes(layer, shape)
    return math.prod(kernel) + (math.prod(bias) if bias else 0)


def _window(layer: Any) -> int:
    return math.prod(sides(layer.kernel_size, dimensions(layer.type) or 2))


def _convolution(layer: Any, shape: Shape) -> int:
    channels = shape[-1] // getattr(layer, "groups", 1)
    return int((channels * _window(layer) + layer.use_bias) * layer.filters)


def _depthwise(layer: Any, shape: Shape) -> int:
    return int((_window(layer) + layer.use_bias) * shape[-1] * layer.depth_multiplier)


def _separable(layer: Any, shape: Shape) -> int:
    channels = shape[-1] * layer.depth_multiplier
    return int(_window(layer) * channels + (channels + layer.use_bias) * layer.filters)


def _convolutional_lstm(layer: Any, shape: Shape) -> int:
    inputs = (shape[-1] + layer.filters) * _window(layer)
    return int(4 * layer.filters * (inputs + layer.use_bias))


# Gates of a recurrent layer, each with a kernel for the inputs and one for the last output.
GATES = dict(zip(RECURRENT, (1, 4, 3), strict=True))


def _recurrent(layer: Any, shape: Shape) -> int:
    biases = layer.use_bias * (2 if getattr(layer, "reset_after", False) else 1)
    return int(GATES[layer.type] * layer.units * (shape[-1] + layer.units + biases))


def _along(shape: Shape, axis: Any) -> int:
    """Return the values of an example along axes that are counted with the batch's."""
    axes = (axis,) if isinstance(axis, int) else axis
    whole = (1, *shape)
    if not all(-len(whole) <= one < len(whole) for one in axes):
        raise ValueError(f"axis {axis} is not one of shape {shape}; -1 is the last")
    return math.prod(whole[one] for one in axes)


def _normalization(layer: Any, shape: Shape) -> int:
    numbers = getattr(layer, "center", False) + getattr(layer, "scale", True)
    return int(numbers * _along(shape, layer.axis))


def _prelu(layer: Any, shape: Shape) -> int:
    shared = layer.shared_axes or ()
    return math.prod(n for axis, n in enumerate(shape, start=1) if axis not in shared)


def _spectrogram(layer: Any, shape: Shape) -> int:
    frequencies = (layer.fft_length or layer.frame_length) // 2 + 1
    kernels = 1 if layer.mode in ("real", "imag") else 2
    return int(kernels * layer.frame_length * frequencies)


def _activation(layer: Any, shape: Shape) -> int:
    return math.prod(shape) if layer.activation.name == "prelu" else 0


def _wrapped(layer: Any, shape: Shape) -> int:
    if layer.type == "time_distributed":
        return count(layer.layer, shape[1:])
    return count(layer.layer, shape) * (2 if layer.type == "bidirectional" else 1)


FAMILIES: list[tuple[re.Pattern[str], Callable[[Any, Shape], int]]] = [
    (re.compile(pattern), find)
    for pattern, find in {
        "dense": _dense,
        "einsum_dense": _einsum,
        "embedding": lambda layer, shape: layer.input_dim * layer.output_dim,
        "conv[123]d(_transpose)?": _convolution,
        "depthwise_conv[12]d": _depthwise,
        "separable_conv[12]d": _separable,
        "conv_lstm[123]d": _convolutional_lstm,
        "|".join(RECURRENT): _recurrent,
        "(batch|layer|group|rms)_normalization": _normalization,
        "p_re_lu": _prelu,
        "stft_spectrogram": _spectrogram,
        "activation": _activation,
        "bidirectional|time_distributed|spectral_normalization": _wrapped,
    }.items()
]
