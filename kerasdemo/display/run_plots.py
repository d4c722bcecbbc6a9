"""Pictures of runs. Every function draws into `ax` (or a new figure) and returns what it drew.

Colours are Okabe and Ito's (2008), told apart with every kind of colour vision; a line's style and
its label say the same once more.
"""

import math
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.records import Run, files
from kerasdemo.records.verdict import Outcome, Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

ORANGE, SKY, GREEN, YELLOW = "#E69F00", "#56B4E9", "#009E73", "#F0E442"
BLUE, VERMILION, PURPLE, BLACK = "#0072B2", "#D55E00", "#CC79A7", "#000000"
GREY, PALE, INK = "#767676", "#E6E6E6", "#222222"
# For several runs in one panel; yellow is too pale for a line.
CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)

COLORS: dict[Outcome, str] = {
    "healthy": "#00704F",  # Okabe and Ito's green and orange, darker: they carry text here
    "still_improving": BLUE,
    "overfitting": "#B34700",
    "test_mismatch": "#9A3F76",
    "optimization_failure": "#B3261E",
    "diverged": "#B3261E",
    "cannot_tell": "#5A5A5A",
}
# Healthy, with a caution: a dark amber.
CAUTION = "#8A6100"
STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.labelcolor": INK,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": PALE,
    "grid.linewidth": 0.8,
    "xtick.color": GREY,
    "ytick.color": GREY,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "xtick.major.size": 3,
    "ytick.major.size": 3,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "legend.edgecolor": "none",
    "legend.framealpha": 0.85,
    "legend.borderpad": 0.2,
}
# Dots per inch: 1,215 x 540 pixels, readable on a slide, written in a tenth of a second.
DPI = 135
# A loss beyond this many times its median is drawn at the panel's edge.
TALL = 20.0
# Training is solid, validation dashed.
DASHES: tuple[Any, Any] = ("-", (0, (4, 1.6)))
# Accuracies within this many points of one another fill no panel.
LEAST_ACCURACY = 10.0
METRICS = {"loss": ("Loss", ""), "accuracy": ("Accuracy", "%")}
# Of the legend below an axes: characters of a line, and its upper edge, in heights of the axes.
LEGEND = 30
LEGEND_TOP = -0.17
# Of the picture of a run, in inches and characters of a line.
WIDTH, PANEL, LINE, SENTENCE = 9.0, 2.6, 0.19, 122
# Above it verdict and run stand in one row, if they are no longer than this together.
TITLE_ROW = 90
LAYERS_ROW = 50


def style() -> Any:
    """Return the context in which all our figures are drawn."""
    import matplotlib as mpl

    return mpl.rc_context(STYLE)


def figure(width: float, height: float) -> "Figure":
    """Return a new figure (in inches) that belongs to no window."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=DPI)


def save(drawn: "Figure", path: Path) -> None:
    """Write a figure whole or not at all, without a date: the same picture is the same file."""

    def fill(aside: Path) -> None:
        drawn.savefig(aside, format="png", metadata={"Software": None})

    files.write(path, fill, ".png")


# Learning curves.


def learning_curves(
    runs: Sequence[Run], ax: "Axes | None" = None, metric: str = "accuracy"
) -> "Axes":
    """Draw a metric by epoch: training solid, validation dashed; of several runs each its colour.

    Args:
        runs: one or more. A single run is blue and orange, with its best epoch and its test mark.
        ax: where to draw; None makes a figure.
        metric: loss or accuracy (in %).
    """
    if ax is None:
        with style():
            drawn = figure(6.0, 4.6)
            drawn.set_layout_engine("constrained")
            ax = drawn.add_subplot()
    single = len(runs) == 1
    for number, run in enumerate(runs):
        color = CYCLE[number % len(CYCLE)]
        _curves(ax, run, metric, (BLUE, VERMILION) if single else (color, color), not single)
    if single:
        _marks(ax, runs[0], metric)
    else:
        _key(ax)
    _axes(ax, runs, metric)
    return ax


def _curves(ax: "Axes", run: Run, metric: str, colors: tuple[str, str], named: bool) -> None:
    scale = 100.0 if metric == "accuracy" else 1.0
    labels = (run.config.name, None) if named else ("training", "validation")
    # Few epochs are points; of two at one place both are seen.
    looks: tuple[dict[str, Any], ...] = (
        {"marker": "o", "ms": 4.5},
        {"marker": "s", "ms": 8, "mfc": "none"},
    )
    sides = zip(("", "val_"), labels, colors, DASHES, looks, strict=True)
    for part, label, color, dashes, look in sides:
        values = [scale * v for v in getattr(run.history, part + metric)]
        if not values:
            continue
        shown = [v if math.isfinite(v) else math.nan for v in values]
        ax.plot(
            range(1, len(values) + 1), shown, color=color, linestyle=dashes, label=label,
            **(look if len(values) < 3 else {}),
        )  # fmt: skip


def _key(ax: "Axes") -> None:
    """Say in the legend of several runs what solid and dashed mean."""
    for name, dashes in zip(("training", "validation"), DASHES, strict=True):
        ax.plot([], [], color=GREY, linestyle=dashes, label=name)


def _marks(ax: "Axes", run: Run, metric: str) -> None:
    """Mark the best and the kept epoch, an early stop, where it broke, and the test."""
    features = RunFeatures(run)
    best, broken, kept = _best_epoch(features), features.broken, features.judged + 1
    early = 0 < kept < features.epochs
    if best is not None and features.epochs > 1:
        both = ", whose weights were kept" if early and kept == best else ""
        _at_epoch(ax, best, GREY, f"best epoch {best}{both}", dotted=True)
    if early and kept != best:
        _at_epoch(ax, kept, GREY, f"epoch {kept}, whose weights were kept")
    if run.facts.get("stopped_early"):
        _at_epoch(ax, features.epochs, INK, f"stopped early, epoch {features.epochs}")
    if broken is not None:
        _at_epoch(ax, broken, COLORS["diverged"], f"NaN or infinite, epoch {broken}")
    test = features.fact("test", metric)
    if test is not None:
        _test_mark(ax, features, test * (100.0 if metric == "accuracy" else 1.0), metric)


def _at_epoch(ax: "Axes", epoch: int, color: str, label: str, dotted: bool = False) -> None:
    """Draw a vertical line; the legend says what it is, where it can't cover a curve."""
    style = (0, (1, 2)) if dotted else "-"
    ax.axvline(epoch, color=color, linewidth=1.1, linestyle=style, label=label, zorder=1)


def _best_epoch(features: RunFeatures) -> int | None:
    values = features.history.val_loss or features.history.loss
    finite = [v for v in values if math.isfinite(v)]
    return values.index(min(finite)) + 1 if finite else None


def _test_mark(ax: "Axes", features: RunFeatures, value: float, metric: str) -> None:
    if not math.isfinite(value):
        return
    told = f"test {value:.1f}%" if metric == "accuracy" else f"test {value:.3g}"
    ax.plot(
        [features.judged + 1], [value], linestyle="none", marker="D", markersize=7,
        color=BLACK, markerfacecolor=YELLOW, label=told, zorder=5, clip_on=False,
    )  # fmt: skip


def _axes(ax: "Axes", runs: Sequence[Run], metric: str) -> None:
    title, unit = METRICS[metric]
    label = f"{title.lower()} [{unit}]" if unit else f"{title.lower()} ({_loss_name(runs)})"
    ax.set(xlabel="epoch", ylabel=label)
    epochs = max((run.history.epochs for run in runs), default=1)
    edge = 0.02 * epochs if epochs > 1 else 0.5
    ax.set_xlim(1 - edge, max(epochs, 1) + edge)
    ax.xaxis.set_major_locator(_epochs())
    _limits(ax, metric)
    _legend(ax)


def _legend(ax: "Axes") -> None:
    """List what is drawn, below the axes: inside of them a curve may be anywhere.

    Curves and points stand in the first column, epochs in the second.
    """
    pairs = zip(*ax.get_legend_handles_labels(), strict=True)
    ordered = sorted(pairs, key=lambda pair: "epoch" in pair[1])
    if not ordered:
        return
    handles, labels = zip(*ordered, strict=True)
    ax.legend(
        handles, [textwrap.fill(label, LEGEND) for label in labels], loc="upper left",
        bbox_to_anchor=(0.0, LEGEND_TOP), ncols=2, fontsize=8.5, columnspacing=1.4, borderpad=0,
    )  # fmt: skip


def _legend_lines(ax: "Axes") -> int:
    """Return how many lines the legend's higher column has."""
    found = ax.get_legend()
    lines = [1 + text.get_text().count("\n") for text in found.get_texts()] if found else [0]
    first = (len(lines) + 1) // 2
    return max(sum(lines[:first]), sum(lines[first:]))


def _loss_name(runs: Sequence[Run]) -> str:
    names = {run.config.loss.name.replace("_", " ") for run in runs}
    return names.pop() if len(names) == 1 else "each its own"


def _limits(ax: "Axes", metric: str) -> None:
    """Keep one huge value from flattening all others, and noise from filling the panel."""
    values = sorted(float(v) for line in ax.lines for v in _heights(line) if math.isfinite(v))
    if not values:
        _empty(ax, "no finite value")
        return
    low, high, middle = values[0], values[-1], values[len(values) // 2]
    if metric == "loss" and middle > 0 and high > TALL * middle:
        ax.set_yscale("log")
        return
    least = LEAST_ACCURACY if metric == "accuracy" else 0.05 * abs(high)
    room = 0.06 * (high - low) + max(0.0, least - (high - low)) / 2 or 1.0
    top = min(high + room, 101.0) if metric == "accuracy" and high <= 100 else high + room
    ax.set_ylim(max(0.0, low - room) if low >= 0 else low - room, top)


def _empty(ax: "Axes", told: str) -> None:
    """Say in the middle of a panel why there is nothing in it."""
    box = {"facecolor": "white", "edgecolor": "none"}
    ax.text(0.5, 0.5, told, transform=ax.transAxes, ha="center", color=GREY, bbox=box)
    ax.set_yticks([])


def _epochs() -> Any:
    """Return ticks at whole epochs, also where there is but one."""
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(nbins=8, integer=True, steps=[1, 2, 5, 10], min_n_ticks=1)


def _heights(line: Any) -> Sequence[float]:
    # A vertical line's heights are shares of the axes, not values.
    found: Sequence[float] = line.get_ydata()
    return [] if list(found) == [0, 1] and len(set(line.get_xdata())) == 1 else found


# Whole pictures.


def save_curves(run: Run, verdict: Verdict, path: Path) -> None:
    """Write curves.png: loss and accuracy of a run, under its verdict.

    Args:
        run: what to draw.
        verdict: the title.
        path: the file, replaced whole.
    """
    with style():
        summary = textwrap.wrap(verdict.summary, SENTENCE)
        own_line = len(verdict.title) * 1.7 + len(run.id) > TITLE_ROW
        drawn = figure(WIDTH, PANEL)
        panels = [drawn.add_axes((left, 0, 0.405, 1)) for left in (0.08, 0.575)]
        for ax, metric in zip(panels, METRICS, strict=True):
            learning_curves([run], ax, metric)
        below = 0.56 + 0.18 * max(map(_legend_lines, panels))
        height = 0.92 + LINE * (len(summary) + own_line) + PANEL + below
        drawn.set_figheight(height)
        for ax in panels:
            left, _, width, _ = ax.get_position().bounds
            ax.set_position((left, below / height, width, PANEL / height))
        _head(drawn, run, verdict, summary, own_line)
        save(drawn, path)


def _head(
    drawn: "Figure", run: Run, verdict: Verdict, summary: Sequence[str], own_line: bool
) -> None:
    """Write verdict, summary, and run and data above the panels, each line below the other."""
    height = drawn.get_figheight()
    color = CAUTION if verdict.caution else COLORS[verdict.outcome]
    name = verdict.title
    top = 0.22
    at = 1 - top / height
    drawn.text(
        0.02, at, name[0].upper() + name[1:], size=15, weight="bold", color=color, va="center"
    )
    if own_line:
        top += LINE + 0.05
    look: Any = {"size": 9.5, "color": INK, "va": "center", "weight": "bold"}
    at = 1 - top / height
    drawn.text(0.02 if own_line else 0.98, at, run.id, ha="left" if own_line else "right", **look)
    top += 0.2
    drawn.text(0.02, 1 - top / height, "\n".join(summary), size=9.5, color=INK, va="top")
    top += LINE * len(summary) + 0.2
    _data_line(drawn, run, 1 - top / height)


def _data_line(drawn: "Figure", run: Run, at: float) -> None:
    """Say which data it was; where the sample stands in for MNIST, so that nobody misses it."""
    data = run.facts.get("data") or {}
    counts = [
        f"{data[part]:,} {part}" for part in ("train", "validation", "test") if data.get(part)
    ]
    source = str(data.get("source") or run.config.data.name)
    told = _stand_in(run)
    if told:
        _warning(drawn, f"{told} ({', '.join(counts)})", at)
    else:
        text = f"{source}: {', '.join(counts)}" if counts else source
        drawn.text(0.02, at, text, size=8.5, color=GREY, va="center")


def _stand_in(run: Run) -> str:
    """Say that the data was not the one asked for, or nothing."""
    if not (run.facts.get("data") or {}).get("warning"):
        return ""
    return f"NOT {run.config.data.name.upper()}: the bundled sample stands in"


def _warning(drawn: "Figure", text: str, at: float) -> None:
    box = {"boxstyle": "square,pad=0.35", "facecolor": YELLOW, "edgecolor": BLACK}
    drawn.text(0.02, at, text, size=9.5, weight="bold", color=BLACK, bbox=box, va="center")


def save_layers(run: Run, path: Path) -> None:
    """Write layers.png: the gradient's norm by layer and epoch.

    Args:
        run: what to draw; without layer statistics the picture says so.
        path: the file, replaced whole.
    """
    with style():
        told = _stand_in(run)
        # Two short texts share a row.
        own_line = len(run.id) > LAYERS_ROW
        more = 0.25 * own_line + 0.35 * bool(told)
        height = 4.2 + more
        drawn = figure(7.2, height)
        ax = drawn.add_axes((0.105, 0.483 / height, 0.64, 3.15 / height))
        gradient_norms(run, ax)
        at = 1 - 0.21 / height
        drawn.text(0.02, at, "Gradient by layer", size=13, weight="bold", color=INK, va="center")
        look: Any = {"size": 9.5, "color": INK, "va": "center", "weight": "bold"}
        if own_line:
            drawn.text(0.02, 1 - 0.46 / height, run.id, **look | {"size": 8})
        else:
            drawn.text(0.98, at, run.id, ha="right", **look)
        if told:
            _warning(drawn, told, 1 - (0.25 + more) / height)
        save(drawn, path)


def gradient_norms(run: Run, ax: "Axes | None" = None) -> "Axes":
    """Draw the L2 norm of each kernel's gradient by epoch, from dark (input) to light (output).

    Norms of 0 (dead layers) and broken ones can't stand on a log axis: they leave a gap, and the
    legend says so.
    """
    from matplotlib import colormaps

    if ax is None:
        with style():
            ax = figure(6.0, 4.0).add_subplot()
    # cividis looks the same with every kind of colour vision; its last, palest part is left out.
    colors = colormaps["cividis"]
    layers = list(run.layers.items())
    drawn = 0
    for number, (name, layer) in enumerate(layers):
        share = number / max(1, len(layers) - 1)
        drawn += _gradient_line(ax, name, layer.gradient_norm, colors(0.88 * share))
    ax.set(xlabel="epoch", ylabel="gradient norm (L2, probe set)")
    ax.xaxis.set_major_locator(_epochs())
    if drawn:
        _log_axis(ax)
        _layer_legend(ax, len(layers))
    else:
        told = "every gradient is 0 or broken" if layers else "no layer statistics"
        _empty(ax, told)
        ax.set_xticks([])
    return ax


def _gradient_line(ax: "Axes", name: str, norms: Sequence[float], color: Any) -> bool:
    """Draw one layer; return whether there was anything to draw on a log axis."""
    shown = [n if math.isfinite(n) and n > 0 else math.nan for n in norms]
    gone = sum(math.isnan(n) for n in shown)
    note = f" ({gone} of {len(norms)} epochs 0 or NaN)" if gone else ""
    ax.plot(
        range(1, len(shown) + 1), shown, color=color, label=name + note,
        marker="o" if len(shown) - gone < 3 else None, markersize=4,
    )  # fmt: skip
    return gone < len(shown)


def _log_axis(ax: "Axes") -> None:
    """Make the height logarithmic, at least three decades: less is no difference of layers."""
    from matplotlib.ticker import NullFormatter

    norms = [float(n) for line in ax.lines for n in _heights(line) if math.isfinite(n)]
    low, high = math.log10(min(norms)), math.log10(max(norms))
    room = max(0.15, (3 - (high - low)) / 2)
    ax.set_yscale("log")
    ax.set_ylim(10 ** (low - room), 10 ** (high + room))
    ax.yaxis.set_minor_formatter(NullFormatter())


def _layer_legend(ax: "Axes", layers: int) -> None:
    """List the layers from the output down to the input, as they mostly lie in the picture."""
    handles, labels = ax.get_legend_handles_labels()
    shown = [textwrap.fill(label, 26) for label in labels[::-1]]
    ax.legend(
        handles[::-1], shown, loc="center left", bbox_to_anchor=(1.02, 0.5),
        fontsize=8 if layers <= 16 else 6, handlelength=1.4,
    )  # fmt: skip
