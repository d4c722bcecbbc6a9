"""A page that says why there is none."""

from collections.abc import Iterable

from kerasdemo.pages.page import Page


def make(title: str, sentence: str, lines: Iterable[str]) -> Page:
    """Return the page: a sentence, and lines with the details."""
    return Page(title, "message.html", {"sentence": sentence, "lines": list(lines)}, scripts=())
