"""Statuses follow their numbers."""

from kerasdemo.lecture.demo import percent, status_above, status_of


def test_a_claim_without_chance_holds_or_not() -> None:
    assert (status_of(True), status_of(False)) == ("held", "not held")


def test_the_interval_of_three_seeds_decides() -> None:
    assert status_above([1.0, 1.1, 0.9]) == "held"
    assert status_above([-1.0, -1.1, -0.9]) == "not held"
    assert status_above([1.0, -1.1, 0.9]) == "undecided"
    assert status_above([1.0, 1.1, 0.9], threshold=2.0) == "not held"
    assert status_above([1.0]) == "undecided"  # one seed shows no spread


def test_shares_are_shown_in_percent() -> None:
    assert percent([0.25]) == "25 %"
    assert percent([0.2, 0.3, 0.25]) == "25 [12.58, 37.42] %"
