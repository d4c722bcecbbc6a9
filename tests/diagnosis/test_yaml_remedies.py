"""Remedies for runs from YAML are changes that their config takes."""

from collections.abc import Callable
from typing import Any

import pytest

from kerasdemo.config import parse
from kerasdemo.diagnosis import RunFeatures, remedies
from tests.factories import MakeRun

NUMBERS = "data: {name: friedman}\nnetwork: {depth: 1, units: 8, output_activation: sigmoid}\n"
STEPS = """
data: {name: friedman}
network:
  layers:
    - {type: reshape, target_shape: [5, 2]}
    - repeat: {times: 1, layers: [{type: simple_rnn, units: 4, activation: relu}]}
    - {type: batch_normalization}
    - {type: dense, units: 1, activation: sigmoid}
"""
CLASSES = "data: {name: circles}\nloss: binary_crossentropy\nnetwork: {depth: 1, units: 8}\n"

CASES: list[tuple[str, Callable[[RunFeatures], Any], dict[str, Any]]] = [
    (NUMBERS, remedies.scale_targets, {"data.normalize_target": "standardize"}),
    (NUMBERS, remedies.make_output_linear, {"network.output_activation": "linear"}),
    (STEPS, remedies.make_output_linear, {"network.layers.3.activation": "linear"}),
    (STEPS, remedies.remember_longer, {"network.layers.1.repeat.layers.0.type": "lstm"}),
    (STEPS, remedies.bound_recurrence, {"network.layers.1.repeat.layers.0.activation": "tanh"}),
    (STEPS, remedies.normalize_by_layer, {"network.layers.2": {"type": "layer_normalization"}}),
    (CLASSES, remedies.weight_classes, {"training.class_weight": "balanced"}),
    (
        NUMBERS,
        lambda features: remedies.decay_later(features, 0.01),
        {"training.reduce_lr_on_plateau": {"patience": 10, "min_lr": 0.0001}},
    ),
]


@pytest.mark.parametrize(("text", "remedy", "expected"), CASES)
def test_a_remedy_is_a_change_that_the_config_takes(
    text: str, remedy: Callable[[RunFeatures], Any], expected: dict[str, Any], run: MakeRun
) -> None:
    shape = [2] if "circles" in text else [10]
    about = {"shape": shape, "train": 700, "label_shares": [0.03], "classes": None}
    recorded = run(text, loss=[1.0, 0.9], data=about)
    found = remedy(RunFeatures(recorded))
    assert found.patch == expected
    config = parse(text)
    assert config.with_changes(found.patch).settings != config.settings


def test_what_no_key_of_a_config_does_is_left_out(run: MakeRun) -> None:
    recorded = run(NUMBERS, loss=[1.0, 0.9], data={"shape": [10]})
    assert remedies.drop_not_finite(RunFeatures(recorded)) is None
