"""What a run means: features of a run, rules, the verdict and its remedies."""

from kerasdemo.diagnosis.catalogue import explain
from kerasdemo.diagnosis.diagnosis import diagnose, evaluate
from kerasdemo.records.verdict import OUTCOMES, Cause, Outcome, Remedy, Verdict

__all__ = ["OUTCOMES", "Cause", "Outcome", "Remedy", "Verdict", "diagnose", "evaluate", "explain"]
