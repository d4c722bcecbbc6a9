"""Names of groups in legends: short, and no two alike."""

import itertools
from dataclasses import replace

from kerasdemo.comparison.comparison import compare
from kerasdemo.display.group_names import LONGEST, group_names
from tests.factories import make_summary


def test_names_in_a_legend_are_short_and_differ() -> None:
    path = "/somewhere/far/away/where/files/lie/for/long/"
    runs = [make_summary(0.5 + n / 100, 0, data__path=f"{path}{n}.npz", x=1, y=n) for n in range(3)]
    runs += [
        make_summary(0.8, 0, data__path=f"{path}{n}.npz", x=1, y=9, z="w" * 60) for n in (3, 4)
    ]
    runs = [replace(run, data=run.settings["data.path"]) for run in runs]
    comparison = compare(runs)
    names = group_names(comparison, comparison.groups)
    assert len(set(names)) == len(names) == 5
    assert max(len(line) for text in names for line in text.split("\n")) <= LONGEST
    assert not any("x=1" in text for text in names)


def test_what_tells_groups_apart_is_never_cut_from_their_names() -> None:
    """Four keys, of which the learning rate comes with the optimizer."""
    runs = [
        make_summary(0.5 + n / 100, network__activation__name=activation, network__dropout=dropout,
                     optimizer__name=name, optimizer__learning_rate=rate)
        for n, (activation, dropout, (name, rate)) in enumerate(itertools.product(
            ("relu", "leaky_relu"), (0.0, 0.2), (("sgd", 0.1), ("adam", 0.001))
        ))
    ]  # fmt: skip
    comparison = compare(runs)
    names = [" ".join(text.split()) for text in group_names(comparison, comparison.groups)]
    assert "activation=leaky_relu dropout=0.2 optimizer=adam" in names
    assert len(set(names)) == 8
    assert not any("#" in text or "…" in text or "rate" in text for text in names)
    # Of two rates for one optimizer both are in the name.
    more = [*runs[:2], make_summary(0.9, 0, **{
        key.replace(".", "__"): value for key, value in runs[0].settings.items() if key != "seed"
    } | {"optimizer__learning_rate": 0.5})]  # fmt: skip
    comparison = compare(more)
    assert "optimizer=sgd 0.5" in group_names(comparison, comparison.groups)


def test_keys_of_an_experiment_are_named_like_those_of_a_config() -> None:
    runs = [
        replace(
            make_summary(0.5 + n / 10, optimizer__name=name, optimizer__learning_rate=rate),
            label=f"{name} {rate}",
            values={"optimizer.learning_rate": rate, "optimizer": name},
        )
        for n, (name, rate) in enumerate(itertools.product(("sgd", "adam"), (0.1, 0.2)))
    ]
    comparison = compare(runs)
    assert comparison.keys == ("optimizer.learning_rate", "optimizer")
    assert group_names(replace(comparison, named=False), comparison.groups) == [
        "optimizer=adam 0.2", "optimizer=adam 0.1", "optimizer=sgd 0.2", "optimizer=sgd 0.1",
    ]  # fmt: skip
