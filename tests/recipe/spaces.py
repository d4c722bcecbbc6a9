"""The space in which a start is searched: everything that remedies may touch."""

import itertools
from collections.abc import Mapping
from typing import Any

ACTIVATIONS = ["relu", "leaky_relu", "elu", "tanh", "sigmoid"]
CLASS_LOSSES = ["categorical_crossentropy", "mean_squared_error"]
NUMBER_LOSSES = ["mean_squared_error", "mean_absolute_error", "huber"]
STOPPING = {"monitor": "val_loss", "patience": 5, "restore_best_weights": True}
OF_TRAINING = {
    "optimizer": ["sgd", {"name": "sgd", "momentum": 0.9}, "rmsprop", "adam"],
    "optimizer.learning_rate": {"low": 1e-4, "high": 1.0, "log": True},
    "network.initializer": ["glorot_uniform", "he_normal", "lecun_normal"],
    "training.early_stopping": [None, STOPPING],
    "training.batch_size": [20, 50, 100],
}
DENSE = {
    "network.activation": ACTIVATIONS,
    "network.depth": {"low": 1, "high": 4, "integer": True},
    "network.units": {"low": 16, "high": 256, "log": True, "integer": True},
    "network.dropout": [0.0, 0.2, 0.5],
    "network.normalization": ["none", "batch", "layer"],
}


def space_of(start: Mapping[str, Any], is_regression: bool) -> dict[str, Any]:
    """Return the space of a start: {dotted path: choices or range}.

    Args:
        start: of starts.yaml, with `also`.
        is_regression: whether it predicts numbers.
    """
    written = start["network"].get("layers")
    network = DENSE if written is None else {"network.layers": _convolutional()}
    loss = {"loss": NUMBER_LOSSES if is_regression else CLASS_LOSSES}
    return {**OF_TRAINING, **network, **loss, **start.get("also", {})}


def _convolutional() -> list[list[dict[str, Any]]]:
    """Return the layers of each convolutional network: in a written network they change at once."""
    every = itertools.product(ACTIVATIONS, (1, 2), (8, 16), (64, 128), (0.0, 0.5), (False, True))
    return [_layers(*one) for one in every]


def _layers(
    activation: str, depth: int, filters: int, units: int, dropout: float, is_normalized: bool
) -> list[dict[str, Any]]:
    act = {"type": "activation", "activation": activation}
    between = [{"type": "batch_normalization"}, act] if is_normalized else [act]
    layers: list[dict[str, Any]] = []
    for kernel in (5, 3)[:depth]:
        convolution = {"type": "conv2d", "filters": filters, "kernel_size": kernel, "strides": 2}
        layers += [convolution, *between]
    layers += [{"type": "flatten"}, {"type": "dense", "units": units}, *between]
    if dropout:
        layers.append({"type": "dropout", "rate": dropout})
    return [*layers, {"type": "dense", "units": 10, "activation": "softmax"}]
