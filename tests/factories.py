"""Runs and their summaries, written by hand."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from kerasdemo import config
from kerasdemo.config.layers import Layer
from kerasdemo.records import (
    History,
    LayerHistory,
    Run,
    RunFolder,
    Scalar,
    Setup,
    Summary,
    Task,
    Value,
)

MakeRun = Callable[..., Run]

PLAIN = "data: {name: mnist}\ntraining: {early_stopping: null}\n"


def rising(start: float, end: float, epochs: int = 20, pace: float = 3.0) -> list[float]:
    """An accuracy that approaches `end` and is flat by the last quarter."""
    return [end - (end - start) * math.exp(-pace * n / 3) for n in range(epochs)]


def falling(start: float, end: float, epochs: int = 20, pace: float = 3.0) -> list[float]:
    """A loss that approaches `end`."""
    return rising(start, end, epochs, pace)


def make_run(
    text: str = PLAIN,
    *,
    loss: Sequence[float] = (),
    accuracy: Sequence[float] = (),
    val_loss: Sequence[float] = (),
    val_accuracy: Sequence[float] = (),
    layers: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
    **facts: Any,
) -> Run:
    """A run with the facts that a training of MNIST would write, changed by `facts`."""
    known = {
        "status": "finished",
        "data": {
            "name": "mnist",
            "train": 10_000,
            "validation": 10_000,
            "test": 10_000,
            "shape": [28, 28],
            "classes": 10,
            "class_shares": [0.1] * 10,
            "test_class_shares": [0.1] * 10,
            "input": {"min": 0.0, "max": 1.0, "mean": 0.13, "sd": 0.31},
            "test_input": {"min": 0.0, "max": 1.0, "mean": 0.13, "sd": 0.31},
            "linear_baseline": {"train": 0.88, "validation": 0.85},
            "warning": None,
        },
        "updates": 100 * len(loss),
    }
    history = History(tuple(loss), tuple(accuracy), tuple(val_loss), tuple(val_accuracy))
    told = {
        name: LayerHistory(**{k: tuple(v) for k, v in values.items()})
        for name, values in (layers or {}).items()
    }
    data = {**known["data"], **facts.pop("data", {})}  # type: ignore[dict-item]
    return Run(config.parse(text), history, told, known | {"data": data} | facts)


LOSSES: Mapping[Task, str] = {
    "classification": "sparse_categorical_crossentropy",
    "binary": "binary_crossentropy",
    "multi_label": "binary_crossentropy",
    "regression": "mean_squared_error",
    "other": "my_loss",
}
# What is measured of 1,000 training examples, task by task.
TARGETS: Mapping[Task, Mapping[str, Any]] = {
    "classification": {"classes": 3, "class_shares": [0.4, 0.3, 0.3]},
    "binary": {"classes": 2, "class_shares": [0.5, 0.5], "label_shares": [0.5]},
    "multi_label": {"label_shares": [0.5, 0.4, 0.6]},
    "regression": {"target": {"min": -2.5, "max": 2.5, "mean": 0.0, "sd": 1.0}},
    "other": {},
}


def dense(name: str, units: int, inputs: int, activation: str = "relu", **arguments: Any) -> Layer:
    """A dense layer of a model from Python, as recorded."""
    given = {
        "units": units,
        "activation": activation,
        "kernel_initializer": {"name": "glorot_uniform"},
    }
    count = (inputs + 1) * units
    return Layer(name, "dense", (inputs,), (units,), given | arguments, count)


def make_python_run(
    task: Task = "classification",
    *,
    network: Sequence[Layer] | None = None,
    statistics: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
    data: Mapping[str, Any] | None = None,
    facts: Mapping[str, Any] | None = None,
    setup: Mapping[str, Any] | None = None,
    **history: Sequence[float],
) -> Run:
    """A run recorded from Python, of a model with two hidden layers on 1,000 examples.

    statistics: of layers, by epoch. history: columns of metrics.csv.
    """
    outputs = {"classification": 3, "multi_label": 3}.get(task, 1)
    ending = {"classification": "softmax", "regression": "linear"}.get(task, "sigmoid")
    built = (
        (
            dense("dense", 64, 8),
            dense("dense_1", 64, 64),
            dense("dense_2", outputs, 64, ending),
        )
        if network is None
        else tuple(network)
    )
    epochs = len(history.get("loss", ()))
    declared = Setup(
        **{  # type: ignore[arg-type]
            "name": "model",
            "task": task,
            "loss": {"name": LOSSES[task]},
            "optimizer": {"name": "adam", "learning_rate": 0.001},
            "batch_size": 32,
            "epochs": epochs,
            **(setup or {}),
        }
    )
    known = {
        "train": 1000,
        "validation": 500 if "val_loss" in history else 0,
        "shape": [8],
        "source": "arrays",
        "input": {"min": -3.0, "max": 3.0, "mean": 0.0, "sd": 1.0},
        **TARGETS[task],
        **(data or {}),
    }
    told = {
        name: LayerHistory(**{k: tuple(v) for k, v in values.items()})
        for name, values in (statistics or {}).items()
    }
    curves = {name: tuple(values) for name, values in history.items()}
    ending_facts = {"status": "finished", "updates": 32 * epochs, **(facts or {}), "data": known}
    return Run(None, History(**curves), told, ending_facts, built=built, declared=declared)


def make_summary(
    accuracy: float,
    seed: int = 0,
    status: str = "finished",
    name: str = "run",
    examples: int | None = None,
    **settings: Scalar,
) -> Summary:
    """A run with one metric; `a__b` stands for the dotted path a.b."""
    flat = {"seed": seed} | {key.replace("__", "."): v for key, v in settings.items()}
    return Summary(
        path=Path(f"{name}-{seed:08x}"),
        name=name,
        status=status,
        reason=None,
        settings=flat,
        metrics={"val_accuracy": Value(accuracy, accuracy, accuracy, 1)},
        epochs=1,
        seconds=2.0,
        parameters=10,
        source="fizzbuzz",
        verdict="healthy",
        examples={} if examples is None else {"validation": examples},
    )


def make_loss_summary(value: float, seed: int = 0, **settings: Scalar) -> Summary:
    """A run with a validation loss."""
    run = make_summary(0.5, seed, **settings)
    return replace(run, metrics={"val_loss": Value(value, value, value, 1)})


def write_run(
    folder: Path,
    text: str = "data: {name: fizzbuzz}",
    loss: Sequence[float] = (1.0, 0.5),
    accuracy: Sequence[float] = (0.75, 0.5),
    **facts: Any,
) -> RunFolder:
    """Write the folder of a run that was never trained; `facts` change its run.json."""
    run = RunFolder(folder)
    run.create(config.parse(text, "run.yaml"))
    for epoch, row in enumerate(zip(loss, accuracy, strict=True), 1):
        run.add_epoch(epoch, {"loss": row[0], "accuracy": row[1], "learning_rate": 0.001})
    known = {
        "status": "finished",
        "parameters": 42,
        "test": {"loss": 1.5, "accuracy": 0.25},
        "seconds": 3.0,
        "data": {"source": "fizzbuzz"},
    }
    run.finish(known | facts)
    return run


# Runs that fail: a fault in the config, what the layers show, and the cause that names it.
STUCK = {"loss": [2.301] * 12, "accuracy": [0.1127] * 12}
Layers = Mapping[str, Mapping[str, Sequence[float]]]


def layer_curves(
    gradients: Sequence[float], dead: float = 0.0, saturated: float = 0.0, update: float = 0.05
) -> Layers:
    """Twelve equal epochs of layers with these gradient norms, the last one the output."""
    hidden = [f"dense_{n}" for n in range(1, len(gradients))]
    return {
        name: {
            "gradient_norm": [gradient] * 12,
            "weight_norm": [10.0] * 12,
            "update_ratio": [update] * 12,
            "dead": [dead if name != "output" else 0.0] * 12,
            "saturated": [saturated if name != "output" else 0.0] * 12,
        }
        for name, gradient in zip([*hidden, "output"], gradients, strict=True)
    }


def mnist_config(network: str = "", optimizer: str = "", rest: str = "") -> str:
    return (
        "data: {name: mnist}\ntraining: {early_stopping: null}\n"
        f"network: {{{network}}}\noptimizer: {{{optimizer}}}\n{rest}"
    )


FAULTS: list[tuple[str, str, Layers, dict[str, Any]]] = [
    (
        "wrong_output_or_loss",
        mnist_config("depth: 2", rest="loss: mse\n"),
        layer_curves([0.1, 0.1, 0.2]),
        {},
    ),
    (
        "wrong_output_or_loss",
        mnist_config("output_activation: relu"),
        layer_curves([0.0, 0.0, 0.0]),
        {},
    ),
    (
        "vanishing_gradient",
        mnist_config("depth: 3, activation: sigmoid"),
        layer_curves([1e-6, 1e-4, 0.01, 1]),
        {},
    ),
    (
        "exploding_gradient",
        mnist_config("depth: 3"),
        layer_curves([900.0, 90.0, 9.0, 1.0]),
        {},
    ),
    (
        "dead_units",
        mnist_config("depth: 2"),
        layer_curves([0.0, 0.0, 0.3], dead=1.0),
        {},
    ),
    (
        "saturation",
        mnist_config("depth: 2, activation: tanh"),
        layer_curves([0.1, 0.1, 0.3], saturated=0.97),
        {},
    ),
    (
        "learning_rate_too_high",
        mnist_config("depth: 2", "name: adam, learning_rate: 0.5"),
        layer_curves([0.0, 0.0, 0.3], dead=1.0, update=60.0),
        {},
    ),
    (
        "learning_rate_too_low",
        mnist_config("depth: 2", "name: sgd, learning_rate: 1.0e-5"),
        layer_curves([0.3, 0.3, 0.3], update=1e-4),
        {},
    ),
    ("too_few_updates", mnist_config("depth: 2"), layer_curves([0.3, 0.3, 0.3]), {"updates": 12}),
    (
        "input_not_normalized",
        mnist_config("depth: 2"),
        layer_curves([0.0, 0.0, 0.3], dead=1.0),
        {"data": {"input": {"min": 0, "max": 255, "mean": 33.0, "sd": 79.0}}},
    ),
    (
        "bad_initialization",
        mnist_config("depth: 2, initializer: {name: constant, value: 0.01}"),
        layer_curves([0.1, 0.1, 0.3]),
        {},
    ),
    (
        "bad_initialization",
        mnist_config("depth: 4, initializer: {name: random_normal, stddev: 0.0001}"),
        layer_curves([1e-9, 1e-9, 1e-9, 1e-9, 0.3]),
        {},
    ),
    (
        "network_too_small",
        mnist_config("depth: 2, units: 2"),
        layer_curves([0.1, 0.1, 0.3]),
        {},
    ),
    (
        "network_too_small",
        mnist_config("depth: 2, units: 1"),
        layer_curves([0.0, 0.0, 0.3], dead=1.0),
        {},
    ),
    (
        "network_too_small",
        mnist_config("depth: 0"),
        layer_curves([0.1]),
        {},
    ),
    (
        "network_too_small",
        mnist_config("activation: linear"),
        layer_curves([0.1, 0.1, 0.3]),
        {},
    ),
]


def write_npz(path: Path, **changes: Any) -> Path:
    """Write a data set of 40 and 12 examples of 3 features; None leaves an array out."""
    rng = np.random.default_rng(0)
    arrays = {
        "x_train": rng.normal(size=(40, 3)).astype(np.float32),
        "y_train": np.arange(40) % 4,
        "x_test": rng.normal(size=(12, 3)).astype(np.float32),
        "y_test": np.arange(12) % 4,
    } | changes
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


def file_config(path: Path, *overrides: str) -> config.RunConfig:
    """A config, c.yaml, beside an .npz file that it trains on."""
    text = f"data: {{name: file, path: {path.name}}}"
    return config.parse(text, str(path.parent / "c.yaml"), overrides)
