"""A real Ray cluster of two nodes on this machine, one of which is killed in the middle."""

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kerasdemo.config import InputError
from kerasdemo.sweeps import cluster
from kerasdemo.sweeps.experiment import Resources, load
from kerasdemo.sweeps.sweep import sweep

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None,
    reason="Ray is not installed: pip install 'kerasdemo[ray]'",
)
EXPERIMENT = """
base:
  data: {name: circles, train: 300, validation: 100, test: 100}
  network: {depth: 1, units: 16}
  training: {epochs: EPOCHS, batch_size: 10, early_stopping: null}
grid:
  optimizer.learning_rate: [0.1, 0.01, 1.0e+30]
seeds: 0-1
"""


@pytest.fixture
def two_nodes() -> Iterator[Any]:
    import ray
    from ray.cluster_utils import Cluster

    nodes = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    nodes.add_node(num_cpus=1)
    nodes.wait_for_nodes()
    yield nodes
    ray.shutdown()
    nodes.shutdown()


@needs_ray
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_sweep_survives_the_loss_of_a_node(two_nodes: Any, tmp_path: Path) -> None:
    experiment = tmp_path / "question.yaml"
    experiment.write_text(EXPERIMENT.replace("EPOCHS", "200"))
    command = [sys.executable, "-m", "kerasdemo", "sweep", str(experiment), "--json"]
    options = ["--results", str(tmp_path / "far"), "--ray", two_nodes.address]
    process = subprocess.Popen([*command, *options], stdout=subprocess.PIPE)
    results = tmp_path / "far" / "question"
    while not list(results.glob("*/run.json")) and process.poll() is None:
        time.sleep(0.1)
    two_nodes.remove_node(two_nodes.list_all_nodes()[1], allow_graceful=False)
    shown, _ = process.communicate()

    # Nothing but JSON, whatever Ray prints on the node.
    statuses = [run["status"] for run in json.loads(shown)["runs"]]
    assert sorted(statuses) == ["diverged"] * 2 + ["finished"] * 4
    # The same runs on this machine give the same results, to the byte.
    near = sweep(load(experiment), tmp_path / "near")
    assert len(near.outcomes) == 6
    for folder in (tmp_path / "near" / "question").glob("*/"):
        rows = (folder / "metrics.csv").read_bytes()
        assert (results / folder.name / "metrics.csv").read_bytes() == rows, folder.name
    second = sweep(load(experiment), tmp_path / "far")
    assert all(outcome.is_reused for _, outcome in second.outcomes)


@needs_ray
@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("127.0.0.1:1", "no Ray cluster answers at '127.0.0.1:1'"),
        ("nowhere", "expected auto, HOST:PORT or ray://HOST:PORT"),
    ],
)
def test_an_address_that_does_not_answer_is_reported(address: str, problem: str) -> None:
    with pytest.raises(InputError, match=problem):
        cluster.connect(address, Resources())


def test_without_ray_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(InputError, match=r"pip install 'kerasdemo\[ray\]'"):
        cluster.connect("auto", Resources())
