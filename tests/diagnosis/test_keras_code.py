"""Remedies as lines of Keras code."""

import ast
from typing import Any

import pytest

from kerasdemo.config.layers import Layer
from kerasdemo.diagnosis import RunFeatures, diagnose, keras_code
from kerasdemo.records import Run
from tests.factories import dense, falling, make_python_run, rising

CONV = {
    "filters": 4,
    "kernel_size": [3, 3],
    "activation": "sigmoid",
    "kernel_initializer": {"name": "he_normal"},
}
SCHEDULE = {"name": "exponential_decay", "initial_learning_rate": 0.1, "decay_steps": 10}


def model(**setup: Any) -> Run:
    """A convolution, a dense layer, dropout and an output that fail."""
    network = (
        Layer("conv", "conv2d", (28, 28, 1), (26, 26, 4), CONV, 40),
        dense("dense", 8, 2704, kernel_regularizer={"name": "L2", "l2": 0.1}),
        Layer("drop", "dropout", (8,), (8,), {"rate": 0.8}),
        dense("head", 3, 8, "softmax"),
    )
    return make_python_run(
        loss=falling(1.1, 0.9),
        accuracy=rising(0.4, 0.5),
        network=network,
        data={"linear_baseline": {"train": 0.8, "validation": 0.8}},
        setup={"dropout": 0.8, "l2": 0.1, "compile": {"metrics": '["accuracy"]'}, **setup},
    )


@pytest.mark.parametrize(
    ("patch", "code"),
    [
        (
            {"layers.conv.units": 64},
            'keras.layers.Conv2D(64, (3, 3), activation="sigmoid", '
            'kernel_initializer="he_normal")  # in place of conv',
        ),
        (
            {"layers.dense.units": 64},
            'keras.layers.Dense(64, activation="relu", '
            "kernel_regularizer=keras.regularizers.L2(l2=0.1))  # in place of dense",
        ),
        ({"layers.head.trainable": True}, 'model.get_layer("head").trainable = True'),
        ({"network.regularizer.l2": 0.0}, 'keras.layers.Dense(8, activation="relu")  # in place'),
        ({"network.dropout": 0.4}, "keras.layers.Dropout(0.4)  # in place of drop"),
        (
            {"network.dropout": 0.9},
            "keras.layers.Dropout(0.9)  # behind the activation of each of conv, dense",
        ),
        ({"training.class_weight": {0: 0.5, 1: 25.0}}, "model.fit(..., class_weight="),
        ({"data.target": "standardize"}, "y_mean, y_sd = y.mean(axis=0), y.std(axis=0)"),
        ({"data.finite": True}, "is_finite &= np.isfinite"),
        ({"loss.label_smoothing": 0.1, "loss": "categorical_crossentropy"}, "label_smoothing=0.1"),
        (
            {"training.reduce_learning_rate": {"patience": 10, "min_lr": 1e-5}},
            "keras.callbacks.ReduceLROnPlateau(patience=10, min_lr=1e-05)",
        ),
    ],
)
def test_a_patch_is_code_that_can_be_pasted(patch: dict[str, Any], code: str) -> None:
    found = keras_code.render(patch, RunFeatures(model()))
    assert code in found
    ast.parse(found)


@pytest.mark.parametrize(
    "name",
    ['x"),__import__("os").system("id"),("', "a\nimport os", "\x1b[31mred"],
)
def test_names_in_a_folder_never_become_calls(name: str) -> None:
    layer = dense("dense", 8, 2, kernel_initializer={"name": name, "stddev": 1.0})
    run = make_python_run(loss=falling(1.0, 0.5), network=(layer, dense("out", 2, 2)))
    code = keras_code.render({"layers.dense.units": 9}, RunFeatures(run))
    assert code == "# a name in the run's folder is no Python name"


def test_a_schedule_is_kept_where_another_argument_changes() -> None:
    run = model(optimizer={"name": "sgd", "learning_rate": {**SCHEDULE, "decay_rate": 0.9}})
    code = keras_code.render({"optimizer.clipnorm": 1.0}, RunFeatures(run))
    assert (
        "learning_rate=keras.optimizers.schedules.ExponentialDecay("
        "initial_learning_rate=0.1, decay_steps=10, decay_rate=0.9), clipnorm=1.0" in code
    )
    ast.parse(code)


@pytest.mark.parametrize(
    ("setup", "first"),
    [
        ({"l2": 0.0, "dropout": 0.8}, "keras.layers.Dropout(0.4)  # in place of drop"),
        (
            {"l2": 0.1, "dropout": 0.0},
            "kernel_regularizer=keras.regularizers.L2(l2=0.0001))  # in place",
        ),
        (
            {
                "l2": 0.0,
                "dropout": 0.0,
                "optimizer": {"name": "adamw", "learning_rate": 0.001, "weight_decay": 20.0},
            },
            "weight_decay=0.2",
        ),
    ],
    ids=["dropout", "l2", "weight decay"],
)
def test_a_network_that_is_held_down_gets_less_of_it(setup: dict[str, Any], first: str) -> None:
    verdict = diagnose(model(**setup))
    assert verdict.causes[0].name == "network_too_small"
    assert verdict.causes[0].evidence["limit"] == "held down"
    assert first in (verdict.remedies[0].code or "")


def test_every_remedy_of_a_run_from_python_is_code() -> None:
    for remedy in diagnose(model()).remedies:
        ast.parse(remedy.code or "this is none")
