"""A run as it is read back: config, history, layer statistics, facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import Any

from kerasdemo.config import Fault, InputError, RunConfig, loading
from kerasdemo.config.errors import near
from kerasdemo.config.layers import Layer
from kerasdemo.records import network, reading
from kerasdemo.records.folder import RunFolder
from kerasdemo.records.schema import METRICS


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
    `built`: what network.json lists; empty for runs recorded before there was one.
    """

    config: RunConfig
    history: History
    layers: Mapping[str, LayerHistory] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None
    sanity_checks: Mapping[str, Any] = field(default_factory=dict)
    times: tuple[float, ...] = ()
    built: tuple[Layer, ...] = ()

    def __repr__(self) -> str:
        epochs = self.history.epochs
        return f"Run({self.id}: {self.status}, {epochs} epoch{'s' * (epochs != 1)})"

    @property
    def id(self) -> str:
        """The folder's name, or the config's."""
        return self.path.name if self.path else self.config.name

    @cached_property
    def network(self) -> tuple[Layer, ...]:
        """The layers as built, from input to output; of older records, as the config has them."""
        return self.built or network.declared(self.config, self.facts)

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
            loading.recorded(folder.config_file),
            History(**reading.read_metrics(folder.metrics_file)),
            {
                name: LayerHistory(**statistics)
                for name, statistics in reading.read_layers(folder.layers_file).items()
            },
            reading.read_facts(folder.run_file),
            folder.path,
            reading.read_sanity_checks(folder.sanity_checks_file),
            reading.read_times(folder.times_file),
            network.read(folder.network_file) if folder.network_file.exists() else (),
        )
    except InputError:
        raise
    except (OSError, ValueError) as error:
        message = f"damaged: {reading.problem(error, folder.path)}"
        raise InputError(Fault(message, str(path))) from None


def _no_run(path: Path) -> str:
    if not path.exists():
        names = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        return f"no such run folder{near(path.name, names)}"
    return "no run folder: it has no config.yaml; `kerasdemo list` shows the runs there are"
