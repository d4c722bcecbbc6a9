"""Causes and notes in the examples: their order, values that are no numbers, copies."""

import math

from kerasdemo.config.errors import shown
from kerasdemo.diagnosis import remedies
from kerasdemo.diagnosis.baselines import linear_name
from kerasdemo.diagnosis.curves import Z_975
from kerasdemo.diagnosis.features import RunFeatures, known
from kerasdemo.diagnosis.rule import CauseRule, Finding, NoteRule
from kerasdemo.diagnosis.scale import BALANCED

MEANING = {
    "class": "class by class",
    "target": "in order of their target",
    "time": "in order of time, or of an input: neighboring rows are alike",
}


class RowsInOrder(CauseRule):
    """Examples in order: for batches that are not shuffled, or a split by place."""

    code = "K218"
    name = "rows_in_order"
    title = "The rows are in order"
    is_root = True
    always = True

    # The weight of rows in order as a cause, by what is known of shuffling.
    SHUFFLED, UNKNOWN, FORGOTTEN, UNSHUFFLED = 0.2, 0.45, 0.8, 0.9
    # A loss of so many times the untrained network's, at accuracy below chance.
    FORGETS = 1.02
    # What simple baselines lose on validation examples that follow another rule.
    LOST = 0.1
    COPIES = 0.01

    how_detected = (
        "Far fewer runs of one class than by chance (Wald and Wolfowitz 1940), or targets or "
        "inputs of neighboring rows that are alike (von Neumann 1941); and training failed. "
        "Whether `fit` shuffled them is not always known: of arrays it does unless it is told not "
        "to, of a `tf.data.Dataset` it never does. A network that is sure of what came last has a "
        "loss above the untrained one's. Or, whatever the outcome: a linear model and nearest "
        f"neighbors (left out one by one) are both better by {LOST:g} and {Z_975} standard errors "
        "on training examples than on validation examples, which then are not of the same kind."
    )
    why_it_matters = (
        "A batch that holds one class teaches to answer that class, and the next one another: the "
        "network forgets what it learned a few batches ago. And `validation_split` takes the last "
        "rows, which are then of other classes, or of another time."
    )
    what_to_try = (
        "`fit(shuffle=True)`, `dataset.shuffle(len(x))`, or rows in random order before they are "
        "split. Of a time series the order is no fault: validation on later rows is right there."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        moved = self._find_moved(features)
        if moved is not None:
            return moved
        order = (features.run.facts.get("data") or {}).get("order") or {}
        by = order.get("by")
        if by not in MEANING:
            return None
        shuffled = order.get("shuffled", features.setup.settings.get("shuffle"))
        weight, ending = (
            self.UNKNOWN,
            "; if they are not shuffled, a batch shows a part of the task",
        )
        if shuffled is not None:
            weight = self.SHUFFLED if shuffled else self.UNSHUFFLED
            ending = "" if shuffled else ", and they were not shuffled"
        elif self._has_forgotten(features):
            weight, ending = (
                self.FORGOTTEN,
                "; what the network answers is right for a part of them",
            )
        return Finding(
            f"The training examples are {MEANING[by]}{ending}.",
            known(
                order=str(by),
                runs=features.fact("data", "order", "runs"),
                runs_expected=features.fact("data", "order", "expected"),
            ),
            weight,
            [remedies.shuffle(features)],
        )

    def _has_forgotten(self, features: RunFeatures) -> bool:
        """Return whether the network is worse than an untrained one on most of the examples."""
        loss, untrained = features.at("loss"), features.fact("initial", "loss")
        is_sure = loss is not None and untrained is not None and loss > self.FORGETS * untrained > 0
        at_best = features.chance is not None and (features.score or 0.0) <= features.chance
        return is_sure and at_best

    def _find_moved(self, features: RunFeatures) -> Finding | None:
        """Return what simple baselines lose on validation examples, where that is no chance."""
        scale, texts = features.scale, []
        # A copy of an example is its own nearest neighbor.
        if scale is BALANCED or (features.fact("data", "repeated") or 0.0) > self.COPIES:
            return None
        for name, seen, held_out in (
            (linear_name(features), "linear_baseline.train", "linear_baseline.validation"),
            ("nearest neighbors", "neighbor_baseline", "neighbor_baseline_validation"),
        ):
            before, after = (features.fact("data", *key.split(".")) for key in (seen, held_out))
            if before is None or after is None:
                return None
            error = features.error(after, "validation")
            if before - after - Z_975 * math.sqrt(2) * error < self.LOST:
                return None
            texts.append(f"{scale.text(before)} and {scale.text(after)} of {name}")
        return Finding(
            "The validation examples are not like the training examples: on training and on "
            f"validation examples {scale.name} is {', and '.join(texts)}. If they were the last "
            "rows (`validation_split`), shuffle before they are split; if they are of a later "
            "time, the network will not do better on new ones.",
            {},
            0.65,
            [remedies.shuffle(features)],
        )


class NotFinite(CauseRule):
    """NaN or infinity among the inputs or targets."""

    code = "K222"
    name = "not_finite"
    title = "Inputs or targets are not finite"
    is_root = True
    always = True

    how_detected = "A number of the training examples' inputs or targets is NaN or infinite."
    why_it_matters = (
        "One such number in a batch makes its loss NaN, and with the next update every weight."
    )
    what_to_try = "Find where they come from; fill them in, or leave their examples out."

    def find(self, features: RunFeatures) -> Finding | None:
        x, y = (features.fact("data", "not_finite", part) or 0.0 for part in "xy")
        if not x and not y:
            return None
        counts = [f"{n:,.0f} of the {what}" for n, what in ((x, "inputs"), (y, "targets")) if n]
        return Finding(
            f"{' and '.join(counts)} {'are' if x + y > 1 else 'is'} NaN or infinite.",
            {"inputs_not_finite": x, "targets_not_finite": y},
            0.99,
            [remedies.drop_not_finite(features)],
        )


class LeakedExamples(NoteRule):
    """Validation examples that are copies of training examples."""

    code = "K223"
    name = "leaked_examples"
    title = "Validation examples are in the training set"

    # Barz and Denzler 2020 found 3.3 % of CIFAR-10's and 10 % of CIFAR-100's test images there.
    MANY = 0.03
    # A score that is mostly of examples that were trained on.
    MOST = 0.5

    how_detected = (
        f"At least {MANY:.0%} of the validation examples are exact copies of a training example, "
        "and more than twice the share of the training examples that are copies of each other "
        f"(data with few distinct values has copies by nature), or {MOST:.0%} in any case. (Barz "
        "and Denzler 2020 found 3.3 % of CIFAR-10's test images among its training images.)"
    )
    why_it_matters = (
        "What is memorized is right on them: the validation score is too good, and overfitting is "
        "not seen."
    )
    what_to_try = (
        "Take copies out before the examples are split (`np.unique(x, axis=0)`); augment after."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        leaked = features.fact("data", "leaked")
        repeated = features.fact("data", "repeated") or 0.0
        if leaked is None or leaked < min(self.MOST, max(self.MANY, 2 * repeated)):
            return None
        return Finding(
            f"{leaked:.0%} of the validation examples are copies of training examples: the "
            "validation score is better than that of new examples.",
            {"leaked": leaked},
        )


class TargetAmongInputs(NoteRule):
    """An input that follows the target almost exactly."""

    code = "K224"
    name = "target_among_inputs"
    title = "An input holds the target"

    # Few measurements are that close to what they predict; a copy in another unit is.
    CLOSE = 0.9995
    NAMED = 3

    how_detected = (
        "Of a table with two inputs or more: one input's correlation with a target, or with a "
        f"class against the others, is {CLOSE:g} or more, also without the largest "
        "and smallest targets."
    )
    why_it_matters = (
        "The network copies this input. If it is known only after the event (a total, a code of "
        "the outcome), predictions of new rows can't have it, and scores like these won't be seen."
    )
    what_to_try = "Leave the column out, unless it is known when you predict."

    def find(self, features: RunFeatures) -> Finding | None:
        recorded = (features.run.facts.get("data") or {}).get("target_copies") or {}
        copies = {name: abs(value) for name, value in recorded.items() if value is not None}
        close = [name for name, value in copies.items() if value >= self.CLOSE]
        if not close:
            return None
        is_named = features.config is not None and features.config.data.is_table
        names = [shown(name) if is_named else f"number {shown(name)[1:-1]}" for name in close]
        more = f" and {len(names) - self.NAMED} more" if len(names) > self.NAMED else ""
        listed = f"{', '.join(names[: self.NAMED])}{more}"
        largest = max(copies.values())
        return Finding(
            f"The input {listed} follows the target almost exactly (correlation {largest:.4f}): "
            "the network copies it. Leave it out, unless it is known when you predict."
            if len(close) == 1
            else f"The inputs {listed} follow the target almost exactly (correlation {largest:.4f} "
            "at most): the network copies them. Leave them out, unless they are known when you "
            "predict.",
            {"correlation": largest},
        )
