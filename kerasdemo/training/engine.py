"""Which loop trains a model's epochs: a rule, so that the same training takes the same loop.

The numbers are measured (results/benchmarks): XLA saves time in every step, but takes longer to
compile than a TensorFlow graph, and its convolutions are slow on a CPU.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kerasdemo.backend import keras
from kerasdemo.training import graph
from kerasdemo.training.device import has_gpu

layers: Any = keras.layers

# Steps after which XLA has saved what it took to compile, for a network of small weights.
XLA_STEPS = 3_500
# It takes fewer where the optimizer updates many weights at once: half for weights of this size,
WEIGHTS = 10_000
# and where each step is a loop over time.
RECURRENT = 6

_DIMENSIONS = ("1D", "2D", "3D")
CONVOLUTIONS = tuple(
    getattr(layers, f"{kind}{dimension}")
    for kind in ("Conv", "DepthwiseConv", "SeparableConv", "ConvLSTM")
    for dimension in _DIMENSIONS
    if hasattr(layers, f"{kind}{dimension}")
) + tuple(getattr(layers, f"Conv{dimension}Transpose") for dimension in _DIMENSIONS)
NOISE = (
    *(layers.Dropout, layers.GaussianDropout, layers.AlphaDropout, layers.GaussianNoise),
    *(getattr(layers, f"SpatialDropout{dimension}") for dimension in _DIMENSIONS),
)


@dataclass(frozen=True)
class Engine:
    """What trains a model's epochs.

    Args:
        loop: "xla" and "graph" train a whole epoch in one call, compiled by XLA or as a TensorFlow
            graph; "fit" is Keras' own.
        why: a sentence.
    """

    loop: Literal["xla", "graph", "fit"]
    why: str


XLA = Engine("xla", "XLA compiles a whole epoch into one program.")
CONVOLUTIONS_ARE_SLOW = Engine("graph", "XLA's convolutions are slow on the CPU.")
OUT_OF_RANGE = Engine(
    "graph", "An index may be out of range, which XLA would pass over in silence."
)
CHECKS_ARE_LEFT_OUT = Engine("graph", "XLA would leave out the checks that the model makes.")
NOT_EVERY_LAYER = Engine("graph", "XLA does not support every layer of the model.")
NOISE_IS_SLOW = Engine("graph", "XLA is slow on the CPU where inputs are dropped out.")


def choose(model: Any, steps: int) -> Engine:
    """Return the loop for a training of so many steps in all.

    A function of model, device and steps: nothing is timed.

    Args:
        model: a compiled Keras model.
        steps: mini-batches of all epochs.
    """
    if has_gpu():
        return XLA if model.jit_compile else Engine("graph", "The model is compiled without XLA.")
    every = list(_nested(model))
    if any(isinstance(layer, CONVOLUTIONS) for layer in every):
        return CONVOLUTIONS_ARE_SLOW
    if _drops_inputs(model):
        return NOISE_IS_SLOW
    if not all(layer.supports_jit for layer in every):
        return NOT_EVERY_LAYER
    sizes = [math.prod(variable.shape) for variable in model.trainable_variables]
    gain = 1 + sum(sizes) / max(1, len(sizes)) / WEIGHTS
    if any(isinstance(layer, layers.RNN) for layer in every):
        gain *= RECURRENT
    if steps * gain >= XLA_STEPS:
        return XLA
    return Engine("graph", f"XLA would take longer to compile than it saves in {steps:,} steps.")


def why_not_xla(step: Any, model: Any, data: Any) -> Engine | None:
    """Return another loop, where a model's traced step should not be compiled by XLA after all.

    Args:
        step: TensorFlow's concrete function.
        model: built and compiled.
        data: x, (x, y) or (x, y, sample_weight), nests of arrays.
    """
    if not has_gpu() and graph.has_operation(step, "Conv"):  # inside layers that show no layers
        return CONVOLUTIONS_ARE_SLOW
    if graph.has_operation(step, *graph.CHECKS):
        return CHECKS_ARE_LEFT_OUT
    x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
    classes = graph.count_classes(step)
    if classes is not None and not _is_within(y, classes):
        return OUT_OF_RANGE
    return None if _has_rows(step, model, x) else OUT_OF_RANGE


def _has_rows(step: Any, model: Any, x: Any) -> bool:
    """Return whether every word has a row in the model's tables, as far as can be known."""
    if not graph.reads_tables(step):
        return True
    every = [model, *_nested(model)]
    words = [layer.input_dim for layer in every if isinstance(layer, layers.Embedding)]
    is_keras = all(type(layer).__module__.split(".")[0] == "keras" for layer in every)
    return is_keras and _is_within(x, min(words, default=0))


def _is_within(nest: Any, limit: int) -> bool:
    """Return whether all whole numbers in a nest of arrays are from 0 to a limit, without it."""
    return all(
        array.min() >= 0 and array.max() < limit
        for array in keras.tree.flatten(nest)
        if array.size and (array.dtype.kind in "iub" or (array == np.round(array)).all())
    )


def _drops_inputs(model: Any) -> bool:
    """Return whether dropout or noise comes before anything that is trained.

    Nothing is differentiated there, and XLA draws its numbers in the loop of what follows: 200
    nanoseconds each, against 10 in hidden layers (16 ms a step for 100 x 784).
    """
    for layer in model.layers:
        if isinstance(layer, NOISE) or layer.trainable_variables:
            return isinstance(layer, NOISE)
    return False


def _nested(layer: Any) -> Iterator[Any]:
    """Return the layers that a layer shows, those of these, and so on."""
    shown = getattr(layer, "layers", ())
    names = ("layer", "forward_layer", "backward_layer")
    for inner in [*shown, *(getattr(layer, name) for name in names if hasattr(layer, name))]:
        yield inner
        yield from _nested(inner)
