"""What is known of each data set without loading it."""

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerasdemo.config import regular_file

# What the arrays of a file may take in memory; training holds them several times over.
MOST_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class Facts:
    """Examples at hand, the shape of one, the number of classes, and the usual split.

    `usual_train` and `usual_test` are None where the usual is all there is; `validation` is None
    where validation examples are taken from the training examples.
    """

    train: int
    test: int
    shape: tuple[int, ...]
    classes: int | None
    usual_train: int | None
    usual_validation: int
    usual_test: int | None = None
    validation: int | None = None


_MNIST = Facts(60_000, 10_000, (28, 28), 10, 10_000, 10_000)
# Made in place, as many as asked for.
_PLENTY = 100_000

DATASETS: dict[str, Facts] = {
    "mnist": _MNIST,
    "fashion_mnist": _MNIST,
    "mnist_sample": Facts(4_000, 1_000, (28, 28), 10, None, 500),
    "fizzbuzz": Facts(900, 100, (10,), 4, None, 0),
    "circles": Facts(_PLENTY, _PLENTY, (2,), 2, 700, 300, 300),
    "blobs": Facts(_PLENTY, _PLENTY, (2,), 3, 700, 300, 300),
}


def facts(name: str, path: str | None) -> Facts | None:
    """Return what is known of a data set; for a file what the arrays' headers say, or None."""
    if name != "file":
        return DATASETS[name]
    try:
        shapes = _shapes(Path(path or ""))
    except Exception:  # zipfile, zlib and numpy each have errors of their own
        return None
    (train, *shape), (test, *_) = shapes["x_train"], shapes["x_test"]
    own = shapes["x_val"][0] if "x_val" in shapes else None
    usual = train // 10 if own is None else own
    return Facts(train, test, tuple(shape), None, None, usual, validation=own)


def problem(path: str) -> str:
    """Return why `facts` can't tell anything of a file."""
    try:
        _shapes(Path(path))
    except Exception as error:  # as above
        return " ".join(str(error).split()) or type(error).__name__
    return "it can't be read"


def check_size(path: Path) -> None:
    """Refuse what is no plain file, and a zip that says it holds more than fits into memory.

    No more is read of an array than its size here says.

    Raises:
        OSError, ValueError: with the reason.
    """
    regular_file.check(path)
    with zipfile.ZipFile(path) as archive:
        size = sum(info.file_size for info in archive.infolist())
    if size > MOST_BYTES:
        raise ValueError(f"holds {size:,} bytes of arrays; at most {MOST_BYTES:,} are read")


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of x_train, x_test and, if any, x_val, without reading their values."""
    import numpy as np  # here, because most configs name no file and answer faster without it

    read: Any = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    check_size(path)
    shapes = {}
    with zipfile.ZipFile(path) as archive:
        own = ("x_val",) if "x_val.npy" in archive.namelist() else ()
        for name in ("x_train", "x_test", *own):
            info = archive.getinfo(f"{name}.npy")
            with archive.open(info) as member:
                shape, _, dtype = read[np.lib.format.read_magic(member)](member)
            if math.prod(shape) * dtype.itemsize > info.file_size:
                raise ValueError(f"{name} is cut off: its header says {shape} of {dtype}")
            if len(shape) < 2:
                raise ValueError(f"{name} has shape {shape}; expected (examples, features...)")
            shapes[name] = shape
    return shapes
