"""The page says what the scores say."""

from pathlib import Path
from typing import Any

import page
import pytest


def run(case: str, truth: str, verdict: str, causes: str = "", **more: Any) -> dict[str, Any]:
    return {
        "case": case,
        "kind": "rate_too_high",
        "half": "development",
        "seed": 0,
        "truth": truth.split(),
        "in_training": truth == "optimization_failure",
        "why": "learned 10 %",
        "verdict": verdict,
        "summary": "Training accuracy is bad.",
        "causes": causes.split(),
        "right_causes": ["learning_rate_too_high", "oscillation"],
        **more,
    }


RUNS = [
    run("a", "healthy", "healthy", kind="sound"),
    run("b", "healthy", "overfitting"),
    run("c", "optimization_failure", "optimization_failure", "dead_units oscillation"),
    run("d", "optimization_failure", "healthy"),
    run("e", "", "still_improving"),
]
REMEDIES = [
    {
        "case": "c",
        "kind": "rate_too_high",
        "half": "development",
        "metric": "accuracy",
        "first remedy": {"patches": [{"optimizer.clipnorm": 1.0}], "closed": 0.2, "clear": False},
        "random change": {"patches": [{"loss": "mse"}], "closed": 0.0, "clear": False},
    }
]
SCORES = {
    "circumstances": {
        "python": "3.12",
        "versions": {"keras": "3.15"},
        "cores": 2,
        "data": ["mnist"],
        "seconds": 10,
    },
    "runs": RUNS,
    "remedies": REMEDIES,
}


def test_wilsons_interval() -> None:
    assert page.wilson(0.5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert page.wilson(0.0, 20)[0] == pytest.approx(0.0, abs=1e-9)


def test_seeds_of_a_case_do_not_narrow_the_interval() -> None:
    one = page.rate(RUNS[:2], page.flagged)
    assert one.startswith("50.0% (9% to 91%; 1 of 2)")
    assert page.rate(RUNS[:2] * 3, page.flagged).startswith("50.0% (9% to 91%; 3 of 6)")


def test_rates_count_what_is_true_and_leave_out_the_borderline() -> None:
    text = page.text(SCORES)
    assert "| healthy runs flagged | at most 2% | 50.0% (9% to 91%; 1 of 2)" in text
    assert "| faulty runs found | at least 95% | 50.0% (9% to 91%; 1 of 2)" in text
    assert "| right cause named first | at least 80% | 0.0%" in text
    assert "| right cause among the first three | at least 95% | 50.0%" in text
    assert "## Borderline: 1 runs" in text


def test_every_wrong_call_is_listed() -> None:
    lines = page.calls(RUNS).splitlines()
    assert [line.split(",")[0] for line in lines] == ["- b", "- c", "- d"]
    assert "named dead_units, oscillation" in lines[1]


def test_the_page_is_written_with_picture_and_numbers(tmp_path: Path) -> None:
    page.write(SCORES, tmp_path / "diagnosis")
    written = {file.name for file in (tmp_path / "diagnosis").iterdir()}
    assert written == {"README.md", "kinds.png", "scorecard.json"}
