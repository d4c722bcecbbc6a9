"""How long `kerasdemo serve` takes to list runs, and its memory while 20 runs train.

Run: python tests/benchmarks/serving.py [FILE.md]. The training is played: 20 runs add 3,600 epochs
each, an hour's worth at one a second, faster than that; a watcher has the list open, and one each
of the runs.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.benchmarks.listing import make
from tests.pages.served import Events, add_epoch, begin_run

COUNTS = (500, 10_000)
RUNS, EPOCHS, STEPS = 20, 3_600, 6


class Server:
    """`kerasdemo serve` as a process of its own."""

    def __init__(self, root: Path):
        command = [sys.executable, "-m", "kerasdemo", "serve", str(root), "--port=0", "--no-open"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        lines = iter(self.process.stdout.readline, "")
        self.url = next(line.strip() for line in lines if "http://" in line)

    def get(self, path: str = "") -> str:
        """Return a page."""
        with urllib.request.urlopen(self.url + path) as answer:
            return str(answer.read().decode())

    def use(self) -> tuple[float, float]:
        """Return the memory in use in MB, and the seconds of processor time so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        memory = next(line for line in status.splitlines() if line.startswith("VmRSS"))
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        ticks = int(fields[11]) + int(fields[12])
        return int(memory.split()[1]) / 1024, ticks / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.communicate()


def list_runs(count: int) -> str:
    """Return a line: seconds until the first page is there, and until every run is read."""
    with tempfile.TemporaryDirectory() as place:
        make(Path(place), count)
        server = Server(Path(place))
        began, start = time.perf_counter(), server.use()[1]
        server.get()
        first, used = time.perf_counter() - began, server.use()[1] - start
        events, unread = Events(f"{server.url}events?version=0"), 1
        listed = 0.0
        names: set[str] = set()
        while unread or len(names) < count:
            _, data = events.next()
            unread = data["unread"]
            names |= {row["key"] for row in data["rows"]}
            if len(names) == count and not listed:
                listed = time.perf_counter() - began
        every = time.perf_counter() - began
        began = time.perf_counter()
        server.get()
        again = time.perf_counter() - began
        events.close()
        memory, _ = server.use()
        server.stop()
    numbers = " | ".join(f"{number:.2f}" for number in (first, used, listed, every, again))
    line = f"| {count:,} | {numbers} | {memory:.0f} |"
    print(line, flush=True)
    return line


def drain(events: Events) -> None:
    """Read a stream as a browser does."""
    try:
        while True:
            events.next()
    except (OSError, EOFError):
        return


def train() -> list[str]:
    """Return lines: memory and processor time while 20 runs train and 21 pages watch."""
    lines = []
    with tempfile.TemporaryDirectory() as place:
        folders = [
            begin_run(Path(place) / f"run-{n}", 1, total=EPOCHS, name=f"run-{n}")
            for n in range(RUNS)
        ]
        server = Server(Path(place))
        keys = [part.split('"')[0] for part in server.get().split("/run/")[1:]]
        keys = [key for key in keys if key]
        streams = [server.url + "events?version=0"]
        streams += [f"{server.url}run/{key}/events" for key in keys]
        every = [Events(url) for url in streams]
        threads = [threading.Thread(target=drain, args=(one,), daemon=True) for one in every]
        for thread in threads:
            thread.start()
        began, start = time.perf_counter(), server.use()[1]
        for epoch in range(2, EPOCHS + 1):
            for folder in folders:
                add_epoch(folder, epoch)
            if epoch % (EPOCHS // STEPS) == 0:
                time.sleep(3)
                memory, used = server.use()
                share = (used - start) / (time.perf_counter() - began)
                lines.append(f"| {epoch:,} | {memory:.1f} | {share:.0%} |")
                print(lines[-1], flush=True)
        server.stop()
        for thread in threads:
            thread.join(5)
    return lines


def main() -> None:
    """Measure and print Markdown tables."""
    lines = [
        "| runs | first page (s) | of a core | all listed (s) | all read (s) | again (s) | MB |",
        "|---|---|---|---|---|---|---|",
        *map(list_runs, COUNTS),
        "",
        f"| epochs of each of {RUNS} runs | MB | of a core |",
        "|---|---|---|",
        *train(),
    ]
    print("\n".join(lines))
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
