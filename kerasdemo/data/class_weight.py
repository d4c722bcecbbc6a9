"""Weights of the examples' losses by their class, as Keras' `fit(class_weight=...)` gives them."""

from collections.abc import Sequence

import numpy as np

from kerasdemo.config import InputError, RunConfig
from kerasdemo.config.errors import unknown
from kerasdemo.data.dataset import Array, Dataset


def example_weights(config: RunConfig, dataset: Dataset) -> Array | None:
    """Return the weight of each training example's loss (n,) float32; None where all count alike.

    `training.class_weight` says them: class, by name or number -> weight, 1 of classes that are
    left out; or balanced, which makes every class weigh the same in all: n / (classes * examples of
    the class), as scikit-learn has it.

    Args:
        config: whose task is classification where it has class weights.
        dataset: of its classes.

    Raises:
        InputError: where the data has no such class.
    """
    chosen, y = config.training.class_weight, dataset.train.y
    if chosen is None:
        return None
    weights = np.ones(dataset.outputs)
    if chosen == "balanced":
        counts = np.bincount(y, minlength=dataset.outputs)
        weights = len(y) / (max(1, int((counts > 0).sum())) * np.maximum(counts, 1))
    else:
        names = dataset.source.class_names or tuple(map(str, range(dataset.outputs)))
        check_classes(config, names)
        for name, weight in chosen.items():
            weights[names.index(name)] = weight
    found: Array = weights[y].astype(np.float32)
    return found


def check_classes(config: RunConfig, names: Sequence[str]) -> None:
    """Check that the data has every class that the config weights.

    Raises:
        InputError: where it has no such class.
    """
    chosen = config.training.class_weight
    for name in chosen if isinstance(chosen, dict) else ():
        if name not in names:
            message = unknown("class", name, names)
            raise InputError(config.fault(("training", "class_weight", name), message))
