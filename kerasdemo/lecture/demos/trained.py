"""What a demo's runs left behind: their trained networks, and the examples they were trained on."""

import warnings
from collections.abc import Sequence
from typing import Any

from kerasdemo.data import loading as data
from kerasdemo.data.loading import Dataset
from kerasdemo.records import Run


def model(run: Run) -> Any:
    """Return the trained network of a run, an ordinary Keras model for what `dataset` gives."""
    from kerasdemo.backend import keras
    from kerasdemo.training import network

    facts = run.facts["data"]
    built = network.build(run.config, tuple(facts["shape"]), facts["classes"])
    # What a run saves scales examples first, with a layer that has no weights.
    built.set_weights(keras.saving.load_model(run.folder.model_file).get_weights())
    return built


def dataset(run: Run) -> Dataset:
    """Return the examples of a run."""
    with warnings.catch_warnings():
        # The run said so when it was trained, and its record says so still.
        warnings.simplefilter("ignore", data.SampleStandsIn)
        return data.load(run.config)


def origin(runs: Sequence[Run]) -> str:
    """Return in words what some runs were trained on: `mnist, 5,000 images, 5 seeds`."""
    facts = runs[0].facts["data"]
    seeds = f"{len(runs)} seed{'s' if len(runs) > 1 else ''}"
    return f"{facts['source']}, {facts['train']:,} images, {seeds}"
