"""Rows of a table, however they are given, as the model of a run takes them."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from kerasdemo.backend import keras, tf
from kerasdemo.config import Fault, InputError
from kerasdemo.config.errors import near, shown
from kerasdemo.config.table_columns import TRUTHS
from kerasdemo.data import Array


def as_inputs(model: Any, rows: Any) -> dict[str, Any]:
    """Return rows as {input column: tensor (n, 1)}: numbers float64, categories and texts strings.

    Args:
        model: that `with_preprocessing` made for a table.
        rows: a DataFrame, {column: values (n,) or (n, 1)}, of which other columns are left out; or
            the values of the model's input columns in their order (n, columns), of a single one
            (n,). None, NaN and "" are missing.

    Raises:
        InputError: where a column is missing, or a value is no number.
    """
    columns = list(model.input)
    if not (isinstance(rows, Mapping) or hasattr(rows, "columns")):
        array = np.asarray(rows, dtype=object)
        array = array[:, None] if array.ndim == 1 and len(columns) == 1 else array
        if array.ndim != 2 or array.shape[1] != len(columns):
            message = f"got an array of shape {array.shape}; expected (rows, {len(columns)}):"
            raise InputError(f"{message} {', '.join(columns)}")
        rows = dict(zip(columns, array.T, strict=True))
    for column in columns:
        if column not in rows:
            problem = f"no column {column!r}{near(column, map(str, rows))}; expected"
            raise InputError(f"{problem} {', '.join(columns)}")
    known = {
        layer.name: set(layer.get_vocabulary())
        for layer in model.layers
        if isinstance(layer, keras.layers.StringLookup)
    }
    inputs: dict[str, Any] = {}
    categories = 0
    for column in columns:
        if model.input[column].dtype == "string":
            words = _texts(rows[column], known.get(f"categories_{categories}", set()))
            inputs[column] = tf.constant(words, tf.string, (len(words), 1))
            categories += 1
        else:
            inputs[column] = tf.constant(_numbers(rows[column], column)[:, None])
    counts = {column: len(values) for column, values in inputs.items()}
    if len(set(counts.values())) > 1:
        raise InputError(f"columns of different lengths: {counts}")
    return inputs


def _numbers(values: Any, column: str) -> Array:
    """Return values as float64 (n,), NaN where they are missing."""
    array = np.asarray(values)
    if array.dtype.kind in "fiub":
        return array.reshape(-1).astype(np.float64)
    numbers = []
    for row, value in enumerate(_values(values)):
        try:
            is_missing = value is None or value == ""
            numbers.append(np.nan if is_missing else float(TRUTHS.get(value, value)))
        except (TypeError, ValueError):
            message = f"column {column!r} has {shown(value)} in row {row}; expected a number"
            raise InputError(Fault(message)) from None
    return np.array(numbers, np.float64)


def _texts(values: Any, known: set[str]) -> list[str]:
    """Return values as text, "" where they are missing; 8.0 is 8 where that is what is known."""

    def text(value: Any) -> str:
        if value is None or (isinstance(value, float) and np.isnan(value)):
            return ""
        written = value.decode() if isinstance(value, bytes) else str(value)
        whole = written.removesuffix(".0")
        return whole if written not in known and whole in known else written

    return [text(value) for value in _values(values)]


def _values(values: Any) -> Iterable[Any]:
    """Return a column's values, None where pandas has its own sign for a missing one."""
    if hasattr(values, "isna"):
        values = values.astype(object).where(~values.isna(), None)
    return list(np.asarray(values, dtype=object).reshape(-1))
