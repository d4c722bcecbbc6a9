"""Which runs share a compiled EpochTrainer: without TensorFlow, for what only plans runs."""

import json
from typing import Any

from kerasdemo.config import RunConfig
from kerasdemo.config.layer_types import KERNEL_INITIALIZERS


def compile_key(config: RunConfig) -> str:
    """Return the same text for two configs exactly where one EpochTrainer can train both."""
    settings = config.settings
    network, optimizer = settings["network"], settings["optimizer"]
    del network["initializer"]
    # A number is a variable of the optimizer, a schedule is compiled into it.
    if not isinstance(optimizer["learning_rate"], dict):
        del optimizer["learning_rate"]
    layers = network.get("layers", [])
    is_wrapped = _strip(layers)
    # Variables of the EpochTrainer, where they are not 0 (traced_layers.py).
    traced = [(network, "dropout"), (network, "input_dropout")]
    if not is_wrapped:
        traced += [(network["regularizer"], "l1"), (network["regularizer"], "l2")]
    for place, name in traced:
        if name in place:
            place[name] = bool(place[name])
    # The number of examples is fixed in the loop over mini-batches.
    data = {"name": config.data.name, "path": config.data.path, "train": config.data.train}
    training = {key: settings["training"][key] for key in ("batch_size", "precision")}
    parts = [data, network, optimizer, settings["loss"], training]
    return json.dumps(parts, sort_keys=True)


def _strip(layers: list[dict[str, Any]]) -> bool:
    """Take out of layers, in place, what variables hold; return whether one wraps another."""
    is_wrapped = False
    for layer in layers:
        for name in KERNEL_INITIALIZERS:
            layer.pop(name, None)
        if layer.get("type") == "dropout":
            layer["rate"] = bool(layer["rate"])
        inside = layer.get("residual") or layer.get("repeat", {}).get("layers", [])
        is_wrapped |= "layer" in layer or _strip(inside)
    return is_wrapped
