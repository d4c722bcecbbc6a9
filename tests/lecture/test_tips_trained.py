"""The demos that look at trained networks, with tiny ones."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from kerasdemo import config
from kerasdemo.lecture.demo import DemoContext
from kerasdemo.lecture.demos import activations, dropout, maxout, regularization, vanishing
from kerasdemo.records import Run
from kerasdemo.training import runner

TINY = """
data: {name: mnist_sample, train: 200, validation: 50, test: 100}
network: {depth: 2, units: 12}
training: {batch_size: 50, epochs: 2, early_stopping: null}
"""
SEEDS = (0, 1)


def trained(
    folder: Path, variants: Mapping[str, list[str]], seeds: tuple[int, ...] = SEEDS
) -> DemoContext:
    """Train each variant with each seed."""

    def runs(label: str) -> tuple[Run, ...]:
        overrides = [[f"seed={seed}", f"name={label}", *variants[label]] for seed in seeds]
        return tuple(runner.run(config.parse(TINY, overrides=own), folder) for own in overrides)

    return DemoContext(seeds, {label: runs(label) for label in variants})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


def test_gradients_by_layer(folder: Path) -> None:
    variants = {
        name: [f"network.activation={name}", "network.depth=5"] for name in ("sigmoid", "relu")
    }
    setting = trained(folder, variants)
    run = setting.runs["sigmoid"][0]
    norms = vanishing.norms(run)
    assert norms.shape == (6, 2)
    assert norms[0, 0] == pytest.approx(np.log10(run.layers["dense_1"].gradient_norm[0]))
    shown = vanishing.gradients_by_layer(setting)
    falls = {
        name: [own[-2, 0] - own[0, 0] for own in map(vanishing.norms, runs)]
        for name, runs in setting.runs.items()
    }
    assert min(falls["sigmoid"]) > max(falls["relu"])
    assert shown.claims[0].status != "held"  # five layers are no thousandfold
    assert set(shown.figures) == {"gradient_norms"}


def test_weight_histograms(folder: Path) -> None:
    setting = trained(
        folder,
        {
            "none": [],
            "l1": ["network.regularizer.l1=0.05"],
            "l2": ["network.regularizer.l2=0.05"],
        },
    )
    assert len(regularization.weights(setting.runs["none"][0])) == 784 * 12 + 12 * 12 + 12 * 10
    shown = regularization.weight_histograms(setting)
    # Keras' updates are the lecture's formulas, whatever the runs show.
    assert [one.status for one in shown.claims[:2]] == ["held", "held"]
    assert set(shown.figures) == {"weights"}


def test_maxout_shapes(folder: Path) -> None:
    setting = trained(
        folder, {"pieces_3": ["network.activation=maxout", "network.maxout_pieces=3"]}
    )
    layer = maxout.units(setting.runs["pieces_3"][0])
    assert (layer.kernel.shape, layer.pieces) == ((784, 12, 3), 3)
    shown = maxout.maxout_shapes(setting)
    assert shown.claims[0].status == "held"  # convex, of at most three pieces
    assert set(shown.figures) == {"learned_shapes"}


def test_variants_and_thin_networks(folder: Path) -> None:
    setting = trained(
        folder,
        {"relu": ["network.activation=relu"], "prelu": ["network.activation=prelu"]},
    )
    shown = activations.activation_variants(setting)
    assert [one.status for one in shown.claims[:4]] == ["held"] * 4
    shown = activations.thin_network(setting)
    assert shown.claims[0].status == "held"  # linear
    assert set(shown.figures) == {"active_units"}


def test_ensemble_on_mnist(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dropout, "MEMBERS", 40)
    setting = trained(
        folder,
        {
            name: [f"network.activation={name}", "network.dropout=0.5"]
            for name in ("linear", "relu", "maxout", "sigmoid")
        },
        SEEDS[:1],
    )
    found = dropout.ensemble(setting.runs["linear"][0])
    assert found.before < 0.1  # linear: only what sampling leaves
    assert found.by_members.shape == (40,)
    shown = dropout.ensemble_on_mnist(setting)
    assert {one.status for one in shown.claims} == {"undecided"}  # of one seed
    assert len(shown.claims) == 7
    assert set(shown.figures) == {"average_and_scaled"}
