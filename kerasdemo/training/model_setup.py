"""What a compiled Keras model and its callbacks were asked to do, in plain values."""

import re
from collections.abc import Mapping
from typing import Any

from kerasdemo.backend import keras
from kerasdemo.config import InputError
from kerasdemo.config.errors import shown
from kerasdemo.config.keras_objects import NAME
from kerasdemo.records import Scalar
from kerasdemo.records.schema import PLAIN_KEY
from kerasdemo.training.keras_classes import ALIASES, classes, snake_case
from kerasdemo.training.model_evaluation import single
from kerasdemo.training.model_layers import plain, without

# The loss of a model that computes its own.
OWN = "own"
SEVERAL = "several"


def describe_loss(model: Any) -> dict[str, Any]:
    """Return the name and arguments of a model's loss; "own" without one, "several" for outputs."""
    return _describe_loss(single(model.loss))


def _describe_loss(loss: Any) -> dict[str, Any]:
    if loss is None:
        return {"name": OWN}
    if isinstance(loss, str):
        name = snake_case(loss)
        return {"name": ALIASES["losses"].get(name, name)}
    if isinstance(loss, Mapping):
        return {"name": SEVERAL, **{str(k): _describe_loss(v) for k, v in loss.items()}}
    if isinstance(loss, list | tuple):
        return {"name": SEVERAL, **{str(k): _describe_loss(v) for k, v in enumerate(loss)}}
    if isinstance(loss, keras.losses.Loss):
        names = {cls: name for name, cls in classes("losses").items()}
        name = names.get(type(loss), snake_case(type(loss).__name__))
        return {"name": name, **_arguments(loss, "name", "reduction", "dtype", "fn", "axis")}
    return {"name": getattr(loss, "__name__", snake_case(type(loss).__name__))}


def describe_optimizer(optimizer: Any) -> dict[str, Any]:
    """Return the name and arguments of an optimizer, with a schedule's in `learning_rate`.

    "own" of a model without one, whose train_step has its own.
    """
    if optimizer is None:
        return {"name": OWN}
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    found = {"name": type(optimizer).__name__.lower(), **_arguments(optimizer, "name")}
    rate = found.get("learning_rate")
    if isinstance(rate, float):
        found["learning_rate"] = rounded(rate)
    return found


def describe_early_stopping(callback: Any) -> dict[str, Any]:
    """Return the arguments of a keras.callbacks.EarlyStopping."""
    names = ("monitor", "patience", "baseline", "restore_best_weights", "start_from_epoch")
    found = {name: plain(getattr(callback, name)) for name in names}
    return {**found, "min_delta": abs(float(callback.min_delta))}


def default_name(model: Any) -> str:
    """Return a model's name for its run's folder; without the number that Keras counts it by."""
    name = re.sub(r"[^A-Za-z0-9._+=-]", "_", snake_case(model.name)).strip("_.+=-")[:90]
    counted = re.fullmatch(rf"({re.escape(snake_case(type(model).__name__))})_\d+", name)
    return counted[1] if counted else name or "model"


def check_name(name: Any) -> str | None:
    """Return a run's name.

    Raises:
        InputError: where it can't name a folder.
    """
    if name is None:
        return None
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise InputError(
            f"Recorder: name is {shown(name)}; expected at most 100 letters, digits and . _ + = -, "
            "the first a letter or a digit"
        )
    return name


def check_seed(seed: Any) -> int:
    """Return a seed; 0 for None.

    Raises:
        InputError: where it is no whole number from 0.
    """
    seed = plain(seed)
    if seed is None:
        return 0
    if type(seed) is not int or not 0 <= seed < 2**31:
        raise InputError(f"Recorder: seed is {shown(seed)}; expected a whole number from 0")
    return seed


def check_settings(settings: Any) -> dict[str, Scalar]:
    """Return the settings that a comparison groups runs by.

    Raises:
        InputError: where a key or value is none of a setting.
    """
    if not isinstance(settings or {}, Mapping):
        raise InputError(f"Recorder: settings is {shown(settings)}; expected {{name: value}}")
    found: dict[str, Scalar] = {}
    for key, value in (settings or {}).items():
        if not isinstance(key, str) or not PLAIN_KEY.fullmatch(key):
            raise InputError(
                f"Recorder: settings: {shown(key)}; expected a name of letters, digits, _ and ."
            )
        value = getattr(value, "item", lambda value=value: value)()
        is_large = isinstance(value, int) and abs(value) >= 2**63
        if not isinstance(value, Scalar) or is_large or value != value:
            raise InputError(
                f"Recorder: settings: {key} is {shown(value)}; expected a number, a text, True, "
                "False or None"
            )
        found[key] = value
    return found


def rounded(number: float) -> float:
    """Return a number with the seven digits of a float32: 0.001, not 0.00100000005."""
    return float(f"{number:.7g}")


def _arguments(thing: Any, *left_out: str) -> dict[str, Any]:
    try:
        config = thing.get_config()
    except Exception:  # a user's class may have none
        return {}
    found: dict[str, Any] = plain(without(config, *left_out))
    return found
