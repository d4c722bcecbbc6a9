"""Maxout: the slide's numbers, and the shapes of trained units."""

from typing import Any

import numpy as np
import pytest

from kerasdemo.lecture.demo import DemoContext
from kerasdemo.lecture.demos import maxout


def test_the_slides_numbers() -> None:
    first, passed, second, out = maxout.slide_values()
    assert (first.tolist(), passed.tolist()) == ([5, 7, -1, 1], [7, 1])
    assert (second.tolist(), out.tolist()) == ([1, 2, 4, 3], [2, 4])
    output = maxout.maxout_numbers(DemoContext())
    assert [claim.status for claim in output.claims] == ["held", "held"]


def test_pieces_are_counted_along_a_line() -> None:
    share = np.linspace(-1, 1, 21)
    bent = np.stack([share, -share, 0.5 * share - 5], axis=1)  # the third is never the largest
    straight = np.stack([share, share - 1, share - 2], axis=1)
    values = np.stack([bent, straight], axis=1)  # (points, units, pieces)
    assert maxout.count_pieces(values).tolist() == [2, 1]


@pytest.mark.slow
def test_trained_units_are_convex(train: Any) -> None:
    context = train({"pieces_3": ["network.activation=maxout", "network.maxout_pieces=3"]})
    layer = maxout.load_maxout(context.runs["pieces_3"][0])
    assert (layer.kernel.shape, layer.pieces) == ((784, 12, 3), 3)
    output = maxout.maxout_shapes(context)
    assert output.claims[0].status == "held"  # convex, of at most three pieces
    assert set(output.figures) == {"learned_shapes"}
