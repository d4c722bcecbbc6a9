"""The data of a training that is recorded, read when it is first needed."""

from functools import cached_property
from typing import Any

from kerasdemo.backend import keras, tf
from kerasdemo.training import examples
from kerasdemo.training.examples import Examples, Unreadable

BATCH_SIZE = 32  # Keras' default
# Training examples on which the final weights are measured: an accuracy is then known within 1 %.
MOST_MEASURED = 10_000

NO_DATA = (
    "A callback sees no data: the curves are Keras' own, whose training loss is an average over "
    "the epoch with dropout on, and there are no layer statistics; pass the data, "
    "`Recorder(x, y, validation_data=...)`."
)
NO_BATCH_SIZE = (
    "The batch size is not known: a callback sees only the number of batches, and so that it is "
    "between {} and {}; kerasdemo.fit knows it."
)


class RecordedData:
    """The data that a Recorder was given, read when it is first needed."""

    def __init__(self, x: Any, y: Any, weight: Any, validation_data: Any):
        self.x, self.y, self.weight = x, y, weight
        self.validation_data = validation_data
        self.is_shuffled: bool | None = None
        """whether `fit` takes arrays in another order each epoch; None where that is not known"""
        self.notes: list[str] = []

    @cached_property
    def train(self) -> Examples | None:
        """Those training examples that are measured; None where none can be read."""
        if self.x is None:
            self.notes.append(NO_DATA)
            return None
        return self._read(self.x, self.y, self.weight)

    @cached_property
    def validation(self) -> Examples | None:
        """Those validation examples that are measured."""
        given = self.validation_data
        if given is None or self.train is None:
            return None
        is_tuple = isinstance(given, tuple | list)
        return self._read(*given) if is_tuple else self._read(given)

    @property
    def all_train(self) -> Examples:
        """Of arrays as many training examples as are worth measuring once, evenly spread."""
        assert self.train is not None
        if self.train.batch_size is not None:
            return self.train
        return examples.whole(self.x, self.y, self.weight).spread(MOST_MEASURED)

    def _read(self, *parts: Any) -> Examples | None:
        try:
            return examples.read(*parts)
        except Unreadable as error:
            self.notes.append(str(error))
            return None

    @property
    def source(self) -> str:
        """What kind of data it is: arrays, or a class that yields batches."""
        return "arrays" if self.train and self.train.batch_size is None else type(self.x).__name__

    def build(self, model: Any) -> bool:
        """Build a model as its first batch would, without computing; return whether it is built."""
        if self.train is None:
            return False
        try:
            specs = keras.tree.map_structure(
                lambda part: tf.TensorSpec((None, *part.shape[1:]), part.dtype),
                next(self.train.chunks()).x,
            )
            call = tf.function(lambda x: model(x, training=False), autograph=False)
            call.get_concrete_function(specs)
        except Exception:  # a model that is never called, but by its own train_step in parts
            return False
        return bool(model.built)

    def batch_size(self, steps: int | None) -> int | None:
        """Return the size of a mini-batch; None where it is not known within a quarter.

        Args:
            steps: mini-batches in an epoch.
        """
        train = self.train
        if train is None or train.batch_size is not None or not steps or train.total is None:
            return train.batch_size if train else None
        least = -(-train.total // steps)
        most = (train.total - 1) // (steps - 1) if steps > 1 else least
        if most > 1.25 * least and not least <= BATCH_SIZE <= most:
            self.notes.append(NO_BATCH_SIZE.format(least, most))
            return None
        return _roundest(least, most)

    @property
    def whole(self) -> tuple[Any, Any, tuple[Any, Any] | None, Any]:
        """x, y, validation (x, y) and sample weights: of arrays all, else what was read."""
        assert self.train is not None
        train, validation = self.train, self.validation
        has_arrays = train.batch_size is None
        x, y, weight = (
            (self.x, self.y, self.weight) if has_arrays else (train.x, train.y, train.weight)
        )
        if validation is None:
            return x, y, None, weight
        if validation.batch_size is None:
            parts = list(self.validation_data)
            return x, y, (parts[0], parts[1] if len(parts) > 1 else None), weight
        return x, y, (validation.x, validation.y), weight


def _roundest(least: int, most: int) -> int:
    """Return the number of a range that is most likely the size of a mini-batch."""
    powers = [1 << n for n in range(30)]
    for number in (BATCH_SIZE, *powers, *(-(-least // n) * n for n in (1000, 100, 50, 10))):
        if least <= number <= most:
            return number
    return least
