"""Update rules by hand are the lecture's, and Keras' optimizers follow them."""

import numpy as np
import pytest

from kerasdemo.lecture.demo import DemoContext
from kerasdemo.lecture.demos.update_rules import (
    METHODS,
    descend_by_hand,
    descend_by_keras,
    update_rules,
)

START = np.array([1.0, -2.0])


def gradient(w: np.ndarray) -> np.ndarray:
    return np.array([6.0, 1.0]) * w


def test_the_first_steps_are_the_lectures() -> None:
    paths = {n: descend_by_hand(method, gradient, START, 0.1, 2) for n, method in METHODS.items()}
    g0 = gradient(START)
    np.testing.assert_allclose(paths["SGD"][1], START - 0.1 * g0)
    # v1 = -eta g0, v2 = 0.9 v1 - eta g1
    g1 = gradient(paths["momentum"][1])
    np.testing.assert_allclose(paths["momentum"][2], paths["momentum"][1] - 0.09 * g0 - 0.1 * g1)
    g1 = gradient(paths["Adagrad"][1])
    last = paths["Adagrad"][1] - 0.1 * g1 / np.sqrt(g0**2 + g1**2)
    np.testing.assert_allclose(paths["Adagrad"][2], last)
    g1 = gradient(paths["RMSProp"][1])
    last = paths["RMSProp"][1] - 0.1 * g1 / np.sqrt(0.9 * g0**2 + 0.1 * g1**2)
    np.testing.assert_allclose(paths["RMSProp"][2], last)
    for name in ("Adagrad", "RMSProp", "Adam"):  # whatever the gradient's size
        np.testing.assert_allclose(paths[name][1], START - 0.1 * np.sign(g0))


@pytest.mark.parametrize("name", METHODS)
def test_keras_with_its_defaults_is_the_rule_by_hand(name: str) -> None:
    method = METHODS[name]
    by_hand = descend_by_hand(method, gradient, START, 0.1, 8, method.keras_defaults)
    by_keras = descend_by_keras(
        method.optimizer(0.1), lambda w: 3 * w[0] ** 2 + 0.5 * w[1] ** 2, START, 8
    )
    np.testing.assert_allclose(by_keras, by_hand, atol=1e-5)


def test_every_rule_of_the_demo_is_keras() -> None:
    assert [claim.status for claim in update_rules(DemoContext()).claims] == ["held"] * 5
