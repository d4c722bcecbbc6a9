"""The diagnosis of a run: outcome, causes and remedies."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, get_args

from kerasdemo.records.displayed import Displayed

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
    """A change that should help, and why.

    patch: dotted path -> value, as `--set` takes them. answers: the cause or outcome it is for.
    code: of a run from Python, the same as lines of Keras code.
    """

    patch: Mapping[str, Any]
    reason: str
    answers: str
    code: str | None = None


@dataclass(frozen=True)
class Cause:
    """Why training went wrong. weight: how strong the evidence is, from 0 to 1."""

    name: str
    code: str
    weight: float
    text: str
    evidence: Evidence = field(default_factory=dict)


def outcome_title(outcome: str, caution: str | None) -> str:
    """Return an outcome in words, with its caution if there is one."""
    name = outcome.replace("_", " ")
    return f"{name}, {caution}" if caution else name


@dataclass(frozen=True, repr=False)
class Verdict(Displayed):
    """The diagnosis of a run: the content of verdict.json.

    evidence: the numbers that led to the outcome.
    causes: most likely first. remedies: those for the likeliest cause first, and for each cause in
    the lecture's order. epoch: where the outcome begins (from 1), if it begins somewhere.
    notes: what could not be diagnosed, and warnings about the data.
    caution: a flaw of a healthy run, such as `overconfident`.
    """

    outcome: Outcome
    code: str
    summary: str
    evidence: Evidence = field(default_factory=dict)
    causes: tuple[Cause, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    epoch: int | None = None
    notes: tuple[str, ...] = ()
    caution: str | None = None

    def __repr__(self) -> str:
        return f"Verdict({self.title}: {self.summary})"

    @property
    def is_healthy(self) -> bool:
        """Whether the outcome is healthy, with a caution or without."""
        return self.outcome == "healthy"

    @property
    def title(self) -> str:
        """The outcome in words, with its caution: `healthy, overconfident`."""
        return outcome_title(self.outcome, self.caution)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values: what verdict.json holds."""
        return asdict(self)
