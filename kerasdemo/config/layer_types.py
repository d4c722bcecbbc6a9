"""The types of the layers in `network.layers`, with all arguments of Keras' layers."""

from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    create_model,
    model_serializer,
)

from kerasdemo.config import keras_arguments
from kerasdemo.config.keras_objects import (
    Activation,
    Constraint,
    Initializer,
    NotNegative,
    Number,
    Positive,
    Rate,
    Sides,
    StrictModel,
    argument_type,
)


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
            found[name] = argument_type(name, default)
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
