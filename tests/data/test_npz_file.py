"""Files: every fault is reported, labels are read in every usual form."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from kerasdemo import data
from kerasdemo.config import InputError, parse
from kerasdemo.data import loading, npz_file
from tests.factories import file_config, write_npz


def load_file(path: Path, *overrides: str) -> data.Dataset:
    return data.load(file_config(path, *overrides))


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
        ({"y_train": np.full(40, 0.5)}, "y_train has 0.5 in every row of column 0"),
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
    path = write_npz(tmp_path / "own.npz", **changes)
    for read in (data.load, data.check):  # `check` refuses what `run` refuses
        with pytest.raises(InputError) as caught:
            read(file_config(path))
        assert expected in str(caught.value)
        assert "c.yaml:1: data.path: " in str(caught.value)


def test_a_file_that_is_no_npz_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.npz").write_text("no archive")
    with pytest.raises(
        InputError, match=r"own\.npz: File is not a zip file \(expected an \.npz file"
    ):
        load_file(tmp_path / "own.npz")


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
def test_labels_are_read_in_every_usual_form(
    labels: Callable[[np.ndarray], np.ndarray], names: list[str] | None, tmp_path: Path
) -> None:
    y = np.arange(40) % 4
    path = write_npz(tmp_path / "own.npz", y_train=labels(y), y_test=labels(y[:12]))
    dataset = load_file(path, "data.shuffle=false", "data.validation=0")
    assert dataset.train.y.tolist() == y.tolist()
    assert dataset.classes == 4
    assert data.describe(dataset)["class_names"] == names


def test_one_hot_labels_give_the_number_of_classes(tmp_path: Path) -> None:
    y = np.eye(5)[np.arange(40) % 4]
    assert load_file(write_npz(tmp_path / "own.npz", y_train=y)).classes == 5


def test_of_a_large_file_a_part_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "CHECKED_BYTES", 240)  # 20 examples of 3 float32
    x = np.zeros((40, 3), np.float32)
    path = write_npz(tmp_path / "own.npz", x_train=x, x_test=x[:12])
    (remark,) = data.check(file_config(path))
    assert remark == "checked the first 20 of 40 examples in x_train; `run` checks all"
    x[3] = np.nan
    npz_file._read_checked.cache_clear()
    with pytest.raises(InputError, match="x_train has 3 values that are NaN"):
        data.check(file_config(write_npz(path, x_train=x)))


def test_the_fingerprint_is_of_the_content(tmp_path: Path) -> None:
    first = load_file(write_npz(tmp_path / "own.npz")).source.sha256
    np.savez_compressed(tmp_path / "own.npz", **dict(np.load(tmp_path / "own.npz")))
    assert load_file(tmp_path / "own.npz").source.sha256 == first
    changed = load_file(write_npz(tmp_path / "own.npz", y_test=np.zeros(12, int))).source.sha256
    assert changed != first


def load_task(path: Path, *overrides: str) -> data.Dataset:
    """Load a file under a loss for its targets."""
    text = f"data: {{name: file, path: {path.name}}}\nloss: mean_squared_error"
    return data.load(parse(text, str(path.parent / "c.yaml"), overrides))


@pytest.mark.parametrize("columns", [1, 3])
def test_numbers_are_regression(columns: int, tmp_path: Path) -> None:
    y = np.random.default_rng(0).normal(size=(40, columns))
    y = y[:, 0] if columns == 1 else y
    path = write_npz(tmp_path / "own.npz", y_train=y, y_test=y[:12])
    dataset = load_task(path, "data.shuffle=false", "data.validation=0")
    assert (dataset.targets, dataset.outputs, dataset.classes) == ("regression", columns, None)
    assert dataset.train.y.dtype == np.float32
    np.testing.assert_allclose(dataset.train.y, y.reshape(40, columns), rtol=1e-6)


def test_whole_numbers_are_classes_unless_the_config_says_regression(tmp_path: Path) -> None:
    y = np.arange(40) * 1000
    path = write_npz(tmp_path / "own.npz", y_train=y, y_test=y[:12] + 7)
    with pytest.raises(InputError, match=r"the label 39000; .* \(numbers: data.task: regression\)"):
        load_task(path)
    dataset = load_task(path, "data.task=regression")
    assert dataset.targets == "regression"
    assert sorted(dataset.test.y[:, 0] % 1000) == [7.0] * 12


def test_several_ones_in_a_row_are_labels(tmp_path: Path) -> None:
    y = np.array([[1, 1, 0], [0, 0, 1], [0, 0, 0], [0, 1, 1]] * 10)
    names = np.array(["cat", "dog", "outdoors"])
    write_npz(tmp_path / "own.npz", y_train=y, y_test=y[:12], label_names=names)
    text = "data: {name: file, path: own.npz}\nloss: binary_crossentropy"
    dataset = data.load(parse(text, str(tmp_path / "c.yaml")))
    assert (dataset.targets, dataset.outputs) == ("multi_label", 3)
    assert dataset.names == ("cat", "dog", "outdoors")
    assert dataset.train.y.dtype == np.int64
    shares = [part.y.mean(axis=0) for part in (dataset.train, dataset.validation, dataset.test)]
    np.testing.assert_allclose(shares, np.full((3, 3), [0.25, 0.5, 0.5]), atol=0.13)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {"y_train": np.where(np.arange(40) == 3, np.inf, np.arange(40) / 7)},
            "y_train has inf in row 3, column 0 (from 0); expected numbers of float32",
        ),
        (
            {"y_train": np.where(np.arange(40) > 30, 1e300, np.arange(40) / 7)},
            "y_train has 1e+300 in row 31, column 0 (from 0), and 8 more like it",
        ),
        ({"y_train": np.full((40, 2), 0.5)}, "0.5 in every row of column 0 (from 0)"),
        (
            {"y_train": np.random.default_rng(0).normal(size=(40, 2))},
            "y_train has 2 columns, y_test 1",
        ),
        (
            {"y_train": np.arange(40) / 7, "y_test": np.array(["a"] * 12)},
            "y_test has dtype <U1; expected a row of numbers",
        ),
        (
            {"y_train": np.arange(40) / 7, "target_names": np.array(["a", "b"])},
            "target_names has shape (2,) and dtype <U1; expected 1 texts",
        ),
        (
            {"y_train": np.arange(40) / 7, "target_names": PICKLED[:1]},
            "allow_pickle=False",
        ),
    ],
)
def test_bad_numbers_are_named_by_array_and_row(
    changes: dict[str, np.ndarray], expected: str, tmp_path: Path
) -> None:
    path = write_npz(tmp_path / "own.npz", **({"y_test": np.arange(12) / 7} | changes))
    with pytest.raises(InputError) as caught:
        load_task(path)
    assert expected in str(caught.value)


def test_a_label_that_is_neither_0_nor_1_is_named(tmp_path: Path) -> None:
    y = np.array([[1, 1], [0, 1]] * 20)
    bad = y.copy()
    bad[5, 1] = 2
    write_npz(tmp_path / "own.npz", y_train=y, y_test=bad[:12])
    text = "data: {name: file, path: own.npz}\nloss: binary_crossentropy"
    with pytest.raises(InputError, match=r"y_test has 2 in row 5, column 1 \(from 0\); expected 0"):
        data.load(parse(text, str(tmp_path / "c.yaml")))
