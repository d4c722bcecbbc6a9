"""A small dense network as the lecture draws it: circles, arrows, and numbers at both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kerasdemo.display.style import BLUE, GRAY, INK, VERMILION, YELLOW
from kerasdemo.lecture.demos.dense import Array
from kerasdemo.lecture.demos.figures import SMALL, titled_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# In data units, which are the same in both directions.
COLUMN, ROW, RADIUS = 3.4, 2.3, 0.5
# A weight's number stands near the start of its arrow, before the arrows cross.
LABEL_AT = 0.27
Texts = Mapping[int, Sequence[str]]
Edge = tuple[int, int, int]


@dataclass(frozen=True)
class Labels:
    """The texts of a diagram.

    Args:
        columns: titles; the first column is the input.
        inside: of the circles, by column and row.
        above, below: smaller, beside the circles, by column and row; a column may be left out.
        edges: (layer, unit, input) -> text on this arrow, which then is marked.
        is_backward: whether arrows run from the output to the input.
    """

    columns: Sequence[str]
    inside: Sequence[Sequence[str]]
    above: Texts = field(default_factory=dict)
    below: Texts = field(default_factory=dict)
    edges: Mapping[Edge, str] = field(default_factory=dict)
    is_backward: bool = False


def network_figure(weights: Sequence[Array], labels: Labels, title: str, note: str) -> "Figure":
    """Draw the network of `weights`, (units, inputs) of each layer, into a new figure."""
    drawn = titled_figure(title, 9.0, 4.4, note)
    ax = drawn.subplots()
    ax.set_aspect("equal")
    ax.axis("off")
    ax.set_xlim(-1.0, COLUMN * len(weights) + 1.0)
    ax.set_ylim(-ROW / 2 - 1.25, ROW / 2 + 1.65)
    for layer, kernel in enumerate(weights):
        for unit, row in enumerate(kernel):
            for source, weight in enumerate(row):
                _draw_arrow(ax, (layer, unit, source), float(weight), labels)
    for column, texts in enumerate(labels.inside):
        x, y = column * COLUMN, ROW / 2 + 1.4
        ax.text(x, y, labels.columns[column], ha="center", color=GRAY, fontsize=9.5)
        for row_number, text in enumerate(texts):
            _draw_unit(ax, column, row_number, text, labels)
    return drawn


def _center(column: int, row: int) -> tuple[float, float]:
    return column * COLUMN, ROW * (0.5 - row)


def _draw_unit(ax: "Axes", column: int, row: int, text: str, labels: Labels) -> None:
    from matplotlib.patches import Circle, FancyBboxPatch

    x, y = _center(column, row)
    look: dict[str, Any] = {"edgecolor": INK, "linewidth": 1.4, "zorder": 4}
    if column:
        ax.add_patch(Circle((x, y), RADIUS, facecolor="#EAF4FB", **look))
    else:  # an input is not computed
        half, box = 0.75 * RADIUS, "round,pad=0.02"
        corner = (x - half, y - half)
        patch = FancyBboxPatch(corner, 2 * half, 2 * half, boxstyle=box, facecolor="white", **look)
        ax.add_patch(patch)
    ax.text(x, y, text, ha="center", va="center", fontsize=10, weight="bold", color=INK, zorder=5)
    for texts, side, align in ((labels.above, 1, "bottom"), (labels.below, -1, "top")):
        if column in texts:
            ax.text(
                x, y + side * (RADIUS + 0.1), texts[column][row], ha="center", va=align,
                fontsize=SMALL, color=INK, zorder=5, bbox=_box("white"),
            )  # fmt: skip


def _draw_arrow(ax: "Axes", edge: Edge, weight: float, labels: Labels) -> None:
    from matplotlib.patches import FancyArrowPatch

    layer, unit, source = edge
    (x0, y0), (x1, y1) = _center(layer, source), _center(layer + 1, unit)
    color = BLUE if weight >= 0 else VERMILION
    is_marked = edge in labels.edges
    ends = ((x1, y1), (x0, y0)) if labels.is_backward else ((x0, y0), (x1, y1))
    # The backward pass ends at the first layer: inputs have no z.
    head = "-" if labels.is_backward and layer == 0 else "-|>"
    ax.add_patch(
        FancyArrowPatch(
            *ends, shrinkA=23, shrinkB=24, arrowstyle=head, mutation_scale=11, color=color,
            linewidth=3.2 if is_marked else 1.3, zorder=2,
        )
    )  # fmt: skip
    at = 1 - LABEL_AT if labels.is_backward else LABEL_AT
    ax.text(
        x0 + at * (x1 - x0), y0 + at * (y1 - y0), f"{weight:g}", ha="center", va="center",
        fontsize=9.5, color=color, weight="bold" if is_marked else "normal", zorder=3,
        bbox=_box("white"),
    )  # fmt: skip
    if is_marked:
        ax.text(
            (x0 + x1) / 2, (y0 + y1) / 2 - 0.3, labels.edges[edge], ha="center", va="top",
            fontsize=SMALL, color=INK, zorder=6, bbox=_box(YELLOW),
        )  # fmt: skip


def _box(color: str) -> dict[str, Any]:
    return {"boxstyle": "round,pad=0.18", "facecolor": color, "edgecolor": "none"}
