"""What following the recipe was, in words, as rows of a picture, and as plain values."""

import math
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kerasdemo.comparison.statistics import FEWEST_SEEDS, Interval
from kerasdemo.display.tuning_plots import Row

if TYPE_CHECKING:
    from kerasdemo.tuning.recipe import Step, Trial, TuneResult, Tuning

METRICS = {
    "accuracy": "training accuracy",
    "val_accuracy": "validation accuracy",
    "test_accuracy": "test accuracy",
}
# With one or two seeds there is no spread to go by: a plain gain counts from here on, and beyond
# the chance of which examples were measured. It is also how much a mended run may cost at most.
MARGIN = 0.01
ON_THE_TEST_SET = (
    "A test mismatch is seen on the test set alone: what was kept was chosen by it, so that the "
    "final test accuracy is a little too good."
)


def words(outcome: str) -> str:
    """Return an outcome in words."""
    return outcome.replace("_", " ")


def label(patch: Mapping[str, Any]) -> str:
    """Return a patch as a person would say it: `optimizer=adam, activation=relu`."""
    return ", ".join(f"{_short(key)}={_word(value)}" for key, value in patch.items())


def _short(key: str) -> str:
    parts = key.split(".")
    return key if len(parts) > 1 and any(part.isdigit() for part in parts) else parts[-1]


def _word(value: Any) -> str:
    if isinstance(value, dict):
        return str(value.get("name", "on"))
    if isinstance(value, list) and any(isinstance(item, dict) for item in value):
        return "+".join(str(item.get("type")) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def points(difference: Interval) -> str:
    """Return a difference of accuracies in points, with its 95 % interval."""
    mean, low, high = (100 * n for n in (difference.mean, difference.low, difference.high))
    return f"{mean:+.1f} points" + (f" [{low:+.1f}, {high:+.1f}]" if math.isfinite(low) else "")


def summary(trial: "Trial") -> str:
    """Return outcome and accuracies of a trial in a line."""
    means = {name: trial.mean(name) for name in METRICS}
    told = [
        f"{METRICS[name].removesuffix(' accuracy')} {_percent(mean)}"
        for name, mean in means.items()
        if mean.n
    ]
    return f"{trial.verdict.title.upper()}  {', '.join(told) or 'no result'}"


def _percent(mean: Interval) -> str:
    low, high = 100 * mean.low, 100 * mean.high
    ends = f" [{low:.1f}, {high:.1f}]" if math.isfinite(low) else ""
    return f"{100 * mean.mean:.1f}{ends} %"


def tree(followed: "TuneResult") -> list[str]:
    """Return what was tried as a tree: what was kept goes on one level further in."""
    tuning = followed.tuning
    seeds = [run.config.seed for run in tuning.start.runs]
    told = f"seed{'s' * (len(seeds) > 1)} " + ", ".join(map(str, seeds))
    if len(seeds) < FEWEST_SEEDS:
        told += f" alone: a gain counts from {100 * MARGIN:g} point on"
    lines = [
        f"{tuning.start.config.name}, {told}",
        summary(tuning.start),
        *_branches(tuning),
        f"end: {followed.end}, after {tuning.runs} run{'s' * (tuning.runs > 1)}",
    ]
    if stand_in(tuning):
        lines.append(stand_in(tuning))
    if tuning.final_metric == "test_accuracy" and len(tuning.steps):
        lines.append(ON_THE_TEST_SET)
    return lines


def stand_in(tuning: "Tuning") -> str:
    """Say that the data was not the one asked for, or nothing."""
    run = tuning.start.runs[0]
    warned = (run.facts.get("data") or {}).get("warning")
    return f"NOT {run.config.data.name.upper()}: the bundled sample stands in" if warned else ""


def _branches(tuning: "Tuning") -> Iterator[str]:
    indent = ""
    for number, step in enumerate(tuning.steps):
        last = step.kept or number == len(tuning.steps) - 1
        yield f"{indent}{'└─' if last else '├─'} {_told(step)}"
        if step.kept and step.trial is not None:
            indent += "   "
            yield f"{indent}{summary(step.trial)}"


def _told(step: "Step") -> str:
    word = "kept" if step.kept else "dropped"
    return f"{word}: {label(step.remedy.patch)} (for {words(step.remedy.answers)}): {step.why}"


def rows(tuning: "Tuning") -> list[Row]:
    """Return what the picture has rows for: the start and every step with a result."""
    found = [_row("start", True, tuning.start)]
    found += [
        _row(label(step.remedy.patch), step.kept, step.trial)
        for step in tuning.steps
        if step.trial is not None
    ]
    return found


def _row(text: str, kept: bool, trial: "Trial") -> Row:
    values = {name: tuple(trial.by_seed(name).values()) for name in METRICS}
    examples = {name: trial.examples(name) for name in METRICS}
    return Row(text, kept, trial.outcome, values, examples, trial.verdict.caution)


def as_json(followed: "TuneResult") -> dict[str, Any]:
    """Return the whole path as plain values."""
    tuning = followed.tuning
    return {
        "folder": str(followed.folder),
        "config": str(followed.config_file),
        "plot": str(followed.plot_file),
        "end": followed.end,
        "runs": tuning.runs,
        "final_metric": tuning.final_metric,
        "start": _trial(tuning.start),
        "steps": [_step(step) for step in tuning.steps],
        "final": _trial(tuning.current),
    }


def _step(step: "Step") -> dict[str, Any]:
    return {
        "patch": dict(step.remedy.patch),
        "reason": step.remedy.reason,
        "answers": step.remedy.answers,
        "kept": step.kept,
        "why": step.why,
        "gains": {name: _interval(gain.difference) for name, gain in step.judgement.gains.items()},
        "trial": None if step.trial is None else _trial(step.trial),
    }


def _trial(trial: "Trial") -> dict[str, Any]:
    return {
        "outcome": trial.outcome,
        "caution": trial.verdict.caution,
        "runs": [run.id for run in trial.runs],
        "seeds": [run.config.seed for run in trial.runs],
        **{name: _interval(trial.mean(name)) for name in METRICS},
    }


def _interval(found: Interval) -> dict[str, float | int]:
    return {"mean": found.mean, "low": found.low, "high": found.high, "n": found.n}
