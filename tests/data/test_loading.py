"""Data: what is really used, in which order, and what is refused."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kerasdemo.config import InputError, RunConfig, parse
from kerasdemo.data import loading as data


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


def asked(path: Path, *overrides: str) -> RunConfig:
    return parse("data: {name: file, path: own.npz}", str(path.parent / "c.yaml"), overrides)


def load(path: Path, *overrides: str) -> data.Dataset:
    return data.load(asked(path, *overrides))


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
    counts = ("data.train=20", "data.validation=5", "data.test=3")
    dataset = load(path, *counts, "data.normalize=none", "data.shuffle=false")
    assert dataset.train.x.ravel().tolist() == list(range(20))
    assert dataset.validation.x.ravel().tolist() == [20, 21, 22, 23, 24]
    assert dataset.test.x.ravel().tolist() == [0, 1, 2]


def test_normalizing_uses_the_training_rows(tmp_path: Path) -> None:
    x = np.stack([np.arange(40.0), np.full(40, 7.0)], axis=1)
    path = write(tmp_path / "own.npz", x_train=x, x_test=x[:12] * 10)
    unit = load(path, "data.train=30", "data.shuffle=false")
    assert unit.train.x.max() == 1.0
    assert unit.test.x.max() == pytest.approx(110 / 29)
    standard = load(path, "data.train=30", "data.normalize=standardize", "data.shuffle=false")
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
        ({"y_train": np.zeros((40, 4))}, "y_train has shape (40, 4) and is not one-hot"),
        ({"y_train": np.eye(4)[np.arange(40) % 4] * 2}, "is not one-hot; expected (40,)"),
        ({"y_train": np.zeros((40, 2, 2))}, "y_train has shape (40, 2, 2); expected (40,)"),
        ({"y_train": np.arange(39)}, "y_train has shape (39,); expected (40,)"),
        ({"y_train": np.full(40, 0.5)}, "y_train has the label 0.5; expected whole numbers"),
        ({"y_train": np.full(40, np.nan)}, "y_train has 40 labels that are NaN"),
        ({"y_train": np.full(40, "a")}, "y_train has labels that are text, y_test numbers"),
        ({"y_train": np.zeros(40, complex)}, "y_train has dtype complex128"),
        (
            {"y_train": np.array(["a", "b"] * 20), "y_test": np.array(["a", "c"] * 6)},
            "y_test has the label c; y_train has a, b",
        ),
        ({"x_val": np.zeros((5, 3))}, "no array y_val"),
        ({"x_val": np.zeros((5, 2)), "y_val": np.zeros(5)}, "x_val of (2,); expected the same"),
        ({"y_train": np.full(40, -1)}, "the label -1"),
        ({"y_train": np.full(40, 123456)}, "the label 123456"),
        ({"y_test": np.full(12, 9)}, "label 9 in the test examples; training has 0 to 3"),
        ({"x_test": np.zeros((12, 5), np.float32)}, "expected the same"),
    ],
)
def test_a_bad_file_is_refused(changes: dict[str, object], expected: str, tmp_path: Path) -> None:
    path = write(tmp_path / "own.npz", **changes)
    for read in (data.load, data.inspect):  # `check` refuses what `run` refuses
        with pytest.raises(InputError) as caught:
            read(asked(path))
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


SORTED = np.repeat([0, 1, 2], [20, 10, 10])


def test_a_file_sorted_by_class_is_mixed(tmp_path: Path) -> None:
    x = np.arange(40, dtype=np.float32)[:, None]
    path = write(tmp_path / "own.npz", x_train=x, y_train=SORTED, x_test=x, y_test=SORTED)
    dataset = load(path, "data.validation=8", "data.train=20", "data.normalize=none")
    assert np.bincount(dataset.train.y).tolist() == [10, 5, 5]
    assert np.bincount(dataset.validation.y).tolist() == [4, 2, 2]
    for part in (dataset.train, dataset.validation):
        assert (SORTED[part.x.ravel().astype(int)] == part.y).all()
    assert not set(dataset.train.x.ravel()) & set(dataset.validation.x.ravel())
    assert dataset.uneven is None
    again = load(path, "data.validation=8", "data.train=20", "data.normalize=none", "seed=7")
    np.testing.assert_array_equal(again.train.x, dataset.train.x)


def test_parts_without_some_classes_are_told(tmp_path: Path) -> None:
    path = write(tmp_path / "own.npz", y_train=SORTED, y_test=np.arange(12) % 3)
    dataset = load(path, "data.validation=5", "data.shuffle=false")
    assert dataset.uneven is not None
    assert "no validation example of 2 of 3 classes (0, 1)" in dataset.uneven
    assert "data.shuffle: true" in dataset.uneven
    assert data.describe(dataset)["uneven"] == dataset.uneven
    assert data.inspect(asked(path, "data.validation=5", "data.shuffle=false")) == [dataset.uneven]
    behind = load(path, "data.validation=10", "data.train=25", "data.shuffle=false")
    assert "no train example of 1 of 3 classes (2)" in str(behind.uneven)


def test_shuffling_can_be_asked_of_any_data() -> None:
    plain, mixed = (
        data.load(parse(f"data: {{name: mnist_sample, shuffle: {s}}}")) for s in ("false", "true")
    )
    assert (plain.train.x[0] != mixed.train.x[0]).any()
    assert set(np.bincount(mixed.validation.y)) == {50}


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (lambda y: y.astype(float), None),
        (lambda y: y.astype(np.float32)[:, None], None),
        (lambda y: np.eye(4)[y], None),
        (lambda y: np.eye(4, dtype=bool)[y], None),
        (lambda y: np.array(["ape", "bee", "cat", "dog"])[y], ["ape", "bee", "cat", "dog"]),
        (lambda y: np.array([b"ape", b"bee", b"cat", b"dog"])[y], ["ape", "bee", "cat", "dog"]),
    ],
)
def test_labels_are_read_as_they_come(
    labels: Callable[[np.ndarray], np.ndarray], names: list[str] | None, tmp_path: Path
) -> None:
    y = np.arange(40) % 4
    path = write(tmp_path / "own.npz", y_train=labels(y), y_test=labels(y[:12]))
    dataset = load(path, "data.shuffle=false", "data.validation=0")
    assert dataset.train.y.tolist() == y.tolist()
    assert dataset.classes == 4
    assert data.describe(dataset)["class_names"] == names


def test_one_hot_labels_say_how_many_classes_there_are(tmp_path: Path) -> None:
    y = np.eye(5)[np.arange(40) % 4]
    assert load(write(tmp_path / "own.npz", y_train=y)).classes == 5


def test_own_validation_examples_are_used(tmp_path: Path) -> None:
    x = np.full((6, 3), 9.0, np.float32)
    path = write(tmp_path / "own.npz", x_val=x, y_val=np.arange(6) % 4)
    dataset = load(path, "data.normalize=none")
    assert (len(dataset.train.y), len(dataset.validation.y)) == (40, 6)
    assert (dataset.validation.x == 9.0).all()
    assert len(load(path, "data.validation=4", "data.train=40").validation.y) == 4
    with pytest.raises(InputError, match="7 requested; x_val has 6"):
        load(path, "data.validation=7")


def test_a_large_file_is_looked_at_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "CHECKED_BYTES", 240)  # 20 examples of 3 float32
    x = np.zeros((40, 3), np.float32)
    path = write(tmp_path / "own.npz", x_train=x, x_test=x[:12])
    (said,) = data.inspect(asked(path))
    assert said == "checked the first 20 of 40 examples in x_train; `run` checks all"
    x[3] = np.nan
    data._checked.cache_clear()
    with pytest.raises(InputError, match="x_train has 3 values that are NaN"):
        data.inspect(asked(write(path, x_train=x)))


def test_check_knows_a_files_classes(tmp_path: Path) -> None:
    path = write(tmp_path / "own.npz")
    layers = "network.layers=[{type: dense, units: 3, activation: softmax}]"
    with pytest.raises(InputError, match="3 output units, but the data has 4 classes"):
        data.inspect(asked(path, layers))


def test_a_damaged_file_is_not_the_fault_of_set(tmp_path: Path) -> None:
    write(tmp_path / "own.npz", x_train=np.full((40, 3), np.nan))
    config = parse("data: {name: file}", str(tmp_path / "c.yaml"), ["data.path=own.npz"])
    with pytest.raises(InputError) as caught:
        data.find(config)
    assert "NaN" in str(caught.value)
    assert "--set" not in str(caught.value)


def test_a_failed_download_is_not_tried_again_the_same_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerasdemo.backend import keras

    tried = []

    def refuse() -> None:
        tried.append(1)
        raise OSError("no network")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", refuse)
    monkeypatch.setattr(data, "_from_keras", data._from_keras.__wrapped__)
    config = parse("data: {name: mnist}")
    mark = tmp_path / "keras-home" / "datasets" / "mnist.unavailable.txt"
    for _ in range(2):
        with pytest.warns(data.SampleStandsIn, match="no network") as told:
            data.find(config)
        assert str(mark) in str(told[0].message)
    assert len(tried) == 1
    mark.unlink()
    with pytest.warns(data.SampleStandsIn):
        data.find(config)
    assert len(tried) == 2
    day_ago = mark.stat().st_mtime - data.RETRY_SECONDS
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
    with pytest.raises(InputError, match="fashion_mnist is not available"):
        data.load(parse("data: {name: fashion_mnist}"))


def test_the_fingerprint_is_of_the_content(tmp_path: Path, tiny: Callable[..., object]) -> None:
    first = load(write(tmp_path / "own.npz")).source.sha256
    np.savez_compressed(tmp_path / "own.npz", **dict(np.load(tmp_path / "own.npz")))
    assert load(tmp_path / "own.npz").source.sha256 == first
    changed = load(write(tmp_path / "own.npz", y_test=np.zeros(12, int))).source.sha256
    assert changed != first
