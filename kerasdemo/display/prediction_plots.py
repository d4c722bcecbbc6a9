"""Pictures of what a network predicts: numbers against the truth, residuals, ROC, confusion."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from kerasdemo.display import style
from kerasdemo.display.style import BLUE, CYCLE, GRAY, INK
from kerasdemo.records import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# ax -> drawn in it.
Plot = Callable[..., object]

# ROC curves of a panel: those with the smallest areas.
MOST_CURVES = 6
# Inches of a name beside an axis, of a class or unit there, and of a name in a legend.
NAME, CLASS, IN_LEGEND = 1.3, 0.6, 0.8
SIZE, LEGEND_SIZE = 9.5, 8.5


def plots_of(run: Run) -> list[Plot]:
    """Return at most two pictures of a run's predictions; none where it has no such.

    Of several target columns the two with the lowest R².
    """
    found = run.predictions
    columns = columns_of(found)
    if len(columns) == 1:
        return [partial(plot_against_true, run), partial(plot_residuals, run)]
    if columns:
        worst = sorted(range(len(columns)), key=lambda n: _r2(columns[n]))[:2]
        return [partial(plot_against_true, run, column=n) for n in sorted(worst)]
    has_curve = bool(_curves(found))
    if found.get("labels") is not None:
        return [partial(plot_roc, run)] if has_curve else []
    if run.setup.task == "binary" and has_curve:
        return [partial(plot_roc, run), partial(plot_confusion, run)]
    return []


@style.style()
def plot_against_true(run: Run, ax: "Axes | None" = None, column: int = 0) -> "Axes":
    """Draw predicted over true values of a target column, with the diagonal.

    Args:
        run: a regression that has predictions.
        ax: where to draw; None makes a figure.
        column: of the target, from 0.
    """
    ax = style.new_axes() if ax is None else ax
    found = columns_of(run.predictions)[column]
    truth, guess = found["truth"], found["guess"]
    values = [*truth, *guess]
    low, high = min(values, default=0.0), max(values, default=1.0)
    margin = 0.04 * (high - low) or 0.04 * abs(high) or 1.0
    ends = (low - margin, high + margin)
    ax.plot(ends, ends, color=GRAY, lw=1.2, linestyle=(0, (4, 1.6)), label="prediction = truth")
    residuals, part = found.get("residuals"), run.predictions["part"]
    sizes = [f"{key.upper()} {residuals[key]:.3g}" for key in ("rmse", "mae")] if residuals else []
    _draw_points(ax, truth, guess, ", ".join(sizes) or "examples")
    ax.set(xlim=ends, ylim=ends, xlabel=f"{_label('true', run, column)} ({part})")
    ax.set_ylabel(_label("predicted", run, column))
    return ax


@style.style()
def plot_residuals(run: Run, ax: "Axes | None" = None, column: int = 0) -> "Axes":
    """Draw prediction minus truth over the prediction; arguments as of `plot_against_true`."""
    ax = style.new_axes() if ax is None else ax
    found = columns_of(run.predictions)[column]
    truth, guess = found["truth"], found["guess"]
    ax.axhline(0, color=GRAY, lw=1.2, linestyle=(0, (4, 1.6)), label="no error")
    residuals, part = found.get("residuals"), run.predictions["part"]
    mean = f"mean {residuals['mean']:.2g}".replace("-", "−") if residuals else "examples"
    _draw_points(ax, guess, [one - other for one, other in zip(guess, truth, strict=True)], mean)
    ax.set_xlabel(f"{_label('predicted', run, column)} ({part})")
    ax.set_ylabel(_in_unit("predicted − true", found))
    return ax


@style.style()
def plot_roc(run: Run, ax: "Axes | None" = None) -> "Axes":
    """Draw the ROC curves of classes or labels with their areas, and chance."""
    ax = style.new_axes() if ax is None else ax
    curves = _curves(run.predictions)
    worst = sorted(curves, key=lambda pair: float(pair[1]["auc"]))[:MOST_CURVES]
    for number, (name, curve) in enumerate(pair for pair in curves if pair in worst):
        ax.plot(
            curve["false_positive_rate"], curve["true_positive_rate"], label=_titled(name, curve),
            color=CYCLE[number % len(CYCLE)],
        )  # fmt: skip
    ax.plot([0, 1], [0, 1], color=GRAY, lw=1.2, linestyle=(0, (4, 1.6)), label="chance, AUC 0.5")
    ax.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    part = run.predictions["part"]
    ax.set(xlabel=f"false positive rate ({part})", ylabel="true positive rate")
    return ax


@style.style()
def plot_confusion(run: Run, ax: "Axes | None" = None) -> "Axes":
    """Draw the confusion matrix: a row for each true class, shaded by its share of the row."""
    ax = style.new_axes() if ax is None else ax
    counts = run.predictions["confusion"]
    names = list(map(str, run.predictions.get("classes") or range(len(counts))))
    shares = [[count / max(sum(row), 1) for count in row] for row in counts]
    ax.imshow(shares, cmap="Blues", vmin=0, vmax=1.6, aspect="auto")
    for y, row in enumerate(counts):
        for x, count in enumerate(row):
            ax.text(x, y, f"{count:,}", ha="center", va="center", color=INK)
    ticks = [_fit(name, CLASS) for name in names]
    ax.set_xticks(range(len(names)), ticks)
    ax.set_yticks(range(len(names)), ticks, rotation=90, va="center")
    ax.grid(False)
    ax.set(xlabel=f"predicted class ({run.predictions['part']})", ylabel="true class")
    return ax


def columns_of(found: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return a regression's target columns in predictions.json; older ones have one, nameless."""
    return found.get("columns") or ([found] if found.get("truth") is not None else [])


def _curves(found: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return name and ROC curve of each label, or class, that has one."""
    labels = found.get("labels")
    if labels is not None:
        names = [label.get("name") or f"label {n}" for n, label in enumerate(labels)]
        pairs = zip(names, [label.get("roc") for label in labels], strict=True)
    else:
        count = len(found.get("confusion") or ())
        classes = found.get("classes") or [f"class {n}" for n in range(count)]
        pairs = zip(classes[1:] if count == 2 else classes, found.get("roc") or (), strict=False)
    return [(str(name), curve) for name, curve in pairs if curve]


def _draw_points(ax: "Axes", x: Sequence[float], y: Sequence[float], label: str) -> None:
    ax.plot(x, y, "o", ms=3.5, color=BLUE, mew=0, alpha=0.7, label=label)


def _titled(name: str, curve: Mapping[str, Any]) -> str:
    return f"{_fit(name, IN_LEGEND, LEGEND_SIZE)}, AUC {curve['auc']:.3f}"


def _label(word: str, run: Run, number: int) -> str:
    columns = columns_of(run.predictions)
    name = columns[number].get("name") or (f"target {number + 1}" if columns[1:] else "value")
    return _in_unit(f"{word} {_fit(name, NAME)}", columns[number])


def _in_unit(text: str, column: Mapping[str, Any]) -> str:
    unit = column.get("unit")
    return f"{text} [{_fit(unit, CLASS)}]" if unit else text


def _r2(column: Mapping[str, Any]) -> float:
    found = (column.get("residuals") or {}).get("r2")
    return 1.0 if found is None else float(found)


def _fit(text: str, inches: float, size: float = SIZE) -> str:
    return style.plain(style.fit(text, inches, size))
