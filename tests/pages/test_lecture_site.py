"""The lecture's site: the published pages are what the records say, and a browser shows them."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from kerasdemo.config import InputError
from kerasdemo.lecture import pages
from kerasdemo.lecture.catalogue import PARTS
from kerasdemo.pages import lecture_site, page
from tests.pages.browser import Opener, axe_faults, is_too_wide, layout_shift

PUBLISHED = Path(__file__).parents[2] / "results" / "lecture"
HOSTILE = (
    '</script><script>alert(1)</script>"><img src=x onerror=alert(2)>\x1b[31m\u202e ' + "x" * 9000
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the records and figures, and the site made from them."""
    copy = tmp_path_factory.mktemp("results") / "lecture"
    shutil.copytree(PUBLISHED, copy)
    lecture_site.write(copy)
    return copy


def record_file(folder: Path) -> Path:
    return folder / "fizzbuzz" / "fizzbuzz.json"


def one_demo(folder: Path, **changes: Any) -> Path:
    """Write the record of one demo alone, changed."""
    file = record_file(folder)
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(json.loads(record_file(PUBLISHED).read_text()) | changes))
    return folder


def test_the_published_site_is_up_to_date() -> None:
    for name, made in lecture_site.site(PUBLISHED).items():
        text = (PUBLISHED / name).read_text(encoding="utf-8")
        assert text == page.render(made), (
            f"{name}: `kerasdemo report results/lecture` makes it again"
        )


def test_every_claim_and_figure_is_on_its_page() -> None:
    made = {name: page.render(one) for name, one in lecture_site.site(PUBLISHED).items()}
    assert set(made) == {"index.html", *(f"{part}/index.html" for part in PARTS)}
    for record in pages.read(PUBLISHED):
        text = made[f"{record['demo']['part']}/index.html"]
        assert f'id="{record["demo"]["name"]}"' in text
        assert text.count("<img ") >= len(record["figures"])
        for figure in record["figures"]:
            assert f'src="{figure}"' in text
    assert max(map(len, made.values())) < 200_000


def test_the_whole_lecture_is_one_file_too() -> None:
    text = page.render(lecture_site.make(PUBLISHED))
    records = pages.read(PUBLISHED)
    assert text.count('src="data:image/png;base64,') == sum(len(r["figures"]) for r in records)
    assert "img-src data:;" in text
    assert "index.html" not in text
    for record in records:
        assert f'id="{record["demo"]["name"]}"' in text


def test_what_was_not_run_is_not_linked(tmp_path: Path) -> None:
    made = lecture_site.site(one_demo(tmp_path / "lecture"))
    assert set(made) == {"index.html", "fizzbuzz/index.html"}
    index = page.render(made["index.html"])
    assert "tips/index.html" not in index
    assert "not run yet" in index
    assert "missing" not in page.render(made["fizzbuzz/index.html"])  # a figure that is not there


def test_hostile_text_is_text(tmp_path: Path, open_page: Opener) -> None:
    claim = {
        **dict.fromkeys(("statement", "reference", "measured", "note"), HOSTILE),
        "status": "not held",
        "rows": [17],
    }
    demo = json.loads(record_file(PUBLISHED).read_text())["demo"] | {"title": HOSTILE}
    folder = one_demo(
        tmp_path / "lecture", question=HOSTILE, lines=[HOSTILE], claims=[claim], demo=demo,
        versions={"keras": HOSTILE},
    )  # fmt: skip
    lecture_site.write(folder)
    for name in ("index.html", "fizzbuzz/index.html"):
        assert "<script>alert" not in (folder / name).read_text()
        opened = open_page(folder / name, width=360)
        assert not is_too_wide(opened)
        assert "\x1b" not in opened.content()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"claims": [{"statement": "x"}]}, "`claims.0.reference` is missing"),
        ({"figures": ["../../secret.png"]}, "`figures.0` is '../../secret.png'"),
        ({"seconds": "long"}, "`seconds` is 'long'"),
        ({"demo": {"part": "tips", "name": "x", "title": "", "experiment": None}}, "another demo"),
    ],
)
def test_a_damaged_record_is_a_clear_error(
    changes: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    folder = one_demo(tmp_path / "lecture", **changes)
    with pytest.raises(InputError, match=f"damaged: fizzbuzz.json.*{problem}"):
        lecture_site.site(folder)
    record_file(folder).write_text("{")
    with pytest.raises(InputError, match="damaged"):
        lecture_site.site(folder)
    with pytest.raises(InputError, match="no demo of the lecture was recorded here"):
        lecture_site.site(tmp_path)


@pytest.mark.parametrize("dark", [False, pytest.param(True, marks=pytest.mark.slow)])
@pytest.mark.parametrize("width", [360, pytest.param(1400, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", ["index.html", "tips/index.html"])
def test_a_page_is_readable_by_all(
    name: str, width: int, dark: bool, folder: Path, open_page: Opener
) -> None:
    opened = open_page(folder / name, width=width, dark=dark)
    assert not is_too_wide(opened)
    assert layout_shift(opened) < 0.01
    assert axe_faults(opened) == []
    for image in opened.query_selector_all("img"):
        image.scroll_into_view_if_needed()
        opened.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=image)


def test_the_rows_are_filtered_by_status_and_text(folder: Path, open_page: Opener) -> None:
    opened = open_page(folder / "index.html")
    rows = opened.locator("#table-rows tbody tr:visible")
    all_rows = rows.count()
    opened.get_by_label("Status").select_option("undecided")
    assert 0 < rows.count() < all_rows
    assert set(rows.locator(".badge").all_inner_texts()) == {"! undecided"}
    opened.get_by_label("Status").select_option("")
    opened.get_by_label("Filter the claims").fill("dropout validation")
    assert all("dropout" in text.lower() for text in rows.all_inner_texts())
    opened.get_by_label("Filter the claims").fill("")
    assert rows.count() == all_rows


def test_links_lead_to_the_demo_and_back(folder: Path, open_page: Opener) -> None:
    opened = open_page(folder / "index.html")
    opened.locator("#table-rows tbody tr a").first.click()
    assert opened.url.endswith("keras/index.html#first_network")
    assert opened.locator("#first_network").is_visible()
    opened.get_by_role("link", name="Tips for training").click()
    assert opened.url.endswith("tips/index.html")
    opened.get_by_role("link", name="The lecture", exact=True).click()
    assert opened.get_by_role("heading", name="The lecture, claim by claim").is_visible()
