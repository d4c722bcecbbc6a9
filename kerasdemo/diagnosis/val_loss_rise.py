"""Whether the validation loss rose above its best before the kept epoch.

The same examples are measured in both epochs, so they are compared in pairs: much smaller
differences are significant than between two separate samples.
"""

import math
from dataclasses import dataclass

from kerasdemo.diagnosis import curves
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.diagnosis.scale import Scale

# Prechelt (1998, Early stopping - but when?): a generalization loss of 5 % above the best.
RISEN = 0.05
# Without pairs: SageMaker's overfit rule, 10 %, here against the smoothed best.
RISEN_UNPAIRED = 0.10
# A rise of less than this share of the untrained network's loss is of no consequence.
LEAST_RISE = 0.001
# Training accuracy that is lower by more than this has fallen.
STEADY = 0.01
# Validation accuracy falls by at least this.
LEAST_FALL = 0.02


@dataclass(frozen=True)
class Rise:
    """The validation loss at the kept epoch, compared with its best before.

    epoch: of the best loss, from 1. share: of the best loss. before, now: validation score.
    is_worse: whether the validation score fell significantly. is_steady: whether the training score
    did not fall. scale: of the scores.
    """

    epoch: int
    share: float
    before: float | None
    now: float | None
    is_worse: bool
    is_steady: bool
    scale: Scale

    @property
    def caution(self) -> str:
        """What to say of a run that is healthy otherwise."""
        is_sure = self.scale.has_confidence and not self.is_worse and self.is_steady
        return "overconfident" if is_sure else "past its best epoch"

    @property
    def text(self) -> str:
        """A sentence."""
        change, name = "", self.scale.name
        if self.before is not None and self.now is not None:
            text = self.scale.text
            change = f" ({text(self.before)} then, {text(self.now)} at the end)"
        if not self.is_steady:
            fell = "validation and training" if self.is_worse else "training"
            effect = f"and {fell} {name} fell as well{change}"
        elif self.is_worse:
            effect = f"and validation {name} fell{change}"
        elif not self.scale.has_confidence:
            effect = f"while validation {name} held{change}"
        else:
            effect = f"while validation {name} held{change}: the network gets overconfident"
        if self.before is None and not self.is_worse and self.is_steady:
            effect = "while the training loss goes on falling"
        return f"Validation loss rises from epoch {self.epoch} on (+{self.share:.0%}), {effect}."


def find_rise(features: RunFeatures) -> Rise | None:
    """Return how far the validation loss at the kept epoch is above its best, if significant."""
    values, kept = features.val_loss[: features.kept_epoch], features.kept_epoch
    if len(values) < 2:
        return None
    best = values.index(min(values)) + 1
    rise, error = features.at("val_loss_rise"), features.at("val_loss_rise_error")
    if rise is not None and error is not None:
        lowest = values[best - 1]
        share = rise / abs(lowest) if lowest else math.inf
        initial = abs(features.fact("initial", "loss") or 0.0)
        if rise <= curves.Z_95 * error or share < RISEN or rise < LEAST_RISE * initial:
            return None
        wrong, right = (features.at(f"val_newly_{word}") or 0.0 for word in ("wrong", "right"))
        is_worse = curves.is_majority(wrong, right) or has_dropped(features, best)
    else:
        if best == kept:
            return None
        smoothed = min(curves.smooth(values))
        share = curves.recent_median(values) / smoothed - 1 if smoothed > 0 else 0.0
        if len(values) < 3 or share < RISEN_UNPAIRED:
            return None
        is_worse = has_fallen(features)
    then, now = (features.at(features.scale.metric, epoch) for epoch in (best, kept))
    is_steady = then is None or now is None or now >= then - STEADY
    val_then, val_now = (
        features.at(f"val_{features.scale.metric}", epoch) for epoch in (best, kept)
    )
    return Rise(best, share, val_then, val_now, is_worse, is_steady, features.scale)


def has_dropped(features: RunFeatures, best: int) -> bool:
    """Return whether R² is below that of the best epoch by more than a floor."""
    if features.task != "regression":
        return False
    then, now = (features.at("val_r2", epoch) for epoch in (best, features.kept_epoch))
    return then is not None and now is not None and then - now > LEAST_FALL


def has_fallen(features: RunFeatures) -> bool:
    """Return whether validation accuracy fell from its best by more than chance and a floor."""
    values = features.val_scores[: features.kept_epoch]
    if len(values) < 6 or not features.val_loss:
        return False
    best, last = max(curves.smooth(values)), curves.recent_median(values)
    # Both are measured on the same examples, which only makes the difference surer than this.
    error = math.hypot(*(features.error(value, "validation") for value in (best, last)))
    return best - last > max(LEAST_FALL, curves.Z_975 * error)
