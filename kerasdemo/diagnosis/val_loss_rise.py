"""Whether the validation loss rose above its best before the kept epoch.

The same examples are measured in both epochs, so they are compared in pairs: much smaller
differences are significant than between two separate samples.
"""

import math
from dataclasses import dataclass

from kerasdemo.diagnosis import curves
from kerasdemo.diagnosis.features import RunFeatures

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

    epoch: of the best loss, from 1. share: of the best loss. before, now: validation accuracy.
    is_worse: whether validation accuracy fell significantly. is_steady: whether training accuracy
    did not fall.
    """

    epoch: int
    share: float
    before: float | None
    now: float | None
    is_worse: bool
    is_steady: bool

    @property
    def caution(self) -> str:
        """What to say of a run that is healthy otherwise."""
        return "past its best epoch" if self.is_worse or not self.is_steady else "overconfident"

    @property
    def text(self) -> str:
        """A sentence."""
        change = ""
        if self.before is not None and self.now is not None:
            change = f" ({self.before:.1%} then, {self.now:.1%} at the end)"
        if not self.is_steady:
            fell = "validation and training" if self.is_worse else "training"
            effect = f"and {fell} accuracy fell as well{change}"
        elif self.is_worse:
            effect = f"and validation accuracy fell{change}"
        else:
            effect = f"while validation accuracy held{change}: the network gets overconfident"
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
        is_worse = curves.is_majority(wrong, right)
    else:
        smoothed = min(curves.smooth(values))
        share = curves.recent_median(values) / smoothed - 1 if smoothed > 0 else 0.0
        if len(values) < 3 or share < RISEN_UNPAIRED:
            return None
        is_worse = has_fallen(features)
    then, now = (features.at("accuracy", epoch) for epoch in (best, kept))
    is_steady = then is None or now is None or now >= then - STEADY
    val_then, val_now = (features.at("val_accuracy", epoch) for epoch in (best, kept))
    return Rise(best, share, val_then, val_now, is_worse, is_steady)


def has_fallen(features: RunFeatures) -> bool:
    """Return whether validation accuracy fell from its best by more than chance and a floor."""
    values = features.history.val_accuracy[: features.kept_epoch]
    if len(values) < 6 or not features.val_loss:
        return False
    best, last = max(curves.smooth(values)), curves.recent_median(values)
    # Both are measured on the same examples, which only makes the difference surer than this.
    error = math.hypot(*(features.error(value, "validation") for value in (best, last)))
    return best - last > max(LEAST_FALL, curves.Z_975 * error)
