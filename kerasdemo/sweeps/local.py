"""Runs on this machine, in processes that are replaced when they die or grow."""

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
from typing import IO, Any

from kerasdemo.sweeps.executor import Listener, Outcome, Source, StopSweep, lost
from kerasdemo.sweeps.expansion import RunSpec
from kerasdemo.sweeps.run_store import RunStore
from kerasdemo.training.compile_key import compile_key

# A run whose workers died this often without one more whole epoch is given up, until the sweep is
# started again: what killed them may have been the machine.
ATTEMPTS = 3
# A worker may grow to this multiple of what it held after its first run, and by this many bytes.
GROWTH, SLACK = 1.5, 1 << 29

Told = dict[str, Any]


def execute(source: Source, answers: RunStore, listener: Listener, workers: int = 1) -> None:
    """Make the runs of a source, `workers` of them at a time, each worker one after the other.

    A worker has its share of the machine's threads; runs of one shape share its compiled program.

    Raises:
        StopSweep: where no run can be made any more (a full disk).
        KeyboardInterrupt: on Ctrl-C; a run that was cut off goes on when it is asked for again.
    """
    crew = _Crew(source, answers, listener, workers)
    threads = [threading.Thread(target=crew.work, daemon=True) for _ in range(workers)]
    for thread in threads:
        thread.start()
    try:
        for thread in threads:
            while thread.is_alive():
                thread.join(0.2)
    finally:
        crew.stop()
    if crew.problem is not None:
        raise crew.problem


class _Crew:
    """What the threads of a sweep share; each holds one worker."""

    def __init__(self, source: Source, answers: RunStore, listener: Listener, workers: int):
        self.source = source
        self.answers = answers
        self.listener = listener
        self.threads = max(1, (os.cpu_count() or 1) // workers) if workers > 1 else None
        self.problem: Exception | None = None
        self.stopping = False
        self._workers: list[Worker] = []

    def stop(self) -> None:
        """Let no worker go on."""
        self.stopping = True
        for worker in self._workers:
            worker.kill()

    def hire(self) -> "Worker":
        """Start a worker."""
        worker = Worker(self.answers.results, self.threads)
        self._workers.append(worker)
        if self.stopping:
            worker.kill()
        return worker

    def work(self) -> None:
        """Take runs until no more come: what one thread does."""
        hand = _Hand(self)
        shape = None
        try:
            while not self.stopping and (planned := self.source.take(shape)) is not None:
                outcome = self.answers.find(planned)
                if outcome is None:
                    shape = compile_key(planned.config)
                    outcome = self._outcome(planned, hand.train(planned))
                if outcome is not None and not self.stopping:
                    self.listener.ended(planned, outcome)
                    self.source.done(planned, outcome)
        except Exception as error:  # raised again by execute, in the main thread
            self.problem = self.problem or error
            self.stop()
        finally:
            hand.dismiss()

    def _outcome(self, planned: RunSpec, end: Told) -> Outcome | None:
        match end["event"]:
            case "done" if end["status"] != "interrupted":
                return self.answers.read(planned)
            case "done" | "busy":
                self.source.requeue(planned)
                return None
            case "fatal":
                raise StopSweep(f"{end['reason']}; mend it and give the same command again")
            case "stopped":
                return Outcome("stopped", "the search gave it up")
            case "lost":
                return lost(end["reason"])
            case _:
                return self.answers.fail(planned, end["reason"])


class _Hand:
    """One thread's worker; another one in its place when it has died or grown."""

    def __init__(self, crew: _Crew):
        self._crew = crew
        self._worker: Worker | None = None
        self._first_memory = 0

    def train(self, planned: RunSpec) -> Told:
        """Have a run trained; return what ended it."""
        again = self._crew.answers.again(planned)
        self._crew.answers.begin(planned)
        deaths = 0
        while True:
            worker = self._worker = self._worker or self._crew.hire()
            epochs = _Epochs(self._crew, planned, worker)
            end = worker.train(planned, again, self._crew.source.watches, epochs.hear)
            if end is not None:
                self._dismiss_if_grown(end)
                return end
            death = worker.death()
            self._worker = None
            deaths = 1 if epochs.whole else deaths + 1
            if self._crew.stopping:
                return {"event": "stopped"}
            if deaths == ATTEMPTS:
                return {"event": "lost", "reason": f"{death}, {ATTEMPTS} times in a row"}

    def dismiss(self) -> None:
        """End the worker, if there is one."""
        if self._worker is not None:
            self._worker.close()
        self._worker, self._first_memory = None, 0

    def _dismiss_if_grown(self, end: Told) -> None:
        memory = end.get("memory", 0)
        self._first_memory = self._first_memory or memory
        if memory > GROWTH * self._first_memory + SLACK:
            self.dismiss()


class _Epochs:
    """Passes on what a worker tells while it trains."""

    def __init__(self, crew: _Crew, planned: RunSpec, worker: "Worker"):
        self._crew = crew
        self._planned = planned
        self._worker = worker
        self.whole = 0

    def hear(self, told: Told) -> None:
        if told["event"] == "begin":
            self._crew.listener.started(self._planned)
            return
        self.whole += 1
        self._crew.listener.epoch(self._planned, told["epoch"], told["row"])
        source = self._crew.source
        if source.watches:
            go_on = source.goes_on(self._planned, told["epoch"], told["row"])
            self._worker.send({"go_on": go_on})


class Worker:
    """A process that trains (sweeps/worker.py), as the sweep sees it."""

    COMMAND = (sys.executable, "-m", "kerasdemo.sweeps.worker")

    def __init__(self, results: Path, threads: int | None):
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long
        self._process = subprocess.Popen(
            [*self.COMMAND, str(results)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            env=os.environ | _thread_limits(threads),
            # Ctrl-C is the sweep's: it ends the workers itself.
            start_new_session=True,
        )

    def train(
        self, planned: RunSpec, again: bool, watched: bool, hear: Callable[[Told], None]
    ) -> Told | None:
        """Train a run, telling of each epoch; return what ended it, None where the worker died."""
        self.send({"config": planned.config.resolved, "again": again, "watched": watched})
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if not line.endswith(b"\n"):
                return None  # it died in the middle of a line
            told: Told = json.loads(line)
            if told["event"] not in ("begin", "epoch"):
                return told
            hear(told)
        return None

    def send(self, message: Told) -> None:
        """Write a line to the worker; one that has died will be noticed when it does not answer."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(message).encode() + b"\n")
            self._process.stdin.flush()

    def kill(self) -> None:
        """End it at once; a run in it goes on from its last whole epoch another time."""
        self._process.kill()

    def death(self) -> str:
        """Return, in words, how a worker ended that has stopped to answer."""
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = self._process.wait()
        words = [f"the worker process {_ended(code)}", *self._last_words()]
        self.close()
        return ": ".join(words)

    def close(self) -> None:
        """End it and wait for it."""
        self._process.kill()
        # Closes both pipes; what was not written yet is of no more use.
        with suppress(BrokenPipeError):
            self._process.communicate()
        self._errors.close()

    def _last_words(self) -> list[str]:
        self._errors.seek(0)
        lines = self._errors.read().decode(errors="replace").split("\n")
        return [line.strip()[:300] for line in lines if line.strip()][-1:]


def _ended(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    name = signal.Signals(-code).name
    hint = " (out of memory?)" if name == "SIGKILL" else ""
    return f"was killed by {name}{hint}"


def _thread_limits(threads: int | None) -> dict[str, str]:
    """Return the environment that shares the processor between workers."""
    if threads is None:
        return {}
    names = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")
    return dict.fromkeys(names, str(threads)) | {"TF_FORCE_GPU_ALLOW_GROWTH": "true"}
