"""Writes the first config of a person: complete, trainable, and with a comment at each key."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from kerasdemo.config import datasets, loading
from kerasdemo.config.data_types import TABLES, Data
from kerasdemo.config.dataset_info import DataError, DatasetInfo
from kerasdemo.config.document import StrictDumper
from kerasdemo.config.errors import printable
from kerasdemo.config.types import RunConfig

TASKS = ("digits", "table", "images", "text", "arrays")
# The data of a task that bring their own: folders of the repository and of the wheel.
SAMPLES = {"table": "penguins.csv", "images": "shapes", "text": "reviews.csv"}
# Data set -> the tasks that it may be.
TASKS_OF = {
    "mnist_sample": ("digits",),
    "csv": ("table", "text"),
    "parquet": ("table", "text"),
    "file": ("arrays",),
    "image_folder": ("images",),
}
DESCRIPTIONS = {
    "mnist_sample": "a small network on the 5,000 digits that come with kerasdemo",
    "file": "a small network on arrays",
    "image_folder": "a small convolutional network on images",
}
# Whole numbers with more different values are no classes.
MOST_CLASSES = 20
# Enough for a start, and four times as fast as the usual size.
IMAGE_SIZE = 32
WIDTH, COMMENTS_AT = 100, 36
# Comments where the first words of a field's docstring say too little in this place.
COMMENTS = {
    "seed": "of the initial weights, the order of the examples, dropout",
    "data.name": "the data set; csv, parquet, image_folder, file: an .npz",
    "data.missing": "impute: the median, or a category; drop: leave these rows out",
    "data.path": "relative to this file's folder",
    "data.numeric": "input columns that are numbers",
    "data.categorical": "input columns that are categories",
    "data.target": "the column to predict",
    "data.text": "the input column, which becomes a sequence of words' numbers",
    "data.max_tokens": "words that are known, the most frequent ones",
    "data.output_sequence_length": "words of each text that are read",
    "data.normalize_target": "train on targets of mean 0 and deviation 1; metrics keep the unit",
    "data.image_size": "height and width that images are resized to",
    "network.units": "of each hidden layer; or a list with a number for each",
    "network.activation": "of the hidden layers: any of Keras', or maxout",
    "network.dropout": "share of a hidden layer's outputs dropped while training",
    "network.normalization": "between a layer and its activation: none, batch, layer",
    "network.layers": "from the input to the output",
    "optimizer.name": "any of Keras': adam, sgd, rmsprop, ...",
    "optimizer.learning_rate": "how far an update goes; the first thing to vary",
    "training.early_stopping": "ends training that no longer helps validation; or null",
    "training.early_stopping.patience": "epochs without a better validation loss",
}


@dataclass(frozen=True)
class Template:
    """A config that is to be written.

    Args:
        description: in a sentence.
        data: the keys of `data`; `path` is relative to the config's folder.
        network, optimizer, training: the keys of these sections.
        loss: its name.
        notes: lines for the head of the file.
    """

    description: str
    data: Mapping[str, Any]
    network: Mapping[str, Any]
    loss: str | None
    optimizer: Mapping[str, Any]
    training: Mapping[str, Any]
    notes: Sequence[str] = field(default=())


def make(data: Mapping[str, Any], description: str, notes: Sequence[str] = ()) -> Template:
    """Return a template that fits data.

    Args:
        data: the keys of `data`, with an absolute path.
        description: in a sentence.
        notes: lines for the head of the file.

    Raises:
        DataError: with what is wrong with the data.
    """
    chosen = Data.model_validate(data)
    info = datasets.find_info(chosen)
    if info is None:
        raise datasets.find_problem(chosen) or DataError("can't be read")
    loss, is_regression = _find_loss(info)
    if chosen.name == "image_folder":
        data = {**data, "image_size": IMAGE_SIZE}
    if is_regression:
        data = {**data, "normalize_target": "standardize"}
    # Few examples make few updates in an epoch.
    size = 16 if info.train < 1_000 else 32 if info.train < 4_000 else 100
    return Template(
        description,
        data,
        _network(chosen, info, loss),
        loss,
        {"name": "adam", "learning_rate": 0.003 if chosen.is_table and size < 100 else 0.001},
        {
            "batch_size": size,
            "epochs": 20 if size == 100 else 40,
            "early_stopping": {"patience": 5 if size == 100 else 10},
        },
        notes,
    )


def describe(data: Mapping[str, Any]) -> str:
    """Return the description of a config on a table."""
    targets = data["target"] if isinstance(data["target"], list) else [data["target"]]
    names = printable(" ".join(", ".join(targets).split()))
    by = f" of {printable(' '.join(str(data['text']).split()))}" if "text" in data else ""
    return f"{names}{by}, from {printable(Path(data['path']).name)}"[:200]


def _find_loss(info: DatasetInfo) -> tuple[str, bool]:
    """Return the loss that fits the targets, and whether they are numbers."""
    if info.targets == "labels":
        return "binary_crossentropy", False
    is_regression = info.targets == "numbers" or (info.distinct or 0) > MOST_CLASSES
    return ("mean_squared_error", True) if is_regression else ("categorical_crossentropy", False)


def _network(data: Data, info: DatasetInfo, loss: str) -> dict[str, Any]:
    last = {
        "mean_squared_error": ("linear", info.columns),
        "binary_crossentropy": ("sigmoid", info.columns),
    }
    activation, units = last.get(loss, ("softmax", info.classes or 1))
    output = {"type": "dense", "units": units, "activation": activation}
    if data.is_text:
        tokens = {"type": "embedding", "input_dim": info.tokens, "output_dim": 16}
        return {"layers": [tokens, {"type": "gru", "units": 16}, output]}
    if data.name == "image_folder":
        same = {"kernel_size": 3, "padding": "same", "activation": "relu"}
        pool = {"type": "max_pooling2d", "pool_size": 2}
        layers = [
            {"type": "conv2d", "filters": 16, **same},
            pool,
            {"type": "conv2d", "filters": 32, **same},
            pool,
            {"type": "flatten"},
            {"type": "dense", "units": 64, "activation": "relu"},
        ]
        return {"layers": [*layers, output]}
    return {
        "depth": 2,
        "units": 32 if data.is_table else 200,
        "activation": "relu",
        "normalization": "none",
        "dropout": 0.0,
    }


def render(template: Template, file: str, schema: str) -> str:
    """Return the text of a config.

    Args:
        template: what it says.
        file: its name, for the commands in its head.
        schema: of configs, relative to the file.
    """
    head = [
        f"yaml-language-server: $schema={schema}",
        f"kerasdemo check {file}    # finds faults without training",
        f"kerasdemo run {file}      # trains it, and says what to change",
        f"An editor with YAML support completes and explains every key, by {schema}.",
        *template.notes,
    ]
    values = {
        "description": template.description,
        "seed": 0,
        "data": dict(template.data),
        "network": dict(template.network),
        "loss": template.loss,
        "optimizer": dict(template.optimizer),
        "training": dict(template.training),
    }
    lines = [f"# {printable(' '.join(line.split(chr(10))))}" for line in head]
    for key, value in values.items():
        lines += _lines(RunConfig, key, value, ())
    return "\n".join(lines) + "\n"


def check(text: str, file: Path) -> RunConfig:
    """Return the config that a text is, as if it were in a file.

    Raises:
        InputError: where it is none; a fault names its line.
    """
    return loading.parse(text, str(file))


def _lines(kind: type[BaseModel] | None, key: str, value: Any, above: tuple[str, ...]) -> list[str]:
    """Return the lines of a key, with those of the keys below it."""
    indent = "  " * len(above)
    comment = _comment(kind, key, above)
    if isinstance(value, Mapping):
        inner = _section(kind, key)
        below = [_lines(inner, name, one, (*above, key)) for name, one in value.items()]
        lines = [
            _with_comment(f"{indent}{key}:", comment),
            *(line for one in below for line in one),
        ]
        return lines if above else ["", *lines]
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        items = [f"{indent}  - {_flow(item)}" for item in value]
        return [_with_comment(f"{indent}{key}:", comment), *items]
    line = _with_comment(f"{indent}{key}: {_flow(value)}", comment)
    return [line] if above or key == "seed" else ["", line] if key == "loss" else [line]


def _with_comment(line: str, comment: str) -> str:
    """Return a line with its comment behind it, or above it where it is long."""
    if not comment:
        return line
    beside = f"{line:<{COMMENTS_AT}}  # {comment}"
    if len(beside) <= WIDTH:
        return beside
    indent = line[: len(line) - len(line.lstrip())]
    return f"{indent}# {comment}\n{line}"


def _comment(kind: type[BaseModel] | None, key: str, above: tuple[str, ...]) -> str:
    """Return in a line what a key is for: the first words of its field's docstring."""
    own = COMMENTS.get(".".join((*above, key)))
    if own is not None:
        return own
    found = kind.model_fields.get(key) if kind is not None else None
    text = " ".join((found.description or "").split()) if found is not None else ""
    return re.split(r"; | \(left out|, or null", text)[0]


def _section(kind: type[BaseModel] | None, key: str) -> type[BaseModel] | None:
    """Return the type of a section, where it is one."""
    found = kind.model_fields.get(key) if kind is not None else None
    inner = found.annotation if found is not None else None
    return inner if isinstance(inner, type) and issubclass(inner, BaseModel) else None


def _flow(value: Any) -> str:
    """Return a value in one line of YAML."""
    text: str = yaml.dump(
        [value],
        Dumper=StrictDumper,
        default_flow_style=True,
        allow_unicode=True,
        sort_keys=False,
        width=float("inf"),
    )
    return text.strip()[1:-1]


def kind_of(path: Path) -> str:
    """Return the name of the data set that a file or folder is.

    Raises:
        DataError: for another file.
    """
    if path.is_dir():
        return "image_folder"
    suffix = path.suffix.lower().removeprefix(".")
    if suffix in TABLES:
        return suffix
    if suffix == "npz":
        return "file"
    if not path.exists():
        raise DataError("no such file or folder")
    raise DataError(
        "expected a .csv, .parquet or .npz file, or a folder with a folder for each class"
    )
