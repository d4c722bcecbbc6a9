"""Keras' names and arguments, as recorded by `kerasdemo.training.keras_classes`."""

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("keras_arguments.json")


@cache
def _content() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return content


def version() -> str:
    """Return the Keras that they are of, such as 3.15."""
    found: str = _content()["keras"]
    return found


def names(kind: str) -> dict[str, dict[str, Any]]:
    """Return {name: {argument: default}} of a kind.

    activations, initializers, constraints, losses, metrics, optimizers, schedules, layers.
    """
    found: dict[str, dict[str, Any]] = _content()[kind]
    return found


def required(name: str) -> tuple[str, ...]:
    """Return the arguments of a layer, a schedule or a metric that have no default."""
    return tuple(_content()["required"].get(name, ()))


def without_xla() -> frozenset[str]:
    """Return the layers that XLA can't compile, as Keras says (`supports_jit`)."""
    return frozenset(_content()["without_xla"])


def takes_seed(kind: str, name: str) -> bool:
    """Return whether an initializer or a layer draws numbers, with a seed that it takes."""
    return name in _content()["seeded"][kind]


def class_names(kind: str) -> dict[str, str]:
    """Return {name as Keras spells its class: name}, such as Conv2D: conv2d."""
    found: dict[str, str] = _content()["classes"][kind]
    return found


def class_name(kind: str, name: str) -> str | None:
    """Return the class of a name, such as Conv2D of conv2d; None where it is not known."""
    return next((cls for cls, one in class_names(kind).items() if one == name), None)


def texts() -> dict[str, dict[str, str]]:
    """Return {name: {"": what it is, argument: what it does}}, from Keras' docstrings."""
    found: dict[str, dict[str, str]] = _content()["texts"]
    return found


def aliases(kind: str) -> dict[str, str]:
    """Return {short name: name}, such as mse: mean_squared_error."""
    found: dict[str, str] = _content()["aliases"].get(kind, {})
    return found
