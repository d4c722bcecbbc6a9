"""The examples that a model from Python is trained on, in one form for every task."""

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
from kerasdemo.data.nested import arrays_in, fingerprint, is_number

# Simple models are fitted to a random sample of rows with so many numbers.
FITTED_NUMBERS = 1 << 23
SAMPLE_SEED = 0


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
        return tuple(a for a in self.inputs if is_number(a) and a.dtype.kind not in whole)

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

    @cached_property
    def thinned(self) -> "Side":
        """The inputs that are numbers, of large ones a part that simple models can be fitted to."""
        return Side(tuple(map(_thin, self.numbers)), self.y, tokens=False)

    def rows(self, rows: Array) -> Array:
        """Return a copy of some examples, flat (m, features)."""
        flat = [
            array[rows].reshape(len(rows), int(np.prod(array.shape[1:]))) for array in self.numbers
        ]
        return flat[0] if len(flat) == 1 else np.hstack(flat)

    def usable(self) -> tuple[Array, Array, Array]:
        """Return rows (m,) at random, their x (m, features) and y, without what is not finite.

        At random, as neighboring rows can be alike.
        """
        assert self.y is not None
        rows = sample(len(self), min(MAX_EXAMPLES, FITTED_NUMBERS // self.features))
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
        return Side(arrays_in(self.x), find_targets(self.y, self.task), self.tokens)

    @cached_property
    def validation(self) -> Side:
        x, y = self.validation_data or (None, None)
        return Side(arrays_in(x), find_targets(y, self.task), self.tokens)

    @cached_property
    def classes(self) -> int | None:
        """The number of classes: the network's, else that of the labels."""
        if self.train.y is None or self.task not in ("classification", "binary"):
            return None
        if self.task == "binary":
            return 2
        targets = arrays_in(self.y)[0]
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
        train, held_out = self.train.thinned, self.validation.thinned
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
        spread = x.std(axis=0, dtype=np.float64).max() or 1.0
        if not np.isfinite(spread):
            return None
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


def _thin(x: Array) -> Array:
    """Return every second, third, ... row and column of large images, as a view (n, *less).

    Of sequences (n, steps, features) every so many steps, of tables every so many columns: enough
    for a simple model, which then does no better than it could.
    """
    axes = range(1, max(2, x.ndim - 1))
    step, thin = 1, x
    while int(np.prod(thin.shape[1:])) > MAX_FEATURES and step < max(x.shape[1:]):
        step += 1
        thin = x[tuple(slice(None, None, step if axis in axes else 1) for axis in range(x.ndim))]
    return thin


def find_targets(y: Any, task: str) -> Array | None:
    """Return targets: classes (n,), labels 0 or 1 (n, labels), or numbers (n, columns).

    Classes that are negative or not finite are -1. None where there are no such targets.
    """
    arrays = arrays_in(y)
    if task == "other" or len(arrays) != 1 or not arrays[0].size or not is_number(arrays[0]):
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


def _about(center: Array, x: Array) -> Array:
    """Return x (m, features) minus its center, float32 where that is as exact."""
    exact = np.float32 if x.dtype == np.float32 or x.dtype.itemsize <= 2 else np.float64
    difference: Array = np.subtract(x, center.astype(exact), dtype=exact)
    return difference


def sample(count: int, size: int) -> Array:
    """Return at most `size` of the rows 0 to count - 1, in random order, the same every time."""
    rows: Array = np.random.default_rng(SAMPLE_SEED).permutation(count)[:size]
    return rows
