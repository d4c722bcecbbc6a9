"""Whole epochs compiled: one of a model's own steps over all mini-batches, in one call.

Plain `fit` spends 60 to 97 % of its time outside the arithmetic of a small network. Keras'
documented hook is `train_step`, and `test_step` for evaluation: here a loop inside one compiled
function calls it for each mini-batch. Whatever the model does in a step (a training step of its
own, several outputs, dropout, metrics, penalties) stays as it is.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from kerasdemo.backend import keras, tf
from kerasdemo.data import Array

tree: Any = keras.tree


class EpochLoop:
    """A model's step over the mini-batches of an epoch.

    Args:
        step: takes a mini-batch, returns logs: `model.train_step` or `model.test_step`.
        data: nest of arrays (n, ...): the examples, or others of the same shapes and types.
        count: examples that an epoch takes.
        batch_size: examples in a mini-batch, at most `count`.
        xla: whether XLA compiles the loop; else it runs as a TensorFlow graph.
    """

    def __init__(
        self, step: Callable[[Any], Any], data: Any, count: int, batch_size: int, *, xla: bool
    ):
        self.count = count
        self.batch_size = batch_size
        self.whole, self.rest = divmod(count, batch_size)
        # Of the shapes that a step has in Keras' fit, which counts differently where it knows them.
        size = None if self.rest else batch_size
        batch = tree.map_structure(lambda p: tf.TensorSpec((size, *p.shape[1:]), p.dtype), data)
        # Traced once, for loop and rest: its trace is most of what compiling takes.
        self.step = tf.function(step, input_signature=[batch], jit_compile=xla, autograph=False)
        self.loop = tf.function(self._loop, jit_compile=xla, autograph=False)
        self.logs: Any = None
        """the last batch's logs are what an epoch returns, of these types; None: nothing is"""

    @property
    def steps(self) -> int:
        """Mini-batches in an epoch."""
        return self.whole + bool(self.rest)

    def trace(self) -> Any:
        """Trace a step, which builds whatever the model has not built yet; compute nothing.

        Returns:
            The step as TensorFlow's concrete function.
        """
        return self.step.get_concrete_function()

    def compile(self, data: Any) -> None:
        """Compile everything that an epoch needs; train and evaluate nothing.

        Args:
            data: nest of tensors (n, ...).
        """
        self.loop(tf.zeros(self.count, tf.int32), tf.constant(0), data)

    def __call__(self, order: Array, data: Any) -> Any:
        """Take a step for each mini-batch of examples in an order (count,).

        Args:
            order: which examples, int32.
            data: nest of tensors (n, ...), which stay in the device's memory.

        Returns:
            The last batch's logs, where `logs` asks for them.
        """
        logs = self.loop(tf.constant(order), tf.constant(self.whole), data)
        return None if self.logs is None else logs

    def _loop(self, order: Any, steps: Any, data: Any) -> Any:
        def step(batch: Any) -> Any:
            logs = self.step(tree.map_structure(lambda part: tf.gather(part, batch), data))
            return () if self.logs is None else logs

        def next_step(number: Any, _: Any) -> tuple[Any, Any]:
            # A slice of constant size: XLA would pad one with other bounds to the whole set.
            batch = tf.slice(order, [number * self.batch_size], [self.batch_size])
            return number + 1, step(batch)

        types = () if self.logs is None else self.logs
        logs = tree.map_structure(lambda log: tf.zeros(log.shape, log.dtype), types)
        _, logs = tf.while_loop(
            lambda number, _: number < steps, next_step, (0, logs), parallel_iterations=1
        )
        if self.rest:  # the last, smaller batch
            rest = order[self.count - self.rest :]
            logs = tf.cond(steps > 0, lambda: step(rest), lambda: logs)
        return logs


def train_epochs(
    model: Any,
    train: Callable[[int], dict[str, Any]],
    epochs: range,
    callbacks: Any,
    evaluate: Callable[[int], dict[str, Any]] | None = None,
) -> None:
    """Train as Keras' `fit` does, but for what an epoch consists of.

    Args:
        model: whose metrics, optimizer and `stop_training` count.
        train: trains an epoch (from 0) and returns its logs.
        epochs: their numbers.
        callbacks: a keras.callbacks.CallbackList.
        evaluate: returns what is to be added to an epoch's logs.
    """
    model.stop_training = False
    callbacks.on_train_begin()
    logs: dict[str, Any] = {}
    for epoch in epochs:
        model.reset_metrics()
        callbacks.on_epoch_begin(epoch)
        logs = train(epoch)
        if evaluate:
            logs = logs | evaluate(epoch)
        callbacks.on_epoch_end(epoch, logs)
        if model.stop_training:
            break
    if isinstance(model.optimizer, keras.optimizers.Optimizer):
        model.optimizer.finalize_variable_values(model.trainable_variables)
    callbacks.on_train_end(logs)


def epoch_order(seed: int, epoch: int, examples: int) -> Array:
    """Return the order of the examples in an epoch (from 0): a function of seed and epoch alone."""
    return np.random.default_rng([seed, epoch]).permutation(examples).astype(np.int32)
