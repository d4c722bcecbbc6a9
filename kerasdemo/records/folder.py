"""The folder of one run: where its files are, and how they are written while it trains.

Facts, each written once:
    config.yaml: the complete config; of a run from Python setup.json (`setup.Setup`).
    network.json: the layers as built, from input to output, with their shapes (`network`).
    metrics.csv: a row per epoch, from 1: losses in the unit of the config's loss, accuracies as
        shares from 0 to 1, learning rate, changes of the validation examples (`run.History`); then
        the config's `metrics`.
    times.csv: a row per epoch: seconds of training alone, without evaluation and saving.
    layers.csv: a row per epoch and layer that has a kernel (`run.LayerHistory`).
    model.keras: the network with the weights of the kept epoch.
    predictions.json: what these weights predict of the test set; of a run from Python of the
        validation examples (`predictions`).
    run.json: written last: status, kept epoch, test metrics, data, seconds (`schema.Facts`).
    sanity_checks.json: results of `diagnose --sanity-checks` (`schema.SanityChecks`); in older
        folders probe.json.
Derived, safe to delete: verdict.json (`verdict.Verdict`), curves.png, layers.png, errors.png
(`kerasdemo errors`), report.html (`kerasdemo report`), which is beside the runs of an experiment,
too.
A person's own: tags.json (`kerasdemo tag`); training a run again leaves it as it is.
Only while a run trains, or after an interruption: checkpoint.npz.
Beside the runs of an experiment: sweep.json (`experiment_record.ExperimentRecord`). Beside any
runs: .index.jsonl, the cache of their list, .<run>.lock, .tags.lock, and .trash (`trash`).

Each file appears whole or not at all; of the CSV files, to which each epoch adds rows, a crash can
cut off the last line.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from kerasdemo.config import Fault, InputError, RunConfig
from kerasdemo.config.document import dump
from kerasdemo.records import files, setup
from kerasdemo.records.reading import OLDER_SANITY_CHECKS, read_facts
from kerasdemo.records.schema import METRICS, STATISTICS
from kerasdemo.records.setup import Setup


def run_id(config: RunConfig, data: Mapping[str, object]) -> str:
    """Return `<name>-<8 hex digits>`, the name of a run's folder.

    The digits depend on the complete settings and on the data that is really used, not on the run's
    name and description or on where the data is.

    Args:
        data: the fingerprint of the data: source and sha256.
    """
    settings = config.settings
    # The order of the file was the only one before there was `shuffle`.
    ignored = {"path"} if settings["data"].get("shuffle") else {"path", "shuffle"}
    settings["data"] = {k: v for k, v in settings["data"].items() if k not in ignored}
    content = {"settings": settings, "source": data["source"], "sha256": data["sha256"]}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"{config.name}-{hashlib.sha256(text.encode()).hexdigest()[:8]}"


# Files that are made again from the others.
DERIVED = frozenset({"verdict.json", "curves.png", "layers.png", "errors.png", "report.html"})


@dataclass(frozen=True)
class _File:
    """The path of a file in a run's folder: `folder.run_file`."""

    name: str

    def __get__(self, folder: "RunFolder", _: type) -> Path:
        return folder.path / self.name


@dataclass(frozen=True)
class RunFolder:
    """The folder of one run, which may not exist yet."""

    path: Path

    config_file = _File("config.yaml")
    setup_file = _File("setup.json")
    network_file = _File("network.json")
    run_file = _File("run.json")
    metrics_file = _File("metrics.csv")
    times_file = _File("times.csv")
    layers_file = _File("layers.csv")
    model_file = _File("model.keras")
    predictions_file = _File("predictions.json")
    verdict_file = _File("verdict.json")
    sanity_checks_file = _File("sanity_checks.json")
    curves_file = _File("curves.png")
    layer_plot_file = _File("layers.png")
    errors_file = _File("errors.png")
    report_file = _File("report.html")
    tags_file = _File("tags.json")
    checkpoint_file = _File("checkpoint.npz")

    @property
    def kept_names(self) -> frozenset[str]:
        """The names of its files that can't be made again from others."""
        own = (one.name for one in vars(RunFolder).values() if isinstance(one, _File))
        return frozenset(own) - DERIVED

    @property
    def lock_file(self) -> Path:
        # Beside the folder, so that deleting a run's folder does not break its lock.
        return self.path.parent / f".{self.path.name}.lock"

    @property
    def is_run(self) -> bool:
        """Whether a run was begun here."""
        return self.config_file.is_file() or self.setup_file.is_file()

    @property
    def status(self) -> str | None:
        """The status in run.json; None for a run that is being trained or was cut off."""
        try:
            return read_facts(self.run_file).get("status")
        except (OSError, ValueError):
            return None  # damaged: the run is trained again

    @property
    def is_complete(self) -> bool:
        """Whether the run has ended by itself, so that training it again would give the same."""
        return self.status in ("finished", "diverged", "failed")

    def create(self, asked: RunConfig | Setup) -> None:
        """Make the folder and write config.yaml, or setup.json for a run from Python.

        Raises:
            InputError: where the results folder can't be written to.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            if isinstance(asked, Setup):
                setup.write(self.setup_file, asked)
            else:
                files.write_text(self.config_file, dump(asked.resolved))
        except (PermissionError, NotADirectoryError, FileExistsError) as error:
            raise InputError(
                Fault(f"results can't be written here: {error.strerror}", str(self.path.parent))
            ) from None

    def clear(self) -> None:
        """Delete everything that a training wrote, but no other files in the folder."""
        for file in (
            self.run_file,  # first: from here on the run counts as not finished
            self.network_file,
            self.metrics_file,
            self.times_file,
            self.layers_file,
            self.model_file,
            self.predictions_file,
            self.verdict_file,
            self.sanity_checks_file,
            self.path / OLDER_SANITY_CHECKS,
            self.checkpoint_file,
            self.curves_file,
            self.layer_plot_file,
            self.errors_file,
            self.report_file,
        ):
            file.unlink(missing_ok=True)

    def reopen(self, epochs: int, layers: int) -> None:
        """Prepare to resume a run: delete the results of its end and the rows of later epochs.

        Args:
            epochs: whole epochs that were trained; with 0, everything is deleted.
            layers: rows per epoch in layers.csv.
        """
        self.run_file.unlink(missing_ok=True)
        self.predictions_file.unlink(missing_ok=True)
        if epochs == 0:
            self.clear()
        for file, rows, _ in self._tables(epochs, layers):
            if file.exists():
                lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
                files.write_text(file, "".join(lines[: rows + 1]))

    def has_epochs(self, epochs: int, layers: int) -> bool:
        """Return whether metrics.csv, times.csv and layers.csv hold so many whole epochs."""
        for file, rows, header in self._tables(epochs, layers):
            try:
                text = files.read_text(file, files.MAX_TABLE_BYTES)
            except (OSError, ValueError):
                return False
            if not text.startswith(header) or text.count("\n") < rows + 1:
                return False
        return True

    def _tables(self, epochs: int, layers: int) -> tuple[tuple[Path, int, str], ...]:
        """Return each CSV file, its rows after so many epochs, and how its header begins."""
        return (
            (self.metrics_file, epochs, "epoch,loss"),
            (self.times_file, epochs, "epoch,training_seconds"),
            (self.layers_file, epochs * layers, "epoch,layer"),
        )

    def add_epoch(self, epoch: int, row: Mapping[str, float]) -> None:
        """Append the metrics of one epoch (from 1) to metrics.csv."""
        columns = [name for name in METRICS if name in row]
        columns += [name for name in row if name not in METRICS]
        _append(self.metrics_file, ("epoch", *columns), [(epoch, *(row[c] for c in columns))])

    def add_time(self, epoch: int, seconds: float) -> None:
        """Append the seconds of training of one epoch (from 1) to times.csv."""
        _append(self.times_file, ("epoch", "training_seconds"), [(epoch, round(seconds, 6))])

    def add_layers(self, epoch: int, layers: Mapping[str, Mapping[str, float]]) -> None:
        """Append layer -> statistic -> value of one epoch (from 1) to layers.csv."""
        rows = [(epoch, name, *(values[s] for s in STATISTICS)) for name, values in layers.items()]
        _append(self.layers_file, ("epoch", "layer", *STATISTICS), rows)

    def finish(self, facts: Mapping[str, object]) -> None:
        """Write run.json, which ends the run, and delete the checkpoint if it can't be resumed."""
        files.write_json(self.run_file, facts)
        if facts["status"] != "interrupted":
            self.checkpoint_file.unlink(missing_ok=True)


def _append(file: Path, header: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    lines = [] if file.exists() else [",".join(header)]
    # Nine digits give back every float32 exactly.
    lines += [",".join(f"{c:.9g}" if isinstance(c, float) else str(c) for c in r) for r in rows]
    # One write for all rows, so that a crash can cut off at most the last line.
    with file.open("a", encoding="utf-8", newline="\n") as handle:
        handle.write("".join(line + "\n" for line in lines))
