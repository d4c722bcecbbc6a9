"""Every value of a start's space makes a config that can be trained; the page counts right."""

from pathlib import Path
from typing import Any

import pytest
import recipe_bench
import recipe_page
import yaml
from spaces import space_of

import kerasdemo

STARTS = yaml.safe_load(recipe_bench.STARTS.read_text(encoding="utf-8"))
# Of each method the scores after each run, by seed.
Reached = dict[str, list[list[float | None]]]


@pytest.fixture(autouse=True)
def _beside_the_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(recipe_bench.STARTS.parent)


@pytest.mark.parametrize("name", STARTS)
def test_every_value_of_a_space_makes_a_config(name: str) -> None:
    config = kerasdemo.load_config(recipe_bench.config_of(STARTS[name]))
    space = space_of(STARTS[name], config.task == "regression")
    for path, dimension in space.items():
        is_range = isinstance(dimension, dict)
        for value in (dimension["low"], dimension["high"]) if is_range else dimension:
            config.with_changes({path: value})
    experiment = {"base": recipe_bench.config_of(STARTS[name]), "search": {"space": space}}
    search = kerasdemo.load_experiment(experiment).search
    assert search is not None
    assert set(search.space) == set(space)


def rows(reached: Reached) -> list[dict[str, Any]]:
    """Return the rows of one start."""
    return [
        {
            "start": "digits_baseline",
            "method": method,
            "seed": seed,
            "score": "accuracy",
            "seconds": 2.0,
            "cpu_seconds": 1.0,
            "after": after,
            "first": "optimization_failure",
            "kept": [{"loss": "huber"}],
            "end": "healthy",
        }
        for method, by_seed in reached.items()
        for seed, after in enumerate(by_seed)
    ]


def scores(**reached: list[list[float | None]]) -> recipe_page.Scores:
    others: Reached = {method: [[0.5] * 10] * 2 for method in recipe_page.TITLES}
    return recipe_page.Scores(rows(others | reached), STARTS, 10)


def test_a_method_that_ended_keeps_its_score_and_none_is_that_of_guessing() -> None:
    found = scores(tune=[[0.2, 0.9], [None, 0.05]])
    assert found.reached("digits_baseline", "tune", 1) == [0.2, 0.1]
    assert found.reached("digits_baseline", "tune", 10) == [0.9, 0.1]


def test_ahead_and_clearly_ahead_are_counted() -> None:
    page = recipe_page.text(scores(tune=[[0.2, 0.2, 0.7], [0.2, 0.2, 0.71]], tpe=[[0.8] * 10] * 2))
    assert "| after 3 runs `tune` is ahead | at least 9 | 1 (1) | 0 (0) | 1 (1) |" in page
    assert "| after 10 runs `tune` is behind | at most 3 | 0 (0) | 1 (1) | 0 (0) |" in page
    assert "Not every bar is met." in page
    assert "**digits_baseline**, behind after 10 runs: TPE -9.5" in page
    assert "kept `loss=huber`; ended: healthy" in page


def test_the_page_is_of_the_seeds_that_every_method_has_done() -> None:
    some = rows({method: [[0.5] * 10, [0.6] * 10] for method in recipe_page.TITLES})
    assert recipe_page.Scores(some[:-1], STARTS, 10).seeds == [0]


def test_the_picture_is_written(tmp_path: Path) -> None:
    recipe_page.draw(scores(), tmp_path / "recipe.png")
    assert (tmp_path / "recipe.png").stat().st_size > 10_000
