"""What a demo of the lecture is, and what it shows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from matplotlib.figure import Figure

from kerasdemo.records import Run

Part = Literal["introduction", "backpropagation", "keras", "tips", "keras2", "fizzbuzz"]
Status = Literal["held", "not held", "seen once", "not seen", "undecided", "given"]


@dataclass(frozen=True)
class ClaimResult:
    """A statement of the lecture beside what was found here.

    lecture: the lecture's number in words, with its source where it was not on the screen.
    measured: ours, with interval and unit. status: "given" is a figure that is quoted only;
    "seen once" and "not seen" are what a single seed shows beyond the error of its examples.
    rows: of the lecture's table, 1 to 23. note: why it did not hold, as far as that was looked for.
    """

    says: str
    lecture: str
    measured: str
    status: Status
    rows: tuple[int, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class DemoOutput:
    """What a demo shows: numbers as lines of plain text, statements, figures by file stem."""

    lines: tuple[str, ...] = ()
    checked: tuple[ClaimResult, ...] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True)
class DemoContext:
    """What a calculation may look at.

    seeds: to repeat what is random with. runs: of the demo's experiment, label -> a run for each
    seed; empty where the demo has none.
    """

    seeds: tuple[int, ...] = (0,)
    runs: Mapping[str, tuple[Run, ...]] = field(default_factory=dict)


Calculation = Callable[[DemoContext], DemoOutput]


@dataclass(frozen=True)
class Demo:
    """One demo.

    calculation: where its function is, "module:name" in kerasdemo.lecture.demos. experiment: a
    file under experiments/lecture; the demo of its name shows its claims, others look at its runs
    only.
    """

    name: str
    part: Part
    title: str
    calculation: str | None = None
    experiment: str | None = None
