"""A small dense network as the lecture draws it: circles, arrows, numbers at both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kerasdemo.display.run_plots import BLUE, GREY, INK, VERMILION, YELLOW
from kerasdemo.lecture.demos.dense import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# In data units, which are the same in both directions.
COLUMN, ROW, RADIUS = 3.4, 2.3, 0.5
# Where a weight's number stands between two circles: near its start, before the arrows cross.
LABEL_AT = 0.27
Texts = Sequence[Sequence[str]]
Edge = tuple[int, int, int]


@dataclass(frozen=True)
class Writing:
    """What stands in a diagram, each by column and row.

    inside: of the circles, the inputs first. above, below: smaller, beside the circles.
    tags: on the arrow (layer, unit, input), which then is marked. reverse: arrows run from output
    to input.
    """

    inside: Texts
    above: Texts
    below: Texts
    tags: dict[Edge, str]
    reverse: bool = False


def draw(ax: "Axes", weights: Sequence[Array], writing: Writing, titles: Sequence[str]) -> None:
    """Draw the network; `weights` (units, inputs) of each layer, `titles` of the columns."""
    ax.set_aspect("equal")
    ax.axis("off")
    ax.set_xlim(-1.0, COLUMN * len(weights) + 1.0)
    ax.set_ylim(-ROW / 2 - 1.25, ROW / 2 + 1.65)
    for layer, kernel in enumerate(weights):
        for unit, row in enumerate(kernel):
            for source, weight in enumerate(row):
                _arrow(ax, (layer, unit, source), float(weight), writing)
    for column, texts in enumerate(writing.inside):
        ax.text(
            column * COLUMN, ROW / 2 + 1.4, titles[column], ha="center", color=GREY, fontsize=9.5
        )
        for row_number, text in enumerate(texts):
            _node(ax, column, row_number, text, writing)


def _place(column: int, row: int) -> tuple[float, float]:
    return column * COLUMN, ROW * (0.5 - row)


def _node(ax: "Axes", column: int, row: int, text: str, writing: Writing) -> None:
    from matplotlib.patches import Circle, FancyBboxPatch

    x, y = _place(column, row)
    look: dict[str, Any] = {"facecolor": "white", "edgecolor": INK, "linewidth": 1.4, "zorder": 4}
    if column:
        ax.add_patch(Circle((x, y), RADIUS, **{**look, "facecolor": "#EAF4FB"}))
    else:  # inputs are given, not computed
        side = 0.75 * RADIUS
        ax.add_patch(
            FancyBboxPatch(
                (x - side, y - side), 2 * side, 2 * side, boxstyle="round,pad=0.02", **look
            )
        )
    ax.text(x, y, text, ha="center", va="center", fontsize=10, weight="bold", color=INK, zorder=5)
    for texts, side, align in ((writing.above, 1, "bottom"), (writing.below, -1, "top")):
        ax.text(
            x, y + side * (RADIUS + 0.1), texts[column][row], ha="center", va=align,
            fontsize=8.5, color=INK, zorder=5, bbox=_box("white"),
        )  # fmt: skip


def _arrow(ax: "Axes", edge: Edge, weight: float, writing: Writing) -> None:
    from matplotlib.patches import FancyArrowPatch

    layer, unit, source = edge
    (x0, y0), (x1, y1) = _place(layer, source), _place(layer + 1, unit)
    color = BLUE if weight >= 0 else VERMILION
    marked = edge in writing.tags
    ends = ((x1, y1), (x0, y0)) if writing.reverse else ((x0, y0), (x1, y1))
    # Backwards nothing goes on to the inputs: they have no z.
    head = "-" if writing.reverse and layer == 0 else "-|>"
    ax.add_patch(
        FancyArrowPatch(
            *ends, shrinkA=23, shrinkB=24, arrowstyle=head, mutation_scale=11, color=color,
            linewidth=3.2 if marked else 1.3, zorder=2,
        )
    )  # fmt: skip
    at = 1 - LABEL_AT if writing.reverse else LABEL_AT
    ax.text(
        x0 + at * (x1 - x0), y0 + at * (y1 - y0), f"{weight:g}", ha="center", va="center",
        fontsize=9.5, color=color, weight="bold" if marked else "normal", zorder=3,
        bbox=_box("white"),
    )  # fmt: skip
    if marked:
        ax.text(
            (x0 + x1) / 2, (y0 + y1) / 2 - 0.3, writing.tags[edge], ha="center", va="top",
            fontsize=8.5, color=INK, zorder=6, bbox=_box(YELLOW),
        )  # fmt: skip


def _box(color: str) -> dict[str, Any]:
    return {"boxstyle": "round,pad=0.18", "facecolor": color, "edgecolor": "none"}
