"""Causes in what goes into the network, and in what is made of its output."""

from kerasdemo.config import lint, losses
from kerasdemo.diagnosis import remedies, sanity_results
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.diagnosis.rule import CauseRule, Finding, Suggestion


class WrongOutputOrLoss(CauseRule):
    """An output that the loss can't read, or a loss that is flat where it should be steep."""

    code = "K201"
    name = "wrong_output_or_loss"
    title = "The output does not match the loss"
    is_root = True

    # Probabilities of half precision are rounded by less.
    ROUNDING = 0.01

    how_detected = (
        "From the layers: a loss that reads probabilities behind an output that gives none, a "
        "softmax of a softmax, or a loss for numbers (such as mse) on classes. Where it is not "
        "known what makes the output, as in a subclassed model: what the untrained network gives "
        "is no probabilities, or is 1 for every example and accuracy never changes."
    )
    why_it_matters = (
        "Where the prediction is clearly wrong, mse on a softmax is flat and its gradient is all "
        "but 0; cross-entropy is steep there. An output that the loss clips gets no gradient at "
        "all."
    )
    what_to_try = (
        "softmax with categorical_crossentropy for several classes, sigmoid with "
        "binary_crossentropy for two."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        mismatch = features.output_mismatch or self._find_measured(features)
        if mismatch is None:
            return None
        text, weight = f"{mismatch.message}.", 0.95 if mismatch.impossible else 0.8
        nothing = sanity_results.find_nothing_memorized(features)
        if nothing is not None:
            text, weight = f"{text} {nothing}.", 0.95
        return Finding(
            text,
            {"loss": features.loss_name, "output": features.network[-1].activation},
            weight,
            [Suggestion(mismatch.patch, mismatch.message)],
        )

    def _find_measured(self, features: RunFeatures) -> lint.Mismatch | None:
        """Return what the untrained network's output shows, where its activation is not known."""
        loss = features.loss_name
        low, high, sum_low, sum_high = (
            features.fact("initial", "output", name)
            for name in ("low", "high", "sum_low", "sum_high")
        )
        if features.is_output_known or loss not in losses.PROBABILITIES or not features.network:
            return None
        if low is None or high is None or sum_low is None or sum_high is None:
            return None
        output = features.network[-1]
        place = output.activation_key or "network.output_activation"
        key, is_one_unit = tuple(place.split(".")), (low, high) == (sum_low, sum_high)
        # A saturated sigmoid gives 1, too, until it is trained.
        if is_one_unit and low == high == 1 and len(set(features.scores)) == 1:
            message = "the network gives 1 for every input, as softmax over one unit does; use "
            patch = {place: "sigmoid", "loss": "binary_crossentropy"}
            return lint.Mismatch(True, key, f"{message}sigmoid with binary_crossentropy", patch)
        if features.setup.loss.get("from_logits"):
            return None
        logits = {"loss.from_logits": True}
        fitting = "sigmoid" if loss.startswith("binary_") else "softmax"
        advice = f"use {fitting}, or from_logits=True"
        if low < -self.ROUNDING or high > 1 + self.ROUNDING:
            message = f"{loss} reads probabilities, the untrained network gives {low:.3g} to "
            return lint.Mismatch(True, ("loss",), f"{message}{high:.3g}; {advice}", logits)
        is_share = abs(sum_low - 1) < self.ROUNDING and abs(sum_high - 1) < self.ROUNDING
        is_sigmoid = output.activation in lint.WITHIN_UNIT
        if fitting == "softmax" and not is_one_unit and not is_share and not is_sigmoid:
            message = f"{loss} reads shares of 1, those of the untrained network sum to "
            text = f"{message}{sum_low:.3g} to {sum_high:.3g}; {advice}"
            return lint.Mismatch(False, ("loss",), text, logits)
        return None


class InputNotNormalized(CauseRule):
    """Inputs of another size than 1."""

    code = "K209"
    name = "input_not_normalized"
    title = "The inputs are not normalized"
    is_root = True

    # Far beyond 1 (undivided MNIST: sd 79), or far below (MNIST divided by 255 twice: sd 0.0012).
    LARGE = 3.0
    VERY_LARGE = 10.0
    SMALL = 0.03
    # The largest feature's sd over the median one's; MNIST's pixels have 2.1.
    UNEVEN = 30.0
    # Undivided images are 0 to 255; their size is about a third of that (MNIST: sd 79).
    RAW_IMAGES = 79.0

    how_detected = (
        f"The larger of the inputs' mean and sd is above {LARGE:g} or below {SMALL:g}, "
        f"or the largest feature's sd is more than {UNEVEN:g} times the median one's."
    )
    why_it_matters = (
        "The first layer's gradient is as large as its inputs: steps that fit the other layers are "
        "far too large, or too small, for it."
    )
    what_to_try = "`data.normalize: unit` for images, `standardize` otherwise."

    def find(self, features: RunFeatures) -> Finding | None:
        median, largest = (
            features.fact("data", "input", "feature_sd", name) for name in ("median", "max")
        )
        spread = largest / median if largest and median else 1.0
        if spread > self.UNEVEN:
            return Finding(
                f"The largest feature's sd is {spread:.3g} times the median one's: most are lost "
                "beside it.",
                {"feature_spread": spread},
                0.9,
                [remedies.normalize_input(features, is_uneven=True)],
            )
        mean, sd = (features.fact("data", "input", name) for name in ("mean", "sd"))
        size = max(abs(mean or 0.0), sd) if sd is not None else None
        if size is None and features.has_raw_images:
            size = self.RAW_IMAGES
        if size is None or self.SMALL <= size <= self.LARGE:
            return None
        weight = 0.92 if size > self.VERY_LARGE or size < self.SMALL / 3 else 0.55
        if features.network and features.network[0].is_normalized:
            weight /= 2
        return Finding(
            f"The inputs' size is {size:.3g} (the larger of mean and sd); it should be about 1.",
            {"input_size": size},
            weight,
            [remedies.normalize_input(features)],
        )
