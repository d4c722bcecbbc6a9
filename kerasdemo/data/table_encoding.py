"""How the columns of a table become the numbers that a network sees."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from kerasdemo.data.dataset import Array
from kerasdemo.data.texts import TextEncoding


@dataclass(frozen=True)
class TableEncoding:
    """What the training rows determine. A number becomes (it or the median) * scale + offset.

    Args:
        numeric: columns of numbers.
        medians, scales, offsets: of these columns (columns,) float64.
        categories: {column: the categories of the training rows, sorted}, "" where a value is
            missing; each is an input of 1 or 0, and of a category that is none of them all are 0.
        texts: {column: its encoding}, of one column that is then the only one.
    """

    numeric: tuple[str, ...] = ()
    medians: Array = field(default_factory=lambda: np.zeros(0))
    scales: Array = field(default_factory=lambda: np.zeros(0))
    offsets: Array = field(default_factory=lambda: np.zeros(0))
    categories: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    texts: Mapping[str, TextEncoding] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        """The input columns."""
        return (*self.numeric, *self.categories, *self.texts)

    @property
    def names(self) -> tuple[str, ...]:
        """What each input is: a column, or a column and its category; nothing of a text."""
        return (
            *self.numeric,
            *(
                f"{column} = {category or '(missing)'}"
                for column, known in self.categories.items()
                for category in known
            ),
        )

    def encode(self, rows: Any) -> Array:
        """Return rows as the network sees them: (n, inputs) float32, or of texts (n, words) int32.

        Args:
            rows: {column: values}, such as a DataFrame: numbers with NaN where they are missing,
                texts with "" where they are missing.
        """
        for column, encoding in self.texts.items():
            return encoding.encode(rows[column])
        parts = []
        if self.numeric:
            numbers = np.stack([np.asarray(rows[c], np.float64) for c in self.numeric], axis=1)
            numbers = np.where(np.isnan(numbers), self.medians, numbers)
            parts.append((numbers * self.scales + self.offsets).astype(np.float32))
        for column, known in self.categories.items():
            places = {category: place for place, category in enumerate(known, start=1)}
            chosen = [places.get(value, 0) for value in rows[column]]
            parts.append(np.eye(len(known) + 1, dtype=np.float32)[chosen, 1:])
        return np.hstack(parts)


def fit_numbers(normalize: str, numbers: Array) -> tuple[Array, Array, Array]:
    """Return medians, scales and offsets (columns,) that training rows determine.

    Args:
        normalize: none; unit: divided by the largest magnitude; standardize: to mean 0 and
            standard deviation 1. A column that does not vary becomes 0.
        numbers: of the training rows (n, columns), NaN where they are missing.
    """
    medians = np.nanmedian(numbers, axis=0)
    filled = np.where(np.isnan(numbers), medians, numbers)
    if normalize == "standardize":
        mean, sd = filled.mean(axis=0), filled.std(axis=0)
        # The mean of equal numbers can differ from them in the last digit.
        varies = filled.min(axis=0) < filled.max(axis=0)
        scales = np.divide(1.0, sd, out=np.zeros_like(sd), where=varies & (sd > 0))
        return medians, scales, -mean * scales
    largest = np.abs(filled).max(axis=0)
    if normalize == "unit":
        scales = np.divide(1.0, largest, out=np.ones_like(largest), where=largest > 0)
        return medians, scales, np.zeros_like(scales)
    return medians, np.ones_like(largest), np.zeros_like(largest)
