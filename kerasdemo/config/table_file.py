"""The table that a config names: which columns are inputs and targets, and which rows are used."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerasdemo.config import table_reading
from kerasdemo.config.data_types import Data
from kerasdemo.config.dataset_info import DataError, DatasetInfo, Targets
from kerasdemo.config.errors import near, shown
from kerasdemo.config.table_columns import Column
from kerasdemo.config.table_reading import RawTable, short

Array = NDArray[Any]
MIN_ROWS = 10
TEST_SHARE, VALIDATION_SHARE = 0.2, 0.1
ROLES = ("numeric", "categorical", "text")
KEYS = (*ROLES, "target", "missing", "task")


@dataclass(frozen=True)
class Table:
    """The columns of a table that a config uses, without the rows that `missing: drop` leaves out.

    Args:
        rows: a pandas DataFrame: numbers as float64, with NaN where they are missing; categories,
            texts and names of classes as text, with "" where they are missing.
        numeric, categorical: input columns.
        text: the input column that is a text, or None.
        targets: the columns to predict.
        kind: of the targets.
        missing: {input column: values that are missing, which training imputes}.
        dropped: rows that were left out.
    """

    rows: Any
    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    text: str | None
    targets: tuple[str, ...]
    kind: Targets
    missing: Mapping[str, int]
    dropped: int

    @cached_property
    def values(self) -> Array:
        """The targets: the names of classes (n,), or numbers (n, columns)."""
        if self.kind == "classes":
            names: Array = self.rows[self.targets[0]].to_numpy(dtype=object)
            return names
        numbers: Array = self.rows[list(self.targets)].to_numpy(dtype=np.float64)
        return numbers

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """Names of the classes, sorted; whole numbers as text, sorted by size."""
        if self.kind == "classes":
            return tuple(sorted(set(self.values.tolist())))
        return tuple(f"{value:.0f}" for value in np.unique(self.values))

    @cached_property
    def sha256(self) -> str:
        """SHA-256 of names and values of the columns."""
        digest = hashlib.sha256()
        for name in self.rows:
            values = self.rows[name].to_numpy()
            is_number = values.dtype == np.float64
            content = values.tobytes() if is_number else "\0".join(values).encode()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()


def read_info(data: Data) -> DatasetInfo:
    """Return what is known of the table of a config.

    One file has the rows of all parts: by default a fifth is for testing and a tenth for
    validation.

    Raises:
        DataError: with what is wrong, and the key that it is wrong at.
    """
    table = read_table(data)
    count = len(table.rows)
    test = min(data.test or max(1, round(count * TEST_SHARE)), count - 1)
    shape: tuple[int, ...] | None = (len(table.numeric),)
    if table.text is not None:
        shape = (data.length,)
    elif table.categorical:
        shape = None
    kind = table.kind
    if kind == "whole_numbers" and data.task is not None:
        kind = "classes"
    classes = len(table.class_names) if kind in ("classes", "whole_numbers") else None
    return DatasetInfo(
        count - test,
        test,
        shape,
        classes,
        None,
        max(1, round(count * VALIDATION_SHARE)),
        targets=kind,
        columns=len(table.targets),
        distinct=classes if kind == "whole_numbers" else None,
        tokens=None if table.text is None else data.tokens,
    )


def read_table(data: Data) -> Table:
    """Return the columns that a config uses, checked.

    Raises:
        DataError: with what is wrong, and the key that it is wrong at.
    """
    path = Path(data.path or "")
    raw = table_reading.read(path, data.name)
    # What else there is in `data` does not change the table.
    keys = Data.model_construct(**{key: getattr(data, key) for key in KEYS})
    try:
        return _read_table(raw, keys)
    except DataError as error:
        raise DataError(f"{path}: {error}", error.key) from None


@lru_cache(maxsize=4)
def _read_table(raw: RawTable, data: Data) -> Table:
    inputs = _choose_inputs(raw, data)
    columns: dict[str, Array] = {}
    for column in inputs:
        if column.role == "numeric":
            columns[column.name] = column.read_numbers()
        else:
            is_text = column.role == "text"
            columns[column.name] = column.texts if is_text else column.read_categories()
    targets = [Column(raw, name, "target") for name in data.targets]
    kind, values = _read_targets(targets, data.task)
    columns |= dict(zip(data.targets, values, strict=True))
    is_missing = {column.name: column.is_missing for column in (*inputs, *targets)}
    kept = _keep(is_missing, data, raw)
    rows = table_reading.import_pandas().DataFrame(
        {name: values[kept] for name, values in columns.items()}
    )
    if len(rows) < MIN_ROWS:
        without = f" without missing values, of {len(kept):,}" if len(rows) < len(kept) else ""
        found = table_reading.count(len(rows), "row")
        raise DataError(f"has {found}{without}; at least {MIN_ROWS} are needed")
    for target in targets:
        if rows[target.name].nunique() == 1:
            value = shown(target.texts[~target.is_missing][0])
            raise target.fault(f"is always {value}: there is nothing to predict")
    roles = {role: tuple(c.name for c in inputs if c.role == role) for role in ROLES}
    return Table(
        rows,
        roles["numeric"],
        roles["categorical"],
        data.text,
        data.targets,
        kind,
        {column.name: n for column in inputs if (n := int(column.is_missing[kept].sum()))},
        int(len(kept) - kept.sum()),
    )


def _choose_inputs(raw: RawTable, data: Data) -> list[Column]:
    """Return the input columns: those that are listed, and where none are, every other column."""
    _check_names(raw, data)
    if data.text is not None:
        return [Column(raw, data.text, "text")]
    listed = {name: role for role in ROLES for name in getattr(data, role) or ()}
    found = []
    for name in raw.names:
        if name in listed:
            found.append(Column(raw, name, listed[name]))
        elif name not in data.targets and (data.numeric is None or data.categorical is None):
            column = Column(raw, name, "numeric" if data.numeric is None else "categorical", False)
            role = "numeric" if column.has_numbers() else "categorical"
            if getattr(data, role) is None:
                # A column keeps what it has read.
                found.append(column if role == column.role else replace(column, role=role))
    if not found:
        raise DataError("no input columns; list them in numeric, categorical or text", ("data",))
    return found


def _check_names(raw: RawTable, data: Data) -> None:
    """Refuse columns that the file does not have, and those that are listed twice."""
    if data.text is not None and (data.numeric or data.categorical):
        message = "a text and other input columns together are not supported; list one kind"
        raise DataError(message, ("data", "text"))
    roles: dict[str, str] = {}
    texts = () if data.text is None else (data.text,)
    for role in ("target", "numeric", "categorical", "text"):
        names = {"target": data.targets, "text": texts}.get(role) or getattr(data, role) or ()
        for name in names:
            if name not in raw.names:
                known = table_reading.list_some([short(known) for known in raw.names])
                message = f"no column {short(name)}{near(name, raw.names)} (columns: {known})"
                raise DataError(message, ("data", role))
            if name in roles:
                both = f"as {roles[name]} and as {role}" if roles[name] != role else "twice"
                raise DataError(f"column {short(name)} is listed {both}", ("data", role))
            roles[name] = role


def _read_targets(targets: list[Column], task: str | None) -> tuple[Targets, list[Array]]:
    """Return what kind the targets are, and their values (n,) each."""
    first = targets[0]
    is_alone = len(targets) == 1
    may_be_classes = is_alone and task not in ("regression", "multi_label")
    if may_be_classes and (first.holds_truths or not first.has_numbers()):
        return "classes", [first.read_categories()]
    columns = [target.read_numbers() for target in targets]
    values = np.stack(columns, axis=1)
    values = values[~np.isnan(values).any(axis=1)]
    other = values[~np.isin(values, (0, 1))]
    if task == "multi_label" and other.size:
        message = f"multi_label needs targets of 0 and 1; there is {other[0]:g}"
        raise DataError(message, ("data", "task"))
    if task == "multi_label" or (task is None and not is_alone and not other.size):
        return "labels", columns
    if task == "classification" and not is_alone:
        message = "classification has one target; expected multi_label or regression"
        raise DataError(message, ("data", "task"))
    if task == "regression" or not is_alone:
        return "numbers", columns
    fractions = values[values != np.floor(values)]
    if task == "classification" and fractions.size:
        raise first.fault(f"has numbers such as {fractions[0]:g}; expected classes")
    return "numbers" if fractions.size else "whole_numbers", columns


def _keep(is_missing: Mapping[str, Array], data: Data, raw: RawTable) -> Array:
    """Return which rows are kept (n,).

    Raises:
        DataError: where values are missing that `data.missing` does not treat.
    """
    if data.missing == "drop":
        complete: Array = ~np.logical_or.reduce(list(is_missing.values()))
        return complete
    advice = "set data.missing to impute or drop, or fill them in"
    untreated = {name: rows for name, rows in is_missing.items() if rows.any()}
    if data.missing == "impute":
        advice = "targets are not imputed: set data.missing to drop, or remove these rows"
        untreated = {name: rows for name, rows in untreated.items() if name in data.targets}
    if untreated:
        found = [_describe_missing(name, rows, raw) for name, rows in untreated.items()]
        message = f"missing values: {table_reading.list_some(found, '; ')}; {advice}"
        raise DataError(message, ("data", "missing"))
    return np.ones(len(next(iter(is_missing.values()))), dtype=bool)


def _describe_missing(name: str, is_missing: Array, raw: RawTable) -> str:
    rows = np.flatnonzero(is_missing)
    places = [raw.place(int(row)).split()[-1] for row in rows]
    unit = raw.place(0).split()[0] + ("s" if len(rows) > 1 else "")
    return (
        f"{len(rows):,} in column {short(name)} ({unit} {table_reading.list_some(places, most=3)})"
    )
