"""The claims of the experiments that come with kerasdemo say what they test."""

import re
from pathlib import Path

import pytest

from kerasdemo.lecture import shipped
from kerasdemo.sweeps.experiment import load

FILES = sorted((shipped.root() / "experiments").rglob("*.yaml"))
# What a statement must name of what its claim tests.
METRIC_WORDS = {
    "accuracy": "training accuracy",
    "loss": "training loss",
    "val_accuracy": "validation accuracy",
    "val_loss": "validation loss",
    "test_accuracy": "test accuracy",
    "test_loss": "test loss",
    "epoch_seconds": "epoch of training takes",
    "seconds": "whole run takes",
}
VERDICT_WORDS = {
    "optimization_failure": r"fails? to optimize",
    "overfitting": "overfitting",
    "diverged": "diverge",
    "test_mismatch": "test mismatch",
}


def test_every_row_of_the_lecture_is_claimed() -> None:
    experiments = [load(file) for file in FILES if "lecture" in file.parts]
    claimed = {row for one in experiments for claim in one.claims for row in claim.rows}
    # 21 to 23 are quoted figures and the worked network, which train nothing.
    assert claimed == set(range(1, 21))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_statement_says_what_its_claim_tests(file: Path) -> None:
    for claim in load(file).claims:
        statement = claim.statement
        # Whoever reads one claim has not read the one before it.
        assert not re.match(r"(and|which|they|it|this|too|also)\b", statement), statement
        assert not re.search(r"\b(it|every|always|all|never)\b", statement.split(" (")[0]), (
            statement
        )
        if claim.verdict is not None:
            assert re.search(VERDICT_WORDS[claim.verdict], statement), statement
            continue
        assert METRIC_WORDS[claim.metric] in statement, statement
        if claim.by:
            points = rf"by more than {100 * claim.by:g} points?(,|$)"
            assert re.search(points, statement), statement
        if claim.between is not None:
            least, most = (f"{100 * end:g}" for end in claim.between)
            bounds = f"more than {least} %" if most == "100" else f"{least} to {most} %"
            bounds = f"less than {most} %" if least == "0" else bounds
            assert bounds in statement, statement
