"""Reads an .npz file with x_train, y_train, x_test, y_test, and checks every value in it."""

import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from kerasdemo.config import regular_file
from kerasdemo.config.datasets import check_size
from kerasdemo.data.dataset import ARRAYS, VALIDATION_ARRAYS, Array, Source, hash_arrays

MAX_CLASSES = 10_000


def read_npz(path: Path, name: str, max_bytes: int | None = None) -> tuple[Source, str | None]:
    """Return what a file holds, and in a sentence what of it was not read.

    Args:
        path: of the file.
        name: of the data set that it is said to be.
        max_bytes: to read of the values of each x; the source is then for checks only. None
            reads all.

    Raises:
        ValueError: with what is wrong in the file.
    """
    modified = path.stat().st_mtime_ns if path.exists() else 0
    source, excerpt = _read_checked(path.resolve(), modified, max_bytes)
    shape = source.arrays["x_train"].shape[1:]
    if name in ("mnist", "fashion_mnist") and shape != (28, 28):
        raise ValueError(f"{path}: examples of shape {shape}; expected (28, 28)")
    return replace(source, name=name), excerpt


@lru_cache(maxsize=4)
def _read_checked(path: Path, modified: int, max_bytes: int | None) -> tuple[Source, str | None]:
    """Return a checked source; `modified` is a part of the cache's key."""
    raw, counts = _read_arrays(path, max_bytes)
    shape = raw["x_train"].shape[1:]
    labels: dict[str, Array] = {}
    for name in (name for name in raw if name.startswith("y")):
        x_name = f"x{name[1:]}"
        try:
            _check_examples(x_name, raw[x_name])
            labels[name] = _read_labels(name, raw[name], counts[x_name])
        except ValueError as error:
            raise ValueError(f"{path}: {error}") from None
        if raw[x_name].shape[1:] != shape:
            message = f"x_train has examples of shape {shape}, {x_name} of {raw[x_name].shape[1:]}"
            raise ValueError(f"{path}: {message}; expected the same")
    try:
        labels, names = _number_classes(labels)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    is_one_hot = raw["y_train"].shape[1:] not in ((), (1,))
    source = Source(
        raw | labels,
        "file",
        "" if max_bytes else hash_arrays(raw),
        class_names=names,
        class_count=raw["y_train"].shape[1] if is_one_hot else (len(names) if names else None),
    )
    short = [
        f"the first {len(raw[name]):,} of {count:,} examples in {name}"
        for name, count in counts.items()
        if len(raw[name]) < count
    ]
    return source, f"checked {' and '.join(short)}; `run` checks all" if short else None


def _read_arrays(path: Path, max_bytes: int | None) -> tuple[dict[str, Array], dict[str, int]]:
    """Return the arrays of a file, and how many examples each has there."""
    problem = regular_file.find_problem(path)
    if problem is not None:
        raise ValueError(f"{problem}: {path}")
    try:
        check_size(path)
        with np.load(path, allow_pickle=False) as archive:
            if not hasattr(archive, "files"):
                raise ValueError("a single array")
            validation = VALIDATION_ARRAYS if set(VALIDATION_ARRAYS) & set(archive.files) else ()
            wanted = (*ARRAYS, *validation)
            missing = [name for name in wanted if name not in archive.files]
            if missing:
                raise ValueError(f"no array {', '.join(missing)}; it has {sorted(archive.files)}")
            if max_bytes is None:
                arrays = {name: archive[name] for name in wanted}
                return arrays, {name: len(array) for name, array in arrays.items() if array.ndim}
        with zipfile.ZipFile(path) as members:
            read = {name: _read_beginning(members, name, max_bytes) for name in wanted}
        arrays = {name: array for name, (array, _) in read.items()}
        return arrays, {name: count for name, (_, count) in read.items()}
    except Exception as error:  # zipfile, zlib and numpy each have errors of their own
        reason = (str(error).splitlines() or [type(error).__name__])[0][:80]
        expected = f"expected an .npz with plain arrays {', '.join(ARRAYS)}"
        raise ValueError(f"{path} is no data set: {reason} ({expected})") from None


def _read_beginning(archive: zipfile.ZipFile, name: str, max_bytes: int) -> tuple[Array, int]:
    """Return the first examples of an array, and how many there are; of labels all."""
    with archive.open(f"{name}.npy") as member:
        if archive.getinfo(f"{name}.npy").file_size <= max_bytes or name.startswith("y"):
            array: Array = np.lib.format.read_array(member, allow_pickle=False)
            return array, len(array) if array.ndim else 0
        version = np.lib.format.read_magic(member)
        read_header: Any = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        # In Fortran's order these are other values of the same array, and as good for a check.
        (count, *shape), _, dtype = read_header(member)
        if dtype.hasobject:
            raise ValueError("Object arrays cannot be loaded when allow_pickle=False")
        size = max(1, dtype.itemsize * math.prod(shape))
        rows = min(count, max(1, max_bytes // size))
        return np.frombuffer(member.read(rows * size), dtype).reshape(rows, *shape), count


def _check_examples(name: str, x: Array) -> None:
    if x.dtype.kind not in "uifb":
        raise ValueError(f"{name} has dtype {x.dtype}; expected numbers")
    if x.ndim < 2 or not x.size:
        raise ValueError(
            f"{name} has shape {x.shape}; expected (examples, features...), at least one of each"
        )
    if x.dtype.kind == "f":
        bad = int((~np.isfinite(x)).sum())
        if bad:
            raise ValueError(f"{name} has {bad:,} values that are NaN or infinite")
        if np.abs(x).max() > np.finfo(np.float32).max:
            raise ValueError(f"{name} has values too large for float32")


def _read_labels(name: str, y: Array, examples: int) -> Array:
    """Return labels (n,) as whole numbers or text, whether they are a column, floats, one-hot."""
    y = y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
    if y.ndim not in (1, 2) or len(y) != examples:
        raise ValueError(f"{name} has shape {y.shape}; expected ({examples},), a class for each")
    if y.dtype.kind in "US" and y.ndim == 1:
        return y.astype(np.str_)
    if y.dtype.kind not in "uifb":
        raise ValueError(f"{name} has dtype {y.dtype}; expected whole numbers, text or one-hot")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        raise ValueError(f"{name} has {int((~np.isfinite(y)).sum()):,} labels that are NaN or inf")
    if y.ndim == 2:
        if not (np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all()):
            raise ValueError(
                f"{name} has shape {y.shape} and is not one-hot; expected ({examples},), a class "
                "for each example, or one 1 in each row and else 0"
            )
        y = y.argmax(axis=1)
    fractions = y[y != np.floor(y)] if y.dtype.kind == "f" else y[:0]
    if fractions.size:
        raise ValueError(f"{name} has the label {fractions[0]:g}; expected whole numbers (classes)")
    if y.min() < 0:
        raise ValueError(f"{name} has the label {int(y.min())}; expected classes from 0")
    if y.max() >= MAX_CLASSES:
        raise ValueError(
            f"{name} has the label {int(y.max())}; expected classes numbered from 0 without gaps"
        )
    return y.astype(np.int64)


def _number_classes(labels: Mapping[str, Array]) -> tuple[dict[str, Array], tuple[str, ...] | None]:
    """Return labels with text as numbers, and the names of these classes, sorted."""
    texts = [name for name, y in labels.items() if y.dtype.kind == "U"]
    if not texts:
        return dict(labels), None
    others = [name for name in labels if name not in texts]
    if others:
        message = f"{texts[0]} has labels that are text, {others[0]} numbers"
        raise ValueError(f"{message}; expected the same of all")
    names = np.unique(labels["y_train"])
    if len(names) > MAX_CLASSES:
        raise ValueError(f"y_train has {len(names):,} different labels; expected classes")
    for name, y in labels.items():
        unknown = y[~np.isin(y, names)]
        if unknown.size:
            known = list_some(names.tolist())
            raise ValueError(f"{name} has the label {unknown[0]!s}; y_train has {known}")
    numbered = {name: np.searchsorted(names, y) for name, y in labels.items()}
    return numbered, tuple(names.tolist())


def list_some(words: Sequence[str], most: int = 10) -> str:
    """Return the first words of a list, in a line."""
    return ", ".join(words[:most]) + (", ..." if len(words) > most else "")
