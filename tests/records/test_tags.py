"""Tags: a person's words for runs, in a file of their own."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kerasdemo.config import InputError
from kerasdemo.records import RunFolder, list_runs
from kerasdemo.records.tags import change_tags, read_tags
from tests.factories import write_run


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return write_run(tmp_path / "a-1")


def test_tags_are_added_and_taken_away(run: RunFolder) -> None:
    assert change_tags([run], add=["paper", "base"]) == {run.path: ("base", "paper")}
    assert change_tags([run], add=["v1.2"], remove=["paper"]) == {run.path: ("base", "v1.2")}
    assert read_tags(run) == ("base", "v1.2")
    assert json.loads(run.tags_file.read_text()) == {"tags": ["base", "v1.2"]}
    assert change_tags([run], remove=["base", "v1.2"]) == {run.path: ()}
    assert not run.tags_file.exists()


def test_the_list_follows_the_tags_and_facts_stay(run: RunFolder, tmp_path: Path) -> None:
    facts = {file.name: file.read_bytes() for file in run.path.iterdir()}
    assert [one.tags for one in list_runs(tmp_path).runs] == [()]
    change_tags([run], add=["base"])
    for _ in range(2):  # from the files, from the cache
        assert [one.tags for one in list_runs(tmp_path).runs] == [("base",)]
    assert facts == {name: (run.path / name).read_bytes() for name in facts}
    run.clear()
    assert read_tags(run) == ("base",)


@pytest.mark.parametrize(
    "word", ["", " ", "a b", "../x", "-x", ".x", "a/b", "<b>", "ä", "x" * 51, "a\n", "a,b", "{0}"]
)
def test_a_word_that_is_no_tag_is_refused(run: RunFolder, word: str) -> None:
    with pytest.raises(InputError, match="is no tag; expected letters, digits"):
        change_tags([run], add=["good", word])
    assert not run.tags_file.exists()


def test_nothing_is_written_where_something_is_wrong(run: RunFolder, tmp_path: Path) -> None:
    other = write_run(tmp_path / "b-2")
    change_tags([run], add=["base"])
    with pytest.raises(InputError, match="'bas' is no tag of these runs; did you mean 'base'"):
        change_tags([other, run], add=["new"], remove=["bas"])
    with pytest.raises(InputError, match="'x' is to be added as well"):
        change_tags([other], add=["x"], remove=["x"])
    with pytest.raises(InputError, match="51 tags; a run has 50 at most"):
        change_tags([other], add=[f"t{n}" for n in range(51)])
    assert (read_tags(run), read_tags(other)) == (("base",), ())


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        "null",
        '{"tags": "base"}',
        '{"tags": [1]}',
        '{"tags": ["<script>alert(1)</script>"]}',
        '{"tags": ["\\u001b[2J"]}',
        '{"tags": ["../../etc"]}',
        json.dumps({"tags": [f"t{n}" for n in range(51)]}),
        json.dumps({"tags": ["a" * (1 << 17)]}),
        "[" * 60_000,
    ],
)
def test_a_foreign_file_is_reported_each_time_and_not_trusted(
    run: RunFolder, tmp_path: Path, text: str
) -> None:
    run.tags_file.write_text(text)
    for _ in range(2):  # from the files, from the cache
        found = list_runs(tmp_path)
        assert [one.tags for one in found.runs] == [None]
        (fault,) = found.skipped
        assert "its tags are ignored: " in str(fault)
        assert str(fault).isprintable() and len(str(fault)) < 1_000
    with pytest.raises(InputError, match="delete it and tag the run again"):
        change_tags([run], add=["base"])
    assert run.tags_file.read_text() == text
    run.tags_file.unlink()
    assert not list_runs(tmp_path).skipped


def test_a_folder_in_place_of_the_file_is_reported(run: RunFolder, tmp_path: Path) -> None:
    run.tags_file.mkdir()
    assert "tags.json: is a folder" in str(list_runs(tmp_path).skipped[0])


def test_a_link_in_place_of_the_file_is_replaced_not_followed(
    run: RunFolder, tmp_path: Path
) -> None:
    other = tmp_path / "other.json"
    other.write_text('{"tags": ["mine"]}')
    run.tags_file.symlink_to(other)
    change_tags([run], add=["base"])
    assert other.read_text() == '{"tags": ["mine"]}'
    assert read_tags(run) == ("base", "mine")


def test_who_tags_at_the_same_time_loses_nothing(run: RunFolder) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: change_tags([run], add=[f"t{n}"]), range(24)))
    assert len(read_tags(run)) == 24
