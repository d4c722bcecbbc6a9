"""What a run means: features of a run, rules, the verdict and its remedies."""

from kerasdemo.diagnosis.catalogue import explain
from kerasdemo.diagnosis.diagnosis import diagnose, evaluate
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.diagnosis.rule import CauseRule, Finding, NoteRule, Suggestion
from kerasdemo.records.verdict import OUTCOMES, Cause, Outcome, Remedy, Verdict

__all__ = [
    "OUTCOMES",
    "Cause",
    "CauseRule",
    "Finding",
    "NoteRule",
    "Outcome",
    "Remedy",
    "RunFeatures",
    "Suggestion",
    "Verdict",
    "diagnose",
    "evaluate",
    "explain",
]
