"""Causes and notes in the examples: their order, values that are no numbers, copies."""

from kerasdemo.diagnosis import remedies
from kerasdemo.diagnosis.features import RunFeatures, known
from kerasdemo.diagnosis.rule import CauseRule, Finding, NoteRule

MEANING = {
    "class": "class by class",
    "target": "in order of their target",
    "time": "in order of time, or of an input: neighboring rows are alike",
}


class RowsInOrder(CauseRule):
    """Training examples in order, for a training that may not shuffle them."""

    code = "K218"
    name = "rows_in_order"
    title = "The rows are in order"
    is_root = True

    # Batches that see the classes in turn make the loss go up and down.
    SHUFFLED, UNKNOWN, UNSHUFFLED = 0.2, 0.45, 0.9

    how_detected = (
        "Far fewer runs of one class than by chance (Wald and Wolfowitz 1940), or targets or "
        "inputs of neighboring rows that are alike (von Neumann 1941); and training failed. "
        "Whether `fit` shuffled them is not always known: of arrays it does unless it is told not "
        "to, of a `tf.data.Dataset` it never does."
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

    how_detected = (
        f"At least {MANY:.0%} of the validation examples are exact copies of a training example, "
        "and more than twice the share of the training examples that are copies of each other: "
        "data with few distinct values has copies by nature. (Barz and Denzler 2020 found 3.3 % of "
        "CIFAR-10's test images among its training images.)"
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
        if leaked is None or leaked < max(self.MANY, 2 * repeated):
            return None
        return Finding(
            f"{leaked:.0%} of the validation examples are copies of training examples: the "
            "validation score is better than that of new examples.",
            {"leaked": leaked},
        )
