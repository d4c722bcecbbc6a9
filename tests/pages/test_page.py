"""One HTML file that needs nothing else, in which no stranger's text is more than text."""

import base64
import hashlib
import json
import math
import re
from html import unescape

import pytest
from jinja2 import ChoiceLoader, DictLoader

from kerasdemo.pages import page
from kerasdemo.pages.charts import Axis, HeatMap, Lines, Mark, Point, Scale, Scatter, Series
from kerasdemo.pages.page import Page, badge, plain, policy, render

HOSTILE = "</script><script>alert(1)</script>'\"\u202e\x1b[2J\u2028" + "x" * 10_000


@pytest.fixture
def template(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of its own, x.html, that shows a text in every way that the macros have."""
    environment = page._environment()
    text = """{% extends "base.html" %}
{% from "macros.html" import badge, chart, copy, name, number %}
{% block main %}
<p id="plain">{{ text }}</p><p id="name">{{ name(text) }}</p><p>{{ text | sentence }}</p>
{{ copy(text, "it") }}{{ badge(verdict) }}{{ number(none) }}
{% for id in charts %}{{ chart(id, charts[id]) }}{% endfor %}
{% endblock %}"""
    monkeypatch.setattr(
        environment, "loader", ChoiceLoader([DictLoader({"x.html": text}), environment.loader])
    )


def make(text: str = "words", **options: object) -> Page:
    lines = Lines(text, text, Axis("loss"), [Series("a", text, [1.0, math.nan])], [Mark(1, text)])
    heat = HeatMap("h", "s", Scale("epoch", [1]), Scale("layer", [text]), Axis("g"), [[math.inf]])
    data = {"text": text, "verdict": badge("healthy", "overconfident")}
    return Page("A title", "x.html", data, {"lines": lines, "heat": heat}, **options)


def charts_of(html: str) -> dict:
    found = re.search(r'<script type="application/json" id="charts">(.*?)</script>', html, re.S)
    assert found
    return json.loads(found[1])


@pytest.mark.usefixtures("template")
def test_the_same_page_is_the_same_text_and_needs_no_other_file() -> None:
    html = render(make())
    assert html == render(make())
    assert not re.search(r'(src|href)="(?!data:|#)', html)
    assert not re.search(r"(url\(|@import )['\"]?(http|//|[\w./]+\.)", html)
    assert "<h1><bdi>A title</bdi></h1>" in html


@pytest.mark.usefixtures("template")
def test_only_its_own_scripts_may_run() -> None:
    made = make()
    html = render(made)
    rule = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert rule
    assert unescape(rule[1]) == policy(made)
    assert policy(made).startswith("default-src 'none'; script-src 'sha256-")
    scripts = re.findall(r"<script>(.*?)</script>", html, re.S)
    assert len(scripts) == len(made.scripts)
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy(made)
    assert "connect-src 'none'" in policy(made)
    assert "connect-src 'self'" in policy(make(is_live=True))


@pytest.mark.usefixtures("template")
def test_a_strangers_text_is_text_everywhere() -> None:
    html = render(make(HOSTILE))
    assert "<script>alert" not in html
    assert not re.search("[\x1b\u202e\u2028]", html)
    assert re.search(
        r'<p id="name"><bdi title="[^"<>]*">&lt;/script&gt;[^<>]{,500}…</bdi></p>', html
    )
    spec = charts_of(html)["lines"]
    assert spec["title"].startswith("</script><script>alert(1)")
    assert len(spec["title"]) == page.LONGEST


@pytest.mark.usefixtures("template")
def test_charts_are_plain_data_in_which_missing_values_are_null() -> None:
    found = charts_of(render(make()))
    assert found["lines"] == {
        "kind": "lines",
        "title": "words",
        "sentence": "words",
        "x": {"label": "epoch", "unit": "", "log": False},
        "y": {"label": "loss", "unit": "", "log": False},
        "series": [{"id": "a", "name": "words", "y": [1.0, None], "color": 0, "dash": False}],
        "marks": [{"x": 1, "label": "words"}],
    }
    assert found["heat"]["values"] == [[None]]
    assert "source" not in found["heat"]


def test_a_point_without_a_value_is_kept_as_null() -> None:
    points = [Point("a", "A", 1.0, None, low=0.5)]
    spec = plain(Scatter("t", "s", Axis("x"), Axis("y"), points).as_dict())
    assert spec["points"] == [{"id": "a", "label": "A", "x": 1.0, "y": None, "low": 0.5}]


def test_numbers_are_rounded_and_texts_cut() -> None:
    assert plain([1 / 3, math.nan, 7, "a\x00b", None]) == [0.333333, None, 7, "a?b", None]
    assert len(plain("y" * 1000)) == page.LONGEST


@pytest.mark.parametrize(
    ("outcome", "caution", "level"),
    [
        ("healthy", None, "good"),
        ("healthy", "overconfident", "warn"),
        ("overfitting", None, "bad"),
        ("cannot_tell", None, ""),
        ("a later version's", None, ""),
        (None, None, ""),
    ],
)
def test_an_outcome_has_words_a_level_and_a_sign(
    outcome: str | None, caution: str | None, level: str
) -> None:
    found = badge(outcome, caution)
    assert found["level"] == level
    assert found["sign"] == page.SIGNS[level]
    assert found["text"]
