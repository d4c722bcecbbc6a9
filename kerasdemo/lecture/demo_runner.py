"""From a demo's name to what it shows: train its experiment, run its calculation."""

import hashlib
import json
import math
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdemo.comparison.claims import ClaimCheck
from kerasdemo.comparison.groups import Group
from kerasdemo.comparison.metrics import is_accuracy
from kerasdemo.display import tables
from kerasdemo.display.sentences import describe_evidence
from kerasdemo.display.style import style
from kerasdemo.lecture import shipped
from kerasdemo.lecture.demo import Calculation, ClaimResult, Demo, DemoContext, DemoOutput
from kerasdemo.lecture.demos import experiment_plot
from kerasdemo.records import Run, Summary, read
from kerasdemo.sweeps import estimate
from kerasdemo.sweeps.expansion import RunSpec, expand
from kerasdemo.sweeps.experiment import Experiment, load
from kerasdemo.sweeps.sweep import SweepResult, sweep

if TYPE_CHECKING:
    from rich.console import Console

# Claims are decided from three seeds on; a demo that takes longer gets one seed for a first look.
SHORT_SECONDS, SHORT_SEEDS, FIRST_LOOK = 120, (0, 1, 2), (0,)
VERSIONS = ("kerasdemo", "keras", "tensorflow", "numpy")
# Of an experiment's table: header -> metric.
COLUMNS = {
    "train %": "accuracy",
    "test %": "test_accuracy",
    "s an epoch": "epoch_seconds",
    "seconds": "seconds",
}


@dataclass(frozen=True)
class DemoResult:
    """A demo that was run: all but the figures goes into the record that its page is made from.

    Args:
        demo: which one.
        seeds: of its runs and its calculation.
        output: what it shows.
        seconds: wall-clock time of its runs and its calculation; of runs that were on disk already,
            the time that they took when they were trained.
        sources: names of the data sets that its runs were trained on.
        digest: of its experiment (see `digest`), "" where it has none.
        question: of its experiment.
    """

    demo: Demo
    seeds: tuple[int, ...]
    output: DemoOutput
    seconds: float
    sources: tuple[str, ...] = ()
    digest: str = ""
    question: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return plain values: the demo's record."""
        return {
            "demo": asdict(self.demo),
            "question": self.question,
            "seeds": list(self.seeds),
            "seconds": round(self.seconds, 1),
            "sources": list(self.sources),
            "digest": self.digest,
            "versions": {name: metadata.version(name) for name in VERSIONS},
            "lines": list(self.output.lines),
            "claims": [asdict(claim) for claim in self.output.claims],
            "figures": [f"{name}.png" for name in self.output.figures],
        }


def run_demo(
    demo: Demo,
    results: Path,
    seeds: Sequence[int] = (0,),
    overrides: Sequence[str] = (),
    console: "Console | None" = None,
    workers: int | None = None,
) -> DemoResult:
    """Run a demo: train what its experiment trains, then calculate what it calculates.

    Args:
        demo: one of the catalogue.
        results: folder for its runs; finished runs in it are reused.
        seeds: in place of the experiment's seeds.
        overrides: for the configs of its experiment, written as for `--set`.
        console: where progress is shown; None shows none.
        workers: number of processes that train; 0: this process; None: as many as are fastest here.

    Returns:
        Lines, claims and figures of the experiment first, those of the calculation behind them.

    Raises:
        InputError: for every fault of the experiment or its data.
    """
    start = time.perf_counter()
    context, output = DemoContext(tuple(seeds)), DemoOutput()
    seconds, sources, question = 0.0, set[str](), ""
    if demo.experiment is not None:
        experiment = load(shipped.experiment(demo.experiment))
        swept = sweep(experiment, results, overrides, seeds=seeds, workers=workers, console=console)
        labels = list(dict.fromkeys(spec.label for spec in expand(swept.experiment, overrides)))
        runs: dict[str, list[Run]] = {label: [] for label in labels}
        reused = []
        for spec, outcome in sorted(swept.outcomes, key=lambda pair: pair[0].seed):
            if outcome.summary is not None and outcome.summary.status == "finished":
                runs[spec.label].append(read(outcome.summary.path))
            if outcome.summary is not None and outcome.is_reused:
                reused.append(read(outcome.summary.path))
        finished = {label: tuple(by_seed) for label, by_seed in runs.items() if by_seed}
        context = replace(context, runs=finished)
        sources = {run.facts["data"]["source"] for by_seed in finished.values() for run in by_seed}
        seconds, question = _wall_clock(reused), swept.experiment.question
        if demo.experiment == f"{demo.part}/{demo.name}":
            output = _experiment_output(demo.name, swept, runs)
    if demo.calculation is not None:
        module, _, name = demo.calculation.partition(":")
        calculation: Calculation = getattr(import_module(f"kerasdemo.lecture.demos.{module}"), name)
        with style():
            calculated = calculation(context)
        output = DemoOutput(
            (*output.lines, *calculated.lines),
            (*output.claims, *calculated.claims),
            # A figure that was made for the demo comes before the general one.
            {**calculated.figures, **output.figures},
        )
    seconds += time.perf_counter() - start
    key = digest(demo, seeds, overrides)
    return DemoResult(demo, tuple(seeds), output, seconds, tuple(sorted(sources)), key, question)


def seconds_needed(demo: Demo, seeds: Sequence[int] = (0,), overrides: Sequence[str] = ()) -> float:
    """Return roughly how many seconds a demo trains on this machine, with nothing on disk yet."""
    if demo.experiment is None:
        return 0.0
    _, specs = _expand(demo.experiment, seeds, overrides)
    return estimate.seconds(specs, [None] * len(specs), estimate.usual_workers(specs))


def usual_seeds(demo: Demo, overrides: Sequence[str] = ()) -> tuple[int, ...]:
    """Return three seeds for a demo that takes two minutes at most with them, else one."""
    is_short = seconds_needed(demo, SHORT_SEEDS, overrides) <= SHORT_SECONDS
    return SHORT_SEEDS if is_short else FIRST_LOOK


def digest(demo: Demo, seeds: Sequence[int], overrides: Sequence[str] = ()) -> str:
    """Return a digest of the question, claims and configs of a demo's experiment, or ""."""
    if demo.experiment is None:
        return ""
    experiment, specs = _expand(demo.experiment, seeds, overrides)
    content = {
        "question": experiment.question,
        "claims": [claim.model_dump(mode="json") for claim in experiment.claims],
        "runs": [spec.config.model_dump(mode="json") for spec in specs],
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:12]


def _expand(
    name: str, seeds: Sequence[int], overrides: Sequence[str]
) -> tuple[Experiment, list[RunSpec]]:
    experiment = load(shipped.experiment(name)).model_copy(update={"seeds": tuple(seeds)})
    return experiment, expand(experiment, overrides)


def _wall_clock(runs: Sequence[Run]) -> float:
    """Return for how many seconds at least one of the runs was in training: they overlap."""
    seconds, covered = 0.0, -math.inf
    facts = [run.facts for run in runs if run.facts.get("ended") and run.facts.get("seconds")]
    ends = [(datetime.fromisoformat(one["ended"]).timestamp(), one["seconds"]) for one in facts]
    for start, end in sorted((end - duration, end) for end, duration in ends):
        seconds += max(0.0, end - max(start, covered))
        covered = max(covered, end)
    return seconds


def _experiment_output(
    name: str, swept: SweepResult, runs: Mapping[str, Sequence[Run]]
) -> DemoOutput:
    """Return what an experiment shows: a line for each network, its claims, its figure.

    Args:
        runs: label -> finished runs by seed, in the experiment's order.
    """
    experiment, specs = swept.experiment, [spec for spec, _ in swept.outcomes]
    drawn = experiment_plot.learning_and_ends(runs, specs, experiment.claims, experiment.question)
    claims = tuple(_claim_result(check) for check in swept.claims)
    return DemoOutput(tuple(_table(swept, list(runs))), claims, {name: drawn})


def _table(swept: SweepResult, labels: Sequence[str]) -> list[str]:
    """Return a line for each network: accuracies in percent over the seeds, time, verdicts."""
    summaries: dict[str, list[Summary]] = {label: [] for label in labels}
    for spec, outcome in swept.outcomes:
        if outcome.summary is not None:
            summaries[spec.label].append(outcome.summary)
    rows = []
    for label, group in summaries.items():
        row = {"network": label}
        for column, metric in COLUMNS.items():
            mean = Group(label, {}, tuple(group), metric).interval
            if not mean.n:
                row[column] = "-"
            elif is_accuracy(metric):
                has_ends = math.isfinite(mean.low)
                ends = f" [{100 * mean.low:.1f}, {100 * mean.high:.1f}]" if has_ends else ""
                row[column] = f"{100 * mean.mean:.1f}{ends}"
            else:
                is_single = metric == "epoch_seconds" and any(run.epochs == 1 for run in group)
                row[column] = f"{mean.mean:.3g}{'*' if is_single else ''}"
        counts = Counter(sorted((run.title or run.status).replace("_", " ") for run in group))
        verdicts = [f"{title} {n}" if len(counts) > 1 else title for title, n in counts.items()]
        rows.append(row | {"verdict": "; ".join(verdicts)})
    lines = tables.render(rows).split("\n")
    is_marked = any(row["s an epoch"].endswith("*") for row in rows)
    return [*lines, "* a single epoch, with compilation"] if is_marked else lines


def _claim_result(check: ClaimCheck) -> ClaimResult:
    claim, reference = check.claim, check.claim.reference
    text = f"{reference:g} %" if isinstance(reference, int | float) else reference or ""
    measured = describe_evidence(check, percent=True)
    return ClaimResult(claim.statement, text, measured, check.status, claim.rows, claim.note or "")
