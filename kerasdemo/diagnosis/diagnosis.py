"""From a run to a verdict: the outcome first, then why, then what to try."""

import json
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any, TypeVar

from pydantic import ValidationError

from kerasdemo.config import InputError, RunConfig
from kerasdemo.config.changes import with_changes
from kerasdemo.config.document import Document
from kerasdemo.config.validation_errors import translate
from kerasdemo.diagnosis import catalogue, keras_code, sanity_results
from kerasdemo.diagnosis.baselines import falls_short
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.diagnosis.remedies import MOSTLY_ONE
from kerasdemo.diagnosis.rule import FAILURES, CauseRule, Finding, NoteRule, OutcomeRule, Rule
from kerasdemo.diagnosis.rules.training import Standstill
from kerasdemo.diagnosis.sanity_results import BEST_RATE
from kerasdemo.diagnosis.val_loss_rise import find_rise
from kerasdemo.records import Run, files
from kerasdemo.records.verdict import Cause, Remedy, Verdict

# The weight of a symptom is multiplied by this where a root cause of at least this weight is found.
EXPLAINED = 0.7
SURE = 0.6
# Below this weight a cause is only listed where there is no other.
LIKELY = 0.25
RATE = "optimizer.learning_rate"
CODE = (
    "What happens between this model's layers is not known: it calls them, or functions between "
    "them, in code of its own. So a missing activation can't be seen here; check that each hidden "
    "layer has one."
)
# A larger share of the time of training for recording it is said.
MOST_RECORDING = 0.05

AnyRule = TypeVar("AnyRule", bound=Rule)


def diagnose(run: Run, *, ignore: Iterable[str] = (), reference: float | None = None) -> Verdict:
    """Return the outcome of a run, why, and what to try.

    Args:
        run: config, history, layers and facts; what is missing counts as unknown.
        ignore: codes of rules that are left out, beside those of the run's config.
        reference: the best training accuracy known for this data, e.g. of a sweep.

    Returns:
        The verdict. It never fails: what can't be diagnosed is `cannot_tell`, or stands in `notes`.

    Raises:
        InputError: where `ignore` has a code that no rule has.
    """
    ignore, in_config = tuple(ignore), run.setup.ignore
    catalogue.check_ignored(ignore)
    rules = catalogue.select((*ignore, *in_config))
    features = RunFeatures(run, reference)
    decided, finding = next(
        (rule, finding)
        for rule in rules
        if isinstance(rule, OutcomeRule) and (finding := rule.find(features)) is not None
    )
    outcome = decided.name
    causes = _weigh(_find_causes(features, outcome, rules)) if outcome in FAILURES else []
    remarks = _find_remarks(features, rules, {rule for rule, _ in causes})
    rise = None if outcome in ("diverged", "cannot_tell") else find_rise(features)
    summary, evidence = finding.text, dict(finding.evidence)
    if rise is not None:
        # It is what a healthy run has to say, and stands behind what is worse.
        texts = (rise.text, summary) if outcome == "healthy" else (summary, rise.text)
        summary = " ".join(texts)
        evidence |= {"best_epoch": rise.epoch, "val_loss_rise": rise.share}
    if outcome not in ("diverged", "cannot_tell") and features.kept_epoch < features.epochs:
        summary += f" Numbers are of epoch {features.kept_epoch}, whose weights were kept."
    return Verdict(
        outcome=outcome,
        code=decided.code,
        summary=summary,
        evidence=evidence,
        causes=tuple(
            Cause(rule.name, rule.code, round(cause.weight, 2), cause.text, cause.evidence)
            for rule, cause in causes
        ),
        remedies=tuple(_list_remedies(features, [*causes, (decided, finding), *remarks])),
        epoch=finding.epoch,
        notes=(
            *_list_notes(features, outcome),
            *sanity_results.notes(features, outcome, causes[0][0].name if causes else None),
            *(f"{rule.code}, {rule.name.replace('_', ' ')}: {one.text}" for rule, one in remarks),
            *(f"`ignore`: {text}" for text in catalogue.find_wrong_codes(in_config)),
        ),
        caution=rise.caution if rise is not None and outcome == "healthy" else None,
    )


def evaluate(run: Run, *, ignore: Iterable[str] = (), reference: float | None = None) -> Verdict:
    """Diagnose a run and write the verdict beside it: the one route from a run to its verdict.

    Args:
        run: as `records.read` gives it; of a run without a folder nothing is written.
        ignore: as for `diagnose`.
        reference: as for `diagnose`.

    Returns:
        The verdict. A folder that can't be written to costs a warning, for a verdict is derived.

    Raises:
        InputError: where `ignore` has a code that no rule has.
    """
    verdict = diagnose(run, ignore=ignore, reference=reference)
    if run.path is not None:
        try:
            files.write_json(run.folder.verdict_file, verdict.as_dict())
        except OSError as error:
            problem = error.strerror or error
            warnings.warn(f"the verdict can't be kept in {run.path}: {problem}", stacklevel=2)
    return verdict


def _find_causes(
    features: RunFeatures, outcome: str, rules: Sequence[Rule]
) -> list[tuple[CauseRule, Finding]]:
    """Return the causes that can bring about an outcome."""
    # Above every level that it should reach, a run that ended too soon has no other fault.
    is_good = outcome == "still_improving" and not falls_short(features)
    fitting = [
        rule
        for rule in rules
        if isinstance(rule, CauseRule)
        and (rule.only_slows if is_good else not (rule.only_slows and outcome == "diverged"))
    ]
    return _find_all(features, fitting)


def _find_remarks(
    features: RunFeatures, rules: Sequence[Rule], causes: Collection[Rule]
) -> list[tuple[Rule, Finding]]:
    """Return what notes say, and strong evidence of what is worth a note where nothing failed."""
    notes = _find_all(features, [rule for rule in rules if isinstance(rule, NoteRule)])
    always = [
        rule for rule in rules if isinstance(rule, CauseRule) and rule.always and rule not in causes
    ]
    sure = [pair for pair in _find_all(features, always) if pair[1].weight >= SURE]
    return [*sure, *notes]


def _weigh(found: list[tuple[CauseRule, Finding]]) -> list[tuple[CauseRule, Finding]]:
    """Return the likely causes, the likeliest first; a surer root cause explains others.

    Symptoms keep a part of their weight; what may have slowed training besides is left out.
    """
    has_root = any(rule.is_root and finding.weight >= SURE for rule, finding in found)
    # Where another learning rate was proven to do far better in few steps, these were not too few.
    is_proven = any(BEST_RATE in finding.evidence for _, finding in found)
    weighed = []
    for rule, finding in found:
        is_proof = BEST_RATE in finding.evidence
        if has_root and rule.only_slows and finding.weight < SURE and not is_proof:
            continue
        is_symptom = has_root and not rule.is_root
        if not is_proof and (is_symptom or (is_proven and rule.name == "too_few_updates")):
            finding = replace(finding, weight=EXPLAINED * finding.weight)
        weighed.append((rule, finding))
    likely = [pair for pair in weighed if pair[1].weight >= LIKELY] or weighed
    return sorted(likely, key=lambda pair: -pair[1].weight)


def _find_all(features: RunFeatures, rules: Iterable[AnyRule]) -> list[tuple[AnyRule, Finding]]:
    """Return what rules find; a user's rule that fails costs a warning and no verdict."""
    found, built_in = [], set(catalogue.BUILT_IN)
    for rule in rules:
        try:
            finding = rule.find(features)
            if finding is not None and rule not in built_in:
                _check(finding, features)
        except Exception as error:
            if rule in built_in:
                raise
            problem = f"{type(error).__name__}: {error}"
            warnings.warn(f"the rule {rule.code} is left out: {problem}", stacklevel=3)
            continue
        if finding is not None:
            found.append((rule, finding))
    return found


def _check(finding: Finding, features: RunFeatures) -> None:
    """Raise an error where a user's finding can't be shown, written, or tried."""
    if not isinstance(finding, Finding):
        raise TypeError(f"it found {finding!r}; expected a Finding or None")
    if not isinstance(finding.text, str) or not 0 <= finding.weight <= 1:
        raise ValueError("expected a text and a weight from 0 to 1")
    json.dumps(asdict(finding))
    for suggestion in finding.remedies:
        if suggestion is not None and features.config is not None:
            _with_patch(features.config, suggestion.patch)


def _list_remedies(
    features: RunFeatures, found: Iterable[tuple[Rule, Finding]]
) -> Iterator[Remedy]:
    """Yield each remedy once, unless it changes nothing."""
    config, seen = features.config, list[Mapping[str, Any]]()
    for rule, finding in found:
        for suggestion in finding.remedies:
            if suggestion is None:
                continue
            patch = dict(suggestion.patch)
            if patch in seen:
                continue
            if config is not None and not _changes(config, patch):
                continue
            # Not the reverse of what a likelier cause does to the learning rate.
            rate, first = features.learning_rate, next((p[RATE] for p in seen if RATE in p), None)
            if RATE in patch and first is not None and (patch[RATE] < rate) != (first < rate):
                continue
            seen.append(patch)
            code = keras_code.render(patch, features) or None if config is None else None
            yield Remedy(patch, suggestion.reason, rule.name, code)


def _changes(config: RunConfig, patch: Mapping[str, Any]) -> bool:
    """Return whether a patch makes another config; one that a config has no keys for does not."""
    try:
        return _with_patch(config, patch).resolved != config.resolved
    except InputError:
        return False


def _with_patch(config: RunConfig, patch: Mapping[str, Any]) -> RunConfig:
    """Return a config with a patch, without a look at the data, which may be gone by now.

    Raises:
        InputError: where the patch does not fit the config.
    """
    document = with_changes(Document(config.resolved, "config.yaml", {}), patch)
    try:
        return RunConfig.model_validate(document.data)
    except ValidationError as error:
        raise InputError(translate(error, document)) from None


def _list_notes(features: RunFeatures, outcome: str) -> Iterator[str]:
    """Yield what could not be diagnosed, and what to know about the data."""
    warning = (features.run.facts.get("data") or {}).get("warning")
    if warning:
        yield str(warning)
    if features.run.status == "interrupted":
        yield f"The run was interrupted after {features.epochs} epochs."
    elif features.run.status == "unfinished":
        yield "The run has no run.json: it is still training, or was cut off."
    if features.config is not None and features.config.training.class_weight is not None:
        yield "Training weighed the classes; losses and scores are of all examples alike."
    yield from features.setup.notes
    share, seconds = (features.fact("recording", key) for key in ("share", "seconds"))
    if (share or 0.0) > MOST_RECORDING:
        yield f"Recording took {seconds or 0.0:.2g} s, {share:.0%} of the time of training."
    if features.epochs and not features.history.val_loss:
        yield (
            "Without validation data only the test set shows overfitting, and not from which epoch "
            "on; examples held out by `data.validation` would show it."
            if features.config is not None
            else "Without validation data nothing shows overfitting; pass `validation_data`."
        )
    elif features.epochs and not features.val_loss and features.broken_epoch is None:
        yield "The validation loss is not finite throughout, so its curve was not used."
    has_test = features.config is not None and features.run.facts
    if features.epochs and has_test and features.test_score is None:
        yield f"The test {features.scale.name} was not measured."
    if outcome in FAILURES and features.setup.structure == "code" and features.network:
        yield CODE
    yield from _list_notes_on_data(features, outcome)


def _list_notes_on_data(features: RunFeatures, outcome: str) -> Iterator[str]:
    """Yield whether one class is most of the data, and whether there is anything to learn."""
    shares = features.class_shares()
    if shares and max(shares) > MOSTLY_ONE / len(shares):
        yield f"{max(shares):.0%} of the training examples belong to one class: accuracy by chance."
    linear = features.fact("data", "linear_baseline", "validation") or 0.0
    chance, neighbors = features.chance, features.fact("data", "neighbor_baseline")
    if outcome != "optimization_failure" or chance is None or neighbors is None:
        return
    if max(linear, neighbors) < chance + Standstill.NEAR_NEIGHBORS:
        yield (
            "Neither a linear classifier nor nearest neighbors do better than chance: perhaps the "
            "labels have little to do with the inputs."
        )
