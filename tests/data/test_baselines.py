"""What simple classifiers reach, on data where it is known."""

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
