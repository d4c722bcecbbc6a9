"""The lecture's recipe acting on its own: train, diagnose, try a remedy, keep it where it helps.

`tune` decides from runs alone and trains nothing itself, so that runs written by hand test it.
Every run lies in an ordinary run folder: a recipe that was cut off finds the answers of its first
steps on disk and goes on behind them.
"""

import math
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdemo.comparison.statistics import (
    FEWEST_SEEDS,
    NORMAL_QUANTILE,
    Interval,
    PairedDifference,
    interval,
    metric_interval,
    paired_difference,
)
from kerasdemo.config import Fault, InputError, RunConfig
from kerasdemo.config.changes import as_yaml, patched
from kerasdemo.diagnosis import Verdict, diagnose
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.display import tuning_plots
from kerasdemo.display.sentences import describe_needs
from kerasdemo.records import Run, files
from kerasdemo.records.verdict import OUTCOMES, Outcome, Remedy
from kerasdemo.sweeps.run_store import prepare
from kerasdemo.tuning import report

if TYPE_CHECKING:
    from rich.console import Console

MOST_RUNS = 30
PART_OF = {"accuracy": "train", "val_accuracy": "validation", "test_accuracy": "test"}
TRAINING = ("diverged", "optimization_failure", "cannot_tell")


@dataclass(frozen=True)
class Trial:
    """One config and its run for each seed."""

    config: RunConfig
    runs: tuple[Run, ...]

    @cached_property
    def verdicts(self) -> tuple[Verdict, ...]:
        """One for each run."""
        return tuple(diagnose(run) for run in self.runs)

    @cached_property
    def outcome(self) -> Outcome:
        """Healthy where every seed is; else the most frequent fault, of equals the gravest."""
        bad = Counter(v.outcome for v in self.verdicts if not v.is_healthy)
        return min(bad, key=lambda o: (-bad[o], OUTCOMES.index(o)), default="healthy")

    @property
    def verdict(self) -> Verdict:
        """The verdict of the first seed with that outcome, if there is one then with a caution."""
        found = [v for v in self.verdicts if v.outcome == self.outcome]
        return next((v for v in found if v.caution), found[0])

    @property
    def remedies(self) -> list[Remedy]:
        """What is offered for that outcome: the first seed's remedies first."""
        found: list[Remedy] = []
        for verdict in self.verdicts:
            if verdict.outcome == self.outcome:
                patches = [remedy.patch for remedy in found]
                found += [remedy for remedy in verdict.remedies if remedy.patch not in patches]
        return found

    def by_seed(self, metric: str) -> dict[int, float]:
        """Return seed -> value at the weights that were kept; without runs that diverged."""
        values = {
            run.config.seed: getattr(RunFeatures(run), metric)
            for run in self.runs
            if run.status == "finished"
        }
        return {seed: value for seed, value in values.items() if value is not None}

    def mean(self, metric: str) -> Interval:
        """Return a metric's mean over seeds."""
        return metric_interval(list(self.by_seed(metric).values()), metric, self.examples(metric))

    def examples(self, metric: str) -> int | None:
        """Return how many examples a metric was measured on; the fewest, where runs differ."""
        counts = [RunFeatures(run).count(PART_OF[metric]) for run in self.runs]
        return min((int(count) for count in counts if count), default=None)

    @property
    def diverged(self) -> int:
        """How many runs ended in NaN or infinity."""
        return sum(run.status == "diverged" for run in self.runs)

    @property
    def failure(self) -> str | None:
        """Why a run failed, or None."""
        reasons = (str(r.facts.get("reason")) for r in self.runs if r.status == "failed")
        return next(reasons, None)


@dataclass(frozen=True)
class Judgement:
    """Whether a change is kept, and why. gains: metric -> after against before, by seed."""

    kept: bool
    why: str
    gains: Mapping[str, PairedDifference] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """A remedy that was tried. outcome: what it was to mend; trial: None where it was refused."""

    remedy: Remedy
    outcome: Outcome
    trial: Trial | None
    judgement: Judgement

    @property
    def kept(self) -> bool:
        """Whether the path goes on from here."""
        return self.judgement.kept

    @property
    def why(self) -> str:
        """Why it was kept or dropped."""
        return self.judgement.why


@dataclass(frozen=True)
class Tuning:
    """A path so far: where it started, and what was tried in order."""

    start: Trial
    steps: tuple[Step, ...] = ()

    @property
    def path(self) -> list[Trial]:
        """The start and what was kept."""
        return [self.start, *(s.trial for s in self.steps if s.kept and s.trial is not None)]

    @property
    def current(self) -> Trial:
        """What was kept last."""
        return self.path[-1]

    @property
    def final_metric(self) -> str:
        """Validation accuracy; where there is none or the test set is the fault, the test's."""
        mismatch = any(trial.outcome == "test_mismatch" for trial in self.path)
        validated = bool(self.start.by_seed("val_accuracy")) or self.start.config.data.validation
        return "test_accuracy" if mismatch or not validated else "val_accuracy"

    @property
    def goal(self) -> str:
        """The metric in which a remedy for what is wrong now must be seen."""
        return goal_of(self.current.outcome, self.final_metric)

    @property
    def runs(self) -> int:
        """How many runs there are, those answered from disk among them."""
        trials = [self.start, *(step.trial for step in self.steps if step.trial is not None)]
        return sum(len(trial.runs) for trial in trials)

    def next_remedy(self) -> Remedy | None:
        """Return the first remedy that makes a config not tried yet.

        Of the current verdict; then of the ones before it, but for what has been kept since.
        """
        if self.current.outcome == "healthy":
            return None
        tried = [self.start.config.settings]
        tried += [step.trial.config.settings for step in self.steps if step.trial is not None]
        refused = [step.remedy.patch for step in self.steps if step.trial is None]
        kept = [key for step in self.steps if step.kept for key in step.remedy.patch]
        offered = list(self.current.remedies)
        for trial in self.path[-2::-1]:
            offered += [remedy for remedy in trial.remedies if not _undoes(remedy, kept)]
        for remedy in offered:
            if remedy.patch not in refused and _settings(self.current, remedy) not in tried:
                return remedy
        return None

    def end(self, most_runs: int) -> str | None:
        """Say why the path ends here, or None where it goes on."""
        outcome = self.current.outcome
        if outcome == "healthy":
            return "healthy"
        if self.next_remedy() is None:
            offered = any(trial.remedies for trial in self.path)
            return "nothing helps" if offered else f"no remedy for {report.words(outcome)}"
        if self.runs + len(self.start.runs) > most_runs:
            return f"--max-runs {most_runs} is used up"
        return None


def _undoes(remedy: Remedy, kept: Sequence[str]) -> bool:
    """Whether a remedy sets what has been kept, a part of it, or the whole that it is part of."""
    return any(
        f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")
        for one in remedy.patch
        for other in kept
    )


def _settings(trial: Trial, remedy: Remedy) -> dict[str, Any] | None:
    try:
        return patched(trial.config, remedy.patch).settings
    except InputError:
        return None


def goal_of(outcome: Outcome, final_metric: str) -> str:
    """Return the metric in which a remedy for an outcome must be seen.

    The training set comes first: while that is bad, nothing else counts.
    """
    if outcome in TRAINING:
        return "accuracy"
    return "test_accuracy" if outcome == "test_mismatch" else final_metric


# Deciding.


def judge(before: Trial, after: Trial, final_metric: str) -> Judgement:
    """Say whether a change helped: in the goal that follows from what was wrong before.

    Kept is what is clearly better there over the seeds and not worse in the final metric; and what
    made every seed healthy at no more than `MARGIN` of the final metric.
    """
    goal = goal_of(before.outcome, final_metric)
    gains = {name: _against(after, before, name) for name in dict.fromkeys((goal, final_metric))}
    broke = _broke(before, after)
    if broke is not None:
        return Judgement(*broke, gains)
    told = "; ".join(f"{report.METRICS[name]} {_told(gain)}" for name, gain in gains.items())
    if _verdict(gains[final_metric], before, after, final_metric) == "worse":
        return Judgement(False, f"worse: {told}", gains)
    if _verdict(gains[goal], before, after, goal) == "better":
        return Judgement(True, told, gains)
    # Of the seeds alone: whether it costs something is asked on the same examples.
    cost = interval(gains[final_metric].by_seed)
    floor = cost.low if cost.n >= FEWEST_SEEDS else cost.mean
    if after.outcome == "healthy" and floor >= -report.MARGIN:
        return Judgement(True, f"healthy now, and no worse: {told}", gains)
    return Judgement(False, f"no clear gain: {told}", gains)


def _broke(before: Trial, after: Trial) -> tuple[bool, str] | None:
    """Judge runs without a result: failed, or diverged, more or fewer than before."""
    if after.failure is not None:
        return False, f"failed: {after.failure}"
    many = f"{after.diverged} of {len(after.runs)} runs diverge"
    if after.diverged > before.diverged:
        return False, many
    if after.diverged < before.diverged:
        return True, f"{many}, {before.diverged} did before"
    return (False, f"still {many}") if after.diverged == len(after.runs) else None


def _against(after: Trial, before: Trial, metric: str) -> PairedDifference:
    examples = after.examples(metric), before.examples(metric)
    return paired_difference(
        after.by_seed(metric), before.by_seed(metric), metric, examples=examples
    )


def _verdict(gain: PairedDifference, before: Trial, after: Trial, metric: str) -> str:
    """Return better, worse, or neither: by the interval, with one or two seeds by a margin."""
    if not 0 < gain.difference.n < FEWEST_SEEDS:
        return gain.decision
    errors = [
        RunFeatures(trial.runs[0]).error(trial.mean(metric).mean, PART_OF[metric])
        for trial in (before, after)
    ]
    margin = max(report.MARGIN, NORMAL_QUANTILE * math.hypot(*errors))
    mean = gain.difference.mean
    return "better" if mean > margin else "worse" if mean < -margin else "undecided"


def _told(gain: PairedDifference) -> str:
    """Return a gain in points with its interval."""
    d = gain.difference
    if d.n == 0:
        return "not measured"
    needs = describe_needs(d.n, gain.more_seeds or 0, gain.needs_examples)
    needs = needs if d.n >= FEWEST_SEEDS else ""
    return ", ".join(filter(None, (report.points(d), needs)))


# Doing.

Train = Callable[[RunConfig], Trial]
Tell = Callable[[str], None]


def tune(
    config: RunConfig, train: Train, most_runs: int = MOST_RUNS, tell: Tell = lambda _: None
) -> Tuning:
    """Follow the recipe from a config until it is healthy, nothing helps, or runs are used up.

    Args:
        config: where to start; its seed does not matter.
        train: makes the trial of a config, and may take its time.
        most_runs: trials are only begun where all their runs are within it.
        tell: is told in a line of what begins and what became of it.
    """
    tell(f"start: {config.name}")
    tuning = Tuning(train(config))
    tell(f"  {report.summary(tuning.start)}")
    while tuning.end(most_runs) is None:
        remedy = tuning.next_remedy()
        assert remedy is not None
        tell(f"step {len(tuning.steps) + 1}: {report.label(remedy.patch)} ({remedy.reason})")
        step = _step(tuning, remedy, train)
        tuning = replace(tuning, steps=(*tuning.steps, step))
        tell(f"  {'kept' if step.kept else 'dropped'}: {step.judgement.why}")
    return tuning


def _step(tuning: Tuning, remedy: Remedy, train: Train) -> Step:
    before = tuning.current
    try:
        trial = train(patched(before.config, remedy.patch))
    except InputError as error:
        refused = Judgement(False, f"refused: {error.faults[0].message}")
        return Step(remedy, before.outcome, None, refused)
    return Step(remedy, before.outcome, trial, judge(before, trial, tuning.final_metric))


@dataclass(frozen=True)
class TuneResult:
    """What following the recipe left: the path, why it ended, and its files."""

    tuning: Tuning
    end: str
    folder: Path
    config_file: Path
    plot_file: Path


def follow(
    config: RunConfig,
    results: Path,
    *,
    seeds: Sequence[int] = (),
    most_runs: int = MOST_RUNS,
    output: Path | None = None,
    console: "Console | None" = None,
) -> TuneResult:
    """Tune a config with ordinary runs in `results`/<its run's name>-tune, and write what came.

    Args:
        seeds: to train each config with; none: the config's own.
        output: the final YAML; left out: tuned.yaml in that folder.
        console: where progress is shown; left out: nowhere.

    Raises:
        InputError: where the config can't be run, or something can't be written.
    """
    from kerasdemo.training import runner

    seeds = tuple(seeds) or (config.seed,)
    if len(seeds) > most_runs:
        raise InputError(
            Fault(f"got {most_runs}; expected at least a run for each seed, {len(seeds)}",
                  "--max-runs")
        )  # fmt: skip
    if output is not None and (output.is_dir() or not os.access(output.parent, os.W_OK)):
        problem = "can't be written; expected a file in a folder of yours"
        raise InputError(Fault(problem, str(output)))
    first = patched(config, {"seed": seeds[0]})
    folder = results / f"{runner.run_folder(first, results).path.name}-tune"
    prepare(folder)
    told = _Told(folder, console)
    try:
        tuning = tune(config, lambda asked: _trained(asked, seeds, told), most_runs, told.line)
    except KeyboardInterrupt:
        told.line("interrupted: the same command goes on from here")
        raise
    end, plot_file = tuning.end(most_runs) or "", folder / "tune.png"
    followed = TuneResult(tuning, end, folder, output or folder / "tuned.yaml", plot_file)
    _write(followed)
    return followed


class _Told:
    """Where runs go, and who is told of them."""

    def __init__(self, folder: Path, console: "Console | None"):
        self.folder = folder
        self.console = console

    def line(self, text: str) -> None:
        if self.console is not None:
            self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def reporter(self) -> Any:
        """Return a reporter for one run."""
        from kerasdemo.display import run_progress

        return None if self.console is None else run_progress.make_reporter(self.console)


def _trained(config: RunConfig, seeds: Sequence[int], told: _Told) -> Trial:
    """Train a config with every seed, or read from disk what is there.

    Raises:
        KeyboardInterrupt: where a run was interrupted; it goes on when it is asked for again.
    """
    from kerasdemo.training import runner

    runs = []
    for seed in seeds:
        asked = patched(config, {"seed": seed})
        run = runner.run(asked, told.folder, reporter=told.reporter())
        if run.status == "interrupted":
            raise KeyboardInterrupt
        files.write_json(run.folder.verdict_file, diagnose(run).as_dict())
        runs.append(run)
    return Trial(config, tuple(runs))


def _write(followed: TuneResult) -> None:
    """Write the final YAML, tune.json and the picture."""
    tuning, config = followed.tuning, followed.tuning.start.config
    kept = [report.label(step.remedy.patch) for step in tuning.steps if step.kept]
    text = f"{config.name} and what `kerasdemo tune` kept: {', '.join(kept) or 'nothing'}"
    final = patched(tuning.current.config, {"description": text}, f"{config.name}_tuned")
    header = "\n".join(report.tree(followed))
    try:
        files.write_text(followed.config_file, as_yaml(final, header))
    except OSError as error:
        problem = f"can't be written: {error.strerror}"
        raise InputError(Fault(problem, str(followed.config_file))) from None
    files.write_json(followed.folder / "tune.json", report.as_json(followed))
    note = report.stand_in(tuning)
    tuning_plots.save(config.name, report.rows(tuning), followed.plot_file, note)
