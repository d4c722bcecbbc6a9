"""Whole epochs compiled: what Keras' `fit` sees as one batch is the order of an epoch.

Plain `Model.fit` spends 60 to 97 % of its time outside the arithmetic of a small network. Keras'
documented hook is to override `train_step`; here one call of it trains a whole epoch inside one
compiled function, looping over the mini-batches. `fit`, its callbacks and history work unchanged.

What runs vary without varying the arithmetic (weights, learning rate, dropout rates, penalties)
are variables, so that one compiled EpochTrainer serves many runs.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from kerasdemo.backend import keras, tf
from kerasdemo.data import Array
from kerasdemo.training.evaluation import Evaluator
from kerasdemo.training.layer_statistics import LayerStatistics
from kerasdemo.training.traced_layers import load_hyperparameters

# Numbers that tf.data takes from Python at a time, about; one by one the orders of epochs would
# take longer than a small network's epoch.
NUMBERS_AT_A_TIME = 20_000


class EpochTrainer(keras.Model):  # type: ignore[misc]
    """Trains a compiled network, a whole epoch in one compiled call, and evaluates it.

    `load` copies another network's state, `fit_epochs` trains, `store` copies the state back.

    Args:
        network: a compiled Keras model whose optimizer is built; its hyperparameters are variables
            where other networks are to be loaded (traced_layers.py).
        batch_size: examples in a mini-batch.
        is_right: (y, output) -> (n,) of ones and zeros whose mean is the accuracy.
        loss_is_of_batch: whether only a whole batch has a loss, as with Dice.
        xla: whether XLA compiles the epochs; else they run as a TensorFlow graph.
    """

    def __init__(
        self,
        network: Any,
        batch_size: int,
        is_right: Callable[[Any, Any], Any],
        *,
        loss_is_of_batch: bool = False,
        xla: bool = True,
    ):
        super().__init__(name="epoch_trainer")
        self.network = network
        self.batch_size = batch_size
        self.xla = xla
        # No loss and no metrics for Keras to keep: `evaluator` computes the epoch's.
        self.compile(optimizer=network.optimizer, jit_compile=xla)
        self.built = True
        self.evaluator = Evaluator(network, is_right, loss_is_of_batch, xla)
        self.layer_statistics = LayerStatistics(network, xla)
        # In a TensorFlow graph the many small operations of an update are still worth XLA.
        self.apply_gradients = tf.function(self._apply_gradients, jit_compile=True, autograph=False)
        self.examples: ResidentExamples | None = None

    @property
    def metrics(self) -> list[Any]:
        """None: Keras would reset and read a tracker of the loss in every epoch, for nothing."""
        return []

    @property
    def state(self) -> list[Any]:
        """Every variable that training changes."""
        return state_of(self.network)

    def load(self, network: Any) -> None:
        """Copy weights, optimizer state and hyperparameters of a network of the same kind."""
        for variable, other in zip(self.state, state_of(network), strict=True):
            variable.assign(other)
        for layer, other in zip(self.network.layers, network.layers, strict=True):
            load_hyperparameters(layer, other)

    def store(self, network: Any) -> None:
        """Copy weights and optimizer state back to a network."""
        for variable, other in zip(self.state, state_of(network), strict=True):
            other.assign(variable)

    def fit_epochs(
        self,
        x: Array,
        y: Array,
        *,
        seed: int,
        epochs: int,
        first: int = 0,
        is_resident: bool = True,
        callbacks: Sequence[Any] = (),
    ) -> None:
        """Train with Keras' `fit`.

        Args:
            x: training examples (n, ...).
            y: their targets (n, ...).
            seed: of the examples' order, together with the epoch's number.
            epochs: the epoch (from 1) to stop after.
            first: epochs that are already trained.
            is_resident: keep all examples in the device's memory; else `fit` gets mini-batches.
            callbacks: Keras callbacks.
        """
        if is_resident:
            examples = _resident(x, y)
            if examples is not self.examples:
                self.examples = examples
                self.make_train_function(force=True)
            elements, steps = orders(len(x), seed, first), 1
        else:
            elements = batches(x, y, seed, self.batch_size, first)
            steps = -(-len(x) // self.batch_size)
        self.fit(
            elements,
            initial_epoch=first,
            epochs=epochs,
            steps_per_epoch=steps,
            shuffle=False,
            verbose=0,
            callbacks=list(callbacks),
        )

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the network's output."""
        return self.network(inputs, training=training)

    def train_step(self, data: Any) -> dict[str, Any]:
        """Train an epoch on the resident examples in the order `data` (n,).

        Where `data` is (x, y), train one mini-batch, as plain `fit` does.
        """
        if isinstance(data, tuple):
            return {"batch_loss": self.train_batch(*data)}
        assert self.examples is not None
        return {"batch_loss": self.train_epoch(data, self.examples.x, self.examples.y)}

    def train_epoch(self, order: Any, x: Any, y: Any) -> Any:
        """Train batch by batch on the examples x, y (n, ...) in an order (m,).

        Returns:
            The mean loss of the batches, a scalar tensor.
        """
        size = self.batch_size
        steps, rest = divmod(order.shape[0], size)

        def step(number: Any, total: Any) -> tuple[Any, Any]:
            batch = tf.slice(order, [number * size], [size])  # (size,)
            return number + 1, total + self.train_batch(tf.gather(x, batch), tf.gather(y, batch))

        total = tf.constant(0.0)
        if steps:
            _, total = tf.while_loop(lambda number, _: number < steps, step, (0, total))
        if rest:  # the last, smaller batch
            batch = order[steps * size :]
            total += self.train_batch(tf.gather(x, batch), tf.gather(y, batch))
        return total / (steps + bool(rest))

    def train_batch(self, x: Any, y: Any) -> Any:
        """Train on one mini-batch; return its loss, a scalar tensor."""
        with tf.GradientTape() as tape:
            loss = self.network.loss(y, self.network(x, training=True))
            loss = tf.add_n([loss, *(tf.cast(p, loss.dtype) for p in self.network.losses)])
            scaled = self.optimizer.scale_loss(loss)
        self.apply_gradients(tape.gradient(scaled, self.network.trainable_variables))
        return tf.cast(loss, tf.float32)

    def _apply_gradients(self, gradients: Sequence[Any]) -> None:
        variables = self.network.trainable_variables
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))


def state_of(network: Any) -> list[Any]:
    """Return every variable that training changes: weights, random states, the optimizer's."""
    weights = {id(weight) for weight in network.weights}
    seeds = [v for layer in network.layers for v in layer.variables if id(v) not in weights]
    return [*network.weights, *seeds, *network.optimizer.variables]


class ResidentExamples:
    """Training examples in the device's memory, shared by all trainers of examples of one shape.

    A data set's elements would be copied to a GPU in every epoch.
    """

    def __init__(self, x: Array, y: Array):
        self.x, self.y = (tf.Variable(part, trainable=False) for part in (x, y))


_in_memory: WeakValueDictionary[Any, ResidentExamples] = WeakValueDictionary()


def _resident(x: Array, y: Array) -> ResidentExamples:
    """Return these examples in the device's memory, replacing any others of their shape."""
    key = tuple((part.shape, part.dtype.str) for part in (x, y))
    examples = _in_memory.get(key)
    if examples is None:
        examples = _in_memory[key] = ResidentExamples(x, y)
    else:
        examples.x.assign(x)
        examples.y.assign(y)
    return examples


def epoch_order(seed: int, epoch: int, examples: int) -> Array:
    """Return the order of the examples in an epoch (from 0): a function of seed and epoch alone."""
    return np.random.default_rng([seed, epoch]).permutation(examples).astype(np.int32)


def orders(examples: int, seed: int, first: int = 0) -> Any:
    """Return an endless tf.data.Dataset whose elements are the orders (examples,) of epochs."""
    at_a_time = max(1, NUMBERS_AT_A_TIME // examples)

    def generate() -> Iterator[Array]:
        epoch = first
        while True:
            numbers = range(epoch, epoch + at_a_time)
            yield np.stack([epoch_order(seed, number, examples) for number in numbers])
            epoch += at_a_time

    signature = tf.TensorSpec((at_a_time, examples), tf.int32)
    data = tf.data.Dataset.from_generator(generate, output_signature=signature)
    return data.unbatch().prefetch(1)


def batches(x: Array, y: Array, seed: int, size: int, first: int = 0) -> Any:
    """Return an endless tf.data.Dataset of mini-batches (x, y) in the same order as `orders`.

    For examples that do not fit into the device's memory, which then holds only a batch.
    """

    def generate() -> Iterator[tuple[Array, Array]]:
        epoch = first
        while True:
            order = epoch_order(seed, epoch, len(x))
            for start in range(0, len(x), size):
                batch = order[start : start + size]
                yield x[batch], y[batch]
            epoch += 1

    signature = tuple(tf.TensorSpec((None, *part.shape[1:]), part.dtype) for part in (x, y))
    return tf.data.Dataset.from_generator(generate, output_signature=signature).prefetch(2)
