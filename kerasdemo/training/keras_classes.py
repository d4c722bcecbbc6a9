"""The installed Keras' names and arguments, written down so that checking needs no Keras.

`python -m kerasdemo.training.keras_classes` writes config/keras_arguments.json anew; a test
compares it with the installed Keras.
"""

import inspect
import json
import re
from functools import cache
from typing import Any

from kerasdemo.backend import keras
from kerasdemo.config.keras_arguments import FILE

ALIASES = {
    "losses": {
        "mse": "mean_squared_error",
        "mae": "mean_absolute_error",
        "mape": "mean_absolute_percentage_error",
        "msle": "mean_squared_logarithmic_error",
        "kld": "kl_divergence",
        "bce": "binary_crossentropy",
    },
    "initializers": {"normal": "random_normal", "uniform": "random_uniform"},
    "activations": {"swish": "silu", "hard_swish": "hard_silu"},
    "optimizers": {},
    "constraints": {},
}

# Classes that need more than a prediction and a label, or other optimizers.
LEFT_OUT = {"CTC", "Circle", "LossScaleOptimizer", "MultiOptimizer", "STFT", "STFTInitializer"}
# The same class under a second name.
LEFT_OUT |= {"IdentityInitializer", "OrthogonalInitializer"}
# Arguments that Keras takes from the run itself, or that are not plain values.
HIDDEN = {"self", "args", "kwargs", "name", "dtype", "axis", "reduction", "seed"}
HIDDEN |= {"input_axes", "output_axes", "exclude_layers", "exclude_embeddings"}
HIDDEN |= {"gradient_accumulation_steps"}
# Activations that Keras has as layers, with arguments of their own.
LAYERS = {
    "leaky_relu": keras.layers.LeakyReLU,
    "prelu": keras.layers.PReLU,
    "elu": keras.layers.ELU,
}


# The layers that `network.layers` has.
NETWORK_LAYERS: dict[str, Any] = {
    "dense": keras.layers.Dense,
    "conv2d": keras.layers.Conv2D,
    "max_pooling2d": keras.layers.MaxPooling2D,
    "average_pooling2d": keras.layers.AveragePooling2D,
    "flatten": keras.layers.Flatten,
    "reshape": keras.layers.Reshape,
    "dropout": keras.layers.Dropout,
    "batch_normalization": keras.layers.BatchNormalization,
    "layer_normalization": keras.layers.LayerNormalization,
    "activation": keras.layers.Activation,
}
# Not of a layer: channels come last; LoRA, quantization and synchronization are for other
# trainings than these; what an activity costs depends on the examples, not on the network.
NO_LAYER_ARGUMENTS = (HIDDEN - {"axis"}) | {
    *("data_format", "lora_rank", "lora_alpha", "quantization_config", "synchronized"),
    *("activity_regularizer", "renorm", "renorm_clipping", "renorm_momentum", "noise_shape"),
}
CALLBACKS = {
    "EarlyStopping": keras.callbacks.EarlyStopping,
    "ReduceLROnPlateau": keras.callbacks.ReduceLROnPlateau,
}
KINDS = ("initializers", "constraints", "losses", "optimizers")


def describe() -> dict[str, Any]:
    """Return {kind: {name: {argument: default}}}, and further names and texts.

    "aliases": {kind: {alias: name}}; "classes": {kind: {Keras' class: name}}; "texts":
    {name: {"": what it is, argument: what it does}} from Keras' own docstrings.
    """
    named = {kind: dict(sorted(classes(kind).items())) for kind in KINDS}
    return {
        "keras": ".".join(keras.__version__.split(".")[:2]),
        "aliases": ALIASES,
        "classes": _class_names(named),
        "activations": _activations(),
        **{kind: {n: _arguments(c) for n, c in found.items()} for kind, found in named.items()},
        "layers": {name: _layer_arguments(cls) for name, cls in NETWORK_LAYERS.items()},
        "texts": _texts(named),
    }


def _class_names(named: dict[str, dict[str, type]]) -> dict[str, dict[str, str]]:
    activations = {"ReLU": "relu", "Softmax": "softmax"}
    activations |= {cls.__name__: name for name, cls in LAYERS.items()}
    of_kinds = {
        k: {cls.__name__: name for name, cls in found.items()} for k, found in named.items()
    }
    layers = {cls.__name__: name for name, cls in NETWORK_LAYERS.items()}
    return of_kinds | {"activations": activations, "layers": layers}


def _layer_arguments(cls: type) -> dict[str, Any]:
    parameters = inspect.signature(cls).parameters
    return {
        name: None if parameter.default is inspect.Parameter.empty else parameter.default
        for name, parameter in parameters.items()
        if name not in NO_LAYER_ARGUMENTS
    }


def _texts(named: dict[str, dict[str, type]]) -> dict[str, dict[str, str]]:
    functions = {n: getattr(keras.activations, n) for n in _activations() if n not in LAYERS}
    every: dict[str, Any] = functions | LAYERS | NETWORK_LAYERS | CALLBACKS
    for found in named.values():
        every |= found
    return {name: _text_of(value) for name, value in sorted(every.items())}


def _text_of(value: Any) -> dict[str, str]:
    """Return the first sentence of a docstring, and of each of its arguments."""
    text = inspect.getdoc(value) or ""
    found = {"": _sentence(text.split("\n\n")[0])}
    section = re.search(r"^(?:Args|Arguments):\n((?:[ \t]+.*\n|\n)*)", f"{text}\n", re.MULTILINE)
    body = inspect.cleandoc(f"\n{section[1]}") if section else ""
    for item in re.finditer(r"^(\w+):((?:.*\n|\s.*\n|\n)(?:[ \t].*\n|\n)*)", f"{body}\n", re.M):
        found[item[1]] = _sentence(item[2])
    return found


def _sentence(text: str, most: int = 200) -> str:
    """Return the first sentences of a text in one line."""
    line = " ".join(text.replace("`", "").split())
    ends = [match.end() - 1 for match in re.finditer(r"\.( |$)", line[: most + 1])]
    return line[: ends[-1]] if ends else line[:most]


@cache
def classes(kind: str) -> dict[str, type]:
    """Return {name: class} of a kind: initializers, constraints, losses or optimizers."""
    module, base, name_of = {
        "constraints": (keras.constraints, keras.constraints.Constraint, _snake_case),
        "initializers": (keras.initializers, keras.initializers.Initializer, _snake_case),
        "losses": (keras.losses, keras.losses.Loss, _own_name),
        "optimizers": (keras.optimizers, keras.optimizers.Optimizer, _lower_case),
    }[kind]
    return {
        name_of(cls): cls
        for _, cls in inspect.getmembers(module, inspect.isclass)
        if issubclass(cls, base) and cls is not base and cls.__name__ not in LEFT_OUT
    }


def _snake_case(cls: type) -> str:
    return "".join("_" + c.lower() if c.isupper() else c for c in cls.__name__).strip("_")


def _lower_case(cls: type) -> str:
    return cls.__name__.lower()


def _own_name(cls: type) -> str:
    return str(inspect.signature(cls).parameters["name"].default).removesuffix("_loss")


def _arguments(function: Any) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters
    hidden = HIDDEN - {"axis"} if issubclass(function, keras.constraints.Constraint) else HIDDEN
    return {
        name: parameter.default
        for name, parameter in parameters.items()
        if name not in hidden
        and not name.endswith(("_initializer", "_regularizer", "_constraint"))
        and isinstance(parameter.default, int | float | str | None)
    }


def _activations() -> dict[str, dict[str, Any]]:
    names = {
        name
        for name, _ in inspect.getmembers(keras.activations, inspect.isfunction)
        if name not in {"get", "serialize", "deserialize", "glu"}
    }
    names -= set(ALIASES["activations"])
    found: dict[str, dict[str, Any]] = {name: {} for name in names}
    return dict(sorted({**found, **{k: _arguments(v) for k, v in LAYERS.items()}}.items()))


if __name__ == "__main__":
    FILE.write_text(json.dumps(describe(), indent=1) + "\n", encoding="utf-8")
