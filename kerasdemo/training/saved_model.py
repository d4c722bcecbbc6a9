"""The trained model in a run's folder, loaded again."""

from pathlib import Path
from typing import Any

from kerasdemo.backend import keras
from kerasdemo.config import Fault, InputError


def load(file: Path) -> Any:
    """Return the Keras model in model.keras. Nothing in the file is run: Keras' safe mode stays on.

    Raises:
        InputError: where there is none, or Keras can't load it.
    """
    if not file.is_file():
        message = "no model was saved: the run has not ended, or was recorded without its model"
        raise InputError(Fault(message, str(file)))
    try:
        return keras.saving.load_model(file)
    except (OSError, TypeError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        message = (
            f"Keras can't load it: {reason} Classes of your own need "
            "@keras.saving.register_keras_serializable() where they are defined; or pass them to "
            "keras.saving.load_model(..., custom_objects=...)"
        )
        raise InputError(Fault(message, str(file))) from error
