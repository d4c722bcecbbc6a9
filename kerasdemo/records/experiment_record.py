"""sweep.json, beside the runs of an experiment: its claims, and each run's label and values."""

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from kerasdemo.records import files
from kerasdemo.records.schema import Record, Text, check

FILE = "sweep.json"


class RunEntry(Record):
    """A run of an experiment: its label, and what sets it apart, dotted path -> value."""

    label: str
    values: dict[str, Any]
    seed: Annotated[int, Field(ge=0, lt=2**31)]


class ExperimentRecord(Record):
    """The content of sweep.json. runs: name of the run's folder -> entry."""

    name: Text = None
    question: Text = None
    source: Text = None
    claims: list[dict[str, Any]] | None = None
    runs: dict[str, RunEntry]


def read_experiment_record(folder: Path) -> ExperimentRecord:
    """Read the sweep.json of an experiment's folder.

    Raises:
        OSError, ValueError: with what is wrong in it.
    """
    return check(ExperimentRecord, files.read_json(folder / FILE), FILE)


def find_experiment_record(folder: Path) -> ExperimentRecord | None:
    """Return the record in an experiment's folder; None where it is missing or damaged."""
    try:
        return read_experiment_record(folder)
    except (OSError, ValueError):
        return None


def write_experiment_record(folder: Path, record: ExperimentRecord) -> None:
    """Write sweep.json, whole or not at all."""
    files.write_json(folder / FILE, record.model_dump())
