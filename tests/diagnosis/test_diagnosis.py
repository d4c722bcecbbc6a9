"""Every run gets a verdict."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from kerasdemo.diagnosis import OUTCOMES, diagnose
from kerasdemo.records import History, Run
from tests.factories import falling, make_run, rising


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
)
def test_every_history_gets_a_verdict(
    rows: list[tuple[float, float, float, float]], status: str, known: bool
) -> None:
    columns = list(zip(*rows, strict=True)) or [()] * 4
    outcome = make_run(status=status)
    facts = outcome.facts if known else {}
    verdict = diagnose(Run(outcome.config, History(*columns), facts=facts))
    assert verdict.outcome in OUTCOMES
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
