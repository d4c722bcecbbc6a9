"""Numbers as sentences."""

from typing import Any

import pytest

from kerasdemo.comparison.claims import Claim, ClaimCheck
from kerasdemo.comparison.difference import Difference, Divergence
from kerasdemo.comparison.metrics import METRICS
from kerasdemo.comparison.statistics import Interval, paired_difference
from kerasdemo.display.sentences import (
    METRIC_NAMES,
    describe_claim,
    describe_differences,
    describe_evidence,
    describe_pair,
)


@pytest.mark.parametrize("metric", ["val_accuracy", "val_loss", "seconds"])
@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_who_is_ahead_is_said_in_one_way(metric: str, seeds: int) -> None:
    """Of losses and times as of accuracies, of one seed as of many, from either side."""
    better, worse = (0.1, 0.9) if metric != "val_accuracy" else (0.9, 0.1)
    one = {seed: better + seed / 1000 for seed in range(seeds)}
    two = dict.fromkeys(range(seeds), worse)
    text = describe_pair(paired_difference(one, two, metric), "A", "B")
    assert text.startswith("A beats B by 0." if seeds >= 3 else "A is ahead of B by 0.")
    assert describe_pair(paired_difference(two, one, metric), "B", "A") == text


def test_a_tie_says_who_is_ahead() -> None:
    one, two = {0: 0.5, 1: 0.6, 2: 0.7}, {0: 0.51, 1: 0.5901, 2: 0.7}
    text = describe_pair(paired_difference(one, two, "val_accuracy"), "A", "B")
    assert text.startswith("B and A: tie, the first ahead by 3.333e-05 [")
    text = describe_pair(paired_difference(one, two, "val_loss"), "A", "B")
    assert text.startswith("A and B: tie, the first ahead by 3.333e-05 [")
    same = paired_difference(one, one, "val_loss")
    assert describe_pair(same, "A", "B") == "A and B: tie, 0 [0, 0]"


def test_what_would_decide_a_pair_is_said() -> None:
    one_seed = describe_pair(paired_difference({0: 0.9}, {0: 0.1}, "val_accuracy"), "A", "B")
    assert one_seed.endswith("0.8 with one seed, needs at least 2 more seeds")
    seen = paired_difference({0: 0.9}, {0: 0.2}, "test_accuracy", examples=(10_000, 10_000))
    assert "seen once, needs at least 2 more seeds" in describe_pair(seen, "A", "B")
    two = {0: 0.9, 1: 0.912}, {0: 0.888, 1: 0.9}
    pair = paired_difference(*two, "val_accuracy", examples=(500, 500))
    assert describe_pair(pair, "A", "B").endswith("needs at least 1 more seed")
    many = dict.fromkeys(range(5), 0.85), dict.fromkeys(range(5), 0.83)
    pair = paired_difference(*many, "val_accuracy", examples=(100, 100))
    assert describe_pair(pair, "A", "B").endswith("needs more examples, not more seeds")
    pair = paired_difference({0: 1.0}, {1: 1.0}, "val_accuracy")
    assert "share no seed" in describe_pair(pair, "A", "B")


def claim(**parts: Any) -> Claim:
    return Claim(statement="a is best", metric="test_accuracy", **parts)


HALF = Interval(0.5, 0.45, 0.55, 3)


def test_the_evidence_of_a_difference() -> None:
    sides = (Interval(0.9, 0.88, 0.92, 3), Interval(0.4, 0.39, 0.41, 3))
    better = claim(better="a", than="b", by=0.1, reference=88.0)
    one = ClaimCheck(better, "held", HALF, sides)
    assert describe_claim(one) == (
        "HELD: a is best (reference: 88.0): test_accuracy +0.5 [+0.45, +0.55] "
        "(0.9 [0.88, 0.92] against 0.4 [0.39, 0.41]), more than 0.1 claimed, 3 seeds"
    )
    assert describe_evidence(one, percent=True) == (
        "test accuracy 90 % against 40 %: +50 [+45, +55] points, more than 10 points claimed"
    )
    reservations = ClaimCheck(
        better, "undecided", HALF, sides, more_seeds=2, missing=1, excluded_pairs=2,
        pooled_settings=4, open_keys=("rate",), has_compilation=True,
    )  # fmt: skip
    assert describe_evidence(reservations).endswith(
        "3 seeds, of a single epoch, compiling included, mean over 4 settings of rate, "
        "needs about 2 more seeds, 2 pairs left out (diverged or failed), 1 run missing"
    )


def test_the_evidence_of_a_value_and_of_a_verdict() -> None:
    value = ClaimCheck(claim(runs="a", between=(0.4, 0.6)), "not held", HALF, lost=2)
    assert describe_evidence(value) == (
        "test_accuracy 0.5 [0.45, 0.55], claimed 0.4 to 0.6, 3 seeds, 2 runs diverged or failed"
    )
    assert describe_evidence(value, percent=True).startswith(
        "test accuracy 50 [45, 55] %, claimed 40 to 60 %"
    )
    verdict = ClaimCheck(
        claim(runs="a", verdict="healthy"),
        "undecided",
        HALF,
        runs=3,
        verdicts={"healthy": 2, "overfitting": 1},
    )
    assert describe_evidence(verdict) == (
        "2 of 3 runs (healthy 2, overfitting 1); test_accuracy 0.5 [0.45, 0.55]"
    )


def test_differences_between_two_runs() -> None:
    found = Difference(
        {"optimizer.learning_rate": (0.1, 0.5), "optimizer.nesterov": (None, False)},
        (Divergence("loss", 3, 0.25, 0.5),),
        (Divergence("dense gradient_norm", 2, 1, 3),),
    )
    assert describe_differences(found, "one", "two") == [
        "optimizer.learning_rate: 0.1 / 0.5",
        "optimizer.nesterov: null / false",
        "loss diverges from epoch 3: 0.25 / 0.5",
        "the first statistic of a layer: dense gradient_norm diverges from epoch 2: 1 / 3",
    ]
    assert describe_differences(Difference({}, (), ()), "one", "two") == [
        "the configs are the same",
        "the curves of one and two do not diverge",
    ]


def test_every_metric_has_a_name() -> None:
    assert METRIC_NAMES.keys() == set(METRICS)
