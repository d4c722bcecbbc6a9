"""A sweep: expand or search an experiment, train its runs with an executor, check its claims."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kerasdemo.comparison.claims import ClaimCheck
from kerasdemo.config import Fault, InputError
from kerasdemo.config.changes import Overrides
from kerasdemo.config.errors import shown
from kerasdemo.records.experiment_record import (
    ExperimentRecord,
    RunEntry,
    find_experiment_record,
    write_experiment_record,
)
from kerasdemo.sweeps import estimate
from kerasdemo.sweeps.claims import check_claims
from kerasdemo.sweeps.executor import Executor, GridSource, Source
from kerasdemo.sweeps.expansion import RunSpec, expand
from kerasdemo.sweeps.experiment import Experiment
from kerasdemo.sweeps.in_process import InProcess
from kerasdemo.sweeps.progress import Progress
from kerasdemo.sweeps.run_store import RunOutcome, RunStore, prepare
from kerasdemo.sweeps.worker_pool import WorkerPool

if TYPE_CHECKING:
    from rich.console import Console

    from kerasdemo.display.tensorboard import TensorBoard


@dataclass(frozen=True)
class Plan:
    """What a sweep would do.

    Args:
        experiment: whose runs they are.
        folder: of its runs.
        runs: every run, with its outcome if it is complete.
        seconds: roughly, to train the others; of a search 0.
    """

    experiment: Experiment
    folder: Path
    runs: tuple[tuple[RunSpec, RunOutcome | None], ...]
    seconds: float


@dataclass(frozen=True)
class SweepResult:
    """What a sweep did.

    Args:
        experiment: whose runs they are.
        folder: of its runs.
        outcomes: every run, in the order in which they ended.
        claims: of the experiment, checked against its runs.
    """

    experiment: Experiment
    folder: Path
    outcomes: tuple[tuple[RunSpec, RunOutcome], ...]
    claims: tuple[ClaimCheck, ...]

    @property
    def failed(self) -> list[tuple[RunSpec, RunOutcome]]:
        """The runs that failed."""
        return [(spec, outcome) for spec, outcome in self.outcomes if outcome.status == "failed"]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values, for JSON."""
        runs = [
            {
                "run": outcome.summary.id if outcome.summary else None,
                "label": spec.label,
                "seed": spec.seed,
                "status": outcome.status,
                "reason": outcome.reason,
                "reused": outcome.is_reused,
            }
            for spec, outcome in self.outcomes
        ]
        claims = [check.as_dict() for check in self.claims]
        return {"folder": str(self.folder), "runs": runs, "claims": claims}


def plan(
    experiment: Experiment,
    results: Path,
    overrides: Overrides = (),
    *,
    seeds: Sequence[int] = (),
    workers: int | None = None,
) -> Plan:
    """Return what `sweep` would do, without writing or training anything.

    Args:
        experiment, results, overrides, seeds, workers: as for `sweep`.

    Raises:
        InputError: with every fault of the experiment.
    """
    experiment = _with_seeds(experiment, seeds)
    specs = expand(experiment, overrides)
    folder = results / experiment.name
    store = RunStore(folder)
    refused = {id(spec): outcome for spec, outcome in _split(specs, store)[1]}
    outcomes = [refused.get(id(spec)) or store.find(spec) for spec in specs]
    if workers is None:
        workers = estimate.usual_workers(specs)
    seconds = estimate.seconds(specs, outcomes, max(1, workers))
    return Plan(experiment, folder, tuple(zip(specs, outcomes, strict=True)), seconds)


def sweep(
    experiment: Experiment,
    results: Path,
    overrides: Overrides = (),
    *,
    seeds: Sequence[int] = (),
    workers: int | None = None,
    ray: str | None = None,
    retry_failed: bool = False,
    overwrite: bool = False,
    console: "Console | None" = None,
    tensorboard: Path | None = None,
) -> SweepResult:
    """Train every run of an experiment that is not complete yet, and check its claims.

    A sweep keeps everything in its folder: when it is killed, the next one resumes it, and two may
    work on one folder at the same time.

    Args:
        experiment: whose runs are trained.
        results: the runs are in the folder in it that has the experiment's name.
        overrides: for every config: {dotted path: value} or ["path=value"].
        seeds: in place of the experiment's.
        workers: number of processes that train; 0: this process; None: as many as are fastest here.
        ray: address of a Ray cluster, or "auto"; None: this machine.
        retry_failed: train failed runs again.
        overwrite: train complete runs again.
        console: where progress is shown; None: nowhere.
        tensorboard: folder for event files; None: none are written.

    Raises:
        InputError: with every fault of the experiment; nothing is written then.
        StopSweep: where no run can be trained any more (a full disk).
    """
    experiment = _with_seeds(experiment, seeds)
    every = expand(experiment, overrides)
    folder = results / experiment.name
    store = RunStore(folder, retry_failed, overwrite)
    specs, refused = _split(every, store)
    executor = _executor(experiment, specs, workers, ray)
    log = None if tensorboard is None else _tensorboard(tensorboard, experiment, every)
    prepare(folder)
    source: Source = GridSource(specs)
    if experiment.search is not None:
        from kerasdemo.sweeps.search import SearchSource

        source = SearchSource(experiment, folder, overrides)
    with nullcontext() if console is None else _progress(experiment, every, console) as progress:
        recorder = _Recorder(experiment, folder, store, progress, log)
        recorder.write(specs)
        for spec, outcome in refused:
            recorder.on_run_end(spec, outcome)
        try:
            executor.execute(source, store, recorder)
        finally:
            if log is not None:
                log.close()
    return SweepResult(experiment, folder, tuple(recorder.outcomes), tuple(check_claims(folder)))


def _with_seeds(experiment: Experiment, seeds: Sequence[int]) -> Experiment:
    return experiment.model_copy(update={"seeds": tuple(seeds)}) if seeds else experiment


def _split(
    specs: list[RunSpec], store: RunStore
) -> tuple[list[RunSpec], list[tuple[RunSpec, RunOutcome]]]:
    """Return the runs whose data can be read, and the others as failed, with the reason.

    Raises:
        InputError: where no run's data can be read.
    """
    ready: list[RunSpec] = []
    refused: list[tuple[RunSpec, RunOutcome]] = []
    faults: list[Fault] = []
    for spec in specs:
        try:
            store.folder(spec.config)
            ready.append(spec)
        except InputError as error:
            faults += [fault for fault in error.faults if fault not in faults]
            refused.append((spec, RunOutcome("failed", str(error.faults[0]))))
    if faults and not ready:
        raise InputError(faults)
    return ready, refused


def _executor(
    experiment: Experiment, specs: Sequence[RunSpec], workers: int | None, ray: str | None
) -> Executor:
    if ray is not None:
        from kerasdemo.sweeps import cluster

        if experiment.search is not None and experiment.search.method == "hyperband":
            message = "hyperband needs every epoch, which a cluster does not report; use tpe"
            raise InputError(experiment.document.fault(("search", "method"), message))
        return cluster.connect(ray, experiment.resources)
    if workers is None:
        workers = estimate.usual_workers(specs)
    if not isinstance(workers, int) or workers < 0:
        message = f"got {shown(workers)}; expected 0 (this process) or a number of processes"
        raise InputError(Fault(message, key="workers"))
    runs = experiment.search.trials if experiment.search else len(specs)
    return WorkerPool(min(workers, max(1, runs))) if workers else InProcess()


def _progress(experiment: Experiment, specs: Sequence[RunSpec], console: "Console") -> Progress:
    if experiment.search is not None:
        return Progress(experiment.search.objective, None, None, console)
    has_validation = all(spec.config.data.validation for spec in specs)
    score = "r2" if all(spec.config.task == "regression" for spec in specs) else "accuracy"
    metric = f"val_{score}" if has_validation else f"test_{score}"
    work = sum(estimate.work(spec.config) for spec in specs)
    return Progress(metric, len(specs), work, console)


def _tensorboard(
    directory: Path, experiment: Experiment, specs: Sequence[RunSpec]
) -> "TensorBoard":
    """Return what writes event files, with the settings that the experiment varies."""
    from kerasdemo.display.tensorboard import TensorBoard, differing_settings

    if experiment.search is not None:
        return TensorBoard(directory, [*experiment.search.space, "seed"])
    return TensorBoard(directory, differing_settings([spec.config for spec in specs]))


class _Recorder:
    """A listener that collects outcomes, keeps sweep.json up to date and shows progress."""

    def __init__(
        self,
        experiment: Experiment,
        folder: Path,
        store: RunStore,
        progress: Progress | None,
        log: "TensorBoard | None" = None,
    ):
        self._log = log
        self._experiment = experiment
        self._folder = folder
        self._store = store
        self._progress = progress
        # A search's runs become known one by one; all others are known now.
        known = find_experiment_record(folder) if experiment.search is not None else None
        self._runs = dict(known.runs) if known is not None else {}
        self.outcomes: list[tuple[RunSpec, RunOutcome]] = []

    def write(self, specs: Sequence[RunSpec]) -> None:
        """Write sweep.json, with these runs in it."""
        for spec in specs:
            name = self._store.folder(spec.config).path.name
            entry = RunEntry(label=spec.label, values=dict(spec.values), seed=spec.seed)
            self._runs[name] = entry
        record = ExperimentRecord(
            name=self._experiment.name,
            question=self._experiment.question,
            source=self._experiment.source,
            claims=[claim.model_dump(mode="json") for claim in self._experiment.claims],
            runs=self._runs,
        )
        write_experiment_record(self._folder, record)

    def on_run_begin(self, spec: RunSpec) -> None:
        if self._experiment.search is not None:
            self.write([spec])
        if self._log is not None:
            self._log.begin(self._store.folder(spec.config))
        if self._progress is not None:
            self._progress.on_run_begin(spec)

    def on_epoch_end(self, spec: RunSpec, epoch: int, row: dict[str, float]) -> None:
        if self._log is not None:
            self._log.update(self._store.folder(spec.config))
        if self._progress is not None:
            self._progress.on_epoch_end(spec, epoch, row)

    def on_run_end(self, spec: RunSpec, outcome: RunOutcome) -> None:
        self.outcomes.append((spec, outcome))
        if self._log is not None and (outcome.summary is not None or outcome.status == "stopped"):
            self._log.end(self._store.folder(spec.config))
        if self._progress is not None:
            self._progress.on_run_end(spec, outcome)
