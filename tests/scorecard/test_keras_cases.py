"""The cases in Keras code: named, with twins, in both halves; and their place on the page."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import python_page
from cases import HALVES, SOUND
from keras_cases import CASES, KINDS

from kerasdemo.backend import keras
from kerasdemo.diagnosis import catalogue

REGRESSION = [
    name
    for name in CASES
    if name.startswith(("regression", "target", "inputs", "one_feature"))
    or name in ("sigmoid_output", "relu_output", "tanh_output", "softmax_output")
]


def test_there_are_enough_of_each_kind() -> None:
    assert len(REGRESSION) >= 20 and len(CASES) - len(REGRESSION) >= 10
    halves = Counter(case.half for case in CASES.values())
    assert set(halves) == set(HALVES) and min(halves.values()) > len(CASES) / 4
    assert {case.kind for case in CASES.values()} == set(KINDS)


def test_a_twin_is_sound() -> None:
    for case in CASES.values():
        assert CASES[case.twin].kind == SOUND
        assert case.score == CASES[case.twin].score


def test_every_cause_is_one_that_a_rule_can_name() -> None:
    known = {rule.name for rule in catalogue.BUILT_IN}
    assert {cause for causes in KINDS.values() for cause in causes} <= known


@pytest.mark.parametrize("name", ["target_in_thousands", "binary_patience_0", "rare_weighted"])
def test_a_case_is_the_same_every_time_and_longer_without_early_stopping(name: str) -> None:
    first, second = (CASES[name].make(1) for _ in range(2))
    assert (first.x == second.x).all() and (first.y == second.y).all()
    for one, other in zip(first.model.get_weights(), second.model.get_weights(), strict=True):
        assert (one == other).all()
    longer = first.longer(2).arguments
    assert longer["epochs"] == 2 * first.arguments["epochs"]
    assert not any(isinstance(c, keras.callbacks.EarlyStopping) for c in longer["callbacks"])


def row(case: str, verdict: str, causes: str = "", **more: Any) -> dict[str, Any]:
    return {
        "case": case,
        "kind": "rate_too_high",
        "half": HALVES[0],
        "seed": 0,
        "truth": ["optimization_failure"],
        "in_training": True,
        "why": "learned 10% of what its twin did",
        "ended": {"score": 0.1, "val_score": 0.1},
        "verdict": verdict,
        "summary": "It did not learn.",
        "causes": causes.split(),
        "right_causes": ["learning_rate_too_high"],
        "engine": {"loop": "xla"},
        "recording": {"share": 0.04},
        "epoch_seconds": 0.1,
        **more,
    }


def test_the_page_counts_agreement_and_lists_what_disagrees(tmp_path: Path) -> None:
    said = {"verdict": "optimization_failure", "summary": "None.", "causes": ["oscillation"]}
    yaml = {"yaml": said, "yaml_with_test": said}
    rows = [
        row("mnist/a", "optimization_failure", "oscillation", **yaml),
        row("mnist/b", "overfitting", **yaml),
        row("keras/c", "healthy", truth=["healthy"]),
        row("keras/d", "optimization_failure", "learning_rate_too_high"),
    ]
    scores = {
        "circumstances": {"loop": "kerasdemo.fit", "only": "*"},
        "runs": rows,
        "by_rule": [],
        "problems": {"keras/e, seed 0": "ValueError: no"},
    }
    python_page.write(scores, tmp_path)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| same outcome and first cause as the run from YAML | at least 98% | 50.0%" in text
    assert "- mnist/b, seed 0 (development): Python overfitting; YAML optimization_failure" in text
    assert "| rate too high | 2 | 2 | 1, 0 | 1 | 1 of 1 | 1 of 1 | 1 of 1 | 1 of 1 |" in text
    assert "Recording took 4.0%" in text
    assert "- keras/e, seed 0: ValueError: no" in text
