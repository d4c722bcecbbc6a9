"""A real browser for the tests of pages: the system's Chromium, driven by Playwright."""

import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
AXE = Path(__file__).parent / "vendored" / "axe-core" / "axe.min.js"
# Of elements that jump while a page is opened; a click's own changes do not count.
WATCH_SHIFTS = """
window.layoutShift = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (!entry.hadRecentInput) window.layoutShift += entry.value;
  }
}).observe({type: "layout-shift", buffered: true});
"""


def program() -> str:
    """Return the path of the system's browser; skip the test where there is none, fail in CI."""
    found = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if found is None:
        reason = f"needs a browser: one of {', '.join(PROGRAMS)} on the PATH"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    return found


@dataclass
class Opener:
    """Opens pages and notes what no page of ours may do."""

    browser: Browser
    folder: Path
    faults: list[str] = field(default_factory=list)
    contexts: list[Any] = field(default_factory=list)

    def __call__(
        self, page: str | Path, width: int = 1400, dark: bool = False, **options: Any
    ) -> Page:
        """Open a page: HTML as text, a file, or an address; a test fails on any error in it.

        Args:
            page: what to open. A page from a file or text may ask for nothing outside of itself,
                one from an address for nothing but its own server.
            width: of the window, in CSS pixels.
            dark: whether the reader prefers dark colors.
            options: of Playwright's `new_context`, such as `has_touch=True`.
        """
        address = self._address(page)
        context = self.browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(5_000)
        context.add_init_script(WATCH_SHIFTS)
        self.contexts.append(context)
        opened = context.new_page()
        home = urlsplit(address).netloc

        def hear(message: ConsoleMessage) -> None:
            if message.type == "error":
                self.faults.append(f"console: {message.text}")

        def leave(request: Request) -> None:
            target = urlsplit(request.url)
            if target.scheme not in ("file", "data", "blob") and target.netloc != (home or None):
                self.faults.append(f"request to {request.url}")

        def fail(error: Error) -> None:
            self.faults.append(f"error: {error}")

        opened.on("console", hear)
        opened.on("request", leave)
        opened.on("pageerror", fail)
        opened.goto(address)
        return opened

    def _address(self, page: str | Path) -> str:
        if isinstance(page, Path):
            return page.resolve().as_uri()
        if page.startswith(("http://", "file://")):
            return page
        file = self.folder / f"page-{len(self.contexts)}.html"
        file.write_text(page, encoding="utf-8")
        return file.as_uri()

    def close(self) -> None:
        """Close all pages; fail where one did what it must not."""
        for context in self.contexts:
            context.close()
        assert not self.faults, "\n".join(self.faults)


def axe_faults(page: Page) -> list[str]:
    """Return what axe-core calls serious or critical in a page: rule, words, places."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8") + "; 0")
    violations = page.evaluate("axe.run().then((results) => results.violations)")
    return [
        f"{found['id']}: {found['help']}: {[node['target'] for node in found['nodes']][:5]}"
        for found in violations
        if found["impact"] in ("serious", "critical")
    ]


def layout_shift(page: Page) -> float:
    """Return by how much the page has jumped since it was opened (0: not at all)."""
    return float(page.evaluate("window.layoutShift"))


def is_too_wide(page: Page) -> bool:
    """Whether the page as a whole can be scrolled sideways."""
    return bool(
        page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    )
