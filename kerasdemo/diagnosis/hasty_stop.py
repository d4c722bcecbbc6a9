"""Whether early stopping ended training while the losses still fell."""

from kerasdemo.diagnosis import curves
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.diagnosis.val_loss_rise import RISEN

# Epochs of patience that the noise of a curve can use up.
MOST_PATIENCE = 3
# Share of the loss by which it fell over the last epochs.
LOSS_FALL = 0.05
# The same where the validation loss was at its best when something else ended the training.
LEAST_FALL = 0.01

HASTY = (
    "Early stopping ended training; by a line through the last quarter of the epochs, or through "
    "twice as many as it waited for, validation and training loss both fell by "
    f"{100 * LOSS_FALL:.0f} % or more; and either it waited for {MOST_PATIENCE} epochs or fewer "
    "and the validation loss is not significantly above its best (in pairs of examples, where they "
    f"were recorded, else by {RISEN:.0%}), or the validation loss was at its best while the "
    f"quantity that it watched was not (then {100 * LEAST_FALL:.0f} % is enough)."
)


def find_hasty_stop(features: RunFeatures) -> str | None:
    """Return how early stopping ended training while its losses still fell, or None."""
    losses, trained = features.val_loss or features.history.loss, features.history.loss
    stopping = features.early_stopping
    if not features.has_stopped_early or stopping is None or len(losses) < 2:
        return None
    if curves.first_broken(trained) is not None:
        return None
    patience, monitor = int(stopping.get("patience") or 0), stopping.get("monitor")
    waited = len(losses) - 1 - losses.index(min(losses))
    is_other = waited < max(1, patience) and monitor != "val_loss"
    least = LEAST_FALL if is_other else LOSS_FALL
    steps = max(curves.last_quarter(len(losses)), 2 * patience + 2)
    for values in (losses, trained):
        tail = values[-steps - 1 :]
        if curves.slope(tail) * (len(tail) - 1) > -least * abs(tail[-1]):
            return None
    part = "validation" if features.val_loss else "training"
    if is_other:
        return (
            f"It watched {monitor}; the {part} loss was lowest in epoch {len(losses) - waited} of "
            f"{len(losses)}"
        )
    rise, error = (features.at(f"val_loss_rise{end}", len(losses)) for end in ("", "_error"))
    is_worse = losses[-1] > min(losses) + RISEN * abs(min(losses))
    if rise is not None and error is not None:
        is_worse = rise > curves.Z_95 * error
    if patience > MOST_PATIENCE or is_worse:
        return None
    epochs = f"{patience} epoch{'s' * (patience != 1)}" if patience else "no epoch"
    return f"It waited for {epochs}, and the {part} loss was still on its way down"
