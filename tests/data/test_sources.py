"""Where data is found: the environment, Keras' download, the bundled sample."""

import os
from pathlib import Path

import numpy as np
import pytest

from kerasdemo import data
from kerasdemo.config import InputError, parse
from kerasdemo.data import sources
from tests.factories import write_npz


def test_mnist_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = np.full((60, 28, 28), 255, np.uint8), np.arange(60) % 10
    path = write_npz(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    monkeypatch.setenv("KERASDEMO_MNIST", str(path))
    dataset = data.load(parse("data: {name: mnist, train: 40, validation: 10, test: 60}"))
    assert dataset.source.name == "mnist"
    assert dataset.source.warning is None
    assert dataset.train.x.max() == 1.0


def test_a_damaged_file_is_not_the_fault_of_set(tmp_path: Path) -> None:
    write_npz(tmp_path / "own.npz", x_train=np.full((40, 3), np.nan))
    config = parse("data: {name: file}", str(tmp_path / "c.yaml"), ["data.path=own.npz"])
    with pytest.raises(InputError) as caught:
        data.find(config)
    assert "NaN" in str(caught.value)
    assert "--set" not in str(caught.value)


def test_a_failed_download_is_not_repeated_the_same_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerasdemo.backend import keras

    tried = []

    def refuse() -> None:
        tried.append(1)
        raise OSError("no network")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", refuse)
    monkeypatch.setattr(sources, "_download", sources._download.__wrapped__)
    config = parse("data: {name: mnist}")
    mark = tmp_path / "keras-home" / "datasets" / "mnist.unavailable.txt"
    for _ in range(2):
        with pytest.warns(data.SampleStandsIn, match="no network") as warned:
            data.find(config)
        assert str(mark) in str(warned[0].message)
    assert len(tried) == 1
    mark.unlink()
    with pytest.warns(data.SampleStandsIn):
        data.find(config)
    assert len(tried) == 2
    day_ago = mark.stat().st_mtime - sources.RETRY_SECONDS
    os.utime(mark, (day_ago, day_ago))
    with pytest.warns(data.SampleStandsIn):
        data.find(config)
    assert len(tried) == 3


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    from kerasdemo.backend import keras

    def refuse() -> None:
        raise OSError("no network")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", refuse)
    monkeypatch.setattr(keras.datasets.fashion_mnist, "load_data", refuse)
    sources._download.cache_clear()
    monkeypatch.setattr(sources, "_download", sources._download.__wrapped__)


@pytest.mark.usefixtures("offline")
def test_the_sample_stands_in_for_mnist_with_a_warning(tmp_path: Path) -> None:
    from kerasdemo.training import runner

    config = parse("data: {name: mnist}\nnetwork: {depth: 0}\ntraining: {epochs: 1}")
    with pytest.warns(data.SampleStandsIn, match="no network"):
        run = runner.run(config, tmp_path)
    assert run.facts["data"]["source"] == "mnist_sample"
    assert "stands in" in run.facts["data"]["warning"]
    assert run.facts["data"]["train"] == 3500


@pytest.mark.usefixtures("offline")
def test_a_run_on_the_sample_is_another_run_than_on_mnist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerasdemo.training import runner

    config = parse("data: {name: mnist, train: 40, validation: 10, test: 60}")
    with pytest.warns(data.SampleStandsIn):
        sample = runner.run_folder(config, tmp_path)
    x, y = np.full((60, 28, 28), 255, np.uint8), np.arange(60) % 10
    path = write_npz(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    monkeypatch.setenv("KERASDEMO_MNIST", str(path))
    assert runner.run_folder(config, tmp_path).path != sample.path


@pytest.mark.usefixtures("offline")
def test_digits_never_stand_in_for_clothes() -> None:
    with pytest.raises(InputError, match="fashion_mnist is not available"):
        data.load(parse("data: {name: fashion_mnist}"))


def test_a_damaged_download_is_reported(tmp_path: Path) -> None:
    cache = tmp_path / "keras-home" / "datasets" / "mnist.npz"
    cache.parent.mkdir(parents=True)
    cache.write_bytes(b"half of a file")
    with pytest.raises(InputError, match=r"mnist\.npz is no data set"):
        data.find(parse("data: {name: mnist}"))
    x, y = np.full((60, 28, 28), 255, np.uint8), np.arange(60) % 10
    write_npz(cache, x_train=x, y_train=y, x_test=x, y_test=y)
    assert data.find(parse("data: {name: mnist}")).arrays["x_train"].shape == (60, 28, 28)
