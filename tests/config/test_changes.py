"""What is printed as a remedy can be pasted: through a real shell, into the real parser."""

import shutil
import subprocess
from typing import Any

import pytest

from kerasdemo import config
from kerasdemo.config.changes import options
from kerasdemo.diagnosis import diagnose
from tests.factories import FAULTS, PLAIN, STUCK, MakeRun, falling, make_run, rising

LAYERS = """
data: {name: mnist}
network:
  layers:
    - {type: flatten}
    - {type: dense, units: 50, activation: relu}
    - {type: dense, units: 10, activation: softmax}
training: {early_stopping: null}
"""
NOISY = "data: {name: mnist, noise: {test: 1.0}}\n"
# What the remedies below don't have, but a shell might stumble over.
AWKWARD: list[tuple[str, dict[str, Any]]] = [
    (PLAIN, {"description": "it's $HOME, `ls`, ~, !! & *; #"}),
    (PLAIN, {"optimizer.learning_rate": 1e-05, "training.early_stopping": None}),
    (PLAIN, {"network.units": [300, 300]}),
]


def remedies(run: MakeRun) -> list[tuple[str, dict[str, Any]]]:
    """Every remedy of runs that fail, overfit, or are tested on something else, with its config."""
    wide = {"loss": falling(2.3, 0.001), "accuracy": rising(0.1, 1.0)}
    wide |= {"val_loss": [0.3] * 5 + [1.0] * 15, "val_accuracy": rising(0.1, 0.8)}
    good = {"loss": falling(2.3, 0.01), "accuracy": rising(0.1, 0.99)}
    good |= {"val_loss": falling(2.3, 0.15), "val_accuracy": rising(0.1, 0.965)}
    shares = {"class_shares": [0.5, 0.5, 0.0], "validation_class_shares": [0.0, 0.0, 1.0]}
    runs = [(text, run(text, **STUCK, layers=layers, **facts)) for _, text, layers, facts in FAULTS]
    runs += [(text, run(text, **wide, data={"train": 5_000})) for text in (PLAIN, LAYERS)]
    runs += [(NOISY, run(NOISY, **good, test={"loss": 3.0, "accuracy": 0.4}))]
    runs += [(PLAIN, run(**good, data={**shares, "classes": 3}))]
    return [(text, dict(r.patch)) for text, one in runs for r in diagnose(one).remedies]


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_each_kind_of_remedy_pastes_into_a_shell(shell: str) -> None:
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    found = [*AWKWARD, *remedies(make_run)]
    keys = {key for _, patch in found for key in patch}
    assert keys >= {"loss", "optimizer", "training.early_stopping", "network.layers"}
    assert keys >= {"network.activation", "data.noise.train", "data.normalize", "data.shuffle"}
    # Each word ends in a null byte, each remedy in one more.
    script = "\n".join(f"printf '%s\\0' {options(patch)} ''" for _, patch in found)
    done = subprocess.run([shell, "-c", script], capture_output=True, text=True, check=True)
    for (text, patch), line in zip(found, done.stdout.split("\0\0")[:-1], strict=True):
        words = line.split("\0")
        assert words[::2] == ["--set"] * len(patch)
        changed = config.parse(text, overrides=words[1::2])
        assert changed.resolved == config.parse(text).with_changes(patch).resolved
