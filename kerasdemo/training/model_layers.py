"""The layers of any Keras model: flattened, in plain values, and with their kernels."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import ValidationError

from kerasdemo.backend import keras
from kerasdemo.config import keras_arguments
from kerasdemo.config.layers import Layer
from kerasdemo.config.tensor_shapes import Shape
from kerasdemo.records.schema import LayerArguments
from kerasdemo.records.setup import Structure
from kerasdemo.training.keras_classes import LAYERS, snake_case

CLASS_NAMES = keras_arguments.class_names("layers")
ACTIVATION_LAYERS = {cls: name for name, cls in LAYERS.items()}
UNKNOWN = "unknown"
# Trainable weights of two axes that are no kernel, by the last part of their path.
NO_KERNEL = ("bias", "gamma", "beta", "scale", "alpha")


def describe(model: Any) -> tuple[Layer, ...]:
    """Return the layers of a built model, in the order of `model.layers`.

    The layers inside a layer are named "outer/inner". Weights whose layer can't be reached stand
    for a layer of type "unknown", named by their path.
    """
    leaves = find_leaves(model)
    found = [describe_layer(layer, name) for name, layer in leaves.items()]
    for name, variables in _unreached(model, leaves).items():
        found.append(Layer(name, UNKNOWN, (), (), {}, _size(variables)))
    return tuple(found)


def describe_layer(layer: Any, name: str | None = None) -> Layer:
    """Return one Keras layer in plain values."""
    arguments = _arguments(layer)
    activation = ACTIVATION_LAYERS.get(type(layer))
    kind = "activation" if activation else CLASS_NAMES.get(type(layer).__name__)
    input_shape, output_shape = _shapes(layer)
    return Layer(
        name or layer.name,
        kind or snake_case(type(layer).__name__),
        input_shape,
        output_shape,
        {"activation": activation, **arguments} if activation else arguments,
        _size(layer.trainable_variables),
    )


def find_leaves(model: Any) -> dict[str, Any]:
    """Return the layers of a model that have no layers inside, each once: name -> layer."""
    leaves: dict[str, Any] = {}
    for path, layer in _walk(model, "", set()):
        name = re.sub(r"[^A-Za-z0-9_./+=-]", "_", path)
        while name in leaves:
            name += "_again"
        leaves[name] = layer
    return leaves


def find_kernels(model: Any) -> dict[str, list[Any]]:
    """Return the trainable kernels of each layer that has some, by the names of `describe`.

    Kernels are weights of two axes or more: those of dense, convolutional and recurrent layers,
    embeddings.
    """
    leaves = find_leaves(model)
    every = {name: layer.trainable_variables for name, layer in leaves.items()}
    every |= _unreached(model, leaves)
    kernels = {name: [v for v in every[name] if _is_kernel(v)] for name in every}
    return {name: variables for name, variables in kernels.items() if variables}


def find_frozen(model: Any) -> tuple[str, ...]:
    """Return the names of the layers whose weights do not train because of `trainable=False`."""
    leaves = find_leaves(model).items()
    return tuple(name for name, layer in leaves if layer.weights and not layer.trainable)


def find_penalties(layers: Sequence[Layer]) -> tuple[float, float, float]:
    """Return the largest l1, l2 and dropout rate of any layer."""
    l1, l2, dropout = [0.0], [0.0], [0.0]
    for layer in layers:
        for key, value in layer.arguments.items():
            if key.endswith("_regularizer") and isinstance(value, Mapping):
                l1.append(_number(value.get("l1")))
                l2.append(_number(value.get("l2")))
            elif key in ("dropout", "recurrent_dropout") or (
                key == "rate" and layer.type.endswith("dropout")
            ):
                dropout.append(_number(value))
    return max(l1), max(l2), max(dropout)


def find_structure(model: Any) -> Structure:
    """Return whether the layers of `describe` are a chain, a graph, or used by code of the user.

    Functions between layers count as code: nobody knows from the layers what they do.
    """
    if not is_graph(model):
        return "code"
    functions = (
        one for one in getattr(model, "operations", ()) if not isinstance(one, keras.layers.Layer)
    )
    if any(tensors_of(function, "output") for function in functions):  # but for those of masks
        return "code"
    structures = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            structures.append(find_structure(layer))
        elif _inside(layer):
            structures.append("code")
    if "code" in structures:
        return "code"
    ways = [len(model.inputs), len(model.outputs)]
    ways += [len(layers) for layers in find_consumers(model).values()]
    ways += [len(tensors_of(layer, "input")) for layer in model.layers if not _is_input(layer)]
    is_chain = all(number == 1 for number in ways)
    return "graph" if "graph" in structures or not is_chain else "chain"


def find_outputs(model: Any) -> tuple[str, ...]:
    """Return the names of the layers that give a model's outputs, where it has several."""
    if not is_graph(model) or len(model.outputs) < 2:
        return ()
    return tuple(model.output_names)


def is_graph(model: Any) -> bool:
    """Return whether calling a model is running its layers as they are connected."""
    if isinstance(model, keras.Sequential):
        return type(model).call is keras.Sequential.call
    try:
        functional = type(keras.Model(model.inputs, model.outputs, name="inspector"))
    except (AttributeError, ValueError):  # a subclassed model
        return False
    return bool(type(model).call is functional.call)


def find_consumers(model: Any) -> dict[int, list[Any]]:
    """Return the layers that take a tensor of a functional model, by the tensor's id."""
    consumers: dict[int, list[Any]] = {}
    for layer in model.layers:
        if not _is_input(layer):
            for tensor in tensors_of(layer, "input"):
                consumers.setdefault(id(tensor), []).append(layer)
    return consumers


def tensors_of(layer: Any, side: str) -> list[Any]:
    """Return a layer's symbolic inputs or outputs; none of one that is called twice or inside.

    Without masks, which a layer gives to those behind it by itself.

    Args:
        side: "input" or "output".
    """
    try:
        tensors = keras.tree.flatten(getattr(layer, side))
    except (AttributeError, ValueError):
        return []
    return [tensor for tensor in tensors if tensor.dtype != "bool"]


def _walk(outer: Any, prefix: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    for layer in _inside(outer):
        if id(layer) in seen or _is_input(layer):
            continue
        seen.add(id(layer))
        path = f"{prefix}{layer.name}"
        if _inside(layer):
            yield from _walk(layer, f"{path}/", seen)
        else:
            yield path, layer


def _inside(layer: Any) -> list[Any]:
    """Return the layers inside one: of a model its layers, of a user's layer its attributes."""
    if isinstance(layer, keras.Model):
        return list(layer.layers)
    if _is_of_keras(layer):
        return []
    values = [value for name, value in vars(layer).items() if not name.startswith("_")]
    parts: list[Any] = []
    for value in values:
        inner = value.values() if isinstance(value, Mapping) else value
        parts += inner if isinstance(value, list | tuple | Mapping) else [value]
    return [part for part in parts if isinstance(part, keras.layers.Layer)]


def _is_input(layer: Any) -> bool:
    return isinstance(layer, keras.layers.InputLayer)


def _is_of_keras(layer: Any) -> bool:
    return type(layer).__module__.partition(".")[0] == "keras"


def _unreached(model: Any, leaves: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return the trainable weights of no leaf, by the path of what they are in."""
    reached = {id(v) for layer in leaves.values() for v in layer.trainable_variables}
    found: dict[str, list[Any]] = {}
    for variable in model.trainable_variables:
        if id(variable) not in reached:
            path = variable.path.removeprefix(f"{model.name}/")
            path = path.rpartition("/")[0] or path
            name = re.sub(r"[^A-Za-z0-9_./+=-]", "_", path)
            found.setdefault(f"{name}_again" if name in leaves else name, []).append(variable)
    return found


def _is_kernel(variable: Any) -> bool:
    last = variable.path.rpartition("/")[2]
    return len(variable.shape) >= 2 and not any(word in last for word in NO_KERNEL)


def _size(variables: Sequence[Any]) -> int:
    return sum(math.prod(variable.shape) for variable in variables)


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) and value == value else 0.0


def _shapes(layer: Any) -> tuple[Shape, Shape]:
    """Return input and output shape without the batch axis; empty where they are not known.

    Of several inputs or outputs the first.
    """
    try:
        sides = (keras.tree.flatten(layer.input), keras.tree.flatten(layer.output))
        return _shape(sides[0][0].shape), _shape(sides[1][0].shape)
    except (AttributeError, ValueError):  # inside a subclassed model, or shared
        pass
    given = (layer.get_build_config() or {}).get("input_shape")
    try:
        return _shape(given), _shape(layer.compute_output_shape(tuple(given or ())))
    except Exception:  # a user's layer may do anything
        return _shape(given), ()


def _shape(whole: Any) -> Shape:
    """Return a shape without its batch axis; empty where a size of it is not known."""
    sizes = list(whole[1:]) if isinstance(whole, list | tuple) else []
    return tuple(map(int, sizes)) if all(isinstance(size, int) for size in sizes) else ()


def _arguments(layer: Any) -> dict[str, Any]:
    """Return a layer's arguments in plain values, without those that are not given."""
    try:
        config = layer.get_config()
    except Exception:  # a user's layer may have none
        return {}
    left_out = ("name", "dtype", "trainable", "seed")
    if not _is_of_keras(layer):
        config = {key: value for key, value in config.items() if _is_scalar(value)}
    found = {
        key: plain(value)
        for key, value in config.items()
        if value is not None and key not in left_out
    }
    activation = found.get("activation")
    if isinstance(activation, dict):  # a layer, or a function of one's own
        found["activation"] = str(activation["name"])
    try:
        LayerArguments.model_validate(found)
    except ValidationError as error:  # a user's layer may mean something else by a name of Keras'
        wrong = {fault["loc"][0] for fault in error.errors()}
        found = {key: value for key, value in found.items() if key not in wrong}
    return found


def plain(value: Any) -> Any:
    """Return an argument as Keras serializes it in plain values: objects by name and arguments."""
    if isinstance(value, Mapping) and "class_name" in value:
        config = value.get("config")
        if isinstance(config, str):  # a function
            return {"name": config}
        arguments = plain(config) if isinstance(config, Mapping) else {}
        return {"name": snake_case(str(value["class_name"])), **without(arguments, "name")}
    if isinstance(value, Mapping):
        return {str(key): plain(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list | tuple):
        return [plain(inner) for inner in value]
    if isinstance(value, np.generic):
        return value.item()
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if _is_scalar(value) else str(type(value).__name__)


def without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """Return the values that have other names."""
    return {key: value for key, value in values.items() if key not in names}


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)
