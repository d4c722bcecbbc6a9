"""Text tables: the one printer that every table on the command line goes through; and CSV."""

import csv
import io
import re
from collections.abc import Mapping, Sequence

from kerasdemo.config.errors import printable

MISSING = "-"
# 12, -0.5, 1e-05, 1,234, 97.3 %, 2.1*, nan
NUMBER = re.compile(r"[-+]?(\d[\d,]*(\.\d+)?(e[-+]?\d+)?( ?%)?\*?|inf|nan)")


def render(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows as a text table: a header line, then a line for each row.

    Args:
        rows: column name -> cell, with the same columns in each row. None is shown as "-", a float
            with four significant digits, a line break in a cell as a space.

    Returns:
        Lines joined by line breaks; columns as wide as their longest cell. A column of which each
        cell is a number is aligned right, any other left. "" for no rows.
    """
    if not rows:
        return ""
    columns = []
    for name in rows[0]:
        cells = [format_cell(row[name]) for row in rows]
        width = max(len(name), max(map(len, cells)))
        known = [cell for cell in cells if cell != MISSING]
        is_number = bool(known) and all(map(NUMBER.fullmatch, known))
        align = str.rjust if is_number else str.ljust
        columns.append([align(cell, width) for cell in (name, *cells)])
    return "\n".join("  ".join(line).rstrip() for line in zip(*columns, strict=True))


def format_cell(value: object) -> str:
    """Return a cell as text that stays in one line and holds no escape sequence."""
    if value is None:
        return MISSING
    return (
        f"{value:.4g}" if isinstance(value, float) else printable(" ".join(str(value).splitlines()))
    )


def to_csv(rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows as CSV with a header, without a line break at the end; "" for no rows.

    Args:
        rows: column name -> cell, with the same columns in each row. Spreadsheets take none of the
            cells for a formula.
    """
    if not rows:
        return ""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows({key: _without_formula(value) for key, value in row.items()} for row in rows)
    return out.getvalue().rstrip("\n")


def _without_formula(value: object) -> object:
    is_formula = isinstance(value, str) and value != MISSING and value[:1] in tuple("=+-@\t\r")
    return f"'{value}" if is_formula else value
