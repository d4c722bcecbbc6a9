"""The scorecard through Python: `python tests/scorecard/python_door.py` writes results/python.

Every case of experiments/diagnosis as the Keras program that a person would write for it, and the
cases of keras_cases.py, trained by `kerasdemo.fit` (or, with `--loop fit`, by Keras' own `fit` with
a recorder), each with its seeds. What is trained already is only read. The runs from YAML that
they are compared with are those of `make scorecard`.
"""

import argparse
import contextlib
import io
import json
import os
import shutil
import sys
import time
import traceback
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cases
import keras_cases
import python_page
import truth
from keras_cases import EXPERIMENT, KerasCase
from keras_source import Loop, source, targets
from truth import IN_TRAINING, Ended

from kerasdemo import data
from kerasdemo.config import InputError, RunConfig
from kerasdemo.diagnosis import Verdict, diagnose
from kerasdemo.records import Run, RunFolder, files, read
from kerasdemo.sweeps.expansion import expand
from kerasdemo.sweeps.experiment import load
from kerasdemo.sweeps.worker_pool import THREAD_LIMITS
from kerasdemo.training import engine
from kerasdemo.training.runner import run_folder

REPOSITORY = Path(__file__).parents[2]
EXPERIMENTS = REPOSITORY / "experiments" / "diagnosis"
RUNS = REPOSITORY / "results" / "runs"
PAGE = REPOSITORY / "results" / "python"
BY_RULE = "by_rule.json"
LONGER = 2
# A process ends after so many trainings, and its memory is free again.
TASKS = 40
# A case with a label of its author's is faulty where its score is so far below its twin's.
BITES = 0.03


@dataclass(frozen=True)
class Job:
    """One training: of a case and a seed, for so many times its epochs."""

    experiment: str
    name: str
    seed: int
    times: int = 1

    @property
    def case(self) -> str:
        return f"{self.experiment}/{self.name}"

    def folder(self, runs: Path) -> Path:
        """The folder that holds the run's folder, and nothing else."""
        ending = "" if self.times == 1 else f"-{self.times}x"
        return runs / self.experiment / self.name / f"seed-{self.seed}{ending}"

    def longer(self) -> "Job":
        return replace(self, times=LONGER)


def find(job: Job, runs: Path) -> Run | None:
    """Return the complete run of a job."""
    folder = job.folder(runs)
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if RunFolder(path).is_run:
            with contextlib.suppress(InputError):
                run = read(path)
                if run.status in ("finished", "diverged"):
                    return run
    return None


# In the processes.


def train(job: Job, runs: Path, loop: Loop, by_rule: bool) -> tuple[float, str]:
    """Train a job into its folder; return the seconds, and what went wrong.

    Args:
        by_rule: as for `_train_program`.
    """
    folder, started = job.folder(runs), time.perf_counter()
    if folder.exists():  # cut off
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    problem = ""
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            if job.experiment == EXPERIMENT:
                _train_keras_case(job, folder, loop)
            else:
                _train_program(_config(job), folder, loop, by_rule)
        except Exception as error:  # whatever a program raises is for the page
            (folder / "error.txt").write_text(traceback.format_exc(), encoding="utf-8")
            problem = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return time.perf_counter() - started, problem


def _config(job: Job) -> RunConfig:
    """Return the config of a job; one can't be sent to a process."""
    config = yaml_jobs()[replace(job, times=1)]
    return config.with_changes({"training.epochs": job.times * config.training.epochs})


def _train_program(config: RunConfig, folder: Path, loop: Loop, by_rule: bool) -> None:
    """Run the program of a config.

    Args:
        by_rule: let `kerasdemo.fit` choose the loop; else it is that of the runs from YAML, so that
            the training is the same, and only the door is another.
    """
    steps = engine.XLA_STEPS
    engine.XLA_STEPS = steps if by_rule else 0
    try:
        _run_program(config, folder, loop)
    finally:
        engine.XLA_STEPS = steps


def _run_program(config: RunConfig, folder: Path, loop: Loop) -> None:
    dataset = data.load(config)
    shape, outputs = dataset.shape, dataset.outputs
    text = source(config, shape, outputs, results=str(folder), loop=loop)
    names = {
        "x": dataset.train.x,
        "y": targets(config, dataset.train, shape, outputs),
        "x_val": dataset.validation.x,
        "y_val": targets(config, dataset.validation, shape, outputs),
    }
    exec(compile(text, config.name, "exec"), names)


def _train_keras_case(job: Job, folder: Path, loop: Loop) -> None:
    import kerasdemo

    training = keras_cases.CASES[job.name].make(job.seed)
    if job.times > 1:
        training = training.longer(job.times)
    model, x, y, arguments = training.model, training.x, training.y, dict(training.arguments)
    record: dict[str, Any] = {"results": str(folder), "name": job.name, "seed": job.seed}
    if loop == "kerasdemo.fit":
        kerasdemo.fit(model, x, y, **arguments, **record)
        return
    recorder = kerasdemo.Recorder(x, y, validation_data=arguments.get("validation_data"), **record)
    callbacks = [*arguments.pop("callbacks", ()), recorder]
    model.fit(x, y, **arguments, callbacks=callbacks, verbose=0)


# In this process.


def train_all(
    what: str, jobs: Collection[Job], runs: Path, loop: Loop, workers: int, by_rule: bool
) -> dict[Job, str]:
    """Train what is not trained yet, and print how far it is; return what went wrong by job."""
    waiting = [job for job in jobs if find(job, runs) is None]
    print(f"{what}: {len(jobs)} runs, {len(waiting)} to train", flush=True)
    os.environ.update(dict.fromkeys(THREAD_LIMITS, "1"))  # of the processes
    problems: dict[Job, str] = {}
    started, done = time.perf_counter(), 0
    kills = 0
    while waiting and kills < 3:  # a process that is killed takes the others' work with it
        before = len(waiting)
        pool = ProcessPoolExecutor(workers, get_context("spawn"))
        with pool, contextlib.suppress(BrokenProcessPool):
            some = waiting[: TASKS * workers]
            futures = {pool.submit(train, job, runs, loop, by_rule): job for job in some}
            for future in as_completed(futures):
                job = futures[future]
                seconds, problem = future.result()
                waiting.remove(job)
                done += 1
                if problem:
                    problems[job] = problem
                left = (time.perf_counter() - started) / done * len(waiting)
                print(
                    f"{what}: {done} done, {len(waiting)} left ({left / 60:.0f} min); {job.case}, "
                    f"seed {job.seed}: {seconds:.1f} s {problem}",
                    flush=True,
                )
        kills += before - len(waiting) < len(some)
    return problems | dict.fromkeys(waiting, "its process was killed")


@cache
def yaml_jobs() -> dict[Job, RunConfig]:
    """Return every run of experiments/diagnosis with its config."""
    return {
        Job(file.stem, spec.label, spec.seed): spec.config
        for file in sorted(EXPERIMENTS.glob("*.yaml"))
        for spec in expand(load(file))
    }


def yaml_run(job: Job, config: RunConfig, folder: Path) -> Run:
    """Return the run from YAML; the data has to be what it was trained with."""
    path = run_folder(config, folder / job.experiment)
    if not path.is_complete:
        sys.exit(f"error: {job.case}, seed {job.seed}: no run in {folder}; `make scorecard` first")
    return read(path.path)


def without_test(run: Run) -> Run:
    """Return a run as `fit` would have seen it: without test examples."""
    facts = {key: value for key, value in run.facts.items() if key != "test"}
    known = facts["data"]
    facts["data"] = {key: known[key] for key in known if not key.startswith("test")}
    return replace(run, facts=facts)


@dataclass(frozen=True)
class Door:
    """A run through Python, where it ended, and what it is to be."""

    job: Job
    run: Run
    ended: Ended
    case: cases.Case | KerasCase

    @property
    def twin(self) -> Job:
        return replace(self.job, name=self.case.twin)


def score_rows(
    doors: Mapping[Job, Door], longer: Mapping[Job, Ended], yaml: Mapping[Job, Run]
) -> Iterator[dict[str, Any]]:
    """Yield a row for each run through Python whose twin was trained, too."""
    for job, door in doors.items():
        twin = doors.get(door.twin)
        if twin is None:
            continue
        case, verdict = door.case, diagnose(door.run)
        found = truth.truth(door.ended, twin.ended, longer.get(job))
        outcomes, why, in_training = found.outcomes, found.numbers, found.in_training
        if isinstance(case, KerasCase) and case.outcomes:
            bites = door.ended.val_accuracy <= twin.ended.val_accuracy - BITES
            outcomes = frozenset(case.outcomes if bites else ())
            why = "by its author's label" if bites else "the fault does no harm"
            in_training = bool(outcomes & IN_TRAINING)
        counts = not isinstance(case, KerasCase) or case.counts
        row = {
            "case": job.case,
            "kind": case.kind,
            "half": case.half,
            "seed": job.seed,
            "truth": sorted(outcomes) if counts else [],
            "in_training": in_training,
            "why": why,
            "ended": {
                "score": round(door.ended.accuracy, 4),
                "val_score": round(door.ended.val_accuracy, 4),
            },
            **_said(verdict, case.causes),
            "right_causes": list(case.causes),
            "engine": door.run.facts.get("engine") or {},
            "recording": door.run.facts.get("recording") or {},
            "epoch_seconds": door.run.epoch_seconds,
        }
        if job in yaml:
            row["yaml"] = _said(diagnose(without_test(yaml[job])), ())
            row["yaml_with_test"] = _said(diagnose(yaml[job]), ())
        yield row


def _said(verdict: Verdict, wanted: Sequence[str]) -> dict[str, Any]:
    """Return a verdict as plain values; a cause that is only noted stands behind the others."""
    noted = [
        name
        for name in wanted
        if any(f", {name.replace('_', ' ')}: " in note for note in verdict.notes)
    ]
    names = [cause.name for cause in verdict.causes]
    return {
        "verdict": verdict.outcome,
        "summary": verdict.summary,
        "causes": [*names, *(name for name in noted if name not in names)],
    }


def main() -> None:
    """Train, compare, write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--loop", choices=("kerasdemo.fit", "fit"), default="kerasdemo.fit")
    parser.add_argument(
        "--by-rule",
        action="store_true",
        help="let kerasdemo.fit choose the loop of the runs that are compared with those from YAML",
    )
    parser.add_argument("--only", default="*", help="cases by pattern: mnist/*, keras/*, */plain")
    parser.add_argument("--yaml", type=Path, default=RUNS / "diagnosis", help="runs from YAML")
    parser.add_argument("--runs", type=Path, help="results/runs/python_door/LOOP by default")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=3, help="how many of the three")
    parser.add_argument("--no-longer", action="store_true", help="train nothing for longer")
    parser.add_argument("--page", type=Path, default=PAGE, help="the folder of the page")
    parser.add_argument(
        "--calls",
        action="store_true",
        help="print the wrong calls of the development half, for those who change rules",
    )
    options = parser.parse_args()
    loop: Loop = options.loop
    runs = options.runs or RUNS / "python_door" / (f"{loop} by rule" if options.by_rule else loop)
    configs = yaml_jobs()
    planned: dict[tuple[str, str], cases.Case | KerasCase] = {
        **cases.load(),
        **{(EXPERIMENT, name): case for name, case in keras_cases.CASES.items()},
    }
    chosen = [
        job
        for job in (
            *configs,
            *(Job(EXPERIMENT, n, seed) for n in keras_cases.CASES for seed in keras_cases.seeds()),
        )
        if fnmatch(job.case, options.only) and job.seed < options.seeds
    ]
    for job in chosen:  # a case is nothing without its twin, nor that without its own
        twin = replace(job, name=planned[job.experiment, job.name].twin)
        if twin not in chosen:
            chosen.append(twin)
    yaml = {job: yaml_run(job, configs[job], options.yaml) for job in chosen if job in configs}
    started = time.perf_counter()
    problems = train_all("runs", chosen, runs, loop, options.workers, options.by_rule)
    doors = {
        job: Door(job, run, _ended(run, case), case)
        for job in chosen
        if (run := find(job, runs)) and (case := planned[job.experiment, job.name])
    }
    longer: dict[Job, Ended] = {}
    if not options.no_longer:
        unsettled = [door.job.longer() for door in doors.values() if door.ended.unsettled]
        problems |= train_all(
            "for twice the epochs", unsettled, runs, loop, options.workers, options.by_rule
        )
        for job in unsettled:
            if run := find(job, runs):
                first = replace(job, times=1)
                longer[first] = _ended(run, doors[first].case)
    rows = list(score_rows(doors, longer, yaml))
    if options.by_rule:
        files.write_json(options.page / BY_RULE, [row for row in rows if "yaml" in row])
        return
    if options.calls:
        print(python_page.calls([row for row in rows if row["half"] == cases.HALVES[0]]))
        return
    scores = {
        "circumstances": {
            "loop": loop,
            "by_rule": options.by_rule,
            "only": options.only,
            "cores": os.cpu_count(),
            "minutes": round((time.perf_counter() - started) / 60, 1),
            "longer": not options.no_longer,
        },
        "runs": rows,
        "by_rule": _read(options.page / BY_RULE),
        "problems": {f"{job.case}, seed {job.seed}": text for job, text in problems.items()},
    }
    python_page.write(scores, options.page)


def _read(file: Path) -> list[dict[str, Any]]:
    return json.loads(file.read_text(encoding="utf-8")) if file.exists() else []


def _ended(run: Run, case: cases.Case | KerasCase) -> Ended:
    return truth.ended(run, case.score if isinstance(case, KerasCase) else None)


if __name__ == "__main__":
    main()
