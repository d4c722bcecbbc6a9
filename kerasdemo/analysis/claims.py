"""A claim is data: what it says, which runs it is about, and what would make it true."""

from typing import Any, Literal, Self

from pydantic import model_validator
from pydantic_core import PydanticCustomError

from kerasdemo.config.types import Frozen, NotNegative, Number

Metric = Literal[
    "loss", "accuracy", "val_loss", "val_accuracy", "test_loss", "test_accuracy", "seconds"
]
Outcome = Literal[
    "diverged",
    "optimization_failure",
    "still_improving",
    "overfitting",
    "test_mismatch",
    "healthy",
    "cannot_tell",
]
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
