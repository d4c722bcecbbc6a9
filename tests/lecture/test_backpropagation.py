"""Backpropagation by hand is automatic differentiation, for the worked network and any other."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.text import Text

from kerasdemo.config import InputError, parse
from kerasdemo.lecture.demo import DemoContext
from kerasdemo.lecture.demos import backpropagation, dense
from kerasdemo.lecture.demos.by_hand import Agreement, by_hand
from kerasdemo.lecture.demos.worked_network import EXAMPLE, LAYERS

ELEMENTWISE = sorted(set(dense.ACTIVATIONS) - {"softmax"})


def written(figure: Any) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


def test_the_worked_network_by_hand() -> None:
    shown = backpropagation.forward_backward(DemoContext())
    assert [claims.status for claims in shown.claims] == ["held", "held"]
    assert shown.claims[0].measured == "-1.00, 0.12, 0.11"
    forward = written(shown.figures["forward_pass"])
    assert all(f"dz/dw = {value}" in forward for value in ("-1", "0.12", "0.11"))
    backward = written(shown.figures["backward_pass"])
    assert "s'(z) = 0.236" in backward and "-0.0903" in backward and "dC/dw = " in backward


def test_the_output_layer_with_pencil_and_paper() -> None:
    steps = dense.forward(LAYERS, EXAMPLE)
    last = dense.backward(steps, backpropagation.TARGET, dense.MSE)[-1]
    y1, y2 = steps[-1].output[0]
    expected = [(y1 - 1) * y1 * (1 - y1), y2 * y2 * (1 - y2)]
    np.testing.assert_allclose(last.z[0], expected, rtol=1e-12)
    np.testing.assert_allclose(last.kernel, np.outer(steps[-1].input[0], expected), rtol=1e-12)


def test_wrong_numbers_do_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backpropagation, "SLIDE_PATH", (-1.0, 0.12, 0.12))
    slightly = lambda steps, targets, loss: tuple(  # noqa: E731
        dense.Gradient(g.z, g.kernel * (1 + 1e-6), g.bias)
        for g in dense.backward(steps, targets, loss)
    )
    monkeypatch.setattr(backpropagation, "dense", _With(backward=slightly))
    statuses = [c.status for c in backpropagation.forward_backward(DemoContext()).claims]
    assert statuses == ["not held", "not held"]


class _With:
    """`dense` with something replaced."""

    def __init__(self, **replaced: Any):
        self.__dict__.update(vars(dense) | replaced)


@settings(max_examples=12)
@given(
    depth=st.integers(0, 4),
    units=st.integers(1, 6),
    activation=st.sampled_from(ELEMENTWISE),
    output=st.sampled_from(["softmax", "sigmoid", "linear", "tanh"]),
    loss=st.sampled_from(sorted(dense.LOSSES)),
    seed=st.integers(0, 99),
)
def test_any_small_network(
    depth: int, units: int, activation: str, output: str, loss: str, seed: int
) -> None:
    if loss == "categorical_crossentropy":
        output = "softmax"
    text = (
        f"seed: {seed}\ndata: {{name: blobs, train: 30, validation: 0, test: 1}}\n"
        f"network: {{depth: {depth}, units: {units}, activation: {activation}, "
        f"output_activation: {output}, regularizer: {{l1: 0.01, l2: 0.03}}}}\n"
        f"loss: {loss}\ntraining: {{batch_size: 20}}"
    )
    agreement = by_hand(parse(text))
    assert agreement.largest < backpropagation.TOLERANCE
    assert len(agreement.differences) == 2 * (depth + 1)


@pytest.mark.parametrize("activation", ELEMENTWISE)
def test_every_activations_slope(activation: str) -> None:
    z = np.array([[-7.3, -2.1, -0.4, 0.3, 1.7, 5.2, 8.9]])
    made = dense.ACTIVATIONS[activation]()
    slope = made.back(z, made.value(z), np.ones_like(z))
    eps = 1e-6
    numeric = (made.value(z + eps) - made.value(z - eps)) / (2 * eps)
    np.testing.assert_allclose(slope, numeric, rtol=1e-5, atol=1e-8)


def test_the_layers_form_and_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "leaky ReLU, then ELU, L2"
    monkeypatch.setattr(backpropagation, "CONFIGS", {name: backpropagation.CONFIGS[name]})
    shown = backpropagation.any_dense_network(DemoContext())
    assert shown.claims[0].status == "held" and name in shown.lines[1]
    apart = Agreement({"kernel": 1e-3}, 1)
    monkeypatch.setattr(backpropagation, "by_hand", lambda config: apart)
    assert backpropagation.any_dense_network(DemoContext()).claims[0].status == "not held"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("network: {dropout: 0.5}", "dropout"),
        ("network: {normalization: batch}", "normalization"),
        ("network: {activation: maxout}", "maxout"),
        ("network: {activation: softmax}", "softmax"),
        ("loss: mae", "mean_absolute_error"),
        ("loss: {name: categorical_crossentropy, label_smoothing: 0.1}", "label_smoothing"),
        (
            "network: {layers: [{type: conv2d, filters: 2, kernel_size: 3}, {type: flatten}, "
            "{type: dense, units: 10, activation: softmax}]}",
            "conv2d",
        ),
        (
            "network: {layers: [{type: dense, units: 4}, {type: flatten}, "
            "{type: dense, units: 10, activation: softmax}]}",
            "flatten it before",
        ),
    ],
)
def test_what_cannot_be_done_by_hand_is_refused(text: str, named: str) -> None:
    sample = "data: {name: mnist_sample, train: 20, validation: 0, test: 1}\n"
    with pytest.raises(InputError, match=named) as caught:
        by_hand(parse(sample + text))
    assert caught.value.faults[0].key is not None


@pytest.mark.parametrize(
    ("quarters", "status"),
    [
        ([(0.6, 0.7, 0.8), (1.4, 1.6, 1.8)], "held"),
        ([(0.6, 0.7, 0.8), (1.4, 1.6, 2.3)], "undecided"),
        ([(0.6, 0.7, 0.8), (2.1, 2.2, 2.3)], "not held"),
        ([(0.1, 0.2, 0.3), (1.4, 1.6, 1.8)], "not held"),
    ],
)
def test_about_the_same_is_within_a_factor_of_two(quarters: list[Any], status: str) -> None:
    assert backpropagation._about(quarters) == status


def test_the_cost_counts_multiplications(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"forward": [1.0] * 4, "dC/dz": [0.6] * 4, "dC/dz and dC/dw": [1.6] * 4}
    monkeypatch.setattr(backpropagation, "timed", lambda works, repeats: seconds)
    shown = backpropagation.cost(DemoContext())
    assert shown.claims[0].status == "held"
    assert "897,000" in shown.lines[1] and "505,000" in shown.lines[2]
    assert "1.60 times forward" in shown.claims[0].measured
