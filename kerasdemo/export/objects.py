"""Keras' objects as code: initializers, regularizers, losses, optimizers, metrics, callbacks."""

from collections.abc import Iterable, Mapping
from typing import Any

from kerasdemo.config import keras_arguments
from kerasdemo.config.keras_objects import KerasObject, StrictModel
from kerasdemo.config.layer_types import Regularizer
from kerasdemo.config.types import EarlyStopping
from kerasdemo.export.code import call, keywords, value

# Kinds whose objects are mostly written by their name alone.
BY_NAME = ("losses", "initializers", "constraints")
MODULES = {"schedules": "optimizers.schedules", "activations": "layers"}
# What Keras' callbacks do by default where ours say something else, or the same.
CALLBACK_DEFAULTS = {
    "monitor": "val_loss",
    "mode": "auto",
    "baseline": None,
    "start_from_epoch": 0,
    "cooldown": 0,
    "min_lr": 0.0,
}


def write_object(
    kind: str,
    chosen: KerasObject,
    *,
    always: tuple[str, ...] = (),
    also: Iterable[str] = (),
    by_name: bool = True,
) -> str:
    """Return one of Keras' objects: by its name, or as a call where it has arguments.

    Args:
        kind: a key of keras_arguments.json, such as losses.
        chosen: the object.
        always: arguments that are written even if they are Keras' defaults.
        also: further arguments, as code.
        by_name: whether the name alone may stand for it.
    """
    given = [*write_arguments(kind, chosen.name, chosen.arguments, always), *also]
    if not given and by_name and kind in BY_NAME:
        return value(chosen.name)
    return call(class_path(kind, chosen.name), given)


def write_arguments(
    kind: str, name: str, arguments: Mapping[str, Any], always: tuple[str, ...] = ()
) -> list[str]:
    """Return the arguments of an object as far as they are not Keras' defaults."""
    defaults = keras_arguments.names(kind)[name]
    chosen = {
        key: one
        for key, one in arguments.items()
        if key in always or plain(one) != plain(defaults.get(key))
    }
    schedule = chosen.get("learning_rate")
    if not isinstance(schedule, Mapping):
        return keywords({key: _listed(one) for key, one in chosen.items()})
    rest = {key: one for key, one in chosen.items() if key != "learning_rate"}
    return [f"learning_rate={write_schedule(schedule)}", *keywords(rest)]


def write_schedule(given: Mapping[str, Any]) -> str:
    """Return a learning-rate schedule, of its name and arguments."""
    arguments = {key: one for key, one in given.items() if key != "name"}
    required = keras_arguments.required(given["name"])
    written = write_arguments("schedules", given["name"], arguments, always=required)
    return call(class_path("schedules", given["name"]), written)


def class_path(kind: str, name: str) -> str:
    """Return where Keras has an object: keras.losses.Huber.

    Raises:
        KeyError: where Keras has none of that name.
    """
    class_name = keras_arguments.class_name(kind, name)
    if class_name is None:
        raise KeyError(name)
    return f"keras.{MODULES.get(kind, kind)}.{class_name}"


def write_penalty(chosen: Regularizer) -> str:
    """Return a regularizer."""
    if not chosen.l1:
        return call("keras.regularizers.L2", [value(chosen.l2)])
    return call("keras.regularizers.L1L2", keywords(chosen.model_dump()))


def write_loss(chosen: KerasObject) -> str:
    """Return a loss, by its name where it has no arguments and Keras finds it so."""
    text = write_object("losses", chosen)
    is_known = chosen.name in keras_arguments.aliases("losses").values()
    is_known |= chosen.name.endswith("crossentropy")
    return text if "(" in text or is_known else call(class_path("losses", chosen.name))


def write_callback(chosen: StrictModel) -> str:
    """Return EarlyStopping or ReduceLROnPlateau; their patience is not Keras' default."""
    given = chosen.model_dump(mode="json")
    if chosen.model_dump()["mode"] == "auto" and not given["monitor"].endswith("loss"):
        given["mode"] = "max"  # Keras knows no direction of scores that are no metrics of its own
    defaults = CALLBACK_DEFAULTS | {"min_delta": 0.0 if isinstance(chosen, EarlyStopping) else 1e-4}
    differing = {
        name: one for name, one in given.items() if name not in defaults or one != defaults[name]
    }
    return call(f"keras.callbacks.{type(chosen).__name__}", keywords(differing))


def plain(thing: Any) -> Any:
    """Return a value as it is compared with a default: (1, 1) is 1, an object its name."""
    if isinstance(thing, KerasObject):
        return thing.name if not thing.arguments else (thing.name, thing.arguments)
    if isinstance(thing, tuple | list) and len(thing) == 2 and thing[0] == thing[1]:
        return thing[0]
    return tuple(map(plain, thing)) if isinstance(thing, tuple | list) else thing


def _listed(thing: Any) -> Any:
    """Return an argument as Keras' objects take it, which know lists but no tuples."""
    return list(thing) if isinstance(thing, tuple) else thing
