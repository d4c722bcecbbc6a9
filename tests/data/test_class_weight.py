"""Class weights: each training example has its class's."""

from pathlib import Path

import numpy as np
import pytest

from kerasdemo import data
from kerasdemo.config import InputError, RunConfig, parse
from kerasdemo.data.class_weight import example_weights

CLASSES = ["bird", "cat", "dog"]


@pytest.fixture
def named(tmp_path: Path) -> str:
    """A file with three quarters of birds."""
    y = np.array(CLASSES)[np.array([0, 0, 0, 0, 0, 0, 1, 2] * 10)]
    x = np.zeros((80, 2), np.float32)
    np.savez(tmp_path / "animals.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    path = tmp_path / "animals.npz"
    return f"data: {{name: file, path: {path}, validation: 0, shuffle: false}}\n"


def weights(text: str) -> tuple[RunConfig, np.ndarray, np.ndarray]:
    config = parse(text)
    dataset = data.load(config)
    found = example_weights(config, dataset)
    assert found is not None
    return config, found, dataset.train.y


def test_without_weights_all_count_alike() -> None:
    config = parse("data: {name: blobs}")
    assert example_weights(config, data.load(config)) is None


def test_balanced_classes_weigh_the_same(named: str) -> None:
    _, found, y = weights(named + "training: {class_weight: balanced}")
    sums = [found[y == number].sum() for number in range(3)]
    assert sums == pytest.approx([80 / 3] * 3)
    # As scikit-learn's compute_class_weight: n / (classes * count).
    assert sorted(set(found.tolist())) == pytest.approx([80 / (3 * 60), 80 / (3 * 10)])
    assert found.dtype == np.float32


def test_classes_are_given_by_name(named: str) -> None:
    _, found, y = weights(named + "training: {class_weight: {cat: 3, dog: 0}}")
    assert [found[y == number][0] for number in range(3)] == [1, 3, 0]


def test_classes_are_given_by_number() -> None:
    _, found, y = weights("data: {name: blobs}\ntraining: {class_weight: {2: 0.5}}")
    assert [found[y == number][0] for number in range(3)] == [1, 1, 0.5]


def test_an_unknown_name_is_a_fault(named: str) -> None:
    config = parse(named + "training: {class_weight: {cats: 3}}", "animals.yaml")
    with pytest.raises(InputError) as error:
        example_weights(config, data.load(config))
    assert str(error.value) == (
        "animals.yaml:2: training.class_weight.cats: unknown class 'cats'; did you mean 'cat'?; "
        "expected one of: bird, cat, dog"
    )


BUNDLED = Path(__file__).parent.parent.parent / "configs" / "data"


@pytest.mark.parametrize(
    "text",
    [
        f"data: {{name: csv, path: {BUNDLED}/penguins.csv, target: species, missing: impute}}\n",
        f"data: {{name: image_folder, path: {BUNDLED}/shapes, image_size: 8}}\n",
        None,
    ],
)
def test_check_names_an_unknown_class(text: str | None, named: str) -> None:
    config = parse(f"{text or named}training: {{class_weight: {{Gentooo: 3}}}}")
    with pytest.raises(InputError, match=r"class_weight\.Gentooo: unknown class 'Gentooo'"):
        data.check(config)
