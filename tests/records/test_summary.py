"""A summary has what a comparison needs of a run."""

import math
from pathlib import Path

import pytest

from kerasdemo.config import InputError
from kerasdemo.records import Value, summarize
from kerasdemo.records.summary import best
from tests.factories import write_run


def test_a_summary_has_what_a_comparison_needs(tmp_path: Path) -> None:
    one = summarize(write_run(tmp_path / "a-3", "name: a\nseed: 3\ndata: {name: fizzbuzz}").path)
    assert (one.id, one.name, one.status, one.seed) == ("a-3", "a", "finished", 3)
    assert one.metrics["accuracy"] == Value(0.5, 0.5, 0.75, 1)
    assert one.metrics["loss"] == Value(0.5, 0.5, 0.5, 2)
    assert one.metrics["test_accuracy"].last == 0.25
    assert (one.epochs, one.seconds, one.parameters, one.source) == (2, 3.0, 42, "fizzbuzz")
    assert one.settings["optimizer.learning_rate"] == 0.001
    assert one.settings["training.early_stopping"] is None
    assert one.settings["data.source"] == "fizzbuzz"


def test_the_kept_weights_may_be_an_earlier_epochs(tmp_path: Path) -> None:
    one = summarize(write_run(tmp_path / "a", kept_epoch=1).path)
    assert one.metrics["accuracy"] == Value(0.75, 0.5, 0.75, 1)
    with pytest.raises(InputError, match="2 epochs; the weights of epoch 3 were kept"):
        summarize(write_run(tmp_path / "b", kept_epoch=3).path)


def test_a_row_that_was_cut_off_does_not_count(tmp_path: Path) -> None:
    run = write_run(tmp_path / "a")
    with run.metrics_file.open("a") as handle:
        handle.write("3,0.1")
    assert summarize(run.path).epochs == 2


def test_nan_is_never_best() -> None:
    assert best("loss", (math.nan, 2.0, 1.0, 1.0)) == (1.0, 3)
    assert best("accuracy", (0.5, 0.75, 0.75)) == (0.75, 2)
    assert best("loss", (math.nan,))[1] == 0


def test_a_folder_that_is_not_a_run_has_no_summary(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a whole run"):
        summarize(tmp_path)
