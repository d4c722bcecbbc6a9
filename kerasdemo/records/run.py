"""A run as it is read back: config, history, layer statistics, facts."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

from kerasdemo.config import Fault, InputError, RunConfig, recorded
from kerasdemo.config.errors import near
from kerasdemo.records.folder import METRICS, STATISTICS, RunFolder


@dataclass(frozen=True)
class History:
    """Curves by epoch, from epoch 1: one number an epoch, or empty where it was not measured.

    `loss` and `accuracy` are of the training set in inference mode at the end of each epoch.

    The last four compare the same validation examples now and in the epoch of the lowest
    validation loss so far: the mean rise of their loss (without penalties), its standard error
    over the pairs (NaN where the loss is not an example's own, as Dice's), and how many that were
    right are wrong now, and the reverse.
    """

    loss: tuple[float, ...] = ()
    accuracy: tuple[float, ...] = ()
    val_loss: tuple[float, ...] = ()
    val_accuracy: tuple[float, ...] = ()
    learning_rate: tuple[float, ...] = ()
    val_loss_rise: tuple[float, ...] = ()
    val_loss_rise_error: tuple[float, ...] = ()
    val_newly_wrong: tuple[float, ...] = ()
    val_newly_right: tuple[float, ...] = ()

    @property
    def epochs(self) -> int:
        """Whole epochs that were trained."""
        return len(self.loss)

    def row(self, epoch: int) -> dict[str, float]:
        """Return every metric of one epoch (from 1)."""
        return {m: getattr(self, m)[epoch - 1] for m in METRICS if getattr(self, m)}


@dataclass(frozen=True)
class LayerHistory:
    """Statistics of one layer by epoch, on the fixed probe set.

    gradient_norm, weight_norm: L2 norms of the kernel's gradient and of the kernel.
    update_ratio: L2 norm of the epoch's change of the kernel over the kernel's norm before it.
    dead: share of units that fire for no example. saturated: share of unit outputs where the
    activation is flat.
    """

    gradient_norm: tuple[float, ...] = ()
    weight_norm: tuple[float, ...] = ()
    update_ratio: tuple[float, ...] = ()
    dead: tuple[float, ...] = ()
    saturated: tuple[float, ...] = ()


@dataclass(frozen=True, repr=False)
class Run:
    """One run: what was asked, what happened, and what short experiments found out later.

    `times`: seconds of training alone, by epoch; empty for runs recorded before there were any.
    """

    config: RunConfig
    history: History
    layers: Mapping[str, LayerHistory] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None
    probe: Mapping[str, Any] = field(default_factory=dict)
    times: tuple[float, ...] = ()

    def __repr__(self) -> str:
        epochs = self.history.epochs
        return f"Run({self.id}: {self.status}, {epochs} epoch{'s' * (epochs != 1)})"

    @property
    def id(self) -> str:
        """The folder's name, or the config's."""
        return self.path.name if self.path else self.config.name

    @property
    def status(self) -> str:
        """finished, diverged, interrupted, failed; unfinished where run.json is not there."""
        return str(self.facts.get("status", "unfinished"))

    @property
    def kept_epoch(self) -> int | None:
        """The epoch (from 1) whose weights the run ended with; None before the first is whole."""
        # Older records name it only where it is not the last.
        return self.facts.get("kept_epoch") or self.history.epochs or None

    @property
    def epoch_seconds(self) -> float | None:
        """Median seconds of an epoch's training, without the first, which contains compiling.

        With compiling where there is only one epoch; None where no times were recorded.
        """
        return median(self.times[1:] or self.times) if self.times else None

    @cached_property
    def folder(self) -> RunFolder:
        """The run's folder; only for a run that was read from one."""
        if self.path is None:
            raise ValueError("this run was not read from a folder")
        return RunFolder(self.path)


def read(path: str | Path) -> Run:
    """Read a run's folder; a run that is still training, or was cut off, reads as far as it got.

    Raises:
        InputError: where the folder is no run's, or its files can't be read.
    """
    folder = RunFolder(Path(path))
    if not folder.config_file.is_file():
        raise InputError(Fault(_no_run(folder.path), str(path)))
    try:
        return Run(
            recorded(folder.config_file),
            _history(folder.metrics_file),
            _layers(folder.layers_file),
            _facts(folder.run_file),
            folder.path,
            _probe(folder.probe_file),
            _times(folder.times_file),
        )
    except InputError:
        raise
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        # A damaged file can break anywhere: garbage bytes, a short row, another header.
        raise InputError(Fault(f"damaged: {type(error).__name__}: {error}", str(path))) from None


def _no_run(path: Path) -> str:
    if not path.exists():
        names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        return f"no such run folder{near(path.name, names)}"
    return "no run folder: it has no config.yaml; `kerasdemo list` shows the runs there are"


def _facts(file: Path) -> dict[str, Any]:
    if not file.exists():
        return {}
    try:
        facts = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InputError(Fault(f"not valid JSON: {error}", str(file))) from None
    if not isinstance(facts, dict) or not isinstance(facts.get("status"), str):
        raise InputError(Fault("no run record: `status` is missing", str(file)))
    for name in ("data", "final", "best", "test"):
        if not isinstance(facts.get(name) or {}, dict):
            raise InputError(Fault(f"no run record: `{name}` is no mapping", str(file)))
    return facts


def _probe(file: Path) -> dict[str, Any]:
    """Return what was probed; a damaged file counts as none, for it can be probed again."""
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _history(file: Path) -> History:
    rows = _rows(file)
    return History(**{m: _column(rows, m, file) for m in METRICS if rows and m in rows[0]})


def _times(file: Path) -> tuple[float, ...]:
    return _column(_rows(file), "training_seconds", file)


def _layers(file: Path) -> dict[str, LayerHistory]:
    by_layer: dict[str, list[dict[str, str]]] = {}
    for row in _rows(file):
        by_layer.setdefault(row["layer"], []).append(row)
    return {
        name: LayerHistory(**{s: _column(rows, s, file) for s in STATISTICS})
        for name, rows in by_layer.items()
    }


def _rows(file: Path) -> list[dict[str, str]]:
    if not file.exists():
        return []
    text = file.read_text(encoding="utf-8")
    # A crash can cut off the last line: without its end it is no whole row.
    return list(csv.DictReader(text[: text.rfind("\n") + 1].splitlines()))


def _column(rows: list[dict[str, str]], name: str, file: Path) -> tuple[float, ...]:
    try:
        return tuple(float(row[name]) for row in rows)
    except (KeyError, ValueError) as error:
        raise InputError(Fault(f"column {name}: {error}", str(file))) from None
