"""Initial weights."""

import pytest

from kerasdemo.diagnosis import RunFeatures
from kerasdemo.diagnosis.rules.network import find_initial_sd
from tests.factories import MakeRun, mnist_config


@pytest.mark.parametrize(
    ("initializer", "sd"),
    [
        ("he_normal", (2 / 784) ** 0.5),
        ("glorot_uniform", (2 / (784 + 500)) ** 0.5),
        ("lecun_normal", (1 / 784) ** 0.5),
        ("{name: random_uniform, minval: -0.1, maxval: 0.1}", 0.2 / 12**0.5),
    ],
)
def test_initial_sd(run: MakeRun, initializer: str, sd: float) -> None:
    features = RunFeatures(run(mnist_config(f"initializer: {initializer}")))
    assert find_initial_sd(features.network[0]) == pytest.approx(sd)
