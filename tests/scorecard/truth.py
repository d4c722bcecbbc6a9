"""The true outcome of a run: its curves compared with its healthy twin's, without our rules.

The twin is the same task without the fault, with the same seed. What lies between the criteria is
borderline, and counts for no rate.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kerasdemo.records import Run

# Of what the twin learned above chance: below this a run failed, from there on it did not.
FAILED, LEARNED = 0.8, 0.95
# A gap from training to held-out accuracy this far beyond the twin's is overfitting, where it did
# harm; up to the other there is none. The first points are usual.
GAP, NO_GAP, USUAL_GAP = 0.05, 0.025, 0.025
# Harm: held-out accuracy this far below the twin's, or held-out loss this many times its own best.
WORSE, TURNED = 0.03, 1.2
# From held-out to test accuracy, beyond the twin's own difference.
SHIFT, NO_SHIFT = 0.08, 0.04
# A curve that rose by so much from the middle third to the last is trained on, to see how it ends.
UNSETTLED = 0.01
# These, and what more epochs add, must be so many standard errors of the held-out accuracy as well.
ERRORS = 3.0
# Of what a failing run lacks, what twice the epochs bring: below SOME it fails, from MOST on it was
# stopped too early if it then fails no more, and between them both are right.
SOME, MOST = 0.25, 0.5
# Held-out accuracy that twice the epochs add.
MORE, NO_MORE = 0.03, 0.015

IN_TRAINING = frozenset({"diverged", "optimization_failure", "still_improving"})


@dataclass(frozen=True)
class Ended:
    """Where a run ended, with the weights that it kept. error: standard, of val_accuracy.

    An accuracy is the score of the run's task: of numbers, the share of variance explained.
    """

    broken: bool
    chance: float
    accuracy: float
    val_accuracy: float
    val_loss: float
    best_val_loss: float
    test_accuracy: float
    error: float
    unsettled: bool

    @property
    def gap(self) -> float:
        """From training to held-out accuracy."""
        return self.accuracy - self.val_accuracy

    @property
    def shift(self) -> float:
        """From held-out to test accuracy."""
        return self.val_accuracy - self.test_accuracy


@dataclass(frozen=True)
class Truth:
    """outcomes: what a right verdict may say; none for a borderline run. metric: what it is about.

    numbers: what decided.
    """

    outcomes: frozenset[str]
    metric: str = "accuracy"
    numbers: str = ""

    @property
    def healthy(self) -> bool:
        return self.outcomes == {"healthy"}

    @property
    def faulty(self) -> bool:
        return bool(self.outcomes) and not self.healthy

    @property
    def in_training(self) -> bool:
        """Whether the training set is where it failed."""
        return bool(self.outcomes & IN_TRAINING) and self.metric == "accuracy"


def ended(run: Run, score: str | None = None) -> Ended:
    """Read off a run with validation examples where it ended.

    Without test examples, as in Python, the held-out ones stand for them.

    Args:
        run: of one of several classes, of labels, or of numbers, whose score is r2.
        score: its metric where accuracy hides the fault: balanced_accuracy or auc.
    """
    history, facts = run.history, run.facts
    score = score or ("r2" if run.setup.task == "regression" else "accuracy")
    broken = run.status == "diverged" or not all(map(math.isfinite, history.loss))
    kept = facts.get("kept_epoch") or history.epochs
    chance = _chance(run, score)
    row = {} if broken else history.row(kept)
    # A fit can be worse than the mean of the targets by any amount.
    seen = max(-1.0, row.get(f"val_{score}", chance))
    curves = [getattr(history, score), getattr(history, f"val_{score}")]
    return Ended(
        broken,
        chance,
        max(-1.0, row.get(score, chance)),
        seen,
        row.get("val_loss", math.inf),
        math.inf if broken else min(history.val_loss),
        chance if broken else max(-1.0, (facts.get("test") or {}).get(score, seen)),
        row.get("val_r2_error", 0.0) if score == "r2" else _error(facts["data"], score, seen),
        not broken and any(map(_rise, curves)),
    )


def _chance(run: Run, score: str) -> float:
    """Return the score of the best constant answer."""
    if score == "r2":
        return 0.0
    if score != "accuracy":
        return 0.5
    data = run.facts["data"]
    if "label_shares" in data:
        shares = [max(share, 1 - share) for share in data["label_shares"]]
        return sum(shares) / len(shares)
    return float(max(data.get("class_shares") or [0.0]))


def _error(data: Mapping[str, Any], score: str, seen: float) -> float:
    """Return the standard error of a held-out share; of a balanced one, that of the rarer kind."""
    count = data["validation"]
    if score != "accuracy":
        count *= 4 * min(share * (1 - share) for share in data["label_shares"])
    return math.sqrt(seen * (1 - seen) / max(count, 1))


def _rise(curve: Sequence[float]) -> bool:
    third = max(1, len(curve) // 3)
    middle, last = curve[-2 * third : -third], curve[-third:]
    return bool(middle) and sum(last) / third - sum(middle) / len(middle) >= UNSETTLED


def truth(run: Ended, twin: Ended, longer: Ended | None = None) -> Truth:
    """Return the true outcome of a run.

    Args:
        twin: the healthy run; `run` itself where there is none, which then excuses nothing.
        longer: the same run with twice the epochs, of one that was not settled.
    """
    if run.broken:
        return Truth(frozenset({"diverged"}), numbers="the loss broke")
    learned = _learned(run, twin)
    numbers = f"learned {learned:.0%} of what its twin did"
    if learned < FAILED:
        return _failed(learned, numbers, twin, longer)
    alone = twin is run
    shift = run.shift - (0.0 if alone else twin.shift)
    if shift >= max(SHIFT, ERRORS * run.error):
        numbers = f"test {100 * shift:.1f} points further below held-out than its twin's"
        return Truth(frozenset({"test_mismatch"}), "test_accuracy", numbers)
    gap = run.gap - max(USUAL_GAP, 0.0 if alone else twin.gap)
    turned = run.val_loss >= TURNED * run.best_val_loss
    harmed = turned or run.val_accuracy <= twin.val_accuracy - WORSE
    if gap >= max(GAP, ERRORS * run.error) and harmed:
        numbers = f"held-out gap {100 * gap:.1f} points beyond its twin's"
        return Truth(frozenset({"overfitting"}), "val_loss", numbers)
    more = longer.val_accuracy - run.val_accuracy if longer else 0.0
    if more >= max(MORE, ERRORS * run.error):
        numbers = f"twice the epochs add {100 * more:.1f} points"
        return Truth(frozenset({"still_improving"}), "val_accuracy", numbers)
    # Both signs are no health, though the twin may show them too.
    alike = turned and run.gap >= GAP
    if learned < LEARNED or shift > NO_SHIFT or gap > NO_GAP or more > NO_MORE or alike:
        numbers += f", shift {100 * shift:.1f}, gap {100 * gap:.1f}, more {100 * more:.1f} points"
        return Truth(frozenset(), numbers=numbers)
    return Truth(frozenset({"healthy"}), "val_accuracy", numbers)


def _learned(run: Ended, twin: Ended) -> float:
    """Return how much of the twin's way from chance a run went on the training examples."""
    return (run.accuracy - run.chance) / max(twin.accuracy - twin.chance, 1e-9)


def _failed(learned: float, numbers: str, twin: Ended, longer: Ended | None) -> Truth:
    """Return whether a run fails or was stopped too early, by how it continues."""
    if longer is None:
        return Truth(frozenset({"optimization_failure"}), numbers=numbers)
    then = learned if longer.broken else _learned(longer, twin)
    numbers += f", {then:.0%} in twice the epochs"
    gained = (then - learned) / (1 - learned)
    outcomes = {"optimization_failure", "still_improving"}
    if gained < SOME:
        outcomes.remove("still_improving")
    elif gained >= MOST and then >= FAILED:
        outcomes.remove("optimization_failure")
    return Truth(frozenset(outcomes), numbers=numbers)
