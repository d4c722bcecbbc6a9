"""Which runs share a compiled EpochTrainer: without TensorFlow, for what only plans runs."""

import json

from kerasdemo.config import RunConfig


def compile_key(config: RunConfig) -> str:
    """Return the same text for two configs exactly where one EpochTrainer can train both."""
    settings = config.settings
    network, optimizer = settings["network"], settings["optimizer"]
    del network["initializer"], optimizer["learning_rate"]
    layers = network.get("layers", ())
    for layer in layers:
        layer.pop("kernel_initializer", None)
    # Variables of the EpochTrainer, where they are not 0 (traced_layers.py).
    traced = [(network, "dropout"), (network, "input_dropout")]
    traced += [(network["regularizer"], "l1"), (network["regularizer"], "l2")]
    traced += [(layer, "rate") for layer in layers]
    for place, name in traced:
        if name in place:
            place[name] = bool(place[name])
    # The number of examples is fixed in the loop over mini-batches.
    data = {"name": config.data.name, "path": config.data.path, "train": config.data.train}
    training = {key: settings["training"][key] for key in ("batch_size", "precision")}
    parts = [data, network, optimizer, settings["loss"], training]
    return json.dumps(parts, sort_keys=True)
