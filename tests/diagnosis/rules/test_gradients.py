"""Gradients and dead units, on records written by hand."""

from kerasdemo.diagnosis import diagnose
from tests.factories import STUCK, MakeRun, layer_curves, mnist_config


def test_sparsity_is_not_death(run: MakeRun) -> None:
    layers = layer_curves([0.1, 0.1, 0.3], dead=0.2)
    verdict = diagnose(run(mnist_config("depth: 2"), **STUCK, layers=layers))
    assert "dead_units" not in [cause.name for cause in verdict.causes]


def test_a_layer_of_dead_units_is_no_vanishing_gradient(run: MakeRun) -> None:
    layers = layer_curves([0.0, 0.0, 0.3], dead=1.0)
    verdict = diagnose(run(mnist_config("depth: 2"), **STUCK, layers=layers))
    assert "vanishing_gradient" not in [cause.name for cause in verdict.causes]


def test_a_run_that_broke_at_once_is_diagnosed_by_what_it_started_with(run: MakeRun) -> None:
    nan = float("nan")
    started = {
        name: {"gradient_norm": norm}
        for name, norm in {"dense_1": 1e4, "dense_2": 100.0, "output": 1.0}.items()
    }
    verdict = diagnose(
        run(
            mnist_config("depth: 2"),
            loss=[nan],
            accuracy=[0.1],
            layers=layer_curves([nan, nan, nan]),
            initial={"loss": 2.3, "layers": started},
        )
    )
    assert verdict.causes[0].name == "exploding_gradient"
    assert verdict.causes[0].evidence["gradient_ratio"] == 1e4


def test_written_layers_are_patched_where_they_stand(run: MakeRun) -> None:
    written = (
        "data: {name: mnist}\nnetwork:\n  layers:\n    - {type: flatten}\n"
        + "    - {type: dense, units: 50, activation: sigmoid}\n" * 3
        + "    - {type: dense, units: 10, activation: softmax}\n"
    )
    verdict = diagnose(run(written, **STUCK, layers=layer_curves([1e-7, 1e-4, 1e-2, 1])))
    assert verdict.remedies[0].patch == {
        f"network.layers.{n}.activation": "relu" for n in (1, 2, 3)
    }


def test_softmax_between_hidden_layers_is_the_cause_by_itself(run: MakeRun) -> None:
    flat = {"loss": [2.3] * 6, "accuracy": [0.11] * 6}
    verdict = diagnose(run(mnist_config("activation: softmax", "name: adam"), **flat))
    assert verdict.causes[0].name == "vanishing_gradient"
    assert "share an output of 1" in verdict.causes[0].text
    assert verdict.remedies[0].patch["network.activation"] == "relu"


def test_what_nan_weights_do_to_units_is_no_cause(run: MakeRun) -> None:
    nan = float("nan")
    healthy = layer_curves([0.3, 0.3, 0.3], dead=0.1)
    broken = {
        name: {
            statistic: [*values[:2], *[1.0 if statistic == "dead" else nan] * 10]
            for statistic, values in one.items()
        }
        for name, one in healthy.items()
    }
    broken["dense_1"] = {**broken["dense_1"], "weight_norm": [10.0] * 12}
    loss = [2.3, 2.2, *[nan] * 10]
    config = mnist_config("depth: 2", "learning_rate: 1.0")
    verdict = diagnose(run(config, loss=loss, accuracy=[0.1] * 12, layers=broken))
    assert verdict.causes[0].name == "learning_rate_too_high"
    assert "killed" not in verdict.causes[0].text
    assert "dead_units" not in [cause.name for cause in verdict.causes]
