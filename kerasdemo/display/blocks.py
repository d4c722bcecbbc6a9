"""What a notebook shows, as blocks, and the two forms that notebooks know: HTML and Markdown.

The HTML is read in many places. Where a notebook is not trusted, JupyterLab removes <style>, <svg>
and scripts: what matters is in `style` attributes and images. Text has the page's own color, so it
can be read in a dark and in a light theme, whichever way a front end says which one it is.
"""

import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from kerasdemo.config.errors import printable
from kerasdemo.display.tables import MISSING, NUMBER

MOST_BYTES = 50_000
# Characters of a sentence, of a cell, of code.
LONGEST, LONGEST_CELL, LONGEST_CODE = 800, 60, 2_000
CUT = "… more than a notebook should hold is left out"

# Front ends turn what stands between two dollars into a formula, but not inside these classes.
CLASSES = "kerasdemo tex2jax_ignore mathjax_ignore"
CSS = """\
.kerasdemo{line-height:1.45;max-width:64em}
.kerasdemo p,.kerasdemo details{margin:5px 0}
.kerasdemo table{border-collapse:collapse;margin:6px 0;font-size:inherit}
.kerasdemo table th,.kerasdemo table td{padding:2px 14px 2px 0;text-align:left;white-space:nowrap}
.kerasdemo table td.number,.kerasdemo table th.number{text-align:right}
.kerasdemo table img{display:block;margin:0}
.kerasdemo summary{cursor:pointer}
"""
PRE = (
    "background-color:rgba(128,128,128,0.12);padding:6px 10px;margin:4px 0;white-space:pre-wrap;"
    "overflow-x:auto"
)
BADGE = "color:#ffffff;padding:2px 8px;border-radius:4px;font-weight:bold"


@dataclass(frozen=True)
class Title:
    """A title; badge: a word on a colored ground before it."""

    text: str
    badge: str = ""
    color: str = ""


@dataclass(frozen=True)
class Paragraph:
    """A sentence or more; label: what it is, in a word. code: lines that belong to it."""

    text: str
    label: str = ""
    code: str | None = None
    language: str = "python"


@dataclass(frozen=True)
class Picture:
    """An image with its title, and what its lines are: pairs of a line's image and its name."""

    title: str
    image: str
    legend: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Pictures:
    """Pictures beside each other; Markdown, which has numbers in words, leaves them out."""

    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Table:
    """A table of texts; a column of numbers is aligned right.

    images: one a row, in a column after the one that `image_column` names; not in Markdown.
    folded: the title under which the table can be unfolded.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    images: Sequence[str] = ()
    image_column: str = ""
    folded: str = ""


Block = Title | Paragraph | Pictures | Table
Render = Callable[[Block, int], str]


def cut(text: str, most: int = LONGEST) -> str:
    """Return a text without what can't be shown, its end an ellipsis where it is too long."""
    text = printable(text.expandtabs(4))
    return text if len(text) <= most else f"{text[: most - 1]}…"


def to_html(blocks: Sequence[Block]) -> str:
    """Return blocks as HTML of at most `MOST_BYTES`."""
    start, end = f'<div class="{CLASSES}"><style>{CSS}</style>', "</div>"
    return start + _join(blocks, _html, f"<p>{CUT}</p>", len(start + end)) + end


def to_markdown(blocks: Sequence[Block]) -> str:
    """Return blocks as Markdown of at most `MOST_BYTES`."""
    return _join(blocks, _markdown, f"\n{CUT}\n", 0).strip()


def _join(blocks: Sequence[Block], render: Render, note: str, used: int) -> str:
    """Return blocks one after the other, as many as there is room for."""
    room = MOST_BYTES - used - len(note.encode())
    parts: list[str] = []
    for block in blocks:
        text = render(block, room)
        room -= len(text.encode())
        if room < 0:
            return "".join([*parts, note])
        parts.append(text)
    return "".join(parts)


def _fitting(rows: Sequence[str], room: int) -> Sequence[str]:
    """Return the first rows, as many as there is room for."""
    for count, row in enumerate(rows):
        room -= len(row.encode())
        if room < 0:
            return rows[:count]
    return rows


def _more(rows: Sequence[str], shown: Sequence[str]) -> str:
    missing = len(rows) - len(shown)
    return f"… and {missing:,} more row{'s' * (missing != 1)}" if missing else ""


def _number_columns(table: Table) -> list[bool]:
    """Return which columns hold numbers only."""
    cells = [[row[n] for row in table.rows if row[n] != MISSING] for n in range(len(table.columns))]
    return [bool(column) and all(map(NUMBER.fullmatch, column)) for column in cells]


# HTML


def _escape(text: str, most: int = LONGEST) -> str:
    """Return a text as HTML; what stands between backticks is code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", html.escape(cut(text, most)))


def _html(block: Block, room: int) -> str:
    match block:
        case Title(text, badge, color):
            shown = f'<span style="background-color:{color};{BADGE}">{_escape(badge)}</span> '
            title = f"<strong>{_escape(text)}</strong>" if text else ""
            return f"<p>{shown if badge else ''}{title}</p>"
        case Paragraph(text, label, code):
            start = f"<strong>{_escape(label)}</strong> " if label else ""
            lines = html.escape(cut(code or "", LONGEST_CODE))
            pre = f'<pre style="{PRE}">{lines}</pre>' if code else ""
            return f"<p>{start}{_escape(text)}</p>{pre}"
        case Pictures(pictures):
            return f"<div>{''.join(map(_picture_html, pictures))}</div>"
        case Table():
            return _table_html(block, room)


def _picture_html(picture: Picture) -> str:
    legend = " &ensp; ".join(f"{image} {_escape(name)}" for image, name in picture.legend)
    return (
        '<div style="display:inline-block;vertical-align:top;margin:4px 20px 4px 0">'
        f"<div><strong>{_escape(picture.title)}</strong></div>{picture.image}"
        f'<div style="font-size:smaller">{legend}</div></div>'
    )


def _table_html(table: Table, room: int) -> str:
    numbers = _number_columns(table)
    place = table.columns.index(table.image_column) + 1 if table.image_column else 0

    def row(cells: Sequence[str], image: str, tag: str) -> str:
        shown = [
            f"<{tag}{' class=number' * is_number}>{_escape(cell, LONGEST_CELL)}</{tag}>"
            for cell, is_number in zip(cells, numbers, strict=True)
        ]
        if table.image_column:
            shown.insert(place, f"<{tag}>{image}</{tag}>")
        return f"<tr>{''.join(shown)}</tr>"

    head = f"<thead>{row(table.columns, '', 'th')}</thead>"
    images = table.images or [""] * len(table.rows)
    rows = [row(cells, image, "td") for cells, image in zip(table.rows, images, strict=True)]
    folded = f"<summary>{_escape(table.folded)}</summary>"
    shown = _fitting(rows, room - len(head.encode()) - len(folded.encode()) - 200)
    more = _more(rows, shown)
    body = f"<table>{head}<tbody>{''.join(shown)}</tbody></table>"
    text = f'<div style="overflow-x:auto">{body}</div>' + f"<p>{more}</p>" * bool(more)
    return f"<details>{folded}{text}</details>" if table.folded else text


# Markdown


def _sentence(text: str) -> str:
    """Return a text as Markdown in one line; what stands between backticks is code."""
    parts = re.split("`([^`]+)`", cut(text))
    return "".join(f"`{part}`" if n % 2 else _plain(part, LONGEST) for n, part in enumerate(parts))


def _plain(text: str, most: int = LONGEST_CELL) -> str:
    """Return a text as Markdown in one line, in which no character has a meaning."""
    text = re.sub(r"\s+", " ", cut(text, most))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]#|$~!])", r"\\\1", text)


def _markdown(block: Block, room: int) -> str:
    match block:
        case Title(text, badge):
            words = [f"**{_plain(word)}**" for word in (badge, text) if word]
            return f"{' '.join(words)}\n\n"
        case Paragraph(text, label, code, language):
            start = f"- **{_plain(label)}** " if label else ""
            return f"{start}{_sentence(text)}\n{_fenced(code, language) if code else ''}\n"
        case Pictures():
            return ""
        case Table():
            return _table_markdown(block, room)


def _fenced(code: str, language: str) -> str:
    """Return code in a fence that is longer than any in it, as part of a list's item."""
    text = cut(code, LONGEST_CODE)
    longest = max(map(len, re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    lines = (f"{fence}{language}", *text.splitlines(), fence)
    return "\n" + "".join(f"  {line}".rstrip() + "\n" for line in lines)


def _table_markdown(table: Table, room: int) -> str:
    def row(cells: Sequence[str]) -> str:
        return f"| {' | '.join(cells)} |\n"

    lines = [row([_plain(cell) for cell in cells]) for cells in table.rows]
    title = f"**{_plain(table.folded)}**\n\n" if table.folded else ""
    head = row([_plain(name) for name in table.columns])
    head += row(["--:" if is_number else "---" for is_number in _number_columns(table)])
    shown = _fitting(lines, room - len((title + head).encode()) - 100)
    more = _more(lines, shown)
    return f"{title}{head}{''.join(shown)}\n" + f"{more}\n\n" * bool(more)
