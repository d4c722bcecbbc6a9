"""The worked network by hand: forward pass, backward pass, gradients."""

from typing import Any

import numpy as np
import pytest

from kerasdemo.lecture.demo import DemoContext
from kerasdemo.lecture.demos import backpropagation, dense
from kerasdemo.lecture.demos.by_hand import Agreement
from kerasdemo.lecture.demos.worked_network import EXAMPLE, LAYERS


def test_the_worked_network_by_hand(texts: Any) -> None:
    output = backpropagation.forward_backward(DemoContext())
    assert [claim.status for claim in output.claims] == ["held", "held"]
    assert output.claims[0].measured == "-1.00, 0.12, 0.11"
    forward = texts(output.figures["forward_pass"])
    assert all(f"dz/dw = {value}" in forward for value in ("-1", "0.12", "0.11"))
    backward = texts(output.figures["backward_pass"])
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
    backward = dense.backward

    def slightly_wrong(*arguments: Any) -> tuple[dense.Gradient, ...]:
        gradients = backward(*arguments)
        return tuple(dense.Gradient(g.z, g.kernel * (1 + 1e-6), g.bias) for g in gradients)

    monkeypatch.setattr(dense, "backward", slightly_wrong)
    statuses = [claim.status for claim in backpropagation.forward_backward(DemoContext()).claims]
    assert statuses == ["not held", "not held"]


def test_any_dense_network(monkeypatch: pytest.MonkeyPatch) -> None:
    name = "leaky ReLU, then ELU, L2"
    monkeypatch.setattr(backpropagation, "CONFIGS", {name: backpropagation.CONFIGS[name]})
    output = backpropagation.any_dense_network(DemoContext())
    assert output.claims[0].status == "held" and name in output.lines[1]
    apart = Agreement({"kernel": 1e-3}, 1)
    monkeypatch.setattr(backpropagation, "compare_gradients", lambda config: apart)
    assert backpropagation.any_dense_network(DemoContext()).claims[0].status == "not held"
