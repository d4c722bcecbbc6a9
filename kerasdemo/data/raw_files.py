"""Files of examples without targets, for a trained model: images, a table, an .npz."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from kerasdemo.config import Fault, InputError, regular_file, table_reading
from kerasdemo.config.dataset_info import DataError
from kerasdemo.config.errors import near
from kerasdemo.config.image_folder import SUFFIXES, walk
from kerasdemo.config.npz_header import check_size
from kerasdemo.config.table_columns import Column
from kerasdemo.data import images
from kerasdemo.data.dataset import Array
from kerasdemo.data.npz_file import check_examples

Kind = Literal["images", "table", "array"]
# The kind of table by its suffix.
TABLES = {".csv": "csv", ".parquet": "parquet", ".pq": "parquet"}
ARRAYS = (".npz",)
# Arrays of an .npz that are taken without being named.
USUAL = ("x", "x_test")
EXPECTED = f"expected images ({', '.join(SUFFIXES)}), a folder of them, .csv, .parquet or .npz"


@dataclass(frozen=True)
class RawFiles:
    """What there is to predict: images, or one file of another kind."""

    kind: Kind
    paths: tuple[Path, ...]


def find(paths: Sequence[Path]) -> RawFiles:
    """Return what paths are: images and folders of images, or one table, or one .npz.

    Raises:
        InputError: for what is none of them, and for an empty folder.
    """
    found: list[tuple[Kind, Path]] = []
    for path in paths:
        if path.is_dir():
            found += [("images", image) for image in _list_images(path)]
        else:
            found.append((_kind_of(path), path))
    kinds = {kind for kind, _ in found}
    if not found:
        raise InputError(f"got no file; {EXPECTED}")
    if len(found) > 1 and kinds != {"images"}:
        message = f"got {len(found)} files; expected images only, or one table or .npz alone"
        other = next(path for kind, path in found if kind != "images")
        raise InputError(Fault(message, str(other)))
    return RawFiles(found[0][0], tuple(path for _, path in found))


def _list_images(folder: Path) -> list[Path]:
    """Return the images in a folder and its folders, sorted; no links to folders, none hidden."""
    try:
        found = [
            inner / name
            for inner, names in sorted(walk(folder))
            for name in sorted(names)
            if name.lower().endswith(SUFFIXES) and not name.startswith(".")
        ]
    except DataError as error:
        raise InputError(str(error)) from None
    if not found:
        raise InputError(Fault(f"no images in it ({', '.join(SUFFIXES)})", str(folder)))
    return found


def _kind_of(path: Path) -> Kind:
    problem = regular_file.find_problem(path)
    if problem is not None:
        raise InputError(Fault(problem, str(path)))
    suffix = path.suffix.lower()
    if suffix in SUFFIXES:
        return "images"
    if suffix in TABLES:
        return "table"
    if suffix in ARRAYS:
        return "array"
    raise InputError(Fault(f"files of this kind are not read; {EXPECTED}", str(path)))


def read_images(paths: Sequence[Path], shape: tuple[int, ...]) -> Array:
    """Return images (n, *shape) float32, 0 to 255, resized as those of a folder in training.

    Args:
        paths: of the images.
        shape: (height, width) of gray ones, or (height, width, channels) with one channel or three.

    Raises:
        InputError: with each file that can't be read.
    """
    height, width, channels = (*shape, 1)[:3]
    x = np.empty((len(paths), *shape), np.float32)
    faults = []
    for row, path in enumerate(paths):
        try:
            x[row] = images.read_image(path, (height, width, channels)).reshape(shape)
        except ValueError as error:
            faults.append(Fault(str(error), str(path)))
    if faults:
        raise InputError(faults)
    return x


def read_array(path: Path, name: str | None = None) -> Array:
    """Return an array of examples (n, ...) in an .npz; without a name `x`, else `x_test`.

    Raises:
        InputError: where there is no such array of finite numbers. Nothing is unpickled.
    """
    try:
        check_size(path)
        with np.load(path, allow_pickle=False) as archive:
            names = list(getattr(archive, "files", ()))
            chosen = name or next((usual for usual in USUAL if usual in names), None)
            if chosen not in names:
                wanted = f"array {name!r}{near(name, names)}" if name else "array x or x_test"
                advice = "" if name else "; --array names another one"
                found = table_reading.list_some(names) or "no arrays"
                message = f"no {wanted}; it has {found}{advice if names else ''}"
                raise InputError(Fault(message, str(path)))
            x: Array = archive[chosen]
            if not isinstance(x, np.ndarray):
                raise ValueError(f"{chosen} is no array")
    except InputError:
        raise
    except Exception as error:  # zipfile, zlib and numpy each have errors of their own
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        message = f"no .npz with plain arrays: {reason}"
        raise InputError(Fault(message, str(path))) from None
    try:
        check_examples(str(chosen), x)
    except ValueError as error:
        raise InputError(Fault(str(error), str(path))) from None
    return x


def read_columns(
    path: Path, roles: Mapping[str, str], missing: str | None
) -> tuple[dict[str, Array], Array]:
    """Return the values (n,) of a table's columns, and the numbers (n,) of their rows, from 0.

    Args:
        path: of the table; columns that `roles` does not name are left out.
        roles: {column: numeric, categorical or text}.
        missing: what the run's config does with missing values: impute keeps them, NaN in numbers
            and else ""; drop leaves their rows out; any other refuses them.

    Raises:
        InputError: for a missing column, for values that are missing or no numbers.
    """
    try:
        raw = table_reading.read(path, TABLES[path.suffix.lower()], least=1)
        absent = [name for name in roles if name not in raw.names]
        if absent:
            which = "column" if len(absent) == 1 else "columns"
            names = ", ".join(f"{table_reading.short(n)}{near(n, raw.names)}" for n in absent[:10])
            has = table_reading.list_some([table_reading.short(name) for name in raw.names])
            raise DataError(f"{path}: no {which} {names}; the file has {has}")
        columns = {name: Column(raw, name, role, may_be_empty=True) for name, role in roles.items()}
        values = {
            name: column.read_numbers() if column.role == "numeric" else column.texts
            for name, column in columns.items()
        }
        is_missing = {name: column.is_missing for name, column in columns.items()}
    except DataError as error:
        text = str(error)
        raise InputError(Fault(text if str(path) in text else f"{path}: {text}")) from None
    gaps = np.logical_or.reduce(list(is_missing.values()))
    if missing == "drop":
        rows = np.flatnonzero(~gaps)
        return {name: array[rows] for name, array in values.items()}, rows
    if missing != "impute" and gaps.any():
        row = int(np.flatnonzero(gaps)[0])
        name = next(name for name, found in is_missing.items() if found[row])
        more = int(gaps.sum()) - 1
        message = (
            f"{raw.place(row)}: column {table_reading.short(name)} has no value"
            f"{f' (and {more:,} more rows have gaps)' if more else ''}; the run was trained "
            "without data.missing: fill them in"
        )
        raise InputError(Fault(message, str(path)))
    return values, np.arange(len(gaps))
