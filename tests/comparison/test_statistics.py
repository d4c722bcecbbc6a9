"""Statistics against numbers worked by hand and against SciPy."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kerasdemo.comparison.statistics import Interval, interval, metric_interval, paired_difference


def test_an_interval_worked_by_hand() -> None:
    # mean 3, sd sqrt(2.5), t(0.975, 4) = 2.776: half width 2.776 * 1.5811 / sqrt(5) = 1.963
    got = interval([1, 2, 3, 4, 5])
    assert got.mean == 3
    assert [got.low, got.high] == pytest.approx([1.0368, 4.9632], abs=1e-4)
    assert str(got) == "3 [1.037, 4.963]"
    assert format(got, "+") == "+3 [+1.037, +4.963]"


def test_one_value_has_no_interval() -> None:
    assert str(interval([0.5])) == "0.5"
    assert math.isnan(interval([0.5]).low)
    assert math.isnan(interval([]).mean)


def test_the_interval_of_huge_numbers_is_none() -> None:
    assert math.isnan(interval([1e308, 1e308]).low)


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20))
def test_the_interval_is_scipys(values: list[float]) -> None:
    got = interval(values)
    spread = stats.sem(values)
    if spread > 1e-9:
        low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), spread)
        assert [got.low, got.high] == pytest.approx([low, high], abs=1e-6)


@given(
    st.lists(st.floats(0, 1), min_size=1, max_size=6),
    st.integers(1, 100_000),
    st.sampled_from(["accuracy", "val_accuracy", "test_accuracy"]),
)
def test_an_accuracy_is_never_surer_than_its_examples(
    values: list[float], examples: int, metric: str
) -> None:
    got = metric_interval(values, metric, examples)
    assert 0 <= got.low <= got.high <= 1
    assert got.low <= got.mean + 1e-12
    assert got.mean <= got.high + 1e-12
    wilson = stats.binomtest(round(got.mean * examples), examples).proportion_ci(method="wilson")
    slack = 1 / examples + 1e-9
    assert got.low <= wilson.low + slack
    assert got.high >= wilson.high - slack


def test_intervals_end_where_the_values_do() -> None:
    assert str(metric_interval([0.2, 0.9], "val_accuracy")) == "0.55 [0, 1]"
    assert metric_interval([1.0, 1.0, 1.0], "test_accuracy", 100).low == pytest.approx(
        0.963, abs=1e-3
    )
    assert metric_interval([1.0, 9.0], "epoch_seconds").low == 0
    assert metric_interval([1.0, 9.0], "loss", 100) == interval([1.0, 9.0])
    apart = paired_difference({0: 1.0, 1: 0.2}, {0: 0.0, 1: 0.1}, "val_accuracy")
    assert (apart.difference.low, apart.difference.high) == (-1, 1)


def test_a_pair_agrees_with_scipys_paired_t_test() -> None:
    rng = np.random.default_rng(1)
    for shift in np.linspace(-0.03, 0.03, 21):
        a = dict(enumerate(rng.normal(0.9 + shift, 0.01, 6)))
        b = dict(enumerate(rng.normal(0.9, 0.01, 6)))
        tested = stats.ttest_rel(list(a.values()), list(b.values()))
        got = paired_difference(a, b, "val_accuracy")
        assert (got.decision in ("better", "worse")) == (tested.pvalue < 0.05)
        flipped = paired_difference(a, b, "loss")
        opposite = {"better": "worse", "worse": "better"}
        assert flipped.decision == opposite.get(got.decision, got.decision)


def test_seeds_pair() -> None:
    # The seeds differ widely, the difference hardly: unpaired it would not be seen.
    a = {0: 0.10, 1: 0.50, 2: 0.90, 7: 0.0}
    b = {0: 0.08, 1: 0.479, 2: 0.879, 8: 1.0}
    got = paired_difference(a, b, "val_accuracy")
    assert got.difference.n == 3
    assert got.decision == "better"
    assert str(got.lead).startswith("0.02067 [")
    assert paired_difference(b, a, "val_accuracy").lead == -got.lead


def test_seeds_needed_are_those_that_the_power_formula_gives() -> None:
    # d = 0.5, sd = 1 needs 34 pairs for a power of 0.8 (Cohen 1988, table 2.4.1: 33 to 34).
    differences = np.array([-1.0, 0.0, 1.0])
    scaled = differences / differences.std(ddof=1) + 0.5
    got = paired_difference(dict(enumerate(scaled)), dict.fromkeys(range(3), 0.0), "val_accuracy")
    assert got.decision == "undecided"
    assert got.more_seeds == 34 - 3


def test_ties() -> None:
    same = {0: 0.5, 1: 0.6, 2: 0.7}
    assert paired_difference(same, same, "val_accuracy").decision == "tie"
    nearly = {0: 0.51, 1: 0.5901, 2: 0.7}
    assert paired_difference(same, nearly, "val_accuracy").decision == "tie"


def test_a_constant_difference_is_certain_from_three_seeds_on() -> None:
    a, b = {0: 0.75, 1: 0.75, 2: 0.75}, {0: 0.5, 1: 0.5, 2: 0.5}
    got = paired_difference(a, b, "val_accuracy")
    assert (got.decision, got.difference) == ("better", Interval(0.25, 0.25, 0.25, 3))
    assert paired_difference(a, b, "val_accuracy", margin=0.3).decision == "worse"


def test_too_few_seeds_decide_nothing() -> None:
    one = paired_difference({0: 0.9}, {0: 0.1}, "val_accuracy")
    assert (one.decision, one.single_seed) == (
        "undecided",
        None,
    )  # no error of one seed
    # The issue's: two pairs that agree by chance.
    two = paired_difference(
        {0: 0.9, 1: 0.912}, {0: 0.888, 1: 0.9}, "val_accuracy", examples=(500, 500)
    )
    assert (two.decision, two.more_seeds) == ("undecided", 1)
    assert two.difference.high - two.difference.low > 0.06
    assert paired_difference({0: 1.0}, {1: 1.0}, "val_accuracy").difference.n == 0


def test_one_seed_shows_what_the_error_of_its_examples_allows() -> None:
    plain = paired_difference({0: 0.9069}, {0: 0.2484}, "test_accuracy", examples=(10_000, 10_000))
    assert (plain.decision, plain.single_seed, plain.more_seeds) == ("undecided", "better", 2)
    hidden = paired_difference({0: 0.94}, {0: 0.90}, "test_accuracy", examples=(100, 100))
    assert hidden.single_seed is None
    # Newcombe 1998, table II, method 10: 56/70 against 48/80.
    shown = paired_difference(
        {0: 56 / 70}, {0: 48 / 80}, "test_accuracy", examples=(70, 80)
    ).difference
    assert [shown.low, shown.high] == pytest.approx([0.0524, 0.3339], abs=1e-4)


def test_more_seeds_do_not_help_where_examples_are_missing() -> None:
    a, b = dict.fromkeys(range(5), 0.85), dict.fromkeys(range(5), 0.83)
    got = paired_difference(a, b, "val_accuracy", examples=(100, 100))
    assert (got.decision, got.more_seeds, got.needs_examples) == ("undecided", None, True)
    assert paired_difference(a, b, "val_accuracy", examples=(100_000, 100_000)).decision == "better"
