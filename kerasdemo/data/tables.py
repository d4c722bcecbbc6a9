"""Tables, csv and parquet: rows split into parts, columns as the numbers that a network sees."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from kerasdemo.config import InputError, RunConfig
from kerasdemo.config.consistency import output_faults, vocabulary_faults
from kerasdemo.config.dataset_info import MAX_BYTES, DataError, Targets
from kerasdemo.config.document import Key
from kerasdemo.config.table_file import Table, read_table
from kerasdemo.data.class_weight import check_classes
from kerasdemo.data.dataset import PARTS, Array, Dataset, Part, Source
from kerasdemo.data.examples import Side
from kerasdemo.data.gaps import describe_gaps
from kerasdemo.data.noise import add_noise
from kerasdemo.data.npz_file import list_some
from kerasdemo.data.split import mixed_order
from kerasdemo.data.table_encoding import TableEncoding, fit_numbers
from kerasdemo.data.target_copies import find_target_copies
from kerasdemo.data.texts import PADDING, UNKNOWN, TextEncoding

__all__ = ["TableEncoding", "check", "find", "load"]


@dataclass(frozen=True)
class _Targets:
    """Targets as of `Part` (n,) or (n, columns), and what they are."""

    kind: Targets
    y: Array
    names: tuple[str, ...] | None
    outputs: int

    @property
    def task(self) -> Literal["classification", "multi_label", "regression"]:
        tasks: Mapping[str, Any] = {"numbers": "regression", "labels": "multi_label"}
        return tasks.get(self.kind, "classification")  # type: ignore[no-any-return]


def find(config: RunConfig) -> Source:
    """Return the rows of the table that a config names.

    Raises:
        InputError: where something is wrong in the file, or does not fit the config.
    """
    table = _read(config)
    targets = _read_targets(config, table)
    is_of_classes = targets.kind == "classes"
    return Source(
        {},
        config.data.name,
        table.sha256,
        class_names=targets.names if is_of_classes else None,
        class_count=targets.outputs if is_of_classes else None,
        targets=targets.kind,
        column_names=None if is_of_classes else targets.names,
        rows=table.rows,
    )


def load(config: RunConfig, source: Source) -> Dataset:
    """Return the examples of a config: its rows split, and encoded as the training rows determine.

    Raises:
        InputError: as for `find`; and where there are fewer rows than requested.
    """
    table = _read(config)
    targets = _read_targets(config, table)
    parts = _split(config, targets.y)
    rows = {part: table.rows.iloc[chosen] for part, chosen in parts.items()}
    encoding = _fit(config, table, rows["train"])
    examples: dict[str, Any] = {
        part: Part(add_noise(config, part, encoding.encode(rows[part])), targets.y[chosen])
        for part, chosen in parts.items()
    }
    return Dataset(
        **examples,
        outputs=targets.outputs,
        source=source,
        uneven=_find_gaps(config, targets, parts),
        targets=targets.task,
        encoding=encoding,
        facts=_describe(table, encoding),
    )


def check(config: RunConfig) -> list[str]:
    """Check a table as `load` would; return remarks on the data.

    Raises:
        InputError: where `load` or the runner would refuse the data.
    """
    source = find(config)
    dataset = load(config, source)
    faults = [
        *output_faults(config, dataset.shape, dataset.outputs, source.targets),
        *vocabulary_faults(config, dataset.train.x),
    ]
    if faults:
        raise InputError([config.fault(*fault) for fault in faults])
    if dataset.targets == "classification":
        check_classes(config, source.class_names or tuple(map(str, range(dataset.outputs))))
    table, encoding = _read(config), dataset.encoding
    counts = [f"{len(getattr(dataset, part).y):,} for {part}" for part in PARTS]
    target = f"{dataset.targets.replace('_', ' ')} of {list_some(table.targets)}"
    if source.class_names:
        target += f", {len(source.class_names)} classes: {list_some(source.class_names)}"
    remarks = [f"{len(table.rows):,} rows: {', '.join(counts)}", target]
    if table.text is None:
        remarks.append(_describe_inputs(table, encoding))
    else:
        remarks.append(_describe_texts(table.text, encoding.texts[table.text], dataset.train.x))
    if table.missing:
        missing = [f"{count:,} of {name}" for name, count in table.missing.items()]
        remarks.append(f"missing values are imputed: {list_some(missing)}")
    if table.dropped:
        remarks.append(f"{table.dropped:,} rows with missing values are left out")
    constant = [
        name for name, scale in zip(encoding.numeric, encoding.scales, strict=True) if not scale
    ]
    if constant:
        remarks.append(f"the same number in all training rows: {list_some(constant)}")
    train = len(dataset.train.y)
    unique = [name for name, known in encoding.categories.items() if len(known) > train / 2]
    if unique:
        remarks.append(
            f"almost every row has a category of its own: {list_some(unique)}; leave such columns "
            "out by listing the others in categorical"
        )
    side = Side((dataset.train.x,), dataset.train.y, tokens=table.text is not None)
    if copies := find_target_copies(side, dataset.classes):
        names = [encoding.names[int(number)] for number in copies]
        remarks.append(
            f"follow the target almost exactly: {list_some(names)}; leave out what is not known "
            "when you predict"
        )
    return [*remarks, dataset.uneven] if dataset.uneven else remarks


def _read(config: RunConfig) -> Table:
    try:
        return read_table(config.data)
    except DataError as error:
        raise InputError(config.fault(error.key, str(error))) from None


def _read_targets(config: RunConfig, table: Table) -> _Targets:
    values, kind = table.values, table.kind
    if kind == "whole_numbers" and config.data.task == "regression":
        kind = "numbers"
    if kind == "numbers":
        return _Targets(kind, values.astype(np.float32), table.targets, len(table.targets))
    if kind == "labels":
        return _Targets(kind, values.astype(np.int64), table.targets, len(table.targets))
    names = table.class_names
    if kind == "classes":
        places = {name: number for number, name in enumerate(names)}
        y = np.array([places[value] for value in values], np.int64)
        return _Targets("classes", y, names, len(names))
    y = np.unique(values, return_inverse=True)[1].reshape(-1).astype(np.int64)
    counts_from_0 = names == tuple(map(str, range(len(names))))
    return _Targets("classes", y, None if counts_from_0 else names, len(names))


def _split(config: RunConfig, y: Array) -> dict[str, Array]:
    """Return {part: numbers of its rows}; the test rows do not depend on how many others there are.

    Shuffled, each part has the classes, labels or tenths of the numbers in their share.
    """
    train, validation, test = (int(getattr(config.data, part) or 0) for part in PARTS)
    if train + validation + test > len(y):
        message = (
            f"{train:,} training, {validation:,} validation and {test:,} test examples requested; "
            f"the table has {len(y):,} rows"
        )
        raise InputError(config.fault(("data",), message))
    is_mixed = config.data.shuffle
    order = mixed_order(y, config.data.split_seed) if is_mixed else np.arange(len(y))
    return {
        "train": order[:train],
        "validation": order[train : train + validation],
        "test": order[len(y) - test :],
    }


def _fit(config: RunConfig, table: Table, train: Any) -> TableEncoding:
    """Return the encoding that the training rows determine.

    Raises:
        InputError: where there are no values in a column of them, or the inputs exceed memory.
    """
    data = config.data
    if table.text is not None:
        _check_size(config, ("data", "output_sequence_length"), len(table.rows), data.length)
        encoding = TextEncoding.fit(train[table.text], data.tokens, data.length)
        if not encoding.vocabulary:
            message = f"column {table.text!r} has no word in the training rows"
            raise InputError(config.fault(("data", "text"), message))
        return TableEncoding(texts={table.text: encoding})
    numbers = train[list(table.numeric)].to_numpy(np.float64)
    for name, column in zip(table.numeric, numbers.T, strict=True):
        if np.isnan(column).all():
            message = f"column {name!r} has no value in the training rows; leave it out"
            raise InputError(config.fault(("data", "numeric"), message))
    categories = {name: tuple(sorted(set(train[name].tolist()))) for name in table.categorical}
    width = len(table.numeric) + sum(map(len, categories.values()))
    _check_size(config, ("data", "categorical"), len(table.rows), width)
    return TableEncoding(
        table.numeric,
        *fit_numbers(data.normalize or "none", numbers),
        categories,
    )


def _check_size(config: RunConfig, key: Key, rows: int, width: int) -> None:
    size = 4 * rows * width
    if size > MAX_BYTES:
        message = f"{rows:,} rows of {width:,} inputs take {size:,} bytes; at most {MAX_BYTES:,}"
        raise InputError(config.fault(key, message))


def _find_gaps(config: RunConfig, targets: _Targets, parts: Mapping[str, Array]) -> str | None:
    if targets.kind == "numbers":
        return None
    present = {}
    for part, chosen in parts.items():
        y = targets.y[chosen]
        if len(y):
            found = np.unique(y) if y.ndim == 1 else np.flatnonzero(y.any(axis=0))
            present[part] = set(found.tolist())
    return describe_gaps(present, targets.names, targets.kind, config.data.shuffle)


def _describe(table: Table, encoding: TableEncoding) -> dict[str, Any]:
    """Return what run.json records of a table besides."""
    return {
        "columns": {
            "target": list(table.targets),
            "numeric": list(table.numeric),
            "categorical": {name: list(known) for name, known in encoding.categories.items()},
            "text": table.text,
        },
        "missing": {
            "dropped_rows": table.dropped,
            "imputed": {
                name: {"values": count} | _replacement(name, encoding)
                for name, count in table.missing.items()
            },
        },
    }


def _replacement(name: str, encoding: TableEncoding) -> dict[str, Any]:
    if name not in encoding.numeric:
        return {}
    return {"median": float(encoding.medians[encoding.numeric.index(name)])}


def _describe_inputs(table: Table, encoding: TableEncoding) -> str:
    kinds = []
    if table.numeric:
        kinds.append(f"{len(table.numeric):,} numeric ({list_some(table.numeric)})")
    if table.categorical:
        counts = [f"{name}: {len(known)}" for name, known in encoding.categories.items()]
        kinds.append(f"{len(counts):,} categorical ({list_some(counts)})")
    return f"inputs: {' and '.join(kinds)}; {len(encoding.names):,} values for each row"


def _describe_texts(name: str, encoding: TextEncoding, ids: Array) -> str:
    """Return what is known of a text column; `ids` are those of the training rows."""
    unknown = (ids == UNKNOWN).sum() / max((ids != PADDING).sum(), 1)
    full = (ids[:, -1] != PADDING).mean()
    return (
        f"text of {name}: {len(encoding.vocabulary):,} words known, numbers 2 to "
        f"{len(encoding.vocabulary) + 1:,}; {unknown:.1%} of the words are unknown, {full:.1%} of "
        f"the texts have {encoding.length} words or more"
    )
