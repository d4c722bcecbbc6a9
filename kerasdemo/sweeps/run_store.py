"""What the results folder already says to the runs of a sweep, and what is added to it."""

import threading
from contextlib import suppress
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from kerasdemo.config import Fault, InputError, RunConfig
from kerasdemo.records import RunFolder, files, read, run_id, summarize
from kerasdemo.records.experiment_record import find_experiment_record
from kerasdemo.sweeps.executor import Outcome
from kerasdemo.sweeps.expansion import RunSpec


class RunStore:
    """The runs of one results folder, found by what they ask. Used from several threads."""

    def __init__(self, results: Path, retry_failed: bool = False):
        self.results = results
        self._retry_failed = retry_failed
        self._retried: set[str] = set()
        self._fingerprints: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def folder(self, config: RunConfig) -> RunFolder:
        """Return the folder of a run, whether it exists or not.

        Raises:
            InputError: where the run's data can't be had.
        """
        key = config.data.model_dump_json()
        with self._lock:
            if key not in self._fingerprints:
                from kerasdemo.data import loading as data

                self._fingerprints[key] = data.find(config).fingerprint
        return RunFolder(self.results / run_id(config, self._fingerprints[key]))

    def find(self, planned: RunSpec) -> Outcome | None:
        """Return the outcome of a run that has ended; None where it is to be trained."""
        folder = self.folder(planned.config)
        if not folder.is_complete or self.again(planned):
            return None
        return self.read(planned, answered=True)

    def again(self, planned: RunSpec) -> bool:
        """Return whether a run failed and is to be tried once more."""
        folder = self.folder(planned.config)
        return (
            self._retry_failed
            and folder.path.name not in self._retried
            and folder.status == "failed"
        )

    def begin(self, planned: RunSpec) -> None:
        """Take note that a run is being trained: what failed is tried again only once."""
        self._retried.add(self.folder(planned.config).path.name)

    def read(self, planned: RunSpec, answered: bool = False) -> Outcome:
        """Return the outcome that a run's folder tells, with its verdict."""
        folder = self.folder(planned.config)
        if not folder.verdict_file.exists() and folder.status != "failed":
            self._judge(folder)
        try:
            found = summarize(folder.path)
        except InputError as error:
            return Outcome("failed", str(error.faults[0]), answered=answered)
        return Outcome(found.status, found.reason, found, answered)

    def fail(self, planned: RunSpec, reason: str) -> Outcome:
        """Record a failure that the run could not record itself."""
        folder = self.folder(planned.config)
        try:
            with FileLock(folder.lock_file).acquire(timeout=0):
                folder.create(planned.config)
                folder.finish({"status": "failed", "reason": reason})
            return self.read(planned)
        except (Timeout, OSError, InputError):
            # Then the failure is told, and the run tried again with the next sweep.
            return Outcome("failed", reason)

    @staticmethod
    def _judge(folder: RunFolder) -> None:
        # Derived, and made again at will: no fault of a verdict costs a run or stops a sweep.
        with suppress(Exception):
            from kerasdemo.diagnosis import evaluate

            evaluate(read(folder.path))


def prepare(results: Path) -> None:
    """Make the results folder, or say why it can't be one.

    Raises:
        InputError: where it is a file, or can't be written to.
    """
    try:
        results.mkdir(parents=True, exist_ok=True)
        files.write_text(results / ".writable", "")
        (results / ".writable").unlink(missing_ok=True)
    except OSError as error:
        raise InputError(
            Fault(f"results can't be written here: {error.strerror}", str(results))
        ) from None


def write_plan(results: Path, plan: dict[str, Any]) -> None:
    """Write sweep.json: the experiment's question and claims, and which run is which."""
    files.write_json(results / "sweep.json", plan)


def read_plan(results: Path) -> dict[str, Any] | None:
    """Return what sweep.json says, or None where there is none that can be read."""
    record = find_experiment_record(results)
    return record.model_dump() if record else None
