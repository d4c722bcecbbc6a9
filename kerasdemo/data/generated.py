"""Data sets that are computed, the same for every seed: FizzBuzz, circles, blobs, Friedman's."""

from collections.abc import Callable

import numpy as np

from kerasdemo.config.data_types import Data
from kerasdemo.data.dataset import ARRAYS, Array

# Seeds vary the training, not the data.
DATA_SEED = 20170


def fizzbuzz(_: Data) -> dict[str, Array]:
    """Numbers as 10 bits, the lowest first: 101 to 1000 to train on, 1 to 100 to test on.

    Classes: 0 number, 1 fizz (divisible by 3), 2 buzz (by 5), 3 fizzbuzz (by both).
    """

    def examples(first: int, last: int) -> tuple[Array, Array]:
        numbers = np.arange(first, last + 1)
        bits = (numbers[:, None] >> np.arange(10)) & 1
        classes = (numbers % 3 == 0) + 2 * (numbers % 5 == 0)
        return bits.astype(np.uint8), classes.astype(np.uint8)

    return dict(zip(ARRAYS, (*examples(101, 1000), *examples(1, 100)), strict=True))


def circles(data: Data) -> dict[str, Array]:
    """Two classes on two circles, radius 1 and 0.8, with noise of sd 0.1 (as scikit-learn's)."""

    def examples(rng: np.random.Generator, count: int) -> tuple[Array, Array]:
        y = rng.integers(0, 2, count)
        angle = rng.uniform(0.0, 2.0 * np.pi, count)
        radius = np.where(y == 0, 1.0, 0.8)
        points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return points + rng.normal(0.0, 0.1, points.shape), y

    return _draw(data, examples)


def blobs(data: Data) -> dict[str, Array]:
    """Three classes, each a Gaussian of sd 2 around its center."""
    centers = np.array([[-4.0, 3.0], [4.0, 3.0], [0.0, -4.0]])

    def examples(rng: np.random.Generator, count: int) -> tuple[Array, Array]:
        y = rng.integers(0, len(centers), count)
        return centers[y] + rng.normal(0.0, 2.0, (count, 2)), y

    return _draw(data, examples)


def _draw(
    data: Data, examples: Callable[[np.random.Generator, int], tuple[Array, Array]]
) -> dict[str, Array]:
    count = (data.train or 0) + (data.validation or 0)
    x, y = examples(np.random.default_rng([DATA_SEED, 0]), count)
    x_test, y_test = examples(np.random.default_rng([DATA_SEED, 1]), data.test or 0)
    return dict(zip(ARRAYS, (x, y, x_test, y_test), strict=True))


def friedman(data: Data) -> dict[str, Array]:
    """Regression of ten numbers, of which five matter, with noise of sd 1 (Friedman 1991).

    y = 10 sin(pi x1 x2) + 20 (x3 - 1/2)^2 + 10 x4 + 5 x5 + noise; no network explains more than
    96 % of the variance.
    """

    def examples(rng: np.random.Generator, count: int) -> tuple[Array, Array]:
        x = rng.uniform(0.0, 1.0, (count, 10))
        y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2
        y += 10 * x[:, 3] + 5 * x[:, 4] + rng.normal(0.0, 1.0, count)
        return x, y[:, None]

    return _draw(data, examples)


GENERATED = {"fizzbuzz": fizzbuzz, "circles": circles, "blobs": blobs, "friedman": friedman}
