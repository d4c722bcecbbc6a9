"""results/python: README.md and scorecard.json, from the scores alone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

import page
from cases import HALVES, SOUND
from keras_cases import EXPERIMENT
from page import failed, faulty, flagged, healthy, named, rate, right_outcome

from kerasdemo.records import files

Row = Mapping[str, Any]
AGREES, FLAGGED = 0.98, 0.02
# Cases whose fault shows on the test examples alone, which `fit` never sees.
TEST_ONLY = "other_test_set"
Columns = tuple[str | None, ...]
ALL: Columns = (None, *HALVES)


def write(scores: Mapping[str, Any], folder: Path) -> None:
    """Write the page and the numbers behind it."""
    folder.mkdir(parents=True, exist_ok=True)
    files.write_json(folder / "scorecard.json", scores)
    files.write_text(folder / "README.md", text(scores))


def text(scores: Mapping[str, Any]) -> str:
    """Return the page."""
    runs = scores["runs"]
    pairs = [row for row in runs if "yaml" in row]
    keras = [row for row in runs if row["case"].startswith(f"{EXPERIMENT}/")]
    parts = [_head(scores["circumstances"], pairs, keras)]
    if pairs:
        parts += [
            _agreement(pairs, scores["by_rule"]),
            _disagreements(pairs),
            _against_truth(pairs),
        ]
    if keras:
        parts += [_tasks(keras), _kinds(keras), "### Every wrong call\n\n" + calls(keras)]
    parts += [_training(runs), _problems(scores["problems"])]
    return "\n\n".join(part for part in parts if part) + "\n"


def agrees(row: Row) -> bool:
    """Return whether both doors said the same outcome and named the same cause first."""
    return _first(row) == _first(row["yaml"])


def found(row: Row) -> bool:
    """Return whether a fault was found: by the outcome, or by a note that names it."""
    return page.found(row) or named(row, len(row["causes"]))


def _first(said: Row) -> tuple[str, str | None]:
    return said["verdict"], next(iter(said["causes"]), None)


def _half(rows: Sequence[Row], half: str | None) -> list[Row]:
    return [row for row in rows if half is None or row["half"] == half]


def _head(facts: Mapping[str, Any], pairs: Sequence[Row], keras: Sequence[Row]) -> str:
    trained = {
        "kerasdemo.fit": "`kerasdemo.fit`",
        "fit": "Keras' own `fit` with a `kerasdemo.Recorder`",
    }[facts["loop"]]
    chosen = "" if facts["only"] == "*" else f" Only cases like `{facts['only']}`."
    return (
        "# The scorecard through Python\n\n"
        "Made by `python tests/scorecard/python_door.py`: the cases of `make scorecard` as the "
        "Keras programs that a person would write for them (tests/scorecard/keras_source.py), "
        f"{len(pairs)} runs, and {len({row['case'] for row in keras})} cases that are written in "
        f"Keras (keras_cases.py), {len(keras)} runs; all trained by {trained}.{chosen} In brackets "
        "95 % intervals (Wilson 1927), as wide as if all of a case's seeds were one run."
    )


def _table(rows: Sequence[tuple[str, str, Sequence[str]]], columns: Sequence[str]) -> str:
    lines = [f"| | bar | {' | '.join(columns)} |", "|---|---|" + "---|" * len(columns)]
    lines += [f"| {name} | {bar} | {' | '.join(cells)} |" for name, bar, cells in rows]
    return "\n".join(lines)


COLUMNS = ("all", *(f"{half} half" for half in HALVES))


def _agreement(pairs: Sequence[Row], by_rule: Sequence[Row]) -> str:
    """Return how often the doors agree.

    Args:
        by_rule: the same runs, trained by the loop that `kerasdemo.fit` chooses; none where these
            were not trained.
    """
    others = [row for row in pairs if row["kind"] != TEST_ONLY]
    seeds = _seed_pairs(pairs)
    table = _table(
        [
            (
                "same outcome and first cause as the run from YAML",
                f"at least {AGREES:.0%}",
                [rate(_half(pairs, half), agrees) for half in ALL],
            ),
            (
                "the same outcome",
                "",
                [
                    rate(_half(pairs, half), lambda row: row["verdict"] == row["yaml"]["verdict"])
                    for half in ALL
                ],
            ),
            *(
                [
                    (
                        "with the loop that `kerasdemo.fit` chooses for each",
                        "",
                        [rate(_half(by_rule, half), agrees) for half in ALL],
                    )
                ]
                if by_rule
                else []
            ),
            (
                "for comparison: two runs from YAML that differ in the seed",
                "",
                [rate(_half(seeds, half), agrees) for half in ALL],
            ),
        ],
        COLUMNS,
    )
    seen = sum(row["yaml"]["verdict"] != row["yaml_with_test"]["verdict"] for row in pairs)
    return (
        "## The same verdict by both doors\n\n"
        f"{table}\n\n"
        "The programs name the seeds of their initial weights, so that both runs begin alike, and "
        "compiled loops take the examples in the same order. Both are trained "
        "by the loop that runs from YAML have: another loop rounds differently, and a training "
        "that shakes then ends elsewhere. `fit` sees no test examples: the runs from YAML are "
        "diagnosed without theirs, which changes "
        f"{seen} of their outcomes (the kind `{TEST_ONLY}`, {len(pairs) - len(others)} runs). "
        "Without that kind the doors agree in "
        f"{rate(others, agrees)}."
    )


def _seed_pairs(pairs: Sequence[Row]) -> list[Row]:
    """Return, for each pair of seeds of a case, a row that `agrees` can take."""
    by_case: dict[str, list[Row]] = {}
    for row in pairs:
        by_case.setdefault(row["case"], []).append(row)
    return [
        {"case": name, "half": one["half"], **one["yaml"], "yaml": other["yaml"]}
        for name, rows in by_case.items()
        for number, one in enumerate(rows)
        for other in rows[number + 1 :]
    ]


def _disagreements(pairs: Sequence[Row]) -> str:
    lines = [
        f"- {row['case']}, seed {row['seed']} ({row['half']}): Python {_say(row)}; YAML "
        f"{_say(row['yaml'])}. Python: {row['summary']} YAML: {row['yaml']['summary']}"
        for row in pairs
        if not agrees(row)
    ]
    return "\n".join(["### Every disagreement", "", *(lines or ["None."])])


def _say(said: Row) -> str:
    outcome, cause = _first(said)
    return f"{outcome} ({cause})" if cause else outcome


def _against_truth(pairs: Sequence[Row]) -> str:
    return (
        "### Against the truth\n\n"
        f"{_rates(pairs)}\n\n"
        "The truth is that of results/diagnosis, read off the curves of the runs through Python "
        "and of their twins."
    )


def _rates(runs: Sequence[Row]) -> str:
    return _table(
        [
            (
                "healthy runs flagged",
                f"at most {FLAGGED:.0%}",
                [rate(healthy(_half(runs, half)), flagged) for half in ALL],
            ),
            (
                "faulty runs found",
                "at least 95%",
                [rate(faulty(_half(runs, half)), found) for half in ALL],
            ),
            (
                "faulty runs: right outcome",
                "at least 95%",
                [rate(faulty(_half(runs, half)), right_outcome) for half in ALL],
            ),
            (
                "right cause named first",
                "at least 80%",
                [rate(failed(_half(runs, half)), lambda row: named(row, 1)) for half in ALL],
            ),
            (
                "right cause among the first three",
                "at least 95%",
                [rate(failed(_half(runs, half)), lambda row: named(row, 3)) for half in ALL],
            ),
        ],
        COLUMNS,
    )


def _tasks(keras: Sequence[Row]) -> str:
    cases: dict[str, set[str]] = {half: set() for half in HALVES}
    for row in keras:
        cases[row["half"]].add(row["case"].partition("/")[2])
    halves = "\n".join(f"- {half}: {', '.join(sorted(names))}" for half, names in cases.items())
    labeled = sorted({row["case"].partition("/")[2] for row in keras if _is_labeled(row)})
    return (
        "## Regression, binary and multi-label\n\n"
        f"{_rates(keras)}\n\n"
        "The truth is read off each run's curves beside its healthy twin's, with the share of "
        "variance explained in place of accuracy for numbers, and balanced accuracy for rare "
        f"positives; only in {', '.join(labeled) or 'no case'} it is the author's label, where "
        "the run is worse than its twin. A hash of a case's name says which half it is in. Both "
        "halves were looked at while cases and rules were made (R² below the mean, early stopping "
        "that goes before a missed baseline, rows in order): the held back half is not unseen.\n\n"
        f"{halves}"
    )


def _is_labeled(row: Row) -> bool:
    return row["why"] in ("by its author's label", "the fault does no harm")


def _kinds(keras: Sequence[Row]) -> str:
    lines = [
        "| planted | cases | runs | healthy, borderline | faulty | found | right outcome "
        "| cause first | among three |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for kind in dict.fromkeys(row["kind"] for row in keras):
        mine = [row for row in keras if row["kind"] == kind]
        bad, failing = faulty(mine), failed(mine)
        cells = [
            kind.replace("_", " "),
            str(len({row["case"] for row in mine})),
            str(len(mine)),
            f"{len(healthy(mine))}, {sum(not row['truth'] for row in mine)}",
            str(len(bad)),
            _count(bad, found),
            _count(bad, right_outcome),
            _count(failing, lambda row: named(row, 1)),
            _count(failing, lambda row: named(row, 3)),
        ]
        lines.append(f"| {' | '.join(cells)} |")
    sound = sum(1 for row in faulty(keras) if row["kind"] == SOUND)
    lines += ["", f"{sound} runs that were meant to be sound are not; they count as what they are."]
    return "\n".join(lines)


def _count(rows: Sequence[Row], right: Any) -> str:
    return f"{sum(map(right, rows))} of {len(rows)}" if rows else ""


def calls(keras: Sequence[Row]) -> str:
    """Return every wrong outcome and first cause, then the verdicts of what is borderline."""
    between = [row for row in keras if not row["truth"]]
    said = [
        f"- {row['case']}, seed {row['seed']}: {_say(row)} ({row['why']})" for row in between
    ] or ["None."]
    return "\n".join([page.calls(keras), "", "### Borderline", "", *said])


def _training(runs: Sequence[Row]) -> str:
    loops = Counter(row["engine"].get("loop", "not recorded") for row in runs)
    why = Counter(
        row["engine"].get("why", "") for row in runs if row["engine"].get("loop") == "fit"
    )
    shares = sorted(share for row in runs if (share := row["recording"].get("share")) is not None)
    lines = [
        "## Training and recording",
        "",
        "Loops: " + ", ".join(f"{loop} {count}" for loop, count in loops.most_common()) + ".",
    ]
    lines += [f"Plain fit, because {reason}: {count} runs." for reason, count in why.items()]
    if shares:
        lines.append(
            f"Recording took {median(shares):.1%} of the training's time in the median, "
            f"{shares[int(0.9 * (len(shares) - 1))]:.1%} at nine in ten, {shares[-1]:.1%} at most."
        )
    return "\n".join(lines)


def _problems(problems: Mapping[str, str]) -> str:
    if not problems:
        return ""
    lines = [f"- {place}: {problem}" for place, problem in problems.items()]
    return "\n".join(["## Not trained", "", *lines])
