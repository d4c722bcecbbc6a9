"""results/recipe: README.md, recipe.png and scores.json, from the scores of the jobs alone."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdemo.comparison.statistics import Interval, interval
from kerasdemo.display import style
from kerasdemo.records import files

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Row = Mapping[str, Any]
TITLES = {"tune": "tune", "random": "random search", "tpe": "TPE", "hyperband": "Hyperband"}
SEARCHES = ("random", "tpe", "hyperband")
AFTER = (1, 3, 5, 10)
# After 3 runs ahead of each search in so many starts, after 10 behind in at most so many.
AHEAD, BEHIND = 9, 3
# Means that differ by less are equal.
TIE = 0.0005
LOOKS = {
    "tune": (style.VERMILION, "o", "-"),
    "random": (style.GRAY, "s", "--"),
    "tpe": (style.BLUE, "^", "-."),
    "hyperband": (style.GREEN, "D", ":"),
}
NOTES = Path(__file__).with_name("notes.md")


def write(rows: Sequence[Row], starts: Mapping[str, Row], folder: Path, budget: int) -> None:
    """Write the page, its picture and the numbers behind them."""
    folder.mkdir(parents=True, exist_ok=True)
    scores = Scores(rows, starts, budget)
    files.write_json(folder / "scores.json", list(rows))
    draw(scores, folder / "recipe.png")
    files.write_text(folder / "README.md", text(scores))


class Scores:
    """What the jobs reached.

    Args:
        rows: one for each job that is done.
        starts: of starts.yaml, by name.
        budget: runs of a job.
    """

    def __init__(self, rows: Sequence[Row], starts: Mapping[str, Row], budget: int):
        self.budget = budget
        self.about = starts
        self._rows = {(row["start"], row["method"], row["seed"]): row for row in rows}
        self.starts = list(dict.fromkeys(row["start"] for row in rows))
        # Seeds that every method has done with every start.
        self.seeds = [
            seed
            for seed in dict.fromkeys(row["seed"] for row in rows)
            if all((start, m, seed) in self._rows for start in self.starts for m in TITLES)
        ]

    def rows(self, start: str, method: str) -> list[Row]:
        """Return the jobs of a start and a method, by seed."""
        return [self._rows[start, method, seed] for seed in self.seeds]

    def reached(self, start: str, method: str, runs: int) -> list[float]:
        """Return the held-out score after so many runs, for each seed, not below that of guessing.

        A method that has ended keeps its score; where no run had one it is that of guessing.
        """
        found = []
        for row in self.rows(start, method):
            value = row["after"][min(runs, len(row["after"])) - 1]
            guess = self.about[start]["guess"]
            found.append(max(guess, guess if value is None else value))
        return found

    def mean(self, start: str, method: str, runs: int) -> Interval:
        return interval(self.reached(start, method, runs))

    def gain(self, start: str, search: str, runs: int) -> Interval:
        """Return what `tune` is ahead of a search, with its interval over the seeds."""
        ours, theirs = self.reached(start, "tune", runs), self.reached(start, search, runs)
        return interval([one - other for one, other in zip(ours, theirs, strict=True)])

    def is_r2(self, start: str) -> bool:
        return bool(self.rows(start, "tune")[0]["score"] == "r2")


def text(scores: Scores) -> str:
    """Return the page."""
    parts = [_head(scores), _bars(scores), "![Score by runs](recipe.png)"]
    parts += [_starts(scores), _gains(scores), _table(scores), _cost(scores), _losses(scores)]
    if NOTES.exists():
        parts.append(NOTES.read_text(encoding="utf-8").strip())
    return "\n\n".join(parts) + "\n"


def _head(scores: Scores) -> str:
    seeds = scores.seeds
    return f"""\
# Is following a diagnosis better than searching blindly?

Made by `make recipe-bench`: {len(scores.starts)} faulty networks
([starts.yaml](../../tests/recipe/starts.yaml)), each improved with {scores.budget} runs at most, by
`kerasdemo tune` and by three searches, with seeds {min(seeds)} to {max(seeds)}.

- **tune** begins with the faulty network (its first run), and keeps a remedy where it helps, one
  seed a config. It ends when the network is healthy, and then uses fewer runs.
- **The searches** (`kerasdemo sweep`: random search, TPE and Hyperband by Optuna; with a budget of
  10 the first three points are drawn at random, the same ones by all searches of a seed) know
  nothing of the faulty network. Their space is everything that remedies may touch
  ([spaces.py](../../tests/recipe/spaces.py)): optimizer, learning rate (1e-4 to 1), activation,
  loss, depth, units, dropout, normalization, initializer, batch size, early stopping, and the
  setting in which the fault lies. Epochs are those of the start; remedies may raise them.
- **Score**: on test examples that neither chooses by (`tune` reads them only to see whether they
  differ from the others). After each run it is that of the config that `tune` keeps so far, and of
  the one with the best validation score so far: accuracy, or R² where numbers are predicted; not
  below that of guessing, which is also the score where no run ended. In brackets 95 % intervals
  over the seeds (Student 1908).
- A run that Hyperband stops counts as a run, though it is a shorter one: see the wall time."""


def _starts(scores: Scores) -> str:
    lines = ["| start | what is wrong with it |", "|---|---|"]
    lines += [f"| {start} | {scores.about[start]['description']} |" for start in scores.starts]
    return "\n".join(lines)


def _count(scores: Scores, search: str, runs: int, sign: int, is_clear: bool = False) -> int:
    count = 0
    for start in scores.starts:
        gain = scores.gain(start, search, runs)
        if is_clear:
            count += gain.low > 0 if sign > 0 else gain.high < 0
        else:
            count += sign * gain.mean >= TIE
    return count


def _bars(scores: Scores) -> str:
    n = len(scores.starts)
    lines = ["| of " + f"{n} starts | bar | {' | '.join(TITLES[s] for s in SEARCHES)} |"]
    lines.append("|---|---|---|---|---|")
    asked = (
        (3, 1, f"at least {AHEAD}"),
        (3, -1, ""),
        (scores.budget, 1, ""),
        (scores.budget, -1, f"at most {BEHIND}"),
    )
    for runs, sign, bar in asked:
        cells = [
            f"{_count(scores, s, runs, sign)} ({_count(scores, s, runs, sign, True)})"
            for s in SEARCHES
        ]
        word = "ahead" if sign > 0 else "behind"
        lines.append(f"| after {runs} runs `tune` is {word} | {bar} | {' | '.join(cells)} |")
    kept = all(_count(scores, s, 3, 1) >= AHEAD for s in SEARCHES) and all(
        _count(scores, s, scores.budget, -1) <= BEHIND for s in SEARCHES
    )
    end = "Both bars are met." if kept else "Not every bar is met."
    return "\n".join(
        [
            *lines,
            "",
            f"By the mean over the seeds (a twentieth of a point "
            f"is no difference); in brackets those whose interval is clear. {end}",
        ]
    )


def _points(gain: Interval) -> str:
    """Return a gain in points of 1/100."""
    inside = f" [{100 * gain.low:+.1f}, {100 * gain.high:+.1f}]" if math.isfinite(gain.low) else ""
    return f"{100 * gain.mean:+.1f}{inside}"


def _gains(scores: Scores) -> str:
    lines = ["## How far `tune` is ahead", "", "In hundredths of the score.", ""]
    for runs in (3, scores.budget):
        lines += [f"After {runs} runs:", ""]
        lines.append(f"| start | {' | '.join(f'of {TITLES[s]}' for s in SEARCHES)} |")
        lines.append("|---|---|---|---|")
        for start in scores.starts:
            cells = [_points(scores.gain(start, search, runs)) for search in SEARCHES]
            lines.append(f"| {start} | {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines).rstrip()


def _table(scores: Scores) -> str:
    lines = ["## Every score", ""]
    lines.append(f"| start | by | {' | '.join(f'after {n}' for n in AFTER)} |")
    lines.append("|---|---|---|---|---|---|")
    for start in scores.starts:
        for method, title in TITLES.items():
            cells = []
            for runs in AFTER:
                found = scores.mean(start, method, runs)
                low, high = max(found.low, 0.0), min(found.high, 1.0)
                cells.append(f"{found.mean:.3f} [{low:.3f}, {high:.3f}]")
            name = f"{start}{' (R²)' if scores.is_r2(start) else ''}" if method == "tune" else ""
            lines.append(f"| {name} | {title} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cost(scores: Scores) -> str:
    lines = [
        "## What it costs",
        "",
        "Seconds for the whole budget, means over the seeds: of wall time, and of the processor's; "
        "in brackets the runs that `tune` used. Each job had a process of its own, as many at once "
        "as there are cores; loading TensorFlow is not counted.",
        "",
        f"| start | {' | '.join(TITLES.values())} |",
        "|---|---|---|---|---|",
    ]
    sums = dict.fromkeys(TITLES, (0.0, 0.0))
    for start in scores.starts:
        cells = []
        for method in TITLES:
            rows = scores.rows(start, method)
            wall, cpu = (
                sum(row[key] for row in rows) / len(rows) for key in ("seconds", "cpu_seconds")
            )
            sums[method] = (sums[method][0] + wall, sums[method][1] + cpu)
            runs = sum(len(row["after"]) for row in rows) / len(rows)
            cells.append(f"{wall:.0f}, {cpu:.0f}" + (f" ({runs:.1f})" if method == "tune" else ""))
        lines.append(f"| {start} | {' | '.join(cells)} |")
    cells = [f"{wall:.0f}, {cpu:.0f}" for wall, cpu in sums.values()]
    lines.append(f"| all | {' | '.join(cells)} |")
    return "\n".join(lines)


def _losses(scores: Scores) -> str:
    lines = ["## Where it loses", ""]
    for start in scores.starts:
        behind = {
            search: gain
            for search in SEARCHES
            if (gain := scores.gain(start, search, scores.budget)).mean <= -TIE
        }
        if behind:
            by = ", ".join(f"{TITLES[s]} {_points(gain)}" for s, gain in behind.items())
            lines.append(f"- **{start}**, behind after {scores.budget} runs: {by}. How it went:")
            for row in scores.rows(start, "tune"):
                kept = "; ".join(
                    ", ".join(f"`{key}={value}`" for key, value in patch.items())
                    for patch in row["kept"]
                )
                lines.append(
                    f"  - seed {row['seed']}: {row['first'].replace('_', ' ')} at first, "
                    f"{len(row['after'])} runs, kept {kept or 'nothing'}; ended: {row['end']}"
                )
    return "\n".join(lines if len(lines) > 2 else [*lines, "Nowhere."])


@style.style()
def draw(scores: Scores, path: Path) -> None:
    """Draw the score after each run, a panel for each start."""
    columns = 3
    lines = -(-len(scores.starts) // columns)
    figure = style.figure(9.5, 2.15 * lines + 0.8)
    figure.set_layout_engine("constrained")
    axes = figure.subplots(lines, columns, sharex=True, squeeze=False)
    for number, start in enumerate(scores.starts):
        _draw_start(axes.flat[number], scores, start)
    for ax in axes.flat[len(scores.starts) :]:
        ax.set_visible(False)
    for ax in axes[-1]:
        ax.set_xlabel("Runs")
    handles, labels = axes.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    figure.suptitle(
        f"Held-out score after each run: mean and 95 % interval of {len(scores.seeds)} seeds",
        x=0.01,
        ha="left",
        fontsize=11,
    )
    style.save(figure, path)


def _draw_start(ax: "Axes", scores: Scores, start: str) -> None:
    runs = list(range(1, scores.budget + 1))
    for method, title in TITLES.items():
        color, marker, line = LOOKS[method]
        found = [scores.mean(start, method, n) for n in runs]
        ax.plot(
            runs,
            [one.mean for one in found],
            color=color,
            marker=marker,
            markersize=3.5,
            linestyle=line,
            label=title,
            zorder=3 if method == "tune" else 2,
        )
        ax.fill_between(
            runs,
            [max(one.low, 0.0) for one in found],
            [min(one.high, 1.0) for one in found],
            color=color,
            alpha=0.12,
            linewidth=0,
        )
    ax.set_title(start.replace("_", " "))
    ax.set_ylabel("R²" if scores.is_r2(start) else "Accuracy")
    ax.set_xticks(AFTER)
    ax.set_ylim(top=1.02)
