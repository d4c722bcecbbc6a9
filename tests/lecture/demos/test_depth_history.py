"""Published errors are quoted, not measured."""

from typing import Any

from kerasdemo.lecture.demo import DemoContext
from kerasdemo.lecture.demos import depth_history


def test_published_errors_are_quoted(texts: Any) -> None:
    output = depth_history.depth_history(DemoContext())
    assert {claim.status for claim in output.claims} == {"quoted"}
    assert [claim.rows for claim in output.claims] == [(21,), (23,)]
    drawn = texts(output.figures["depth_history"])
    assert "3.57 %\n152 layers" in drawn and "17.1" in drawn and "word error [%]" in drawn
