"""Many runs at once: a line a run, kept beside the runs so that 10,000 of them list quickly.

The index is derived: a line counts only while its run's files are as they were when it was
written, and a missing, foreign or damaged index is made anew.
"""

import contextlib
import json
import math
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from types import NoneType
from typing import Any

import yaml

from kerasdemo.config import Fault, InputError, document, regular_file
from kerasdemo.config.errors import shown
from kerasdemo.records import file_checks, files
from kerasdemo.records.folder import RunFolder

FILE = ".index.jsonl"
VERSION = 3
PLAIN_KEY = re.compile(r"[A-Za-z0-9_.]+")
# A config as we write it has a few lists, none in another.
MOST_NESTED = 200
PARTS = ("train", "validation", "test")
CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")
Scalar = str | int | float | bool | None

# libyaml is fifteen times as fast; what safe_dump wrote, both read alike.
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Value:
    """A metric of one run: of the weights that were kept, after the last epoch, and at its best.

    Early stopping may keep the weights of an earlier epoch than the last. Epochs count from 1.
    """

    kept: float
    last: float
    best: float
    best_epoch: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What a listing or a comparison needs of one run, small enough to hold 10,000.

    keys, values: the config flattened to dotted paths; runs of one form share their keys.
    metrics: by Keras' names; the test set is seen once, with the weights that were kept. examples:
    part of the data -> how many there are. data: the fingerprint of the data that was used.
    """

    path: Path
    name: str
    status: str
    reason: str | None
    keys: tuple[str, ...]
    values: tuple[Scalar, ...]
    metrics: Mapping[str, Value]
    epochs: int
    seconds: float | None
    parameters: int | None
    source: str | None
    verdict: str | None
    examples: Mapping[str, int] = field(default_factory=dict)
    data: str | None = None
    caution: str | None = None

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def title(self) -> str | None:
        """The verdict with its caution: `healthy, overconfident`."""
        return f"{self.verdict}, {self.caution}" if self.caution else self.verdict

    @property
    def settings(self) -> dict[str, Scalar]:
        """Dotted path -> value of everything that the run depends on."""
        return dict(zip(self.keys, self.values, strict=True))

    @property
    def seed(self) -> int:
        """The run's seed."""
        return int(self.settings.get("seed") or 0)


@dataclass(frozen=True)
class Listing:
    """The runs of a folder in order of name, and a word on each folder that is none."""

    runs: list[Summary]
    skipped: list[Fault]


def listing(results: str | Path) -> Listing:
    """Return every run in or below a folder (two levels down), from the index where it is fresh.

    Folders that hold no run, or whose files can't be read, are skipped with a word.

    Raises:
        InputError: where there is no such folder.
    """
    root = Path(results)
    if not root.is_dir():
        raise InputError(Fault("no such results folder", str(results)))
    skipped: list[Fault] = []
    once = _Once()
    known = _read(root, once)
    entries: dict[str, _Entry] = {}
    for folder in _folders(root, skipped):
        name = folder.relative_to(root).as_posix()
        entry = known.get(name)
        stamp = _stamp(folder)
        if entry is None or entry.stamp != stamp:
            try:
                entry = _Entry(stamp, _summarize(folder, once))
            except InputError as error:
                skipped += error.faults
                continue
        entries[name] = entry
    if entries != known:
        _write(root, entries)
    return Listing([entry.summary for entry in entries.values()], skipped)


def summary(path: str | Path) -> Summary:
    """Return the summary of one run folder, read from its files.

    Raises:
        InputError: where the folder is no run's, or is half written.
    """
    return _summarize(Path(path), _Once())


def flatten(settings: Mapping[str, Any], prefix: str = "") -> dict[str, Scalar]:
    """Return nested settings as dotted path -> value; a list of plain values stays one value."""
    flat: dict[str, Scalar] = {}
    for key, value in settings.items():
        path = sys.intern(f"{prefix}{key}")
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{path}."))
        elif isinstance(value, Sequence) and any(isinstance(item, Mapping) for item in value):
            flat.update(flatten({str(i): item for i, item in enumerate(value)}, f"{path}."))
        elif isinstance(value, list | tuple):
            flat[path] = str(list(value))
        else:
            flat[path] = value
    return flat


def _folders(root: Path, skipped: list[Fault]) -> Iterator[Path]:
    if (root / "config.yaml").is_file():
        yield root
        return
    for child in _children(root):
        if (child / "config.yaml").is_file():
            yield child
            continue
        inner = [folder for folder in _children(child) if (folder / "config.yaml").is_file()]
        if not inner:
            skipped.append(Fault("skipped, no run folder: it has no config.yaml", str(child)))
        yield from inner


def _children(folder: Path) -> list[Path]:
    try:
        return sorted(
            child for child in folder.iterdir() if child.name[0] != "." and child.is_dir()
        )
    except OSError:
        return []


def _stamp(folder: Path) -> tuple[int, ...]:
    """Return what changes whenever the run's summary may change."""
    stamp: list[int] = []
    for name in ("run.json", "verdict.json", "metrics.csv"):
        try:
            state = (folder / name).stat()
            stamp += [state.st_mtime_ns, state.st_size]
        except OSError:
            stamp += [0, 0]
    return tuple(stamp)


def _summarize(folder: Path, once: "_Once") -> Summary:
    try:
        return _from_files(folder, once)
    except OSError as error:
        file = Path(error.filename or folder)
        problem = f"{file.name}: {error.strerror}"
    except (ValueError, yaml.YAMLError) as error:
        problem = " ".join(str(error).split())
    raise InputError(Fault(f"skipped, not a whole run: {problem}", str(folder)))


def _from_files(folder: Path, once: "_Once") -> Summary:
    run = RunFolder(folder)
    config = _config(run.config_file)
    settings = flatten({k: v for k, v in config.items() if k not in ("name", "description")})
    facts = file_checks.facts(run.run_file)
    source = (facts.get("data") or {}).get("source")
    if source is not None:
        # Runs on the sample that stands in for MNIST are no runs on MNIST.
        settings["data.source"] = source
    verdict = file_checks.verdict(run.verdict_file)
    epochs, curves = _curves(run.metrics_file, facts.get("kept_epoch"))
    one = Summary(
        path=folder,
        name=config["name"],
        status=once(facts.get("status", "unfinished")),
        reason=facts.get("reason"),
        keys=once(tuple(settings)),
        values=tuple(once(value) for value in settings.values()),
        metrics={**curves, **_test_metrics(facts), **_epoch_seconds(facts)},
        epochs=epochs,
        seconds=facts.get("seconds"),
        parameters=once(facts.get("parameters")),
        source=once(source),
        examples=_examples(facts.get("data") or {}),
        data=once((facts.get("data") or {}).get("sha256")),
        verdict=once(verdict.get("outcome")),
        caution=once(verdict.get("caution")),
    )
    _check(one)
    return one


def _config(file: Path) -> dict[str, Any]:
    text = files.read_text(file, document.MAX_BYTES)
    if _may_be_deep(text):
        config: Any = document.parse_text(text, file.name).data
    else:
        config = yaml.load(text, _Loader)  # noqa: S506 - safe
    if not isinstance(config, dict) or not isinstance(config.get("name"), str):
        raise ValueError("config.yaml is no run's config")
    return config


def _may_be_deep(text: str) -> bool:
    """Whether a text may be nested deeply, or hold aliases.

    libyaml goes down without a limit, until the process dies, and an alias stands for whole trees.
    """
    marks = sum(map(text.count, ("[", "{", "- ", "? ")))
    return marks > MOST_NESTED or "      " * 10 in text or "*" in text


def _examples(data: Mapping[str, Any]) -> dict[str, int]:
    return {part: data[part] for part in PARTS if data.get(part) is not None}


def _test_metrics(facts: Mapping[str, Any]) -> dict[str, Value]:
    test = facts.get("test") or {}
    values = {name: _number(test[name]) for name in ("loss", "accuracy") if name in test}
    return {sys.intern(f"test_{name}"): Value(v, v, v, 0) for name, v in values.items()}


def _epoch_seconds(facts: Mapping[str, Any]) -> dict[str, Value]:
    seconds = facts.get("epoch_seconds")
    if seconds is None:
        return {}
    value = float(seconds)
    return {"epoch_seconds": Value(value, value, value, 0)}


def _number(value: float | None) -> float:
    # JSON has no NaN: it stands there as null.
    return math.nan if value is None else float(value)


def _curves(file: Path, kept: int | None) -> tuple[int, dict[str, Value]]:
    """Return the number of whole epochs, and each metric's value; `kept` None is the last one."""
    columns = files.read_columns(file)
    epochs = len(files.column(columns, "loss", file)) if columns else 0
    if not epochs:
        return 0, {}
    if (kept or 0) > epochs:
        raise ValueError(f"{file.name}: {epochs} epochs; the weights of epoch {kept} were kept")
    found: dict[str, Value] = {}
    for name in columns:
        if name in CURVES:
            curve = file_checks.curve(columns, name, file)
            found[sys.intern(name)] = Value(curve[(kept or 0) - 1], curve[-1], *best(name, curve))
    return epochs, found


def best(name: str, curve: Sequence[float]) -> tuple[float, int]:
    """Return the best value of a metric's curve and its epoch (from 1); NaN is never best."""
    finite = [(value, epoch) for epoch, value in enumerate(curve, 1) if math.isfinite(value)]
    if not finite:
        return math.nan, 0
    if name.endswith("accuracy"):
        return max(finite, key=lambda pair: (pair[0], -pair[1]))
    return min(finite)


class _Once:
    """Gives equal values back as one object: this keeps 10,000 runs small."""

    def __init__(self) -> None:
        self._seen: dict[Any, Any] = {}

    def __call__(self, value: Any) -> Any:
        # With its type: 1, 1.0 and true are equal, and not the same.
        return self._seen.setdefault((type(value), value), value)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A line of the index: a run's summary, and the state of its files when it was made."""

    stamp: tuple[int, ...]
    summary: Summary


def _read(root: Path, once: _Once) -> dict[str, _Entry]:
    entries: dict[str, _Entry] = {}
    try:
        regular_file.check(root / FILE, files.MOST_ROWS)
        with (root / FILE).open(encoding="utf-8") as handle:
            if json.loads(next(handle)) != {"version": VERSION}:
                return {}
            for text in handle:
                name, stamp, fields = json.loads(text)
                entries[name] = _Entry(tuple(stamp), _from_line(root / name, fields, once))
    # A line may hold anything; what is none of ours is made anew.
    except (OSError, RuntimeError, ArithmeticError, LookupError, AttributeError):
        return {}
    except (ValueError, TypeError, StopIteration):
        return {}
    return entries


def _from_line(folder: Path, fields: dict[str, Any], once: _Once) -> Summary:
    metrics = {
        sys.intern(name): Value(_number(kept), _number(last), _number(best), epoch)
        for name, (kept, last, best, epoch) in fields["metrics"].items()
    }
    settings = fields.pop("settings")
    small = {k: once(v) for k, v in fields.items() if k not in ("metrics", "examples")}
    keys = once(tuple(sys.intern(key) for key in settings))
    values = tuple(once(value) for value in settings.values())
    given = {"metrics": metrics, "examples": fields["examples"]}
    one = Summary(path=folder, keys=keys, values=values, **small, **given)
    _check(one)
    return one


def _check(one: Summary) -> None:
    """Raise ValueError unless each field has its type: a file may hold anything."""
    texts = (one.reason, one.source, one.verdict, one.caution, one.data)
    epochs = (one.epochs, *(value.best_epoch for value in one.metrics.values()))
    if not all(isinstance(text, str) for text in (one.name, one.status)):
        raise ValueError("name and status are text")
    if not {str, NoneType}.issuperset(map(type, texts)):
        raise ValueError("reason, source, verdict, caution and fingerprint are text")
    if not {int}.issuperset(map(type, epochs)):
        raise ValueError("epochs are whole numbers")
    numbers = [n for n in (one.seconds, one.parameters, *one.examples.values()) if n is not None]
    if not {int, float}.issuperset(map(type, numbers)):
        raise ValueError("seconds, parameters and examples are numbers")
    if not {str, int, float, bool, NoneType}.issuperset(map(type, one.values)):
        raise ValueError("a setting is no plain value")
    if not _plain_keys(one.keys):
        raise ValueError("a key of its config is none of Keras' words")
    if type(one.settings.get("seed")) not in (int, NoneType):
        raise ValueError(f"seed is {shown(one.settings['seed'])}; expected a whole number")
    counted = (*epochs, *numbers, *(value for value in one.values if type(value) is int))
    if not all(abs(number) < 2**63 for number in counted):
        raise ValueError("a number is larger than any count")


@lru_cache(maxsize=1_000)
def _plain_keys(keys: tuple[str, ...]) -> bool:
    """Whether keys are dotted words: they head the columns of tables and CSV files."""
    return all(PLAIN_KEY.fullmatch(key) for key in keys)


def _line(name: str, entry: _Entry) -> str:
    one = entry.summary
    fields = {
        "name": one.name,
        "status": one.status,
        "reason": one.reason,
        "settings": one.settings,
        "metrics": {k: (v.kept, v.last, v.best, v.best_epoch) for k, v in one.metrics.items()},
        "epochs": one.epochs,
        "seconds": one.seconds,
        "parameters": one.parameters,
        "source": one.source,
        "verdict": one.verdict,
        "examples": dict(one.examples),
        "data": one.data,
        "caution": one.caution,
    }
    return json.dumps(files.finite([name, entry.stamp, fields]), separators=(",", ":"))


def _write(root: Path, entries: Mapping[str, _Entry]) -> None:
    def fill(aside: Path) -> None:
        with aside.open("w", encoding="utf-8") as handle:
            handle.write(json.dumps({"version": VERSION}) + "\n")
            handle.writelines(_line(name, entry) + "\n" for name, entry in entries.items())

    # A folder that can't be written to lists all the same, only more slowly.
    with contextlib.suppress(OSError):
        files.write(root / FILE, fill)
