"""The types of a config: frozen and validated, with the names that Keras uses.

A config is one network and its training. Loading fills in what is left out, so that a loaded config
says everything that the run will do.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias, TypeVar, Union, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    create_model,
    model_serializer,
    model_validator,
)
from pydantic_core import PydanticCustomError

from kerasdemo.config import datasets, keras_arguments
from kerasdemo.config.changes import with_changes
from kerasdemo.config.document import Document, Key, dotted, dump
from kerasdemo.config.errors import Fault

Number = Annotated[float, Field(allow_inf_nan=False)]
NotNegative = Annotated[Number, Field(ge=0)]
Count = Annotated[int, Field(ge=0)]
# More than any machine holds or anyone waits for: a typing error is reported, not tried.
Positive = Annotated[int, Field(ge=1, le=10**7)]
Rate = Annotated[Number, Field(ge=0, lt=1)]
Sides = Positive | Annotated[tuple[Positive, Positive], Field(strict=False)]

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+=-]{0,99}")
RuleCode = Annotated[str, Field(pattern=r"^[A-Z]{1,8}[0-9]{1,6}$")]


def _shorthand(kind: str) -> BeforeValidator:
    """Accept a name alone for {name: ...}, Keras' class names and short names such as mse."""
    default = {"losses": "categorical_crossentropy", "optimizers": "adam"}.get(kind)

    def expand(value: Any) -> Any:
        if isinstance(value, str):
            value = {"name": value}
        if isinstance(value, dict) and "name" not in value and default:
            value = {"name": default, **value}
        if isinstance(value, dict) and isinstance(value.get("name"), str):
            name = value["name"]
            known = keras_arguments.aliases(kind) | keras_arguments.class_names(kind)
            return {**value, "name": known.get(name, name)}
        return value

    return BeforeValidator(expand)


class StrictModel(BaseModel):
    """A frozen value that is strict about its keys and types."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        strict=True,
        use_attribute_docstrings=True,
        # Built once, inside RunConfig: half a second less at import.
        defer_build=True,
    )


class KerasObject(StrictModel):
    """One of Keras' objects, by its name and its arguments."""

    # Made from Keras' arguments, not from source that could hold docstrings.
    model_config = ConfigDict(use_attribute_docstrings=False)

    name: str

    @property
    def arguments(self) -> dict[str, Any]:
        """The arguments that Keras' constructor takes."""
        return self.model_dump(exclude={"name"})

    def __repr__(self) -> str:
        # Several names share one class: `relu()`, not the name of the class.
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.arguments.items())
        return f"{self.name}({arguments})"


# Arguments whose range Keras states; the others may be any number of their type.
RANGES: dict[str, Any] = {
    "learning_rate": Annotated[Number, Field(gt=0)],
    "momentum": Annotated[Number, Field(ge=0, le=1)],
    "beta_1": Rate,
    "beta_2": Rate,
    "rho": Annotated[Number, Field(ge=0, le=1)],
    "epsilon": NotNegative,
    "weight_decay": NotNegative | None,
    "clipnorm": Annotated[Number, Field(gt=0)] | None,
    "clipvalue": Annotated[Number, Field(gt=0)] | None,
    "global_clipnorm": Annotated[Number, Field(gt=0)] | None,
    "ema_overwrite_frequency": Positive | None,
    "loss_scale_factor": Annotated[Number, Field(gt=0)] | None,
    "label_smoothing": Annotated[Number, Field(ge=0, le=1)],
    "ignore_class": int | None,
    "axis": int | Annotated[tuple[int, ...], Field(strict=False, min_length=1)],
    "stddev": NotNegative,
}


def _argument(name: str, default: Any) -> Any:
    if name in RANGES:
        return (RANGES[name], default)
    if default is None:
        return (Number | None, None)
    if isinstance(default, bool | str):
        return (type(default), default)
    # Keras takes a float wherever its default is a number, but for counts.
    counts = name in {"ns_steps", "warmup_steps"}
    return (int if counts else Number, default)


def _union(kind: str) -> Any:
    """Return the type "one of Keras' `kind`": a model for each list of arguments."""
    by_arguments: dict[str, list[str]] = {}
    for name, arguments in keras_arguments.names(kind).items():
        by_arguments.setdefault(repr(arguments), []).append(name)
    models = [
        create_model(
            names[0],
            __base__=KerasObject,
            name=(Literal[tuple(names)], ...),  # type: ignore[arg-type]
            **{k: _argument(k, v) for k, v in keras_arguments.names(kind)[names[0]].items()},
        )
        for names in by_arguments.values()
    ]
    return Annotated[Union[tuple(models)], Field(discriminator="name"), _shorthand(kind)]  # noqa: UP007


if TYPE_CHECKING:  # the types are made when the module runs; a type checker sees what they share
    Activation: TypeAlias = KerasObject
    Constraint: TypeAlias = KerasObject
    HiddenActivation: TypeAlias = KerasObject
    Initializer: TypeAlias = KerasObject
    Loss: TypeAlias = KerasObject
    Optimizer: TypeAlias = KerasObject
else:
    Activation = _union("activations")
    Constraint = _union("constraints")
    Initializer = _union("initializers")
    Loss = _union("losses")
    Optimizer = _union("optimizers")


class Noise(StrictModel):
    """Standard deviation of the Gaussian noise added after `normalize`."""

    train: NotNegative = 0.0
    """noise on the training images"""
    validation: NotNegative = 0.0
    """noise on the validation images"""
    test: NotNegative = 0.0
    """noise on the test images"""


class Data(StrictModel):
    """Which examples, how many, and what is done to them before training."""

    name: Literal[
        "mnist", "mnist_sample", "fashion_mnist", "fizzbuzz", "circles", "blobs", "file"
    ] = "mnist"
    """the data set"""
    path: str | None = None
    """an .npz with x_train, y_train, x_test, y_test, and x_val, y_val where it has validation
    examples as well; relative to the config's folder"""
    train: Positive | None = None
    """how many training examples, in order; null = all but the validation examples (left out:
    mnist and fashion_mnist the first 10,000, as in the lecture, circles and blobs 700)"""
    validation: Count | None = None
    """how many examples behind `train` are held out for validation; left out: mnist and
    fashion_mnist 10,000, mnist_sample 500, circles and blobs 300, fizzbuzz 0, file a tenth"""
    test: Positive | None = None
    """how many test examples, in order; null = all (circles and blobs: 300)"""
    shuffle: bool | None = None
    """whether the examples are shuffled before they are split, so that every part has each class in
    its share; one fixed order for all seeds; left out: true for file, else false"""
    normalize: Literal["none", "unit", "standardize"] = "unit"
    """none; unit: divide by the largest value (255 for images); standardize: each feature to
    mean 0 and standard deviation 1 over the training examples"""
    noise: Noise = Noise()
    """Gaussian noise, by part of the data"""

    @model_serializer(mode="wrap")
    def _without_plain_order(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = handler(self)
        if self.shuffle is None or (not self.shuffle and self.name != "file"):
            del dumped["shuffle"]  # configs that were recorded before the key say the same
        return dumped

    @model_validator(mode="after")
    def _path_fits(self) -> Self:
        if self.name == "file" and self.path is None:
            raise PydanticCustomError("path", "data.name is file, so `path` must name an .npz file")
        if self.path is not None and self.name not in ("file", "mnist", "fashion_mnist"):
            raise PydanticCustomError("path", "`path` is for file, mnist and fashion_mnist only")
        return self


class Regularizer(StrictModel):
    """Weight of the penalty on every kernel, the output's too."""

    l1: NotNegative = 0.0
    """on the sum of absolute weights"""
    l2: NotNegative = 0.0
    """on the sum of squared weights"""


# Recorded whatever their value; an argument that came later only where it is not at its default,
# so that the ids of older runs stay.
ALWAYS_WRITTEN = frozenset(
    {
        *("type", "units", "filters", "activation", "use_bias", "kernel_initializer"),
        *("kernel_size", "strides", "padding", "pool_size", "target_shape", "rate"),
        *("momentum", "epsilon", "pieces"),
    }
)


class WrittenLayer(StrictModel):
    """A layer of the `layers` form. What is not declared here, `_with_all_arguments` adds."""

    @model_serializer(mode="wrap")
    def _without_later_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        dumped: dict[str, Any] = handler(self)
        return {
            key: value
            for key, value in dumped.items()
            if key in ALWAYS_WRITTEN or getattr(self, key) != fields[key].default
        }


_L = TypeVar("_L", bound=WrittenLayer)


def _with_all_arguments(layer: type[_L]) -> type[_L]:
    """Return a layer's type with all arguments that Keras' layer of this name has."""
    (kind,) = get_args(layer.model_fields["type"].annotation)
    found: dict[str, Any] = {}
    for name, default in keras_arguments.names("layers")[kind].items():
        if name in layer.model_fields:
            continue
        if name.endswith("_initializer"):
            found[name] = (Initializer | None, Field(None, description=f"null = {default}"))
        elif name.endswith("_regularizer"):
            found[name] = (Regularizer | None, None)
        elif name.endswith("_constraint"):
            found[name] = (Constraint | None, None)
        else:
            found[name] = _argument(name, default)
    return create_model(layer.__name__, __base__=layer, __doc__=layer.__doc__, **found)


@_with_all_arguments
class DenseLayer(WrittenLayer):
    """keras.layers.Dense."""

    type: Literal["dense"]
    units: Positive
    activation: Activation = Field("linear", validate_default=True)
    use_bias: bool = True
    kernel_initializer: Initializer | None = None
    """null = the network's `initializer`"""


@_with_all_arguments
class Conv2DLayer(WrittenLayer):
    """keras.layers.Conv2D, channels last."""

    type: Literal["conv2d"]
    filters: Positive
    kernel_size: Sides
    strides: Sides = 1
    padding: Literal["valid", "same"] = "valid"
    dilation_rate: Sides = 1
    groups: Positive = 1
    activation: Activation = Field("linear", validate_default=True)
    use_bias: bool = True
    kernel_initializer: Initializer | None = None
    """null = the network's `initializer`"""


@_with_all_arguments
class MaxPooling2DLayer(WrittenLayer):
    """keras.layers.MaxPooling2D."""

    type: Literal["max_pooling2d"]
    pool_size: Sides = 2
    strides: Sides | None = None
    padding: Literal["valid", "same"] = "valid"


@_with_all_arguments
class AveragePooling2DLayer(WrittenLayer):
    """keras.layers.AveragePooling2D."""

    type: Literal["average_pooling2d"]
    pool_size: Sides = 2
    strides: Sides | None = None
    padding: Literal["valid", "same"] = "valid"


@_with_all_arguments
class FlattenLayer(WrittenLayer):
    """keras.layers.Flatten."""

    type: Literal["flatten"]


@_with_all_arguments
class ReshapeLayer(WrittenLayer):
    """keras.layers.Reshape."""

    type: Literal["reshape"]
    target_shape: Annotated[tuple[Positive, ...], Field(strict=False, min_length=1)]


@_with_all_arguments
class DropoutLayer(WrittenLayer):
    """keras.layers.Dropout."""

    type: Literal["dropout"]
    rate: Rate


@_with_all_arguments
class BatchNormalizationLayer(WrittenLayer):
    """keras.layers.BatchNormalization."""

    type: Literal["batch_normalization"]
    momentum: Annotated[Number, Field(ge=0, le=1)] = 0.99
    epsilon: NotNegative = 0.001


@_with_all_arguments
class LayerNormalizationLayer(WrittenLayer):
    """keras.layers.LayerNormalization."""

    type: Literal["layer_normalization"]
    epsilon: NotNegative = 0.001


@_with_all_arguments
class ActivationLayer(WrittenLayer):
    """keras.layers.Activation, or the activation layer of that name."""

    type: Literal["activation"]
    activation: Activation


class MaxoutLayer(WrittenLayer):
    """Maxout (Goodfellow et al. 2013): the largest of each group of `pieces` values passes."""

    type: Literal["maxout"]
    units: Positive | None = None
    """groups, computed by a dense layer; null = pool the outputs of the layer before"""
    pieces: Annotated[int, Field(ge=2)] = 2
    """values in a group"""


# Layers that Keras does not have.
EXTRA_CLASS_NAMES = {"Maxout": "maxout"}


def _by_class_name(value: Any) -> Any:
    """Accept a layer's type as Keras spells its class: Conv2D."""
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        kind = value["type"]
        known = keras_arguments.class_names("layers") | EXTRA_CLASS_NAMES
        return {**value, "type": known.get(kind, kind)}
    return value


Layer = Annotated[
    DenseLayer
    | Conv2DLayer
    | MaxPooling2DLayer
    | AveragePooling2DLayer
    | FlattenLayer
    | ReshapeLayer
    | DropoutLayer
    | BatchNormalizationLayer
    | LayerNormalizationLayer
    | ActivationLayer
    | MaxoutLayer,
    Field(discriminator="type"),
    BeforeValidator(_by_class_name),
]


class Maxout(KerasObject):
    """The maxout activation of the `depth` form; its group size is `maxout_pieces`."""

    name: Literal["maxout"]


if not TYPE_CHECKING:
    HiddenActivation = Annotated[
        Union[(*get_args(get_args(Activation)[0]), Maxout)],
        Field(discriminator="name"),
        _shorthand("activations"),
    ]

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
    layers: Annotated[tuple[Layer, ...], Field(strict=False, min_length=1)] | None = None
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
    def hidden_units(self) -> tuple[int, ...]:
        """Units of each hidden layer, in the `depth` form."""
        return self.units if isinstance(self.units, tuple) else (self.units,) * self.depth


Monitor = Literal["loss", "accuracy", "val_loss", "val_accuracy"]


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


class Training(StrictModel):
    """Epochs, mini-batches, and when to stop."""

    batch_size: Positive = 100
    """examples in a mini-batch"""
    epochs: Positive = 20
    """passes over the training examples, at most"""
    early_stopping: EarlyStopping | None = EarlyStopping()
    """Keras' EarlyStopping, or null (left out without validation data: null)"""
    reduce_lr_on_plateau: ReduceLROnPlateau | None = None
    """Keras' ReduceLROnPlateau, or null"""
    precision: Literal["float32", "float64", "mixed_float16", "mixed_bfloat16", "bfloat16"] = (
        "float32"
    )
    """Keras' dtype policy"""


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
    """what training minimizes: a Keras loss"""
    optimizer: Optimizer = Field("adam", validate_default=True)
    """a Keras optimizer and its arguments"""
    training: Training = Training()
    """batches, epochs, callbacks"""
    ignore: Annotated[tuple[RuleCode, ...], Field(strict=False)] = ()
    """codes of the rules, such as K212 or L301, that the diagnosis and lint leave out"""

    # Set by `kerasdemo.config.loading`, which reads documents.
    _document: Document | None = PrivateAttr(None)
    _load: "Callable[[Document], RunConfig] | None" = PrivateAttr(None)

    @model_serializer(mode="wrap")
    def _without_empty_ignore(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        dumped: dict[str, Any] = handler(self)
        if not self.ignore:
            del dumped["ignore"]  # configs that were recorded before the key say the same
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
    def dataset_info(self) -> datasets.DatasetInfo | None:
        """What is known of the data without loading it, or None."""
        return datasets.find_info(self.data.name, self.data.path)
