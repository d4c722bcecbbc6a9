"""Event files for TensorBoard: what the files of a run's folder say, also while the run trains.

They are derived. `tensorboardX.RecordWriter` writes them, a record at a time: its SummaryWriter
hands records to a thread, and where that ends on a full disk the training would wait forever.
"""

import tempfile
import threading
import time
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from kerasdemo.config import Fault, InputError, RunConfig
from kerasdemo.diagnosis import evaluate
from kerasdemo.display import verdict_text
from kerasdemo.records import Run, RunFolder, Scalar, flatten, read
from kerasdemo.records.index import is_run
from kerasdemo.records.reading import read_settings
from kerasdemo.records.schema import METRICS, STATISTICS
from kerasdemo.records.tail import Replaced, Tail
from kerasdemo.training.reporter import Reporter

OPTION = "--tensorboard"
# The end of the names of event files; those of other programs are left alone.
SUFFIX = ".kerasdemo"
# Columns of metrics.csv that are no results of a run.
BESIDE = METRICS[METRICS.index("learning_rate") :]


class TensorBoard:
    """Event files of runs, in a folder for each run. Used from several threads.

    Scalars are `metrics/<column of metrics.csv>` and `<statistic>/<layer>` by epoch, and at the end
    `kept/<metric>` and `test/<metric>`; settings are hyperparameters, the verdict is a text. Where
    nothing more can be written, it costs a warning, but no run.

    Args:
        directory: made where it is missing.
        settings: dotted paths of a config that are its hyperparameters; None: all of them.

    Raises:
        InputError: where the directory can't be written to, or tensorboardX is not installed.
    """

    def __init__(self, directory: Path, settings: Iterable[str] | None = None):
        if find_spec("tensorboardX") is None:
            message = 'needs tensorboardX: pip install "kerasdemo[tensorboard]"'
            raise InputError(Fault(message, OPTION))
        try:
            directory.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=directory):
                pass
        except (FileExistsError, NotADirectoryError):
            message = "is a file, or lies below one; expected a folder for TensorBoard"
            raise InputError(Fault(message, str(directory))) from None
        except OSError as error:
            message = f"can't be written to: {error.strerror}; expected a folder for TensorBoard"
            raise InputError(Fault(message, str(directory))) from None
        if is_run(directory) or any(map(is_run, directory.iterdir())):
            message = "holds runs; expected a folder of its own for TensorBoard"
            raise InputError(Fault(message, str(directory)))
        self._directory = directory.resolve()
        self._settings = None if settings is None else tuple(settings)
        self._lock = threading.Lock()
        self._runs: dict[Path, _Events] = {}
        self._is_broken = False

    def begin(self, folder: RunFolder) -> None:
        """Begin anew with a run, which starts or is resumed."""
        with self._lock:
            self._close(folder)

    def update(self, folder: RunFolder) -> None:
        """Write what is new in a run's folder."""
        with self._lock:
            self._write(folder, has_ended=False)

    def end(self, folder: RunFolder) -> None:
        """Write what is new in a run's folder, its final metrics and its verdict."""
        with self._lock:
            self._write(folder, has_ended=True)
            self._close(folder)

    def close(self) -> None:
        """Close the files of runs that have not ended."""
        with self._lock:
            for path in list(self._runs):
                self._close(RunFolder(path))

    def follow(self, other: Reporter | None = None) -> Reporter:
        """Return a reporter that keeps a run's events up to date, after it has told another one."""
        return _Follower(self, other)

    def _write(self, folder: RunFolder, *, has_ended: bool) -> None:
        if self._is_broken or not folder.is_run:
            return
        try:
            for _ in range(2):
                events = self._runs.get(folder.path)
                if events is None:
                    events = _Events(folder, self._directory / folder.path.name, self._settings)
                    self._runs[folder.path] = events
                try:
                    events.update()
                    break
                except Replaced:  # another process has begun with the run again
                    self._close(folder)
            if has_ended and folder.path in self._runs:
                self._runs[folder.path].end()
        except (OSError, ValueError) as error:
            self._is_broken = isinstance(error, OSError)
            reason = error.strerror if isinstance(error, OSError) else error
            place = self._directory if self._is_broken else folder.path
            warnings.warn(f"{place}: no more events for TensorBoard: {reason}", stacklevel=4)

    def _close(self, folder: RunFolder) -> None:
        events = self._runs.pop(folder.path, None)
        if events is not None:
            events.close()


class _Events:
    """The event file of one run; those of former trainings of the same run are deleted.

    Args:
        folder: the run's.
        directory: of the event file.
        settings: as for TensorBoard.
    """

    def __init__(self, folder: RunFolder, directory: Path, settings: Sequence[str] | None):
        from tensorboardX import RecordWriter, summary
        from tensorboardX.proto import event_pb2

        self._summary = summary
        self._event = event_pb2.Event
        self._folder = folder
        self._tails = {
            "metrics": Tail(folder.metrics_file, ("epoch", "loss")),
            "layers": Tail(folder.layers_file, ("epoch", "layer")),
        }
        directory.mkdir(exist_ok=True)
        for file in directory.glob(f"events.out.tfevents.*{SUFFIX}"):
            file.unlink()
        name = f"events.out.tfevents.{time.time():.6f}{SUFFIX}"
        self._writer = RecordWriter(str(directory / name))
        self._add(file_version="brain.Event:2")
        # A TensorBoard that is open forgets what it has read of the deleted files.
        self._add(session_log={"status": "START"})
        self._hyperparameters = _hyperparameters(folder, settings)
        if self._hyperparameters:
            _, start, self._end = summary.hparams(self._hyperparameters, {})
            self._add(summary=start)
        self._flush()

    def update(self) -> None:
        """Write the epochs that are new."""
        scalars: dict[int, dict[str, float]] = {}
        for kind, tail in self._tails.items():
            while rows := tail.read():
                for row in rows:
                    epoch = int(row["epoch"])
                    scalars.setdefault(epoch, {}).update(_scalars(kind, row))
        for epoch, values in sorted(scalars.items()):
            self._add_scalars(epoch, values)
        if scalars:
            self._flush()

    def end(self) -> None:
        """Write the final metrics and the verdict."""
        run = read(self._folder.path)
        finals = {
            f"{part}/{name}": float(value)
            for part in ("kept", "test")
            for name, value in (run.facts.get(part) or {}).items()
            if isinstance(value, int | float) and name not in BESIDE
        }
        self._add_scalars(run.kept_epoch or 0, finals)
        text = self._summary.text("verdict", _verdict(run))
        text.value[0].tag = "verdict"
        self._add(summary=text)
        if self._hyperparameters:
            # The columns of the table: without them it would have one for each layer's statistics.
            columns, _, _ = self._summary.hparams(self._hyperparameters, finals)
            self._add(summary=columns)
            self._add(summary=self._end)
        self._flush()

    def close(self) -> None:
        self._writer.close()

    def _add_scalars(self, step: int, scalars: Mapping[str, float]) -> None:
        values = [{"tag": tag, "simple_value": value} for tag, value in scalars.items()]
        self._add(step=step, summary={"value": values})

    def _add(self, **content: Any) -> None:
        self._writer.write(self._event(wall_time=time.time(), **content).SerializeToString())

    def _flush(self) -> None:
        self._writer.flush()


def _hyperparameters(folder: RunFolder, settings: Sequence[str] | None) -> dict[str, Scalar]:
    """Return the settings that are hyperparameters, of those that the run has."""
    if folder.config_file.is_file():
        known = read_settings(folder.config_file)[1]
    else:
        known = read(folder.path).setup.as_settings()
    if settings is None:
        return {key: value for key, value in known.items() if value is not None}
    return {key: "null" if known[key] is None else known[key] for key in settings if key in known}


def _scalars(kind: str, row: Mapping[str, str]) -> dict[str, float]:
    """Return the numbers in a row of metrics.csv or layers.csv by their tags."""
    if kind == "layers":
        return {f"{name}/{row['layer']}": float(row[name]) for name in STATISTICS if name in row}
    return {f"metrics/{name}": float(cell) for name, cell in row.items() if name != "epoch"}


def _verdict(run: Run) -> str:
    """Return a run's verdict as Markdown: lines as they are, whatever is in them."""
    verdict = verdict_text.verdict_lines(evaluate(run), rest=f"kerasdemo diagnose {run.id}")
    lines = [f"{run.id}  {run.status}", f"  {verdict_text.describe_accuracies(run)}"]
    lines += [line.text for line in verdict]
    return "\n".join(f"    {line}" for text in lines for line in text.splitlines())


def differing_settings(configs: Sequence[RunConfig]) -> tuple[str, ...] | None:
    """Return the settings in which configs differ; None of a single one: all are of interest."""
    every = [flatten(config.settings) for config in configs]
    keys = dict.fromkeys(key for settings in every for key in settings)
    differing = [key for key in keys if len({str(settings.get(key)) for settings in every}) > 1]
    return tuple(differing) or None


@dataclass
class _Follower:
    """A reporter that keeps a run's event file up to date, and tells another reporter.

    Args:
        log: of the event files.
        other: is told first.
    """

    log: TensorBoard
    other: Reporter | None = None
    _folder: RunFolder | None = field(default=None, init=False)

    def begin(self, config: RunConfig, path: Path, first_epoch: int, examples: int) -> None:
        if self.other is not None:
            self.other.begin(config, path, first_epoch, examples)
        self._folder = RunFolder(path)
        self.log.begin(self._folder)
        self.log.update(self._folder)

    def epoch(self, epoch: int, row: dict[str, float], seconds: float) -> None:
        if self.other is not None:
            self.other.epoch(epoch, row, seconds)
        if self._folder is not None:
            self.log.update(self._folder)

    def end(self) -> None:
        if self.other is not None:
            self.other.end()
