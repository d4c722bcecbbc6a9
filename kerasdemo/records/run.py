"""A run as it is read back: config, history, layer statistics, facts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from kerasdemo.config import Fault, InputError, RunConfig, loading
from kerasdemo.config.errors import near
from kerasdemo.config.layers import Layer
from kerasdemo.records import network, predictions, reading, setup
from kerasdemo.records.displayed import Displayed
from kerasdemo.records.folder import RunFolder
from kerasdemo.records.schema import METRICS
from kerasdemo.records.setup import Setup

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class History:
    """Metrics by epoch, from epoch 1: one number per epoch, or empty where not measured.

    loss, accuracy: of the training set, in inference mode at the end of each epoch.
    val_loss, val_accuracy: of the validation set, the same way. Accuracies are shares, 0 to 1.
    r2, val_r2: of regression, the share of variance explained; r2_error: its standard error.
    balanced_accuracy, auc: of labels that are 0 or 1, the mean recall of both kinds and the area
    under the ROC curve.
    learning_rate: in the epoch.
    val_loss_rise: mean difference of the validation examples' losses, without penalties, between
    this epoch and the one with the lowest validation loss so far.
    val_loss_rise_error: its standard error over the pairs; NaN where examples have no loss of their
    own, as with Dice's.
    val_newly_wrong, val_newly_right: number of validation examples that were predicted right then
    and wrong now, and the reverse.
    metrics: the config's own metrics, column -> values; of validation `val_<name>`.
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
    r2: tuple[float, ...] = ()
    r2_error: tuple[float, ...] = ()
    balanced_accuracy: tuple[float, ...] = ()
    auc: tuple[float, ...] = ()
    val_r2: tuple[float, ...] = ()
    val_r2_error: tuple[float, ...] = ()
    val_balanced_accuracy: tuple[float, ...] = ()
    val_auc: tuple[float, ...] = ()
    metrics: Mapping[str, tuple[float, ...]] = field(default_factory=dict)

    @classmethod
    def of_columns(cls, columns: Mapping[str, tuple[float, ...]]) -> "History":
        """Return the history that the columns of metrics.csv hold."""
        own = {name: values for name, values in columns.items() if name not in METRICS}
        return cls(**{n: v for n, v in columns.items() if n in METRICS}, metrics=own)

    @property
    def columns(self) -> dict[str, tuple[float, ...]]:
        """The columns of metrics.csv that were measured."""
        return {m: getattr(self, m) for m in METRICS if getattr(self, m)} | dict(self.metrics)

    @property
    def epochs(self) -> int:
        """Number of whole epochs that were trained."""
        return len(self.loss)

    def row(self, epoch: int) -> dict[str, float]:
        """Return every metric of one epoch (from 1)."""
        return {name: values[epoch - 1] for name, values in self.columns.items()}

    def to_frame(self) -> Any:
        """Return a pandas DataFrame: a row for each epoch, a column for each metric measured.

        Raises:
            ImportError: where pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError:
            raise ImportError("`to_frame` needs pandas: pip install pandas") from None
        return pd.DataFrame(self.columns, index=pd.RangeIndex(1, self.epochs + 1, name="epoch"))


@dataclass(frozen=True)
class LayerHistory:
    """Statistics of one layer by epoch, on the same few training examples each time.

    gradient_norm, weight_norm: L2 norms of the kernel's gradient and of the kernel.
    update_ratio: L2 norm of the epoch's change of the kernel, divided by the kernel's norm before.
    dead: share of units with an output of about 0 for every example. saturated: share of outputs
    where the activation is flat.
    """

    gradient_norm: tuple[float, ...] = ()
    weight_norm: tuple[float, ...] = ()
    update_ratio: tuple[float, ...] = ()
    dead: tuple[float, ...] = ()
    saturated: tuple[float, ...] = ()


@dataclass(frozen=True, repr=False)
class Run(Displayed):
    """One run: what was asked for, what happened, and the results of later sanity checks.

    config: of a run from YAML; None for one from Python, which `declared` describes.
    layers: name -> statistics. facts: the content of run.json (`schema.Facts`).
    path: of the folder; None for a run that was not read from one.
    times: seconds of training alone, by epoch; empty for runs recorded before there were any.
    built: the layers in network.json; empty for runs recorded before there was one.
    declared: the setup of a run from Python.
    predictions: the content of predictions.json (`predictions`); empty where there is none.
    """

    config: RunConfig | None
    history: History
    layers: Mapping[str, LayerHistory] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    path: Path | None = None
    sanity_checks: Mapping[str, Any] = field(default_factory=dict)
    times: tuple[float, ...] = ()
    built: tuple[Layer, ...] = ()
    declared: Setup | None = None
    predictions: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        epochs = self.history.epochs
        return f"Run({self.id}: {self.status}, {epochs} epoch{'s' * (epochs != 1)})"

    @cached_property
    def setup(self) -> Setup:
        """What the training was asked to do, by YAML or in Python."""
        if self.config is not None:
            return setup.of_config(self.config)
        if self.declared is None:
            raise ValueError("a run has a config or a setup")
        return self.declared

    @property
    def yaml_config(self) -> RunConfig:
        """The config, for what only a run from YAML can do.

        Raises:
            InputError: of a run from Python.
        """
        if self.config is None:
            message = "recorded from Python: it has no config; this needs a run from YAML"
            raise InputError(Fault(message, self.id))
        return self.config

    @property
    def id(self) -> str:
        """The folder's name, or the run's."""
        return self.path.name if self.path else self.setup.name

    @cached_property
    def network(self) -> tuple[Layer, ...]:
        """The layers as built, from input to output; of older records, as the config has them."""
        if self.built or self.config is None:
            return self.built
        return network.declared(self.config, self.facts)

    @property
    def status(self) -> str:
        """finished, diverged, interrupted, failed; unfinished where run.json is missing."""
        return str(self.facts.get("status", "unfinished"))

    @cached_property
    def kept_epoch(self) -> int | None:
        """The epoch (from 1) whose weights the run ended with; None before the first is whole."""
        recorded, epochs = self.facts.get("kept_epoch"), self.history.epochs
        if recorded is not None and 1 <= recorded <= epochs:
            return int(recorded)
        stopping = self.config.training.early_stopping if self.config else None
        if not epochs or "kept_epoch" in self.facts:
            return epochs or None
        if stopping is None or not stopping.restore_best_weights:
            return epochs
        # Records of the first versions do not name it.
        values = getattr(self.history, stopping.monitor) or self.history.loss
        down = stopping.mode == "min" or (stopping.mode == "auto" and "loss" in stopping.monitor)
        return list(values).index((min if down else max)(values)) + 1

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

    def plot(self) -> "Figure":
        """Return a figure of the loss and, of a task that has one, the score by epoch."""
        from kerasdemo.display import notebook_figure

        return notebook_figure.plot_curves(self)

    @cached_property
    def model(self) -> Any:
        """The trained Keras model, loaded from the folder, with the weights of the kept epoch.

        Raises:
            InputError: where none was saved, or Keras can't load it.
        """
        from kerasdemo.training import saved_model

        return saved_model.load(self.folder.model_file)

    def predict(self, x: Any, batch_size: int | None = None) -> Any:
        """Return the outputs of the trained model for raw examples, which it prepares itself.

        Args:
            x: examples (n, *shape); of a table a DataFrame or {column: values (n,)} with its input
                columns, or an array (n, columns) of these alone. None and NaN are missing values.
            batch_size: as for Keras' `predict`.

        Raises:
            InputError: as for `model`; and where a table lacks a column, or a value is no number.
        """
        from kerasdemo.training import saved_model

        is_of_table = self.config is not None and self.config.data.is_table
        return saved_model.predict(self.model, x, batch_size, is_of_table=is_of_table)


def read(path: str | Path) -> Run:
    """Read a run's folder; of a run that still trains, or was cut off, the epochs so far.

    Raises:
        InputError: where it is not a run's folder, or a file of facts is damaged.
    """
    folder = RunFolder(Path(path))
    if not folder.is_run:
        problem = (
            "not a run folder: it has no config.yaml or setup.json; `kerasdemo list` shows the runs"
        )
        if not folder.path.exists():
            parent = folder.path.parent
            names = [other.name for other in parent.iterdir()] if parent.is_dir() else []
            problem = f"no such run folder{near(folder.path.name, names)}"
        raise InputError(Fault(problem, str(path)))
    try:
        layers = reading.read_layers(folder.layers_file)
        is_from_yaml = folder.config_file.is_file()
        config = loading.recorded(folder.config_file) if is_from_yaml else None
        columns = (*METRICS, *(setup.metric_columns(config) if config else ()))
        return Run(
            config,
            History.of_columns(reading.read_metrics(folder.metrics_file, columns)),
            {name: LayerHistory(**statistics) for name, statistics in layers.items()},
            reading.read_facts(folder.run_file),
            folder.path,
            reading.read_sanity_checks(folder.sanity_checks_file),
            reading.read_times(folder.times_file),
            network.read(folder.network_file, has_config=is_from_yaml)
            if folder.network_file.exists()
            else (),
            None if is_from_yaml else setup.read(folder.setup_file),
            predictions.read(folder.predictions_file),
        )
    except InputError:
        raise
    except (OSError, ValueError) as error:
        message = f"damaged: {reading.describe_damage(error, folder.path)}"
        raise InputError(Fault(message, str(path))) from None
