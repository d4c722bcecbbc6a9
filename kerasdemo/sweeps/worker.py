"""The process that trains: `python -m kerasdemo.sweeps.worker RESULTS`.

It reads a run a line from stdin and tells what happens in lines on stdout, all of them JSON. A
process of its own, because TensorFlow may die (segfault, out of memory) and the sweep must not.
When the sweep dies, stdin ends, and the worker with it: the run goes on from its last whole epoch
when it is asked for again.
"""

import errno
import json
import os
import queue
import sys
import threading
from pathlib import Path
from typing import Any

from kerasdemo.config import InputError, RunConfig
from kerasdemo.config.document import Document
from kerasdemo.config.loading import from_document

# Where one of these is the reason, the next run would fare no better.
FATAL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM)


class Stopped(BaseException):
    """The run is given up; not an Exception, so that nobody takes it for a failure."""


class Wire:
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
            os._exit(0)  # the sweep is gone, perhaps in the middle of a line

    def receive(self) -> dict[str, Any]:
        """Wait for the next line."""
        return self._lines.get()

    def send(self, event: str, **facts: Any) -> None:
        """Write a line."""
        self._out.write(json.dumps({"event": event, **facts}) + "\n")
        self._out.flush()


class WireReporter:
    """Tells the sweep of each epoch, and asks it whether to go on where it wants to be asked."""

    def __init__(self, wire: Wire, watched: bool):
        self.wire = wire
        self.watched = watched

    def begin(self, config: RunConfig, path: Path, first_epoch: int, examples: int) -> None:
        self.wire.send("begin", epoch=first_epoch)

    def epoch(self, epoch: int, row: dict[str, float], seconds: float) -> None:
        self.wire.send("epoch", epoch=epoch, row=row)
        if self.watched and not self.wire.receive()["go_on"]:
            raise Stopped

    def end(self) -> None:
        pass


def config_of(settings: dict[str, Any]) -> RunConfig:
    """Return the config whose `resolved` settings these are."""
    return from_document(Document(settings, "config.yaml", {}))


def main() -> None:
    """Train what comes until no more comes."""
    results = Path(sys.argv[1])
    wire = Wire()
    while True:
        job = wire.receive()
        _answer(wire, job, results)


def _answer(wire: Wire, job: dict[str, Any], results: Path) -> None:
    from kerasdemo.training import runner

    try:
        reporter = WireReporter(wire, job["watched"])
        config = config_of(job["config"])
        run = runner.run(config, results, overwrite=job["again"], reporter=reporter)
    except runner.Busy:
        wire.send("busy")
    except Stopped:
        wire.send("stopped")
    except InputError as error:
        wire.send("failed", reason=str(error.faults[0]))
    except OSError as error:
        event = "fatal" if error.errno in FATAL else "failed"
        wire.send(event, reason=f"{error.strerror}: {error.filename or results}")
    except Exception as error:  # one bad run must not stop the others, whatever Keras raises
        lines = str(error).splitlines() or [""]
        wire.send("failed", reason=f"{type(error).__name__}: {lines[0][:300]}")
    else:
        wire.send("done", status=run.status, reason=run.facts.get("reason"), memory=memory())


def memory() -> int:
    """Return the bytes that this process holds in memory."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    main()
