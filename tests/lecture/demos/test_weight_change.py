"""A change of a first-layer weight shrinks through sigmoid layers."""

import numpy as np
import pytest

from kerasdemo.lecture.demo import DemoContext
from kerasdemo.lecture.demos import weight_change


def test_a_change_shrinks_through_sigmoids() -> None:
    output = weight_change.intuition(DemoContext((0, 1)))
    assert output.claims[0].status == output.claims[2].status == "held"
    change = weight_change.change_weight("sigmoid", 0)
    assert (np.diff(change.by_layer) < 0).all()
    assert change.ratios[-1] == pytest.approx(change.gradient, rel=1e-3)
