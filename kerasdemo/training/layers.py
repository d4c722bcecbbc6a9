"""Layers that the lecture needs and Keras lacks."""

from typing import Any

from kerasdemo.training.backend import keras


@keras.saving.register_keras_serializable("kerasdemo")
class Maxout(keras.layers.Layer):  # type: ignore[misc]
    """The largest of each group of `pieces` neighbouring values passes (Goodfellow et al. 2013).

    Input (..., groups x pieces), output (..., groups): (5, 7, -1, 1) with two pieces gives (7, 1).
    """

    def __init__(self, pieces: int = 2, **kwargs: Any):
        super().__init__(**kwargs)
        self.pieces = pieces

    def call(self, inputs: Any) -> Any:
        groups = inputs.shape[-1] // self.pieces
        shape = (-1, *inputs.shape[1:-1], groups, self.pieces)
        return keras.ops.max(keras.ops.reshape(inputs, shape), axis=-1)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape[:-1], (input_shape[-1] or 0) // self.pieces)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "pieces": self.pieces}
