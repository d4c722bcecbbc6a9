"""Charts in a real browser: drawn, read, zoomed, selected; by mouse, touch and keys alone."""

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Locator, Page

from kerasdemo.pages.page import asset
from tests.pages import chart_specs as specs
from tests.pages.browser import Opener, axe_faults, is_too_wide, layout_shift

LOOKS = [(1400, False), (1400, True), (360, False), (360, True)]

# Texts of a picture that cover one another or stick out of it. Those with a halo stand on purpose
# where lines go.
COVERED = """
() => [...document.querySelectorAll(".surface > svg")].flatMap((svg) => {
  const frame = svg.getBoundingClientRect();
  const texts = [...svg.querySelectorAll("text:not(.halo)")]
    .map((text) => [text.textContent, text.getBoundingClientRect()]);
  const out = texts.filter(([, box]) => box.left < frame.left - 2 || box.right > frame.right + 2 ||
    box.top < frame.top - 2 || box.bottom > frame.bottom + 2).map(([text]) => `outside: ${text}`);
  texts.forEach(([text, a], i) => texts.slice(i + 1).forEach(([other, b]) => {
    const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
    const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
    if (wide > 1 && high > 4) out.push(`${text} covers ${other}`);
  }));
  return out;
})
"""
# Every selection that the page is told of.
WATCH_SELECTION = """
window.selections = [];
document.addEventListener("kerasdemo:select", (event) => selections.push(event.detail.ids));
"""


def chart(page: Page, name: str) -> Locator:
    return page.locator(f"#chart-{name}")


def surface(page: Page, name: str) -> Locator:
    return chart(page, name).locator(".surface")


def readout(page: Page, name: str) -> str:
    return chart(page, name).locator(".readout").inner_text()


def tool(page: Page, name: str, key: str) -> Locator:
    return chart(page, name).locator(f"[data-tool={key}]")


def texts(page: Page, name: str) -> list[str]:
    return chart(page, name).locator("svg text").all_text_contents()


def drag(page: Page, name: str, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag over a chart, between two points in shares of its width and height."""
    surface(page, name).scroll_into_view_if_needed()
    box = surface(page, name).bounding_box()
    assert box
    points = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end)]
    page.mouse.move(*points[0])
    page.mouse.down()
    page.mouse.move(*points[1], steps=4)
    page.mouse.up()


def open_specs(open_page: Opener, *names: str, **options: Any) -> Page:
    page = open_page(specs.page_of({name: getattr(specs, name)() for name in names}), **options)
    page.evaluate(WATCH_SELECTION)
    return page


def selections(page: Page) -> list[list[str] | None]:
    found = page.evaluate("selections.splice(0)")
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(("width", "dark"), LOOKS)
def test_all_kinds_are_drawn_within_their_room(open_page: Opener, width: int, dark: bool) -> None:
    charts = specs.friendly()
    page = open_page(specs.page_of(charts), width=width, dark=dark)
    pictures = page.locator(".surface > svg[role=img]")
    labels = pictures.evaluate_all("all => all.map(svg => svg.getAttribute('aria-label'))")
    assert labels == [f"{spec['title']}. {spec['sentence']}" for spec in charts.values()]
    assert page.evaluate(COVERED) == []
    assert not is_too_wide(page)
    assert layout_shift(page) == 0
    assert axe_faults(page) == []


@pytest.mark.parametrize(("width", "dark"), [(1400, False), (360, True)])
def test_hostile_texts_are_text(open_page: Opener, width: int, dark: bool) -> None:
    page = open_page(specs.page_of(specs.hostile()), width=width, dark=dark)
    page.on("dialog", lambda dialog: pytest.fail(f"a label ran: {dialog.message}"))
    for name in specs.hostile():
        tool(page, name, "numbers").click()
        surface(page, name).hover()
    assert axe_faults(page) == []
    assert page.locator("script").count() == 3
    assert page.locator("img, b *[onerror]").count() == 0
    assert page.evaluate(COVERED) == []
    assert not is_too_wide(page)
    shown = " ".join(page.locator(".surface text, .readout, .numbers").all_text_contents())
    assert "</script><script>" in shown
    assert "\u202e" not in shown and "\u2067" not in shown
    styles = page.locator("[style]").evaluate_all("all => all.map(e => e.getAttribute('style'))")
    assert not [style for style in styles if "url" in style or "red" in style]


def test_the_cursor_reads_all_curves_at_an_epoch(open_page: Opener) -> None:
    page = open_specs(open_page, "lines")
    # At rest the last epoch, with the mark there.
    assert readout(page, "lines") == (
        "epoch 40 (early stopping after 20 epochs without a better one): "
        "training 0.03741 · validation 1.178"
    )
    surface(page, "lines").hover(position={"x": 2, "y": 100})
    assert readout(page, "lines") == "epoch 1: training 2.3 · validation 2.3"
    assert chart(page, "lines").locator(".cursor circle").count() == 2
    page.mouse.move(0, 0)
    assert readout(page, "lines").startswith("epoch 40")
    assert chart(page, "lines").locator(".cursor circle").count() == 0


def test_keys_alone_read_zoom_and_leave(open_page: Opener) -> None:
    page = open_specs(open_page, "lines")
    for _ in range(3):
        page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className").startswith("surface")
    assert readout(page, "lines").startswith("epoch 40")
    page.keyboard.press("Home")
    assert readout(page, "lines").startswith("epoch 1:")
    for _ in range(17):
        page.keyboard.press("ArrowRight")
    assert readout(page, "lines").startswith("epoch 18 (lowest validation loss)")
    page.keyboard.press("PageDown")
    assert readout(page, "lines").startswith("epoch 22")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    pressed = tool(page, "lines", "end")
    assert pressed.get_attribute("aria-pressed") == "true"
    # The button is still the one in focus, so that the same key undoes it.
    page.keyboard.press("Enter")
    assert pressed.get_attribute("aria-pressed") == "false"


def test_a_finger_reads_and_does_not_zoom(open_page: Opener) -> None:
    page = open_specs(open_page, "lines", width=360, has_touch=True, is_mobile=True)
    surface(page, "lines").tap(position={"x": 2, "y": 100})
    assert readout(page, "lines") == "epoch 1: training 2.3 · validation 2.3"
    assert tool(page, "lines", "all").count() == 0


def test_zoom_on_the_end_and_by_brush(open_page: Opener) -> None:
    page = open_specs(open_page, "lines")
    whole = texts(page, "lines")
    tool(page, "lines", "end").click()
    assert "40" in texts(page, "lines") and "20" not in texts(page, "lines")
    assert "kept epoch" not in texts(page, "lines")
    tool(page, "lines", "end").click()
    assert texts(page, "lines") == whole
    drag(page, "lines", (0.4, 0.5), (0.9, 0.5))
    assert tool(page, "lines", "end").count() == 0
    zoomed = texts(page, "lines")
    assert zoomed != whole
    tool(page, "lines", "all").click()
    assert texts(page, "lines") == whole
    drag(page, "lines", (0.4, 0.5), (0.9, 0.5))
    assert texts(page, "lines") == zoomed
    surface(page, "lines").press("Escape")
    assert texts(page, "lines") == whole


def test_log_scale_has_powers_of_ten_and_drops_what_is_not_positive(open_page: Opener) -> None:
    spec = specs.lines()
    spec["series"][0]["y"] = [10.0 ** (3 - i) for i in range(8)] + [0.0, -1.0]
    page = open_page(specs.page_of({"lines": spec}))
    tool(page, "lines", "log").click()
    assert tool(page, "lines", "log").get_attribute("aria-pressed") == "true"
    assert {"100", "1", "0.01"} <= set(texts(page, "lines"))
    # At rest epoch 40: only the validation loss is that long.
    assert "training no value" in readout(page, "lines")
    assert chart(page, "lines").locator("path.curve[data-id=training]").count() == 1


def test_gaps_bands_and_a_point_alone(open_page: Opener) -> None:
    page = open_specs(open_page, "bands", "one_point", "no_value")
    curve = chart(page, "bands").locator("[data-id=sigmoid].curve")
    # Three stretches; the value between two gaps is a dot, its band a bar.
    assert curve.evaluate_all("all => all.map(e => e.tagName)").count("path") == 4
    assert chart(page, "bands").locator("circle.dot[data-id=sigmoid]").count() == 1
    assert chart(page, "bands").locator(".band[data-id=tanh]").count() == 1
    surface(page, "bands").hover(position={"x": 2, "y": 100})
    assert "relu 21.68 % (9.678 to 33.68) · " in readout(page, "bands")
    assert chart(page, "one_point").locator("circle.dot").count() == 2
    # What was measured once is read there only.
    once = specs.lines()
    once["series"].append({"id": "test", "name": "test", "color": "test", "x": [18], "y": [0.7]})
    page.evaluate("spec => kerasdemoCharts.update('one_point', spec)", once)
    assert "test" not in readout(page, "one_point")
    assert chart(page, "one_point").locator(".legend circle").count() == 1
    surface(page, "one_point").focus()
    for key in ("Home", *["ArrowRight"] * 17):
        page.keyboard.press(key)
    assert readout(page, "one_point").endswith(" · test 0.7")
    # Without a value no scale either: its numbers would mean nothing.
    assert texts(page, "no_value") == ["1", "2", "epoch", "loss", "no values"]
    assert readout(page, "no_value") == "epoch 2: training no value"


def test_forty_lines_differ_and_have_their_values_in_the_legend(open_page: Opener) -> None:
    page = open_specs(open_page, "many")
    look = "e => e.getAttribute('style') + e.getAttribute('stroke-dasharray')"
    styles = chart(page, "many").locator("path.curve").evaluate_all(f"all => all.map({look})")
    assert len(styles) == len(set(styles)) == 40
    surface(page, "many").hover(position={"x": 2, "y": 100})
    assert readout(page, "many") == "epoch 1: 3 to 3, each in the legend"
    values = chart(page, "many").locator(".legend .value").all_text_contents()
    assert values == ["3"] * 40
    legend, picture = (
        chart(page, "many").locator(place).bounding_box() for place in (".legend", ".surface")
    )
    assert legend and picture and legend["y"] >= picture["y"] + picture["height"]


def test_heat_map_reads_cells_by_mouse_and_keys(open_page: Opener) -> None:
    page = open_specs(open_page, "heatmap", "grid")
    cells = chart(page, "heatmap").locator("path.cells")
    assert 10 < cells.count() <= 64
    # The larger, the lighter, in both themes.
    levels = cells.evaluate_all(
        "all => all.map(e => [Number(e.dataset.level), e.getAttribute('fill')])"
    )
    lights = [_light(color) for _, color in sorted(levels)]
    assert all(a < b + 2 for a, b in pairwise(lights))
    assert chart(page, "heatmap").locator("path.missing").count() == 1
    surface(page, "heatmap").hover(position={"x": 2, "y": 30})
    assert readout(page, "heatmap") == "epoch 1, dense_0: gradient norm 0.0001"
    surface(page, "heatmap").focus()
    for key in ("Home", *["ArrowRight"] * 5):
        page.keyboard.press(key)
    assert readout(page, "heatmap") == "epoch 6, dense_0: gradient norm no value"
    page.keyboard.press("ArrowDown")
    assert readout(page, "heatmap").startswith("epoch 6, dense_1: gradient norm 0.0")
    assert {"97.1", "11.35", "relu", "leaky_relu", "10"} <= set(texts(page, "grid"))
    assert "1e−4" in texts(page, "heatmap") and "gradient norm" in texts(page, "heatmap")


def test_names_of_columns_stand_in_two_rows_where_they_are_long(open_page: Opener) -> None:
    page = open_specs(open_page, "grid", width=360)
    assert {"relu", "sigmoid", "tanh", "leaky_relu"} <= set(texts(page, "grid"))
    assert page.evaluate(COVERED) == []


def _light(color: str) -> float:
    red, green, blue = map(int, re.findall(r"\d+", color))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_brushing_points_selects_in_all_charts(open_page: Opener) -> None:
    page = open_specs(open_page, "scatter", "parallel", "lines")
    drag(page, "scatter", (0.4, 0.02), (0.99, 0.4))
    (ids,) = selections(page)
    assert ids and {"run-10", "run-11"} <= set(ids) and "run-0" not in ids
    for name in ("scatter", "parallel"):
        dimmed = chart(page, name).locator(".dim").evaluate_all("all => all.map(e => e.dataset.id)")
        assert "run-0" in dimmed and not set(dimmed) & set(ids)
    # Nothing of the selection is in this chart: it stays as it is.
    assert chart(page, "lines").locator(".dim").count() == 0
    tool(page, "parallel", "deselect").click()
    assert selections(page) == [None]
    assert page.locator(".dim, .surface > svg > .brush").count() == 0
    drag(page, "scatter", (0.4, 0.02), (0.99, 0.4))
    surface(page, "scatter").press("Home")
    page.keyboard.press("Enter")
    assert page.locator(".surface > svg > .brush").count() == 0


def test_points_are_selected_by_keys_and_clicks(open_page: Opener) -> None:
    page = open_specs(open_page, "scatter")
    surface(page, "scatter").focus()
    page.keyboard.press("Home")
    assert readout(page, "scatter").startswith("depth 0: parameters 100 · test accuracy 59 %")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Escape")
    assert selections(page) == [["run-0"], ["run-0", "run-1", "run-2"], None]
    point = chart(page, "scatter").locator("circle[data-id=run-5]").bounding_box()
    assert point
    for _ in range(2):
        page.mouse.click(point["x"] + 5, point["y"] + 5)
    assert selections(page) == [["run-5"], None]


def test_brushing_an_axis_selects_lines(open_page: Opener) -> None:
    page = open_specs(open_page, "parallel")
    axis = 14 / (surface(page, "parallel").bounding_box() or {})["width"]
    # The upper end of the first axis: tanh.
    drag(page, "parallel", (axis, 0.1), (axis, 0.3))
    (ids,) = selections(page)
    assert ids is not None
    assert sorted(ids) == sorted(f"run-{i}" for i in range(24) if i % 3 == 2)
    assert chart(page, "parallel").locator("svg > .brush").count() == 1
    # A press on the axis takes the brush away.
    drag(page, "parallel", (axis, 0.5), (axis, 0.5))
    assert selections(page) == [None]
    surface(page, "parallel").focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    ((worst,),) = selections(page)
    assert worst == "run-7"
    assert readout(page, "parallel").endswith("validation accuracy no value")


def test_selection_from_elsewhere_dims_and_the_legend_selects(open_page: Opener) -> None:
    page = open_specs(open_page, "lines", "bands")
    page.evaluate(
        "document.dispatchEvent(new CustomEvent('kerasdemo:select',"
        " {detail: {ids: ['relu'], from: document.body}}))"
    )
    dimmed = chart(page, "bands").locator(".surface .dim")
    assert set(dimmed.evaluate_all("all => all.map(e => e.dataset.id)")) == {"sigmoid", "tanh"}
    pressed = chart(page, "bands").locator(".legend [aria-pressed=true]")
    assert pressed.all_text_contents() == ["relu"]
    chart(page, "bands").get_by_role("button", name="tanh").click()
    assert selections(page)[1:] == [["relu", "tanh"]]


@pytest.mark.parametrize("name", ["bands", "grid", "scatter", "parallel"])
def test_each_chart_has_its_numbers_as_a_table(open_page: Opener, name: str) -> None:
    page = open_specs(open_page, name)
    tool(page, name, "numbers").click()
    table = chart(page, name).locator("table")
    rows = table.evaluate("e => [...e.rows].map(row => [...row.cells].map(c => c.textContent))")
    expected = {
        "bands": ["epoch", "relu", "relu, low", "relu, high"],
        "grid": ["depth / activation", "relu", "sigmoid", "tanh", "leaky_relu"],
        "scatter": ["", "parameters", "test accuracy", "low", "high"],
        "parallel": ["", "network.activation", "training.optimizer.learning_rate"],
    }[name]
    assert rows[0][: len(expected)] == expected
    count = {"bands": 40, "grid": 4, "scatter": 12, "parallel": 24}[name]
    assert len(rows) == 1 + count
    if name == "grid":
        assert rows[2] == ["3", "97.5", "90.1", "96.9", "–"]
    tool(page, name, "numbers").click()
    assert table.count() == 0


def test_new_data_keep_zoom_cursor_and_focus(open_page: Opener) -> None:
    page = open_specs(open_page, "lines")
    tool(page, "lines", "end").click()
    surface(page, "lines").focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Home")
    assert readout(page, "lines").startswith("epoch 31")
    longer = specs.lines() | {"sentence": "Still falling."}
    for series in longer["series"]:
        series["y"] += [0.5, None]
    page.evaluate("spec => kerasdemoCharts.update('lines', spec)", longer)
    assert "last quarter" in chart(page, "lines").locator("[aria-pressed=true]").inner_text()
    assert readout(page, "lines").startswith("epoch 32")
    assert chart(page, "lines").locator("figcaption p").inner_text() == "Still falling."
    assert page.evaluate("document.activeElement.className").startswith("surface")
    assert page.evaluate("kerasdemoCharts.spec('lines').series[0].y.length") == 42
    page.keyboard.press("End")
    assert readout(page, "lines") == "epoch 42: training no value · validation no value"


def test_a_chart_without_epochs_fills_as_they_come(open_page: Opener) -> None:
    spec = specs.lines() | {"marks": []}
    series = [one | {"y": []} for one in spec["series"]]
    page = open_page(specs.page_of({"lines": spec | {"series": series}}))
    surface(page, "lines").hover()
    surface(page, "lines").press("ArrowLeft")
    assert "no values" in texts(page, "lines")
    for count in range(1, 12):
        one = [s | {"y": s["y"][:count]} for s in spec["series"]]
        page.evaluate("spec => kerasdemoCharts.update('lines', spec)", spec | {"series": one})
    page.mouse.move(0, 0)
    # A live page does not read each new epoch aloud.
    assert chart(page, "lines").locator(".readout").get_attribute("aria-live") == "off"
    assert layout_shift(page) == 0
    assert chart(page, "lines").locator("path.curve").count() == 2


HARD = {
    "flat": [3.0] * 5,
    "nearly-flat": [1e16, 1e16 + 2, 1e16 + 4],
    "zero": [0.0, 0.0],
    "huge": [-1e299, 1e299],
    "beyond": [1e308, -1e308],
    "tiny": [5e-324, 1e-310, 0.0],
    "negative": [-1.0, -1e-9],
    "nothing": [],
}


def test_numbers_of_every_size_are_drawn(open_page: Opener) -> None:
    charts = {}
    for name, values in HARD.items():
        line = {"id": "a", "name": "a", "color": 0, "y": values}
        shown = {"title": name, "series": [line], "marks": []}
        charts[f"lines-{name}"] = specs.lines() | shown
        charts[f"heat-{name}"] = specs.heatmap() | {
            "title": name,
            "x": {"label": "epoch", "values": [10**15 + i for i in range(len(values))]},
            "y": {"label": "layer", "values": ["a"]},
            "values": [values],
        }
        points = [{"id": str(y), "label": str(y), "x": y, "y": y} for y in values]
        charts[f"points-{name}"] = specs.scatter() | {"title": name, "points": points}
    page = open_page(specs.page_of(charts))
    for button in page.locator("[data-tool=log]").all():
        button.click()
    assert page.locator(".surface > svg").count() == len(charts)
    drawn = "all => all.map(e => e.outerHTML).filter(text => /NaN|Infinity/.test(text))"
    assert page.locator(".surface > svg").evaluate_all(drawn) == []
    # What is too large to draw can be read all the same.
    assert readout(page, "lines-beyond") == "epoch 2: a −1e308"
    assert "no values" in texts(page, "heat-nothing")


def test_a_hidden_chart_is_drawn_when_it_is_shown(open_page: Opener) -> None:
    page = open_page(specs.page_of({"lines": specs.lines()}).replace("<figure", "<figure hidden"))
    assert page.locator(".surface > svg").count() == 0
    page.evaluate("document.querySelector('figure').hidden = false")
    page.locator(".surface > svg").wait_for()
    assert page.evaluate(COVERED) == []


def test_charts_follow_the_window_without_a_jump(open_page: Opener) -> None:
    page = open_page(specs.page_of(specs.friendly()))
    for width in (700, 360, 1000):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_function(
            "() => [...document.querySelectorAll('.surface > svg')].every(svg =>"
            " svg.viewBox.baseVal.width === svg.parentNode.clientWidth)"
        )
        assert page.evaluate(COVERED) == []
        assert not is_too_wide(page)


def test_paper_has_all_charts_and_no_buttons(open_page: Opener) -> None:
    page = open_page(specs.page_of(specs.friendly()), dark=True)
    # For paper they are drawn as narrow as its column, so that words are not made small.
    widths = "all => [...new Set(all.map(svg => svg.viewBox.baseVal.width))]"
    pictures = page.locator(".surface > svg")
    before = pictures.evaluate_all(widths)
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert pictures.evaluate_all(widths) == [300]
    assert page.evaluate(COVERED.replace("- 2", "- 1e4").replace("+ 2", "+ 1e4")) == []
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert pictures.evaluate_all(widths) == before
    page.set_viewport_size({"width": 690, "height": 1000})
    page.emulate_media(media="print", color_scheme="dark")
    is_inside = "box => box.height > 100 && box.right <= 690"
    page.wait_for_function(
        "() => [...document.querySelectorAll('.surface > svg')]"
        f".map(svg => svg.getBoundingClientRect()).every({is_inside})"
    )
    assert page.locator(".tools:visible").count() == 0
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") == (
        "rgb(255, 255, 255)"
    )
    # The whole legend, also of forty lines.
    heights = "e => [e.scrollHeight, e.clientHeight]"
    scroll, client = chart(page, "many").locator(".legend").evaluate(heights)
    assert scroll <= client + 1
    assert page.pdf(format="A4").startswith(b"%PDF")


@pytest.mark.parametrize("dark", [False, True])
def test_colors_can_be_told_from_the_ground(open_page: Opener, dark: bool) -> None:
    page = open_specs(open_page, "lines", dark=dark)
    names = ["ground", "panel", "text", "muted", "accent", "good", "warn", "bad"]
    names += ["good-ground", "warn-ground", "bad-ground", "training", "validation", "test"]
    names += [f"c{i}" for i in range(8)]
    color = {name: _color(page, name) for name in names}
    for ground in ("ground", "panel"):
        for name in ("text", "muted", "accent", "good", "warn", "bad"):
            assert _contrast(color[name], color[ground]) >= 4.5, (name, ground)
        for name in [*(f"c{i}" for i in range(8)), "training", "validation", "test"]:
            assert _contrast(color[name], color[ground]) >= 3, (name, ground)
    for name in ("good", "warn", "bad"):
        for text in (name, "text", "muted"):
            assert _contrast(color[text], color[f"{name}-ground"]) >= 4.5, (text, name)


def _color(page: Page, name: str) -> list[int]:
    found = page.evaluate(
        """name => {
          const probe = document.body.appendChild(document.createElement("i"));
          probe.style.color = `var(--${name})`;
          return getComputedStyle(probe).color;
        }""",
        name,
    )
    return [int(part) for part in re.findall(r"\d+", found)]


def _contrast(one: list[int], other: list[int]) -> float:
    """Return the contrast of two colors, as WCAG 2 defines it."""
    light, dark = sorted(map(_luminance, (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: list[int]) -> float:
    parts = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color]
    return sum(w * part for w, part in zip((0.2126, 0.7152, 0.0722), parts, strict=True))


COPY = '<button type="button" class="copy" data-copy="a: &quot;1&quot;\n">Copy YAML</button>'


@pytest.fixture(params=["clipboard", "no clipboard"])
def copying(open_page: Opener, request: pytest.FixtureRequest) -> Iterator[Page]:
    page = open_page(
        specs.page_of({}, body=COPY + "<textarea aria-label='paste'></textarea>"),
        permissions=["clipboard-read", "clipboard-write"],
    )
    if request.param == "no clipboard":
        page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    return page


def test_a_button_copies_and_says_so(copying: Page) -> None:
    button = copying.locator("button.copy")
    width = (button.bounding_box() or {})["width"]
    button.focus()
    copying.keyboard.press("Enter")
    copying.get_by_text("copied", exact=True).wait_for()
    assert (button.bounding_box() or {})["width"] == width
    assert copying.locator("[role=status]").text_content() == "Copy YAML: copied"
    assert copying.evaluate("document.activeElement.className").startswith("copy")
    copying.locator("textarea").focus()
    copying.keyboard.press("Control+v")
    assert copying.locator("textarea").input_value() == 'a: "1"\n'


def test_the_button_has_its_name_again_soon(open_page: Opener) -> None:
    page = open_page(specs.page_of({}, body=COPY))
    page.clock.install()
    page.locator("button.copy").click()
    page.get_by_text("copied", exact=True).wait_for()
    page.clock.fast_forward(3000)
    page.get_by_text("Copy YAML", exact=True).wait_for()


def test_scripts_are_small_and_never_make_elements_from_text() -> None:
    assert len(asset("charts.js").encode()) < 52 * 1024
    for name in ("charts.js", "copy.js"):
        found = re.findall(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval", asset(name)
        )
        assert found == []
