"""The types of experiments/*.yaml, and how one is read."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    ValidationError,
    model_validator,
)
from pydantic_core import PydanticCustomError

from kerasdemo.comparison.claims import Claim
from kerasdemo.config import seeds
from kerasdemo.config.base import is_experiment
from kerasdemo.config.document import Document, read
from kerasdemo.config.errors import Fault, InputError
from kerasdemo.config.keras_objects import NAME, Count, Number, Positive, StrictModel
from kerasdemo.config.types import RunConfig
from kerasdemo.config.validation_errors import translate

KINDS = ("grid", "variants", "configs", "search")


class Range(StrictModel):
    """A range to search in, both ends included."""

    low: Number
    """the smallest value"""
    high: Number
    """the largest value"""
    log: bool = False
    """search its logarithm"""
    integer: bool = False
    """whole numbers only"""

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low < self.high:
            raise PydanticCustomError("experiment", "`low` must be less than `high`")
        if self.log and self.low <= 0:
            raise PydanticCustomError("experiment", "a `log` range must begin above 0")
        if self.integer and (self.low % 1 or self.high % 1):
            raise PydanticCustomError("experiment", "an `integer` range has whole ends")
        return self


Choices = Annotated[list[Any], Field(min_length=1)]
Dimension = Annotated[
    Annotated[Choices, Tag("choices")] | Annotated[Range, Tag("range")],
    Discriminator(lambda value: "range" if isinstance(value, dict | Range) else "choices"),
]


class Search(StrictModel):
    """A search by one of Optuna's samplers; hyperband also stops runs that are not promising."""

    method: Literal["random", "tpe", "gp", "hyperband"] = "tpe"
    """Optuna's sampler; hyperband is tpe that stops runs that are not promising"""
    space: Annotated[dict[str, Dimension], Field(min_length=1)]
    """dotted path -> choices, or a range"""
    objective: Literal["loss", "accuracy", "r2", "val_loss", "val_accuracy", "val_r2"] = "val_loss"
    """the metric that is optimized"""
    direction: Literal["minimize", "maximize"] | None = None
    """left out: losses are minimized, accuracies and R² maximized"""
    trials: Positive = 20
    """how many runs"""
    seed: Count = 0
    """of the sampler"""

    @property
    def maximize(self) -> bool:
        """Whether more is better."""
        usual = "minimize" if self.objective.endswith("loss") else "maximize"
        return (self.direction or usual) == "maximize"


class Resources(StrictModel):
    """What one run needs on a Ray cluster."""

    cpus: Annotated[Number, Field(gt=0)] = 1
    """processor cores"""
    gpus: Annotated[Number, Field(ge=0)] = 0
    """may be a fraction: 0.25 lets four runs share a GPU"""


def _parse_seeds(value: Iterable[int] | str) -> tuple[int, ...]:
    try:
        return seeds.parse(value)
    except ValueError as error:
        raise PydanticCustomError("experiment", "{why}", {"why": str(error)}) from None


Seeds = Annotated[
    tuple[Annotated[int, Field(ge=0, lt=2**31)], ...],
    Field(strict=False, min_length=1),
    BeforeValidator(lambda value: _parse_seeds(value) if isinstance(value, str) else value),
    AfterValidator(_parse_seeds),
]


class Experiment(StrictModel):
    """Runs by `grid`, `variants`, `configs` or `search`, each with every seed, and claims."""

    name: Annotated[str, Field(pattern=rf"^{NAME.pattern}$")]
    """of the folder that holds its runs; left out: the file's stem"""
    question: str = ""
    """in one sentence"""
    source: str = ""
    """where the question comes from, such as a lecture or a paper"""
    base: str | dict[str, Any] | None = None
    """a config's file, or a config in place"""
    grid: dict[str, Choices] | None = None
    """dotted path -> values; every combination is a run"""
    variants: dict[str, dict[str, Any] | None] | None = None
    """name -> {dotted path: value}; each is a run"""
    configs: Annotated[list[str], Field(min_length=1)] | None = None
    """config files; each is a run"""
    search: Search | None = None
    """a space and how to search it"""
    seeds: Seeds | None = None
    """each run is trained with each of them: a list, or "0-4"; left out: the config's seed"""
    claims: Annotated[tuple[Claim, ...], Field(strict=False)] = ()
    """what the runs should show"""
    resources: Resources = Resources()
    """what one run needs on a Ray cluster"""

    _document: Document = PrivateAttr()

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        present = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(present) > 1:
            raise PydanticCustomError(
                "experiment",
                "has {kinds}; expected one of grid, variants, configs, search",
                {"kinds": " and ".join(present)},
            )
        if (self.base is None) != (self.configs is not None):
            raise PydanticCustomError(
                "experiment",
                "expected `base` (a config's file, or a config in place), or `configs` without it",
            )
        for kind in ("grid", "variants"):
            if getattr(self, kind) == {}:
                raise PydanticCustomError("experiment", "`{kind}` is empty", {"kind": kind})
        return self

    @property
    def document(self) -> Document:
        """What the experiment was read from."""
        return self._document

    @property
    def folder(self) -> Path:
        """The folder from which the experiment's relative paths start."""
        return self._document.folder


def load(path: str | Path) -> Experiment:
    """Read an experiment from a YAML file; `expansion.expand` makes its runs.

    Raises:
        InputError: with every fault of the file, each with its line and key.
    """
    return from_document(read(Path(path)))


def from_document(document: Document) -> Experiment:
    """Validate an experiment that was read as a document.

    Raises:
        InputError: with every fault, each with its line and key.
    """
    if document.data.keys() & RunConfig.model_fields.keys() - Experiment.model_fields.keys() and (
        not is_experiment(document)
    ):
        message = "a config of one run, not an experiment; use `kerasdemo run` for it"
        raise InputError(Fault(message, document.file))
    data = {"name": Path(document.file).stem, **document.data}
    try:
        experiment = Experiment.model_validate(data)
    except ValidationError as error:
        raise InputError(translate(error, document, Experiment)) from None
    experiment._document = document
    return experiment
