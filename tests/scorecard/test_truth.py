"""The truth of hand-written runs, and what counts as an improvement."""

import math
from dataclasses import replace

import cases
import efficacy
import pytest
from truth import Ended, ended, truth

from kerasdemo.config import parse
from kerasdemo.records import History, Run
from kerasdemo.sweeps.expansion import expand
from kerasdemo.sweeps.experiment import load

GOOD = Ended(False, 0.1, 0.99, 0.96, 0.15, 0.14, 0.95, 0.005, False)


def outcomes(longer: Ended | None = None, **changes: float | bool) -> set[str]:
    return set(truth(replace(GOOD, **changes), GOOD, longer).outcomes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, {"healthy"}),
        ({"broken": True}, {"diverged"}),
        ({"accuracy": 0.7, "val_accuracy": 0.7}, {"optimization_failure"}),
        ({"accuracy": 0.9, "val_accuracy": 0.9, "test_accuracy": 0.9}, set()),
        ({"test_accuracy": 0.85}, {"test_mismatch"}),
        ({"test_accuracy": 0.9}, set()),
        ({"val_accuracy": 0.9, "test_accuracy": 0.89}, {"overfitting"}),
        ({"val_accuracy": 0.93, "test_accuracy": 0.92}, set()),
        ({"val_accuracy": 0.9, "test_accuracy": 0.89, "error": 0.03}, set()),
        ({"val_loss": 0.3}, {"healthy"}),
    ],
)
def test_the_truth_depends_on_the_twin(changes: dict[str, float], expected: set[str]) -> None:
    assert outcomes(**changes) == expected


def test_a_gap_without_harm_is_borderline() -> None:
    twin = replace(GOOD, accuracy=0.93, val_accuracy=0.92, test_accuracy=0.91)
    run = replace(GOOD, accuracy=1.0, val_accuracy=0.92, test_accuracy=0.91)
    assert truth(run, twin).outcomes == set()
    assert truth(replace(run, val_loss=0.2), twin).outcomes == {"overfitting"}


def test_a_run_without_a_twin_excuses_nothing_by_itself() -> None:
    run = replace(GOOD, val_accuracy=0.9, test_accuracy=0.89, val_loss=0.2)
    assert truth(run, run).outcomes == {"overfitting"}
    assert truth(replace(GOOD, test_accuracy=0.8), replace(GOOD)).outcomes == {"test_mismatch"}


def test_a_run_that_overfits_no_more_than_its_twin_is_borderline() -> None:
    run = replace(GOOD, val_accuracy=0.93, test_accuracy=0.92, val_loss=0.2)
    assert truth(run, replace(run)).outcomes == set()
    assert truth(replace(run, val_loss=0.15), replace(run)).outcomes == {"healthy"}


def test_what_still_rises_is_what_twice_the_epochs_show() -> None:
    short = {"accuracy": 0.5, "val_accuracy": 0.5, "test_accuracy": 0.5}
    assert outcomes(replace(GOOD, accuracy=0.95), **short) == {"still_improving"}
    assert outcomes(replace(GOOD, accuracy=0.55), **short) == {"optimization_failure"}
    either = {"still_improving", "optimization_failure"}
    assert outcomes(replace(GOOD, accuracy=0.7), **short) == either
    barely = {**short, "accuracy": 0.8}
    assert outcomes(replace(GOOD, accuracy=0.83), **barely) == {"optimization_failure"}
    better = replace(GOOD, val_accuracy=1.0)
    assert outcomes(better, error=0.03) == set()
    assert outcomes(better) == {"still_improving"}


def curve(accuracy: tuple[float, ...], **facts: object) -> Ended:
    flat = (0.5,) * len(accuracy)
    history = History(flat, accuracy, flat, flat)
    data = {"class_shares": [0.3, 0.7], "validation": 100}
    known = {"data": data, "test": {"accuracy": 0.8}, "status": "finished"}
    return ended(Run(parse("data: {name: circles}", "x.yaml"), history, {}, known | facts))


def test_a_run_is_read_where_its_weights_were_kept() -> None:
    assert curve((0.6, 0.9, 0.7)).accuracy == 0.7
    assert curve((0.6, 0.9, 0.7), kept_epoch=2).accuracy == 0.9
    assert curve((0.6, 0.9, 0.7)).chance == 0.7


def test_a_broken_run_is_at_chance() -> None:
    run = curve((0.6, 0.9, 0.7), status="diverged")
    assert run.broken and run.accuracy == run.test_accuracy == 0.7 and run.val_loss == math.inf


def test_only_a_curve_that_rises_is_trained_on() -> None:
    assert curve((0.1, 0.2, 0.3, 0.4, 0.5, 0.6)).unsettled
    assert not curve((0.1, 0.5, 0.6, 0.6, 0.6, 0.6)).unsettled


def test_a_change_is_held_against_the_distance_to_the_twin() -> None:
    bad = [replace(GOOD, accuracy=a) for a in (0.1, 0.2)]
    twins = [replace(GOOD, accuracy=a) for a in (0.9, 1.0)]
    half = [replace(GOOD, accuracy=a) for a in (0.5, 0.6)]
    assert efficacy.closed("accuracy", bad, half, twins) == pytest.approx(0.5)
    assert efficacy.clear("accuracy", bad, half, twins)
    assert not efficacy.clear("accuracy", bad, bad, twins)
    lucky = [replace(GOOD, accuracy=a) for a in (1.0, 0.2)]
    assert not efficacy.clear("accuracy", bad, lucky, twins)


def test_a_smaller_loss_is_an_improvement_and_a_broken_one_is_none() -> None:
    bad, good = replace(GOOD, val_loss=1.0), replace(GOOD, val_loss=0.2)
    assert efficacy.clear("val_loss", [bad], [good], [GOOD])
    assert not efficacy.clear("val_loss", [bad], [replace(GOOD, val_loss=math.inf)], [GOOD])


def test_a_random_change_is_one_valid_setting_and_the_same_every_time() -> None:
    config = parse("{data: {name: circles}, network: {depth: 1}}", "x.yaml")
    drawn = [efficacy.random_change(config, str(n)) for n in range(60)]
    assert drawn == [efficacy.random_change(config, str(n)) for n in range(60)]
    assert all(len(patch) == 1 for patch in drawn)
    assert len({next(iter(patch)) for patch in drawn}) > 8


def test_every_case_is_a_run_and_every_run_a_case() -> None:
    folder = cases.FILE.parents[2] / "experiments" / "diagnosis"
    planned = set()
    for file in folder.glob("*.yaml"):
        runs = expand(load(file))
        first, second = file.read_text(encoding="utf-8").splitlines()[:2]
        assert first == f"# kerasdemo sweep experiments/diagnosis/{file.name}"
        assert second.startswith(f"# {len(runs)} runs: ")
        planned |= {(file.stem, run.label) for run in runs}
    named = cases.load()
    assert set(named) == planned
    assert all((case.experiment, case.twin) in planned for case in named.values())
