"""What a demo of the lecture is, what it shows, and when a claim about it holds."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from kerasdemo.comparison.statistics import FEWEST_SEEDS, interval, metric_interval
from kerasdemo.records import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Part = Literal["introduction", "backpropagation", "keras", "tips", "keras2", "fizzbuzz"]
Status = Literal["held", "not held", "seen once", "not seen", "undecided", "quoted"]


@dataclass(frozen=True)
class ClaimResult:
    """A statement of the lecture beside what was measured here.

    Args:
        statement: the claim, in one sentence.
        reference: the lecture's number in words, with its source where it was not on the screen.
        measured: the number here, with interval and unit.
        status: "quoted" is a figure of others that is not measured here; "seen once" and "not seen"
            are what a single seed shows beyond the error of its examples.
        rows: of the lecture's table of demos, 1 to 23.
        note: why the claim did not hold, as far as that is known.
    """

    statement: str
    reference: str
    measured: str
    status: Status
    rows: tuple[int, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class DemoOutput:
    """What a demo shows: numbers as lines of plain text, claims, and figures by file stem."""

    lines: tuple[str, ...] = ()
    claims: tuple[ClaimResult, ...] = ()
    figures: Mapping[str, "Figure"] = field(default_factory=dict)


@dataclass(frozen=True)
class DemoContext:
    """What a calculation works with.

    Args:
        seeds: one for each repetition of what is random.
        runs: of the demo's experiment, label -> a run for each seed; empty where the demo has none.
    """

    seeds: tuple[int, ...] = (0,)
    runs: Mapping[str, tuple[Run, ...]] = field(default_factory=dict)


Calculation = Callable[[DemoContext], DemoOutput]


@dataclass(frozen=True)
class Demo:
    """One demo.

    Args:
        part: of the lecture.
        name: of the demo, unique.
        title: one line for lists and pages.
        calculation: its function, "module:name" in kerasdemo.lecture.demos.
        experiment: a file under experiments/lecture, without its suffix. The demo of the same name
            shows the experiment's claims; other demos use its runs only.
    """

    part: Part
    name: str
    title: str
    calculation: str | None = None
    experiment: str | None = None


def status_of(holds: bool) -> Status:
    """Return the status of a claim without chance in it."""
    return "held" if holds else "not held"


def status_above(values: Sequence[float], threshold: float = 0.0) -> Status:
    """Return whether the mean of `values`, one a seed, is above the threshold.

    It is decided from three seeds on, where the 95 % interval is wholly on one side.
    """
    mean = interval(values)
    if mean.n < FEWEST_SEEDS:
        return "undecided"
    if mean.low > threshold:
        return "held"
    return "not held" if mean.high < threshold else "undecided"


def percent(shares: Sequence[float], metric: str = "accuracy", examples: int | None = None) -> str:
    """Return mean and 95 % interval of shares, one a seed, in percent: `92.1 [91.5, 92.7] %`.

    Args:
        shares: 0 to 1.
        metric: an accuracy.
        examples: that each share was measured on, if its sampling error counts.
    """
    return f"{metric_interval(shares, metric, examples).scaled(100)} %"
