"""Pictures of runs: learning curves, gradients by layer."""

import math
import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.display import prediction_plots, style
from kerasdemo.display.style import BLACK, BLUE, CAUTION_BOX, CYCLE, GRAY, INK, VERMILION, YELLOW
from kerasdemo.records import Run
from kerasdemo.records.summary import PARTS
from kerasdemo.records.verdict import Verdict

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.typing import LineStyleType

# Training is solid, validation dashed. Of one or two epochs there are markers; where both lie at
# one place both are seen.
DASHES: "tuple[LineStyleType, ...]" = ("-", (0, (4, 1.6)))
# Marker, size, face.
MARKERS = (("o", 4.5, "auto"), ("s", 8.0, "none"))
# What the record calls the losses of several outputs, and a model's own.
LOSSES = {"several": "sum over the outputs", "own": "the model's own"}
# A loss that is this many times its median is shown on a log axis.
LOG_RATIO = 20.0
# The height of an accuracy panel covers as many points at least.
LEAST_ACCURACY = 10.0
# So is one that needs a power of ten beside the axis.
LARGE = 1e5
# Characters of a line in the legend and in the summary.
LEGEND, SENTENCE = 30, 122
# In inches.
WIDTH, PANEL, LINE = 9.0, 2.6, 0.19
# Of a metric's name beside its axis, in inches and points; further metrics that have a panel.
LABEL, SIZE, MOST_METRICS = 2.4, 9.5, 4
LAYERS_WIDTH, LAYER_NAME = 7.2, 1.4
# Between a row of panels and the words below the one above.
GAP = 0.2
# Size of the text beside the layers' curves, in points -> lines that have room.
LAYER_LINES = {8.0: 16, 6.5: 21}
BOLD = {"color": INK, "va": "center", "weight": "bold"}
# Of the run's name in a picture's title, beside the title and below it, in points.
BESIDE, BELOW = 9.5, 8.0


@style.style()
def plot_learning_curves(
    runs: Sequence[Run], ax: "Axes | None" = None, metric: str = "accuracy"
) -> "Axes":
    """Draw a metric by epoch: training solid, validation dashed.

    Args:
        runs: one or more. Several have a color each. A single run is blue and orange, with its best
            and its kept epoch, an early stop and its test result.
        ax: where to draw; None makes a figure.
        metric: "loss", "accuracy" (in %), "balanced_accuracy" (in %), "r2", or a further one.
    """
    ax = style.new_axes() if ax is None else ax
    scale = _percent(metric)
    is_single = len(runs) == 1
    for number, run in enumerate(runs):
        colors = (BLUE, VERMILION) if is_single else (CYCLE[number % len(CYCLE)],) * 2
        labels = ("training", "validation") if is_single else (run.setup.name, None)
        for side, part in enumerate(("", "val_")):
            values = [scale * v for v in run.history.columns.get(part + metric, ())]
            if values:
                finite = [v if math.isfinite(v) else math.nan for v in values]
                marker, size, face = MARKERS[side]
                ax.plot(
                    range(1, len(values) + 1), finite, color=colors[side], linestyle=DASHES[side],
                    label=labels[side], marker=marker if len(values) < 3 else None, ms=size,
                    mfc=face,
                )  # fmt: skip
    if is_single:
        _mark_results(ax, runs[0], metric)
    else:
        for name, dashes in zip(("training", "validation"), DASHES, strict=True):
            ax.plot([], [], color=GRAY, linestyle=dashes, label=name)
    losses = {LOSSES.get(n := run.setup.loss_name, n.replace("_", " ")) for run in runs}
    loss = losses.pop() if len(losses) == 1 else "different losses"
    names = {"loss": f"loss ({loss})", "r2": "R² (share of the variance explained)", "auc": "AUC"}
    name = style.plain(style.fit(metric.replace("_", " "), LABEL, SIZE))
    unit = " [%]" if _percent(metric) > 1 else ""
    ax.set(xlabel="epoch", ylabel=names.get(metric, f"{name}{unit}"))
    epochs = max([run.history.epochs for run in runs] + [1])
    edge = 0.02 * epochs if epochs > 1 else 0.5
    ax.set_xlim(1 - edge, epochs + edge)
    style.use_epoch_ticks(ax)
    _set_limits(ax, metric)
    _add_legend(ax)
    return ax


def _percent(metric: str) -> float:
    """Return what a metric is multiplied by where it is drawn."""
    return 100.0 if metric.endswith("accuracy") else 1.0


def _mark_results(ax: "Axes", run: Run, metric: str) -> None:
    """Mark the best epoch, the kept one, an early stop, where the loss became NaN, and the test."""
    features = RunFeatures(run)
    values = features.history.val_loss or features.history.loss
    finite = [v for v in values if math.isfinite(v)]
    best = values.index(min(finite)) + 1 if finite else None
    kept = features.kept_epoch
    is_restored = 0 < kept < features.epochs
    marks: list[tuple[int | None, str, LineStyleType, str]] = []
    if features.epochs > 1:
        suffix = ", whose weights were kept" if is_restored and kept == best else ""
        marks.append((best, GRAY, (0, (1, 2)), f"best epoch {best}{suffix}"))
    if is_restored and kept != best:
        marks.append((kept, GRAY, "-", f"epoch {kept}, whose weights were kept"))
    if run.facts.get("stopped_early"):
        marks.append((features.epochs, INK, "-", f"stopped early, epoch {features.epochs}"))
    broken = features.broken_epoch
    marks.append(
        (broken, style.OUTCOME_COLORS["diverged"], "-", f"NaN or infinite, epoch {broken}")
    )
    for epoch, color, dashes, label in marks:
        if epoch is not None:
            ax.axvline(epoch, color=color, lw=1.1, linestyle=dashes, label=label, zorder=1)
    test = features.fact("test", metric)
    if test is not None:
        scale = _percent(metric)
        value, text = scale * test, f"{test:.1%}" if scale > 1 else f"{test:.3g}"
        ax.plot(
            [features.kept_epoch], [value], "D", ms=7, color=BLACK, mfc=YELLOW,
            label=f"test {text}", zorder=5, clip_on=False,
        )  # fmt: skip


def _set_limits(ax: "Axes", metric: str) -> None:
    """Keep one huge value from flattening all others, and noise from filling the panel."""
    values = sorted(value for value in style.y_values(ax.lines) if math.isfinite(value))
    if not values:
        _write_in_middle(ax, "no finite value")
        return
    low, high, middle = values[0], values[-1], values[len(values) // 2]
    if metric == "loss" and low > 0 and (high > LOG_RATIO * middle or high >= LARGE):
        ax.set_yscale("log")
        return
    is_share = metric.endswith("accuracy")
    least = LEAST_ACCURACY if is_share else 0.05 * abs(high)
    if metric == "r2":
        # An R² far below 0 says no more than that it is bad.
        low, least = max(low, min(-0.5, high - 0.5)), LEAST_ACCURACY / 100
    margin = 0.06 * (high - low) + max(0.0, least - (high - low)) / 2 or 1.0
    top = min(high + margin, 101.0) if is_share and high <= 100 else high + margin
    ax.set_ylim(max(0.0, low - margin) if low >= 0 else low - margin, top)


def _write_in_middle(ax: "Axes", text: str) -> None:
    """Say in an empty panel why there is nothing in it."""
    box = {"facecolor": "white", "edgecolor": "none"}
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", color=GRAY, bbox=box)
    ax.set_yticks([])


def _add_legend(ax: "Axes") -> None:
    """Put the legend below the axes (a curve may be anywhere): curves first, then epochs."""
    pairs = sorted(
        zip(*ax.get_legend_handles_labels(), strict=True), key=lambda pair: "epoch" in pair[1]
    )
    if pairs:
        handles, labels = zip(*pairs, strict=True)
        ax.legend(
            handles, [textwrap.fill(label, LEGEND) for label in labels], loc="upper left",
            bbox_to_anchor=(0.0, -0.17), ncols=2, fontsize=8.5, columnspacing=1.4, borderpad=0,
        )  # fmt: skip


@style.style()
def plot_gradient_norms(run: Run, ax: "Axes | None" = None) -> "Axes":
    """Draw the L2 norm of each kernel's gradient by epoch, from dark (input) to light (output).

    Norms of 0 (dead layers) and NaN can't be on a log axis: they leave a gap, and the legend says
    so.
    """
    from matplotlib import colormaps
    from matplotlib.ticker import NullFormatter

    ax = style.new_axes() if ax is None else ax
    # cividis looks the same with every kind of color vision; its last, palest part is left out.
    colors = colormaps["cividis"]
    last = max(1, len(run.layers) - 1)
    for number, (name, layer) in enumerate(run.layers.items()):
        norms = [n if math.isfinite(n) and n > 0 else math.nan for n in layer.gradient_norm]
        gaps = sum(map(math.isnan, norms))
        note = f" ({gaps} of {len(norms)} epochs 0 or NaN)" if gaps else ""
        ax.plot(
            range(1, len(norms) + 1), norms, color=colors(0.88 * number / last), label=name + note,
            marker="o" if len(norms) - gaps < 3 else None, ms=4,
        )  # fmt: skip
    ax.set(xlabel="epoch", ylabel="gradient norm (L2, a few examples)")
    style.use_epoch_ticks(ax)
    shown = [norm for norm in style.y_values(ax.lines) if math.isfinite(norm)]
    if not shown:
        _write_in_middle(ax, "every gradient is 0 or NaN" if run.layers else "no layer statistics")
        ax.set_xticks([])
        return ax
    # Three decades at least: less is no difference between layers.
    low, high = math.log10(min(shown)), math.log10(max(shown))
    margin = max(0.15, (3 - (high - low)) / 2)
    ax.set_yscale("log")
    ax.set_ylim(10 ** (low - margin), 10 ** (high + margin))
    ax.yaxis.set_minor_formatter(NullFormatter())
    _add_layer_legend(ax, run)
    return ax


def _add_layer_legend(ax: "Axes", run: Run) -> None:
    """Name the layers from the output down to the input, as the curves mostly lie.

    Of many layers some are named, evenly from the first to the last.
    """
    handles = ax.get_legend_handles_labels()[0][::-1]
    layers = list(zip(handles, [*run.layers.items()][::-1], strict=True))

    def texts(size: float, chosen: Sequence[int]) -> list[str]:
        found = []
        for _, (name, layer) in (layers[n] for n in chosen):
            gaps = sum(not (math.isfinite(n) and n > 0) for n in layer.gradient_norm)
            note = f"\n0 or NaN in {gaps} of {len(layer.gradient_norm)}" if gaps else ""
            found.append(style.plain(style.fit(name, LAYER_NAME, size)) + note)
        return found

    for size, most in LAYER_LINES.items():
        chosen = list(range(len(layers)))
        if sum(1 + text.count("\n") for text in texts(size, chosen)) <= most:
            break
    else:
        count = len(layers)
        while sum(1 + text.count("\n") for text in texts(size, chosen)) > most - 1:
            count -= 1
            chosen = [round(n * (len(layers) - 1) / (count - 1)) for n in range(count)]
    title = None if len(chosen) == len(layers) else f"{len(chosen)} of {len(layers)} layers"
    ax.legend(
        [layers[n][0] for n in chosen], texts(size, chosen), loc="center left", title=title,
        title_fontsize=size, alignment="left", bbox_to_anchor=(1.02, 0.5), fontsize=size,
        handlelength=1.4,
    )  # fmt: skip


@style.style()
def save_curves(run: Run, verdict: Verdict, path: Path) -> None:
    """Write a picture of a run under its verdict: its curves, and below what it predicts.

    Loss and score, further metrics, and of a regression predicted against true values and
    residuals, of labels and two classes by one output the ROC curve.

    Args:
        run: what to draw.
        verdict: its title is the picture's title.
        path: of the file, such as curves.png; replaced whole.
    """
    summary = textwrap.wrap(verdict.summary, SENTENCE)
    title = verdict.title[0].upper() + verdict.title[1:]
    has_two_rows = _needs_two_rows(title, run, WIDTH, size=15)
    drawn = style.figure(WIDTH, PANEL)
    features = RunFeatures(run)
    # Of a task without a score there is the loss alone.
    metrics = ["loss"] if features.is_judged_by_loss else ["loss", features.scale.metric]
    metrics += _further_metrics(features)
    plots = [partial(plot_learning_curves, [run], metric=metric) for metric in metrics]
    rows = _rows([*plots, *map(_with_legend, prediction_plots.plots_of(run))])
    # From below: the height of a row's axes, and of the words below it.
    heights: list[tuple[list[Axes], float]] = []
    for row in reversed(rows):
        places = ((0.08, 0.9),) if len(rows) == len(row) == 1 else ((0.08, 0.405), (0.575, 0.405))
        panels = [drawn.add_axes((left, 0, width, 1)) for left, width in places[: len(row)]]
        for plot, ax in zip(row, panels, strict=True):
            plot(ax=ax)
        heights.append((panels, 0.56 + 0.18 * max(map(_count_legend_lines, panels))))
    inside = sum(PANEL + below for _, below in heights) + GAP * (len(rows) - 1)
    height = 0.92 + LINE * (len(summary) + has_two_rows) + inside
    drawn.set_figheight(height)
    floor = 0.0
    for panels, below in heights:
        for ax in panels:
            left, _, width, _ = ax.get_position().bounds
            ax.set_position((left, (floor + below) / height, width, PANEL / height))
        floor += PANEL + below + GAP

    color = style.outcome_color(verdict.outcome, verdict.caution)
    _write_header(drawn, title, run, has_two_rows, size=15, color=color)
    top = 0.42 + (LINE + 0.05) * has_two_rows
    drawn.text(0.02, 1 - top / height, "\n".join(summary), color=INK, va="top")
    # Which data was used, in a box where the sample replaces MNIST.
    y = 1 - (top + LINE * len(summary) + 0.2) / height
    data, warning = run.facts.get("data") or {}, _sample_warning(run)
    counts = ", ".join(f"{data[part]:,} {part}" for part in PARTS if data.get(part))
    if warning:
        drawn.text(0.02, y, f"{warning} ({counts})", BOLD, color=BLACK, bbox=CAUTION_BOX)
    else:
        source = str(data.get("source") or (run.config.data.name if run.config else "arrays"))
        text = f"{source}: {counts}" if counts else source
        drawn.text(0.02, y, text, size=8.5, color=GRAY, va="center")
    style.save(drawn, path)


def _further_metrics(features: RunFeatures) -> list[str]:
    """Return the names of the metrics besides loss and score, as those of training are called."""
    own = features.history.metrics
    names = [
        name for name in own if not (name.startswith("val_") and name.removeprefix("val_") in own)
    ]
    # Beside the ROC curves of labels.
    of_labels = ["auc"] if features.task == "multi_label" and features.history.auc else []
    return [*of_labels, *names][:MOST_METRICS]


def _rows(plots: Sequence[Callable[..., object]]) -> list[Sequence[Callable[..., object]]]:
    """Return panels in rows of two."""
    return [plots[n : n + 2] for n in range(0, len(plots), 2)]


def _with_legend(plot: prediction_plots.Plot) -> Callable[..., object]:
    def draw(ax: "Axes") -> None:
        plot(ax=ax)
        _add_legend(ax)

    return draw


def _write_header(
    drawn: "Figure", title: str, run: Run, has_two_rows: bool, *, size: float, color: str = INK
) -> None:
    """Write a picture's title and the run's name: beside it, or in a second row."""
    width, height = drawn.get_size_inches()
    first, second = 1 - 0.22 / height, 1 - 0.46 / height
    drawn.text(0.02, first, title, BOLD, size=size, color=color)
    if has_two_rows:
        name = style.plain(style.fit(run.id, 0.96 * width, BELOW, "bold"))
        drawn.text(0.02, second, name, BOLD, size=BELOW)
    else:
        drawn.text(0.98, first, style.plain(run.id), BOLD, size=BESIDE, ha="right")


def _needs_two_rows(title: str, run: Run, width: float, *, size: float) -> bool:
    """Return whether a picture's title and the run's name have no room beside each other."""
    both = style.width(title, size, "bold") + style.width(run.id, BESIDE, "bold")
    return both + 0.3 > 0.96 * width


def _count_legend_lines(ax: "Axes") -> int:
    """Return how many lines the longer column of a legend has."""
    legend = ax.get_legend()
    lines = [1 + text.get_text().count("\n") for text in legend.get_texts()] if legend else [0]
    first = (len(lines) + 1) // 2
    return max(sum(lines[:first]), sum(lines[first:]))


def _sample_warning(run: Run) -> str:
    if run.config is None or not (run.facts.get("data") or {}).get("warning"):
        return ""
    return f"NOT {run.config.data.name.upper()}: the bundled sample stands in"


@style.style()
def save_layers(run: Run, path: Path) -> None:
    """Write a picture of the gradient's norm by layer and epoch.

    Args:
        run: what to draw; without layer statistics the picture says so.
        path: of the file, such as layers.png; replaced whole.
    """
    warning = _sample_warning(run)
    title = "Gradient by layer"
    has_two_rows = _needs_two_rows(title, run, LAYERS_WIDTH, size=13)
    more = 0.25 * has_two_rows + 0.35 * bool(warning)
    height = 4.2 + more
    drawn = style.figure(LAYERS_WIDTH, height)
    ax = drawn.add_axes((0.105, 0.483 / height, 0.64, 3.15 / height))
    plot_gradient_norms(run, ax)
    _write_header(drawn, title, run, has_two_rows, size=13)
    if warning:
        y = 1 - (0.25 + more) / height
        drawn.text(0.02, y, warning, BOLD, color=BLACK, bbox=CAUTION_BOX)
    style.save(drawn, path)
