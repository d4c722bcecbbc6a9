"""What an .npz file says of itself: the shapes of its arrays and the kind of its targets."""

import math
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from kerasdemo.config import regular_file
from kerasdemo.config.data_types import Data
from kerasdemo.config.dataset_info import MAX_BYTES, DataError, DatasetInfo, Targets

EXPECTED = "expected an .npz file with arrays x_train, y_train, x_test, y_test"
# Of y_train so many bytes are read: the targets of millions of examples.
TARGET_BYTES = 1 << 26
OF_TASK: dict[str | None, Targets] = {
    "classification": "classes",
    "multi_label": "labels",
    "regression": "numbers",
}


def read_info(data: Data) -> DatasetInfo:
    """Return what the headers and targets of a config's .npz file say.

    Raises:
        DataError: where it is no such file.
    """
    path = Path(data.path or "")
    problem = regular_file.find_problem(path)
    if problem is not None:
        raise DataError(f"{problem}: {path}")
    state = path.stat()
    try:
        return _read_info(path, data.task, (state.st_mtime_ns, state.st_size))
    except Exception as error:  # zipfile, zlib and numpy each have errors of their own
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(f"{path}: {reason} ({EXPECTED})") from None


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


def kind_of_targets(y: Any, task: str | None) -> Targets:
    """Return what targets (n,) or (n, columns) are.

    Numbers with fractions are numbers; rows of 0 and 1 with several 1 in a row are labels; all else
    are classes, whose reader reports what is wrong with them.

    Args:
        y: the array.
        task: `data.task`, which decides where it is given.
    """
    import numpy as np  # here, because most configs name no file and load faster without it

    if task is not None:
        return OF_TASK[task]
    if y.dtype.kind not in "uifb" or y.ndim not in (1, 2) or not y.size:
        return "classes"
    if y.dtype.kind == "f" and not np.isin(finite := y[np.isfinite(y)], np.floor(finite)).all():
        return "numbers"
    has_labels = y.ndim == 2 and y.shape[1] > 1 and np.isin(y, (0, 1)).all()
    return "labels" if has_labels and (y.sum(axis=1) > 1).any() else "classes"


@lru_cache(maxsize=16)
def _read_info(path: Path, task: str | None, state: tuple[int, int]) -> DatasetInfo:
    """Return what a file says; `state` is a part of the cache's key."""
    shapes = _read_shapes(path)
    (train, *shape), (test, *_) = shapes["x_train"], shapes["x_test"]
    validation = shapes["x_val"][0] if "x_val" in shapes else None
    default = train // 10 if validation is None else validation
    y = _read_targets(path)
    return DatasetInfo(
        train,
        test,
        tuple(shape),
        None,
        None,
        default,
        validation=validation,
        targets="classes" if y is None else kind_of_targets(y, task),
        columns=y.shape[1] if y is not None and y.ndim == 2 else 1,
    )


def read_header(member: Any) -> tuple[tuple[int, ...], bool, Any]:
    """Return (shape, whether it is in Fortran's order, dtype) of an opened .npy.

    Raises:
        ValueError, KeyError: where it is none.
    """
    import numpy as np

    read: Any = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    header: tuple[tuple[int, ...], bool, Any] = read[np.lib.format.read_magic(member)](member)
    return header


def _read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Return the shapes of x_train, x_test and, if any, x_val, without reading their values."""
    check_size(path)
    shapes = {}
    with zipfile.ZipFile(path) as archive:
        validation = ("x_val",) if "x_val.npy" in archive.namelist() else ()
        for name in ("x_train", "x_test", *validation):
            info = archive.getinfo(f"{name}.npy")
            with archive.open(info) as member:
                shape, _, dtype = read_header(member)
            if math.prod(shape) * dtype.itemsize > info.file_size:
                raise ValueError(f"{name} is cut off: its header says {shape} of {dtype}")
            if len(shape) < 2:
                raise ValueError(f"{name} has shape {shape}; expected (examples, features...)")
            shapes[name] = shape
    return shapes


def _read_targets(path: Path) -> Any:
    """Return the first y_train (n,) or (n, columns); None where loading has to report on it."""
    import numpy as np

    with zipfile.ZipFile(path) as archive:
        if "y_train.npy" not in archive.namelist():
            return None
        with archive.open("y_train.npy") as member:
            shape, _, dtype = read_header(member)
            if len(shape) not in (1, 2) or not math.prod(shape) or dtype.kind not in "uifb":
                return None
            size = dtype.itemsize * math.prod(shape[1:])
            rows = min(shape[0], max(1, TARGET_BYTES // size))
            # In Fortran's order these are other values of the same array, and as good for most.
            content = member.read(rows * size)
    if len(content) < rows * size:
        return None
    return np.frombuffer(content, dtype).reshape(rows, *shape[1:])
