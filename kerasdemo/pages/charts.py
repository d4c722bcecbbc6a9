"""Charts as plain data. `charts.js` draws them, in a file and in a live page alike.

A missing value is None, NaN or infinite: a gap. `x` is left out where it counts from 1.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

Value = float | None
Color = str | int


@dataclass(frozen=True)
class Axis:
    """An axis. unit: what follows a value, such as " %". log: whether it begins on a log scale."""

    label: str
    unit: str = ""
    log: bool = False


@dataclass(frozen=True)
class Series:
    """A line.

    id: which marks, points and rows elsewhere are the same thing.
    color: training, validation, test, or a number of the palette from 0.
    low, high: the ends of a band around it.
    source: the column of metrics.csv that it shows, to which live rows are added.
    factor: what a value of that column is multiplied by, such as 100 for percent.
    """

    id: str
    name: str
    y: Sequence[Value]
    color: Color = 0
    dash: bool = False
    x: Sequence[float] | None = None
    low: Sequence[Value] | None = None
    high: Sequence[Value] | None = None
    source: str | None = None
    factor: float = 1


@dataclass(frozen=True)
class Mark:
    """A place on the x axis that has a name."""

    x: float
    label: str


@dataclass(frozen=True)
class Reference:
    """A straight line that others are compared with, such as y = x. intercept: its y where x is 0.

    A chart that has one has no log scale.
    """

    label: str
    slope: float
    intercept: float = 0.0


@dataclass(frozen=True)
class Lines:
    """Lines over a number, mostly the epoch.

    limits: the ends of both axes, which then can't be changed; None: those of the values.
    """

    title: str
    sentence: str
    y: Axis
    series: Sequence[Series]
    marks: Sequence[Mark] = ()
    x: Axis = Axis("epoch")
    limits: tuple[float, float] | None = None
    reference: Reference | None = None

    def as_dict(self) -> dict[str, Any]:
        return _as_dict("lines", self)


@dataclass(frozen=True)
class Scale:
    """One side of a heat map: what its rows or columns are, in order."""

    label: str
    values: Sequence[Any]


@dataclass(frozen=True)
class HeatMap:
    """A value for each pair. values: a row for each of `y`, a value for each of `x`.

    source, factor: the column of layers.csv that it shows, as for `Series`. ids: as `values`, of
    cells that can be selected.
    """

    title: str
    sentence: str
    x: Scale
    y: Scale
    z: Axis
    values: Sequence[Sequence[Value]]
    source: str | None = None
    factor: float = 1
    ids: Sequence[Sequence[str | None]] = ()

    def as_dict(self) -> dict[str, Any]:
        return _as_dict("heatmap", self)


@dataclass(frozen=True)
class Point:
    """A point. low, high: the ends of the interval of `y`."""

    id: str
    label: str
    x: Value
    y: Value
    low: Value = None
    high: Value = None
    color: Color | None = None


@dataclass(frozen=True)
class Scatter:
    """Points by two numbers. limits: as of `Lines`."""

    title: str
    sentence: str
    x: Axis
    y: Axis
    points: Sequence[Point]
    limits: tuple[float, float] | None = None
    reference: Reference | None = None

    def as_dict(self) -> dict[str, Any]:
        return _as_dict("scatter", self)


@dataclass(frozen=True)
class ParallelAxis:
    """An axis of parallel coordinates. values: its texts in order; None for numbers."""

    label: str
    values: Sequence[str] | None = None
    log: bool = False


@dataclass(frozen=True)
class ParallelLine:
    """A line through all axes. values: one of each axis, a text's as its place in the axis."""

    id: str
    label: str
    values: Sequence[Any]
    color: Color | None = None


@dataclass(frozen=True)
class Parallel:
    """Parallel coordinates: an axis for each setting, the metric last."""

    title: str
    sentence: str
    axes: Sequence[ParallelAxis]
    lines: Sequence[ParallelLine]

    def as_dict(self) -> dict[str, Any]:
        return _as_dict("parallel", self)


# What is left out where it is None; anything else that is None is a missing value.
_OPTIONAL = ("source", "low", "high", "color", "limits", "reference")


def _as_dict(kind: str, chart: Any) -> dict[str, Any]:
    return {"kind": kind, **asdict(chart, dict_factory=_without_missing)}


def _without_missing(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    is_series = "y" in found and "dash" in found
    return {
        key: value
        for key, value in found.items()
        if (key, value) != ("factor", 1)
        and (value is not None or not (key in _OPTIONAL or (key == "x" and is_series)))
    }
