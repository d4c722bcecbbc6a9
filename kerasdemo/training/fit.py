"""Train any compiled Keras model as its own `fit` does, a whole epoch in one compiled call.

Where that is not possible, or something asks for single mini-batches, Keras' own `fit` trains.
"""

import operator
import secrets
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from inspect import signature
from typing import Any

import numpy as np

from kerasdemo.backend import keras, no_remarks_on_tracing
from kerasdemo.config.errors import first_line
from kerasdemo.data import Array
from kerasdemo.training import engine, unsuitable
from kerasdemo.training.device import resident_bytes
from kerasdemo.training.engine import Engine
from kerasdemo.training.epoch_loop import EpochLoop, epoch_order, train_epochs
from kerasdemo.training.resident_data import ResidentData, split, tree
from kerasdemo.training.unsuitable import Unsuitable

BATCH_SIZE = 32  # Keras' default
KEPT = 4  # compiled loops of a model


def fit(
    model: Any,
    x: Any = None,
    y: Any = None,
    *,
    seed: int | None = None,
    on_engine: Callable[[Engine], None] | None = None,
    **arguments: Any,
) -> tuple[Any, Engine]:
    """Train a compiled Keras model as `model.fit(x, y, **arguments)` does.

    Where epochs are compiled, `verbose` 1 and "auto" print nothing; 2 prints a line an epoch.

    Args:
        model: trained in place.
        x: training examples.
        y: their targets.
        seed: of the order of the examples, with the epoch's number; left out: another order each
            time. Keras' own `fit` has an order of its own.
        on_engine: called once, before training, as soon as it is known what trains.
        arguments: those of Keras' `fit`.

    Returns:
        Keras' History, and what trained.
    """
    asked = signature(model.fit).bind(x, y, **arguments)
    asked.apply_defaults()
    with no_remarks_on_tracing():
        try:
            training = _Training(model, asked.arguments, seed)
            chosen = training.engine
        except Unsuitable as reason:
            training, chosen = None, Engine("fit", f"Keras' own fit trains: {reason}.")
        if on_engine:
            on_engine(chosen)
        history = training.run() if training else model.fit(x, y, **arguments)
    return history, chosen


class _Training:
    """A training that is compiled and has not begun.

    Args:
        model: trained in place.
        asked: every argument of Keras' `fit`.
        seed: of the order of the examples.

    Raises:
        Unsuitable: where Keras' own `fit` has to train; nothing is trained, no callback called.
    """

    def __init__(self, model: Any, asked: dict[str, Any], seed: int | None):
        unsuitable.check(model, asked)
        self.model, self.asked = model, asked
        self.seed = secrets.randbelow(10**9) if seed is None else seed
        train, validation = _examples(asked)
        size = train.nbytes + (validation.nbytes if validation else 0)
        if size > resident_bytes():
            raise Unsuitable(f"{size / 1e9:.3g} GB of examples don't fit into the device's memory")
        batch_size = asked["batch_size"] or BATCH_SIZE
        epochs = asked["epochs"] - asked["initial_epoch"]
        self.train = _Epoch(model, "train_step", train, batch_size, epochs)
        self.engine = self.train.engine
        self.validation = validation and _Epoch(
            model, "test_step", validation, asked["validation_batch_size"] or batch_size, epochs
        )

    def run(self) -> Any:
        """Train as Keras' `fit` does; return its History."""
        model, asked = self.model, self.asked
        callbacks = keras.callbacks.CallbackList(
            asked["callbacks"],
            add_history=True,
            add_progbar=asked["verbose"] == 2,
            model=model,
            verbose=asked["verbose"],
            epochs=asked["epochs"],
            steps=self.train.loop.steps,
        )

        def train(epoch: int) -> dict[str, Any]:
            if asked["shuffle"]:
                return self.train(epoch_order(self.seed, epoch, self.train.count))
            return self.train()

        def evaluate(epoch: int) -> dict[str, Any]:
            if not self.validation or not self._is_validated(epoch + 1):
                return {}
            callbacks.on_test_begin()
            model.reset_metrics()
            logs = self.validation()
            callbacks.on_test_end(logs)
            return {f"val_{name}": value for name, value in logs.items()}

        epochs = range(asked["initial_epoch"], asked["epochs"])
        train_epochs(model, train, epochs, callbacks, evaluate)
        return model.history

    def _is_validated(self, epoch: int) -> bool:
        frequency = self.asked["validation_freq"]
        return epoch % frequency == 0 if isinstance(frequency, int) else epoch in frequency


class _Epoch:
    """A step of a model's, compiled for some examples.

    Args:
        model: whose metrics tell how an epoch went.
        step: "train_step" or "test_step".
        examples: all of them.
        batch_size: of a mini-batch.
        epochs: how many there will be, at most.

    Raises:
        Unsuitable: where the step can't be compiled.
    """

    def __init__(
        self,
        model: Any,
        step: str,
        examples: ResidentData,
        batch_size: int,
        epochs: int,
    ):
        self.model, self.step = model, step
        self.count = examples.count
        self.batch_size = min(batch_size, self.count)
        self.arrays, self.data = examples.arrays, examples.tensors()
        try:
            self.loop, self.engine = self._compile(epochs)
        except Exception as error:  # whatever the model's own code or TensorFlow raises
            raise Unsuitable(f"{step} can't be compiled ({first_line(error)})") from error

    def __call__(self, order: Array | None = None) -> dict[str, Any]:
        """Take the step for each mini-batch in an order (n,), or one after the other.

        Returns:
            What Keras logs of the epoch.
        """
        order = np.arange(self.count, dtype=np.int32) if order is None else order
        own = self.loop(order, self.data)
        return dict(self.model.get_metrics_result() if own is None else own)

    def _compile(self, epochs: int) -> tuple[EpochLoop, Engine]:
        if not self.model.built:  # what to choose depends on its weights
            self._traced(xla=False)
        chosen = engine.choose(self.model, -(-self.count // self.batch_size) * epochs)
        types = tree.map_structure(lambda part: (part.shape[1:], part.dtype), self.arrays)
        key = (self.step, chosen.loop, self.batch_size, self.count, str(types))
        for kept in _kept.get(self.model, ()):
            if kept.serves(self.model, key) and self._is_safe(kept):
                return kept.loop, chosen if kept.engine.loop == chosen.loop else kept.engine
        loop, trained = self._compile_as(chosen)
        # A new loss tracker among the metrics tells that the model was compiled again.
        if type(self.model).metrics is keras.Model.metrics:
            latest = _kept.setdefault(self.model, deque(maxlen=KEPT))
            latest.append(_Kept(loop, trained, key, _parts(self.model)))
        return loop, trained

    def _is_safe(self, kept: "_Kept") -> bool:
        """Return whether a loop by XLA raises the errors that these examples should raise."""
        if kept.engine.loop != "xla":
            return True
        return engine.why_not_xla(kept.loop.trace(), self.model, self.arrays) is None

    def _compile_as(self, chosen: Engine) -> tuple[EpochLoop, Engine]:
        if chosen.loop == "xla":
            try:
                loop, step = self._traced(xla=True)
                better = engine.why_not_xla(step, self.model, self.arrays)
                if better is None:
                    loop.compile(self.data)
                    return loop, chosen
                chosen = better
            except Exception as error:
                chosen = Engine("graph", f"XLA can't compile the model ({first_line(error)}).")
        loop, _ = self._traced(xla=False)
        loop.compile(self.data)
        return loop, chosen

    def _traced(self, *, xla: bool) -> tuple[EpochLoop, Any]:
        model, name = weakref.ref(self.model), self.step  # a loop that is kept keeps no model

        def step(batch: Any) -> Any:
            return getattr(model(), name)(batch)

        loop = EpochLoop(step, self.data, self.count, self.batch_size, xla=xla)
        traced = loop.trace()
        # As Keras does: the metrics' results, or the last batch's logs where they have other names.
        logs = traced.structured_outputs
        if set(logs) != set(self.model.get_metrics_result()):
            loop.logs = logs
        return loop, traced


@dataclass(frozen=True)
class _Kept:
    """A loop for the next `fit` of a model; as with Keras' own functions, until it is compiled."""

    loop: EpochLoop
    engine: Engine
    key: tuple[Any, ...]
    parts: list[Any]

    def serves(self, model: Any, key: tuple[Any, ...]) -> bool:
        """Return whether the same loop would be made again."""
        parts = _parts(model)
        same = len(parts) == len(self.parts) and all(map(operator.is_, parts, self.parts))
        return same and key == self.key


_kept: weakref.WeakKeyDictionary[Any, deque[_Kept]] = weakref.WeakKeyDictionary()


def _parts(model: Any) -> list[Any]:
    """Return what `compile` and `trainable` replace."""
    return [model.optimizer, model.loss, *model.metrics, *model.trainable_variables]


def _examples(asked: dict[str, Any]) -> tuple[ResidentData, ResidentData | None]:
    """Return the examples to train on, and those to validate on."""
    train = (asked["x"], asked["y"], asked["sample_weight"])
    validation = asked["validation_data"]
    if validation is not None:
        validation = keras.utils.unpack_x_y_sample_weight(validation)
    elif asked["validation_split"]:
        train, validation = split(train, asked["validation_split"])
    return (
        ResidentData.of(*train, class_weight=asked["class_weight"]),
        None if validation is None else ResidentData.of(*validation),
    )
