"""Keras' objects as a config writes them: a name and its arguments, frozen and validated.

The types are made from Keras' own lists of arguments (keras_arguments.json).
"""

import re
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias, Union, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, create_model

from kerasdemo.config import keras_arguments

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


def argument_type(name: str, default: Any) -> Any:
    """Return the type and the default of one of Keras' arguments, as `create_model` takes them."""
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
            **{k: argument_type(k, v) for k, v in keras_arguments.names(kind)[names[0]].items()},
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


class Maxout(KerasObject):
    """The maxout activation of the `depth` form; its group size is `maxout_pieces`."""

    name: Literal["maxout"]


if not TYPE_CHECKING:
    HiddenActivation = Annotated[
        Union[(*get_args(get_args(Activation)[0]), Maxout)],
        Field(discriminator="name"),
        _shorthand("activations"),
    ]
