"""The types of Keras' arguments of layers, by their names: ranges, choices, sides."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field

from kerasdemo.config.keras_objects import (
    Count,
    NotNegative,
    Number,
    Positive,
    Rate,
    argument_type,
)

Share = Annotated[Number, Field(ge=0, le=1)]
Pair = Annotated[tuple[Number, Number], Field(strict=False)]
# How much an augmentation may change: up to a number, or between two.
Factor = Number | Pair
Numbers = Annotated[tuple[Number, ...], Field(strict=False, min_length=1)]
Axes = Annotated[tuple[int, ...], Field(strict=False, min_length=1)]
Padding = Literal["valid", "same"]

TYPES: dict[str, Any] = {
    **dict.fromkeys(("units", "filters", "input_dim", "output_dim", "n", "num_tokens"), Positive),
    **dict.fromkeys(("depth_multiplier", "groups", "height", "width", "bins"), Positive),
    **dict.fromkeys(("num_chains", "chain_depth", "num_ops", "power_iterations"), Positive),
    **dict.fromkeys(("sequence_stride", "sampling_rate", "num_mel_bins"), Positive),
    **dict.fromkeys(("frame_length", "frame_step", "fft_length", "sequence_length"), Positive),
    **dict.fromkeys(("rate", "dropout", "recurrent_dropout"), Rate),
    **dict.fromkeys(("height_factor", "width_factor", "x_factor", "y_factor"), Factor),
    **dict.fromkeys(("addition_factor", "threshold_factor", "factor", "sigma"), Factor),
    **dict.fromkeys(("brightness_factor", "contrast_factor", "saturation_factor"), Factor),
    "hue_factor": Factor,
    "value_range": Pair,
    "momentum": Share,
    "mean": Number | Numbers,
    "variance": NotNegative | Annotated[tuple[NotNegative, ...], Field(strict=False, min_length=1)],
    "bin_boundaries": Numbers,
    "shared_axes": Axes,
    "dims": Annotated[tuple[Positive, ...], Field(strict=False, min_length=1)],
    "tile_grid_size": Annotated[tuple[Positive, Positive], Field(strict=False)],
    "equation": str,
    "bias_axes": str,
    "output_shape": Positive | Annotated[tuple[Positive, ...], Field(strict=False, min_length=1)],
    "padding": Padding,
    "interpolation": Literal["nearest", "bilinear"],
    "fill_mode": Literal["reflect", "wrap", "constant", "nearest"],
    "merge_mode": Literal["concat", "sum", "mul", "ave"],
    "output_mode": Literal["multi_hot", "one_hot", "count"],
    "use_cudnn": Literal["auto"] | bool,
    "scaling": Literal["density", "spectrum"] | None,
    "window": str | None,
}
Bits = Annotated[int, Field(ge=1, le=8)]
# Where a layer means something else by an argument's name.
_RESIZED = Literal["nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"]
OF_LAYER: dict[tuple[str, str], Any] = {
    ("conv1d", "padding"): Literal["valid", "same", "causal"],
    ("resizing", "interpolation"): _RESIZED,
    ("resizing", "fill_mode"): Literal["constant"],
    ("up_sampling2d", "interpolation"): _RESIZED,
    ("rescaling", "scale"): Number | Numbers,
    ("rescaling", "offset"): Number | Numbers,
    ("random_elastic_transform", "scale"): Factor,
    ("random_erasing", "scale"): Factor,
    ("random_perspective", "scale"): Factor,
    ("random_posterization", "factor"): Bits | Annotated[tuple[Bits, Bits], Field(strict=False)],
    ("random_flip", "mode"): Literal["horizontal", "vertical", "horizontal_and_vertical"],
    ("random_gaussian_blur", "kernel_size"): Positive
    | Annotated[tuple[Positive, Positive], Field(strict=False)],
    ("stft_spectrogram", "mode"): Literal[
        "log", "magnitude", "psd", "real", "imag", "angle", "stft"
    ],
    ("discretization", "output_mode"): Literal["int", "one_hot", "multi_hot", "count"],
    ("mel_spectrogram", "window"): Literal["hann", "hamming"] | None,
    ("normalization", "axis"): int | Axes | None,
}
# Arguments with one value, or one for each axis of the layer: of conv2d two.
SIDES = ("kernel_size", "strides", "dilation_rate", "pool_size", "size", "output_size")


def find_type(kind: str, name: str, default: Any, is_required: bool) -> Any:
    """Return the type of an argument of the layer `kind`, which its default is one of."""
    found = _find_type(kind, name, default)
    return found | None if default is None and not is_required else found


def _find_type(kind: str, name: str, default: Any) -> Any:
    if (kind, name) in OF_LAYER:
        return OF_LAYER[kind, name]
    axes = dimensions(kind)
    if axes and name in SIDES:
        return _sides(Positive, axes)
    if axes and name == "output_padding":
        return _sides(Count, axes)
    if axes and (name == "cropping" or kind.startswith("zero_padding")):
        ends = Annotated[tuple[Count, Count], Field(strict=False)]
        return Count | ends if axes == 1 else _sides(Count, axes) | _each(ends, axes)
    return TYPES.get(name) or argument_type(name, default)[0]


def dimensions(kind: str) -> int | None:
    """Return over how many axes a layer goes, which Keras names it by: 2 of conv2d."""
    found = re.search(r"([123])d(_|$)", kind)
    return int(found[1]) if found else None


def _sides(item: Any, axes: int) -> Any:
    return item | _each(item, axes)


def _each(item: Any, axes: int) -> Any:
    several: Any = tuple.__class_getitem__((item,) * axes)
    return Annotated[several, Field(strict=False)]
