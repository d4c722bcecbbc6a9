"""A search by Optuna: its samplers and pruners, its study in the results folder, resumable.

A trial is a set of parameters; its runs are ordinary runs, one for each seed. The sampler of each
trial is seeded with the trial's number, so that a resumed search has the same trials.
"""

import hashlib
import importlib.util
import json
import math
import threading
import time
import warnings
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from kerasdemo.config import InputError
from kerasdemo.config.changes import Overrides
from kerasdemo.config.document import key_of
from kerasdemo.sweeps import expansion
from kerasdemo.sweeps.executor import DelayQueue
from kerasdemo.sweeps.expansion import Change, RunSpec
from kerasdemo.sweeps.experiment import Experiment, Range, Search
from kerasdemo.sweeps.run_store import RunOutcome

if TYPE_CHECKING:
    import optuna

FILE = "study.log"


@dataclass
class RunningTrial:
    """A trial that has not ended.

    Args:
        trial: Optuna's.
        waiting: its runs that have not started.
        runs: how many runs it has.
        values: of the objective, of its runs that have ended.
        is_pruned: whether it was stopped early.
        has_failed: whether one of its runs failed.
    """

    trial: "optuna.Trial"
    waiting: list[RunSpec]
    runs: int
    values: list[float] = field(default_factory=list)
    is_pruned: bool = False
    has_failed: bool = False


class SearchSource:
    """A source of the runs that Optuna suggests, one trial after the other.

    Args:
        experiment: with a search.
        results: folder of its runs, which also holds the study.
        overrides: for its base: {dotted path: value} or ["path=value"].
    """

    def __init__(self, experiment: Experiment, results: Path, overrides: Overrides = ()):
        assert experiment.search is not None
        self.search: Search = experiment.search
        self.can_stop_runs = self.search.method == "hyperband"
        self._experiment = experiment
        (self._base,) = expansion.read_bases(experiment, overrides)
        self._seeds = experiment.seeds or (None,)
        self._results = results
        self._lock = threading.RLock()
        self._delayed = DelayQueue()
        self._trials: dict[int, RunningTrial] = {}
        self._trial_of: dict[tuple[str, int], RunningTrial] = {}  # by label and seed of a run
        self.study, storage = open_study(experiment, self._base.data, results)
        study_id = storage.get_study_id_from_name(self.study.study_name)
        for frozen in self.study.trials:
            if not frozen.state.is_finished():  # its sweep was cut off, or is still running
                import optuna

                # With its sampler: the suggestions that are missing will be the same.
                self.study.sampler = _sampler(self.search, frozen.number)
                identity = storage.get_trial_id_from_study_id_trial_number(study_id, frozen.number)
                self._begin(optuna.Trial(self.study, identity))

    def take(self, preferred_key: str | None) -> RunSpec | None:
        while True:
            with self._lock:
                spec = self._find_next()
                if spec is not None or not self._delayed:
                    return spec
            time.sleep(DelayQueue.PAUSE / 5)

    def _find_next(self) -> RunSpec | None:
        while True:
            for trial in self._trials.values():
                if trial.waiting:
                    return trial.waiting.pop(0)
            if (due := self._delayed.find_due()) is not None:
                return due
            # Two sweeps at once must not both begin the last trial.
            with FileLock(self._results / ".study.lock"):
                number = len(self.study.trials)
                if number >= self.search.trials:
                    return None
                self.study.sampler = _sampler(self.search, number)
                new = self.study.ask()
            self._begin(new)

    def _begin(self, trial: "optuna.Trial") -> None:
        changes = [
            Change(key_of(path), _suggest(trial, path, dimension), ("search", "space", path))
            for path, dimension in self.search.space.items()
        ]
        point = expansion.make_point(self._base, changes)
        try:
            specs = [expansion.build(self._experiment, point, seed) for seed in self._seeds]
        except InputError as error:
            # Each value is valid by itself, but not together with the others.
            self.study.set_user_attr(f"trial {trial.number}", str(error.faults[0]))
            self._tell(trial.number, None)
            return
        specs = [replace(spec, label=f"trial {trial.number}: {spec.label}") for spec in specs]
        running = RunningTrial(trial, specs, len(specs))
        self._trials[trial.number] = running
        self._trial_of.update({(spec.label, spec.seed): running for spec in specs})

    def requeue(self, spec: RunSpec) -> None:
        with self._lock:
            self._delayed.add(spec)

    def is_promising(self, spec: RunSpec, epoch: int, row: dict[str, float]) -> bool:
        """Report the epochs of the first seed to the pruner; it decides for the other seeds too."""
        with self._lock:
            running = self._trial_of[spec.label, spec.seed]
            if self._seeds[0] in (spec.seed, None) and not running.is_pruned:
                value = row.get(self.search.objective, math.nan)
                with warnings.catch_warnings():
                    # A resumed run reports an epoch twice.
                    warnings.simplefilter("ignore")
                    running.trial.report(value if math.isfinite(value) else self._worst, epoch)
                running.is_pruned = running.trial.should_prune()
            return not running.is_pruned

    @property
    def _worst(self) -> float:
        return -math.inf if self.search.maximize else math.inf

    def add_outcome(self, spec: RunSpec, outcome: RunOutcome) -> None:
        with self._lock:
            running = self._trial_of[spec.label, spec.seed]
            value = math.nan
            if outcome.status == "finished" and outcome.summary is not None:
                found = outcome.summary.metrics.get(self.search.objective)
                value = math.nan if found is None else found.kept
            # A run that diverged is a result: the worst.
            running.values.append(value if math.isfinite(value) else self._worst)
            running.has_failed = running.has_failed or outcome.status == "failed"
            if running.is_pruned:
                running.runs -= len(running.waiting)
                running.waiting.clear()
            if len(running.values) < running.runs:
                return
            number = running.trial.number
            del self._trials[number]
            if running.is_pruned or running.has_failed:
                self._tell(number, None, is_pruned=running.is_pruned)
            else:
                self._tell(number, math.fsum(running.values) / len(running.values))

    def _tell(self, number: int, value: float | None, is_pruned: bool = False) -> None:
        from optuna.trial import TrialState

        state = None
        if value is None:
            state = TrialState.PRUNED if is_pruned else TrialState.FAIL
        # Another sweep in this folder may have done so before.
        self.study.tell(number, value, state=state, skip_if_finished=True)


def open_study(
    experiment: Experiment, base: dict[str, Any], results: Path
) -> "tuple[optuna.Study, optuna.storages.BaseStorage]":
    """Open the study of an experiment's search, or create it; return it and its storage.

    Its name is a hash of the search without its number of trials: with more trials the study is
    continued, with another space it is another study.

    Raises:
        InputError: where the method needs a library that is not installed.
    """
    search = experiment.search
    assert search is not None
    if search.method == "gp" and importlib.util.find_spec("torch") is None:
        message = "Optuna's gp needs PyTorch, which is not installed: pip install torch; or use tpe"
        raise InputError(experiment.document.fault(("search", "method"), message))
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file = results / FILE
    lock = FileLock(results / ".study-file.lock")
    with lock:
        _remove_half_line(file)
    settings = search.model_dump(mode="json", exclude={"trials"})
    text = json.dumps([base, settings, experiment.seeds], sort_keys=True, default=str)
    # The operating system releases the lock of a killed process; Optuna's is a file that stays.
    backend = JournalFileBackend(str(file), lock)  # type: ignore[arg-type]
    storage = optuna.storages.JournalStorage(backend)
    study = optuna.create_study(
        storage=storage,
        study_name=hashlib.sha256(text.encode()).hexdigest()[:16],
        direction="maximize" if search.maximize else "minimize",
        load_if_exists=True,
        pruner=_pruner(search, base),
    )
    return study, storage


def _remove_half_line(file: Path) -> None:
    """Remove the beginning of a line that a killed sweep left: Optuna can't read past it."""
    if not file.exists():
        return
    whole = file.read_bytes().rfind(b"\n") + 1
    with file.open("r+b") as handle:
        handle.truncate(whole)


def _sampler(search: Search, number: int) -> "optuna.samplers.BaseSampler":
    import optuna

    seed = search.seed * 100_003 + number
    if search.method == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if search.method == "gp":
            return optuna.samplers.GPSampler(seed=seed)
        # Optuna's default draws the first ten at random: few searches here have many more.
        return optuna.samplers.TPESampler(
            seed=seed,
            multivariate=True,
            constant_liar=True,
            n_startup_trials=max(1, min(10, search.trials // 3)),
        )


def _pruner(search: Search, base: dict[str, Any]) -> "optuna.pruners.BasePruner":
    import optuna

    if search.method != "hyperband":
        return optuna.pruners.NopPruner()
    from kerasdemo.config.types import Training

    epochs = (base.get("training") or {}).get("epochs", Training().epochs)
    return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=max(1, int(epochs)))


def _suggest(trial: "optuna.Trial", path: str, dimension: list[Any] | Range) -> Any:
    if isinstance(dimension, list):
        # Optuna's choices are plain values; a list or a mapping is passed as JSON.
        choices = [json.dumps(choice) for choice in dimension]
        return json.loads(str(trial.suggest_categorical(path, choices)))
    if dimension.integer:
        return trial.suggest_int(path, int(dimension.low), int(dimension.high), log=dimension.log)
    return trial.suggest_float(path, dimension.low, dimension.high, log=dimension.log)
