"""Faults between values of a config, which no single type can find."""

from collections.abc import Iterator

from kerasdemo.config.datasets import DatasetInfo
from kerasdemo.config.document import Document, Key, key_of
from kerasdemo.config.errors import Fault
from kerasdemo.config.layers import ShapeError, layers_of
from kerasdemo.config.tensor_shapes import Shape
from kerasdemo.config.types import RunConfig


def faults_of(config: RunConfig, document: Document) -> list[Fault]:
    """Return every fault of a completed config."""
    facts = config.dataset_info
    assert facts is not None
    found: list[tuple[Key, str]] = [
        *_counts(config, facts),
        *_monitors(config),
        *(output_faults(config, facts.shape, facts.classes) if facts.shape else ()),
    ]
    return [document.fault(key, message) for key, message in found]


def _counts(config: RunConfig, facts: DatasetInfo) -> Iterator[tuple[Key, str]]:
    data = config.data
    requested = (data.train or 0) + (data.validation or 0)
    if facts.validation is not None:
        if (data.train or 0) > facts.train:
            yield ("data", "train"), f"{data.train:,} requested; x_train has {facts.train:,}"
        if (data.validation or 0) > facts.validation:
            message = f"{data.validation:,} requested; x_val has {facts.validation:,}"
            yield ("data", "validation"), message
    elif requested > facts.train:
        yield (
            ("data", "train" if (data.train or 0) > facts.train else "validation"),
            f"{data.train:,} training and {data.validation:,} validation examples requested; "
            f"{data.name} has {facts.train:,} for both",
        )
    if (data.test or 0) > facts.test:
        yield ("data", "test"), f"{data.test:,} requested; {data.name} has {facts.test:,}"


def _monitors(config: RunConfig) -> Iterator[tuple[Key, str]]:
    if config.data.validation:
        return
    for key in ("early_stopping", "reduce_lr_on_plateau"):
        callback = getattr(config.training, key)
        if callback is not None and callback.monitor.startswith("val_"):
            yield (
                ("training", key, "monitor"),
                f"{callback.monitor} can't be monitored with `data.validation: 0`; "
                "monitor loss or accuracy, or hold out validation examples",
            )


def output_faults(
    config: RunConfig, shape: Shape, classes: int | None
) -> Iterator[tuple[Key, str]]:
    """Yield (key, message) where the output does not fit the classes of the data.

    Args:
        config: with the network and the loss.
        shape: of one example.
        classes: their number; None where it is not known.
    """
    network, loss = config.network, config.loss.name
    if network.layers is None:
        if config.has_one_output and classes not in (None, 2):
            yield (
                ("loss",),
                f"{loss} has one output unit, for two classes; {config.data.name} has "
                f"{classes}: use categorical_crossentropy",
            )
        return
    try:
        layers = layers_of(config, shape, classes)
    except ShapeError as error:
        yield key_of(error.key)[:3], str(error)
        return
    if not any(layer.has_kernel for layer in layers):
        yield ("network", "layers"), "no layer has weights to train: add a dense layer"
        return
    output = layers[-1].output_shape
    last: Key = ("network", "layers", len(network.layers) - 1)
    if len(output) != 1:
        yield last, f"the output has shape {output}; expected one row of units: add a flatten layer"
    elif classes is not None:
        yield from ((last, m) for m in _units_fit(output[0], classes, loss))


def _units_fit(units: int, classes: int, loss: str) -> Iterator[str]:
    if loss.startswith("sparse_"):
        if units < classes:
            yield f"{units} output units can't name {classes} classes; {loss} needs {classes}"
    elif units == 1 and loss.startswith("categorical_"):
        yield f"one output unit can't fit {loss}; use {classes} units, or binary_crossentropy"
    elif units == 1 and classes != 2:
        yield f"one output unit can't name {classes} classes; give it {classes} units"
    elif units not in (1, classes):
        yield f"{units} output units, but the data has {classes} classes (one-hot targets)"
