"""What lies in a folder decides which page is made of it."""

from pathlib import Path
from urllib.parse import unquote

import pytest

from kerasdemo import api
from kerasdemo.config import InputError
from kerasdemo.pages import report as reports
from kerasdemo.pages.report import report
from tests.factories import write_run


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A folder of three runs, one of which is damaged and one with a name to quote."""
    folder = tmp_path / "runs"
    folder.mkdir()
    for number, name in enumerate(("a-1", "b+1=50%", "c-3")):
        text = f"name: r\nseed: {number}\ndata: {{name: fizzbuzz}}"
        write_run(folder / name, text)
    (folder / "c-3" / "metrics.csv").write_text("epoch,loss\n1,one\n")
    return folder


def test_a_run_gets_its_page_in_its_folder(results: Path) -> None:
    file = report([results / "a-1"])
    assert file == results / "a-1" / "report.html"
    first = file.read_bytes()
    assert b"<title>a-1: " in first
    assert report([results / "a-1"]).read_bytes() == first


def test_of_several_runs_each_whole_one_has_a_page_to_click(results: Path) -> None:
    file = report([results])
    text = file.read_text()
    assert file == results / "report.html"
    assert sorted(results.glob("*/report.html")) == [
        results / name / "report.html" for name in ("a-1", "b+1=50%")
    ]
    for address in ("a-1/report.html", "b%2B1%3D50%25/report.html"):
        assert f'href="{address}"' in text
        assert (results / unquote(address)).is_file()
        back = (results / unquote(address)).read_text()
        assert '<a href="../report.html"><bdi>runs</bdi></a>' in back


def test_the_addresses_start_at_the_file(results: Path, tmp_path: Path) -> None:
    file = tmp_path / "out.html"
    assert report([results / "a-1", results / "b+1=50%"], file) == file
    assert 'href="runs/a-1/report.html"' in file.read_text()


def test_beyond_so_many_runs_none_gets_a_page(
    results: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MOST_LINKED", 1)
    report([results])
    assert len(list(results.glob("*/report.html"))) == 1


def test_behind_a_link_nothing_is_written(results: Path, tmp_path: Path) -> None:
    write_run(tmp_path / "theirs", "name: theirs\ndata: {name: fizzbuzz}")
    (results / "link").symlink_to(tmp_path / "theirs")
    report([results])
    assert not (tmp_path / "theirs" / "report.html").exists()
    assert (results / "a-1" / "report.html").exists()


def test_a_tuning_has_its_own_page(tmp_path: Path) -> None:
    (tmp_path / "tune.json").write_text("{}")
    with pytest.raises(InputError, match=r"tune\.json"):
        report([tmp_path])


def test_the_lecture_is_a_site_or_one_file(repository: Path, tmp_path: Path) -> None:
    source = repository / "results" / "lecture" / "tips" / "depth.json"
    (tmp_path / "tips").mkdir()
    (tmp_path / "tips" / "depth.json").write_bytes(source.read_bytes())
    assert report([tmp_path]) == tmp_path / "index.html"
    assert report([tmp_path], tmp_path / "one.html") == tmp_path / "one.html"
    assert "Depth on the training set" in (tmp_path / "one.html").read_text()


@pytest.mark.parametrize(
    ("paths", "output", "message"),
    [
        ([], None, "got no folder"),
        (["a-2"], None, "no such run folder; did you mean 'a-1'"),
        (["a-1", "b+1=50%"], None, "--output: left out; name the file"),
        (["a-1"], ".", "is a folder; expected the name of a file"),
        (["a-1"], "missing/out.html", "can't be written: No such file"),
        (["c-3"], None, "damaged: metrics.csv: column loss"),
    ],
)
def test_what_it_can_t_do_is_an_input_error(
    results: Path, paths: list[str], output: str | None, message: str
) -> None:
    with pytest.raises(InputError) as error:
        report([results / path for path in paths], None if output is None else results / output)
    assert message in str(error.value)


def test_python_takes_runs_as_well_as_folders(results: Path, tmp_path: Path) -> None:
    run = api.read_run(results / "a-1")
    assert api.report(run) == results / "a-1" / "report.html"
    file = tmp_path / "both.html"
    assert api.report([run, results / "b+1=50%"], str(file)) == file
    with pytest.raises(InputError, match="got 3; expected a run or a folder of runs"):
        api.report(3)  # type: ignore[arg-type]
