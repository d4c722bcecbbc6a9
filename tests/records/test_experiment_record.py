"""sweep.json gives runs their labels; a damaged one costs no run."""

from pathlib import Path
from typing import Any

import pytest

from kerasdemo.records import files, list_runs
from kerasdemo.records.experiment_record import (
    find_experiment_record,
    read_experiment_record,
    write_experiment_record,
)
from tests.factories import write_run


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"runs": {"a": {"label": 5, "values": {}, "seed": 0}}}', "`runs.a.label` is 5"),
        ('{"runs": {}, "claims": [5]}', "`claims.0` is 5"),
        ("{}", "`runs` is missing"),
        ("[]", "not a JSON object"),
    ],
)
def test_a_damaged_record_is_rejected(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "sweep.json").write_text(text)
    with pytest.raises(ValueError, match=problem):
        read_experiment_record(tmp_path)
    assert find_experiment_record(tmp_path) is None


def experiment(folder: Path, values: dict[str, Any]) -> None:
    """An experiment of one run, and another run beside it."""
    for name in ("deep-1", "other"):
        write_run(folder / name)
    entry = {"label": "deep", "values": values, "seed": 0}
    files.write_json(folder / "sweep.json", {"claims": [], "runs": {"deep-1": entry}})


def test_runs_are_listed_with_label_and_values(tmp_path: Path) -> None:
    experiment(tmp_path / "q", {"network.depth": 3, "optimizer": {"name": "sgd"}})
    for place in (tmp_path, tmp_path / "q", tmp_path / "q" / "deep-1"):
        one = list_runs(place).runs[0]
        assert one.label == "deep"
        assert one.values == {"network.depth": 3, "optimizer": {"name": "sgd"}}
    other = list_runs(tmp_path / "q").runs[1]
    assert (other.label, other.values) == (None, {})
    # Whatever the cache remembers.
    (tmp_path / "q" / "sweep.json").write_text("{")
    assert [one.label for one in list_runs(tmp_path / "q").runs] == [None, None]


def test_values_under_keys_of_no_config_are_ignored(tmp_path: Path) -> None:
    experiment(tmp_path, {"=HYPERLINK(1)": 1})
    assert list_runs(tmp_path).runs[0].values == {}


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    experiment(tmp_path, {"network.depth": 3})
    record = read_experiment_record(tmp_path)
    write_experiment_record(tmp_path, record)
    assert read_experiment_record(tmp_path) == record
    assert record.runs["deep-1"].values == {"network.depth": 3}
