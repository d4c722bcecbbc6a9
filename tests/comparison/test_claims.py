"""Claims held against runs written by hand."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from kerasdemo.comparison.claims import Claim, Member, judge
from tests.factories import made


def members(examples: int | None = 10_000, **by_label: list[float]) -> list[Member]:
    return [
        Member(label, {"x": label}, seed, made(value, seed, examples=examples))
        for label, values in by_label.items()
        for seed, value in enumerate(values)
    ]


def claim(**parts: Any) -> Claim:
    return Claim(says="a is better than b", **parts)


A_THAN_B = claim(better="a", than="b")


@pytest.mark.parametrize(
    ("runs", "outcome"),
    [
        (members(a=[0.9, 0.91, 0.92], b=[0.5, 0.52, 0.51]), "held"),
        (members(a=[0.5, 0.52, 0.51], b=[0.9, 0.91, 0.92]), "not held"),
        (members(a=[0.5, 0.6, 0.7], b=[0.5, 0.6, 0.7]), "not held"),
        (members(a=[0.9, 0.5], b=[0.5, 0.52]), "undecided"),
        # Two seeds never decide, one shows what the error of its examples allows.
        (members(a=[0.9, 0.9], b=[0.5, 0.5]), "undecided"),
        (members(a=[0.9069], b=[0.2484]), "seen once"),
        (members(a=[0.2484], b=[0.9069]), "not seen"),
        (members(a=[0.9069], b=[0.9060]), "undecided"),
        (members(examples=None, a=[0.9], b=[0.5]), "undecided"),
    ],
)
def test_better(runs: list[Member], outcome: str) -> None:
    assert judge(A_THAN_B, runs).outcome == outcome


def test_by_how_much() -> None:
    runs = members(a=[0.9, 0.91, 0.92], b=[0.8, 0.81, 0.821])
    found = judge(claim(better="a", than="b", by=0.05), runs)
    assert found.outcome == "held"
    assert "more than 0.05 claimed" in found.evidence
    assert judge(claim(better="a", than="b", by=0.2), runs).outcome == "not held"


def test_runs_that_are_missing_leave_it_undecided() -> None:
    runs = members(a=[0.9, 0.91, 0.92], b=[0.5, 0.52, 0.51])
    runs[0] = replace(runs[0], run=None)
    found = judge(A_THAN_B, runs)
    assert found.outcome == "undecided"
    assert "1 runs missing" in found.evidence


def test_runs_are_paired_by_what_the_selectors_leave_open() -> None:
    # Within each rate adam is better by 0.1; over all rates together the spread hides it.
    runs = [
        Member(
            f"{name} {rate}",
            {"optimizer": name, "rate": rate},
            seed,
            made(rate + 0.001 * seed + (0.1 if name == "adam" else 0), seed),
        )
        for name in ("adam", "sgd")
        for rate in (0.1, 0.5, 0.8)
        for seed in range(3)
    ]
    found = judge(claim(better={"optimizer": "adam"}, than={"optimizer": "sgd"}), runs)
    assert found.outcome == "held"
    assert "val_accuracy +0.1 [" in found.evidence
    assert "mean over 3 settings of rate" in found.evidence


def test_a_pair_with_a_diverged_run_is_left_out_aloud() -> None:
    runs = members(a=[0.9, 0.91, 0.92], b=[0.5, 0.52, 0.51])
    runs[0] = replace(runs[0], run=made(0.9, 0, "diverged"))
    assert "1 pairs left out" in judge(A_THAN_B, runs).evidence


def test_a_verdict() -> None:
    runs = members(a=[0.9, 0.91, 0.92])
    assert judge(claim(runs="a", verdict="healthy"), runs).outcome == "held"
    assert judge(claim(runs="a", verdict="overfitting"), runs).outcome == "not held"
    runs[1] = replace(runs[1], run=replace(made(0.9, 1), verdict="overfitting"))
    found = judge(claim(runs="a", verdict="healthy"), runs)
    assert found.outcome == "undecided"
    assert found.evidence.startswith("2 of 3 runs (healthy 2, overfitting 1); val_accuracy ")


def test_a_verdict_of_few_seeds() -> None:
    one = judge(claim(runs="a", verdict="healthy"), members(a=[0.9]))
    assert one.outcome == "seen once"
    assert one.evidence.endswith("needs at least 2 more seeds")
    assert judge(claim(runs="a", verdict="overfitting"), members(a=[0.9])).outcome == "not seen"
    assert judge(claim(runs="a", verdict="healthy"), members(a=[0.9, 0.9])).outcome == "undecided"


@pytest.mark.parametrize(
    ("values", "outcome"),
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
def test_a_value(values: list[float], outcome: str) -> None:
    reaches = claim(runs="a", between=(0.8, 0.95), lecturer=88.0, rows=(8,))
    found = judge(reaches, members(a=values))
    assert found.outcome == outcome
    assert "claimed 0.8 to 0.95" in found.evidence


def test_no_interval_of_accuracy_reaches_beyond_all_examples() -> None:
    found = judge(claim(runs="a", between=(0.8, 1)), members(a=[1, 1, 0.9]))
    assert found.outcome == "held"
    assert "[0.8232, 1]" in found.evidence
    assert "+0.5 [-1, +1]" in judge(A_THAN_B, members(a=[1, 0.1], b=[0.1, 0])).evidence


def test_a_value_that_a_diverged_run_does_not_have() -> None:
    runs = members(a=[0.9, 0.91, 0.92])
    runs[0] = replace(runs[0], run=made(0.9, 0, "diverged"))
    found = judge(claim(runs="a", between=(0.8, 0.95)), runs)
    assert found.outcome == "not held"
    assert "1 runs diverged" in found.evidence


def test_a_claim_of_no_kind() -> None:
    with pytest.raises(ValidationError, match="`runs` and `between`"):
        claim(runs="a", between=(0.8, 0.95), verdict="healthy")
