"""What a run means: the verdict, its causes and its remedies."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

Outcome = Literal[
    "diverged",
    "optimization_failure",
    "still_improving",
    "overfitting",
    "test_mismatch",
    "healthy",
    "cannot_tell",
]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

Number = float | int | str
Evidence = Mapping[str, Number]


@dataclass(frozen=True)
class Remedy:
    """A change of the config that should help, and why.

    patch: {dotted path: value}, as `--set` takes them. answers: the cause or outcome it is for.
    """

    patch: Mapping[str, Any]
    reason: str
    answers: str


@dataclass(frozen=True)
class Cause:
    """Why training went wrong. weight: from 0 to 1, how strongly the evidence points at it."""

    name: str
    code: str
    weight: float
    text: str
    evidence: Evidence = field(default_factory=dict)


@dataclass(frozen=True)
class Verdict:
    """What a run means, with its evidence in numbers.

    causes: most likely first. remedies: for the likeliest cause first, and for each cause in the
    lecture's order. epoch: where it starts (from 1), for outcomes that start somewhere.
    notes: what could not be judged, and warnings about the data.
    """

    outcome: Outcome
    code: str
    summary: str
    evidence: Evidence = field(default_factory=dict)
    causes: tuple[Cause, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    epoch: int | None = None
    notes: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """Whether nothing needs to be done."""
        return self.outcome == "healthy"

    def as_dict(self) -> dict[str, Any]:
        """Return plain values: what verdict.json holds."""
        return asdict(self)
