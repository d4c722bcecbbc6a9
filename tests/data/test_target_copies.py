"""Which inputs hold the target, and which only happen to look so."""

import numpy as np
import pytest

from kerasdemo.data.dataset import Array
from kerasdemo.data.examples import Side
from kerasdemo.data.target_copies import find_target_copies

N = 300


def find(*features: Array, y: Array, classes: int | None = None) -> dict[str, float] | None:
    x = np.column_stack(features).astype(np.float32)
    return find_target_copies(Side((x,), y, tokens=False), classes)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_a_copy_in_another_unit_and_rounded(rng: np.random.Generator) -> None:
    y = rng.normal(20, 5, (N, 2))
    copy = np.round(1000 - 3 * y[:, 1], 1)
    found = find(rng.normal(size=N), copy, y=y)
    assert found is not None
    assert list(found) == ["1"]
    assert found["1"] < -0.9999


def test_what_only_predicts_well_is_no_copy(rng: np.random.Generator) -> None:
    y = rng.normal(size=(N, 1))
    assert find(y[:, 0] + rng.normal(0, 0.1, N), rng.normal(size=N), y=y) is None


def test_one_row_far_out_in_both_is_no_copy(rng: np.random.Generator) -> None:
    y, x = rng.normal(size=(N, 1)), rng.normal(size=N)
    y[0, 0] = x[0] = 1e6
    assert abs(np.corrcoef(x, y[:, 0])[0, 1]) > 0.9999
    assert find(x, rng.normal(size=N), y=y) is None


@pytest.mark.parametrize("classes", [2, 4])
def test_a_column_of_the_classes_and_one_of_a_single_class(
    classes: int, rng: np.random.Generator
) -> None:
    y = rng.integers(0, classes, N)
    found = find(rng.normal(size=N), 10.0 * y, y == 1, y=y, classes=classes)
    assert found is not None
    assert list(found) == ["1", "2"]


def test_a_rare_label_counts_where_its_copy_is_one_in_all_rows(rng: np.random.Generator) -> None:
    y = np.zeros((N, 3))
    y[:9, 2], y[5:150, 0] = 1, 1
    assert list(find(rng.normal(size=N), y[:, 2], y=y) or ()) == ["1"]


def test_a_class_of_few_examples_is_met_by_chance(rng: np.random.Generator) -> None:
    y = rng.integers(0, 3, N)
    y[:4] = 3
    assert find(y == 3, rng.normal(size=N), y=y, classes=4) is None


def test_constants_a_single_input_and_images_have_no_copies(rng: np.random.Generator) -> None:
    y = rng.normal(size=(N, 1))
    assert find(np.ones(N), rng.normal(size=N), y=y) is None
    assert find(y[:, 0], y=y) is None
    images = Side((rng.random((N, 4, 4)),), y, tokens=False)
    assert find_target_copies(images, None) is None
