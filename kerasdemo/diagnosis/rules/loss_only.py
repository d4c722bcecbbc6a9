"""Outcomes of runs that have no score: several outputs, autoencoders, custom losses, bare curves.

Their loss is compared with the untrained network's and with that of the best constant answer. How
low it could go nobody knows, so fewer outcomes can be told apart.
"""

from kerasdemo.diagnosis import curves, remedies
from kerasdemo.diagnosis.features import RunFeatures, known
from kerasdemo.diagnosis.rule import Finding, OutcomeRule
from kerasdemo.diagnosis.val_loss_rise import find_rise

# A share of a loss that is too little to count as learned.
LEAST_GAIN = 0.05


def find_reference(features: RunFeatures) -> tuple[float, str] | None:
    """Return the loss that a network must get below, and whose it is; None where none is known."""
    constant, untrained = features.fact("data", "constant_loss"), features.fact("initial", "loss")
    if constant is not None:
        return constant, "the best constant answer's"
    return None if untrained is None else (untrained, "the untrained network's")


def is_falling(features: RunFeatures) -> bool:
    """Return whether the loss (validation's, else training's) still falls by a share of it."""
    losses = features.val_loss or features.history.loss
    is_smaller = curves.falls(losses, LEAST_GAIN * abs(losses[-1])) if len(losses) > 1 else False
    return is_smaller and features.is_loss_falling


class NothingLearned(OutcomeRule):
    """A loss that is hardly below that of an answer that ignores its inputs."""

    code = "K114"
    name = "optimization_failure"
    title = "The loss is no better than a constant answer's"

    how_detected = (
        "For tasks without accuracy or R²: the training loss is not below the loss of the best "
        f"constant answer by {LEAST_GAIN:.0%} of it, and it does not fall any more by "
        f"{LEAST_GAIN:.0%} in a quarter of the epochs. Where no constant answer has a loss, the "
        "untrained network's counts."
    )
    why_it_matters = "What the network gives depends hardly on its inputs: it learned nothing yet."
    what_to_try = "The remedies of the likeliest cause."

    def find(self, features: RunFeatures) -> Finding | None:
        loss, reference = features.at("loss"), find_reference(features)
        if not features.is_judged_by_loss or loss is None or reference is None:
            return None
        level, whose = reference
        if level - loss > LEAST_GAIN * abs(level) or is_falling(features):
            return None
        return Finding(
            f"The training loss ends at {loss:.4g}, no better than {whose} ({level:.4g}).",
            {"loss": loss, "level": level, "level_of": whose},
            remedies=remedies.speed_up(features),
        )


class LossStillFalls(OutcomeRule):
    """Training was ended while the loss still fell."""

    code = "K122"
    name = "still_improving"
    title = "The loss still falls"
    severity = "warning"

    how_detected = (
        "For tasks without accuracy or R²: over the last quarter of the epochs the validation loss "
        f"(else the training loss) fell by {LEAST_GAIN:.0%} of it and by more than its noise, the "
        "training loss fell with it, and early stopping did not end it."
    )
    why_it_matters = "What the network can do is not known yet."
    what_to_try = "More epochs; a larger learning rate or smaller batches get there sooner."

    def find(self, features: RunFeatures) -> Finding | None:
        if not features.is_judged_by_loss or features.epochs < 2:
            return None
        if features.has_stopped_early or not is_falling(features):
            return None
        losses, part = features.val_loss or features.history.loss, "training"
        if features.val_loss:
            part = "validation"
        fall = curves.gain([-loss for loss in losses])
        steps = curves.last_quarter(features.epochs)
        span = f"{steps} epochs" if steps > 1 else "epoch"
        return Finding(
            f"Training stopped too early: the {part} loss is {losses[-1]:.4g} and fell by "
            f"{fall:.3g} over the last {span}.",
            known(loss=features.at("loss"), fall=fall, fall_over_epochs=steps),
            remedies=[remedies.train_longer(features)],
        )


class ValidationLossRises(OutcomeRule):
    """The validation loss is past its best while the training loss went on falling."""

    code = "K132"
    name = "overfitting"
    title = "The validation loss rises"

    how_detected = (
        "For tasks without accuracy or R²: the validation loss at the kept weights is "
        "significantly above its own best (in pairs of examples where they were recorded, else by "
        "10 % of a smoothed best), and the training loss is lower than it was then."
    )
    why_it_matters = (
        "The network memorizes its training examples; what it learns does not generalize."
    )
    what_to_try = "Early stopping on the validation loss; regularization, dropout, more data."

    def find(self, features: RunFeatures) -> Finding | None:
        rise = find_rise(features) if features.is_judged_by_loss else None
        loss, then = features.at("loss"), features.at("loss", rise.epoch) if rise else None
        if rise is None or loss is None or then is None or loss >= then:
            return None
        return Finding(
            f"The training loss fell from {then:.4g} in epoch {rise.epoch} to {loss:.4g}.",
            known(loss=loss, val_loss=features.at("val_loss")),
            remedies=remedies.reduce_overfitting(features),
            epoch=rise.epoch,
        )
