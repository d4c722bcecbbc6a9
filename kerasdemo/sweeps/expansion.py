"""From an experiment to its runs: a pure function, and every value is checked before any runs."""

import itertools
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from kerasdemo.comparison.claims import Selector, matches
from kerasdemo.config import Fault, InputError, RunConfig, regular_file
from kerasdemo.config.document import Document, Key, dotted, key_of, read
from kerasdemo.config.errors import near
from kerasdemo.config.loading import from_document
from kerasdemo.config.overrides import override, parse_override
from kerasdemo.sweeps.experiment import Experiment, Range


@dataclass(frozen=True)
class RunSpec:
    """One run of an experiment: what tells it from the others, and its whole config.

    label: what a person calls it; the same for every seed.
    values: dotted path -> value, as the experiment has them, without the seed.
    """

    label: str
    values: Mapping[str, Any]
    seed: int
    config: RunConfig


@dataclass(frozen=True)
class Change:
    """A value set in a base, and where the experiment says so."""

    key: Key
    value: Any
    said: Key


# More than anyone awaits; a listing still takes a second.
MOST_RUNS = 10_000
# So many points that fail say what is wrong with the others.
MOST_FAILED = 100


class Combination(Fault):
    """A fault of no value by itself: these values can't be together."""


@dataclass(frozen=True)
class Point:
    """A run before it has a seed: its base, and what is changed in it."""

    label: str
    base: Document
    changes: tuple[Change, ...] = ()
    named: bool = True
    """whether the run is named by its label, not by the base's own name"""


def expand(experiment: Experiment, overrides: Sequence[str] = ()) -> list[RunSpec]:
    """Return every run of an experiment: points in the file's order, and for each its seeds.

    The same experiment gives the same list; no run is in it twice. Of a search it returns
    nothing, after checking the ends of its ranges and its choices. `overrides`
    ("training.epochs=2") are set in every base.

    Raises:
        InputError: with every fault, each with the experiment's line.
    """
    bases = _bases(experiment, overrides)
    _check_count(experiment)
    points = _points(experiment, bases)
    _check_overrides(experiment, points, overrides)
    if experiment.search is not None:
        _check_space(experiment, bases[0])
        _raise_any(_claim_faults(experiment, None))
        return []
    planned = _build_all(experiment, points, experiment.seeds or (None,))
    _raise_any([*_doubled(experiment, points, planned), *_claim_faults(experiment, planned)])
    return planned


def _check_count(experiment: Experiment) -> None:
    """Count the runs before any is made."""
    kind = "seeds" if experiment.grid is None else "grid"
    several = experiment.grid or {}
    points = len(experiment.configs or experiment.variants or "1")
    runs = math.prod(map(len, several.values())) * points * len(experiment.seeds or "1")
    if runs > MOST_RUNS:
        message = f"{runs:,} runs; at most {MOST_RUNS:,}: ask in parts, or `search`"
        raise InputError(experiment.document.fault((kind,), message))


def _check_space(experiment: Experiment, base: Document) -> None:
    """Check each value of a search by itself; which of them go together is seen trial by trial."""
    assert experiment.search is not None
    objective = experiment.search.objective
    faults: list[Fault] = []
    for corner in _corners(experiment, base):
        try:
            planned = build(experiment, corner, None)
        except InputError as error:
            faults += [f for f in error.faults if not isinstance(f, Combination)]
            continue
        if _unvalidated(objective, [planned]):
            message = _no_validation(objective)
            faults.append(experiment.document.fault(("search", "objective"), message))
    _raise_any(faults)


def _build_all(
    experiment: Experiment, points: Iterable[Point], seeds: Sequence[int | None]
) -> list[RunSpec]:
    planned: list[RunSpec] = []
    faults: list[Fault] = []
    failed = 0
    for point in points:
        try:
            first = build(experiment, point, seeds[0])
            planned += [first, *(_with_seed(first, seed) for seed in seeds[1:])]
        except InputError as error:
            faults += error.faults
            failed += 1
        if failed == MOST_FAILED:
            break
    _raise_any(faults)
    return planned


def _with_seed(planned: RunSpec, seed: int | None) -> RunSpec:
    """Return the same run with another seed, which was checked and decides nothing else."""
    assert seed is not None
    config = planned.config.model_copy(update={"seed": seed})
    return replace(planned, seed=seed, config=config)


def _raise_any(faults: Iterable[Fault]) -> None:
    # One value of a grid is in many runs: its fault is told once.
    found = list(dict.fromkeys(faults))
    if found:
        raise InputError(found)


def build(experiment: Experiment, point: Point, seed: int | None) -> RunSpec:
    """Return one run.

    Raises:
        InputError: with the experiment's line, where a change is at fault.
    """
    changes = [(c.key, _rooted(experiment, c)) for c in point.changes]
    own: list[tuple[Key, Any]] = [] if seed is None else [(("seed",), seed)]
    if point.named:
        own = [*own, (("name",), slug(point.label) or experiment.name)]
    try:
        config = from_document(override(point.base, [*changes, *own]))
    except InputError as error:
        raise InputError([_blame(f, experiment, point) for f in error.faults]) from None
    values = {dotted(c.key): c.value for c in point.changes}
    return RunSpec(point.label, values, config.seed, config)


def point(base: Document, values: Mapping[str, Any], kind: str) -> Point:
    """Return the point at which each dotted path has its value."""
    changes = [Change(key_of(path), value, (kind, path)) for path, value in values.items()]
    # The outer key first: `optimizer` must not wipe out `optimizer.learning_rate`.
    changes.sort(key=lambda change: len(change.key))
    return Point(label(values), base, tuple(changes))


def base(experiment: Experiment, overrides: Sequence[str] = ()) -> Document:
    """Return the base of a grid, of variants or of a search, with `overrides` set in it."""
    return _bases(experiment, overrides)[0]


def label(values: Mapping[str, Any]) -> str:
    """Return what a person calls these values: `optimizer=sgd, learning_rate=0.1`."""
    names = short_names(values)
    return ", ".join(f"{names[path]}={_short(value)}" for path, value in values.items())


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """Return the shortest end of each dotted path that still tells it from the others."""
    paths = list(paths)
    ends = {path: path.split(".") for path in paths}
    short = {}
    for path, parts in ends.items():
        for count in range(1, len(parts) + 1):
            others = [p for p in paths if p != path and ends[p][-count:] == parts[-count:]]
            if not others and not parts[-count].isdigit():
                break
        short[path] = ".".join(parts[-count:])
    return short


def slug(text: str) -> str:
    """Return the text as the name of a folder; empty where it would be too long for one."""
    joined = re.sub(r", (?=[\w.]+=)", "+", text)
    name = re.sub(r"[^A-Za-z0-9._+=-]+", "_", joined).strip("_.+=-")
    return name if len(name) <= 80 else ""


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("name", value.get("type"))) if len(value) == 1 else repr(value)
    if isinstance(value, float) and len(str(value)) > 8:
        return f"{value:.4g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _bases(experiment: Experiment, overrides: Sequence[str]) -> list[Document]:
    changes = [parse_override(text) for text in overrides]
    if experiment.configs is not None:
        files = [(("configs", i), file) for i, file in enumerate(experiment.configs)]
        documents = [_base_file(experiment, key, file) for key, file in files]
    elif isinstance(experiment.base, str):
        documents = [_base_file(experiment, ("base",), experiment.base)]
    else:
        documents = [_inside(experiment.document, "base")]
    return [override(document, changes) for document in documents]


def _inside(document: Document, part: str) -> Document:
    """Return a mapping inside a document as a document of its own, with the file's lines."""
    lines = {key[1:]: line for key, line in document.lines.items() if key[:1] == (part,)}
    return Document(document.data[part], document.file, lines)


def _base_file(experiment: Experiment, key: Key, file: str) -> Document:
    path = experiment.folder / regular_file.expanded(file)
    problem = regular_file.problem(path)
    if problem is None and path.samefile(experiment.document.file):
        raise InputError(
            experiment.document.fault(key, f"{file} is this experiment itself; expected a config")
        )
    if problem is not None:
        siblings = [p.name for p in path.parent.glob("*.y*ml")] if "such" in problem else []
        raise InputError(
            experiment.document.fault(key, f"{problem}: {path}{near(path.name, siblings)}")
        )
    return read(path)


def _points(experiment: Experiment, bases: list[Document]) -> list[Point]:
    if experiment.configs is not None:
        stems = [str(d.data.get("name") or Path(d.file).stem) for d in bases]
        return [Point(s, d, named=False) for s, d in zip(stems, bases, strict=True)]
    if experiment.variants is not None:
        return [
            _variant(bases[0], name, patch or {}) for name, patch in experiment.variants.items()
        ]
    if experiment.grid is not None:
        return _grid(bases[0], experiment.grid)
    if experiment.search is not None:
        return [point(bases[0], experiment.search.space, "search")]
    return [Point(experiment.name, bases[0])]


def _variant(base: Document, name: str, patch: dict[str, Any]) -> Point:
    changes = [Change(key_of(path), v, ("variants", name, path)) for path, v in patch.items()]
    return Point(name, base, tuple(sorted(changes, key=lambda change: len(change.key))))


def _grid(base: Document, grid: Mapping[str, list[Any]]) -> list[Point]:
    points = []
    for numbers in itertools.product(*(range(len(values)) for values in grid.values())):
        at = dict(zip(grid, numbers, strict=True))
        whole = point(base, {path: grid[path][i] for path, i in at.items()}, "grid")
        said = [replace(c, said=(*c.said, at[str(c.said[1])])) for c in whole.changes]
        points.append(replace(whole, changes=tuple(said)))
    return points


def _corners(experiment: Experiment, base: Document) -> list[Point]:
    """Return points that together touch every choice and both ends of every range."""
    assert experiment.search is not None
    space = experiment.search.space
    ends = {path: _ends(dimension) for path, dimension in space.items()}
    most = max(len(values) for values in ends.values())
    points = []
    for number in range(most):
        values = {path: v[min(number, len(v) - 1)] for path, v in ends.items()}
        whole = point(base, values, "search")
        said = [replace(c, said=("search", "space", *c.said[1:])) for c in whole.changes]
        points.append(replace(whole, changes=tuple(said)))
    return points


def _ends(dimension: list[Any] | Range) -> list[Any]:
    if isinstance(dimension, list):
        return dimension
    kind = int if dimension.integer else float
    return [kind(dimension.low), kind(dimension.high)]


def _rooted(experiment: Experiment, change: Change) -> Any:
    """Return the change's value, with a path in it that starts at the experiment's folder."""
    value = change.value
    if change.key == ("data", "path") and isinstance(value, str):
        return str((experiment.folder / regular_file.expanded(value)).absolute())
    if change.key == ("data",) and isinstance(value, dict) and isinstance(value.get("path"), str):
        path = (experiment.folder / regular_file.expanded(value["path"])).absolute()
        return {**value, "path": str(path)}
    return value


def _blame(fault: Fault, experiment: Experiment, point: Point) -> Fault:
    """Tell a fault at the experiment's line, where a change of the experiment made it."""
    key = key_of(fault.key) if fault.key else ()
    inside = [c for c in point.changes if key[: len(c.key)] == c.key]
    if fault.file == "--set" and inside:
        change = max(inside, key=lambda c: len(c.key))
        rest = dotted(key[len(change.key) :])
        message = f"{rest}: {fault.message}" if rest else fault.message
        # A key that does not exist is no fault of one value.
        said = change.said[:2] if fault.message.startswith("unknown key") else change.said
        return experiment.document.fault(said, message)
    if fault.file == "--set" or not point.changes or fault in _own_faults(point.base):
        return fault
    # The base alone is well: it is the combination that can't be.
    nearest = max(point.changes, key=lambda c: _common(c.key, key))
    section = [c for c in point.changes if c.key[0] == nearest.key[0]]
    told = ", ".join(f"{dotted(c.key)}={_short(c.value)}" for c in section)
    place = experiment.document.fault(nearest.said, f"{fault.key}: {fault.message} (with {told})")
    return Combination(place.message, place.file, place.line, place.key)


def _common(one: Key, other: Key) -> int:
    return sum(1 for _ in itertools.takewhile(lambda ab: ab[0] == ab[1], zip(one, other)))  # noqa: B905


@lru_cache(maxsize=8)
def _own_faults(base: Document) -> tuple[Fault, ...]:
    try:
        from_document(override(base, [(("name",), "base")]))
    except InputError as error:
        return error.faults
    return ()


def _check_overrides(experiment: Experiment, points: list[Point], overrides: Sequence[str]) -> None:
    own = [("seed",)] if experiment.seeds else []
    varied = {change.key for point in points for change in point.changes}
    for text in overrides:
        key, _ = parse_override(text)
        if any(key[: len(inner)] == inner for inner in (*own, ("name",), *varied)):
            message = "the experiment gives each run its own; can't be set"
            raise InputError(Fault(message, "--set", None, dotted(key)))


def _doubled(
    experiment: Experiment, points: list[Point], planned: list[RunSpec]
) -> Iterable[Fault]:
    """Yield a fault for each point that is in the list already."""
    first: dict[str, RunSpec] = {}
    # Points that are the same with one seed are so with each.
    for point, one in zip(points, planned[:: len(experiment.seeds or (None,))], strict=True):
        question = repr(one.config.settings)
        if question in first:
            yield experiment.document.fault(
                _said(experiment, point),
                f"{one.label} (seed {one.seed}) is the same run as {first[question].label}",
            )
        first.setdefault(question, one)


def _said(experiment: Experiment, point: Point) -> Key:
    if point.changes:
        return point.changes[-1].said
    return ("configs",) if experiment.configs else ("variants", point.label)


def _claim_faults(experiment: Experiment, planned: list[RunSpec] | None) -> Iterable[Fault]:
    """Yield a fault for each selector that picks no run; of a search only keys can be checked."""
    for number, claim in enumerate(experiment.claims):
        for word, selector in claim.selectors.items():
            message = _picks_nothing(experiment, planned, selector)
            if message:
                yield experiment.document.fault(("claims", number, word), message)
        if claim.verdict is None and _unvalidated(claim.metric, planned or ()):
            yield experiment.document.fault(
                ("claims", number, "metric"), _no_validation(claim.metric)
            )


def _unvalidated(metric: str, planned: Iterable[RunSpec]) -> bool:
    return metric.startswith("val_") and any(not one.config.data.validation for one in planned)


def _no_validation(metric: str) -> str:
    return (
        f"there is no {metric} with `data.validation: 0`; use {metric.removeprefix('val_')}, "
        f"{metric.replace('val_', 'test_')} (claims only), or hold out validation examples"
    )


def _picks_nothing(
    experiment: Experiment, planned: list[RunSpec] | None, selector: Selector
) -> str | None:
    if planned is None:
        paths = list(experiment.search.space) if experiment.search else []
        labels: list[str] = []
    else:
        paths = list(dict.fromkeys(path for one in planned for path in one.values))
        labels = list(dict.fromkeys(one.label for one in planned))
        if any(matches(selector, one.label, one.values) for one in planned):
            return None
    if isinstance(selector, str):
        return f"no run is called {selector!r}{near(selector, labels)}"
    for path in selector:
        if path not in paths:
            return f"no run varies {path}; varied: {', '.join(paths) or 'nothing'}"
    return None if planned is None else f"no run has {label(selector)}"
