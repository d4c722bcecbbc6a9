"""Every YAML that ships can be loaded, checked and built, and says what to expect of it."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from kerasdemo import data
from kerasdemo.config import load
from kerasdemo.config.document import parse_text, read
from kerasdemo.config.lint import lint
from kerasdemo.training import network

CONFIGS = Path(__file__).parent.parent.parent / "configs"
EXPERIMENTS = CONFIGS.parent / "experiments"
FILES = sorted(CONFIGS.rglob("*.yaml"))


@cache
def editor(schema: Path) -> Any:
    """What an editor checks YAML with."""
    return Draft202012Validator(json.loads(schema.read_text()))


@pytest.mark.parametrize(
    "file", [*FILES, *sorted(EXPERIMENTS.rglob("*.yaml"))], ids=lambda file: file.stem
)
def test_an_editor_finds_no_fault_in_what_ships(file: Path) -> None:
    schema = (CONFIGS if file.is_relative_to(CONFIGS) else EXPERIMENTS) / "schema.json"
    editor(schema).validate(read(file).data)


@pytest.mark.parametrize(
    ("text", "is_right"),
    [
        ("{loss: mse, optimizer: SGD, network: {activation: swish}}", True),
        ("network: {layers: [{type: Maxout, units: 3}, {type: Conv2D, filters: 2}]}", False),
        ("network: {layers: [{type: Maxout, units: 3}, {type: Dense, units: 2}]}", True),
        ("{loss: mze}", False),
        ("{training: {epoch: 3}}", False),
    ],
)
def test_an_editor_takes_what_a_run_takes(text: str, is_right: bool) -> None:
    config = parse_text(text, "text").data
    assert editor(CONFIGS / "schema.json").is_valid(config) == is_right
    nested = {"base": config, "grid": {"training.batch_size": [1, 10]}}
    assert editor(EXPERIMENTS / "schema.json").is_valid(nested) == is_right


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CONFIGS)))
def test_a_shipped_config_can_be_built(file: Path) -> None:
    config = load(file)
    assert not [tip for tip in lint(config) if tip.severity == "error"]
    facts = config.dataset_info
    assert facts and facts.outputs
    shape = facts.shape or data.load(config).shape
    built = network.build(config, shape, facts.outputs)
    assert built.output_shape == (None, facts.outputs)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CONFIGS)))
def test_a_shipped_config_says_command_time_and_result(file: Path) -> None:
    lines = file.read_text().splitlines()
    depth = len(file.relative_to(CONFIGS).parts) - 1
    assert lines[0] == f"# yaml-language-server: $schema={'../' * depth}schema.json"
    assert lines[1] == f"# kerasdemo run {file.relative_to(CONFIGS.parent)}"
    header = "\n".join(line for line in lines if line.startswith("#"))
    assert re.search(r"about \d+ s", header)
    assert "Expect:" in header
    assert len(lines) <= 30
