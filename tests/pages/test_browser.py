"""The harness itself: it must notice what no page may do."""

import pytest
from playwright.sync_api import Browser

from tests.pages import browser as harness
from tests.pages.browser import Opener, axe_faults, is_too_wide, layout_shift

GOOD = """<!doctype html><html lang="en"><meta charset="utf-8"><title>t</title>
<main><h1>A page</h1><p>Some words.</p></main></html>"""


def test_opens_html_in_the_asked_width_and_theme(open_page: Opener) -> None:
    page = open_page(GOOD, width=360, dark=True)
    assert page.url.startswith("file:")
    assert page.evaluate("innerWidth") == 360
    assert page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
    assert not is_too_wide(page)
    assert layout_shift(page) == 0
    assert axe_faults(page) == []


@pytest.mark.parametrize(
    ("addition", "fault"),
    [
        ("<script>console.error('oh')</script>", "console: oh"),
        ("<script>missing()</script>", "missing is not defined"),
        ("<img alt='' src='http://127.0.0.1:9/x.png'>", "request to http://127.0.0.1:9/x.png"),
    ],
)
def test_a_page_that_errs_or_asks_elsewhere_fails(
    browser: Browser, tmp_path, addition: str, fault: str
) -> None:
    opener = Opener(browser, tmp_path)
    opener(GOOD + addition).wait_for_timeout(50)
    with pytest.raises(AssertionError, match=fault.replace(".", r"\.")):
        opener.close()


def test_axe_finds_a_serious_fault(open_page: Opener) -> None:
    page = open_page(GOOD.replace("<p>", "<p style='color: #ccc; background: #fff'>"))
    assert [fault.split(":")[0] for fault in axe_faults(page)] == ["color-contrast"]


def test_without_a_browser_tests_skip_but_fail_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness.shutil, "which", lambda name: None)
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs a browser"):
        harness.program()
    monkeypatch.setenv("CI", "1")
    with pytest.raises(pytest.fail.Exception, match="needs a browser"):
        harness.program()
