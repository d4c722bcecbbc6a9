"""The trained model in a run's folder, loaded again."""

import warnings
import zipfile
from pathlib import Path
from typing import Any

from kerasdemo.backend import keras
from kerasdemo.config import Fault, InputError
from kerasdemo.training.raw_rows import as_inputs


def load(file: Path) -> Any:
    """Return the Keras model in model.keras. Nothing in the file is run: Keras' safe mode stays on.

    Raises:
        InputError: where there is none, or Keras can't load it.
    """
    if not file.is_file():
        message = "no model was saved: the run has not ended, or was recorded without its model"
        if file.exists():
            message = "is no plain file; expected a Keras model"
        raise InputError(Fault(message, str(file)))
    if not zipfile.is_zipfile(file):
        raise InputError(
            Fault("is no Keras model, or a damaged one; train the run again", str(file))
        )
    try:
        with warnings.catch_warnings():  # a "/" can be in a column's name and not in an input's
            warnings.filterwarnings("ignore", "When providing `inputs` as a dict")
            return keras.saving.load_model(file)
    except (KeyError, OSError, TypeError, ValueError) as error:
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        message = (
            f"Keras can't load it: {reason} Classes of your own need "
            "@keras.saving.register_keras_serializable() where they are defined; or pass them to "
            "keras.saving.load_model(..., custom_objects=...)"
        )
        raise InputError(Fault(message, str(file))) from error


def predict(model: Any, x: Any, batch_size: int | None, *, is_of_table: bool) -> Any:
    """Return the outputs of a run's model for raw examples; of a table as `as_inputs` takes them.

    Raises:
        InputError: as for `as_inputs`.
    """
    return model.predict(as_inputs(model, x) if is_of_table else x, batch_size, verbose=0)
