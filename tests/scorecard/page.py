"""results/diagnosis: README.md, kinds.png and scorecard.json, from the scores alone."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import efficacy
import truth
from cases import HALVES, SOUND

from kerasdemo.display import style
from kerasdemo.records import files

Row = Mapping[str, Any]
Z = 1.96
# The shares that the diagnosis should reach: at most of healthy runs flagged, at least of the rest.
FLAGGED, FOUND, OUTCOME, FIRST, THIRD, CLEAR, TIMES = 0.02, 0.95, 0.95, 0.8, 0.95, 0.8, 2.0

OTHERS = """\
| tool | faulty found | healthy flagged | right cause | of what |
|---|---|---|---|---|
| DeepDiagnosis (ICSE 2022) | 31 of 38 | 37 of 78 | | MNIST programs, counted from its logs |
| DeepLocalize (ICSE 2021) | 38 of 38 | 78 of 78 | | the same |
| UMLAUT (CHI 2021) | all listed | 68 of 68 | | listed in its results |
| TheDeepChecker (TOSEM 2022) | | 2 of 3 | | its clean programs |
| NeuraLint (TOSEM 2021) | 70.5 % | precision 100 % | | static rules |
| UMLAUT, 52 real faulty programs | 50 of 52 | | 14 of 52 | EMSE 2025 |
| AUTOTRAINER, the same | 12 of 52 | | 10 of 52 | |
| DeepLocalize, the same | 36 of 52 | | 7 of 52 | |
| DeepFD, the same | 47 of 52 | | 27 of 52 | |

These are their authors' or reviewers' cases, not ours: programs of all kinds, with faults that
people made, where ours were planted by the authors of the rules. AUTOTRAINER's ground truth
is its own verdict, so it is left out of the first part. Read them for the order of size, and for
what is seldom published: alarms on healthy runs. A random change did about as well as published
repair tools (arXiv 2301.11568), hence the control below."""


def write(scores: Mapping[str, Any], folder: Path) -> None:
    """Write the page, its picture and the numbers behind them."""
    folder.mkdir(parents=True, exist_ok=True)
    files.write_json(folder / "scorecard.json", scores)
    draw(scores["runs"], folder / "kinds.png")
    files.write_text(folder / "README.md", text(files.finite(scores)))


def text(scores: Mapping[str, Any]) -> str:
    """Return the page."""
    runs, remedies = scores["runs"], scores["remedies"]
    parts = [
        _head(scores["circumstances"], runs),
        _bars(runs, remedies),
        _truth(runs),
        _kinds(runs),
        _experiments(runs, remedies),
        _remedies(remedies),
        "## Other tools\n\n" + OTHERS,
        "## Every wrong call\n\n" + calls(runs),
        _borderline(runs),
    ]
    return "\n\n".join(parts) + "\n"


# Rates.


def wilson(share: float, count: float) -> tuple[float, float]:
    """Return the 95 % interval of a share of `count` (Wilson 1927)."""
    middle = share + Z * Z / (2 * count)
    half = Z * math.sqrt(share * (1 - share) / count + Z * Z / (4 * count * count))
    return (middle - half) / (1 + Z * Z / count), (middle + half) / (1 + Z * Z / count)


def rate(rows: Sequence[Row], right: Callable[[Row], bool]) -> str:
    """Return a share with its interval, as wide as if the seeds of a case were one run."""
    if not rows:
        return "none"
    share = sum(map(right, rows)) / len(rows)
    low, high = wilson(share, len({row["case"] for row in rows}))
    return (
        f"{share:.1%} ({max(0.0, low):.0%} to {min(1.0, high):.0%}; "
        f"{round(share * len(rows))} of {len(rows)})"
    )


def healthy(runs: Iterable[Row]) -> list[Row]:
    return [row for row in runs if row["truth"] == ["healthy"]]


def faulty(runs: Iterable[Row]) -> list[Row]:
    return [row for row in runs if row["truth"] and row["truth"] != ["healthy"]]


def failed(runs: Iterable[Row]) -> list[Row]:
    """Return the runs with a fault of training, whose cause is known because it was planted."""
    return [row for row in faulty(runs) if row["in_training"] and row["right_causes"]]


def flagged(row: Row) -> bool:
    return bool(row["verdict"] != "healthy")


def found(row: Row) -> bool:
    return row["verdict"] not in ("healthy", "cannot_tell")


def right_outcome(row: Row) -> bool:
    return row["verdict"] in row["truth"]


def named(row: Row, among: int) -> bool:
    """Return whether a right cause is among the first ones."""
    return bool(set(row["causes"][:among]) & set(row["right_causes"]))


# Parts of the page.


def _head(facts: Mapping[str, Any], runs: Sequence[Row]) -> str:
    count = len({row["case"] for row in runs})
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    seeds = sorted({row["seed"] for row in runs})
    return (
        "# Scorecard of the diagnosis\n\n"
        f"Made by `make scorecard`: {count} cases, seeds {seeds[0]} to {seeds[-1]}, {len(runs)} "
        "runs of experiments/diagnosis, and the faulty ones again with their first remedy and "
        f"with a random change. Data: {', '.join(facts['data'])}. {versions}, Python "
        f"{facts['python']}, {facts['cores']} cores; the runs of the experiments took "
        f"{facts['seconds']} s of training, added up."
    )


def _bars(runs: Sequence[Row], remedies: Sequence[Row]) -> str:
    rates: list[tuple[str, str, Callable[[Any, Any], str]]] = [
        ("healthy runs flagged", f"at most {FLAGGED:.0%}", lambda r, m: rate(healthy(r), flagged)),
        ("faulty runs found", f"at least {FOUND:.0%}", lambda r, m: rate(faulty(r), found)),
        (
            "faulty runs: right outcome",
            f"at least {OUTCOME:.0%}",
            lambda r, m: rate(faulty(r), right_outcome),
        ),
        (
            "right cause named first",
            f"at least {FIRST:.0%}",
            lambda r, m: rate(failed(r), lambda row: named(row, 1)),
        ),
        (
            "right cause among the first three",
            f"at least {THIRD:.0%}",
            lambda r, m: rate(failed(r), lambda row: named(row, 3)),
        ),
        (
            "first remedy: clear improvement (cases)",
            f"at least {CLEAR:.0%}",
            lambda r, m: rate(m, lambda row: row["first remedy"]["clear"]),
        ),
        (
            "random change: clear improvement (cases)",
            f"the remedy at least {TIMES:g} times as often",
            lambda r, m: rate(m, lambda row: row["random change"]["clear"]),
        ),
    ]
    lines = [
        f"| | bar | all | {HALVES[0]} half | {HALVES[1]} half |",
        "|---|---|---|---|---|",
    ]
    for name, bar, ask in rates:
        cells = [
            ask(_half(runs, half), _half(remedies, half)) for half in (None, HALVES[0], HALVES[1])
        ]
        lines.append(f"| {name} | {bar} | {' | '.join(cells)} |")
    lines += [
        "",
        "In brackets the 95 % interval (Wilson 1927) and the counts. Seeds of a case are not "
        "independent: the interval is as wide as if all of a case's runs were one. Rules are "
        "changed by the development half; a hash of a case's name says which half it is in. Two of "
        "them (softmax between hidden layers, and what counts as exploded) were changed after the "
        "held back half had been looked at, where until then the right cause was named first in "
        "86.2% of the faulty runs and among the first three in 87.5%: that half is no longer "
        "unseen.",
    ]
    return "\n".join(lines)


def _half(rows: Sequence[Row], half: str | None) -> list[Row]:
    return [row for row in rows if half is None or row["half"] == half]


def _truth(runs: Sequence[Row]) -> str:
    t = truth
    sound = [row for row in runs if row["kind"] != SOUND and row["truth"] == ["healthy"]]
    bad = [row for row in faulty(runs) if row["kind"] == SOUND]
    return f"""\
## What is true

The truth of a run is what was measured, not what it was meant to be: its curves beside those of
its twin, which is the same task without the fault and with the same seed (for the sound cases the
plainest of them, which has no twin, so that nothing excuses its own gap). None of the diagnosis'
rules or levels is used.

- **diverged**: the training loss is NaN or infinite.
- **failed to optimize**: on the way from chance to its twin's training accuracy it went less than
  {t.FAILED:.0%}. If a curve still rose by {100 * t.UNSETTLED:.0f} point from its middle to its \
last third, the run is trained for
  twice the epochs: where these bring less than {t.SOME:.0%} of what was missing it failed; where \
they bring
  {t.MOST:.0%} and it then fails no more, it **was stopped too early**; between them either is \
right.
- **test mismatch**: test accuracy is {100 * t.SHIFT:.0f} points further below held-out accuracy \
than its twin's.
- **overfitting**: the gap from training to held-out accuracy is {100 * t.GAP:.0f} points beyond \
its twin's (which counts for
  at least {100 * t.USUAL_GAP:.1f}), and it did harm: held-out accuracy {100 * t.WORSE:.0f} points \
below the twin's, or a held-out loss
  {t.TURNED:g} times its own best. This gap, the shift above and the gain
  below are also at least {t.ERRORS:.0f} standard errors of the held-out accuracy. Of a regression
  R² takes the place of accuracy everywhere.
- **stopped too early**, of a run that lacks nothing else: twice the epochs add \
{100 * t.MORE:.0f} points of held-out accuracy.
- **healthy**: none of these by far: {t.LEARNED:.0%} of the way, at most {100 * t.NO_SHIFT:.0f} \
points of shift, {100 * t.NO_GAP:.1f} of gap,
  {100 * t.NO_MORE:.1f} still to gain, and not both a gap of {100 * t.GAP:.0f} points and a \
held-out loss {t.TURNED:g} times its best, which
  its twin may have as well. What lies between is borderline and counts for no rate.

{len(sound)} runs with a planted fault came out healthy, {len(bad)} that were meant to be sound \
did not; they count as what they are.

The criteria were written before any run was diagnosed, and amended once the development half was
seen: what a run and its twin both show is borderline, not healthy; what lies within the errors of
few held-out examples decides nothing; between failing and stopped too early both are right."""


def _kinds(runs: Sequence[Row]) -> str:
    lines = [
        "## By kind of fault",
        "",
        "![Share of runs found, with the right outcome and with the right cause](kinds.png)",
        "",
        "| planted | runs | healthy, borderline | faulty | found | right outcome | cause first "
        "| among three |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for kind in dict.fromkeys(row["kind"] for row in runs):
        mine = [row for row in runs if row["kind"] == kind]
        bad, failing = faulty(mine), failed(mine)
        calm, between = len(healthy(mine)), sum(not row["truth"] for row in mine)
        lines.append(
            f"| {_words(kind)} | {len(mine)} | {calm}, {between} | {len(bad)} "
            f"| {_count(bad, found)} | {_count(bad, right_outcome)} "
            f"| {_count(failing, lambda row: named(row, 1))} "
            f"| {_count(failing, lambda row: named(row, 3))} |"
        )
    return "\n".join(lines)


def _experiments(runs: Sequence[Row], remedies: Sequence[Row]) -> str:
    lines = [
        "## By experiment",
        "",
        "Texts are reviews, tables cars and penguins, regressions cars and friedman.",
        "",
        "| | cases | healthy flagged | found | right outcome | cause first | first remedy clear |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(_experiment(row) for row in runs):
        mine = [row for row in runs if _experiment(row) == name]
        helped = [row for row in remedies if _experiment(row) == name]
        cells = [
            _count(healthy(mine), flagged),
            _count(faulty(mine), found),
            _count(faulty(mine), right_outcome),
            _count(failed(mine), lambda row: named(row, 1)),
            _count(helped, lambda row: row["first remedy"]["clear"]),
        ]
        lines.append(f"| {name} | {len({row['case'] for row in mine})} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _experiment(row: Row) -> str:
    return str(row["case"]).split("/")[0]


def _count(rows: Sequence[Row], right: Callable[[Row], bool]) -> str:
    return f"{sum(map(right, rows))} of {len(rows)}" if rows else ""


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _remedies(remedies: Sequence[Row]) -> str:
    lines = [
        "## The first remedy against a random change",
        "",
        "Each faulty run again, with its verdict's first remedy and with one setting changed at "
        "random (which, and to what, by the case's name), over the same seeds. Compared is what "
        "went wrong: training accuracy, held-out loss of what overfits, test accuracy of a "
        f"mismatch. Clear: {efficacy.CLEAR:.0%} of the distance to the healthy twin closed in the "
        "mean over the seeds, and every seed better.",
        "",
        "| about | cases | remedy clear | closes, median | random clear | closes, median |",
        "|---|---|---|---|---|---|",
    ]
    for metric in dict.fromkeys(row["metric"] for row in remedies):
        mine = [row for row in remedies if row["metric"] == metric]
        cells = [
            f"{_count(mine, lambda row, what=what: row[what]['clear'])} "  # type: ignore[misc]
            f"| {_median([row[what]['closed'] for row in mine]):.0%}"
            for what in ("first remedy", "random change")
        ]
        lines.append(f"| {_words(metric)} | {len(mine)} | {' | '.join(cells)} |")
    missed = [row for row in remedies if not row["first remedy"]["clear"]]
    lines += ["", "First remedies that were no clear improvement:", ""]
    lines += [
        f"- {row['case']} ({row['half']}): {_patches(row['first remedy']['patches'])} closed "
        f"{row['first remedy']['closed']:.0%} of the distance"
        for row in missed
    ] or ["- none"]
    return "\n".join(lines)


def _median(values: Sequence[float]) -> float:
    return sorted(values)[len(values) // 2]


def _patches(patches: Sequence[Mapping[str, Any] | None]) -> str:
    lines = [
        ", ".join(f"`{k}={v}`" for k, v in patch.items()) if patch else "no remedy"
        for patch in patches
    ]
    return "; or ".join(dict.fromkeys(lines))


def calls(runs: Sequence[Row]) -> str:
    """Return every wrong outcome, and every wrong first cause, a line each."""
    lines = []
    for row in (*healthy(runs), *faulty(runs)):
        place = f"- {row['case']}, seed {row['seed']} ({row['half']}): "
        if not right_outcome(row):
            truths = " or ".join(row["truth"])
            lines.append(
                f"{place}{truths} ({row['why']}); verdict {row['verdict']}: {row['summary']}"
            )
        elif row in failed([row]) and not named(row, 1):
            lines.append(
                f"{place}planted {_words(row['kind'])}; named {', '.join(row['causes']) or 'none'}"
            )
    return "\n".join(lines) or "None."


def _borderline(runs: Sequence[Row]) -> str:
    between = [row for row in runs if not row["truth"]]
    said: dict[str, list[str]] = {}
    for row in between:
        said.setdefault(row["case"], []).append(row["verdict"])
    lines = [f"- {case}: verdict {', '.join(verdicts)}" for case, verdicts in said.items()]
    return "\n".join([f"## Borderline: {len(between)} runs", "", *lines])


def draw(runs: Sequence[Row], file: Path) -> None:
    """Draw by kind of fault the shares found, with the right outcome, with the right cause."""
    kinds = [k for k in dict.fromkeys(row["kind"] for row in faulty(runs)) if k != SOUND]
    shown: tuple[tuple[str, str, str, Callable[[Iterable[Row]], list[Row]], Any], ...] = (
        ("found", style.BLUE, "o", faulty, found),
        ("right outcome", style.ORANGE, "s", faulty, right_outcome),
        ("right cause first", style.GREEN, "D", failed, lambda row: named(row, 1)),
    )
    with style.style():
        figure = style.figure(8.4, 0.42 * len(kinds) + 1.5)
        ax = figure.add_subplot()
        for number, (label, color, marker, choose, right) in enumerate(shown):
            for place, kind in enumerate(reversed(kinds)):
                rows = choose([row for row in runs if row["kind"] == kind])
                if rows:
                    share = 100 * sum(map(right, rows)) / len(rows)
                    ax.plot(
                        share,
                        place + 0.22 * (1 - number),
                        marker,
                        color=color,
                        markersize=6,
                        label=label if place == len(kinds) - 1 else None,
                    )
        counts = {k: len(faulty([row for row in runs if row["kind"] == k])) for k in kinds}
        ax.set_yticks(
            range(len(kinds)), [f"{_words(k)} ({counts[k]} runs)" for k in reversed(kinds)]
        )
        ax.set_xlim(-3, 103)
        ax.set_xlabel("Share of the faulty runs [%]")
        ax.set_title(_title(runs))
        figure.legend(loc="outside lower center", ncols=3, frameon=False)
        figure.set_layout_engine("constrained")
        style.save(figure, file)


def _title(runs: Sequence[Row]) -> str:
    bad, failing = faulty(runs), failed(runs)
    share = sum(named(row, 1) for row in failing) / len(failing)
    return (
        f"{sum(map(found, bad)) / len(bad):.0%} of {len(bad)} faulty runs found; of those that "
        f"fail in training {share:.0%} with the right cause"
    )
