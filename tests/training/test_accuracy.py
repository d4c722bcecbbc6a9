"""An answer is right or wrong, once for each example, whatever the output is like."""

import numpy as np
import pytest

from kerasdemo.config import parse
from kerasdemo.training import network


@pytest.mark.parametrize(
    "loss",
    ["binary_crossentropy", "hinge", "categorical_crossentropy", "sparse_categorical_crossentropy"],
)
def test_right_answers_have_keras_accuracy_as_their_mean(loss: str) -> None:
    asked = parse(f"data: {{name: circles}}\nnetwork: {{depth: 1, units: 4}}\nloss: {loss}\n")
    built = network.build(asked, (2,), 2)
    rng = np.random.default_rng(0)
    x, classes = rng.normal(size=(40, 2)).astype("float32"), rng.integers(0, 2, 40)
    y = network.encode(network.targets(asked, built), classes, 2)
    right = np.asarray(network.is_right(asked, built)(y, built(x)))
    assert right.shape == (40,)
    _, accuracy = built.evaluate(x, y, verbose=0)
    assert right.mean() == pytest.approx(accuracy)
