"""The trained networks of a demo's runs, and the examples that they were trained on."""

import warnings
from collections.abc import Sequence
from typing import Any

from kerasdemo import data
from kerasdemo.data import Dataset
from kerasdemo.records import Run


def load_model(run: Run) -> Any:
    """Return the trained Keras model of a run; its inputs are the examples of `load_dataset`."""
    from kerasdemo.backend import keras
    from kerasdemo.training import network

    facts = run.facts["data"]
    built = network.build(run.yaml_config, tuple(facts["shape"]), facts["classes"])
    # The saved model scales its inputs first, with a layer without weights.
    built.set_weights(keras.saving.load_model(run.folder.model_file).get_weights())
    return built


def load_dataset(run: Run) -> Dataset:
    """Return the examples of a run."""
    with warnings.catch_warnings():
        # The run gave this warning when it was trained, and its record keeps it.
        warnings.simplefilter("ignore", data.SampleStandsIn)
        return data.load(run.yaml_config)


def kernel_layers(model: Any) -> list[Any]:
    """Return the layers of a model that have a kernel, from input to output."""
    return [layer for layer in model.layers if hasattr(layer, "kernel")]


def describe(runs: Sequence[Run]) -> str:
    """Return in words what runs were trained on: `mnist, 5,000 images, 5 seeds`."""
    facts = runs[0].facts["data"]
    seeds = f"{len(runs)} seed{'s' if len(runs) > 1 else ''}"
    return f"{facts['source']}, {facts['train']:,} images, {seeds}"
