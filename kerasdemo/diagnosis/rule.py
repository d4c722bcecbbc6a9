"""The base classes of rules. A rule is one class with everything about it: code, thresholds, page.

A user's rule is a subclass of `CauseRule` or `NoteRule` that an installed package names as an
entry point of the group `kerasdemo.rules` (README.md has an example):

    [project.entry-points."kerasdemo.rules"]
    tiny_batches = "my_package.rules:TinyBatches"
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple

from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.records.verdict import Evidence, Outcome

Severity = Literal["fault", "warning", "good", "unknown"]
# The outcomes of training that went wrong: only these have causes.
FAILURES: tuple[Outcome, ...] = ("diverged", "optimization_failure", "still_improving")


class Suggestion(NamedTuple):
    """A change of the config, {dotted path: value} as `--set` takes them, and why it helps."""

    patch: Mapping[str, Any]
    reason: str


@dataclass(frozen=True)
class Finding:
    """What a rule found in a run.

    Args:
        text: a sentence with the numbers.
        evidence: these numbers by name.
        weight: how strong the evidence of a cause is, from 0 to 1.
        remedies: what to try, the best first; None stands for one that does not apply.
        epoch: where it begins, from 1.
    """

    text: str
    evidence: Evidence = field(default_factory=dict)
    weight: float = 1.0
    remedies: Sequence[Suggestion | None] = ()
    epoch: int | None = None


class Rule(ABC):
    """A rule with a stable code. name: of the outcome, the cause or the note that it finds."""

    code: ClassVar[str]
    name: ClassVar[str]
    title: ClassVar[str]
    severity: ClassVar[Severity] = "fault"
    # The sections of its page, as Markdown.
    how_detected: ClassVar[str] = ""
    why_it_matters: ClassVar[str] = ""
    what_to_try: ClassVar[str] = ""

    @abstractmethod
    def find(self, features: RunFeatures) -> Finding | None:
        """Return what the rule finds in a run, or None."""

    @property
    def page(self) -> str:
        """The rule's page, as Markdown."""
        sections = {
            "How it is detected": self.how_detected,
            "Why it matters": self.why_it_matters,
            "What to try": self.what_to_try,
        }
        text = "".join(f"\n## {name}\n\n{text}\n" for name, text in sections.items() if text)
        return f"# {self.code}: {self.title}\n\n`{self.name}`, {self.severity}\n{text}"


class OutcomeRule(Rule):
    """The outcome of a run: the first of these rules that finds something decides."""

    name: ClassVar[Outcome]


class CauseRule(Rule):
    """Why training went wrong; looked for only where the outcome is bad, but for `always`.

    is_root: whether it is a fault of the config or the data, which causes symptoms.
    only_slows: whether it makes training slow or short of its goal, and never breaks it.
    always: whether it is worth a note where nothing failed, if the evidence is strong.
    """

    is_root: ClassVar[bool] = False
    only_slows: ClassVar[bool] = False
    always: ClassVar[bool] = False


class NoteRule(Rule):
    """A remark on a run of any outcome; its text becomes a note of the verdict."""

    severity: ClassVar[Severity] = "warning"
