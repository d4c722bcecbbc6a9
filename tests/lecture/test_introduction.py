"""The introduction's calculations: the slide's numbers, and statuses that follow the numbers."""

import numpy as np
import pytest
from matplotlib.text import Text

from kerasdemo.lecture.demo import DemoContext, DemoOutput
from kerasdemo.lecture.demos import cross_entropy, dense, introduction, loss_surface, worked_network


def texts(shown: DemoOutput, stem: str) -> str:
    return "\n".join(text.get_text() for text in shown.figures[stem].findobj(Text))


def test_the_worked_network_gives_the_slides_numbers() -> None:
    shown = introduction.worked_network(DemoContext())
    assert [claims.status for claims in shown.claims] == ["held"] * 3
    told = "\n".join(shown.lines)
    for number in ("0.9820", "0.1192", "0.8635", "0.1107", "0.6177", "0.8291"):
        assert number in told
    written = texts(shown, "worked_network").split("\n")
    assert {"0.98", "0.12", "0.86", "0.11", "0.62", "0.83", "bias -2", "z = 4.00"} <= set(written)


def test_a_wrong_number_on_the_slide_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = ((0.98, 0.12), (0.86, 0.12), (0.62, 0.83))
    monkeypatch.setitem(worked_network.SLIDE, (1.0, -1.0), wrong)
    found = introduction.worked_network(DemoContext()).claims
    assert [claims.status for claims in found] == ["not held", "held", "held"]
    assert "(0.86, 0.12)" in found[0].reference and "(0.86, 0.11)" in found[0].measured


@pytest.mark.parametrize(
    ("batch", "status"),
    [([2.0] * 5, "held"), ([8.0] * 5, "not held"), ([2.0, 3.0, 4.0, 5.0, 6.0], "undecided")],
)
def test_the_batch_is_judged_by_its_times(
    monkeypatch: pytest.MonkeyPatch, batch: list[float], status: str
) -> None:
    seconds = {"batch": batch, "loop": [4.0] * 5}
    monkeypatch.setattr(introduction, "timed", lambda works, repeats: seconds)
    (claims,) = introduction.batch_against_loop(DemoContext()).claims
    assert claims.status == status


def test_a_batch_is_what_a_loop_gives() -> None:
    layers = introduction.random_network((5, 4, 3), np.random.default_rng(0))
    x = np.random.default_rng(1).random((6, 5), np.float32)
    batch = dense.forward(layers, x)[-1].output
    loop = np.vstack([dense.forward(layers, row[None])[-1].output for row in x])
    np.testing.assert_allclose(batch, loop, rtol=1e-6)


def test_works_take_turns_and_the_first_is_not_counted() -> None:
    turns: list[str] = []
    times = introduction.timed({"a": lambda: turns.append("a"), "b": lambda: turns.append("b")}, 2)
    assert turns == ["a", "b"] * 3
    assert {name: len(taken) for name, taken in times.items()} == {"a": 2, "b": 2}


def test_depth_is_only_retold() -> None:
    shown = introduction.depth_history(DemoContext())
    assert {claims.status for claims in shown.claims} == {"quoted"}
    assert [claims.rows for claims in shown.claims] == [(21,), (23,)]
    written = texts(shown, "depth_history")
    assert "3.57 %\n152 layers" in written and "17.1" in written and "word error [%]" in written


def test_cross_entropy_by_hand_is_keras_and_steeper_than_mse() -> None:
    shown = cross_entropy.softmax_cross_entropy(DemoContext())
    assert [claims.status for claims in shown.claims] == ["held", "held"]
    assert any("0.8789" in line for line in shown.lines)
    assert shown.lines[-1].startswith("total loss L = sum of C = 1.534077")
    assert "0.90 against 0.018" in texts(shown, "cross_entropy")


def test_a_wrong_cross_entropy_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cross_entropy, "_by_keras", lambda y, t: np.array([0.12, 0.31, 1.10]))
    assert cross_entropy.softmax_cross_entropy(DemoContext()).claims[0].status == "not held"
    monkeypatch.setattr(cross_entropy, "_losses", lambda: (dense.MSE, dense.CROSS_ENTROPY))
    assert cross_entropy.softmax_cross_entropy(DemoContext()).claims[1].status == "not held"


@pytest.fixture
def small_surface(monkeypatch: pytest.MonkeyPatch) -> None:
    text = loss_surface.CONFIG.replace("train: 500", "train: 100").replace(
        "epochs: 30", "epochs: 2"
    )
    monkeypatch.setattr(loss_surface, "CONFIG", text)
    monkeypatch.setattr(loss_surface, "POINTS", 9)


@pytest.mark.usefixtures("small_surface")
def test_the_loss_surface_is_that_of_the_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_surface, "STEPS", 3)
    shown = loss_surface.loss_surface(DemoContext())
    # Three steps are too few for the lowest place.
    assert shown.claims[0].status == "not held"
    written = texts(shown, "loss_surface")
    assert (
        "start 1" in written and "total loss" in written and "weight of pixel (12, 18)" in written
    )


@pytest.mark.usefixtures("small_surface")
def test_the_map_and_the_path_see_the_same_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss_surface, "STEPS", 2)
    total = loss_surface._total_loss(0)
    path = loss_surface._descend(total, (1.0, -2.0))
    axis = np.array([-2.0, 1.0], np.float32)
    # Rows are the second weight, columns the first.
    assert loss_surface._heights(total, axis)[0, 1] == pytest.approx(path.losses[0], rel=1e-5)
    eps = 0.05
    rise = [float(total(np.array([1.0 + s * eps, -2.0], np.float32))) for s in (1, -1)]
    slope = (rise[0] - rise[1]) / (2 * eps)
    moved = path.weights[1, 0] - path.weights[0, 0]
    assert moved == pytest.approx(-loss_surface.LEARNING_RATE * slope, rel=0.02, abs=1e-3)
