"""A search is resumable: cut off anywhere, it asks what it would have asked."""

import math
from pathlib import Path
from typing import Any

import pytest

from kerasdemo.config import InputError
from kerasdemo.config.document import parse_text
from kerasdemo.records import Summary, Value
from kerasdemo.sweeps import search as searches
from kerasdemo.sweeps.executor import DelayQueue, Outcome
from kerasdemo.sweeps.expansion import RunSpec, expand
from kerasdemo.sweeps.experiment import from_document
from kerasdemo.sweeps.search import SearchSource

TEXT = """
base: {data: {name: circles}, training: {epochs: 9}}
search:
  method: METHOD
  space:
    optimizer.learning_rate: {low: 1e-4, high: 1, log: true}
    network.depth: {low: 1, high: 4, integer: true}
    network.units: [[3, 4], 8]
    optimizer: [adam, {name: sgd, momentum: 0.9}]
  objective: val_loss
  trials: 8
"""


def searching(results: Path, text: str = TEXT, method: str = "tpe") -> SearchSource:
    return SearchSource(
        from_document(parse_text(text.replace("METHOD", method), "q.yaml")), results
    )


def outcome(loss: float, status: str = "finished") -> Outcome:
    value = Value(loss, loss, loss, 1)
    summary = Summary(Path(), "a", status, None, {}, {"val_loss": value}, 1, 1.0, 1, None, None)
    return Outcome(status, summary=summary)


def loss_of(planned: RunSpec) -> float:
    """A loss with its least value at a learning rate of 0.01."""
    return abs(math.log10(planned.values["optimizer.learning_rate"]) + 2) + 0.1 * planned.seed


def answer(source: SearchSource, most: int = 1000) -> list[dict[str, Any]]:
    """Give every run that is asked for its outcome; return what was asked."""
    asked: list[dict[str, Any]] = []
    while len(asked) < most and (planned := source.take(None)) is not None:
        asked.append({**planned.values, "seed": planned.seed})
        source.done(planned, outcome(loss_of(planned)))
    return asked


@pytest.mark.parametrize("method", ["random", "tpe", "hyperband"])
def test_a_search_that_was_cut_off_asks_what_it_would_have_asked(
    tmp_path: Path, method: str
) -> None:
    (tmp_path / "calm").mkdir()
    calm = answer(searching(tmp_path / "calm", method=method))
    (tmp_path / "storm").mkdir()
    storm: list[dict[str, Any]] = []
    for most in (1, 3, 1000):
        source = searching(tmp_path / "storm", method=method)
        storm += answer(source, most)
        source.take(None)  # asked for, and then cut off
    assert storm == calm


def test_trials_that_can_not_be_are_told_and_pass(tmp_path: Path) -> None:
    # Units as a list of two fit a depth of two only.
    source = searching(tmp_path)
    asked = answer(source)
    states = [trial.state.name for trial in source.study.trials]
    assert (len(states), states.count("COMPLETE")) == (8, len(asked))
    assert states.count("FAIL") == 8 - len(asked) > 0
    assert any("`units` has 2 numbers" in why for why in source.study.user_attrs.values())


def test_more_trials_go_on_and_another_space_begins_anew(tmp_path: Path) -> None:
    answer(searching(tmp_path))
    more = searching(tmp_path, TEXT.replace("trials: 8", "trials: 10"))
    answer(more)
    assert len(more.study.trials) == 10
    other = searching(tmp_path, TEXT.replace("high: 4", "high: 5"))
    assert len(other.study.trials) == 0


def test_seeds_are_averaged(tmp_path: Path) -> None:
    source = searching(tmp_path, TEXT.replace("[[3, 4], 8]", "[8]") + "seeds: 0-2\n")
    assert [values["seed"] for values in answer(source)] == [0, 1, 2] * 8
    trial = source.study.trials[0]
    expected = abs(math.log10(trial.params["optimizer.learning_rate"]) + 2) + 0.1
    assert trial.value == pytest.approx(expected)


@pytest.mark.parametrize(("status", "value"), [("diverged", math.inf), ("finished", math.inf)])
def test_what_diverged_is_the_worst_there_is(tmp_path: Path, status: str, value: float) -> None:
    source = searching(tmp_path, TEXT.replace("[[3, 4], 8]", "[8]"))
    planned = source.take(None)
    assert planned is not None
    source.done(planned, outcome(math.nan if status == "finished" else 0.1, status))
    assert source.study.trials[0].value == value


def test_what_failed_is_no_value(tmp_path: Path) -> None:
    source = searching(tmp_path, TEXT.replace("[[3, 4], 8]", "[8]"))
    planned = source.take(None)
    assert planned is not None
    source.done(planned, Outcome("failed", "segfault"))
    assert source.study.trials[0].state.name == "FAIL"


def test_hyperband_gives_up_what_does_not_promise(tmp_path: Path) -> None:
    text = TEXT.replace("[[3, 4], 8]", "[8]").replace("trials: 8", "trials: 20")
    source = searching(tmp_path, text, "hyperband")
    assert source.watches
    while (planned := source.take(None)) is not None:
        for epoch in range(1, 10):
            if not source.goes_on(planned, epoch, {"val_loss": loss_of(planned)}):
                source.done(planned, Outcome("stopped"))
                break
        else:
            source.done(planned, outcome(loss_of(planned)))
    states = [trial.state.name for trial in source.study.trials]
    assert 0 < states.count("PRUNED") < 20
    assert states.count("PRUNED") + states.count("COMPLETE") == 20


def test_a_line_that_was_cut_off_does_no_harm(tmp_path: Path) -> None:
    answer(searching(tmp_path), 3)
    with (tmp_path / searches.FILE).open("a") as handle:
        handle.write('{"op_code": 4, "wor')
    answer(searching(tmp_path))
    assert len(searching(tmp_path).study.trials) == 8


def test_a_run_that_someone_else_trains_is_come_back_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DelayQueue, "PAUSE", 0.01)
    source = searching(tmp_path, TEXT.replace("trials: 8", "trials: 1").replace("[3, 4], ", ""))
    planned = source.take(None)
    assert planned is not None
    source.requeue(planned)
    assert source.take(None) is planned


def test_gp_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"q.yaml:4: search.method: Optuna's gp needs PyTorch"):
        searching(tmp_path, method="gp")


def test_a_search_is_checked_without_running_anything() -> None:
    assert expand(from_document(parse_text(TEXT.replace("METHOD", "tpe"), "q.yaml"))) == []
