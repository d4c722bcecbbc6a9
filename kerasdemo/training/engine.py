"""Which loop trains a model's epochs: a rule, so that the same training takes the same loop.

The numbers are measured (results/benchmarks): XLA saves time in every step, but takes longer to
compile than a TensorFlow graph, and its convolutions are slow on a CPU.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from kerasdemo.backend import keras
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
OUT_OF_RANGE = Engine("graph", "An index is out of range, which XLA would pass over in silence.")
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
        return Engine("graph", "XLA does not support every layer of the model.")
    sizes = [math.prod(variable.shape) for variable in model.trainable_variables]
    gain = 1 + sum(sizes) / max(1, len(sizes)) / WEIGHTS
    if any(isinstance(layer, layers.RNN) for layer in every):
        gain *= RECURRENT
    if steps * gain >= XLA_STEPS:
        return XLA
    return Engine("graph", f"XLA would take longer to compile than it saves in {steps:,} steps.")


def is_out_of_range(model: Any, data: Any) -> bool:
    """Return whether a word or a class may have no row or column of its own.

    TensorFlow's kernels raise an error of it; XLA takes the last row, or gives NaN.

    Args:
        model: built and compiled.
        data: x, (x, y) or (x, y, sample_weight), nests of arrays.
    """
    x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
    words = [layer.input_dim for layer in _nested(model) if isinstance(layer, layers.Embedding)]
    outputs: Any = getattr(model, "outputs", None) or ()  # a subclassed model shows none
    is_sparse = "sparse" in str(getattr(model.loss, "name", model.loss))
    classes = [outputs[0].shape[-1]] if is_sparse and len(outputs) == 1 else []
    return any(
        array.dtype.kind in "iu" and (array.min() < 0 or array.max() >= min(limits))
        for nest, limits in ((x, words), (y, classes))
        if limits
        for array in keras.tree.flatten(nest)
    )


def is_convolutional(step: Any) -> bool:
    """Return whether a traced step has a convolution, also inside layers that show no layers."""
    graph = step.graph.as_graph_def()
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    return any("Conv" in node.op for node in nodes)


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
