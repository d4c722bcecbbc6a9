"""README's commands, configs and Python work as they stand there."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from kerasdemo import cli
from kerasdemo.config import parse
from kerasdemo.config.lint import lint
from kerasdemo.diagnosis import RunFeatures
from tests.factories import MakeRun

REPOSITORY = Path(__file__).parent.parent
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
VERBS: dict[str, Any] = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


COMMANDS = [
    shlex.split(line.removeprefix("$ "), comments=True)[1:]
    for line in "".join(blocks("console")).splitlines()
    if re.match(r"(\$ )?kerasdemo ", line)
]


@pytest.fixture
def project(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the project's configs and experiments and README's network."""
    for name in ("configs", "experiments"):
        (tmp_path / name).symlink_to(repository / name)
    (tmp_path / "my_network.yaml").write_text(blocks("yaml")[0])
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
def test_its_python_runs(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(blocks("python")[0], "README.md", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert any(" - " in line for line in lines)
    assert {line.split(",")[0] for line in lines[-2:]} == {"optimizer=adam", "optimizer=sgd"}
    assert len(list((project / "results" / "runs").glob("fizzbuzz-*"))) == 2


def test_its_keras_model_is_diagnosed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The network without a hidden activation: what the text below it says."""
    names: dict[str, Any] = {}
    for block in blocks("python")[1:3]:
        exec(compile(block, "README.md", "exec"), names)
    verdict = names["history"].verdict
    assert verdict.outcome == "optimization_failure"
    assert verdict.causes[0].name == "network_too_small"
    assert 'keras.layers.Dense(16, activation="relu")  # in place of dense' in (
        verdict.remedies[0].code
    )
    assert "OPTIMIZATION FAILURE" in capsys.readouterr().out


def test_its_rule_is_one(run: MakeRun) -> None:
    names: dict[str, Any] = {}
    exec(compile(blocks("python")[3], "README.md", "exec"), names)
    rule = names["TinyBatches"]()
    large, tiny = (run(f"training: {{batch_size: {size}}}") for size in (8, 7))
    assert rule.find(RunFeatures(large)) is None
    assert rule.find(RunFeatures(tiny)).text == "Batches have 7 examples."
    assert rule.page.startswith("# X101: Batches are tiny")


@pytest.mark.parametrize("text", blocks("yaml"))
def test_its_configs_load(text: str) -> None:
    config = parse(text, str(REPOSITORY / "readme.yaml"))
    assert not [tip for tip in lint(config) if tip.severity == "error"]


@pytest.mark.parametrize("arguments", COMMANDS, ids=" ".join)
def test_its_commands_have_the_options_and_files_that_they_use(
    arguments: list[str], project: Path
) -> None:
    verb, *rest = arguments
    context = VERBS[verb].make_context(verb, rest)
    files = [context.params.get("configs"), context.params.get("experiment")]
    for file in (path for path in files if path):
        assert all(Path(one).exists() for one in (file if isinstance(file, list) else [file]))


@pytest.mark.parametrize(
    "command",
    ["check my_network.yaml", "lecture", "explain vanishing_gradient", "schema"],
)
def test_its_quick_commands_run(command: str, project: Path) -> None:
    assert CliRunner().invoke(cli.app, command.split()).exit_code == 0


def test_its_table_of_verbs_is_complete() -> None:
    table = README[README.index("## Every verb") :]
    named = set(re.findall(r"`([a-z]+)[ `\[]", table[: table.index("\n\n`kerasdemo")]))
    assert named == set(VERBS)
    for verb, row in re.findall(r"^\| `([a-z]+)[ `\[](.*)$", table, re.MULTILINE):
        options = {name for param in VERBS[verb].params for name in param.opts}
        if verb == "list":
            options |= {name for param in VERBS["show"].params for name in param.opts}
        assert set(re.findall(r"`(--[a-z-]+)", row)) <= options, verb


def test_its_pictures_and_pages_exist(repository: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        assert (repository / target).exists(), target
