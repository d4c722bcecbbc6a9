"""Keras' objects as a config writes them: a name and its arguments, frozen and validated.

The types are made from Keras' own lists of arguments (keras_arguments.json).
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, TypeAlias, Union, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError

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


# What a mapping without a name is.
DEFAULT_NAMES = {"losses": "categorical_crossentropy", "optimizers": "adam"}


def _shorthand(kind: str) -> BeforeValidator:
    """Accept a name alone for {name: ...}, Keras' class names and short names such as mse."""
    default = DEFAULT_NAMES.get(kind)

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


class _Optimizer(KerasObject):
    """An optimizer, which takes its gradients clipped in one way."""

    @model_validator(mode="after")
    def _one_clipping(self) -> Self:
        given = [name for name in CLIPPINGS if getattr(self, name, None) is not None]
        if len(given) > 1:
            raise PydanticCustomError(
                "arguments",
                "{given} are given; Keras clips gradients in one way: keep one of them",
                {"given": " and ".join(given)},
            )
        return self


class _Schedule(KerasObject):
    """A learning rate that changes with the updates."""

    @model_validator(mode="after")
    def _arguments_fit(self) -> Self:
        given = self.arguments
        problem = None
        if given.get("warmup_steps") and given.get("warmup_target") is None:
            problem = "`warmup_steps` needs `warmup_target`, the rate at which the warm-up ends"
        elif given.get("warmup_target") is not None and not given.get("warmup_steps"):
            problem = "`warmup_target` needs `warmup_steps`, the updates that the warm-up takes"
        elif given.get("initial_learning_rate") == 0 and given.get("warmup_target") is None:
            problem = "`initial_learning_rate` is 0: the rate would stay 0; expected more than 0"
        elif self.name == "piecewise_constant_decay":
            boundaries, values = given["boundaries"], given["values"]
            if len(values) != len(boundaries) + 1:
                problem = (
                    f"{len(boundaries)} `boundaries` and {len(values)} `values`; expected one "
                    "value more than boundaries"
                )
            elif list(boundaries) != sorted(set(boundaries)):
                problem = "`boundaries` must rise"
        if problem is not None:
            raise PydanticCustomError("arguments", "{problem}", {"problem": problem})
        return self


class _Metric(KerasObject):
    """A metric, which is one number an epoch."""

    @model_validator(mode="after")
    def _arguments_fit(self) -> Self:
        given = self.arguments
        if given.get("thresholds") is not None and given.get("top_k") is not None:
            message = "`thresholds` and `top_k` can't both be given"
            raise PydanticCustomError("arguments", message)
        return self


Share = Annotated[Number, Field(ge=0, le=1)]
AboveZero = Annotated[Number, Field(gt=0)]
CLIPPINGS = ("clipnorm", "clipvalue", "global_clipnorm")
# Arguments whose range Keras states; the others may be any number of their type.
RANGES: dict[str, Any] = {
    "learning_rate": AboveZero,
    "momentum": Share,
    "beta_1": Rate,
    "beta_2": Rate,
    "rho": Share,
    "epsilon": NotNegative,
    "weight_decay": NotNegative | None,
    "clipnorm": AboveZero | None,
    "clipvalue": AboveZero | None,
    "global_clipnorm": AboveZero | None,
    "ema_overwrite_frequency": Positive | None,
    "loss_scale_factor": AboveZero | None,
    "label_smoothing": Share,
    "ignore_class": int | None,
    "axis": int | Annotated[tuple[int, ...], Field(strict=False, min_length=1)],
    "stddev": NotNegative,
}
SCHEDULE_RANGES: dict[str, Any] = {
    # 0 where a warm-up begins there.
    "initial_learning_rate": NotNegative,
    "decay_steps": Positive,
    "first_decay_steps": Positive,
    "decay_rate": AboveZero,
    "alpha": Share,
    "warmup_target": AboveZero | None,
    "warmup_steps": Count,
    "t_mul": AboveZero,
    "m_mul": AboveZero,
    "end_learning_rate": NotNegative,
    "power": AboveZero,
    "boundaries": Annotated[tuple[Positive, ...], Field(strict=False, min_length=1)],
    "values": Annotated[tuple[AboveZero, ...], Field(strict=False, min_length=1)],
}
METRIC_RANGES: dict[str, Any] = {
    "num_thresholds": Annotated[int, Field(ge=2, le=100_000)],
    "curve": Literal["ROC", "PR"],
    "summation_method": Literal["interpolation", "minoring", "majoring"],
    "num_labels": Positive | None,
    "label_weights": Annotated[tuple[NotNegative, ...], Field(strict=False, min_length=1)] | None,
    "threshold": Number | None,
    "beta": AboveZero,
    "class_id": Count | None,
    "top_k": Positive | None,
    "k": Positive,
    "target_class_ids": Annotated[
        tuple[Literal[0, 1], ...], Field(strict=False, min_length=1, max_length=2)
    ],
    # None of both would be a number for each output.
    "average": Literal["micro", "macro", "weighted"] | None,
    "class_aggregation": Literal["uniform_average", "variance_weighted_average"],
    "num_regressors": Count,
    "label_smoothing": Share,
    "ignore_class": int | None,
    # One: several would be as many numbers.
    "thresholds": Share | None,
    **dict.fromkeys(("recall", "precision", "specificity", "sensitivity"), Share),
}
# Kinds with arguments that have no default.
REQUIRING = ("schedules", "metrics")
# AUC's are where its curve is computed.
AUC_THRESHOLDS = Annotated[tuple[Share, ...], Field(strict=False, min_length=1)] | None


def argument_type(name: str, default: Any, ranges: Mapping[str, Any] = RANGES) -> Any:
    """Return the type and the default of one of Keras' arguments, as `create_model` takes them."""
    if name in ranges:
        return (ranges[name], default)
    if default is None:
        return (Number | None, None)
    if isinstance(default, bool | str):
        return (type(default), default)
    # Keras takes a float wherever its default is a number, but for counts.
    counts = name in {"ns_steps", "warmup_steps"}
    return (int if counts else Number, default)


def _union(
    kind: str, ranges: Mapping[str, Any] = RANGES, base: type[KerasObject] = KerasObject
) -> Any:
    """Return the type "one of Keras' `kind`": a model for each list of arguments."""
    by_arguments: dict[str, list[str]] = {}
    for name, arguments in keras_arguments.names(kind).items():
        by_arguments.setdefault(repr(arguments), []).append(name)
    models = []
    for names in by_arguments.values():
        found: dict[str, Any] = {"name": (Literal[tuple(names)], ...)}
        for argument, default in _arguments(kind, names[0]).items():
            here = {**ranges, "thresholds": AUC_THRESHOLDS} if names == ["auc"] else ranges
            found[argument] = argument_type(argument, default, here)
        if kind in REQUIRING:
            found |= {one: (found[one][0], ...) for one in keras_arguments.required(names[0])}
        models.append(create_model(names[0], __base__=base, **found))
    before = [BeforeValidator(_require)] if kind in REQUIRING else []
    discriminator = Field(discriminator="name")
    return Annotated[(Union[tuple(models)], discriminator, *before, _shorthand(kind))]  # noqa: UP007


def _arguments(kind: str, name: str) -> dict[str, Any]:
    """Return the arguments of a Keras class, lists as tuples."""
    found = keras_arguments.names(kind)[name]
    return {k: tuple(v) if isinstance(v, list) else v for k, v in found.items()}


def _require(value: Any) -> Any:
    """Say which required arguments are missing, all at once."""
    name = value.get("name") if isinstance(value, dict) else None
    if isinstance(name, str):
        missing = [one for one in keras_arguments.required(name) if value.get(one) is None]
        if missing:
            raise PydanticCustomError(
                "arguments",
                "{name} needs {missing}",
                {"name": name, "missing": " and ".join(f"`{one}`" for one in missing)},
            )
    return value


def _rate_tag(value: Any) -> str:
    """Return whether a learning rate is written as a schedule or as a number."""
    is_named = isinstance(value, str) and ("decay" in value.lower() or "cos" in value.lower())
    return "schedule" if is_named or isinstance(value, dict | KerasObject) else "number"


if TYPE_CHECKING:  # the types are made when the module runs; a type checker sees what they share
    Activation: TypeAlias = KerasObject
    Constraint: TypeAlias = KerasObject
    HiddenActivation: TypeAlias = KerasObject
    Initializer: TypeAlias = KerasObject
    Loss: TypeAlias = KerasObject
    Metric: TypeAlias = KerasObject
    Optimizer: TypeAlias = KerasObject
else:
    Activation = _union("activations")
    Constraint = _union("constraints")
    Initializer = _union("initializers")
    Loss = _union("losses")
    Metric = _union("metrics", METRIC_RANGES, _Metric)
    Schedule = _union("schedules", SCHEDULE_RANGES, _Schedule)
    LearningRate = Annotated[
        Annotated[AboveZero, Tag("number")] | Annotated[Schedule, Tag("schedule")],
        Discriminator(_rate_tag),
    ]
    Optimizer = _union("optimizers", RANGES | {"learning_rate": LearningRate}, _Optimizer)


class Maxout(KerasObject):
    """The maxout activation of the `depth` form; its group size is `maxout_pieces`."""

    name: Literal["maxout"]


if not TYPE_CHECKING:
    HiddenActivation = Annotated[
        Union[(*get_args(get_args(Activation)[0]), Maxout)],
        Field(discriminator="name"),
        _shorthand("activations"),
    ]
