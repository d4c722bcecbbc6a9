"""`make scorecard`: how often the diagnosis is right; writes results/diagnosis.

Trains what is not trained yet: every run of experiments/diagnosis, some for twice the epochs, and
the faulty ones with their first remedy and with a random change. `development` prints the wrong
calls of the development half, for those who change rules, and writes nothing.
"""

import json
import os
import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cases
import efficacy
import page
import truth
from cases import Case
from rich.console import Console
from truth import Ended, Truth

from kerasdemo.config import RunConfig
from kerasdemo.diagnosis import Verdict, diagnose
from kerasdemo.records import Run, read
from kerasdemo.sweeps.executor import GridSource
from kerasdemo.sweeps.expansion import RunSpec
from kerasdemo.sweeps.experiment import load
from kerasdemo.sweeps.run_store import RunOutcome, RunStore, prepare
from kerasdemo.sweeps.sweep import sweep
from kerasdemo.sweeps.worker_pool import WorkerPool

REPOSITORY = Path(__file__).parent.parent.parent
RUNS = REPOSITORY / "results" / "runs" / "diagnosis"
PAGE = REPOSITORY / "results" / "diagnosis"
WORKERS = os.cpu_count() or 1
LONGER = 2


@dataclass(frozen=True)
class Diagnosed:
    """A run of a case with its truth, its verdict, and how its twin ended."""

    case: Case
    run: Run
    ended: Ended
    twin: Ended
    truth: Truth
    verdict: Verdict

    @property
    def seed(self) -> int:
        return self.run.config.seed

    @property
    def name(self) -> str:
        """The case's name among all experiments."""
        return f"{self.case.experiment}/{self.case.name}"

    @property
    def place(self) -> tuple[str, int]:
        """Its key among all runs."""
        return self.name, self.seed


class Progress:
    """A listener that prints how many of the runs have ended."""

    def __init__(self, what: str, count: int):
        self.what, self.count, self.done = what, count, 0

    def on_run_begin(self, spec: RunSpec) -> None:
        pass

    def on_epoch_end(self, spec: RunSpec, epoch: int, row: dict[str, float]) -> None:
        pass

    def on_run_end(self, spec: RunSpec, outcome: RunOutcome) -> None:
        self.done += 1
        end = "\n" if self.done == self.count else "\r"
        print(f"{self.what}: {self.done} of {self.count} runs", end=end, file=sys.stderr)


def train(what: str, configs: Iterable[RunConfig], folder: Path) -> dict[str, Run]:
    """Train what is not trained yet; return the runs by the configs' settings."""
    store = RunStore(folder)
    by_key = {run_key(config): config for config in configs}
    specs = [RunSpec(c.name, {}, c.seed, c) for c in by_key.values()]
    prepare(folder)
    WorkerPool(WORKERS).execute(GridSource(specs), store, Progress(what, len(specs)))
    return {key: read(store.folder(config).path) for key, config in by_key.items()}


def run_key(config: RunConfig) -> str:
    """Return a key for all configs that make the same run."""
    return json.dumps([config.name, config.settings], sort_keys=True)


def sweep_all(results: Path) -> dict[tuple[str, str, int], Run]:
    """Train the experiments; return their runs by experiment, case and seed."""
    runs = {}
    for file in sorted((REPOSITORY / "experiments" / "diagnosis").glob("*.yaml")):
        result = sweep(load(file), results, workers=WORKERS, console=Console(stderr=True))
        for spec, outcome in result.outcomes:
            if outcome.summary is None:
                sys.exit(f"error: {spec.label}, seed {spec.seed}: {outcome.reason}")
            runs[file.stem, spec.label, spec.seed] = read(outcome.summary.path)
    return runs


def diagnose_all(results: Path) -> list[Diagnosed]:
    """Return every run with its truth and its verdict."""
    runs, named = sweep_all(results), cases.load()
    ends = {key: truth.ended(run) for key, run in runs.items()}
    longer = {
        key: with_change(runs[key], {"training.epochs": LONGER * runs[key].config.training.epochs})
        for key, end in ends.items()
        if end.unsettled
    }
    longer_runs = train("twice the epochs", longer.values(), results / "longer")
    diagnosed = []
    for (experiment, name, seed), run in runs.items():
        case, key = named[experiment, name], (experiment, name, seed)
        then = truth.ended(longer_runs[run_key(longer[key])]) if key in longer else None
        twin = ends[experiment, case.twin, seed]
        found = truth.truth(ends[key], twin, then)
        diagnosed.append(Diagnosed(case, run, ends[key], twin, found, diagnose(run)))
    return diagnosed


def with_change(run: Run, patch: Mapping[str, Any]) -> RunConfig:
    """Return a run's config with a change."""
    return run.config.with_changes(patch)


Changes = dict[tuple[str, int], efficacy.Patch]


def try_remedies(diagnosed: list[Diagnosed], results: Path) -> list[dict[str, Any]]:
    """Train the faulty runs with their first remedy and with a random change; a row a case."""
    faulty = [one for one in diagnosed if one.truth.faulty]
    remedied = [one for one in faulty if one.verdict.remedies]
    changes: dict[str, Changes] = {
        "first remedy": {one.place: one.verdict.remedies[0].patch for one in remedied},
        "random change": {
            one.place: efficacy.random_change(one.run.config, one.name) for one in faulty
        },
    }
    ends = {
        what: _changed(what, patches, {one.place: one for one in faulty}, results)
        for what, patches in changes.items()
    }
    return [_remedy_row(group, changes, ends) for group in _by_case(faulty)]


def _changed(
    what: str, patches: Changes, diagnosed: Mapping[tuple[str, int], Diagnosed], results: Path
) -> dict[tuple[str, int], Ended]:
    """Return how each run ends with its change."""
    configs = {place: with_change(diagnosed[place].run, patch) for place, patch in patches.items()}
    runs = train(what, configs.values(), results / what.replace(" ", "_"))
    return {place: truth.ended(runs[run_key(config)]) for place, config in configs.items()}


def _by_case(diagnosed: list[Diagnosed]) -> list[list[Diagnosed]]:
    """Group the runs of a case that failed in the same way; of two ways the one of more seeds."""
    groups: dict[str, dict[str, list[Diagnosed]]] = {}
    for one in diagnosed:
        groups.setdefault(one.name, {}).setdefault(one.truth.metric, []).append(one)
    return [max(by_metric.values(), key=len) for by_metric in groups.values()]


def _remedy_row(
    group: list[Diagnosed],
    changes: Mapping[str, Changes],
    ends: Mapping[str, Mapping[tuple[str, int], Ended]],
) -> dict[str, Any]:
    metric = group[0].truth.metric
    before, twins = [one.ended for one in group], [one.twin for one in group]

    def values(group: list[Ended]) -> list[float]:
        return [round(getattr(one, metric), 4) for one in group]

    row = {**_head(group[0]), "seeds": [one.seed for one in group], "metric": metric}
    row |= {"before": values(before), "twin": values(twins)}
    for what, patches in changes.items():
        # A run without a remedy stays as it is.
        after = [ends[what].get(one.place, one.ended) for one in group]
        row[what] = {
            "patches": [patches.get(one.place) for one in group],
            "after": values(after),
            "closed": round(efficacy.closed(metric, before, after, twins), 3),
            "clear": efficacy.clear(metric, before, after, twins),
        }
    return row


def _head(one: Diagnosed) -> dict[str, Any]:
    return {"case": one.name, "kind": one.case.kind, "half": one.case.half}


def row(one: Diagnosed) -> dict[str, Any]:
    """Return a run as plain values."""
    numbers = {
        name: round(value, 4) if isinstance(value, float) else value
        for name, value in asdict(one.ended).items()
        if name not in ("unsettled", "broken", "error")
    }
    return {
        **_head(one),
        "seed": one.seed,
        "truth": sorted(one.truth.outcomes),
        "in_training": one.truth.in_training,
        "why": one.truth.numbers,
        "ended": numbers,
        "verdict": one.verdict.outcome,
        "summary": one.verdict.summary,
        "causes": [cause.name for cause in one.verdict.causes],
        "right_causes": list(one.case.causes),
    }


def circumstances(diagnosed: list[Diagnosed]) -> dict[str, Any]:
    """Return what was measured with and on, and how long the experiments' runs took together."""
    return {
        "python": platform.python_version(),
        "versions": {name: version(name) for name in ("kerasdemo", "keras", "tensorflow")},
        "cores": os.cpu_count(),
        "data": sorted({str(one.run.facts["data"]["source"]) for one in diagnosed}),
        "seconds": round(sum(one.run.facts["seconds"] for one in diagnosed)),
    }


def main() -> None:
    """Measure everything and write the page; or print the development half's wrong calls."""
    diagnosed = diagnose_all(RUNS)
    if sys.argv[1:] == ["development"]:
        rows = [row(one) for one in diagnosed if one.case.half == cases.HALVES[0]]
        print(page.calls(rows))
        return
    scores = {"circumstances": circumstances(diagnosed), "runs": [row(one) for one in diagnosed]}
    scores["remedies"] = try_remedies(diagnosed, RUNS)
    page.write(scores, PAGE)


if __name__ == "__main__":
    main()
