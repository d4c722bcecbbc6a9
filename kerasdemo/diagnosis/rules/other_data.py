"""Outcomes of held-out examples that are unlike the training examples."""

import math
from collections.abc import Sequence

from kerasdemo.diagnosis import remedies
from kerasdemo.diagnosis.curves import Z_975
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.diagnosis.rule import Finding, NoteRule, OutcomeRule, Suggestion
from kerasdemo.diagnosis.rules.generalization import ACCURACY

# The share of examples that are of other classes, from which on two sets differ hugely.
MOVED = 0.2


class DifferentTest(OutcomeRule):
    """Validation (or, without it, training) is good and the test is not."""

    code = "K140"
    name = "test_mismatch"
    title = "The test set is not like the validation set"

    how_detected = (
        f"Test accuracy (or R²) is below validation accuracy by more than {ACCURACY.gap:.0%} after "
        f"{Z_975} standard errors, and by more than validation is below training. Without "
        "validation data: below training accuracy, where inputs or classes of the test set "
        "measurably differ. Not where both were drawn at random from one file, and do not differ."
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
        test, seen, part = features.test_score, features.val_score, "validation"
        shift = self.find_shift(features)
        if seen is None and shift:
            seen, part = features.score, "train"
        if test is None or seen is None:
            return None
        if features.is_split_at_random and shift is None:
            return None  # it is chance: see UnluckySplit
        gap = seen - test
        error = math.hypot(features.error(seen, part), features.error(test, "test"))
        training_gap = (features.score or seen) - seen
        if gap - Z_975 * error < features.scale.gap or gap < training_gap:
            return None
        word = "Validation" if part == "validation" else "Training"
        reason = f": {shift}" if shift else "; nothing known of the data says why"
        scale = features.scale
        return Finding(
            f"{word} {scale.name} is {scale.text(seen)} and test {scale.name} {scale.text(test)}"
            f"{reason}.",
            {
                f"seen_{scale.metric}": seen,
                f"test_{scale.metric}": test,
                "gap": gap,
                "gap_error": error,
            },
            remedies=[*remedies.resist_noise(features), remedies.add_regularization(features)],
        )

    @staticmethod
    def find_shift(features: RunFeatures) -> str | None:
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


class UnluckySplit(NoteRule):
    """A test score far below the validation score, of rows that were drawn from the same file."""

    code = "K225"
    name = "unlucky_split"
    title = "Validation and test differ by chance"

    how_detected = (
        f"As K140, by more than {ACCURACY.gap:.0%} after {Z_975} standard errors; but the rows of "
        "both were drawn at random from the same file, and their inputs and classes do not differ."
    )
    why_it_matters = (
        "One of both is lucky: mostly the validation score, where the epoch or the settings were "
        "chosen by it."
    )
    what_to_try = "Hold out more examples, or compare several values of `data.split_seed`."

    def find(self, features: RunFeatures) -> Finding | None:
        test, seen, scale = features.test_score, features.val_score, features.scale
        if test is None or seen is None or not features.is_split_at_random:
            return None
        gap = seen - test
        margin = Z_975 * math.hypot(
            features.error(seen, "validation"), features.error(test, "test")
        )
        if gap - margin < scale.gap or DifferentTest.find_shift(features):
            return None
        of = features.of_examples("validation")
        return Finding(
            f"Test {scale.name} is {scale.difference(gap)} ± {scale.difference(margin)}"
            f"{scale.unit} below the validation {scale.name}{of}, though both were drawn at random "
            "from the same rows: the validation examples are few, and the epoch was chosen by "
            "them. Believe the test, or hold out more.",
            {"gap": gap, "gap_error": margin / Z_975},
        )


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
