"""The arguments that a model was compiled with, as Keras code that can be pasted."""

import inspect
import json
from collections.abc import Mapping
from typing import Any

from kerasdemo.backend import keras, tf
from kerasdemo.training.model_evaluation import compile_config


class _NotCodeError(Exception):
    """A value that can't be written as code: a lambda, an object of a user's class."""


def describe(model: Any) -> dict[str, str | None] | None:
    """Return the arguments of `compile` but for the optimizer and defaults: {name: code}.

    The code is None where a value can't be written as code. The result is None where Keras can't
    serialize the arguments.
    """
    config = compile_config(model)
    if not config:
        return None
    defaults = {
        "run_eagerly": False,
        "steps_per_execution": 1,
        # Keras has replaced "auto" by what it means: XLA where there is a GPU.
        "jit_compile": bool(tf.config.list_physical_devices("GPU")),
    }
    return {
        name: _find_code(value)
        for name, value in config.items()
        if name != "optimizer" and value is not None and value != defaults.get(name)
    }


def _find_code(value: Any) -> str | None:
    try:
        return _code(value)
    except _NotCodeError:
        return None


def _code(value: Any) -> str:
    """Return a value that Keras serialized as code."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_code, value))}]"
    if isinstance(value, Mapping) and "class_name" in value:
        return _object(value)
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{_code(key)}: {_code(part)}' for key, part in value.items())}}}"
    if value is None or isinstance(value, bool | int | float):
        return repr(value)
    raise _NotCodeError


def _object(value: Mapping[str, Any]) -> str:
    """Return a function's name, or the call that makes an object of one of Keras' classes."""
    class_name, config = value["class_name"], value.get("config")
    if class_name == "function" and isinstance(config, str) and config.isidentifier():
        is_known = hasattr(keras.losses, config) or hasattr(keras.metrics, config)
        return f'"{config}"' if is_known else config
    module = str(value.get("module"))
    place = getattr(keras, module.removeprefix("keras."), None)
    cls = getattr(place, str(class_name), None) if module.startswith("keras.") else None
    if cls is None or not isinstance(config, Mapping):
        raise _NotCodeError
    known = inspect.signature(cls).parameters
    given = {name: part for name, part in config.items() if name in known}
    if given.get("dtype") == keras.config.floatx():
        del given["dtype"]
    inside = [
        f"{name}={_code(part)}" for name, part in given.items() if part != known[name].default
    ]
    return f"{module}.{class_name}({', '.join(inside)})"
