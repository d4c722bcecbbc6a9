"""The worked network gives the slide's numbers."""

from typing import Any

import pytest

from kerasdemo.lecture.demo import DemoContext
from kerasdemo.lecture.demos import worked_network


def test_the_worked_network_gives_the_slides_numbers(texts: Any) -> None:
    output = worked_network.worked_network(DemoContext())
    assert [claim.status for claim in output.claims] == ["held"] * 3
    lines = "\n".join(output.lines)
    for number in ("0.9820", "0.1192", "0.8635", "0.1107", "0.6177", "0.8291"):
        assert number in lines
    drawn = texts(output.figures["worked_network"]).split("\n")
    assert {"0.98", "0.12", "0.86", "0.11", "0.62", "0.83", "bias -2", "z = 4.00"} <= set(drawn)


def test_a_wrong_number_on_the_slide_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = ((0.98, 0.12), (0.86, 0.12), (0.62, 0.83))
    monkeypatch.setitem(worked_network.SLIDE, (1.0, -1.0), wrong)
    claims = worked_network.worked_network(DemoContext()).claims
    assert [claim.status for claim in claims] == ["not held", "held", "held"]
    assert "(0.86, 0.12)" in claims[0].reference and "(0.86, 0.11)" in claims[0].measured
