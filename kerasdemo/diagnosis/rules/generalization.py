"""Outcomes that held-out examples show: overfitting, other data, and healthy."""

import math
from collections.abc import Sequence

from kerasdemo.diagnosis import remedies, val_loss_rise
from kerasdemo.diagnosis.baselines import SHORTFALL, find_shortfall
from kerasdemo.diagnosis.curves import Z_95, Z_975
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.diagnosis.rule import Finding, OutcomeRule, Suggestion
from kerasdemo.diagnosis.val_loss_rise import find_rise, has_fallen
from kerasdemo.records.verdict import Number

# Rows 12 and 14 of the lecture, which it takes for healthy, have gaps of 0.041 and 0.037.
GAP = 0.05
# The share of examples that are of other classes, from which on two sets differ hugely.
MOVED = 0.2


class Overfitting(OutcomeRule):
    """Training is good, validation is not: by the gap, the turn of its loss, or its fall."""

    code = "K130"
    name = "overfitting"
    title = "Training is good, validation is not"

    # A gap that is overfitting even where the validation loss has not turned, as after early
    # stopping.
    WIDE_GAP = 0.07

    how_detected = (
        f"The gap from training to validation accuracy is surely above {WIDE_GAP:.0%} (binomial "
        f"interval). Or the validation loss has risen {val_loss_rise.RISEN:.0%} above its best "
        "(Prechelt 1998) while training accuracy held, and either the gap is surely above "
        f"{GAP:.0%} or validation accuracy fell. Noise is estimated in pairs, since the same "
        "examples were measured in both epochs: the rise by its standard error over the examples, "
        "accuracy by McNemar's test (one-sided 95 %). Runs recorded without pairs need a smoothed "
        f"rise of {val_loss_rise.RISEN_UNPAIRED:.0%}; accuracy that fell by more than "
        f"{val_loss_rise.LEAST_FALL:.0%} and chance counts for all. Training accuracy is measured "
        "in inference mode."
    )
    why_it_matters = (
        "The network memorizes its training examples; what it learns does not generalize."
    )
    what_to_try = (
        "Early stopping where the validation loss has turned; regularization, dropout, more data."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        accuracy, held_out, part = features.accuracy, features.val_accuracy, "validation"
        if held_out is None:
            held_out, part = features.test_accuracy, "test"
        if accuracy is None or held_out is None:
            return None
        gap = accuracy - held_out
        error = math.hypot(features.error(accuracy, "train"), features.error(held_out, part))
        low, high = gap - Z_975 * error, gap + Z_975 * error
        rise = find_rise(features)
        has_turned = rise is not None and rise.is_steady
        has_worsened = has_fallen(features) or (
            rise is not None and rise.is_steady and rise.is_worse
        )
        is_wide = low >= (GAP if has_turned else self.WIDE_GAP)
        if not is_wide and not (has_worsened and gap > error):
            return None
        if not has_turned and features.is_accuracy_rising:
            return None
        epoch = rise.epoch if rise is not None else self._find_gap_start(features)
        since = f", from epoch {epoch} on" if epoch and rise is None else ""
        evidence: dict[str, Number] = {
            "accuracy": accuracy,
            f"{part}_accuracy": held_out,
            "gap": gap,
            "gap_low": low,
            "gap_high": high,
        }
        return Finding(
            f"Training accuracy is {accuracy:.1%} and {part} accuracy {held_out:.1%}, a gap of "
            f"{100 * gap:.1f} ± {100 * Z_975 * error:.1f} points{since}.",
            evidence,
            remedies=remedies.reduce_overfitting(features),
            epoch=epoch,
        )

    @staticmethod
    def _find_gap_start(features: RunFeatures) -> int | None:
        """Return the epoch from which on the gap stays above the floor."""
        start = None
        pairs = zip(features.history.accuracy, features.history.val_accuracy, strict=False)
        for epoch, (training, validation) in enumerate(pairs, 1):
            start = (start or epoch) if training - validation > GAP else None
        return start


class BaselineGeneralizesBetter(OutcomeRule):
    """Below a baseline on held-out examples, and clearly below its own training accuracy."""

    code = "K131"
    name = "overfitting"
    title = "A simple baseline generalizes better"

    how_detected = (
        "Validation accuracy is significantly below a linear classifier or nearest neighbors on "
        f"held-out examples, by {SHORTFALL:.0%} at least, and below its own training accuracy."
    )
    why_it_matters = (
        "What was learned from the training examples generalizes worse than a method without "
        "training."
    )
    what_to_try = (
        "Regularization, dropout, more data; another kind of network, such as convolutions for "
        "images."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        shortfall, accuracy = find_shortfall(features), features.accuracy
        if shortfall is None or accuracy is None:
            return None
        error = math.hypot(
            features.error(accuracy, "train"), features.error(shortfall.accuracy, shortfall.part)
        )
        if accuracy - shortfall.accuracy <= Z_95 * error:
            return None
        return shortfall.finding(
            features, f", with {accuracy:.1%} in training", remedies.reduce_overfitting(features)
        )


class DifferentTest(OutcomeRule):
    """Validation (or, without it, training) is good and the test is not."""

    code = "K140"
    name = "test_mismatch"
    title = "The test set is not like the validation set"

    how_detected = (
        f"Test accuracy is below validation accuracy by more than {GAP:.0%} after {Z_975} standard "
        "errors, and by more than validation is below training. Without validation data: below "
        "training accuracy, where inputs or classes of the test set measurably differ."
    )
    why_it_matters = (
        "It is neither overfitting nor a failure to optimize: what was learned is right, for other "
        "data than the test has."
    )
    what_to_try = (
        "Make training like the test (noise, normalization, classes), or the network less sure of "
        "single inputs: dropout."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        test, seen, part = features.test_accuracy, features.val_accuracy, "validation"
        shift = self._find_shift(features)
        if seen is None and shift:
            seen, part = features.accuracy, "train"
        if test is None or seen is None:
            return None
        gap = seen - test
        error = math.hypot(features.error(seen, part), features.error(test, "test"))
        training_gap = (features.accuracy or seen) - seen
        if gap - Z_975 * error < GAP or gap < training_gap:
            return None
        word = "Validation" if part == "validation" else "Training"
        reason = f": {shift}" if shift else "; nothing known of the data says why"
        return Finding(
            f"{word} accuracy is {seen:.1%} and test accuracy {test:.1%}{reason}.",
            {"seen_accuracy": seen, "test_accuracy": test, "gap": gap, "gap_error": error},
            remedies=[*remedies.resist_noise(features), remedies.add_regularization(features)],
        )

    @staticmethod
    def _find_shift(features: RunFeatures) -> str | None:
        """Return how the test examples differ from the training examples."""
        mean, sd, test_mean, test_sd = (
            features.fact("data", part, name)
            for part in ("input", "test_input")
            for name in ("mean", "sd")
        )
        # 20 % and a fifth of an sd: far beyond what sampling does to thousands of values.
        if sd and test_sd is not None and not 0.8 < test_sd / sd < 1.25:
            return f"its inputs have sd {test_sd:.3g} instead of {sd:.3g}"
        if sd and mean is not None and test_mean is not None and abs(test_mean - mean) > 0.2 * sd:
            return f"its inputs have mean {test_mean:.3g} instead of {mean:.3g}"
        shares, test_shares = features.class_shares(), features.class_shares("test_")
        if shares and len(shares) == len(test_shares):
            moved = share_moved(shares, test_shares)
            if moved > MOVED:
                return f"{moved:.0%} of its examples are of other classes"
        return None


class SplitDiffers(OutcomeRule):
    """A held-out set that lacks classes of the training set, or has others: a sorted file."""

    code = "K141"
    name = "test_mismatch"
    title = "The held-out examples are of other classes"

    # A class of which so many examples are expected is missing for a reason (by chance 0.7 %).
    EXPECTED = 5

    how_detected = (
        f"The validation (or test) set lacks a class of which {EXPECTED} examples or more "
        "were to be expected, or has one that training lacks; or more than "
        f"{MOVED:.0%} of its examples are of other classes, and by more than chance "
        "(chi-squared test). Files that are sorted by class are split so."
    )
    why_it_matters = "What is measured on other classes says nothing about what was learned."
    what_to_try = "`data.shuffle`; a test set with every class."

    def find(self, features: RunFeatures) -> Finding | None:
        train, trained = features.class_shares(), features.count("train") or 0
        for part in ("validation", "test"):
            shares, count = features.class_shares(f"{part}_"), features.count(part) or 0
            if not count or not shares or len(shares) != len(train):
                continue
            gone = [n for n, p in enumerate(train) if p * count >= self.EXPECTED and not shares[n]]
            unseen = [
                n for n, q in enumerate(shares) if q * trained >= self.EXPECTED and not train[n]
            ]
            moved = share_moved(train, shares)
            # Pearson's chi-squared test, four standard deviations out.
            terms = [count * (q - p) ** 2 / p for p, q in zip(train, shares, strict=True) if p]
            if unseen:
                text = f"training has no example of {self._names(unseen)}, {part} has"
            elif gone:
                text = f"{part} has no example of {self._names(gone)}, training has"
            elif moved > MOVED and sum(terms) > len(terms) + 4 * math.sqrt(2 * len(terms)):
                text = f"{moved:.0%} of the {part} examples are of other classes than in training"
            else:
                continue
            # Shuffling reaches what is split into training and validation.
            is_order = bool(unseen) or part == "validation"
            advice = "shuffle the examples first" if is_order else "use one with every class"
            reason = "shuffle the examples before they are split, class by class"
            shuffle = Suggestion({"data.shuffle": True}, reason)
            return Finding(
                f"The {part} set is not like the training set: {text}. Its accuracy says nothing "
                f"about other data: {advice}.",
                {"part": part},
                remedies=[shuffle] if is_order else (),
            )
        return None

    @staticmethod
    def _names(classes: Sequence[int]) -> str:
        shown = ", ".join(map(str, classes[:5])) + (", ..." if len(classes) > 5 else "")
        return f"class{'es' * (len(classes) > 1)} {shown}"


def share_moved(first: Sequence[float], second: Sequence[float]) -> float:
    """Return the share of examples that are of other classes in the second set."""
    return sum(abs(p - q) for p, q in zip(first, second, strict=True)) / 2


class Healthy(OutcomeRule):
    """None of the other outcomes."""

    code = "K100"
    name = "healthy"
    title = "Healthy"
    severity = "good"

    how_detected = (
        "None of the other outcomes. Where the validation loss at the kept weights is "
        f"significantly above its own best (by {val_loss_rise.RISEN:.0%} or more, in pairs), the "
        "title says so: *overconfident* where accuracy held, *past its best epoch* where it fell a "
        "little or training got worse as well."
    )
    why_it_matters = (
        "Without that caution no problem was found. Overconfident networks are as often right, but "
        "surer of their wrong predictions (Guo et al. 2017, On calibration of modern neural "
        "networks): their probabilities are not to be trusted."
    )
    what_to_try = (
        "Nothing, without a caution. With it: early stopping on the validation loss, "
        "regularization, dropout, more data."
    )

    def find(self, features: RunFeatures) -> Finding:
        measured = {
            "accuracy": ("training", features.accuracy),
            "val_accuracy": ("validation", features.val_accuracy),
            "test_accuracy": ("test", features.test_accuracy),
        }
        known = {key: (part, value) for key, (part, value) in measured.items() if value is not None}
        text = ", ".join(f"{part} {value:.1%}" for part, value in known.values())
        rise = find_rise(features)
        return Finding(
            f"Accuracy is good: {text}.",
            {key: value for key, (_, value) in known.items()},
            remedies=remedies.reduce_overfitting(features) if rise is not None else (),
            epoch=rise.epoch if rise is not None else None,
        )
