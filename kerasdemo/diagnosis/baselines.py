"""What a run should reach: chance, simple baselines, the best run known."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from kerasdemo.diagnosis import curves
from kerasdemo.diagnosis.features import RunFeatures, find_number
from kerasdemo.diagnosis.rule import Finding, Suggestion
from kerasdemo.diagnosis.scale import BALANCED

# Below a baseline by less than this is a matter of seeds, not of optimization.
SHORTFALL = 0.02
# The share of the way from chance to perfect that a network must go where no baseline is known.
HALF_WAY = 0.5
# The error of R² counts up to this.
MOST_ERROR = 0.1
# Nearest neighbors classify so many examples (data/baselines.py).
NEIGHBOR_QUERIES = 1_000


@dataclass(frozen=True)
class Shortfall:
    """A simple baseline that does better on held-out examples.

    level: its score. name: which it is. score, part: the network's, and of which examples.
    """

    level: float
    name: str
    score: float
    part: str

    def finding(
        self, features: RunFeatures, ending: str, remedies: Sequence[Suggestion | None]
    ) -> Finding:
        """Return it as a finding; `ending` says how training went."""
        scale = features.scale
        evidence = features.training_evidence | {
            f"{self.part}_{scale.metric}": self.score,
            "level": self.level,
            "level_of": self.name,
        }
        return Finding(
            f"{self.part.capitalize()} {scale.name} is {scale.text(self.score)}, below {self.name} "
            f"({scale.text(self.level)}){ending}.",
            evidence,
            remedies=remedies,
        )


def find_training_shortfall(features: RunFeatures) -> tuple[float, str] | None:
    """Return what the training score should reach and does not: the score and its name."""
    score, chance = features.score, features.chance
    if score is None:
        return None
    if chance is not None:
        # Where nearly all examples are of one class, little is left above chance.
        left = max(HALF_WAY * (1 - chance), curves.Z_975 * features.error(chance, "train"))
        if score <= chance + min(_margin(features, chance), left):
            return chance, features.scale.baseline
    if features.scale is BALANCED:  # which no baseline has
        return None
    levels = list_levels(features)
    return next((pair for pair in levels if score < pair[0] - _margin(features, pair[0])), None)


def _margin(features: RunFeatures, level: float) -> float:
    """Return how far below a level the training score is by chance, or of no consequence."""
    error = features.error(level, "train")
    if features.task == "regression" and features.score is not None:
        # A few outliers make R² uncertain for new examples; of these it is what it is.
        error = min(features.error(features.score, "train"), MOST_ERROR / curves.Z_975)
    return max(SHORTFALL, curves.Z_975 * error)


def list_levels(features: RunFeatures) -> list[tuple[float, str]]:
    """Return what simple baselines and the best run known reach in training, the best first.

    Where none is known, half of the way from chance.
    """
    linear = features.fact("data", "linear_baseline", "train")
    fair = features.fact("data", "linear_baseline", "validation")
    neighbors = features.fact("data", "neighbor_baseline")
    levels = []
    # A linear classifier may memorize a small training set: then its validation accuracy is what
    # the network should reach.
    if linear is not None:
        levels.append((linear if fair is None else min(linear, fair), linear_name(features)))
    if neighbors is not None:
        levels.append((neighbors, "nearest neighbors"))
    if features.reference is not None:
        levels.append((features.reference, "the best run known"))
    if not levels and features.chance is not None:
        halfway = features.chance + HALF_WAY * (1 - features.chance)
        levels = [(halfway, "half of the way from chance to perfect")]
    return sorted(levels, reverse=True)


def find_shortfall(features: RunFeatures) -> Shortfall | None:
    """Return the best simple baseline that does significantly better on held-out examples.

    In pairs where run.json has them: the same validation examples. Else as two separate samples.
    """
    score, part = features.held_out
    if score is None or features.scale is BALANCED:
        return None
    linear = features.fact("data", "linear_baseline", "validation")
    neighbors, measured = features.fact("data", "neighbor_baseline_validation"), "validation"
    if neighbors is None or part == "test":
        # Left out one by one: training examples stand for held-out ones.
        neighbors, measured = features.fact("data", "neighbor_baseline"), "train"
    queries = min(NEIGHBOR_QUERIES, features.count(measured) or NEIGHBOR_QUERIES)
    found = []
    for key, name, level, count in (
        ("linear", linear_name(features), linear, features.count("validation")),
        ("neighbors", "nearest neighbors", neighbors, queries),
    ):
        if level is None or level - score <= SHORTFALL:
            continue
        better, worse = (
            find_number(features.run.facts, "baseline_pairs", key, who)
            for who in ("only_baseline_right", "only_network_right")
        )
        if better is not None and worse is not None and part == "validation":
            is_below = curves.is_majority(better, worse)
        else:
            error = math.hypot(features.error(score, part), _level_error(features, level, count))
            is_below = level - score > curves.Z_95 * error
        if is_below:
            found.append(Shortfall(level, name, score, part))
    return max(found, key=lambda shortfall: shortfall.level, default=None)


def linear_name(features: RunFeatures) -> str:
    """Return what the linear baseline is called."""
    return "a linear fit" if features.task == "regression" else "a linear classifier"


def _level_error(features: RunFeatures, level: float, count: float | None) -> float:
    """Return the standard error of a baseline's score on `count` examples."""
    if features.task == "regression":
        return features.error(level, "validation")
    return curves.share_error(level, count)


def falls_short(features: RunFeatures) -> bool:
    """Return whether the run does not reach what simple baselines do, in training or held out."""
    training = find_training_shortfall(features)
    return training is not None or find_shortfall(features) is not None
