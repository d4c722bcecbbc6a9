"""What a diagnosis needs to know of the arrays that a model from Python is trained on."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from kerasdemo.data.baselines import (
    MAX_COLUMNS,
    MAX_EXAMPLES,
    MAX_FEATURES,
    Baseline,
    Problem,
    find_linear,
    find_neighbors,
)
from kerasdemo.data.dataset import Array, Part
from kerasdemo.data.row_order import find_order

# Random samples of rows have so many numbers: for mean and standard deviation, and for baselines.
DESCRIBED_NUMBERS = 1 << 21
FITTED_NUMBERS = 1 << 23
SAMPLE_SEED = 0
# Large arrays are read so much at a time.
CHUNK_BYTES = 1 << 26


def fingerprint(*parts: Any) -> str:
    """Return the SHA-256 of arrays: places in the structure, types, shapes and values.

    Args:
        parts: arrays, or dictionaries, lists and tuples of them, or None.
    """
    digest = hashlib.sha256()
    for place, array in _leaves(parts):
        if array is None:
            digest.update(f"{place} none\n".encode())
            continue
        digest.update(f"{place} {array.dtype.str} {array.shape}\n".encode())
        if array.dtype == object:  # text
            digest.update(repr(array.tolist()).encode())
            continue
        for chunk in _chunks(array):
            digest.update(np.ascontiguousarray(chunk).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def facts(
    x: Any,
    y: Any,
    validation: tuple[Any, Any] | None,
    task: str,
    *,
    sample_weight: Any = None,
    tokens: bool = False,
    classes: int | None = None,
) -> dict[str, Any]:
    """Return the facts of the data that are recorded in run.json and that the diagnosis reads.

    Without those that the task does not have, or that would take too long.

    Args:
        x: training examples (n, *shape), or several inputs, nested.
        y: classes (n,), (n, 1) or one-hot (n, classes); 0 or 1 (n,), (n, 1) or (n, labels);
            numbers (n,) or (n, columns); of task "other" anything.
        validation: (x, y), or None.
        task: classification, binary, multi_label, regression or other.
        sample_weight: (n,), or None; it counts for the fingerprint only.
        tokens: whether whole numbers in `x` are entries of a vocabulary.
        classes: number of classes, where the network has more than the labels.
    """
    examples = Examples(x, y, validation, task, tokens, classes)
    train, held_out = examples.train, examples.validation
    linear, neighbors = examples.linear, examples.neighbors
    noise = neighbors and neighbors.label_noise
    found = {
        "source": "arrays",
        "sha256": fingerprint(x, y, validation, sample_weight),
        "train": len(train),
        "validation": len(held_out),
        "shape": list(train.inputs[0].shape[1:]) if len(train.inputs) == 1 else None,
        "input": _describe_inputs(train),
        **_describe_targets(examples),
        "linear_baseline": linear and {"train": linear.train, "validation": linear.validation},
        "neighbor_baseline": neighbors and neighbors.train,
        "neighbor_baseline_validation": neighbors and neighbors.validation,
        "label_noise": noise and {"suspect_share": noise[0], "queries": noise[1]},
        "order": find_order(train.numbers, train.y),
        **_count_copies(train.inputs, held_out.inputs),
        "not_finite": {"x": _count_not_finite(train.numbers), "y": _count_not_finite(_arrays(y))},
    }
    return {name: value for name, value in found.items() if value is not None}


def validation_right(
    x: Any,
    y: Any,
    validation: tuple[Any, Any] | None,
    task: str,
    *,
    tokens: bool = False,
    classes: int | None = None,
) -> dict[str, tuple[Array, Array]]:
    """Return which validation examples simple classifiers get right; arguments as of `facts`.

    Returns:
        {"linear" and "neighbors": rows of the validation set (m,), and whether each is right};
        nothing where the task has no classes.
    """
    examples = Examples(x, y, validation, task, tokens, classes)
    baselines = {"linear": examples.linear, "neighbors": examples.neighbors}
    return {
        name: (examples.sampled[1][: len(found.right)], found.right)
        for name, found in baselines.items()
        if found and examples.sampled and found.right is not None and len(found.right)
    }


@dataclass(frozen=True)
class Side:
    """Training or validation examples.

    Args:
        inputs: arrays (n, *shape).
        y: targets as of `Problem`, but numbers as they are; classes that are none are -1. None
            where the task has no such targets.
        tokens: whether whole numbers among the inputs are entries of a vocabulary.
    """

    inputs: tuple[Array, ...]
    y: Array | None
    tokens: bool

    def __len__(self) -> int:
        return len(self.inputs[0]) if self.inputs else 0

    @cached_property
    def numbers(self) -> tuple[Array, ...]:
        """The inputs that are numbers: no text, and no tokens."""
        whole = "iu" if self.tokens else ""
        return tuple(a for a in self.inputs if _is_number(a) and a.dtype.kind not in whole)

    @property
    def features(self) -> int:
        return sum(int(np.prod(array.shape[1:])) for array in self.numbers)

    @property
    def is_whole(self) -> bool:
        """Whether each example has its target."""
        return self.y is not None and len(self.y) == len(self) > 0

    @property
    def columns(self) -> tuple[int, ...]:
        """The numbers of features and of targets of an example."""
        return self.features, *(() if self.y is None else self.y.shape[1:])

    def rows(self, rows: Array) -> Array:
        """Return a copy of some examples, flat (m, features)."""
        flat = [array[rows].reshape(len(rows), -1) for array in self.numbers]
        return flat[0] if len(flat) == 1 else np.hstack(flat)

    def usable(self) -> tuple[Array, Array, Array]:
        """Return rows (m,) at random, their x (m, features) and y, without what is not finite.

        At random, as neighboring rows can be alike.
        """
        assert self.y is not None
        rows = _sample(len(self), min(MAX_EXAMPLES, FITTED_NUMBERS // self.features))
        x, y = self.rows(rows), self.y[rows]
        usable = (y >= 0 if y.ndim == 1 else np.isfinite(y).all(axis=1)) & (
            np.isfinite(x).all(axis=1)
        )
        return (rows, x, y) if usable.all() else (rows[usable], x[usable], y[usable])


@dataclass(frozen=True)
class Examples:
    """The examples of a training; arguments as of `facts`."""

    x: Any
    y: Any
    validation_data: tuple[Any, Any] | None
    task: str
    tokens: bool
    known_classes: int | None

    @cached_property
    def train(self) -> Side:
        return Side(_arrays(self.x), find_targets(self.y, self.task), self.tokens)

    @cached_property
    def validation(self) -> Side:
        x, y = self.validation_data or (None, None)
        return Side(_arrays(x), find_targets(y, self.task), self.tokens)

    @cached_property
    def classes(self) -> int | None:
        """The number of classes: the network's, else that of the labels."""
        if self.train.y is None or self.task not in ("classification", "binary"):
            return None
        if self.task == "binary":
            return 2
        targets = _arrays(self.y)[0]
        width = targets.shape[1] if targets.ndim == 2 else 0
        labels = [int(side.y.max()) for side in (self.train, self.validation) if side.y is not None]
        return max(2, width, self.known_classes or 0, *(label + 1 for label in labels))

    @cached_property
    def linear(self) -> Baseline | None:
        return find_linear(self.sampled[0]) if self.sampled else None

    @cached_property
    def neighbors(self) -> Baseline | None:
        return find_neighbors(self.sampled[0]) if self.sampled else None

    @cached_property
    def sampled(self) -> tuple[Problem, Array] | None:
        """The examples as simple models see them, and the rows of its validation examples.

        None where there are no such examples, or where they have too many features.
        """
        train, held_out = self.train, self.validation
        if not train.is_whole or (self.classes or 0) > MAX_COLUMNS:
            return None
        if not 0 < train.features <= MAX_FEATURES:
            return None
        _, x, y = train.usable()
        rows, x_validation, y_validation = np.zeros(0, int), x[:0], y[:0]
        if held_out.is_whole and held_out.columns == train.columns:
            rows, x_validation, y_validation = held_out.usable()
        if not len(y):
            return None
        center = x.mean(axis=0, dtype=np.float64)
        is_constant = x.max(axis=0) == x.min(axis=0)
        x, x_validation = _about(center, x), _about(center, x_validation)
        x[:, is_constant] = 0.0  # but for rounding
        spread = x.std(axis=0).max() or 1.0
        if self.task == "regression":
            mean, sd = y.mean(axis=0), np.sqrt(y.var(axis=0).sum())
            if not (np.isfinite(sd) and sd > 0):
                return None
            y, y_validation = (((p - mean) / sd).astype(np.float32) for p in (y, y_validation))
        parts = [
            Part((part / spread).astype(np.float32, copy=False), targets)
            for part, targets in ((x, y), (x_validation, y_validation))
        ]
        excerpts = [(p.x[:: 1 + len(p.x) // 1_000], p.x.sum(), p.y) for p in parts]
        key = fingerprint(self.task, self.classes, excerpts)
        return Problem(parts[0], parts[1], self.task, self.classes or 0, key), rows


def find_targets(y: Any, task: str) -> Array | None:
    """Return targets: classes (n,), labels 0 or 1 (n, labels), or numbers (n, columns).

    Classes that are negative or not finite are -1. None where there are no such targets.
    """
    arrays = _arrays(y)
    if task == "other" or len(arrays) != 1 or not arrays[0].size or not _is_number(arrays[0]):
        return None
    if arrays[0].ndim == 0 or (arrays[0].ndim > 2 and task != "regression"):
        return None
    columns = arrays[0].reshape(len(arrays[0]), -1)
    if task == "regression":
        return columns.astype(np.float64)
    if task == "multi_label":
        return (columns > 0.5).astype(np.int64)
    if columns.shape[1] > 1:
        columns = columns.argmax(axis=1)[:, None]
    elif task == "binary":
        columns = columns > 0.5
    is_class = np.isfinite(columns) & (columns >= 0)
    return np.where(is_class, columns, -1).astype(np.int64)[:, 0]


def _describe_inputs(side: Side) -> dict[str, Any] | None:
    """Return statistics of the inputs that are numbers, or what the inputs are instead."""
    if not side.inputs:
        return None
    if not side.numbers:
        return {"kind": "tokens" if any(map(_is_number, side.inputs)) else "text"}
    rows = _sample(len(side), DESCRIBED_NUMBERS // max(side.features, 1))
    values = side.rows(rows)
    is_finite = np.isfinite(values).all(axis=1)
    values = values if is_finite.all() else values[is_finite]
    if not values.size:
        return None
    least, largest = (np.concatenate([_ends(a, f) for a in side.numbers]) for f in (np.min, np.max))
    means, variances = (f(axis=0, dtype=np.float64) for f in (values.mean, values.var))
    varying = np.sqrt(variances[(least < largest) & (variances > 0)])
    found = {
        "min": float(least.min()),
        "max": float(largest.max()),
        "mean": float(means.mean()),
        "sd": float(np.sqrt(variances.mean() + means.var())),
        "feature_sd": {
            "median": float(np.median(varying)) if varying.size else 0.0,
            "max": float(varying.max()) if varying.size else 0.0,
        },
        "constant_features": int((least == largest).sum()),
    }
    return found if len(rows) == len(side) else found | {"measured": len(rows)}


def _ends(array: Array, end: Callable[..., Array]) -> Array:
    """Return the least, or largest, number of each feature, (features,) float64."""
    flat = [chunk.reshape(len(chunk), -1) for chunk in _chunks(array)]
    return end([end(chunk, axis=0) for chunk in flat], axis=0).astype(np.float64)


def _describe_targets(examples: Examples) -> dict[str, Any]:
    """Return shares of classes or labels, and statistics of numbers."""
    y, held_out, classes = examples.train.y, examples.validation.y, examples.classes
    found: dict[str, Any] = {"classes": classes}
    if y is None:
        return found
    if classes and classes <= MAX_COLUMNS:
        found["class_shares"] = _shares(y, classes)
        found["validation_class_shares"] = None if held_out is None else _shares(held_out, classes)
    if examples.task == "binary":
        found["label_shares"] = [float(y.mean())]
    if examples.task == "multi_label":
        found["label_shares"] = y.mean(axis=0).tolist()
    if examples.task != "classification":
        numbers = _arrays(examples.y)[0].astype(np.float64)
        numbers = numbers[np.isfinite(numbers)]
        if numbers.size:
            found["target"] = {
                "min": float(numbers.min()),
                "max": float(numbers.max()),
                "mean": float(numbers.mean()),
                "sd": float(numbers.std()),
            }
    if examples.task == "regression":
        found["target_columns"] = y.shape[1]
    return found


def _shares(y: Array, classes: int) -> list[float]:
    known = y[y >= 0]
    counts = np.bincount(known, minlength=classes) / max(len(known), 1)
    return [float(share) for share in counts]


def _count_copies(train: Sequence[Array], validation: Sequence[Array]) -> dict[str, float]:
    """Return how many examples are exact copies.

    Returns:
        repeated: share of the training examples that are in the set before.
        leaked: share of the validation examples that are in the training set.
    """
    if not train or not all(map(_is_number, (*train, *validation))):
        return {}
    types = [array.dtype for array in train]
    if [a.shape[1:] for a in train] != [a.shape[1:] for a in validation]:
        validation = ()
    elif types != [array.dtype for array in validation]:
        types = [np.dtype(np.float32)] * len(train)  # as Keras sees them

    def hashes(arrays: Sequence[Array]) -> list[int]:
        pairs = list(zip(arrays, types, strict=True))
        rows = range(len(arrays[0]))
        return [hash(tuple([a[i].astype(t, copy=False).tobytes() for a, t in pairs])) for i in rows]

    known = hashes(train)
    distinct = set(known)
    found = {"repeated": 1 - len(distinct) / max(len(known), 1)}
    if validation and len(validation[0]):
        copies = [row in distinct for row in hashes(validation)]
        found["leaked"] = sum(copies) / len(copies)
    return found


def _count_not_finite(arrays: Sequence[Array]) -> int:
    floats = [a for a in arrays if a.dtype.kind == "f"]
    return sum(int((~np.isfinite(chunk)).sum()) for a in floats for chunk in _chunks(a))


def _about(center: Array, x: Array) -> Array:
    """Return x (m, features) minus its center, float32 where that is as exact."""
    exact = np.float32 if x.dtype == np.float32 or x.dtype.itemsize <= 2 else np.float64
    difference: Array = np.subtract(x, center.astype(exact), dtype=exact)
    return difference


def _sample(count: int, size: int) -> Array:
    """Return at most `size` of the rows 0 to count - 1, in random order, the same every time."""
    rows: Array = np.random.default_rng(SAMPLE_SEED).permutation(count)[:size]
    return rows


def _arrays(part: Any) -> tuple[Array, ...]:
    """Return the arrays of a nested structure that have examples, in order."""
    return tuple(array for _, array in _leaves(part) if array is not None and array.ndim)


def _leaves(part: Any, place: str = "") -> Iterator[tuple[str, Array | None]]:
    """Yield the arrays, or None, of a nested structure, with their places in it: "0.left"."""
    if isinstance(part, Mapping):
        inner = [(str(key), part[key]) for key in sorted(part, key=str)]
    elif isinstance(part, list | tuple) and not _is_plain(part):
        inner = [(str(number), value) for number, value in enumerate(part)]
    else:
        yield place, None if part is None else np.asarray(part)
        return
    for key, value in inner:
        yield from _leaves(value, f"{place}.{key}" if place else key)


def _is_plain(values: Sequence[Any]) -> bool:
    """Whether a list is one array: of numbers or text."""
    return all(isinstance(value, int | float | str) for value in values)


def _is_number(array: Array) -> bool:
    return array.dtype.kind in "fiub"


def _chunks(array: Array) -> Iterator[Array]:
    """Yield an array in pieces that are copied at little cost."""
    if not array.ndim or array.nbytes <= CHUNK_BYTES:
        yield array
        return
    step = max(1, CHUNK_BYTES * len(array) // array.nbytes)
    for start in range(0, len(array), step):
        yield array[start : start + step]
