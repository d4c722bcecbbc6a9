"""What a run means: the diagnosis, comparisons of runs, and plots (`kerasdemo.analysis.plots`)."""

from kerasdemo.analysis.catalogue import explain
from kerasdemo.analysis.diagnosis import diagnose
from kerasdemo.analysis.verdict import OUTCOMES, Cause, Outcome, Remedy, Verdict

__all__ = ["OUTCOMES", "Cause", "Outcome", "Remedy", "Verdict", "diagnose", "explain"]
