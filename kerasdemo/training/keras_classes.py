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
    "schedules": {},
    "metrics": {
        "bce": "binary_crossentropy",
        "mse": "mean_squared_error",
        "mae": "mean_absolute_error",
        "mape": "mean_absolute_percentage_error",
        "msle": "mean_squared_logarithmic_error",
    },
}

# Classes that need more than a prediction and a label, or other optimizers.
LEFT_OUT = {"CTC", "Circle", "LossScaleOptimizer", "MultiOptimizer", "STFT", "STFTInitializer"}
# The same class under a second name.
LEFT_OUT |= {"IdentityInitializer", "OrthogonalInitializer"}
# Metrics of no task: means of anything, equality of outputs and targets, and what is measured of a
# picture's pixels.
LEFT_OUT |= {"Mean", "Sum", "MeanMetricWrapper", "Accuracy"}
LEFT_OUT |= {"IoU", "MeanIoU", "OneHotIoU", "OneHotMeanIoU"}
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
# The layers that `network.layers` does not have; it has all others that Keras exports.
LEFT_OUT_LAYERS = {
    # They take several tensors. `residual` adds; the others need the functional interface.
    *("Add", "Average", "Concatenate", "Dot", "Maximum", "Minimum", "Multiply", "Subtract"),
    *("AdditiveAttention", "Attention", "GroupedQueryAttention", "MultiHeadAttention"),
    # They need code, or a model of another library.
    *("FlaxLayer", "JaxLayer", "Lambda", "TFSMLayer", "TorchModuleWrapper", "ReversibleEmbedding"),
    # They take text or integers with a vocabulary, which the data learns (`data.text`).
    *("HashedCrossing", "Hashing", "IntegerLookup", "StringLookup", "TextVectorization"),
    # Its output is its input, as far as Keras knows: no model can hold it (Keras 3.15).
    "Equalization",
    # They change or take the labels, too.
    *("CutMix", "MaxNumBoundingBoxes", "MixUp"),
    # One step of a recurrent layer, and what takes such a step.
    *("GRUCell", "LSTMCell", "RNN", "SimpleRNNCell", "StackedRNNCells"),
    # What a config says in another way: the shape comes from the data, `layers` is a pipeline.
    *("InputLayer", "Layer", "Pipeline", "Wrapper"),
}


def _network_layers() -> dict[str, Any]:
    """Return {name: class} of the layers that `network.layers` has."""
    found = {
        layer_name(cls.__name__): cls
        for _, cls in inspect.getmembers(keras.layers, inspect.isclass)
        if issubclass(cls, keras.layers.Layer) and cls.__name__ not in LEFT_OUT_LAYERS
    }
    return dict(sorted(found.items()))


def layer_name(class_name: str) -> str:
    """Return a layer's name as Keras numbers its layers: Conv2DTranspose, conv2d_transpose."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", class_name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


# The layers that `network.layers` has.
NETWORK_LAYERS: dict[str, Any] = _network_layers()
# Left out: channels come last; LoRA, quantization and synchronization are not for networks of this
# size; an activity's penalty is a layer of its own; sizes of the batch are not known; a second
# output has nowhere to go; weights and statistics come from training, not from the config.
NO_LAYER_ARGUMENTS = (HIDDEN - {"axis"}) | {
    *("data_format", "lora_rank", "lora_alpha", "quantization_config", "synchronized"),
    *("activity_regularizer", "renorm", "renorm_clipping", "renorm_momentum", "noise_shape"),
    *("kwargs", "gptq_unpacked_column_size", "stateful", "return_state", "weights"),
    *("backward_layer", "num_bins", "sparse"),
}
# A value for each argument that Keras requires, to make a layer and look at it.
EXAMPLES: dict[str, Any] = {
    **dict.fromkeys(("units", "filters", "kernel_size", "pool_size", "n"), 1),
    **dict.fromkeys(("input_dim", "output_dim", "output_size", "num_tokens"), 1),
    **dict.fromkeys(("height", "width", "factor", "scale"), 1),
    **dict.fromkeys(("height_factor", "width_factor", "rate", "stddev"), 0.1),
    "activation": "relu",
    "equation": "ab,bc->ac",
    "output_shape": 1,
    "target_shape": (1,),
    "dims": (1,),
    "bin_boundaries": [0.0],
    "mean": 0.0,
    "variance": 1.0,
}
# Required by every config, though Keras could learn them from examples (`adapt`).
REQUIRED = {
    "normalization": ("mean", "variance"),
    "discretization": ("bin_boundaries",),
    "category_encoding": ("num_tokens",),
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
    "schedules": keras.optimizers.schedules.LearningRateSchedule,
    "metrics": keras.metrics.Metric,
}
MODULES = {"schedules": keras.optimizers.schedules}


def describe() -> dict[str, Any]:
    """Return {kind: {name: {argument: default}}}, and further names and texts.

    "aliases": {kind: {alias: name}}; "classes": {kind: {Keras' class: name}}; "texts":
    {name: {"": what it is, argument: what it does}} from Keras' docstrings; "seeded": {kind:
    [those that take a seed]}.
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
    class_names["layers"] |= {  # MaxPool2D, Convolution2D
        other: layer_name(cls.__name__)
        for other, cls in inspect.getmembers(keras.layers, inspect.isclass)
        if cls in NETWORK_LAYERS.values()
    }
    class_names["activations"] = {"ReLU": "relu", "Softmax": "softmax"} | class_names["activations"]
    # Where a loss and a metric share a name, the loss is described.
    every: dict[str, Any] = named["metrics"] | functions | LAYERS | NETWORK_LAYERS | CALLBACKS
    for kind in KINDS.keys() - {"metrics"}:
        every |= named[kind]
    requiring = NETWORK_LAYERS | named["schedules"] | named["metrics"]
    return {
        "keras": ".".join(keras.__version__.split(".")[:2]),
        "aliases": ALIASES,
        "classes": class_names,
        "activations": dict(sorted(activations.items())),
        **{kind: {n: _arguments(c) for n, c in found.items()} for kind, found in named.items()},
        "layers": {name: _layer_arguments(cls) for name, cls in NETWORK_LAYERS.items()},
        "required": {name: _required(name, cls) for name, cls in requiring.items()},
        "without_xla": [name for name, cls in NETWORK_LAYERS.items() if not _supports_xla(cls)],
        "seeded": {
            "initializers": [name for name, cls in named["initializers"].items() if _draws(cls)],
            "layers": [name for name, cls in NETWORK_LAYERS.items() if _draws(cls)],
        },
        "texts": {name: _text(value) for name, value in sorted(every.items())},
    }


def snake_case(name: str) -> str:
    """Return a class' name as Keras writes it in strings: GlorotNormal, glorot_normal."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


@cache
def classes(kind: str) -> dict[str, type]:
    """Return {name: class} of a kind: a key of `KINDS`."""
    base, found = KINDS[kind], {}
    module = MODULES.get(kind) or getattr(keras, kind)
    for _, cls in inspect.getmembers(module, inspect.isclass):
        if not issubclass(cls, base) or cls is base or cls.__name__ in LEFT_OUT:
            continue
        if kind == "losses":
            name = inspect.signature(cls).parameters["name"].default.removesuffix("_loss")
        elif kind == "metrics":
            name = layer_name(cls.__name__)  # as keras.metrics.get reads it
        else:
            name = cls.__name__.lower() if kind == "optimizers" else snake_case(cls.__name__)
        found[name] = cls
    return found


def _arguments(cls: type) -> dict[str, Any]:
    """Return the arguments of a class that are plain values, with their defaults."""
    hidden = HIDDEN - {"axis"} if issubclass(cls, keras.constraints.Constraint) else HIDDEN
    if issubclass(cls, (KINDS["schedules"], KINDS["metrics"])):
        return {
            name: None if parameter.default is inspect.Parameter.empty else parameter.default
            for name, parameter in inspect.signature(cls).parameters.items()
            if name not in hidden
        }
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


def _required(name: str, cls: type) -> list[str]:
    """Return the arguments of a layer that have no default."""
    parameters = inspect.signature(cls).parameters.values()
    found = [p.name for p in parameters if p.default is p.empty and p.kind is not p.VAR_KEYWORD]
    return [*found, *REQUIRED.get(name, ())]


def _supports_xla(cls: Any) -> bool:
    """Return whether Keras says that XLA compiles a layer."""
    arguments = {name: EXAMPLES.get(name) for name in _required(layer_name(cls.__name__), cls)}
    if "layer" in arguments:  # as what it wraps
        return True
    return bool(cls(**arguments).supports_jit)


def _draws(cls: type) -> bool:
    """Return whether a class draws numbers, with a seed that it takes."""
    return "seed" in inspect.signature(cls).parameters


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
