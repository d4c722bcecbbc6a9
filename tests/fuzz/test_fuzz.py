"""A few hundred mutants, some hostile data and corruptions; `make fuzz` does many more."""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fuzz import SEED, DataFolder, MutantFolder, TrainedFolder, call, no_downloads
from hostile_data import hostile_data
from mutations import mutant

from kerasdemo import cli
from kerasdemo.cli import command
from kerasdemo.config import InputError, parse
from kerasdemo.config.document import key_of
from kerasdemo.sweeps.expansion import expand
from kerasdemo.sweeps.experiment import load
from tests.factories import write_run

# A call on a busy machine is slow; one that hangs never ends.
PATIENCE = 30.0
CORRUPTIONS = 20


@pytest.fixture
def offline(tmp_path: Path) -> None:
    no_downloads(Path(os.environ["KERAS_HOME"]))


@pytest.fixture(scope="module")
def mutants(tmp_path_factory: pytest.TempPathFactory) -> MutantFolder:
    return MutantFolder(tmp_path_factory.mktemp("mutants"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> TrainedFolder:
    return TrainedFolder(tmp_path_factory.mktemp("trained"))


@pytest.mark.parametrize(
    "first", [0, *(pytest.param(n, marks=pytest.mark.slow) for n in (60, 120, 180))]
)
def test_a_changed_yaml_ends_in_a_line(first: int, mutants: MutantFolder, offline: None) -> None:
    for number in range(first, first + 60):
        one = mutant(mutants.files, SEED, number)
        problems = [str(end) for end in mutants.try_out(one, PATIENCE) if end.problem]
        assert not problems, f"mutant {number}: {one.steps}"


@pytest.mark.parametrize("first", [0, pytest.param(24, marks=pytest.mark.slow)])
def test_hostile_data_ends_in_a_line_a_fault(first: int, tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    for number in range(first, first + 24 + 5 * first):
        one = hostile_data(SEED, number)
        problems = [str(end) for end in folder.try_out(one, PATIENCE) if end.problem]
        assert not problems, f"file {number}: {one}"


def test_hostile_data_follows_from_its_number(tmp_path: Path) -> None:
    for number in range(6):
        made = []
        for place in (tmp_path / f"{number}a", tmp_path / f"{number}b"):
            one = hostile_data(SEED, number)
            one.make(place)
            files = [p for p in (place, *place.rglob("*")) if p.is_file() and not p.is_symlink()]
            made.append((one.config, [p.read_bytes() for p in sorted(files)]))
        assert made[0] == made[1], number


@pytest.mark.slow  # two runs are trained first
@pytest.mark.parametrize("number", range(CORRUPTIONS))
def test_a_damaged_folder_costs_no_other_run(number: int, trained: TrainedFolder) -> None:
    one = trained.corruptions(SEED)[number]
    problems = [str(end) for end in trained.try_out(number, one, PATIENCE) if end.problem]
    assert not problems, str(one)


def test_a_mutant_follows_from_its_number(mutants: MutantFolder) -> None:
    one, other = (mutant(mutants.files, SEED, 7) for _ in range(2))
    assert one == other
    assert one.content != one.file.read_bytes()


def _sleeps() -> None:
    time.sleep(5)


def _raises() -> None:
    raise KeyError("x")


def _writes(text: str, code: int = 0) -> Callable[[], None]:
    def main() -> None:
        print(text)
        raise SystemExit(code)

    return main


@pytest.mark.parametrize(
    ("main", "problem"),
    [
        (_sleeps, "hang in"),
        (_raises, "KeyError in"),
        (_writes("ok", 3), "exit code 3"),
        (_writes("\x1b[31mred"), "control character"),
        (_writes("maximum recursion depth exceeded"), "traceback"),
    ],
)
def test_every_problem_is_found(
    main: Callable[[], None], problem: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "main", main)
    ending = call(["list"], (0, 2), limit=0.1)
    assert problem in (ending.problem or "")


# Faults that were found by fuzzing.


@pytest.mark.parametrize("text", ["name: " + "[" * 3_000, "? " * 3_000, "a: " + "{b: " * 3_000])
def test_deep_yaml_is_an_error_in_plain_words(text: str) -> None:
    with pytest.raises(InputError, match="nested too deeply"):
        parse(text)


@pytest.mark.parametrize("value", ["!!int ''", "!!float ''", "!!float '-'", "!!bool maybe"])
def test_a_tag_that_does_not_fit_its_value_is_an_error_with_its_line(value: str) -> None:
    with pytest.raises(InputError, match=r"config.yaml:2: optimizer.learning_rate: can't be read"):
        parse(f"seed: 0\noptimizer: {{learning_rate: {value}}}")


def test_only_digits_that_python_reads_are_the_number_of_an_item() -> None:
    assert key_of("layers.0.units") == ("layers", 0, "units")
    assert key_of(f"a.².{'9' * 5_000}") == ("a", "²", "9" * 5_000)


def test_no_label_or_reason_moves_the_cursor(tmp_path: Path) -> None:
    text = 'base: {}\nvariants: {"\\e]0;title\\a": {seed: 1}, "a\\nb": {seed: 2}}\n'
    (tmp_path / "odd.yaml").write_text(text.replace("seed", "training.epochs"))
    no_downloads(Path(os.environ["KERAS_HOME"]))
    ending = call(["sweep", str(tmp_path / "odd.yaml"), "--dry-run"], (0,), PATIENCE)
    assert ending.problem is None
    assert "?]0;title?" in ending.out
    assert "\na b " in ending.out


def test_what_rich_prints_holds_no_escape_sequence(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.table import Table

    from kerasdemo.display.console import SafeConsole

    table = Table("a\x1b[2J", min_width=40)
    table.add_row("b\x1b]0;title\x07")
    SafeConsole().print(table, "c\x9b2J", markup=False)
    said = capsys.readouterr().out
    assert "b?]0;title" in said
    assert not {"\x1b", "\x07", "\x9b"} & set(said)


def test_a_second_interrupt_ends_without_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "app", interrupted)
    before = signal.getsignal(signal.SIGINT)
    try:
        ending = call(["list"], (130,), PATIENCE)
        assert ending.problem is None
        assert signal.getsignal(signal.SIGINT) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_run_is_shown_where_nothing_can_be_written(tmp_path: Path) -> None:
    run = write_run(tmp_path / "run")
    for file in (run.verdict_file, run.curves_file):
        file.mkdir()
    ending = call(["show", str(run.path)], (0,), PATIENCE)
    assert ending.problem is None
    assert "accuracy train" in ending.out
    assert "can't be kept" in ending.errors


def test_no_key_of_a_foreign_config_heads_a_column(tmp_path: Path) -> None:
    for number in range(2):
        run = write_run(tmp_path / f"run-{number}")
        with run.config_file.open("a") as file:
            file.write(f'"=HYPERLINK(1)": {number}\n')
    ending = call(["compare", str(tmp_path), "--format", "csv"], (2,), PATIENCE)
    assert "HYPERLINK" not in ending.out
    assert ending.errors.count("is not a key of a config") == 2


def test_many_runs_are_counted_and_seeded_quickly(tmp_path: Path) -> None:
    text = "base: {data: {name: fizzbuzz}}\nseeds: 0-499\n"
    (tmp_path / "many.yaml").write_text(f"{text}grid: {{network.units: [1, 2, 3]}}\n")
    made = expand(load(tmp_path / "many.yaml"))
    assert len(made) == 1_500
    assert [one.config.seed for one in made] == [*range(500)] * 3
    # One reading a point, not one a run.
    assert len({id(one.config.network) for one in made}) == 3
    one = text.replace("0-499", "[499]")
    (tmp_path / "one.yaml").write_text(f"{one}grid: {{network.units: [3]}}\n")
    (alone,) = expand(load(tmp_path / "one.yaml"))
    assert alone.config.resolved == made[-1].config.resolved
