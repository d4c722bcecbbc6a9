"""A search by Optuna: its samplers and pruners, its study in the results folder, resumable.

A trial is its parameters; its runs are ordinary runs, one for each seed. Each trial's sampler is
seeded with the trial's number, so that a search that was cut off asks what it would have asked.
"""

import hashlib
import importlib.util
import json
import math
import threading
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock

from kerasdemo.config import InputError
from kerasdemo.sweeps import expansion
from kerasdemo.sweeps.executor import DelayQueue, Outcome
from kerasdemo.sweeps.expansion import RunSpec
from kerasdemo.sweeps.experiment import Experiment, Range, Search

if TYPE_CHECKING:
    import optuna

FILE = "study.log"


@dataclass
class Trial:
    """A trial under way: its runs that have not begun, and the values of those that ended."""

    asked: "optuna.Trial"
    waiting: list[RunSpec]
    runs: int
    values: list[float] = field(default_factory=list)
    given_up: bool = False
    failed: bool = False


class SearchSource:
    """A source of runs that Optuna asks for, one trial after the other."""

    def __init__(self, experiment: Experiment, results: Path, overrides: Sequence[str] = ()):
        assert experiment.search is not None
        self.search: Search = experiment.search
        self.watches = self.search.method == "hyperband"
        self._experiment = experiment
        self._base = expansion.base(experiment, overrides)
        self._seeds = experiment.seeds or (None,)
        self._results = results
        self._lock = threading.RLock()
        self._later = DelayQueue()
        self._trials: dict[int, Trial] = {}
        self._of: dict[tuple[str, int], Trial] = {}  # a run's label and seed -> its trial
        self.study = open_study(experiment, self._base.data, results)
        for frozen in self.study.trials:
            if not frozen.state.is_finished():  # its sweep was cut off, or is still at it
                self._begin(self._again(frozen))

    def take(self, shape: str | None) -> RunSpec | None:
        while True:
            with self._lock:
                planned = self._next()
                if planned is not None or not self._later:
                    return planned
            time.sleep(DelayQueue.PAUSE / 5)

    def _next(self) -> RunSpec | None:
        while True:
            for trial in self._trials.values():
                if trial.waiting:
                    return trial.waiting.pop(0)
            if (due := self._later.due()) is not None:
                return due
            if not self._ask():
                return None

    def _ask(self) -> bool:
        """Ask for one more trial; return False where there are enough."""
        # Two sweeps at once must not both ask for the last one.
        with FileLock(self._results / ".study.lock"):
            number = len(self.study.trials)
            if number >= self.search.trials:
                return False
            self.study.sampler = _sampler(self.search, number)
            asked = self.study.ask()
        self._begin(asked)
        return True

    def _again(self, frozen: "optuna.trial.FrozenTrial") -> "optuna.Trial":
        import optuna

        # The sampler it had: what was cut off before it was suggested comes out the same.
        self.study.sampler = _sampler(self.search, frozen.number)
        return optuna.Trial(self.study, frozen._trial_id)

    def _begin(self, asked: "optuna.Trial") -> None:
        number = asked.number
        space = self.search.space
        values = {path: _suggest(asked, path, dimension) for path, dimension in space.items()}
        point = expansion.point(self._base, values, "search")
        try:
            planned = [expansion.build(self._experiment, point, seed) for seed in self._seeds]
        except InputError as error:
            # Each value is well, but not together with the others.
            self.study.set_user_attr(f"trial {number}", str(error.faults[0]))
            self._tell(number, None)
            return
        planned = [replace(one, label=f"trial {number}: {one.label}") for one in planned]
        trial = Trial(asked, planned, len(planned))
        self._trials[number] = trial
        self._of.update({(one.label, one.seed): trial for one in planned})

    def requeue(self, planned: RunSpec) -> None:
        with self._lock:
            self._later.add(planned)

    def goes_on(self, planned: RunSpec, epoch: int, row: dict[str, float]) -> bool:
        """Report the first seed's epochs to the pruner; the others go the way of the first."""
        with self._lock:
            trial = self._of[planned.label, planned.seed]
            value = row.get(self.search.objective, math.nan)
            if planned.seed == self._seeds[0] or self._seeds[0] is None:
                trial.given_up = trial.given_up or self._is_hopeless(trial.asked, epoch, value)
            return not trial.given_up

    def _is_hopeless(self, asked: "optuna.Trial", epoch: int, value: float) -> bool:
        with warnings.catch_warnings():
            # A run that goes on after it was cut off tells an epoch again.
            warnings.simplefilter("ignore")
            asked.report(value if math.isfinite(value) else self._worst, epoch)
        return asked.should_prune()

    @property
    def _worst(self) -> float:
        return -math.inf if self.search.maximize else math.inf

    def done(self, planned: RunSpec, outcome: Outcome) -> None:
        with self._lock:
            trial = self._of[planned.label, planned.seed]
            trial.values.append(self._value(outcome))
            trial.failed = trial.failed or outcome.status == "failed"
            if trial.given_up:
                trial.runs -= len(trial.waiting)
                trial.waiting.clear()
            if len(trial.values) == trial.runs:
                del self._trials[trial.asked.number]
                self._finish(trial)

    def _value(self, outcome: Outcome) -> float:
        """Return a run's objective; what diverged is a result, and the worst there is."""
        if outcome.status != "finished" or outcome.summary is None:
            return self._worst
        value = outcome.summary.metrics[self.search.objective].kept
        return value if math.isfinite(value) else self._worst

    def _finish(self, trial: Trial) -> None:
        if trial.given_up:
            self._tell(trial.asked.number, None, pruned=True)
        elif trial.failed:
            self._tell(trial.asked.number, None)
        else:
            self._tell(trial.asked.number, math.fsum(trial.values) / len(trial.values))

    def _tell(self, number: int, value: float | None, pruned: bool = False) -> None:
        from optuna.trial import TrialState

        state = None
        if value is None:
            state = TrialState.PRUNED if pruned else TrialState.FAIL
        # Another sweep on this folder may have told it before.
        self.study.tell(number, value, state=state, skip_if_finished=True)


def open_study(experiment: Experiment, base: dict[str, Any], results: Path) -> "optuna.Study":
    """Open or make the study of an experiment's search.

    Its name is a hash of the question: with another space it is another study, with more trials
    it goes on.

    Raises:
        InputError: where the method needs a library that is not installed.
    """
    search = experiment.search
    assert search is not None
    _check_method(experiment, search)
    import optuna
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file = results / FILE
    lock = FileLock(results / ".study-file.lock")
    with lock:
        _drop_half_a_line(file)
    question = search.model_dump(mode="json", exclude={"trials"})
    text = json.dumps([base, question, experiment.seeds], sort_keys=True, default=str)
    backend = JournalFileBackend(str(file), _JournalLock(lock))  # type: ignore[arg-type]
    return optuna.create_study(
        storage=optuna.storages.JournalStorage(backend),
        study_name=hashlib.sha256(text.encode()).hexdigest()[:16],
        direction="maximize" if search.maximize else "minimize",
        load_if_exists=True,
        pruner=_pruner(search, base),
    )


def _check_method(experiment: Experiment, search: Search) -> None:
    if search.method == "gp" and importlib.util.find_spec("torch") is None:
        message = "Optuna's gp needs PyTorch, which is not installed: pip install torch; or use tpe"
        raise InputError(experiment.document.fault(("search", "method"), message))


def _drop_half_a_line(file: Path) -> None:
    """Cut off what a killed sweep had written of its last line: Optuna can't read over it."""
    if not file.exists():
        return
    whole = file.read_bytes().rfind(b"\n") + 1
    with file.open("r+b") as handle:
        handle.truncate(whole)


class _JournalLock:
    """Optuna's own lock is a file that outlives a killed process; this one is the system's."""

    def __init__(self, lock: FileLock):
        self._lock = lock

    def acquire(self) -> bool:
        self._lock.acquire()
        return True

    def release(self) -> None:
        self._lock.release()


def _sampler(search: Search, number: int) -> "optuna.samplers.BaseSampler":
    import optuna

    seed = search.seed * 100_003 + number
    if search.method == "random":
        return optuna.samplers.RandomSampler(seed=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        if search.method == "gp":
            return optuna.samplers.GPSampler(seed=seed)
        return optuna.samplers.TPESampler(seed=seed, multivariate=True, constant_liar=True)


def _pruner(search: Search, base: dict[str, Any]) -> "optuna.pruners.BasePruner":
    import optuna

    if search.method != "hyperband":
        return optuna.pruners.NopPruner()
    from kerasdemo.config.types import Training

    epochs = (base.get("training") or {}).get("epochs", Training().epochs)
    return optuna.pruners.HyperbandPruner(min_resource=1, max_resource=max(1, int(epochs)))


def _suggest(trial: "optuna.Trial", path: str, dimension: list[Any] | Range) -> Any:
    if isinstance(dimension, list):
        # Optuna's choices are plain values; a list or a mapping is told as JSON.
        choices = [json.dumps(choice) for choice in dimension]
        return json.loads(str(trial.suggest_categorical(path, choices)))
    if dimension.integer:
        return trial.suggest_int(path, int(dimension.low), int(dimension.high), log=dimension.log)
    return trial.suggest_float(path, dimension.low, dimension.high, log=dimension.log)
