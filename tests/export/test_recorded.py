"""Runs recorded from Python: their network as a script, or a sentence why not."""

import ast
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kerasdemo
from kerasdemo import api
from kerasdemo.backend import keras
from kerasdemo.config import InputError
from kerasdemo.config.layers import Layer
from kerasdemo.records import History, Run, Setup
from tests.export.scripts import MODEL, execute

DENSE: dict[str, Any] = {
    "units": 2,
    "activation": "relu",
    "use_bias": True,
    "kernel_initializer": {"name": "he_normal", "seed": 3},
    "bias_initializer": {"name": "zeros"},
    "kernel_regularizer": {"name": "l2", "l2": 0.1},
}


def make_run(*layers: Layer, **changes: Any) -> Run:
    setup = Setup("own", {"name": "mean_squared_error"}, {"name": "adam", "learning_rate": 0.01})
    built = layers or (Layer("dense", "dense", (3,), (2,), DENSE, 8),)
    return Run(None, History((1.0,)), built=built, declared=replace(setup, **changes))


def write_arrays(path: Path, x: Any, y: Any) -> str:
    np.savez(path, x=x, y=y)
    return str(path)


def test_a_chain_is_written_with_its_arguments(tmp_path: Path) -> None:
    schedule = {"name": "cosine_decay", "initial_learning_rate": 0.1, "decay_steps": 9}
    run = make_run(
        optimizer={"name": "sgd", "learning_rate": schedule, "momentum": 0.9},
        frozen=("dense",),
        seed=7,
        early_stopping={"monitor": "val_loss", "patience": 3, "baseline": None},
    )
    script = api.to_python(run)
    assert "EarlyStopping(patience=3)" in script and "trainable=False" in script
    file = write_arrays(tmp_path / "own.npz", np.ones((4, 3)), np.ones((4, 2)))
    model = execute(script, file, until=MODEL)["model"]
    (layer,) = model.layers
    assert layer.kernel_initializer.seed == 3 and layer.kernel_regularizer.l2 == 0.1
    assert not layer.trainable
    assert model.optimizer.momentum == 0.9
    assert model.optimizer.get_config()["learning_rate"]["class_name"] == "CosineDecay"


def test_a_graph_is_written_where_its_inputs_are_recorded(tmp_path: Path) -> None:
    layers = (
        Layer("one", "dense", (3,), (3,), {**DENSE, "units": 3}, 12),
        Layer("sum", "add", (3,), (3,), {}, 0, inputs=("one", "input")),
        Layer("two", "dense", (3,), (2,), DENSE, 8),
    )
    script = api.to_python(make_run(*layers, structure="graph"))
    file = write_arrays(tmp_path / "own.npz", np.ones((4, 3)), np.ones((4, 2)))
    model = execute(script, file, until=MODEL)["model"]
    assert model.count_params() == 20
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    one, two = model.layers[1], model.layers[3]
    np.testing.assert_allclose(model(x), two(one(x) + x), rtol=1e-6)


UNWRITABLE: dict[str, tuple[tuple[Layer, ...], dict[str, Any], str]] = {
    "own layer": (
        (Layer("mine", "my_attention", (3,), (2,), {}, 8),),
        {},
        "layer mine is of type my_attention, which is none of Keras' own",
    ),
    "lambda": ((Layer("f", "lambda", (3,), (3,), {"function": "x"}),), {}, "none of Keras' own"),
    "graph": ((), {"structure": "graph"}, "has branches, and which layer reads which"),
    "code": ((), {"structure": "code"}, "its model is code of its own"),
    "shape": ((Layer("dense", "dense", (), (2,), DENSE),), {}, "shape of its inputs"),
    "own loss": ((), {"loss": {"name": "own"}}, "it computes its own loss"),
    "own function": ((), {"loss": {"name": "my_loss"}}, "its loss my_loss is none of Keras' own"),
    "own optimizer": ((), {"optimizer": {"name": "mine"}}, "its optimizer mine is none of Keras'"),
    "own activation": (
        (Layer("dense", "dense", (3,), (2,), {**DENSE, "activation": "mine"}),),
        {},
        "the activation of layer dense is mine, none of Keras' own",
    ),
}


@pytest.mark.parametrize(("layers", "changes", "why"), UNWRITABLE.values(), ids=UNWRITABLE)
def test_what_is_not_keras_own_is_refused_in_a_sentence(
    layers: tuple[Layer, ...], changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(InputError, match="no script of plain Keras") as caught:
        api.to_python(make_run(*layers, **changes))
    assert why in caught.value.lines[0] and len(caught.value.lines) == 1


HOSTILE = '__import__("os").system("touch pwned")'
HOSTILE_ARGUMENTS: list[dict[str, Any]] = [
    {**DENSE, f"units={HOSTILE}, x": 1},
    {**DENSE, "kernel_initializer": {"name": HOSTILE}},
    {**DENSE, "kernel_initializer": {"name": "he_normal", f"seed={HOSTILE}, x": 1}},
    {**DENSE, "kernel_regularizer": {"name": HOSTILE}},
    {**DENSE, "activation": f'relu", x={HOSTILE}, y="'},
    {**DENSE, "extra": {"name": HOSTILE}},
]


@pytest.mark.parametrize("arguments", HOSTILE_ARGUMENTS)
def test_names_of_hostile_files_never_become_code(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="no script of plain Keras"):
        api.to_python(make_run(Layer("dense", "dense", (3,), (2,), arguments, 8)))


def test_hostile_values_stay_texts() -> None:
    text = f'it\'s\n"x\\" + {HOSTILE}'
    layer = Layer(text, "dense", (3,), (2,), {**DENSE, "extra": [text, {text: text}]}, 8)
    run = make_run(layer, name=f"a\n{HOSTILE}", batch_size=5, seed=2**63 - 1)
    tree = ast.parse(api.to_python(run))
    called = {node.func.id for node in ast.walk(tree) if _is_named(node)}
    assert called == set()
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [name.name for node in imported for name in node.names] == ["argparse", "keras", "numpy"]


def _is_named(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name)


def make_chain() -> Any:
    penalty = keras.regularizers.L1L2(1e-4, 1e-3)
    return keras.Sequential(
        [
            keras.Input((6, 4)),
            keras.layers.Conv1D(5, 3, padding="same", activation="relu"),
            keras.layers.MaxPooling1D(),
            keras.layers.Bidirectional(keras.layers.GRU(3, return_sequences=True)),
            keras.layers.GlobalAveragePooling1D(),
            keras.layers.Dense(4, kernel_regularizer=penalty, kernel_constraint="max_norm"),
            keras.layers.BatchNormalization(momentum=0.9),
            keras.layers.LeakyReLU(0.1),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(2, activation="softmax"),
        ]
    )


def make_nested() -> Any:
    inner = keras.Sequential([keras.Input((8,)), keras.layers.Dense(5, activation="tanh")])
    return keras.Sequential(
        [
            keras.Input((6, 4)),
            keras.layers.Flatten(),
            keras.layers.Dense(8),
            inner,
            keras.layers.Dense(2, activation="softmax"),
        ]
    )


def make_functional() -> Any:
    given = keras.Input((6, 4))
    hidden = keras.layers.LSTM(4, recurrent_dropout=0.1)(given)
    hidden = keras.layers.LayerNormalization(epsilon=0.01)(hidden)
    return keras.Model(given, keras.layers.Dense(2, activation="softmax")(hidden))


@pytest.mark.slow
@pytest.mark.parametrize("make", [make_chain, make_nested, make_functional])
def test_a_recorded_model_is_the_same_network_in_plain_keras(make: Any, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 6, 4)).astype("float32")
    y = rng.integers(0, 2, 60)
    model = make()
    model.compile("rmsprop", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = kerasdemo.fit(
        model, x, y, validation_split=0.25, epochs=1, results=str(tmp_path), verbose=0
    )
    script = api.to_python(history.run.path)
    file = write_arrays(tmp_path / "own.npz", x, y)
    made = execute(script, file, "--epochs", "2")
    assert made["model"].count_params() == model.count_params()
    assert [w.shape for w in made["model"].weights] == [w.shape for w in model.weights]
    assert len(made["history"].history["val_loss"]) == 2
    # With the weights of the recorded model it computes the same.
    made["model"].set_weights(model.get_weights())
    np.testing.assert_allclose(made["model"](x), model(x), rtol=1e-5, atol=1e-6)
