"""A demo writes its record, its figures and the pages; the published pages are current."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from kerasdemo import cli
from kerasdemo.config import InputError
from kerasdemo.lecture import catalogue, pages
from kerasdemo.lecture.demo import ClaimResult, DemoOutput, Status
from kerasdemo.lecture.demo_runner import DemoResult, digest

PUBLISHED = Path(__file__).parent.parent.parent / "results" / "lecture"


def run_fizzbuzz(folder: Path, seeds: str) -> str:
    """Run FizzBuzz for one epoch and return what the command line shows."""
    arguments = ["lecture", "fizzbuzz", "--seeds", seeds, "--set", "training.epochs=1"]
    arguments += ["--results", str(folder / "runs"), "--pages", str(folder / "pages")]
    result = CliRunner().invoke(cli.app, [*arguments, "--workers", "0"])
    assert result.exit_code == 0, result.output
    return result.stdout


def render(claim: ClaimResult, sources: tuple[str, ...] = ("mnist",)) -> str:
    """Return the page of a demo with this claim."""
    (demo,) = catalogue.select("training_set")
    output = DemoOutput(("line",), (claim,))
    record = DemoResult(demo, (0,), output, 3.0, sources).as_dict()
    return pages.render([record])["keras2/README.md"]


def test_a_demo_writes_its_figures_its_record_and_the_pages(tmp_path: Path) -> None:
    shown = run_fizzbuzz(tmp_path, "0-1")
    statement = "1000 hidden units reach a training accuracy of more than 99 %"
    assert f"UNDECIDED: {statement} (lecture: 100 %)" in shown
    assert shown.splitlines()[-1].startswith("5 claims: 5 undecided")
    assert "site      " in shown
    assert "--seeds 0-1" in (tmp_path / "pages" / "fizzbuzz" / "index.html").read_text()
    page = (tmp_path / "pages" / "fizzbuzz" / "README.md").read_text()
    assert "kerasdemo lecture fizzbuzz --seeds 0-1" in page
    assert "| **undecided** |" in page
    assert "claimed 99 to 100 %" in page
    figures = re.findall(r"\]\(([^)]+\.png)\)", page)
    assert figures
    for figure in figures:
        assert (tmp_path / "pages" / "fizzbuzz" / figure).read_bytes().startswith(b"\x89PNG")
    index = (tmp_path / "pages" / "README.md").read_text()
    assert "| [17](fizzbuzz/README.md#fizzbuzz) |" in index
    assert "| 1 | - | - | - | not run yet |" in index


def test_one_seed_says_what_was_seen_and_pages_count_it(tmp_path: Path) -> None:
    # A constant network has 53 % of FizzBuzz' test set: one run shows that it is not 90 %.
    shown = run_fizzbuzz(tmp_path, "0")
    assert "NOT SEEN: 1000 hidden units reach a test accuracy of more than 90 %" in shown
    index = (tmp_path / "pages" / "README.md").read_text()
    header = "| part | demos | held | not held | seen once | not seen | undecided | minutes |"
    assert header in index
    row = next(line for line in index.splitlines() if "FizzBuzz (lecture 9-3)" in line)
    held, not_held, seen, not_seen, undecided = map(int, row.split("|")[3:8])
    assert (held, not_held) == (0, 0)
    assert not_seen >= 2
    assert seen + not_seen + undecided == 5


def test_the_sample_is_named_and_text_cannot_break_a_table() -> None:
    page = render(ClaimResult("a | <b>b", "", "c\nd", "undecided", (7,)), ("mnist_sample",))
    assert "on the bundled sample of 5,000 digits" in page
    assert r"| a \| &lt;b>b | - | c d | **undecided** |" in page


@pytest.mark.parametrize(
    ("status", "count"),
    [
        *(("held", 0), ("quoted", 0), ("seen once", 0)),
        *(("undecided", 1), ("not held", 1), ("not seen", 1)),
    ],
)
def test_a_page_says_why_a_claim_did_not_hold(status: Status, count: int) -> None:
    page = render(ClaimResult("depth helps", "", "1", status, (7,), "the seeds differ"))
    assert page.count("*Depth helps*: The seeds differ") == count


def test_records_with_the_keys_of_before_are_read(tmp_path: Path) -> None:
    claim = {"says": "a", "lecture": "1", "measured": "2", "status": "given", "rows": [1]}
    claim |= {"note": ""}
    record = json.loads((PUBLISHED / "fizzbuzz" / "fizzbuzz.json").read_text())
    del record["digest"], record["claims"]
    record |= {"asked": "123", "checked": [claim]}
    (tmp_path / "fizzbuzz").mkdir()
    (tmp_path / "fizzbuzz" / "fizzbuzz.json").write_text(json.dumps(record))
    (read,) = pages.read(tmp_path)
    assert read["digest"] == "123"
    (claim,) = read["claims"]
    assert (claim["statement"], claim["reference"], claim["status"]) == ("a", "1", "quoted")


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (demo,) = catalogue.select("cost")
    with pytest.raises(InputError, match=r"file.*can't be written to"):
        pages.write(DemoResult(demo, (0,), DemoOutput(), 1.0), tmp_path / "file")


def test_the_published_pages_are_current() -> None:
    records = pages.read(PUBLISHED)
    for path, text in pages.render(records).items():
        assert (PUBLISHED / path).read_text(encoding="utf-8") == text, f"{path}: make lecture"
    for record in records:
        (demo,) = (demo for demo in catalogue.DEMOS if demo.name == record["demo"]["name"])
        assert record["digest"] == digest(demo, record["seeds"]), f"{demo.name}: make lecture"
        for figure in record["figures"]:
            assert (PUBLISHED / demo.part / figure).exists()
    known = {PUBLISHED / demo.part / f"{demo.name}.json" for demo in catalogue.DEMOS}
    assert set(PUBLISHED.rglob("*.json")) <= known
