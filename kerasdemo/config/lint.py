"""Static checks of a config, before any training: errors and tips.

An error where the network cannot learn; a tip where it is slower or less accurate than it could be.
Rules on the declared network find fewer faults than a run does, but with few false alarms
(NeuraLint, TOSEM 2021: precision 100 %, recall 70.5 %).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from kerasdemo.config import keras_arguments, layer_types, memory, schedules
from kerasdemo.config.document import Key, dotted, key_of
from kerasdemo.config.errors import Fault
from kerasdemo.config.layers import (
    NORMALIZATIONS,
    KernelLayer,
    Layer,
    ShapeError,
    kernel_layers,
    layers_of,
)
from kerasdemo.config.losses import PROBABILITIES, REGRESSION
from kerasdemo.config.types import RunConfig

Severity = Literal["error", "tip"]

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
    """A remark on a config, with its line and the fix."""

    code: str
    severity: Severity
    key: str
    message: str
    fault: Fault

    def __str__(self) -> str:
        return f"{self.fault} ({self.severity} {self.code})"


@dataclass(frozen=True)
class Mismatch:
    """An output that does not fit the loss.

    Args:
        impossible: whether the network cannot learn with it.
        key: of what to change.
        message: what is wrong, and the fix.
        patch: {dotted path: value} that fixes it.
    """

    impossible: bool
    key: Key
    message: str
    patch: dict[str, Any]


def lint(config: RunConfig) -> list[Tip]:
    """Return every remark on a loaded config, errors first."""
    declared = Declared.of(config)
    return [
        Tip(rule.code, rule.severity, dotted(key), message, config.fault(key, message))
        for rule in RULES
        if rule.code not in config.ignore
        for key, message in rule.find(declared)
    ]


# The output and the loss.


def find_output_mismatch(
    loss: Mapping[str, Any], layers: Sequence[Layer], task: str = "classification"
) -> Mismatch | None:
    """Return what is wrong between output and loss, the most serious first, or None.

    Args:
        loss: its `name` and arguments.
        layers: of the network, from input to output.
        task: of the targets, as in `records.setup.Task`; YAML knows classification only.
    """
    kernels = kernel_layers(layers)
    if not kernels:
        return None
    output = kernels[-1]
    name, units = output.activation, output.units
    key = key_of(output.activation_key or "network")
    loss_name, place = str(loss["name"]), dotted(key)
    logits = bool(loss.get("from_logits"))
    probabilities = loss_name in PROBABILITIES
    fitting = "sigmoid" if loss_name.startswith("binary_") else "softmax"
    is_regression = task in ("regression", "other")
    one_unit = {place: "sigmoid", "loss": "binary_crossentropy"}
    if name == "softmax" and units == 1:
        if is_regression:
            message = "softmax over one unit is 1 for every input; a number wants linear"
            return Mismatch(True, key, message, {place: "linear"})
        message = "softmax over one unit is 1 for every input; use sigmoid with binary_crossentropy"
        return Mismatch(True, key, message, one_unit)
    if units == 1 and "categorical_crossentropy" in loss_name and task != "other":
        message = f"{loss_name} of one unit is the same for every prediction; use sigmoid with "
        return Mismatch(True, key, f"{message}binary_crossentropy", one_unit)
    if task == "multi_label" and name == "softmax":
        message = "softmax shares 1 among labels that may all be there; use sigmoid with "
        return Mismatch(False, key, f"{message}binary_crossentropy", one_unit)
    if probabilities and not logits and name not in WITHIN_UNIT:
        message = (
            f"{loss_name} reads probabilities, {name} gives none; use {fitting} (or from_logits)"
        )
        return Mismatch(True, key, message, {place: fitting})
    if logits and name in WITHIN_UNIT:
        message = f"from_logits applies {fitting} to what {name} gives; use linear, or leave it out"
        return Mismatch(False, key, message, {"loss.from_logits": False})
    doubled = _find_doubled_softmax(layers)
    if doubled is not None:
        message = "softmax of a softmax is nearly the same for every class; keep one of them"
        return Mismatch(False, key_of(doubled), message, {doubled: "linear"})
    if loss_name in REGRESSION and units != 1 and not is_regression:
        better = "binary_crossentropy" if task == "multi_label" else "categorical_crossentropy"
        message = f"{loss_name} is flat where {name} is certain of a wrong class; use {better}"
        fitting = "sigmoid" if task == "multi_label" else fitting
        patch = {"loss": better} | ({} if name == fitting else {place: fitting})
        return Mismatch(loss_name == "mean_absolute_percentage_error", ("loss",), message, patch)
    return None


def _find_doubled_softmax(layers: Sequence[Layer]) -> str | None:
    """Return where the first of two softmax with no kernel between them is declared."""
    before: str | None = None
    for layer in layers:
        if layer.has_kernel:
            before = None
        if layer.activation == "softmax":
            if before is not None:
                return before
            before = layer.key
    return None


Found = Iterator[tuple[Key, str]]


@dataclass(frozen=True)
class Declared:
    """A config with its layers; without any where its data is not known or shapes do not fit."""

    config: RunConfig
    layers: tuple[Layer, ...]

    @classmethod
    def of(cls, config: RunConfig) -> "Declared":
        """Return a config with its layers."""
        facts = config.dataset_info
        try:
            if facts is None or facts.shape is None:
                return cls(config, ())
            return cls(config, layers_of(config, facts.shape, facts.outputs))
        except ShapeError:
            return cls(config, ())  # which loading has reported

    @property
    def loss(self) -> dict[str, Any]:
        """The loss: its `name` and arguments."""
        return {"name": self.config.loss.name, **self.config.loss.arguments}

    @cached_property
    def hidden(self) -> tuple[KernelLayer, ...]:
        """The layers with a kernel, but for the output."""
        return kernel_layers(self.layers)[:-1]

    @property
    def shares_initializer(self) -> bool:
        """Whether every kernel takes the network's initializer."""
        walked = layer_types.walk(self.config.network.layers or ())
        return all(getattr(layer, "kernel_initializer", None) is None for _, layer in walked)


Find = Callable[[Declared], Found]


@dataclass(frozen=True)
class LintRule:
    """A static rule with a stable code; `find` yields (key, message) for each place."""

    code: str
    severity: Severity
    title: str
    find: Find


RULES: list[LintRule] = []


def _rule(code: str, severity: Severity, title: str) -> Callable[[Find], Find]:
    """Make a rule of the function below."""

    def register(find: Find) -> Find:
        RULES.append(LintRule(code, severity, title, find))
        return find

    return register


@_rule("L101", "error", "The loss can't read the output")
def _unreadable_output(declared: Declared) -> Found:
    mismatch = find_output_mismatch(declared.loss, declared.layers, declared.config.task)
    if mismatch is not None and mismatch.impossible:
        yield mismatch.key, mismatch.message


@_rule("L201", "tip", "The output does not fit the loss")
def _poor_output(declared: Declared) -> Found:
    mismatch = find_output_mismatch(declared.loss, declared.layers, declared.config.task)
    if mismatch is not None and not mismatch.impossible:
        yield mismatch.key, mismatch.message


# The hidden layers.


@_rule("L202", "tip", "Hidden layers are linear")
def _linear_hidden(declared: Declared) -> Found:
    for key in _activation_keys(declared, "linear"):
        yield key, "linear hidden layers are together one linear layer; use relu"


@_rule("L203", "tip", "A hidden layer is a softmax")
def _hidden_softmax(declared: Declared) -> Found:
    for key in _activation_keys(declared, "softmax"):
        yield key, "the outputs of a hidden softmax sum to 1, so each is small; use relu"


@_rule("L204", "tip", "Sigmoid through many layers")
def _deep_sigmoid(declared: Declared) -> Found:
    flat = [one for one in declared.hidden if one.activation in ("sigmoid", "hard_sigmoid")]
    normalizes = any(layer.type in NORMALIZATIONS for layer in declared.layers)
    if len(flat) >= DEEP_SIGMOID and not normalizes:
        yield (
            _activation_keys(declared, *(one.activation for one in flat))[0],
            f"{len(flat)} sigmoid layers: each passes at most a quarter of the gradient back; "
            "use relu",
        )


def _activation_keys(declared: Declared, *activations: str) -> list[Key]:
    """Return where hidden layers with one of these activations declare it, each place once."""
    found = [one.activation_key for one in declared.hidden if one.activation in activations]
    return [key_of(key) for key in dict.fromkeys(found) if key is not None]


@_rule("L205", "tip", "A layer has fewer than half as many units as classes")
def _bottleneck(declared: Declared) -> Found:
    network, facts = declared.config.network, declared.config.dataset_info
    if network.layers is not None or not declared.hidden or facts is None:
        return
    outputs = 1 if declared.config.has_one_output else facts.outputs or 0
    least = min(network.hidden_units)
    if least * 2 < outputs:
        message = f"{least} units for {outputs} classes; use more"
        yield ("network", "units"), message


# Initial weights.


@_rule("L102", "error", "Kernels of 0 pass neither signal nor gradient")
def _dead_start(declared: Declared) -> Found:
    """All kernels 0: no signal reaches the output, no gradient the hidden layers."""
    passing = {"sigmoid", "hard_sigmoid", "softmax", "softplus", "exponential", "sparse_sigmoid"}
    names = {layer.activation for layer in declared.hidden}
    initializer = declared.config.network.initializer
    zero = initializer.name == "zeros" or initializer.arguments.get("value") == 0
    if zero and names and not names & passing and declared.shares_initializer:
        message = "kernels of 0 pass neither signal nor gradient; use he_uniform or glorot_uniform"
        yield ("network", "initializer"), message


@_rule("L206", "tip", "All weights of a layer start equal")
def _same_start(declared: Declared) -> Found:
    name = declared.config.network.initializer.name
    same = name in SAME_VALUE and declared.shares_initializer
    if same and declared.hidden and not list(_dead_start(declared)):
        message = "with one value for all weights the units of a layer stay equal"
        yield ("network", "initializer"), f"{message}; use he_uniform or glorot_uniform"


# The data, the updates, the regularization.


@_rule("L301", "tip", "The inputs are not scaled")
def _unscaled(declared: Declared) -> Found:
    config = declared.config
    images = config.data.name in ("mnist", "fashion_mnist", "mnist_sample")
    if images and config.data.normalize == "none":
        message = "inputs go up to 255; use unit or standardize, so that they are about 1 in size"
        yield ("data", "normalize"), message


@_rule("L401", "tip", "More than half of the units are dropped")
def _dropout(declared: Declared) -> Found:
    dropouts = [layer for layer in declared.layers if layer.type == "dropout"]
    for key, rate in {layer.key: float(layer.arguments["rate"]) for layer in dropouts}.items():
        if rate > 0.5:
            message = f"{rate:.0%} dropped: more than half; the network needs more units and epochs"
            yield key_of(key or "network"), message


@_rule("L501", "tip", "Few updates")
def _few_updates(declared: Declared) -> Found:
    config = declared.config
    training, updates = config.training, config.updates
    if updates is not None and updates < FEW_UPDATES:
        examples = config.data.train or 0
        batch = min(training.batch_size, examples)
        big = batch * 10 > examples
        yield (
            ("training", "batch_size" if big else "epochs"),
            f"{updates} updates in all ({examples:,} examples, batch size {batch:,}, "
            f"{training.epochs} epochs); use {'smaller batches' if big else 'more epochs'}",
        )


@_rule("L103", "error", "The network does not fit into memory")
def _too_large(declared: Declared) -> Found:
    shortage = memory.find_shortage(declared.config, declared.layers)
    if shortage:
        yield ("network",), shortage


@_rule("L502", "tip", "A learning rate far from the default")
def _learning_rate(declared: Declared) -> Found:
    config = declared.config
    optimizer = config.optimizer
    if "learning_rate" not in optimizer.arguments:
        return
    rate = schedules.peak(optimizer.arguments["learning_rate"])
    default = keras_arguments.names("optimizers")[optimizer.name]["learning_rate"]
    high, low = HIGH_RATE.get(optimizer.name, 0.1), LOW_RATE.get(optimizer.name, 1e-5)
    key: Key = ("optimizer", "learning_rate")
    if rate >= high:
        yield key, f"{rate:g} is very large for {optimizer.name}; try {default:g}, Keras' default"
    elif rate <= low:
        yield key, f"{rate:g} is very small for {optimizer.name}; try {default:g}, Keras' default"


@_rule("L504", "tip", "A learning-rate schedule that does not fit the updates")
def _misfitting_schedule(declared: Declared) -> Found:
    rate, updates = (
        declared.config.optimizer.arguments.get("learning_rate"),
        declared.config.updates,
    )
    if isinstance(rate, Mapping) and updates is not None:
        for argument, message in schedules.find_misfits(rate, updates):
            yield ("optimizer", "learning_rate", argument), message


@_rule("L505", "tip", "A metric that counts every class alike")
def _metric_of_all_classes(declared: Declared) -> Found:
    config = declared.config
    if config.task != "classification":
        return
    for number, metric in enumerate(config.metrics):
        if metric.name in ("precision", "recall") and metric.arguments.get("class_id") is None:
            yield (
                ("metrics", number),
                f"{metric.name} of all classes together is close to accuracy; of one class: "
                f"{{name: {metric.name}, class_id: 1}}",
            )


@_rule("L402", "tip", "A heavy penalty on the weights")
def _heavy_penalty(declared: Declared) -> Found:
    config = declared.config
    # An L2 weight of 0.1 on every kernel outweighs the cross-entropy of most networks.
    for name in ("l1", "l2"):
        weight = getattr(config.network.regularizer, name)
        if weight >= (0.01 if name == "l1" else 0.1):
            key: Key = ("network", "regularizer", name)
            yield key, f"{weight:g} is a heavy penalty; weights go to 0; try {weight / 100:g}"


@_rule("L302", "tip", "No validation examples")
def _no_validation(declared: Declared) -> Found:
    config = declared.config
    if config.data.validation == 0:
        message = "without validation examples overfitting is only seen on the test set, at the end"
        yield ("data", "validation"), message


@_rule("L503", "tip", "Early stopping without patience")
def _impatient(declared: Declared) -> Found:
    config = declared.config
    stopping = config.training.early_stopping
    if stopping is not None and stopping.patience == 0:
        message = "patience 0 stops at the first epoch that is not better; use 3 or more"
        yield ("training", "early_stopping", "patience"), message


RULES.sort(key=lambda rule: rule.code)  # errors, whose codes begin with L1, are first
