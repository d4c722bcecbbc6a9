"""The loss surface is that of the network, and the path descends on it."""

from typing import Any

import numpy as np
import pytest

from kerasdemo.lecture.demo import DemoContext
from kerasdemo.lecture.demos import loss_surface


@pytest.fixture(autouse=True)
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    text = loss_surface.CONFIG.replace("train: 500", "train: 100")
    monkeypatch.setattr(loss_surface, "CONFIG", text.replace("epochs: 30", "epochs: 2"))
    monkeypatch.setattr(loss_surface, "POINTS", 9)
    monkeypatch.setattr(loss_surface, "STEPS", 3)


def test_too_few_steps_do_not_reach_the_lowest_point(texts: Any) -> None:
    output = loss_surface.loss_surface(DemoContext())
    assert output.claims[0].status == "not held"
    drawn = texts(output.figures["loss_surface"])
    assert "start 1" in drawn and "total loss" in drawn and "weight of pixel (12, 18)" in drawn


def test_the_map_and_the_path_have_the_same_loss() -> None:
    total_loss = loss_surface._total_loss(0)
    path = loss_surface._descend(total_loss, (1.0, -2.0))
    axis = np.array([-2.0, 1.0], np.float32)
    # Rows are the second weight, columns the first.
    surface = loss_surface._surface(total_loss, axis)
    assert surface[0, 1] == pytest.approx(path.losses[0], rel=1e-5)
    eps = 0.05
    ends = [float(total_loss(np.array([1.0 + s * eps, -2.0], np.float32))) for s in (1, -1)]
    slope = (ends[0] - ends[1]) / (2 * eps)
    moved = path.weights[1, 0] - path.weights[0, 0]
    assert moved == pytest.approx(-loss_surface.LEARNING_RATE * slope, rel=0.02, abs=1e-3)
