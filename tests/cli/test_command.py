"""The command itself: help, version, bad input, what is imported, Ctrl-C."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main

from kerasdemo import cli
from kerasdemo.cli import command
from tests.cli.conftest import Call

VERBS: dict[str, Any] = typer.main.get_command(cli.app).commands  # type: ignore[attr-defined]


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_with_an_example(verb: str, kerasdemo: Call) -> None:
    shown = kerasdemo(verb, "--help")
    assert shown.code == 0
    assert f"Example: kerasdemo {verb}" in " ".join(shown.out.split())
    # Typer takes the help of options from these; an argument without a default has none.
    for option in VERBS[verb].params:
        assert option.help, f"{verb} {option.name}"


def test_version(kerasdemo: Call) -> None:
    shown = kerasdemo("--version")
    assert shown.code == 0
    assert shown.out.startswith("kerasdemo 0.")
    assert "Keras 3." in shown.out


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["run", "nowhere.yaml"], "error: nowhere.yaml: no such file"),
        (["run", "tiny.yaml", "--set", "optimizr=sgd"], "did you mean 'optimizer'?"),
        (["run", "tiny.yaml", "--seeds", "4-1"], "error: --seeds: got '4-1'; expected seeds"),
        (["check", "bad.yaml"], "error: bad.yaml:2: network.dept: unknown key 'dept'"),
        (["diagnose", "tiny-00000000"], "no such run folder"),
        (["show", "."], "not a run folder: it has no config.yaml"),
        (["list", "nowhere"], "error: nowhere: no such results folder"),
        (["run"], "Missing argument"),
        (["fly"], "No such command 'fly'"),
    ],
)
def test_bad_input_ends_in_one_line_and_code_2(
    arguments: list[str], expected: str, empty: Path, kerasdemo: Call
) -> None:
    Path("bad.yaml").write_text("seed: 1\nnetwork: {dept: 3}\n")
    before = sorted(empty.rglob("*"))
    done = kerasdemo(*arguments)
    assert done.code == 2
    assert expected in " ".join(done.err.split())
    assert sorted(empty.rglob("*")) == before


def test_what_does_not_train_does_not_import_tensorflow(folder: Path, run_names: list[str]) -> None:
    lines = [
        ["--help"], ["check", "tiny.yaml"], ["list"], ["show", run_names[0]],
        ["diagnose", run_names[0]], ["compare", "results/runs"], ["schema"],
        ["run", "tiny.yaml"], ["explain", "K202"], ["lecture"],
    ]  # fmt: skip
    script = f"""
import sys
from kerasdemo.cli import main
for sys.argv[1:] in {lines}:
    try:
        main()
    except SystemExit as end:
        assert not end.code, sys.argv
    assert not {{"tensorflow", "keras"}} & set(sys.modules), sys.argv
"""
    subprocess.run(
        [sys.executable, "-c", script], check=True, cwd=folder, stdout=subprocess.DEVNULL
    )


def test_help_imports_nothing_heavy() -> None:
    script = """
import sys
from kerasdemo.cli import main
sys.argv[1:] = ["--help"]
try:
    main()
except SystemExit:
    assert not {"numpy", "rich", "matplotlib", "scipy"} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True, stdout=subprocess.DEVNULL)


def test_ctrl_c_ends_with_130_and_a_second_one_ends_at_once(
    monkeypatch: pytest.MonkeyPatch, kerasdemo: Call
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "app", interrupted)
    before = signal.getsignal(signal.SIGINT)
    try:
        done = kerasdemo("list")
        assert (done.code, done.err) == (130, "")
        assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize(("verb", "option"), [("run", "--again"), ("diagnose", "--probe")])
def test_older_names_of_options_work_and_are_hidden(
    verb: str, option: str, kerasdemo: Call
) -> None:
    context = VERBS[verb].make_context(verb, ["x", option])
    assert context.params[option.removeprefix("--")] is True
    assert option not in kerasdemo(verb, "--help").out
