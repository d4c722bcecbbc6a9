"""The shape that a layer gives, without building it; shapes are of one example."""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

from kerasdemo.config.layer_arguments import dimensions
from kerasdemo.config.layer_types import BLOCKS, Layer

Shape = tuple[int, ...]

# What the axes of an example are called, by their number.
AXES = {
    1: "rows of values (values,)",
    2: "sequences (steps, features)",
    3: "images (height, width, channels)",
    4: "volumes (depth, height, width, channels)",
}
RECURRENT = ("simple_rnn", "lstm", "gru")
# Layers over pictures, beside those with 2d in their name.
IMAGE_LAYERS = (
    *("resizing", "center_crop", "aug_mix", "auto_contrast", "equalization", "rand_augment"),
    *("solarization", "contrast_limited_adaptive_histogram_equalization"),
)
# Layers that wrap another one, and what they can wrap.
WRAPPED = {
    "bidirectional": RECURRENT,
    "spectral_normalization": ("dense", "einsum_dense", "embedding", "conv"),
    "time_distributed": (),
}


def changes_images(kind: str) -> bool:
    """Return whether a layer prepares or augments images."""
    return kind in IMAGE_LAYERS or kind.startswith("random_")


def takes_images(kind: str) -> bool:
    """Return whether a layer takes images (height, width, channels) alone."""
    is_sequence = kind.startswith("conv_lstm")
    return changes_images(kind) or (dimensions(kind) == 2 and not is_sequence)


def is_recurrent(kind: str) -> bool:
    """Return whether a layer goes along steps, with its activation inside."""
    return kind in RECURRENT or kind.startswith("conv_lstm")


def output_shape(layer: Layer, shape: Shape) -> Shape:
    """Return the shape that a layer gives for an input of `shape`; of maxout its pooling.

    Raises:
        ValueError: where it can't take such an input, with the reason.
    """
    one: Any = layer
    kind, axes = layer.type, dimensions(layer.type)
    for family, find in FAMILIES:
        if family.fullmatch(kind):
            return find(one, shape)
    if axes:  # dropout of whole features, and what goes over pictures
        _expect(shape, axes + 1)
    elif takes_images(kind):
        _expect(shape, 3)
    return shape


def einsum_shapes(layer: Any, shape: Shape) -> tuple[Shape, Shape, Shape]:
    """Return the shapes of output, kernel and bias of an einsum_dense layer; () of no bias.

    Raises:
        ValueError: where its equation does not fit the input.
    """
    found = re.fullmatch(r"(\.{3})?(\w+?)(\.{3})?,(\w+)->(\.{3})?(\w+?)(\.{3})?", layer.equation)
    if not found or (found[1], found[3]) != (found[5], found[7]) or (found[1] and found[3]):
        raise ValueError(
            f"equation {layer.equation!r}; expected one such as ab,bc->ac or ...x,xy->...y"
        )
    before, read, after, kernel, _, written, _ = found.groups()
    elided = len(shape) + 1 - len(read)
    if elided < 0 or (elided and not (before or after)):
        raise ValueError(f"equation {layer.equation!r} reads {len(read) - 1} axes beside the batch")
    given = [layer.output_shape] if isinstance(layer.output_shape, int) else layer.output_shape
    output: list[int | None] = [None, *given]
    sizes: list[int | None] = [None, *shape]
    if before:
        output[1:1] = sizes[1:elided]
        places = dict(zip(read, sizes[elided:], strict=True))
    else:
        output += sizes[len(sizes) - elided :] if elided else []
        places = dict(zip(read, sizes, strict=False))
    start = elided if before else 0
    results = dict(zip(written, output[start:], strict=False))
    if len(output) != len(written) + elided:
        raise ValueError(
            f"equation {layer.equation!r} gives {len(written) + elided - 1} axes, output_shape "
            f"says {len(output) - 1}"
        )
    for axis, size in results.items():
        if axis in places and size is not None and size != places[axis]:
            raise ValueError(
                f"axis {axis} of {layer.equation!r} has {places[axis]} values in the input and "
                f"{size} in output_shape"
            )
    known = results | places
    unknown = [axis for axis in (*kernel, *written) if axis not in known]
    unused = [axis for axis in written if axis not in read and axis not in kernel]
    if unknown or unused:
        raise ValueError(f"axis {(unknown + unused)[0]} of {layer.equation!r} is in no other part")
    bias = [results.get(axis) if axis in (layer.bias_axes or "") else 1 for axis in written]
    strange = [axis for axis in layer.bias_axes or "" if axis not in written]
    if strange:
        raise ValueError(f"bias axis {strange[0]} is not in the output of {layer.equation!r}")
    kernel_shape = tuple(known[axis] or 1 for axis in kernel)
    bias_shape = tuple(size or 1 for size in bias) if layer.bias_axes else ()
    return tuple(size or 0 for size in output[1:]), kernel_shape, bias_shape


def sides(value: Any, axes: int) -> Shape:
    """Return one number for each axis, of one number or several."""
    return (value,) * axes if isinstance(value, int) else tuple(value)


def _expect(shape: Shape, axes: int, also: int = 0) -> None:
    """Raise ValueError where an example has another number of axes."""
    if len(shape) != axes + also:
        expected = AXES[axes]
        if also:
            expected = f"sequences of {expected.replace('(', '(steps, ')}"
        hint = ""
        if len(shape) == axes + also - 1 and len(shape) > 1 and not also:
            hint = f"; add {{type: reshape, target_shape: {[*shape, 1]}}} before it"
        raise ValueError(f"expected {expected}, got shape {shape}{hint}")


def _windows(
    shape: Sequence[int], size: Shape, strides: Shape, padding: str, rates: Shape | None = None
) -> Shape:
    """Return how many windows fit along each axis."""
    counts = []
    rates = rates or (1,) * len(size)
    for length, window, stride, rate in zip(shape, size, strides, rates, strict=True):
        covered = (window - 1) * rate + 1  # a kernel with gaps covers a larger window
        is_valid = padding == "valid"
        count = (length - covered) // stride + 1 if is_valid else -(-length // stride)
        if count < 1:
            raise ValueError(f"a window of {covered} does not fit into {length}")
        counts.append(count)
    return tuple(counts)


def _convolved(layer: Any, shape: Shape, axes: int, also: int = 0) -> Shape:
    """Return the windows of a convolution, without its channels."""
    _expect(shape, axes + 1, also)
    strides, rates = sides(layer.strides, axes), sides(layer.dilation_rate, axes)
    if max(strides) > 1 and max(rates) > 1:
        raise ValueError("strides and dilation_rate can't both be more than 1")
    size = sides(layer.kernel_size, axes)
    return _windows(shape[also:-1], size, strides, layer.padding, rates)


def _convolution(layer: Any, shape: Shape) -> Shape:
    axes = dimensions(layer.type) or 2
    windows = _convolved(layer, shape, axes)
    groups = getattr(layer, "groups", 1)
    if layer.filters % groups or shape[-1] % groups:
        raise ValueError(
            f"{shape[-1]} channels and {layer.filters} filters can't be split into {groups} groups"
        )
    return (*windows, layer.filters)


def _depthwise(layer: Any, shape: Shape) -> Shape:
    windows = _convolved(layer, shape, dimensions(layer.type) or 2)
    return (*windows, shape[-1] * layer.depth_multiplier)


def _transposed(layer: Any, shape: Shape) -> Shape:
    axes = dimensions(layer.type) or 2
    _expect(shape, axes + 1)
    strides, rates = sides(layer.strides, axes), sides(layer.dilation_rate, axes)
    if max(strides) > 1 and max(rates) > 1:
        raise ValueError("strides and dilation_rate can't both be more than 1")
    extra = layer.output_padding
    added = [None] * axes if extra is None else sides(extra, axes)
    found = []
    for length, side, stride, rate, more in zip(
        shape, sides(layer.kernel_size, axes), strides, rates, added, strict=False
    ):
        covered = (side - 1) * rate + 1
        if more is not None and more >= stride:
            raise ValueError(f"output_padding {more} is not less than the stride of {stride}")
        if layer.padding == "valid":
            found.append(
                (length - 1) * stride
                + covered
                + (max(stride - covered, 0) if more is None else more)
            )
        elif more is None:
            found.append(length * stride)
        else:
            found.append((length - 1) * stride + covered % 2 + more)
    return (*found, layer.filters)


def _convolutional_lstm(layer: Any, shape: Shape) -> Shape:
    windows = _convolved(layer, shape, dimensions(layer.type) or 2, also=1)
    output = (*windows, layer.filters)
    return (shape[0], *output) if layer.return_sequences else output


def _recurrent(layer: Any, shape: Shape) -> Shape:
    _expect(shape, 2)
    return (shape[0], layer.units) if layer.return_sequences else (layer.units,)


def _pooling(layer: Any, shape: Shape) -> Shape:
    axes = dimensions(layer.type) or 2
    _expect(shape, axes + 1)
    size = sides(layer.pool_size, axes)
    strides = size if layer.strides is None else sides(layer.strides, axes)
    return (*_windows(shape[:-1], size, strides, layer.padding), shape[-1])


def _adaptive_pooling(layer: Any, shape: Shape) -> Shape:
    axes = dimensions(layer.type) or 2
    _expect(shape, axes + 1)
    sizes = sides(layer.output_size, axes)
    for length, size in zip(shape, sizes, strict=False):
        if size > length:
            raise ValueError(f"an output of {size} is more than the input's {length}")
    return (*sizes, shape[-1])


def _global_pooling(layer: Any, shape: Shape) -> Shape:
    axes = dimensions(layer.type) or 2
    _expect(shape, axes + 1)
    return (*(1,) * axes, shape[-1]) if layer.keepdims else (shape[-1],)


def _ends(value: Any, axes: int) -> list[tuple[int, int]]:
    """Return what is cropped or padded at both ends of each axis."""
    if axes == 1:
        return [(value, value) if isinstance(value, int) else tuple(value)]
    each = (value,) * axes if isinstance(value, int) else value
    return [(one, one) if isinstance(one, int) else tuple(one) for one in each]


def _cropping(layer: Any, shape: Shape) -> Shape:
    axes = dimensions(layer.type) or 2
    _expect(shape, axes + 1)
    left = [n - sum(e) for n, e in zip(shape, _ends(layer.cropping, axes), strict=False)]
    if min(left) < 1:
        raise ValueError(f"cropping leaves nothing of shape {shape}")
    return (*left, shape[-1])


def _zero_padding(layer: Any, shape: Shape) -> Shape:
    axes = dimensions(layer.type) or 2
    _expect(shape, axes + 1)
    ends = _ends(layer.padding, axes)
    return (*(n + sum(end) for n, end in zip(shape, ends, strict=False)), shape[-1])


def _up_sampling(layer: Any, shape: Shape) -> Shape:
    axes = dimensions(layer.type) or 2
    _expect(shape, axes + 1)
    factors = sides(layer.size, axes)
    return (*(n * times for n, times in zip(shape, factors, strict=False)), shape[-1])


def _resized(layer: Any, shape: Shape) -> Shape:
    _expect(shape, 3)
    return (layer.height, layer.width, shape[-1])


def _dense(layer: Any, shape: Shape) -> Shape:
    if not shape:
        raise ValueError("expected rows of values (values,), got single values")
    return (*shape[:-1], layer.units)


def _reshaped(layer: Any, shape: Shape) -> Shape:
    target, size = tuple(layer.target_shape), math.prod(shape)
    rest = math.prod(n for n in target if n != -1)
    if target.count(-1) > 1 or (size % rest if -1 in target else size != rest):
        raise ValueError(f"can't reshape {shape} into {target}")
    return tuple(size // rest if n == -1 else n for n in target)


def _permuted(layer: Any, shape: Shape) -> Shape:
    if sorted(layer.dims) != list(range(1, len(shape) + 1)):
        raise ValueError(
            f"dims {list(layer.dims)} don't name each axis of shape {shape} once, from 1 on"
        )
    return tuple(shape[axis - 1] for axis in layer.dims)


def _repeated(layer: Any, shape: Shape) -> Shape:
    _expect(shape, 1)
    return (layer.n, *shape)


def _maxout(layer: Any, shape: Shape) -> Shape:
    if shape[-1] % layer.pieces:
        raise ValueError(f"{shape[-1]} values can't be split into groups of {layer.pieces}")
    return (*shape[:-1], shape[-1] // layer.pieces)


def _grouped(layer: Any, shape: Shape) -> Shape:
    size = shape[layer.axis] if -len(shape) <= layer.axis < 0 else shape[layer.axis - 1]
    if layer.groups not in (-1, size) and size % layer.groups:
        raise ValueError(f"{size} channels can't be split into {layer.groups} groups")
    return shape


def _categories(layer: Any, shape: Shape) -> Shape:
    if layer.output_mode == "one_hot":
        return (*(shape[:-1] if shape[-1] == 1 else shape), layer.num_tokens)
    return (*shape[:-1], layer.num_tokens)


def _bins(layer: Any, shape: Shape) -> Shape:
    number = len(layer.bin_boundaries) + 1
    if layer.output_mode == "int":
        return shape
    if layer.output_mode == "one_hot":
        return (*(shape[:-1] if shape[-1] == 1 else shape), number)
    return (*shape[1:], number)


def _spectrogram(layer: Any, shape: Shape) -> Shape:
    _expect(shape, 2)
    frequencies = (layer.fft_length or layer.frame_length) // 2 + 1
    frequencies *= 2 if layer.mode == "stft" else 1
    step = layer.frame_step or layer.frame_length // 2
    (windows,) = _windows(shape[:1], (layer.frame_length,), (step,), layer.padding)
    if layer.expand_dims:
        return (windows, frequencies, shape[-1])
    return (windows, frequencies * shape[-1])


def _mel_spectrogram(layer: Any, shape: Shape) -> Shape:
    _expect(shape, 1)
    return (layer.num_mel_bins, (shape[0] + layer.sequence_stride + 1) // layer.sequence_stride)


def _wrapped(layer: Any, shape: Shape) -> Shape:
    inside, known = layer.layer, WRAPPED[layer.type]
    if inside.type in (*BLOCKS, "maxout") or (known and not inside.type.startswith(known)):
        kinds = ", ".join(known) or "one of Keras' layers"
        raise ValueError(f"wraps {inside.type}; expected {kinds}")
    if layer.type == "time_distributed":
        if len(shape) < 2:
            raise ValueError(f"expected {AXES[2]}, got shape {shape}")
        return (shape[0], *output_shape(inside, shape[1:]))
    output = output_shape(inside, shape)
    is_double = layer.type == "bidirectional" and layer.merge_mode == "concat"
    return (*output[:-1], output[-1] * 2) if is_double else output


# All others give the shape that they are given.
FAMILIES: list[tuple[re.Pattern[str], Callable[[Any, Shape], Shape]]] = [
    (re.compile(pattern), find)
    for pattern, find in {
        "dense": _dense,
        "einsum_dense": lambda layer, shape: einsum_shapes(layer, shape)[0],
        "embedding": lambda layer, shape: (*shape, layer.output_dim),
        "(separable_)?conv[123]d": _convolution,
        "depthwise_conv[12]d": _depthwise,
        "conv[123]d_transpose": _transposed,
        "conv_lstm[123]d": _convolutional_lstm,
        "|".join(RECURRENT): _recurrent,
        "(max|average)_pooling[123]d": _pooling,
        "adaptive_(max|average)_pooling[123]d": _adaptive_pooling,
        "global_(max|average)_pooling[123]d": _global_pooling,
        "cropping[123]d": _cropping,
        "zero_padding[123]d": _zero_padding,
        "up_sampling[123]d": _up_sampling,
        "resizing|center_crop|random_crop": _resized,
        "flatten": lambda layer, shape: (math.prod(shape),),
        "reshape": _reshaped,
        "permute": _permuted,
        "repeat_vector": _repeated,
        "maxout": _maxout,
        "group_normalization": _grouped,
        "category_encoding": _categories,
        "discretization": _bins,
        "stft_spectrogram": _spectrogram,
        "mel_spectrogram": _mel_spectrogram,
        "|".join(WRAPPED): _wrapped,
    }.items()
]
