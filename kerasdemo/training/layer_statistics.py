"""Statistics of each layer on the same few examples at the end of each epoch, in inference mode."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerasdemo.backend import keras, tf
from kerasdemo.data import Array
from kerasdemo.records.schema import STATISTICS
from kerasdemo.training import model_setup
from kerasdemo.training.model_evaluation import ModelEvaluator
from kerasdemo.training.model_layers import (
    find_consumers,
    find_kernels,
    find_leaves,
    is_graph,
    tensors_of,
)

# Few enough that they cost at most a twentieth of an epoch of 10,000 examples.
EXAMPLES = 400
# A unit is dead if it gives less than this for every example (TheDeepChecker, TOSEM 2022).
SILENT = 1e-5
# An output is saturated within this share of an activation's range from either end.
FLAT = 0.01
RANGES = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu6": (-np.inf, 6.0),
}


def statistics_examples(x: Array, y: Array) -> tuple[Array, Array]:
    """Return at most EXAMPLES examples, evenly spread over the training set."""
    chosen = np.unique(np.linspace(0, len(x) - 1, min(EXAMPLES, len(x))).astype(int))
    return x[chosen], y[chosen]


def statistics_of(network: Any, xla: bool) -> "LayerStatistics | ModelStatistics":
    """Return the compiled statistics of a compiled Keras model's layers.

    Args:
        network: built.
        xla: whether XLA compiles its epochs.
    """
    if isinstance(network, keras.Sequential) and all(map(_has_one_kernel, network.layers)):
        return LayerStatistics(network, xla)
    return ModelStatistics(ModelEvaluator(network, model_setup.describe_loss(network)))


def _has_one_kernel(layer: Any) -> bool:
    """Return whether all that a layer multiplies by is its `kernel`, if it has one."""
    weights = [v for v in layer.trainable_variables if len(v.shape) > 1]
    if not hasattr(layer, "kernel"):
        return not weights or isinstance(layer, keras.layers.PReLU)
    return len(weights) == 1 and layer.trainable


class LayerStatistics:
    """The compiled statistics of every layer of a Sequential network that has a kernel.

    Args:
        network: a compiled Keras model.
        xla: whether XLA compiles them.
    """

    def __init__(self, network: Any, xla: bool = True):
        self.loss = network.loss
        self.layers = [layer for layer in network.layers if hasattr(layer, "kernel")]
        self.activated = [_activated(network.layers, layer) for layer in self.layers[:-1]]
        self.inspector = keras.Model(
            network.inputs, [*(layer.output for layer in self.activated), network.outputs[0]]
        )
        self.compiled = tf.function(self._compute, jit_compile=xla, autograph=False)

    @property
    def names(self) -> list[str]:
        """Names of the layers, from the input to the output."""
        return [layer.name for layer in self.layers]

    def copies(self) -> list[Any]:
        """Return copies of all kernels, to compare with after the next epoch."""
        return [tf.identity(layer.kernel) for layer in self.layers]

    def compute(self, x: Any, y: Any, before: Sequence[Any]) -> dict[str, dict[str, float]]:
        """Return {layer: {statistic: value}}.

        Args:
            x: examples (n, ...).
            y: their targets (n, ...).
            before: `copies` from before the epoch.
        """
        table = np.stack([column.numpy() for column in self.compiled(x, y, list(before))])
        return {
            name: dict(zip(STATISTICS, map(float, column), strict=True))
            for name, column in zip(self.names, table.T, strict=True)
        }

    def _compute(self, x: Any, y: Any, before: Sequence[Any]) -> tuple[Any, ...]:
        """Return each of STATISTICS as (layers,)."""
        kernels = [layer.kernel for layer in self.layers]
        with tf.GradientTape() as tape:
            # Flattened, because Keras unpacks a single output.
            *outputs, prediction = tf.nest.flatten(self.inspector(x, training=False))
            loss = self.loss(y, prediction)
        gradients = tape.gradient(
            loss,
            [kernel.value for kernel in kernels],
            unconnected_gradients=tf.UnconnectedGradients.ZERO,
        )
        weights = [tf.convert_to_tensor(kernel) for kernel in kernels]
        norms = [_norm(weight) for weight in weights]
        changes = [
            _norm(weight - earlier) / tf.maximum(_norm(earlier), 1e-30)
            for weight, earlier in zip(weights, before, strict=True)
        ]
        # A certain prediction is no fault: an output layer counts as neither dead nor saturated.
        dead = [*map(_dead, outputs), tf.constant(0.0)]
        saturated = [*map(_saturated, outputs, self.activated), tf.constant(0.0)]
        return (
            tf.stack([_norm(gradient) for gradient in gradients]),
            tf.stack(norms),
            tf.stack(changes),
            tf.stack(dead),
            tf.stack(saturated),
        )


@dataclass(frozen=True)
class Activated:
    """What a layer passes on, behind its activation.

    Args:
        layer: that gives the activation.
        output: its symbolic output.
        is_output: whether the model gives it: then it counts as neither dead nor saturated.
    """

    layer: Any
    output: Any
    is_output: bool


class ModelStatistics:
    """The compiled statistics of every layer with a trainable kernel, of any Keras model.

    Dead and saturated units are NaN where a layer's output can't be reached: inside nested and
    subclassed models, of layers that are called twice, of recurrent layers and embeddings.

    Args:
        evaluator: of the model; gives its loss.
    """

    def __init__(self, evaluator: ModelEvaluator):
        self.evaluator = evaluator
        self.leaves = find_leaves(evaluator.model)
        self.kernels = find_kernels(evaluator.model)
        self.activated = _find_activated(evaluator.model, self.kernels)
        outputs = [found.output for found in self.activated.values()]
        self.inspector = _inspector(evaluator.model, outputs) if outputs else None
        self.compiled = tf.function(self._compute, reduce_retracing=True, autograph=False)

    @property
    def names(self) -> list[str]:
        """Names of the layers, in the order of the model."""
        return list(self.kernels)

    def copies(self) -> list[list[Any]]:
        """Return copies of all kernels, to compare with after the next epoch."""
        return [[tf.identity(v) for v in variables] for variables in self.kernels.values()]

    def compute(
        self, x: Any, y: Any, before: list[list[Any]], weight: Any = None
    ) -> dict[str, dict[str, float]]:
        """Return {layer: {statistic: value}}.

        Args:
            x: examples, a nest of tensors (n, ...).
            y: their targets, the same.
            before: `copies` from before the epoch.
            weight: of each example (n,), or None.
        """
        table = self.compiled(x, y, weight, before).numpy()
        return {
            name: dict(zip(STATISTICS, map(float, column), strict=True))
            for name, column in zip(self.names, table.T, strict=True)
        }

    def has_activation(self, name: str) -> bool:
        """Return whether a layer is one that an activation stands behind: dense, convolutional."""
        return hasattr(self.leaves.get(name), "kernel")

    def _compute(self, x: Any, y: Any, weight: Any, before: list[list[Any]]) -> Any:
        """Return STATISTICS as (statistics, layers)."""
        groups = list(self.kernels.values())
        with tf.GradientTape() as tape:
            # Penalties are computed of the weights that the scope knows.
            weights = self.evaluator.model.trainable_variables
            known = [(v, tf.convert_to_tensor(v)) for v in weights]
            with keras.StatelessScope(known, collect_losses=True):
                output = self.evaluator.forward(x)
                loss = self.evaluator.training_loss(x, y, weight, output)
        found = tape.gradient(loss, [[v.value for v in variables] for variables in groups])
        with keras.StatelessScope():
            inside = keras.tree.flatten(self.inspector(x, training=False)) if self.inspector else []
        gradients, norms, changes = [], [], []
        for variables, earlier, gradient in zip(groups, before, found, strict=True):
            parts = [tf.convert_to_tensor(part) for part in gradient if part is not None]
            gradients.append(_total_norm(parts) if parts else tf.constant(np.nan))
            norms.append(_total_norm(variables))
            moved = [tf.convert_to_tensor(v) - e for v, e in zip(variables, earlier, strict=True)]
            changes.append(_total_norm(moved) / tf.maximum(_total_norm(earlier), 1e-30))
        outputs = dict(zip(self.activated, inside, strict=True))
        dead, saturated = [], []
        for name in self.kernels:
            nothing = tf.constant(np.nan if name not in outputs else 0.0)
            is_hidden = name in outputs and not self.activated[name].is_output
            dead.append(_dead(outputs[name]) if is_hidden else nothing)
            saturated.append(
                _saturated(outputs[name], self.activated[name].layer) if is_hidden else nothing
            )
        return tf.stack([tf.stack(row) for row in (gradients, norms, changes, dead, saturated)])


def _inspector(model: Any, outputs: Sequence[Any]) -> Any:
    """Return the model with other outputs; it takes inputs as the model does."""
    try:
        inputs = model.input
    except AttributeError:  # a Sequential that its first batch built
        inputs = model.inputs
    return keras.Model(inputs, outputs, name="inspector")


def _find_activated(model: Any, kernels: Mapping[str, Any]) -> dict[str, Activated]:
    """Return what stands behind the activation of each dense or convolutional layer.

    Only of layers whose output the graph of a Sequential or functional model knows.
    """
    if not is_graph(model):
        return {}
    outputs = {id(tensor) for tensor in model.outputs}
    consumers = find_consumers(model)
    found = {}
    for name, layer in find_leaves(model).items():
        if name in kernels and hasattr(layer, "kernel") and layer in model.layers:
            last = _follow(layer, consumers)
            for tensor in tensors_of(last, "output")[:1]:
                found[name] = Activated(last, tensor, is_output=id(tensor) in outputs)
    return found


def _follow(layer: Any, consumers: Mapping[int, Sequence[Any]]) -> Any:
    """Return the layer that gives the activation of `layer`: the last before the next kernel.

    Where several layers take the output, or a layer takes several, the way ends.
    """
    found = last = layer
    while _own_activation(last) is None:
        tensors = tensors_of(last, "output")
        behind = consumers.get(id(tensors[0]), ()) if len(tensors) == 1 else ()
        if len(behind) != 1 or len(tensors_of(behind[0], "input")) != 1 or _multiplies(behind[0]):
            break
        (last,) = behind
        if not isinstance(last, keras.layers.Dropout | keras.layers.Flatten):
            found = last
    return found


def _multiplies(layer: Any) -> bool:
    """Return whether a layer is a model or has a kernel, trainable or not."""
    return isinstance(layer, keras.Model) or any(len(v.shape) > 1 for v in layer.weights)


def _own_activation(layer: Any) -> str | None:
    """Return the name of the activation that a layer is, or applies after its kernel."""
    activation = getattr(layer, "activation", None) if hasattr(layer, "kernel") else None
    if activation in (None, keras.activations.linear):
        return _activation(layer)
    return str(keras.activations.serialize(activation))


def _activated(layers: Sequence[Any], layer: Any) -> Any:
    """Return the layer that gives the activation of `layer`: the last before the next kernel."""
    found = layer
    for later in layers[list(layers).index(layer) + 1 :]:
        if hasattr(later, "kernel"):
            break
        if not isinstance(later, keras.layers.Dropout | keras.layers.Flatten):
            found = later
        if _activation(later) is not None:
            break
    return found


def _activation(layer: Any) -> str | None:
    """Return the name of the activation that a layer is; None for any other layer."""
    if isinstance(layer, keras.layers.Activation):
        return str(keras.activations.serialize(layer.activation))
    kinds = (keras.layers.ReLU, keras.layers.LeakyReLU, keras.layers.PReLU, keras.layers.ELU)
    return type(layer).__name__.lower() if isinstance(layer, kinds) else None


def _total_norm(tensors: Sequence[Any]) -> Any:
    """Return the norm of several tensors together."""
    return tf.sqrt(sum(tf.square(_norm(tensor)) for tensor in tensors))


def _norm(tensor: Any) -> Any:
    return tf.sqrt(tf.reduce_sum(tf.square(tf.cast(tensor, tf.float32))))


def _dead(output: Any) -> Any:
    """Return the share of units (channels) that are silent for every example, everywhere."""
    largest = tf.reduce_max(tf.abs(output), axis=tuple(range(output.shape.rank - 1)))
    return tf.reduce_mean(tf.cast(largest < SILENT, tf.float32))


def _saturated(output: Any, layer: Any) -> Any:
    """Return the share of outputs where the layer's activation is flat."""
    low, high = RANGES.get(_own_activation(layer) or "", (-np.inf, np.inf))
    margin = FLAT * (high - (low if np.isfinite(low) else 0.0))
    if not np.isfinite(margin):
        return tf.constant(0.0)
    flat = (output > high - margin) | (output < low + margin)
    return tf.reduce_mean(tf.cast(flat, tf.float32))
