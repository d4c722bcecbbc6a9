"""The process that trains: `python -m kerasdemo.sweeps.worker RESULTS`.

It is a separate process because TensorFlow may die (segmentation fault, out of memory) and the
sweep must not. It reads a run a line from stdin and writes what happens in lines to stdout, all of
them JSON. When the sweep dies, stdin ends and the worker with it; the next sweep resumes the run
after its last whole epoch.
"""

import errno
import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdemo.config import InputError, RunConfig
from kerasdemo.config.document import Document
from kerasdemo.config.errors import first_line
from kerasdemo.config.loading import from_document

if TYPE_CHECKING:
    from kerasdemo.training.reporter import Reporter

# After one of these the next run would fail as well.
FATAL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


class StoppedEarly(BaseException):
    """The search stopped the run; not an Exception, so that it is not taken for a failure."""


def train_run(
    config: RunConfig, results: Path, overwrite: bool, reporter: "Reporter"
) -> dict[str, Any]:
    """Train a run; return how it ended.

    Returns:
        {"event": ...}: done (with the run's `status`), busy, stopped, failed or fatal (both with a
        `reason`; after fatal no other run can be trained either).
    """
    from kerasdemo.training import runner

    try:
        run = runner.run(config, results, overwrite=overwrite, reporter=reporter)
    except runner.Busy:
        return {"event": "busy"}
    except StoppedEarly:
        return {"event": "stopped"}
    except InputError as error:
        return {"event": "failed", "reason": str(error.faults[0])}
    except OSError as error:
        event = "fatal" if error.errno in FATAL else "failed"
        return {"event": event, "reason": f"{error.strerror}: {error.filename or results}"}
    except Exception as error:  # one bad run must not stop the others, whatever Keras raises
        return {"event": "failed", "reason": first_line(error)}
    return {"event": "done", "status": run.status}


class Connection:
    """Lines to and from the sweep."""

    def __init__(self) -> None:
        # Whatever else prints must not come between the lines.
        self._out = os.fdopen(os.dup(1), "w", encoding="utf-8")
        os.dup2(2, 1)
        self._lines: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for line in sys.stdin:
                self._lines.put(json.loads(line))
        finally:
            os._exit(0)  # the sweep has died, perhaps in the middle of a line

    def receive(self) -> dict[str, Any]:
        """Wait for the next line."""
        return self._lines.get()

    def send(self, event: str, **values: object) -> None:
        """Write a line."""
        self._out.write(json.dumps({"event": event, **values}) + "\n")
        self._out.flush()


class ConnectionReporter:
    """Sends each epoch to the sweep; waits for its decision where the sweep can stop runs."""

    def __init__(self, connection: Connection, can_be_stopped: bool):
        self._connection = connection
        self._can_be_stopped = can_be_stopped

    def begin(self, config: RunConfig, path: Path, first_epoch: int, examples: int) -> None:
        self._connection.send("begin")

    def epoch(self, epoch: int, row: dict[str, float], seconds: float) -> None:
        self._connection.send("epoch", epoch=epoch, row=row)
        if self._can_be_stopped and not self._connection.receive()["is_promising"]:
            raise StoppedEarly

    def end(self) -> None:
        pass


def load_resolved(settings: dict[str, Any]) -> RunConfig:
    """Return the config with these `resolved` settings."""
    return from_document(Document(settings, "config.yaml", {}))


def memory() -> int:
    """Return the bytes that this process holds in memory."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Train runs until stdin ends."""
    results = Path(sys.argv[1])
    connection = Connection()
    while True:
        job = connection.receive()
        reporter = ConnectionReporter(connection, job["can_be_stopped"])
        try:
            config = load_resolved(job["config"])
        except InputError as error:
            connection.send("failed", reason=str(error.faults[0]))
            continue
        message = train_run(config, results, job["overwrite"], reporter)
        connection.send(**message, memory=memory())


if __name__ == "__main__":
    main()
