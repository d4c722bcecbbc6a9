"""The installed Keras' names and arguments, written down so that checking needs no Keras.

`python -m kerasdemo.training.vocabulary` writes config/vocabulary.json anew; a test compares it
with the installed Keras.
"""

import inspect
import json
from functools import cache
from typing import Any

from kerasdemo.config.vocabulary import FILE
from kerasdemo.training.backend import keras

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


def describe() -> dict[str, Any]:
    """Return {kind: {name: {argument: default}}} and {"aliases": {kind: {alias: name}}}."""
    return {
        "keras": ".".join(keras.__version__.split(".")[:2]),
        "aliases": ALIASES,
        "activations": _activations(),
        **{kind: _described(kind) for kind in ("initializers", "losses", "optimizers")},
    }


def _described(kind: str) -> dict[str, dict[str, Any]]:
    return {name: _arguments(cls) for name, cls in sorted(classes(kind).items())}


@cache
def classes(kind: str) -> dict[str, type]:
    """Return {name: class} of a kind: initializers, losses or optimizers."""
    module, base, name_of = {
        "initializers": (keras.initializers, keras.initializers.Initializer, _snake_case),
        "losses": (keras.losses, keras.losses.Loss, _own_name),
        "optimizers": (keras.optimizers, keras.optimizers.Optimizer, _lower_case),
    }[kind]
    return {
        name_of(cls): cls
        for cls in vars(module).values()
        if inspect.isclass(cls)
        and issubclass(cls, base)
        and cls is not base
        and cls.__name__ not in LEFT_OUT
    }


def _snake_case(cls: type) -> str:
    return "".join("_" + c.lower() if c.isupper() else c for c in cls.__name__).strip("_")


def _lower_case(cls: type) -> str:
    return cls.__name__.lower()


def _own_name(cls: type) -> str:
    return str(inspect.signature(cls).parameters["name"].default).removesuffix("_loss")


def _arguments(function: Any) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters
    return {
        name: parameter.default
        for name, parameter in parameters.items()
        if name not in HIDDEN
        and not name.endswith(("_initializer", "_regularizer", "_constraint"))
        and isinstance(parameter.default, int | float | str | None)
    }


def _activations() -> dict[str, dict[str, Any]]:
    names = {
        name
        for name, value in vars(keras.activations).items()
        if inspect.isfunction(value) and name not in {"get", "serialize", "deserialize", "glu"}
    }
    names -= set(ALIASES["activations"])
    found: dict[str, dict[str, Any]] = {name: {} for name in names}
    return dict(sorted({**found, **{k: _arguments(v) for k, v in LAYERS.items()}}.items()))


if __name__ == "__main__":
    FILE.write_text(json.dumps(describe(), indent=1) + "\n", encoding="utf-8")
