"""Which runs of a list are meant."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kerasdemo.config import InputError
from kerasdemo.display.run_selection import select, sort
from kerasdemo.records import Summary, Value
from tests.factories import make_summary


def make(
    name: str, score: float | None = 0.5, metric: str = "val_accuracy", **more: Any
) -> Summary:
    """A run; `a__b` is a setting, the rest is a field of the summary."""
    settings = {key: more.pop(key) for key in list(more) if "__" in key}
    run = make_summary(0.5, more.pop("seed", 0), **settings)
    metrics = {} if score is None else {metric: Value(score, score, score, 1)}
    return replace(run, path=Path(name), metrics=metrics, **more)


RUNS = [
    make("a", 0.90, optimizer__name="sgd", optimizer__learning_rate=0.01, network__units=16),
    make("b", 0.95, optimizer__name="adam", optimizer__learning_rate=0.001, network__units=32),
    make("c", 0.80, optimizer__name="adam", optimizer__learning_rate=1.0, network__dropout=None),
    make("d", None, status="diverged", verdict=None, tags=("bad", "old"), network__dropout=0.5),
]


def names(runs: list[Summary]) -> str:
    return "".join(run.id for run in runs)


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        (["val_accuracy>0.9"], "b"),
        (["val_accuracy>=0.9"], "ab"),
        (["val_accuracy < 0.9"], "c"),
        (["val_accuracy<=.9"], "ac"),
        (["val_accuracy=0.90"], "a"),
        (["val_accuracy!=0.9"], "bcd"),
        (["optimizer=adam"], "bc"),
        (["optimizer.name==adam"], "bc"),
        (["optimizer=adam", "val_accuracy>0.9"], "b"),
        (["optimizer.learning_rate=1e-3"], "b"),
        (["learning_rate>=0.01"], "ac"),
        (["units=16"], "a"),
        (["units!=16"], "bcd"),
        (["dropout=null"], "abc"),
        (["dropout=0.5"], "d"),
        (["verdict=healthy"], "abc"),
        (["verdict!=healthy"], "d"),
        (["verdict=-"], "d"),
        (["status=diverged"], "d"),
        (["tags=old"], "d"),
        (["run=b"], "b"),
        (["val_accuracy>0.99"], ""),
        (["val_accuracy>nothing"], None),
        (["date>2026-01-01"], ""),
        (["date>yesterday"], None),
        (["val_accuracy>nan"], None),
        (["val_accuracy"], None),
        (["=3"], None),
        (["val_acuracy>0.9"], None),
        (["optimizr=adam"], None),
    ],
)
def test_filters(filters: list[str], expected: str | None) -> None:
    if expected is None:
        with pytest.raises(InputError, match=r"--filter: .*expected"):
            select(RUNS, filters)
    else:
        assert names(select(RUNS, filters)) == expected


def test_the_last_word_of_several_keys_is_not_enough() -> None:
    run = make("a", network__units=16, data__units=3)
    with pytest.raises(InputError, match=r"'units' may be network\.units, data\.units; name one"):
        select([run], ["units=16"])


def test_a_flag_is_written_as_in_yaml() -> None:
    runs = [make("a", data__normalize=True), make("b", data__normalize=False)]
    assert names(select(runs, ["normalize=true"])) == "a"
    assert names(select(runs, ["normalize!=True"])) == "b"


def test_tags_have_to_be_there_all_of_them() -> None:
    assert names(select(RUNS, tags=["old", "bad"])) == "d"
    assert select(RUNS, ["status=finished"], ["old"]) == []
    with pytest.raises(InputError, match="no run here has the tag 'odl'; did you mean 'old'"):
        select(RUNS, tags=["odl"])
    assert select([], tags=["old"]) == []


def test_the_best_come_first_and_those_without_a_score_never() -> None:
    assert names(select(RUNS, best=2)) == "ba"
    assert names(select(RUNS, best=9)) == "bac"
    assert names(select(RUNS, ["optimizer=adam"], best=1)) == "b"
    assert select(RUNS, ["run=d"], best=1, by="val_loss") == []
    assert select([], best=1) == []


def test_a_smaller_loss_and_a_shorter_time_are_better() -> None:
    losses = [make(name, loss, "val_loss") for name, loss in (("a", 0.3), ("b", 0.1), ("c", 0.2))]
    assert names(select(losses, best=2)) == "bc"
    assert names(select(RUNS, by="seconds", best=1)) == "a"
    regression = [make("a", 0.3, "val_r2"), make("b", 0.8, "val_r2")]
    assert names(select(regression, best=1)) == "b"


def test_a_run_that_diverged_is_never_the_best() -> None:
    assert names(select([*RUNS, make("e", 0.99, status="diverged")], best=1)) == "b"


@pytest.mark.parametrize(
    ("runs", "best", "by", "message"),
    [
        (RUNS, 1, "test_accuracy", "the test set never chooses; choose by val_accuracy"),
        (RUNS, 1, "val_acuracy", "did you mean 'val_accuracy'?"),
        (RUNS, 0, None, "got 0; expected 1 or more"),
        ([make("a", None)], 1, None, "no finished run has a validation score"),
        ([make("a", 0.9, "test_accuracy")], 1, None, "no finished run has a validation score"),
        (
            [*RUNS, make("e", 0.5, "val_r2")],
            1,
            None,
            r"different scores \(val_accuracy of 3, val_r2 of 1\); use --by or --filter",
        ),
    ],
)
def test_by_what_runs_are_not_chosen(
    runs: list[Summary], best: int, by: str | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        select(runs, best=best, by=by)


def test_runs_on_other_data_or_with_other_losses_cost_a_warning() -> None:
    with pytest.warns(UserWarning, match="runs with different data: digits, fizzbuzz"):
        select([make("a"), make("b", source="digits")], best=1)
    losses = [make(name, 0.5, "val_loss", loss__name=name) for name in ("mse", "mae")]
    with pytest.warns(UserWarning, match="runs with different losses: mae, mse"):
        select(losses, best=1)


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("val_accuracy", "cabd"),
        ("optimizer", "bcad"),
        ("learning_rate", "bacd"),
        ("units", "abcd"),
        ("verdict", "abcd"),
        ("tags", "dabc"),
        ("differs", "dbca"),
    ],
)
def test_the_smallest_comes_first_and_runs_without_a_value_last(key: str, expected: str) -> None:
    assert names(sort(RUNS, key)) == expected


def test_reversed_runs_without_a_value_still_come_last() -> None:
    nan = make("e", float("nan"))
    assert names(sort([nan, *RUNS], "val_accuracy", reverse=True)) == "baced"
    with pytest.raises(InputError, match=r"--sort: .*did you mean 'seconds'?"):
        sort(RUNS, "second")
