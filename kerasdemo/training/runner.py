"""One config becomes one run folder.

TensorFlow is imported only where something is trained: reading a finished run needs none.
"""

import platform
import subprocess
import time
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from kerasdemo import data
from kerasdemo.config import Fault, InputError, RunConfig
from kerasdemo.config.consistency import output_faults
from kerasdemo.config.errors import first_line
from kerasdemo.config.layers import layers_of
from kerasdemo.config.memory import find_shortage
from kerasdemo.data.facts import describe_data
from kerasdemo.records import Run, RunFolder, read, run_id
from kerasdemo.training.reporter import Reporter


class Busy(RuntimeError):
    """Another process is training this run."""


def run_folder(config: RunConfig, results: str | Path) -> RunFolder:
    """Return the folder of a config's run, whether it exists or not.

    Raises:
        InputError: where the data is not available.
    """
    return RunFolder(Path(results) / run_id(config, data.find(config).fingerprint))


def run(
    config: RunConfig,
    results: str | Path,
    *,
    overwrite: bool = False,
    reporter: Reporter | None = None,
) -> Run:
    """Train a config into its folder; resume it where it was cut off, read it where it is complete.

    Args:
        config: what to train.
        results: folder that holds the run folders; created where it is missing.
        overwrite: train from the first epoch on, even where the run is complete.
        reporter: follows each epoch.

    Returns:
        The run as its folder records it; its status is finished, diverged, interrupted or failed.

    Raises:
        InputError: where the config can't be trained; nothing is written then.
        Busy: where another process is training the same run.
        OSError: where a file can't be written, as on a full disk; the next call resumes the run.
    """
    source = data.find(config)
    folder = RunFolder(Path(results) / run_id(config, source.fingerprint))
    if folder.is_complete and not overwrite:
        return read(folder.path)
    dataset = load_dataset(config, source)
    from kerasdemo.training.trainer import Trainer

    started = time.perf_counter()
    trainer = Trainer(config, dataset)  # before anything is written: Keras may refuse the network
    try:
        folder.path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder.lock_file).acquire(timeout=0)
    except Timeout:
        raise Busy(f"{folder.path.name} is being trained by another process") from None
    except OSError as error:
        message = f"results can't be written here: {error.strerror or error}"
        raise InputError(Fault(message, str(folder.path.parent))) from None
    with lock:
        if folder.is_complete and not overwrite:  # by another process, in the meantime
            return read(folder.path)
        folder.create(config)
        try:
            facts = trainer.fit(folder, overwrite=overwrite, reporter=reporter)
        except OSError as error:
            raise OSError(error.errno, error.strerror, error.filename or folder.path) from error
        except Exception as error:  # whatever Keras raises
            folder.finish({"status": "failed", "reason": first_line(error), **environment()})
            return read(folder.path)
        updates = -(-len(dataset.train.y) // config.training.batch_size)
        facts |= epoch_facts(read(folder.path), facts.get("kept_epoch"), updates)
        about_data = describe_data(config, dataset, trainer.validation_right)
        constant = trainer.constant_loss()
        if constant is not None:
            about_data["data"]["constant_loss"] = constant
        facts |= about_data
        facts["seconds"] = round(time.perf_counter() - started, 3)
        folder.finish(facts | environment())
    return read(folder.path)


def load_dataset(config: RunConfig, source: data.Source) -> data.Dataset:
    """Return the examples of a config that can be trained on them.

    Raises:
        InputError: where data and network do not fit together, or exceed memory.
    """
    dataset = data.load(config, source)
    # The classes of a file are known only now.
    faults = [config.fault(*f) for f in output_faults(config, dataset.shape, dataset.classes)]
    if faults:
        raise InputError(faults)
    shortage = find_shortage(config, layers_of(config, dataset.shape, dataset.outputs))
    if shortage:
        raise InputError(config.fault(("network",), shortage))
    return dataset


def epoch_facts(run: Run, kept_epoch: int | None, updates: int | None) -> dict[str, Any]:
    """Return what the history says: of the last epoch, the kept one, the best by validation loss.

    Args:
        run: the run so far.
        kept_epoch: whose weights were kept (from 1); None for those of the last epoch.
        updates: of the weights, in an epoch; None where that is not known.
    """
    history = run.history
    losses = np.array(history.val_loss or history.loss)
    best = int(np.nanargmin(losses)) + 1 if np.isfinite(losses).any() else None
    kept = kept_epoch or run.history.epochs or None
    return {
        "epochs": history.epochs,
        "best_epoch": best,
        "kept_epoch": kept,
        "final": history.row(history.epochs) if history.epochs else {},
        "best": history.row(best) if best else {},
        "kept": history.row(kept) if kept else {},
        "epoch_seconds": run.epoch_seconds,
        "updates": updates and updates * history.epochs,
        "updates_per_epoch": updates,
    }


def environment() -> dict[str, Any]:
    """Return when, on what and by which versions a run was trained."""
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
