"""Comparisons, claims and differences between runs as sentences."""

from kerasdemo.comparison.claims import ClaimCheck
from kerasdemo.comparison.difference import Difference, Divergence
from kerasdemo.comparison.groups import format_value
from kerasdemo.comparison.metrics import is_accuracy
from kerasdemo.comparison.statistics import FEWEST_SEEDS, PairedDifference
from kerasdemo.records import Scalar

METRIC_NAMES = {
    "accuracy": "training accuracy",
    "val_accuracy": "validation accuracy",
    "test_accuracy": "test accuracy",
    "r2": "R² of the training set",
    "val_r2": "R² of the validation set",
    "test_r2": "R² of the test set",
    "loss": "training loss",
    "val_loss": "validation loss",
    "test_loss": "test loss",
    "epoch_seconds": "seconds of training an epoch",
    "seconds": "seconds of the whole run",
}


def describe_pair(pair: PairedDifference, first: str, second: str) -> str:
    """Return which of two groups is ahead and by how much, whatever the metric.

    Args:
        pair: the difference of `first` - `second`.
        first, second: their labels.
    """
    if pair.difference.n == 0:
        return f"{first} and {second} share no seed: run both with the same seeds"
    lead, ahead, behind = pair.lead, first, second
    if lead.mean < 0:
        lead, ahead, behind = -lead, second, first
    if pair.decision in ("better", "worse"):
        return f"{ahead} beats {behind} by {lead}"
    if pair.decision == "tie":
        by = f"the first ahead by {lead}" if lead.mean else str(lead)
        return f"{ahead} and {behind}: tie, {by}"
    once = ", seen once" if pair.single_seed else " with one seed" if lead.n == 1 else ""
    verb = f"{ahead} is ahead of {behind} by" if lead.mean else f"{ahead} and {behind} differ by"
    needed = describe_needs(lead.n, pair.more_seeds or 0, pair.needs_examples)
    return f"{verb} {lead}{once}, {needed}"


def describe_needs(seeds: int, more_seeds: int, needs_examples: bool) -> str:
    """Return what would decide a difference or a claim, "" where nothing is needed."""
    if needs_examples:
        return "needs more examples, not more seeds"
    if not more_seeds:
        return ""
    about = "at least" if seeds < FEWEST_SEEDS else "about"
    return f"needs {about} {_count(more_seeds, 'more seed')}"


def describe_claim(check: ClaimCheck) -> str:
    """Return a claim with its status, its reference and the evidence in a line."""
    claim = check.claim
    reference = "" if claim.reference is None else f" (reference: {claim.reference})"
    return f"{check.status.upper()}: {claim.statement}{reference}: {describe_evidence(check)}"


def describe_evidence(check: ClaimCheck, *, percent: bool = False) -> str:
    """Return the numbers behind a claim's status.

    Args:
        check: the claim that was checked.
        percent: write accuracies in percent, metrics in words and no number of seeds, as pages do;
            default: in the metric's name and unit.
    """
    claim, value = check.claim, check.value
    percent = percent and value.n > 0
    scale, unit = (100, " %") if percent and is_accuracy(claim.metric) else (1, "")
    metric = METRIC_NAMES[claim.metric] if percent else claim.metric
    seeds = [] if percent else [_count(value.n, "seed")]
    needs = describe_needs(value.n, check.more_seeds, check.needs_examples)
    if claim.verdict is not None:
        verdicts = ", ".join(f"{name} {n}" for name, n in check.verdicts.items())
        hits = f"{check.verdicts.get(claim.verdict, 0)} of {_count(check.runs, 'run')}"
        parts = [f"{hits} ({verdicts or 'no verdict yet'})"]
        parts += [f"{metric} {value.scaled(scale)}{unit}"] if value.n else []
        return ", ".join(["; ".join(parts[::-1] if percent else parts), *filter(None, [needs])])

    if claim.between is not None:
        least, most = (scale * end for end in claim.between)
        first = f"{metric} {value.scaled(scale)}{unit}" if value.n else "no value"
        parts = [first, f"claimed {least:g} to {most:g}{unit}", *seeds]
        parts += [f"{_count(check.lost, 'run')} diverged or failed"] if check.lost else []
    else:
        first, second = (
            (f"{scale * side.mean:.4g}{unit}" for side in check.sides)
            if percent
            else map(str, check.sides)
        )
        points = " points" if unit else ""
        difference = f"{value.scaled(scale):+}{points}"
        parts = [
            f"{metric} {first} against {second}: {difference}"
            if percent
            else f"{metric} {difference} ({first} against {second})"
        ]
        parts += [f"more than {scale * claim.by:g}{points} claimed"] if claim.by else []
        parts += seeds
    parts += ["of a single epoch, compiling included"] if check.has_compilation else []
    if check.pooled_settings > 1:
        keys = ", ".join(check.open_keys)
        parts.append(f"mean over {check.pooled_settings} settings of {keys}")
    parts += [needs] if needs else []
    if check.excluded_pairs:
        parts.append(f"{_count(check.excluded_pairs, 'pair')} left out (diverged or failed)")
    parts += [f"{_count(check.missing, 'run')} missing"] if check.missing else []
    return ", ".join(parts)


def describe_differences(difference: Difference, first: str, second: str) -> list[str]:
    """Return what differs between two runs, a line for each setting and each curve.

    Args:
        difference: of the two runs.
        first, second: their names.
    """
    lines = [
        f"{key}: {' / '.join(map(_setting, pair))}" for key, pair in difference.settings.items()
    ]
    lines = lines or ["the configs are the same"]
    if not difference.curves:
        lines.append(f"the curves of {first} and {second} do not diverge")
    lines += [f"{one.what} diverges {_since(one)}" for one in difference.curves]
    if difference.layers:
        one = difference.layers[0]
        lines.append(f"the first statistic of a layer: {one.what} diverges {_since(one)}")
    return lines


def _setting(value: Scalar) -> str:
    """Return a setting as YAML has it, a number with all its digits."""
    return str(value) if isinstance(value, float) else format_value(value)


def _since(one: Divergence) -> str:
    return f"from epoch {one.epoch}: {one.first:.4g} / {one.second:.4g}"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
