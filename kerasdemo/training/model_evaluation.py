"""Loss and scores of any compiled Keras model in inference mode, without a trace in the model."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np

from kerasdemo.backend import keras, tf
from kerasdemo.data import Array
from kerasdemo.records import Task
from kerasdemo.training import graph
from kerasdemo.training import task as tasks
from kerasdemo.training.examples import Examples


@dataclass(frozen=True)
class Evaluation:
    """What a model gives for some examples.

    Args:
        loss: mean, with penalties, as Keras' `evaluate` computes it.
        scores: the other columns of metrics.csv that the task has.
        losses: of each example (n,), without penalties; None where only a batch has a loss.
        right: whether each example is predicted right (n,); None for a task without.
    """

    loss: float
    scores: dict[str, float]
    losses: Array | None = None
    right: Array | None = None

    def changes_since(self, before: "Evaluation") -> dict[str, float]:
        """Compare with an earlier evaluation of the same examples: columns of metrics.csv."""
        found = {"val_loss_rise": self.loss - before.loss, "val_loss_rise_error": np.nan}
        if self.losses is not None and before.losses is not None:
            with np.errstate(over="ignore", invalid="ignore"):  # a diverged run has such losses
                rises = self.losses.astype(np.float64) - before.losses
                found["val_loss_rise"] = float(rises.mean())
                if len(rises) > 1:
                    error = rises.std(ddof=1) / np.sqrt(len(rises))
                    found["val_loss_rise_error"] = float(error)
        if self.right is not None and before.right is not None:
            found["val_newly_wrong"] = int((before.right & ~self.right).sum())
            found["val_newly_right"] = int((~before.right & self.right).sum())
        return found


class NoLossError(Exception):
    """A model whose loss can't be computed outside of its training."""


class ModelEvaluator:
    """The compiled evaluation of a model.

    Everything runs in a `keras.StatelessScope`: neither weights nor metrics nor seeds change.

    Args:
        model: a compiled, built Keras model.
        loss: its loss as plain values (`model_setup.describe_loss`).
        activation: of its output; None where it has none.
    """

    def __init__(self, model: Any, loss: dict[str, Any], activation: str | None = None):
        self.model = model
        self.threshold = tasks.threshold(loss, activation)
        self.task: Task = "other"
        self.mean: Array | float = 0.0
        """of the training targets, by column; of a regression"""
        self.loss_of_examples = _loss_of_examples(model)
        """(y, output, weight) -> losses (n,); None where Keras computes the loss as a whole"""
        self.compiled = tf.function(self._evaluate, reduce_retracing=True, autograph=False)
        self.is_checked = False

    def evaluate(self, chunks: Sequence[Examples]) -> Evaluation:
        """Return what the model gives for examples that `Examples.chunks` cut.

        Raises:
            NoLossError: where the model has no loss of its own, or measuring it would change it.
        """
        if not self.is_checked:
            first = chunks[0]
            _check_state(self.compiled.get_concrete_function(first.x, first.y, first.weight))
            self.is_checked = True
        sizes = [len(chunk) for chunk in chunks]
        parts = [self.compiled(chunk.x, chunk.y, chunk.weight) for chunk in chunks]
        loss = float(np.average([float(total) for total, _, _ in parts], weights=sizes))
        losses = None
        if all(each.shape.rank == 1 for _, each, _ in parts):
            losses = np.concatenate([each.numpy() for _, each, _ in parts])
        if self.task == "other":
            return Evaluation(loss, {}, losses)
        output = np.concatenate([output.numpy() for _, _, output in parts]).astype(np.float32)
        y = np.concatenate([np.asarray(chunk.y) for chunk in chunks])
        return Evaluation(
            loss,
            tasks.score(self.task, y, output, self.threshold, self.mean),
            losses,
            tasks.find_right(self.task, y, output, self.threshold),
        )

    def predict(self, chunks: Sequence[Examples]) -> Array:
        """Return the output (n, columns) for examples, of a task that has one."""
        parts = [self.compiled(chunk.x, chunk.y, chunk.weight)[2] for chunk in chunks]
        output = np.concatenate([part.numpy() for part in parts]).astype(np.float32)
        return output.reshape(len(output), -1)

    def outputs(self, chunk: Examples) -> Any:
        """Return the model's outputs for a chunk of examples; raises as `evaluate` does."""

        def call(x: Any) -> Any:
            with keras.StatelessScope():
                return self.forward(x)

        traced = tf.function(call, autograph=False).get_concrete_function(chunk.x)
        _check_state(traced)
        return traced(chunk.x)

    def forward(self, x: Any) -> Any:
        """Call the model in inference mode; inside a StatelessScope."""
        return self.model(x, training=False)

    def training_loss(self, x: Any, y: Any, weight: Any, output: Any) -> Any:
        """Return the mean loss () that gradients are taken of; inside a StatelessScope.

        Without penalties where the examples have losses of their own.

        Args:
            output: of `forward`.
        """
        if self.loss_of_examples:
            return tf.reduce_mean(self.loss_of_examples(y, output, weight))
        return self._total_loss(x, y, weight, output)

    def _evaluate(self, x: Any, y: Any, weight: Any) -> tuple[Any, Any, Any]:
        """Return total loss (), loss of each example (n,) or (), and output."""
        # Penalties are computed of the weights that the scope knows.
        known = [(v, tf.convert_to_tensor(v)) for v in self.model.trainable_variables]
        with keras.StatelessScope(known, collect_losses=True):
            output = self.forward(x)
            if not self.loss_of_examples:
                total = tf.cast(self._total_loss(x, y, weight, output), tf.float32)
                return total, total, tf.constant(0.0) if self.task == "other" else output
            losses = tf.cast(self.loss_of_examples(y, output, weight), tf.float32)
            penalties = [tf.reduce_sum(tf.cast(p, tf.float32)) for p in self.model.losses]
            total = tf.reduce_mean(losses) + sum(penalties, tf.constant(0.0))
            return total, losses, tf.constant(0.0) if self.task == "other" else output

    def _total_loss(self, x: Any, y: Any, weight: Any, output: Any) -> Any:
        model = self.model
        if type(model).test_step is not keras.Model.test_step:
            return self._loss_of_test_step(x, y, weight)
        mode = {"training": False} if "training" in signature(model.compute_loss).parameters else {}
        found = model.compute_loss(x=x, y=y, y_pred=output, sample_weight=weight, **mode)
        if found is None:
            raise NoLossError("compute_loss returns None")
        return found

    def _loss_of_test_step(self, x: Any, y: Any, weight: Any) -> Any:
        """Return what the model's own test_step calls its loss, measured on this batch alone."""
        fresh = [(v, tf.zeros(v.shape, v.dtype)) for v in self.model.metrics_variables]
        fresh += [(v, tf.convert_to_tensor(v)) for v in self.model.trainable_variables]
        data = (x, y, weight) if weight is not None else (x, y) if y is not None else (x,)
        with keras.StatelessScope(fresh, collect_losses=True):
            found = self.model.test_step(data)
        for name in ("loss", *(name for name in found if "loss" in name)):
            if name in found:
                return tf.convert_to_tensor(found[name])
        raise NoLossError("test_step returns no loss")


def _check_state(traced: Any) -> None:
    """Refuse a function that would change the training: a StatelessScope holds Keras' state only.

    Raises:
        NoLossError: where it changes a variable, a random state or something else.
    """
    if graph.has_operation(traced, *graph.STATEFUL):
        raise NoLossError("calling it changes a state that is not Keras' own")


def _loss_of_examples(model: Any) -> Callable[[Any, Any, Any], Any] | None:
    """Return (y, output, weight) -> losses (n,), or () of a loss that only a batch has.

    None where the model's total loss is something else than one loss of one output.
    """
    cls, loss = type(model), single(model.loss)
    is_own = cls.compute_loss is not keras.Model.compute_loss
    is_own |= cls.test_step is not keras.Model.test_step
    if loss is None or is_own or isinstance(loss, dict | list | tuple):
        return None
    if compile_config(model).get("loss_weights"):
        return None
    function = keras.losses.get(loss)
    is_object = isinstance(function, keras.losses.Loss)
    dtype = getattr(function, "dtype", None) or keras.config.floatx()

    def losses(y: Any, output: Any, weight: Any) -> Any:
        if isinstance(output, dict | list | tuple):
            (output,) = keras.tree.flatten(output)
            (y,) = keras.tree.flatten(y)
        y, output = (keras.ops.convert_to_tensor(part, dtype=dtype) for part in (y, output))
        found = function.call(y, output) if is_object else function(*_aligned(y, output))
        if found.shape.rank > 1:
            found = tf.reduce_mean(found, axis=tuple(range(1, found.shape.rank)))
        if weight is not None:
            found *= tf.reshape(tf.cast(weight, found.dtype), (-1,))
        return found

    return losses


def compile_config(model: Any) -> dict[str, Any]:
    """Return the arguments of `compile` as Keras serializes them; none of what can't be."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on lambdas
            return dict(model.get_compile_config() or {})
    except Exception:  # whatever a user's metric or loss raises
        return {}


def single(value: Any) -> Any:
    """Return the only value of a dictionary or list; anything else as it is."""
    if isinstance(value, dict | list | tuple) and len(value) == 1:
        (value,) = value.values() if isinstance(value, dict) else value
    return value


def _aligned(y: Any, output: Any) -> tuple[Any, Any]:
    """Give targets and output of one column the same axes, as Keras does for functions."""
    if y.shape.rank == 1 and output.shape.rank == 2 and output.shape[-1] == 1:
        return y[:, None], output
    if y.shape.rank == output.shape.rank + 1 and y.shape[-1] == 1:
        return y[..., 0], output
    return y, output
