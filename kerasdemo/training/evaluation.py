"""Loss and accuracy of a network for each example, in inference mode, compiled once."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerasdemo.backend import tf
from kerasdemo.data import Array, Scaling
from kerasdemo.records import Task
from kerasdemo.training import task as tasks

# Examples that one evaluation step takes: large enough for the matrix product's full rate.
CHUNK = 1_000


@dataclass(frozen=True)
class Evaluation:
    """What a network gives for some examples.

    Args:
        losses: of each example (n,), without penalties.
        right: whether each example is predicted right (n,); None for a task without.
        penalty: of all regularizers.
        is_paired: whether each example has its loss; else `losses` repeat the loss of its chunk.
        scores: the other columns of metrics.csv: accuracy, or what the task has in its place, and
            the config's metrics.
    """

    losses: Array
    right: Array | None
    penalty: float
    is_paired: bool = True
    scores: Mapping[str, float] = field(default_factory=dict)

    @property
    def loss(self) -> float:
        """The mean loss with penalties, as Keras' `evaluate` computes it."""
        return float(self.losses.mean(dtype=np.float64)) + self.penalty

    def changes_since(self, before: "Evaluation") -> dict[str, float]:
        """Compare with an earlier evaluation of the same examples, example by example.

        Returns:
            Columns of metrics.csv: the mean rise of the loss; its standard error over the pairs,
            NaN where only chunks have a loss; how many examples are newly wrong and
            newly right, of a task that has right and wrong.
        """
        with np.errstate(over="ignore", invalid="ignore"):  # a diverged run has such losses
            rises = self.losses.astype(np.float64) - before.losses
            has_error = self.is_paired and len(rises) > 1
            error = rises.std(ddof=1) / np.sqrt(len(rises)) if has_error else np.nan
        found = {"val_loss_rise": float(rises.mean()), "val_loss_rise_error": float(error)}
        if self.right is not None and before.right is not None:
            found["val_newly_wrong"] = int((before.right & ~self.right).sum())
            found["val_newly_right"] = int((~before.right & self.right).sum())
        return found


@dataclass(frozen=True)
class Scorer:
    """How outputs are scored: by the task, and by Keras' metrics.

    Args:
        task: whose score it is; that of classification is computed with the loss.
        threshold: what an output must exceed to count as positive.
        mean: of the training targets of a regression, by column.
        metrics: column of metrics.csv -> Keras' metric.
        scaling: of the targets; metrics have their own unit.
    """

    task: Task = "classification"
    threshold: float = 0.5
    mean: Array | float = 0.0
    metrics: Mapping[str, Any] = field(default_factory=dict)
    scaling: Scaling = field(default_factory=Scaling)

    def scores(self, y: Array, output: Array) -> dict[str, float]:
        """Return the columns of metrics.csv for targets (n, ...) and outputs (n, ...)."""
        found = {}
        if self.task != "classification":
            found = tasks.score(self.task, y, output, self.threshold, self.mean)
        if self.metrics:
            y, output = self.scaling.undo(y), self.scaling.undo(output)
        for name, metric in self.metrics.items():
            metric.reset_state()
            for start in range(0, len(y), CHUNK):
                metric.update_state(y[start : start + CHUNK], output[start : start + CHUNK])
            found[name] = float(metric.result())
        return found

    def right(self, y: Array, output: Array) -> Array | None:
        """Return which examples (n,) are predicted right; None for a task without."""
        return tasks.find_right(self.task, y, output, self.threshold)


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
        is_right: (y, output) -> (n,) of ones and zeros whose mean is the accuracy; None for other
            tasks than classification.
        loss_is_of_batch: whether only a whole batch has a loss, as with Dice.
        xla: whether XLA compiles it.
        gives_outputs: whether a Scorer is to see the outputs.
    """

    def __init__(
        self,
        network: Any,
        is_right: Callable[[Any, Any], Any] | None,
        loss_is_of_batch: bool,
        xla: bool,
        gives_outputs: bool = False,
    ):
        self.network = network
        self.is_right = is_right
        self.loss_is_of_batch = loss_is_of_batch
        self.gives_outputs = gives_outputs or is_right is None
        self.compiled = tf.function(self._evaluate_chunk, jit_compile=xla, autograph=False)

    def chunks(self, x: Array, y: Array, *, keep: bool = True) -> Chunks:
        """Return examples (n, ...) and targets (n, ...) as `evaluate` takes them."""
        return Chunks(x, y, keep=keep, fill=not self.loss_is_of_batch)

    def evaluate(self, chunks: Chunks, scorer: Scorer | None = None) -> Evaluation:
        """Return what the network gives for each example in inference mode.

        Args:
            chunks: the examples.
            scorer: of the outputs; None where only accuracy is asked for.
        """
        found = self._columns(chunks)
        right = found["right"] > 0 if "right" in found else None
        scores = {} if right is None else {"accuracy": float(right.mean())}
        if scorer is not None and self.gives_outputs:
            output = found["output"].astype(np.float32, copy=False)
            scores |= scorer.scores(chunks.y, output)
            right = scorer.right(chunks.y, output) if right is None else right
        return Evaluation(found["loss"], right, found["penalty"], not self.loss_is_of_batch, scores)

    def outputs(self, chunks: Chunks) -> Array:
        """Return the network's outputs (n, units) in inference mode, where it gives them."""
        found: Array = self._columns(chunks)["output"].astype(np.float32, copy=False)
        return found

    def _columns(self, chunks: Chunks) -> dict[str, Any]:
        """Return what `_evaluate_chunk` gives, of all chunks, without the copies that fill one."""
        parts = [self.compiled(x, y) for x, y in chunks]
        penalty = float(parts[0].pop("penalty"))
        columns = {
            name: np.concatenate([part[name].numpy() for part in parts])[: len(chunks)]
            for name in parts[0]
        }
        return {**columns, "penalty": penalty}

    def _evaluate_chunk(self, x: Any, y: Any) -> dict[str, Any]:
        """Return each example's loss (n,), whether it is right (n,), output and the penalty ()."""
        output = self.network(x, training=False)
        loss_of = self.network.loss if self.loss_is_of_batch else self.network.loss.call
        penalty = sum((tf.cast(p, tf.float32) for p in self.network.losses), tf.constant(0.0))
        found = {"penalty": penalty}
        if self.is_right is not None:
            found["right"] = tf.cast(self.is_right(y, output), tf.float32)
        if self.gives_outputs:
            found["output"] = tf.cast(output, tf.float32)
        loss = tf.cast(loss_of(y, output), tf.float32)
        return found | {"loss": tf.broadcast_to(loss, tf.shape(y)[:1])}
