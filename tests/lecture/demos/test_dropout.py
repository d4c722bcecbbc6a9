"""Dropout as Keras does it, and its exact mean for a single unit."""

import numpy as np

from kerasdemo.lecture.demo import DemoContext
from kerasdemo.lecture.demos import dense, dropout


def test_dropout_as_keras_does_it() -> None:
    output = dropout.dropout_masks(DemoContext((0, 1)))
    assert [claim.status for claim in output.claims] == ["held"] * 3


def test_the_linear_ensemble_is_exact() -> None:
    output = dropout.linear_ensemble(DemoContext((0, 1, 2)))
    assert [claim.status for claim in output.claims] == ["held"] * 4
    linear, relu = (dense.ACTIVATIONS[name]().value for name in ("linear", "relu"))
    w = np.array([1.0, 2.0])
    # (13 + 10 + 3 + 0) / 4
    assert dropout.average_over_masks(linear, w, np.array([3.0, 5.0])) == (6.5, 6.5)
    # (0 + 0 + 3 + 0) / 4
    assert dropout.average_over_masks(relu, w, np.array([3.0, -5.0])) == (0.75, 0.0)
