"""A search is resumable: cut off anywhere, it has the same trials."""

import math
from pathlib import Path
from typing import Any

import pytest

from kerasdemo.config import InputError
from kerasdemo.config.document import parse_text
from kerasdemo.records import Summary, Value
from kerasdemo.sweeps import search as searches
from kerasdemo.sweeps.executor import DelayQueue
from kerasdemo.sweeps.expansion import RunSpec, expand
from kerasdemo.sweeps.experiment import from_document
from kerasdemo.sweeps.run_store import RunOutcome
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


def make_source(results: Path, text: str = TEXT, method: str = "tpe") -> SearchSource:
    return SearchSource(
        from_document(parse_text(text.replace("METHOD", method), "q.yaml")), results
    )


def outcome(loss: float, status: str = "finished") -> RunOutcome:
    value = Value(loss, loss, loss, 1)
    summary = Summary(Path(), "a", status, None, {}, {"val_loss": value}, 1, 1.0, 1, None, None)
    return RunOutcome(status, summary=summary)


def loss_of(spec: RunSpec) -> float:
    """A loss with its least value at a learning rate of 0.01."""
    return abs(math.log10(spec.values["optimizer.learning_rate"]) + 2) + 0.1 * spec.seed


def finish(source: SearchSource, most: int = 1000) -> list[dict[str, Any]]:
    """Give every run that the search suggests its outcome; return the runs' values."""
    values: list[dict[str, Any]] = []
    while len(values) < most and (spec := source.take(None)) is not None:
        values.append({**spec.values, "seed": spec.seed})
        source.add_outcome(spec, outcome(loss_of(spec)))
    return values


@pytest.mark.parametrize("method", ["random", "tpe", "hyperband"])
def test_a_search_that_was_cut_off_has_the_same_trials(tmp_path: Path, method: str) -> None:
    (tmp_path / "calm").mkdir()
    calm = finish(make_source(tmp_path / "calm", method=method))
    (tmp_path / "storm").mkdir()
    storm: list[dict[str, Any]] = []
    for most in (1, 3, 1000):
        source = make_source(tmp_path / "storm", method=method)
        storm += finish(source, most)
        source.take(None)  # taken, and then cut off
    assert storm == calm


def test_a_trial_with_invalid_values_fails_with_the_reason(tmp_path: Path) -> None:
    # Units as a list of two fit a depth of two only.
    source = make_source(tmp_path)
    values = finish(source)
    states = [trial.state.name for trial in source.study.trials]
    assert (len(states), states.count("COMPLETE")) == (8, len(values))
    assert states.count("FAIL") == 8 - len(values) > 0
    assert any("`units` has 2 numbers" in why for why in source.study.user_attrs.values())


def test_more_trials_continue_a_study_and_another_space_is_another_one(tmp_path: Path) -> None:
    finish(make_source(tmp_path))
    more = make_source(tmp_path, TEXT.replace("trials: 8", "trials: 10"))
    finish(more)
    assert len(more.study.trials) == 10
    other = make_source(tmp_path, TEXT.replace("high: 4", "high: 5"))
    assert len(other.study.trials) == 0


def test_seeds_are_averaged(tmp_path: Path) -> None:
    source = make_source(tmp_path, TEXT.replace("[[3, 4], 8]", "[8]") + "seeds: 0-2\n")
    assert [values["seed"] for values in finish(source)] == [0, 1, 2] * 8
    trial = source.study.trials[0]
    expected = abs(math.log10(trial.params["optimizer.learning_rate"]) + 2) + 0.1
    assert trial.value == pytest.approx(expected)


@pytest.mark.parametrize(("status", "value"), [("diverged", math.inf), ("finished", math.inf)])
def test_a_run_that_diverged_has_the_worst_value(tmp_path: Path, status: str, value: float) -> None:
    source = make_source(tmp_path, TEXT.replace("[[3, 4], 8]", "[8]"))
    spec = source.take(None)
    assert spec is not None
    source.add_outcome(spec, outcome(math.nan if status == "finished" else 0.1, status))
    assert source.study.trials[0].value == value


def test_a_run_that_failed_has_no_value(tmp_path: Path) -> None:
    source = make_source(tmp_path, TEXT.replace("[[3, 4], 8]", "[8]"))
    spec = source.take(None)
    assert spec is not None
    source.add_outcome(spec, RunOutcome("failed", "segfault"))
    assert source.study.trials[0].state.name == "FAIL"


def test_hyperband_stops_runs_that_are_not_promising(tmp_path: Path) -> None:
    text = TEXT.replace("[[3, 4], 8]", "[8]").replace("trials: 8", "trials: 20")
    source = make_source(tmp_path, text, "hyperband")
    assert source.can_stop_runs
    while (spec := source.take(None)) is not None:
        for epoch in range(1, 10):
            if not source.is_promising(spec, epoch, {"val_loss": loss_of(spec)}):
                source.add_outcome(spec, RunOutcome("stopped"))
                break
        else:
            source.add_outcome(spec, outcome(loss_of(spec)))
    states = [trial.state.name for trial in source.study.trials]
    assert 0 < states.count("PRUNED") < 20
    assert states.count("PRUNED") + states.count("COMPLETE") == 20


def test_half_a_line_of_the_study_is_dropped(tmp_path: Path) -> None:
    finish(make_source(tmp_path), 3)
    with (tmp_path / searches.FILE).open("a") as handle:
        handle.write('{"op_code": 4, "wor')
    finish(make_source(tmp_path))
    assert len(make_source(tmp_path).study.trials) == 8


def test_a_run_that_another_sweep_trains_is_requeued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(DelayQueue, "PAUSE", 0.01)
    source = make_source(tmp_path, TEXT.replace("trials: 8", "trials: 1").replace("[3, 4], ", ""))
    spec = source.take(None)
    assert spec is not None
    source.requeue(spec)
    assert source.take(None) is spec


def test_gp_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"q.yaml:4: search.method: Optuna's gp needs PyTorch"):
        make_source(tmp_path, method="gp")


def test_a_search_is_checked_without_running_anything() -> None:
    assert expand(from_document(parse_text(TEXT.replace("METHOD", "tpe"), "q.yaml"))) == []
