"""Statistics of each layer on the same few examples at the end of each epoch, in inference mode."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasdemo.backend import keras, tf
from kerasdemo.data import Array
from kerasdemo.records.schema import STATISTICS

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


class LayerStatistics:
    """The compiled statistics of every layer that has a kernel.

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

    def kernels(self) -> list[Any]:
        """Return copies of all kernels, to compare with after the next epoch."""
        return [tf.identity(layer.kernel) for layer in self.layers]

    def compute(self, x: Any, y: Any, before: Sequence[Any]) -> dict[str, dict[str, float]]:
        """Return {layer: {statistic: value}}.

        Args:
            x: examples (n, ...).
            y: their targets (n, ...).
            before: the kernels before the epoch.
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
    kinds = (keras.layers.LeakyReLU, keras.layers.PReLU, keras.layers.ELU)
    return type(layer).__name__.lower() if isinstance(layer, kinds) else None


def _norm(tensor: Any) -> Any:
    return tf.sqrt(tf.reduce_sum(tf.square(tf.cast(tensor, tf.float32))))


def _dead(output: Any) -> Any:
    """Return the share of units (channels) that are silent for every example, everywhere."""
    largest = tf.reduce_max(tf.abs(output), axis=tuple(range(output.shape.rank - 1)))
    return tf.reduce_mean(tf.cast(largest < SILENT, tf.float32))


def _saturated(output: Any, layer: Any) -> Any:
    """Return the share of outputs where the layer's activation is flat."""
    low, high = RANGES.get(_activation(layer) or "", (-np.inf, np.inf))
    margin = FLAT * (high - (low if np.isfinite(low) else 0.0))
    if not np.isfinite(margin):
        return tf.constant(0.0)
    flat = (output > high - margin) | (output < low + margin)
    return tf.reduce_mean(tf.cast(flat, tf.float32))
