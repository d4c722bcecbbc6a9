"""Outputs that do not match the loss, where only what the untrained network gives shows it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from kerasdemo.config.layers import Layer
from kerasdemo.diagnosis import Verdict, diagnose
from kerasdemo.records import Task
from tests.factories import dense, make_python_run

BAD = {"loss": [1.2, 1.1, 1.1, 1.1], "accuracy": [0.4, 0.4, 0.4, 0.4]}
LOGITS = {"low": -1.5, "high": 2.7, "sum_low": -2.0, "sum_high": 3.0}
SHARES = {"low": 0.1, "high": 0.8, "sum_low": 0.9999, "sum_high": 1.0001}
ONE_UNIT = {"low": 0.2, "high": 0.7, "sum_low": 0.2, "sum_high": 0.7}
ONES = dict.fromkeys(LOGITS, 1.0)


def judge(
    output: Mapping[str, float] | None,
    task: Task = "classification",
    *,
    setup: Mapping[str, Any] | None = None,
    network: Sequence[Layer] | None = None,
    **curves: list[float],
) -> Verdict:
    units = 3 if task == "classification" else 1
    layers = network or (dense("dense", 64, 8), dense("dense_1", units, 64, "linear"))
    run = make_python_run(
        task,
        network=layers,
        setup={"structure": "code", **(setup or {})},
        facts={"initial": {"loss": 1.1, "output": output}},
        **(BAD | curves),
    )
    return diagnose(run)


def causes(verdict: Verdict) -> list[str]:
    return [cause.name for cause in verdict.causes]


@pytest.mark.parametrize(
    ("output", "task", "text"),
    [
        (LOGITS, "classification", "reads probabilities, the untrained network gives -1.5 to 2.7"),
        ({**ONE_UNIT, "low": -0.3}, "binary", "gives -0.3 to 0.7; use sigmoid"),
        ({**SHARES, "sum_low": 0.4}, "classification", "those of the untrained network sum to 0.4"),
        (ONES, "binary", "gives 1 for every input, as softmax over one unit does"),
    ],
)
def test_the_untrained_output_shows_what_code_hides(
    output: Mapping[str, float], task: Task, text: str
) -> None:
    verdict = judge(output, task)
    assert verdict.causes[0].name == "wrong_output_or_loss"
    assert text in verdict.causes[0].text


def test_the_remedy_of_logits_is_from_logits() -> None:
    verdict = judge(LOGITS)
    assert "from_logits=True" in (verdict.remedies[0].code or "")


@pytest.mark.parametrize(
    ("output", "task", "setup"),
    [
        (SHARES, "classification", {}),
        (ONE_UNIT, "binary", {}),
        (LOGITS, "classification", {"loss": {"name": "my_loss"}}),
        # Numbers from 0 to 1 may be logits as well.
        (
            ONE_UNIT,
            "binary",
            {"loss": {"name": "binary_crossentropy", "from_logits": True}},
        ),
        (None, "classification", {}),
    ],
)
def test_an_output_that_may_be_right_is_no_cause(
    output: Mapping[str, float] | None, task: Task, setup: Mapping[str, Any]
) -> None:
    verdict = judge(output, task, setup=setup)
    assert "wrong_output_or_loss" not in causes(verdict)


def test_a_saturated_sigmoid_that_learns_is_no_softmax() -> None:
    verdict = judge(ONES, "binary", accuracy=[0.4, 0.41, 0.42, 0.41])
    assert "wrong_output_or_loss" not in causes(verdict)


def test_sigmoids_of_several_classes_need_not_sum_to_1() -> None:
    network = (dense("dense", 64, 8), dense("dense_1", 3, 64, "sigmoid"))
    verdict = judge({**SHARES, "sum_high": 1.9}, network=network)
    assert "wrong_output_or_loss" not in causes(verdict)


def test_a_lambda_behind_the_output_may_be_its_activation() -> None:
    def build(output: Mapping[str, float]) -> Verdict:
        network = (
            dense("dense", 64, 8),
            dense("dense_1", 3, 64, "linear"),
            Layer("lambda", "lambda", (3,), (3,)),
        )
        return judge(output, setup={"structure": "chain"}, network=network)

    assert "wrong_output_or_loss" not in causes(build(SHARES))
    assert causes(build(LOGITS))[0] == "wrong_output_or_loss"


def test_a_note_says_what_code_hides_where_training_failed() -> None:
    assert any("a missing activation can't be seen" in n for n in judge(None).notes)
    good = judge(SHARES, loss=[1, 0.2, 0.1, 0.1], accuracy=[0.5, 0.97, 0.98, 0.98])
    assert good.is_healthy
    assert not any("missing activation" in note for note in good.notes)
