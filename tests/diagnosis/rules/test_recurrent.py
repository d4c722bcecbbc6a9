"""Recurrent networks, on records written by hand."""

import math
from typing import Any

import pytest

from kerasdemo.config.layers import Layer
from kerasdemo.diagnosis import diagnose
from kerasdemo.records import Run
from tests.factories import dense, falling, make_python_run, rising

BASELINE = {"linear_baseline": {"train": 0.8, "validation": 0.8}}
STUCK = {"loss": falling(1.1, 0.9), "accuracy": rising(0.4, 0.5)}


def recurrent(kind: str, activation: str = "tanh", steps: int | None = 100, **more: Any) -> Run:
    arguments = {
        "units": 32,
        "activation": activation,
        "kernel_initializer": {"name": "glorot_uniform"},
        "return_sequences": False,
    }
    layer = Layer(kind, kind, (steps, 3), (32,), arguments, 1200)
    return make_python_run(network=(layer, dense("head", 3, 32, "softmax")), data=BASELINE, **more)


def test_a_recurrent_network_that_breaks_explodes() -> None:
    broken: dict[str, Any] = {"loss": [1.1, math.nan], "accuracy": [0.4, 0.4]}
    verdict = diagnose(recurrent("simple_rnn", "relu", **broken, facts={"status": "diverged"}))
    assert verdict.causes[0].name == "exploding_gradient"
    assert "through 100 time steps" in verdict.causes[0].text
    codes = [remedy.code or "" for remedy in verdict.remedies]
    assert codes[0] == 'keras.layers.SimpleRNN(32, activation="tanh")  # in place of simple_rnn'
    assert "clipnorm=1.0" in codes[1]


def test_gradients_that_grow_through_one_recurrent_layer_explode() -> None:
    statistics = {
        name: {"gradient_norm": [norm] * 20, "weight_norm": [5.0] * 20, "update_ratio": [0.1] * 20}
        for name, norm in {"gru": 300.0, "head": 1.0}.items()
    }
    verdict = diagnose(recurrent("gru", **STUCK, statistics=statistics))
    assert verdict.causes[0].name == "exploding_gradient"
    assert "clipnorm=1.0" in (verdict.remedies[0].code or "")


def test_simple_recurrence_through_a_long_sequence_forgets() -> None:
    verdict = diagnose(recurrent("simple_rnn", **STUCK))
    assert verdict.causes[0].name == "vanishing_gradient"
    assert verdict.remedies[0].code == "keras.layers.LSTM(32)  # in place of simple_rnn"


@pytest.mark.parametrize(
    ("kind", "steps"), [("lstm", 100), ("gru", 100), ("simple_rnn", 10), ("simple_rnn", None)]
)
def test_other_recurrence_is_no_cause_and_keeps_its_tanh(kind: str, steps: int | None) -> None:
    verdict = diagnose(recurrent(kind, steps=steps, **STUCK))
    assert not {"vanishing_gradient", "exploding_gradient"} & {c.name for c in verdict.causes}
    assert not any('"relu"' in (remedy.code or "") for remedy in verdict.remedies)


def test_a_recurrent_network_that_learns_is_healthy() -> None:
    learned: dict[str, Any] = {"loss": falling(1.1, 0.05), "accuracy": rising(0.4, 0.97)}
    assert diagnose(recurrent("simple_rnn", **learned)).is_healthy
