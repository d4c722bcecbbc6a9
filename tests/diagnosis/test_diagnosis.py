"""Every run gets a verdict; rules are ignored by code."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kerasdemo.config import InputError, parse
from kerasdemo.diagnosis import OUTCOMES, diagnose, evaluate
from kerasdemo.diagnosis.catalogue import OUTCOME_RULES
from kerasdemo.records import History, Run, read
from tests.factories import (
    STUCK,
    MakeRun,
    falling,
    layer_curves,
    make_run,
    mnist_config,
    rising,
    write_run,
)


def test_the_sample_that_stands_in_is_noted(good: Run) -> None:
    facts = {**good.facts, "data": {**good.facts["data"], "warning": "the sample stands in"}}
    assert "the sample stands in" in diagnose(replace(good, facts=facts)).notes


Numbers = st.floats(allow_nan=True, allow_infinity=True, width=32)
Shares = st.floats(0, 1)


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(Numbers, Shares, Numbers, Shares), max_size=12),
    st.sampled_from(["finished", "diverged", "interrupted", "failed", "unfinished"]),
    st.booleans(),
    st.sets(st.sampled_from([rule.code for rule in OUTCOME_RULES[:-1]])),
)
def test_every_history_gets_a_verdict(
    rows: list[tuple[float, float, float, float]], status: str, known: bool, ignore: set[str]
) -> None:
    columns = list(zip(*rows, strict=True)) or [()] * 4
    outcome = make_run(status=status)
    facts = outcome.facts if known else {}
    run = Run(outcome.config, History(*columns), facts=facts)
    for ignored in ((), ignore):
        verdict = diagnose(run, ignore=ignored)
        assert verdict.outcome in OUTCOMES
        assert verdict.code not in ignored
        assert verdict.summary.endswith(".")


@settings(max_examples=50, deadline=None)
@given(st.floats(0.01, 100))
def test_the_scale_of_the_loss_does_not_matter(scale: float) -> None:
    """A penalty or another loss multiplies it; the accuracies decide."""
    text = "data: {name: mnist}\nloss: mse\ntraining: {early_stopping: null}\n"
    val_loss = [1.0, 0.6, 0.45, 0.4, 0.42] + [0.45 + 0.04 * n for n in range(15)]
    verdicts = {
        diagnose(
            make_run(
                text,
                loss=[factor * v for v in falling(2.3, 0.001)],
                accuracy=rising(0.1, 1.0),
                val_loss=[factor * v for v in val_loss],
                val_accuracy=rising(0.1, 0.88),
            )
        ).summary
        for factor in (1.0, scale)
    }
    assert len(verdicts) == 1


def test_an_ignored_outcome_falls_through_to_the_next(good: Run) -> None:
    accuracy = tuple(rising(0.1, 0.8))
    overfits = replace(good, history=replace(good.history, val_accuracy=accuracy))
    assert diagnose(overfits).code == "K130"
    assert diagnose(overfits, ignore=["k130"]).code == "K131"
    assert diagnose(overfits, ignore=["K130", "K131"]).code == "K112"


def test_ignored_causes_are_not_listed(run: MakeRun) -> None:
    text = mnist_config("depth: 2, activation: sigmoid", rest="ignore: [K211]\n")
    stuck = run(text, **STUCK, layers=layer_curves([1e-6, 1e-3, 1.0]))
    codes = [cause.code for cause in diagnose(stuck).causes]
    assert codes[0] == "K202"
    assert "K211" not in codes
    assert "K202" not in [cause.code for cause in diagnose(stuck, ignore=["K202"]).causes]


def test_an_unknown_code_is_an_error_in_an_argument(good: Run) -> None:
    with pytest.raises(InputError, match="no rule has the code 'K20'; did you mean 'K2"):
        diagnose(good, ignore=["K20"])
    with pytest.raises(InputError, match="K100 can't be ignored"):
        diagnose(good, ignore=["K100"])
    assert diagnose(good, ignore=["L302"]).is_healthy  # one of `kerasdemo check`


def test_an_unknown_code_is_a_note_in_a_config(run: MakeRun, good: Run) -> None:
    config = parse(mnist_config(rest="ignore: [K999, K100, L302]\n"))
    verdict = diagnose(replace(good, config=config))
    assert verdict.is_healthy
    assert [note.partition(":")[0] for note in verdict.notes] == ["`ignore`", "`ignore`"]
    assert "'K999'" in verdict.notes[0]


def test_evaluate_diagnoses_anew_and_writes_the_verdict(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    folder.verdict_file.write_text('{"outcome": "diverged"}')
    verdict = evaluate(read(folder.path))
    assert json.loads(folder.verdict_file.read_text())["code"] == verdict.code
    assert verdict.outcome != "diverged"
    again = evaluate(read(folder.path), ignore=[verdict.code])
    assert again.code != verdict.code
    assert json.loads(folder.verdict_file.read_text())["code"] == again.code


def test_a_run_whose_data_is_gone_keeps_its_remedies(run: MakeRun) -> None:
    stuck = run(mnist_config("depth: 2, activation: sigmoid"), **STUCK)
    data = stuck.config.data.model_copy(update={"path": "/gone/mnist.npz"})
    moved = replace(stuck, config=stuck.config.model_copy(update={"data": data}))
    assert diagnose(moved).remedies == diagnose(stuck).remedies != ()
