"""Kill -9 at random moments: nothing is lost, nothing is trained twice, to the byte."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kerasdemo.config.document import parse_text
from kerasdemo.records import RunFolder
from kerasdemo.sweeps.executor import GridSource
from kerasdemo.sweeps.expansion import RunSpec, expand
from kerasdemo.sweeps.experiment import from_document
from kerasdemo.sweeps.in_process import InProcess
from kerasdemo.sweeps.run_store import RunOutcome, RunStore
from kerasdemo.sweeps.worker_pool import WorkerPool

EXPERIMENT = """
base:
  data: {name: circles, train: 300, validation: 100, test: 100}
  network: {depth: 1, units: 16}
  training: {epochs: 150, batch_size: 10, early_stopping: null}
grid: {optimizer: [sgd, adam]}
seeds: 0-2
"""
SWEEP = (
    "import sys; from kerasdemo import sweep;"
    "result = sweep(sys.argv[1], sys.argv[2], workers=int(sys.argv[3]));"
    "sys.exit(bool(result.failed))"
)


def start(experiment: Path, results: Path, workers: int = 1) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", SWEEP, str(experiment), str(results), str(workers)]
    return subprocess.Popen(command)


def folders(results: Path) -> dict[str, RunFolder]:
    found = sorted((results / "question").glob("*/config.yaml"))
    return {file.parent.name: RunFolder(file.parent) for file in found}


def wait_for_an_epoch(results: Path, sweep: subprocess.Popen[bytes]) -> None:
    def size() -> int:
        files = [folder.metrics_file for folder in folders(results).values()]
        return sum(file.stat().st_size for file in files if file.exists())

    before = size()
    while size() <= before and sweep.poll() is None:
        time.sleep(0.02)


def children(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


class Killer:
    """A listener that kills a pool's process in the middle of a run."""

    def __init__(self, pool: WorkerPool):
        self.pool = pool
        self.outcomes: list[RunOutcome] = []

    def on_run_begin(self, spec: RunSpec) -> None:
        pass

    def on_epoch_end(self, spec: RunSpec, epoch: int, row: dict[str, float]) -> None:
        if epoch == 5 and len(self.pool._processes) == 1:
            self.pool._processes[0].kill()

    def on_run_end(self, spec: RunSpec, outcome: RunOutcome) -> None:
        self.outcomes.append(outcome)


@pytest.mark.slow
def test_a_run_whose_process_was_killed_is_resumed_to_the_same_bytes(tmp_path: Path) -> None:
    text = EXPERIMENT.replace("[sgd, adam]", "[adam]").replace("0-2", "[0]").replace("150", "20")
    (spec,) = expand(from_document(parse_text(text, "question.yaml")))
    stores = RunStore(tmp_path / "killed"), RunStore(tmp_path / "calm")
    for store in stores:
        store.results.mkdir()
    pool = WorkerPool()
    killer = Killer(pool)
    pool.execute(GridSource([spec]), stores[0], killer)
    assert [outcome.status for outcome in killer.outcomes] == ["finished"]
    assert len(pool._processes) == 2
    InProcess().execute(GridSource([spec]), stores[1], killer)
    killed, calm = (store.folder(spec.config) for store in stores)
    assert killed.metrics_file.read_bytes() == calm.metrics_file.read_bytes()
    assert killed.layers_file.read_bytes() == calm.layers_file.read_bytes()


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="finds workers through /proc")
def test_a_sweep_that_is_killed_ten_times_ends_as_one_that_is_not(tmp_path: Path) -> None:
    experiment = tmp_path / "question.yaml"
    experiment.write_text(EXPERIMENT)
    assert start(experiment, tmp_path / "calm").wait() == 0
    calm = folders(tmp_path / "calm")
    assert len(calm) == 6

    storm = tmp_path / "storm"
    chance = random.Random(4)
    finished: dict[str, int] = {}
    cut_off = 0
    for kill in range(10):
        sweep = start(experiment, storm)
        # Anywhere at all, starting included; or a moment after an epoch, to hit a run.
        if kill % 2:
            wait_for_an_epoch(storm, sweep)
        time.sleep(chance.uniform(0, 1.5 if kill % 2 else 5))
        if kill % 3 == 0:  # a worker first: the sweep goes on without it
            for worker in children(sweep.pid):
                os.kill(worker, signal.SIGKILL)
            time.sleep(chance.uniform(0, 2))
        sweep.kill()
        sweep.wait()
        for name, folder in folders(storm).items():
            if folder.status is None:
                cut_off += folder.metrics_file.exists()
            else:
                written = folder.run_file.stat().st_mtime_ns
                assert finished.setdefault(name, written) == written, "trained again"
    assert cut_off, "no kill came in the middle of a run"

    assert start(experiment, storm).wait() == 0
    assert folders(storm).keys() == calm.keys()
    for name, folder in folders(storm).items():
        assert folder.status == "finished"
        assert folder.metrics_file.read_bytes() == calm[name].metrics_file.read_bytes(), name
        assert folder.layers_file.read_bytes() == calm[name].layers_file.read_bytes(), name
        assert not folder.checkpoint_file.exists()
        if name in finished:
            assert folder.run_file.stat().st_mtime_ns == finished[name]


@pytest.mark.slow
def test_two_sweeps_at_once_share_the_work(tmp_path: Path) -> None:
    experiment = tmp_path / "question.yaml"
    experiment.write_text(EXPERIMENT.replace("epochs: 150", "epochs: 30"))
    sweeps = [start(experiment, tmp_path / "results") for _ in range(2)]
    assert [sweep.wait() for sweep in sweeps] == [0, 0]
    runs = folders(tmp_path / "results")
    assert len(runs) == 6
    for folder in runs.values():
        assert folder.status == "finished"
        # One header and thirty epochs: two trainings would have left more, or other rows.
        epochs = [line.split(",")[0] for line in folder.metrics_file.read_text().splitlines()]
        assert epochs == ["epoch", *map(str, range(1, 31))]
