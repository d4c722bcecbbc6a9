"""Which runs share a compiled program: told without TensorFlow, for those who only plan runs."""

import json
from collections.abc import Iterator
from typing import Any

from kerasdemo.config import RunConfig


def shape_key(config: RunConfig) -> str:
    """Return the same text for two configs exactly where one compiled program can train both."""
    settings = config.settings
    network, optimizer = settings["network"], settings["optimizer"]
    del network["initializer"], optimizer["learning_rate"]
    for place, name in _variable_places(settings):
        place[name] = bool(place[name])
    for layer in network.get("layers", ()):
        layer.pop("kernel_initializer", None)
    # The number of examples is fixed in the loop over mini-batches.
    data = {"name": config.data.name, "path": config.data.path, "train": config.data.train}
    training = {key: settings["training"][key] for key in ("batch_size", "precision")}
    parts = [data, network, optimizer, settings["loss"], training]
    return json.dumps(parts, sort_keys=True)


def _variable_places(settings: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    network = settings["network"]
    yield from ((network, name) for name in ("dropout", "input_dropout") if name in network)
    yield from ((layer, "rate") for layer in network.get("layers", ()) if "rate" in layer)
    yield from ((network["regularizer"], name) for name in ("l1", "l2"))
