"""`make fuzz`: hostile input through the command line; writes results/fuzz.

20,000 mutants of the shipped YAML go through `check` and `sweep --dry-run`, 3,000 hostile tables,
arrays and folders of images through `check` and through loading, and a results folder, corrupted in
200 ways, through every verb that reads one. Two tiny runs are trained, once. `--mutant N`,
`--file N` and `--corruption N` repeat one of them and show its output.
"""

import argparse
import contextlib
import faulthandler
import importlib
import io
import json
import os
import platform
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from types import FrameType
from unittest import mock

from corruptions import Corruption, corruptions
from hostile_data import PICKLED, HostileData, hostile_data
from mutations import Mutant, mutant

from kerasdemo import cli, config, data
from kerasdemo.cli import output
from kerasdemo.config import InputError, layer_types
from kerasdemo.config.errors import MAX_FAULTS, MAX_LENGTH, printable

REPOSITORY = Path(__file__).parent.parent.parent
PAGE = REPOSITORY / "results" / "fuzz"
SHIPPED = ("configs", "experiments")
SECONDS = 5.0
WAIT = 12
MEMORY = 6 * 2**30
SEED = 20_170
FOLDERS = re.compile(r"(?<![\w.])/(?:[\w.+-]+/)+(?=[\w.])")

# Two runs, one of them to be corrupted, with a claim of each kind.
PAIR = """\
base:
  data: {name: fizzbuzz, validation: 100}
  network: {depth: 1, units: 8}
  training: {batch_size: 100, epochs: 3}
variants:
  intact: {network.units: 8}
  victim: {network.units: 12}
claims:
  - {statement: more units are better, better: victim, than: intact, metric: accuracy}
  - {statement: few units fail, runs: intact, verdict: optimization_failure}
  - {statement: it learns, runs: victim, metric: test_accuracy, between: [0.1, 0.9]}
"""
# As `diagnose --sanity-checks` writes it; running the checks would take too long here.
_ROW = {"rate": 0.001, "loss": 1.2, "accuracy": 0.5}
SANITY_CHECKS = {
    "one_batch": {"examples": 20, "steps": 50, "chance": 0.5, "own": _ROW, "adam": _ROW},
    "learning_rates": {
        "steps": 200,
        "loss_before": 1.4,
        "own_rate": 0.001,
        "best_rate": 0.01,
        "rates": [{**_ROW, "rate": 10.0**-decade} for decade in range(7)],
    },
    "zeroed_input": _ROW,
    "seconds": 2.5,
}


class Hang(BaseException):
    """A command took too long. Not an Exception: no handler may take it for a fault of input."""


class Terminal(io.StringIO):
    """A replacement of a terminal, so that nothing is stripped that would reach one."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@dataclass(frozen=True)
class Ending:
    """How a command ended: its code, what it printed, and what is wrong with that, if anything."""

    arguments: tuple[str, ...]
    code: int | None
    out: str
    errors: str
    seconds: float
    problem: str | None

    def __str__(self) -> str:
        text = " ".join(f"kerasdemo {' '.join(self.arguments)}: {self.problem}".split())
        # The page must not show the folders of this machine.
        return FOLDERS.sub("", text.replace(f"{REPOSITORY}/", ""))


def call(
    arguments: Sequence[str],
    codes: Sequence[int],
    limit: float = SECONDS,
    main: Callable[[], None] | None = None,
) -> Ending:
    """Call the command line as a terminal would, and return how it ended.

    Args:
        arguments: of the command.
        codes: exit codes that it may have.
        limit: seconds of processor time; it may wait for a busy machine `WAIT` times as long.
        main: called instead of the command.
    """
    out, errors = Terminal(), Terminal()
    code: int | None = None
    problem: str | None = None

    def late(_: int, frame: FrameType | None) -> None:
        place = traceback.extract_stack(frame)[-1]
        raise Hang(f"hang in {place.filename}:{place.lineno}")

    kinds = (signal.SIGPROF, signal.SIGALRM)
    before = [signal.signal(kind, late) for kind in kinds]
    began = time.process_time()
    with (
        mock.patch.object(sys, "argv", ["kerasdemo", *arguments]),
        mock.patch.object(output, "shown", set()),  # each call is a process of its own
        mock.patch.dict(os.environ, {"TERM": "dumb", "COLUMNS": "200"}),
        warnings.catch_warnings(),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(errors),
    ):
        warnings.simplefilter("default")
        try:
            # Repeatedly, because an `except` may swallow the first one.
            signal.setitimer(signal.ITIMER_PROF, limit, limit)
            signal.setitimer(signal.ITIMER_REAL, WAIT * limit, limit)
            (main or cli.main)()
        except SystemExit as end:
            code = 0 if end.code is None else end.code if isinstance(end.code, int) else 1
        except Hang as hang:
            problem = str(hang)
        except BaseException as error:  # what a person would see as a traceback
            place = traceback.extract_tb(error.__traceback__)[-1]
            message = f"{error}"[:200]
            problem = f"{type(error).__name__} in {place.filename}:{place.lineno}: {message}"
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.setitimer(signal.ITIMER_REAL, 0)
            for kind, handler in zip(kinds, before, strict=True):
                signal.signal(kind, handler)
    seconds = time.process_time() - began
    text = out.getvalue() + errors.getvalue()
    return Ending(
        tuple(arguments),
        code,
        out.getvalue(),
        errors.getvalue(),
        seconds,
        problem or _fault(code, codes, text, seconds, limit),
    )


def _fault(
    code: int | None, codes: Sequence[int], text: str, seconds: float, limit: float
) -> str | None:
    if code not in codes:
        return f"exit code {code}, expected one of {list(codes)}: {text[-200:]!r}"
    if seconds > limit:
        return f"{seconds:.1f} s"
    if "Traceback" in text or "recursion depth" in text:
        return f"a traceback: {text[-200:]!r}"
    if printable(text) != text:
        bad = next(n for n, (a, b) in enumerate(zip(text, printable(text), strict=True)) if a != b)
        return f"a control character reaches the terminal: {text[max(0, bad - 40) : bad + 40]!r}"
    return None


# Mutants.


class MutantFolder:
    """A copy of the shipped YAML in which mutants take the place of their file."""

    def __init__(self, folder: Path):
        self.folder = folder
        layer_types.make("dense", units=1)  # as in each process, once, which takes a second
        for name in SHIPPED:
            shutil.copytree(REPOSITORY / name, folder / name)
        self.files = sorted(file for name in SHIPPED for file in (folder / name).rglob("*.yaml"))
        for place in {file.parent for file in self.files}:
            os.mkfifo(place / "fifo")

    def try_out(self, one: Mutant, limit: float = SECONDS) -> list[Ending]:
        """Write a mutant beside its file and call the verbs that read such a file."""
        file = one.file.with_name("mutant.yaml")
        file.write_bytes(one.content)
        more = ["--json"] if one.number % 4 == 0 else []
        dry = ["--dry-run", "--results", str(self.folder / "none"), *more]
        calls = [["sweep", str(file), *dry]]
        if one.file.is_relative_to(self.folder / "configs"):
            # As a config, and as the base of an experiment.
            around = file.with_name("around.yaml")
            around.write_text("base: mutant.yaml\ngrid: {training.epochs: [1, 2]}\nseeds: 0-1\n")
            calls = [["check", str(file), *more], ["sweep", str(around), *dry]]
        endings = [call(arguments, (0, 2), limit) for arguments in calls]
        return [_with_json(ending) for ending in endings]


def _with_json(ending: Ending) -> Ending:
    """Add the problem that --json printed no JSON, if so."""
    if ending.problem or ending.code or "--json" not in ending.arguments:
        return ending
    try:
        json.loads(ending.out)
    except ValueError as error:
        return replace(ending, problem=f"no JSON: {error}")
    return ending


# Hostile data.


class DataFolder:
    """A folder in which hostile data takes turns, with a config that names it."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.config = folder / "config.yaml"
        self.data = folder / "data"
        folder.mkdir()

    def try_out(self, one: HostileData, limit: float = SECONDS) -> list[Ending]:
        """Make the data, check its config and load it; both leave everything as it is."""
        self._clear()
        self.config.write_text(one.config)
        one.make(self.data)
        before = self._state()
        more = ["--json"] if one.number % 5 == 0 else []
        endings = [
            _with_json(call(["check", str(self.config), *more], (0, 2), limit)),
            call(["load", str(self.config)], (0, 2), limit, self._load),
        ]
        after = self._state()
        self._clear()
        return [_with_lines(one, before == after) for one in endings]

    def _load(self) -> None:
        """Load the data as a run does before it trains."""
        try:
            data.load(config.load(self.config))
            raise SystemExit(0)
        except InputError as error:
            for line in error.lines:
                output.say(f"error: {line}", err=True)
            raise SystemExit(2) from None

    def _clear(self) -> None:
        if self.data.is_dir() and not self.data.is_symlink():
            shutil.rmtree(self.data)
        self.data.unlink(missing_ok=True)

    def _state(self) -> dict[Path, tuple[int, int]]:
        """Return what lies in the folder, with sizes and times."""
        states = {}
        for place, folders, files in os.walk(self.folder):
            for path in (Path(place, name) for name in (*folders, *files)):
                state = path.lstat()
                states[path] = (state.st_size, state.st_mtime_ns)
        return states


def _with_lines(ending: Ending, is_unchanged: bool) -> Ending:
    """Add the problem that a fault takes more than its line, or that something was written."""
    lines = ending.errors.splitlines()
    long = max(map(len, lines), default=0)
    odd = [line for line in lines if not line.startswith(("error: ", "warning: "))]
    problem = ending.problem
    if ending.code == 2 and not lines:
        problem = problem or "no word about what is wrong"
    if odd or len(lines) > MAX_FAULTS + 1 or long > MAX_LENGTH + 20:
        problem = problem or f"{len(lines)} lines of up to {long:,} characters: {odd[:1]}"
    if PICKLED in ending.errors:
        problem = problem or "a pickle was read"
    if not is_unchanged:
        problem = problem or "something was written"
    return replace(ending, problem=problem)


# Corruptions.


class TrainedFolder:
    """A results folder of two tiny runs, trained once; copies of it are corrupted."""

    def __init__(self, folder: Path):
        self.folder = folder
        (folder / "pair.yaml").write_text(PAIR)
        self.whole = folder / "runs" / "pair"
        self._kerasdemo("sweep", "pair.yaml", "--results", "runs", "--workers", "1", "--quiet")
        (self.intact,) = (p.name for p in self.whole.glob("intact-*"))
        (self.victim,) = (p.name for p in self.whole.glob("victim-*"))
        (self.whole / self.victim / "sanity_checks.json").write_text(json.dumps(SANITY_CHECKS))
        self._kerasdemo("show", f"runs/pair/{self.victim}")
        self._kerasdemo("list", "runs/pair")

    def _kerasdemo(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "kerasdemo", *arguments]
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    def corruptions(self, seed: int) -> list[Corruption]:
        return corruptions(self.whole, self.victim, seed)

    def copy(self) -> Path:
        """Return a new copy, with the times of the files: else the cache would be out of date."""
        root = self.folder / "corrupted"
        shutil.rmtree(root, ignore_errors=True)
        return Path(shutil.copytree(self.whole, root))

    def try_out(self, number: int, one: Corruption, limit: float = SECONDS) -> list[Ending]:
        """Corrupt a copy and call every verb that reads runs."""
        root = self.copy()
        one.make(root / one.place)
        if number % 2 and one.place != ".index.jsonl":
            # Else files that seem unchanged are read from the cache.
            (root / ".index.jsonl").unlink()
        intact, victim = str(root / self.intact), str(root / self.victim)
        columns = ("seed", "status", "verdict", "accuracy", "test_accuracy", "seconds", "data")
        of_all = [
            ["list", str(root)],
            ["list", str(root), "--json", "--sort", columns[number % len(columns)]],
            ["compare", str(root)],
            ["compare", str(root), "--format", "json", "--at", ("last", "best")[number % 2]],
        ]
        of_one = [
            ["compare", victim, intact, "--format", ("csv", "markdown")[number % 2]],
            ["compare", str(root), "--metric", ("seconds", "test_accuracy", "loss")[number % 3]],
            ["diff", intact, victim],
            ["diff", victim, intact, "--json"],
            ["diagnose", victim],
            ["show", victim],
            ["list", str(root)],
        ]
        endings = [self._with_intact(call(arguments, (0, 1, 2), limit)) for arguments in of_all]
        return [*endings, *(call(arguments, (0, 1, 2), limit) for arguments in of_one)]

    def _with_intact(self, ending: Ending) -> Ending:
        """Add the problem that the intact run is not shown, if so."""
        name = self.intact if ending.arguments[0] == "list" else "intact"
        if ending.problem or (ending.code == 0 and name in ending.out):
            return _with_json(ending)
        problem = f"code {ending.code}, and the intact run is not shown: {ending.errors[-200:]!r}"
        return replace(ending, problem=problem)


# All of it.


@dataclass
class Tally:
    """What is counted of mutants, of data or of corruptions."""

    what: str
    count: int = 0
    codes: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)
    hangs: int = 0
    slowest: tuple[float, str] = (0.0, "-")
    seconds: float = 0.0

    def add(self, number: int, description: str, endings: Sequence[Ending]) -> None:
        """Count one mutant or corruption, and every call that it went through."""
        self.count += 1
        for one in endings:
            self.codes[f"{one.arguments[0]} {one.code}"] += 1
            self.slowest = max(self.slowest, (one.seconds, f"{number}, `{one.arguments[0]}`"))
            if one.problem:
                self.hangs += one.problem.startswith("hang") or one.seconds > SECONDS
                self.problems.append(f"`--{self.what} {number}` ({description}): {one}")
                print(f"{self.what} {number} ({description}): {one}", flush=True)

    def lines(self) -> list[str]:
        """Return the lines of the page."""
        calls = sum(self.codes.values())
        codes = ", ".join(f"{name}: {count:,}" for name, count in sorted(self.codes.items()))
        return [
            f"{self.count:,} {self.what}s, {calls:,} calls in {self.seconds:,.0f} s.",
            "",
            f"- verb and exit code: {codes}",
            f"- tracebacks, wrong codes, control characters, lost runs: "
            f"{len(self.problems) - self.hangs}",
            f"- calls that took longer: {self.hangs}",
            f"- slowest call: {self.slowest[0]:.2f} s ({self.what} {self.slowest[1]})",
            *(f"- {problem}" for problem in self.problems),
        ]


def try_mutants(mutants: MutantFolder, seed: int, numbers: Sequence[int]) -> Tally:
    tally, began = Tally("mutant"), time.monotonic()
    for number in numbers:
        one = mutant(mutants.files, seed, number)
        description = f"{one.file.relative_to(mutants.folder)}: {', '.join(one.steps)}"
        tally.add(number, printable(description)[:300], mutants.try_out(one))
        if tally.count % 1_000 == 0:
            print(f"{tally.count:,} mutants, {time.monotonic() - began:.0f} s", flush=True)
    tally.seconds = time.monotonic() - began
    return tally


def try_files(folder: DataFolder, seed: int, numbers: Sequence[int]) -> Tally:
    tally, began = Tally("file"), time.monotonic()
    for number in numbers:
        one = hostile_data(seed, number)
        tally.add(number, printable(str(one))[:300], folder.try_out(one))
        if tally.count % 200 == 0:
            print(f"{tally.count:,} files, {time.monotonic() - began:.0f} s", flush=True)
    tally.seconds = time.monotonic() - began
    return tally


def try_corruptions(trained: TrainedFolder, seed: int, numbers: Sequence[int]) -> tuple[Tally, int]:
    """Return what was counted, and how many corruptions there are to choose from."""
    tally, began = Tally("corruption"), time.monotonic()
    every = trained.corruptions(seed)
    for number in numbers:
        one = every[number]
        tally.add(number, printable(str(one)), trained.try_out(number, one))
        if tally.count % 20 == 0:
            print(f"{tally.count} corruptions, {time.monotonic() - began:.0f} s", flush=True)
    tally.seconds = time.monotonic() - began
    return tally, len(every)


def write_page(
    mutants: Tally, files: Tally, corrupted: Tally, shipped: int, every: int, seed: int
) -> None:
    """Write the figures to results/fuzz."""
    lines = [
        "# Hostile input",
        "",
        f"Made by `make fuzz`, seed {seed}. kerasdemo {version('kerasdemo')}, Python "
        f"{platform.python_version()}, {os.cpu_count()} cores that were shared with other work.",
        "",
        f"A call passes if it ends with an allowed exit code, within {SECONDS:g} s of processor "
        f"time, {WAIT * SECONDS:g} s on the clock and {MEMORY // 2**30} GiB of memory, without a "
        "traceback, and prints no control character; with `--json`, it must print JSON.",
        "",
        "## Changed YAML",
        "",
        f"Each of the {shipped} YAML files in configs and experiments was changed in turn: bytes, "
        "lines, values at any key, keys, whole sections. A config went through `check`, and as the "
        "base of an experiment through `sweep --dry-run`; an experiment through `sweep --dry-run`. "
        "Allowed are the exit codes 0 and 2. Nothing was trained.",
        "",
        *mutants.lines(),
        "",
        "## Hostile data",
        "",
        "The bundled tables, small .npz files and a folder of bundled images were damaged, and "
        "some were made to do harm: bytes, cells, quotes, NUL, formulas, encodings, separators, "
        "line ends, 1,000,000 columns; parquet and .npz files with columns and arrays of every "
        "type, false sizes and pickled objects; images that claim 10^18 pixels, are cut short, "
        "animated, no images, links to devices, FIFOs. Each went through `check`, and through "
        "loading as before a training. Allowed are the exit codes 0 and 2, with at most a line for "
        "each fault; nothing may be written, and no pickle read.",
        "",
        *files.lines(),
        "",
        "## Corrupted run folders",
        "",
        "A results folder of two runs of FizzBuzz with `sweep.json` and cache; in each copy of it "
        f"one file was changed. There are {every:,} such changes; those that once broke a list "
        "come first, the others mixed by the seed. Each copy went through `list`, `compare`, "
        "`diff`, `diagnose` and `show`. Allowed are the exit codes 0, 1 and 2; `list` and "
        "`compare` of the whole folder must end with 0 and show the other run.",
        "",
        *corrupted.lines(),
        "",
        "To repeat one: `.venv/bin/python tests/fuzz/fuzz.py --mutant N`, `--file N` or "
        "`--corruption N`.",
    ]
    PAGE.mkdir(parents=True, exist_ok=True)
    (PAGE / "README.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def no_downloads(home: Path) -> None:
    """Mark MNIST as not available in Keras' cache in this folder, so that no download starts."""
    (home / "datasets").mkdir(parents=True)
    for name in ("mnist", "fashion_mnist"):
        (home / "datasets" / f"{name}.unavailable.txt").write_text("not tried")


def print_endings(endings: Sequence[Ending]) -> int:
    """Print how each call ended; return the exit code."""
    for ending in endings:
        print(f"$ kerasdemo {' '.join(ending.arguments)}\n{printable(ending.out)[-3_000:]}")
        print(f"{printable(ending.errors)[-3_000:]}\ncode {ending.code}, {ending.seconds:.2f} s")
        print(f"problem: {ending.problem}\n")
    return 1 if any(ending.problem for ending in endings) else 0


def main() -> int:
    parser = argparse.ArgumentParser(description="Hostile input through the command line.")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--mutants", type=int, default=20_000)
    parser.add_argument("--corruptions", type=int, default=200)
    parser.add_argument("--files", type=int, default=3_000)
    parser.add_argument("--mutant", type=int, metavar="N", help="only this one, with its output")
    parser.add_argument("--file", type=int, metavar="N", help="only this one, likewise")
    parser.add_argument("--corruption", type=int, metavar="N", help="only this one, likewise")
    options = parser.parse_args()
    # A hang in C code, where no signal is handled, ends here, with its place.
    faulthandler.enable()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        no_downloads(place / "keras")
        os.environ["KERAS_HOME"] = str(place / "keras")
        for variable in ("KERASDEMO_MNIST", "KERASDEMO_FASHION_MNIST"):
            os.environ.pop(variable, None)
        if options.mutant is not None:
            folder = MutantFolder(place)
            one = mutant(folder.files, options.seed, options.mutant)
            print(one.file.relative_to(place), *one.steps, "", repr(one.content)[:3_000], sep="\n")
            return print_endings(folder.try_out(one))
        # Tables and images are read with these; importing them takes longer than reading.
        for name in ("pandas", "pyarrow.parquet", "PIL.Image", "kerasdemo.backend"):
            importlib.import_module(name)
        if options.file is not None:
            one_file = hostile_data(options.seed, options.file)
            print(one_file, one_file.config, sep="\n")
            return print_endings(DataFolder(place / "data").try_out(one_file))
        trained = TrainedFolder(place)
        if options.corruption is not None:
            corruption = trained.corruptions(options.seed)[options.corruption]
            print(corruption)
            return print_endings(trained.try_out(options.corruption, corruption))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        corrupted, every = try_corruptions(trained, options.seed, range(options.corruptions))
        folder = MutantFolder(place / "mutants")
        changed = try_mutants(folder, options.seed, range(options.mutants))
        damaged = try_files(DataFolder(place / "data"), options.seed, range(options.files))
        write_page(changed, damaged, corrupted, len(folder.files), every, options.seed)
    problems = sum(len(one.problems) for one in (changed, damaged, corrupted))
    print(f"{problems} problems; {PAGE.relative_to(REPOSITORY)}/README.md", flush=True)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
