"""Causes in the updates: their size, their number, their direction."""

import math
from collections.abc import Iterator
from itertools import pairwise
from statistics import median_high
from typing import ClassVar

from kerasdemo.diagnosis import baselines, curves, remedies
from kerasdemo.diagnosis.features import CAN_DIE, RunFeatures, known
from kerasdemo.diagnosis.rule import CauseRule, Finding
from kerasdemo.diagnosis.sanity_results import RateRange, find_rate_range

# Share of a learning rate's weight that is left where other rates did no better in sanity checks.
CLEARED = 0.3


def describe_clearance(features: RunFeatures, rates: RateRange | None) -> str:
    """Return what speaks for the learning rate, or ""; it may still break a longer run."""
    if rates is None or not rates.is_fine or features.run.status == "diverged":
        return ""
    return f"; but {rates.text}" if rates.learns else f"; {rates.text}"


class LearningRateTooHigh(CauseRule):
    """Steps that overshoot: by their size, by a loss that rises or jumps, by units they killed."""

    code = "K206"
    name = "learning_rate_too_high"
    title = "The learning rate is too high"
    is_root = True

    # A rate this many times the usual one is high by itself; row 7's SGD 0.1 is ten times.
    HIGH = 10.0
    # An epoch that moves a layer by several times its own length has thrown away what it learned.
    LARGE_CHANGE = 5.0
    # Share of a layer's units that training killed, and that may have been dead before.
    KILLED, DEAD_BEFORE = 0.9, 0.5

    how_detected = (
        f"A rate more than {HIGH:.0f} times the optimizer's usual one, and its signs: weights "
        f"that change by {LARGE_CHANGE:.0f} times their size in an epoch, a loss that rises, "
        "breaks, or ends above the untrained network's, a layer whose units it killed. After "
        "`diagnose --sanity-checks`: a smaller rate that gains twice as much in few steps."
    )
    why_it_matters = "Steps that overshoot the valley climb its other side."
    what_to_try = "A tenth of it; clipped gradients."

    SIGNS: ClassVar = {
        "weight_change": "weights change by several times their size in an epoch",
        "loss_over_best": "the training loss rose after its best epoch",
        "loss_over_initial": "the loss is above the untrained network's",
        "broken_epoch": "the loss broke",
        "killed": "it killed a layer's units",
    }

    def find(self, features: RunFeatures) -> Finding | None:
        rates = find_rate_range(features)
        if rates is not None and rates.is_too_high:
            return rates.finding("high")
        if rates is not None and rates.is_too_low and features.run.status != "diverged":
            return None
        ratio, signs = features.learning_rate_ratio, dict(self._signs(features))
        if not signs and ratio <= self.HIGH * 10:
            return None
        prior = 0.5 if ratio > self.HIGH else 0.25 if ratio >= 1 else 0.1
        seen = "; ".join(self.SIGNS[sign] for sign in signs) or "no other sign"
        cleared = describe_clearance(features, rates)
        return Finding(
            f"The learning rate {features.learning_rate:g} is {ratio:.3g} times the usual one of "
            f"{features.optimizer}: {seen}{cleared}.",
            {"learning_rate_ratio": ratio, **signs},
            min(0.9, prior + 0.2 * min(2, len(signs))) * (CLEARED if cleared else 1),
            [remedies.lower_learning_rate(features), remedies.clip_gradients(features)],
        )

    def _signs(self, features: RunFeatures) -> Iterator[tuple[str, float]]:
        """Yield each sign of steps that are too large, with its number."""
        # The largest change of a layer in one of the first three epochs.
        changes = [v for values in features.statistic("update_ratio") for v in values[:3]]
        if max(changes, default=0.0) >= self.LARGE_CHANGE:
            yield "weight_change", max(changes)
        losses = [v for v in features.history.loss if math.isfinite(v)]
        first, last = features.fact("initial", "loss"), losses[-1] if losses else None
        if last is not None and last > 1.2 * min(losses):
            yield "loss_over_best", last / max(min(losses), 1e-12)
        if last is not None and first is not None and last > 1.02 * first > 0:
            yield "loss_over_initial", last / first
        if features.has_diverged:
            yield "broken_epoch", float(features.broken_epoch or max(features.epochs, 1))
        dead, layer = features.worst_hidden("dead", CAN_DIE)
        before = features.untrained(layer, "dead") or 0.0
        is_high = features.learning_rate_ratio > self.HIGH
        if dead >= self.KILLED and before < self.DEAD_BEFORE and is_high:
            yield "killed", dead


class LearningRateTooLow(CauseRule):
    """Steps that hardly move the weights, while the loss falls slowly and steadily."""

    code = "K207"
    name = "learning_rate_too_low"
    title = "The learning rate is too low"
    only_slows = True

    # Of the optimizer's usual one.
    LOW = 0.1
    # TheDeepChecker (TOSEM 2022): an update's size over the weights' is healthy from 1e-4 to 1e-1.
    SMALL_UPDATE = 1e-4

    how_detected = (
        f"A rate of {LOW:g} of the optimizer's usual one or less, and its signs: an update "
        f"moves the weights by less than {SMALL_UPDATE:g} of their size (TheDeepChecker, TOSEM "
        "2022), and the loss falls steadily but slowly. After `diagnose --sanity-checks`: a larger "
        "rate that gains twice as much in few steps."
    )
    why_it_matters = "The training would get there, in a hundred times the time."
    what_to_try = "The usual rate, or Adam."

    def find(self, features: RunFeatures) -> Finding | None:
        rates = find_rate_range(features)
        if rates is not None and rates.is_too_low:
            return rates.finding("low")
        if rates is not None and rates.is_too_high:
            return None
        ratio, update = features.learning_rate_ratio, self._find_update(features)
        is_low = ratio <= self.LOW * 1.01
        is_tiny = update is not None and update < self.SMALL_UPDATE
        if not is_low and not (is_tiny and ratio < 1):
            return None
        falls = [b < a for a, b in pairwise(features.history.loss)]
        is_steady = len(falls) > 0 and sum(falls) >= 0.8 * len(falls)
        weight = (
            (0.45 if is_low else 0.3)
            + 0.15 * (ratio <= self.LOW / 10)
            + 0.2 * is_tiny
            + 0.15 * is_steady
        )
        cleared = describe_clearance(features, rates)
        moved = f", and an update moves the weights by {update:.1e} of their size" if update else ""
        return Finding(
            f"The learning rate {features.learning_rate:g} is {ratio:.2g} times the usual one of "
            f"{features.optimizer}{moved}{cleared}.",
            known(learning_rate_ratio=ratio, update_ratio=update),
            min(0.9, weight) * (CLEARED if cleared else 1),
            [
                remedies.use_usual_learning_rate(features)
                if is_low
                else remedies.scale_learning_rate(features, 10),
                remedies.use_adam(features),
            ],
        )

    @staticmethod
    def _find_update(features: RunFeatures) -> float | None:
        """Return an update's share of the weights, in the layer that moved most: at most this."""
        ratios = [median_high(values) for values in features.statistic("update_ratio") if values]
        if not ratios or not features.updates or not features.epochs:
            return None
        return max(ratios) / (features.updates / features.epochs)


class TooFewUpdates(CauseRule):
    """The training ended after few steps, or while it still improved."""

    code = "K208"
    name = "too_few_updates"
    title = "There were too few updates"
    is_root = True
    only_slows = True

    # The lecture's row 9 makes 20 updates; this is little training for any of its networks.
    FEW = 200

    how_detected = f"Fewer than {FEW} updates in all, or the loss still falls at the end."
    why_it_matters = (
        "An update is one step, however many examples it looks at: a batch of 10,000 makes a "
        "hundred times fewer steps than one of 100."
    )
    what_to_try = (
        "Smaller batches; where each update does too little, relu and Adam; then more epochs."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        updates, examples = features.updates, features.count("train")
        is_unfinished = features.is_loss_falling
        if updates is None or (updates >= self.FEW * 5 and not is_unfinished):
            return None
        weight = 0.9 if updates < self.FEW / 4 else 0.75 if updates < self.FEW else 0.35
        weight += 0.1 * (is_unfinished and updates >= self.FEW)
        stopped = features.has_stopped_early
        ending = ", where early stopping ended it" if stopped else ""
        # Where there were many updates and it is still bad, each of them does too little.
        is_slow = updates >= self.FEW * 5 and baselines.falls_short(features)
        # More epochs where not half of the way from chance to perfect is gone.
        halfway = (1 + (features.chance or 0.0)) / 2
        is_behind = features.score is not None and features.score < halfway
        factor = 10 if updates < self.FEW else 5 if is_behind else 2
        batches = f"batch size {features.batch_size:,}, " if features.batch_size else ""
        count = "" if examples is None else f"{examples:,.0f} examples, "
        return Finding(
            f"{updates:,.0f} updates in all: {batches}{count}{features.epochs} epochs{ending}.",
            known(updates=updates, batch_size=features.batch_size, epochs=features.epochs),
            weight,
            [
                remedies.shrink_batches(features),
                remedies.wait_longer(features) if stopped else None,
                *(remedies.speed_up(features) if is_slow else ()),
                remedies.train_longer(features, factor),
            ],
        )


class Oscillation(CauseRule):
    """Training accuracy that goes up and down instead of settling."""

    code = "K212"
    name = "oscillation"
    title = "Training accuracy oscillates"

    # AUTOTRAINER: a swing of 0.03 in training accuracy in at least 20 % of the epochs.
    SWING = 0.03
    EPOCHS = 0.2
    # Share of the loss by which it must go up and down, too.
    LOSS_SWING = 0.02

    how_detected = (
        f"In at least {EPOCHS:.0%} of the later epochs training accuracy (or R²) turns back by "
        f"{SWING:g} or more (AUTOTRAINER, ICSE 2021) and by more than chance, and the loss "
        "oscillates with it."
    )
    why_it_matters = (
        "The steps are too large, or each sees too few examples, for the weights to settle."
    )
    what_to_try = "A smaller learning rate, larger batches."

    def find(self, features: RunFeatures) -> Finding | None:
        start = len(features.scores) // 3
        later = features.scores[start:]
        now = 0.5 if features.score is None else features.score
        size = max(self.SWING, 3 * features.error(now or 0.5, "train"))
        share = curves.oscillation(later, size)
        if len(later) < 4 or share < self.EPOCHS:
            return None
        # Near chance the accuracy flips between classes while the loss stands still.
        losses = [v for v in features.history.loss[start:] if math.isfinite(v)]
        if not losses:
            return None
        if curves.oscillation(losses, self.LOSS_SWING * median_high(losses)) < self.EPOCHS:
            return None
        return Finding(
            f"Training {features.scale.name} turned by {_points(features, size)} or more in "
            f"{share:.0%} of epochs.",
            {"swinging_epochs": share, "swing": size},
            0.75,
            [remedies.lower_learning_rate(features), remedies.enlarge_batches(features)],
        )


def _points(features: RunFeatures, size: float) -> str:
    """Return a change of the score in words."""
    return f"{100 * size:.0f} points" if features.scale.unit else features.scale.difference(size)
