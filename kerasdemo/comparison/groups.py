"""Runs in groups: those that differ in nothing but the seed, and how a group is named."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from kerasdemo.comparison.metrics import fewest_examples, value_of
from kerasdemo.comparison.statistics import (
    Interval,
    PairedDifference,
    mean_of,
    metric_interval,
    paired_difference,
)
from kerasdemo.records import Scalar, Summary

Item = TypeVar("Item")

MISSING = "-"
SAMPLE = "mnist_sample"


@dataclass(frozen=True)
class Group:
    """Runs that differ in nothing but the seed, or in none of the keys that they are grouped by.

    Args:
        label: its name, for people.
        values: dotted path -> value, of the keys that differ between groups; `MISSING` where its
            runs have no such key.
        runs: at least one.
        metric: what is compared.
        at: "kept", "last" or "best", see `metrics.value_of`.
    """

    label: str
    values: Mapping[str, Scalar]
    runs: tuple[Summary, ...]
    metric: str
    at: str = "kept"

    @cached_property
    def by_seed(self) -> dict[int, float]:
        """Seed -> value; the mean of the runs that share a seed. Finite values only."""
        found: dict[int, list[float]] = {}
        for run in self.runs:
            value = value_of(run, self.metric, self.at)
            if math.isfinite(value):
                found.setdefault(run.seed, []).append(value)
        return {seed: mean_of(values) for seed, values in found.items()}

    @cached_property
    def interval(self) -> Interval:
        """Mean over seeds and its 95 % interval, of the runs that have a value."""
        return metric_interval(list(self.by_seed.values()), self.metric, self.examples)

    @cached_property
    def examples(self) -> int | None:
        """How many examples its metric was measured on; the fewest, where runs differ."""
        return fewest_examples((run.examples for run in self.runs), self.metric)

    def minus(self, other: "Group") -> PairedDifference:
        """Return its difference to another group over the seeds that they share."""
        examples = self.examples, other.examples
        return paired_difference(self.by_seed, other.by_seed, self.metric, examples=examples)

    @property
    def diverged(self) -> int:
        """How many runs ended in NaN or infinity."""
        return sum(run.status == "diverged" for run in self.runs)

    @property
    def failed(self) -> int:
        """How many runs failed."""
        return sum(run.status == "failed" for run in self.runs)

    @property
    def sources(self) -> str:
        """What data its runs used, and how many used the sample in place of MNIST."""
        count = sum(map(is_on_sample, self.runs))
        names = ", ".join(sorted({run.source or MISSING for run in self.runs}))
        if count == 0:
            return names
        of = f" in {count} of {len(self.runs)} runs" if count < len(self.runs) else ""
        return f"{names}, stands in for MNIST{of}"

    def mean_of(self, metric: str, at: str) -> float:
        """Return the mean of another metric over the runs that have it, else NaN."""
        values = [value_of(run, metric, at) for run in self.runs]
        finite = [value for value in values if math.isfinite(value)]
        return mean_of(finite) if finite else math.nan

    @property
    def verdicts(self) -> dict[str, int]:
        """How many runs have each verdict, the most frequent first."""
        titles = [run.title for run in self.runs if run.title is not None]
        return dict(Counter(sorted(titles)).most_common())


def is_number(value: Scalar) -> bool:
    """Return whether a setting is a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def sample(ranked: Sequence[Item], most: int) -> list[Item]:
    """Return the best half of `most`, and the rest evenly down to the last."""
    if len(ranked) <= most:
        return list(ranked)
    top = most // 2
    step = (len(ranked) - 1 - top) / (most - 1 - top)
    return [*ranked[:top], *(ranked[top + round(i * step)] for i in range(most - top))]


def is_on_sample(run: Summary) -> bool:
    """Return whether a run used the bundled sample in place of the data in its config."""
    return run.source == SAMPLE and run.settings.get("data.name", SAMPLE) != SAMPLE


def make_groups(
    runs: Sequence[Summary], keys: Sequence[str], metric: str, at: str = "kept"
) -> tuple[list[Group], bool]:
    """Group runs by the values that they have at some keys.

    A group has the label of its experiment, or the name of its runs if a person gave it; where
    these are not one for each group, its values are its label.

    Args:
        runs: at least one.
        keys: dotted paths; none makes one group.
        metric: what is compared.
        at: "kept", "last" or "best".

    Returns:
        The groups, and whether their labels are names that a person gave, such as variants have.
    """
    members: dict[tuple[Scalar, ...], list[Summary]] = {}
    for run in runs:
        members.setdefault(values_at(run, keys), []).append(run)
    labels = [{run.label or run.name for run in inside} for inside in members.values()]
    is_clear = all(len(some) == 1 for some in labels) and len(set.union(*labels)) == len(labels)
    named = not keys or (is_clear and all(map(_has_given_name, runs)))
    is_experiment = is_clear and all(set(run.values) == set(keys) for run in runs)
    groups = []
    for values, inside in members.items():
        by_key = dict(zip(keys, values, strict=True))
        text = inside[0].label or inside[0].name
        if not (named or is_experiment):
            text = describe_values(by_key)
        # A label is one line, whatever an experiment's file holds.
        groups.append(Group(" ".join(text.split()), by_key, tuple(inside), metric, at))
    return groups, named


def _has_given_name(run: Summary) -> bool:
    """Return whether a person named a run; else its label is made of what it varies, depth=3."""
    key, equals, _ = (run.label or run.name).partition("=")
    varied = run.values if run.label else (key,)
    return not equals or not any(f".{path}".endswith(f".{key}") for path in varied)


def values_at(run: Summary, keys: Sequence[str]) -> tuple[Scalar, ...]:
    """Return a run's values at dotted paths of its config, or of what its experiment varies."""
    found = (run.settings.get(key, run.values.get(key, MISSING)) for key in keys)
    return tuple(value if isinstance(value, Scalar) else MISSING for value in found)


def swept_keys(runs: Sequence[Summary]) -> tuple[str, ...]:
    """Return the dotted paths that an experiment varies, if they distinguish all its runs.

    Returns:
        Empty where the runs belong to no experiment or to several with other paths, where their
        configs differ in something else, and where a value is not a number, a name or null.
    """
    paths = {tuple(run.values) for run in runs}
    keys = paths.pop() if len(paths) == 1 else ()
    if not all(isinstance(value, Scalar) for run in runs for value in run.values.values()):
        return ()
    settings = differing_keys(runs)
    pairs = {(values_at(run, keys), values_at(run, settings)) for run in runs}
    by_keys, by_settings = {one for one, _ in pairs}, {other for _, other in pairs}
    return keys if len(pairs) == len(by_keys) == len(by_settings) else ()


def differing_keys(runs: Sequence[Summary]) -> tuple[str, ...]:
    """Return the dotted paths in which runs differ, without the seed and the place of the data."""
    values: dict[str, set[tuple[type, Scalar]]] = {}
    counts: Counter[str] = Counter()
    for run in runs:
        # With its type: 1, 1.0 and true are equal, and not the same.
        for key, value in run.settings.items():
            values.setdefault(key, set()).add((type(value), value))
        counts.update(run.settings.keys())
    # Where a file lies is no setting, but two files are two sets of data.
    files = {run.data for run in runs if "data.path" in run.settings and run.data is not None}
    ignored = ("seed",) if len(files) > 1 else ("seed", "data.path")
    return tuple(
        key
        for key, distinct in values.items()
        if key not in ignored
        # A key that only some runs have, always with the same value, comes with its section's
        # name: sgd's `nesterov` says no more than that it is sgd. But null is not missing.
        and (len(distinct) > 1 or (counts[key] < len(runs) and (type(None), None) in distinct))
    )


def describe_values(values: Mapping[str, Scalar]) -> str:
    """Return values as text for people: `optimizer=sgd, learning_rate=0.1`.

    Args:
        values: dotted path -> value; `MISSING` ones are left out.
    """
    present = {path: value for path, value in values.items() if value != MISSING} or values
    names = short_names(values)
    return ", ".join(f"{names[path]}={format_value(value)}" for path, value in present.items())


def short_names(paths: Iterable[str]) -> dict[str, str]:
    """Return the last word of each dotted path (of `optimizer.name`: optimizer).

    Where two paths end alike, or in a number, they keep their full names.
    """
    words = {path: path.removesuffix(".name").rsplit(".", 1)[-1] for path in paths}
    words = {path: path if word.isdigit() else word for path, word in words.items()}
    counts = Counter(words.values())
    return {path: word if counts[word] == 1 else path for path, word in words.items()}


def format_value(value: Scalar) -> str:
    """Return a value as YAML has it, a float with four significant digits."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    return f"{value:.4g}" if isinstance(value, float) else str(value)
