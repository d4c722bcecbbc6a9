"""Causes in the targets of a regression: their size, and what the output can reach."""

import math
from collections.abc import Mapping

from kerasdemo.diagnosis import remedies
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.diagnosis.rule import CauseRule, Finding

# The ends of what an activation can give; of others there are none, or nobody knows them.
RANGES: Mapping[str, tuple[float, float]] = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "sparse_sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "log_sigmoid": (-math.inf, 0.0),
    "relu": (0.0, math.inf),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, math.inf),
    "exponential": (0.0, math.inf),
}


class TargetNotScaled(CauseRule):
    """Targets of another size than the output of an untrained network."""

    code = "K214"
    name = "target_not_scaled"
    title = "The targets are not scaled"
    is_root = True

    # Sd of the targets, and their mean in sd; measured in `how_detected`.
    LARGE, VERY_LARGE = 10.0, 100.0
    SMALL, VERY_SMALL = 0.05, 0.015
    FAR, VERY_FAR = 5.0, 20.0

    how_detected = (
        f"For regression: the targets' sd is above {LARGE:g} or below {SMALL:g}, or their mean "
        f"more than {FAR:g} sd from 0, and training failed. Measured with two layers of 64 units, "
        "a batch size of 32 and 960 updates on targets that differ in nothing else (R², "
        "untouched: 0.99 with Adam 0.001, 0.96 with SGD 0.01). SGD breaks from sd 30 on, and has "
        "0.57 at sd 0.1; Adam has 0.88 at sd 1,000, 0.55 at sd 0.03, below 0 at 0.01; with a mean "
        "of 3 sd 0.98, of 10 sd 0.75, of 30 sd below 0."
    )
    why_it_matters = (
        "An untrained network's output has the size of 1. The gradient of a squared error is as "
        "large as the error: it makes steps far too large for targets in thousands, or far too "
        "small for those in thousandths; and Adam, whose steps have a fixed size, needs many of "
        "them to get there (LeCun et al. 1998, Efficient BackProp, section 4.3, for inputs)."
    )
    what_to_try = (
        "Targets with mean 0 and standard deviation 1; predictions are scaled back. Or a last "
        "layer that does it: `keras.layers.Rescaling(scale=sd, offset=mean)`."
    )

    def find(self, features: RunFeatures) -> Finding | None:
        if features.task != "regression":
            return None
        mean, sd = (features.fact("data", "target", name) for name in ("mean", "sd"))
        if mean is None or sd is None:
            return None
        offset = abs(mean) / sd if sd > 0 else 0.0
        if self.SMALL <= sd <= self.LARGE and offset <= self.FAR:
            return None
        is_far = not self.VERY_SMALL <= sd <= self.VERY_LARGE or offset > self.VERY_FAR
        return Finding(
            f"The targets have mean {mean:.3g} and sd {sd:.3g}; an untrained network's output is "
            "about 1 in size.",
            {"target_mean": mean, "target_sd": sd},
            0.9 if is_far or features.has_diverged else 0.6,
            [remedies.scale_targets(features)],
        )


class OutputOutOfRange(CauseRule):
    """An output activation that can't give the targets."""

    code = "K215"
    name = "output_out_of_range"
    title = "The output can't reach the targets"
    is_root = True

    # Shares of the targets' range that are out of reach.
    SOME = 0.02
    MUCH = 0.2

    how_detected = (
        f"For regression: at least {SOME:.0%} of the range from the smallest to the largest target "
        "lies beyond the ends of the output's activation: 0 and 1 of sigmoid, -1 and 1 of tanh, 0 "
        "of relu, softplus and exponential."
    )
    why_it_matters = (
        "What the last activation can't give the network can't predict: it goes to the end of the "
        "range and stays there, where sigmoid, tanh and relu are flat and pass no gradient."
    )
    what_to_try = "A linear output (no activation), or targets scaled to the activation's range."

    def find(self, features: RunFeatures) -> Finding | None:
        if features.task != "regression" or not features.network:
            return None
        activation = features.network[-1].activation
        lowest, highest = RANGES.get(activation, (-math.inf, math.inf))
        least, largest = (features.fact("data", "target", name) for name in ("min", "max"))
        if least is None or largest is None or largest <= least:
            return None
        # Where all of the targets are out of reach, the whole range is.
        below, above = max(0.0, lowest - least), max(0.0, largest - highest)
        share = min(1.0, (below + above) / (largest - least))
        if share < self.SOME:
            return None
        ends = " to ".join(f"{end:g}" for end in (lowest, highest) if math.isfinite(end))
        word = "is between" if math.isfinite(lowest) and math.isfinite(highest) else "ends at"
        return Finding(
            f"{activation} {word} {ends.replace(' to ', ' and ')}, and the targets go from "
            f"{least:.3g} to {largest:.3g}: {share:.0%} of their range is out of reach.",
            {"out_of_reach": share, "target_min": least, "target_max": largest},
            0.95 if share >= self.MUCH else 0.7,
            [remedies.make_output_linear(features)],
        )
