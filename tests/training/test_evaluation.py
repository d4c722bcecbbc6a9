"""Evaluation gives what Keras' `evaluate` gives, example by example."""

import numpy as np
import pytest

from kerasdemo import data
from kerasdemo.config import RunConfig, parse
from kerasdemo.config.keras_arguments import names
from kerasdemo.training import evaluation, network
from kerasdemo.training.evaluation import Evaluation, Evaluator


def config(loss: str) -> RunConfig:
    return parse(
        f"""
data: {{name: circles, train: 90, validation: 0, test: 10}}
network: {{depth: 1, units: 4, output_activation: sigmoid, dropout: 0.5, regularizer: {{l2: 0.01}}}}
loss: {loss}
"""
    )


def both(loss: str, *, xla: bool) -> tuple[Evaluation, list[float]]:
    """Return the evaluation and Keras' loss and accuracy, in the same chunks."""
    chosen = config(loss)
    dataset = data.load(chosen)
    built = network.build(chosen, dataset.shape, dataset.classes)
    y = network.encode(network.targets(chosen, built), dataset.train.y, dataset.classes)
    evaluator = Evaluator(
        built, network.is_right(chosen, built), network.loss_is_of_batch(chosen), xla
    )
    found = evaluator.evaluate(evaluator.chunks(dataset.train.x, y))
    keras_found = built.evaluate(dataset.train.x, y, batch_size=evaluation.CHUNK, verbose=0)
    return found, keras_found


@pytest.mark.parametrize("name", sorted(names("losses")))
def test_every_loss_is_evaluated_as_keras_does(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evaluation, "CHUNK", 40)  # of 90: a last chunk of 10
    found, keras_found = both(name, xla=False)
    assert [found.loss, found.scores["accuracy"]] == pytest.approx(keras_found, rel=1e-5)
    assert len(found.losses) == len(found.right) == 90


def test_xla_evaluates_as_keras_does() -> None:
    found, keras_found = both("binary_crossentropy", xla=True)
    assert [found.loss, found.scores["accuracy"]] == pytest.approx(keras_found, rel=1e-5)


def test_changes_are_of_pairs() -> None:
    best = Evaluation(np.array([1.0, 2.0, 3.0]), np.array([True, True, False]), 0.5)
    later = Evaluation(np.array([1.5, 2.5, 4.0]), np.array([False, True, True]), 0.9)
    rises = [0.5, 0.5, 1.0]
    assert later.changes_since(best) == pytest.approx(
        {
            "val_loss_rise": np.mean(rises),
            "val_loss_rise_error": np.std(rises, ddof=1) / np.sqrt(3),
            "val_newly_wrong": 1,
            "val_newly_right": 1,
        }
    )
    unpaired = Evaluation(later.losses, later.right, 0.9, is_paired=False)
    assert np.isnan(unpaired.changes_since(best)["val_loss_rise_error"])
