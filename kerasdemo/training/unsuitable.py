"""What compiled epochs can't do: Keras' own `fit` trains then, and refuses what is an error."""

from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any

from kerasdemo.backend import keras, tf

# What `fit` consists of: a model that has its own is trained by it.
PARTS = ("fit", "evaluate", "make_train_function", "make_test_function")
BATCH_HOOKS = [
    f"on_{kind}batch_{place}" for kind in ("", "train_", "test_") for place in ("begin", "end")
]


class Unsuitable(Exception):
    """Why Keras' own `fit` has to train: a clause that follows 'Keras' own fit trains: '."""


def check(model: Any, asked: Mapping[str, Any]) -> None:
    """Check the model and the arguments of `fit`, but for the examples.

    Args:
        model: any object that may be a Keras model.
        asked: every argument of Keras' `fit`.

    Raises:
        Unsuitable: where Keras' own `fit` has to train.
    """
    for reason in chain(_models(model), _settings(model), _arguments(asked), _callbacks(asked)):
        raise Unsuitable(reason)


def _models(model: Any) -> Iterator[str]:
    if not isinstance(model, keras.Model) or not model.compiled:
        yield "the model is not compiled"
    for name in PARTS:
        if not _is_inherited(model, name, keras.Model):
            yield f"the model has a {name} of its own"


def _settings(model: Any) -> Iterator[str]:
    if model.run_eagerly or tf.config.functions_run_eagerly():
        yield "the model runs eagerly"
    usual = model.distribute_strategy is tf.distribute.get_strategy()
    if tf.distribute.has_strategy() or not usual or keras.distribution.distribution() is not None:
        yield "the training is distributed"
    if keras.config.max_epochs() or keras.config.max_steps_per_epoch():
        yield "Keras is set to cut trainings short"


def _arguments(asked: Mapping[str, Any]) -> Iterator[str]:
    for name in ("steps_per_epoch", "validation_steps"):
        if asked[name] is not None:
            yield f"{name} is given"
    if asked["shuffle"] not in (True, False):
        yield f"shuffle is {asked['shuffle']!r}"
    for name in ("batch_size", "validation_batch_size"):
        if asked[name] is not None and not (isinstance(asked[name], int) and asked[name] > 0):
            yield f"{name} is {asked[name]!r}"
    if not all(isinstance(asked[name], int) for name in ("epochs", "initial_epoch")):
        yield "the number of epochs is no integer"
    elif asked["initial_epoch"] < 0:
        yield f"initial_epoch is {asked['initial_epoch']}"
    elif asked["epochs"] <= asked["initial_epoch"]:
        yield "there is no epoch to train"
    if not isinstance(asked["validation_freq"], int | list) or not asked["validation_freq"]:
        yield f"validation_freq is {asked['validation_freq']!r}"


def _callbacks(asked: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(asked["callbacks"], keras.callbacks.CallbackList):
        yield "the callbacks are a CallbackList"
    for callback in keras.tree.flatten(asked["callbacks"]):
        checkpoint = isinstance(callback, keras.callbacks.ModelCheckpoint)
        if callback is None or (checkpoint and callback.save_freq == "epoch"):
            continue
        if not all(_is_inherited(callback, hook, keras.callbacks.Callback) for hook in BATCH_HOOKS):
            yield f"the callback {type(callback).__name__} asks for single mini-batches"


def _is_inherited(thing: Any, name: str, base: Any) -> bool:
    """Return whether a method is that of a class, replaced neither in the object nor below it."""
    method = getattr(thing, name, None)
    return getattr(method, "__func__", None) is getattr(base, name)
