"""The id of a shipped config stays: a new key at its default must not hide the runs on disk."""

from pathlib import Path

import numpy as np
import pytest

from kerasdemo.config import load, parse
from kerasdemo.records import run_id
from kerasdemo.sweeps.expansion import expand
from kerasdemo.sweeps.experiment import load as load_experiment

DATA = {"source": "pinned", "sha256": "0" * 64}
CONFIGS = {
    "quickstart.yaml": "quickstart-56d8ee6e",
    "lecture/fizzbuzz/17_units_100.yaml": "17_units_100-508b08f7",
    "lecture/keras2/07_baseline.yaml": "07_baseline-0d3539d5",
    "lecture/keras2/12_relu.yaml": "12_relu-be13c33c",
    "lecture/keras2/15_noisy_test.yaml": "15_noisy_test-e15b3058",
    "lecture/keras2/16_dropout.yaml": "16_dropout-79b02555",
}
# The first and the last run of each.
EXPERIMENTS = {
    "diagnosis/conv.yaml": ("plain-a2810627", "noisy_test-e1d5ed93"),
    "diagnosis/circles.yaml": ("plain-78eaa4a4", "noisy_test-56a98541"),
    "diagnosis/blobs.yaml": ("plain-1c120336", "noisy_test-0968e279"),
    "depth_activation.yaml": (
        "activation=sigmoid+depth=1-87cd8b27",
        "activation=relu+depth=13-3d247474",
    ),
}
LAYERS = """
name: layers
data: {name: mnist_sample}
network:
  layers:
    - {type: conv2d, filters: 8, kernel_size: 3, strides: 2, padding: same, activation: relu}
    - {type: batch_normalization}
    - {type: max_pooling2d}
    - {type: average_pooling2d, pool_size: [2, 2], strides: 1}
    - {type: flatten}
    - {type: layer_normalization}
    - {type: dropout, rate: 0.5}
    - {type: reshape, target_shape: [4, 72]}
    - {type: flatten}
    - {type: maxout, units: 10}
    - {type: dense, units: 20, kernel_initializer: he_normal}
    - {type: activation, activation: {name: leaky_relu, negative_slope: 0.1}}
    - {type: dense, units: 10, activation: softmax}
"""


@pytest.mark.parametrize("file", CONFIGS)
def test_a_config_keeps_its_id(file: str, repository: Path) -> None:
    assert run_id(load(repository / "configs" / file), DATA) == CONFIGS[file]


@pytest.mark.parametrize("file", EXPERIMENTS)
def test_the_runs_of_an_experiment_keep_their_ids(file: str, repository: Path) -> None:
    planned = expand(load_experiment(repository / "experiments" / file))
    assert tuple(run_id(planned[n].config, DATA) for n in (0, -1)) == EXPERIMENTS[file]


def test_layers_as_written_keep_their_id() -> None:
    assert run_id(parse(LAYERS), DATA) == "layers-bc362dee"


def test_a_file_in_its_own_order_keeps_its_id(tmp_path: Path) -> None:
    x, y = np.zeros((40, 3), np.float32), np.arange(40) % 4
    np.savez(tmp_path / "own.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    config = parse(
        "{name: own, data: {name: file, path: own.npz, shuffle: false}}",
        str(tmp_path / "own.yaml"),
    )
    assert run_id(config, DATA) == "own-f60806e5"


def test_ignored_rules_are_recorded_but_no_part_of_the_id() -> None:
    plain, ignoring = parse(LAYERS), parse(LAYERS + "ignore: [K212, L301]\n")
    assert run_id(plain, DATA) == run_id(ignoring, DATA)
    assert "ignore" not in plain.resolved
    assert ignoring.resolved["ignore"] == ["K212", "L301"]
    assert parse(ignoring.to_yaml()).ignore == ("K212", "L301")
