"""The route of an experiment: expand or search, an executor around the runner, and its claims."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from kerasdemo.comparison.claims import Claim, Finding, Member, judge
from kerasdemo.config import Fault, InputError
from kerasdemo.records import list_runs
from kerasdemo.sweeps import estimate
from kerasdemo.sweeps.executor import GridSource, Listener, Outcome, Source
from kerasdemo.sweeps.expansion import RunSpec, expand
from kerasdemo.sweeps.experiment import Experiment, load
from kerasdemo.sweeps.progress import Progress, Tally
from kerasdemo.sweeps.run_store import RunStore, prepare, read_plan, write_plan
from kerasdemo.training.compile_key import compile_key

if TYPE_CHECKING:
    from rich.console import Console

    from kerasdemo.sweeps.cluster import Cluster


@dataclass(frozen=True)
class Plan:
    """What a sweep would do: every run, its outcome where it is answered, and a time."""

    experiment: Experiment
    folder: Path
    runs: tuple[tuple[RunSpec, Outcome | None], ...]
    seconds: float
    """of what is not answered yet, roughly; of a search, for one trial at each corner"""


@dataclass(frozen=True)
class Swept:
    """What a sweep did."""

    experiment: Experiment
    folder: Path
    outcomes: tuple[tuple[RunSpec, Outcome], ...]
    findings: tuple[Finding, ...]

    @property
    def failed(self) -> list[tuple[RunSpec, Outcome]]:
        """The runs that failed, with their reasons."""
        return [(one, outcome) for one, outcome in self.outcomes if outcome.status == "failed"]


def plan(
    file: Path,
    results: Path,
    overrides: Sequence[str] = (),
    *,
    seeds: Sequence[int] = (),
    workers: int | None = None,
) -> Plan:
    """Return what `sweep` would do, without doing anything: --dry-run.

    Raises:
        InputError: for every fault of the experiment.
    """
    experiment = _asked(file, seeds)
    planned = expand(experiment, overrides)
    folder = results / experiment.name
    answers = RunStore(folder)
    _, refused = _with_data(planned, answers)
    outcomes = {id(one): outcome for one, outcome in refused}
    found = [outcomes.get(id(one)) or answers.find(one) for one in planned]
    seconds = estimate.seconds(planned, found, workers or estimate.usual_workers(planned))
    return Plan(experiment, folder, tuple(zip(planned, found, strict=True)), seconds)


def sweep(
    file: Path,
    results: Path,
    overrides: Sequence[str] = (),
    *,
    seeds: Sequence[int] = (),
    workers: int | None = None,
    ray: str | None = None,
    retry_failed: bool = False,
    console: "Console | None" = None,
) -> Swept:
    """Make every run of an experiment that is not answered yet, and judge its claims.

    The runs lie in `results`/<name of the experiment>; that folder is all that a sweep remembers,
    and two sweeps may work on it at once.

    Args:
        seeds: instead of the experiment's own.
        workers: processes that train; left out: as many as are fastest here.
        ray: address of a Ray cluster, or "auto"; left out: this machine.
        retry_failed: try runs that failed once more.
        console: where progress is shown; left out: nowhere.

    Raises:
        InputError: for every fault of the experiment; nothing is written then.
        StopSweep: where no run can be made any more (a full disk).
    """
    experiment = _asked(file, seeds)
    planned = expand(experiment, overrides)
    folder = results / experiment.name
    answers = RunStore(folder, retry_failed)
    every, (planned, refused) = planned, _with_data(planned, answers)
    cluster = _connect(experiment, ray) if ray else None
    prepare(folder)
    source = _source(experiment, folder, overrides, planned)
    log = _Log(experiment, folder, answers)
    log.write(planned)
    with _progress(experiment, every, console) as progress:
        listener = _Both(log, progress)
        for one, outcome in refused:
            listener.ended(one, outcome)
        if cluster is not None:
            cluster.execute(source, answers, listener)
        else:
            from kerasdemo.sweeps import local

            local.execute(source, answers, listener, workers or estimate.usual_workers(planned))
    return Swept(experiment, folder, tuple(log.outcomes), tuple(findings(folder)))


def _with_data(
    planned: list[RunSpec], answers: RunStore
) -> tuple[list[RunSpec], list[tuple[RunSpec, Outcome]]]:
    """Return the runs whose data can be read, and the others as failed, with the reason.

    Raises:
        InputError: where it is all of them.
    """
    ready: list[RunSpec] = []
    refused: list[tuple[RunSpec, Outcome]] = []
    faults: list[Fault] = []
    for one in planned:
        try:
            answers.folder(one.config)
            ready.append(one)
        except InputError as error:
            faults += [fault for fault in error.faults if fault not in faults]
            refused.append((one, Outcome("failed", str(error.faults[0]))))
    if faults and not ready:
        raise InputError(faults)
    return ready, refused


def as_json(swept: Swept) -> dict[str, Any]:
    """Return what a sweep did as plain values."""
    return {
        "folder": str(swept.folder),
        "runs": [
            {
                "run": outcome.summary.id if outcome.summary else None,
                "label": planned.label,
                "seed": planned.seed,
                "status": outcome.status,
                "reason": outcome.reason,
                "answered": outcome.answered,
            }
            for planned, outcome in swept.outcomes
        ],
        "claims": [
            {"says": one.claim.says, "outcome": one.outcome, "evidence": one.evidence}
            for one in swept.findings
        ],
    }


def findings(folder: Path) -> list[Finding]:
    """Hold an experiment's claims against its runs, by what its folder says of them."""
    plan = read_plan(folder)
    if plan is None or not plan.get("claims"):
        return []
    runs = {run.id: run for run in list_runs(folder).runs}
    members = [
        Member(one["label"], one["values"], one["seed"], runs.get(name))
        for name, one in plan["runs"].items()
    ]
    return [judge(claim, members) for claim in _claims(plan["claims"], folder)]


def _claims(recorded: Sequence[Mapping[str, Any]], folder: Path) -> Iterator[Claim]:
    """Yield the claims of sweep.json that are some: the file may be damaged, or a stranger's."""
    for number, one in enumerate(recorded, 1):
        try:
            yield Claim.model_validate(one)
        except ValidationError as error:
            problem = error.errors()[0]["msg"]
            warnings.warn(f"{folder / 'sweep.json'}: claim {number}: {problem}", stacklevel=2)


def _asked(file: Path, seeds: Sequence[int]) -> Experiment:
    experiment = load(file)
    return experiment.model_copy(update={"seeds": tuple(seeds)}) if seeds else experiment


def _connect(experiment: Experiment, address: str) -> "Cluster":
    from kerasdemo.sweeps import cluster

    if experiment.search is not None and experiment.search.method == "hyperband":
        message = "hyperband looks at every epoch, which a cluster does not tell; use tpe"
        raise InputError(experiment.document.fault(("search", "method"), message))
    return cluster.connect(address, experiment.resources)


def _source(
    experiment: Experiment, folder: Path, overrides: Sequence[str], planned: Sequence[RunSpec]
) -> Source:
    if experiment.search is None:
        return GridSource(planned, lambda one: compile_key(one.config))
    from kerasdemo.sweeps.search import SearchSource

    return SearchSource(experiment, folder, overrides)


def _progress(experiment: Experiment, planned: Sequence[RunSpec], console: "Console | None") -> Any:
    if console is None:
        return nullcontext()
    search = experiment.search
    metric = search.objective if search else _usual_metric(planned)
    work = None if search else sum(estimate.work(one.config) for one in planned)
    return Progress(Tally(metric, None if search else len(planned), work), console)


def _usual_metric(planned: Sequence[RunSpec]) -> str:
    validated = all(one.config.data.validation for one in planned)
    return "val_accuracy" if validated else "test_accuracy"


class _Log:
    """A listener that remembers outcomes and keeps sweep.json up to date."""

    def __init__(self, experiment: Experiment, folder: Path, answers: RunStore):
        self._experiment = experiment
        self._folder = folder
        self._answers = answers
        # A search's runs become known one by one; all others are known now.
        known = read_plan(folder) if experiment.search is not None else None
        self._runs: dict[str, Any] = (known or {}).get("runs", {})
        self.outcomes: list[tuple[RunSpec, Outcome]] = []

    def write(self, planned: Sequence[RunSpec]) -> None:
        """Write sweep.json, with these runs in it."""
        for one in planned:
            name = self._answers.folder(one.config).path.name
            self._runs[name] = {"label": one.label, "values": dict(one.values), "seed": one.seed}
        told = self._experiment.model_dump(mode="json", include={"name", "question", "source"})
        claims = [claim.model_dump(mode="json") for claim in self._experiment.claims]
        write_plan(self._folder, {**told, "claims": claims, "runs": self._runs})

    def started(self, planned: RunSpec) -> None:
        if self._experiment.search is not None:
            self.write([planned])

    def epoch(self, planned: RunSpec, epoch: int, row: dict[str, float]) -> None:
        pass

    def ended(self, planned: RunSpec, outcome: Outcome) -> None:
        self.outcomes.append((planned, outcome))


class _Both:
    """Two listeners as one; the second may be None."""

    def __init__(self, first: Listener, second: Listener | None):
        self._all = [one for one in (first, second) if one is not None]

    def started(self, planned: RunSpec) -> None:
        for one in self._all:
            one.started(planned)

    def epoch(self, planned: RunSpec, epoch: int, row: dict[str, float]) -> None:
        for one in self._all:
            one.epoch(planned, epoch, row)

    def ended(self, planned: RunSpec, outcome: Outcome) -> None:
        for one in self._all:
            one.ended(planned, outcome)
