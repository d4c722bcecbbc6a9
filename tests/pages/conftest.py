"""A browser for the tests of pages, and what all of them hold a page to."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.pages.browser import Opener, program


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "browser: needs Chromium; skipped where there is none")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


# Of a module, not of the session: while Playwright runs, the thread counts as one with an event
# loop, and no other test in it could call asyncio.run.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    executable = program()
    with sync_playwright() as playwright:
        # Without a sandbox and without shared memory: as root and in a container there is neither.
        chromium = playwright.chromium.launch(
            executable_path=executable, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path) -> Iterator[Opener]:
    """Return a function that opens a page: see `Opener`."""
    opener = Opener(browser, tmp_path)
    yield opener
    opener.close()
