"""Computed data: what the lecture used, and the same every time."""

import numpy as np
import pytest

from kerasdemo import data
from kerasdemo.config import parse


def test_fizzbuzz_is_that_of_the_lecture() -> None:
    dataset = data.load(parse("data: {name: fizzbuzz}"))
    assert dataset.train.x.shape == (900, 10)
    assert dataset.train.x[0].tolist() == [1, 0, 1, 0, 0, 1, 1, 0, 0, 0]  # 101
    assert dataset.test.y[:15].tolist() == [0, 0, 1, 0, 2, 1, 0, 0, 1, 2, 0, 1, 0, 0, 3]
    assert np.mean(dataset.test.y == 0) == 0.53
    assert dataset.classes == 4


@pytest.mark.parametrize(("name", "classes"), [("circles", 2), ("blobs", 3)])
def test_generated_data_is_the_same_every_time(name: str, classes: int) -> None:
    one, other = (data.load(parse(f"data: {{name: {name}}}\nseed: {s}")) for s in (0, 1))
    np.testing.assert_array_equal(one.train.x, other.train.x)
    assert set(one.train.y) == set(range(classes))
    assert (len(one.train.y), len(one.validation.y), len(one.test.y)) == (700, 300, 300)
