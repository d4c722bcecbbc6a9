"""The types: a source as it was found, and the dataset that a network sees."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from kerasdemo.config.dataset_info import Targets

Array = NDArray[Any]
PARTS = ("train", "validation", "test")
ARRAYS = ("x_train", "y_train", "x_test", "y_test")
VALIDATION_ARRAYS = ("x_val", "y_val")


def hash_arrays(arrays: Mapping[str, Array]) -> str:
    """Return the SHA-256 of the arrays of a source: names, types, shapes and values."""
    digest = hashlib.sha256()
    for name in (*ARRAYS, *(name for name in VALIDATION_ARRAYS if name in arrays)):
        array = np.ascontiguousarray(arrays[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


@dataclass(frozen=True)
class Source:
    """A data set as it was found.

    Args:
        arrays: x_train (n, *shape), y_train, x_test, y_test and perhaps x_val, y_val; y is as of
            `Part`, however a file spells it.
        name: of the data set that it is: mnist_sample where that stands in for mnist.
        sha256: of the arrays as they were found.
        warning: that the sample stands in, or None.
        class_names: of labels that are text, sorted.
        class_count: the width of labels that are one-hot, or the number of `class_names`.
        targets: what y is: classes, labels or numbers.
        column_names: of labels or of numbers, or None.
        rows: of a table instead of arrays: all its rows, a pandas DataFrame.
    """

    arrays: Mapping[str, Array]
    name: str
    sha256: str
    warning: str | None = None
    class_names: tuple[str, ...] | None = None
    class_count: int | None = None
    targets: Targets = "classes"
    column_names: tuple[str, ...] | None = None
    rows: Any = None

    @property
    def fingerprint(self) -> dict[str, Any]:
        """What of the data is part of a run's id."""
        return {"source": self.name, "sha256": self.sha256}


@dataclass(frozen=True)
class Part:
    """Examples and their targets.

    Args:
        x: (n, *shape) float32; of texts words' numbers (n, length) int32.
        y: classes (n,) int64; labels 0 and 1 (n, labels) int64; numbers (n, columns) float32.
    """

    x: Array
    y: Array


@dataclass(frozen=True)
class Scaling:
    """What `data.normalize` does to examples: x / largest, or (x - mean) / sd, or nothing.

    The sd of a feature that does not vary is infinite, so that the feature becomes 0.
    """

    largest: float | None = None
    mean: Array | None = None
    sd: Array | None = None

    @classmethod
    def fit(cls, normalize: str, x: Array, maximum: float | None = None) -> "Scaling":
        """Return the scaling that the training examples determine.

        Args:
            normalize: none, unit or standardize.
            x: the training examples (n, *shape).
            maximum: the largest value there can be, where it is known (255 for images).
        """
        if normalize == "unit":
            largest = float(x.max()) if maximum is None else maximum
            return cls(largest if largest > 0 else 1.0)
        if normalize == "standardize":
            sd = x.std(axis=0, dtype=np.float64)
            return cls(mean=x.mean(axis=0, dtype=np.float64), sd=np.where(sd > 0, sd, np.inf))
        return cls()

    def __call__(self, x: Array) -> Array:
        """Return the examples (n, *shape) scaled, float32."""
        if self.mean is not None and self.sd is not None:
            return ((x - self.mean) * (1.0 / self.sd)).astype(np.float32)
        scaled = x.astype(np.float32)
        return scaled if self.largest is None else scaled / np.float32(self.largest)

    def undo(self, x: Array) -> Array:
        """Return scaled examples (n, *shape) as they were before."""
        if self.mean is not None and self.sd is not None:
            # A feature that does not vary has an infinite sd and became 0.
            raw: Array = x * np.where(np.isfinite(self.sd), self.sd, 0.0) + self.mean
            return raw
        return x if self.largest is None else x * np.float32(self.largest)


@dataclass(frozen=True)
class Dataset:
    """Training, validation and test examples, normalized and with the noise of the config.

    Args:
        train, validation, test: the parts; validation may be empty.
        outputs: number of classes, labels or target columns.
        source: where the examples come from.
        uneven: which part lacks classes that another part has, in a sentence.
        scaling: how the examples were scaled, before the noise.
        targets: what kind `y` is.
        encoding: of a table how its columns became numbers, a `tables.TableEncoding`.
        target_scaling: how the targets of a regression were scaled.
        facts: what run.json records of a table besides: imputed and dropped values, columns.
    """

    train: Part
    validation: Part
    test: Part
    outputs: int
    source: Source
    uneven: str | None = None
    scaling: Scaling = Scaling()
    targets: Literal["classification", "multi_label", "regression"] = "classification"
    encoding: Any = None
    target_scaling: Scaling = Scaling()
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def classes(self) -> int | None:
        """Number of classes; None of other targets."""
        return self.outputs if self.targets == "classification" else None

    @property
    def names(self) -> tuple[str, ...] | None:
        """Names of the outputs: classes, labels or target columns; None where they have none."""
        return self.source.class_names or self.source.column_names

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return tuple(self.train.x.shape[1:])


def describe(dataset: Dataset) -> dict[str, Any]:
    """Return the facts of the data that are recorded in run.json and that the diagnosis reads."""
    source = dataset.source
    parts: dict[str, Part] = {name: getattr(dataset, name) for name in PARTS}
    shares = {
        name: (np.bincount(part.y, minlength=dataset.outputs) / max(len(part.y), 1)).tolist()
        for name, part in parts.items()
    }
    feature_sds = dataset.train.x.reshape(len(dataset.train.x), -1).std(axis=0)
    varying = feature_sds[feature_sds > 0]
    feature_sd = {
        "median": float(np.median(varying)) if varying.size else 0.0,
        "max": float(varying.max()) if varying.size else 0.0,
    }
    return {
        "source": source.name,
        "sha256": source.sha256,
        "warning": source.warning,
        "uneven": dataset.uneven,
        "class_names": source.class_names and list(source.class_names),
        **{name: len(part.y) for name, part in parts.items()},
        "shape": list(dataset.shape),
        "classes": dataset.classes,
        "class_shares": shares["train"],
        "validation_class_shares": shares["validation"] if len(dataset.validation.y) else None,
        "test_class_shares": shares["test"],
        "input": _statistics(dataset.train.x) | {"feature_sd": feature_sd},
        "test_input": _statistics(dataset.test.x),
    }


def _statistics(x: Array) -> dict[str, float]:
    return {
        "min": float(x.min()),
        "max": float(x.max()),
        "mean": float(x.mean(dtype=np.float64)),
        "sd": float(x.std(dtype=np.float64)),
    }
