"""The page of a tuning: its tree, its numbers, and that a browser shows it."""

import json
from pathlib import Path
from typing import Any

import pytest

from kerasdemo.config import InputError
from kerasdemo.pages import tune_page
from kerasdemo.pages.page import render
from tests.pages.browser import Opener, axe_faults, is_too_wide, layout_shift
from tests.pages.made_runs import HOSTILE, write_run

Step = dict[str, Any]


def interval(mean: float, half: float = 0.02, n: int = 3) -> dict[str, float | int]:
    return {"mean": mean, "low": mean - half, "high": mean + half, "n": n}


def candidate(folder: Path, name: str, goal: float, outcome: str, **settings: Any) -> Step:
    """Write three runs and return their entry in tune.json."""
    runs = [f"{name}-{seed:08x}" for seed in range(3)]
    for seed, run in enumerate(runs):
        write_run(folder / run, goal, seed=seed, name="made", outcome=outcome, settings=settings)
    scores = {f"{part}accuracy": interval(goal) for part in ("", "val_", "test_")}
    return {"outcome": outcome, "caution": None, "runs": runs, "seeds": [0, 1, 2], **scores}


def step(kept: bool, patch: dict[str, Any], gain: float, trial: Step | None, **more: Any) -> Step:
    return {
        "patch": patch,
        "reason": "steps are too small",
        "answers": "slow_learning",
        "kept": kept,
        "why": "training accuracy +20.0 points",
        "gains": {"accuracy": interval(gain)} if trial else {},
        "trial": trial,
        **more,
    }


def write_tuning(folder: Path, **changes: Any) -> Path:
    start = candidate(folder, "start", 0.5, "optimization_failure")
    rate = candidate(folder, "rate", 0.7, "still_improving", **{"optimizer.learning_rate": 0.01})
    batch = candidate(folder, "batch", 0.6, "optimization_failure", **{"training.batch_size": 10})
    final = candidate(
        folder,
        "final",
        0.9,
        "healthy",
        **{"optimizer.learning_rate": 0.01, "training.epochs": 60},
    )
    record = {
        "config": "elsewhere.yaml",
        "end": "healthy",
        "runs": 12,
        "final_metric": "val_accuracy",
        "start": start,
        "steps": [
            step(False, {"training.batch_size": 10}, 0.05, batch),
            step(True, {"optimizer.learning_rate": 0.01}, 0.2, rate),
            step(False, {"network.units": 0}, 0.0, None, why="refused: expected 1 or more"),
            step(True, {"training.epochs": 60}, 0.2, final),
        ],
        "final": final,
    }
    (folder / "tune.json").write_text(json.dumps(record | changes))
    (folder / "tuned.yaml").write_text("name: made_tuned\n# the end\n")
    return folder


@pytest.fixture(scope="module")
def tuning(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tuning") / "made-tune"
    folder.mkdir()
    return write_tuning(folder)


def test_the_path_is_a_tree(tuning: Path) -> None:
    nodes = tune_page.make(tuning).data["nodes"]
    assert [node["depth"] for node in nodes] == [0, 1, 1, 2, 2]
    assert [node["kept"] for node in nodes] == [True, False, True, False, True]
    assert nodes[2]["label"] == "learning_rate=0.01"
    assert nodes[2]["options"] == "--set optimizer.learning_rate=0.01"
    assert nodes[2]["gains"][0]["text"] == "+20 [+18, +22] points"
    assert nodes[3]["verdict"] is None and nodes[3]["gains"] == []


def test_each_step_has_its_curves_and_those_before_it(tuning: Path) -> None:
    page = tune_page.make(tuning)
    assert {"step0-loss", "step0-accuracy", "step4-accuracy"} <= set(page.charts)
    assert "step3-loss" not in page.charts
    series = page.charts["step2-accuracy"].as_dict()["series"]
    assert [line["name"] for line in series] == ["training", "validation", "validation before"]
    assert len(series[1]["low"]) == 6
    start = page.charts["step0-accuracy"].as_dict()["series"][1]
    assert series[2]["y"] == start["y"]


def test_a_loss_is_not_drawn_beside_another_loss(tmp_path: Path) -> None:
    write_tuning(tmp_path)
    record = json.loads((tmp_path / "tune.json").read_text())
    record["steps"][1]["patch"] = {"loss": "mean_squared_error"}
    (tmp_path / "tune.json").write_text(json.dumps(record))
    charts = tune_page.make(tmp_path).charts
    assert len(charts["step2-loss"].as_dict()["series"]) == 2
    assert len(charts["step2-accuracy"].as_dict()["series"]) == 3


def test_it_says_what_changed_and_how_to_train_it(tuning: Path) -> None:
    page = tune_page.make(tuning)
    assert {row["key"]: (row["start"], row["end"]) for row in page.data["settings"]} == {
        "optimizer.learning_rate": ("0.001", "0.01"),
        "training.epochs": ("20", "60"),
    }
    assert page.data["command"] == f"kerasdemo run {tuning / 'tuned.yaml'}"
    text = render(page)
    assert "2 of 4 changes kept" in text
    assert "# the end" in text
    assert "50 [48, 52] % → 90 [88, 92] %" in text


def test_a_config_elsewhere_is_named_and_not_read(tmp_path: Path) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("a secret")
    write_tuning(tmp_path, config=str(secret))
    (tmp_path / "tuned.yaml").unlink()
    text = render(tune_page.make(tmp_path))
    assert f"kerasdemo run {secret}" in text
    assert "a secret" not in text


def test_runs_that_can_not_be_read_are_named(tmp_path: Path) -> None:
    write_tuning(tmp_path)
    (tmp_path / "rate-00000000" / "metrics.csv").write_text("loss\nnonsense\n")
    page = tune_page.make(tmp_path)
    assert any("rate-00000000" in text for text in page.data["problems"])
    assert "step2-loss" in page.charts
    render(page)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "there is no tune.json"),
        ("{}", "damaged"),
        ("[", "damaged"),
        ('{"end": 3}', "damaged"),
    ],
)
def test_a_missing_or_damaged_record_is_an_error(
    tmp_path: Path, text: str | None, words: str
) -> None:
    if text is not None:
        (tmp_path / "tune.json").write_text(text)
    with pytest.raises(InputError, match=words):
        tune_page.make(tmp_path)


def test_names_of_runs_lead_nowhere_else(tmp_path: Path) -> None:
    write_tuning(tmp_path)
    record = json.loads((tmp_path / "tune.json").read_text())
    record["start"]["runs"] = ["../other"]
    (tmp_path / "tune.json").write_text(json.dumps(record))
    with pytest.raises(InputError, match="damaged"):
        tune_page.make(tmp_path)


def test_the_same_tuning_gives_the_same_bytes(tuning: Path) -> None:
    assert render(tune_page.make(tuning)) == render(tune_page.make(tuning))


def test_hostile_texts_are_shown_as_text(tmp_path: Path, open_page: Opener) -> None:
    hostile = HOSTILE + "x" * 10_000
    write_tuning(tmp_path, end=hostile, config=hostile)
    record = json.loads((tmp_path / "tune.json").read_text())
    for one in record["steps"]:
        one |= {"reason": hostile, "answers": hostile, "why": hostile, "patch": {HOSTILE: hostile}}
    record["start"]["outcome"] = hostile
    (tmp_path / "tune.json").write_text(json.dumps(record))
    (tmp_path / "tuned.yaml").write_text(hostile)
    text = render(tune_page.make(tmp_path))
    assert "\x1b" not in text and "<img" not in text
    page = open_page(text, 360)
    assert page.evaluate("window.ran") is None
    assert not is_too_wide(page)


@pytest.mark.parametrize(("width", "dark"), [(1400, True), (360, False)])
def test_a_browser_shows_it(tuning: Path, open_page: Opener, width: int, dark: bool) -> None:
    page = open_page(render(tune_page.make(tuning)), width, dark)
    assert page.locator("figure.chart svg").count() >= 8
    assert page.get_by_role("button", name="Copy command").is_visible()
    page.get_by_role("link", name="epochs=60").click()
    assert page.url.endswith("#step4")
    assert layout_shift(page) < 0.02
    assert not is_too_wide(page)
    assert axe_faults(page) == []
