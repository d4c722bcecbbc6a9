"""Arrays in the structures that Keras takes: dictionaries, lists and tuples of them."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kerasdemo.data.dataset import Array

# Large arrays are read so much at a time.
CHUNK_BYTES = 1 << 26


def fingerprint(*parts: Any) -> str:
    """Return the SHA-256 of arrays: places in the structure, types, shapes and values.

    Args:
        parts: arrays, or dictionaries, lists and tuples of them, or None.
    """
    digest = hashlib.sha256()
    for place, array in leaves(parts):
        if array is None:
            digest.update(f"{place} none\n".encode())
            continue
        digest.update(f"{place} {array.dtype.str} {array.shape}\n".encode())
        if array.dtype == object:  # text
            digest.update(repr(array.tolist()).encode())
            continue
        for chunk in chunks(array):
            digest.update(np.ascontiguousarray(chunk).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def arrays_in(part: Any) -> tuple[Array, ...]:
    """Return the arrays of a nested structure that have examples, in order."""
    return tuple(array for _, array in leaves(part) if array is not None and array.ndim)


def leaves(part: Any, place: str = "") -> Iterator[tuple[str, Array | None]]:
    """Yield the arrays, or None, of a nested structure, with their places in it: "0.left"."""
    if isinstance(part, Mapping):
        inner = [(str(key), part[key]) for key in sorted(part, key=str)]
    elif isinstance(part, list | tuple) and not _is_plain(part):
        inner = [(str(number), value) for number, value in enumerate(part)]
    else:
        yield place, None if part is None else np.asarray(part)
        return
    for key, value in inner:
        yield from leaves(value, f"{place}.{key}" if place else key)


def _is_plain(values: Sequence[Any]) -> bool:
    """Whether a list is one array: of numbers or text."""
    return all(isinstance(value, int | float | str) for value in values)


def is_number(array: Array) -> bool:
    """Whether an array holds numbers, or truth values: no text, and no objects."""
    return array.dtype.kind in "fiub"


def chunks(array: Array) -> Iterator[Array]:
    """Yield an array in pieces that are copied at little cost."""
    if not array.ndim or array.nbytes <= CHUNK_BYTES:
        yield array
        return
    step = max(1, CHUNK_BYTES * len(array) // array.nbytes)
    for start in range(0, len(array), step):
        yield array[start : start + step]
