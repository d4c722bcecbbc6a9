"""Sizes, shapes and classes of the data sets, known without loading them."""

import math
import zipfile
from pathlib import Path
from typing import Any

from kerasdemo.config import image_folder, regular_file
from kerasdemo.config.data_types import Data
from kerasdemo.config.dataset_info import MAX_BYTES, DataError, DatasetInfo

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
    """Return what is known of a data set; of files what they say themselves, or None."""
    try:
        return _read_info(data)
    except DataError:
        return None


def find_problem(data: Data) -> DataError | None:
    """Return why `find_info` returns None, or None where it does not."""
    try:
        _read_info(data)
    except DataError as error:
        return error
    return None


def _read_info(data: Data) -> DatasetInfo:
    if data.is_table:
        from kerasdemo.config import table_file  # here, as few configs name a table

        return table_file.read_info(data)
    if data.name == "image_folder":
        return image_folder.read_info(data)
    return _read_npz_info(data) if data.name == "file" else DATASETS[data.name]


def _read_npz_info(data: Data) -> DatasetInfo:
    """Return what the headers of an .npz file say."""
    path = Path(data.path or "")
    problem = regular_file.find_problem(path)
    if problem is not None:
        raise DataError(f"{problem}: {path}")
    try:
        shapes = _shapes(path)
    except Exception as error:  # zipfile, zlib and numpy each have errors of their own
        reason = " ".join(str(error).split()) or type(error).__name__
        expected = "expected an .npz file with arrays x_train, y_train, x_test, y_test"
        raise DataError(f"{path}: {reason} ({expected})") from None
    (train, *shape), (test, *_) = shapes["x_train"], shapes["x_test"]
    validation = shapes["x_val"][0] if "x_val" in shapes else None
    default = train // 10 if validation is None else validation
    return DatasetInfo(train, test, tuple(shape), None, None, default, validation=validation)


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
