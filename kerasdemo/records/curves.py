"""A run from its curves alone: those of a Keras History, or of a CSV file that CSVLogger wrote.

Keras' training curve is a running average over the epoch, with dropout on: it lies below what the
network does at the end of the epoch, and a note says so.
"""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from kerasdemo.config import Fault, InputError
from kerasdemo.config.data_types import Task
from kerasdemo.config.errors import shown
from kerasdemo.records import files
from kerasdemo.records.run import History, Run
from kerasdemo.records.schema import SHARES
from kerasdemo.records.setup import Setup

UNKNOWN = "unknown"
# Keras' names of a metric -> ours, and the task that it is of.
METRICS: Mapping[str, tuple[str, Task]] = {
    "accuracy": ("accuracy", "classification"),
    "acc": ("accuracy", "classification"),
    "categorical_accuracy": ("accuracy", "classification"),
    "sparse_categorical_accuracy": ("accuracy", "classification"),
    "binary_accuracy": ("accuracy", "binary"),
    "auc": ("auc", "binary"),
    "r2_score": ("r2", "regression"),
}
RATES = ("learning_rate", "lr")
# What CSVLogger writes where an epoch has no value.
MISSING = "NA"
RUNNING_AVERAGE = (
    "The training curve is Keras' running average over each epoch, with dropout on: "
    "kerasdemo.Recorder(x, y) measures it at the end of the epoch."
)
ONLY_CURVES = (
    "From curves alone: layers, optimizer and data are not known, so causes can't be told apart; "
    "kerasdemo.fit or kerasdemo.Recorder(x, y) records them."
)

ONLY_MODEL = (
    "From the model and its curves alone: data and layer statistics are not known, so some causes "
    "can't be told apart; kerasdemo.fit or kerasdemo.Recorder(x, y) records them."
)


def from_history(
    curves: Mapping[str, Sequence[float]], name: str, setup: Setup | None = None
) -> Run:
    """Return the run that `History.history` tells of.

    Args:
        curves: metric -> value by epoch, by Keras' names.
        name: of the run, for messages.
        setup: what else is known of the training; its task counts, its notes do not.

    Raises:
        InputError: where there is no loss, or a curve is not one number an epoch.
    """
    if "loss" not in curves:
        names = ", ".join(map(str, curves)) or "nothing"
        raise InputError(Fault(f"no curve named loss; got {names}", name))
    found: dict[str, tuple[float, ...]] = {}
    tasks: list[Task] = []
    for key, values in curves.items():
        prefix = "val_" if str(key).startswith("val_") else ""
        base = str(key).removeprefix("val_")
        known, task = METRICS.get(base, (base, None))
        if base in RATES:
            known = "learning_rate"
        elif known != "loss" and base not in METRICS:
            continue
        if task is not None:
            tasks.append(task)
        found.setdefault(f"{prefix}{known}", _numbers(str(key), values, name))
    epochs = {len(values) for key, values in found.items() if key in ("loss", "accuracy", "r2")}
    if len(epochs) != 1:
        raise InputError(Fault(f"curves of different lengths: {sorted(epochs)} epochs", name))
    for key in SHARES:
        wrong = [v for v in found.get(key, ()) if math.isfinite(v) and not 0 <= v <= 1]
        if wrong:
            problem = f"{key} is {wrong[0]:g}; expected a share of examples from 0 to 1"
            raise InputError(Fault(problem, name))
    if setup is not None:
        setup = replace(setup, notes=(ONLY_MODEL, RUNNING_AVERAGE))
    else:
        unknown = {"name": UNKNOWN}
        task = tasks[0] if tasks else "other"
        notes = (ONLY_CURVES, RUNNING_AVERAGE)
        setup = Setup(name, unknown, unknown, task=task, epochs=epochs.pop(), notes=notes)
    facts = {"status": "finished" if all(map(math.isfinite, found["loss"])) else "diverged"}
    return Run(None, History.of_columns(found), facts=facts, declared=setup)


def from_csv(path: Path) -> Run:
    """Return the run that a CSV file of curves tells of: a header, then a row for each epoch.

    Raises:
        InputError: where it is not such a file.
    """
    try:
        text = files.read_text(path, files.MAX_TABLE_BYTES)
    except (OSError, ValueError) as error:
        problem = error.strerror if isinstance(error, OSError) else str(error)
        raise InputError(Fault(problem or "can't be read", str(path))) from None
    lines = text.splitlines()
    header = lines[0] if lines else ""
    separator = max((",", ";", "\t"), key=header.count)
    try:
        rows = [row for row in csv.reader(lines, delimiter=separator, strict=True) if row]
        columns = {name.strip(): cells for name, *cells in zip(*rows, strict=True)}
    except (csv.Error, ValueError):
        problem = "not a CSV file of curves; expected a header and a row for each epoch"
        raise InputError(Fault(problem, str(path))) from None
    curves = {}
    for name, cells in columns.items():
        try:
            curves[name] = [math.nan if cell == MISSING else float(cell) for cell in cells]
        except ValueError as error:
            if name in ("loss", "val_loss") or name.removeprefix("val_") in METRICS:
                raise InputError(Fault(f"column {shown(name)}: {error}", str(path))) from None
    return from_history(curves, path.stem)


def _numbers(key: str, values: object, name: str) -> tuple[float, ...]:
    try:
        return tuple(float(value) for value in values)  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        problem = f"{key} is {shown(values)}; expected a number for each epoch"
        raise InputError(Fault(problem, name)) from None
