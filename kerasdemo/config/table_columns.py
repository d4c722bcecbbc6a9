"""One column of a table: its values as numbers, categories or texts, and what is wrong in them."""

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerasdemo.config.dataset_info import DataError
from kerasdemo.config.errors import shown
from kerasdemo.config.table_reading import RawTable, import_pandas, short

Array = NDArray[Any]
# What a csv has in place of a value that is missing; in a text only nothing at all.
MISSING = ("", "NA", "N/A", "NaN", "nan", "null", "NULL")
TRUTHS = {"True": 1.0, "true": 1.0, "TRUE": 1.0, "False": 0.0, "false": 0.0, "FALSE": 0.0}
MAX_CATEGORIES = 1_000
# A column with so many numbers among its values is one of numbers with slips in it.
MOSTLY = 0.9
LARGEST = float(np.finfo(np.float32).max)
DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}( .*)?")
DATE_ADVICE = "make numbers of dates, such as the year or the days since the first"


@dataclass(frozen=True)
class Column:
    """A column of a file in the role that a config gives it.

    Args:
        raw: the file.
        name: of the column.
        role: the key of `data` that it is in: target, numeric, categorical or text.
        is_listed: whether that key names it; else it was chosen for what is in it.
        may_be_empty: whether all values may be missing.

    Raises:
        DataError: from every property, where the column has nothing to read.
    """

    raw: RawTable
    name: str
    role: str
    is_listed: bool = True
    may_be_empty: bool = False

    @property
    def values(self) -> Any:
        """The values as a pandas Series: float64, or text."""
        if self.name in self.raw.unreadable:
            kind = self.raw.unreadable[self.name]
            raise self.fault(f"holds {kind}; expected numbers, truth values or text")
        return self.raw.columns[self.name]

    @cached_property
    def is_missing(self) -> Array:
        """Which values (n,) are missing; not all are, unless they may be."""
        found = self.values.isna()
        if self.raw.lines is not None:
            is_text = self.role == "text"
            found |= self.values == "" if is_text else self.values.str.strip().isin(MISSING)
        if found.all() and not self.may_be_empty:
            raise self.fault("has no values")
        is_missing: Array = found.to_numpy(dtype=bool)
        return is_missing

    @cached_property
    def holds_truths(self) -> bool:
        """Whether all values are true or false."""
        values = self.values
        if values.dtype == np.float64:
            return False
        if self.is_missing.all():
            return True
        if values.iloc[int(np.argmin(self.is_missing))] not in TRUTHS:
            return False
        return bool(values[~self.is_missing].isin(TRUTHS).all())

    @cached_property
    def numbers(self) -> Array:
        """The values (n,) as float64, NaN where there is no number."""
        values = self.values.where(~self.is_missing)
        if self.holds_truths:
            values = values.map(TRUTHS)
        elif values.dtype != np.float64:
            values = import_pandas().to_numeric(values, errors="coerce")
        numbers: Array = values.to_numpy(dtype=np.float64)
        return numbers

    @cached_property
    def texts(self) -> Array:
        """The values (n,) as text, "" where they are missing."""
        values = self.values
        if values.dtype == np.float64:
            values = values.map(format_number)
        texts: Array = values.to_numpy(dtype=object, copy=True)
        texts[self.is_missing] = ""
        return texts

    def has_numbers(self) -> bool:
        """Return whether all values that are there are numbers.

        Raises:
            DataError: where only most of them are.
        """
        are_numbers = ~np.isnan(self.numbers)
        share = are_numbers.sum() / (~self.is_missing).sum()
        if MOSTLY <= share < 1:
            row = int(np.flatnonzero(~self.is_missing & ~are_numbers)[0])
            raise self.fault(f"has {shown(self.texts[row])} among numbers; correct it", row)
        return bool(share == 1)

    def read_numbers(self) -> Array:
        """Return the values (n,) as float64, NaN where they are missing.

        Raises:
            DataError: where a value is no number that float32 can hold.
        """
        wrong = np.flatnonzero(np.isnan(self.numbers) & ~self.is_missing)
        if wrong.size:
            text = self.texts[wrong[0]]
            hint = ""
            if DATE.fullmatch(text.strip()):
                hint = f"; {DATE_ADVICE}"
            elif re.fullmatch(r"\s*[-+]?\d+,\d+\s*", text):
                hint = "; write decimals with a point"
            raise self.fault(f"has {shown(text)}; expected a number{hint}", wrong[0])
        large = np.flatnonzero(np.abs(np.nan_to_num(self.numbers, posinf=np.inf)) > LARGEST)
        if large.size:
            is_infinite = np.isinf(self.numbers[large[0]])
            what = "infinite" if is_infinite else "too large for float32"
            raise self.fault(f"has {shown(self.texts[large[0]])}, which is {what}", large[0])
        return self.numbers

    def read_categories(self) -> Array:
        """Return the values (n,) as text, "" where they are missing.

        Raises:
            DataError: where they are too many different ones, or dates that no key lists.
        """
        distinct = set(self.texts[~self.is_missing].tolist())
        is_chosen = not self.is_listed or self.role == "target"
        if is_chosen and all(DATE.fullmatch(value.strip()) for value in distinct):
            raise self.fault(f"holds dates such as {shown(min(distinct))}: {DATE_ADVICE}")
        if len(distinct) > MAX_CATEGORIES:
            what = "classes" if self.role == "target" else "categories"
            raise self.fault(
                f"has {len(distinct):,} different values, such as {shown(min(distinct))}; at most "
                f"{MAX_CATEGORIES:,} {what} are possible"
            )
        return self.texts

    def fault(self, what: str, row: int | None = None) -> DataError:
        """Return the error that says what is wrong in the column, or in one row (from 0) of it."""
        place = "" if row is None else f"{self.raw.place(row)}: "
        advice = "" if self.is_listed else "; or list the other columns in numeric and categorical"
        message = f"{place}column {short(self.name)} {what}{advice}"
        return DataError(message, ("data", self.role))


def format_number(value: float) -> str:
    """Return a number as the name of a category: whole ones without a point."""
    is_short = value == np.floor(value) and abs(value) < 1e15
    return f"{value:.0f}" if is_short else repr(float(value))
