"""The run folders of an experiment: what is complete in them, and what a sweep adds."""

import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from kerasdemo.config import Fault, InputError, RunConfig
from kerasdemo.records import RunFolder, files, read, run_id
from kerasdemo.records.summary import Summary, summarize
from kerasdemo.sweeps.expansion import RunSpec


@dataclass(frozen=True)
class RunOutcome:
    """How a run of a sweep ended.

    Args:
        status: finished, diverged or failed; stopped where the search stopped it early.
        reason: of a failure.
        summary: of its folder, if there is one.
        is_reused: whether it was complete before the sweep.
    """

    status: str
    reason: str | None = None
    summary: Summary | None = None
    is_reused: bool = False


class RunStore:
    """The run folders in one results folder. Used from several threads.

    Args:
        results: the folder that holds the run folders.
        retry_failed: train failed runs again.
        overwrite: train complete runs again.
    """

    def __init__(self, results: Path, retry_failed: bool = False, overwrite: bool = False):
        self.results = results
        self._retry_failed = retry_failed
        self._overwrite = overwrite
        self._begun: set[Path] = set()
        self._fingerprints: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def folder(self, config: RunConfig) -> RunFolder:
        """Return the folder of a run, whether it exists or not.

        Raises:
            InputError: where the run's data is not available.
        """
        key = config.data.model_dump_json()
        with self._lock:
            if key not in self._fingerprints:
                from kerasdemo import data

                self._fingerprints[key] = data.find(config).fingerprint
        return RunFolder(self.results / run_id(config, self._fingerprints[key]))

    def find(self, spec: RunSpec) -> RunOutcome | None:
        """Return the outcome of a complete run; None where it has to be trained."""
        folder = self.folder(spec.config)
        if not folder.is_complete or self._is_to_overwrite(folder):
            return None
        return self.read(spec, is_reused=True)

    def begin(self, spec: RunSpec) -> bool:
        """Note that a run is being trained; return whether it has to start from the first epoch."""
        folder = self.folder(spec.config)
        overwrite = self._is_to_overwrite(folder)
        self._begun.add(folder.path)
        return overwrite

    def _is_to_overwrite(self, folder: RunFolder) -> bool:
        # Once only: a run that fails a second time has failed.
        if folder.path in self._begun or not folder.is_complete:
            return False
        return self._overwrite or (self._retry_failed and folder.status == "failed")

    def read(self, spec: RunSpec, is_reused: bool = False) -> RunOutcome:
        """Return the outcome in a run's folder; write its verdict where there is none."""
        folder = self.folder(spec.config)
        if not folder.verdict_file.exists() and folder.status != "failed":
            # A verdict is derived: a fault in it must not cost a run or stop a sweep.
            with suppress(Exception):
                from kerasdemo.diagnosis import evaluate

                evaluate(read(folder.path))
        try:
            summary = summarize(folder.path)
        except InputError as error:
            return RunOutcome("failed", str(error.faults[0]), is_reused=is_reused)
        return RunOutcome(summary.status, summary.reason, summary, is_reused)

    def fail(self, spec: RunSpec, reason: str) -> RunOutcome:
        """Record a failure that the run could not record itself."""
        folder = self.folder(spec.config)
        if folder.is_complete and folder.status != "failed":
            return RunOutcome("failed", reason)  # what is there stays: only its repetition failed
        try:
            with FileLock(folder.lock_file).acquire(timeout=0):
                folder.create(spec.config)
                folder.finish({"status": "failed", "reason": reason})
            return self.read(spec)
        except (Timeout, OSError, InputError):
            # Not recorded: the next sweep trains it again.
            return RunOutcome("failed", reason)


def prepare(results: Path) -> None:
    """Create the results folder and check that it can be written to.

    Raises:
        InputError: where it is a file, or can't be written to.
    """
    try:
        results.mkdir(parents=True, exist_ok=True)
        files.write_text(results / ".writable", "")
        (results / ".writable").unlink(missing_ok=True)
    except OSError as error:
        message = f"results can't be written here: {error.strerror}"
        raise InputError(Fault(message, str(results))) from None
