"""From plain data to one HTML file that needs nothing else: no server, no network, no other file.

What a page shows comes from strangers, too: names, labels and reasons. A template prints every text
escaped and without control characters; scripts get it as JSON, never as code.
"""

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from kerasdemo.config.errors import printable
from kerasdemo.records.verdict import outcome_title

HERE = Path(__file__).parent
# Characters of a text in a line.
LONGEST = 300
# Significant digits of a number in a chart.
DIGITS = 6
# How bad an outcome is, as a class of page.css; one that is not listed is neither.
LEVELS = {
    "healthy": "good",
    "still_improving": "warn",
    "overfitting": "bad",
    "test_mismatch": "bad",
    "optimization_failure": "bad",
    "diverged": "bad",
}
# Beside the color, for those who do not see it.
SIGNS = {"good": "✓", "warn": "!", "bad": "✗", "": "?"}


class Chart(Protocol):
    """What `charts.js` draws: one of the classes in `charts`."""

    def as_dict(self) -> dict[str, Any]: ...


@dataclass(frozen=True)
class Page:
    """A page, before it is HTML.

    title: in plain words.
    template: a file in templates/, which extends base.html.
    data: name -> plain value, what the template shows.
    charts: id -> chart; the template places each by `chart(id, charts[id])`.
    scripts, styles: files in assets/, in this order.
    is_live: whether the page may ask its own server for more.
    has_images_beside: whether it shows image files of its own folder.
    """

    title: str
    template: str
    data: Mapping[str, Any]
    charts: Mapping[str, Chart] = field(default_factory=dict)
    scripts: tuple[str, ...] = ("charts.js", "copy.js")
    styles: tuple[str, ...] = ("page.css",)
    is_live: bool = False
    has_images_beside: bool = False


def render(page: Page) -> str:
    """Return a page as HTML with style, scripts and data inside; the same page is the same text."""
    template = _environment().get_template(page.template)
    return template.render(
        page.data,
        title=page.title,
        styles=[asset(name) for name in page.styles],
        scripts=[asset(name) for name in page.scripts],
        policy=policy(page),
        charts={name: chart.as_dict() for name, chart in page.charts.items()},
    )


def policy(page: Page) -> str:
    """Return the page's content security policy: nothing runs or loads but what belongs to it."""
    hashes = " ".join(_hash(asset(name)) for name in page.scripts)
    connect = "'self'" if page.is_live else "'none'"
    # `file:` for a browser to which a folder on disk is not the page's own.
    images = "data: 'self' file:" if page.has_images_beside else "data:"
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {hashes}",
            "style-src 'unsafe-inline'",
            f"img-src {images}",
            f"connect-src {connect}",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )


@cache
def asset(name: str) -> Markup:
    """Return the text of a file in assets/, which is ours and printed as it is."""
    return Markup((HERE / "assets" / name).read_text(encoding="utf-8"))  # noqa: S704


def cut(text: object, most: int = LONGEST) -> str:
    """Return a text without control characters, its end an ellipsis where it is too long."""
    shown = printable(str(text).expandtabs(4))
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


def plain(value: Any) -> Any:
    """Return a value as JSON has it: texts cut, numbers rounded, NaN and infinity as null."""
    match value:
        case str():
            return cut(value)
        case float():
            return float(f"{value:.{DIGITS}g}") if math.isfinite(value) else None
        case Mapping():
            return {str(key): plain(one) for key, one in value.items()}
        case list() | tuple():
            return [plain(one) for one in value]
        case _:
            return value


def badge(outcome: str | None, caution: str | None = None) -> dict[str, str]:
    """Return what the macro `badge` shows of an outcome: its words, level and sign."""
    if outcome is None:
        return {"text": "no verdict", "level": "", "sign": SIGNS[""]}
    level = "warn" if caution else LEVELS.get(outcome, "")
    return {"text": outcome_title(outcome, caution), "level": level, "sign": SIGNS[level]}


def _hash(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def _json(value: Any) -> Markup:
    """Return JSON that can't end the script element that it stands in."""
    text = json.dumps(plain(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704


def _sentence(text: str, most: int = 1_200) -> Markup:
    """Return a sentence in which what stands between backticks is code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(cut(text, most)))))  # noqa: S704


def _printed(value: Any) -> Any:
    """Return what a template prints of a value: a text without control characters."""
    if isinstance(value, str) and not isinstance(value, Markup):
        return printable(value.expandtabs(4))
    return value


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printed,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["cut"] = cut
    environment.filters["json"] = _json
    environment.filters["sentence"] = _sentence
    return environment
