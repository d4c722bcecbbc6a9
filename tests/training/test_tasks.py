"""Runs of every task: scores, weights, metrics and predictions are Keras' own; resumed alike."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerasdemo import data
from kerasdemo.backend import keras
from kerasdemo.config import InputError, RunConfig, parse
from kerasdemo.data import scores
from kerasdemo.records import Run
from kerasdemo.training import network, runner, trainer
from kerasdemo.training.epoch_loop import epoch_order

TRAINING = "training: {batch_size: 20, epochs: 4, early_stopping: null}"
REGRESSION = f"""
name: regression
data: {{name: file, path: numbers.npz, validation: 60}}
network: {{depth: 1, units: 16}}
metrics: [mean_absolute_error]
{TRAINING}
"""
LABELS = f"""
name: labels
data: {{name: file, path: labels.npz, validation: 60}}
network: {{depth: 1, units: 16}}
metrics: [auc, {{name: precision, thresholds: 0.4}}]
{TRAINING}
"""
BINARY = f"""
name: binary
data: {{name: circles, train: 200, validation: 60, test: 60}}
network: {{depth: 1, units: 16}}
loss: binary_crossentropy
{TRAINING}
"""
WEIGHTED = """
name: weighted
data: {name: blobs, train: 190, validation: 60, test: 60}
network: {depth: 1, units: 8}
training: {batch_size: 20, epochs: 1, early_stopping: null, class_weight: {0: 5.0, 2: 0.5}}
"""
SEQUENCES = f"""
name: sequences
data: {{name: file, path: sequences.npz, validation: 60}}
network:
  layers:
    - {{type: gru, units: 6, dropout: 0.2, recurrent_dropout: 0.2}}
    - {{type: dense, units: 1}}
optimizer:
  name: adam
  learning_rate: {{name: cosine_decay, initial_learning_rate: 0.01, decay_steps: 40}}
{TRAINING}
"""
IMAGES = f"""
name: images
data: {{name: mnist_sample, train: 100, validation: 40, test: 40}}
network:
  layers:
    - {{type: reshape, target_shape: [28, 28, 1]}}
    - {{type: random_translation, height_factor: 0.1, width_factor: 0.1}}
    - {{type: flatten}}
    - {{type: dense, units: 10, activation: softmax}}
{TRAINING}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files of each kind of targets."""
    found = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(320, 5)).astype(np.float32)
    numbers = (2000 + 300 * (x[:, 0] + x[:, 1] ** 2)).astype(np.float32)
    sequences = rng.normal(size=(320, 6, 2)).astype(np.float32)
    every = {
        "numbers": (x, numbers),
        "labels": (x, np.stack([x[:, 0] > 0, x[:, 1] > 0.5, x[:, 2] > 0], axis=1).astype(int)),
        "sequences": (sequences, sequences.sum(axis=(1, 2))),
    }
    for name, (given, y) in every.items():
        parts = {"x_train": given[:260], "y_train": y[:260]}
        np.savez(found / f"{name}.npz", **parts, x_test=given[260:], y_test=y[260:])
    return found


@pytest.fixture(scope="module")
def runs(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """A run of each task."""
    results = tmp_path_factory.mktemp("runs")
    return {
        text.split()[1]: runner.run(config_of(text, folder), results)
        for text in (REGRESSION, LABELS, BINARY)
    }


def config_of(text: str, folder: Path, *overrides: str) -> RunConfig:
    return parse(text, str(folder / "config.yaml"), overrides=overrides)


def test_a_regression_is_scored_by_r2(runs: dict[str, Run]) -> None:
    run = runs["regression"]
    assert run.status == "finished" and run.setup.task == "regression"
    assert run.history.accuracy == () and len(run.history.val_r2) == 4
    dataset = data.load(run.yaml_config)
    guess = run.predict(dataset.scaling.undo(dataset.test.x))
    expected = scores.r2(dataset.test.y, guess, dataset.train.y.mean(axis=0))
    assert run.facts["test"]["r2"] == pytest.approx(expected, rel=1e-4)
    about = run.facts["data"]
    assert about["target_columns"] == 1 and about["target"]["mean"] == pytest.approx(2300, rel=0.1)
    assert about["constant_loss"] == pytest.approx(about["target"]["sd"] ** 2, rel=1e-3)


def test_labels_and_one_unit_have_balanced_accuracy_and_auc(runs: dict[str, Run]) -> None:
    for name in ("labels", "binary"):
        run = runs[name]
        assert run.setup.task == {"labels": "multi_label", "binary": "binary"}[name]
        for score in ("accuracy", "balanced_accuracy", "auc"):
            assert len(getattr(run.history, f"val_{score}")) == 4
            assert 0 <= run.facts["test"][score] <= 1
        assert len(run.history.val_newly_wrong) == 4
        assert run.facts["data"]["label_shares"]
    assert runs["binary"].facts["baseline_pairs"].keys() == {"linear", "neighbors"}


def test_metrics_are_those_that_keras_computes(runs: dict[str, Run]) -> None:
    run = runs["labels"]
    assert {*run.history.metrics} == {"auc_2", "val_auc_2", "precision", "val_precision"}
    assert run.history.metrics["val_auc_2"][-1] == pytest.approx(run.history.val_auc[-1], abs=0.01)
    dataset = data.load(run.yaml_config)
    output = run.predict(dataset.scaling.undo(dataset.validation.x))
    metric = keras.metrics.Precision(thresholds=0.4)
    metric.update_state(dataset.validation.y, output)
    assert run.history.metrics["val_precision"][-1] == pytest.approx(float(metric.result()))


def test_targets_are_scaled_and_everything_shown_has_their_unit(
    folder: Path, tmp_path: Path
) -> None:
    config = config_of(REGRESSION, folder, "data.normalize_target=standardize")
    run = runner.run(config, tmp_path)
    raw = data.load(config_of(REGRESSION, folder))
    output = run.predict(raw.scaling.undo(raw.test.x))
    assert 1000 < output.mean() < 3500
    error = float(np.abs(output - raw.test.y).mean())
    assert run.facts["test"]["mean_absolute_error"] == pytest.approx(error, rel=1e-3)
    assert run.predictions["columns"][0]["residuals"]["mae"] == pytest.approx(error, rel=1e-3)
    assert run.facts["test"]["loss"] < 10  # of standardized targets
    with pytest.raises(InputError, match="only numbers are standardized"):
        config_of(BINARY, folder, "data.normalize_target=standardize")


@pytest.mark.parametrize("resident", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_class_weights_are_those_of_keras_fit(resident: bool, folder: Path) -> None:
    config = config_of(WEIGHTED, folder)
    dataset = data.load(config)
    made = trainer.Trainer(config, dataset)
    plain = network.build(config, dataset.shape, dataset.outputs)
    plain.jit_compile = trainer.uses_xla(config)
    x, y = made.train
    order = epoch_order(config.seed, 0, len(x))
    plain.fit(
        x[order], y[order], batch_size=20, shuffle=False, verbose=0, class_weight={0: 5.0, 2: 0.5}
    )
    shared = made.epoch_trainer
    shared.load(made.network)
    shared.fit_epochs(x, y, made.weight, seed=config.seed, epochs=1, is_resident=resident)
    shared.store(made.network)
    for one, other in zip(made.network.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


class StopAfter:
    """A reporter that interrupts a run after some epochs."""

    def __init__(self, epochs: int):
        self.epochs = epochs

    def begin(self, *_: Any) -> None:
        pass

    def epoch(self, epoch: int, *_: Any) -> None:
        if epoch == self.epochs:
            raise KeyboardInterrupt

    def end(self) -> None:
        pass


@pytest.mark.slow  # each text compiles a network of its own
@pytest.mark.parametrize("text", [REGRESSION, LABELS, BINARY, SEQUENCES, IMAGES])
def test_an_interrupted_run_is_resumed_to_the_same_bytes(
    text: str, folder: Path, tmp_path: Path
) -> None:
    config = config_of(text, folder)
    whole = runner.run(config, tmp_path / "whole")
    assert whole.status == "finished", whole.facts["reason"]
    cut = runner.run(config, tmp_path / "cut", reporter=StopAfter(2))
    assert cut.status == "interrupted"
    resumed = runner.run(config, tmp_path / "cut")
    for name in ("metrics.csv", "layers.csv", "predictions.json"):
        assert (resumed.folder.path / name).read_bytes() == (
            whole.folder.path / name
        ).read_bytes(), name


def test_a_schedule_is_followed_and_recorded(folder: Path, tmp_path: Path) -> None:
    text = SEQUENCES.replace("gru, units: 6, dropout: 0.2, recurrent_dropout: 0.2", "flatten")
    run = runner.run(config_of(text, folder), tmp_path)
    rates = run.history.learning_rate
    assert rates[0] < 0.01 and rates[-1] == pytest.approx(0.0, abs=1e-6)
    assert list(rates) == sorted(rates, reverse=True)
