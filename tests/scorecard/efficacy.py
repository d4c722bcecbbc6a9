"""Whether a remedy helps: the run with it, against the run with a random change of the same size.

A remedy changes one setting (a change of all hidden activations is one). So does a random change.
"""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from truth import Ended

from kerasdemo.config import InputError, RunConfig
from kerasdemo.diagnosis import RunFeatures, remedies
from kerasdemo.records import History, Run

# Closing so much of the distance to the twin, in the mean over the seeds and with every seed
# better, is a clear improvement.
CLEAR = 1 / 3

Patch = Mapping[str, Any]

# What one would try, absolutely and in proportion to what is.
VALUES: dict[str, tuple[Any, ...]] = {
    "optimizer": tuple(
        {"name": name, "learning_rate": rate}
        for name, rate in (("sgd", 0.01), ("adam", 0.001), ("rmsprop", 0.001), ("adagrad", 0.01))
    ),
    "optimizer.clipnorm": (1.0,),
    "training.batch_size": (10, 30, 100, 300, 1000),
    "training.early_stopping": (
        {"monitor": "val_loss", "patience": 5, "restore_best_weights": True},
    ),
    "loss": ("categorical_crossentropy", "mean_squared_error"),
    "data.normalize": ("unit", "standardize"),
    "network.initializer": ("he_normal", "glorot_uniform", "lecun_normal", "orthogonal"),
    "network.regularizer.l2": (0.0, 1e-5, 1e-4, 1e-3),
    "network.normalization": ("none", "batch", "layer"),
    "network.dropout": (0.0, 0.25, 0.5),
    "network.depth": (1, 2, 3, 5),
    "network.units": (32, 128, 512),
}
FACTORS = {
    "optimizer.learning_rate": (0.1, 0.3, 3.0, 10.0),
    "training.epochs": (2, 3),
    "data.train": (0.5, 2),
}


def random_change(config: RunConfig, name: str) -> Patch:
    """Return a change of one setting, drawn by the case's name: first the setting, then its value.

    Only changes that make another valid config are drawn.
    """
    by_setting: dict[str, list[Patch]] = {}
    for setting, patch in _changes(config):
        by_setting.setdefault(setting, []).append(patch)
    draw = random.Random(name)
    while not _valid(config, patch := draw.choice(by_setting[draw.choice(sorted(by_setting))])):
        pass
    return patch


def _valid(config: RunConfig, patch: Patch) -> bool:
    try:
        return config.with_changes(patch).settings != config.settings
    except InputError:
        return False


def _changes(config: RunConfig) -> Iterator[tuple[str, Patch]]:
    """Yield (setting, change) for what one would try."""
    for key, values in VALUES.items():
        yield from ((key, {key: value}) for value in values)
    features = RunFeatures(Run(config, History()))
    for key, factors in FACTORS.items():
        rate = features.learning_rate
        now = rate if key == "optimizer.learning_rate" else _number(config, key)
        for factor in factors:
            value = remedies.round_to_two(now * factor)
            yield key, {key: int(value) if isinstance(now, int) else value}
    for name in ("relu", "leaky_relu", "elu", "tanh", "sigmoid"):
        suggestion = remedies.change_activation(features, name)
        if suggestion is not None:  # a recurrent network alone has none to change
            yield "activation", suggestion.patch


def _number(config: RunConfig, key: str) -> int:
    section, name = key.split(".")
    return int(config.resolved[section][name])


def closed(
    metric: str, runs: Sequence[Ended], changed: Sequence[Ended], twins: Sequence[Ended]
) -> float:
    """Return the share of the distance to the twins that a change closed, in means over seeds."""
    before, after, goal = (_mean(metric, group) for group in (runs, changed, twins))
    if not math.isfinite(after) or not math.isfinite(goal - before) or goal == before:
        return 0.0
    return (after - before) / (goal - before)


def clear(
    metric: str, runs: Sequence[Ended], changed: Sequence[Ended], twins: Sequence[Ended]
) -> bool:
    """Return whether a change is a clear improvement."""
    sign = -1 if metric == "val_loss" else 1
    every = all(
        sign * getattr(after, metric) > sign * getattr(before, metric)
        for before, after in zip(runs, changed, strict=True)
    )
    return every and closed(metric, runs, changed, twins) >= CLEAR


def _mean(metric: str, group: Sequence[Ended]) -> float:
    return sum(getattr(one, metric) for one in group) / len(group)
