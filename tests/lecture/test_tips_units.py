"""Maxout, activations and dropout: the slides' numbers, without training."""

import itertools

import numpy as np
import pytest

from kerasdemo.lecture.demo import DemoContext, status_above, status_of
from kerasdemo.lecture.demos import activations, dropout, maxout


def test_a_status_follows_its_numbers() -> None:
    assert (status_of(True), status_of(False)) == ("held", "not held")
    assert status_above([1.0, 1.1, 0.9]) == "held"
    assert status_above([-1.0, -1.1, -0.9]) == "not held"
    assert status_above([1.0, -1.1, 0.9]) == "undecided"
    assert status_above([1.0]) == "undecided"  # one seed tells no spread
    assert status_above([1.0, 1.1, 0.9], least=2.0) == "not held"


def test_the_slides_maxout_numbers() -> None:
    first, passed, second, out = maxout._through_the_slide()
    assert (first.tolist(), passed.tolist()) == ([5, 7, -1, 1], [7, 1])
    assert (second.tolist(), out.tolist()) == ([1, 2, 4, 3], [2, 4])
    shown = maxout.maxout_numbers(DemoContext())
    assert [one.status for one in shown.claims] == ["held", "held"]


def test_pieces_are_counted_along_a_line() -> None:
    share = np.linspace(-1, 1, 21)
    bent = np.stack([share, -share, 0.5 * share - 5], axis=1)  # the third never wins
    straight = np.stack([share, share - 1, share - 2], axis=1)
    values = np.stack([bent, straight], axis=1)  # (steps, units, pieces)
    assert maxout.pieces_used(values).tolist() == [2, 1]


def test_a_change_shrinks_through_sigmoids() -> None:
    shown = activations.intuition(DemoContext((0, 1)))
    assert shown.claims[0].status == shown.claims[2].status == "held"
    followed = activations.follow("sigmoid", 0)
    assert (np.diff(followed.by_layer) < 0).all()
    assert followed.ratios[-1] == pytest.approx(followed.gradient, rel=1e-3)


def test_a_thin_network_is_the_whole_one_for_its_example() -> None:
    rng = np.random.default_rng(0)
    sizes = [6, 8, 7, 3]
    kernels = [rng.standard_normal(shape) for shape in itertools.pairwise(sizes)]
    biases = [rng.standard_normal(size) for size in sizes[1:]]
    x = rng.standard_normal(6)
    one = activations.thin(kernels, biases, x)
    np.testing.assert_allclose(one.linear, one.whole)
    assert [len(layer) for layer in one.active] == [8, 7]
    by_hand = np.maximum(np.maximum(x @ kernels[0] + biases[0], 0) @ kernels[1] + biases[1], 0)
    np.testing.assert_allclose(one.whole, by_hand @ kernels[2] + biases[2])


def test_the_linear_ensemble_is_exact() -> None:
    shown = dropout.linear_ensemble(DemoContext((0, 1, 2)))
    assert [one.status for one in shown.claims] == ["held"] * 4
    mean, halved = dropout.every_mask(
        dropout.ACTIVATIONS["linear"], np.array([1.0, 2.0]), np.array([3.0, 5.0])
    )
    assert mean == halved == 6.5  # (13 + 10 + 3 + 0) / 4
    mean, halved = dropout.every_mask(
        dropout.ACTIVATIONS["relu"], np.array([1.0, 2.0]), np.array([3.0, -5.0])
    )
    assert (mean, halved) == (0.75, 0.0)  # (0 + 0 + 3 + 0) / 4


def test_dropout_as_keras_does_it() -> None:
    shown = dropout.dropout_masks(DemoContext((0, 1)))
    assert [one.status for one in shown.claims] == ["held"] * 3


def test_sampling_noise_is_no_difference() -> None:
    rng = np.random.default_rng(0)
    scaled = rng.standard_normal((50, 10))
    members = scaled + rng.standard_normal((400, 50, 10))
    assert dropout._bias(members, scaled) < 0.02  # the noise of the mean alone is 0.05
    assert dropout._bias(members + 0.5, scaled) == pytest.approx(0.5, abs=0.02)
