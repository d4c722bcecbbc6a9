"""A config's program makes the network, and asks for the training, that the config describes."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from keras_source import Loop, source, targets

from kerasdemo import data
from kerasdemo.backend import keras
from kerasdemo.config import RunConfig, keras_arguments, parse
from kerasdemo.data import Dataset, Part
from kerasdemo.sweeps.expansion import expand
from kerasdemo.sweeps.experiment import load
from kerasdemo.training import network

EXPERIMENTS = Path(__file__).parents[2] / "experiments" / "diagnosis"
FORMS = {
    "maxout": "network: {depth: 2, units: 8, activation: maxout, maxout_pieces: 3, dropout: 0.2}",
    "layers with arguments": (
        "network: {depth: 1, units: 4, activation: {name: leaky_relu, negative_slope: 0.1}, "
        "normalization: layer, input_dropout: 0.1, regularizer: {l1: 0.1, l2: 0.2}}\n"
        "optimizer: {name: adamw, weight_decay: 0.01, clipnorm: 1.0}\n"
        "training: {reduce_lr_on_plateau: {patience: 2}, early_stopping: null}"
    ),
    "layers": (
        "network:\n  initializer: he_normal\n  layers:\n"
        "    - {type: dense, units: 5, activation: tanh, bias_initializer: random_normal,\n"
        "       kernel_constraint: max_norm, kernel_regularizer: {l2: 0.5}}\n"
        "    - {type: activation, activation: elu}\n"
        "    - {type: dense, units: 2, kernel_initializer: orthogonal, activation: softmax}"
    ),
    "one unit": "loss: {name: binary_crossentropy, from_logits: true}\nnetwork: {depth: 0}",
}


def program(
    config: RunConfig, outputs: int, shape: tuple[int, ...], loop: Loop, **options: Any
) -> tuple[Any, dict[str, Any]]:
    """Execute a config's program without training; return its model and the arguments of fit."""
    text = source(config, shape, outputs, loop=loop, **options)
    asked: dict[str, Any] = {}
    if loop == "kerasdemo.fit":
        text = text.replace("kerasdemo.fit(\n    model,", "asked.update(\n    dict,")
    text = text.replace("import kerasdemo\n", "").replace("history = model.fit(", "asked.update(")
    start = text.index("history = ") if "history = " in text else text.index("asked.update(")
    arrays = dict.fromkeys(("x", "y", "x_val", "y_val"), None)
    names = {**arrays, "kerasdemo": SimpleNamespace(Recorder=dict), "asked": asked}
    exec(compile(text[:start], "program", "exec"), names)
    return names["model"], asked


def examples(config: RunConfig) -> tuple[Part, int]:
    """Return four examples that a config's network takes, and its number of outputs."""
    if config.data.name == "mnist":  # need not be here
        config = config.with_changes({"data": {"name": "mnist_sample"}})
    dataset: Dataset = data.load(config)
    return Part(dataset.train.x[:4], dataset.train.y[:4]), dataset.outputs


def same(config: RunConfig) -> None:
    part, outputs = examples(config)
    shape = part.x.shape[1:]
    made, _ = program(config, outputs, shape, "kerasdemo.fit")
    wanted = network.build(config, shape, outputs)
    for ours, theirs in zip(made.get_weights(), wanted.get_weights(), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_allclose(made(part.x), wanted(part.x), rtol=1e-6)
    without_name = {"name": None}
    assert made.optimizer.get_config() | without_name == (
        wanted.optimizer.get_config() | without_name
    )
    y = targets(config, part, shape, outputs)
    ours = made.evaluate(part.x, y, verbose=0, return_dict=True)
    theirs = wanted.evaluate(part.x, y, verbose=0, return_dict=True)
    both = ours.keys() & theirs.keys()  # R² is measured beside the network
    assert {name: ours[name] for name in both} == pytest.approx(
        {name: theirs[name] for name in both}, nan_ok=True
    )
    assert "loss" in both


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_the_program_makes_the_network_of_the_config(form: str) -> None:
    same(parse(f"seed: 3\ndata: {{name: circles}}\n{form}\n"))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*received `from_logits=True`:UserWarning")
@pytest.mark.filterwarnings("ignore:[\\s\\S]*softmax over axis -1:UserWarning")  # the fault
@pytest.mark.parametrize("name", sorted(file.stem for file in EXPERIMENTS.glob("*.yaml")))
def test_every_case_of_the_scorecard_is_the_same_network(name: str) -> None:
    for spec in expand(load(EXPERIMENTS / f"{name}.yaml")):
        if spec.seed == 0:
            same(spec.config)
            keras.utils.clear_session()


@pytest.mark.parametrize("name", keras_arguments.names("losses"))
def test_every_loss_is_the_configs(name: str) -> None:
    config = parse(f"data: {{name: circles}}\nloss: {name}\nnetwork: {{depth: 0}}\n")
    made, _ = program(config, 2, (2,), "fit", seeded=False)
    wanted = network.loss(config)
    found = made.loss
    if isinstance(found, str):
        found = keras.losses.get(found)
    name_of = getattr(found, "__name__", None) or found.get_config()["name"]
    assert name_of in (wanted.get_config()["name"], name)


def test_the_program_asks_for_what_the_config_asks() -> None:
    text = source(
        parse(
            "name: mine\nseed: 7\ndata: {name: circles}\n"
            "training: {batch_size: 20, epochs: 3, early_stopping: {patience: 2}}\n"
        ),
        (2,),
        2,
        results="elsewhere",
    )
    for line in (
        "epochs=3,",
        "batch_size=20,",
        "validation_data=(x_val, y_val),",
        "callbacks=[keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)],",
        'results="elsewhere",',
        'name="mine",',
        "seed=7,",
    ):
        assert f"    {line}\n" in text


def test_plain_fit_gets_a_recorder_and_the_seed() -> None:
    text = source(parse("seed: 7\ndata: {name: circles}\n"), (2,), 2, loop="fit", seeded=False)
    assert "keras.utils.set_random_seed(7)\n" in text
    assert "history = model.fit(\n" in text
    assert "kerasdemo.Recorder(\n" in text
    assert max(map(len, text.splitlines())) <= 88
