"""One entry of the catalogue: a pure function on a run, and the text of its page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.records.verdict import Evidence

Severity = Literal["fault", "warning", "good", "unknown"]


@dataclass(frozen=True)
class Finding:
    """What a rule found in a run.

    weight: from 0 to 1, for causes. text: one sentence with the numbers. remedies: pairs of a
    patch and its reason. epoch: where it starts, from 1.
    """

    text: str
    evidence: Evidence = field(default_factory=dict)
    weight: float = 1.0
    remedies: tuple[tuple[Mapping[str, Any], str], ...] = ()
    epoch: int | None = None


@dataclass(frozen=True)
class Rule:
    """A rule with a stable code. name: the outcome, or the cause, that it finds."""

    code: str
    name: str
    title: str
    severity: Severity
    find: Callable[[RunFeatures], Finding | None]
    detected: str
    matters: str
    attempt: str

    @property
    def page(self) -> str:
        """The rule's page, as Markdown."""
        return (
            f"# {self.code}: {self.title}\n\n"
            f"`{self.name}`, {self.severity}\n\n"
            f"## How it is detected\n\n{self.detected}\n\n"
            f"## Why it matters\n\n{self.matters}\n\n"
            f"## What to try\n\n{self.attempt}\n"
        )
