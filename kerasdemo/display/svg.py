"""Small pictures without matplotlib, each an HTML image that holds SVG.

An image, not SVG inside the page: JupyterLab removes that where a notebook is not trusted, and the
page's style would change it. An image can't know whether the page is dark or light, so its colors
can be read on both, and its title and legend are text of the page.
"""

import base64
import html
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Self

from kerasdemo.display.style import GRAY

# In pixels: a panel, and the room around its axes.
WIDTH, HEIGHT = 300, 150
LEFT, RIGHT, TOP, BOTTOM = 48, 8, 8, 32
BAR_WIDTH, BAR_HEIGHT = 120, 14
# Epochs of a curve; of a longer one every other, every third ...
MOST_POINTS = 150
# A curve that is this many times its median at its highest is shown on a log axis.
LOG_RATIO = 20.0
DASHES, DOTS = " stroke-dasharray='5 2.5'", " stroke-dasharray='1 3'"
LARGEST = 1e300


@dataclass(frozen=True)
class Curve:
    """A metric by epoch, from epoch 1. values: NaN and infinity leave a gap."""

    values: Sequence[float]
    color: str
    is_dashed: bool = False


def plot(curves: Sequence[Curve], alt: str, kept_epoch: int | None = None) -> str:
    """Return a picture of curves as an <img>; "" where no value is finite.

    Args:
        curves: on the same axes.
        alt: what it shows, in words.
        kept_epoch: marked by a dotted line.
    """
    values = sorted(v for curve in curves for v in curve.values if _is_drawn(v))
    if not values:
        return ""
    axes = _Axes.around(values, max(len(curve.values) for curve in curves))
    parts = list(_scales(axes))
    if kept_epoch is not None:
        x = axes.x(kept_epoch)
        parts.append(_line(x, TOP, x, HEIGHT - BOTTOM, DOTS))
    for curve in curves:
        parts += [_draw(piece, curve, axes) for piece in _pieces(curve.values)]
    return _image(parts, WIDTH, HEIGHT, alt)


@dataclass(frozen=True)
class _Axes:
    """Where epochs and values lie. low, high: of values, or of their logarithms to base 10."""

    epochs: int
    low: float
    high: float
    is_log: bool

    @classmethod
    def around(cls, values: Sequence[float], epochs: int) -> Self:
        """Return axes for sorted values, with some room above and below."""
        is_log = values[0] > 0 and values[-1] > LOG_RATIO * median(values)
        low, high = (math.log10(v) if is_log else v for v in (values[0], values[-1]))
        margin = 0.06 * (high - low) or 0.05 * abs(low) or 0.5
        least = max(low - margin, 0.0) if low >= 0 and not is_log else low - margin
        return cls(epochs, least, high + margin, is_log)

    def x(self, epoch: float) -> float:
        share = (epoch - 1) / (self.epochs - 1) if self.epochs > 1 else 0.5
        return LEFT + share * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        place = math.log10(value) if self.is_log else value
        share = (place - self.low) / (self.high - self.low)
        return HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)


def _scales(axes: _Axes) -> Iterator[str]:
    """Yield the grid, the ticks and their texts."""
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    ticks = _log_ticks if axes.is_log else _ticks
    for text, value in ticks(axes.low, axes.high):
        y = axes.y(value)
        yield _line(LEFT, y, right, y, " stroke-opacity='.25'")
        yield _text(LEFT - 5, y + 4, text, "end")
    for epoch in _epoch_ticks(axes.epochs):
        x = axes.x(epoch)
        # The last label stays inside the picture.
        is_last = epoch == axes.epochs > 1
        yield _line(x, bottom, x, bottom + 4)
        yield _text(x + 4 * is_last, bottom + 15, str(epoch), "end" if is_last else "middle")
    yield _text((LEFT + right) / 2, HEIGHT - 3, "epoch", "middle")
    yield _line(LEFT, bottom, right, bottom)


def _draw(piece: Sequence[tuple[int, float]], curve: Curve, axes: _Axes) -> str:
    """Return a part of a curve between gaps; one point alone is a dot, a dashed curve's a ring."""
    points = [f"{axes.x(epoch):.1f},{axes.y(value):.1f}" for epoch, value in piece]
    if len(points) > 1:
        dashes = DASHES if curve.is_dashed else ""
        return (
            f"<polyline fill='none' stroke='{curve.color}' stroke-width='2' "
            f"stroke-linejoin='round'{dashes} points='{' '.join(points)}'/>"
        )
    x, y = points[0].split(",")
    radius, fill = (5, "none") if curve.is_dashed else (3, curve.color)
    return (
        f"<circle cx='{x}' cy='{y}' r='{radius}' fill='{fill}' stroke='{curve.color}' "
        "stroke-width='2'/>"
    )


def interval_bar(
    mean: float, low: float, high: float, span: tuple[float, float], color: str
) -> str:
    """Return a mean as a dot on its interval, as an <img>; "" without a mean.

    Args:
        mean, low, high: in one unit; the ends are NaN where there is no interval.
        span: what the picture's left and right ends stand for, the same in every row of a table.
        color: of both.
    """
    if not _is_drawn(mean):
        return ""
    width = span[1] - span[0]

    def x(value: float) -> float:
        share = (value - span[0]) / width if width > 0 else 0.5
        return 6 + min(max(share, 0.0), 1.0) * (BAR_WIDTH - 12)

    middle = BAR_HEIGHT / 2
    parts = [_line(0, middle, BAR_WIDTH, middle, " stroke-opacity='.25'")]
    if _is_drawn(low) and _is_drawn(high):
        start, end = x(low), x(high)
        parts.append(
            f"<rect x='{start:.1f}' y='{middle - 3}' width='{max(end - start, 1):.1f}' height='6' "
            f"fill='{color}' fill-opacity='.45'/>"
        )
    parts.append(f"<circle cx='{x(mean):.1f}' cy='{middle}' r='4' fill='{color}'/>")
    return _image(parts, BAR_WIDTH, BAR_HEIGHT, f"{mean:.4g}, from {low:.4g} to {high:.4g}")


def line_sample(color: str, dashes: str = "") -> str:
    """Return what a legend shows beside a line's name, as an <img>; dashes: DASHES, DOTS or ""."""
    return _image([_line(0, 5, 24, 5, f" stroke-width='2'{dashes}", color)], 24, 10, "")


def _is_drawn(value: float) -> bool:
    return math.isfinite(value) and abs(value) < LARGEST


def _pieces(values: Sequence[float]) -> Iterator[list[tuple[int, float]]]:
    """Yield the pairs of epoch and value between two gaps, the last epoch always among them."""
    stride = -(-len(values) // MOST_POINTS)
    piece: list[tuple[int, float]] = []
    for epoch, value in enumerate(values, 1):
        if not _is_drawn(value):
            if piece:
                yield piece
            piece = []
        elif epoch % stride == 1 % stride or epoch == len(values):
            piece.append((epoch, value))
    if piece:
        yield piece


def _step(width: float, most: int) -> float:
    """Return 1, 2 or 5 times a power of ten, of which `most` cover the width."""
    power = 10.0 ** math.floor(math.log10(width / most))
    return next(k * power for k in (1, 2, 5, 10, 20) if k * power * most >= width)


def _ticks(low: float, high: float) -> Iterator[tuple[str, float]]:
    """Yield the texts and places of the ticks of a linear axis."""
    step = _step(high - low, 5)
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    is_plain = decimals <= 5 and max(abs(low), abs(high)) < 1e5
    for number in range(math.ceil(low / step), math.floor(high / step) + 1):
        place = number * step
        yield (f"{place:.{decimals}f}" if is_plain else f"{place:.2g}"), place


def _log_ticks(low: float, high: float) -> Iterator[tuple[str, float]]:
    """Yield the same of a log axis: powers of ten; `low` and `high` are exponents."""
    first, last = math.ceil(low), math.floor(high)
    for exponent in range(first, last + 1, -(-(last - first + 1) // 4)):
        yield (
            f"{10.0**exponent:.0e}" if abs(exponent) > 3 else f"{10.0**exponent:g}",
            10.0**exponent,
        )


def _epoch_ticks(epochs: int) -> list[int]:
    step = max(1, round(_step(epochs, 5)))
    inside = [epoch for epoch in range(step, epochs, step) if epochs - epoch > step / 2]
    return sorted({1, *inside, epochs})


def _line(x1: float, y1: float, x2: float, y2: float, extra: str = "", color: str = GRAY) -> str:
    return (
        f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{color}'{extra}/>"
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' fill='{GRAY}'>{text}</text>"


def _image(parts: Sequence[str], width: int, height: int, alt: str) -> str:
    drawn = (
        f"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 {width} {height}' "
        f"width='{width}' height='{height}' font-family='sans-serif' font-size='11'>"
        f"{''.join(parts)}</svg>"
    )
    content = base64.b64encode(drawn.encode()).decode()
    return (
        f'<img src="data:image/svg+xml;base64,{content}" width="{width}" height="{height}" '
        f'alt="{html.escape(alt)}">'
    )
