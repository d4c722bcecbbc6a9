"""For one example a ReLU network is a linear network of its active units."""

import itertools
from typing import Any

import numpy as np

from kerasdemo.lecture.demos import thin_network


def test_a_thin_network_is_the_whole_one_for_its_example() -> None:
    rng = np.random.default_rng(0)
    sizes = [6, 8, 7, 3]
    kernels = [rng.standard_normal(shape) for shape in itertools.pairwise(sizes)]
    biases = [rng.standard_normal(size) for size in sizes[1:]]
    x = rng.standard_normal(6)
    thin = thin_network.restrict(kernels, biases, x)
    np.testing.assert_allclose(thin.linear, thin.whole)
    assert [len(layer) for layer in thin.active] == [8, 7]
    a = np.maximum(np.maximum(x @ kernels[0] + biases[0], 0) @ kernels[1] + biases[1], 0)
    np.testing.assert_allclose(thin.whole, a @ kernels[2] + biases[2])


def test_trained_thin_networks_are_linear(train: Any) -> None:
    output = thin_network.thin_network(train({"relu": ["network.activation=relu"]}))
    assert output.claims[0].status == "held"  # linear
    assert set(output.figures) == {"active_units"}
