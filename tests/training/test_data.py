"""Data: what is really used, in which order, and what is refused."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kerasdemo.config import InputError, parse
from kerasdemo.training import data


def write(path: Path, **changes: object) -> Path:
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.normal(size=(40, 3)).astype(np.float32),
        "y_train": np.arange(40) % 4,
        "x_test": rng.normal(size=(12, 3)).astype(np.float32),
        "y_test": np.arange(12) % 4,
    }
    arrays.update(changes)  # type: ignore[arg-type]
    np.savez(path, **{k: v for k, v in arrays.items() if v is not None})  # type: ignore[arg-type]
    return path


def load(path: Path, *overrides: str) -> data.Dataset:
    return data.load(
        parse("data: {name: file, path: own.npz}", str(path.parent / "c.yaml"), overrides)
    )


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


def test_fizzbuzz_is_the_lectures() -> None:
    dataset = data.load(parse("data: {name: fizzbuzz}"))
    assert dataset.train.x.shape == (900, 10)
    assert dataset.train.x[0].tolist() == [1, 0, 1, 0, 0, 1, 1, 0, 0, 0]  # 101
    assert dataset.test.y[:15].tolist() == [0, 0, 1, 0, 2, 1, 0, 0, 1, 2, 0, 1, 0, 0, 3]
    assert np.mean(dataset.test.y == 0) == 0.53
    assert dataset.classes == 4


@pytest.mark.parametrize(("name", "classes"), [("circles", 2), ("blobs", 3)])
def test_made_data_is_the_same_every_time(name: str, classes: int) -> None:
    one, other = (data.load(parse(f"data: {{name: {name}}}\nseed: {s}")) for s in (0, 1))
    np.testing.assert_array_equal(one.train.x, other.train.x)
    assert set(one.train.y) == set(range(classes))
    assert (len(one.train.y), len(one.validation.y), len(one.test.y)) == (700, 300, 300)


def test_validation_comes_from_behind_the_training_examples(tmp_path: Path) -> None:
    x = np.arange(40, dtype=np.float32)[:, None]
    path = write(tmp_path / "own.npz", x_train=x, x_test=x[:12])
    dataset = load(path, "data.train=20", "data.validation=5", "data.test=3", "data.normalize=none")
    assert dataset.train.x.ravel().tolist() == list(range(20))
    assert dataset.validation.x.ravel().tolist() == [20, 21, 22, 23, 24]
    assert dataset.test.x.ravel().tolist() == [0, 1, 2]


def test_normalizing_uses_the_training_rows(tmp_path: Path) -> None:
    x = np.stack([np.arange(40.0), np.full(40, 7.0)], axis=1)
    path = write(tmp_path / "own.npz", x_train=x, x_test=x[:12] * 10)
    unit = load(path, "data.train=30")
    assert unit.train.x.max() == 1.0
    assert unit.test.x.max() == pytest.approx(110 / 29)
    standard = load(path, "data.train=30", "data.normalize=standardize")
    np.testing.assert_allclose(standard.train.x[:, 0].mean(), 0, atol=1e-6)
    np.testing.assert_allclose(standard.train.x[:, 0].std(), 1, rtol=1e-6)
    assert (standard.train.x[:, 1] == 0).all()  # a constant feature


def test_noise_is_added_where_it_is_asked_for() -> None:
    quiet = data.load(parse("data: {name: mnist_sample}"))
    noisy, again, other = (
        data.load(parse(f"data: {{name: mnist_sample, noise: {{test: 1.0}}}}\nseed: {s}"))
        for s in (0, 0, 1)
    )
    np.testing.assert_array_equal(quiet.train.x, noisy.train.x)
    assert np.std(noisy.test.x - quiet.test.x) == pytest.approx(1.0, abs=0.01)
    np.testing.assert_array_equal(noisy.test.x, again.test.x)
    assert (noisy.test.x != other.test.x).any()


PICKLED = np.array([[{"a": 1}]] * 40, dtype=object)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"x_test": None}, "no item named 'x_test.npy'"),
        ({"y_test": None}, "no array y_test; it has"),
        ({"x_train": PICKLED}, "allow_pickle=False"),
        ({"x_train": np.full((40, 3), "a")}, "x_train has dtype <U1; expected numbers"),
        ({"x_train": np.zeros(40)}, "x_train has shape"),
        ({"x_train": np.full((40, 3), np.nan)}, "120 values that are NaN or infinite"),
        ({"y_train": np.zeros((40, 4))}, "y_train has dtype float64; expected whole numbers"),
        ({"y_train": np.zeros((40, 4), int)}, "y_train has shape (40, 4); expected (40,)"),
        ({"y_train": np.full(40, -1)}, "the label -1"),
        ({"y_train": np.full(40, 123456)}, "the label 123456"),
        ({"y_test": np.full(12, 9)}, "label 9 in the test examples; training has 0 to 3"),
        ({"x_test": np.zeros((12, 5), np.float32)}, "expected the same"),
    ],
)
def test_a_bad_file_is_refused(changes: dict[str, object], expected: str, tmp_path: Path) -> None:
    path = write(tmp_path / "own.npz", **changes)
    with pytest.raises(InputError) as caught:
        load(path)
    assert expected in str(caught.value)
    assert "c.yaml:1: data.path: " in str(caught.value)


def test_a_file_that_is_no_npz_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.npz").write_text("no archive")
    with pytest.raises(
        InputError, match=r"own\.npz: File is not a zip file \(expected an \.npz file"
    ):
        load(tmp_path / "own.npz")


def test_mnist_comes_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = np.full((60, 28, 28), 255, np.uint8), np.arange(60) % 10
    path = write(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    monkeypatch.setenv("KERASDEMO_MNIST", str(path))
    dataset = data.load(parse("data: {name: mnist, train: 40, validation: 10, test: 60}"))
    assert dataset.source.source == "mnist"
    assert dataset.source.warning is None
    assert dataset.train.x.max() == 1.0


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    from kerasdemo.training.backend import keras

    def refuse() -> None:
        raise OSError("no network")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", refuse)
    monkeypatch.setattr(keras.datasets.fashion_mnist, "load_data", refuse)
    data._from_keras.cache_clear()
    monkeypatch.setattr(data, "_from_keras", data._from_keras.__wrapped__)


@pytest.mark.usefixtures("offline")
def test_the_sample_stands_in_for_mnist_and_says_so(tmp_path: Path) -> None:
    from kerasdemo.training import runner

    asked = parse("data: {name: mnist}\nnetwork: {depth: 0}\ntraining: {epochs: 1}")
    with pytest.warns(data.SampleStandsIn, match="no network"):
        run = runner.run(asked, tmp_path)
    assert run.facts["data"]["source"] == "mnist_sample"
    assert "stands in" in run.facts["data"]["warning"]
    assert run.facts["data"]["train"] == 3500


@pytest.mark.usefixtures("offline")
def test_a_run_on_the_sample_never_passes_for_one_on_mnist(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerasdemo.training import runner

    asked = parse("data: {name: mnist, train: 40, validation: 10, test: 60}")
    with pytest.warns(data.SampleStandsIn):
        sample = runner.run_folder(asked, tmp_path)
    x, y = np.full((60, 28, 28), 255, np.uint8), np.arange(60) % 10
    path = write(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    monkeypatch.setenv("KERASDEMO_MNIST", str(path))
    assert runner.run_folder(asked, tmp_path).path != sample.path


@pytest.mark.usefixtures("offline")
def test_digits_never_stand_in_for_clothes() -> None:
    with pytest.raises(InputError, match="fashion_mnist can't be had"):
        data.load(parse("data: {name: fashion_mnist}"))


def test_the_fingerprint_is_of_the_content(tmp_path: Path, tiny: Callable[..., object]) -> None:
    first = load(write(tmp_path / "own.npz")).source.sha256
    np.savez_compressed(tmp_path / "own.npz", **dict(np.load(tmp_path / "own.npz")))
    assert load(tmp_path / "own.npz").source.sha256 == first
    changed = load(write(tmp_path / "own.npz", y_test=np.zeros(12, int))).source.sha256
    assert changed != first
