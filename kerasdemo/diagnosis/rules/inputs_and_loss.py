"""Causes in what goes into the network, and in what is made of its output."""

from kerasdemo.diagnosis import remedies, sanity_results
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.diagnosis.rule import CauseRule, Finding, Suggestion


class WrongOutputOrLoss(CauseRule):
    """An output that the loss can't read, or a loss that is flat where it should be steep."""

    code = "K201"
    name = "wrong_output_or_loss"
    title = "The output does not match the loss"
    is_root = True

    how_detected = (
        "From the config: a loss that reads probabilities behind an output that gives none, a "
        "softmax of a softmax, or a loss for numbers (such as mse) on classes."
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
        mismatch = features.output_mismatch
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
