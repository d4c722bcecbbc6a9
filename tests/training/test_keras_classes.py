"""Config's words are the installed Keras' words."""

import json
from pathlib import Path

import numpy as np
import pytest

from kerasdemo.backend import keras
from kerasdemo.config import keras_arguments, parse
from kerasdemo.config.layers import kernel_layers, layers_of
from kerasdemo.training import network, runner
from kerasdemo.training.keras_classes import classes, describe


def test_the_vocabulary_is_the_installed_keras() -> None:
    written = json.loads(keras_arguments.FILE.read_text())
    assert json.loads(json.dumps(describe())) == written, "run `make schema`"


@pytest.mark.parametrize("kind", ["losses", "initializers", "optimizers", "constraints"])
def test_every_name_makes_its_object_with_its_defaults(kind: str) -> None:
    for name, arguments in keras_arguments.names(kind).items():
        assert classes(kind)[name](**arguments)


def test_short_names_mean_what_they_mean_in_keras() -> None:
    for alias, name in keras_arguments.aliases("losses").items():
        assert keras.losses.get(alias) is keras.losses.get(name)
    for alias, name in keras_arguments.aliases("activations").items():
        assert keras.activations.get(alias) is keras.activations.get(name)


LAYERS = """
data: {name: mnist_sample, train: 200, validation: 50, test: 50}
network:
  layers:
    - {type: Conv2D, filters: 4, kernel_size: 3, dilation_rate: 2, bias_initializer: Ones}
    - {type: conv2d, filters: 4, kernel_size: 3, groups: 2, bias_regularizer: {l2: 0.1}}
    - {type: BatchNormalization, center: false, gamma_initializer: {name: constant, value: 0.5}}
    - {type: Flatten}
    - type: Dense
      units: 10
      activation: Softmax
      kernel_regularizer: {l2: 0.01}
      kernel_constraint: {name: MaxNorm, max_value: 0.05}
optimizer: {name: SGD, learning_rate: 0.5}
training: {epochs: 1}
"""


def test_layers_take_keras_own_arguments() -> None:
    config = parse(LAYERS)
    assert config.network.layers is not None
    built = network.build(config, (28, 28), 10)
    kinds = keras.layers.Conv2D | keras.layers.BatchNormalization | keras.layers.Dense
    first, second, normal, dense = (one for one in built.layers if isinstance(one, kinds))
    assert (first.dilation_rate, second.groups) == ((2, 2), 2)
    assert (first.bias.numpy() == 1).all()
    assert float(second.bias_regularizer.l2) == pytest.approx(0.1)
    assert normal.beta is None
    assert (normal.gamma.numpy() == 0.5).all()
    assert float(dense.kernel_regularizer.l2) == pytest.approx(0.01)
    # Each kernel's fan-in is what Keras has.
    found = kernel_layers(layers_of(config, (28, 28), 10))
    for layer, one in zip(found, (first, second, dense), strict=True):
        assert layer.fan_in == np.prod(one.kernel.shape[:-1])


def test_a_constraint_holds_while_it_trains(tmp_path: Path) -> None:
    run = runner.run(parse(LAYERS), tmp_path)
    assert run.status == "finished", run.facts
    saved = keras.saving.load_model(run.folder.model_file)
    norms = np.linalg.norm(saved.layers[-2].get_weights()[0], axis=0)
    assert norms.max() == pytest.approx(0.05, rel=1e-3)
