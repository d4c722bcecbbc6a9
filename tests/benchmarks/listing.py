"""How long `list` and `compare` take for many runs, and how much memory.

Run: python tests/benchmarks/listing.py [FILE.md]. The first time reads every run's files, from the
second time on they come from the index.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml

from kerasdemo.config import parse

COUNTS = (100, 1_000, 10_000)
SEEDS = 5
EPOCHS = 20
VERBS = (("list",), ("compare",))


def make(root: Path, count: int) -> None:
    """Write run folders as the runner does, but without a model: learning rates by seeds."""
    text = yaml.safe_dump(parse("name: made\ndata: {name: fizzbuzz}").resolved, sort_keys=False)
    curve = [f"{e},{1 / e},{1 - 1 / e},{1 / e},{1 - 1 / e},0.001\n" for e in range(1, EPOCHS + 1)]
    rows = "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate\n" + "".join(curve)
    for number in range(count):
        folder = root / f"made-{number:08x}"
        folder.mkdir(parents=True)
        rate = f"learning_rate: {0.001 * (number // SEEDS + 1)}"
        config = text.replace("seed: 0", f"seed: {number % SEEDS}")
        (folder / "config.yaml").write_text(config.replace("learning_rate: 0.001", rate))
        (folder / "metrics.csv").write_text(rows)
        facts = {
            "status": "finished",
            "seconds": 1.0,
            "parameters": 1_000,
            "test": {"loss": 1.0, "accuracy": number / count},
            "data": {"source": "fizzbuzz"},
        }
        (folder / "run.json").write_text(json.dumps(facts))


def measure(arguments: list[str]) -> tuple[float, float]:
    """Return a process' seconds and its largest memory in MB."""
    command = [sys.executable, "-m", "kerasdemo", *arguments]
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)} failed")
    return time.perf_counter() - began, usage.ru_maxrss / 1024


def main() -> None:
    """Measure every verb on every number of runs, and print a Markdown table."""
    lines = [
        "| runs | verb | first time (s) | then (s, median of 5) | ms a run | MB |",
        "|---|---|---|---|---|---|",
    ]
    for count in COUNTS:
        for verb in VERBS:
            with tempfile.TemporaryDirectory() as place:
                make(Path(place), count)
                first, _ = measure([*verb, place])
                later = [measure([*verb, place]) for _ in range(5)]
            seconds = sorted(s for s, _ in later)[2]
            memory = max(m for _, m in later)
            lines.append(
                f"| {count:,} | {' '.join(verb)} | {first:.2f} | {seconds:.2f} | "
                f"{1000 * seconds / count:.2f} | {memory:.0f} |"
            )
            print(lines[-1], flush=True)
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
