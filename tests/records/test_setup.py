"""setup.json: what a training from Python was asked to do."""

import json
from pathlib import Path
from typing import Any

import pytest

from kerasdemo.config import InputError, parse
from kerasdemo.records import RunFolder, Setup, list_runs, read, setup, summarize

SETUP = Setup(
    name="mlp",
    loss={"name": "categorical_crossentropy", "from_logits": True},
    optimizer={"name": "adam", "learning_rate": {"name": "cosine_decay", "decay_steps": 100}},
    seed=3,
    task="classification",
    batch_size=32,
    epochs=2,
    early_stopping={"monitor": "val_loss", "patience": 3},
    settings={"width": 64},
    frozen=("base",),
)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    """The folder of a run from Python that ended after two epochs."""
    folder = RunFolder(tmp_path / "mlp-01234567")
    folder.create(SETUP)
    for epoch in (1, 2):
        folder.add_epoch(epoch, {"loss": 1 / epoch, "accuracy": 0.4 * epoch})
    folder.finish({"status": "finished", "kept_epoch": 2})
    return folder


def test_it_is_read_as_it_was_written(folder: RunFolder) -> None:
    assert setup.read(folder.setup_file) == SETUP


def test_a_run_from_python_is_a_run(folder: RunFolder) -> None:
    run = read(folder.path)
    assert (run.config, run.setup, run.kept_epoch) == (None, SETUP, 2)
    assert run.history.accuracy == (0.4, 0.8)
    with pytest.raises(InputError, match="recorded from Python"):
        _ = run.yaml_config


def test_its_settings_are_what_a_comparison_groups_by(folder: RunFolder) -> None:
    summary = summarize(folder.path)
    assert (summary.name, summary.seed, summary.values) == ("mlp", 3, {"width": 64})
    assert summary.settings["width"] == 64
    assert summary.settings["loss.name"] == "categorical_crossentropy"
    assert summary.settings["optimizer.learning_rate.name"] == "cosine_decay"
    assert [run.id for run in list_runs(folder.path.parent).runs] == ["mlp-01234567"]


def test_a_config_says_the_same() -> None:
    text = "name: mlp\nseed: 3\noptimizer: {name: sgd, momentum: 0.9}\nloss: mse\n"
    found = setup.of_config(parse(text))
    assert (found.name, found.seed, found.loss_name) == ("mlp", 3, "mean_squared_error")
    assert found.optimizer["momentum"] == 0.9
    assert found.early_stopping is not None


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": 5}, "`name`"),
        ({"task": "guess"}, "`task`"),
        ({"seed": -1}, "`seed`"),
        ({"loss": {}}, "`loss` has no name"),
        ({"settings": {"<b>": 1}}, "settings"),
        ({"settings": {"width": [1]}}, "settings"),
        ({"l2": "NaN"}, "`l2`"),
        ({"optimizer": {"name": "sgd", "learning_rate": "fast"}}, "learning_rate` is no number"),
        ({"optimizer": {"name": "sgd", "learning_rate": 10**400}}, "learning_rate` is no number"),
    ],
)
def test_a_damaged_one_is_refused(change: dict[str, Any], problem: str, folder: RunFolder) -> None:
    content = json.loads(folder.setup_file.read_text()) | change
    folder.setup_file.write_text(json.dumps(content))
    with pytest.raises(InputError, match=f"damaged: setup.json: .*{problem}"):
        read(folder.path)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"name": "mlp"}', "\x00"])
def test_another_file_is_refused(text: str, folder: RunFolder) -> None:
    folder.setup_file.write_text(text)
    with pytest.raises(InputError, match=r"damaged: setup\.json"):
        read(folder.path)
