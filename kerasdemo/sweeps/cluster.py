"""Runs on a Ray cluster: the same runner on other machines, which share no files with this one.

A run travels as its config, its data file and what its folder holds already; its folder travels
back. This process holds the run's lock meanwhile. Ray is imported here alone (kerasdemo[ray]).
"""

import os
import socket
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

import kerasdemo
from kerasdemo.config import Fault, InputError, RunConfig
from kerasdemo.records import RunFolder, files
from kerasdemo.sweeps.executor import Listener, Source, lost
from kerasdemo.sweeps.expansion import RunSpec
from kerasdemo.sweeps.experiment import Resources
from kerasdemo.sweeps.run_store import RunStore

# Machines come and go: only a run that was lost this often is given up.
ATTEMPTS = 5
SECONDS_TO_ANSWER = 10.0


def connect(address: str, resources: Resources) -> "Cluster":
    """Connect to a Ray cluster: "auto" for the one of this machine, else host:port or ray://...

    Raises:
        InputError: where Ray is not installed or no cluster answers.
    """
    try:
        import ray
    except ImportError:
        message = "Ray is not installed: pip install 'kerasdemo[ray]'"
        raise InputError(Fault(message, "--ray")) from None
    _check_answers(address)
    leave = not ray.is_initialized()
    try:
        ray.init(
            address=address,
            ignore_reinit_error=True,
            log_to_driver=False,
            logging_level="ERROR",
            # The workers train with this very code.
            runtime_env={"py_modules": [str(Path(kerasdemo.__file__).parent)]},
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise InputError(Fault(_unreachable(address, str(error)), "--ray")) from None
    return Cluster(resources, leave)


def _check_answers(address: str) -> None:
    """Say within seconds what Ray says after a minute."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if address == "auto":
        return
    if not colon or not port.isdigit():
        message = f"got {address!r}; expected auto, HOST:PORT or ray://HOST:PORT"
        raise InputError(Fault(message, "--ray"))
    try:
        socket.create_connection((host, int(port)), SECONDS_TO_ANSWER).close()
    except (OSError, OverflowError) as error:
        raise InputError(Fault(_unreachable(address, str(error)), "--ray")) from None


def _unreachable(address: str, why: str) -> str:
    reason = why.splitlines()[0][:200] if why else "no answer"
    return f"no Ray cluster answers at {address!r} ({reason}); start one with `ray start --head`"


@dataclass
class _Away:
    """A run that is being trained elsewhere."""

    planned: RunSpec
    lock: FileLock
    attempts: int = 1


class Cluster:
    """A Ray cluster that this process is connected to; leave: until `execute` is done."""

    def __init__(self, resources: Resources, leave: bool = False):
        import ray

        self._leave = leave

        self._ray = ray
        self._resources = resources
        self._train = ray.remote(
            # Lost runs are started again here, where they can be told from failed ones.
            num_cpus=resources.cpus,
            num_gpus=resources.gpus,
            max_retries=0,
        )(train)
        self._data: dict[Path, Any] = {}

    def execute(self, source: Source, answers: RunStore, listener: Listener) -> None:
        """Make the runs of a source, as many at a time as the cluster has room for."""
        # Ray prints what it has to say of lost machines, the last of it when it is left: neither
        # belongs into a caller's JSON.
        with redirect_stdout(sys.stderr):
            try:
                self._execute(source, answers, listener)
            finally:
                if self._leave:
                    self._ray.shutdown()

    def _execute(self, source: Source, answers: RunStore, listener: Listener) -> None:
        away: dict[Any, _Away] = {}
        more = True
        try:
            while more or away:
                while more and len(away) < self._room():
                    planned = source.take(None)
                    more = planned is not None
                    if planned is not None:
                        self._begin(planned, away, source, answers, listener)
                if away:
                    ready, _ = self._ray.wait(list(away), num_returns=1, timeout=1)
                    for reference in ready:
                        self._end(reference, away, source, answers, listener)
        finally:
            for reference, one in away.items():
                with suppress(Exception):
                    self._ray.cancel(reference, force=True)
                one.lock.release()

    def _room(self) -> int:
        """Return how many runs fit into the cluster as it is now; machines may come and go."""
        total = self._ray.cluster_resources()
        room = total.get("CPU", 0) // self._resources.cpus
        if self._resources.gpus:
            room = min(room, total.get("GPU", 0) // self._resources.gpus)
        return max(1, int(room))

    def _begin(
        self,
        planned: RunSpec,
        away: dict[Any, _Away],
        source: Source,
        answers: RunStore,
        listener: Listener,
    ) -> None:
        outcome = answers.find(planned)
        if outcome is not None:
            listener.ended(planned, outcome)
            source.done(planned, outcome)
            return
        folder = answers.folder(planned.config)
        lock = FileLock(folder.lock_file)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            source.requeue(planned)
            return
        answers.begin(planned)
        away[self._submit(planned, folder)] = _Away(planned, lock)
        listener.started(planned)

    def _submit(self, planned: RunSpec, folder: RunFolder) -> Any:
        again = folder.status == "failed"
        return self._train.remote(
            planned.config.resolved,
            folder.path.name,
            {} if again else contents(folder.path),
            self._put(data_file(planned.config)),
        )

    def _put(self, file: Path | None) -> Any:
        """Send a data file to the cluster once."""
        if file is None:
            return None
        if file not in self._data:
            self._data[file] = self._ray.put(file.read_bytes())
        return self._data[file]

    def _end(
        self,
        reference: Any,
        away: dict[Any, _Away],
        source: Source,
        answers: RunStore,
        listener: Listener,
    ) -> None:
        one = away.pop(reference)
        folder = answers.folder(one.planned.config)
        reason, outcome = "", None
        try:
            result = self._ray.get(reference)
            reason = result["reason"]
            put(folder, one.planned.config, result["files"])
        except self._ray.exceptions.RayTaskError as error:
            reason = f"{type(error.cause).__name__}: {error.cause}"[:300]
        except self._ray.exceptions.RayError as error:
            # Its worker or its machine is gone.
            if one.attempts < ATTEMPTS:
                again = _Away(one.planned, one.lock, one.attempts + 1)
                away[self._submit(one.planned, folder)] = again
                return
            outcome = lost(f"lost {ATTEMPTS} times: {type(error).__name__}")
        one.lock.release()
        if outcome is None and folder.status is None:
            outcome = answers.fail(one.planned, reason)
        outcome = outcome or answers.read(one.planned)
        listener.ended(one.planned, outcome)
        source.done(one.planned, outcome)


def data_file(config: RunConfig) -> Path | None:
    """Return the file that a run's data is read from here; None where it is made or shipped."""
    name = config.data.name
    if name not in ("mnist", "fashion_mnist", "file"):
        return None
    cache = Path(os.environ.get("KERAS_HOME", "~/.keras")) / "datasets" / f"{name}.npz"
    places = (config.data.path, os.environ.get(f"KERASDEMO_{name.upper()}"), str(cache))
    found = [Path(place).expanduser() for place in places if place]
    return next((file for file in found if file.is_file()), None)


def contents(folder: Path) -> dict[str, bytes]:
    """Return what a run's folder holds: a run that was cut off goes on elsewhere."""
    if not folder.is_dir():
        return {}
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def put(folder: RunFolder, config: RunConfig, found: Mapping[str, bytes]) -> None:
    """Put what came back into the run's folder; run.json last, for it says that all is there."""
    if not found:
        return
    folder.create(config)
    names = [name for name in found if name not in ("config.yaml", "run.json")]
    for name in (*names, *(name for name in found if name == "run.json")):
        _write(folder.path / name, found[name])
    if "checkpoint.npz" not in found:
        folder.checkpoint_file.unlink(missing_ok=True)


def _write(file: Path, content: bytes) -> None:
    def fill(aside: Path) -> None:
        aside.write_bytes(content)

    files.write(file, fill)


def train(
    settings: dict[str, Any], name: str, before: dict[str, bytes], data: bytes | None
) -> dict[str, Any]:
    """Train one run on a machine of the cluster; return its folder's files, or why it failed.

    Args:
        settings: the resolved config.
        name: of the run's folder, which holds a hash of the data as well.
        before: what the folder held when the run was cut off.
        data: the data file's bytes.
    """
    import tempfile

    from kerasdemo.sweeps.worker import config_of
    from kerasdemo.training import runner

    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        if data is not None:
            (root / "data.npz").write_bytes(data)
            settings["data"]["path"] = str(root / "data.npz")
        config = config_of(settings)
        folder = runner.run_folder(config, root / "runs")
        if folder.path.name != name:
            return {"files": {}, "reason": "the data on the cluster's machine is not the same"}
        folder.path.mkdir(parents=True)
        for file, content in before.items():
            (folder.path / file).write_bytes(content)
        try:
            runner.run(config, root / "runs")
        except InputError as error:
            return {"files": {}, "reason": str(error.faults[0])}
        return {"files": contents(folder.path), "reason": ""}
