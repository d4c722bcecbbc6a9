"""What Keras' `fit` is given, as the nested arrays that a model's own `train_step` takes."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from kerasdemo.backend import keras, tf
from kerasdemo.data import Array
from kerasdemo.training.unsuitable import Unsuitable

tree: Any = keras.tree


@dataclass(frozen=True)
class ResidentData:
    """Examples that fit into memory.

    Args:
        arrays: x, (x, y) or (x, y, sample_weight), each an array (n, ...) or a nest of them.
        count: n.
    """

    arrays: Any
    count: int

    @classmethod
    def of(
        cls,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
    ) -> "ResidentData":
        """Return what Keras makes of the arguments of `fit`.

        Raises:
            Unsuitable: where they are no arrays, or where Keras refuses them.
        """
        if x is None:
            raise Unsuitable("there are no examples")
        x, y, sample_weight = _arrays((x, y, sample_weight))
        if class_weight is not None:
            if sample_weight is not None or y is None or tree.is_nested(y):
                raise Unsuitable("class weights need one output and no sample weights")
            sample_weight = _weights(y, class_weight)
        if sample_weight is not None and tree.is_nested(y) and not tree.is_nested(sample_weight):
            weights = sample_weight
            sample_weight = tree.map_structure(lambda _: weights, y)
        arrays = tree.lists_to_tuples(keras.utils.pack_x_y_sample_weight(x, y, sample_weight))
        counts = {0 if part is None else len(part) for part in tree.flatten(arrays)}
        if len(counts) != 1 or counts == {0}:
            raise Unsuitable("the arrays are not of one length")
        return cls(arrays, counts.pop())

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(part.nbytes for part in tree.flatten(self.arrays))

    def tensors(self) -> Any:
        """Return the same nest of tensors, in the device's memory."""
        return tree.map_structure(tf.constant, self.arrays)


def split(parts: tuple[Any, ...], share: float) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Split (x, y, sample_weight) as `validation_split` does: the last examples validate.

    Raises:
        Unsuitable: where they are no arrays, or too few.
    """
    arrays = _arrays(parts)
    count = next((len(part) for part in tree.flatten(arrays) if part is not None), 0)
    at = math.floor(count * (1.0 - share))
    if not 0 < at < count:
        raise Unsuitable("there are too few examples to split")

    def cut(chosen: slice) -> Any:
        return tree.map_structure(lambda part: part if part is None else part[chosen], arrays)

    return cut(slice(at)), cut(slice(at, None))


def _arrays(nest: Any) -> Any:
    return tree.map_structure(lambda given: given if given is None else _array(given), nest)


def _array(given: Any) -> Array:
    """Return an array as Keras takes it: floats in Keras' default type."""
    if not hasattr(given, "__array__") or isinstance(given, tf.RaggedTensor | tf.SparseTensor):
        raise Unsuitable(f"the data are no arrays but a {type(given).__name__}")
    array = np.asarray(given)
    if array.ndim == 0 or array.dtype.kind not in "fiub":
        raise Unsuitable(f"the data are {array.dtype}")
    floats = keras.config.floatx()
    return array.astype(floats) if array.dtype.kind == "f" and array.dtype != floats else array


def _weights(y: Array, class_weight: Mapping[int, float]) -> Array:
    """Return each example's weight (n,): its class' weight, 1 where there is none."""
    labels = y
    if y.ndim > 1:
        labels = y.argmax(axis=-1) if y.shape[-1] != 1 else y[..., 0]
    kinds, places = np.unique(np.round(labels).astype(np.int32), return_inverse=True)
    weights = np.array([class_weight.get(int(kind), 1.0) for kind in kinds])
    return weights.astype(keras.config.floatx())[places]
