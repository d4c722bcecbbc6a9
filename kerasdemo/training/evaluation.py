"""Loss and accuracy of a network for each example, in inference mode, compiled once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerasdemo.backend import tf
from kerasdemo.data import Array

# Examples that one evaluation step takes: large enough for the matrix product's full rate.
CHUNK = 1_000


@dataclass(frozen=True)
class Evaluation:
    """What a network gives for some examples.

    Args:
        losses: of each example (n,), without penalties.
        right: whether each example is classified correctly (n,).
        penalty: of all regularizers.
        is_paired: whether each example has its loss; else `losses` repeat the loss of its chunk.
    """

    losses: Array
    right: Array
    penalty: float
    is_paired: bool = True

    @property
    def loss(self) -> float:
        """The mean loss with penalties, as Keras' `evaluate` computes it."""
        return float(self.losses.mean(dtype=np.float64)) + self.penalty

    @property
    def accuracy(self) -> float:
        """The share of examples that are classified correctly."""
        return float(self.right.mean())

    def changes_since(self, before: "Evaluation") -> dict[str, float]:
        """Compare with an earlier evaluation of the same examples, example by example.

        Returns:
            Columns of metrics.csv: the mean rise of the loss; its standard error over the pairs,
            NaN where only chunks have a loss; how many examples are newly wrong and
            newly right.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # a diverged run has such losses
            rises = self.losses.astype(np.float64) - before.losses
            has_error = self.is_paired and len(rises) > 1
            error = rises.std(ddof=1) / np.sqrt(len(rises)) if has_error else np.nan
        return {
            "val_loss_rise": float(rises.mean()),
            "val_loss_rise_error": float(error),
            "val_newly_wrong": int((before.right & ~self.right).sum()),
            "val_newly_right": int((~before.right & self.right).sum()),
        }


class Chunks:
    """Examples in chunks of one size, so that one compiled function evaluates every set.

    Args:
        x: examples (n, ...).
        y: their targets (n, ...).
        keep: keep the chunks in the device's memory from one evaluation to the next.
        fill: fill the last chunk up with copies, which the evaluation leaves out. Not for a loss
            of whole batches, which they would change.
    """

    def __init__(self, x: Array, y: Array, *, keep: bool, fill: bool):
        self.x, self.y, self.fill = x, y, fill
        self.kept = list(self._cut()) if keep else None

    def __len__(self) -> int:
        """Number of examples, without the copies."""
        return len(self.x)

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return iter(self.kept) if self.kept is not None else self._cut()

    def first(self) -> "Chunks":
        """Return the first chunk alone."""
        return Chunks(self.x[:CHUNK], self.y[:CHUNK], keep=False, fill=self.fill)

    def _cut(self) -> Iterator[tuple[Any, Any]]:
        for start in range(0, len(self.x), CHUNK):
            parts = [part[start : start + CHUNK] for part in (self.x, self.y)]
            missing = CHUNK - len(parts[0])
            if self.fill and missing:
                parts = [np.concatenate([p, np.repeat(p[:1], missing, axis=0)]) for p in parts]
            yield tf.constant(parts[0]), tf.constant(parts[1])


class Evaluator:
    """The compiled evaluation of a network.

    Args:
        network: a compiled Keras model.
        is_right: (y, output) -> (n,) of ones and zeros whose mean is the accuracy.
        loss_is_of_batch: whether only a whole batch has a loss, as with Dice.
        xla: whether XLA compiles it.
    """

    def __init__(
        self, network: Any, is_right: Callable[[Any, Any], Any], loss_is_of_batch: bool, xla: bool
    ):
        self.network = network
        self.is_right = is_right
        self.loss_is_of_batch = loss_is_of_batch
        self.compiled = tf.function(self._evaluate_chunk, jit_compile=xla, autograph=False)

    def chunks(self, x: Array, y: Array, *, keep: bool = True) -> Chunks:
        """Return examples (n, ...) and targets (n, ...) as `evaluate` takes them."""
        return Chunks(x, y, keep=keep, fill=not self.loss_is_of_batch)

    def evaluate(self, chunks: Chunks) -> Evaluation:
        """Return what the network gives for each example in inference mode."""
        parts = [self.compiled(x, y) for x, y in chunks]
        losses = np.concatenate([losses.numpy() for losses, _, _ in parts])[: len(chunks)]
        right = np.concatenate([right.numpy() for _, right, _ in parts])[: len(chunks)]
        penalty = float(parts[0][2])
        return Evaluation(losses, right > 0, penalty, is_paired=not self.loss_is_of_batch)

    def _evaluate_chunk(self, x: Any, y: Any) -> tuple[Any, Any, Any]:
        """Return each example's loss (n,), whether it is right (n,), and the penalty ()."""
        output = self.network(x, training=False)
        loss_of = self.network.loss if self.loss_is_of_batch else self.network.loss.call
        right = tf.cast(self.is_right(y, output), tf.float32)
        penalty = sum((tf.cast(p, tf.float32) for p in self.network.losses), tf.constant(0.0))
        loss = tf.cast(loss_of(y, output), tf.float32)
        return tf.broadcast_to(loss, tf.shape(right)), right, penalty
