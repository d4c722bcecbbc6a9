"""Numbers as text."""

import math
from collections.abc import Sequence
from typing import Any


def number(value: Any) -> str:
    """Return a number with four digits; anything else as text."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def quantity(value: float, unit: str | None = None) -> str:
    """Return a number with four digits, or all of a large one's whole digits, and its unit."""
    text = f"{value:,.0f}" if 1e4 <= abs(value) < 1e9 else f"{value:.4g}"
    return f"{text} {unit}" if unit else text


def percent(share: float) -> str:
    """Return a share in percent; one that is not 1 is never written as 100 %."""
    return f"{100 * share:.1f} %" if share >= 1 or share < 0.9995 else "> 99.9 %"


def seconds(duration: float | None) -> str:
    """Return a duration as `0.18 s`, `2 min 5 s` or `1 h 12 min`; "" where it is not known."""
    if duration is None or not math.isfinite(duration):
        return ""
    if duration < 60:
        return f"{duration:.2g} s" if duration < 10 else f"{duration:.0f} s"
    minutes, rest = divmod(round(duration), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60:,} h {minutes % 60} min"


def shape(sizes: Sequence[int | None]) -> str:
    """Return the shape of an example, such as `28 × 28`; a size that varies as a question mark."""
    return " × ".join("?" if size is None else f"{size:,}" for size in sizes) or "?"
