"""The types of the layers in `network.layers`, with all arguments of Keras' layers.

Those that the code speaks of are written out here, the others are made from Keras' own lists of
arguments (keras_arguments.json). `residual` and `repeat` hold further layers.
"""

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, TypeVar, Union, get_args

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SerializerFunctionWrapHandler,
    TypeAdapter,
    create_model,
    model_serializer,
)
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

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
)
from kerasdemo.config.layer_arguments import find_type


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

    type: str

    @model_serializer(mode="wrap")
    def _without_later_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        dumped: dict[str, Any] = handler(self)
        return {
            key: value
            for key, value in dumped.items()
            if (key in ALWAYS_WRITTEN or getattr(self, key) != fields[key].default)
            and not (key == "type" and value in BLOCKS)
        }


# A type that is made has no source that could hold docstrings; looking for it takes a second.
NO_SOURCE = {"use_attribute_docstrings": False}

Layer: TypeAlias = WrittenLayer
if TYPE_CHECKING:
    AnyLayer: TypeAlias = WrittenLayer  # one of all types, which `_types` makes

_L = TypeVar("_L", bound=WrittenLayer)


def _with_all_arguments(layer: type[_L]) -> type[_L]:
    """Return a layer's type with all arguments that Keras' layer of this name has."""
    (kind,) = get_args(layer.model_fields["type"].annotation)
    return create_model(
        layer.__name__,
        __base__=layer,
        __doc__=layer.__doc__,
        __cls_kwargs__=NO_SOURCE,
        **_arguments(kind, layer),
    )


def _arguments(kind: str, layer: type[WrittenLayer]) -> dict[str, Any]:
    """Return the fields for those arguments of Keras' layer that a type does not declare."""
    found: dict[str, Any] = {}
    for name, default in keras_arguments.names("layers")[kind].items():
        if name in layer.model_fields:
            continue
        if name in KERNEL_INITIALIZERS:
            text = "null = the network's `initializer`"
            found[name] = (Initializer | None, Field(None, description=text))
        elif name.endswith("_initializer"):
            found[name] = (Initializer | None, Field(None, description=f"null = {default}"))
        elif name.endswith("_regularizer"):
            found[name] = (Regularizer | None, None)
        elif name.endswith("_constraint"):
            found[name] = (Constraint | None, None)
        elif name == "layer":
            found[name] = ("AnyLayer", ...)
        elif name in ("activation", "recurrent_activation"):
            chosen = Activation if default is None else PlainActivation
            found[name] = (chosen, Field(default or "linear", validate_default=True))
        else:
            is_required = name in keras_arguments.required(kind)
            kept = _frozen(default)
            found[name] = (find_type(kind, name, kept, is_required), ... if is_required else kept)
    return found


def _frozen(default: Any) -> Any:
    return tuple(map(_frozen, default)) if isinstance(default, list) else default


def _plain(activation: Any) -> Any:
    if activation.arguments or activation.name == "prelu":
        raise PydanticCustomError(
            "form",
            "{name} has arguments or weights of its own, which can't be inside this layer; use "
            "another activation",
            {"name": activation.name},
        )
    return activation


# Of layers that apply it inside a recurrence, where it is a plain function.
PlainActivation = Annotated[Activation, AfterValidator(_plain)]
# The initializers and penalties of what the network's `initializer` and `regularizer` are for.
KERNELS = ("kernel", "depthwise", "pointwise")
KERNEL_INITIALIZERS = tuple(f"{name}_initializer" for name in KERNELS)


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
    target_shape: Annotated[tuple[Positive | Literal[-1], ...], Field(strict=False, min_length=1)]


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


class AddLayer(WrittenLayer):
    """keras.layers.Add: what a residual block ends in; no config has it by name."""

    type: Literal["add"]


class ResidualBlock(WrittenLayer):
    """Layers whose output their input is added to (He et al. 2015).

    Where the shapes differ, a projection of the input is added: a convolution with a kernel of 1
    (with strides, where the block makes an image smaller), of one row of values a dense layer.
    """

    type: Literal["residual"]
    residual: "Annotated[tuple[AnyLayer, ...], Field(strict=False, min_length=1)]"
    """the layers of the block"""


class Repeat(StrictModel):
    """Layers, several times one after the other; each time with weights of their own."""

    times: Annotated[int, Field(ge=1, le=1000)]
    """how often"""
    layers: "Annotated[tuple[AnyLayer, ...], Field(strict=False, min_length=1)]"
    """what is repeated"""


class RepeatBlock(WrittenLayer):
    """Layers that are repeated."""

    type: Literal["repeat"]
    repeat: Repeat
    """`times` and `layers`"""


BLOCKS = ("residual", "repeat")
# Layers that Keras does not have, and names that people expect.
EXTRA_CLASS_NAMES = {
    "Maxout": "maxout",
    "relu": "re_lu",
    "leaky_relu": "leaky_re_lu",
    "prelu": "p_re_lu",
}


def _by_class_name(value: Any) -> Any:
    """Accept a layer's type as Keras spells its class (Conv2D), and blocks, which have none."""
    if isinstance(value, dict) and isinstance(value.get("type"), str):
        kind = value["type"]
        known = keras_arguments.class_names("layers") | EXTRA_CLASS_NAMES
        return {**value, "type": known.get(kind, kind)}
    if isinstance(value, dict) and "type" not in value:
        block = next((name for name in BLOCKS if name in value), None)
        return value | {"type": block} if block else value
    return value


WRITTEN_OUT = (
    *(DenseLayer, Conv2DLayer, MaxPooling2DLayer, AveragePooling2DLayer, FlattenLayer),
    *(ReshapeLayer, DropoutLayer, BatchNormalizationLayer, LayerNormalizationLayer),
    *(ActivationLayer, MaxoutLayer, ResidualBlock, RepeatBlock),
)


def _others() -> Iterator[type[WrittenLayer]]:
    """Yield the types of the layers that are not written out above."""
    known = {get_args(layer.model_fields["type"].annotation)[0] for layer in WRITTEN_OUT}
    for kind in keras_arguments.names("layers"):
        if kind not in known:
            name = keras_arguments.class_name("layers", kind)
            yield create_model(
                f"{name}Layer",
                __base__=WrittenLayer,
                __module__=__name__,
                __cls_kwargs__=NO_SOURCE,
                __doc__=f"keras.layers.{name}.",
                type=(Literal[kind], ...),  # type: ignore[arg-type]
                **_arguments(kind, WrittenLayer),
            )


# More layers or deeper nesting is a typing error: it is reported, not tried.
MOST_LAYERS = 1_000
MOST_NESTED = 20


def _nested_too_deep(value: Any) -> Any:
    """Refuse blocks within blocks within blocks, before anything walks them."""
    level, depth = [value], 0
    while level:
        items = [item for one in level if isinstance(one, list | tuple) for item in one]
        items += [one for one in level if isinstance(one, dict)]
        repeats = [i["repeat"] for i in items if isinstance(i, dict) and "repeat" in i]
        inside = [
            i[k] for i in items if isinstance(i, dict) for k in ("residual", "layer") if k in i
        ]
        level = inside + [r["layers"] for r in repeats if isinstance(r, dict) and "layers" in r]
        depth += 1
        if depth > MOST_NESTED:
            raise PydanticCustomError(
                "form", "blocks are nested more than {most} deep", {"most": MOST_NESTED}
            )
    return value


def _not_too_many(layers: tuple[Layer, ...]) -> tuple[Layer, ...]:
    number = count(layers)
    if number > MOST_LAYERS:
        raise PydanticCustomError(
            "form",
            "{number} layers, with all repetitions; expected at most {most}",
            {"number": f"{number:,}", "most": f"{MOST_LAYERS:,}"},
        )
    return layers


@cache
def _types() -> TypeAdapter[tuple[WrittenLayer, ...]]:
    """Return what validates a list of layers."""
    every: tuple[type[StrictModel], ...] = (*WRITTEN_OUT, *_others())
    union: Any = Union[every]  # noqa: UP007
    layer: Any = Annotated[union, Field(discriminator="type"), BeforeValidator(_by_class_name)]
    # Those above again where Ctrl-C ended this halfway; complete ones stay as they are.
    blocks: tuple[type[StrictModel], ...] = (Repeat, ResidualBlock)
    for one in (*blocks, *every):
        if one in blocks or not one.__pydantic_fields_complete__:  # it holds layers
            one.model_rebuild(_types_namespace={"AnyLayer": layer})
    return TypeAdapter(Annotated[tuple[layer, ...], Field(strict=False, min_length=1)])


def make(kind: str, **arguments: Any) -> WrittenLayer:
    """Return a layer of one of Keras' types."""
    return _types().validate_python([{"type": kind, **arguments}])[0]


class _Lazily:
    """Makes the hundred types of layers when the first network has `layers`: it takes a while."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(self._validate)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: Any) -> Any:
        return handler(_types().core_schema)

    def _validate(self, value: Any) -> tuple[WrittenLayer, ...]:
        return _not_too_many(_types().validate_python(_nested_too_deep(value)))


Layers = Annotated[tuple[WrittenLayer, ...], _Lazily()]


def count(layers: Sequence[Layer]) -> int:
    """Return how many layers these are, with all repetitions."""
    number = 0
    for layer in layers:
        if isinstance(layer, RepeatBlock):
            number += layer.repeat.times * count(layer.repeat.layers)
        else:
            number += count(layer.residual) if isinstance(layer, ResidualBlock) else 1
    return number


def is_graph(layers: Sequence[Layer]) -> bool:
    """Return whether a layer reads another one than that before it."""
    return any(
        isinstance(layer, ResidualBlock)
        or (isinstance(layer, RepeatBlock) and is_graph(layer.repeat.layers))
        for layer in layers
    )


def drawn_by_default(layer: Any) -> dict[str, str]:
    """Return {argument: initializer} of what Keras draws where a layer does not say it.

    Of recurrent kernels, embeddings and the like; kernels take the network's initializer.
    """
    found = {}
    for name, default in keras_arguments.names("layers")[layer.type].items():
        is_other = name.endswith("_initializer") and name not in KERNEL_INITIALIZERS
        if is_other and getattr(layer, name) is None:
            kind = str(keras_arguments.aliases("initializers").get(default, default))
            if keras_arguments.takes_seed("initializers", kind):
                found[name] = kind
    return found


def walk(
    layers: Sequence[Layer], key: str = "network.layers"
) -> Iterator[tuple[str, WrittenLayer]]:
    """Yield the dotted path and the layer of each layer, those within blocks and wrappers, too.

    Each stands once, however often it is repeated; a block itself is not yielded.
    """
    for number, layer in enumerate(layers):
        here = f"{key}.{number}"
        if isinstance(layer, ResidualBlock):
            yield from walk(layer.residual, f"{here}.residual")
        elif isinstance(layer, RepeatBlock):
            yield from walk(layer.repeat.layers, f"{here}.repeat.layers")
        else:
            yield here, layer
            while (inside := getattr(layer, "layer", None)) is not None:
                here, layer = f"{here}.layer", inside
                yield here, layer
