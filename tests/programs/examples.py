"""Small data for the programs, without a download."""

from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@cache
def digits() -> tuple[Array, Array, Array, Array]:
    """Return x_train (2000, 28, 28, 1) from 0 to 1, y_train (2000,), x_test (500, ...), y_test."""
    with np.load(str(files("kerasdemo") / "data" / "mnist_sample" / "mnist_sample.npz")) as file:
        x, y = file["x_train"][:2000], file["y_train"][:2000]
        x_test, y_test = file["x_test"][:500], file["y_test"][:500]
    return (
        (x / 255.0).astype("float32")[..., None],
        y.astype("int64"),
        (x_test / 255.0).astype("float32")[..., None],
        y_test.astype("int64"),
    )


def sentences(count: int, length: int = 20, words: int = 100) -> tuple[Array, Array]:
    """Return texts as numbers of words (count, length), padded with 0, and whether they are nice.

    A text is nice where it has more of the words 1 to 10 than of 11 to 20.
    """
    rng = np.random.default_rng(0)
    texts = rng.integers(1, words, (count, length))
    moods = rng.random((count, length)) < 0.3
    texts = np.where(moods, rng.integers(1, 21, texts.shape), texts)
    ends = rng.integers(length // 2, length + 1, count)
    texts[np.arange(length) >= ends[:, None]] = 0
    nice = ((texts >= 1) & (texts <= 10)).sum(axis=1)
    grim = ((texts >= 11) & (texts <= 20)).sum(axis=1)
    return texts, (nice > grim).astype("float32")


def table(count: int) -> tuple[Array, Array]:
    """Return cars (count, 6) in their own units and what they use, in miles per gallon."""
    rng = np.random.default_rng(0)
    cylinders = rng.choice([4, 6, 8], count)
    size = 40 * cylinders + rng.normal(0, 20, count)
    power = 20 * cylinders + rng.normal(0, 15, count)
    weight = 500 * cylinders + rng.normal(0, 300, count)
    year = rng.integers(70, 83, count)
    origin = rng.integers(1, 4, count)
    use = 55 - 0.006 * weight - 0.05 * power + 0.7 * (year - 76) + 1.2 * origin
    use += 40 / (power / 100) ** 2 / 10 + rng.normal(0, 1.5, count)
    x = np.stack([cylinders, size, power, weight, year, origin], axis=1)
    return x.astype("float32"), use.astype("float32")
