"""What README shows works as it stands there."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from kerasdemo import cli
from kerasdemo.config import parse

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_its_python_runs(tmp_path: Path, repository: Path) -> None:
    (tmp_path / "configs").symlink_to(repository / "configs")
    (script,) = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert " - " in done.stdout


@pytest.mark.parametrize("text", blocks("yaml"))
def test_its_configs_load(text: str) -> None:
    config = parse(text, "readme.yaml")
    assert config.network.depth == 3


def test_its_verbs_and_options_are_the_tools() -> None:
    verbs = {
        command.name or str(command.callback.__name__): command.callback
        for command in cli.app.registered_commands
        if command.callback
    }
    table = README[README.index("## Every verb") :]
    told = set(re.findall(r"`([a-z]+)[ `\[]", table[: table.index("\n\n`kerasdemo")]))
    assert set(verbs) == told - {"kerasdemo"}
    for line in "".join(blocks("console")).splitlines():
        command = re.match(r"(?:\$ )?kerasdemo (\w+)", line)
        if command:
            assert command[1] in verbs, line


def test_its_pictures_and_pages_exist(repository: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (repository / target).exists(), target
