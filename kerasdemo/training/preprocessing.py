"""A trained network behind layers that prepare its inputs, so that it takes raw examples."""

from typing import Any

from kerasdemo.backend import keras
from kerasdemo.config import RunConfig
from kerasdemo.data import Dataset, Scaling
from kerasdemo.training import network as networks


def with_preprocessing(network: Any, config: RunConfig, dataset: Dataset) -> Any:
    """Return the compiled network behind layers that prepare its inputs as in training.

    Args:
        network: the compiled Keras model that was trained.
        config: of the run.
        dataset: that it was trained on.
    """
    layer = _scaling_layer(dataset.scaling)
    if layer is None:
        return network
    layers = [keras.Input(network.input_shape[1:]), layer, *network.layers]
    whole = keras.Sequential(layers, name="network")
    accuracy = networks.accuracy(config, network)
    whole.compile(optimizer=network.optimizer, loss=network.loss, metrics=[accuracy])
    return whole


def _scaling_layer(scaling: Scaling) -> Any:
    """Return the layer that scales as `scaling` does; None where that changes nothing."""
    if scaling.mean is not None and scaling.sd is not None:
        return keras.layers.Normalization(
            axis=tuple(range(1, scaling.mean.ndim + 1)),
            mean=scaling.mean,
            variance=scaling.sd**2,
            dtype="float32",
            name="normalization",
        )
    if scaling.largest is not None:
        return keras.layers.Rescaling(1.0 / scaling.largest, dtype="float32", name="rescaling")
    return None
