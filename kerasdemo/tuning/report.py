"""A tuning in words, as rows of a picture, and as plain values."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from kerasdemo.comparison.statistics import FEWEST_SEEDS, Interval
from kerasdemo.display.tuning_plots import Row
from kerasdemo.tuning.steps import MARGIN, METRICS, Candidate, TuneResult, Tuning

ON_THE_TEST_SET = "Changes were chosen by {0}: the final {0} is slightly optimistic."


def describe_patch(patch: Mapping[str, object]) -> str:
    """Return a patch in short: `optimizer=adam, activation=relu`."""
    texts = []
    for key, value in patch.items():
        parts = key.split(".")
        # Of a layer in a list, its number must not get lost.
        name = key if any(part.isdigit() for part in parts) else parts[-1]
        if isinstance(value, dict):
            text = str(value.get("name", "on"))
        elif isinstance(value, list) and any(isinstance(item, dict) for item in value):
            text = "+".join(str(item.get("type")) for item in value)
        else:
            text = f"{value:g}" if isinstance(value, float) else str(value)
        texts.append(f"{name}={text}")
    return ", ".join(texts)


def describe_points(difference: Interval) -> str:
    """Return a difference of scores in points, hundredths, with its 95 % interval."""
    mean, low, high = (100 * n for n in (difference.mean, difference.low, difference.high))
    return f"{mean:+.1f} points" + (f" [{low:+.1f}, {high:+.1f}]" if math.isfinite(low) else "")


def describe_candidate(candidate: Candidate) -> str:
    """Return the outcome and the scores of a candidate in one line; R² in percent of variance."""
    texts = []
    for metric in candidate.metrics:
        name, mean = METRICS[metric], candidate.mean(metric)
        if mean.n:
            low, high = 100 * mean.low, 100 * mean.high
            ends = f" [{low:.1f}, {high:.1f}]" if math.isfinite(low) else ""
            texts.append(f"{name.removesuffix(' accuracy')} {100 * mean.mean:.1f}{ends} %")
    return f"{candidate.verdict.title.upper()}  {', '.join(texts) or 'no result'}"


def describe_tuning(result: TuneResult) -> list[str]:
    """Return the steps as a tree, a line each: what follows a kept step is one level further in."""
    tuning = result.tuning
    seeds = [run.setup.seed for run in tuning.start.runs]
    text = f"seed{'s' * (len(seeds) > 1)} " + ", ".join(map(str, seeds))
    if len(seeds) < FEWEST_SEEDS:
        text += f" only: gains below {100 * MARGIN:g} point don't count"
    lines = [f"{tuning.start.config.name}, {text}", describe_candidate(tuning.start)]
    indent = ""
    for number, step in enumerate(tuning.steps):
        is_last = step.is_kept or number == len(tuning.steps) - 1
        problem = step.remedy.answers.replace("_", " ")
        lines.append(
            f"{indent}{'└─' if is_last else '├─'} {'kept' if step.is_kept else 'dropped'}: "
            f"{describe_patch(step.remedy.patch)} (for {problem}): {step.decision.reason}"
        )
        if step.is_kept and step.candidate is not None:
            indent += "   "
            lines.append(f"{indent}{describe_candidate(step.candidate)}")
    lines.append(f"end: {result.end}, after {tuning.runs} run{'s' * (tuning.runs > 1)}")
    if note := data_note(tuning):
        lines.append(note)
    if tuning.final_metric.startswith("test_") and tuning.steps:
        lines.append(ON_THE_TEST_SET.format(METRICS[tuning.final_metric]))
    return lines


def data_note(tuning: Tuning) -> str:
    """Return that the data was not what the config names, or ""."""
    run = tuning.start.runs[0]
    has_warning = (run.facts.get("data") or {}).get("warning")
    name = run.yaml_config.data.name.upper()
    return f"NOT {name}: the bundled sample replaces it" if has_warning else ""


def plot_rows(tuning: Tuning) -> list[Row]:
    """Return the rows of the picture: the start and every step with runs."""
    tried = [("start", True, tuning.start)]
    tried += [
        (describe_patch(step.remedy.patch), step.is_kept, step.candidate)
        for step in tuning.steps
        if step.candidate is not None
    ]
    return [
        Row(
            text,
            is_kept,
            candidate.outcome,
            {metric: tuple(candidate.by_seed(metric).values()) for metric in candidate.metrics},
            {metric: candidate.examples(metric) for metric in candidate.metrics},
            candidate.verdict.caution,
        )
        for text, is_kept, candidate in tried
    ]


def as_dict(result: TuneResult) -> dict[str, Any]:
    """Return plain values: the content of tune.json."""
    tuning = result.tuning
    return {
        "folder": str(result.folder),
        "config": str(result.config_file),
        "plot": str(result.plot_file),
        "end": result.end,
        "runs": tuning.runs,
        "final_metric": tuning.final_metric,
        "start": _candidate(tuning.start),
        "steps": [
            {
                "patch": dict(step.remedy.patch),
                "reason": step.remedy.reason,
                "answers": step.remedy.answers,
                "kept": step.is_kept,
                "why": step.decision.reason,
                "gains": {
                    metric: asdict(gain.difference) for metric, gain in step.decision.gains.items()
                },
                "trial": None if step.candidate is None else _candidate(step.candidate),
            }
            for step in tuning.steps
        ],
        "final": _candidate(tuning.current),
    }


def _candidate(candidate: Candidate) -> dict[str, Any]:
    return {
        "outcome": candidate.outcome,
        "caution": candidate.verdict.caution,
        "runs": [run.id for run in candidate.runs],
        "seeds": [run.setup.seed for run in candidate.runs],
        **{metric: asdict(candidate.mean(metric)) for metric in candidate.metrics},
    }
