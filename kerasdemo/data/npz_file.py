"""Reads an .npz file with x_train, y_train, x_test, y_test, and checks every value in it."""

import math
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np

from kerasdemo.config import regular_file
from kerasdemo.config.data_types import TEXTS
from kerasdemo.config.dataset_info import Targets
from kerasdemo.config.datasets import DATASETS
from kerasdemo.config.npz_header import check_size, kind_of_targets, read_header
from kerasdemo.data.dataset import ARRAYS, VALIDATION_ARRAYS, Array, Source, hash_arrays

MAX_CLASSES = 10_000
ASK = "data.task: regression"
# Arrays that name the columns of targets, which are labels or numbers.
NAMES = {"labels": "label_names", "numbers": "target_names"}


def read_npz(
    path: Path, name: str, max_bytes: int | None = None, task: str | None = None
) -> tuple[Source, str | None]:
    """Return what a file holds, and in a sentence what of it was not read.

    Args:
        path: of the file.
        name: of the data set that it is said to be.
        max_bytes: to read of the values of each x; the source is then for checks only. None
            reads all.
        task: `data.task`; None finds out from y_train whether it has classes, labels or numbers.

    Raises:
        ValueError: with what is wrong in the file.
    """
    modified = path.stat().st_mtime_ns if path.exists() else 0
    source, excerpt = _read_checked(path.resolve(), modified, max_bytes, task)
    shape = source.arrays["x_train"].shape[1:]
    expected = DATASETS[name].shape if name in DATASETS and name not in TEXTS else None
    if expected is not None and shape != expected:
        raise ValueError(f"{path}: examples of shape {shape}; expected {expected}")
    x = source.arrays["x_train"]
    if name in TEXTS and not (x.ndim == 2 and x.dtype.kind in "iu" and x.min() >= 0):
        message = f"{path}: x_train has shape {x.shape} and dtype {x.dtype}"
        raise ValueError(f"{message}; expected rows of words' numbers, filled up with 0")
    return replace(source, name=name), excerpt


@lru_cache(maxsize=4)
def _read_checked(
    path: Path, modified: int, max_bytes: int | None, task: str | None
) -> tuple[Source, str | None]:
    """Return a checked source; `modified` is a part of the cache's key."""
    raw, counts = _read_arrays(path, max_bytes)
    names = {name: raw.pop(name) for name in NAMES.values() if name in raw}
    kind = kind_of_targets(raw["y_train"], task)
    try:
        targets = _read_targets(raw, counts, kind)
        class_names = column_names = None
        if kind == "classes":
            targets, class_names = _number_classes(targets)
        else:
            column_names = _read_names(names, NAMES[kind], targets["y_train"].shape[1])
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    is_one_hot = kind == "classes" and raw["y_train"].shape[1:] not in ((), (1,))
    source = Source(
        raw | targets,
        "file",
        "" if max_bytes else hash_arrays(raw),
        class_names=class_names,
        class_count=raw["y_train"].shape[1]
        if is_one_hot
        else (len(class_names) if class_names else None),
        targets=kind,
        column_names=column_names,
    )
    short = [
        f"the first {len(raw[name]):,} of {count:,} examples in {name}"
        for name, count in counts.items()
        if name in raw and len(raw[name]) < count
    ]
    return source, f"checked {' and '.join(short)}; `run` checks all" if short else None


def _read_targets(
    raw: Mapping[str, Array], counts: Mapping[str, int], kind: Targets
) -> dict[str, Array]:
    """Return the checked targets of a file, by name; checks the examples as well."""
    targets: dict[str, Array] = {}
    shape = raw["x_train"].shape[1:]
    for name in (name for name in raw if name.startswith("y")):
        x_name = f"x{name[1:]}"
        check_examples(x_name, raw[x_name])
        read = _read_labels if kind == "classes" else _read_columns
        targets[name] = read(name, raw[name], counts[x_name], kind)
        if raw[x_name].shape[1:] != shape:
            message = f"x_train has examples of shape {shape}, {x_name} of {raw[x_name].shape[1:]}"
            raise ValueError(f"{message}; expected the same")
        if targets[name].shape[1:] != targets["y_train"].shape[1:]:
            columns = targets["y_train"].shape[1]
            message = f"y_train has {columns} columns, {name} {targets[name].shape[1]}"
            raise ValueError(f"{message}; expected the same")
    return targets


def _read_columns(name: str, y: Array, examples: int, kind: Targets) -> Array:
    """Return numbers (n, columns) float32, or labels 0 and 1 (n, labels) int64."""
    y = y[:, None] if y.ndim == 1 else y
    expected = "a row of numbers" if kind == "numbers" else "a row of 0 and 1"
    if y.ndim != 2 or len(y) != examples or not y.size:
        raise ValueError(f"{name} has shape {y.shape}; expected {expected} for {examples} examples")
    if y.dtype.kind not in "uifb":
        raise ValueError(f"{name} has dtype {y.dtype}; expected {expected} for each example")
    if kind == "labels":
        is_bad, what = ~np.isin(y, (0, 1)), "expected 0 or 1 for each label"
    else:
        is_bad, what = ~(np.abs(y) <= np.finfo(np.float32).max), "expected numbers of float32"
    if is_bad.any():
        row, column = np.argwhere(is_bad)[0]
        more = int(is_bad.sum()) - 1
        message = f"{name} has {y[row, column]:g} in row {row}, column {column} (from 0)"
        raise ValueError(f"{message}{f', and {more:,} more like it' if more else ''}; {what}")
    is_number = kind == "numbers" and name == "y_train" and len(y) > 1
    if is_number and (constant := (y == y[0]).all(axis=0)).any():
        column = int(constant.argmax())
        message = f"y_train has {y[0, column]:g} in every row of column {column} (from 0)"
        raise ValueError(f"{message}; expected targets that vary")
    return y.astype(np.int64 if kind == "labels" else np.float32)


def _read_names(names: Mapping[str, Array], name: str, columns: int) -> tuple[str, ...] | None:
    """Return the names of the targets' columns, if the file has them."""
    if name not in names:
        return None
    array = names[name]
    if array.dtype.kind not in "US" or array.shape != (columns,):
        message = f"{name} has shape {array.shape} and dtype {array.dtype}"
        raise ValueError(f"{message}; expected {columns} texts, a name for each column of y_train")
    found = tuple(str(text) for text in array.astype(np.str_))
    if len(set(found)) < columns:
        raise ValueError(f"{name} has the same name twice; expected different names")
    return found


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
            wanted = (*ARRAYS, *validation, *(set(NAMES.values()) & set(archive.files)))
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
        if archive.getinfo(f"{name}.npy").file_size <= max_bytes or not name.startswith("x"):
            array: Array = np.lib.format.read_array(member, allow_pickle=False)
            return array, len(array) if array.ndim else 0
        # In Fortran's order these are other values of the same array, and as good for a check.
        (count, *shape), _, dtype = read_header(member)
        if dtype.hasobject:
            raise ValueError("Object arrays cannot be loaded when allow_pickle=False")
        size = max(1, dtype.itemsize * math.prod(shape))
        rows = min(count, max(1, max_bytes // size))
        return np.frombuffer(member.read(rows * size), dtype).reshape(rows, *shape), count


def check_examples(name: str, x: Array) -> None:
    """Refuse what can't be examples.

    Raises:
        ValueError: with what is wrong in the array of that name.
    """
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


def _read_labels(name: str, y: Array, examples: int, _: Targets) -> Array:
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
        raise ValueError(
            f"{name} has the label {int(y.min())}; expected classes from 0 (numbers: {ASK})"
        )
    if y.max() >= MAX_CLASSES:
        raise ValueError(
            f"{name} has the label {int(y.max())}; expected classes numbered from 0 without gaps "
            f"(numbers: {ASK})"
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
