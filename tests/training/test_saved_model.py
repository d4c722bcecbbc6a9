"""The model of a run, loaded again."""

from pathlib import Path

import numpy as np
import pytest

from kerasdemo.backend import keras
from kerasdemo.config import InputError
from kerasdemo.training import saved_model


def test_it_predicts_what_it_predicted(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.save(tmp_path / "model.keras")
    x = np.ones((4, 3), "float32")
    loaded = saved_model.load(tmp_path / "model.keras")
    assert np.array_equal(loaded.predict(x, verbose=0), model.predict(x, verbose=0))


def test_none_was_saved(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model was saved"):
        saved_model.load(tmp_path / "model.keras")


def test_a_damaged_file(tmp_path: Path) -> None:
    (tmp_path / "model.keras").write_bytes(b"PK no zip")
    with pytest.raises(InputError, match="is no Keras model, or a damaged one"):
        saved_model.load(tmp_path / "model.keras")


def test_a_class_that_keras_does_not_know(tmp_path: Path) -> None:
    class Twice(keras.layers.Layer):  # type: ignore[misc]
        def call(self, x: object) -> object:
            return x

    keras.Sequential([keras.Input((3,)), Twice()]).save(tmp_path / "model.keras")
    with pytest.raises(InputError, match="register_keras_serializable"):
        saved_model.load(tmp_path / "model.keras")


def test_code_in_the_file_is_not_run(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Lambda(lambda x: 2 * x)])
    model.save(tmp_path / "model.keras")
    with pytest.raises(InputError, match="Keras can't load it"):
        saved_model.load(tmp_path / "model.keras")
