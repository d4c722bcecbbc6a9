"""One question asked of many runs: the type of experiments/*.yaml and its strict features."""

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
from kerasdemo.config.document import Document, read
from kerasdemo.config.errors import Fault, InputError
from kerasdemo.config.loading import EXPERIMENT_KEYS
from kerasdemo.config.types import NAME, Count, Number, Positive, RunConfig, StrictModel
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
    """A search by one of Optuna's samplers; hyperband also stops what does not promise."""

    method: Literal["random", "tpe", "gp", "hyperband"] = "tpe"
    """Optuna's sampler; hyperband is tpe that stops what does not promise"""
    space: Annotated[dict[str, Dimension], Field(min_length=1)]
    """dotted path -> choices, or a range"""
    objective: Literal["loss", "accuracy", "val_loss", "val_accuracy"] = "val_loss"
    """the metric that is searched by"""
    direction: Literal["minimize", "maximize"] | None = None
    """left out: losses are minimized, accuracies maximized"""
    trials: Positive = 20
    """how many runs"""
    seed: Count = 0
    """of the sampler"""

    @property
    def maximize(self) -> bool:
        """Whether more is better."""
        return (self.direction or _usual_direction(self.objective)) == "maximize"


def _usual_direction(objective: str) -> str:
    return "maximize" if objective.endswith("accuracy") else "minimize"


class Resources(StrictModel):
    """What one run asks of a Ray cluster."""

    cpus: Annotated[Number, Field(gt=0)] = 1
    """processor cores"""
    gpus: Annotated[Number, Field(ge=0)] = 0
    """may be a fraction: 0.25 lets four runs share a GPU"""


def _seed_range(value: Any) -> Any:
    """Read "0-4" as 0, 1, 2, 3, 4."""
    if not isinstance(value, str):
        return value
    try:
        return seeds.parse(value)
    except ValueError as error:
        raise PydanticCustomError("experiment", "{why}", {"why": str(error)}) from None


def _once(given: tuple[int, ...]) -> tuple[int, ...]:
    if len(given) > seeds.MOST:
        many = {"count": len(given), "most": seeds.MOST}
        raise PydanticCustomError("experiment", "{count} seeds; expected at most {most}", many)
    for seed in given:
        if given.count(seed) > 1:
            raise PydanticCustomError("experiment", "seed {seed} is doubled", {"seed": seed})
    return given


Seeds = Annotated[
    tuple[Annotated[int, Field(ge=0, lt=2**31)], ...],
    Field(strict=False, min_length=1),
    BeforeValidator(_seed_range),
    AfterValidator(_once),
]


class Experiment(StrictModel):
    """One question: runs by `grid`, `variants`, `configs` or `search`, over seeds, with claims."""

    name: Annotated[str, Field(pattern=rf"^{NAME.pattern}$")]
    """of the experiment's folder among the results; left out: the file's stem"""
    question: str = ""
    """what is asked, in one sentence"""
    source: str = ""
    """where the question comes from"""
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
    """each run once for each of them: a list, or "0-4"; left out: the config's own"""
    claims: Annotated[tuple[Claim, ...], Field(strict=False)] = ()
    """what the runs should show"""
    resources: Resources = Resources()
    """what one run asks of a Ray cluster"""

    _document: Document = PrivateAttr()

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        given = [kind for kind in KINDS if getattr(self, kind) is not None]
        if len(given) > 1:
            raise PydanticCustomError(
                "experiment",
                "has {given}; expected one of grid, variants, configs, search",
                {"given": " and ".join(given)},
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
        """The file that the experiment was read from."""
        return self._document

    @property
    def folder(self) -> Path:
        """Where the experiment's paths start."""
        return self._document.folder


def load(path: str | Path) -> Experiment:
    """Read one experiment; what its runs are is told by `expansion.expand`.

    Raises:
        InputError: with every fault of the file, each with its line and key.
    """
    return from_document(read(Path(path)))


def from_document(document: Document) -> Experiment:
    """Validate an experiment that was read as a document."""
    if document.data.keys() & RunConfig.model_fields.keys() - Experiment.model_fields.keys() and (
        not document.data.keys() & EXPERIMENT_KEYS
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
