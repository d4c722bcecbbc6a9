"""The picture of what a trained network gets wrong: errors.png."""

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdemo.display import error_report, prediction_plots, style
from kerasdemo.display.style import BLUE, GRAY, INK, ORANGE, PALE, VERMILION
from kerasdemo.records import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Classes of which a matrix can be read, and up to which its cells have room for larger digits.
MOST_CLASSES, FEW_CLASSES = 20, 12
# Pairs or labels that have a bar; mistakes that are shown as images, in rows of four.
MOST_BARS, MOST_IMAGES, IMAGES_BESIDE = 20, 12, 4
# Residuals that are ringed.
MOST_RINGS = 5
# In inches: the picture, its title, a panel, a bar, a name beside an axis, two names.
WIDTH, HEAD, PANEL, BAR, NAMES, PAIR = 9.0, 0.62, 3.7, 0.22, 1.5, 1.9
BELOW, LEGEND_BELOW = 0.6, 0.95
# Of names, in points; those of many classes are small.
SIZE, SMALL = 8.5, 7.0


@style.style()
def save_errors(run: Run, report: Mapping[str, Any], path: Path) -> None:
    """Write a picture of a run's mistakes.

    Classes: the confusion matrix, of many classes the most confused pairs, and the most confident
    mistakes, as images where the examples are some. Labels: how many are found, missed and false.
    Numbers: predicted over true values, with the largest residuals ringed.

    Args:
        run: with predictions.
        report: of `error_report.describe`.
        path: of the file, such as errors.png; replaced whole.
    """
    if "wrong" in report:
        drawn = _draw_classes(run, report)
    elif "labels" in report:
        drawn = _draw_labels(report)
    else:
        drawn = _draw_numbers(run, report)
    width, height = drawn.get_size_inches()
    title = error_report.title(report)
    top = 1 - 0.26 / height
    drawn.text(0.02, top, title, color=INK, va="center", weight="bold", size=13)
    room = 0.96 * width - style.width(title, 13, "bold") - 0.3
    name = style.plain(style.fit(run.id, room, 9.5, "bold"))
    drawn.text(0.98, top, name, color=INK, va="center", ha="right", weight="bold", size=9.5)
    style.save(drawn, path)


def _draw_classes(run: Run, report: Mapping[str, Any]) -> "Figure":
    count = len(report["classes"])
    bars = min(MOST_BARS, len(report["confused"]))
    is_matrix = count <= MOST_CLASSES
    panel = max(PANEL, 0.21 * count) if is_matrix else max(PANEL, BAR * bars)
    size = SIZE if count <= FEW_CLASSES else SMALL
    longest = max(style.width(row["class"], size) for row in report["classes"])
    if is_matrix:
        left = 0.3 + min(longest, NAMES)
    else:
        pairs = [_pair(one) for one in report["confused"][:bars]]
        left = 0.3 + max((style.width(pair, SIZE) for pair in pairs), default=NAMES)
    wide = 0.53 * WIDTH - left
    below = BELOW + (0.5 if is_matrix and longest > 0.92 * wide / count else 0.0)
    height = HEAD + 0.3 + panel + below
    drawn = style.figure(WIDTH, height)
    ax = drawn.add_axes((left / WIDTH, below / height, wide / WIDTH, panel / height))
    y = (below + panel + 0.17) / height
    if is_matrix:
        plot_confusion(run, report, ax)
        drawn.text(left / WIDTH, y, "rows: true classes", size=9.5, color=INK, va="center")
    else:
        plot_confused_pairs(report, ax)
    mistakes = run.predictions.get("mistakes") or []
    images = [mistake for mistake in mistakes if mistake.get("image")][:MOST_IMAGES]
    place = (0.57 * WIDTH, below, 0.41 * WIDTH, panel)
    if images:
        _draw_images(drawn, images, place)
    else:
        _draw_mistakes(drawn, mistakes, place)
    words = "wrong with the highest confidence: true → predicted" if mistakes else "no mistakes"
    drawn.text(0.57, y, words, size=9.5, color=INK, va="center")
    return drawn


@style.style()
def plot_confusion(run: Run, report: Mapping[str, Any], ax: "Axes | None" = None) -> "Axes":
    """Draw the confusion matrix: right ones blue, wrong ones orange, by their share of the row.

    Args:
        run: with a confusion matrix.
        report: of `error_report.describe`.
        ax: where to draw; None makes a figure.
    """
    import numpy as np
    from matplotlib.colors import to_rgb

    ax = style.new_axes() if ax is None else ax
    counts = np.array(run.predictions["confusion"], float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    is_right = np.eye(len(counts), dtype=bool)
    # The root keeps a few confusions visible beside many.
    strength = np.where(is_right, 0.75 * shares, 0.95 * np.sqrt(shares))[..., None]
    color = np.where(is_right[..., None], to_rgb(BLUE), to_rgb(ORANGE))
    ax.imshow(1 - strength * (1 - color), aspect="auto", interpolation="nearest")
    size = SIZE if len(counts) <= FEW_CLASSES else 6.5
    for (y, x), value in np.ndenumerate(counts):
        if value:
            ink = "white" if y == x and shares[y, x] > 0.8 else INK
            text = f"{value:,.0f}" if value < 1e5 else f"{value:.0e}"
            ax.text(x, y, text, ha="center", va="center", size=size, color=ink)
    names = [row["class"] for row in report["classes"]]
    across = ax.get_position().width * ax.figure.get_figwidth() / len(names)  # type: ignore[union-attr]
    small = SIZE if len(counts) <= FEW_CLASSES else SMALL
    is_upright = max(style.width(name, small) for name in names) > 0.92 * across
    below = [style.plain(style.fit(n, 0.8 if is_upright else across, small)) for n in names]
    ax.set_xticks(range(len(names)), below, size=small, rotation=90 if is_upright else 0)
    beside = [style.plain(style.fit(name, NAMES, small)) for name in names]
    ax.set_yticks(range(len(names)), beside, size=small)
    # White lines between the cells.
    ax.set_xticks(np.arange(len(names) + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(len(names) + 1) - 0.5, minor=True)
    ax.grid(False)
    ax.grid(True, which="minor", color="white", lw=1)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel(
        f"predicted class ({report['part']} examples; blue: right, orange: wrong)", size=9
    )
    return ax


@style.style()
def plot_confused_pairs(report: Mapping[str, Any], ax: "Axes | None" = None) -> "Axes":
    """Draw a bar for each of the most confused pairs of classes; arguments as `plot_confusion`."""
    ax = style.new_axes() if ax is None else ax
    pairs = report["confused"][:MOST_BARS]
    labels = [_pair(pair) for pair in pairs]
    counts = [pair["count"] for pair in pairs]
    ends = [f"{pair['count']:,} ({pair['share']:.0%})" for pair in pairs]
    _draw_bars(ax, labels, counts, ends, VERMILION)
    ax.set_xlabel(f"{report['part']} examples (share of the true class)", size=9)
    return ax


def _draw_images(
    drawn: "Figure", mistakes: Sequence[Mapping[str, Any]], place: tuple[float, ...]
) -> None:
    """Draw images in rows, each under what it is and what it was taken for; `place` in inches."""
    left, bottom, width, height = place
    rows = -(-len(mistakes) // IMAGES_BESIDE)
    total = drawn.get_figheight()
    wide = width / IMAGES_BESIDE
    whole = [f"{one['truth']} → {one['guess']}" for one in mistakes]
    fits = all(style.width(text, 8) < wide - 0.06 for text in whole)
    caption = 0.36 if fits else 0.5  # of two lines, or three
    # As many rows as there are, from the top; no image is larger than four fill the panel.
    high = min(height / max(rows, 1), wide + caption)
    side = min(wide - 0.1, high - caption - 0.04)
    for number, mistake in enumerate(mistakes):
        row, column = divmod(number, IMAGES_BESIDE)
        x = left + column * wide
        y = bottom + height - (row + 1) * high
        ax = drawn.add_axes((x / WIDTH, y / total, side / WIDTH, side / total))
        image = _to_array(mistake["image"])
        ax.imshow(image, cmap="gray", vmin=0, vmax=255, interpolation="nearest")
        ax.set_xticks([])
        ax.set_yticks([])
        ax.grid(False)
        ax.spines[:].set_visible(True)
        ax.spines[:].set_color(PALE)
        share = mistake.get("confidence")
        percent = "" if share is None else f"{share:.1%}"
        names = [whole[number]] if fits else [mistake["truth"], f"→ {mistake['guess']}"]
        lines = [style.fit(line, wide - 0.06, 8) for line in (*names, percent)]
        text = style.plain("\n".join(lines))
        ax.set_title(text, size=8, color=INK, pad=2, loc="left", linespacing=1.1)


def _draw_mistakes(
    drawn: "Figure", mistakes: Sequence[Mapping[str, Any]], place: tuple[float, ...]
) -> None:
    """Draw a bar as long as the confidence of each mistake, without images; `place` in inches."""
    if not mistakes:
        return
    left, bottom, width, height = place
    total = drawn.get_figheight()
    labels = [_pair(mistake) for mistake in mistakes]
    names = max(style.width(label, SIZE) for label in labels) + 0.1
    high = min(height, 0.32 * len(mistakes))
    area = (left + names, bottom + height - high, width - names - 0.35, high)
    ax = drawn.add_axes((area[0] / WIDTH, area[1] / total, area[2] / WIDTH, area[3] / total))
    known = [mistake.get("confidence") for mistake in mistakes]
    shares = [100 * (share or 0.0) for share in known]
    ends = ["not known" if share is None else f"{share:.1%}" for share in known]
    _draw_bars(ax, labels, shares, ends, ORANGE)
    ax.set_xlim(0, 100)
    ax.set_xlabel("confidence [%]", size=9)


def _draw_bars(
    ax: "Axes", labels: Sequence[str], values: Sequence[float], ends: Sequence[str], color: str
) -> None:
    """Draw horizontal bars, the first at the top, with a text at the end of each."""
    places = range(len(values))
    ax.barh(places, values, color=color, height=0.68)
    for place, value, end in zip(places, values, ends, strict=True):
        ax.annotate(
            end, (value, place), (3, 0), textcoords="offset points", va="center", size=8, color=INK
        )
    ax.set_yticks(places, [style.plain(label) for label in labels], size=SIZE)
    ax.set_ylim(len(values) - 0.4, -0.6)
    ax.grid(False, axis="y")
    ax.tick_params(axis="y", length=0)
    ax.set_xlim(0, 1.25 * max([*values, 1e-9]))


def _draw_labels(report: Mapping[str, Any]) -> "Figure":
    labels = sorted(report["labels"], key=lambda row: -(row["missed"] + row["false_alarms"]))
    labels = labels[:MOST_BARS]
    panel = max(1.6, 0.34 * len(labels))
    height = HEAD + 0.3 + panel + BELOW
    drawn = style.figure(WIDTH, height)
    names = min(NAMES, max(style.width(row["label"], 8.5) for row in labels)) + 0.25
    wide = 0.55 * WIDTH - names
    ax = drawn.add_axes((names / WIDTH, BELOW / height, wide / WIDTH, panel / height))
    places = range(len(labels))
    found = [row["has"] - row["missed"] for row in labels]
    ends = [row["has"] for row in labels]
    parts = (
        ("found", found, [0] * len(labels), BLUE, None),
        ("missed", [row["missed"] for row in labels], found, ORANGE, None),
        ("false alarms", [row["false_alarms"] for row in labels], ends, "white", "////"),
    )
    for name, values, left, color, hatch in parts:
        ax.barh(
            places, values, left=left, color=color, height=0.66, label=name, hatch=hatch,
            edgecolor=GRAY if hatch else color, lw=0.8,
        )  # fmt: skip
    _finish_labels(ax, labels)
    ax.set_xlabel(f"{report['part']} examples", size=9)
    beside = drawn.add_axes((0.6, BELOW / height, 0.37, panel / height), sharey=ax)
    for key, color, marker in (("recall", BLUE, "o"), ("precision", VERMILION, "D")):
        values = [float("nan") if row[key] is None else 100 * row[key] for row in labels]
        beside.plot(values, places, marker, color=color, ms=6, label=key)
    beside.set_xlim(-3, 103)
    beside.tick_params(labelleft=False, length=0)
    beside.set_xlabel("share [%]", size=9)
    for one in (ax, beside):
        one.legend(
            loc="lower left", bbox_to_anchor=(0, 1.0), ncols=3, fontsize=8.5, columnspacing=1.2,
            borderpad=0, borderaxespad=0.3, handletextpad=0.5,
        )  # fmt: skip
    return drawn


def _finish_labels(ax: "Axes", labels: Sequence[Mapping[str, Any]]) -> None:
    fitting = [style.plain(style.fit(row["label"], NAMES, 8.5)) for row in labels]
    ax.set_yticks(range(len(labels)), fitting, size=8.5)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.grid(False, axis="y")


def _draw_numbers(run: Run, report: Mapping[str, Any]) -> "Figure":
    columns = report["columns"]
    height = HEAD + 0.15 + PANEL + LEGEND_BELOW
    drawn = style.figure(WIDTH, height)
    places = [(left, LEGEND_BELOW / height, 0.4, PANEL / height) for left in (0.085, 0.575)]
    axes = [drawn.add_axes(place) for place in places]
    if len(columns) == 1:
        prediction_plots.plot_against_true(run, axes[0])
        prediction_plots.plot_residuals(run, axes[1])
        _ring(axes[0], columns[0], "truth", "guess")
        _ring(axes[1], columns[0], "guess", "residual")
    else:
        worst = sorted(range(len(columns)), key=lambda n: columns[n].get("r2") or 0.0)[:2]
        for ax, number in zip(axes, sorted(worst), strict=True):
            prediction_plots.plot_against_true(run, ax, number)
            _ring(ax, columns[number], "truth", "guess")
    for ax in axes:
        ax.legend(
            loc="upper left", bbox_to_anchor=(0, -0.14), ncols=2, fontsize=8.5, borderpad=0,
            columnspacing=1.2,
        )  # fmt: skip
    return drawn


def _ring(ax: "Axes", column: Mapping[str, Any], x: str, y: str) -> None:
    """Ring the largest residuals."""
    worst = column["largest"][:MOST_RINGS]
    if worst:
        ax.plot(
            [pair[x] for pair in worst], [pair[y] for pair in worst], "o", ms=9, mfc="none",
            mec=VERMILION, mew=1.4, label=f"{len(worst)} largest residuals",
        )  # fmt: skip


def _pair(one: Mapping[str, Any]) -> str:
    """Return the two classes in one line beside a bar, each cut where both are too long."""
    names = [str(one["truth"]), str(one["guess"])]
    if style.width(" → ".join(names), SIZE) > PAIR:
        names = [style.fit(name, (PAIR - 0.2) / 2, SIZE) for name in names]
    return " → ".join(names)


def _to_array(image: Mapping[str, Any]) -> Any:
    """Return the image of a mistake as uint8 (h, w) or (h, w, 3)."""
    import numpy as np

    pixels = np.frombuffer(base64.b64decode(image["pixels"]), np.uint8)
    shape = image["shape"]
    return pixels.reshape(shape[:2] if shape[2:] == [1] else shape)
