"""The picture and the progress of short trainings with several learning rates: lr.png."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from kerasdemo.config.changes import options
from kerasdemo.display import style, tables
from kerasdemo.display.console import print_line
from kerasdemo.display.run_plots import LOG_RATIO, LOSSES
from kerasdemo.display.style import BLACK, BLUE, GRAY, INK, VERMILION, YELLOW

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from kerasdemo.training.learning_rate_sweep import Follow, LearningRates

# In inches.
WIDTH, HEIGHT = 7.2, 4.5


@style.style()
def save_learning_rates(found: "LearningRates", path: Path) -> None:
    """Write the picture of a sweep of learning rates.

    Args:
        found: the losses by rate.
        path: of the file, such as lr.png; replaced whole.
    """
    drawn = style.figure(WIDTH, HEIGHT)
    ax = drawn.add_axes((0.105, 0.29, 0.87, 0.53))
    plot_learning_rates(found, ax)
    ax.legend(
        loc="upper left", bbox_to_anchor=(0, -0.2), ncols=2, fontsize=8.5, columnspacing=1.4,
        borderpad=0,
    )  # fmt: skip
    name = style.plain(style.fit(found.config.name, 2.0, 9.5, "bold"))
    drawn.text(0.02, 0.95, "Learning rate", color=INK, weight="bold", size=13, va="center")
    drawn.text(0.98, 0.95, name, color=INK, weight="bold", size=9.5, va="center", ha="right")
    lines = style.wrap(advice(found), 0.96 * WIDTH, 9.5, most=2)
    drawn.text(0.02, 0.915, style.plain("\n".join(lines)), color=INK, va="top")
    style.save(drawn, path)


@style.style()
def plot_learning_rates(found: "LearningRates", ax: "Axes | None" = None) -> "Axes":
    """Draw the loss after a short training over the learning rate.

    A point for each seed, a line through the means; the range that is as good as the best is
    shaded, the config's rate marked, and rates with which the loss diverges are crosses at the top.

    Args:
        found: the losses by rate.
        ax: where to draw; None makes a figure.
    """
    ax = style.new_axes(WIDTH, HEIGHT) if ax is None else ax
    ax.set_xscale("log")
    whole = [one for one in found.rates if not one.has_diverged]
    if found.low is not None and found.high is not None:
        # To the middle between rates, so that a single rate is a range as well.
        every = [one.rate for one in found.rates]
        low, high = every.index(found.low), every.index(found.high)
        start = math.sqrt(every[max(0, low - 1)] * every[low])
        end = math.sqrt(every[min(len(every) - 1, high + 1)] * every[high])
        ax.axvspan(
            start,
            end,
            color=BLUE,
            alpha=0.13,
            lw=0,
            label="as good (the noise, or 2 % of the gain)",
        )
    before = found.loss_before
    ax.axhline(before, color=GRAY, lw=1.2, linestyle=(0, (4, 1.6)), label="loss before training")
    points = [(one.rate, loss) for one in whole for loss in one.losses]
    ax.plot([x for x, _ in points], [y for _, y in points], "o", ms=3.5, color=BLUE, mew=0)
    ax.plot(
        [one.rate for one in whole], [one.loss for one in whole], color=BLUE,
        label=f"loss after {found.steps:,} updates",
    )  # fmt: skip
    own = f"the config's rate, {found.own:.3g}"
    ax.axvline(found.own, color=INK, lw=1.3, linestyle=(0, (1, 1.5)), label=own)
    best = next((one for one in whole if one.rate == found.best), None)
    if best:
        ax.plot(
            [best.rate], [best.loss], "D", ms=7.5, color=BLACK, mfc=YELLOW, zorder=5,
            label=f"the lowest loss, {best.rate:.3g}",
        )  # fmt: skip
    values = [y for _, y in points] + [before]
    lowest, highest = min(values), max(values)
    if lowest > 0 and highest > LOG_RATIO / 4 * lowest:
        ax.set_yscale("log")
        ax.set_ylim(lowest / 1.5, highest * (highest / lowest) ** 0.16)
    else:
        margin = 0.06 * (highest - lowest) or 0.1 * abs(highest) or 1.0
        ax.set_ylim(lowest - margin, highest + 3 * margin)
    diverged = [one.rate for one in found.rates if one.has_diverged]
    if diverged:
        ax.plot(
            diverged, [0.955] * len(diverged), "X", ms=8, color=VERMILION, mec="white", mew=0.6,
            transform=ax.get_xaxis_transform(), label="diverged", zorder=5,
        )  # fmt: skip
    ends = [one.rate for one in found.rates] + [found.own]
    ax.set_xlim(min(ends) / 1.6, max(ends) * 1.6)
    loss = LOSSES.get(found.config.loss.name, found.config.loss.name.replace("_", " "))
    is_schedule = not isinstance(found.config.optimizer.arguments["learning_rate"], int | float)
    peak = ", the schedule's highest" if is_schedule else ""
    ax.set(xlabel=f"learning rate ({found.config.optimizer.name}{peak})", ylabel=f"loss ({loss})")
    return ax


def advice(found: "LearningRates") -> str:
    """Return in a sentence or two which rates are good, and what to set."""
    if found.best is None:
        return (
            "The loss diverges with every rate: try smaller ones (--rates), or look at the data "
            "and the loss first."
        )
    lowest = next(one for one in found.rates if one.rate == found.best)
    if lowest.loss >= found.loss_before:
        return "No rate lowers the loss: the cause lies elsewhere (kerasdemo diagnose)."
    ends = (found.rates[0].rate, found.rates[-1].rate)
    if found.low == found.high:
        text = f"Best is {found.best:.3g}; no other rate is as good."
    else:
        text = f"Best is {found.best:.3g}; {found.low:.3g} to {found.high:.3g} are as good."
    if found.best in ends and len(found.rates) > 1:
        text += " It is at the end of what was tried: try more with --rates."
    if found.own_is_good:
        is_best = math.isclose(found.own, found.best, rel_tol=0.01)
        return (
            f"{text} The config has the best one."
            if is_best
            else f"{text} The config's rate is among them."
        )
    return f"{text} The config has {found.own:.3g}: {options(found.changes)}"


def to_lines(found: "LearningRates") -> Iterator[str]:
    """Yield the losses by rate, and what they mean, as lines of text."""
    yield f"{found.config.name}: {found.steps:,} updates with each learning rate"
    rows = []
    for one in found.rates:
        marks = {
            "the config's": math.isclose(one.rate, found.own, rel_tol=0.01),
            "best": one.rate == found.best,
            "as good": _is_within(one.rate, found) and one.rate != found.best,
            "diverged": one.has_diverged,
        }
        rows.append(
            {
                "learning rate": one.rate,
                "loss": one.loss,
                "seeds": len(one.losses),
                "": ", ".join(mark for mark, is_so in marks.items() if is_so),
            }
        )
    yield tables.render(rows)
    yield f"before training the loss is {found.loss_before:.4g}"
    yield advice(found)


def _is_within(rate: float, found: "LearningRates") -> bool:
    return found.low is not None and found.high is not None and found.low <= rate <= found.high


@contextmanager
def progress(console: Console) -> "Iterator[Follow]":
    """Give a function that shows each training: a bar on a terminal, plain lines elsewhere."""
    if not console.is_terminal:

        def print_rate(done: int, total: int, rate: float, loss: float) -> None:
            print_line(console, f"  {done}/{total}  learning rate {rate:.3g}  loss {loss:.4g}")

        yield print_rate
        return
    columns = (BarColumn(bar_width=10), MofNCompleteColumn(), TextColumn("{task.fields[status]}"))
    with Progress(*columns, TimeRemainingColumn(compact=True), console=console) as bar:
        task = bar.add_task("", total=None, status="compiling")

        def show_rate(done: int, total: int, rate: float, loss: float) -> None:
            status = f"learning rate {rate:.3g}  loss {loss:.4g}"
            bar.update(task, total=total, completed=done, status=status)

        yield show_rate
