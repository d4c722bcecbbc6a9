"""The shape that each layer of the `layers` form gives, without building the network."""

import math
from collections.abc import Sequence

from kerasdemo.config import types

Shape = tuple[int, ...]


class ShapeError(ValueError):
    """A layer that can't take what the layer before it gives."""

    def __init__(self, layer: int, message: str):
        self.layer = layer
        super().__init__(message)


def output_shape(layers: Sequence[types.Layer], shape: Shape) -> Shape:
    """Return the shape of the network's output for one example of `shape`.

    Raises:
        ShapeError: with the number of the layer that does not fit.
    """
    if isinstance(layers[0], types.Conv2DLayer) and len(shape) == 2:
        shape = (*shape, 1)  # the channel axis
    for number, layer in enumerate(layers):
        try:
            shape = _after(layer, shape)
        except ValueError as error:
            raise ShapeError(number, str(error)) from None
    return shape


def _after(layer: types.Layer, shape: Shape) -> Shape:
    match layer:
        case types.DenseLayer():
            return (*shape[:-1], layer.units)
        case types.Conv2DLayer():
            return _after_convolution(layer, shape)
        case types.MaxPooling2DLayer() | types.AveragePooling2DLayer():
            strides = layer.pool_size if layer.strides is None else layer.strides
            return (*_window(shape, layer.pool_size, strides, layer.padding), shape[-1])
        case types.FlattenLayer():
            return (math.prod(shape),)
        case types.ReshapeLayer():
            if math.prod(layer.target_shape) != math.prod(shape):
                raise ValueError(f"can't reshape {shape} into {tuple(layer.target_shape)}")
            return tuple(layer.target_shape)
        case types.MaxoutLayer():
            if layer.units is not None:
                return (*shape[:-1], layer.units)
            if shape[-1] % layer.pieces:
                raise ValueError(f"{shape[-1]} values can't be split into groups of {layer.pieces}")
            return (*shape[:-1], shape[-1] // layer.pieces)
        case _:
            return shape


def _window(shape: Shape, size: types.Sides, strides: types.Sides, padding: str) -> Shape:
    if len(shape) != 3:
        raise ValueError(f"expected images (height, width, channels), got shape {shape}")
    sides = []
    for length, window, stride in zip(shape, _pair(size), _pair(strides), strict=False):
        side = -(-length // stride) if padding == "same" else (length - window) // stride + 1
        if side < 1:
            raise ValueError(f"a window of {window} does not fit into {length}")
        sides.append(side)
    return tuple(sides)


def _after_convolution(layer: types.Conv2DLayer, shape: Shape) -> Shape:
    size = _dilated(layer.kernel_size, layer.dilation_rate)
    sides = _window(shape, size, layer.strides, layer.padding)
    if layer.filters % layer.groups or shape[-1] % layer.groups:
        raise ValueError(
            f"{shape[-1]} channels and {layer.filters} filters can't be split into "
            f"{layer.groups} groups"
        )
    return (*sides, layer.filters)


def _dilated(size: types.Sides, rate: types.Sides) -> tuple[int, int]:
    """Return the sides of the window that a kernel with gaps covers."""
    (high, wide), (down, across) = _pair(size), _pair(rate)
    return (high - 1) * down + 1, (wide - 1) * across + 1


def _pair(sides: types.Sides) -> tuple[int, int]:
    return (sides, sides) if isinstance(sides, int) else (sides[0], sides[1])
