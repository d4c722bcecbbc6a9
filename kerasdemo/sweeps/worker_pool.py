"""Trains in processes on this machine; a process that dies or grows too large is replaced."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO

from kerasdemo.sweeps.executor import Listener, Message, Source, train_all
from kerasdemo.sweeps.expansion import RunSpec
from kerasdemo.sweeps.run_store import RunStore

# A run whose process died this often in a row without a whole epoch counts as failed in this sweep
# only: the machine may have killed it.
ATTEMPTS = 3
# A process may grow to this multiple of its size after its first run, and by this many bytes.
GROWTH, SLACK = 1.5, 1 << 29
THREAD_LIMITS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


class WorkerPool:
    """The executor with `workers` processes, each with its share of the machine's threads.

    A process trains one run after the other; runs with one compile key share a compiled program.
    """

    def __init__(self, workers: int = 1):
        self._workers = workers
        self._is_stopping = False
        self._problem: Exception | None = None
        self._processes: list[WorkerProcess] = []

    def execute(self, source: Source, store: RunStore, listener: Listener) -> None:
        """Train the runs of a source (see `Executor.execute`)."""

        def work() -> None:
            slot = _Slot(lambda: self._start(store.results), source, listener)
            try:
                train_all(source, store, listener, slot.train, lambda: self._is_stopping)
            except Exception as error:  # raised again below, in the main thread
                self._problem = self._problem or error
                self._stop()
            finally:
                slot.stop()

        threads = [threading.Thread(target=work, daemon=True) for _ in range(self._workers)]
        for thread in threads:
            thread.start()
        try:
            for thread in threads:
                while thread.is_alive():
                    thread.join(0.2)
        finally:
            self._stop()
        if self._problem is not None:
            raise self._problem

    def _start(self, results: Path) -> "WorkerProcess | None":
        """Start a process; None where the pool is being stopped."""
        if self._is_stopping:
            return None
        shares = max(1, (os.cpu_count() or 1) // self._workers) if self._workers > 1 else None
        process = WorkerProcess(results, shares)
        self._processes.append(process)
        if self._is_stopping:  # in the meantime, by another thread
            process.kill()
        return process

    def _stop(self) -> None:
        self._is_stopping = True
        for process in self._processes:
            process.kill()


class _Slot:
    """The place of one process in the pool, and the thread that waits for it."""

    def __init__(
        self, start: "Callable[[], WorkerProcess | None]", source: Source, listener: Listener
    ):
        self._start = start
        self._source = source
        self._listener = listener
        self._process: WorkerProcess | None = None
        self._first_memory = 0

    def train(self, spec: RunSpec, overwrite: bool) -> Message:
        """Have a run trained; return how it ended."""
        deaths = 0
        while (process := self._process or self._start()) is not None:
            self._process, epochs = process, 0
            process.send(
                config=spec.config.resolved,
                overwrite=overwrite,
                can_be_stopped=self._source.can_stop_runs,
            )
            while (message := process.find_message()) is not None:
                match message["event"]:
                    case "begin":
                        self._listener.on_run_begin(spec)
                    case "epoch":
                        epochs += 1
                        epoch, row = message["epoch"], message["row"]
                        self._listener.on_epoch_end(spec, epoch, row)
                        if self._source.can_stop_runs:
                            process.send(is_promising=self._source.is_promising(spec, epoch, row))
                    case _:
                        memory = message.get("memory", 0)
                        self._first_memory = self._first_memory or memory
                        if memory > GROWTH * self._first_memory + SLACK:
                            self.stop()
                        return message
            death = process.death()
            self._process = None
            deaths = 1 if epochs else deaths + 1
            if deaths == ATTEMPTS:
                return {"event": "lost", "reason": f"{death}, {ATTEMPTS} times in a row"}
        return {"event": "stopped"}

    def stop(self) -> None:
        """End the process, if there is one."""
        if self._process is not None:
            self._process.close()
        self._process, self._first_memory = None, 0


class WorkerProcess:
    """A process that trains (see worker.py), seen from the sweep.

    Args:
        results: folder of its runs.
        threads: of the processor that it may use; None: all.
    """

    COMMAND = (sys.executable, "-m", "kerasdemo.sweeps.worker")

    def __init__(self, results: Path, threads: int | None):
        limits = {}
        if threads is not None:
            limits = dict.fromkeys(THREAD_LIMITS, str(threads))
            limits["TF_FORCE_GPU_ALLOW_GROWTH"] = "true"
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long
        self._process = subprocess.Popen(
            [*self.COMMAND, str(results)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | limits,
            # Ctrl-C goes to the sweep, which ends its processes itself.
            start_new_session=True,
        )

    def send(self, **message: object) -> None:
        """Write a line to the process; `find_message` notices where it has died."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def find_message(self) -> Message | None:
        """Wait for the next line of the process; None where it has died."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line.endswith(b"\n"):
            return None  # nothing, or half a line
        message: Message = json.loads(line)
        return message

    def kill(self) -> None:
        """End the process at once."""
        self._process.kill()

    def death(self) -> str:
        """Return how a process that has stopped to write ended, with its last line on stderr."""
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        ended = f"ended with exit code {code}"
        if code < 0:
            name = signal.Signals(-code).name
            ended = f"was killed by {name}{' (out of memory?)' if name == 'SIGKILL' else ''}"
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        last = [line.strip()[:300] for line in lines if line.strip()][-1:]
        self.close()
        return ": ".join([f"the worker process {ended}", *last])

    def close(self) -> None:
        """End the process and wait for it."""
        self._process.kill()
        # Closes both pipes; what was not written yet is not needed any more.
        with suppress(BrokenPipeError):
            self._process.communicate()
        self._errors.close()
