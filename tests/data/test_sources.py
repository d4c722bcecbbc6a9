"""Where data is found: the environment, Keras' download, the bundled sample."""

import os
from pathlib import Path

import numpy as np
import pytest

from kerasdemo import data
from kerasdemo.config import InputError, RunConfig, parse
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


KERAS_SETS = ("cifar10", "cifar100", "imdb", "reuters", "california_housing")


def config_of(name: str, *overrides: str) -> RunConfig:
    loss = "mean_squared_error" if name == "california_housing" else "categorical_crossentropy"
    return parse(f"data: {{name: {name}}}\nloss: {loss}", "c.yaml", overrides)


@pytest.mark.parametrize("name", KERAS_SETS)
def test_what_can_not_be_downloaded_is_one_clear_sentence(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerasdemo.backend import keras

    def refuse(**_: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(getattr(keras.datasets, name), "load_data", refuse)
    sources._download.cache_clear()
    config = config_of(name)
    (remark,) = data.check(config)
    assert remark.startswith(f"{name} is not on this machine yet: a run downloads ")
    with pytest.raises(InputError, match=f"{name} is not available \\(no network") as caught:
        data.load(config)
    assert f"give `data.path` or set KERASDEMO_{name.upper()} to an npz file" in str(caught.value)
    (remark,) = data.check(config)
    assert remark.startswith(f"{name} is not available (no network")


def local_arrays(name: str) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    if name.startswith("cifar"):
        x, y = rng.integers(0, 255, (60, 32, 32, 3), np.uint8), np.arange(60)[:, None] % 10
    elif name == "california_housing":
        x, y = rng.normal(size=(60, 8)), rng.integers(50_000, 500_000, 60).astype(float)
    else:
        x, y = rng.integers(0, 20_000, (60, 300)), np.arange(60) % 2
    return {"x_train": x, "y_train": y, "x_test": x, "y_test": y}


@pytest.mark.parametrize("name", KERAS_SETS)
def test_a_local_copy_is_read(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_npz(tmp_path / "copy.npz", **local_arrays(name))
    counts = ("data.train=40", "data.validation=10", "data.test=60")
    by_path = data.load(config_of(name, *counts, f"data.path={path}"))
    monkeypatch.setenv(f"KERASDEMO_{name.upper()}", str(path))
    by_variable = data.load(config_of(name, *counts))
    assert by_path.source.sha256 == by_variable.source.sha256
    assert by_path.source.name == name
    assert by_path.shape == by_path.train.x.shape[1:]
    assert config_of(name).dataset_info.shape == by_path.shape
    data.check(config_of(name, *counts))


def test_texts_are_cut_and_filled_up_as_keras_pads_them(tmp_path: Path) -> None:
    from kerasdemo.backend import keras

    x = np.array([[1, 5, 9, 700, 0, 0], [1, 6, 8, 4, 3, 12], [1, 0, 0, 0, 0, 0]] * 10)
    y = np.arange(30) % 2
    path = write_npz(tmp_path / "imdb.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    lengths = ("data.output_sequence_length=5", "data.max_tokens=100", f"data.path={path}")
    counts = ("data.train=20", "data.validation=10", "data.test=30")
    dataset = data.load(config_of("imdb", *lengths, *counts))
    texts = [[1, 5, 9, 2], [1, 6, 8, 4, 3, 12], [1]]  # 700 is a rare word
    expected = keras.utils.pad_sequences(texts, maxlen=5)
    np.testing.assert_array_equal(dataset.train.x[:3], expected)
    assert dataset.train.x.dtype == np.int32


def test_downloaded_texts_are_numbered_as_keras_numbers_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from kerasdemo.backend import keras

    texts = np.empty(30, object)
    texts[:] = [[1, *range(4, 4 + n)] for n in range(30)]

    def load_data() -> object:
        return (texts, np.arange(30) % 2), (texts, np.arange(30) % 2)

    monkeypatch.setattr(keras.datasets.imdb, "load_data", load_data)
    sources._download.cache_clear()
    counts = ("data.train=20", "data.validation=10", "data.test=30")
    sizes = ("data.output_sequence_length=6", "data.max_tokens=12")
    dataset = data.load(config_of("imdb", *counts, *sizes))
    sources._download.cache_clear()
    assert dataset.train.x[3].tolist() == [0, 0, 1, 4, 5, 6]
    assert dataset.train.x[12].tolist() == [10, 11, 2, 2, 2, 2]


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("cifar10", {"x_train": np.zeros((60, 28, 28))}, "shape (28, 28)"),
        ("imdb", {"x_train": np.full((60, 300), 0.5)}, "expected rows of words' numbers"),
        ("imdb", {"x_train": np.full((60, 300), -1)}, "expected rows of words' numbers"),
        ("imdb", {"x_train": np.array([[1], [1, 2]] * 30, object)}, "allow_pickle=False"),
        ("reuters", {"y_train": np.full(60, 46)}, "label 46 in the train examples"),
        ("california_housing", {"y_train": np.full(60, np.nan)}, "y_train has nan in row 0"),
    ],
)
def test_a_local_copy_of_something_else_is_refused(
    name: str, changes: dict[str, np.ndarray], expected: str, tmp_path: Path
) -> None:
    arrays = local_arrays(name) | changes
    if "x_train" in changes:
        arrays["x_test"] = arrays["x_train"]
    path = write_npz(tmp_path / "copy.npz", **arrays)
    counts = ("data.train=40", "data.validation=10", "data.test=60")
    for read in (data.check, data.load):
        with pytest.raises(InputError) as caught:
            read(config_of(name, *counts, f"data.path={path}"))
        assert expected in str(caught.value)
