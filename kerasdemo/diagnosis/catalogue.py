"""Every rule of the diagnosis: the built-in ones in order, users' rules, and their pages."""

import re
import warnings
from collections.abc import Iterable
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from kerasdemo.config import Fault, InputError, lint
from kerasdemo.config.errors import near, unknown
from kerasdemo.diagnosis.rule import CauseRule, NoteRule, OutcomeRule, Rule
from kerasdemo.diagnosis.rules import (
    cannot_tell,
    endings,
    examples,
    generalization,
    gradients,
    inputs_and_loss,
    labels,
    layers,
    loss_only,
    network,
    other_data,
    targets,
    training,
    updates,
)

# The group of entry points by which installed packages name users' rules.
GROUP = "kerasdemo.rules"
# The form of a code.
CODE = r"[A-Z]{1,8}[0-9]{1,6}"

# The first that finds something decides. The last one always does, and can't be ignored.
OUTCOME_RULES: tuple[OutcomeRule, ...] = (
    cannot_tell.NothingToDiagnose(),
    training.Diverged(),
    other_data.SplitDiffers(),
    cannot_tell.SingleEpoch(),
    training.Unfit(),
    training.Standstill(),
    labels.RarePositivesMissed(),
    other_data.DifferentTest(),
    generalization.Overfitting(),
    generalization.NothingGeneralizes(),
    endings.StoppedByNoise(),
    training.StoppedTooEarly(),
    training.NotYetAtBaseline(),
    generalization.BaselineGeneralizesBetter(),
    training.BelowBaseline(),
    cannot_tell.NoScale(),
    loss_only.NothingLearned(),
    loss_only.LossStillFalls(),
    loss_only.ValidationLossRises(),
    cannot_tell.LossWithoutScale(),
    generalization.FewHeldOutExamples(),
    cannot_tell.LinearNetwork(),
    generalization.Healthy(),
)
CAUSE_RULES: tuple[CauseRule, ...] = (
    inputs_and_loss.WrongOutputOrLoss(),
    gradients.VanishingGradient(),
    gradients.ExplodingGradient(),
    gradients.DeadUnits(),
    gradients.Saturation(),
    updates.LearningRateTooHigh(),
    updates.LearningRateTooLow(),
    updates.TooFewUpdates(),
    inputs_and_loss.InputNotNormalized(),
    network.BadInitialization(),
    network.NetworkTooSmall(),
    updates.Oscillation(),
    layers.FrozenLayers(),
    targets.TargetNotScaled(),
    targets.OutputOutOfRange(),
    endings.LearningRateDecaysTooSoon(),
    endings.EarlyStoppingTooSoon(),
    examples.RowsInOrder(),
    labels.RarePositives(),
    labels.WrongLabels(),
    layers.TinyBatchesNormalized(),
    examples.NotFinite(),
)
NOTE_RULES: tuple[NoteRule, ...] = (
    examples.LeakedExamples(),
    examples.TargetAmongInputs(),
    other_data.UnluckySplit(),
)
BUILT_IN: tuple[Rule, ...] = (*OUTCOME_RULES, *CAUSE_RULES, *NOTE_RULES)
LINT_CODES = tuple(rule.code for rule in lint.RULES)
LINT = {
    "error": "An error of `kerasdemo check`, found before training: the network can't learn.",
    "tip": "A tip of `kerasdemo check`, found before training: it may work, but worse or slower.",
}
# A search for words that are on more pages than this finds none.
MOST_PAGES = 3


@cache
def load_user_rules() -> tuple[CauseRule | NoteRule, ...]:
    """Return the rules that installed packages add; a warning for each unusable one."""
    rules: list[CauseRule | NoteRule] = []
    taken = {*LINT_CODES, *(rule.code for rule in BUILT_IN)}
    for entry_point in sorted(entry_points(group=GROUP)):
        try:
            rule = _load(entry_point)
            if rule.code in taken:
                raise ValueError(f"another rule has the code {rule.code}")
        except Exception as error:  # whatever a user's module raises
            problem = f"{type(error).__name__}: {error}"
            text = f"the rule {entry_point.name} ({entry_point.value}) is left out: {problem}"
            warnings.warn(text, stacklevel=2)
            continue
        taken.add(rule.code)
        rules.append(rule)
    return tuple(rules)


def _load(entry_point: EntryPoint) -> CauseRule | NoteRule:
    """Return an instance of the class that an entry point names."""
    found = entry_point.load()
    if not (isinstance(found, type) and issubclass(found, CauseRule | NoteRule)):
        raise TypeError("expected a subclass of kerasdemo.diagnosis.CauseRule or NoteRule")
    for name in ("code", "name", "title"):
        value = getattr(found, name, None)
        if not isinstance(value, str) or not value.strip():
            raise TypeError(f"it has no {name}; expected a text")
    if not re.fullmatch(CODE, found.code):
        raise ValueError(f"got the code {found.code!r}; expected capital letters, then digits")
    return found()


def select(ignored: Iterable[str]) -> tuple[Rule, ...]:
    """Return every rule whose code is not ignored, in order; `healthy` always stays."""
    codes = {code.upper() for code in ignored}
    rules = (*BUILT_IN, *load_user_rules())
    return tuple(r for r in rules if r.code not in codes or r is OUTCOME_RULES[-1])


def find_wrong_codes(ignored: Iterable[str]) -> list[str]:
    """Return a message for each code that no rule has, or that can't be ignored."""
    # Those of `kerasdemo check` may be ignored as well.
    known = [*(rule.code for rule in (*BUILT_IN, *load_user_rules())), *LINT_CODES]
    last, messages = OUTCOME_RULES[-1], []
    for code in ignored:
        if code.upper() == last.code:
            messages.append(
                f"{code} can't be ignored: a run is healthy where no rule finds a fault"
            )
        elif code.upper() not in known:
            messages.append(f"no rule has the code {code!r}{near(code, known)}")
    return messages


def check_ignored(ignored: Iterable[str]) -> None:
    """Raise InputError for codes that no rule has, or that can't be ignored."""
    faults = [Fault(message, "ignore") for message in find_wrong_codes(ignored)]
    if faults:
        raise InputError(faults)


def find(word: str) -> list[Rule]:
    """Return the rules with a code (`K202`) or a name (`vanishing_gradient`), in order of code.

    Else those whose pages contain the words: `past its best epoch`, as in titles of verdicts. Of
    `healthy, overconfident` what comes first is a name.

    Raises:
        InputError: where there is none.
    """
    rules, text = (*BUILT_IN, *load_user_rules()), " ".join(word.lower().split())

    def named(text: str) -> list[Rule]:
        name = text.replace(" ", "_")
        return [rule for rule in rules if text == rule.code.lower() or name == rule.name]

    found = named(text) or _find_mentioning(text, rules) or named(text.partition(",")[0])
    if not found:
        codes, names = {rule.code for rule in rules}, {rule.name for rule in rules}
        raise InputError(unknown("code", word, {*codes, *LINT_CODES, *names}))
    return sorted(found, key=lambda rule: rule.code)


def _find_mentioning(text: str, rules: Iterable[Rule]) -> list[Rule]:
    """Return the few rules that contain these words: in the title, else anywhere on the page."""
    whole = re.compile(rf"(?<!\w){re.escape(text)}(?!\w)")
    if len(text) <= 2:
        return []
    for part in ("title", "page"):
        found = [
            rule for rule in rules if whole.search(" ".join(getattr(rule, part).lower().split()))
        ]
        if 0 < len(found) <= MOST_PAGES:
            return found
    return []


def explain(word: str) -> str:
    """Return the page of a code, or of all rules with a name, as Markdown.

    Codes that start with L are those of `kerasdemo check`.

    Raises:
        InputError: where there is none.
    """
    for rule in lint.RULES:
        if rule.code == word.strip().upper():
            return f"# {rule.code}: {rule.title}\n\n{LINT[rule.severity]}\n"
    return "\n".join(rule.page for rule in find(word))
