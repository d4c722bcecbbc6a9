"""Statistics against numbers worked by hand and against SciPy's own tests."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kerasdemo.comparison.comparison import (
    Interval,
    compare,
    differing,
    interval,
    label,
    metric_interval,
    pair,
    value_of,
)
from kerasdemo.config import InputError
from kerasdemo.records.index import Scalar
from tests.factories import lost, made

MSE, CROSS = "mean_squared_error", "categorical_crossentropy"


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


@given(st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=20))
def test_the_interval_is_scipys(values: list[float]) -> None:
    got = interval(values)
    spread = stats.sem(values)
    if spread > 1e-9:
        low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), spread)
        assert [got.low, got.high] == pytest.approx([low, high], abs=1e-6)


def test_a_pair_agrees_with_scipys_paired_t_test() -> None:
    rng = np.random.default_rng(1)
    for shift in np.linspace(-0.03, 0.03, 21):
        a = dict(enumerate(rng.normal(0.9 + shift, 0.01, 6)))
        b = dict(enumerate(rng.normal(0.9, 0.01, 6)))
        tested = stats.ttest_rel(list(a.values()), list(b.values()))
        got = pair(a, b, "val_accuracy")
        assert (got.verdict in ("better", "worse")) == (tested.pvalue < 0.05)
        flipped = pair(a, b, "loss")
        opposite = {"better": "worse", "worse": "better"}
        assert flipped.verdict == opposite.get(got.verdict, got.verdict)


def test_seeds_pair() -> None:
    # The seeds differ widely, the difference hardly: unpaired it would not be seen.
    a = {0: 0.10, 1: 0.50, 2: 0.90, 7: 0.0}
    b = {0: 0.08, 1: 0.479, 2: 0.879, 8: 1.0}
    got = pair(a, b, "val_accuracy")
    assert got.difference.n == 3
    assert got.verdict == "better"
    assert got.sentence("A", "B").startswith("A beats B by 0.02067 [")
    assert pair(b, a, "val_accuracy").sentence("B", "A").startswith("A beats B by 0.02067 [")


def test_seeds_needed_are_those_that_the_power_formula_gives() -> None:
    # d = 0.5, sd = 1 needs 34 pairs for a power of 0.8 (Cohen 1988, table 2.4.1: 33 to 34).
    differences = np.array([-1.0, 0.0, 1.0])
    scaled = differences / differences.std(ddof=1) + 0.5
    got = pair(dict(enumerate(scaled)), dict.fromkeys(range(3), 0.0), "val_accuracy")
    assert got.verdict == "undecided"
    assert got.more_seeds == 34 - 3
    assert "needs about 31 more seeds" in got.sentence("A", "B")


def test_ties() -> None:
    same = {0: 0.5, 1: 0.6, 2: 0.7}
    assert pair(same, same, "val_accuracy").verdict == "tie"
    nearly = {0: 0.51, 1: 0.5901, 2: 0.7}
    assert pair(same, nearly, "val_accuracy").verdict == "tie"
    assert "tie" in pair(same, nearly, "val_accuracy").sentence("A", "B")


def test_a_constant_difference_is_certain_from_three_seeds_on() -> None:
    a, b = {0: 0.75, 1: 0.75, 2: 0.75}, {0: 0.5, 1: 0.5, 2: 0.5}
    got = pair(a, b, "val_accuracy")
    assert (got.verdict, got.difference) == ("better", Interval(0.25, 0.25, 0.25, 3))
    assert pair(a, b, "val_accuracy", by=0.3).verdict == "worse"


def test_too_few_seeds_decide_nothing() -> None:
    one = pair({0: 0.9}, {0: 0.1}, "val_accuracy")
    assert (one.verdict, one.seen) == ("undecided", None)  # nobody knows the error of one seed
    assert one.sentence("A", "B").endswith("0.8 with one seed, needs at least 2 more seeds")
    # The issue's: two pairs that agree by chance.
    two = pair({0: 0.9, 1: 0.912}, {0: 0.888, 1: 0.9}, "val_accuracy", examples=(500, 500))
    assert (two.verdict, two.more_seeds) == ("undecided", 1)
    assert two.sentence("A", "B").endswith("needs at least 1 more seed")
    assert two.difference.high - two.difference.low > 0.06
    none = pair({0: 1.0}, {1: 1.0}, "val_accuracy")
    assert "share no seed" in none.sentence("A", "B")


def test_one_seed_shows_what_the_error_of_its_examples_allows() -> None:
    plain = pair({0: 0.9069}, {0: 0.2484}, "test_accuracy", examples=(10_000, 10_000))
    assert (plain.verdict, plain.seen, plain.more_seeds) == ("undecided", "better", 2)
    assert "seen once, needs at least 2 more seeds" in plain.sentence("A", "B")
    hidden = pair({0: 0.94}, {0: 0.90}, "test_accuracy", examples=(100, 100))
    assert hidden.seen is None
    # Newcombe 1998, table II, method 10: 56/70 against 48/80.
    shown = pair({0: 56 / 70}, {0: 48 / 80}, "test_accuracy", examples=(70, 80)).difference
    assert [shown.low, shown.high] == pytest.approx([0.0524, 0.3339], abs=1e-4)


def test_more_seeds_do_not_help_where_examples_are_missing() -> None:
    a, b = dict.fromkeys(range(5), 0.85), dict.fromkeys(range(5), 0.83)
    got = pair(a, b, "val_accuracy", examples=(100, 100))
    assert (got.verdict, got.more_seeds) == ("undecided", None)
    assert got.sentence("A", "B").endswith("needs more examples, not more seeds")
    assert pair(a, b, "val_accuracy", examples=(100_000, 100_000)).verdict == "better"


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
    apart = pair({0: 1.0, 1: 0.2}, {0: 0.0, 1: 0.1}, "val_accuracy")
    assert (apart.difference.low, apart.difference.high) == (-1, 1)


def test_what_no_accuracy_can_be_is_none() -> None:
    assert math.isnan(value_of(made(1e308), "val_accuracy"))
    assert math.isnan(interval([1e308, 1e308]).low)


def test_groups_are_what_differs_without_the_seed() -> None:
    runs = [
        made(0.9 + seed / 100 - rate, seed, optimizer__learning_rate=rate, network__depth=3)
        for rate in (0.1, 0.2)
        for seed in range(3)
    ]
    got = compare(runs)
    assert got.keys == ("optimizer.learning_rate",)
    assert [group.label for group in got.groups] == ["learning_rate=0.1", "learning_rate=0.2"]
    assert [len(group.runs) for group in got.groups] == [3, 3]
    assert [one.rank for one in got.ranked] == [1, 2]


def test_ties_share_their_rank() -> None:
    values = {"a": (0.9, 0.91, 0.92), "b": (0.92, 0.90, 0.905), "c": (0.5, 0.51, 0.52)}
    runs = [
        made(v, s, name=name, x=name) for name, own in values.items() for s, v in enumerate(own)
    ]
    got = compare(runs)
    assert [(one.rank, one.group.label) for one in got.ranked] == [(1, "a"), (1, "b"), (3, "c")]


def test_what_diverged_is_never_best() -> None:
    runs = [made(0.5, s, x=1) for s in (0, 1)]
    runs += [made(0.99, 0, x=2), made(0.99, 1, "diverged", x=2)]
    runs += [made(0.99, s, "diverged", x=3) for s in (0, 1)]
    runs += [made(0.99, s, "failed", x=4) for s in (0, 1)]
    got = compare(runs)
    assert [group.values["x"] for group in got.groups] == [1, 2, 3, 4]
    assert [group.diverged for group in got.groups] == [0, 1, 2, 0]
    assert math.isnan(got.groups[2].interval.mean)
    assert math.isnan(value_of(runs[-1], "val_accuracy"))


def test_what_has_not_ended_is_left_out() -> None:
    got = compare([made(0.5, x=1), made(0.9, status="unfinished", x=2)])
    assert (len(got.groups), got.unfinished) == (1, 1)
    with pytest.raises(InputError, match="none of them has ended"):
        compare([made(0.9, status="unfinished")])


def test_keys_that_come_with_a_name_tell_nothing_more() -> None:
    sgd = made(0.5, optimizer__name="sgd", optimizer__nesterov=False)
    adam = made(0.5, optimizer__name="adam", optimizer__beta_1=0.9)
    assert differing([sgd, adam]) == ("optimizer.name",)
    off = made(0.5, training__early_stopping=None)
    on = made(0.5, training__early_stopping__patience=5)
    assert differing([off, on]) == ("training.early_stopping",)
    labels = {group.label for group in compare([off, on]).groups}
    assert labels == {"early_stopping=null", "early_stopping=-"}


def test_grouping_by_a_key_or_a_section() -> None:
    runs = [
        made(0.5, optimizer__name="sgd", optimizer__learning_rate=r, x=x)
        for r in (1, 2)
        for x in (1, 2)
    ]
    assert compare(runs, group_by=["x"]).keys == ("x",)
    assert compare(runs, group_by=["optimizer"]).keys == ("optimizer.learning_rate",)
    with pytest.raises(InputError, match=r"unknown key 'optimiser'.*did you mean"):
        compare(runs, group_by=["optimiser"])
    with pytest.raises(InputError, match="unknown metric 'val_acc'; did you mean 'val_accuracy'"):
        compare(runs, "val_acc")


def test_the_best_at_the_edge_is_said() -> None:
    rising = [made(rate, s, rate=rate) for rate in (0.1, 0.2, 0.3) for s in (0, 1)]
    assert compare(rising).edges == ("rate",)
    hill = [made(v, s, rate=r) for r, v in ((0.1, 0.2), (0.2, 0.5), (0.3, 0.1)) for s in (0, 1)]
    assert compare(hill).edges == ()


def test_there_is_nothing_beyond_the_end_of_an_axis() -> None:
    def edges(key: str, values: list[float], sign: int, **facts: Any) -> tuple[str, ...]:
        runs = [
            replace(made(0.5 + sign * n / 10, s, **{key.replace(".", "__"): v}), **facts)
            for n, v in enumerate(values)
            for s in range(3)
        ]
        return compare(runs).edges

    key = "training.batch_size"
    assert edges(key, [1, 10, 100], -1) == ()
    assert edges(key, [10, 100, 1000], -1) == (key,)
    assert edges(key, [10, 100, 1000], 1, examples={"train": 1000}) == ()
    assert edges(key, [10, 100, 1000], 1, examples={"train": 3500}) == (key,)
    assert edges("network.dropout", [0.0, 0.25, 0.5], -1) == ()
    assert edges("network.dropout", [0.0, 0.25, 0.5], 1) == ("network.dropout",)
    assert edges("optimizer.momentum", [0.0, 0.5, 0.9], -1) == ()
    whole = {"source": "mnist", "examples": {"train": 50_000, "validation": 10_000}}
    assert edges("data.train", [500, 5000, 50_000], 1, **whole) == ()
    part = {"source": "mnist", "examples": {"train": 10_000, "validation": 10_000}}
    assert edges("data.train", [500, 5000, 10_000], 1, **part) == ("data.train",)


def test_what_is_not_alike_is_ranked_or_pooled_with_a_word() -> None:
    losses = [
        made(0.5, s, network__depth=d, loss__name=loss)
        for d in (1, 2)
        for loss in ("mean_squared_error", "categorical_crossentropy")
        for s in range(3)
    ]
    pooled = compare(losses, group_by=["network"]).cautions
    assert any("mean of runs that differ in loss.name" in text for text in pooled)
    assert any("different losses are ranked" in text for text in compare(losses).cautions)
    assert any("no common scale" in text for text in compare(losses, "val_loss").cautions)
    data = [made(0.5, s, data__name=name) for name in ("mnist", "circles") for s in range(3)]
    assert any("different data are ranked, by data.name" in t for t in compare(data).cautions)
    alike = [made(0.5, s, network__depth=d) for d in (1, 2) for s in range(3)]
    assert compare(alike).cautions == ()
    files = [
        replace(made(0.5, s, data__name="file", data__path=path), data=path)
        for path in ("a.npz", "b.npz")
        for s in range(3)
    ]
    assert compare(files).keys == ("data.path",)
    same = [replace(run, data="one") for run in files]
    assert compare(same).keys == ()
    changed = [replace(run, data=str(n)) for n, run in enumerate(files[:3])]
    assert any("different contents" in text for text in compare(changed).cautions)


def test_different_losses_are_not_ranked_on_a_loss() -> None:
    runs = [
        lost(value + units / 1000 + s / 1e5, s, loss__name=loss, network__units=units)
        for loss, value in ((MSE, 0.09), (CROSS, 1.5))
        for units in (1, 2)
        for s in range(3)
    ]
    got = compare(runs, "val_loss")
    # Each loss for itself, from its own best on.
    assert got.scales == 2
    assert [(one.scale, one.rank, one.group.values["loss.name"]) for one in got.ranked] == [
        (1, 1, CROSS), (1, 2, CROSS), (2, 1, MSE), (2, 2, MSE),
    ]  # fmt: skip
    assert all(one.best.values["loss.name"] == one.group.values["loss.name"] for one in got.ranked)
    assert got.edges == ()
    assert any("not ranked" in text for text in got.cautions)
    # Their accuracies are ranked, with a word.
    assert compare([made(0.5, loss__name=loss) for loss in (MSE, CROSS)]).scales == 1


def test_a_mean_over_several_losses_is_ranked_with_none() -> None:
    runs = [
        lost(0.5, s, loss__name=loss, network__units=units)
        for units, losses in ((1, (MSE, CROSS)), (2, (MSE,)), (3, (MSE,)))
        for loss in losses
        for s in range(3)
    ]
    got = compare(runs, "val_loss", group_by=["network.units"])
    ranks = {one.group.values["network.units"]: one.rank for one in got.ranked}
    assert ranks == {1: None, 2: 1, 3: 1}
    assert any("differ in loss.name: their values are no common" in t for t in got.cautions)


def test_a_single_group_is_ranked_with_nobody() -> None:
    runs = [lost(0.5, s, loss__name=loss, x=1) for loss in (MSE, CROSS) for s in range(3)]
    (caution,) = compare(runs, "val_loss", group_by=["x"]).cautions
    assert "ranked" not in caution
    assert "mean of runs that differ in loss.name" in caution


@pytest.mark.parametrize(
    ("key", "values", "scales"),
    [
        ("data.source", ("mnist", "mnist_sample"), 2),
        ("data.validation", (100, 200), 2),
        ("data.noise.validation", (0.0, 1.0), 2),
        # What is done with the same examples, or belongs to another part, changes nothing.
        ("data.normalize", ("unit", "none"), 1),
        ("data.train", (100, 200), 1),
        ("data.test", (100, 200), 1),
        # A penalty is part of the loss.
        ("network.regularizer.l2", (0.0, 0.01), 2),
        ("network.dropout", (0.0, 0.5), 1),
    ],
)
def test_a_loss_is_ranked_on_the_same_examples(
    key: str, values: tuple[Scalar, ...], scales: int
) -> None:
    named = key.replace(".", "__")
    runs = [lost(0.1 + n, s, **{named: v}) for n, v in enumerate(values) for s in range(3)]
    got = compare(runs, "val_loss")
    assert got.scales == scales
    assert any("not ranked" in text for text in got.cautions) == (scales > 1)


def test_what_is_not_alike_is_said_also_of_groups_made_by_something_else() -> None:
    runs = [
        replace(made(0.5, s, data__name="mnist", data__source=name, x=x), source=name)
        for x, name in ((1, "mnist"), (2, "mnist_sample"))
        for s in range(3)
    ]
    cautions = compare(runs, group_by=["x"]).cautions
    assert any("ranked, by data.source (mnist, mnist_sample)" in text for text in cautions)


@pytest.mark.parametrize("metric", ["val_accuracy", "val_loss", "seconds"])
@pytest.mark.parametrize("seeds", [1, 2, 5])
def test_who_is_ahead_is_said_in_one_way(metric: str, seeds: int) -> None:
    """Of losses and times as of accuracies, of one seed as of many, from either side."""
    better, worse = (0.1, 0.9) if metric != "val_accuracy" else (0.9, 0.1)
    one = {seed: better + seed / 1000 for seed in range(seeds)}
    two = dict.fromkeys(range(seeds), worse)
    told = pair(one, two, metric).sentence("A", "B")
    assert told.startswith("A beats B by 0." if seeds >= 3 else "A is ahead of B by 0.")
    assert pair(two, one, metric).sentence("B", "A") == told
    assert pair(one, two, metric).lead.mean > 0


def test_a_tie_says_who_is_ahead() -> None:
    one, two = {0: 0.5, 1: 0.6, 2: 0.7}, {0: 0.51, 1: 0.5901, 2: 0.7}
    told = pair(one, two, "val_accuracy").sentence("A", "B")
    assert told.startswith("B and A: tie, the first ahead by 3.333e-05 [")
    told = pair(one, two, "val_loss").sentence("A", "B")
    assert told.startswith("A and B: tie, the first ahead by 3.333e-05 [")
    assert pair(one, one, "val_loss").sentence("A", "B") == "A and B: tie, 0 [0, 0]"


def test_labels_are_short_and_tell_apart() -> None:
    assert label({"optimizer.name": "sgd", "optimizer.learning_rate": 0.1}) == (
        "optimizer=sgd, learning_rate=0.1"
    )
    assert label({"network.layers.0.units": 3, "network.layers.1.units": 4}) == (
        "network.layers.0.units=3, network.layers.1.units=4"
    )
