"""Why two runs differ."""

from kerasdemo.comparison.difference import diff, find_divergence
from kerasdemo.config import parse
from kerasdemo.records import History, LayerHistory, Run


def test_curves_diverge_where_they_stay_apart() -> None:
    # Epoch 2 is apart by chance; from epoch 4 on they stay apart.
    found = find_divergence("loss", [1, 1, 1, 1, 1, 1], [1, 2, 1, 2, 2, 2])
    assert found is not None
    assert (found.epoch, found.first, found.second) == (4, 1, 2)
    assert find_divergence("loss", [1, 1], [1.1, 1.2]) is None
    assert find_divergence("accuracy", [0.5, 0.5], [0.5, 0.56]) is not None
    assert find_divergence("loss", [1, 1], [1, float("nan")]) is not None
    assert find_divergence("loss", [], [1]) is None


def test_why_two_runs_differ() -> None:
    def made_run(rate: float, loss: list[float], norms: list[float]) -> Run:
        text = f"data: {{name: fizzbuzz}}\noptimizer: {{name: sgd, learning_rate: {rate}}}\n"
        layers = {"dense": LayerHistory(gradient_norm=tuple(norms), weight_norm=(1.0,) * 3)}
        return Run(parse(text), History(loss=tuple(loss)), layers)

    one = made_run(0.1, [1.0, 0.5, 0.25], [1.0, 1.0, 1.0])
    two = made_run(0.5, [1.0, 0.5, 0.5], [1.0, 3.0, 3.0])
    found = diff(one, two)
    assert found.settings == {"optimizer.learning_rate": (0.1, 0.5)}
    assert [(p.what, p.epoch) for p in found.curves] == [("loss", 3)]
    assert [(p.what, p.epoch) for p in found.layers] == [("dense gradient_norm", 2)]
    same = diff(one, one)
    assert (same.settings, same.curves, same.layers) == ({}, (), ())
