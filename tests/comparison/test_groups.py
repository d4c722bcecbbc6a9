"""Runs in groups, and how a group is named."""

from dataclasses import replace

from kerasdemo.comparison.comparison import compare
from kerasdemo.comparison.groups import describe_values, differing_keys
from tests.factories import make_summary


def test_keys_that_come_with_a_name_tell_nothing_more() -> None:
    sgd = make_summary(0.5, optimizer__name="sgd", optimizer__nesterov=False)
    adam = make_summary(0.5, optimizer__name="adam", optimizer__beta_1=0.9)
    assert differing_keys([sgd, adam]) == ("optimizer.name",)
    off = make_summary(0.5, training__early_stopping=None)
    on = make_summary(0.5, training__early_stopping__patience=5)
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


def test_runs_of_an_experiment_have_its_labels_and_values() -> None:
    rates = {"sgd": 0.01, "adam": 0.001}
    runs = [
        replace(
            make_summary(0.5, seed, optimizer__name=name, optimizer__learning_rate=rate, x=x),
            label=f"optimizer={name}, x={x}",
            values={"optimizer": name, "x": x},
        )
        for name, rate in rates.items()
        for x in (1, 2)
        for seed in range(2)
    ]
    got = compare(runs)
    # The rate comes with the optimizer: the experiment does not vary it.
    assert got.keys == ("optimizer", "x")
    assert {group.label for group in got.groups} == {run.label for run in runs}
    assert got.groups[0].values["optimizer"] in rates
    # Where a config differs in more than the experiment varies, its settings are compared.
    other = make_summary(0.5, 0, optimizer__name="sgd", optimizer__learning_rate=0.5, x=1)
    more = compare([*runs, replace(other, label=runs[0].label, values=runs[0].values)])
    assert more.keys == ("optimizer.name", "optimizer.learning_rate", "x")
    assert compare(runs, group_by=["x"]).groups[0].label == "x=1"


def test_a_variant_has_the_name_that_the_experiment_gives_it() -> None:
    runs = [
        replace(make_summary(0.5, 0, name=slug, x=x), label=label, values={"x": x})
        for x, (slug, label) in enumerate((("to_the_end", "to the end"), ("early", "early")))
    ]
    got = compare(runs)
    assert (got.named, {group.label for group in got.groups}) == (True, {"to the end", "early"})
