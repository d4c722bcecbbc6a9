"""Keras' penalties are the lecture's update rules."""

from typing import Any

import pytest

from kerasdemo.lecture.demos import regularization


def test_updates_of_keras_are_the_formulas() -> None:
    claims = list(regularization._update_rules())
    assert [claim.status for claim in claims] == ["held", "held"]


@pytest.mark.slow
def test_weight_histograms(train: Any) -> None:
    penalties = {name: [f"network.regularizer.{name}=0.05"] for name in ("l1", "l2")}
    context = train({"none": [], **penalties})
    weights = regularization.all_weights(context.runs["none"][0])
    assert len(weights) == 784 * 12 + 12 * 12 + 12 * 10
    output = regularization.weight_histograms(context)
    statuses = [claim.status for claim in output.claims]
    assert len(statuses) == 5
    assert statuses[:2] == ["held", "held"]  # the formulas
    assert set(output.figures) == {"weights"}
