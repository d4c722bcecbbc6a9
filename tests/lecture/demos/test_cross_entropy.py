"""Cross-entropy by hand is Keras', and its gradient is larger than that of mse."""

from typing import Any

import numpy as np
import pytest

from kerasdemo.lecture.demo import DemoContext
from kerasdemo.lecture.demos import cross_entropy, dense


def test_cross_entropy_by_hand_is_keras_and_steeper_than_mse(texts: Any) -> None:
    output = cross_entropy.softmax_cross_entropy(DemoContext())
    assert [claim.status for claim in output.claims] == ["held", "held"]
    assert any("0.8789" in line for line in output.lines)
    assert output.lines[-1].startswith("total loss L = sum of C = 1.534077")
    assert "0.90 against 0.018" in texts(output.figures["cross_entropy"])


def test_a_wrong_cross_entropy_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = np.array([0.12, 0.31, 1.10])
    monkeypatch.setattr(cross_entropy, "_keras_cross_entropy", lambda targets, outputs: wrong)
    assert cross_entropy.softmax_cross_entropy(DemoContext()).claims[0].status == "not held"
    swapped = {"cross-entropy": dense.MSE, "mean squared error": dense.CROSS_ENTROPY}
    monkeypatch.setattr(cross_entropy, "LOSSES", swapped)
    assert cross_entropy.softmax_cross_entropy(DemoContext()).claims[1].status == "not held"
