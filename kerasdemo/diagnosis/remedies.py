"""Changes of the config that may help; None for one that does not apply."""

import math
import re
from collections.abc import Mapping
from typing import Any

from kerasdemo.config import layer_types
from kerasdemo.config.layers import NORMALIZATIONS, KernelLayer, Layer
from kerasdemo.diagnosis.features import RECURRENT, RunFeatures
from kerasdemo.diagnosis.rule import Suggestion
from kerasdemo.diagnosis.val_loss_rise import find_rise

# Of SGD without momentum on inputs of the size of 1 (the lecture's rate in 8-3 and 9-2).
PLAIN_SGD = 0.1
# So many layers are named one by one.
FEW_LAYERS = 4
# Units that a layer needs before dropout can drop most of them.
SPARE_UNITS = 100
# Epochs that early stopping waits for a better one.
PATIENCE = 5
# A class with so many times its even share of the examples hides the others.
MOSTLY_ONE = 1.5
# A tenth of a learning rate is worth a try up to so many times the usual one.
WORTH_A_TENTH = 100.0


def round_to_two(value: float) -> float:
    """Return the value with two digits."""
    return float(f"{value:.2g}")


# The network.


def change_activation(features: RunFeatures, name: str = "relu") -> Suggestion | None:
    """Return every hidden activation changed, but for those of recurrent layers."""
    # A maxout layer of the `layers` form has no activation to change.
    keys = {
        layer.activation_key: layer.activation
        for layer in features.hidden
        if layer.activation_key
        and not layer.activation_key.endswith("pieces")
        and layer.type not in RECURRENT
    }
    curved = [key for key, current in keys.items() if current != "linear"] or list(keys)
    patch = dict.fromkeys(curved, name)
    if features.recurrent and not patch:
        return None
    return Suggestion(patch, f"{name} passes its gradient on undiminished, layer by layer")


def change_initializer(features: RunFeatures, name: str = "he_normal") -> Suggestion | None:
    """Return an initializer whose signal keeps its size from layer to layer."""
    if features.recurrent and all(layer.type in RECURRENT for layer in features.hidden):
        return None
    patch = {"network.initializer": name}
    config = features.config
    for number, layer in enumerate((config and config.network.layers) or ()):
        if getattr(layer, "kernel_initializer", None) is not None:
            patch[f"network.layers.{number}.kernel_initializer"] = name
    reason = f"{name} draws different weights for each unit, of a size that keeps the signal's"
    return Suggestion(patch, reason)


def add_normalization(features: RunFeatures) -> Suggestion | None:
    """Return batch normalization between each hidden layer and its activation."""
    if features.config is None:
        has_it = any(layer.type in NORMALIZATIONS for layer in features.run.network)
    else:
        network = features.config.network
        has_it = network.layers is not None or network.normalization != "none"
    if has_it or all(layer.type in RECURRENT for layer in features.hidden):
        return None
    patch = {"network.normalization": "batch"}
    return Suggestion(patch, "batch normalization keeps each layer's signal alive")


def add_units(features: RunFeatures, factor: int = 10) -> Suggestion:
    """Return more units in every hidden layer; for a network without one, one of 100."""

    def enough(units: int) -> int:
        # From 64 on, and not beyond 1000 unless there are more already.
        return max(units, min(1000, max(64, units * factor)))

    config, reason = features.config, f"about {factor} times the units"
    network = None if config is None else config.network
    if features.hidden and (network is None or network.layers is not None):
        patch = {one.units_key or "": enough(one.units) for one in features.hidden if one.units}
        if patch:
            return Suggestion(patch, reason)
    if network is None or network.depth == 0:
        patch = {"network.depth": 1, "network.units": 100}
        return Suggestion(patch, "a hidden layer of 100 units")
    units = [enough(n) for n in network.hidden_units]
    return Suggestion({"network.units": units[0] if len(set(units)) == 1 else units}, reason)


def make_output_linear(features: RunFeatures) -> Suggestion:
    """Return an output that can give any number."""
    key = features.network[-1].activation_key or "network.output_activation"
    return Suggestion({key: "linear"}, "a linear output reaches every number")


def unfreeze(features: RunFeatures) -> Suggestion:
    """Return frozen layers that train."""
    patch = {f"layers.{name}.trainable": True for name in features.setup.frozen}
    if len(patch) > FEW_LAYERS:
        patch = {"network.trainable": True}
    reason = (
        "let the frozen layers train; behind layers that are trained already, with a learning rate "
        "of 1e-5 (Keras' guide to transfer learning)"
    )
    return Suggestion(patch, reason)


def normalize_by_layer(features: RunFeatures) -> Suggestion:
    """Return layer normalization in place of batch normalization."""
    found = [one for one in features.run.network if one.type == "batch_normalization"]
    patch: dict[str, Any] = {f"layers.{one.name}.type": "layer_normalization" for one in found}
    if features.config is not None and features.config.network.layers is None:
        patch = {"network.normalization": "layer"}
    elif features.config is not None:
        places = [place for one in found if (place := _find_place(one))]
        patch = {place: {"type": "layer_normalization"} for place in places}
    return Suggestion(patch, "layer normalization takes each example by itself")


def remember_longer(features: RunFeatures) -> Suggestion:
    """Return an LSTM in place of each SimpleRNN (Hochreiter and Schmidhuber 1997)."""
    found = [layer for layer in features.recurrent if layer.type == "simple_rnn"]
    reason = "an LSTM passes its gradient on through many time steps"
    return Suggestion({f"{_place(features, one)}.type": "lstm" for one in found}, reason)


def bound_recurrence(features: RunFeatures) -> Suggestion | None:
    """Return tanh in recurrent layers that multiply by what may grow with each time step."""
    bounded = ("tanh", "sigmoid")
    unbounded = [layer for layer in features.recurrent if layer.activation not in bounded]
    patch = {f"{_place(features, layer)}.activation": "tanh" for layer in unbounded}
    return Suggestion(patch, "tanh keeps the state between -1 and 1") if patch else None


def _place(features: RunFeatures, layer: KernelLayer) -> str:
    """Return the dotted path of a layer: in the config, or by the name that it has in Python."""
    built = {one.name: one for one in features.run.network}
    return (_find_place(built[layer.name]) if features.config else None) or f"layers.{layer.name}"


def _find_place(layer: Layer) -> str | None:
    """Return the dotted path of a written layer, without what of it the key names."""
    found = re.match(r"network\.layers\..*?\d+(?=\.[a-z_]+$|$)", layer.key or "")
    return found and found.group()


# The optimizer.


def scale_learning_rate(features: RunFeatures, factor: float) -> Suggestion:
    """Return the learning rate times `factor`."""
    before, after = features.learning_rate, round_to_two(features.learning_rate * factor)
    word = "smaller" if factor < 1 else "larger"
    patch = {"optimizer.learning_rate": after}
    return Suggestion(patch, f"a {word} learning rate: {before:g} to {after:g}")


def lower_learning_rate(features: RunFeatures) -> Suggestion:
    """Return a tenth of the learning rate, or the usual one where that is much smaller still."""
    ratio = features.learning_rate_ratio
    return scale_learning_rate(features, 0.1 if ratio <= WORTH_A_TENTH else 1 / ratio)


def use_usual_learning_rate(features: RunFeatures) -> Suggestion:
    """Return where one starts with the optimizer: with plain SGD at the lecture's 0.1."""
    plain = features.optimizer == "sgd" and not features.momentum
    usual = PLAIN_SGD if plain else features.usual_learning_rate
    reason = f"{usual:g} is where one starts with {features.optimizer}"
    return Suggestion({"optimizer.learning_rate": usual}, reason)


def use_best_learning_rate(best: float) -> Suggestion:
    """Return the learning rate that did best in sanity checks."""
    patch = {"optimizer.learning_rate": round_to_two(best)}
    return Suggestion(patch, f"{round_to_two(best):g} did best of the rates that were tried")


def use_adam(features: RunFeatures) -> Suggestion | None:
    """Return Adam with its usual settings."""
    if features.optimizer in ("adam", "adamw", "nadam"):
        return None
    patch = {"optimizer": {"name": "adam", "learning_rate": 0.001}}
    return Suggestion(patch, "Adam adapts the step to each weight")


def speed_up(features: RunFeatures) -> list[Suggestion]:
    """Return what makes a slow training quick, in the lecture's order; first both at once.

    A new activation and an adaptive learning rate fix the same thing, and do not interfere.
    """
    new = change_activation(features) if features.has_squashing else None
    adaptive = use_adam(features)
    found = [suggestion for suggestion in (new, adaptive) if suggestion is not None]
    if new is None or adaptive is None:
        return found
    both = Suggestion({**new.patch, **adaptive.patch}, f"{new.reason}; {adaptive.reason}")
    return [both, *found]


def clip_gradients(features: RunFeatures) -> Suggestion | None:
    """Return gradients clipped to norm 1 (Pascanu et al. 2013)."""
    if features.setup.optimizer.get("clipnorm"):
        return None
    return Suggestion({"optimizer.clipnorm": 1.0}, "clipped gradients bound the largest step")


def decay_later(features: RunFeatures, rate: float) -> Suggestion:
    """Return a learning rate that stays where it started."""
    if isinstance(features.setup.optimizer.get("learning_rate"), Mapping):
        reason = f"a constant {rate:g} in place of the schedule"
        return Suggestion({"optimizer.learning_rate": round_to_two(rate)}, reason)
    slowly = {"patience": 10, "min_lr": round_to_two(rate / 100)}
    key = "reduce_learning_rate" if features.config is None else "reduce_lr_on_plateau"
    patch = {f"training.{key}": slowly}
    return Suggestion(patch, "let the rate fall later, and not as far")


def lighten_decay(features: RunFeatures) -> Suggestion | None:
    """Return a hundredth of the optimizer's weight decay."""
    decay = features.setup.optimizer.get("weight_decay")
    if not decay:
        return None
    value = round_to_two(float(decay) / 100)
    return Suggestion({"optimizer.weight_decay": value}, f"less decay: {decay:g} to {value:g}")


# Training.


def shrink_batches(features: RunFeatures, size: int = 100) -> Suggestion | None:
    """Return batches of `size`, or of a twentieth of a small training set."""
    examples, current = int(features.count("train") or 0), features.batch_size
    if current is None:
        return None
    size = max(10, min(size, examples // 20))
    if size * 2 > min(current, examples or current):
        return None
    times = min(current, examples) / size
    reason = f"batch size {size} gives {times:.0f} times the updates"
    return Suggestion({"training.batch_size": size}, reason)


def enlarge_batches(features: RunFeatures) -> Suggestion | None:
    """Return batches ten times as large, where they stay below a tenth of the examples."""
    current = features.batch_size or 0
    size = min(current * 10, int(features.count("train") or 0) // 10)
    if not current or size < current * 2:
        return None
    return Suggestion({"training.batch_size": size}, f"batches of {size}: steadier gradients")


def use_batches_of(features: RunFeatures, size: int = 32) -> Suggestion:
    """Return batches of `size`."""
    return Suggestion({"training.batch_size": size}, f"batches of {size}")


def train_longer(features: RunFeatures, factor: int = 2) -> Suggestion:
    """Return `factor` times the epochs."""
    epochs = max(features.setup.epochs, 1) * factor
    return Suggestion({"training.epochs": epochs}, f"{factor} times the epochs")


def train_beyond_one_epoch(features: RunFeatures) -> Suggestion | None:
    """Return ten epochs in place of one."""
    return train_longer(features, 10) if features.setup.epochs == 1 else None


def wait_longer(features: RunFeatures) -> Suggestion | None:
    """Return four times early stopping's patience."""
    if features.early_stopping is None:
        return None
    epochs = max(10, 4 * int(features.early_stopping.get("patience") or 0))
    patch = {"training.early_stopping.patience": epochs}
    return Suggestion(patch, f"wait {epochs} epochs for a better one")


# The data.


def normalize_input(features: RunFeatures, is_uneven: bool = False) -> Suggestion:
    """Return inputs of the size of 1; of uneven features, each on its own scale."""
    if features.has_raw_images and not is_uneven:
        return Suggestion({"data.normalize": "unit"}, "divided by 255, inputs are between 0 and 1")
    reason = "each feature to mean 0 and standard deviation 1"
    return Suggestion({"data.normalize": "standardize"}, reason)


def add_data(features: RunFeatures) -> Suggestion | None:
    """Return twice the training examples, where the data set has them."""
    if features.config is None:
        return None
    known, data = features.config.dataset_info, features.config.data
    current = int(features.count("train") or 0)
    spare = (known.train if known else 0) - (data.validation or 0)
    if not current or spare < current * 1.2 or features.run.facts.get("data", {}).get("warning"):
        return None
    examples = min(spare, 2 * current)
    reason = f"{examples:,} training examples instead of {current:,}"
    return Suggestion({"data.train": examples}, reason)


def add_noise(features: RunFeatures) -> Suggestion | None:
    """Return the test's extra noise, declared or measured, on the other examples too."""
    if features.config is None:
        return None
    noise = features.config.data.noise
    sd, test_sd = (features.fact("data", part, "sd") or 0.0 for part in ("input", "test_input"))
    # Variances of independent noise add up.
    measured = math.sqrt(test_sd**2 - sd**2) if test_sd > 1.25 * sd > 0 else 0.0
    added = noise.test if noise.test > noise.train else round_to_two(measured)
    if not added:
        return None
    patch = {"data.noise.train": added, "data.noise.validation": added}
    return Suggestion(patch, "train on noise like the test's")


def scale_targets(features: RunFeatures) -> Suggestion:
    """Return targets of a regression with mean 0 and standard deviation 1."""
    reason = "targets with mean 0 and standard deviation 1, as large as an untrained output"
    key = "data.target" if features.config is None else "data.normalize_target"
    return Suggestion({key: "standardize"}, reason)


def drop_not_finite(features: RunFeatures) -> Suggestion | None:
    """Return the examples that are finite; of a config all are, but for noise."""
    if features.config is not None:
        return None
    return Suggestion({"data.finite": True}, "leave out examples with NaN or infinity")


def weight_classes(features: RunFeatures) -> Suggestion | None:
    """Return a loss in which rare and frequent labels count alike."""
    reason, shares = "rare and frequent labels count alike", features.label_shares
    if len(shares) == 1 and 0 < shares[0] < 1:
        if features.config is not None:
            return Suggestion({"training.class_weight": "balanced"}, reason)
        weights = {0: round_to_two(0.5 / (1 - shares[0])), 1: round_to_two(0.5 / shares[0])}
        return Suggestion({"training.class_weight": weights}, reason)
    classes = features.class_shares()
    if features.config is not None and classes and max(classes) > MOSTLY_ONE / len(classes):
        return Suggestion({"training.class_weight": "balanced"}, reason)
    if features.rare_share is None:
        return None
    patch = {
        "loss": "binary_focal_crossentropy",
        "loss.apply_class_balancing": True,
        "loss.alpha": round_to_two(1 - features.rare_share),
    }
    return Suggestion(patch, reason)


def smooth_labels(features: RunFeatures) -> Suggestion | None:
    """Return label smoothing (Lukasik et al. 2020, Does label smoothing mitigate label noise?)."""
    smoothing = ("categorical_crossentropy", "binary_crossentropy")
    if features.loss_name not in smoothing or features.setup.loss.get("label_smoothing"):
        return None
    return Suggestion({"loss.label_smoothing": 0.1}, "no label is taken for certain")


def shuffle(features: RunFeatures) -> Suggestion:
    """Return the examples in random order before they are split."""
    return Suggestion({"data.shuffle": True}, "shuffle the examples before they are split")


# Generalization.


def lighten_regularization(features: RunFeatures) -> list[Suggestion]:
    """Return less of each penalty and dropout that the network has."""
    found = []
    for name, weight in (("l1", features.l1), ("l2", features.l2)):
        if weight:
            value = round_to_two(weight / 1000) if weight > 1e-6 else 0.0
            reason = f"a lighter {name} penalty: {weight:g} to {value:g}"
            found.append(Suggestion({f"network.regularizer.{name}": value}, reason))
    if features.dropout > 0.2:
        patch = {"network.dropout": round_to_two(features.dropout / 2)}
        found.append(Suggestion(patch, "less dropout"))
    return found


def add_regularization(features: RunFeatures) -> Suggestion | None:
    """Return an L2 penalty, ten times the present one."""
    if features.l2 >= 0.01:
        return None
    value = round_to_two(features.l2 * 10) if features.l2 >= 1e-5 else 1e-4
    patch = {"network.regularizer.l2": value}
    return Suggestion(patch, "an L2 penalty keeps the weights small")


def add_dropout(features: RunFeatures, rate: float = 0.5) -> Suggestion | None:
    """Return dropout behind every hidden layer, or before the output of written layers."""
    reason = f"dropout of {rate:g}: no unit can rely on another one"
    layers = features.config.network.layers if features.config else None
    if layers is None:
        has_it = features.dropout >= rate or not features.hidden
        return None if has_it else Suggestion({"network.dropout": rate}, reason)
    if any(isinstance(layer, layer_types.DropoutLayer) for layer in layers):
        return None
    # network.layers.3.units -> 3, the output layer
    last = int((features.network[-1].units_key or "").split(".")[2])
    written = [layer.model_dump(mode="json") for layer in layers]
    changed = [*written[:last], {"type": "dropout", "rate": rate}, *written[last:]]
    return Suggestion({"network.layers": changed}, reason)


def stop_early(features: RunFeatures) -> Suggestion | None:
    """Return early stopping on the validation loss that restores the best weights."""
    current = features.early_stopping
    has_it = (
        current is not None
        and bool(current.get("restore_best_weights"))
        and current.get("monitor") == "val_loss"
    )
    config = features.config
    has_validation = config.data.validation if config else features.history.val_loss
    if not has_validation or has_it:
        return None
    patch = {"monitor": "val_loss", "patience": PATIENCE, "restore_best_weights": True}
    reason = "stop where the validation loss rises, and keep the best weights"
    return Suggestion({"training.early_stopping": patch}, reason)


def reduce_overfitting(features: RunFeatures) -> list[Suggestion | None]:
    """Return early stopping, where it would have stopped, then regularization and more data."""
    rise, stopping = find_rise(features), stop_early(features)
    if rise is not None and not rise.is_steady:
        return [stopping, lower_learning_rate(features)]
    others = [add_regularization(features), add_dropout(features), add_data(features)]
    losses = features.val_loss
    waited = features.epochs - 1 - losses.index(min(losses)) if losses else 0
    return [stopping, *others] if rise is not None or waited >= PATIENCE else others


def resist_noise(features: RunFeatures) -> list[Suggestion | None]:
    """Return dropout and noisy training, as the lecture; noise first for a network of few units.

    Dropout of 0.7 leaves a narrow layer too little (Srivastava et al. 2014, section A.1: n units
    want n / (1 - rate)).
    """
    found = [add_dropout(features, 0.7), add_noise(features)]
    is_narrow = any(layer.units < SPARE_UNITS for layer in features.hidden)
    return found[::-1] if is_narrow else found
