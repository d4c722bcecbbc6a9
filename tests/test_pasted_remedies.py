"""Remedies of real Keras models run where they are pasted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kerasdemo
from kerasdemo.backend import keras
from kerasdemo.diagnosis import RunFeatures, keras_code
from kerasdemo.training import compile_code

layers = keras.layers
RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 6)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")
LOWER = {"optimizer.learning_rate": 0.01}


def distance(y: Any, output: Any) -> Any:
    return keras.ops.mean(keras.ops.abs(y - output))


class Own(keras.metrics.BinaryAccuracy):  # type: ignore[misc]
    pass


class OwnOptimizer(keras.optimizers.SGD):  # type: ignore[misc]
    pass


def network(**arguments: Any) -> Any:
    inputs = keras.Input((6,))
    hidden = layers.Dense(4, activation="relu", name="first", **arguments)(inputs)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid", name="last")(hidden))


def features(model: Any, folder: Path, x: Any = X, y: Any = Y, **fit: Any) -> RunFeatures:
    run = kerasdemo.fit(model, x, y, epochs=1, verbose=0, seed=0, results=folder, **fit).run
    assert run is not None
    return RunFeatures(run)


def paste(code: str, **names: Any) -> dict[str, Any]:
    known = {"keras": keras, "np": np, "distance": distance, **names}
    exec(compile(code, "pasted", "exec"), known)
    return known


COMPILED: list[tuple[dict[str, Any], str]] = [
    ({"metrics": ["accuracy", "mse"]}, 'metrics=["accuracy", "mse"],'),
    (
        {"metrics": [keras.metrics.BinaryAccuracy(name="my_acc", threshold=0.3)]},
        'metrics=[keras.metrics.BinaryAccuracy(name="my_acc", threshold=0.3)],',
    ),
    ({"metrics": [keras.metrics.AUC(name="auc")]}, 'metrics=[keras.metrics.AUC(name="auc")],'),
    ({"metrics": [distance]}, "metrics=[distance],"),
    ({"metrics": [keras.losses.mean_squared_error]}, 'metrics=["mean_squared_error"],'),
    ({"weighted_metrics": ["accuracy"]}, 'weighted_metrics=["accuracy"],'),
    ({"metrics": {"last": ["mse"]}}, 'metrics={"last": ["mse"]},'),
    ({"loss": distance}, "loss=distance,"),
    ({"loss": {"last": "mse"}, "loss_weights": {"last": 0.5}}, 'loss_weights={"last": 0.5},'),
    (
        {"loss": keras.losses.BinaryCrossentropy(label_smoothing=0.1)},
        "loss=keras.losses.BinaryCrossentropy(label_smoothing=0.1),",
    ),
    ({"jit_compile": True}, "jit_compile=True,"),
    ({"run_eagerly": True}, "run_eagerly=True,"),
    ({"metrics": ["mse", Own(name="own")]}, "# metrics=... as before"),
    ({"metrics": [lambda y, output: output]}, "# metrics=... as before"),
]


def first(cases: Sequence[Any], count: int) -> list[Any]:
    """Return cases as parameters; those behind the first ones only for `make test-all`."""
    marks = [() if number < count else pytest.mark.slow for number in range(len(cases))]
    return [
        pytest.param(*(case if isinstance(case, tuple) else (case,)), marks=mark)
        for case, mark in zip(cases, marks, strict=True)
    ]


@pytest.mark.filterwarnings("ignore:.*lambda")
@pytest.mark.parametrize(
    ("arguments", "line"), first(COMPILED, 3), ids=[line for _, line in COMPILED]
)
def test_a_model_is_compiled_as_it_was(
    arguments: dict[str, Any], line: str, tmp_path: Path
) -> None:
    model = network()
    model.compile(**{"optimizer": "adam", "loss": "binary_crossentropy", **arguments})
    code = keras_code.render(LOWER, features(model, tmp_path))
    assert line in [one.strip() for one in code.splitlines()]
    fresh = network()
    paste(code, model=fresh)
    assert float(fresh.optimizer.learning_rate) == pytest.approx(0.01)
    if "as before" not in code:
        assert compile_code.describe(fresh) == compile_code.describe(model)
        fresh.fit(X, Y, verbose=0)


def test_an_optimizer_of_a_users_class_is_changed_in_place(tmp_path: Path) -> None:
    model = network()
    model.compile(OwnOptimizer(0.5), "binary_crossentropy")
    code = keras_code.render(LOWER, features(model, tmp_path))
    paste(code, model=model)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)


def test_an_earlier_record_does_not_know_how_the_model_was_compiled(tmp_path: Path) -> None:
    model = network()
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    folder = features(model, tmp_path).run.folder
    file = folder.setup_file
    text = file.read_text()
    start, end = text.index(' "compile"'), text.index(' "settings"')
    file.write_text(f'{text[:start]} "metrics": ["accuracy"],\n{text[end:]}')
    code = keras_code.render(LOWER, RunFeatures(kerasdemo.read_run(folder.path)))
    assert "# metrics and other arguments as before" in code
    paste(code, model=model)


def test_batch_normalization_stands_before_an_activation_that_a_layer_has(tmp_path: Path) -> None:
    model = network(use_bias=False)
    model.compile("adam", "binary_crossentropy")
    code = keras_code.render({"network.normalization": "batch"}, features(model, tmp_path))
    assert "# in place of first" in code
    added = [eval(line, {"keras": keras}) for line in code.splitlines()]
    assert [type(layer).__name__ for layer in added] == [
        "Dense", "BatchNormalization", "Activation",
    ]  # fmt: skip
    assert (added[0].activation, added[0].use_bias) == (keras.activations.linear, False)
    assert added[2].activation == keras.activations.relu
    keras.Sequential([keras.Input((6,)), *added, layers.Dense(1)])(X)


def test_batch_normalization_of_an_activation_of_its_own(tmp_path: Path) -> None:
    model = keras.Sequential(
        [
            keras.Input((6,)),
            *(layers.Dense(4, name=f"dense{n}") for n in range(5)),
            layers.Activation("relu", name="bend"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    code = keras_code.render({"network.normalization": "batch"}, features(model, tmp_path))
    assert "# and alike for dense3, dense4" in code
    paste(code)


def bend(x: Any) -> Any:
    return keras.ops.abs(x)


def test_a_changed_layer_keeps_its_other_arguments(tmp_path: Path) -> None:
    arguments = {
        "kernel_initializer": keras.initializers.VarianceScaling(2.0),
        "bias_initializer": "ones",
        "kernel_regularizer": keras.regularizers.L1L2(1e-3, 1e-4),
        "use_bias": True,
    }
    inputs = keras.Input((6,))
    hidden = layers.Dense(4, activation=bend, name="first", **arguments)(inputs)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(hidden))
    model.compile("adam", "binary_crossentropy")
    code = keras_code.render({"layers.first.units": 8}, features(model, tmp_path))
    changed = eval(code, {"keras": keras, "bend": bend}).get_config()
    before = model.get_layer("first").get_config()
    assert changed.pop("units") == 8
    ignored = ("name", "units", "kernel_initializer")
    assert {k: v for k, v in changed.items() if k not in ignored} == {
        k: v for k, v in before.items() if k not in ignored
    }
    assert changed["kernel_initializer"]["config"]["scale"] == 2.0


PARTS = {"a": X[:, :4] * 1000, "b": X[:, 4:]}


@pytest.mark.parametrize("x", [PARTS, list(PARTS.values())], ids=["dict", "list"])
def test_several_inputs_are_scaled_each_by_itself(x: Any, tmp_path: Path) -> None:
    a, b = keras.Input((4,), name="a"), keras.Input((2,), name="b")
    inputs = {"a": a, "b": b} if isinstance(x, dict) else [a, b]
    model = keras.Model(inputs, layers.Dense(1)(layers.Concatenate()([a, b])))
    model.compile("adam", "mse")
    found = features(model, tmp_path, x)
    patch = {"data.normalize": "standardize", "data.shuffle": True, "data.finite": True}
    known = paste(keras_code.render(patch, found), x=x, y=Y)
    scaled = [
        scaling(part)
        for scaling, part in zip(
            *map(keras.tree.flatten, (known["scalings"], known["x"])), strict=True
        )
    ]
    assert all(np.std(part) == pytest.approx(1, abs=0.01) for part in scaled)
    assert len(known["y"]) == 40


def test_one_input_is_scaled_shuffled_and_cleaned(tmp_path: Path) -> None:
    model = network()
    model.compile("adam", "binary_crossentropy")
    found = features(model, tmp_path)
    broken = np.where(np.arange(240).reshape(40, 6) == 7, np.nan, X)
    known = paste(keras_code.render({"data.finite": True}, found), x=broken, y=Y)
    assert len(known["x"]) == len(known["y"]) == 39
    patch = {"data.shuffle": True, "data.normalize": "standardize"}
    known = paste(keras_code.render(patch, found), x=X, y=Y)
    assert np.array_equal(known["y"], (known["x"][:, :1] > 0))
    assert np.std(known["scaling"](X)) == pytest.approx(1, abs=0.01)


def test_validation_targets_are_scaled_alike(tmp_path: Path) -> None:
    y = X[:, 0] * 500 + 3000
    model = network()
    model.compile("adam", "mse")
    patch = {"data.target": "standardize"}
    found = features(model, tmp_path, X, y, validation_data=(X[:10], y[:10]))
    known = paste(keras_code.render(patch, found), y=y, y_val=y[:10])
    assert np.allclose(known["y_val"], known["y"][:10])
    assert np.std(known["y"]) == pytest.approx(1, abs=0.01)
    without = keras_code.render(patch, features(model, tmp_path, X, y))
    assert "y_val" not in without
    assert "y_mean + y_sd * model.predict(x)" in without


REMEDIES: list[dict[str, Any]] = [
    {"training.batch_size": 8},
    {"training.epochs": 2},
    {"training.early_stopping": {"monitor": "loss", "patience": 5}},
    {"training.early_stopping.patience": 8},
    {"training.reduce_learning_rate": {"patience": 10, "min_lr": 1e-5}},
    {"training.class_weight": {0: 0.5, 1: 5.0}},
    {"loss.label_smoothing": 0.1},
    {"loss": "binary_focal_crossentropy", "loss.alpha": 0.9},
    {"optimizer": {"name": "adam", "learning_rate": 0.001}},
    {"optimizer.clipnorm": 1.0},
    {"network.initializer": "he_normal"},
    {"network.regularizer.l2": 1e-4},
    {"network.dropout": 0.5},
    {"network.depth": 1, "network.units": 100},
    {"network.trainable": True},
    {"layers.first.trainable": True},
    {"layers.first.units": 64},
    {"layers.first.activation": "tanh"},
    {"data.normalize": "unit"},
]


@pytest.mark.parametrize("patch", first(REMEDIES, 4), ids=str)
def test_every_other_remedy_runs(patch: dict[str, Any], tmp_path: Path) -> None:
    model = network()
    model.compile(keras.optimizers.SGD(0.5, momentum=0.9), "binary_crossentropy")
    code = keras_code.render(patch, features(model, tmp_path, validation_data=(X, Y)))
    assert code
    # What `...` stands for: the data that were passed.
    paste(code.replace("(...", "(x, y, verbose=0"), model=model, x=X, y=Y, x_val=X)
    model.fit(X, Y, verbose=0)
