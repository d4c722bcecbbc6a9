"""A claim is data: what it says, which runs it is about, and what would make it true."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kerasdemo.comparison.comparison import (
    FEWEST_SEEDS,
    Interval,
    Pair,
    examples_of,
    metric_interval,
    pair,
    value_of,
)
from kerasdemo.config.types import NotNegative, Number, Positive, StrictModel
from kerasdemo.records.index import Summary
from kerasdemo.records.verdict import Outcome

Metric = Literal[
    "loss", "accuracy", "val_loss", "val_accuracy", "test_loss", "test_accuracy",
    "epoch_seconds", "seconds",
]  # fmt: skip
# One seed is no more than a look: what it shows beyond the error of its examples was seen once.
Outcomes = Literal["held", "not held", "seen once", "not seen", "undecided"]
Selector = str | dict[str, Any]


class Claim(StrictModel):
    """What runs should show: that some are better than others, get a verdict, or reach a value.

    `better` than `than` on `metric` by more than `by`; or `runs` and their `verdict`; or `runs` and
    the values `between` which the mean of `metric` should lie.

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
    """on what; of a loss or of seconds less is better; epoch_seconds: of training alone"""
    by: NotNegative = 0.0
    """by more than this, in the metric's own unit (accuracy: 0.01 is one point)"""
    runs: Selector | None = None
    """the runs of which a verdict or a value is claimed"""
    verdict: Outcome | None = None
    """the verdict that they should get"""
    between: Annotated[tuple[Number, Number] | None, Field(strict=False)] = None
    """where the mean of `metric` over the seeds should lie"""
    lecturer: Number | str | None = None
    """the lecturer's number, if there is one"""
    rows: Annotated[tuple[Positive, ...], Field(strict=False)] = ()
    """of the lecture's table of demos, that the claim is about"""
    note: str | None = None
    """where it does not hold: what was found when the reason was looked for"""

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = {("better", "than"), ("runs", "verdict"), ("runs", "between")}
        keys = ("better", "than", "runs", "verdict", "between")
        if tuple(key for key in keys if getattr(self, key) is not None) not in kinds:
            raise PydanticCustomError(
                "experiment",
                "a claim has `better` and `than`, or `runs` and `verdict`, or `runs` and `between`",
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
    """What the runs say to a claim, with the evidence in words.

    value: the metric's mean and interval over the seeds, of a claim on `runs`; else that of the
    difference, and `sides` what is compared.
    """

    claim: Claim
    outcome: Outcomes
    evidence: str
    value: Interval | None = None
    sides: tuple[Interval, ...] = ()


def judge(claim: Claim, members: Sequence[Member]) -> Finding:
    """Hold a claim against the runs of its experiment."""
    if claim.verdict is not None:
        return _judge_verdict(claim, members)
    if claim.between is not None:
        return _judge_value(claim, members)
    return _judge_better(claim, members)


def _judge_verdict(claim: Claim, members: Sequence[Member]) -> Finding:
    chosen = _picked(claim.runs, members)
    given = [m.run.verdict for m in chosen if m.run is not None and m.run.verdict is not None]
    hits = sum(verdict == claim.verdict for verdict in given)
    counts = Counter(sorted(given)).items()
    told = ", ".join(f"{verdict} {n}" for verdict, n in counts) or "no verdict yet"
    value = _value(claim, chosen)
    evidence = f"{hits} of {len(chosen)} runs ({told})"
    evidence += f"; {claim.metric} {value}" if value.n else ""
    seeds = len({m.seed for m in chosen})
    if len(given) < len(chosen) or not chosen or 0 < hits < len(given):
        return Finding(claim, "undecided", evidence, value)
    evidence += _more(seeds)
    return Finding(claim, _outcome(hits > 0, seeds), evidence, value)


def _judge_value(claim: Claim, members: Sequence[Member]) -> Finding:
    """Compare the mean's 95 % interval with the claimed values."""
    assert claim.between is not None
    chosen = _picked(claim.runs, members)
    found = _value(claim, chosen)
    least, most = claim.between
    evidence = [f"{claim.metric} {found}" if found.n else "no value", f"{found.n} seeds"]
    evidence.insert(1, f"claimed {least:g} to {most:g}")
    lost = sum(m.run is not None and m.run.status in ("diverged", "failed") for m in chosen)
    missing = _missing(chosen)
    if lost:
        evidence.append(f"{lost} runs diverged or failed")
    if missing:
        evidence.append(f"{missing} runs missing")
    outcome: Outcomes = "undecided"
    if not missing and not lost and least <= found.low and found.high <= most:
        outcome = _outcome(True, found.n)
    elif not missing and (lost or found.high < least or found.low > most):
        outcome = _outcome(False, len({m.seed for m in chosen}))
    return Finding(claim, outcome, ", ".join(evidence) + _more(found.n), found)


def _judge_better(claim: Claim, members: Sequence[Member]) -> Finding:
    better, than = _picked(claim.better, members), _picked(claim.than, members)
    free = _open_keys(claim, members)
    first, second = _by_place(better, free, claim.metric), _by_place(than, free, claim.metric)
    shared = first.keys() & second.keys()
    whole = {place for place in shared if math.isfinite(first[place] + second[place])}
    means = _mean_by_seed(first, whole), _mean_by_seed(second, whole)
    examples = _examples(claim, better), _examples(claim, than)
    found = pair(*means, claim.metric, by=claim.by, examples=examples)
    missing = _missing([*better, *than])
    sides = tuple(
        metric_interval(list(side.values()), claim.metric, count)
        for side, count in zip(means, examples, strict=True)
    )
    against = " against ".join(map(str, sides))
    evidence = [f"{claim.metric} {found.difference:+} ({against})", f"{found.difference.n} seeds"]
    if claim.by:
        evidence.insert(1, f"more than {claim.by:g} claimed")
    pooled = len({place for _, place in whole})
    if claim.metric == "epoch_seconds" and _one_epoch([*better, *than]):
        evidence.append("of a single epoch, compiling included")
    if pooled > 1:
        evidence.append(f"mean over {pooled} settings of {', '.join(free)}")
    if found.lacks:
        evidence.append(found.lacks)
    if len(shared) > len(whole):
        evidence.append(f"{len(shared) - len(whole)} pairs left out (diverged or failed)")
    if missing:
        evidence.append(f"{missing} runs missing")
    outcome = "undecided" if missing else _of_pair(found)
    return Finding(claim, outcome, ", ".join(evidence), found.difference, sides)


def _of_pair(found: Pair) -> Outcomes:
    if found.seen is not None:
        return _outcome(found.seen == "better", 1)
    outcomes: dict[str, Outcomes] = {"better": "held", "worse": "not held", "tie": "not held"}
    return outcomes.get(found.verdict, "undecided")


def _outcome(shown: bool, seeds: int) -> Outcomes:
    """Return what so many seeds allow to say."""
    if seeds == 1:
        return "seen once" if shown else "not seen"
    if seeds < FEWEST_SEEDS:
        return "undecided"
    return "held" if shown else "not held"


def _more(seeds: int) -> str:
    missing = FEWEST_SEEDS - seeds
    return f", needs at least {missing} more seed{'s' * (missing > 1)}" if missing > 0 else ""


def _picked(selector: Selector | None, members: Iterable[Member]) -> list[Member]:
    return [m for m in members if selector is not None and matches(selector, m.label, m.values)]


def _missing(members: Iterable[Member]) -> int:
    return sum(m.run is None or m.run.status in ("unfinished", "interrupted") for m in members)


def _one_epoch(members: Iterable[Member]) -> bool:
    return any(m.run is not None and m.run.epochs == 1 for m in members)


def _value(claim: Claim, members: Sequence[Member]) -> Interval:
    """Return the metric's mean and interval over the seeds, of the runs that have it."""
    places = _by_place(members, (), claim.metric)
    finite = [place for place in places if math.isfinite(places[place])]
    values = list(_mean_by_seed(places, finite).values())
    return metric_interval(values, claim.metric, _examples(claim, members))


def _examples(claim: Claim, members: Iterable[Member]) -> int | None:
    """Return how many examples the metric was measured on; the fewest, where runs differ."""
    counts = [examples_of(m.run.examples, claim.metric) for m in members if m.run is not None]
    return min((count for count in counts if count), default=None)


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
