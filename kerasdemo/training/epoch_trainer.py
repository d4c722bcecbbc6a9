"""Whole epochs compiled: what Keras' `fit` sees as one batch is the order of an epoch.

Plain `Model.fit` spends 60 to 97 % of its time outside the arithmetic of a small network. Keras'
documented hook is to override `train_step`; here one call of it trains a whole epoch inside one
compiled program, looping over the mini-batches. `fit`, its callbacks and history work unchanged.
XLA compiles the program, but for convolutions on the CPU, where its code is 15 times slower than
TensorFlow's own kernels: those networks run the same loop as a TensorFlow graph.

One program serves all runs of one shape: what a run varies without varying the arithmetic
(weights, learning rate, dropout rates, penalties) are variables that the program reads.
"""

import json
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import numpy as np

from kerasdemo.backend import keras, tf
from kerasdemo.config import RunConfig
from kerasdemo.config.layers import has_convolution
from kerasdemo.config.tensor_shapes import Shape
from kerasdemo.data.loading import Array
from kerasdemo.training import network as networks
from kerasdemo.training.compile_key import shape_key
from kerasdemo.training.layer_statistics import LayerStatistics
from kerasdemo.training.traced_layers import load_hyperparameters

# Examples that one evaluation step takes: large enough for the matrix product's full rate.
CHUNK = 1_000
# Programs that a process keeps; a sweep runs the runs of one shape together.
KEPT = 4
# Numbers that a portion of orders has, about.
ORDERS = 20_000


def epoch_order(seed: int, epoch: int, examples: int) -> Array:
    """Return the order of the examples in an epoch (from 0): a function of seed and epoch alone."""
    return np.random.default_rng([seed, epoch]).permutation(examples).astype(np.int32)


class EpochTrainer(keras.Model):  # type: ignore[misc]
    """A network of one shape with its compiled epoch, evaluation and hyperparameters.

    `load` takes over an ordinary network (as `network.build` makes it), `fit` trains on what
    its `epochs` gives, `store` hands weights and optimizer state back.
    """

    def __init__(self, config: RunConfig, shape: Shape, classes: int):
        super().__init__(name="program")
        self.xla = uses_xla(config)
        self.network = networks.build(config, shape, classes, for_program=True)
        self.batch_size = config.training.batch_size
        self.loss_of = networks.loss(config)
        self.loss_is_of_batch = networks.loss_is_of_batch(config)
        self.is_right = networks.is_right(config, self.network)
        # No loss and no metrics for Keras to keep: `measure` computes the epoch's.
        self.compile(optimizer=networks.optimizer(config), jit_compile=self.xla)
        networks.build_optimizer(self.optimizer, self.network.trainable_variables)
        self.built = True
        self.measure_chunk = tf.function(self._measure_chunk, jit_compile=self.xla, autograph=False)
        # In a graph of TensorFlow's the many small operations of an update are still worth XLA.
        self.apply = tf.function(self._apply, jit_compile=True, autograph=False)
        self.layer_statistics = LayerStatistics(self.network, self.loss_of, xla=self.xla)
        self.examples: Examples | None = None

    @property
    def metrics(self) -> list[Any]:
        """None: Keras would reset and read a tracker of the loss in every epoch, in vain."""
        return []

    def epochs(self, x: Array, y: Array, seed: int, first: int = 0) -> Any:
        """Take examples x (n, ...), y (n, ...) to train on; return what `fit` goes through: orders.

        Args:
            seed: of the orders, with the epoch's number.
            first: the epoch (from 0) that the orders begin with.
        """
        held = _held(x, y)
        if held is not self.examples:
            self.examples = held
            self.make_train_function(force=True)
        return orders(len(x), seed, first)

    def load(self, network: Any) -> None:
        """Take over the weights, optimizer state and hyperparameters of an ordinary network."""
        for mine, other in zip(self.state, state(network), strict=True):
            mine.assign(other)
        for layer, ordinary in zip(self.network.layers, network.layers, strict=True):
            load_hyperparameters(layer, ordinary)

    def store(self, network: Any) -> None:
        """Hand weights and optimizer state back to an ordinary network."""
        for mine, other in zip(self.state, state(network), strict=True):
            other.assign(mine)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Return the network's output."""
        return self.network(inputs, training=training)

    def update(self, x: Any, y: Any) -> Any:
        """Train on one mini-batch; return its loss (a scalar tensor)."""
        variables = self.network.trainable_variables
        with tf.GradientTape() as tape:
            loss = self.loss_of(y, self.network(x, training=True))
            loss = tf.add_n([loss, *(tf.cast(p, loss.dtype) for p in self.network.losses)])
            scaled = self.optimizer.scale_loss(loss)
        self.apply(tape.gradient(scaled, variables))
        return tf.cast(loss, tf.float32)

    def _apply(self, gradients: Sequence[Any]) -> None:
        variables = self.network.trainable_variables
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))

    def train_step(self, data: Any) -> dict[str, Any]:
        """Train a whole epoch of `examples`: `data` is their order (n,).

        With (x, y) instead it trains one mini-batch, as plain `fit` does.
        """
        if isinstance(data, tuple):
            return {"batch_loss": self.update(*data)}
        assert self.examples is not None
        return {"batch_loss": self.train(data, self.examples.x, self.examples.y)}

    def train(self, order: Any, x: Any, y: Any) -> Any:
        """Train batch by batch on the examples x, y (n, ...) in an order (m,); return the loss."""
        size, examples = self.batch_size, order.shape[0]
        steps, rest = divmod(examples, size)

        def step(number: Any, total: Any) -> tuple[Any, Any]:
            batch = tf.slice(order, [number * size], [size])
            return number + 1, total + self.update(tf.gather(x, batch), tf.gather(y, batch))

        total = tf.constant(0.0)
        if steps:
            _, total = tf.while_loop(lambda number, _: number < steps, step, (0, total))
        if rest:  # the last, smaller batch
            batch = order[steps * size :]
            total += self.update(tf.gather(x, batch), tf.gather(y, batch))
        return total / (steps + bool(rest))

    def _measure_chunk(self, x: Any, y: Any) -> tuple[Any, Any, Any]:
        """Return each example's loss (n,) and rightness (n,) in inference mode, and the penalty."""
        output = self.network(x, training=False)
        loss = (self.loss_of if self.loss_is_of_batch else self.loss_of.call)(y, output)
        right = tf.cast(self.is_right(y, output), tf.float32)
        penalty = sum((tf.cast(p, tf.float32) for p in self.network.losses), tf.constant(0.0))
        return tf.broadcast_to(tf.cast(loss, tf.float32), tf.shape(right)), right, penalty

    def chunks(self, x: Array, y: Array, keep: bool = True) -> "Chunks":
        """Return examples as `measure` takes them."""
        return Chunks(x, y, keep, fill=not self.loss_is_of_batch)

    def measure(self, chunks: "Chunks") -> "Measured":
        """Return what the network gives for each example in inference mode."""
        parts = [self.measure_chunk(*chunk) for chunk in chunks]
        losses = np.concatenate([part.numpy() for part, _, _ in parts])[: chunks.examples]
        right = np.concatenate([part.numpy() for _, part, _ in parts])[: chunks.examples]
        return Measured(losses, right > 0, float(parts[0][2]), paired=not self.loss_is_of_batch)

    @property
    def state(self) -> list[Any]:
        """Every variable that training changes."""
        return [*_weights(self.network), *self.optimizer.variables]


def state(network: Any) -> list[Any]:
    """Return every variable that training changes of an ordinary network."""
    return [*_weights(network), *network.optimizer.variables]


def _weights(network: Any) -> list[Any]:
    seeds = [layer.seed_generator.state for layer in network.layers if _draws(layer)]
    return [*network.weights, *seeds]


def _draws(layer: Any) -> bool:
    return getattr(layer, "seed_generator", None) is not None


@dataclass(frozen=True)
class Measured:
    """What a network gives for some examples: losses (n,) without penalties, right answers (n,).

    `paired`: each example has a loss of its own. Else it is its chunk's.
    """

    losses: Array
    right: Array
    penalty: float
    paired: bool = True

    @property
    def loss(self) -> float:
        """The mean loss with penalties, as Keras' `evaluate` has it."""
        return float(self.losses.mean(dtype=np.float64)) + self.penalty

    @property
    def accuracy(self) -> float:
        """The share of right answers."""
        return float(self.right.mean())

    def since(self, before: "Measured") -> dict[str, float]:
        """Return what changed for the same examples, under the names of the record's columns.

        The mean rise of the loss with its standard error over the pairs (NaN where a loss is not
        an example's own), and how many answers went wrong and right.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # a diverged run has such losses
            rises = self.losses.astype(np.float64) - before.losses
            known = self.paired and len(rises) > 1
            error = rises.std(ddof=1) / np.sqrt(len(rises)) if known else np.nan
        return {
            "val_loss_rise": float(rises.mean()),
            "val_loss_rise_error": float(error),
            "val_newly_wrong": int((before.right & ~self.right).sum()),
            "val_newly_right": int((~before.right & self.right).sum()),
        }


class Chunks:
    """Examples in chunks of one size, so that one compiled program measures every set.

    keep: hold the chunks on the device from one measurement to the next.
    fill: fill the last chunk up with examples that `measure` leaves out; not for a loss of whole
    batches, which they would change.
    """

    def __init__(self, x: Array, y: Array, keep: bool = True, fill: bool = True):
        self.x, self.y = x, y
        self.fill = fill
        self.kept = list(self._cut()) if keep else None

    @property
    def examples(self) -> int:
        """Number of examples, without the ones that fill up."""
        return len(self.x)

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return iter(self.kept) if self.kept is not None else self._cut()

    def first(self) -> "Chunks":
        """Return the first chunk alone."""
        return Chunks(self.x[:CHUNK], self.y[:CHUNK], keep=False, fill=self.fill)

    def _cut(self) -> Iterator[tuple[Any, Any]]:
        for start in range(0, len(self.x), CHUNK):
            parts = (part[start : start + CHUNK] for part in (self.x, self.y))
            x, y = (_filled(part) for part in parts) if self.fill else parts
            yield tf.constant(x), tf.constant(y)


def _filled(part: Array) -> Array:
    missing = CHUNK - len(part)
    return np.concatenate([part, np.repeat(part[:1], missing, axis=0)]) if missing else part


class Examples:
    """Training examples in the device's memory, shared by all programs that train on their like.

    A data set's elements would be copied to a GPU in every epoch.
    """

    def __init__(self, x: Array, y: Array):
        self.x, self.y = (tf.Variable(part, trainable=False) for part in (x, y))


_living: WeakValueDictionary[Any, Examples] = WeakValueDictionary()


def _held(x: Array, y: Array) -> Examples:
    """Return these examples on the device, in the place of any others of their shape."""
    key = tuple((part.shape, part.dtype.str) for part in (x, y))
    found = _living.get(key)
    if found is None:
        found = _living[key] = Examples(x, y)
    else:
        found.x.assign(x)
        found.y.assign(y)
    return found


def orders(examples: int, seed: int, first: int = 0) -> Any:
    """Return an endless tf.data.Dataset whose elements are the orders (examples,) of epochs.

    Orders come from Python several at a time: one by one they would take longer than a small
    network's epoch.
    """
    several = max(1, ORDERS // examples)

    def portions() -> Iterator[Array]:
        epoch = first
        while True:
            some = range(epoch, epoch + several)
            yield np.stack([epoch_order(seed, number, examples) for number in some])
            epoch += several

    data = tf.data.Dataset.from_generator(
        portions, output_signature=tf.TensorSpec((several, examples), tf.int32)
    )
    return data.unbatch().prefetch(1)


def batches(x: Array, y: Array, seed: int, size: int, first: int = 0) -> Any:
    """Return an endless tf.data.Dataset of mini-batches (x, y) in the same order as `orders`.

    For examples that do not fit into the device's memory: nothing but a batch is held there.
    """
    examples = len(x)

    def portions() -> Iterator[tuple[Array, Array]]:
        epoch = first
        while True:
            order = epoch_order(seed, epoch, examples)
            for start in range(0, examples, size):
                some = order[start : start + size]
                yield x[some], y[some]
            epoch += 1

    signature = tuple(tf.TensorSpec((None, *a.shape[1:]), a.dtype) for a in (x, y))
    return tf.data.Dataset.from_generator(portions, output_signature=signature).prefetch(2)


def uses_xla(config: RunConfig) -> bool:
    """Return whether XLA compiles the config's epochs; a function of config and machine alone.

    So that a run that was cut off goes on to the same bytes, nothing is timed.
    """
    return not has_convolution(config) or bool(tf.config.list_physical_devices("GPU"))


_programs: OrderedDict[str, EpochTrainer] = OrderedDict()


def acquire(config: RunConfig, shape: Shape, classes: int) -> EpochTrainer:
    """Return the process' program for the config's shape, compiled at most once."""
    key = json.dumps([shape_key(config), shape, classes])
    if key not in _programs:
        _programs[key] = EpochTrainer(config, shape, classes)
    _programs.move_to_end(key)
    while len(_programs) > KEPT:
        _programs.popitem(last=False)
    return _programs[key]
