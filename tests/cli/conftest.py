"""The command line, called in this process as a person calls it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kerasdemo import cli
from kerasdemo.cli import output

TINY = """\
description: small enough to train in a test
data: {name: mnist_sample, train: 250, validation: 100, test: 100}
network: {depth: 1, units: 16}
training: {batch_size: 50, epochs: 3}
"""


@dataclass(frozen=True)
class Result:
    """How a command ended."""

    code: int
    out: str
    err: str


Call = Callable[..., Result]


@pytest.fixture
def kerasdemo(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    """Return a function that calls the command line with arguments."""

    def call(*arguments: str) -> Result:
        monkeypatch.setattr("sys.argv", ["kerasdemo", *arguments])
        monkeypatch.setattr(output, "shown", set())
        capsys.readouterr()
        try:
            cli.main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        return Result(code, *capsys.readouterr())

    return call


@pytest.fixture(scope="package")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which one config was run for two seeds."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "tiny.yaml").write_text(TINY)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        done = CliRunner().invoke(cli.app, ["run", "tiny.yaml", "--seeds", "0-1"])
    assert done.exit_code == 0, done.output
    assert done.output.count("accuracy train ") == 2
    assert "curves    results/runs/tiny-" in done.output
    return folder


@pytest.fixture
def folder(trained: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder, as the current one."""
    monkeypatch.chdir(trained)
    return trained


@pytest.fixture
def run_names(trained: Path) -> list[str]:
    """The names of the runs in that folder."""
    return sorted(path.name for path in (trained / "results" / "runs").glob("tiny-*"))


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with tiny.yaml only, as the current one."""
    folder = tmp_path / "empty"
    folder.mkdir()
    (folder / "tiny.yaml").write_text(TINY)
    monkeypatch.chdir(folder)
    return folder
