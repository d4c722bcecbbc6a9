"""Small SVG pictures: what is drawn where."""

import base64
import math
import re
from xml.etree import ElementTree

import pytest

from kerasdemo.display import svg
from kerasdemo.display.svg import Curve

SVG = "{http://www.w3.org/2000/svg}"


def drawing(image: str) -> ElementTree.Element:
    """The SVG inside an <img>."""
    content = re.search(r'src="data:image/svg\+xml;base64,([^"]+)"', image)
    assert content is not None
    return ElementTree.fromstring(base64.b64decode(content[1]))


def texts(image: str) -> list[str]:
    return [str(text.text) for text in drawing(image).iter(f"{SVG}text")]


def points(image: str) -> list[list[tuple[float, float]]]:
    return [
        [tuple(map(float, pair.split(","))) for pair in line.attrib["points"].split()]  # type: ignore[misc]
        for line in drawing(image).iter(f"{SVG}polyline")
    ]


def test_curves_go_from_edge_to_edge() -> None:
    image = svg.plot([Curve([2.0, 1.0, 0.0], "#000000"), Curve([2.0, 2.0, 2.0], "#111111")], "x")
    falling, flat = points(image)
    assert falling[0][0] == svg.LEFT
    assert falling[-1][0] == svg.WIDTH - svg.RIGHT
    assert falling[0] == flat[0]
    assert falling[-1][1] == svg.HEIGHT - svg.BOTTOM
    assert texts(image) == ["0.0", "0.5", "1.0", "1.5", "2.0", "1", "2", "3", "epoch"]


def test_nan_leaves_a_gap_and_a_single_value_is_a_dot() -> None:
    image = svg.plot([Curve([2.0, 1.0, math.nan, 1.0, math.inf, 2.0, 3.0], "#000000")], "x")
    assert [len(line) for line in points(image)] == [2, 2]
    assert len(list(drawing(image).iter(f"{SVG}circle"))) == 1


def test_a_loss_that_explodes_is_on_a_log_axis() -> None:
    image = svg.plot([Curve([2.0, 1.0, 1.0, 1e6], "#000000")], "x")
    assert texts(image)[:3] == ["1", "100", "1e+04"]


@pytest.mark.parametrize("values", [[], [math.nan], [math.inf, 1e305]])
def test_nothing_where_there_is_nothing_to_draw(values: list[float]) -> None:
    assert svg.plot([Curve(values, "#000000")], "x") == ""


@pytest.mark.parametrize(
    "values",
    [[0.0], [1e-300, 1e-300], [-5.0, -5.0], [1e299, -1e299], [0.5], [1e5, 1e5 + 1e-9], [1e-9, 1.0]],
)
def test_any_numbers_can_be_drawn(values: list[float]) -> None:
    image = svg.plot([Curve(values, "#000000")], "x")
    for line in points(image):
        assert all(0 <= x <= svg.WIDTH and 0 <= y <= svg.HEIGHT for x, y in line)


def test_a_long_training_is_drawn_with_few_points_and_its_end() -> None:
    (line,) = points(svg.plot([Curve([1.0] * 100_000, "#000000")], "x", kept_epoch=70_000))
    assert len(line) <= svg.MOST_POINTS + 1
    assert line[-1][0] == svg.WIDTH - svg.RIGHT
    assert texts(svg.plot([Curve([1.0] * 100, "#000000")], "x"))[-7:] == [
        *("1", "20", "40", "60", "80", "100"),
        "epoch",
    ]


def test_an_interval_lies_between_the_ends() -> None:
    image = svg.interval_bar(0.5, 0.25, 0.75, (0.0, 1.0), "#000000")
    circle, bar = (next(drawing(image).iter(f"{SVG}{kind}")) for kind in ("circle", "rect"))
    assert float(circle.attrib["cx"]) == svg.BAR_WIDTH / 2
    assert float(bar.attrib["width"]) == (svg.BAR_WIDTH - 12) / 2
    assert 'alt="0.5, from 0.25 to 0.75"' in image


def test_an_interval_without_ends_or_without_a_mean() -> None:
    alone = svg.interval_bar(0.5, math.nan, math.nan, (0.5, 0.5), "#000000")
    assert not list(drawing(alone).iter(f"{SVG}rect"))
    assert svg.interval_bar(math.nan, math.nan, math.nan, (0.0, 1.0), "#000000") == ""
