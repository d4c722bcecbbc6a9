"""What trains YAML runs: a compiled network of one kind, which many runs share.

What runs vary without varying the arithmetic (weights, learning rate, dropout rates, penalties)
are variables, so that one compiled EpochTrainer serves many runs.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from kerasdemo.backend import keras, tf
from kerasdemo.data import Array
from kerasdemo.training.epoch_loop import EpochLoop, epoch_order, train_epochs
from kerasdemo.training.evaluation import Evaluator
from kerasdemo.training.layer_statistics import statistics_of
from kerasdemo.training.traced_layers import load_hyperparameters


class EpochTrainer:
    """Trains a compiled network, a whole epoch in one compiled call, and evaluates it.

    `load` copies another network's state, `fit_epochs` trains, `store` copies the state back.

    Args:
        network: a compiled Keras model whose optimizer is built; its hyperparameters are variables
            where other networks are to be loaded (traced_layers.py).
        batch_size: examples in a mini-batch.
        is_right: (y, output) -> (n,) of ones and zeros whose mean is the accuracy; None for other
            tasks than classification.
        loss_is_of_batch: whether only a whole batch has a loss, as with Dice.
        xla: whether XLA compiles the epochs; else they run as a TensorFlow graph.
        gives_outputs: whether the evaluation gives the outputs as well, for metrics.
    """

    def __init__(
        self,
        network: Any,
        batch_size: int,
        is_right: Callable[[Any, Any], Any] | None,
        *,
        loss_is_of_batch: bool = False,
        xla: bool = True,
        gives_outputs: bool = False,
    ):
        self.network = network
        self.batch_size = batch_size
        self.xla = xla
        # Without metrics: `evaluator` measures the epoch in inference mode.
        network.compile(optimizer=network.optimizer, loss=network.loss, jit_compile=xla)
        self.evaluator = Evaluator(network, is_right, loss_is_of_batch, xla, gives_outputs)
        self.layer_statistics = statistics_of(network, xla)
        self.loops: dict[tuple[int, ...], EpochLoop] = {}

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
        weight: Array | None = None,
        *,
        seed: int,
        epochs: int,
        first: int = 0,
        is_resident: bool = True,
        callbacks: Sequence[Any] = (),
    ) -> None:
        """Train as Keras' `fit` does.

        Args:
            x: training examples (n, ...).
            y: their targets (n, ...).
            weight: of each example's loss (n,), or None.
            seed: of the examples' order, together with the epoch's number.
            epochs: the epoch (from 1) to stop after.
            first: epochs that are already trained.
            is_resident: keep all examples in the device's memory; else `fit` gets mini-batches.
            callbacks: Keras callbacks.
        """
        parts = (x, y) if weight is None else (x, y, weight)
        if not is_resident:
            self.network.fit(
                batches(parts, seed, self.batch_size, first),
                initial_epoch=first,
                epochs=epochs,
                steps_per_epoch=-(-len(x) // self.batch_size),
                shuffle=False,
                verbose=0,
                callbacks=list(callbacks),
            )
            return
        data = tuple(map(tf.constant, parts))

        def train(epoch: int) -> dict[str, Any]:
            self.train(epoch_order(seed, epoch, len(x)), data)
            return {}

        every = keras.callbacks.CallbackList(list(callbacks), model=self.network, epochs=epochs)
        train_epochs(self.network, train, range(first, epochs), every)

    def train(self, order: Array, data: tuple[Any, ...]) -> None:
        """Train batch by batch on examples in an order (m,).

        Args:
            order: which examples.
            data: x and y, and perhaps the weights of their losses: tensors (n, ...).
        """
        key = (len(data), len(data[0]), len(order))
        if key not in self.loops:
            size = min(self.batch_size, len(order))
            step = self.network.train_step
            self.loops[key] = EpochLoop(step, data, len(order), size, xla=self.xla)
        self.loops[key](order, data)


def state_of(network: Any) -> list[Any]:
    """Return every variable that training changes: weights, random states, the optimizer's."""
    weights = {id(weight) for weight in network.weights}
    seeds = [v for layer in network.layers for v in layer.variables if id(v) not in weights]
    return [*network.weights, *seeds, *network.optimizer.variables]


def batches(parts: tuple[Array, ...], seed: int, size: int, first: int = 0) -> Any:
    """Return an endless tf.data.Dataset of mini-batches in the order of `epoch_order`.

    For examples that do not fit into the device's memory, which then holds only a batch.

    Args:
        parts: x and y, and perhaps weights, (n, ...).
        seed: of the order.
        size: examples in a batch.
        first: the epoch (from 0) that it begins with.
    """
    count = len(parts[0])

    def generate() -> Iterator[tuple[Array, ...]]:
        epoch = first
        while True:
            order = epoch_order(seed, epoch, count)
            for start in range(0, count, size):
                batch = order[start : start + size]
                yield tuple(part[batch] for part in parts)
            epoch += 1

    signature = tuple(tf.TensorSpec((None, *part.shape[1:]), part.dtype) for part in parts)
    return tf.data.Dataset.from_generator(generate, output_signature=signature).prefetch(2)
