"""table.js in a browser: tables that sort, filter and select, by mouse and by keyboard."""

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page

from kerasdemo.pages.page import Page as Made
from kerasdemo.pages.page import asset, policy, render
from tests.pages.browser import Opener, axe_faults

ROWS = (
    ("g1", "healthy", "b <script>window.ran=1</script>", "9", "9 %"),
    ("g2", "healthy", "a2", "10", "10 %"),
    ("g1", "overfitting", "a10", "", "-"),
    ("g3", "overfitting", "c", "-1.5e-3", "-0.0015 %"),
)
# What the table sends, as a list in the page.
LISTEN = """
window.sent = [];
document.addEventListener("kerasdemo:select", event => window.sent.push(event.detail.ids));
"""


@pytest.fixture
def table(open_page: Opener, tmp_path: Path) -> Callable[..., Page]:
    """Return a function that opens a page with one table."""

    def open_table(width: int = 1400) -> Page:
        made = Made("Tables", "base.html", {}, {}, ("table.js",), ("page.css", "table.css"))
        rows = "".join(
            f'<tr data-id="{group}" data-verdict="{verdict}" data-name="row {n}"><td>'
            f"{name.replace('<', '&lt;')}</td><td>{verdict}</td>"
            f'<td data-value="{value}">{text}</td><td><button>inside</button></td></tr>'
            for n, (group, verdict, name, value, text) in enumerate(ROWS)
        )
        html = (
            '<div class="wide"><table class="sortable" data-filter="Filter the rows"><thead><tr>'
            '<th scope="col">Name</th><th scope="col">Verdict</th>'
            '<th scope="col" data-first="descending">Value</th>'
            '<th scope="col" class="fixed">More</th></tr></thead>'
            f"<tbody>{rows}</tbody></table></div>"
        )
        text = render(made).replace('<main id="main">', f'<main id="main">{html}')
        assert policy(made) and asset("table.js") in text
        page = open_page(text, width)
        page.evaluate(LISTEN)
        return page

    return open_table


def names(page: Page) -> list[str]:
    cells = page.locator("tbody tr:not([hidden]) td:nth-child(2)").all_inner_texts()
    return [text[:3].strip() for text in cells]


def order(page: Page, name: str) -> str | None:
    return page.get_by_role("columnheader", name=name).get_attribute("aria-sort")


def test_a_column_sorts_both_ways_with_missing_values_last(table: Callable[..., Page]) -> None:
    page = table()
    assert order(page, "Value") == "none"
    page.get_by_role("button", name="Value").click()
    assert order(page, "Value") == "descending"
    assert names(page) == ["a2", "b <", "c", "a10"]
    page.get_by_role("button", name="Value").click()
    assert order(page, "Value") == "ascending"
    assert names(page) == ["c", "b <", "a2", "a10"]
    page.get_by_role("button", name="Name").click()
    assert names(page) == ["a2", "a10", "b <", "c"]
    assert order(page, "Value") == "none"
    assert page.get_by_role("columnheader", name="More").get_attribute("aria-sort") is None


def test_the_filters_leave_rows_with_all_words_and_the_verdict(table: Callable[..., Page]) -> None:
    page = table()
    shown = page.locator("output")
    assert shown.inner_text() == "4 rows"
    page.get_by_label("Filter the rows").fill("HEALTHY a2")
    assert names(page) == ["a2"]
    assert shown.inner_text() == "1 of 4 rows"
    page.get_by_label("Filter the rows").fill("")
    assert page.get_by_label("Verdict").locator("option").all_inner_texts() == [
        "all",
        "healthy (2)",
        "overfitting (2)",
    ]
    page.get_by_label("Verdict").select_option("overfitting")
    assert names(page) == ["a10", "c"]
    page.get_by_label("Filter the rows").fill("nothing has this")
    assert names(page) == []


def test_rows_of_a_group_are_selected_together_and_sent(table: Callable[..., Page]) -> None:
    page = table()
    page.get_by_label("select row 0").check()
    assert page.evaluate("window.sent") == [["g1"]]
    assert page.get_by_label("select row 2").is_checked()
    assert page.locator("tr.dimmed").count() == 2
    page.locator("tbody tr").nth(1).locator("td").nth(1).click()
    assert page.evaluate("window.sent.at(-1)") == ["g2"]
    page.locator("tbody tr").nth(3).locator("td").nth(1).click(modifiers=["Control"])
    assert page.evaluate("window.sent.at(-1)") == ["g2", "g3"]
    page.get_by_role("button", name="Select none").click()
    assert page.evaluate("window.sent.at(-1)") is None
    assert page.locator("tr.dimmed").count() == 0


def test_a_button_in_a_row_does_not_select_it(table: Callable[..., Page]) -> None:
    page = table()
    page.get_by_role("button", name="inside").first.click()
    assert page.evaluate("window.sent") == []


def test_it_shows_what_others_select(table: Callable[..., Page]) -> None:
    page = table()
    page.evaluate(
        """document.dispatchEvent(new CustomEvent("kerasdemo:select",
             {detail: {ids: ["g3", "unknown"], from: document.body}}))"""
    )
    assert page.get_by_label("select row 3").is_checked()
    assert page.locator("tr.dimmed").count() == 3
    page.get_by_role("button", name="Name").click()
    assert page.locator("tr.dimmed").count() == 3


def test_the_keyboard_reaches_everything(table: Callable[..., Page]) -> None:
    page = table()
    page.get_by_label("Filter the rows").focus()
    page.keyboard.type("overfitting")
    page.keyboard.press("Tab")  # the verdicts; nothing is selected: the button is off
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Name"
    page.keyboard.press("Enter")
    assert order(page, "Name") == "ascending"
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.evaluate("window.sent") == [["g1"]]


def test_nothing_in_it_runs_and_axe_finds_nothing(table: Callable[..., Page]) -> None:
    page = table(360)
    page.get_by_role("button", name="Name").click()
    assert page.evaluate("window.ran") is None
    assert axe_faults(page) == []
