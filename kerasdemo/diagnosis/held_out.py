"""What the held-out examples say: a rising loss, a baseline not reached, classes that are missing.

The loss and the answers in two epochs are compared in pairs, since the same examples were measured
in both: much smaller differences are significant than between two separate samples.
"""

import math
from dataclasses import dataclass

from kerasdemo.diagnosis import curves
from kerasdemo.diagnosis.features import RunFeatures, number

# One-sided 95 %, for what is compared in pairs.
SURE = 1.645
# Prechelt (1998, Early stopping - but when?): a generalization loss of 5 % above the best.
RISEN = 0.05
# Without pairs: SageMaker's overfit rule, 10 %, here against the smoothed best.
RISEN_UNPAIRED = 0.10
# A rise of less than this share of the untrained network's loss is of no consequence.
LEAST_RISE = 0.001
# Training accuracy that is lower by more than this did not hold.
HELD = 0.01
# Nearest neighbours classify so many examples (training/baseline.py).
NEIGHBOR_QUERIES = 1_000
# A class of which so many examples are expected is missing for a reason (by chance 0.7 %).
EXPECTED = 5
# The share of examples that are of other classes, from which on two sets differ hugely.
MOVED = 0.2


@dataclass(frozen=True)
class Rise:
    """The validation loss at the judged epoch, against its best before.

    epoch: of the best loss, from 1. share: of the best loss. before, now: validation accuracy.
    is_worse: whether accuracy fell significantly. held: whether training accuracy did not fall.
    """

    epoch: int
    share: float
    before: float | None
    now: float | None
    is_worse: bool
    held: bool

    @property
    def caution(self) -> str:
        """What a run is that is healthy otherwise."""
        return "past its best epoch" if self.is_worse or not self.held else "overconfident"

    @property
    def text(self) -> str:
        """A sentence."""
        change = ""
        if self.before is not None and self.now is not None:
            change = f" ({self.before:.1%} then, {self.now:.1%} at the end)"
        if not self.held:
            fell = "validation and training" if self.is_worse else "training"
            why = f"and {fell} accuracy fell as well{change}"
        elif self.is_worse:
            why = f"and validation accuracy fell{change}"
        else:
            why = f"while validation accuracy held{change}: the network gets overconfident"
        return f"Validation loss rises from epoch {self.epoch} on (+{self.share:.0%}), {why}."


def find_rise(features: RunFeatures) -> Rise | None:
    """Return how far the validation loss at the judged epoch is above its best, if significant."""
    values = features.val_loss[: features.judged + 1]
    if len(values) < 2:
        return None
    best = values.index(min(values))
    rise, error = features.at("val_loss_rise"), features.at("val_loss_rise_error")
    if rise is not None and error is not None:
        share = rise / abs(values[best]) if values[best] else math.inf
        initial = abs(features.fact("initial", "loss") or 0.0)
        if rise <= SURE * error or share < RISEN or rise < LEAST_RISE * initial:
            return None
        wrong, right = (features.at(f"val_newly_{word}") or 0.0 for word in ("wrong", "right"))
        is_worse = is_majority(wrong, right)
    else:
        share, is_worse = _unpaired_rise(values), has_fallen(features)
        if len(values) < 3 or share < RISEN_UNPAIRED:
            return None
    accuracies = [features.at("accuracy", place) for place in (best, features.judged)]
    held = None in accuracies or accuracies[1] >= accuracies[0] - HELD  # type: ignore[operator]
    before, now = (features.at("val_accuracy", place) for place in (best, features.judged))
    return Rise(best + 1, share, before, now, is_worse, held)


def _unpaired_rise(values: tuple[float, ...]) -> float:
    """Return how far the validation loss lately is above its smoothed best: 0.1 for 10 %."""
    best = min(curves.smooth(values))
    return curves.recent_median(values) / best - 1 if best > 0 else 0.0


def is_majority(more: float, less: float) -> bool:
    """Return whether of two counts that differ in pairs the first is significantly larger.

    McNemar (1947), with the correction for continuity (Edwards 1948), one-sided.
    """
    return more > less and more - less - 1 > SURE * math.sqrt(more + less)


def has_fallen(features: RunFeatures, floor: float = 0.02) -> bool:
    """Return whether validation accuracy fell from its best by more than chance and a floor."""
    values = features.history.val_accuracy[: features.judged + 1]
    if len(values) < 6 or not features.val_loss:
        return False
    best, last = max(curves.smooth(values)), curves.recent_median(values)
    # Both are measured on the same examples, which only makes the difference surer than this.
    error = math.hypot(*(features.error(value, "validation") for value in (best, last)))
    return best - last > max(floor, 1.96 * error)


@dataclass(frozen=True)
class Shortfall:
    """A simple baseline that does better on held-out examples.

    level: its accuracy. name: which it is. accuracy, part: the network's, and of which examples.
    """

    level: float
    name: str
    accuracy: float
    part: str

    @property
    def text(self) -> str:
        """A sentence's end."""
        return f"{self.part} accuracy is {self.accuracy:.1%}, below {self.name} ({self.level:.1%})"


def find_shortfall(features: RunFeatures, floor: float) -> Shortfall | None:
    """Return the best simple baseline that does significantly better on held-out examples.

    In pairs where run.json has them: the same validation examples. Else as two separate samples.
    """
    accuracy, part = features.val_accuracy, "validation"
    if accuracy is None:
        accuracy, part = features.test_accuracy, "test"
    if accuracy is None:
        return None
    found = [
        Shortfall(level, name, accuracy, part)
        for key, name, level, error in _baselines(features, part)
        if level - accuracy > floor and _is_below(features, key, accuracy, level, error, part)
    ]
    return max(found, key=lambda short: short.level, default=None)


def _baselines(features: RunFeatures, part: str) -> list[tuple[str, str, float, float]]:
    """Return (key, name, accuracy, standard error) of each baseline for held-out examples."""
    linear = features.fact("data", "linear_baseline", "validation")
    neighbors, measured = features.fact("data", "neighbor_baseline_validation"), "validation"
    if neighbors is None or part == "test":
        # Left out one by one: training examples stand for held-out ones.
        neighbors, measured = features.fact("data", "neighbor_baseline"), "train"
    asked = min(NEIGHBOR_QUERIES, features.count(measured) or NEIGHBOR_QUERIES)
    levels = [
        ("linear", "a linear classifier", linear, features.count("validation")),
        ("neighbors", "nearest neighbours", neighbors, asked),
    ]
    return [
        (key, name, level, curves.share_error(level, count))
        for key, name, level, count in levels
        if level is not None
    ]


def _is_below(
    features: RunFeatures, key: str, accuracy: float, level: float, error: float, part: str
) -> bool:
    better, worse = (
        number(features.run.facts, "baseline_pairs", key, who)
        for who in ("only_baseline_right", "only_network_right")
    )
    if better is not None and worse is not None and part == "validation":
        return is_majority(better, worse)
    return level - accuracy > SURE * math.hypot(features.error(accuracy, part), error)


@dataclass(frozen=True)
class SplitFault:
    """A held-out set of other classes than training. part: which. text: what differs.

    is_order: whether shuffling the examples that are split into training and validation mends it.
    """

    part: str
    text: str
    is_order: bool = True


def split_fault(features: RunFeatures) -> SplitFault | None:
    """Return what is wrong with the classes of a held-out set, or None."""
    train = features.shares()
    for part in ("validation", "test"):
        shares, count = features.shares(f"{part}_"), features.count(part) or 0
        if not count or not shares or len(shares) != len(train):
            continue
        trained = features.count("train") or 0
        gone = [n for n, p in enumerate(train) if p * count >= EXPECTED and not shares[n]]
        unseen = [n for n, q in enumerate(shares) if q * trained >= EXPECTED and not train[n]]
        moved = sum(abs(p - q) for p, q in zip(train, shares, strict=True)) / 2
        if unseen:
            return SplitFault(part, f"training has no example of {_classes(unseen)}, {part} has")
        if gone:
            text = f"{part} has no example of {_classes(gone)}, training has"
            return SplitFault(part, text, part == "validation")
        if moved > MOVED and _beyond_chance(train, shares, count):
            text = f"{moved:.0%} of the {part} examples are of other classes than in training"
            return SplitFault(part, text, part == "validation")
    return None


def _classes(found: list[int]) -> str:
    shown = ", ".join(map(str, found[:5])) + (", ..." if len(found) > 5 else "")
    return f"class{'es' * (len(found) > 1)} {shown}"


def _beyond_chance(train: tuple[float, ...], shares: tuple[float, ...], count: float) -> bool:
    """Pearson's chi-squared test of the held-out classes, four standard deviations out."""
    terms = [count * (q - p) ** 2 / p for p, q in zip(train, shares, strict=True) if p]
    return sum(terms) > len(terms) + 4 * math.sqrt(2 * len(terms))
