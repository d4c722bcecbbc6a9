"""Claims: statements about the runs of an experiment, and whether the runs support them."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from kerasdemo.comparison.metrics import Metric, fewest_examples, value_of
from kerasdemo.comparison.statistics import (
    FEWEST_SEEDS,
    Interval,
    mean_of,
    metric_interval,
    paired_difference,
)
from kerasdemo.config.keras_objects import NotNegative, Number, Positive, StrictModel
from kerasdemo.records import Summary
from kerasdemo.records.verdict import Outcome

# What a single seed shows beyond the error of its examples was "seen once", its opposite "not
# seen"; three seeds or more decide.
ClaimStatus = Literal["held", "not held", "seen once", "not seen", "undecided"]
Selector = str | dict[str, Any]
# Keys of experiments and sweep.json that were written before they were renamed.
OLD_KEYS = {"says": "statement", "lecturer": "reference"}


class Claim(StrictModel):
    """What runs should show: that some are better than others, get a verdict, or reach a value.

    `better` than `than` on `metric` by more than `by`; or `runs` and their `verdict`; or `runs` and
    the values `between` which the mean of `metric` should be.

    A selector is a run's label (a variant's or a config's name) or a mapping of dotted keys to
    values. Runs are paired by seed and by every swept key that the selectors leave open.
    """

    statement: str
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
    """the smallest and the largest value that the mean of `metric` over the seeds should have"""
    reference: Number | str | None = None
    """the number of the source (lecture, paper), if there is one"""
    rows: Annotated[tuple[Positive, ...], Field(strict=False)] = ()
    """of the lecture's table of demos, that the claim is about"""
    note: str | None = None
    """where it does not hold: the reason, if it is known"""

    @model_validator(mode="before")
    @classmethod
    def _rename_old_keys(cls, data: object) -> object:
        if not isinstance(data, dict):
            return data
        old = {key: new for key, new in OLD_KEYS.items() if new not in data}
        return {old.get(key, key): value for key, value in data.items()}

    @model_validator(mode="after")
    def _check_kind(self) -> Self:
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
        """The selectors that are set, by their key."""
        every = {"better": self.better, "than": self.than, "runs": self.runs}
        return {key: selector for key, selector in every.items() if selector is not None}


@dataclass(frozen=True)
class ExperimentRun:
    """A run of an experiment.

    Args:
        label: its name in the experiment, the same for every seed.
        values: dotted path -> value, of what the experiment varies.
        seed: its seed.
        summary: what happened; None if it has not been trained yet.
    """

    label: str
    values: Mapping[str, object]
    seed: int
    summary: Summary | None

    @property
    def is_missing(self) -> bool:
        """Whether it has not ended."""
        return self.summary is None or self.summary.status in ("unfinished", "interrupted")

    @property
    def is_lost(self) -> bool:
        """Whether it diverged or failed."""
        return self.summary is not None and self.summary.status in ("diverged", "failed")


@dataclass(frozen=True)
class ClaimCheck:
    """Whether runs support a claim, and the evidence in numbers.

    Args:
        claim: what was checked.
        status: the result.
        value: mean and 95 % interval of the claim's metric over the seeds, in its own unit
            (accuracy: a share); of a claim with `better`, of the difference `better` - `than`.
        sides: of a claim with `better`, mean and interval of `better` and of `than`; else empty.
        runs: number of runs that the claim is about.
        verdicts: verdict -> number of these runs, of those that have one.
        missing: number of runs that are not trained yet, or not to the end.
        lost: number of runs that diverged or failed.
        excluded_pairs: pairs of runs left out because one of them diverged or failed.
        pooled_settings: over how many settings of `open_keys` the values are means.
        open_keys: swept keys that the selectors leave open.
        has_compilation: whether an `epoch_seconds` is of a single epoch, which contains compiling.
        more_seeds: about how many more seeds would decide it; 0 where none are needed.
        needs_examples: whether more examples would decide it, and no number of seeds.
    """

    claim: Claim
    status: ClaimStatus
    value: Interval
    sides: tuple[Interval, ...] = ()
    runs: int = 0
    verdicts: Mapping[str, int] = field(default_factory=dict)
    missing: int = 0
    lost: int = 0
    excluded_pairs: int = 0
    pooled_settings: int = 1
    open_keys: tuple[str, ...] = ()
    has_compilation: bool = False
    more_seeds: int = 0
    needs_examples: bool = False

    def as_dict(self) -> dict[str, object]:
        """Return plain values, for JSON."""
        return asdict(self) | {"claim": self.claim.model_dump(mode="json", exclude_none=True)}


def matches(selector: Selector, label: str, values: Mapping[str, object]) -> bool:
    """Return whether a selector picks a run, by its label or by the values that it was given."""
    if isinstance(selector, str):
        return selector == label
    return all(path in values and values[path] == value for path, value in selector.items())


def check_claim(claim: Claim, runs: Sequence[ExperimentRun]) -> ClaimCheck:
    """Check a claim against the runs of its experiment.

    A claim holds where the 95 % interval says so, with three seeds or more; a verdict where every
    run has it. Missing runs leave it undecided.
    """
    if claim.runs is None:
        return _check_difference(claim, runs)
    chosen = [run for run in runs if matches(claim.runs, run.label, run.values)]
    values = _values(chosen, (), claim.metric)
    by_seed = _mean_by_seed(values, {key for key in values if math.isfinite(values[key])})
    value = metric_interval(list(by_seed.values()), claim.metric, _examples(claim, chosen))
    verdicts = Counter(
        sorted(run.summary.verdict for run in chosen if run.summary and run.summary.verdict)
    )
    missing = sum(run.is_missing for run in chosen)
    lost = sum(run.is_lost for run in chosen)
    seeds = len({run.seed for run in chosen})
    status: ClaimStatus = "undecided"
    if claim.verdict is not None:
        hits = verdicts[claim.verdict]
        if chosen and verdicts.total() == len(chosen) and hits in (0, len(chosen)):
            status = _status(hits > 0, seeds)
    elif claim.between is not None and not missing:
        least, most = claim.between
        if not lost and least <= value.low and value.high <= most:
            status = _status(True, value.n)
        elif lost or value.high < least or value.low > most:
            status = _status(False, seeds)
    return ClaimCheck(
        claim, status, value, runs=len(chosen), verdicts=dict(verdicts), missing=missing, lost=lost,
        more_seeds=max(0, FEWEST_SEEDS - (seeds if claim.verdict else value.n)),
    )  # fmt: skip


def _check_difference(claim: Claim, runs: Sequence[ExperimentRun]) -> ClaimCheck:
    """Compare `better` with `than`, by seed and by the keys that both selectors leave open."""
    sides = [
        [run for run in runs if matches(selector, run.label, run.values)]
        for selector in claim.selectors.values()
    ]
    chosen = [run for side in sides for run in side]
    open_keys: list[str] = []
    if isinstance(claim.better, dict) and isinstance(claim.than, dict):
        swept = dict.fromkeys(path for run in runs for path in run.values)
        open_keys = [path for path in swept if path not in {**claim.better, **claim.than}]
    values = [_values(side, open_keys, claim.metric) for side in sides]
    shared = values[0].keys() & values[1].keys()
    finite = {key for key in shared if all(math.isfinite(side[key]) for side in values)}
    better, than = (_mean_by_seed(side, finite) for side in values)
    examples = _examples(claim, sides[0]), _examples(claim, sides[1])
    found = paired_difference(better, than, claim.metric, margin=claim.by, examples=examples)
    missing = sum(run.is_missing for run in chosen)
    status: ClaimStatus = "undecided"
    if not missing and found.single_seed is not None:
        status = _status(found.single_seed == "better", 1)
    elif not missing and found.decision != "undecided":
        status = "held" if found.decision == "better" else "not held"
    return ClaimCheck(
        claim,
        status,
        found.difference,
        tuple(
            metric_interval(list(side.values()), claim.metric, count)
            for side, count in zip((better, than), examples, strict=True)
        ),
        runs=len(chosen),
        missing=missing,
        lost=sum(run.is_lost for run in chosen),
        excluded_pairs=len(shared) - len(finite),
        pooled_settings=len({setting for _, setting in finite}) or 1,
        open_keys=tuple(open_keys),
        has_compilation=claim.metric == "epoch_seconds"
        and any(run.summary is not None and run.summary.epochs == 1 for run in chosen),
        more_seeds=found.more_seeds or 0,
        needs_examples=found.needs_examples,
    )


def _status(is_shown: bool, seeds: int) -> ClaimStatus:
    """Return the status that so many seeds allow."""
    if seeds == 1:
        return "seen once" if is_shown else "not seen"
    if seeds < FEWEST_SEEDS:
        return "undecided"
    return "held" if is_shown else "not held"


def _examples(claim: Claim, runs: Iterable[ExperimentRun]) -> int | None:
    return fewest_examples((run.summary.examples for run in runs if run.summary), claim.metric)


def _values(
    runs: Iterable[ExperimentRun], open_keys: Sequence[str], metric: str
) -> dict[tuple[int, str], float]:
    """Return (seed, values of the open keys) -> mean of the metric; NaN where a run has none."""
    found: dict[tuple[int, str], list[float]] = {}
    for run in runs:
        key = run.seed, repr([run.values.get(path) for path in open_keys])
        value = math.nan if run.summary is None else value_of(run.summary, metric)
        found.setdefault(key, []).append(value)
    return {key: mean_of(values) for key, values in found.items()}


def _mean_by_seed(
    values: Mapping[tuple[int, str], float], chosen: Iterable[tuple[int, str]]
) -> dict[int, float]:
    """Average within a seed: seeds are independent, the runs of one seed are not."""
    by_seed: dict[int, list[float]] = {}
    for key in sorted(chosen):
        by_seed.setdefault(key[0], []).append(values[key])
    return {seed: mean_of(some) for seed, some in by_seed.items()}
