"""From a config's `optimizer` to an ordinary Keras optimizer."""

from typing import Any

from kerasdemo.backend import keras
from kerasdemo.config import RunConfig
from kerasdemo.training.keras_classes import classes


def optimizer(config: RunConfig) -> Any:
    """Return a new Keras optimizer, which scales the loss under mixed_float16 as Keras does."""
    name, arguments = config.optimizer.name, config.optimizer.arguments
    if isinstance(arguments.get("learning_rate"), dict):
        arguments["learning_rate"] = _schedule(arguments["learning_rate"])
    # Left to itself Keras numbers its optimizers, and TensorFlow never frees the kernels of a
    # new variable name: a megabyte a run.
    chosen = classes("optimizers")[name](**arguments, name=name)
    if config.training.precision == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(chosen, name="loss_scale_optimizer")
    return chosen


def _schedule(given: dict[str, Any]) -> Any:
    """Return Keras' schedule with a name and arguments."""
    arguments = {key: value for key, value in given.items() if key != "name"}
    return classes("schedules")[given["name"]](**arguments)


def build_optimizer(chosen: Any, variables: list[Any]) -> None:
    """Make an optimizer's variables."""
    # Made by Keras' LossScaleOptimizer, one of Nadam's would be missing in `variables`.
    getattr(chosen, "inner_optimizer", chosen).build(variables)
    chosen.build(variables)
