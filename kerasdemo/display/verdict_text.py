"""Runs and verdicts as lines of text for a terminal."""

from collections.abc import Container, Iterator, Sequence
from typing import NamedTuple

from kerasdemo.comparison.groups import Group
from kerasdemo.config.changes import options
from kerasdemo.diagnosis import Verdict
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.records import Run, Summary, summarize
from kerasdemo.records.verdict import Remedy

STYLES = {"healthy": "bold green", "cannot_tell": "bold", "still_improving": "bold cyan"}
WARNING = "bold yellow"
# Remedies that a verdict shows; `kerasdemo diagnose` shows all.
MOST_REMEDIES = 3


class Line(NamedTuple):
    """A line of text and its style, in Rich's words."""

    text: str
    style: str = ""


def run_lines(run: Run, verdict: Verdict) -> Iterator[Line]:
    """Yield a run's status, accuracies, verdict and the file of its curves."""
    reason = f", {run.facts['reason']}" if run.facts.get("reason") else ""
    yield Line(f"{run.id}  {run.status}{reason}", "bold")
    yield Line(f"  {describe_accuracies(run)}")
    if run.history.metrics:
        yield Line(f"  metrics   {describe_metrics(run)}")
    rest = f"kerasdemo diagnose {run.id}"
    yield from verdict_lines(verdict, hidden_notes=data_warnings(run), rest=rest)
    if run.folder.curves_file.is_file():
        yield Line(f"  curves    {run.folder.curves_file}")


def data_warnings(run: Run) -> list[str]:
    """Return the warnings about the data that a run was trained on."""
    data = run.facts.get("data") or {}
    return [str(data[key]) for key in ("warning", "uneven") if data.get(key)]


def label_remedies(verdict: Verdict, most: int) -> Iterator[tuple[str, Remedy]]:
    """Yield the first remedies, each with the words that say which one to try first."""
    several = len(verdict.remedies) > 1
    for number, remedy in enumerate(verdict.remedies[:most]):
        yield ("or" if number else "try first" if several else "try"), remedy


def verdict_lines(
    verdict: Verdict,
    *,
    with_evidence: bool = False,
    hidden_notes: Container[str] = (),
    rest: str = "verdict.remedies",
) -> Iterator[Line]:
    """Yield a verdict, its causes, its remedies as options, and its notes but the hidden ones.

    Args:
        verdict: to show.
        with_evidence: with its numbers and all of its remedies.
        hidden_notes: notes to leave out.
        rest: where the remedies are that are not shown.
    """
    style = WARNING if verdict.caution else STYLES.get(verdict.outcome, "bold red")
    yield Line(f"  {verdict.title.upper()}: {verdict.summary}", style)
    for key, value in verdict.evidence.items() if with_evidence else ():
        yield Line(f"    {key}: {value:.4g}" if isinstance(value, float) else f"    {key}: {value}")
    for cause in verdict.causes:
        yield Line(f"  why       {cause.name.replace('_', ' ')}: {cause.text}")
    count = len(verdict.remedies)
    most = count if with_evidence else MOST_REMEDIES
    for label, remedy in label_remedies(verdict, most):
        if remedy.code is None:
            yield Line(f"  {label:<10}{options(remedy.patch) or '-'}  ({remedy.reason})")
            continue
        yield Line(f"  {label:<10}{remedy.reason}:")
        for line in remedy.code.splitlines():
            yield Line(f"              {line}")
    if count > most:
        yield Line(f"  or        {count - most} more: {rest}")
    for note in verdict.notes:
        if note not in hidden_notes:
            yield Line(f"  note      {note}")


def describe_accuracies(run: Run) -> str:
    """Return the scores of the weights that a run kept, and their epoch if not the last.

    Of a task without a score: its losses.
    """
    features = RunFeatures(run)
    name, text = features.scale.name, features.scale.text
    scores = {
        "train": features.score,
        "validation": features.val_score,
        "test": features.test_score,
    }
    if not any(value is not None for value in scores.values()):
        name, text = "loss", "{:.4g}".format
        scores = {"train": features.at("loss"), "validation": features.at("val_loss")}
    known = [f"{part} {text(value)}" for part, value in scores.items() if value is not None]
    epoch = features.kept_epoch
    kept = f" (epoch {epoch}, whose weights were kept)" if epoch < features.epochs else ""
    return f"{name} {', '.join(known)}{kept}" if known else "no complete epoch"


def describe_metrics(run: Run) -> str:
    """Return the config's own metrics at the weights that were kept."""
    kept, columns = RunFeatures(run).kept_epoch, run.history.metrics
    texts = []
    for name in (name for name in columns if not name.startswith("val_")):
        parts = {"train": columns[name], "validation": columns.get(f"val_{name}", ())}
        known = [f"{part} {v[kept - 1]:.4g}" for part, v in parts.items() if len(v) >= kept > 0]
        texts.append(f"{name} {', '.join(known)}")
    return "; ".join(texts)


def seed_lines(runs: Sequence[Run]) -> Iterator[str]:
    """Yield mean scores and their intervals for each config that was run with several seeds."""
    by_config: dict[str, dict[int, Summary]] = {}
    for run in runs:
        found = summarize(run.folder.path)
        by_config.setdefault(repr({**found.settings, "seed": None}), {})[found.seed] = found
    for by_seed in by_config.values():
        if len(by_seed) < 2:
            continue
        seeds = tuple(by_seed.values())
        score = "r2" if any("r2" in found.metrics for found in seeds) else "accuracy"
        means = []
        for name, prefix in (("train", ""), ("validation", "val_"), ("test", "test_")):
            mean = Group("", {}, seeds, f"{prefix}{score}", "kept").interval
            if mean.n:
                text = f"{mean.scaled(100)} %" if score == "accuracy" else str(mean)
                means.append(f"{name} {text}")
        unfinished = sum(run.status != "finished" for run in seeds)
        without = f" ({unfinished} of them did not finish)" if unfinished else ""
        yield f"{seeds[0].name}: {len(seeds)} seeds{without}, with 95 % intervals"
        yield f"  mean {'R²' if score == 'r2' else score}: {', '.join(means) or '-'}"
