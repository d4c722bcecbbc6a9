"""The parts of a dense network by hand."""

import numpy as np
import pytest

from kerasdemo.lecture.demos import dense

ELEMENTWISE = sorted(set(dense.ACTIVATIONS) - {"softmax"})


@pytest.mark.parametrize("activation", ELEMENTWISE)
def test_the_slope_of_each_activation(activation: str) -> None:
    z = np.array([[-7.3, -2.1, -0.4, 0.3, 1.7, 5.2, 8.9]])
    made = dense.ACTIVATIONS[activation]()
    slope = made.back(z, made.value(z), np.ones_like(z))
    eps = 1e-6
    numeric = (made.value(z + eps) - made.value(z - eps)) / (2 * eps)
    np.testing.assert_allclose(slope, numeric, rtol=1e-5, atol=1e-8)
