"""The installed Keras' names and arguments, written down so that checking needs no Keras.

`python -m kerasdemo.training.keras_classes` writes config/keras_arguments.json; a test
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
# Activations that Keras has as layers with arguments.
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
# Left out: channels come last; LoRA, quantization and synchronization are not for
# networks of this size; an activity's penalty depends on the examples, not on the network.
NO_LAYER_ARGUMENTS = (HIDDEN - {"axis"}) | {
    *("data_format", "lora_rank", "lora_alpha", "quantization_config", "synchronized"),
    *("activity_regularizer", "renorm", "renorm_clipping", "renorm_momentum", "noise_shape"),
}
CALLBACKS = {
    "EarlyStopping": keras.callbacks.EarlyStopping,
    "ReduceLROnPlateau": keras.callbacks.ReduceLROnPlateau,
}
KINDS = {
    "initializers": keras.initializers.Initializer,
    "constraints": keras.constraints.Constraint,
    "losses": keras.losses.Loss,
    "optimizers": keras.optimizers.Optimizer,
}


def describe() -> dict[str, Any]:
    """Return {kind: {name: {argument: default}}}, and further names and texts.

    "aliases": {kind: {alias: name}}; "classes": {kind: {Keras' class: name}}; "texts":
    {name: {"": what it is, argument: what it does}} from Keras' docstrings.
    """
    named = {kind: dict(sorted(classes(kind).items())) for kind in KINDS}
    functions = {
        name: function
        for name, function in inspect.getmembers(keras.activations, inspect.isfunction)
        if name not in {"get", "serialize", "deserialize", "glu", *ALIASES["activations"]}
    }
    activations: dict[str, dict[str, Any]] = {name: {} for name in functions}
    activations |= {name: _arguments(cls) for name, cls in LAYERS.items()}
    class_names = {
        kind: {cls.__name__: name for name, cls in found.items()}
        for kind, found in (named | {"activations": LAYERS, "layers": NETWORK_LAYERS}).items()
    }
    class_names["activations"] = {"ReLU": "relu", "Softmax": "softmax"} | class_names["activations"]
    every: dict[str, Any] = functions | LAYERS | NETWORK_LAYERS | CALLBACKS
    for found in named.values():
        every |= found
    return {
        "keras": ".".join(keras.__version__.split(".")[:2]),
        "aliases": ALIASES,
        "classes": class_names,
        "activations": dict(sorted(activations.items())),
        **{kind: {n: _arguments(c) for n, c in found.items()} for kind, found in named.items()},
        "layers": {name: _layer_arguments(cls) for name, cls in NETWORK_LAYERS.items()},
        "texts": {name: _text(value) for name, value in sorted(every.items())},
    }


def snake_case(name: str) -> str:
    """Return a class' name as Keras writes it in strings: GlorotNormal, glorot_normal."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


@cache
def classes(kind: str) -> dict[str, type]:
    """Return {name: class} of a kind: initializers, constraints, losses or optimizers."""
    base, found = KINDS[kind], {}
    for _, cls in inspect.getmembers(getattr(keras, kind), inspect.isclass):
        if not issubclass(cls, base) or cls is base or cls.__name__ in LEFT_OUT:
            continue
        if kind == "losses":
            name = inspect.signature(cls).parameters["name"].default.removesuffix("_loss")
        else:
            name = cls.__name__.lower() if kind == "optimizers" else snake_case(cls.__name__)
        found[name] = cls
    return found


def _arguments(cls: type) -> dict[str, Any]:
    """Return the arguments of a class that are plain values, with their defaults."""
    hidden = HIDDEN - {"axis"} if issubclass(cls, keras.constraints.Constraint) else HIDDEN
    return {
        name: parameter.default
        for name, parameter in inspect.signature(cls).parameters.items()
        if name not in hidden
        and not name.endswith(("_initializer", "_regularizer", "_constraint"))
        and isinstance(parameter.default, int | float | str | None)
    }


def _layer_arguments(cls: type) -> dict[str, Any]:
    """Return the arguments of a layer with their defaults; None where there is no default."""
    return {
        name: None if parameter.default is inspect.Parameter.empty else parameter.default
        for name, parameter in inspect.signature(cls).parameters.items()
        if name not in NO_LAYER_ARGUMENTS
    }


def _text(value: Any) -> dict[str, str]:
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


if __name__ == "__main__":
    FILE.write_text(json.dumps(describe(), indent=1) + "\n", encoding="utf-8")
