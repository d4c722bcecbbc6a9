"""Live pages in a real browser: what is written into a folder appears, without a reload."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.benchmarks.listing import make
from tests.pages.browser import Opener, axe_faults, is_too_wide, layout_shift
from tests.pages.served import Served, add_epoch, begin_run, end_run, serving

# An element that a reload of the page takes away.
MARK = "document.body.dataset.mark = 'here'"
HOSTILE = '<img src=x onerror="window.stolen=1">"\'&\u202e;`${7*7}{{7*7}}'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "runs"
    folder.mkdir()
    return folder


@pytest.fixture
def served(root: Path) -> Iterator[Served]:
    with serving(root) as one:
        yield one


def points(page: Page, chart: str, source: str) -> int:
    """Return how many epochs a chart shows of a column."""
    script = """([chart, source]) => window.kerasdemoCharts.spec(chart).series
        .find(one => one.source === source).y.length"""
    return int(page.evaluate(script, [chart, source]))


def test_epochs_appear_as_they_are_written(root: Path, served: Served, open_page: Opener) -> None:
    folder = begin_run(root / "growing-1", 2)
    page = open_page(served.url)
    page.get_by_role("link", name="growing-1").click()
    expect(page.locator("#live-status")).to_have_text("Live.")
    assert points(page, "loss", "val_loss") == 2
    page.evaluate(MARK)
    for epoch in range(3, 6):
        add_epoch(folder, epoch)
        expect(page.locator("#live-status")).to_have_text(f"Live: epoch {epoch}.")
    # The text comes before the next frame, in which the charts are drawn.
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    assert points(page, "loss", "val_loss") == 5
    heat = page.evaluate("window.kerasdemoCharts.spec('gradient_norm')")
    assert heat["x"]["values"] == [1, 2, 3, 4, 5] and len(heat["values"][0]) == 5
    assert page.evaluate("document.body.dataset.mark") == "here"
    end_run(folder, 5)
    expect(page.locator("body")).not_to_have_attribute("data-mark", "here")
    expect(page.locator("p.status")).to_contain_text("finished")
    shutil.rmtree(folder.path)
    expect(page.locator("#live-status")).to_contain_text("was deleted")
    expect(page.locator("p.status")).to_contain_text("finished")  # what was known stays


def test_the_words_follow_the_curves(root: Path, served: Served, open_page: Opener) -> None:
    folder = begin_run(root / "growing-1", 2)
    page = open_page(served.url)
    page.get_by_role("link", name="growing-1").click()
    expect(page.locator("#live-status")).to_have_text("Live.")
    page.evaluate(MARK)
    page.locator("section.verdict details").first.evaluate("one => { one.open = true; }")
    for epoch in range(3, 6):
        add_epoch(folder, epoch)
    expect(page.locator("#live-status")).to_have_text("Live: epoch 5.")
    expect(page.locator("p.status")).to_contain_text("5 of 8 epochs", timeout=20_000)
    expect(page.locator("#chart-loss figcaption")).to_contain_text("after epoch 5")
    page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
    assert page.evaluate("window.kerasdemoCharts.spec('loss').marks[0].x") == 5
    assert page.locator("section.verdict details").first.evaluate("one => one.open")
    assert page.evaluate("document.body.dataset.mark") == "here"


def test_a_page_made_before_the_first_epoch_gets_its_curves(
    root: Path, served: Served, open_page: Opener
) -> None:
    folder = begin_run(root / "growing-1")
    page = open_page(served.url)
    page.get_by_role("link", name="growing-1").click()
    expect(page.locator("#live-status")).to_have_text("Live.")
    assert page.locator("figure.chart").count() == 0
    add_epoch(folder, 1)
    expect(page.locator("#chart-loss")).to_be_visible()
    add_epoch(folder, 2)
    expect(page.locator("#live-status")).to_have_text("Live: epoch 2.")


def test_the_list_follows_the_folder(root: Path, served: Served, open_page: Opener) -> None:
    page = open_page(served.url)
    expect(page.locator("#empty")).to_be_visible()
    page.evaluate(MARK)
    folder = begin_run(root / "growing-1", 1)
    one = page.locator("#runs tbody tr", has_text="growing-1")
    expect(one).to_contain_text("running")
    expect(one).to_contain_text("1 of 8")
    expect(one).to_contain_text("at most 14 s")  # by the times of training
    add_epoch(folder, 2)
    expect(one).to_contain_text("2 of 8")
    expect(one).not_to_contain_text("at most 14 s")  # by what was seen
    end_run(folder, 2, verdict=None)
    expect(one).to_contain_text("finished")
    folder.verdict_file.write_text('{"outcome": "overfitting"}')
    expect(one.locator(".badge.bad")).to_contain_text("overfitting")
    shutil.rmtree(folder.path)
    expect(one).to_contain_text("deleted")
    assert page.evaluate("document.body.dataset.mark") == "here"


def test_runs_are_filtered_sorted_and_compared(
    root: Path, served: Served, open_page: Opener
) -> None:
    for number in range(3):
        end_run(begin_run(root / f"growing-{number}", number + 2), number + 2)
    page = open_page(served.url)
    rows = page.locator("#runs tbody tr")
    expect(rows).to_have_count(3)
    page.get_by_role("button", name="epochs").click()
    expect(rows.first).to_contain_text("growing-0")
    page.get_by_role("button", name="epochs").click()
    expect(rows.first).to_contain_text("growing-2")
    page.get_by_label("Filter the runs").fill("growing-1")
    expect(rows).to_have_count(1)
    expect(page.locator("#tools output")).to_have_text("1 of 3 runs")
    page.get_by_label("Filter the runs").fill("")
    compare = page.get_by_role("button", name=re.compile("^Compare"))
    expect(compare).to_be_disabled()
    page.get_by_label("select growing-0").check()
    page.get_by_label("select growing-2").check()
    expect(compare).to_have_text("Compare 2 runs")
    compare.click()
    expect(page.locator("main")).to_contain_text("growing-2")
    assert "growing-1" not in page.locator("main").inner_text()
    page.get_by_role("link", name="growing-2").first.click()
    expect(page.get_by_role("heading", name="growing-2")).to_be_visible()
    page.get_by_role("link", name="All runs").click()
    expect(rows).to_have_count(3)


def test_of_very_many_runs_the_first_are_shown_and_all_are_found(
    root: Path, served: Served, open_page: Opener
) -> None:
    make(root, 520)
    page = open_page(served.url)
    rows = page.locator("#runs tbody tr")
    expect(page.locator("#tools output")).to_have_text("520 runs", timeout=30_000)
    expect(rows).to_have_count(500)
    last = page.locator("#runs tbody tr").last.inner_text()
    page.get_by_role("button", name="Show 20 more of 20").click()
    expect(rows).to_have_count(520)
    assert rows.nth(499).inner_text() == last
    page.get_by_label("Filter the runs").fill("made-00000000")
    expect(rows).to_have_count(1)
    page.get_by_label("select all runs").check()
    page.get_by_label("Filter the runs").fill("made-00000001")
    page.get_by_label("select all runs").check()
    expect(page.get_by_role("button", name=re.compile("^Compare"))).to_have_text("Compare 2 runs")


def test_the_list_is_used_by_keyboard_alone(root: Path, served: Served, open_page: Opener) -> None:
    for number in range(2):
        end_run(begin_run(root / f"growing-{number}", number + 2), number + 2)
    page = open_page(served.url)
    rows = page.locator("#runs tbody tr")
    page.get_by_role("button", name="epochs").focus()
    page.keyboard.press("Enter")
    expect(rows.first).to_contain_text("growing-0")
    expect(page.locator("th[aria-sort=ascending]")).to_have_text("epochs")
    page.keyboard.press("Tab")  # time left
    for _ in range(2):
        page.keyboard.press("Tab")
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
    page.get_by_role("button", name="Compare 2 runs").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("navigation")).to_contain_text("Comparison")


def test_no_stream_while_nobody_looks(root: Path, served: Served, open_page: Opener) -> None:
    folder = begin_run(root / "growing-1", 2)
    page = open_page(served.url)
    page.get_by_role("link", name="growing-1").click()
    expect(page.locator("#live-status")).to_have_text("Live.")
    hide = """is => {
        Object.defineProperty(document, 'hidden', { value: is, configurable: true });
        document.dispatchEvent(new Event('visibilitychange'));
    }"""
    page.evaluate(hide, True)
    add_epoch(folder, 3)
    page.wait_for_timeout(1500)
    assert points(page, "loss", "loss") == 2
    page.evaluate(hide, False)
    expect(page.locator("#live-status")).to_have_text("Live: epoch 3.")


def test_hostile_names_are_text(root: Path, served: Served, open_page: Opener) -> None:
    name = HOSTILE.replace("/", "")
    end_run(begin_run(root / name, 2), 2, "failed", reason=HOSTILE * 50)
    late = begin_run(root / f"late {name}", 1)
    page = open_page(served.url)
    expect(page.locator("#runs tbody tr")).to_have_count(2)
    begin_run(root / f"later {name}", 1)
    expect(page.locator("#runs tbody tr")).to_have_count(3)
    page.get_by_role("link", name="late <img").click()
    expect(page.locator("#live-status")).to_have_text("Live.")
    late.metrics_file.write_text(f"epoch,loss\n1,{HOSTILE}\n")
    expect(page.locator("#live-status")).to_contain_text("damaged")
    assert not page.evaluate("window.stolen")
    assert page.locator("img").count() == 0


@pytest.mark.parametrize("width", [360, 1400])
@pytest.mark.parametrize("dark", [False, True])
def test_the_list_is_readable(
    root: Path, served: Served, open_page: Opener, width: int, dark: bool
) -> None:
    experiment = root / "sweep"
    end_run(begin_run(root / "growing-0", 2), 2)
    end_run(begin_run(experiment / "growing-1", 2), 2, "failed", reason="out of memory " * 20)
    begin_run(experiment / "growing-2", 2)
    runs = {f"growing-{n}": {"label": f"units={n}", "values": {}, "seed": n} for n in (1, 2, 3)}
    (experiment / "sweep.json").write_text(json.dumps({"question": "Which?", "runs": runs}))
    page = open_page(served.url, width, dark)
    expect(page.locator("#live-status")).to_have_text("Live.")
    expect(page.locator("#experiments")).to_contain_text("sweep")
    assert axe_faults(page) == []
    assert not is_too_wide(page)
    assert layout_shift(page) < 0.05
