"""Times of batch, loop, forward and backward pass, and the statuses that follow from them."""

import numpy as np
import pytest

from kerasdemo.lecture.demo import DemoContext
from kerasdemo.lecture.demos import dense, speed


@pytest.mark.parametrize(
    ("batch", "status"),
    [([2.0] * 5, "held"), ([8.0] * 5, "not held"), ([2.0, 3.0, 4.0, 5.0, 6.0], "undecided")],
)
def test_the_status_of_the_batch_follows_its_times(
    monkeypatch: pytest.MonkeyPatch, batch: list[float], status: str
) -> None:
    seconds = {"batch": batch, "loop": [4.0] * 5}
    monkeypatch.setattr(speed, "measure", lambda functions, repeats: seconds)
    (claim,) = speed.batch_against_loop(DemoContext()).claims
    assert claim.status == status


def test_a_batch_is_what_a_loop_gives() -> None:
    layers = speed.random_network((5, 4, 3), np.random.default_rng(0))
    x = np.random.default_rng(1).random((6, 5), np.float32)
    batch = dense.forward(layers, x)[-1].output
    loop = np.vstack([dense.forward(layers, row[None])[-1].output for row in x])
    np.testing.assert_allclose(batch, loop, rtol=1e-6)


def test_functions_take_turns_and_the_first_is_not_counted() -> None:
    turns: list[str] = []
    times = speed.measure({"a": lambda: turns.append("a"), "b": lambda: turns.append("b")}, 2)
    assert turns == ["a", "b"] * 3
    assert {name: len(taken) for name, taken in times.items()} == {"a": 2, "b": 2}


@pytest.mark.parametrize(
    ("quartiles", "status"),
    [
        ([(0.6, 0.7, 0.8), (1.4, 1.6, 1.8)], "held"),
        ([(0.6, 0.7, 0.8), (1.4, 1.6, 2.3)], "undecided"),
        ([(0.6, 0.7, 0.8), (2.1, 2.2, 2.3)], "not held"),
        ([(0.1, 0.2, 0.3), (1.4, 1.6, 1.8)], "not held"),
    ],
)
def test_about_the_same_is_within_a_factor_of_two(
    quartiles: list[tuple[float, ...]], status: str
) -> None:
    assert speed._is_within_factor(quartiles) == status


def test_the_cost_counts_multiplications(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = {"forward": [1.0] * 4, "dC/dz": [0.6] * 4, "dC/dz and dC/dw": [1.6] * 4}
    monkeypatch.setattr(speed, "measure", lambda functions, repeats: seconds)
    output = speed.cost_of_backward_pass(DemoContext())
    assert output.claims[0].status == "held"
    assert "897,000" in output.lines[1] and "505,000" in output.lines[2]
    assert "1.60 times forward" in output.claims[0].measured
