"""One config becomes one run folder: the only place that knows the order.

TensorFlow is imported only where something is trained: a run that is answered from disk needs none.
"""

import platform
import subprocess
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from filelock import FileLock, Timeout

from kerasdemo.config import Fault, InputError, RunConfig
from kerasdemo.config.consistency import output_faults
from kerasdemo.config.memory import find_shortage
from kerasdemo.data import loading as data
from kerasdemo.data.baselines import linear_accuracy, neighbor_accuracy, validation_right
from kerasdemo.records import Run, RunFolder, read, run_id
from kerasdemo.records import network as network_record

if TYPE_CHECKING:
    from kerasdemo.training.callbacks import Reporter
    from kerasdemo.training.trainer import Trainer

RESULTS = "results/runs"


class Busy(RuntimeError):
    """Another process is training this run."""


def run_folder(config: RunConfig, results: str | Path = RESULTS) -> RunFolder:
    """Return the folder of a config's run, whether it exists or not.

    Raises:
        InputError: where the data can't be had.
    """
    return RunFolder(Path(results) / run_id(config, data.find(config).fingerprint))


def run(
    config: RunConfig,
    results: str | Path = RESULTS,
    *,
    again: bool = False,
    reporter: "Reporter | None" = None,
) -> Run:
    """Train a config, or go on with it, or answer it from disk.

    Args:
        config: what is asked.
        results: folder that holds the run folders; made where it is missing.
        again: train anew even what is answered.
        reporter: told of each epoch.

    Returns:
        The run as its folder says it; its status may be finished, diverged, interrupted, failed.

    Raises:
        InputError: where the config can't be run; nothing is written then.
        Busy: where another process is training the same run.
    """
    folder = run_folder(config, results)
    if not again and folder.answered:
        return read(folder.path)
    dataset = data.load(config)
    # The classes of a file are known only now.
    faults = [config.fault(*f) for f in output_faults(config, dataset.shape, dataset.classes)]
    if faults:
        raise InputError(faults)
    problem = find_shortage(config, dataset.shape, dataset.classes)
    if problem:
        raise InputError(config.fault(("network",), problem))
    from kerasdemo.training.trainer import Trainer

    started = time.perf_counter()
    session = Trainer(config, dataset)  # before anything is written: Keras may refuse the network
    try:
        with _locked(folder):
            if again or not folder.answered:
                _train(session, dataset, folder, again, reporter, started)
    except Timeout:
        raise Busy(f"{folder.path.name} is being trained by another process") from None
    return read(folder.path)


def _locked(folder: RunFolder) -> Any:
    """Make the results folder and take the run's lock.

    Raises:
        InputError: where the results folder can't be made or written to.
        Timeout: where another process has the lock.
    """
    results = folder.path.parent
    try:
        results.mkdir(parents=True, exist_ok=True)
        return FileLock(folder.lock_file).acquire(timeout=0)
    except Timeout:
        raise
    except OSError as error:
        problem = error.strerror or str(error)
        raise InputError(Fault(f"results can't be written here: {problem}", str(results))) from None


def _train(
    session: "Trainer",
    dataset: data.Dataset,
    folder: RunFolder,
    again: bool,
    reporter: "Reporter | None",
    started: float,
) -> None:
    config = session.config
    folder.create(config)
    first = 0 if again else session.resume(folder)
    folder.reopen(first, len(session.layer_names))
    network_record.write(folder.network_file, session.layers)
    try:
        outcome = session.fit(folder, first, reporter)
    except Exception as error:
        if isinstance(error, OSError):
            # A full disk: what is on it stays, and the next call goes on from there.
            place = error.filename or str(folder.path)
            raise OSError(error.errno, error.strerror or str(error), place) from error
        folder.finish({"status": "failed", "reason": _brief(error)} | _circumstances())
        return
    facts = outcome | {
        "data": _data_facts(config, dataset),
        "baseline_pairs": _baseline_pairs(session.validation_right, dataset),
        "seconds": round(time.perf_counter() - started, 3),
        **_circumstances(),
    }
    folder.finish(_with_epochs(facts, read(folder.path)))


def _data_facts(config: RunConfig, dataset: data.Dataset) -> dict[str, Any]:
    with np.errstate(over="ignore", invalid="ignore"):  # data can be as bad as the run it made
        return {
            "name": config.data.name,
            **data.describe(dataset),
            "linear_baseline": linear_accuracy(dataset),
            "neighbor_baseline": neighbor_accuracy(dataset),
            "neighbor_baseline_validation": _share(validation_right(dataset).get("neighbors")),
        }


def _share(right: data.Array | None) -> float | None:
    return None if right is None else round(float(right.mean()), 6)


def _baseline_pairs(right: data.Array | None, dataset: data.Dataset) -> dict[str, dict[str, int]]:
    """Count the validation examples that only the baseline, or only the network, gets right."""
    if right is None:
        return {}
    with np.errstate(over="ignore", invalid="ignore"):
        baselines = validation_right(dataset)
    return {
        name: {
            "only_baseline_right": int((theirs & ~right[: len(theirs)]).sum()),
            "only_network_right": int((right[: len(theirs)] & ~theirs).sum()),
        }
        for name, theirs in baselines.items()
    }


def _brief(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:300] if lines else ''}"


def _with_epochs(facts: Mapping[str, Any], run: Run) -> dict[str, Any]:
    """Add what the history says: the last epoch, the kept one and the best by validation loss."""
    history = run.history
    losses = np.array(history.val_loss or history.loss)
    best = int(np.nanargmin(losses)) + 1 if np.isfinite(losses).any() else None
    kept = facts.get("kept_epoch") or run.kept_epoch
    updates = -(-facts["data"]["train"] // run.config.training.batch_size)
    return {
        "status": facts["status"],
        "reason": facts["reason"],
        "epochs": history.epochs,
        "best_epoch": best,
        "final": history.row(history.epochs) if history.epochs else {},
        "best": history.row(best) if best else {},
        **facts,
        "kept_epoch": kept,
        "kept": history.row(kept) if kept else {},
        "epoch_seconds": run.epoch_seconds,
        "updates": updates * history.epochs,
        "updates_per_epoch": updates,
    }


def _circumstances() -> dict[str, Any]:
    packages = ("kerasdemo", "keras", "tensorflow", "numpy")
    return {
        "ended": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": {"python": platform.python_version()} | {p: version(p) for p in packages},
        "git_commit": _git_commit(),
        "machine": f"{platform.system()} {platform.machine()}",
    }


@cache
def _git_commit() -> str | None:
    """The commit of the working folder, which is where a student's configs live."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, timeout=5, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None
