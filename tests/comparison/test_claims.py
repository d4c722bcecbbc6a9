"""Claims checked against runs written by hand."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from kerasdemo.comparison.claims import Claim, ExperimentRun, check_claim
from tests.factories import make_summary


def experiment_runs(examples: int | None = 10_000, **by_label: list[float]) -> list[ExperimentRun]:
    return [
        ExperimentRun(label, {"x": label}, seed, make_summary(value, seed, examples=examples))
        for label, values in by_label.items()
        for seed, value in enumerate(values)
    ]


def claim(**parts: Any) -> Claim:
    return Claim(statement="a is better than b", **parts)


A_THAN_B = claim(better="a", than="b")


@pytest.mark.parametrize(
    ("runs", "status"),
    [
        (experiment_runs(a=[0.9, 0.91, 0.92], b=[0.5, 0.52, 0.51]), "held"),
        (experiment_runs(a=[0.5, 0.52, 0.51], b=[0.9, 0.91, 0.92]), "not held"),
        (experiment_runs(a=[0.5, 0.6, 0.7], b=[0.5, 0.6, 0.7]), "not held"),
        (experiment_runs(a=[0.9, 0.5], b=[0.5, 0.52]), "undecided"),
        # Two seeds never decide, one shows what the error of its examples allows.
        (experiment_runs(a=[0.9, 0.9], b=[0.5, 0.5]), "undecided"),
        (experiment_runs(a=[0.9069], b=[0.2484]), "seen once"),
        (experiment_runs(a=[0.2484], b=[0.9069]), "not seen"),
        (experiment_runs(a=[0.9069], b=[0.9060]), "undecided"),
        (experiment_runs(examples=None, a=[0.9], b=[0.5]), "undecided"),
    ],
)
def test_better(runs: list[ExperimentRun], status: str) -> None:
    assert check_claim(A_THAN_B, runs).status == status


def test_by_how_much() -> None:
    runs = experiment_runs(a=[0.9, 0.91, 0.92], b=[0.8, 0.81, 0.821])
    assert check_claim(claim(better="a", than="b", by=0.05), runs).status == "held"
    assert check_claim(claim(better="a", than="b", by=0.2), runs).status == "not held"


def test_missing_runs_leave_it_undecided() -> None:
    runs = experiment_runs(a=[0.9, 0.91, 0.92], b=[0.5, 0.52, 0.51])
    runs[0] = replace(runs[0], summary=None)
    check = check_claim(A_THAN_B, runs)
    assert (check.status, check.missing, check.value.n) == ("undecided", 1, 2)


def test_runs_are_paired_by_what_the_selectors_leave_open() -> None:
    # Within each rate adam is better by 0.1; over all rates together the spread hides it.
    runs = [
        ExperimentRun(
            f"{name} {rate}",
            {"optimizer": name, "rate": rate},
            seed,
            make_summary(rate + 0.001 * seed + (0.1 if name == "adam" else 0), seed),
        )
        for name in ("adam", "sgd")
        for rate in (0.1, 0.5, 0.8)
        for seed in range(3)
    ]
    check = check_claim(claim(better={"optimizer": "adam"}, than={"optimizer": "sgd"}), runs)
    assert check.status == "held"
    assert check.value.mean == pytest.approx(0.1)
    assert (check.pooled_settings, check.open_keys) == (3, ("rate",))


def test_a_pair_with_a_diverged_run_is_excluded_and_counted() -> None:
    runs = experiment_runs(a=[0.9, 0.91, 0.92], b=[0.5, 0.52, 0.51])
    runs[0] = replace(runs[0], summary=make_summary(0.9, 0, "diverged"))
    check = check_claim(A_THAN_B, runs)
    assert (check.excluded_pairs, check.lost, check.value.n) == (1, 1, 2)


def test_a_verdict() -> None:
    runs = experiment_runs(a=[0.9, 0.91, 0.92])
    assert check_claim(claim(runs="a", verdict="healthy"), runs).status == "held"
    assert check_claim(claim(runs="a", verdict="overfitting"), runs).status == "not held"
    runs[1] = replace(runs[1], summary=replace(make_summary(0.9, 1), verdict="overfitting"))
    check = check_claim(claim(runs="a", verdict="healthy"), runs)
    assert check.status == "undecided"
    assert (check.runs, check.verdicts) == (3, {"healthy": 2, "overfitting": 1})


def test_a_verdict_of_few_seeds() -> None:
    one = check_claim(claim(runs="a", verdict="healthy"), experiment_runs(a=[0.9]))
    assert (one.status, one.more_seeds) == ("seen once", 2)
    other = check_claim(claim(runs="a", verdict="overfitting"), experiment_runs(a=[0.9]))
    assert other.status == "not seen"
    two = check_claim(claim(runs="a", verdict="healthy"), experiment_runs(a=[0.9, 0.9]))
    assert two.status == "undecided"


@pytest.mark.parametrize(
    ("values", "status"),
    [
        ([0.9, 0.91, 0.92], "held"),
        ([0.7, 0.71, 0.72], "not held"),
        ([0.7, 0.9, 0.99], "undecided"),
        ([0.9, 0.9], "undecided"),
        ([0.9], "seen once"),
        ([0.7], "not seen"),
        ([0.801], "undecided"),
    ],
)
def test_a_value(values: list[float], status: str) -> None:
    check = check_claim(claim(runs="a", between=(0.8, 0.95)), experiment_runs(a=values))
    assert check.status == status
    assert check.value.n == len(values)


def test_no_interval_of_accuracy_reaches_beyond_all_examples() -> None:
    check = check_claim(claim(runs="a", between=(0.8, 1)), experiment_runs(a=[1, 1, 0.9]))
    assert check.status == "held"
    assert (check.value.low, check.value.high) == (pytest.approx(0.8232, abs=1e-4), 1)
    value = check_claim(A_THAN_B, experiment_runs(a=[1, 0.1], b=[0.1, 0])).value
    assert (value.low, value.high) == (-1, 1)


def test_a_value_that_a_diverged_run_does_not_have() -> None:
    runs = experiment_runs(a=[0.9, 0.91, 0.92])
    runs[0] = replace(runs[0], summary=make_summary(0.9, 0, "diverged"))
    check = check_claim(claim(runs="a", between=(0.8, 0.95)), runs)
    assert (check.status, check.lost) == ("not held", 1)


def test_a_claim_of_no_kind() -> None:
    with pytest.raises(ValidationError, match="`runs` and `between`"):
        claim(runs="a", between=(0.8, 0.95), verdict="healthy")


def test_keys_of_older_experiments_are_read() -> None:
    old = {"says": "it learns", "lecturer": 88.0, "runs": "a", "verdict": "healthy", "rows": [8]}
    found = Claim.model_validate(old)
    assert (found.statement, found.reference) == ("it learns", 88.0)
    with pytest.raises(ValidationError, match="says"):
        Claim.model_validate(old | {"statement": "both"})


def test_a_check_is_plain_values_for_json() -> None:
    values = check_claim(A_THAN_B, experiment_runs(a=[0.9, 0.91], b=[0.5, 0.52])).as_dict()
    assert values["claim"]["better"] == "a"
    assert values["value"]["n"] == 2
    assert [side["mean"] for side in values["sides"]] == pytest.approx([0.905, 0.51])
