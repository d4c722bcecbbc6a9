"""Two configs have one compile key exactly where one EpochTrainer can train both."""

import pytest

from kerasdemo.config import RunConfig, parse
from kerasdemo.training.compile_key import compile_key


def config(*overrides: str) -> RunConfig:
    text = """
data: {name: mnist_sample, train: 230}
network: {depth: 1, units: 8, dropout: 0.5, regularizer: {l2: 0.1}}
optimizer: {name: sgd, momentum: 0.9}
"""
    return parse(text, overrides=overrides)


@pytest.mark.parametrize(
    "override",
    [
        *("seed=3", "name=other", "network.dropout=0.1", "network.regularizer.l2=0.2"),
        *("optimizer.learning_rate=0.3", "network.initializer=he_normal", "training.epochs=2"),
    ],
)
def test_what_does_not_change_the_arithmetic_shares(override: str) -> None:
    assert compile_key(config(override)) == compile_key(config())


@pytest.mark.parametrize(
    "override",
    [
        *("network.units=9", "optimizer=adam", "optimizer.momentum=0.5", "loss=mse"),
        *("network.dropout=0", "network.regularizer.l2=0", "network.regularizer.l1=0.1"),
        *("training.batch_size=7", "training.precision=float64", "data.train=229"),
        "optimizer.learning_rate={name: cosine_decay, initial_learning_rate: 0.1, decay_steps: 9}",
    ],
)
def test_other_arithmetic_has_another_key(override: str) -> None:
    assert compile_key(config(override)) != compile_key(config())


def test_rates_of_written_layers_share() -> None:
    layers = (
        "network={layers: [{type: flatten}, {type: dropout, rate: %s}, {type: dense, units: 10}]}"
    )
    none, half, other = (compile_key(config(layers % rate)) for rate in ("0", "0.5", "0.2"))
    assert half == other != none


def test_two_schedules_are_two_programs() -> None:
    schedule = (
        "optimizer.learning_rate={name: cosine_decay, initial_learning_rate: 0.1, decay_steps: %d}"
    )
    one, same, other = (compile_key(config(schedule % steps)) for steps in (9, 9, 10))
    assert one == same != other
