"""Initial weights, and what a network can represent."""

import pytest

from kerasdemo.config.layers import Layer
from kerasdemo.diagnosis import RunFeatures, Verdict, diagnose
from kerasdemo.diagnosis.rules.network import find_initial_sd
from tests.factories import MakeRun, dense, make_python_run, mnist_config


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


def linear(*between: Layer, structure: str = "chain") -> Verdict:
    """Two hidden layers without an activation of their own, and layers between them."""
    network = (
        dense("dense", 64, 8, "linear"),
        *between,
        dense("dense_1", 64, 64, "linear"),
        dense("dense_2", 3, 64, "softmax"),
    )
    setup = {"structure": structure}
    stuck = {"loss": [1.1] * 12, "accuracy": [0.4] * 12}
    return diagnose(make_python_run(network=network, setup=setup, **stuck))


@pytest.mark.parametrize(
    ("kind", "is_linear"),
    [
        ("dropout", True),
        ("spatial_dropout1d", True),
        ("average_pooling2d", True),
        ("lambda", False),
        ("my_square", False),
        ("multiply", False),
        ("max_pooling2d", False),
        ("re_lu", False),
    ],
)
def test_hidden_layers_are_linear_where_nothing_between_can_bend(
    kind: str, is_linear: bool
) -> None:
    verdict = linear(Layer("between", kind, (64,), (64,)))
    assert any("linear" in cause.text for cause in verdict.causes) == is_linear


@pytest.mark.parametrize("structure", ["graph", "code"])
def test_layers_that_are_no_chain_are_not_called_linear(structure: str) -> None:
    assert not any("linear" in cause.text for cause in linear(structure=structure).causes)


def test_few_parameters_are_no_cause_beside_a_surer_one() -> None:
    network = (
        dense("dense", 16, 8, kernel_initializer={"name": "zeros"}),
        dense("out", 3, 16, "softmax"),
    )
    stuck = {"loss": [1.1] * 12, "accuracy": [0.4] * 12}
    facts = {"parameters": 195}
    alone = make_python_run(network=(dense("dense", 16, 8), network[1]), facts=facts, **stuck)
    assert "network_too_small" in [cause.name for cause in diagnose(alone).causes]
    verdict = diagnose(make_python_run(network=network, facts=facts, **stuck))
    assert verdict.causes[0].name == "bad_initialization"
    assert not {"network_too_small", "too_few_updates"} & {cause.name for cause in verdict.causes}
