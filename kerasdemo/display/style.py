"""How every figure looks, how a new one is made and saved.

The colors are Okabe and Ito's (2008), distinct with every kind of color vision; line styles and
labels carry the same information.
"""

import textwrap
import warnings
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdemo.config import Fault, InputError
from kerasdemo.records import files

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.typing import RcKeyType

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE, BLACK = "#0072B2", "#D55E00", "#CC79A7", "#000000"
GRAY, PALE, INK = "#767676", "#E6E6E6", "#222222"
# For several lines in one panel; yellow is too pale for a line.
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)

# Of a verdict's outcome. Okabe and Ito's green and orange, darker: they carry text here.
OUTCOME_COLORS = {
    "healthy": "#00704F",
    "still_improving": BLUE,
    "overfitting": "#B34700",
    "test_mismatch": "#9A3F76",
    "optimization_failure": "#B3261E",
    "diverged": "#B3261E",
    "cannot_tell": "#5A5A5A",
}
CAUTION_COLOR = "#8A6100"
CAUTION_BOX = {"boxstyle": "square,pad=0.35", "facecolor": YELLOW, "edgecolor": BLACK}

RC: "dict[RcKeyType, Any]" = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GRAY,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": PALE,
    "grid.linewidth": 0.8,
    "xtick.color": GRAY,
    "ytick.color": GRAY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "legend.edgecolor": "none",
    "legend.framealpha": 0.85,
    "legend.borderpad": 0.2,
    # In place of random ids.
    "svg.hashsalt": "kerasdemo",
}
# A picture's letters stand on whole pixels, and so a little further apart.
HINTING = 1.03
# Characters of a line; no picture has room for more.
LONGEST = 300
# Dots per inch: a picture of 9 x 4 inches is wide enough for a slide and written in 0.1 s.
DPI = 135
# A saved file holds no date and no version: the same picture is the same file.
METADATA = {".png": {"Software": None}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


@contextmanager
def style() -> Iterator[None]:
    """Draw in the style of all figures: `with style():`, or `@style()` before a function."""
    import matplotlib as mpl

    with mpl.rc_context(RC):
        yield


def figure(width: float, height: float) -> "Figure":
    """Return a new figure (size in inches) that belongs to no window."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI)


def new_axes(width: float = 6.0, height: float = 4.4) -> "Axes":
    """Return the axes of a new figure (size in inches)."""
    drawn = figure(width, height)
    drawn.set_layout_engine("constrained")
    return drawn.add_subplot()


def check_suffix(path: Path) -> str:
    """Return the suffix of a picture's file, ".png" where it has none.

    Raises:
        InputError: where matplotlib does not know the format.
    """
    suffix = path.suffix.lower() or ".png"
    formats = figure(1, 1).canvas.get_supported_filetypes()
    if suffix[1:] not in formats:
        message = f"a picture can't be {suffix}; expected one of {', '.join(sorted(formats))}"
        raise InputError(Fault(message, str(path)))
    return suffix


@style()
def save(drawn: "Figure", path: Path) -> None:
    """Write a figure, whole or not at all, in the format of the file's suffix (default PNG).

    Raises:
        InputError: where matplotlib does not know the format.
    """
    suffix = check_suffix(path)
    metadata = METADATA.get(suffix)
    files.write(path, lambda temporary: drawn.savefig(temporary, metadata=metadata), suffix)


def plain(text: str) -> str:
    """Return a text for a picture with each "$" escaped, which would begin a formula."""
    return text.replace("$", r"\$")


def width(text: str, size: float, weight: str = "normal") -> float:
    """Return how wide a text is, in inches; `size` in points."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextToPath

    font = FontProperties(family="DejaVu Sans", size=size, weight=weight)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on characters that the font does not have
        points = TextToPath().get_text_width_height_descent(text, font, False)[0]
    return HINTING * float(points) / 72


def fit(text: str, inches: float, size: float, weight: str = "normal") -> str:
    """Return a text in one line that is no wider; its end an ellipsis where it was cut."""
    line = " ".join(text.split())[:LONGEST]
    if width(line, size, weight) <= inches:
        return line
    ends = range(len(line))
    fitting = bisect_right(ends, inches, key=lambda n: width(f"{line[:n]}…", size, weight))
    return f"{line[: max(0, fitting - 1)].rstrip()}…"


def wrap(
    text: str, inches: float, size: float, weight: str = "normal", most: int | None = None
) -> list[str]:
    """Return a text in lines that are no wider, at most `most` of them."""
    columns = max(2, int(1.2 * inches / width("n", size, weight)))
    lines = textwrap.wrap(text, columns)
    while columns > 2 and any(width(line, size, weight) > inches for line in lines):
        columns -= 1
        lines = textwrap.wrap(text, columns)
    if most is None or len(lines) <= most:
        return lines
    return [*lines[: most - 1], fit(" ".join(lines[most - 1 :]), inches, size, weight)]


def outcome_color(outcome: str, caution: str | None = None) -> str:
    """Return the color of an outcome; of a healthy one with a caution a dark amber."""
    return CAUTION_COLOR if caution else OUTCOME_COLORS[outcome]


def use_epoch_ticks(ax: "Axes") -> None:
    """Mark whole epochs from 1 on, also where there is a single one."""
    from matplotlib.ticker import MaxNLocator

    low, high = ax.get_xlim()
    ax.set_xlim(max(low, 0.5), high)
    ax.xaxis.set_major_locator(
        MaxNLocator(nbins=8, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)
    )


def y_values(lines: "Iterable[Line2D]") -> list[float]:
    """Return the y values of curves; those of vertical lines are shares of the axes, no values."""
    import numpy as np

    values: list[float] = []
    for line in lines:
        x, y = (np.asarray(data, float).tolist() for data in line.get_data())
        if not (y == [0, 1] and len(set(x)) == 1):
            values += y
    return values
