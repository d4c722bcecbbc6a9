"""setup.json: what a training from Python was asked to do, as config.yaml says it for YAML.

The diagnosis reads a run's `Setup`, whichever of the two files it comes from.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from kerasdemo.config import RunConfig
from kerasdemo.config.data_types import Task
from kerasdemo.records import files
from kerasdemo.records.reading import Scalar, flatten
from kerasdemo.records.schema import PLAIN_KEY, PlainKey

TASKS: tuple[Task, ...] = get_args(Task)

Structure = Literal["chain", "graph", "code"]

LARGEST_RATE = 1e30

Seed = Annotated[int, Field(ge=0, lt=2**63)]
Count = Annotated[int, Field(ge=0, lt=2**63)]
Weight = Annotated[float, Field(ge=0, allow_inf_nan=False)]


@dataclass(frozen=True)
class Setup:
    """What a training was asked to do: Keras' arguments of `compile` and `fit`, in plain values.

    Args:
        name: of the run.
        loss, optimizer: `name` in snake case and arguments; a learning rate that follows a schedule
            is the schedule's `name` and arguments.
        seed: of the order of the examples.
        task: what kind of targets the network learns, and so what its score is.
        batch_size: None where the data come in batches of their own.
        epochs: to train for.
        early_stopping: the arguments of Keras' callback, or None.
        l1, l2, dropout: the largest of any layer.
        compile: the other arguments of `compile`, which a remedy repeats, as Keras code; None for
            one that can't be written as code, and as a whole where they are not known.
        settings: what a comparison groups by: values that the user gave.
        structure: a `chain` of layers, each the input of the next; a `graph` with branches, as a
            functional model may be; or `code`, of a subclassed model, whose layers may be used in
            any way.
        outputs: names of the layers that give the outputs, where there may be several.
        frozen: names of layers whose weights do not train.
        notes: sentences about what could not be recorded, and what to pass for it.
        ignore: codes of rules that the verdict leaves out.
    """

    __pydantic_config__ = ConfigDict(extra="ignore", strict=True)

    name: str
    loss: Mapping[str, Any]
    optimizer: Mapping[str, Any]
    seed: Seed = 0
    task: Task = "classification"
    batch_size: Count | None = None
    epochs: Count = 0
    early_stopping: Mapping[str, Any] | None = None
    l1: Weight = 0.0
    l2: Weight = 0.0
    dropout: Weight = 0.0
    compile: Mapping[str, str | None] | None = None
    settings: Mapping[PlainKey, Scalar] = field(default_factory=dict)
    structure: Structure = "chain"
    outputs: tuple[str, ...] = ()
    frozen: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()

    @property
    def loss_name(self) -> str:
        return str(self.loss["name"])

    @property
    def optimizer_name(self) -> str:
        return str(self.optimizer["name"])

    def as_settings(self) -> dict[str, Scalar]:
        """Return all that the run depends on, dotted path -> value, as `config.settings` has it."""
        training = {"batch_size": self.batch_size, "epochs": self.epochs}
        nested = {
            "seed": self.seed,
            "task": self.task,
            "loss": self.loss,
            "optimizer": self.optimizer,
            "training": {**training, "early_stopping": self.early_stopping},
        }
        flat = {key: value for key, value in flatten(nested).items() if PLAIN_KEY.fullmatch(key)}
        return {**flat, **self.settings}


_SETUP: TypeAdapter[Setup] = TypeAdapter(Setup)


def of_config(config: RunConfig) -> Setup:
    """Return the setup of a run that a config describes."""
    network, training, settings = config.network, config.training, config.settings
    return Setup(
        name=config.name,
        loss={"name": config.loss.name, **config.loss.arguments},
        optimizer={"name": config.optimizer.name, **config.optimizer.arguments},
        seed=config.seed,
        task=config.task,
        batch_size=training.batch_size,
        epochs=training.epochs,
        early_stopping=settings["training"]["early_stopping"],
        l1=network.regularizer.l1,
        l2=network.regularizer.l2,
        # Where the layers are written out one by one, no one rate is the network's.
        dropout=network.dropout if network.layers is None else 0.0,
        ignore=tuple(config.ignore),
    )


def metric_columns(config: RunConfig) -> tuple[str, ...]:
    """Return the columns of metrics.csv that a config's `metrics` have."""
    names = config.metric_columns
    return (*names, *(f"val_{name}" for name in names))


def write(file: Path, setup: Setup) -> None:
    """Write setup.json, whole or not at all."""
    files.write_json(file, asdict(setup))


def read(file: Path) -> Setup:
    """Return what setup.json says.

    Raises:
        OSError, ValueError: with what is wrong in it.
    """
    try:
        setup = _SETUP.validate_json(files.read_text(file, files.MAX_JSON_BYTES))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        place = f"`{key}`: " if key else ""
        raise ValueError(f"{file.name}: {place}{first['msg']}") from None
    for part in ("loss", "optimizer"):
        if not isinstance(getattr(setup, part).get("name"), str):
            raise ValueError(f"{file.name}: `{part}` has no name")
    rate = setup.optimizer.get("learning_rate")
    is_number = isinstance(rate, int | float) and not isinstance(rate, bool)
    if not (rate is None or isinstance(rate, Mapping) or (is_number and abs(rate) < LARGEST_RATE)):
        raise ValueError(f"{file.name}: `optimizer.learning_rate` is no number")
    return setup
