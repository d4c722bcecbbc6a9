"""Some examples of whatever Keras' `fit` takes: arrays, nested arrays, tf.data, PyDataset."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerasdemo.backend import keras, tf
from kerasdemo.config import InputError

# Examples that one evaluation step takes.
CHUNK = 1_000
# Of a large set a tenth is measured each epoch, but at least CHUNK examples.
SHARE = 10


class Unreadable(Exception):
    """Data that can't be read without changing the training; says what to pass instead."""


@dataclass(frozen=True)
class Examples:
    """Examples, their targets and weights, each an array (n, ...) or a nest of such arrays.

    y, weight: None where there are none. total: examples of the set that they come from; None where
    that is not known. batch_size: None where the data do not come in batches.
    """

    x: Any
    y: Any = None
    weight: Any = None
    total: int | None = None
    batch_size: int | None = None

    def __len__(self) -> int:
        return length(self.x)

    def spread(self, size: int) -> "Examples":
        """Return at most `size` examples, evenly spread."""
        if size >= len(self):
            return self
        chosen = np.unique(np.linspace(0, len(self) - 1, size).astype(int))
        return self.rows(chosen)

    def rows(self, rows: Any) -> "Examples":
        """Return the examples with these numbers (m,)."""
        x, y, weight = keras.tree.map_structure(
            lambda part: _rows(part, rows), (self.x, self.y, self.weight)
        )
        return Examples(x, y, weight, self.total, self.batch_size)

    def chunks(self, size: int | None = None) -> Iterator["Examples"]:
        """Yield all examples in chunks of at most CHUNK, as tensors.

        Args:
            size: of a model that takes no other: the rest is left out.
        """
        count = len(self) if size is None else len(self) // size * size
        step = size or CHUNK
        for start in range(0, count, step):
            rows = np.arange(start, min(start + step, count))
            x, y, weight = keras.tree.map_structure(
                lambda part, rows=rows: None if part is None else tf.constant(_rows(part, rows)),
                (self.x, self.y, self.weight),
            )
            yield Examples(x, y, weight)


def length(x: Any) -> int:
    """Return the number of examples in an array or a nest of arrays."""
    parts = [part for part in keras.tree.flatten(x) if part is not None]
    return int(parts[0].shape[0]) if parts else 0


def read(x: Any, y: Any = None, weight: Any = None) -> Examples:
    """Return as many examples as are measured each epoch.

    Of arrays they are evenly spread; of data in batches they are the first ones, in the order
    before any shuffling.

    Raises:
        InputError: where arrays do not go together.
        Unreadable: where the data can be read only once, or reading changes the training.
    """
    if isinstance(x, tf.data.Dataset):
        with _unchanged_seeds():
            return _read_dataset(x)
    if isinstance(x, keras.utils.PyDataset):
        with _unchanged_seeds():
            return _read_py_dataset(x)
    found = whole(x, y, weight)
    return found.spread(_measured(len(found)))


def whole(x: Any, y: Any = None, weight: Any = None) -> Examples:
    """Return all examples of arrays or nested arrays; raises as `read` does."""
    parts = keras.tree.map_structure(_array, (x, y, weight))
    counts = {length(part) for part in keras.tree.flatten(parts) if part is not None}
    if len(counts) != 1:
        raise InputError(
            f"Recorder: x, y and sample_weight have {' and '.join(map(str, sorted(counts)))} "
            "examples; expected the same number"
        )
    total = counts.pop()
    if not total:
        raise InputError("Recorder: x has no examples")
    return Examples(parts[0], parts[1], parts[2], total)


def _measured(total: int) -> int:
    return max(CHUNK, total // SHARE // CHUNK * CHUNK)


def _array(part: Any) -> Any:
    """Return a part as an array or tensor, of Keras' float type if it has one."""
    if part is None or isinstance(part, tf.Tensor):
        return part
    if not hasattr(part, "shape"):
        raise Unreadable(
            "The data can be read only once, by the training; for the curves in inference mode and "
            "layer statistics pass arrays, a tf.data.Dataset or a PyDataset to the Recorder."
        )
    array = np.asarray(part)
    if not array.ndim:  # what NumPy does not know
        raise Unreadable(
            f"A {type(part).__name__} is not read; for the curves in inference mode and layer "
            "statistics pass dense arrays to the Recorder."
        )
    is_float = np.issubdtype(array.dtype, np.floating)
    return array.astype(keras.config.floatx(), copy=False) if is_float else array


def _rows(part: Any, rows: Any) -> Any:
    if part is None:
        return None
    return tf.gather(part, rows) if isinstance(part, tf.Tensor) else part[rows]


def _read_dataset(dataset: Any) -> Examples:
    size = max(0, int(dataset.cardinality()))  # negative where it is not known
    batches: list[Any] = []
    found, total = 0, None
    for batch in _without_shuffling(dataset):
        batches.append(keras.utils.unpack_x_y_sample_weight(batch))
        found += length(batches[-1][0])
        if found >= _measured(size * length(batches[0][0])):
            total = size * length(batches[0][0]) or None
            break
    return _joined(batches, total)


def _read_py_dataset(dataset: Any) -> Examples:
    size = dataset.num_batches
    if size is None:
        raise Unreadable("The PyDataset has no end: pass arrays to the Recorder.")
    first = keras.utils.unpack_x_y_sample_weight(dataset[0])
    count = -(-_measured(size * length(first[0])) // max(1, length(first[0])))
    numbers = np.unique(np.linspace(0, size - 1, min(count, size)).astype(int))
    batches = [keras.utils.unpack_x_y_sample_weight(dataset[int(n)]) for n in numbers]
    return _joined(batches, size * length(first[0]))


def _joined(batches: list[Any], total: int | None) -> Examples:
    if not batches:
        raise InputError("Recorder: x has no examples")
    batch_size = length(batches[0][0])

    def join(*parts: Any) -> Any:
        if parts[0] is None:
            return None
        return np.concatenate([_array(np.asarray(part)) for part in parts])

    try:
        x, y, weight = keras.tree.map_structure(join, *batches)
    except ValueError:
        # Sequences are padded batch by batch: one batch is all that has one shape.
        x, y, weight = keras.tree.map_structure(join, batches[0])
    count = length(x)
    return Examples(x, y, weight, max(total or 0, count), batch_size)


def _without_shuffling(dataset: Any) -> Any:
    """Return a dataset that gives the same examples in their order before any `shuffle`.

    Each iteration over a shuffled dataset draws from its seeds, so that reading the dataset itself
    would change the order in which the training sees the examples.

    Raises:
        Unreadable: where something else than `shuffle` draws.
    """
    unreadable = Unreadable(
        "Reading the tf.data.Dataset would change what the training sees: pass arrays to the "
        "Recorder, or a Dataset of its own."
    )
    try:
        serialized = tf.raw_ops.DatasetToGraphV2(
            input_dataset=tf.data.experimental.to_variant(dataset), external_state_policy=1
        )
        graph = tf.compat.v1.GraphDef.FromString(serialized.numpy())
    except (tf.errors.OpError, ValueError):
        raise unreadable from None
    variant = tf.variant.as_datatype_enum
    for node in graph.node:
        if node.op in ("ShuffleDataset", "ShuffleDatasetV2", "ShuffleDatasetV3"):
            del node.input[1:]
            node.op = "Identity"
            node.attr.clear()
            node.attr["T"].type = variant
    inside = [node for function in graph.library.function for node in function.node_def]
    # Shuffling inside of functions, and generators or Keras layers that keep where they are.
    draws = ("Shuffle", "RandomDataset", "SeedGenerator", "Rng", "Assign")
    if any(word in node.op for node in [*graph.node, *inside] for word in draws):
        raise unreadable
    plain = tf.raw_ops.DatasetFromGraph(graph_def=graph.SerializeToString())
    return tf.data.experimental.from_variant(plain, dataset.element_spec)


@contextmanager
def _unchanged_seeds() -> Iterator[None]:
    """Restore the global random states of Python and NumPy, from which a user's code may draw."""
    python, numpy = random.getstate(), np.random.get_state()
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
