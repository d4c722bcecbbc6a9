"""Every YAML that ships can be loaded, checked and built, and says what to expect of it."""

import re
from pathlib import Path

import pytest

from kerasdemo.config import load
from kerasdemo.config.lint import lint
from kerasdemo.training import network

CONFIGS = Path(__file__).parent.parent.parent / "configs"
FILES = sorted(CONFIGS.rglob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CONFIGS)))
def test_a_shipped_config_can_be_built(file: Path) -> None:
    config = load(file)
    assert not [tip for tip in lint(config) if tip.severity == "error"]
    facts = config.facts
    assert facts and facts.classes
    built = network.build(config, facts.shape, facts.classes)
    assert built.output_shape == (None, facts.classes)


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(CONFIGS)))
def test_a_shipped_config_says_command_time_and_result(file: Path) -> None:
    lines = file.read_text().splitlines()
    depth = len(file.relative_to(CONFIGS).parts) - 1
    assert lines[0] == f"# yaml-language-server: $schema={'../' * depth}schema.json"
    assert lines[1] == f"# kerasdemo run {file.relative_to(CONFIGS.parent)}"
    header = "\n".join(line for line in lines if line.startswith("#"))
    assert re.search(r"about \d+ s", header)
    assert "Expect:" in header
    assert len(lines) <= 20
