"""The page of all runs in a folder, which `kerasdemo serve` shows first."""

from collections.abc import Iterable
from pathlib import Path

from kerasdemo.pages.board import COLUMNS, Row
from kerasdemo.pages.page import Page

# Runs that are in the page itself; the others come when it is open, and are shown on request.
MOST_ROWS = 500
STYLES = ("page.css", "table.css")


def make(root: Path, rows: Iterable[Row], base: str, unread: int = 0) -> Page:
    """Return the page.

    Args:
        root: the folder.
        rows: of the runs and experiments in it, in the order in which they are shown.
        base: the beginning of the pages' addresses.
        unread: runs of which only the name is known so far.
    """
    found = [row.as_dict() for row in rows]
    runs = [row for row in found if row["table"] == "runs"]
    data = {
        "folder": str(root),
        "experiments": [row for row in found if row["table"] == "experiments"],
        "runs": runs[:MOST_ROWS],
        "more": len(runs[MOST_ROWS:]),
        "base": base,
        "blank": {table: Row("", table, root, 0.0, {}).as_dict() for table in COLUMNS},
        "unread": unread,
    }
    return Page("All runs", "list.html", data, scripts=("list.js",), styles=STYLES)
