"""A trained network behind layers that prepare its inputs, so that it takes raw examples."""

import re
import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from kerasdemo.backend import keras
from kerasdemo.config import RunConfig
from kerasdemo.data import Dataset, Scaling
from kerasdemo.data.table_encoding import TableEncoding
from kerasdemo.training import network as networks

# Names of the layers and operations that prepare a table.
OF_LAYERS = re.compile(
    r"(words|scaling|target|categories|network|isnan|is_nan|where|cast|get_item|concatenate)(_\d+)?"
)


def with_preprocessing(network: Any, config: RunConfig, dataset: Dataset) -> Any:
    """Return the compiled network behind layers that prepare its inputs as in training.

    That of a table takes {column: values (n, 1)}: numbers with NaN where they are missing, and
    texts with "" where they are missing, also for categories that look like numbers.

    Args:
        network: the compiled Keras model that was trained.
        config: of the run.
        dataset: that it was trained on.
    """
    layer, target = _scaling_layer(dataset.scaling), _target_layer(dataset.target_scaling)
    if dataset.encoding is not None:
        inputs = _make_inputs(dataset.encoding, {layer.name for layer in network.layers})
        outputs = _apply(network, _encode(dataset.encoding, inputs))
        outputs = outputs if target is None else target(outputs)
        with warnings.catch_warnings():  # a "/" can be in a column's name and not in an input's
            warnings.filterwarnings("ignore", "When providing `inputs` as a dict")
            whole = keras.Model(inputs, outputs, name="network")
    elif layer is None and target is None:
        return network
    elif isinstance(network, keras.Sequential):
        layers = [keras.Input(network.input_shape[1:]), layer, *network.layers, target]
        whole = keras.Sequential([one for one in layers if one is not None], name="network")
    else:
        raw = keras.Input(network.input_shape[1:])
        outputs = network(raw if layer is None else layer(raw))
        whole = keras.Model(raw, outputs if target is None else target(outputs), name="network")
    whole.compile(
        optimizer=network.optimizer, loss=network.loss, metrics=networks.metrics(config, network)
    )
    return whole


def _scaling_layer(scaling: Scaling) -> Any:
    """Return the layer that scales as `scaling` does; None where that changes nothing."""
    if scaling.mean is not None and scaling.sd is not None:
        return keras.layers.Normalization(
            axis=tuple(range(1, scaling.mean.ndim + 1)),
            mean=scaling.mean,
            variance=scaling.sd**2,
            dtype="float32",
            name="normalization",
        )
    if scaling.largest is not None:
        return keras.layers.Rescaling(1.0 / scaling.largest, dtype="float32", name="rescaling")
    return None


def _target_layer(scaling: Scaling) -> Any:
    """Return the layer that gives numbers in the target's own unit; None where they are already."""
    if scaling.mean is None or scaling.sd is None:
        return None
    sd = np.where(np.isfinite(scaling.sd), scaling.sd, 0.0)
    return keras.layers.Rescaling(sd.tolist(), scaling.mean.tolist(), name="target")


def _make_inputs(encoding: TableEncoding, taken: Iterable[str]) -> dict[str, Any]:
    """Return a Keras input (n, 1) for each input column; `taken` are names of layers."""
    inputs: dict[str, Any] = {}
    names = set(taken)
    for column in encoding.columns:
        name = column.replace("/", "_")
        # Keras wants each name once, those of layers and operations as well.
        while name in names or OF_LAYERS.fullmatch(name):
            name += "_"
        names.add(name)
        # Double precision, as in training: times and identifiers have more digits than float32.
        dtype = "float64" if column in encoding.numeric else "string"
        inputs[column] = keras.Input((1,), dtype=dtype, name=name)
    return inputs


def _encode(encoding: TableEncoding, inputs: dict[str, Any]) -> Any:
    """Return what the network sees of the columns, as `encoding` has it."""
    for column, text in encoding.texts.items():
        vectorize = keras.layers.TextVectorization(
            vocabulary=list(text.vocabulary), output_sequence_length=text.length, name="words"
        )
        return vectorize(inputs[column])
    parts = []
    if encoding.numeric:
        numbers = _join([inputs[column] for column in encoding.numeric], "float64")
        is_missing = keras.ops.isnan(numbers)
        numbers = keras.ops.where(is_missing, encoding.medians[None], numbers)
        scale = keras.layers.Rescaling(
            encoding.scales.tolist(), encoding.offsets.tolist(), dtype="float64", name="scaling"
        )
        parts.append(keras.ops.cast(scale(numbers), "float32"))
    for number, (column, known) in enumerate(encoding.categories.items()):
        look_up = keras.layers.StringLookup(
            vocabulary=list(known), output_mode="one_hot", name=f"categories_{number}"
        )
        # (n, 1 + categories): the first is 1 where a category is none of them.
        parts.append(keras.ops.cast(look_up(inputs[column])[:, 1:], "float32"))
    return _join(parts, "float32")


def _join(parts: list[Any], dtype: str) -> Any:
    """Return tensors (n, columns) side by side."""
    return keras.layers.Concatenate(dtype=dtype)(parts) if len(parts) > 1 else parts[0]


def _apply(network: Any, x: Any) -> Any:
    """Return a network's output; of a chain of layers each becomes one of the model's."""
    if not isinstance(network, keras.Sequential):
        return network(x)
    for layer in network.layers:
        x = layer(x)
    return x
