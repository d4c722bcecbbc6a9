"""Changes: from Python, and from options that are pasted into a shell."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from kerasdemo import config
from kerasdemo.config import InputError, RunConfig
from kerasdemo.config.changes import options, parse_overrides
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


def test_a_change_leaves_all_else_as_it_is() -> None:
    plain = config.parse("data: {name: circles}\nloss: {name: categorical_crossentropy}\n")
    changed = plain.with_changes({"loss": "binary_crossentropy", "data.validation": 20})
    # Left out of a file, these would follow from the loss and from the number of examples.
    assert changed.network.output_activation == plain.network.output_activation
    assert (changed.data.train, changed.data.validation) == (700, 20)
    assert plain.with_changes({}).resolved == plain.resolved


def test_changes_are_made_in_order() -> None:
    rate, name = {"optimizer.learning_rate": 0.5}, {"optimizer": "sgd"}
    plain = config.parse("{}")
    assert plain.with_changes(name | rate).optimizer.arguments["learning_rate"] == 0.5
    assert plain.with_changes(rate | name).optimizer.arguments["learning_rate"] == 0.01
    texts = ["optimizer.learning_rate=0.5", "optimizer=sgd", "optimizer.learning_rate=0.25"]
    assert list(parse_overrides(texts)) == ["optimizer", "optimizer.learning_rate"]


def test_a_config_with_changes_can_be_changed_and_copied() -> None:
    plain = config.parse("seed: 1")
    copy = plain.model_copy(update={"seed": 2})
    assert copy.with_changes({"training.epochs": 3}).seed == 2
    changed = plain.with_changes({"training.epochs": 3}).with_changes({"network.depth": 4})
    assert (changed.training.epochs, changed.network.depth) == (3, 4)
    given = {"optimizer": {"name": "sgd"}}
    plain.with_changes({**given, "optimizer.momentum": 0.5})
    assert given == {"optimizer": {"name": "sgd"}}


def test_a_wrong_change_is_reported_as_one_of_set() -> None:
    plain = config.parse("network: {depth: 1}\n", "net.yaml")
    with pytest.raises(InputError, match=r"--set: network\.dropout: got 2; expected less than 1"):
        plain.with_changes({"network.dropout": 2})
    text = "data: {name: blobs}\ntraining: {early_stopping: {monitor: val_loss}}\n"
    with pytest.raises(InputError, match=r"net\.yaml:2: training\.early_stopping\.monitor: "):
        config.parse(text, "net.yaml").with_changes({"data.validation": 0})
    with pytest.raises(TypeError, match="loaded or parsed"):
        RunConfig().with_changes({})


def test_a_recorded_config_takes_changes(tmp_path: Path) -> None:
    plain = config.parse("name: tiny\ndata: {name: blobs}\n")
    (tmp_path / "config.yaml").write_text(plain.to_yaml("two\nlines"), encoding="utf-8")
    recorded = config.recorded(tmp_path / "config.yaml")
    assert recorded.resolved == plain.resolved
    change = {"data.normalize": "none"}
    assert recorded.with_changes(change).resolved == plain.with_changes(change).resolved
