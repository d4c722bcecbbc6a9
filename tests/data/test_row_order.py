"""Rows in order are seen, shuffled rows never are."""

from itertools import pairwise, permutations

import numpy as np
import pytest

from kerasdemo.data.row_order import count_runs, find_order

COUNT = 400


def draw(seed: int = 0) -> tuple[np.random.Generator, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng, rng.normal(size=(COUNT, 5)).astype(np.float32)


def test_runs_against_all_orders() -> None:
    y = np.array([0, 0, 0, 1, 1, 2])
    runs = [1 + sum(a != b for a, b in pairwise(p)) for p in permutations(y)]
    found = count_runs(y)
    assert found["runs"] == 3
    assert found["is_sorted"]
    assert found["expected"] == pytest.approx(np.mean(runs), abs=0.006)
    assert found["z"] == pytest.approx((3 - np.mean(runs)) / np.std(runs), abs=0.006)


@pytest.mark.parametrize("classes", [2, 10])
def test_sorted_by_class(classes: int) -> None:
    rng, x = draw()
    y = np.sort(rng.integers(0, classes, COUNT))
    found = find_order([x + y[:, None]], y)
    assert found is not None
    assert (found["by"], found["is_sorted"], found["runs"]) == ("class", True, classes)
    twice = np.concatenate([y[::2], y[1::2]])  # as from two sorted files
    found = find_order([x + twice[:, None]], twice)
    assert found is not None
    assert (found["by"], found["is_sorted"]) == ("class", False)


def test_rare_positives_at_the_end() -> None:
    _, x = draw()
    found = find_order([x], (np.arange(COUNT) >= 380).astype(int))
    assert found is not None
    assert found["by"] == "class"


def test_sorted_by_target() -> None:
    rng, x = draw()
    for y in (np.sort(rng.standard_cauchy(COUNT)), -np.sort(rng.normal(size=COUNT))):
        found = find_order([x], y[:, None])
        assert found is not None
        assert (found["by"], found["is_sorted"]) == ("target", True)
        assert abs(found["trend"]) == 1.0


def autoregression(rng: np.random.Generator, weight: float, count: int) -> np.ndarray:
    series = np.zeros(count)
    for i, shock in enumerate(rng.normal(size=count - 1), 1):
        series[i] = weight * series[i - 1] + shock
    return series


def test_windows_of_a_time_series() -> None:
    rng, _ = draw()
    series = autoregression(rng, 0.9, COUNT + 8)
    x = np.lib.stride_tricks.sliding_window_view(series, 8)[:COUNT]
    found = find_order([x], series[8:, None])
    assert found is not None
    assert found["by"] == "time"
    assert found["target_autocorrelation"] == pytest.approx(0.9, abs=0.1)


def test_classes_in_order_of_time_come_back() -> None:
    rng, x = draw()
    state = np.repeat(rng.integers(0, 3, COUNT // 20), 20)  # as activities of a person
    drift = np.cumsum(rng.normal(size=(COUNT, 5)), axis=0)
    found = find_order([x + drift], state)
    assert found is not None
    assert found["by"] == "time"


def test_labels_in_order_are_alike() -> None:
    rng, x = draw()
    labels = np.sort((rng.random((COUNT, 3)) < 0.4).astype(int), axis=0)
    for inputs in ([x], [x + 3 * labels[:, :1]], []):
        found = find_order(inputs, labels)
        assert found is not None
        assert found["by"] == "time"


def test_an_input_that_rises() -> None:
    x = np.linspace(-3, 3, COUNT)[:, None]
    found = find_order([x], np.sin(5 * x))
    assert found is not None
    assert found["by"] == "time"


@pytest.mark.parametrize("seed", range(20))
def test_shuffled_rows_are_in_no_order(seed: int) -> None:
    rng, x = draw(seed)
    heavy = rng.standard_cauchy((COUNT, 3))
    rare = (rng.random(COUNT) < 0.02).astype(int)
    labels = (rng.random((COUNT, 6)) < 0.05).astype(int)
    counts = rng.poisson(0.1, (COUNT, 1)).astype(float)
    for inputs in ([x], [heavy], [x, rng.poisson(0.02, (COUNT, 40))]):
        for y in (rare, rng.integers(0, 9, COUNT), heavy[:, :1], counts, labels, None):
            found = find_order(inputs, y)
            assert found is not None
            assert found["by"] is None


def test_few_rows_are_in_no_order() -> None:
    assert find_order([np.zeros((19, 2))], np.arange(19) // 10) is None
    assert find_order([], None) is None
    # Two positives side by side are no order.
    found = find_order([np.zeros((30, 2))], (np.arange(30) >= 28).astype(int))
    assert found is not None
    assert found["by"] is None


def test_unusable_numbers_are_left_out() -> None:
    _, x = draw()
    x[3] = np.nan
    assert find_order([x], np.full((COUNT, 1), np.nan)) == {"by": None}
    assert find_order([np.ones_like(x)], None) == {"by": None}
