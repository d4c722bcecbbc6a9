"""A claim is data: what it says, which runs it is about, and what would make it true."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from kerasdemo.analysis.comparison import less_is_better, pair, value_of
from kerasdemo.analysis.verdict import Outcome
from kerasdemo.config.types import Frozen, NotNegative, Number
from kerasdemo.records.index import Summary

Metric = Literal[
    "loss", "accuracy", "val_loss", "val_accuracy", "test_loss", "test_accuracy", "seconds"
]
Outcomes = Literal["held", "not held", "undecided"]
Selector = str | dict[str, Any]


class Claim(Frozen):
    """Either `better` than `than` on `metric` by more than `by`, or `runs` whose verdict is known.

    A selector is a run's label (a variant's or a config's name) or a mapping of dotted keys to
    values. Runs are paired by seed and by every swept key that the selectors leave open.
    """

    says: str
    """the claim, in one sentence"""
    better: Selector | None = None
    """the runs that should be better"""
    than: Selector | None = None
    """the runs that they should be better than"""
    metric: Metric = "val_accuracy"
    """on what; of a loss or of seconds less is better"""
    by: NotNegative = 0.0
    """by more than this, in the metric's own unit (accuracy: 0.01 is one point)"""
    runs: Selector | None = None
    """the runs whose verdict is claimed"""
    verdict: Outcome | None = None
    """the verdict that they should get"""
    lecturer: Number | str | None = None
    """the lecturer's number, if there is one"""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        comparing = self.better is not None and self.than is not None
        judging = self.runs is not None and self.verdict is not None
        either = self.better is not None or self.than is not None
        if comparing == judging or (judging and either):
            raise PydanticCustomError(
                "experiment", "a claim has `better` and `than`, or `runs` and `verdict`"
            )
        return self

    @property
    def selectors(self) -> dict[str, Selector]:
        """The selectors that are given, by their key."""
        given = {"better": self.better, "than": self.than, "runs": self.runs}
        return {key: selector for key, selector in given.items() if selector is not None}


def matches(selector: Selector, label: str, values: Mapping[str, Any]) -> bool:
    """Return whether a selector picks a run, by its label or by the values that it was given."""
    if isinstance(selector, str):
        return selector == label
    return all(path in values and values[path] == value for path, value in selector.items())


@dataclass(frozen=True)
class Member:
    """A run of an experiment: what the experiment says of it, and what happened (None: not yet)."""

    label: str
    values: Mapping[str, Any]
    seed: int
    run: Summary | None


@dataclass(frozen=True)
class Finding:
    """What the runs say to a claim, with the evidence in words."""

    claim: Claim
    outcome: Outcomes
    evidence: str


def judge(claim: Claim, members: Sequence[Member]) -> Finding:
    """Hold a claim against the runs of its experiment."""
    if claim.verdict is not None:
        return _judge_verdict(claim, members)
    return _judge_better(claim, members)


def _judge_verdict(claim: Claim, members: Sequence[Member]) -> Finding:
    chosen = _picked(claim.runs, members)
    given = [m.run.verdict for m in chosen if m.run is not None and m.run.verdict is not None]
    hits = sum(verdict == claim.verdict for verdict in given)
    counts = {verdict: given.count(verdict) for verdict in sorted(set(given))}
    told = ", ".join(f"{verdict} {n}" for verdict, n in counts.items()) or "no verdict yet"
    evidence = f"{hits} of {len(chosen)} runs ({told})"
    if len(given) < len(chosen) or not chosen or 0 < hits < len(given):
        return Finding(claim, "undecided", evidence)
    return Finding(claim, "held" if hits else "not held", evidence)


def _judge_better(claim: Claim, members: Sequence[Member]) -> Finding:
    better, than = _picked(claim.better, members), _picked(claim.than, members)
    free = _open_keys(claim, members)
    first, second = _by_place(better, free, claim.metric), _by_place(than, free, claim.metric)
    shared = first.keys() & second.keys()
    whole = {place for place in shared if math.isfinite(first[place] + second[place])}
    found = pair(
        _mean_by_seed(first, whole),
        _mean_by_seed(second, whole),
        less_is_better=less_is_better(claim.metric),
        by=claim.by,
    )
    missing = sum(m.run is None or m.run.status == "unfinished" for m in (*better, *than))
    evidence = [f"{claim.metric} {found.difference:+}", f"{found.difference.n} seeds"]
    if found.more_seeds:
        evidence.append(f"needs about {found.more_seeds} more seeds")
    if len(shared) > len(whole):
        evidence.append(f"{len(shared) - len(whole)} pairs left out (diverged or failed)")
    if missing:
        evidence.append(f"{missing} runs missing")
    outcomes: dict[str, Outcomes] = {"better": "held", "worse": "not held", "tie": "not held"}
    outcome = "undecided" if missing else outcomes.get(found.verdict, "undecided")
    return Finding(claim, outcome, ", ".join(evidence))


def _picked(selector: Selector | None, members: Iterable[Member]) -> list[Member]:
    return [m for m in members if selector is not None and matches(selector, m.label, m.values)]


def _open_keys(claim: Claim, members: Iterable[Member]) -> list[str]:
    """Return the swept keys that neither selector fixes: runs are paired by them, too."""
    if not isinstance(claim.better, dict) or not isinstance(claim.than, dict):
        return []
    varied = dict.fromkeys(path for member in members for path in member.values)
    return [path for path in varied if path not in claim.better and path not in claim.than]


def _by_place(
    members: Iterable[Member], free: Sequence[str], metric: str
) -> dict[tuple[int, str], float]:
    """Return (seed, values of the open keys) -> mean of the metric; NaN where a run has none."""
    found: dict[tuple[int, str], list[float]] = {}
    for member in members:
        place = member.seed, repr([member.values.get(path) for path in free])
        value = math.nan if member.run is None else value_of(member.run, metric)
        found.setdefault(place, []).append(value)
    return {place: sum(values) / len(values) for place, values in found.items()}


def _mean_by_seed(
    values: Mapping[tuple[int, str], float], whole: Iterable[tuple[int, str]]
) -> dict[int, float]:
    """Average within a seed: seeds are independent, the runs of one seed are not."""
    by_seed: dict[int, list[float]] = {}
    for place in sorted(whole):
        by_seed.setdefault(place[0], []).append(values[place])
    return {seed: math.fsum(own) / len(own) for seed, own in by_seed.items()}
