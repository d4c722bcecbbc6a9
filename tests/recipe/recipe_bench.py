"""`make recipe-bench`: is `kerasdemo tune` ahead of blind search? Writes results/recipe.

Each start of starts.yaml is improved with a budget of ten runs, by the recipe and by searches that
know nothing of diagnosis, with five seeds each. What is done already is only read.
"""

import argparse
import json
import os
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import recipe_page
import yaml
from spaces import space_of

from kerasdemo.records import files
from kerasdemo.sweeps.worker_pool import THREAD_LIMITS

REPOSITORY = Path(__file__).parents[2]
STARTS = Path(__file__).with_name("starts.yaml")
RUNS = REPOSITORY / "results" / "runs" / "recipe"
PAGE = REPOSITORY / "results" / "recipe"
SEEDS = range(5)
BUDGET = 10
METHODS = ("tune", "random", "tpe", "hyperband")


@dataclass(frozen=True)
class Job:
    """One start, improved by one method with one seed: of the network, and of the search."""

    start: str
    method: str
    seed: int

    @property
    def folder(self) -> Path:
        """Of its runs and of its score."""
        return RUNS / self.start / f"{self.method}-{self.seed}"

    @property
    def file(self) -> Path:
        """Of its score, written when it is done."""
        return self.folder / "score.json"


def all_jobs() -> Iterator[Job]:
    """Yield every job, so that each seed is done before the next."""
    starts = yaml.safe_load(STARTS.read_text(encoding="utf-8"))
    for seed in SEEDS:
        for start in starts:
            for method in METHODS:
                yield Job(start, method, seed)


def config_of(start: Mapping[str, Any]) -> dict[str, Any]:
    """Return the config of a start."""
    return {key: value for key, value in start.items() if key not in ("also", "guess")}


# In the processes: each job has its own, so that none finds what another compiled.


def improve(job: Job) -> float:
    """Do a job, write its score, and return its seconds."""
    os.chdir(STARTS.parent)  # paths in the starts are relative to it
    import kerasdemo
    import kerasdemo.training.runner  # what both need is loaded before the time is taken
    import kerasdemo.tuning.recipe

    starts = yaml.safe_load(STARTS.read_text(encoding="utf-8"))
    start = starts[job.start]
    config = config_of(start) | {"name": job.start, "seed": job.seed}
    is_regression = kerasdemo.load_config(config).task == "regression"
    score = "r2" if is_regression else "accuracy"
    started, cpu = time.perf_counter(), time.process_time()
    if job.method == "tune":
        result = _tune(config, job, score)
    else:
        # Starts with the same space are searched at points of their own.
        draws = job.seed * len(starts) + list(starts).index(job.start)
        result = _search(config, space_of(start, is_regression), job, score, draws)
    result |= {"start": job.start, "method": job.method, "seed": job.seed, "score": score}
    result |= {"seconds": time.perf_counter() - started}
    result |= {"cpu_seconds": time.process_time() - cpu}
    files.write_json(job.file, result)
    return float(result["seconds"])


def _tune(config: dict[str, Any], job: Job, score: str) -> dict[str, Any]:
    """Follow the recipe: after each run, the held-out score of the config that is kept so far."""
    import kerasdemo

    found = kerasdemo.tune(config, job.folder, seeds=[job.seed], max_runs=BUDGET)
    current = found.tuning.start
    after = [current.by_seed(f"test_{score}").get(job.seed)]
    kept = []
    for step in found.tuning.steps:
        if step.is_kept and step.candidate is not None:
            current = step.candidate
            kept.append(dict(step.remedy.patch))
        if step.candidate is not None:
            after.append(current.by_seed(f"test_{score}").get(job.seed))
    return {"after": after, "end": found.end, "kept": kept, "first": found.tuning.start.outcome}


def _search(
    config: dict[str, Any], space: dict[str, Any], job: Job, score: str, draws: int
) -> dict[str, Any]:
    """Search: after each run, the test score of the one with the best validation score so far."""
    import kerasdemo

    search: dict[str, Any] = {"method": job.method, "space": space, "objective": f"val_{score}"}
    search |= {"trials": BUDGET, "seed": draws}
    experiment = {"name": "search", "base": config, "search": search}
    found = kerasdemo.sweep(experiment, job.folder, workers=0)
    best: tuple[float, float] | None = None
    after: list[float | None] = []
    for _, outcome in found.outcomes:
        if outcome.status == "finished" and outcome.summary is not None:
            metrics = outcome.summary.metrics
            now = (metrics[f"val_{score}"].kept, metrics[f"test_{score}"].kept)
            if best is None or now[0] > best[0]:
                best = now
        after.append(best and best[1])
    return {"after": after, "statuses": [outcome.status for _, outcome in found.outcomes]}


# In this process.


def main() -> None:
    """Do what is not done yet, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--page-only", action="store_true", help="of what is done already")
    arguments = parser.parse_args()
    jobs = list(all_jobs())
    waiting = [job for job in jobs if not job.file.exists()]
    if waiting and not arguments.page_only:
        _improve_all(waiting, arguments.workers)
    done = [job for job in jobs if job.file.exists()]
    rows = [json.loads(job.file.read_text(encoding="utf-8")) for job in done]
    starts = yaml.safe_load(STARTS.read_text(encoding="utf-8"))
    recipe_page.write(rows, starts, PAGE, BUDGET)


def _improve_all(waiting: list[Job], workers: int) -> None:
    os.environ.update(dict.fromkeys(THREAD_LIMITS, "1"))  # of the processes
    started = time.perf_counter()
    pool = ProcessPoolExecutor(workers, get_context("spawn"), max_tasks_per_child=1)
    with pool:
        futures = {pool.submit(improve, job): job for job in waiting}
        for done, future in enumerate(as_completed(futures), start=1):
            job, left = futures[future], len(waiting) - done
            minutes = (time.perf_counter() - started) / done * left / 60
            print(
                f"{done} done, {left} left ({minutes:.0f} min): {job.start}, {job.method}, "
                f"seed {job.seed}: {future.result():.1f} s",
                flush=True,
            )


if __name__ == "__main__":
    main()
