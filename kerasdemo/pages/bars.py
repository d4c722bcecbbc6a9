"""Bars of a table's column: a mean, its interval and its seeds, all on one scale."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self

from kerasdemo.comparison.statistics import Interval, spans


@dataclass(frozen=True)
class BarAxis:
    """The scale that all bars of a column share. low, high: of the values, or their logarithms."""

    low: float
    high: float
    is_log: bool = False

    @classmethod
    def around(
        cls,
        values: Iterable[float],
        ends: Iterable[float],
        marks: Iterable[float] = (),
        limits: tuple[float, float] = (-math.inf, math.inf),
        can_be_log: bool = False,
    ) -> Self:
        """Return an axis around values, marks, and the ends of intervals that are not far away.

        Args:
            values: which all have a place.
            ends: of intervals.
            marks: such as 0, which have a place, too.
            limits: the smallest and the largest value that is possible.
            can_be_log: whether it is a log axis where values span much.
        """
        inside = sorted(v for v in (*values, *marks) if math.isfinite(v))
        is_log = can_be_log and spans(inside)
        shape = math.log10 if is_log else float
        low, high = (shape(inside[0]), shape(inside[-1])) if inside else (0.0, 1.0)
        reach = 1.5 * (high - low) or 0.1 * abs(high) or 1.0
        usable = [shape(v) for v in ends if math.isfinite(v) and (v > 0 or not is_log)]
        near = [v for v in usable if low - reach <= v <= high + reach]
        low, high = min([low, *near]), max([high, *near])
        margin = 0.03 * (high - low) or 0.05 * abs(high) or 0.5
        return cls(max(low - margin, limits[0]), min(high + margin, limits[1]), is_log)

    def place(self, value: float) -> float:
        """Return where a value is, in percent of the width; what is beyond is at the edge."""
        if self.is_log:
            value = math.log10(value) if value > 0 else -math.inf
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(max(share, 0.0), 1.0), 2)

    def bar(
        self, value: Interval, seeds: Iterable[float] = (), marks: Iterable[float] = ()
    ) -> dict[str, Any]:
        """Return what the macro `bar` draws: the mean, its interval, seeds, vertical marks."""
        has_ends = math.isfinite(value.low) and math.isfinite(value.high)
        return {
            "mean": self.place(value.mean) if math.isfinite(value.mean) else None,
            "low": self.place(value.low) if has_ends else None,
            "high": self.place(value.high) if has_ends else None,
            "seeds": [self.place(seed) for seed in seeds],
            "marks": [self.place(mark) for mark in marks],
            "text": str(value),
        }

    @property
    def ends(self) -> tuple[str, str]:
        """The axis' two ends in words."""
        low, high = (10**end if self.is_log else end for end in (self.low, self.high))
        return f"{low:.3g}", f"{high:.3g}"
