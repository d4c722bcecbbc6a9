"""What ends training before its time: a learning rate that decays, early stopping."""

import math
from collections.abc import Mapping

from kerasdemo.diagnosis import curves, remedies
from kerasdemo.diagnosis.features import MIN_GAIN, RunFeatures
from kerasdemo.diagnosis.hasty_stop import HASTY, find_hasty_stop
from kerasdemo.diagnosis.rule import CauseRule, Finding, OutcomeRule
from kerasdemo.diagnosis.rules.training import FITTED


class LearningRateDecaysTooSoon(CauseRule):
    """A schedule, or ReduceLROnPlateau, that took the learning rate away while training moved."""

    code = "K216"
    name = "learning_rate_decays_too_soon"
    title = "The learning rate decays too soon"
    is_root = True
    only_slows = True

    # He et al. 2016 end their training of residual networks with a hundredth.
    LEAST = 0.01
    # Schedules that reach it end: a cosine is below a hundredth of its start for the last 6 %.
    REST = 0.25
    # Share of the loss by which it fell over the quarter of the epochs before.
    LOSS_FALL = 0.01

    how_detected = (
        f"For at least the last {REST:.0%} of the epochs the learning rate was at or below "
        f"{LEAST:.0%} of its largest value (what He et al. 2016 end their training with), and the "
        f"training loss was falling by {LOSS_FALL:.0%} or more, and by more than its noise, when "
        "it got there."
    )
    why_it_matters = (
        "With a hundredth of the step an epoch does the work of a hundredth of an epoch: the rest "
        "of the training hardly moves the weights, and looks like a plateau."
    )
    what_to_try = (
        "A constant rate first; then a decay over the whole training, or ReduceLROnPlateau with "
        "more patience and a `min_lr`."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        rates, losses = features.history.learning_rate, features.history.loss
        if len(rates) != len(losses) or len(rates) < 4 or not all(map(math.isfinite, rates)):
            return None
        largest = max(rates)
        if isinstance(features.setup.optimizer.get("learning_rate"), Mapping):
            # A schedule goes by updates, and the first epoch's rate is that at its end.
            largest = max(largest, features.learning_rate)
        low = [rate <= self.LEAST * largest for rate in rates]
        # The epochs at the end that had hardly any rate.
        rest = len(low) - max((n for n, is_low in enumerate(low, 1) if not is_low), default=0)
        if rest < 2 or rest < self.REST * len(rates):
            return None
        initial = features.fact("initial", "loss")
        before = [*([] if initial is None else [initial]), *losses[: len(losses) - rest]]
        if curves.first_broken(before) is not None:
            return None
        fallen = [-loss for loss in before]
        if len(before) > 1 and not curves.rises(fallen, self.LOSS_FALL * abs(before[-1]), 1.0):
            return None
        epoch = len(rates) - rest + 1
        return Finding(
            f"The learning rate fell from {largest:.3g} to {rates[epoch - 1]:.3g} by epoch {epoch} "
            f"and to {rates[-1]:.3g} at the end, although the training loss still fell.",
            {"learning_rate": rates[-1], "largest_learning_rate": largest, "epoch": epoch},
            0.85,
            [remedies.decay_later(features, largest)],
            epoch=epoch,
        )


class EarlyStoppingTooSoon(CauseRule):
    """Early stopping that took noise for the end of training, or watched the wrong thing."""

    code = "K217"
    name = "early_stopping_too_soon"
    title = "Early stopping ended training too soon"
    is_root = True
    only_slows = True

    how_detected = HASTY
    why_it_matters = (
        "A validation curve is noisy, and the first epochs are the noisiest: without patience the "
        "first epoch that is by chance no better ends the training (Prechelt 1998, Early stopping "
        "- but when?: slower criteria generalize better)."
    )
    what_to_try = (
        "A patience of 10 epochs and more, with `restore_best_weights`; `monitor` the validation "
        "loss."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        text = find_hasty_stop(features)
        if text is None:
            return None
        patience = (features.early_stopping or {}).get("patience") or 0
        return Finding(
            f"{text}: early stopping ended training after {features.epochs} epochs.",
            {"patience": patience, "epochs": features.epochs},
            0.8,
            [remedies.wait_longer(features)],
            epoch=features.epochs,
        )


class StoppedByNoise(OutcomeRule):
    """Early stopping ended training while the score was far from perfect, or rose."""

    code = "K123"
    name = "still_improving"
    title = "Early stopping came too early"
    severity = "warning"

    how_detected = (
        f"{HASTY} And the score is below {FITTED:.0%} of the way from chance to perfect, or rose "
        f"by {MIN_GAIN:.0%} and {curves.Z_975} standard errors or more over the same epochs."
    )
    why_it_matters = "What the network can do is not known yet."
    what_to_try = "More patience."

    def find(self, features: RunFeatures) -> Finding | None:
        text, scale = find_hasty_stop(features), features.scale
        part = "validation" if features.val_loss else "training"
        scores = features.val_scores if features.val_loss else features.scores
        if text is None or not scores:
            return None
        tail = scores[-max(curves.last_quarter(len(scores)), 3) - 1 :]
        gain, now = curves.slope(tail) * (len(tail) - 1), scores[-1]
        error = features.error(now, "validation" if features.val_loss else "train")
        progress = features.progress(now)
        is_far = progress is not None and progress < FITTED
        if not is_far and gain < max(MIN_GAIN, curves.Z_975 * error):
            return None
        return Finding(
            f"Early stopping ended training after {features.epochs} epochs, with {part} "
            f"{scale.name} at {scale.text(now)}, while the loss still fell.",
            features.training_evidence,
            remedies=[remedies.wait_longer(features)],
        )
