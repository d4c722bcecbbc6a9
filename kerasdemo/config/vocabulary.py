"""Keras' own names and arguments, as written down by `kerasdemo.training.vocabulary`."""

import json
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("vocabulary.json")


@cache
def _vocabulary() -> dict[str, Any]:
    words: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return words


def names(kind: str) -> dict[str, dict[str, Any]]:
    """Return {name: {argument: default}}: activations, initializers, losses, optimizers."""
    words: dict[str, dict[str, Any]] = _vocabulary()[kind]
    return words


def aliases(kind: str) -> dict[str, str]:
    """Return {short name: name}, such as mse: mean_squared_error."""
    found: dict[str, str] = _vocabulary()["aliases"][kind]
    return found
