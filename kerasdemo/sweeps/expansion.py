"""From an experiment to its runs. Every value is checked before anything is trained."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from kerasdemo.comparison.claims import Selector, matches
from kerasdemo.config import Fault, InputError, RunConfig, regular_file
from kerasdemo.config.base import resolve
from kerasdemo.config.changes import Overrides, parse_overrides, with_changes
from kerasdemo.config.document import Document, Key, dotted, key_of, read
from kerasdemo.config.errors import near
from kerasdemo.config.loading import from_document
from kerasdemo.diagnosis.catalogue import find_wrong_codes
from kerasdemo.sweeps.experiment import Experiment, Range
from kerasdemo.sweeps.labels import folder_name, format_value, make_label

# More than anyone waits for; a listing still takes a second.
MOST_RUNS = 10_000
# The other points most likely have the same faults as these.
MOST_FAILED = 100


@dataclass(frozen=True)
class RunSpec:
    """One run of an experiment.

    Args:
        label: what the experiment calls it; the same for every seed.
        values: dotted path -> value of what sets it apart, without the seed.
        seed: of its config.
        config: complete, with every default.
    """

    label: str
    values: Mapping[str, Any]
    seed: int
    config: RunConfig


@dataclass(frozen=True)
class Change:
    """A value that is set in a base config. place: the key of the value in the experiment."""

    key: Key
    value: Any
    place: Key


@dataclass(frozen=True)
class Point:
    """Runs that differ in their seed only: a base config and what is changed in it.

    has_base_name: whether its runs keep the base's name; if not, they are named by the label.
    """

    label: str
    base: Document
    changes: tuple[Change, ...] = ()
    has_base_name: bool = False


class InvalidCombination(Fault):
    """Values that are valid each by itself, but not together."""


def expand(experiment: Experiment, overrides: Overrides = ()) -> list[RunSpec]:
    """Return every run of an experiment: points in the file's order, and for each its seeds.

    Args:
        experiment: of a search there are no runs yet: the ends of its ranges and its choices are
            checked, and the list is empty.
        overrides: for every base config: {"training.epochs": 2} or ["training.epochs=2"].

    Returns:
        No run twice; the same experiment gives the same list.

    Raises:
        InputError: with every fault, each with the experiment's line.
    """
    documents = read_bases(experiment, overrides)
    _check_count(experiment)
    points = _points(experiment, documents)
    _check_overrides(experiment, points, overrides)
    if experiment.search is not None:
        _check_space(experiment, points)
        _raise_any(_claim_faults(experiment, None))
        return []
    specs: list[RunSpec] = []
    faults: list[Fault] = []
    failed = 0
    for point in points:
        try:
            first, *others = experiment.seeds or (None,)
            spec = build(experiment, point, first)
        except InputError as error:
            faults += error.faults
            failed += 1
            if failed == MOST_FAILED:
                break
            continue
        specs.append(spec)
        for seed in others:  # which were checked, and decide nothing else
            assert seed is not None
            config = spec.config.model_copy(update={"seed": seed})
            specs.append(replace(spec, seed=seed, config=config))
    _raise_any(faults)
    _raise_any([*_duplicates(experiment, points, specs), *_claim_faults(experiment, specs)])
    return specs


def build(experiment: Experiment, point: Point, seed: int | None) -> RunSpec:
    """Return the run of a point with a seed; None is the base's seed.

    Raises:
        InputError: with the experiment's line, where a change is at fault.
    """
    changes = {dotted(c.key): _with_absolute_path(experiment, c) for c in point.changes}
    if seed is not None:
        changes["seed"] = seed
    if not point.has_base_name:
        changes["name"] = folder_name(point.label) or experiment.name
    try:
        config = from_document(with_changes(point.base, changes))
    except InputError as error:
        raise InputError([_locate(f, experiment, point) for f in error.faults]) from None
    if config.ignore:
        wrong = find_wrong_codes(config.ignore)
        if wrong:
            raise InputError([config.fault(("ignore",), message) for message in wrong])
    values = {dotted(c.key): c.value for c in point.changes}
    return RunSpec(point.label, values, config.seed, config)


def make_point(base: Document, changes: Iterable[Change], label: str | None = None) -> Point:
    """Return the point with these changes of a config; without a label it is made of the values."""
    changes = tuple(changes)
    if label is None:
        label = make_label({dotted(change.key): change.value for change in changes})
    # The outer key first: `optimizer` must not replace `optimizer.learning_rate`.
    return Point(label, base, tuple(sorted(changes, key=lambda change: len(change.key))))


def read_bases(experiment: Experiment, overrides: Overrides = ()) -> list[Document]:
    """Return the base of the experiment, or each of its `configs`, with `overrides` set in it.

    Raises:
        InputError: where a file is no config.
    """
    changes = parse_overrides(overrides)
    if isinstance(experiment.base, dict):
        document = experiment.document
        # A separate document, with the lines of the experiment's file.
        lines = {key[1:]: line for key, line in document.lines.items() if key[:1] == ("base",)}
        documents = [resolve(Document(document.data["base"], document.file, lines))]
    elif experiment.base is not None:
        documents = [_read_base(experiment, ("base",), experiment.base)]
    else:
        files = enumerate(experiment.configs or ())
        documents = [_read_base(experiment, ("configs", i), file) for i, file in files]
    return [with_changes(document, changes) for document in documents]


def _read_base(experiment: Experiment, key: Key, file: str) -> Document:
    path = experiment.folder / regular_file.expand_user(file)
    problem = regular_file.find_problem(path)
    if problem is not None:
        siblings = [p.name for p in path.parent.glob("*.y*ml")] if "such" in problem else []
        message = f"{problem}: {path}{near(path.name, siblings)}"
        raise InputError(experiment.document.fault(key, message))
    if Path(experiment.document.file).exists() and path.samefile(experiment.document.file):
        message = f"{file} is this experiment itself; expected a config"
        raise InputError(experiment.document.fault(key, message))
    return resolve(read(path))


def _points(experiment: Experiment, bases: Sequence[Document]) -> list[Point]:
    """Return the points; of a search some that touch every choice and both ends of every range."""
    if experiment.configs is not None:
        return [
            Point(str(base.data.get("name") or Path(base.file).stem), base, has_base_name=True)
            for base in bases
        ]
    (base,) = bases
    if experiment.variants is not None:
        return [
            make_point(
                base,
                [Change(key_of(p), v, ("variants", name, p)) for p, v in (values or {}).items()],
                name,
            )
            for name, values in experiment.variants.items()
        ]
    if experiment.grid is not None:
        axes = [
            [Change(key_of(path), value, ("grid", path, i)) for i, value in enumerate(values)]
            for path, values in experiment.grid.items()
        ]
        return [make_point(base, changes) for changes in itertools.product(*axes)]
    if experiment.search is not None:
        axes = [
            [Change(key_of(path), end, ("search", "space", path)) for end in _ends(dimension)]
            for path, dimension in experiment.search.space.items()
        ]
        return [
            make_point(base, [axis[min(number, len(axis) - 1)] for axis in axes])
            for number in range(max(map(len, axes)))
        ]
    return [Point(experiment.name, base)]


def _ends(dimension: list[Any] | Range) -> list[Any]:
    if isinstance(dimension, list):
        return dimension
    kind = int if dimension.integer else float
    return [kind(dimension.low), kind(dimension.high)]


def _with_absolute_path(experiment: Experiment, change: Change) -> Any:
    """Return the change's value; a data path in it that is relative starts at the experiment."""
    value = change.value
    if change.key == ("data", "path") and isinstance(value, str):
        return str((experiment.folder / regular_file.expand_user(value)).absolute())
    if change.key == ("data",) and isinstance(value, dict) and isinstance(value.get("path"), str):
        path = (experiment.folder / regular_file.expand_user(value["path"])).absolute()
        return {**value, "path": str(path)}
    return value


# What is checked, and where a fault is reported.


def _check_count(experiment: Experiment) -> None:
    """Count the runs before any is made."""
    kind = "seeds" if experiment.grid is None else "grid"
    points = len(experiment.configs or experiment.variants or (None,))
    points *= math.prod(map(len, (experiment.grid or {}).values()))
    runs = points * len(experiment.seeds or (None,))
    if runs > MOST_RUNS:
        message = f"{runs:,} runs; at most {MOST_RUNS:,}: use several experiments, or `search`"
        raise InputError(experiment.document.fault((kind,), message))


def _check_overrides(experiment: Experiment, points: list[Point], overrides: Overrides) -> None:
    varied = {change.key for point in points for change in point.changes} | {("name",)}
    varied |= {("seed",)} if experiment.seeds else set()
    for path in parse_overrides(overrides):
        if any(key_of(path)[: len(inner)] == inner for inner in varied):
            message = "set by the experiment; can't be set here"
            raise InputError(Fault(message, "--set", None, path))


def _check_space(experiment: Experiment, corners: Iterable[Point]) -> None:
    """Check each value of a search by itself; which of them go together is seen trial by trial."""
    assert experiment.search is not None
    objective = experiment.search.objective
    faults: list[Fault] = []
    for corner in corners:
        try:
            spec = build(experiment, corner, None)
        except InputError as error:
            faults += [f for f in error.faults if not isinstance(f, InvalidCombination)]
            continue
        if message := _find_missing_metric(objective, [spec]):
            faults.append(experiment.document.fault(("search", "objective"), message))
    _raise_any(faults)


def _duplicates(
    experiment: Experiment, points: list[Point], specs: list[RunSpec]
) -> Iterable[Fault]:
    """Yield a fault for each point that equals one before it."""
    labels: dict[str, str] = {}
    # Points that are equal with one seed are equal with every seed.
    for point, spec in zip(points, specs[:: len(experiment.seeds or (None,))], strict=True):
        settings = repr(spec.config.settings)
        if settings in labels:
            place: Key = ("configs",) if experiment.configs else ("variants", point.label)
            yield experiment.document.fault(
                point.changes[-1].place if point.changes else place,
                f"{spec.label} (seed {spec.seed}) is the same run as {labels[settings]}",
            )
        labels.setdefault(settings, spec.label)


def _claim_faults(experiment: Experiment, specs: list[RunSpec] | None) -> Iterable[Fault]:
    """Yield a fault for each selector that selects no run; None: a search, only keys are known."""
    for number, claim in enumerate(experiment.claims):
        for word, selector in claim.selectors.items():
            if message := _find_mismatch(experiment, specs, selector):
                yield experiment.document.fault(("claims", number, word), message)
        if claim.verdict is None and (message := _find_missing_metric(claim.metric, specs or [])):
            yield experiment.document.fault(("claims", number, "metric"), message)


def _find_mismatch(
    experiment: Experiment, specs: list[RunSpec] | None, selector: Selector
) -> str | None:
    """Return why a selector selects no run, or None where it selects some."""
    if specs is None:
        paths = list(experiment.search.space) if experiment.search else []
        labels: list[str] = []
    else:
        paths = list(dict.fromkeys(path for spec in specs for path in spec.values))
        labels = list(dict.fromkeys(spec.label for spec in specs))
        if any(matches(selector, spec.label, spec.values) for spec in specs):
            return None
    if isinstance(selector, str):
        return f"no run is called {selector!r}{near(selector, labels)}"
    for path in selector:
        if path not in paths:
            return f"no run varies {path}; varied: {', '.join(paths) or 'nothing'}"
    return None if specs is None else f"no run has {make_label(selector)}"


def _find_missing_metric(metric: str, specs: Iterable[RunSpec]) -> str | None:
    """Return why a metric is not measured in some of the runs, or None."""
    score = metric.split("_")[-1]
    tasks = {spec.config.task for spec in specs}
    if score in ("accuracy", "r2") and any((t == "regression") != (score == "r2") for t in tasks):
        other = "r2" if score == "accuracy" else "accuracy"
        wrong = next(t for t in sorted(tasks) if (t == "regression") != (score == "r2"))
        task = wrong.replace("_", "-")
        return f"there is no {metric} of a {task} task; use {metric.replace(score, other)}"
    if not metric.startswith("val_") or all(spec.config.data.validation for spec in specs):
        return None
    return (
        f"there is no {metric} with `data.validation: 0`; use {metric.removeprefix('val_')}, "
        f"{metric.replace('val_', 'test_')} (claims only), or hold out validation examples"
    )


def _raise_any(faults: Iterable[Fault]) -> None:
    # One value of a grid is in many runs: its fault is reported once.
    found = list(dict.fromkeys(faults))
    if found:
        raise InputError(found)


def _locate(fault: Fault, experiment: Experiment, point: Point) -> Fault:
    """Return a fault with the experiment's line, where a change of the experiment made it."""
    key = key_of(fault.key) if fault.key else ()
    inside = [c for c in point.changes if key[: len(c.key)] == c.key]
    if fault.file == "--set" and inside:
        change = max(inside, key=lambda c: len(c.key))
        rest = dotted(key[len(change.key) :])
        message = f"{rest}: {fault.message}" if rest else fault.message
        # A key that does not exist is not the fault of one value.
        is_key = fault.message.startswith("unknown key") and change.place[0] != "search"
        return experiment.document.fault(change.place[:2] if is_key else change.place, message)
    if fault.file == "--set" or not point.changes or fault in _base_faults(point.base):
        return fault
    # The base alone is valid.
    nearest = max(point.changes, key=lambda c: _common(c.key, key))
    section = [c for c in point.changes if c.key[0] == nearest.key[0]]
    values = ", ".join(f"{dotted(c.key)}={format_value(c.value)}" for c in section)
    message = f"{fault.key}: {fault.message} (with {values})"
    place = experiment.document.fault(nearest.place, message)
    return InvalidCombination(place.message, place.file, place.line, place.key)


def _common(one: Key, other: Key) -> int:
    """Return how many parts two keys share from the start."""
    return sum(1 for _ in itertools.takewhile(lambda ab: ab[0] == ab[1], zip(one, other)))  # noqa: B905


@lru_cache(maxsize=8)
def _base_faults(base: Document) -> tuple[Fault, ...]:
    try:
        from_document(with_changes(base, {"name": "base"}))
    except InputError as error:
        return error.faults
    return ()
