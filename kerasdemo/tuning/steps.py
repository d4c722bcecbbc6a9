"""What the recipe makes: candidates, the steps between them, and the path that they form."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from kerasdemo.comparison.metrics import part_of
from kerasdemo.comparison.statistics import Interval, PairedDifference, metric_interval
from kerasdemo.config import InputError, RunConfig
from kerasdemo.diagnosis import diagnose
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.records import Run
from kerasdemo.records.verdict import OUTCOMES, Outcome, Remedy, Verdict, outcome_title

METRICS = {
    "accuracy": "training accuracy",
    "val_accuracy": "validation accuracy",
    "test_accuracy": "test accuracy",
    "r2": "training R²",
    "val_r2": "validation R²",
    "test_r2": "test R²",
}
# With one or two seeds there is no spread to go by: a gain counts from here on, where it is also
# beyond the error of the examples. It is also the most that a change to a healthy run may cost.
MARGIN = 0.01


@dataclass(frozen=True)
class Candidate:
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
        faults = Counter(v.outcome for v in self.verdicts if not v.is_healthy)
        return min(faults, key=lambda o: (-faults[o], OUTCOMES.index(o)), default="healthy")

    @property
    def verdict(self) -> Verdict:
        """The verdict of the first seed with that outcome, if possible one with a caution."""
        verdicts = [v for v in self.verdicts if v.outcome == self.outcome]
        return next((v for v in verdicts if v.caution), verdicts[0])

    @property
    def remedies(self) -> list[Remedy]:
        """The remedies for that outcome: those of the first seed first."""
        remedies: list[Remedy] = []
        for verdict in self.verdicts:
            if verdict.outcome == self.outcome:
                patches = [remedy.patch for remedy in remedies]
                remedies += [remedy for remedy in verdict.remedies if remedy.patch not in patches]
        return remedies

    @property
    def score(self) -> str:
        """What counts: accuracy, or of a regression r2."""
        return "r2" if self.runs[0].setup.task == "regression" else "accuracy"

    @property
    def metrics(self) -> tuple[str, ...]:
        """Those of METRICS that the runs have: of training, validation and test."""
        return tuple(metric for metric in METRICS if metric.split("_")[-1] == self.score)

    def by_seed(self, metric: str) -> dict[int, float]:
        """Return seed -> score at the weights that were kept; without runs that diverged."""
        if metric not in self.metrics:
            return {}
        values = {
            run.setup.seed: getattr(RunFeatures(run), metric.replace(self.score, "score"))
            for run in self.runs
            if run.status == "finished"
        }
        return {seed: value for seed, value in values.items() if value is not None}

    def mean(self, metric: str) -> Interval:
        """Return a metric's mean over the seeds: a share, or R²."""
        return metric_interval(list(self.by_seed(metric).values()), metric, self.examples(metric))

    def examples(self, metric: str) -> int | None:
        """Return how many examples a metric was measured on; the fewest, where runs differ."""
        counts = [RunFeatures(run).count(part_of(metric)) for run in self.runs]
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
class Decision:
    """Whether a change is kept, and why. gains: metric -> after minus before, by seed."""

    is_kept: bool
    reason: str
    gains: Mapping[str, PairedDifference] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """A remedy that was tried.

    Args:
        remedy: what was changed.
        outcome: the one before it.
        candidate: the config with the change, and its runs; None where it was refused.
        decision: whether it is kept.
    """

    remedy: Remedy
    outcome: Outcome
    candidate: Candidate | None
    decision: Decision

    @property
    def is_kept(self) -> bool:
        """Whether the next step starts from this one."""
        return self.decision.is_kept


@dataclass(frozen=True)
class Tuning:
    """The start, and every step in the order in which they were tried."""

    start: Candidate
    steps: tuple[Step, ...] = ()

    @property
    def path(self) -> list[Candidate]:
        """The start and what was kept."""
        return [self.start, *(s.candidate for s in self.steps if s.is_kept and s.candidate)]

    @property
    def current(self) -> Candidate:
        """What was kept last."""
        return self.path[-1]

    @property
    def final_metric(self) -> str:
        """Validation score; without one, or after a test mismatch, test score."""
        is_mismatch = any(candidate.outcome == "test_mismatch" for candidate in self.path)
        score = self.start.score
        has_validation = self.start.by_seed(f"val_{score}") or self.start.config.data.validation
        return f"test_{score}" if is_mismatch or not has_validation else f"val_{score}"

    @property
    def runs(self) -> int:
        """How many runs there are, reused ones among them."""
        tried = [step.candidate for step in self.steps if step.candidate is not None]
        return sum(len(candidate.runs) for candidate in (self.start, *tried))

    @cached_property
    def next_remedy(self) -> Remedy | None:
        """The first remedy that makes a config not tried yet.

        Of the current verdict; then of those before it, without what would undo a kept change.
        """
        if self.current.outcome == "healthy":
            return None
        tried = [self.start.config.settings]
        tried += [step.candidate.config.settings for step in self.steps if step.candidate]
        refused = [step.remedy.patch for step in self.steps if step.candidate is None]
        kept = [key for step in self.steps if step.is_kept for key in step.remedy.patch]
        remedies = list(self.current.remedies)
        for candidate in self.path[-2::-1]:
            remedies += [remedy for remedy in candidate.remedies if not undoes(remedy.patch, kept)]
        for remedy in remedies:
            try:
                settings = self.current.config.with_changes(remedy.patch).settings
            except InputError:
                settings = None
            if remedy.patch not in refused and settings not in tried:
                return remedy
        return None

    def find_end(self, max_runs: int) -> str | None:
        """Return why there is no further step, or None where there is one."""
        outcome = self.current.outcome
        if outcome == "healthy":
            return "healthy"
        if self.next_remedy is None:
            has_remedies = any(candidate.remedies for candidate in self.path)
            title = outcome_title(outcome, None)
            return "nothing helps" if has_remedies else f"no remedy for {title}"
        if self.runs + len(self.start.runs) > max_runs:
            return f"--max-runs {max_runs} reached"
        return None


def undoes(patch: Mapping[str, object], kept: Sequence[str]) -> bool:
    """Return whether a patch sets a kept key, a part of it, or the section that contains it."""
    return any(
        f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")
        for one in patch
        for other in kept
    )


@dataclass(frozen=True)
class TuneResult:
    """What `tune` did.

    Args:
        tuning: every step.
        end: why it ended.
        folder: of the runs, and of tune.json.
        config_file: the final config.
        plot_file: a picture of the steps.
    """

    tuning: Tuning
    end: str
    folder: Path
    config_file: Path
    plot_file: Path
