"""What the optimizers do on the lecture's surfaces."""

import numpy as np
import pytest

from kerasdemo.lecture.demo import DemoContext
from kerasdemo.lecture.demos import surfaces
from kerasdemo.lecture.demos.update_rules import METHODS, descend_by_hand


@pytest.mark.parametrize("surface", [surfaces.BOWL, surfaces.BANANA, surfaces.CURVE])
def test_the_gradient_is_that_of_the_value(surface: surfaces.Surface) -> None:
    w, small = np.array(surface.start) * 0.7, 1e-6
    steps = small * np.eye(len(w))
    measured = [(surface.value(w + s) - surface.value(w - s)) / (2 * small) for s in steps]
    np.testing.assert_allclose(surface.gradient(w), measured, rtol=1e-5)


def test_the_rate_by_weight_is_the_step_over_the_gradient() -> None:
    banana, method = surfaces.BANANA, METHODS["RMSProp"]
    start = np.array(banana.start)
    path = descend_by_hand(method, banana.gradient, start, 0.05, 20, method.keras_defaults)
    rates = surfaces.rates_by_weight(path, banana, "RMSProp")
    taken = -np.diff(path, axis=0) / banana.gradient(path[:-1])
    np.testing.assert_allclose(rates, taken, rtol=1e-4)


def test_the_best_rate_of_sgd_is_below_the_one_that_diverges() -> None:
    rate, height = surfaces.BOWL.best_rate("SGD")
    assert 0.5 < rate < 1.0  # beyond 1 the steep direction diverges
    assert height < float(surfaces.BOWL.value(np.array(surfaces.BOWL.start)))


def test_the_demo_on_surfaces(monkeypatch: pytest.MonkeyPatch) -> None:
    def paths_by_hand(surface: surfaces.Surface) -> dict[str, np.ndarray]:
        # A hundred times as fast as Keras, which is compared with the rules in test_update_rules.
        start, steps = np.array(surface.start), surfaces.STEPS
        return {
            name: descend_by_hand(
                method, surface.gradient, start, surface.rate(name), steps, method.keras_defaults
            )
            for name, method in METHODS.items()
        }

    monkeypatch.setattr(surfaces.Surface, "paths", paths_by_hand)
    output = surfaces.optimizers_on_surfaces(DemoContext())
    assert set(output.figures) == {"bowl", "banana", "local_minimum"}
    statuses = {claim.statement: claim.status for claim in output.claims}
    assert statuses["momentum rolls over the local minimum, SGD stays in it"] == "held"
    # The statement that the lecture's figure does not support at every rate.
    lower = "each at its best rate, RMSProp gets lower down the banana than Adagrad"
    assert statuses[lower] == "not held"
