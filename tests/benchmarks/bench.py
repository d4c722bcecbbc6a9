"""`make bench`: kerasdemo beside plain Keras, PyTorch, JAX, KerasTuner; writes results/benchmarks.

Peers train in environments of their own, one epoch each in turn, so that whatever else the
machine does falls on all of them. All but `fit` need the whole MNIST (KERASDEMO_MNIST). Takes two
hours.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path

import fit_cases
import numpy as np
from cases import CASES, NETWORKS, Case
from report import write_report

HERE = Path(__file__).parent
REPOSITORY = HERE.parent.parent
ENVIRONMENTS = REPOSITORY / ".bench"
RESULTS = REPOSITORY / "results" / "benchmarks"
ROUNDS, WARM, SWEEP_ROUNDS, FIT_ROUNDS = 9, 1, 3, 3
WHAT = ("epochs", "networks", "growth", "sweeps", "fit")
BREATH = 0.5
"""seconds before each turn: threads of the one before spin for a while before they sleep"""

Command = tuple[str | Path, ...]
PEERS: dict[str, Command] = {
    "kerasdemo": (sys.executable, "peer_kerasdemo.py"),
    "Keras fit": (sys.executable, "peer_keras.py"),
    "Keras fit, steps_per_execution": (sys.executable, "peer_keras.py", "steps_per_execution"),
    "PyTorch eager": (ENVIRONMENTS / "torch/bin/python", "peer_pytorch.py"),
    "PyTorch compiled": (ENVIRONMENTS / "torch/bin/python", "peer_pytorch.py", "compile"),
    "JAX scan": (ENVIRONMENTS / "jax/bin/python", "peer_jax.py"),
}
# Keras trains the model that kerasdemo builds.
NETWORK_PEERS: dict[str, Command] = {
    "kerasdemo": (sys.executable, "peer_kerasdemo.py"),
    "Keras fit": (sys.executable, "peer_kerasdemo.py", "fit"),
}
# Whole trainings of a Keras model, each in a process of its own.
FIT_PEERS: dict[str, Command] = {
    "kerasdemo.fit": (sys.executable, "peer_fit.py", "kerasdemo"),
    "kerasdemo.fit, recorded": (sys.executable, "peer_fit.py", "recorded"),
    "Keras fit": (sys.executable, "peer_fit.py", "fit"),
    "Keras fit, steps_per_execution": (sys.executable, "peer_fit.py", "steps_per_execution"),
    "PyTorch eager": (ENVIRONMENTS / "torch/bin/python", "peer_fit_pytorch.py", "eager"),
}


class Peer:
    """A process that trains an epoch on request."""

    def __init__(self, command: Command, data: Path):
        python, script, *arguments = command
        self.process = subprocess.Popen(
            [str(python), str(HERE / script), str(data), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def request(self, command: dict[str, object]) -> float | str | None:
        """Send a command and wait for the reply; None where the peer died of it."""
        assert self.process.stdin and self.process.stdout
        try:
            self.process.stdin.write(json.dumps(command) + "\n")
            self.process.stdin.flush()
            return json.loads(self.process.stdout.readline())  # type: ignore[no-any-return]
        except (OSError, ValueError):
            return None


def write_data(folder: Path) -> None:
    """Write the examples that all peers read."""
    with np.load(os.environ["KERASDEMO_MNIST"]) as arrays:
        x, y = arrays["x_train"], arrays["y_train"]
    np.savez(folder / "mnist.npz", x=(x / 255).astype(np.float32), y=y)
    n = np.arange(101, 1001)
    bits = ((n[:, None] >> np.arange(10)) & 1).astype(np.float32)
    np.savez(folder / "fizzbuzz.npz", x=bits, y=(n % 3 == 0) + 2 * (n % 5 == 0))


def peak_gflops() -> float:
    """Return the machine's rate on a large float32 matrix product, at this moment."""
    a = np.random.default_rng(0).random((2_000, 2_000), dtype=np.float32)
    a @ a
    start = time.perf_counter()
    a @ a
    return 2 * 2_000**3 / (time.perf_counter() - start) / 1e9


def epochs(case: Case, data: Path) -> dict[str, dict[str, object]]:
    """Return seconds an epoch and final accuracy of every peer, and the peak between rounds."""
    commands = NETWORK_PEERS if case.network else PEERS
    peers = {}
    for name, command in commands.items():
        peer = Peer(command, data) if Path(command[0]).exists() else None
        if peer is None or peer.request({"case": case.name}) is None:
            print(f"  {name} does not run here", flush=True)
        else:
            peers[name] = peer
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    peaks = []
    for number in range(ROUNDS + WARM):
        for name, peer in peers.items():
            time.sleep(BREATH)
            took = peer.request({"epoch": True})
            if number >= WARM and isinstance(took, float):
                seconds[name].append(took)
        peaks.append(peak_gflops())
    found: dict[str, dict[str, object]] = {
        name: {"seconds": seconds[name], "accuracy": peer.request({"accuracy": True})}
        for name, peer in peers.items()
        if seconds[name]
    }
    for peer in peers.values():
        peer.process.kill()
    found["peak"] = {"gflops": peaks}
    for name, one in found.items():
        if "seconds" in one:
            print(f"  {name}: {statistics.median(one['seconds']):.4f} s, {one['accuracy']:.4f}")  # type: ignore[call-overload]
    return found


def whole_processes(name: str, data: Path) -> dict[str, list[float]]:
    """Return seconds of whole processes for the 24 runs of a sweep, ours and KerasTuner's."""
    ours = [sys.executable, "-m", "kerasdemo", "sweep", str(HERE / f"sweep_{name}.yaml")]
    theirs = [str(ENVIRONMENTS / "tuner/bin/python"), str(HERE / "peer_kerastuner.py")]
    found: dict[str, list[float]] = {"kerasdemo": [], "KerasTuner": []}
    for _ in range(SWEEP_ROUNDS):
        with tempfile.TemporaryDirectory() as results:
            for peer, command in (
                ("kerasdemo", [*ours, "--results", results]),
                ("KerasTuner", [*theirs, str(data), name]),
            ):
                start = time.perf_counter()
                subprocess.run(command, check=True, capture_output=True)
                found[peer].append(time.perf_counter() - start)
                print(f"  24 runs on {name}, {peer}: {found[peer][-1]:.1f} s", flush=True)
    return found


def whole_trainings(keep: Callable[[object], None]) -> None:
    """Measure whole trainings of a Keras model, the peers in turn; keep what there is as it comes.

    What is kept: {case: {peer: [{"total": seconds, "ends": of each epoch, "loop": ours}]}}.
    """
    found: dict[str, dict[str, list[object]]] = {}
    for _ in range(FIT_ROUNDS):
        for network, batch in product(fit_cases.NETWORKS, fit_cases.BATCHES):
            peers = found.setdefault(f"{network}, batch {batch}", {})
            for name, (python, script, peer) in FIT_PEERS.items():
                if not Path(python).exists():
                    continue
                time.sleep(BREATH)
                command = [str(python), str(HERE / script), network, str(batch), str(peer)]
                done = subprocess.run(command, capture_output=True, text=True)
                if done.returncode:
                    print(f"  {name} fails: {done.stderr[-300:]}", flush=True)
                    continue
                measured = json.loads(done.stdout.splitlines()[-1])
                peers.setdefault(name, []).append(measured)
                print(f"  {network}, {batch}, {name}: {measured['total']:.2f} s", flush=True)
                keep(found)


def circumstances() -> dict[str, object]:
    """Return machine and versions."""
    versions = {}
    for folder in (Path(sys.executable).parent.parent, *sorted(ENVIRONMENTS.glob("*/"))):
        python = folder / "bin" / "python"
        listed = subprocess.run(
            [str(python), "-m", "pip", "list", "--format", "json"], capture_output=True, text=True
        )
        for package in json.loads(listed.stdout or "[]"):
            if package["name"] in ("tensorflow", "keras", "torch", "jax", "optax", "keras-tuner"):
                versions.setdefault(package["name"], package["version"])
    processor = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    return {
        "processor": processor,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "versions": versions,
    }


def main() -> None:
    """Measure, then write the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", choices=WHAT, help="what to measure; default: all")
    chosen = parser.parse_args().what or WHAT
    if "KERASDEMO_MNIST" not in os.environ and set(chosen) != {"fit"}:
        sys.exit("error: KERASDEMO_MNIST must name an mnist.npz with the whole MNIST")
    RESULTS.mkdir(parents=True, exist_ok=True)
    file = RESULTS / "results.json"
    results = json.loads(file.read_text()) if file.exists() else {}
    # A part that is measured alone may be measured on another machine: each says its own.
    machines = results.setdefault("machines", {})

    here = circumstances()

    def keep(key: str, value: object) -> None:
        results[key], machines[key] = value, here
        file.write_text(json.dumps(results, indent=1) + "\n")

    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        if set(chosen) != {"fit"}:
            write_data(data)
        for what, cases in (("epochs", CASES), ("networks", NETWORKS)):
            if what in chosen:
                done = {}
                for case in cases.values():
                    print(case.name, flush=True)
                    done[case.name] = epochs(case, data)
                    keep(what, done)
        if "growth" in chosen:
            command = [sys.executable, str(HERE / "growth.py")]
            grown = subprocess.run(command, capture_output=True, text=True, check=True)
            keep("growth", json.loads(grown.stdout.splitlines()[-1]))
        if "fit" in chosen:
            whole_trainings(lambda found: keep("fit", found))
        if "sweeps" in chosen:
            keep("sweeps", {name: whole_processes(name, data) for name in ("fizzbuzz", "mnist")})
    write_report(results, RESULTS)


if __name__ == "__main__":
    main()
