"""From numbers to a status: a statement holds where the numbers say so, and only there."""

from collections.abc import Sequence

from kerasdemo.comparison.comparison import FEWEST_SEEDS, interval
from kerasdemo.lecture.demo import Status


def exactly(holds: bool) -> Status:
    """Return the status of a statement without chance in it."""
    return "held" if holds else "not held"


def above(values: Sequence[float], least: float = 0.0) -> Status:
    """Return whether the mean over three seeds or more is above `least`: its interval wholly so."""
    found = interval(values)
    if found.n < FEWEST_SEEDS:
        return "undecided"
    if found.low > least:
        return "held"
    return "not held" if found.high < least else "undecided"
