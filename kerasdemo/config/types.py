"""The types of a config: frozen and validated, with the names that Keras uses.

A config is one network and its training. Loading fills in what is left out, so that a loaded config
says everything that the run will do.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    Tag,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from kerasdemo.config import datasets, layer_types, losses
from kerasdemo.config.changes import with_changes
from kerasdemo.config.data_types import Data, Task
from kerasdemo.config.dataset_info import DatasetInfo
from kerasdemo.config.document import Document, Key, dotted, dump
from kerasdemo.config.errors import Fault
from kerasdemo.config.keras_objects import (
    NAME,
    Activation,
    Count,
    HiddenActivation,
    Initializer,
    Loss,
    Metric,
    NotNegative,
    Number,
    Optimizer,
    Positive,
    Rate,
    RuleCode,
    StrictModel,
)
from kerasdemo.config.layer_types import Layers, Regularizer

EVERY_FORM = {"initializer", "regularizer", "layers"}


class Network(StrictModel):
    """The network: `depth` equal hidden layers and an output, or `layers` as written."""

    depth: Annotated[int, Field(ge=0, le=1000)] = 2
    """hidden layers"""
    units: Positive | Annotated[tuple[Positive, ...], Field(strict=False)] = 500
    """units of each hidden layer: one number, or a list of `depth` numbers"""
    activation: HiddenActivation = Field("relu", validate_default=True)
    """of the hidden layers: a Keras activation (leaky_relu, prelu, elu with arguments) or maxout"""
    maxout_pieces: Annotated[int, Field(ge=2)] = 2
    """values in a maxout group"""
    normalization: Literal["none", "batch", "layer"] = "none"
    """between each hidden layer and its activation"""
    dropout: Rate = 0.0
    """share of each hidden layer's outputs dropped while training"""
    input_dropout: Rate = 0.0
    """share of the inputs dropped while training"""
    initializer: Initializer = Field("glorot_uniform", validate_default=True)
    """of every kernel"""
    regularizer: Regularizer = Regularizer()
    """on every kernel"""
    output_activation: Activation | None = None
    """left out: softmax; sigmoid under binary_crossentropy; linear where a loss has from_logits"""
    layers: Layers | None = None
    """instead of depth, units, ...: the whole network as written, the output layer included"""

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        mixed = sorted(self.model_fields_set - EVERY_FORM)
        if self.layers is not None and mixed:
            raise PydanticCustomError(
                "form",
                "`layers` is the whole network; leave out {mixed}, or write `depth` without it",
                {"mixed": ", ".join(mixed)},
            )
        if self.layers is None and isinstance(self.units, tuple) and len(self.units) != self.depth:
            raise PydanticCustomError(
                "units",
                "`units` has {got} numbers for `depth: {depth}`; give one number, or {depth}",
                {"got": len(self.units), "depth": self.depth},
            )
        return self

    @model_serializer(mode="wrap")
    def _one_form_only(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = handler(self)
        if self.layers is None:
            return {key: value for key, value in dumped.items() if key != "layers"}
        return {key: value for key, value in dumped.items() if key in EVERY_FORM}

    @property
    def is_graph(self) -> bool:
        """Whether a layer reads another one than that before it: there is a `residual` block."""
        return layer_types.is_graph(self.layers or ())

    @property
    def hidden_units(self) -> tuple[int, ...]:
        """Units of each hidden layer, in the `depth` form."""
        return self.units if isinstance(self.units, tuple) else (self.units,) * self.depth


Monitor = Literal[
    "loss",
    "accuracy",
    "balanced_accuracy",
    "auc",
    "r2",
    "val_loss",
    "val_accuracy",
    "val_balanced_accuracy",
    "val_auc",
    "val_r2",
]


class EarlyStopping(StrictModel):
    """keras.callbacks.EarlyStopping."""

    monitor: Monitor = "val_loss"
    min_delta: NotNegative = 0.0
    patience: Count = 5
    mode: Literal["auto", "min", "max"] = "auto"
    baseline: Number | None = None
    restore_best_weights: bool = True
    start_from_epoch: Count = 0


class ReduceLROnPlateau(StrictModel):
    """keras.callbacks.ReduceLROnPlateau."""

    monitor: Monitor = "val_loss"
    factor: Annotated[Number, Field(gt=0, lt=1)] = 0.1
    patience: Count = 10
    mode: Literal["auto", "min", "max"] = "auto"
    min_delta: NotNegative = 1e-4
    cooldown: Count = 0
    min_lr: NotNegative = 0.0


def _text_keys(value: Any) -> Any:
    """Accept classes as numbers, as Python writes them."""
    return {str(k): v for k, v in value.items()} if isinstance(value, dict) else value


Weights = Annotated[dict[str, NotNegative], Field(min_length=1), BeforeValidator(_text_keys)]
ClassWeight = Annotated[
    Annotated[Literal["balanced"], Tag("word")] | Annotated[Weights, Tag("mapping")],
    Discriminator(lambda value: "mapping" if isinstance(value, dict) else "word"),
]


class Training(StrictModel):
    """Epochs, mini-batches, and when to stop."""

    batch_size: Positive = 100
    """examples in a mini-batch"""
    epochs: Positive = 20
    """passes over the training examples, at most"""
    early_stopping: EarlyStopping | None = EarlyStopping()
    """Keras' EarlyStopping, or null (left out without validation data: null)"""
    reduce_lr_on_plateau: ReduceLROnPlateau | None = None
    """Keras' ReduceLROnPlateau, or null; not with a learning-rate schedule"""
    class_weight: ClassWeight | None = None
    """class, by number or name -> weight of its examples' loss (1 of classes left out); balanced:
    every class weighs the same, examples / (classes * examples of the class); or null"""
    precision: Literal["float32", "float64", "mixed_float16", "mixed_bfloat16", "bfloat16"] = (
        "float32"
    )
    """Keras' dtype policy"""

    @model_serializer(mode="wrap")
    def _without_later_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = handler(self)
        if self.class_weight is None:
            del dumped["class_weight"]  # configs that were recorded before the key say the same
        return dumped


class RunConfig(StrictModel):
    """One network and its training: everything that a run depends on."""

    name: Annotated[str, Field(pattern=rf"^{NAME.pattern}$")] = "run"
    """of the run's folder; left out: the file's stem"""
    description: str = ""
    """one sentence"""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """of the initial weights, the order of the examples, dropout and noise"""
    data: Data = Data()
    """the examples"""
    network: Network = Network()
    """the network"""
    loss: Loss = Field("categorical_crossentropy", validate_default=True)
    """what training minimizes: a Keras loss; left out: mean_squared_error for numbers,
    binary_crossentropy for labels"""
    optimizer: Optimizer = Field("adam", validate_default=True)
    """a Keras optimizer and its arguments; `learning_rate` is a number or one of Keras' schedules,
    such as {name: cosine_decay, ...}; for a warm-up give cosine_decay `warmup_target` and
    `warmup_steps`, with `alpha: 1.0` the rate then stays"""
    metrics: Annotated[tuple[Metric, ...], Field(strict=False, max_length=100)] = ()
    """Keras' metrics that are computed each epoch, besides loss and accuracy; each is a column of
    metrics.csv, a second one of the same name `<name>_2`"""
    training: Training = Training()
    """batches, epochs, callbacks"""
    ignore: Annotated[tuple[RuleCode, ...], Field(strict=False)] = ()
    """codes of the rules, such as K212 or L301, that the diagnosis and lint leave out"""

    # Set by `kerasdemo.config.loading`, which reads documents.
    _document: Document | None = PrivateAttr(None)
    _load: "Callable[[Document], RunConfig] | None" = PrivateAttr(None)

    @model_serializer(mode="wrap")
    def _without_empty_lists(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = handler(self)
        for key in ("metrics", "ignore"):
            if not dumped[key]:
                del dumped[key]  # configs that were recorded before the key say the same
        return dumped

    @property
    def resolved(self) -> dict[str, Any]:
        """The config as plain values, every default included: what config.yaml holds."""
        return self.model_dump(mode="json")

    @property
    def settings(self) -> dict[str, Any]:
        """`resolved` without what changes nothing in the run: name, description, ignored rules."""
        labels = ("name", "description", "ignore")
        return {key: value for key, value in self.resolved.items() if key not in labels}

    @property
    def task(self) -> Task:
        """What the network learns: the kind of targets, and binary for two classes by one unit."""
        given = self.data.task or "classification"
        return "binary" if given == "classification" and self.has_one_output else given

    @property
    def has_one_output(self) -> bool:
        """Whether the network ends in one unit: the `depth` form does where its loss wants one."""
        if self.network.layers is not None:
            walked = layer_types.walk(self.network.layers)
            units = [u for _, layer in walked if (u := getattr(layer, "units", None))]
            return bool(units) and units[-1] == 1
        return self.loss.name in losses.OF_LABELS and self.data.task in (None, "classification")

    @property
    def metric_columns(self) -> dict[str, Metric]:
        """Column of metrics.csv -> the metric that it holds: precision, precision_2.

        Where the task has an `auc` of its own, a metric of that name is `auc_2`.
        """
        columns: dict[str, Metric] = {}
        measured = ("auc",) if self.task in ("binary", "multi_label") else ()
        for metric in self.metrics:
            number = sum(one.name == metric.name for one in columns.values()) + 1
            number += metric.name in measured
            columns[metric.name if number == 1 else f"{metric.name}_{number}"] = metric
        return columns

    @property
    def updates(self) -> int | None:
        """Mini-batches that all epochs train on; None where the examples are not counted yet."""
        if not self.data.train:
            return None
        return -(-self.data.train // self.training.batch_size) * self.training.epochs

    @property
    def threshold(self) -> float:
        """What a single output must exceed to count as class 1."""
        from_logits = bool(self.loss.arguments.get("from_logits"))
        return losses.threshold(self.loss.name, from_logits=from_logits)

    def with_changes(self, changes: Mapping[str, Any]) -> "RunConfig":
        """Return the config with other values, all else as it is, filled-in defaults included.

        Args:
            changes: {dotted path: value}, such as {"optimizer.learning_rate": 0.1}; set one after
                the other, and checked like the values of a file.

        Raises:
            InputError: where a change does not fit the config.
        """
        if self._load is None:
            raise TypeError("a config with changes is made from one that was loaded or parsed")
        document = self._document or Document({}, "config.yaml", {})
        complete = replace(document, data=self.resolved, overridden=frozenset())
        return self._load(with_changes(complete, changes))

    def to_yaml(self, header: str = "") -> str:
        """Return the YAML of a run with this config; each line of `header` as a comment."""
        comments = "".join(f"# {line}\n" for line in header.splitlines())
        return comments + dump(self.resolved)

    def fault(self, key: Key, message: str) -> Fault:
        """Return a fault at a key, with file and line where the config was read from a file."""
        if self._document is None:
            return Fault(message, key=dotted(key))
        return self._document.fault(key, message)

    @property
    def dataset_info(self) -> DatasetInfo | None:
        """What is known of the data without loading it, or None."""
        info = datasets.find_info(self.data)
        if info is not None and info.targets == "whole_numbers" and self.data.task is not None:
            is_regression = self.data.task == "regression"
            return replace(info, targets="numbers" if is_regression else "classes")
        return info
