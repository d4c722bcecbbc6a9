"""Sizes, shapes and classes of the data sets, known without loading them."""

import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kerasdemo.config import regular_file
from kerasdemo.config.data_types import Data

Targets = Literal["classes", "numbers", "labels", "whole_numbers"]

# The arrays of a file in memory; training holds them several times.
MAX_BYTES = 2 * 1024**3


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a data set.

    Args:
        train, test: number of examples.
        shape: of one example; None of a table, whose categories are counted when it is split.
        classes: number of classes, or None.
        default_train, default_validation, default_test: examples that a config gets by default;
            None is all.
        validation: number of validation examples; None where they are taken from `train`.
        targets: classes; numbers; labels that are 0 or 1 each; whole_numbers, which may be either
            classes or numbers.
        columns: of targets that are numbers or labels.
    """

    train: int
    test: int
    shape: tuple[int, ...] | None
    classes: int | None
    default_train: int | None
    default_validation: int
    default_test: int | None = None
    validation: int | None = None
    targets: Targets = "classes"
    columns: int = 1

    @property
    def outputs(self) -> int | None:
        """Units that an output needs: classes, labels or target columns; None if not known."""
        return self.classes if self.targets in ("classes", "whole_numbers") else self.columns


_MNIST = DatasetInfo(60_000, 10_000, (28, 28), 10, 10_000, 10_000)
# Computed, as many as requested.
_MANY = 100_000

DATASETS: dict[str, DatasetInfo] = {
    "mnist": _MNIST,
    "fashion_mnist": _MNIST,
    "mnist_sample": DatasetInfo(4_000, 1_000, (28, 28), 10, None, 500),
    "fizzbuzz": DatasetInfo(900, 100, (10,), 4, None, 0),
    "circles": DatasetInfo(_MANY, _MANY, (2,), 2, 700, 300, 300),
    "cifar10": DatasetInfo(50_000, 10_000, (32, 32, 3), 10, 10_000, 10_000),
    "cifar100": DatasetInfo(50_000, 10_000, (32, 32, 3), 100, 10_000, 10_000),
    "blobs": DatasetInfo(_MANY, _MANY, (2,), 3, 700, 300, 300),
    "friedman": DatasetInfo(_MANY, _MANY, (10,), None, 700, 300, 300, targets="numbers"),
}


def find_info(data: Data) -> DatasetInfo | None:
    """Return what is known of a data set; of a file what its headers say, or None."""
    if data.name != "file":
        return DATASETS[data.name]
    try:
        shapes = _shapes(Path(data.path or ""))
    except Exception:  # zipfile, zlib and numpy each have errors of their own
        return None
    (train, *shape), (test, *_) = shapes["x_train"], shapes["x_test"]
    validation = shapes["x_val"][0] if "x_val" in shapes else None
    default = train // 10 if validation is None else validation
    return DatasetInfo(train, test, tuple(shape), None, None, default, validation=validation)


def find_problem(path: str) -> str:
    """Return why `find_info` returns None for a file."""
    try:
        _shapes(Path(path))
    except Exception as error:  # as above
        return " ".join(str(error).split()) or type(error).__name__
    return "it can't be read"


def check_size(path: Path) -> None:
    """Refuse what is no plain file, and a zip whose members are larger than memory.

    Reading a member ends at the size that the zip declares for it.

    Raises:
        OSError, ValueError: with the reason.
    """
    regular_file.check(path)
    with zipfile.ZipFile(path) as archive:
        size = sum(info.file_size for info in archive.infolist())
    if size > MAX_BYTES:
        raise ValueError(f"holds {size:,} bytes of arrays; at most {MAX_BYTES:,} are read")


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of x_train, x_test and, if any, x_val, without reading their values."""
    import numpy as np  # here, because most configs name no file and load faster without it

    read: Any = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    check_size(path)
    shapes = {}
    with zipfile.ZipFile(path) as archive:
        validation = ("x_val",) if "x_val.npy" in archive.namelist() else ()
        for name in ("x_train", "x_test", *validation):
            info = archive.getinfo(f"{name}.npy")
            with archive.open(info) as member:
                shape, _, dtype = read[np.lib.format.read_magic(member)](member)
            if math.prod(shape) * dtype.itemsize > info.file_size:
                raise ValueError(f"{name} is cut off: its header says {shape} of {dtype}")
            if len(shape) < 2:
                raise ValueError(f"{name} has shape {shape}; expected (examples, features...)")
            shapes[name] = shape
    return shapes
