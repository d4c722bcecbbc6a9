"""From a config to the examples that a network sees."""

from pathlib import Path

import numpy as np
import pytest

from kerasdemo import data
from kerasdemo.config import InputError, parse
from tests.factories import file_config, write_npz


def load_file(path: Path, *overrides: str) -> data.Dataset:
    return data.load(file_config(path, *overrides))


SORTED = np.repeat([0, 1, 2], [20, 10, 10])


def test_the_sample_is_stratified_in_every_prefix() -> None:
    dataset = data.load(parse("data: {name: mnist_sample}"))
    assert (len(dataset.train.y), len(dataset.validation.y), len(dataset.test.y)) == (
        3500,
        500,
        1000,
    )
    for part in (dataset.train, dataset.validation, dataset.test):
        assert len(set(np.bincount(part.y))) == 1
    assert dataset.shape == (28, 28)
    assert (dataset.train.x.min(), dataset.train.x.max()) == (0.0, 1.0)
    # No digit is in two parts.
    everything = np.concatenate([dataset.train.x, dataset.validation.x, dataset.test.x])
    assert len({image.tobytes() for image in everything}) == 5000


def test_normalizing_uses_the_training_rows(tmp_path: Path) -> None:
    x = np.stack([np.arange(40.0), np.full(40, 7.0)], axis=1)
    path = write_npz(tmp_path / "own.npz", x_train=x, x_test=x[:12] * 10)
    unit = load_file(path, "data.train=30", "data.shuffle=false")
    assert unit.train.x.max() == 1.0
    assert unit.test.x.max() == pytest.approx(110 / 29)
    standard = load_file(path, "data.train=30", "data.normalize=standardize", "data.shuffle=false")
    np.testing.assert_allclose(standard.train.x[:, 0].mean(), 0, atol=1e-6)
    np.testing.assert_allclose(standard.train.x[:, 0].std(), 1, rtol=1e-6)
    assert (standard.train.x[:, 1] == 0).all()  # a constant feature


def test_noise_is_added_where_the_config_says_so() -> None:
    quiet = data.load(parse("data: {name: mnist_sample}"))
    noisy, repeated, other = (
        data.load(parse(f"data: {{name: mnist_sample, noise: {{test: 1.0}}}}\nseed: {s}"))
        for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(quiet.train.x, noisy.train.x)
    assert np.std(noisy.test.x - quiet.test.x) == pytest.approx(1.0, abs=0.01)
    np.testing.assert_array_equal(noisy.test.x, repeated.test.x)
    assert (noisy.test.x != other.test.x).any()


def test_parts_without_some_classes_are_reported(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "own.npz", y_train=SORTED, y_test=np.arange(12) % 3)
    dataset = load_file(path, "data.validation=5", "data.shuffle=false")
    assert dataset.uneven is not None
    assert "no validation example of 2 of 3 classes (0, 1)" in dataset.uneven
    assert "data.shuffle: true" in dataset.uneven
    assert data.describe(dataset)["uneven"] == dataset.uneven
    assert data.check(file_config(path, "data.validation=5", "data.shuffle=false")) == [
        dataset.uneven
    ]
    behind = load_file(path, "data.validation=10", "data.train=25", "data.shuffle=false")
    assert "no train example of 1 of 3 classes (2)" in str(behind.uneven)


def test_check_knows_a_files_classes(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "own.npz")
    layers = "network.layers=[{type: dense, units: 3, activation: softmax}]"
    with pytest.raises(InputError, match="3 output units, but the data has 4 classes"):
        data.check(file_config(path, layers))


def test_a_source_that_was_found_is_not_searched_for(tmp_path: Path) -> None:
    path = write_npz(tmp_path / "own.npz")
    config = file_config(path)
    source = data.find(config)
    path.unlink()
    assert data.load(config, source).source is source
