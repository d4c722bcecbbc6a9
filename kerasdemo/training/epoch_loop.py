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
    """A model's step over mini-batches of examples that stay in the device's memory.

    Args:
        step: takes a mini-batch, returns logs: `model.train_step` or `model.test_step`.
        data: nest of tensors (n, ...).
        batch_size: examples in a mini-batch, at most n.
        xla: whether XLA compiles the loop; else it runs as a TensorFlow graph.
    """

    def __init__(self, step: Callable[[Any], Any], data: Any, batch_size: int, *, xla: bool):
        self.data = data
        self.batch_size = batch_size
        self.count = len(tree.flatten(data)[0])
        self.steps, self.rest = divmod(self.count, batch_size)
        # Of the shapes that a step has in Keras' fit, which counts differently where it knows them.
        size = None if self.rest else batch_size
        batch = tree.map_structure(lambda p: tf.TensorSpec((size, *p.shape[1:]), p.dtype), data)
        # Traced once, for loop and rest: its trace is most of what compiling takes.
        self.step = tf.function(step, input_signature=[batch], jit_compile=xla, autograph=False)
        self.loop = tf.function(self._loop, jit_compile=xla, autograph=False)
        self.logs: Any = None
        """the last batch's logs are what an epoch returns, of these types; None: nothing is"""

    def trace(self) -> Any:
        """Trace a step, which builds whatever the model has not built yet; compute nothing.

        Returns:
            The step as TensorFlow's concrete function.
        """
        return self.step.get_concrete_function()

    def compile(self) -> None:
        """Compile everything that an epoch needs; train and evaluate nothing."""
        self.loop(tf.range(self.count), tf.constant(0), self.data)

    def __call__(self, order: Array) -> Any:
        """Take a step for each mini-batch of the examples in an order (n,).

        Returns:
            The last batch's logs, where `logs` asks for them.
        """
        logs = self.loop(tf.constant(order), tf.constant(self.steps), self.data)
        return None if self.logs is None else logs

    def _loop(self, order: Any, steps: Any, data: Any) -> Any:
        def step(batch: Any) -> Any:
            examples = tree.map_structure(lambda part: tf.gather(part, batch), data)
            logs = self.step(examples)
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


def epoch_order(seed: int, epoch: int, examples: int) -> Array:
    """Return the order of the examples in an epoch (from 0): a function of seed and epoch alone."""
    return np.random.default_rng([seed, epoch]).permutation(examples).astype(np.int32)
