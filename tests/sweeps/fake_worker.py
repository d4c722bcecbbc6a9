"""A worker that trains nothing: the description of a run says what happens to it."""

import os
import signal
import sys
from pathlib import Path
from typing import Any

from kerasdemo import data
from kerasdemo.records import RunFolder, run_id
from kerasdemo.sweeps.worker import Connection, load_resolved

results = Path(sys.argv[1])
connection = Connection()
memory = 1 << 30


def write(config: Any, status: str = "finished") -> None:
    folder = RunFolder(results / run_id(config, data.find(config).fingerprint))
    folder.create(config)
    folder.clear()
    folder.add_epoch(1, {"loss": 1.0, "accuracy": config.seed / 10, "learning_rate": 0.1})
    folder.finish({"status": status, "reason": None, "seconds": 1.0})
    with (results / "trained.txt").open("a") as handle:
        handle.write(f"{os.getpid()} {config.name} {config.seed}\n")


while True:
    job = connection.receive()
    config = load_resolved(job["config"])
    flag = results / f"{config.name}-{config.seed}.flag"
    match config.description:
        case "segfault":
            print("the last line", file=sys.stderr, flush=True)
            os.kill(os.getpid(), signal.SIGSEGV)
        case "segfault once" if not flag.exists():
            flag.touch()
            connection.send("begin")
            connection.send("epoch", epoch=1, row={"loss": 1.0})
            os.kill(os.getpid(), signal.SIGKILL)
        case "killed thrice" if len(list(results.glob("*.kill"))) < 3:
            (results / f"{os.getpid()}.kill").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        case "half a line" if not flag.exists():
            flag.touch()
            connection._out.write('{"event": "ep')
            connection._out.flush()
            os.kill(os.getpid(), signal.SIGKILL)
        case "busy once" if not flag.exists():
            flag.touch()
            connection.send("busy")
            continue
        case "full disk":
            connection.send("fatal", reason="No space left on device")
            continue
        case "raises" if not job["overwrite"]:
            connection.send("failed", reason="ValueError: bad")
            continue
        case "grows":
            memory += 4 << 30
        case "exits":
            sys.stdout.flush()
            os._exit(3)
    connection.send("begin")
    connection.send("epoch", epoch=1, row={"loss": 1.0})
    if job["can_be_stopped"] and not connection.receive()["is_promising"]:
        connection.send("stopped")
        continue
    write(config, "diverged" if config.description == "diverges" else "finished")
    connection.send("done", status="finished", memory=memory)
