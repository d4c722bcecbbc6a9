"""What the lecture's figures share: a title, a note, and one name and color for each activation.

Calculations run inside the style of all figures (`style.style`).
"""

from typing import TYPE_CHECKING, Any

from kerasdemo.display.style import (
    BLUE,
    GRAY,
    GREEN,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAMES = {
    "linear": "linear",
    "sigmoid": "sigmoid",
    "relu": "ReLU",
    "leaky_relu": "leaky ReLU",
    "prelu": "parametric ReLU",
    "elu": "ELU",
    "maxout": "maxout",
}
COLORS = {
    "linear": GRAY,
    "sigmoid": VERMILION,
    "relu": BLUE,
    "leaky_relu": SKY,
    "prelu": PURPLE,
    "elu": ORANGE,
    "maxout": GREEN,
}
DASHED: Any = (0, (4, 1.6))
DOTTED: Any = (0, (1, 2))
# Points of text inside a figure.
SMALL = 8.5


def titled_figure(title: str, width: float, height: float, note: str = "") -> "Figure":
    """Return an empty figure (size in inches) with its message on top and a note at the bottom."""
    drawn = figure(width, height)
    drawn.set_layout_engine("constrained")
    drawn.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK)
    if note:
        drawn.supxlabel(note, size=9, x=0.01, ha="left")
    return drawn


def use_integer_ticks(ax: "Axes") -> None:
    """Mark whole numbers only on the x axis: epochs, layers."""
    from matplotlib.ticker import MaxNLocator

    ax.xaxis.set_major_locator(MaxNLocator(integer=True))


def hide_axes(ax: "Axes") -> None:
    """Leave nothing but what is drawn: of a picture of a digit, of units."""
    ax.set(xticks=[], yticks=[])
    ax.grid(visible=False)
    ax.spines[:].set_visible(False)
