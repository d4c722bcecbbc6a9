"""The verb report, and `--report` of the verbs that train."""

from pathlib import Path

from tests.cli.conftest import Call


def test_it_writes_a_page_and_says_where(
    kerasdemo: Call, folder: Path, run_names: list[str]
) -> None:
    place = f"results/runs/{run_names[0]}"
    result = kerasdemo("report", place)
    assert (result.code, result.err) == (0, "")
    assert result.out == f"report  {place}/report.html\n"
    assert "<h1><bdi>tiny-" in (folder / place / "report.html").read_text()

    result = kerasdemo("report", "results/runs", "--output", "all.html")
    assert result.out == "report  all.html\n"
    assert (folder / "all.html").stat().st_size < 2_000_000


def test_what_is_no_run_is_one_line_and_exit_code_2(kerasdemo: Call, folder: Path) -> None:
    result = kerasdemo("report", "results/runs/tony")
    assert result.code == 2
    assert result.err.startswith("error: results/runs/tony: no such run folder")
    assert result.err.count("\n") == 1


def test_training_says_how_to_make_the_page_or_makes_it(
    kerasdemo: Call, folder: Path, run_names: list[str]
) -> None:
    names = [f"results/runs/{name}" for name in run_names]
    out = kerasdemo("run", "tiny.yaml", "--seeds", "0-1").out
    assert [line.strip() for line in out.splitlines() if " report " in line] == [
        f"report    kerasdemo report {name}" for name in sorted(names, key=out.index)
    ]
    out = kerasdemo("run", "tiny.yaml", "--report").out
    assert sum(f"  report    {name}/report.html" in out for name in names) == 1
    assert kerasdemo("run", "tiny.yaml", "--report", "--quiet").out == ""
    for name in names:
        (folder / name / "report.html").unlink(missing_ok=True)
    assert kerasdemo("run", "tiny.yaml", "--report", "--json").code == 0
    assert sum((folder / name / "report.html").is_file() for name in names) == 1
