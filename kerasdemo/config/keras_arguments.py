"""Keras' own names and arguments, as written down by `kerasdemo.training.vocabulary`."""

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("keras_arguments.json")


@cache
def _vocabulary() -> dict[str, Any]:
    words: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return words


def names(kind: str) -> dict[str, dict[str, Any]]:
    """Return {name: {argument: default}} of a kind.

    activations, initializers, constraints, losses, optimizers, layers.
    """
    words: dict[str, dict[str, Any]] = _vocabulary()[kind]
    return words


def class_names(kind: str) -> dict[str, str]:
    """Return {name as Keras spells its class: name}, such as Conv2D: conv2d."""
    found: dict[str, str] = _vocabulary()["classes"][kind]
    return found


def texts() -> dict[str, dict[str, str]]:
    """Return {name: {"": what it is, argument: what it does}}, as Keras' docstrings say it."""
    found: dict[str, dict[str, str]] = _vocabulary()["texts"]
    return found


def aliases(kind: str) -> dict[str, str]:
    """Return {short name: name}, such as mse: mean_squared_error."""
    found: dict[str, str] = _vocabulary()["aliases"].get(kind, {})
    return found
