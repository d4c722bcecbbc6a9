"""Update rules by hand and Keras' own, and what they do on the lecture's surfaces."""

import numpy as np
import pytest

from kerasdemo.lecture.demo import DemoContext
from kerasdemo.lecture.demos import surfaces
from kerasdemo.lecture.demos.update_rules import METHODS, by_hand, by_keras, update_rules

START = np.array([1.0, -2.0])


def slope(w: np.ndarray) -> np.ndarray:
    return np.array([6.0, 1.0]) * w


def test_the_first_steps_are_the_lectures() -> None:
    paths = {name: by_hand(method, slope, START, 0.1, 2) for name, method in METHODS.items()}
    g0 = slope(START)
    np.testing.assert_allclose(paths["SGD"][1], START - 0.1 * g0)
    # v1 = -eta g0, v2 = 0.9 v1 - eta g1
    g1 = slope(paths["momentum"][1])
    np.testing.assert_allclose(paths["momentum"][2], paths["momentum"][1] - 0.09 * g0 - 0.1 * g1)
    g1 = slope(paths["Adagrad"][1])
    last = paths["Adagrad"][1] - 0.1 * g1 / np.sqrt(g0**2 + g1**2)
    np.testing.assert_allclose(paths["Adagrad"][2], last)
    g1 = slope(paths["RMSProp"][1])
    last = paths["RMSProp"][1] - 0.1 * g1 / np.sqrt(0.9 * g0**2 + 0.1 * g1**2)
    np.testing.assert_allclose(paths["RMSProp"][2], last)
    for name in ("Adagrad", "RMSProp", "Adam"):  # whatever the gradient's size
        np.testing.assert_allclose(paths[name][1], START - 0.1 * np.sign(g0))


@pytest.mark.parametrize("name", METHODS)
def test_keras_with_its_own_starts_is_the_rule_by_hand(name: str) -> None:
    method = METHODS[name]
    own = by_hand(method, slope, START, 0.1, 8, method.own)
    keras = by_keras(method.optimizer(0.1), lambda w: 3 * w[0] ** 2 + 0.5 * w[1] ** 2, START, 8)
    np.testing.assert_allclose(keras, own, atol=1e-5)


def test_every_rule_of_the_demo_is_keras_own() -> None:
    shown = update_rules(DemoContext())
    assert [one.status for one in shown.claims] == ["held"] * 5


@pytest.mark.parametrize("surface", [surfaces.BOWL, surfaces.BANANA, surfaces.CURVE])
def test_a_surfaces_slope_is_its_own(surface: surfaces.Surface) -> None:
    w, small = np.array(surface.start) * 0.7, 1e-6
    steps = small * np.eye(len(w))
    measured = [(surface.value(w + s) - surface.value(w - s)) / (2 * small) for s in steps]
    np.testing.assert_allclose(surface.slope(w), measured, rtol=1e-5)


def test_the_rate_by_weight_is_the_step_over_the_gradient() -> None:
    path = by_hand(
        METHODS["RMSProp"],
        surfaces.BANANA.slope,
        np.array(surfaces.BANANA.start),
        0.05,
        20,
        METHODS["RMSProp"].own,
    )
    rates = surfaces.rates_by_weight(path, surfaces.BANANA, "RMSProp")
    taken = -np.diff(path, axis=0) / surfaces.BANANA.slope(path[:-1])
    np.testing.assert_allclose(rates, taken, rtol=1e-4)


def test_the_best_rate_is_better_than_its_neighbours() -> None:
    rate, height = surfaces.BOWL.best("SGD")
    assert 0.5 < rate < 1.0  # beyond 1 the steep direction diverges
    assert height < float(surfaces.BOWL.value(np.array(surfaces.BOWL.start)))


def test_the_demo_on_surfaces(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_formula(surface: surfaces.Surface) -> dict[str, np.ndarray]:
        # Keras itself is compared with the rules above; here they are a hundred times as fast.
        return {
            name: by_hand(
                method,
                surface.slope,
                np.array(surface.start),
                surface.rates[name],
                surface.steps,
                method.own,
            )
            for name, method in METHODS.items()
        }

    monkeypatch.setattr(surfaces.Surface, "paths", by_formula)
    shown = surfaces.optimizers_on_surfaces(DemoContext())
    assert set(shown.figures) == {"bowl", "banana", "local_minimum"}
    said = {one.statement: one.status for one in shown.claims}
    assert said["momentum rolls over the local minimum, SGD stays in it"] == "held"
    # The statement that the lecture's picture does not support at every rate.
    assert (
        said["each at its best rate, RMSProp gets lower down the banana than Adagrad"] == "not held"
    )
