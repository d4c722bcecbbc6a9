"""What can be told of a config before a second of training: errors and tips.

An error only where the network cannot work; a tip where it will be slower, worse or stranger than
need be. Static rules on the declared network find fewer faults than a run does, but hardly ever
cry wolf (NeuraLint, TOSEM 2021: precision 100 %, recall 70.5 %).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from kerasdemo.config import keras_arguments, memory, types
from kerasdemo.config.consistency import single_output
from kerasdemo.config.document import Key, dotted
from kerasdemo.config.errors import Fault
from kerasdemo.config.tensor_shapes import ShapeError
from kerasdemo.config.types import RunConfig

Severity = Literal["error", "tip"]

# Losses that read the output as probabilities, unless `from_logits` says otherwise.
PROBABILITIES = frozenset(
    {
        "categorical_crossentropy",
        "sparse_categorical_crossentropy",
        "categorical_focal_crossentropy",
        "categorical_generalized_cross_entropy",
        "kl_divergence",
        "binary_crossentropy",
        "binary_focal_crossentropy",
    }
)
# Losses for numbers, not for classes: flat where a softmax or sigmoid is surely wrong.
REGRESSION = frozenset(
    {
        "mean_squared_error",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_logarithmic_error",
        "huber",
        "log_cosh",
        "poisson",
        "cosine_similarity",
    }
)
# Outputs between 0 and 1.
WITHIN_UNIT = frozenset({"softmax", "sigmoid", "hard_sigmoid", "sparsemax", "sparse_sigmoid"})
# The same value for every weight: all units of a layer stay copies of one.
SAME_VALUE = frozenset({"zeros", "ones", "constant"})
# From this many sigmoid layers on, the first layer's gradient is at most 0.25 ** 4 of the last's.
DEEP_SIGMOID = 4
# Fewer updates than this is little training for any network of the lecture (row 9 has 20).
FEW_UPDATES = 200
# Keras' default learning rates times 100 and more break most networks; a hundredth hardly moves.
HIGH_RATE = {"sgd": 1.0, "adagrad": 1.0, "adadelta": 100.0}
LOW_RATE = {"sgd": 1e-4, "adagrad": 1e-4, "adadelta": 1e-2}


@dataclass(frozen=True)
class Tip:
    """One remark on a config, with the line it is about and the fix."""

    code: str
    severity: Severity
    key: str
    message: str
    fault: Fault

    def __str__(self) -> str:
        return f"{self.fault} ({self.severity} {self.code})"


@dataclass(frozen=True)
class Mismatch:
    """An output that does not go with the loss. impossible: the network can't learn with it."""

    impossible: bool
    key: Key
    message: str
    patch: dict[str, Any]


def lint(config: RunConfig) -> list[Tip]:
    """Return every remark on a loaded config, errors first."""
    found = [
        Tip(rule.code, rule.severity, dotted(key), message, config.fault(key, message))
        for rule in RULES
        for key, message in rule.find(config)
    ]
    return sorted(found, key=lambda tip: tip.severity != "error")


# The output and the loss.


def output_activation(config: RunConfig) -> tuple[str, Key]:
    """Return the name of the network's last activation and the key that declares it."""
    network = config.network
    if network.layers is None:
        chosen = network.output_activation
        return (chosen.name if chosen else "softmax"), ("network", "output_activation")
    for number, layer in reversed(list(enumerate(network.layers))):
        key: Key = ("network", "layers", number, "activation")
        if isinstance(layer, types.ActivationLayer | types.DenseLayer | types.Conv2DLayer):
            return layer.activation.name, key
    return "linear", ("network", "layers", len(network.layers) - 1)


def output_units(config: RunConfig) -> int | None:
    """Return the units of the output, or None where the classes are not known."""
    layers = config.network.layers
    if layers is None:
        facts = config.facts
        return 1 if single_output(config) else (facts.classes if facts else None)
    dense = [layer.units for layer in layers if isinstance(layer, types.DenseLayer)]
    return dense[-1] if dense else None


def output_mismatch(config: RunConfig) -> Mismatch | None:
    """Return what is wrong between output and loss, the gravest first, or None."""
    name, key = output_activation(config)
    loss, place = config.loss.name, dotted(key)
    logits = bool(config.loss.arguments.get("from_logits"))
    probabilities = loss in PROBABILITIES
    fitting = "sigmoid" if loss.startswith("binary_") else "softmax"
    if name == "softmax" and output_units(config) == 1:
        message = "softmax over one unit is 1 for every input; use sigmoid with binary_crossentropy"
        return Mismatch(True, key, message, {place: "sigmoid", "loss": "binary_crossentropy"})
    if probabilities and not logits and name not in WITHIN_UNIT:
        message = f"{loss} reads probabilities, {name} gives none; use {fitting} (or from_logits)"
        return Mismatch(True, key, message, {place: fitting})
    if logits and name in WITHIN_UNIT:
        message = f"from_logits applies {fitting} to what {name} gives; use linear, or leave it out"
        return Mismatch(False, key, message, {"loss.from_logits": False})
    doubled = _doubled_softmax(config)
    if doubled is not None:
        message = "softmax of a softmax is nearly the same for every class; keep one of them"
        return Mismatch(False, doubled, message, {dotted(doubled): "linear"})
    if loss in REGRESSION and _several_classes(config):
        better = "binary_crossentropy" if single_output(config) else "categorical_crossentropy"
        message = f"{loss} is flat where {name} is surely wrong; for classes use {better}"
        patch = {"loss": better} | ({} if name == fitting else {place: "softmax"})
        return Mismatch(loss == "mean_absolute_percentage_error", ("loss",), message, patch)
    return None


def _several_classes(config: RunConfig) -> bool:
    units = output_units(config)
    return units is None or units > 1


def _doubled_softmax(config: RunConfig) -> Key | None:
    """Return the first of two softmax with no kernel between them."""
    layers = config.network.layers or ()
    before: Key | None = None
    for number, layer in enumerate(layers):
        if isinstance(layer, types.DenseLayer | types.Conv2DLayer | types.MaxoutLayer):
            before = None
        activation = getattr(getattr(layer, "activation", None), "name", None)
        if activation == "softmax":
            if before is not None:
                return before
            before = ("network", "layers", number, "activation")
    return None


Found = Iterator[tuple[Key, str]]


def _unreadable_output(config: RunConfig) -> Found:
    mismatch = output_mismatch(config)
    if mismatch is not None and mismatch.impossible:
        yield mismatch.key, mismatch.message


def _poor_output(config: RunConfig) -> Found:
    mismatch = output_mismatch(config)
    if mismatch is not None and not mismatch.impossible:
        yield mismatch.key, mismatch.message


# The hidden layers.


def hidden_activations(config: RunConfig) -> list[tuple[str, Key]]:
    """Return the activation of each hidden layer and the key that declares it."""
    network = config.network
    if network.layers is None:
        return [(network.activation.name, ("network", "activation"))] * network.depth
    found: list[tuple[str, Key]] = []
    for number, layer in enumerate(network.layers):
        key: Key = ("network", "layers", number, "activation")
        if isinstance(layer, types.DenseLayer | types.Conv2DLayer):
            found.append((layer.activation.name, key))
        elif isinstance(layer, types.MaxoutLayer):
            if layer.units is None and found:
                found.pop()
            found.append(("maxout", key[:-1]))
        elif isinstance(layer, types.ActivationLayer) and found and found[-1][0] == "linear":
            found[-1] = (layer.activation.name, key)
    return found[:-1]


def _linear_hidden(config: RunConfig) -> Found:
    for key in _keys(config, "linear"):
        yield key, "linear hidden layers are together one linear layer; use relu"


def _hidden_softmax(config: RunConfig) -> Found:
    for key in _keys(config, "softmax"):
        yield key, "softmax leaves a hidden layer 1 to share between its units; use relu"


def _deep_sigmoid(config: RunConfig) -> Found:
    hidden = hidden_activations(config)
    flat = [key for name, key in hidden if name in ("sigmoid", "hard_sigmoid")]
    if len(flat) >= DEEP_SIGMOID and not _normalizes(config):
        yield (
            flat[0],
            f"{len(flat)} sigmoid layers: each passes at most a quarter of the gradient on to the "
            "layer before it; use relu",
        )


def _keys(config: RunConfig, activation: str) -> list[Key]:
    keys = [key for name, key in hidden_activations(config) if name == activation]
    return list(dict.fromkeys(keys))


def _normalizes(config: RunConfig) -> bool:
    layers = config.network.layers
    if layers is None:
        return config.network.normalization != "none"
    kinds = types.BatchNormalizationLayer | types.LayerNormalizationLayer
    return any(isinstance(layer, kinds) for layer in layers)


def _bottleneck(config: RunConfig) -> Found:
    network, outputs = config.network, output_units(config) or 0
    if network.layers is None and network.depth and min(network.hidden_units) * 2 < outputs:
        yield (
            ("network", "units"),
            f"{min(network.hidden_units)} units have to tell {outputs} classes apart; use more",
        )


# Initial weights.


def _dead_start(config: RunConfig) -> Found:
    """All kernels 0: no signal reaches the output, no gradient the hidden layers."""
    passing = {"sigmoid", "hard_sigmoid", "softmax", "softplus", "exponential", "sparse_sigmoid"}
    names = {name for name, _ in hidden_activations(config)}
    initializer = config.network.initializer
    zero = initializer.name == "zeros" or initializer.arguments.get("value") == 0
    if zero and names and not names & passing and _shared_initializer(config):
        message = "kernels of 0 pass neither signal nor gradient; use he_uniform or glorot_uniform"
        yield ("network", "initializer"), message


def _same_start(config: RunConfig) -> Found:
    initializer = config.network.initializer
    same = initializer.name in SAME_VALUE and _shared_initializer(config)
    if same and hidden_activations(config) and not list(_dead_start(config)):
        message = "with one value for all weights the units of a layer stay copies of one another"
        yield ("network", "initializer"), f"{message}; use he_uniform or glorot_uniform"


def _shared_initializer(config: RunConfig) -> bool:
    """Whether every kernel takes the network's initializer."""
    layers = config.network.layers or ()
    return all(getattr(layer, "kernel_initializer", None) is None for layer in layers)


# The data, the updates, the regularization.


def _unscaled(config: RunConfig) -> Found:
    images = config.data.name in ("mnist", "fashion_mnist", "mnist_sample")
    if images and config.data.normalize == "none":
        message = "inputs go up to 255; use unit or standardize, so that they are about 1 in size"
        yield ("data", "normalize"), message


def _dropout(config: RunConfig) -> Found:
    network = config.network
    for name in ("dropout", "input_dropout"):
        if network.layers is None and getattr(network, name) > 0.5:
            rate = getattr(network, name)
            yield (
                ("network", name),
                f"{rate:.0%} dropped: more than half; the network needs more units and epochs",
            )
    for number, layer in enumerate(network.layers or ()):
        if isinstance(layer, types.DropoutLayer) and layer.rate > 0.5:
            key: Key = ("network", "layers", number, "rate")
            yield key, f"{layer.rate:.0%} dropped: more than half; it needs more units and epochs"


def _few_updates(config: RunConfig) -> Found:
    examples, training = config.data.train, config.training
    if not examples:
        return
    batch = min(training.batch_size, examples)
    updates = -(-examples // batch) * training.epochs
    if updates < FEW_UPDATES:
        big = batch * 10 > examples
        yield (
            ("training", "batch_size" if big else "epochs"),
            f"{updates} updates in all ({examples:,} examples, {batch:,} an update, "
            f"{training.epochs} epochs); use {'smaller batches' if big else 'more epochs'}",
        )


def _too_large(config: RunConfig) -> Found:
    if config.facts is None:
        return
    try:
        problem = memory.too_large(config, config.facts.shape, config.facts.classes)
    except ShapeError:
        return  # which is an error of its own
    if problem:
        yield ("network",), problem


def _learning_rate(config: RunConfig) -> Found:
    optimizer = config.optimizer
    rate = optimizer.arguments.get("learning_rate")
    if rate is None:
        return
    usual = keras_arguments.names("optimizers")[optimizer.name]["learning_rate"]
    high, low = HIGH_RATE.get(optimizer.name, 0.1), LOW_RATE.get(optimizer.name, 1e-5)
    key: Key = ("optimizer", "learning_rate")
    if rate >= high:
        yield key, f"{rate:g} is very large for {optimizer.name}; try {usual:g}, Keras' default"
    elif rate <= low:
        yield key, f"{rate:g} is very small for {optimizer.name}; try {usual:g}, Keras' default"


def _heavy_penalty(config: RunConfig) -> Found:
    # An L2 weight of 0.1 on every kernel outweighs the cross-entropy of most networks.
    for name in ("l1", "l2"):
        weight = getattr(config.network.regularizer, name)
        if weight >= (0.01 if name == "l1" else 0.1):
            key: Key = ("network", "regularizer", name)
            yield key, f"{weight:g} is a heavy penalty: weights go to 0; try {weight / 100:g}"


def _no_validation(config: RunConfig) -> Found:
    if config.data.validation == 0:
        message = "without validation examples overfitting is only seen on the test set, at the end"
        yield ("data", "validation"), message


def _impatient(config: RunConfig) -> Found:
    stopping = config.training.early_stopping
    if stopping is not None and stopping.patience == 0:
        message = "patience 0 stops at the first epoch that is not better; use 3 or more"
        yield ("training", "early_stopping", "patience"), message


@dataclass(frozen=True)
class LintRule:
    """A static rule with a stable code; `find` yields (key, message) for each place."""

    code: str
    severity: Severity
    title: str
    find: Callable[[RunConfig], Found]


RULES = (
    LintRule("L101", "error", "The loss can't read the output", _unreadable_output),
    LintRule("L102", "error", "Kernels of 0 pass neither signal nor gradient", _dead_start),
    LintRule("L103", "error", "The network does not fit into memory", _too_large),
    LintRule("L201", "tip", "The output goes badly with the loss", _poor_output),
    LintRule("L202", "tip", "Hidden layers are linear", _linear_hidden),
    LintRule("L203", "tip", "A hidden layer is a softmax", _hidden_softmax),
    LintRule("L204", "tip", "Sigmoid through many layers", _deep_sigmoid),
    LintRule("L205", "tip", "A layer has fewer than half as many units as classes", _bottleneck),
    LintRule("L206", "tip", "All weights of a layer start alike", _same_start),
    LintRule("L301", "tip", "The inputs are not scaled", _unscaled),
    LintRule("L302", "tip", "No validation examples", _no_validation),
    LintRule("L401", "tip", "More than half is dropped", _dropout),
    LintRule("L402", "tip", "A heavy penalty on the weights", _heavy_penalty),
    LintRule("L501", "tip", "Few updates", _few_updates),
    LintRule("L502", "tip", "An unusual learning rate", _learning_rate),
    LintRule("L503", "tip", "Early stopping without patience", _impatient),
)
