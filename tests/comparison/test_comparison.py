"""Groups of runs written by hand, ranked."""

import math
from dataclasses import replace
from typing import Any

import pytest

from kerasdemo.comparison.comparison import compare
from kerasdemo.comparison.metrics import value_of
from kerasdemo.config import InputError
from tests.factories import make_summary


def test_groups_are_what_differs_without_the_seed() -> None:
    runs = [
        make_summary(0.9 + seed / 100 - rate, seed, optimizer__learning_rate=rate, network__depth=3)
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
        make_summary(v, s, name=name, x=name)
        for name, some in values.items()
        for s, v in enumerate(some)
    ]
    got = compare(runs)
    assert [(one.rank, one.group.label) for one in got.ranked] == [(1, "a"), (1, "b"), (3, "c")]


def test_what_diverged_is_never_best() -> None:
    runs = [make_summary(0.5, s, x=1) for s in (0, 1)]
    runs += [make_summary(0.99, 0, x=2), make_summary(0.99, 1, "diverged", x=2)]
    runs += [make_summary(0.99, s, "diverged", x=3) for s in (0, 1)]
    runs += [make_summary(0.99, s, "failed", x=4) for s in (0, 1)]
    got = compare(runs)
    assert [group.values["x"] for group in got.groups] == [1, 2, 3, 4]
    assert [group.diverged for group in got.groups] == [0, 1, 2, 0]
    assert math.isnan(got.groups[2].interval.mean)
    assert math.isnan(value_of(runs[-1], "val_accuracy"))


def test_what_has_not_ended_is_left_out() -> None:
    got = compare([make_summary(0.5, x=1), make_summary(0.9, status="unfinished", x=2)])
    assert (len(got.groups), got.unfinished) == (1, 1)
    with pytest.raises(InputError, match="none of them has ended"):
        compare([make_summary(0.9, status="unfinished")])


def test_grouping_by_a_key_or_a_section() -> None:
    runs = [
        make_summary(0.5, optimizer__name="sgd", optimizer__learning_rate=r, x=x)
        for r in (1, 2)
        for x in (1, 2)
    ]
    assert compare(runs, group_by=["x"]).keys == ("x",)
    assert compare(runs, group_by=["optimizer"]).keys == ("optimizer.learning_rate",)
    with pytest.raises(InputError, match=r"unknown key 'optimiser'.*did you mean"):
        compare(runs, group_by=["optimiser"])
    with pytest.raises(InputError, match="unknown metric 'val_acc'; did you mean 'val_accuracy'"):
        compare(runs, "val_acc")


def test_values_are_in_order_of_size_then_words_then_missing() -> None:
    runs = [make_summary(0.5, 0, x=x) for x in ("b", 0.5, None, 10, "a")]
    runs.append(make_summary(0.5, 0, y=1))
    assert compare(runs, group_by=["x"]).values_of("x") == [0.5, 10, None, "a", "b", "-"]


def test_the_best_at_the_edge_of_its_range() -> None:
    rising = [make_summary(rate, s, rate=rate) for rate in (0.1, 0.2, 0.3) for s in (0, 1)]
    assert compare(rising).edges == ("rate",)
    hill = [
        make_summary(v, s, rate=r) for r, v in ((0.1, 0.2), (0.2, 0.5), (0.3, 0.1)) for s in (0, 1)
    ]
    assert compare(hill).edges == ()


def test_there_is_nothing_beyond_the_end_of_an_axis() -> None:
    def edges(key: str, values: list[float], sign: int, **facts: Any) -> tuple[str, ...]:
        runs = [
            replace(make_summary(0.5 + sign * n / 10, s, **{key.replace(".", "__"): v}), **facts)
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
