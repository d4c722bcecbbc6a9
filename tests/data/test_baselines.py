"""What simple models reach, on data where it is known; and which labels they take for wrong."""

import numpy as np
import pytest

from kerasdemo import data
from kerasdemo.config import parse
from kerasdemo.data import baselines


def dataset(text: str) -> data.Dataset:
    return data.load(parse(f"data: {text}\n"))


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        # Circles 0.2 apart with noise of sd 0.1 along the radius: 84 % is all there is.
        ("{name: circles, train: 2000}", 0.78, 0.88),
        ("{name: blobs}", 0.9, 1.0),
        ("{name: mnist_sample}", 0.9, 1.0),
        # Divisibility is nothing that neighboring bit patterns share.
        ("{name: fizzbuzz}", 0.1, 0.6),
    ],
)
def test_neighbors_know_what_noise_allows(text: str, low: float, high: float) -> None:
    accuracy = baselines.neighbor_accuracy(dataset(text))
    assert accuracy is not None
    assert low < accuracy < high


def test_a_line_does_blobs_but_no_circles() -> None:
    blobs = baselines.linear_accuracy(dataset("{name: blobs}"))
    circles = baselines.linear_accuracy(dataset("{name: circles}"))
    assert blobs is not None
    assert circles is not None
    assert blobs["train"] > 0.9 > 0.6 > circles["train"]


def test_too_few_examples_have_no_neighbors() -> None:
    few = "{name: mnist_sample, train: 20, validation: 0}"
    assert baselines.neighbor_accuracy(dataset(few)) is None


def label_noise(x: np.ndarray, y: np.ndarray, classes: int) -> float | None:
    """Return the share of labels that neighbors take for wrong; None where they can't tell."""
    part = data.Part(x.astype(np.float32), y)
    nothing = data.Part(part.x[:0], y[:0])
    problem = baselines.Problem(
        part, nothing, "classification", classes, key=x.tobytes() + bytes(y)
    )
    found = baselines.find_neighbors(problem)
    assert found is not None
    return found.label_noise and found.label_noise[0]


def replaced(y: np.ndarray, classes: int, share: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    is_wrong = rng.random(len(y)) < share
    return np.where(is_wrong, (y + rng.integers(1, classes, len(y))) % classes, y)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.2])
@pytest.mark.parametrize("text", ["{name: mnist_sample}", "{name: blobs, train: 2000}"])
def test_labels_that_are_wrong_are_counted(text: str, share: float) -> None:
    part, classes = dataset(text).train, dataset(text).classes
    found = label_noise(part.x, replaced(part.y, classes, share, 1), classes)
    # 1,000 queries, of which a quarter counts: a standard error of 0.02.
    assert found == pytest.approx(share, abs=0.05)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))]
)
@pytest.mark.parametrize("distance", [0.0, 0.5, 1.0, 1.3, 2.0, 3.0])
def test_classes_that_overlap_are_no_noise(distance: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 2, 3000)
    x = rng.normal(size=(3000, 2))
    x[:, 0] += distance * y
    found = label_noise(x, y, 2)
    assert found is None if distance <= 1 else (found or 0.0) < 0.08


def test_neighbors_that_know_nothing_do_not_tell_noise() -> None:
    fizzbuzz = dataset("{name: fizzbuzz}")
    assert label_noise(fizzbuzz.train.x, fizzbuzz.train.y, 4) is None
    few = dataset("{name: blobs, train: 60}").train
    assert label_noise(few.x, few.y, 3) is None
    assert label_noise(few.x, np.zeros(60, int), 2) is None
