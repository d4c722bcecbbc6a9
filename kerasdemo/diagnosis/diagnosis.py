"""From a run to a verdict: the outcome first, then why, then what to try."""

import warnings
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from kerasdemo.config.types import RunConfig
from kerasdemo.diagnosis import causes, held_out, outcomes, remedies, sanity_results
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.diagnosis.remedies import Suggestion
from kerasdemo.diagnosis.rule import Finding, Rule
from kerasdemo.records import Run, files
from kerasdemo.records.verdict import Cause, Outcome, Remedy, Verdict

# A symptom beside a cause that explains it.
EXPLAINED = 0.7
SURE = 0.6
RATE = "optimizer.learning_rate"
# Below this a cause is only told where there is no other.
LIKELY = 0.25
# Evidence that only a sweep of learning rates gives.
PROVEN = "best_learning_rate"
# What makes a training slow or short of its goal, and never breaks one.
UNFINISHED = frozenset({"too_few_updates", "learning_rate_too_low", "network_too_small"})


def diagnose(run: Run, reference: float | None = None) -> Verdict:
    """Say what came of a run, why, and what to try.

    Args:
        run: config, history, layers and facts; what is missing counts as unknown.
        reference: the best training accuracy known for this data, as of a sweep.

    Returns:
        The verdict. It never fails: what can't be judged is `cannot_tell`, or stands in `notes`.
    """
    features = RunFeatures(run, reference)
    rule, finding = next(
        (rule, finding) for rule in outcomes.RULES if (finding := rule.find(features)) is not None
    )
    found = list(_causes(features, rule.name))
    outcome: Outcome = rule.name  # type: ignore[assignment]
    rise = None if outcome in ("diverged", "cannot_tell") else held_out.find_rise(features)
    return Verdict(
        outcome=outcome,
        code=rule.code,
        summary=_summary(features, outcome, finding.text, rise),
        evidence={**finding.evidence, **_rise_evidence(rise)},
        causes=tuple(cause for cause, _ in found),
        remedies=tuple(_remedies(features, outcome, finding, found)),
        epoch=finding.epoch or (rise.epoch if rise and outcome == "healthy" else None),
        notes=(*_notes(features), *_doubts(features, outcome), *_probed(features, outcome, found)),
        caution=rise.caution if rise and outcome == "healthy" else None,
    )


def evaluate(run: Run, reference: float | None = None) -> Verdict:
    """Diagnose a run and write the verdict beside it: the one route from a run to its verdict.

    Args:
        run: as `records.read` gives it; of a run without a folder nothing is written.
        reference: the best training accuracy known for this data, as of a sweep.

    Returns:
        The verdict. A folder that can't be written to costs a warning, for a verdict is derived.
    """
    verdict = diagnose(run, reference)
    if run.path is not None:
        try:
            files.write_json(run.folder.verdict_file, verdict.as_dict())
        except OSError as error:
            problem = error.strerror or error
            warnings.warn(f"the verdict can't be kept in {run.path}: {problem}", stacklevel=2)
    return verdict


def _summary(features: RunFeatures, outcome: Outcome, text: str, rise: held_out.Rise | None) -> str:
    """Return the verdict's first line: with a rise of the validation loss, and the kept epoch."""
    if outcome in ("diverged", "cannot_tell"):
        return text
    epoch = features.judged + 1
    kept = f" Judged at epoch {epoch}, whose weights were kept." if epoch < features.epochs else ""
    if rise is None:
        return text + kept
    # It is what a healthy run has to say, and stands behind what is worse.
    first, second = (rise.text, text) if outcome == "healthy" else (text, rise.text)
    return f"{first} {second}{kept}"


def _rise_evidence(rise: held_out.Rise | None) -> dict[str, float | int | str]:
    return {"best_epoch": rise.epoch, "val_loss_rise": rise.share} if rise else {}


def _causes(features: RunFeatures, outcome: str) -> Iterator[tuple[Cause, tuple[Suggestion, ...]]]:
    """Yield the causes of a bad outcome with what they offer, most likely first."""
    if outcome not in ("diverged", "optimization_failure", "still_improving"):
        return
    # Above every level that it should reach, a run that ended too soon has no other fault.
    good = outcome == "still_improving" and not outcomes.is_short(features)
    asked = [rule for rule in causes.RULES if _fits(rule.name, outcome, good)]
    found = [(rule, finding) for rule in asked if (finding := rule.find(features)) is not None]
    rooted = any(rule.name in causes.ROOTS and finding.weight >= SURE for rule, finding in found)
    proven = any(PROVEN in finding.evidence for _, finding in found)
    weighed = [(rule, _explained(rule, finding, rooted, proven)) for rule, finding in found]
    likely = [pair for pair in weighed if pair[1].weight >= LIKELY] or weighed
    for rule, finding in sorted(likely, key=lambda pair: -pair[1].weight):
        weight = round(finding.weight, 2)
        cause = Cause(rule.name, rule.code, weight, finding.text, finding.evidence)
        yield cause, finding.remedies


def _fits(cause: str, outcome: str, good: bool) -> bool:
    """Whether a cause can bring about an outcome, of a run that is otherwise good or not."""
    slow = cause in UNFINISHED
    return slow if good else not (slow and outcome == "diverged")


def _explained(rule: Rule, finding: Finding, rooted: bool, proven: bool) -> Finding:
    """Lower a symptom's weight where a surer cause explains it.

    Where another learning rate was proven to do far better in few steps, these were not too few.
    """
    if PROVEN in finding.evidence:
        return finding
    symptom = rooted and rule.name not in causes.ROOTS
    if symptom or (proven and rule.name == "too_few_updates"):
        return replace(finding, weight=EXPLAINED * finding.weight)
    return finding


def _remedies(
    features: RunFeatures,
    outcome: Outcome,
    finding: Finding,
    found: list[tuple[Cause, tuple[Suggestion, ...]]],
) -> Iterator[Remedy]:
    """Yield each remedy once, unless the config does so already."""
    offered: list[tuple[Suggestion, str]] = [(offer, outcome) for offer in finding.remedies]
    offered += [(offer, cause.name) for cause, offers in found for offer in offers]
    offered += [(offer, outcome) for offer in _by_outcome(features, outcome) if offer is not None]
    seen: list[dict[str, Any]] = []
    for (patch, reason), answers in offered:
        chosen = dict(patch)
        if chosen in seen or _holds(features.config, chosen) or _turns_back(features, chosen, seen):
            continue
        seen.append(chosen)
        yield Remedy(chosen, reason, answers)


def _turns_back(features: RunFeatures, patch: dict[str, Any], seen: list[dict[str, Any]]) -> bool:
    """Whether a patch lowers the learning rate where a likelier cause raises it, or the reverse."""
    now = remedies.rate(features.config)
    first = next((p[RATE] for p in seen if RATE in p), None)
    return RATE in patch and first is not None and (patch[RATE] < now) != (first < now)


def _by_outcome(features: RunFeatures, outcome: Outcome) -> list[Suggestion | None]:
    """Return what the lecture does about an outcome itself, in its order."""
    config = features.config
    if outcome in ("overfitting", "healthy"):
        return _against_overfitting(features, outcome)
    if outcome == "test_mismatch" and held_out.split_fault(features) is not None:
        return []  # no change of the network mends a split
    if outcome == "test_mismatch":
        return [*remedies.against_noise(features), remedies.regularization(config)]
    if outcome == "still_improving":
        return [remedies.more_epochs(config)]
    if outcome == "optimization_failure":
        return [*remedies.faster(features)]
    if outcome == "cannot_tell" and config.training.epochs == 1:
        return [remedies.more_epochs(config, 10)]
    return []


def _against_overfitting(features: RunFeatures, outcome: Outcome) -> list[Suggestion | None]:
    """Return early stopping first where it would have stopped, which is where the loss turned."""
    config, rise = features.config, held_out.find_rise(features)
    if rise is None and outcome == "healthy":
        return []
    stopping = remedies.early_stopping(config)
    if rise is not None and not rise.held:
        return [stopping, remedies.lower_learning_rate(features)]
    others = [
        remedies.regularization(config),
        remedies.dropout(features),
        remedies.more_data(features),
    ]
    turned = rise is not None or (
        bool(features.val_loss)
        and features.epochs - 1 - features.val_loss.index(min(features.val_loss))
        >= remedies.PATIENCE
    )
    return [stopping, *others] if turned else others


def _holds(config: RunConfig, patch: dict[str, object]) -> bool:
    """Whether the config says everything that the patch would set."""
    return all(_value(config.resolved, key) == value for key, value in patch.items())


def _value(tree: object, key: str) -> object:
    for part in key.split("."):
        if isinstance(tree, dict):
            tree = tree.get(part)
        elif isinstance(tree, list) and part.isdigit() and int(part) < len(tree):
            tree = tree[int(part)]
        else:
            return None
    named = isinstance(tree, dict) and set(tree) == {"name"}
    return tree["name"] if named and isinstance(tree, dict) else tree


def _doubts(features: RunFeatures, outcome: Outcome) -> Iterator[str]:
    """Yield what an optimization failure leaves open: whether there is anything to learn."""
    chance, linear = features.chance, features.fact("data", "linear_baseline", "validation")
    neighbors = features.fact("data", "neighbor_baseline")
    if outcome != "optimization_failure" or chance is None or neighbors is None:
        return
    if max(linear or 0.0, neighbors) < chance + outcomes.NEAR_NEIGHBORS:
        yield (
            "Neither a linear classifier nor nearest neighbours do better than chance: perhaps the "
            "labels have little to do with the inputs."
        )


def _probed(
    features: RunFeatures, outcome: Outcome, found: list[tuple[Cause, tuple[Suggestion, ...]]]
) -> Iterator[str]:
    """Yield what short experiments say: details where training is at fault, then a conclusion."""
    if outcome in ("diverged", "optimization_failure", "still_improving"):
        yield from sanity_results.notes(features)
    conclusion = sanity_results.conclusion(features, outcome, found[0][0].name if found else None)
    if conclusion:
        yield conclusion


def _notes(features: RunFeatures) -> Iterator[str]:
    """Yield what could not be judged, and what to know about the data."""
    warning = (features.run.facts.get("data") or {}).get("warning")
    if warning:
        yield str(warning)
    if features.run.status == "interrupted":
        yield f"The run was interrupted after {features.epochs} epochs."
    elif features.run.status == "unfinished":
        yield "The run has no run.json: it is still training, or was cut off."
    if features.epochs and not features.history.val_loss:
        yield (
            "Without validation data overfitting can only be told from the test set, and not from "
            "which epoch on; examples held out by `data.validation` would tell."
        )
    elif features.epochs and not features.val_loss and features.broken is None:
        yield "The validation loss is not finite throughout, so its curve was not judged."
    if features.epochs and features.run.facts and features.test_accuracy is None:
        yield "The test accuracy was not measured."
    shares = features.shares()
    if shares and max(shares) > 1.5 / len(shares):
        yield f"{max(shares):.0%} of the training examples are of one class: that is chance here."
