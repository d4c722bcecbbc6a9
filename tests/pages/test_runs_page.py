"""The page of many runs: what it says of made-up runs, and that a browser shows it."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from kerasdemo.config import InputError
from kerasdemo.pages import difference_page, runs_page
from kerasdemo.pages.page import Page, render
from kerasdemo.records import read
from kerasdemo.records.experiment_record import (
    ExperimentRecord,
    RunEntry,
    write_experiment_record,
)
from tests.pages.browser import Opener, axe_faults, is_too_wide, layout_shift
from tests.pages.made_runs import HOSTILE, write_run, write_sweep

RATES = {"optimizer.learning_rate": [0.001, 0.01, 0.1]}
GRID = {**RATES, "training.batch_size": [10, 20]}
CLAIMS = [
    {
        "statement": "a rate of 0.1 is better",
        "better": {"optimizer.learning_rate": 0.1},
        "than": {"optimizer.learning_rate": 0.001},
    },
    {
        "statement": "all fail",
        "runs": {"optimizer.learning_rate": 0.1},
        "verdict": "optimization_failure",
    },
    {
        "statement": "it reaches 0.9 to 1",
        "runs": {"optimizer.learning_rate": 0.1},
        "between": [0.9, 1.0],
    },
    {"statement": "not a claim"},
]


@pytest.fixture(scope="module")
def grid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_sweep(tmp_path_factory.mktemp("runs") / "made_sweep", GRID, claims=CLAIMS)


def rows(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.data["groups"]["rows"]
    return found


def spec(page: Page, name: str) -> dict[str, Any]:
    return page.charts[name].as_dict()


def test_groups_are_ranked_with_intervals_on_one_scale(grid: Path) -> None:
    page = runs_page.make([grid])
    best, *_, worst = rows(page)
    assert [value["text"] for value in best["values"]] == ["0.1", "20"]
    assert best["seeds"] == 3 and best["rank"] == "1"
    for row in (best, worst):
        bar = row["bar"]
        assert 0 <= bar["low"] <= bar["mean"] <= bar["high"] <= 100
        assert len(bar["seeds"]) == 3
    assert best["bar"]["mean"] > worst["bar"]["mean"]
    text = render(page)
    assert "Which is best?" in text
    assert text.count('<svg class="bar"') >= 12


def test_groups_that_tie_share_a_rank_and_say_so(tmp_path: Path) -> None:
    page = runs_page.make([write_sweep(tmp_path / "s", RATES, seeds=1)])
    assert {row["rank"] for row in rows(page)} == {"1"}
    assert all(row["tied"] for row in rows(page))


@pytest.mark.parametrize(
    ("axes", "kind"),
    [
        (RATES, "scatter"),
        (GRID, "heatmap"),
        ({**GRID, "network.activation": ["relu", "tanh"]}, "parallel"),
    ],
)
def test_the_chart_of_settings_fits_their_number(
    tmp_path: Path, axes: dict[str, list[Any]], kind: str
) -> None:
    page = runs_page.make([write_sweep(tmp_path / "s", axes)])
    assert spec(page, "settings")["kind"] == kind
    ids = {row["id"] for row in rows(page)}
    chart = spec(page, "settings")
    match kind:
        case "scatter":
            assert chart["x"]["log"]
            assert [point["x"] for point in chart["points"]] == [0.001, 0.01, 0.1]
            assert {point["id"] for point in chart["points"]} == ids
            assert all(p["low"] < p["y"] < p["high"] for p in chart["points"])
        case "heatmap":
            assert {cell for row in chart["ids"] for cell in row} == ids
            assert chart["x"]["values"] == ["10", "20"]
        case "parallel":
            assert {line["id"] for line in chart["lines"]} == ids
            assert {len(line["values"]) for line in chart["lines"]} == {4}
            assert [axis["values"] for axis in chart["axes"][2:]] == [["relu", "tanh"], None]


def test_curves_are_means_with_bands_and_of_many_groups_the_others_are_embedded(
    tmp_path: Path,
) -> None:
    axes = {"training.batch_size": [*range(10, 22)]}
    page = runs_page.make([write_sweep(tmp_path / "s", axes)])
    chart = spec(page, "curve-val_accuracy")
    assert len(chart["series"]) == 8
    assert {line["color"] for line in chart["series"]} == {*range(8)}
    line = chart["series"][0]
    assert len(line["y"]) == 6
    assert all(
        low < y < high for low, y, high in zip(line["low"], line["y"], line["high"], strict=True)
    )
    assert len(page.data["page_data"]["curves"]["curve-val_accuracy"]) == 12


def test_two_seeds_have_no_band(tmp_path: Path) -> None:
    page = runs_page.make([write_sweep(tmp_path / "s", RATES, seeds=2)])
    assert all("low" not in line for line in spec(page, "curve-val_loss")["series"])


def test_long_curves_are_thinned_to_their_last_epoch_and_the_page_says_so(tmp_path: Path) -> None:
    page = runs_page.make([write_sweep(tmp_path / "s", RATES, epochs=500, seeds=1)])
    chart = spec(page, "curve-loss")
    assert "thinned" in chart["sentence"]
    assert len(chart["series"][0]["x"]) <= 122
    assert chart["series"][0]["x"][-1] == 500


def test_claims_have_their_status_evidence_and_interval(grid: Path) -> None:
    page = runs_page.make([grid])
    better, verdict, between = page.data["claims"]
    assert better["status"]["text"] == "held"
    assert better["bar"]["marks"] == [pytest.approx(better["bar"]["marks"][0])]
    assert verdict["status"]["text"] == "not held" and verdict["bar"] is None
    assert "healthy 6" in verdict["evidence"]
    assert len(between["bar"]["marks"]) == 2
    assert any("claim 4" in text for text in page.data["problems"])


def test_claims_of_an_experiment_are_shown_where_all_its_runs_are(tmp_path: Path) -> None:
    first = write_sweep(tmp_path / "first", RATES, seeds=1, claims=CLAIMS[:1])
    every = sorted(path for path in first.iterdir() if path.is_dir())
    page = runs_page.make(every)
    assert page.title == "made_sweep" and len(page.data["claims"]) == 1
    assert runs_page.make(every[1:]).data["claims"] == []
    assert runs_page.make(every[1:]).title == "2 runs"
    write_sweep(tmp_path / "second", RATES, seeds=1, claims=CLAIMS[1:3])
    both = runs_page.make([tmp_path])
    assert [claim["experiment"] for claim in both.data["claims"]] == ["made_sweep"] * 3
    assert both.title == tmp_path.name
    render(both)


def test_pairs_by_seed_are_differences_to_the_best(grid: Path) -> None:
    pairs = runs_page.make([grid]).data["pairs"]
    assert len(pairs["rows"]) == 5
    assert pairs["rows"][-1]["difference"] < 0
    assert pairs["rows"][-1]["decision"] == "behind"
    assert pairs["rows"][-1]["seeds"].startswith("0: -")
    assert pairs["unit"] == " points"


def test_runs_that_ended_badly_or_not_at_all_are_shown_as_such(tmp_path: Path) -> None:
    folder = tmp_path / "runs"
    write_run(folder / "good", 0.9, name="good")
    write_run(folder / "nan", 0.2, name="nan", status="diverged", outcome="diverged")
    write_run(
        folder / "bad", 0.2, name="bad", status="failed", reason="out of memory", outcome=None
    )
    write_run(folder / "busy", 0.2, name="busy", status=None, outcome=None)
    damaged = write_run(folder / "damaged", 0.2, name="damaged")
    damaged.metrics_file.write_text("loss\nnonsense\n")
    (folder / "empty").mkdir()
    page = runs_page.make([folder])
    status = {run["name"]: run["status"]["text"] for run in page.data["runs"]}
    assert status == {"good": "finished", "nan": "diverged", "bad": "failed", "busy": "unfinished"}
    text = render(page)
    for words in ("1 diverged", "1 failed", "1 unfinished", "out of memory", "1 of 3 diverged"):
        assert words in text
    assert any("damaged" in problem for problem in page.data["problems"])
    assert any("empty" in problem for problem in page.data["problems"])


def test_runs_none_of_which_has_ended_are_listed_alone(tmp_path: Path) -> None:
    write_run(tmp_path / "busy", status=None, outcome=None)
    page = runs_page.make([tmp_path])
    assert not page.data["groups"] and page.charts == {}
    assert "unfinished" in render(page)


def test_runs_of_an_experiment_that_were_not_begun_are_named(tmp_path: Path) -> None:
    sweep = write_sweep(tmp_path / "s", RATES, seeds=1)
    shutil.rmtree(sweep / "made-00000000")
    page = runs_page.make([sweep])
    assert page.data["missing"] == ["made-00000000"]
    assert "1 not begun" in render(page)


def test_a_metric_can_be_chosen_and_an_unknown_one_is_refused(grid: Path) -> None:
    assert runs_page.make([grid], "test_loss").data["metric"] == "test loss"
    with pytest.raises(InputError, match="metric"):
        runs_page.make([grid], "acuracy")


def test_each_run_is_linked_where_it_has_a_page(grid: Path) -> None:
    link = {grid / "made-00000000": "made-00000000/report.html"}.get
    text = render(runs_page.make([grid], link=link))
    assert text.count('href="made-00000000/report.html"') == 1


def test_the_same_runs_give_the_same_bytes(grid: Path) -> None:
    assert render(runs_page.make([grid])) == render(runs_page.make([grid]))


def test_a_hundred_runs_of_a_hundred_epochs_fit_in_two_megabytes(tmp_path: Path) -> None:
    axes = {
        "training.batch_size": [*range(10, 15)],
        "optimizer.learning_rate": [0.1, 0.2, 0.3, 0.4],
    }
    text = render(runs_page.make([write_sweep(tmp_path / "s", axes, seeds=5, epochs=100)]))
    assert len(text.encode()) < 2_000_000


def write_hostile(folder: Path) -> Path:
    sweep = write_sweep(folder, RATES, question=HOSTILE + "x" * 10_000)
    names = [run.name for run in sweep.iterdir() if run.is_dir()]
    shutil.rmtree(sweep / names[0])
    write_run(sweep / names[0], 0.1, status="failed", reason=HOSTILE + "x" * 10_000, outcome=None)
    record = ExperimentRecord(
        name=HOSTILE,
        question=HOSTILE + "x" * 10_000,
        source=HOSTILE,
        claims=[
            {"statement": HOSTILE, "reference": HOSTILE, "runs": HOSTILE, "verdict": "healthy"}
        ],
        runs={
            name: RunEntry(label=f"{HOSTILE} {n // 3}", values={}, seed=n % 3)
            for n, name in enumerate([*sorted(names), HOSTILE + "x" * 10_000, "../other"])
        },
    )
    write_experiment_record(sweep, record)
    return sweep


def test_hostile_texts_are_shown_as_text(tmp_path: Path, open_page: Opener) -> None:
    text = render(runs_page.make([write_hostile(tmp_path / "s")]))
    assert "\x1b" not in text and "<img" not in text
    page = open_page(text)
    page.locator("#group-table tbody input").first.check()
    page.select_option("#first-run", "0")
    page.select_option("#second-run", "3")
    assert page.evaluate("window.ran") is None
    assert not is_too_wide(page)
    assert "<script>window.ran=1</script>" in page.locator("h1").inner_text()


def embedded(text: str) -> Any:
    found = re.search(r'<script type="application/json" id="page-data">(.*?)</script>', text)
    assert found
    return json.loads(found[1])


def test_curves_of_single_runs_are_thinned_where_there_are_many(
    grid: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert embedded(render(runs_page.make([grid])))["stride"] == 1
    monkeypatch.setattr(difference_page, "MOST_NUMBERS", 100)
    page = runs_page.make([grid])
    assert page.data["page_data"]["stride"] == 5
    assert "every 5th epoch" in render(page)


@pytest.mark.parametrize(("width", "dark"), [(1400, False), (360, True)])
def test_a_browser_shows_it(grid: Path, open_page: Opener, width: int, dark: bool) -> None:
    page = open_page(render(runs_page.make([grid])), width, dark)
    assert page.locator("figure.chart svg").count() >= 5
    assert layout_shift(page) < 0.02
    assert not is_too_wide(page)
    assert axe_faults(page) == []


def test_long_tables_scroll_below_their_head_and_axe_finds_nothing(
    tmp_path: Path, open_page: Opener
) -> None:
    axes = {"training.batch_size": [*range(10, 30)], "network.activation": ["relu", "tanh"]}
    page = open_page(render(runs_page.make([write_sweep(tmp_path / "s", axes, seeds=2)])))
    head = page.locator("#group-table thead")
    before = head.locator("th").nth(1).bounding_box()
    page.locator("#group-table").locator("xpath=..").evaluate("e => { e.scrollTop = 500; }")
    assert head.locator("th").nth(1).bounding_box() == before
    page.locator("#group-table tbody input").first.check()
    page.get_by_role("button", name="Select none").first.click()
    assert axe_faults(page) == []


def test_it_fits_on_paper(grid: Path, open_page: Opener) -> None:
    page = open_page(render(runs_page.make([grid])), 690)  # A4 without its margins
    page.emulate_media(media="print")
    assert not is_too_wide(page)
    too_wide = "[...document.querySelectorAll('table')].filter(t => t.scrollWidth > 692).length"
    assert page.evaluate(too_wide) == 0
    assert page.get_by_role("button", name="Select none").count() == 0


def test_what_differs_between_two_runs_is_said_in_the_page(grid: Path, open_page: Opener) -> None:
    page = open_page(render(runs_page.make([grid])))
    page.get_by_role("button", name="compare made-00000000").click()
    page.get_by_role("button", name="compare made-00500000").click()
    result = page.locator("#difference-result")
    settings = result.locator("tbody tr").all_inner_texts()
    assert [text.split() for text in settings] == [
        ["optimizer.learning_rate", "0.001", "0.1"],
        ["training.batch_size", "10", "20"],
    ]
    assert "Apart from epoch 1 on" in result.inner_text()
    assert result.locator("svg path.curve").count() == 8
    assert axe_faults(page) == []
    page.select_option("#second-run", "0")
    assert page.get_by_role("status").filter(has_text="same run").count() == 1


def test_the_page_finds_the_epoch_that_python_finds(grid: Path, open_page: Opener) -> None:
    first, second = (read(grid / name) for name in ("made-00000000", "made-00200000"))
    page = open_page(render(runs_page.make([grid])))
    page.select_option("#first-run", label=first.id)
    page.select_option("#second-run", label=second.id)
    shown = page.locator("#difference-result figcaption p").all_inner_texts()
    found = difference_page.make(first, second).data["sentences"]
    epochs = sorted(int(e) for line in shown for e in re.findall(r"from epoch (\d+)", line))
    python = [int(e) for line in found for e in re.findall(r"from epoch (\d+)", line)]
    assert epochs == python and epochs


def test_selecting_a_group_draws_its_curves_and_dims_other_rows(
    tmp_path: Path, open_page: Opener
) -> None:
    axes = {"training.batch_size": [*range(10, 22)]}
    page = open_page(render(runs_page.make([write_sweep(tmp_path / "s", axes)])))
    curves = page.locator("#chart-curve-val_accuracy path.curve")
    assert curves.count() == 8
    boxes = page.locator("#group-table tbody input")
    boxes.nth(6).check()
    chosen = page.locator("#group-table tbody tr").nth(6).get_attribute("data-id")
    assert curves.count() == 1
    assert curves.first.get_attribute("data-id") == chosen
    assert "1 of 1 selected" in page.locator("#chart-curve-val_accuracy").inner_text()
    assert page.locator("#run-table tbody tr:not(.dimmed)").count() == 3
    assert page.locator("#pair-table tbody tr:not(.dimmed)").count() == 1
    page.locator("#run-table").locator("xpath=..").locator(
        "xpath=preceding-sibling::*[1]"
    ).get_by_role("button", name="Select none").click()
    assert curves.count() == 8
    assert page.locator("tr.dimmed").count() == 0


def test_brushing_a_chart_selects_rows(tmp_path: Path, open_page: Opener) -> None:
    page = open_page(render(runs_page.make([write_sweep(tmp_path / "s", RATES)])))
    surface = page.locator("#chart-settings .surface")
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    assert box
    page.mouse.move(box["x"] + 0.6 * box["width"], box["y"] + 5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 3, box["y"] + box["height"] - 5, steps=4)
    page.mouse.up()
    checked = page.locator("#group-table tbody input:checked")
    assert 1 <= checked.count() < 3
    assert page.locator("#run-table tbody tr.dimmed").count() == 3 * (3 - checked.count())


def test_the_page_of_a_difference_has_settings_and_curves(grid: Path) -> None:
    first, second = (read(grid / name) for name in ("made-00000000", "made-00500000"))
    page = difference_page.make(first, second)
    assert {row["key"] for row in page.data["settings"]} == {
        "optimizer.learning_rate",
        "training.batch_size",
    }
    assert set(page.charts) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert first.id in render(page)


def test_a_cell_of_the_heat_map_selects_its_group(grid: Path, open_page: Opener) -> None:
    page = open_page(render(runs_page.make([grid])))
    surface = page.locator("#chart-settings .surface")
    surface.scroll_into_view_if_needed()
    surface.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.locator("#group-table tbody input:checked").count() == 1
    assert page.locator("#chart-settings rect.cover.dim").count() == 5
    page.locator("#chart-settings [data-tool=deselect]").click()
    assert page.locator("#chart-settings rect.cover.dim").count() == 0
