"""The lecture's recipe: train, diagnose, try a remedy, keep it where it helps.

`follow_recipe` decides from runs and trains nothing itself, so that it is tested with made-up runs.
`tune` gives it real runs. They are in ordinary run folders: a tuning that was cut off reuses them.
"""

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from kerasdemo.comparison.metrics import part_of
from kerasdemo.comparison.statistics import (
    FEWEST_SEEDS,
    NORMAL_QUANTILE,
    PairedDifference,
    interval,
    paired_difference,
)
from kerasdemo.config import Fault, InputError, RunConfig
from kerasdemo.diagnosis import evaluate
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.display import tuning_plots
from kerasdemo.display.sentences import describe_needs
from kerasdemo.records import Run, files
from kerasdemo.records.verdict import Outcome
from kerasdemo.sweeps.run_store import prepare
from kerasdemo.tuning import report
from kerasdemo.tuning.steps import (
    MARGIN,
    METRICS,
    Candidate,
    Decision,
    Step,
    TuneResult,
    Tuning,
)

if TYPE_CHECKING:
    from rich.console import Console

    from kerasdemo.display.tensorboard import TensorBoard

MAX_RUNS = 30
# What has to be seen on the training set: while that is bad, nothing else counts.
TRAINING_OUTCOMES = ("diverged", "optimization_failure", "cannot_tell")


def follow_recipe(
    config: RunConfig,
    train: Callable[[RunConfig], Candidate],
    max_runs: int = MAX_RUNS,
    log: Callable[[str], None] = lambda _: None,
) -> Tuning:
    """Follow the recipe from a config until it is healthy, nothing helps, or runs are used up.

    Args:
        config: the start; its seed does not matter.
        train: trains a config with every seed.
        max_runs: a step is only begun where all its runs are within it.
        log: takes a line when a step begins, and one when it is decided.
    """
    log(f"start: {config.name}")
    tuning = Tuning(train(config))
    log(f"  {report.describe_candidate(tuning.start)}")
    while tuning.find_end(max_runs) is None:
        remedy, before = tuning.next_remedy, tuning.current
        assert remedy is not None
        patch = report.describe_patch(remedy.patch)
        log(f"step {len(tuning.steps) + 1}: {patch} ({remedy.reason})")
        try:
            candidate = train(before.config.with_changes(remedy.patch))
        except InputError as error:
            decision = Decision(False, f"refused: {error.faults[0].message}")
            step = Step(remedy, before.outcome, None, decision)
        else:
            decision = decide(before, candidate, tuning.final_metric)
            step = Step(remedy, before.outcome, candidate, decision)
        tuning = replace(tuning, steps=(*tuning.steps, step))
        log(f"  {'kept' if step.is_kept else 'dropped'}: {decision.reason}")
    return tuning


def goal_metric(outcome: Outcome, final_metric: str) -> str:
    """Return the metric in which a remedy for an outcome has to show a gain."""
    score = final_metric.split("_")[-1]
    if outcome in TRAINING_OUTCOMES:
        return score
    return f"test_{score}" if outcome == "test_mismatch" else final_metric


def decide(before: Candidate, after: Candidate, final_metric: str) -> Decision:
    """Decide whether a change helped, by the goal metric that follows from the outcome before.

    A change is kept where it is better in the goal metric (the 95 % interval over the seeds says
    so) and not worse in the final metric; also where every seed is healthy with it, and it costs
    no more than `MARGIN` of the final metric.

    Args:
        before, after: without and with the change.
        final_metric: the score that counts in the end.
    """
    goal = goal_metric(before.outcome, final_metric)
    gains = {
        metric: paired_difference(
            after.by_seed(metric),
            before.by_seed(metric),
            metric,
            examples=(after.examples(metric), before.examples(metric)),
        )
        for metric in dict.fromkeys((goal, final_metric))
    }
    # Runs without a result first.
    if after.failure is not None:
        return Decision(False, f"failed: {after.failure}", gains)
    text = f"{after.diverged} of {len(after.runs)} runs diverge"
    if after.diverged > before.diverged:
        return Decision(False, text, gains)
    if after.diverged < before.diverged:
        return Decision(True, f"{text}, {before.diverged} did before", gains)
    if after.diverged == len(after.runs):
        return Decision(False, f"still {text}", gains)

    text = "; ".join(f"{METRICS[metric]} {_describe(gain)}" for metric, gain in gains.items())
    if _compare(gains[final_metric], before, after, final_metric) == "worse":
        return Decision(False, f"worse: {text}", gains)
    if _compare(gains[goal], before, after, goal) == "better":
        return Decision(True, text, gains)
    # The interval of the seeds alone: before and after are measured on the same examples.
    cost = interval(gains[final_metric].by_seed)
    lowest = cost.low if cost.n >= FEWEST_SEEDS else cost.mean
    if after.outcome == "healthy" and lowest >= -MARGIN:
        return Decision(True, f"healthy now, and no worse: {text}", gains)
    return Decision(False, f"no clear gain: {text}", gains)


def _compare(gain: PairedDifference, before: Candidate, after: Candidate, metric: str) -> str:
    """Return better, worse, or neither: by the interval, with one or two seeds by a margin."""
    mean = gain.difference.mean
    if not 0 < gain.difference.n < FEWEST_SEEDS:
        return gain.decision
    errors = [
        RunFeatures(candidate.runs[0]).error(candidate.mean(metric).mean, part_of(metric))
        for candidate in (before, after)
    ]
    margin = max(MARGIN, NORMAL_QUANTILE * math.hypot(*errors))
    return "better" if mean > margin else "worse" if mean < -margin else "undecided"


def _describe(gain: PairedDifference) -> str:
    """Return a gain in points with its interval, and what would decide it."""
    n = gain.difference.n
    if n == 0:
        return "not measured"
    text = report.describe_points(gain.difference)
    needs = describe_needs(n, gain.more_seeds or 0, gain.needs_examples)
    return f"{text}, {needs}" if needs and n >= FEWEST_SEEDS else text


def tune(
    config: RunConfig,
    results: Path,
    *,
    seeds: Sequence[int] = (),
    max_runs: int = MAX_RUNS,
    output: Path | None = None,
    console: "Console | None" = None,
    tensorboard: "TensorBoard | None" = None,
) -> TuneResult:
    """Tune a config by the recipe; write the final config, tune.json and a picture.

    Args:
        config: the start.
        results: the runs are in the folder in it that has the run's name and "-tune".
        seeds: every config is trained with each of them; empty: the config's seed.
        max_runs: runs at most.
        output: file of the final config; None: tuned.yaml in that folder.
        console: where progress is shown; None: nowhere.
        tensorboard: writes event files; None: none are written.

    Raises:
        InputError: where the config can't be trained, or a file can't be written.
        KeyboardInterrupt: on Ctrl-C; the same call resumes it.
    """
    from kerasdemo.training import runner

    seeds = tuple(seeds) or (config.seed,)
    if len(seeds) > max_runs:
        message = f"got {max_runs}; expected at least a run for each seed, {len(seeds)}"
        raise InputError(Fault(message, "--max-runs"))
    if output is not None and (output.is_dir() or not os.access(output.parent, os.W_OK)):
        message = "can't be written; expected a file in a folder that you can write to"
        raise InputError(Fault(message, str(output)))
    first = runner.run_folder(config.with_changes({"seed": seeds[0]}), results)
    folder = results / f"{first.path.name}-tune"
    prepare(folder)

    def log(text: str) -> None:
        from kerasdemo.display.console import print_line

        if console is not None:
            print_line(console, text)

    def train(config: RunConfig) -> Candidate:
        several = [config.with_changes({"seed": seed}) for seed in seeds]
        runs = [_train(one, folder, console, tensorboard) for one in several]
        return Candidate(config, tuple(runs))

    try:
        tuning = follow_recipe(config, train, max_runs, log)
    except KeyboardInterrupt:
        log("interrupted: the same command resumes it")
        raise
    end, config_file = tuning.find_end(max_runs) or "", output or folder / "tuned.yaml"
    result = TuneResult(tuning, end, folder, config_file, folder / "tune.png")
    _write(result)
    return result


def _train(
    config: RunConfig, folder: Path, console: "Console | None", tensorboard: "TensorBoard | None"
) -> Run:
    """Return a config's run, with its verdict beside it."""
    from kerasdemo.display.run_progress import make_reporter
    from kerasdemo.training import runner

    reporter = None if console is None else make_reporter(console)
    if tensorboard is not None:
        reporter = tensorboard.follow(reporter)
    run = runner.run(config, folder, reporter=reporter)
    if run.status == "interrupted":
        raise KeyboardInterrupt
    evaluate(run)
    if tensorboard is not None:
        tensorboard.end(run.folder)
    return run


def _write(result: TuneResult) -> None:
    tuning, name = result.tuning, result.tuning.start.config.name
    kept = [report.describe_patch(step.remedy.patch) for step in tuning.steps if step.is_kept]
    text = f"{name} and what `kerasdemo tune` kept: {', '.join(kept) or 'nothing'}"
    final = tuning.current.config.with_changes({"description": text, "name": f"{name}_tuned"})
    header = "\n".join(report.describe_tuning(result))
    try:
        files.write_text(result.config_file, final.to_yaml(header))
    except OSError as error:
        message = f"can't be written: {error.strerror}"
        raise InputError(Fault(message, str(result.config_file))) from None
    files.write_json(result.folder / "tune.json", report.as_dict(result))
    rows = report.plot_rows(tuning)
    tuning_plots.save(name, rows, result.plot_file, report.data_note(tuning))
