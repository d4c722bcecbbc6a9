"""Gradients vanish in a deep sigmoid network, and not in one of ReLUs."""

from typing import Any

import numpy as np
import pytest

from kerasdemo.lecture.demos import vanishing


@pytest.mark.slow
def test_gradients_by_layer(train: Any) -> None:
    context = train(
        {name: [f"network.activation={name}", "network.depth=5"] for name in ("sigmoid", "relu")}
    )
    run = context.runs["sigmoid"][0]
    norms = vanishing.log_norms(run)
    assert norms.shape == (6, 2)
    assert norms[0, 0] == pytest.approx(np.log10(run.layers["dense_1"].gradient_norm[0]))
    falls = {
        name: [norms[-2, 0] - norms[0, 0] for norms in map(vanishing.log_norms, runs)]
        for name, runs in context.runs.items()
    }
    assert min(falls["sigmoid"]) > max(falls["relu"])
    output = vanishing.gradients_by_layer(context)
    assert output.claims[0].status != "held"  # five layers are not thousandfold
    assert set(output.figures) == {"gradient_norms"}
