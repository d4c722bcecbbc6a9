"""Trains on a Ray cluster: the same runner on other machines, which share no files with this one.

A run's config, its data file and the content of its folder are sent there; the content of its
folder is sent back. This process holds the run's lock meanwhile. Only this file imports Ray
(kerasdemo[ray]).
"""

import socket
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from operator import methodcaller
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

import kerasdemo
from kerasdemo.config import Fault, InputError, RunConfig
from kerasdemo.data.sources import find_local_file
from kerasdemo.records import RunFolder, files
from kerasdemo.sweeps.executor import Listener, Source, lost_outcome
from kerasdemo.sweeps.expansion import RunSpec
from kerasdemo.sweeps.experiment import Resources
from kerasdemo.sweeps.run_store import RunOutcome, RunStore

# Machines come and go: only a run that was lost this often counts as failed in this sweep.
ATTEMPTS = 5
CONNECT_TIMEOUT = 10.0  # seconds


def connect(address: str, resources: Resources) -> "Cluster":
    """Connect to a Ray cluster.

    Args:
        address: "auto" for the cluster of this machine, else HOST:PORT or ray://HOST:PORT.
        resources: that one run needs.

    Raises:
        InputError: where Ray is not installed or the cluster can't be reached.
    """
    try:
        import ray
    except ImportError:
        message = "Ray is not installed: pip install 'kerasdemo[ray]'"
        raise InputError(Fault(message, "--ray")) from None
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if address != "auto" and not (colon and port.isdigit()):
        message = f"got {address!r}; expected auto, HOST:PORT or ray://HOST:PORT"
        raise InputError(Fault(message, "--ray"))
    disconnect = not ray.is_initialized()
    try:
        if address != "auto":  # finds out within seconds what Ray reports after a minute
            socket.create_connection((host, int(port)), CONNECT_TIMEOUT).close()
        ray.init(
            address=address,
            ignore_reinit_error=True,
            log_to_driver=False,
            logging_level="ERROR",
            # The workers train with this very code.
            runtime_env={"py_modules": [str(Path(kerasdemo.__file__).parent)]},
        )
    except (OSError, OverflowError, ValueError, RuntimeError) as error:
        reason = (str(error).splitlines() or ["no answer"])[0][:200]
        message = f"no Ray cluster answers at {address!r} ({reason}); start one: `ray start --head`"
        raise InputError(Fault(message, "--ray")) from None
    return Cluster(resources, disconnect)


@dataclass
class _RemoteRun:
    """A run that is being trained on the cluster; overwrite: from the first epoch on."""

    spec: RunSpec
    lock: FileLock
    overwrite: bool
    attempts: int = 1


class Cluster:
    """The executor on a Ray cluster that this process is connected to.

    Args:
        resources: that one run needs.
        disconnect: whether to disconnect at the end of `execute`.
    """

    def __init__(self, resources: Resources, disconnect: bool = False):
        import ray

        self._ray = ray
        self._resources = resources
        self._disconnect = disconnect
        self._train = ray.remote(
            num_cpus=resources.cpus,
            num_gpus=resources.gpus,
            # Lost runs are submitted again here, where they differ from failed ones.
            max_retries=0,
        )(train)
        self._data: dict[Path, Any] = {}
        self._running: dict[Any, _RemoteRun] = {}

    def execute(self, source: Source, store: RunStore, listener: Listener) -> None:
        """Train the runs of a source, as many at a time as fit (see `Executor.execute`)."""
        # Ray prints messages on lost machines, the last of them when it disconnects: they must not
        # come into the JSON of a caller.
        with redirect_stdout(sys.stderr):
            try:
                self._execute(source, store, listener)
            finally:
                for reference, run in self._running.items():
                    with suppress(Exception):
                        self._ray.cancel(reference, force=True)
                    run.lock.release()
                self._running.clear()
                if self._disconnect:
                    self._ray.shutdown()

    def _execute(self, source: Source, store: RunStore, listener: Listener) -> None:
        has_more = True
        while has_more or self._running:
            while has_more and len(self._running) < self._capacity():
                spec = source.take(None)
                has_more = spec is not None
                if spec is None:
                    break
                outcome = store.find(spec)
                if outcome is not None:
                    listener.on_run_end(spec, outcome)
                    source.add_outcome(spec, outcome)
                    continue
                lock = FileLock(store.folder(spec.config).lock_file)
                try:
                    lock.acquire(timeout=0)
                except Timeout:
                    source.requeue(spec)
                    continue
                self._submit(_RemoteRun(spec, lock, store.begin(spec)), store)
                listener.on_run_begin(spec)
            if self._running:
                ready, _ = self._ray.wait(list(self._running), num_returns=1, timeout=1)
                for reference in ready:
                    run = self._running.pop(reference)
                    outcome = self._find_outcome(reference, run, store)
                    if outcome is not None:
                        listener.on_run_end(run.spec, outcome)
                        source.add_outcome(run.spec, outcome)

    def _capacity(self) -> int:
        """Return how many runs fit into the cluster as it is now; machines may come and go."""
        total = self._ray.cluster_resources()
        runs = total.get("CPU", 0) // self._resources.cpus
        if self._resources.gpus:
            runs = min(runs, total.get("GPU", 0) // self._resources.gpus)
        return max(1, int(runs))

    def _submit(self, run: _RemoteRun, store: RunStore) -> None:
        config = run.spec.config
        folder = store.folder(config)
        _, file = find_local_file(config) or ("", None)
        if file is not None and file not in self._data:  # sent to the cluster once
            self._data[file] = self._ray.put(file.read_bytes())
        reference = self._train.remote(
            config.resolved,
            folder.path.name,
            {} if run.overwrite else read_files(folder.path),
            None if file is None else self._data[file],
        )
        self._running[reference] = run

    def _find_outcome(self, reference: Any, run: _RemoteRun, store: RunStore) -> RunOutcome | None:
        """Write what a run sent back; return its outcome, None where it was submitted again."""
        folder = store.folder(run.spec.config)
        reason = ""
        try:
            result = self._ray.get(reference)
            reason = result["reason"]
            write_files(folder, run.spec.config, result["files"], run.overwrite)
        except self._ray.exceptions.RayTaskError as error:
            reason = f"{type(error.cause).__name__}: {error.cause}"[:300]
        except self._ray.exceptions.RayError as error:
            # Its process or its machine was lost.
            if run.attempts < ATTEMPTS:
                run.attempts += 1
                self._submit(run, store)
                return None
            run.lock.release()
            return lost_outcome(f"lost {ATTEMPTS} times: {type(error).__name__}")
        except BaseException:
            run.lock.release()
            raise
        run.lock.release()
        if folder.status is None or (reason and run.overwrite):
            return store.fail(run.spec, reason)
        return store.read(run.spec)


def read_files(folder: Path) -> dict[str, bytes]:
    """Return the files of a run's folder by name; empty where there is no such folder."""
    if not folder.is_dir():
        return {}
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


def write_files(
    folder: RunFolder, config: RunConfig, contents: Mapping[str, bytes], overwrite: bool
) -> None:
    """Write the files that a run sent back; run.json last, for it makes the run complete."""
    if not contents:
        return
    folder.create(config)
    if overwrite:
        folder.clear()
    for name in sorted(contents.keys() - {"config.yaml"}, key=lambda name: name == "run.json"):
        files.write(folder.path / name, methodcaller("write_bytes", contents[name]))
    if "checkpoint.npz" not in contents:
        folder.checkpoint_file.unlink(missing_ok=True)


def train(
    settings: dict[str, Any], name: str, before: dict[str, bytes], data: bytes | None
) -> dict[str, Any]:
    """Train one run on a machine of the cluster.

    Args:
        settings: the resolved config.
        name: of the run's folder, which holds a hash of the data as well.
        before: files of the folder, by name, of a run that is resumed.
        data: content of the data file.

    Returns:
        The `files` of its folder by name, or the `reason` why there are none.
    """
    import tempfile

    from kerasdemo.sweeps.worker import load_resolved
    from kerasdemo.training import runner

    with tempfile.TemporaryDirectory() as temporary:
        root = Path(temporary)
        if data is not None:
            (root / "data.npz").write_bytes(data)
            settings["data"]["path"] = str(root / "data.npz")
        config = load_resolved(settings)
        folder = runner.run_folder(config, root / "runs")
        if folder.path.name != name:
            return {"files": {}, "reason": "the data on the cluster's machine is different"}
        folder.path.mkdir(parents=True)
        for file, content in before.items():
            (folder.path / file).write_bytes(content)
        try:
            runner.run(config, root / "runs")
        except InputError as error:
            return {"files": {}, "reason": str(error.faults[0])}
        return {"files": read_files(folder.path), "reason": ""}
