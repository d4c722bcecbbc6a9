"""Runs that are not alike: not ranked by a loss, else ranked or pooled with a caution."""

from dataclasses import replace

import pytest

from kerasdemo.comparison.comparison import compare
from kerasdemo.records import Scalar
from tests.factories import make_loss_summary, make_summary

MSE, CROSS = "mean_squared_error", "categorical_crossentropy"


def test_what_is_not_alike_is_ranked_or_pooled_with_a_caution() -> None:
    losses = [
        make_summary(0.5, s, network__depth=d, loss__name=loss)
        for d in (1, 2)
        for loss in ("mean_squared_error", "categorical_crossentropy")
        for s in range(3)
    ]
    pooled = compare(losses, group_by=["network"]).cautions
    assert any("mean of runs that differ in loss.name" in text for text in pooled)
    assert any("different losses are ranked" in text for text in compare(losses).cautions)
    assert any("no common scale" in text for text in compare(losses, "val_loss").cautions)
    data = [
        make_summary(0.5, s, data__name=name) for name in ("mnist", "circles") for s in range(3)
    ]
    assert any("different data are ranked, by data.name" in t for t in compare(data).cautions)
    alike = [make_summary(0.5, s, network__depth=d) for d in (1, 2) for s in range(3)]
    assert compare(alike).cautions == ()
    files = [
        replace(make_summary(0.5, s, data__name="file", data__path=path), data=path)
        for path in ("a.npz", "b.npz")
        for s in range(3)
    ]
    assert compare(files).keys == ("data.path",)
    same = [replace(run, data="one") for run in files]
    assert compare(same).keys == ()
    changed = [replace(run, data=str(n)) for n, run in enumerate(files[:3])]
    assert any("different contents" in text for text in compare(changed).cautions)


def test_different_losses_are_not_ranked_on_a_loss() -> None:
    runs = [
        make_loss_summary(value + units / 1000 + s / 1e5, s, loss__name=loss, network__units=units)
        for loss, value in ((MSE, 0.09), (CROSS, 1.5))
        for units in (1, 2)
        for s in range(3)
    ]
    got = compare(runs, "val_loss")
    # Each loss by itself, its best first.
    assert got.scales == 2
    assert [(one.scale, one.rank, one.group.values["loss.name"]) for one in got.ranked] == [
        (1, 1, CROSS), (1, 2, CROSS), (2, 1, MSE), (2, 2, MSE),
    ]  # fmt: skip
    assert all(one.best.values["loss.name"] == one.group.values["loss.name"] for one in got.ranked)
    assert got.edges == ()
    assert any("not ranked" in text for text in got.cautions)
    # Their accuracies are ranked, with a word.
    assert compare([make_summary(0.5, loss__name=loss) for loss in (MSE, CROSS)]).scales == 1


def test_a_mean_over_several_losses_is_ranked_with_none() -> None:
    runs = [
        make_loss_summary(0.5, s, loss__name=loss, network__units=units)
        for units, losses in ((1, (MSE, CROSS)), (2, (MSE,)), (3, (MSE,)))
        for loss in losses
        for s in range(3)
    ]
    got = compare(runs, "val_loss", group_by=["network.units"])
    ranks = {one.group.values["network.units"]: one.rank for one in got.ranked}
    assert ranks == {1: None, 2: 1, 3: 1}
    assert any("differ in loss.name: their values have no common" in t for t in got.cautions)


def test_a_single_group_is_ranked_with_nobody() -> None:
    runs = [
        make_loss_summary(0.5, s, loss__name=loss, x=1) for loss in (MSE, CROSS) for s in range(3)
    ]
    (caution,) = compare(runs, "val_loss", group_by=["x"]).cautions
    assert "ranked" not in caution
    assert "mean of runs that differ in loss.name" in caution


@pytest.mark.parametrize(
    ("key", "values", "scales"),
    [
        ("data.source", ("mnist", "mnist_sample"), 2),
        ("data.validation", (100, 200), 2),
        ("data.noise.validation", (0.0, 1.0), 2),
        # What is done with the same examples, or belongs to another part, changes nothing.
        ("data.normalize", ("unit", "none"), 1),
        ("data.train", (100, 200), 1),
        ("data.test", (100, 200), 1),
        # A penalty is part of the loss.
        ("network.regularizer.l2", (0.0, 0.01), 2),
        ("network.dropout", (0.0, 0.5), 1),
    ],
)
def test_a_loss_is_ranked_on_the_same_examples(
    key: str, values: tuple[Scalar, ...], scales: int
) -> None:
    named = key.replace(".", "__")
    runs = [
        make_loss_summary(0.1 + n, s, **{named: v}) for n, v in enumerate(values) for s in range(3)
    ]
    got = compare(runs, "val_loss")
    assert got.scales == scales
    assert any("not ranked" in text for text in got.cautions) == (scales > 1)


def test_groups_made_by_another_key_have_cautions_too() -> None:
    runs = [
        replace(make_summary(0.5, s, data__name="mnist", data__source=name, x=x), source=name)
        for x, name in ((1, "mnist"), (2, "mnist_sample"))
        for s in range(3)
    ]
    cautions = compare(runs, group_by=["x"]).cautions
    assert any("ranked, by data.source (mnist, mnist_sample)" in text for text in cautions)
