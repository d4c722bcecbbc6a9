"""Faults between values of a config, which no single type can find."""

from collections.abc import Iterator
from typing import Any

from kerasdemo.config.dataset_info import DatasetInfo, Targets
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
        *_words(config, facts),
        *_monitors(config),
        *(
            output_faults(config, facts.shape, facts.outputs, _targets(config, facts))
            if facts.shape
            else ()
        ),
    ]
    return [document.fault(key, message) for key, message in found]


def _counts(config: RunConfig, facts: DatasetInfo) -> Iterator[tuple[Key, str]]:
    data = config.data
    requested = (data.train or 0) + (data.validation or 0)
    if facts.validation is not None:
        if (data.train or 0) > facts.train:
            where = "x_train" if data.name == "file" else "the folder train"
            yield ("data", "train"), f"{data.train:,} requested; {where} has {facts.train:,}"
        if (data.validation or 0) > facts.validation:
            where = "x_val" if data.name == "file" else "the folder validation"
            message = f"{data.validation:,} requested; {where} has {facts.validation:,}"
            yield ("data", "validation"), message
    elif requested > facts.train:
        yield (
            ("data", "train" if (data.train or 0) > facts.train else "validation"),
            f"{data.train:,} training and {data.validation:,} validation examples requested; "
            f"{data.name} has {facts.train:,} for both",
        )
    if (data.test or 0) > facts.test:
        yield ("data", "test"), f"{data.test:,} requested; {data.name} has {facts.test:,}"


def _targets(config: RunConfig, facts: DatasetInfo) -> Targets:
    """Return what the targets are, once it is decided what whole numbers mean."""
    if facts.targets != "whole_numbers":
        return facts.targets
    return "numbers" if config.data.task == "regression" else "classes"


def _words(config: RunConfig, facts: DatasetInfo) -> Iterator[tuple[Key, str]]:
    """Yield faults of inputs that are words' numbers."""
    data, embedding = config.data, _find_embedding(config)
    if not data.is_text and embedding is None:
        return
    whose = "an embedding takes" if embedding else "a text is a sequence of"
    if data.normalize != "none" and not data.is_table:
        message = f"{whose} words' numbers, which {data.normalize} changes; use none"
        yield ("data", "normalize"), message
    if data.is_text and any((data.noise.train, data.noise.validation, data.noise.test)):
        yield ("data", "noise"), "a text is a sequence of words' numbers; noise would change them"
    if embedding and facts.tokens and embedding[1] < facts.tokens:
        yield embedding[0], _too_few_entries(embedding[1], facts.tokens)


def vocabulary_faults(config: RunConfig, x: Any) -> Iterator[tuple[Key, str]]:
    """Yield (key, message) where examples (n, *shape) have numbers that an embedding lacks."""
    embedding = _find_embedding(config)
    if embedding is None or not x.size:
        return
    if x.min() < 0:
        yield embedding[0], f"the inputs have {x.min():g}; an embedding takes numbers from 0"
    elif x.max() >= embedding[1]:
        yield embedding[0], _too_few_entries(embedding[1], int(x.max()) + 1)


def _find_embedding(config: RunConfig) -> tuple[Key, int] | None:
    """Return the key of `input_dim` of an embedding at the network's beginning, and its value."""
    first = (config.network.layers or (None,))[0]
    entries = getattr(first, "input_dim", None)
    return (("network", "layers", 0, "input_dim"), entries) if isinstance(entries, int) else None


def _too_few_entries(entries: int, needed: int) -> str:
    return f"{entries:,} entries, but the inputs' numbers go from 0 to {needed - 1:,}: use {needed}"


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
    config: RunConfig, shape: Shape, outputs: int | None, targets: Targets = "classes"
) -> Iterator[tuple[Key, str]]:
    """Yield (key, message) where the output does not fit the targets of the data.

    Args:
        config: with the network and the loss.
        shape: of one example.
        outputs: number of classes, labels or target columns; None where it is not known.
        targets: which of these they are.
    """
    network, loss = config.network, config.loss.name
    if network.layers is None:
        if targets == "classes" and config.has_one_output and outputs not in (None, 2):
            yield (
                ("loss",),
                f"{loss} has one output unit, for two classes; {config.data.name} has "
                f"{outputs}: use categorical_crossentropy",
            )
        return
    try:
        layers = layers_of(config, shape, outputs)
    except ShapeError as error:
        yield key_of(error.key), str(error)
        return
    if not any(layer.has_kernel for layer in layers):
        yield ("network", "layers"), "no layer has weights to train: add a dense layer"
        return
    output = layers[-1].output_shape
    last: Key = ("network", "layers", len(network.layers) - 1)
    if len(output) != 1:
        yield last, f"the output has shape {output}; expected one row of units: add a flatten layer"
    elif outputs is not None and targets == "classes":
        yield from ((last, m) for m in _units_fit(output[0], outputs, loss))
    elif outputs is not None and output[0] != outputs:
        what = "labels" if targets == "labels" else f"target column{'s' * (outputs > 1)}"
        message = f"{output[0]} output units, but the data has {outputs} {what}: use {outputs}"
        yield last, message


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
