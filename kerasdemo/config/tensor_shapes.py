"""The shape that a layer gives, without building it; shapes are of one example."""

import math

from kerasdemo.config import layer_types
from kerasdemo.config.keras_objects import Sides

Shape = tuple[int, ...]


def output_shape(layer: layer_types.Layer, shape: Shape) -> Shape:
    """Return the shape that a layer gives for an input of `shape`; of maxout its pooling.

    Raises:
        ValueError: where it can't take such an input, with the reason.
    """
    match layer:
        case layer_types.DenseLayer():
            return (*shape[:-1], layer.units)
        case layer_types.Conv2DLayer():
            # A kernel with gaps covers a larger window.
            sides = zip(_pair(layer.kernel_size), _pair(layer.dilation_rate), strict=True)
            covered = tuple((side - 1) * rate + 1 for side, rate in sides)
            windows = _windows(shape, covered, _pair(layer.strides), layer.padding)
            if layer.filters % layer.groups or shape[-1] % layer.groups:
                raise ValueError(
                    f"{shape[-1]} channels and {layer.filters} filters can't be split into "
                    f"{layer.groups} groups"
                )
            return (*windows, layer.filters)
        case layer_types.MaxPooling2DLayer() | layer_types.AveragePooling2DLayer():
            size = _pair(layer.pool_size)
            strides = size if layer.strides is None else _pair(layer.strides)
            return (*_windows(shape, size, strides, layer.padding), shape[-1])
        case layer_types.FlattenLayer():
            return (math.prod(shape),)
        case layer_types.ReshapeLayer():
            if math.prod(layer.target_shape) != math.prod(shape):
                raise ValueError(f"can't reshape {shape} into {tuple(layer.target_shape)}")
            return tuple(layer.target_shape)
        case layer_types.MaxoutLayer():
            if shape[-1] % layer.pieces:
                raise ValueError(f"{shape[-1]} values can't be split into groups of {layer.pieces}")
            return (*shape[:-1], shape[-1] // layer.pieces)
        case _:
            return shape


def _windows(shape: Shape, size: Shape, strides: Shape, padding: str) -> Shape:
    """Return how many windows fit into an image (height, width, channels), down and across."""
    if len(shape) != 3:
        raise ValueError(f"expected images (height, width, channels), got shape {shape}")
    counts = []
    for length, window, stride in zip(shape, size, strides, strict=False):
        count = -(-length // stride) if padding == "same" else (length - window) // stride + 1
        if count < 1:
            raise ValueError(f"a window of {window} does not fit into {length}")
        counts.append(count)
    return tuple(counts)


def _pair(sides: Sides) -> tuple[int, int]:
    return (sides, sides) if isinstance(sides, int) else (sides[0], sides[1])
