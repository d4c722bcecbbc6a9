"""Which examples are used for what, and in which order."""

from pathlib import Path

import numpy as np
import pytest

from kerasdemo import data
from kerasdemo.config import InputError, parse
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
