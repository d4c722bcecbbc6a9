"""Held-out examples that are unlike the training examples."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from kerasdemo.config import parse
from kerasdemo.diagnosis import RunFeatures, diagnose
from kerasdemo.diagnosis.rules.other_data import SplitDiffers
from kerasdemo.records import Run
from tests.factories import MakeRun, falling, rising


def test_good_validation_and_a_bad_test_is_a_mismatch(run: MakeRun, good: Run) -> None:
    facts = {**good.facts, "test": {"loss": 3.0, "accuracy": 0.475}}
    facts["data"] = {**facts["data"], "test_input": {"mean": 0.13, "sd": 1.05}}
    verdict = diagnose(replace(good, facts=facts))
    assert verdict.outcome == "test_mismatch"
    assert "sd 1.05" in verdict.summary
    patches = [remedy.patch for remedy in verdict.remedies]
    assert patches[0] == {"network.dropout": 0.7}
    assert patches[1] == {"data.noise.train": 1.0, "data.noise.validation": 1.0}
    config = parse("network: {depth: 2, units: 20, activation: relu}")
    narrow = replace(good, facts=facts, config=config)
    patches = [remedy.patch for remedy in diagnose(narrow).remedies]
    assert patches[1] == {"network.dropout": 0.7}  # which leaves 20 units too little


def test_a_small_difference_of_validation_and_test_is_chance(good: Run) -> None:
    facts = {**good.facts, "test": {"loss": 0.2, "accuracy": 0.945}}
    assert diagnose(replace(good, facts=facts)).is_healthy


def sorted_file(part: str = "validation_", **shares: Any) -> dict[str, Any]:
    return {"classes": 3, "class_shares": [0.5, 0.5, 0.0], f"{part}class_shares": [0, 0, 1.0]}


def test_a_file_that_is_sorted_by_class_comes_first(run: MakeRun) -> None:
    curves = {"loss": falling(1.1, 0.01), "accuracy": rising(0.5, 1.0)}
    curves |= {"val_loss": rising(1.1, 9.0), "val_accuracy": [0.0] * 20}
    outcome = run(**curves, data=sorted_file())
    verdict = diagnose(outcome)
    assert (verdict.outcome, verdict.code) == ("test_mismatch", "K141")
    assert "training has no example of class 2, validation has" in verdict.summary
    assert verdict.remedies[0].patch == {"data.shuffle": True}
    tested = diagnose(run(**curves, data=sorted_file("test_")))
    assert "The test set is not like the training set" in tested.summary


@pytest.mark.parametrize(
    ("shares", "count", "expected"),
    [
        ((0.5, 0.5, 0.0), 100, "validation has no example of class 2, training has"),
        ((0.5, 0.5, 0.0), 10, None),  # by chance
        ((0.1, 0.1, 0.8), 100, "40% of the validation examples are of other classes"),
        ((0.35, 0.3, 0.35), 100, None),
        ((0.6, 0.0, 0.4), 3, None),
    ],
)
def test_classes_that_differ_beyond_chance(
    run: MakeRun, shares: tuple[float, ...], count: int, expected: str | None
) -> None:
    data = {"class_shares": [0.3, 0.3, 0.4], "validation_class_shares": shares, "classes": 3}
    features = RunFeatures(run(data={**data, "validation": count}))
    found = SplitDiffers().find(features)
    assert found is None if expected is None else found and expected in found.text


PENGUINS = "data: {name: csv, path: configs/data/penguins.csv, target: species, missing: impute}\n"


@pytest.mark.parametrize("text", [PENGUINS, PENGUINS.replace("impute", "impute, shuffle: false")])
def test_a_lucky_draw_of_one_file_is_no_other_data(
    text: str, run: MakeRun, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(repository)
    data = {"train": 1_000, "validation": 150, "test": 300, "classes": 3}
    shares = {"class_shares": [0.4, 0.3, 0.3], "test_class_shares": [0.4, 0.3, 0.3]}
    verdict = diagnose(
        run(
            text,
            loss=falling(1.1, 0.4),
            accuracy=rising(0.4, 0.89),
            val_loss=falling(1.1, 0.4),
            val_accuracy=rising(0.4, 0.88),
            test={"loss": 0.6, "accuracy": 0.74},
            data=data | shares | {"linear_baseline": {"train": 0.6, "validation": 0.6}},
        )
    )
    is_random = text == PENGUINS
    assert verdict.outcome == ("healthy" if is_random else "test_mismatch")
    notes = [note for note in verdict.notes if note.startswith("K225")]
    assert bool(notes) == is_random
    assert not notes or "14.0 ± 7.3 points below the validation accuracy of 150" in notes[0]
