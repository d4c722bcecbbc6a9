"""Changes of a config, as patches {dotted path: value} that `--set` takes too."""

import math
from collections.abc import Mapping
from typing import Any

from kerasdemo.config import types
from kerasdemo.config.types import RunConfig
from kerasdemo.diagnosis.activations import SQUASHING
from kerasdemo.diagnosis.features import OTHERS_LEARNING_RATE, USUAL_LEARNING_RATE, RunFeatures

# Of SGD without momentum on inputs of the size of 1 (the lecture's rate in 8-3 and 9-2).
PLAIN_SGD = 0.1
# So many units a layer dropout has to spare before most of them can be dropped.
SPARE_UNITS = 100
# Epochs that early stopping waits for a better one.
PATIENCE = 5
# A tenth of a learning rate is worth a try up to so many times the usual one.
WORTH_A_TENTH = 100.0

Patch = Mapping[str, Any]
Suggestion = tuple[Patch, str]


def activation(features: RunFeatures, name: str = "relu") -> Suggestion:
    """Return every hidden activation changed."""
    # A maxout layer of the `layers` form has no activation to change.
    keys = {
        layer.activation_key: layer.activation
        for layer in features.hidden
        if layer.activation_key and not layer.activation_key.endswith("pieces")
    }
    curved = [key for key, given in keys.items() if given != "linear"] or list(keys)
    patch = dict.fromkeys(curved, name)
    return patch, f"{name} passes its gradient on undiminished, layer by layer"


def initializer(config: RunConfig) -> Suggestion:
    """Return an initializer whose signal keeps its size from layer to layer."""
    return (
        _initialized(config, "he_normal"),
        "he_normal draws weights of a size that keeps the signal's, and each unit its own",
    )


def _initialized(config: RunConfig, name: str) -> dict[str, Any]:
    patch: dict[str, Any] = {"network.initializer": name}
    for number, layer in enumerate(config.network.layers or ()):
        if getattr(layer, "kernel_initializer", None) is not None:
            patch[f"network.layers.{number}.kernel_initializer"] = name
    return patch


def normalization(config: RunConfig) -> Suggestion | None:
    """Return batch normalization between each hidden layer and its activation."""
    if config.network.layers is not None or config.network.normalization != "none":
        return None
    return {"network.normalization": "batch"}, "batch normalization keeps each layer's signal alive"


def learning_rate(config: RunConfig, factor: float) -> Suggestion:
    """Return the learning rate times `factor`."""
    now, then = rate(config), round_to_two(rate(config) * factor)
    word = "smaller" if factor < 1 else "larger"
    return {"optimizer.learning_rate": then}, f"a {word} learning rate: {now:g} to {then:g}"


def lower_learning_rate(features: RunFeatures) -> Suggestion:
    """Return a tenth of the learning rate, or the usual one where that is much smaller still."""
    ratio = features.learning_rate_ratio
    return learning_rate(features.config, 0.1 if ratio <= WORTH_A_TENTH else 1 / ratio)


def usual_learning_rate(config: RunConfig) -> Suggestion:
    """Return where one starts with the optimizer: with plain SGD at the lecture's 0.1."""
    usual = USUAL_LEARNING_RATE.get(config.optimizer.name, OTHERS_LEARNING_RATE)
    if config.optimizer.name == "sgd" and not config.optimizer.arguments.get("momentum"):
        usual = PLAIN_SGD
    return (
        {"optimizer.learning_rate": usual},
        f"{usual:g} is where one starts with {config.optimizer.name}",
    )


def probed_learning_rate(config: RunConfig, best: float) -> Suggestion:
    """Return the learning rate that did best when several were tried."""
    then = round_to_two(best)
    return {"optimizer.learning_rate": then}, f"{then:g} did best of the rates that were tried"


def rate(config: RunConfig) -> float:
    """Return the config's learning rate."""
    return float(config.optimizer.arguments.get("learning_rate") or OTHERS_LEARNING_RATE)


def round_to_two(value: float) -> float:
    """Return the value with two digits, as one would write it."""
    return float(f"{value:.2g}")


def adam(config: RunConfig) -> Suggestion | None:
    """Return Adam with its usual settings."""
    if config.optimizer.name in ("adam", "adamw", "nadam"):
        return None
    patch = {"optimizer": {"name": "adam", "learning_rate": 0.001}}
    return patch, "Adam adapts the step to each weight"


def faster(features: RunFeatures) -> list[Suggestion]:
    """Return what makes a slow training quick, in the lecture's order; first both at once.

    A new activation and an adaptive learning rate mend the same thing, and neither stands in the
    other one's way.
    """
    squashes = any(layer.activation in SQUASHING for layer in features.hidden)
    new, adaptive = activation(features) if squashes else None, adam(features.config)
    offers = [offer for offer in (new, adaptive) if offer is not None]
    if new is None or adaptive is None:
        return offers
    return [({**new[0], **adaptive[0]}, f"{new[1]}; {adaptive[1]}"), *offers]


def clipping(config: RunConfig) -> Suggestion | None:
    """Return gradients clipped to norm 1 (Pascanu et al. 2013)."""
    if config.optimizer.arguments.get("clipnorm"):
        return None
    return {"optimizer.clipnorm": 1.0}, "clipped gradients bound the largest step"


def smaller_batches(features: RunFeatures, size: int = 100) -> Suggestion | None:
    """Return batches of `size`, or of a hundredth of a small training set."""
    examples, now = features.count("train") or 0, features.config.training.batch_size
    wanted = max(10, min(size, int(examples) // 20))
    if wanted * 2 > min(now, int(examples) or now):
        return None
    times = min(now, examples) / wanted
    return {
        "training.batch_size": wanted
    }, f"batches of {wanted} give {times:.0f} times the updates"


def larger_batches(features: RunFeatures) -> Suggestion | None:
    """Return batches ten times as large, where they stay below a tenth of the examples."""
    examples, now = features.count("train") or 0, features.config.training.batch_size
    wanted = min(now * 10, int(examples) // 10)
    if wanted < now * 2:
        return None
    return {"training.batch_size": wanted}, f"batches of {wanted}: steadier gradients"


def more_epochs(config: RunConfig, factor: int = 2) -> Suggestion:
    """Return `factor` times the epochs."""
    epochs = config.training.epochs * factor
    return {"training.epochs": epochs}, f"{factor} times the epochs"


def more_patience(config: RunConfig) -> Suggestion | None:
    """Return four times early stopping's patience."""
    stopping = config.training.early_stopping
    if stopping is None:
        return None
    epochs = max(10, 4 * stopping.patience)
    return {"training.early_stopping.patience": epochs}, f"wait {epochs} epochs for a better one"


def normalized_input(config: RunConfig, uneven: bool = False) -> Suggestion:
    """Return inputs of the size of 1; of uneven features, each for itself."""
    if (
        not uneven
        and config.data.normalize == "none"
        and config.data.name.endswith(("mnist", "mnist_sample"))
    ):
        return {"data.normalize": "unit"}, "divided by 255, inputs are between 0 and 1"
    return {"data.normalize": "standardize"}, "each feature to mean 0 and standard deviation 1"


def more_units(features: RunFeatures, factor: int = 10) -> Suggestion:
    """Return more units in every hidden layer; for a network without one, one of 100."""
    network = features.config.network
    reason = f"about {factor} times the units"
    if network.layers is not None:
        return {
            layer.layer.key or "": _enough(layer.units, factor) for layer in features.hidden
        }, reason
    if network.depth == 0:
        return {"network.depth": 1, "network.units": 100}, "a hidden layer of 100 units"
    units = [_enough(n, factor) for n in network.hidden_units]
    return {"network.units": units[0] if len(set(units)) == 1 else units}, reason


def _enough(units: int, factor: int) -> int:
    """More units, from 64 on, and not beyond 1000 unless there are more already."""
    return max(units, min(1000, max(64, units * factor)))


def lighter(config: RunConfig) -> list[Suggestion]:
    """Return less of each penalty and dropout that the network has."""
    offers: list[Suggestion] = []
    for name in ("l1", "l2"):
        weight = getattr(config.network.regularizer, name)
        if weight:
            value = round_to_two(weight / 1000) if weight > 1e-6 else 0.0
            offers.append(
                (
                    {f"network.regularizer.{name}": value},
                    f"a lighter {name} penalty: {weight:g} to {value:g}",
                )
            )
    dropped = config.network.dropout if config.network.layers is None else 0.0
    if dropped > 0.2:
        offers.append(({"network.dropout": round_to_two(dropped / 2)}, "less dropout"))
    return offers


def early_stopping(config: RunConfig) -> Suggestion | None:
    """Return early stopping on the validation loss that restores the best weights."""
    stopping = config.training.early_stopping
    restores = stopping is not None and stopping.restore_best_weights
    if not config.data.validation or (restores and stopping.monitor == "val_loss"):  # type: ignore[union-attr]
        return None
    patch = {"monitor": "val_loss", "patience": PATIENCE, "restore_best_weights": True}
    return {"training.early_stopping": patch}, "stop where validation turns, and keep those weights"


def regularization(config: RunConfig) -> Suggestion | None:
    """Return an L2 penalty, ten times the one there is."""
    weight = config.network.regularizer.l2
    if weight >= 0.01:
        return None
    value = round_to_two(weight * 10) if weight >= 1e-5 else 1e-4
    return {"network.regularizer.l2": value}, "an L2 penalty keeps the weights small"


def dropout(features: RunFeatures, share: float = 0.5) -> Suggestion | None:
    """Return dropout behind every hidden layer, or before the output of written layers."""
    reason = f"dropout of {share:g}: no unit can rely on another one"
    config = features.config
    if config.network.layers is None:
        already = config.network.dropout >= share or config.network.depth == 0
        return None if already else ({"network.dropout": share}, reason)
    layers = config.network.layers
    if any(isinstance(layer, types.DropoutLayer) for layer in layers):
        return None
    # network.layers.3.units -> 3, the output layer
    last = int((features.network[-1].layer.key or "").split(".")[2])
    written: list[dict[str, Any]] = [layer.model_dump(mode="json") for layer in layers]
    return {
        "network.layers": [*written[:last], {"type": "dropout", "rate": share}, *written[last:]]
    }, reason


def against_noise(features: RunFeatures) -> list[Suggestion | None]:
    """Return dropout and noisy training, as the lecture; noise first for a network of few units.

    Dropout of 0.7 leaves a narrow layer too little (Srivastava et al. 2014, section A.1: n units
    want n / (1 - rate)).
    """
    offers = [dropout(features, 0.7), noisy_training(features)]
    narrow = any(layer.units < SPARE_UNITS for layer in features.hidden)
    return offers[::-1] if narrow else offers


def more_data(features: RunFeatures) -> Suggestion | None:
    """Return twice the training examples, where the data set has them."""
    known, data = features.config.facts, features.config.data
    now = int(features.count("train") or 0)
    spare = (known.train if known else 0) - (data.validation or 0)
    if not now or spare < now * 1.2 or features.run.facts.get("data", {}).get("warning"):
        return None
    value = min(spare, 2 * now)
    return {"data.train": value}, f"{value:,} training examples instead of {now:,}"


def noisy_training(features: RunFeatures) -> Suggestion | None:
    """Return the test's extra noise, declared or measured, on the other examples too."""
    noise = features.config.data.noise
    sd, test_sd = (features.fact("data", part, "sd") or 0.0 for part in ("input", "test_input"))
    # Variances of independent noise add up.
    measured = math.sqrt(test_sd**2 - sd**2) if test_sd > 1.25 * sd > 0 else 0.0
    wanted = noise.test if noise.test > noise.train else round_to_two(measured)
    if not wanted:
        return None
    patch = {"data.noise.train": wanted, "data.noise.validation": wanted}
    return patch, "train on what will be tested"
