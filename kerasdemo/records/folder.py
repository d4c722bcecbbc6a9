"""The run folder while it is written: facts, each file once and whole, and rows as they come."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerasdemo.config import Fault, InputError, RunConfig
from kerasdemo.config.document import dump
from kerasdemo.records import files
from kerasdemo.records.reading import read_facts
from kerasdemo.records.schema import METRICS, STATISTICS


def run_id(config: RunConfig, data: Mapping[str, Any]) -> str:
    """Return `<name>-<8 hex>` of what is asked: the resolved settings and the data really used.

    `data` holds the fingerprint: source and sha256. Where the data lies, the run's name and its
    description don't change the question.
    """
    settings = config.settings
    # The plain order was the only one before `shuffle` was there to choose.
    plain = {"path"} if settings["data"].get("shuffle") else {"path", "shuffle"}
    settings["data"] = {k: v for k, v in settings["data"].items() if k not in plain}
    question = {"settings": settings, "source": data["source"], "sha256": data["sha256"]}
    text = json.dumps(question, sort_keys=True, separators=(",", ":"))
    return f"{config.name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run.

    Facts, written once: config.yaml, network.json, run.json, metrics.csv, times.csv, layers.csv,
    model.keras, and after sanity checks, sanity_checks.json. Derived, safe to delete: verdict.json,
    curves.png, layers.png. Only while it trains: checkpoint.npz.
    """

    path: Path

    @property
    def config_file(self) -> Path:
        return self.path / "config.yaml"

    @property
    def network_file(self) -> Path:
        return self.path / "network.json"

    @property
    def run_file(self) -> Path:
        return self.path / "run.json"

    @property
    def metrics_file(self) -> Path:
        return self.path / "metrics.csv"

    @property
    def times_file(self) -> Path:
        return self.path / "times.csv"

    @property
    def layers_file(self) -> Path:
        return self.path / "layers.csv"

    @property
    def model_file(self) -> Path:
        return self.path / "model.keras"

    @property
    def verdict_file(self) -> Path:
        return self.path / "verdict.json"

    @property
    def sanity_checks_file(self) -> Path:
        return self.path / "sanity_checks.json"

    @property
    def curves_file(self) -> Path:
        return self.path / "curves.png"

    @property
    def layer_plot_file(self) -> Path:
        return self.path / "layers.png"

    @property
    def checkpoint_file(self) -> Path:
        return self.path / "checkpoint.npz"

    @property
    def lock_file(self) -> Path:
        # Beside the folder: deleting a run's folder must not need to break its lock.
        return self.path.parent / f".{self.path.name}.lock"

    @property
    def status(self) -> str | None:
        """The status in run.json; None for a run that is being trained or was cut off."""
        try:
            return read_facts(self.run_file).get("status")
        except (OSError, ValueError):
            return None  # damaged: the run is trained again

    @property
    def is_complete(self) -> bool:
        """Whether the run has its result: training it again would give the same."""
        return self.status in ("finished", "diverged", "failed")

    def create(self, config: RunConfig) -> None:
        """Make the folder and write config.yaml.

        Raises:
            InputError: where the results folder can't be written to.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            files.write_text(self.config_file, dump(config.resolved))
        except (PermissionError, NotADirectoryError, FileExistsError) as error:
            raise InputError(
                Fault(f"results can't be written here: {error.strerror}", str(self.path.parent))
            ) from None

    def clear(self) -> None:
        """Delete everything that a training wrote, but not the folder's foreign files."""
        for file in (
            self.run_file,  # first: from here on the run counts as not finished
            self.network_file,
            self.metrics_file,
            self.times_file,
            self.layers_file,
            self.model_file,
            self.verdict_file,
            self.sanity_checks_file,
            self.checkpoint_file,
            self.curves_file,
            self.layer_plot_file,
        ):
            file.unlink(missing_ok=True)

    def reopen(self, epochs: int, layers: int) -> None:
        """Take up a run after `epochs` whole epochs: drop run.json and any rows behind them."""
        self.run_file.unlink(missing_ok=True)
        if epochs == 0:
            self.clear()
        for file, rows in (
            (self.metrics_file, epochs),
            (self.times_file, epochs),
            (self.layers_file, epochs * layers),
        ):
            if file.exists():
                lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
                files.write_text(file, "".join(lines[: rows + 1]))

    def has_epochs(self, epochs: int, layers: int) -> bool:
        """Return whether so many whole epochs stand in metrics.csv, times.csv and layers.csv."""
        for file, rows, first in (
            (self.metrics_file, epochs, "epoch,loss"),
            (self.times_file, epochs, "epoch,training_seconds"),
            (self.layers_file, epochs * layers, "epoch,layer"),
        ):
            try:
                text = files.read_text(file, files.MOST_ROWS)
            except (OSError, ValueError):
                return False
            if not text.startswith(first) or text.count("\n") < rows + 1:
                return False
        return True

    def add_epoch(self, epoch: int, row: Mapping[str, float]) -> None:
        """Append one epoch (from 1) to metrics.csv and flush it."""
        columns = [name for name in METRICS if name in row]
        _append(self.metrics_file, ("epoch", *columns), [(epoch, *(row[c] for c in columns))])

    def add_time(self, epoch: int, seconds: float) -> None:
        """Append one epoch's seconds of training to times.csv and flush them."""
        _append(self.times_file, ("epoch", "training_seconds"), [(epoch, round(seconds, 6))])

    def add_layers(self, epoch: int, layers: Mapping[str, Mapping[str, float]]) -> None:
        """Append one epoch's layer statistics to layers.csv and flush them."""
        rows = [(epoch, name, *(values[s] for s in STATISTICS)) for name, values in layers.items()]
        _append(self.layers_file, ("epoch", "layer", *STATISTICS), rows)

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Write run.json, which ends the run, and drop the checkpoint unless it can go on."""
        files.write_json(self.run_file, facts)
        if facts["status"] != "interrupted":
            self.checkpoint_file.unlink(missing_ok=True)


def _append(file: Path, header: Iterable[str], rows: Iterable[Iterable[Any]]) -> None:
    lines = [] if file.exists() else [",".join(header)]
    lines += [",".join(_cell(value) for value in row) for row in rows]
    # One write for all rows, so that a crash can cut off at most the last line.
    with file.open("a", encoding="utf-8", newline="\n") as handle:
        handle.write("".join(line + "\n" for line in lines))


def _cell(value: Any) -> str:
    # Nine digits give back every float32 exactly.
    return f"{value:.9g}" if isinstance(value, float) else str(value)
