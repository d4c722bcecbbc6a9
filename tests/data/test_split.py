"""Which examples are used for what, and in which order."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerasdemo import data
from kerasdemo.config import InputError, parse
from kerasdemo.data.split import mixed_order
from tests.factories import file_config, write_npz


def load_file(path: Path, *overrides: str) -> data.Dataset:
    return data.load(file_config(path, *overrides))


SORTED = np.repeat([0, 1, 2], [20, 10, 10])


def test_validation_comes_from_behind_the_training_examples(tmp_path: Path) -> None:
    x = np.arange(40, dtype=np.float32)[:, None]
    path = write_npz(tmp_path / "own.npz", x_train=x, x_test=x[:12])
    counts = ("data.train=20", "data.validation=5", "data.test=3")
    dataset = load_file(path, *counts, "data.normalize=none", "data.shuffle=false")
    assert dataset.train.x.ravel().tolist() == list(range(20))
    assert dataset.validation.x.ravel().tolist() == [20, 21, 22, 23, 24]
    assert dataset.test.x.ravel().tolist() == [0, 1, 2]


def test_a_file_sorted_by_class_is_mixed(tmp_path: Path) -> None:
    x = np.arange(40, dtype=np.float32)[:, None]
    path = write_npz(tmp_path / "own.npz", x_train=x, y_train=SORTED, x_test=x, y_test=SORTED)
    dataset = load_file(path, "data.validation=8", "data.train=20", "data.normalize=none")
    assert np.bincount(dataset.train.y).tolist() == [10, 5, 5]
    assert np.bincount(dataset.validation.y).tolist() == [4, 2, 2]
    for part in (dataset.train, dataset.validation):
        assert (SORTED[part.x.ravel().astype(int)] == part.y).all()
    assert not set(dataset.train.x.ravel()) & set(dataset.validation.x.ravel())
    assert dataset.uneven is None
    repeated = load_file(
        path, "data.validation=8", "data.train=20", "data.normalize=none", "seed=7"
    )
    np.testing.assert_array_equal(repeated.train.x, dataset.train.x)


def test_any_data_can_be_shuffled() -> None:
    plain, mixed = (
        data.load(parse(f"data: {{name: mnist_sample, shuffle: {s}}}")) for s in ("false", "true")
    )
    assert (plain.train.x[0] != mixed.train.x[0]).any()
    assert set(np.bincount(mixed.validation.y)) == {50}


def test_x_val_is_used(tmp_path: Path) -> None:
    x = np.full((6, 3), 9.0, np.float32)
    path = write_npz(tmp_path / "own.npz", x_val=x, y_val=np.arange(6) % 4)
    dataset = load_file(path, "data.normalize=none")
    assert (len(dataset.train.y), len(dataset.validation.y)) == (40, 6)
    assert (dataset.validation.x == 9.0).all()
    assert len(load_file(path, "data.validation=4", "data.train=40").validation.y) == 4
    with pytest.raises(InputError, match="7 requested; x_val has 6"):
        load_file(path, "data.validation=7")


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=300),
    st.integers(0, 9),
    st.integers(0, 300),
)
def test_every_beginning_has_each_class_in_its_share(
    classes: list[int], seed: int, length: int
) -> None:
    y = np.array(classes)
    order = mixed_order(y, seed)
    assert sorted(order.tolist()) == list(range(len(y)))
    length = min(length, len(y))
    expected = np.bincount(y, minlength=5) * length / len(y)
    # Each class deviates by less than one example, and moves the others by as much.
    assert np.abs(np.bincount(y[order[:length]], minlength=5) - expected).max() <= 3


@given(st.integers(20, 300), st.integers(1, 3), st.integers(0, 9))
def test_every_fifth_of_numbers_has_their_mean(count: int, columns: int, seed: int) -> None:
    y = np.random.default_rng(count).normal(size=(count, columns)).astype(np.float32)
    order = mixed_order(y, seed)
    assert sorted(order.tolist()) == list(range(count))
    fifth = y[order[: max(10, count // 5)]]
    # By chance alone this would be exceeded now and then.
    assert abs(fifth.mean() - y.mean()) < 0.6


def test_a_rare_label_is_in_every_part() -> None:
    rng = np.random.default_rng(0)
    y = (rng.random((200, 6)) < [0.05, 0.3, 0.5, 0.5, 0.6, 0.7]).astype(np.int64)
    parts = np.array_split(mixed_order(y), 4)
    rare = [int(y[part, 0].sum()) for part in parts]
    assert max(rare) - min(rare) <= 1


def test_of_many_kinds_with_one_example_each_the_order_is_mixed() -> None:
    y = np.eye(100, dtype=np.int64)
    order = mixed_order(y)
    assert sorted(order.tolist()) == list(range(100))
    assert abs(np.corrcoef(order, np.arange(100))[0, 1]) < 0.3


def test_the_order_depends_on_the_seed_and_that_of_0_never_changes() -> None:
    y = np.arange(12) % 3
    assert mixed_order(y).tolist() == [2, 4, 0, 9, 10, 5, 7, 6, 8, 1, 3, 11]
    assert mixed_order(y, 1).tolist() != mixed_order(y).tolist()
    assert mixed_order(np.zeros(0, int)).tolist() == []
    assert mixed_order(np.zeros((0, 2), np.float32)).tolist() == []


def test_split_seed_gives_another_split(tmp_path: Path) -> None:
    x = np.arange(40, dtype=np.float32)[:, None]
    path = write_npz(tmp_path / "own.npz", x_train=x, x_test=x[:12])
    first, same, other = (
        load_file(path, f"data.split_seed={seed}", "data.normalize=none").train.x.ravel().tolist()
        for seed in (0, 0, 1)
    )
    assert first == same != other
