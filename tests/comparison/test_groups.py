"""Runs in groups, and how a group is named."""

from kerasdemo.comparison.comparison import compare
from kerasdemo.comparison.groups import describe_values, differing_keys
from tests.factories import made


def test_keys_that_come_with_a_name_tell_nothing_more() -> None:
    sgd = made(0.5, optimizer__name="sgd", optimizer__nesterov=False)
    adam = made(0.5, optimizer__name="adam", optimizer__beta_1=0.9)
    assert differing_keys([sgd, adam]) == ("optimizer.name",)
    off = made(0.5, training__early_stopping=None)
    on = made(0.5, training__early_stopping__patience=5)
    assert differing_keys([off, on]) == ("training.early_stopping",)
    labels = {group.label for group in compare([off, on]).groups}
    assert labels == {"early_stopping=null", "early_stopping=-"}


def test_labels_are_short_and_tell_apart() -> None:
    assert describe_values({"optimizer.name": "sgd", "optimizer.learning_rate": 0.1}) == (
        "optimizer=sgd, learning_rate=0.1"
    )
    assert describe_values({"network.layers.0.units": 3, "network.layers.1.units": 4}) == (
        "network.layers.0.units=3, network.layers.1.units=4"
    )
