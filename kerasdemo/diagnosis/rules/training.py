"""Outcomes of training that fails, or was ended before it could succeed."""

import math

from kerasdemo.diagnosis import curves, remedies
from kerasdemo.diagnosis.baselines import (
    NEIGHBOR_QUERIES,
    SHORTFALL,
    find_shortfall,
    find_training_shortfall,
    list_levels,
)
from kerasdemo.diagnosis.curves import Z_975
from kerasdemo.diagnosis.features import MIN_GAIN, RunFeatures, known
from kerasdemo.diagnosis.hasty_stop import find_hasty_stop
from kerasdemo.diagnosis.rule import Finding, OutcomeRule
from kerasdemo.diagnosis.scale import BALANCED
from kerasdemo.diagnosis.val_loss_rise import find_rise

# A network that goes less of the way from chance to perfect than this is far from fitted.
FITTED = 0.75


class Diverged(OutcomeRule):
    """The loss became NaN or infinite."""

    code = "K101"
    name = "diverged"
    title = "The loss became NaN or infinite"

    how_detected = "The run's status is `diverged`, or an epoch's training loss is NaN or infinite."
    why_it_matters = "From there on every weight is NaN: the network computes nothing any more."
    what_to_try = (
        "A smaller learning rate first, inputs of the size of 1, clipped gradients "
        "(`optimizer.clipnorm`), and an initializer that keeps the signal's size."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        if not features.has_diverged:
            return None
        epoch = features.broken_epoch or max(features.epochs, 1)
        before = features.at("loss", epoch - 1) if epoch > 1 else features.fact("initial", "loss")
        loss = f"; before it was {before:.4g}" if before is not None else ""
        return Finding(
            f"The training loss became NaN or infinite in epoch {epoch}{loss}.",
            known(epoch=epoch, loss_before=before),
            epoch=epoch,
        )


class Unfit(OutcomeRule):
    """Training accuracy below chance or a baseline, which more epochs would not change."""

    code = "K110"
    name = "optimization_failure"
    title = "Training accuracy is bad"

    how_detected = (
        "At the epoch whose weights the run ended with, training accuracy (R² of a regression) is "
        "at chance (the share of the largest class; R² 0), or below a linear model, nearest "
        f"neighbors, or the best run known, by more than {SHORTFALL:.0%} and {Z_975} "
        "standard errors; and it is not, at the pace of the last quarter, on its way from above "
        "chance to there within as many epochs again, nor ended by hasty early stopping. A "
        "regression may come from below the mean; what it leaves unexplained, 1 - R², is taken to "
        "fall by the same share each quarter, and it must reach more than the mean. Where no "
        "baseline is known, half of the way from chance to perfect counts."
    )
    why_it_matters = (
        "The training set comes first: while the network can't predict the examples it learns "
        "from, nothing that is done against overfitting helps."
    )
    what_to_try = (
        "The remedies of the likeliest cause; in the lecture's order: the loss, the activation, "
        "the optimizer and its learning rate."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        shortfall = find_training_shortfall(features)
        if shortfall is None:
            return None
        score, (level, name) = features.score or 0.0, shortfall
        scale = features.scale
        # At the pace of the last quarter, as many epochs again would reach the level.
        gain = curves.gain(features.scores)
        # Below the mean's R² a regression may be on its way; accuracy at chance has no direction.
        has_direction = features.task == "regression" or level != features.chance
        if has_direction and find_hasty_stop(features):
            return None  # nobody knows where it was going
        is_rising = has_direction and gain >= MIN_GAIN and features.is_loss_falling
        goal = self._goal(features, level) - SHORTFALL
        if is_rising and self._reach(features, score, gain) >= goal:
            return None
        word = "no better than" if level == features.chance else "below"
        return Finding(
            f"Training {scale.name} ends at {scale.text(score)}, {word} {name} "
            f"({scale.text(level)}).",
            features.training_evidence | {"level": level, "level_of": name},
            remedies=remedies.speed_up(features),
        )

    @staticmethod
    def _reach(features: RunFeatures, score: float, gain: float) -> float:
        """Return the score after as many epochs again, at the pace of the last quarter."""
        quarters = features.epochs / curves.last_quarter(features.epochs)
        if features.task != "regression":
            return score + gain * quarters
        # A squared error far from its end falls by a share of it, not by a number.
        left = 1 - score
        return 1 - left * math.pow(left / (left + gain), quarters)

    @staticmethod
    def _goal(features: RunFeatures, level: float) -> float:
        """Return what it must be on its way to: the level that it misses, and more than chance."""
        return max(level, list_levels(features)[0][0]) if level == features.chance else level


class Standstill(OutcomeRule):
    """A plateau far from perfect, yet above the neighbors: the data has more structure."""

    code = "K111"
    name = "optimization_failure"
    title = "Training stands still far from what the data allows"

    # Nearest neighbors reach about what noisy data allows (Cover and Hart 1967): within this of
    # them a network may well be at the ceiling.
    NEAR_NEIGHBORS = 0.05

    how_detected = (
        f"Training accuracy (or R²) went less than {FITTED:.0%} of the way from chance to perfect, "
        "does not rise any more, nor did behind the epoch that was kept, yet is significantly "
        f"more than {NEAR_NEIGHBORS:.0%} above nearest neighbors, so that noise in the data is no "
        "explanation. Not for regression, nor where balanced accuracy counts."
    )
    why_it_matters = "The data can be learned further than this network does."
    what_to_try = "A larger network, or more and smaller steps."

    def find(self, features: RunFeatures) -> Finding | None:
        score, progress = features.score, features.progress(features.score)
        neighbors = features.fact("data", "neighbor_baseline")
        if score is None or neighbors is None or progress is None or progress >= FITTED:
            return None
        # The mean of ten neighbors is far from what noise allows, where targets vary in between.
        if features.task == "regression" or features.scale is BALANCED:
            return None
        error = math.hypot(
            features.error(score, "train"), curves.share_error(neighbors, NEIGHBOR_QUERIES)
        )
        least = neighbors + self.NEAR_NEIGHBORS + Z_975 * error
        if score < least or features.score_gain >= MIN_GAIN:
            return None
        if features.scores[-1] >= score + MIN_GAIN:  # it is validation that stood still
            return None
        if find_rise(features) is not None or features.is_loss_falling:
            return None
        scale = features.scale
        return Finding(
            f"Training {scale.name} stands still at {scale.text(score)}, although the data is no "
            f"noise: the network already beats nearest neighbors ({scale.text(neighbors)}).",
            features.training_evidence,
            remedies=remedies.speed_up(features),
        )


class BelowBaseline(OutcomeRule):
    """Below a baseline on held-out examples, and no better on the training set."""

    code = "K112"
    name = "optimization_failure"
    title = "A simple baseline is better on held-out examples"

    how_detected = (
        "Validation accuracy (or R²) is significantly below a linear classifier (a linear fit) or "
        f"nearest neighbors on held-out examples, by {SHORTFALL:.0%} at least, and training "
        "accuracy is no better than validation accuracy."
    )
    why_it_matters = "The network has not learned what a simple method finds in the same examples."
    what_to_try = "The remedies of the likeliest cause."

    def find(self, features: RunFeatures) -> Finding | None:
        shortfall = find_shortfall(features)
        if shortfall is None:
            return None
        text = f", and training {features.scale.name} is no better"
        return shortfall.finding(features, text, remedies.speed_up(features))


class StoppedTooEarly(OutcomeRule):
    """Training was ended while the accuracy still rose."""

    code = "K120"
    name = "still_improving"
    title = "Training stopped too early"
    severity = "warning"

    # Share of the loss that it falls by over the last quarter.
    LOSS_FALL = 0.05

    how_detected = (
        f"Over the last quarter of the epochs accuracy (or R²) rose by {MIN_GAIN:.0%} and {Z_975} "
        "standard errors or more, by more than its noise and above its best before, the training "
        "loss still fell, and early stopping did not end it; or accuracy is below "
        f"{FITTED:.0%} of the way and the loss fell by {100 * LOSS_FALL:.0f} %."
    )
    why_it_matters = "What the network can do is not known yet."
    what_to_try = "More epochs; a larger learning rate or smaller batches get there sooner."

    def find(self, features: RunFeatures) -> Finding | None:
        if features.epochs < 2 or not self._is_unfinished(features):
            return None
        steps = curves.last_quarter(features.epochs)
        part = "validation" if features.val_loss else "training"
        score = features.val_score if features.val_loss else features.score
        span = f"{steps} epochs" if steps > 1 else "epoch"
        gain, scale = features.score_gain, features.scale
        return Finding(
            f"Training stopped too early: {part} {scale.name} is {scale.text(score or 0.0)} and "
            f"{self._describe_improvement(features)} over the last {span}.",
            features.training_evidence | {"rise": gain, "rise_over_epochs": steps},
            remedies=[remedies.train_longer(features)],
        )

    def _is_unfinished(self, features: RunFeatures) -> bool:
        if find_training_shortfall(features) is not None:
            return True
        if features.has_stopped_early:
            return False
        progress = map(features.progress, (features.score, features.val_score))
        is_far = any(share is not None and share < FITTED for share in progress)
        losses = features.val_loss or features.history.loss
        is_falling = features.is_loss_falling and losses[-1] > 0
        is_falling = is_falling and curves.falls(losses, self.LOSS_FALL * losses[-1])
        return features.is_score_rising or (is_far and is_falling)

    def _describe_improvement(self, features: RunFeatures) -> str:
        """Return what still improved: the accuracy, or where that stood still the loss."""
        if features.score_gain >= MIN_GAIN:
            return f"rose by {features.scale.difference(features.score_gain)}{features.scale.unit}"
        which, losses = "its", features.val_loss
        fall = curves.gain([-loss for loss in losses]) if losses else 0.0
        if fall <= 0:
            which, losses = "the training", features.history.loss
            fall = curves.gain([-loss for loss in losses])
        before = losses[-1] + fall
        # Some losses are below 0, and have no share to fall by.
        share = f"{100 * fall / before:.0f} %" if before > 0 else f"{fall:.3g}"
        return f"{which} loss fell by {share}"


class NotYetAtBaseline(OutcomeRule):
    """Below a baseline on held-out examples, while the validation loss still falls."""

    code = "K121"
    name = "still_improving"
    title = "Not yet as good as a simple baseline"
    severity = "warning"

    how_detected = (
        "Validation accuracy (or R²) is significantly below a linear model or nearest neighbors "
        f"on held-out examples, by {SHORTFALL:.0%} at least (in pairs, on the same examples, "
        " where they were recorded), and the validation loss still falls."
    )
    why_it_matters = "A method without training does better so far."
    what_to_try = "What makes training faster, then more epochs."

    def find(self, features: RunFeatures) -> Finding | None:
        shortfall = find_shortfall(features)
        if shortfall is None or features.has_stopped_early or features.epochs < 2:
            return None
        losses = features.val_loss
        if not losses or not curves.falls(losses) or not features.is_loss_falling:
            return None
        more = [remedies.train_longer(features)]
        return shortfall.finding(features, ", and its loss still falls", more)
