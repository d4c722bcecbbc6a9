"""Keras' layers as an EpochTrainer has them; an ordinary network has those of Keras.

What may differ between runs of one compile key is a variable here, which the compiled function
reads when it runs: a number would be a constant in it, and every run would have to be compiled.
"""

from typing import Any

from kerasdemo.backend import keras, tf
from kerasdemo.config.layer_types import KERNELS


def _traced_hyperparameter(value: float) -> Any:
    # As exact as a number of Python, so that a cast to a layer's type is what Keras computes with.
    return tf.Variable(value, dtype="float64", trainable=False)


class Dropout(keras.layers.Dropout):  # type: ignore[misc]
    """keras.layers.Dropout with its rate in a variable; a rate of 0 stays 0."""

    def __init__(self, rate: float, **arguments: Any):
        super().__init__(rate, **arguments)
        self.rate_variable = _traced_hyperparameter(rate)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Drop out, in training only; the same masks as Keras draws."""
        if not training or not self.rate:
            return inputs
        rate = tf.cast(self.rate_variable, inputs.dtype)
        seed = tf.cast(self.seed_generator.next(), tf.int32)
        return tf.nn.experimental.stateless_dropout(inputs, rate=rate, seed=seed)


class L1L2(keras.regularizers.Regularizer):  # type: ignore[misc]
    """keras.regularizers.L1L2 with its factors in variables; one that is 0 stays 0."""

    def __init__(self, l1: float, l2: float):
        self.l1 = _traced_hyperparameter(l1) if l1 else None
        self.l2 = _traced_hyperparameter(l2) if l2 else None

    def __call__(self, x: Any) -> Any:
        """Return the penalty of the weights x, a scalar tensor."""
        penalty = tf.zeros((), x.dtype)
        if self.l1 is not None:
            penalty += tf.cast(self.l1, x.dtype) * tf.reduce_sum(tf.abs(x))
        if self.l2 is not None:
            penalty += tf.cast(self.l2, x.dtype) * tf.reduce_sum(tf.square(x))
        return penalty


class BatchNormalization(keras.layers.BatchNormalization):  # type: ignore[misc]
    """Batch normalization that XLA compiles by itself, in a graph that it does not compile.

    As some twenty operations of TensorFlow's it takes longer than the convolution before it.
    """

    def __init__(self, **arguments: Any):
        super().__init__(**arguments)
        self.compiled = tf.function(super().call, jit_compile=True, autograph=False)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """Normalize; as keras.layers.BatchNormalization."""
        return self.compiled(inputs, training=training, mask=mask)


LAYERS: dict[Any, Any] = {
    keras.layers.Dropout: Dropout,
    keras.layers.BatchNormalization: BatchNormalization,
}


def load_hyperparameters(layer: Any, ordinary: Any) -> None:
    """Set an EpochTrainer's layer to the rate and penalties of an ordinary layer."""
    if isinstance(layer, Dropout):
        layer.rate_variable.assign(ordinary.rate)
    for kernel in KERNELS:
        penalty = getattr(layer, f"{kernel}_regularizer", None)
        if isinstance(penalty, L1L2):
            for name in ("l1", "l2"):
                if (variable := getattr(penalty, name)) is not None:
                    variable.assign(getattr(getattr(ordinary, f"{kernel}_regularizer"), name))
