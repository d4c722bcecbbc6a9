"""What a diagnosis needs to know of the arrays that a model from Python is trained on."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from kerasdemo.data.baselines import MAX_COLUMNS
from kerasdemo.data.dataset import Array
from kerasdemo.data.examples import Examples, Side, sample
from kerasdemo.data.nested import arrays_in, chunks, fingerprint, is_number
from kerasdemo.data.row_order import find_order
from kerasdemo.data.target_copies import find_target_copies

__all__ = ["describe_part", "facts", "fingerprint", "validation_right"]

# Mean and standard deviation are measured on a random sample of rows with so many numbers.
DESCRIBED_NUMBERS = 1 << 21

# Data can be as bad as the run it makes.
_bad_numbers = np.errstate(over="ignore", invalid="ignore")


@_bad_numbers
def facts(
    x: Any,
    y: Any,
    validation: tuple[Any, Any] | None,
    task: str,
    *,
    sample_weight: Any = None,
    tokens: bool = False,
    classes: int | None = None,
    sha256: str | None = None,
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
        sha256: the fingerprint of x, y, validation and sample_weight, where it is known.
    """
    examples = Examples(x, y, validation, task, tokens, classes)
    train, held_out = examples.train, examples.validation
    linear, neighbors = examples.linear, examples.neighbors
    noise = neighbors and neighbors.label_noise
    found = {
        "source": "arrays",
        "sha256": sha256 or fingerprint(x, y, validation, sample_weight),
        "train": len(train),
        "validation": len(held_out),
        "shape": _shape(train),
        "input": _describe_inputs(train),
        **_describe_targets(examples),
        "linear_baseline": linear and {"train": linear.train, "validation": linear.validation},
        "neighbor_baseline": neighbors and neighbors.train,
        "neighbor_baseline_validation": neighbors and neighbors.validation,
        "label_noise": noise and {"suspect_share": noise[0], "queries": noise[1]},
        "order": find_order(train.numbers, train.y),
        "target_copies": find_target_copies(train, examples.classes),
        **_count_copies(train.inputs, held_out.inputs),
        "not_finite": {"x": _count_not_finite(train.numbers), "y": _count_not_finite(arrays_in(y))},
    }
    return {name: value for name, value in found.items() if value is not None}


@_bad_numbers
def describe_part(
    x: Any, y: Any, task: str, *, tokens: bool = False, classes: int | None = None
) -> dict[str, Any]:
    """Return `input` and, of classes, `class_shares` of one part; arguments as of `facts`."""
    examples = Examples(x, y, None, task, tokens, classes)
    targets, count = examples.train.y, examples.classes
    found: dict[str, Any] = {"input": _describe_inputs(examples.train)}
    if targets is not None and count and count <= MAX_COLUMNS:
        found["class_shares"] = _shares(targets, count)
    return {name: value for name, value in found.items() if value is not None}


@_bad_numbers
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


def _describe_inputs(side: Side) -> dict[str, Any] | None:
    """Return statistics of the inputs that are numbers, or what the inputs are instead."""
    if not side.inputs:
        return None
    if not side.numbers:
        return {"kind": "tokens" if any(map(is_number, side.inputs)) else "text"}
    rows = sample(len(side), DESCRIBED_NUMBERS // max(side.features, 1))
    values = side.rows(rows)
    is_finite = np.isfinite(values).all(axis=1)
    values = values if is_finite.all() else values[is_finite]
    if not values.size:
        return None
    ends = [np.concatenate([_ends(a, f) for a in side.numbers]) for f in (np.min, np.max)]
    if not np.isfinite(ends).all():
        ends = [values.min(axis=0), values.max(axis=0)]
    least, largest = ends
    means, variances = (f(axis=0, dtype=np.float64) for f in (values.mean, values.var))
    varying = np.sqrt(variances[(least < largest) & (variances > 0)])
    found = {
        "min": _number(least.min()),
        "max": _number(largest.max()),
        "mean": _number(means.mean()),
        "sd": _number(np.sqrt(variances.mean() + means.var())),
        "feature_sd": {
            "median": _number(np.median(varying)) if varying.size else 0.0,
            "max": _number(varying.max()) if varying.size else 0.0,
        },
        "constant_features": int((least == largest).sum()),
    }
    return found if len(rows) == len(side) else found | {"measured": len(rows)}


def _ends(array: Array, end: Callable[..., Array]) -> Array:
    """Return the least, or largest, number of each feature, (features,) float64."""
    flat = [chunk.reshape(len(chunk), -1) for chunk in chunks(array)]
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
        numbers = arrays_in(examples.y)[0].astype(np.float64)
        numbers = numbers[np.isfinite(numbers)]
        if numbers.size:
            found["target"] = {
                "min": _number(numbers.min()),
                "max": _number(numbers.max()),
                "mean": _number(numbers.mean()),
                "sd": _number(numbers.std()),
            }
    if examples.task == "regression":
        found["target_columns"] = y.shape[1]
    return found


def _shape(side: Side) -> list[int] | None:
    """Return the shape of an example of a single input."""
    shapes = [array.shape[1:] for array in side.inputs]
    return list(shapes[0]) if len(shapes) == 1 and 0 not in shapes[0] else None


def _number(value: Any) -> float | None:
    return float(value) if np.isfinite(value) else None


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
    if not (train and len(train[0])) or not all(map(is_number, (*train, *validation))):
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
    found = {"repeated": 1 - len(distinct) / len(known)}
    if validation and len(validation[0]):
        copies = [row in distinct for row in hashes(validation)]
        found["leaked"] = sum(copies) / len(copies)
    return found


def _count_not_finite(arrays: Sequence[Array]) -> int:
    floats = [a for a in arrays if a.dtype.kind == "f"]
    return sum(int((~np.isfinite(chunk)).sum()) for a in floats for chunk in chunks(a))
