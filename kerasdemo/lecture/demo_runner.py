"""A demo from its name to what it shows: train what it trains, calculate what it calculates."""

import hashlib
import json
import math
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdemo.comparison.claims import Finding
from kerasdemo.comparison.comparison import (
    Interval,
    examples_of,
    is_accuracy,
    metric_interval,
    value_of,
)
from kerasdemo.lecture import shipped
from kerasdemo.lecture.demo import Calculation, ClaimResult, Demo, DemoContext, DemoOutput
from kerasdemo.lecture.demos import experiment_plot
from kerasdemo.records import Run, read
from kerasdemo.records.index import Summary
from kerasdemo.sweeps import estimate
from kerasdemo.sweeps.expansion import RunSpec, expand
from kerasdemo.sweeps.experiment import Experiment, load
from kerasdemo.sweeps.sweep import Swept, sweep

if TYPE_CHECKING:
    from rich.console import Console

# From three seeds on a claim is decided; of what takes longer, one gives a first look.
SMALL_SECONDS, SMALL_SEEDS, LOOK = 120, (0, 1, 2), (0,)
VERSIONS = ("kerasdemo", "keras", "tensorflow", "numpy")
METRICS = {
    "accuracy": "training accuracy",
    "val_accuracy": "validation accuracy",
    "test_accuracy": "test accuracy",
    "loss": "training loss",
    "val_loss": "validation loss",
    "test_loss": "test loss",
    "epoch_seconds": "seconds of training an epoch",
    "seconds": "seconds of the whole run",
}


@dataclass(frozen=True)
class DemoResult:
    """A demo that was played; all but the figures is what its page is made from.

    sources: the data that its runs were trained on. seconds: what runs and calculations took, by
    the clock; of runs that were answered from disk, what they took then. asked: a digest of its
    experiment.
    """

    demo: Demo
    seeds: tuple[int, ...]
    shown: DemoOutput
    seconds: float
    sources: tuple[str, ...] = ()
    asked: str = ""
    question: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values: what the demo's record holds."""
        return {
            "demo": asdict(self.demo),
            "question": self.question,
            "seeds": list(self.seeds),
            "seconds": round(self.seconds, 1),
            "sources": list(self.sources),
            "asked": self.asked,
            "versions": {name: metadata.version(name) for name in VERSIONS},
            "lines": list(self.shown.lines),
            "checked": [asdict(one) for one in self.shown.checked],
            "figures": [f"{name}.png" for name in self.shown.figures],
        }


def run_demo(
    demo: Demo,
    results: Path,
    seeds: Sequence[int] = (0,),
    overrides: Sequence[str] = (),
    console: "Console | None" = None,
) -> DemoResult:
    """Play a demo; its runs lie in `results`, and what is there is not trained again.

    Args:
        overrides: for the configs of its experiment, as `--set` has them.

    Raises:
        InputError: for every fault of the experiment or its data.
    """
    began = time.perf_counter()
    context, trained = DemoContext(tuple(seeds)), None
    if demo.experiment is not None:
        file = shipped.experiment(demo.experiment)
        trained = sweep(file, results, overrides, seeds=seeds, console=console)
        planned = expand(trained.experiment, overrides)
        trained = _in_order(trained, planned)
        context = DemoContext(tuple(seeds), _runs(trained))
    shown = DemoOutput()
    if trained is not None and demo.experiment == f"{demo.part}/{demo.name}":
        shown = of_experiment(demo.name, trained, context.runs)
    if demo.calculation is not None:
        shown = _both(shown, _calculation(demo.calculation)(context))
    seconds = time.perf_counter() - began
    if trained is None:
        return DemoResult(demo, tuple(seeds), shown, seconds)
    seconds += _by_the_clock(
        read(one.summary.path).facts
        for _, one in trained.outcomes
        if one.answered and one.summary is not None
    )
    sources = sorted(
        {run.facts["data"]["source"] for runs in context.runs.values() for run in runs}
    )
    question = trained.experiment.question
    asked = _digest(trained.experiment, planned)
    return DemoResult(demo, tuple(seeds), shown, seconds, tuple(sources), asked, question)


def seconds_needed(demo: Demo, seeds: Sequence[int] = (0,), overrides: Sequence[str] = ()) -> float:
    """Return about how long a demo's training takes on this machine, with nothing on disk yet."""
    if demo.experiment is None:
        return 0.0
    _, planned = _expanded(demo.experiment, seeds, overrides)
    return estimate.seconds(planned, [None] * len(planned), estimate.usual_workers(planned))


def usual_seeds(demo: Demo, overrides: Sequence[str] = ()) -> tuple[int, ...]:
    """Return three seeds for a demo that takes two minutes at most with them, else one."""
    few = seconds_needed(demo, SMALL_SEEDS, overrides) <= SMALL_SECONDS
    return SMALL_SEEDS if few else LOOK


def _in_order(swept: Swept, planned: Sequence[RunSpec]) -> Swept:
    """Return the outcomes in the experiment's order, not in that in which they came."""
    labels = list(dict.fromkeys(one.label for one in planned))
    outcomes = sorted(swept.outcomes, key=lambda pair: labels.index(pair[0].label))
    return replace(swept, outcomes=tuple(outcomes))


def digest(demo: Demo, seeds: Sequence[int], overrides: Sequence[str] = ()) -> str:
    """Return a digest of everything that a demo's experiment asks and claims."""
    if demo.experiment is None:
        return ""
    experiment, planned = _expanded(demo.experiment, seeds, overrides)
    return _digest(experiment, planned)


def _expanded(
    name: str, seeds: Sequence[int], overrides: Sequence[str]
) -> tuple[Experiment, tuple[RunSpec, ...]]:
    experiment = load(shipped.experiment(name)).model_copy(update={"seeds": tuple(seeds)})
    return experiment, tuple(expand(experiment, overrides))


def _digest(experiment: Experiment, planned: Sequence[RunSpec]) -> str:
    asked = {
        "question": experiment.question,
        "claims": [claim.model_dump(mode="json") for claim in experiment.claims],
        "runs": [one.config.model_dump(mode="json") for one in planned],
    }
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:12]


def of_experiment(name: str, swept: Swept, runs: Mapping[str, Sequence[Run]]) -> DemoOutput:
    """Return what an experiment shows by itself: a line a network, its claims, its picture."""
    planned = [one for one, _ in swept.outcomes]
    labels = dict.fromkeys(one.label for one in planned)
    every = {label: runs.get(label, ()) for label in labels}
    drawn = experiment_plot.learning_and_ends(
        every, planned, swept.experiment.claims, swept.experiment.question
    )
    checked = tuple(_checked(finding) for finding in swept.findings)
    return DemoOutput(tuple(_table(swept)), checked, {name: drawn})


def _by_the_clock(facts: Iterable[Mapping[str, Any]]) -> float:
    """Return for how many seconds at least one run was going: workers train side by side."""
    took, until = 0.0, -math.inf
    timed = [one for one in facts if one.get("ended") and one.get("seconds")]
    ends = [(datetime.fromisoformat(one["ended"]).timestamp(), one["seconds"]) for one in timed]
    for start, end in sorted((end - seconds, end) for end, seconds in ends):
        took += max(0.0, end - max(start, until))
        until = max(until, end)
    return took


def _checked(finding: Finding) -> ClaimResult:
    claim, lecturer = finding.claim, finding.claim.lecturer
    told = f"{lecturer:g} %" if isinstance(lecturer, int | float) else lecturer or ""
    return ClaimResult(
        claim.says, told, _measured(finding), finding.outcome, claim.rows, claim.note or ""
    )


def _measured(finding: Finding) -> str:
    """Return the numbers behind a finding; accuracies in percent, as the lecture has them."""
    metric, told = finding.claim.metric, METRICS.get(finding.claim.metric, finding.claim.metric)
    scale, unit = (100, " %") if is_accuracy(metric) else (1, "")
    if finding.value is None or not finding.value.n:
        return finding.evidence
    value = finding.value.scaled(scale)
    if finding.sides:
        first, second = (f"{scale * side.mean:.4g}{unit}" for side in finding.sides)
        points = " points" if unit else ""
        by = finding.claim.by
        claimed = f", more than {scale * by:g}{points} claimed" if by else ""
        more = finding.evidence.split(" seeds", 1)[1]
        return f"{told} {first} against {second}: {value:+}{points}{claimed}{more}"
    verdicts = f"; {finding.evidence.split(';')[0]}" if finding.claim.verdict else ""
    least, most = finding.claim.between or (math.nan, math.nan)
    bounds = f", claimed {scale * least:g} to {scale * most:g}{unit}" if least == least else ""
    return f"{told} {value}{unit}{bounds}{verdicts}"


def _runs(swept: Swept) -> dict[str, tuple[Run, ...]]:
    found: dict[str, list[Run]] = {}
    for planned, outcome in swept.outcomes:
        if outcome.summary is not None and outcome.summary.status == "finished":
            found.setdefault(planned.label, []).append(read(outcome.summary.path))
    return {
        label: tuple(sorted(runs, key=lambda run: run.config.seed)) for label, runs in found.items()
    }


def _table(swept: Swept) -> list[str]:
    """Return a line for each network: accuracies in percent over the seeds, verdicts, time."""
    groups: dict[str, list[Summary]] = {}
    planned = dict.fromkeys(one.label for one, _ in swept.outcomes)
    for one, outcome in swept.outcomes:
        if outcome.summary is not None:
            groups.setdefault(one.label, []).append(outcome.summary)
    head = {"train %": "accuracy", "test %": "test_accuracy", "s an epoch": "epoch_seconds"}
    rows = [("network", *head, "seconds", "verdict")]
    for label in planned:
        runs = groups.get(label, [])
        percent = (_percent(runs, metric) for metric in ("accuracy", "test_accuracy"))
        epoch, whole = (_mean(runs, metric) for metric in ("epoch_seconds", "seconds"))
        once = "*" if epoch != "-" and any(run.epochs == 1 for run in runs) else ""
        rows.append((label, *percent, epoch + once, whole, _verdicts(runs)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
    marked = any(row[3].endswith("*") for row in rows)
    return [*lines, "* a single epoch, compiling included"] if marked else lines


def _percent(runs: Sequence[Summary], metric: str) -> str:
    found = _of_metric(runs, metric).scaled(100)
    spread = f" [{found.low:.1f}, {found.high:.1f}]" if math.isfinite(found.low) else ""
    return f"{found.mean:.1f}{spread}" if found.n else "-"


def _mean(runs: Sequence[Summary], metric: str) -> str:
    found = _of_metric(runs, metric)
    return f"{found.mean:.3g}" if found.n else "-"


def _of_metric(runs: Sequence[Summary], metric: str) -> Interval:
    values = [value_of(run, metric) for run in runs]
    counts = [examples_of(run.examples, metric) for run in runs]
    fewest = min((count for count in counts if count), default=None)
    return metric_interval([v for v in values if math.isfinite(v)], metric, fewest)


def _verdicts(runs: Sequence[Summary]) -> str:
    counts = Counter(sorted(run.title or run.status for run in runs))
    return "; ".join(
        f"{verdict.replace('_', ' ')}{f' {n}' if len(counts) > 1 else ''}"
        for verdict, n in counts.items()
    )


def _calculation(place: str) -> Calculation:
    module, _, name = place.partition(":")
    found: Calculation = getattr(import_module(f"kerasdemo.lecture.demos.{module}"), name)
    return found


def _both(first: DemoOutput, second: DemoOutput) -> DemoOutput:
    return DemoOutput(
        (*first.lines, *second.lines),
        (*first.checked, *second.checked),
        # What was made for the demo says more than the general pictures do.
        {**second.figures, **first.figures},
    )
