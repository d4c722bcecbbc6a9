"""Tests of counts and curves."""

import pytest

from kerasdemo.diagnosis import curves


@pytest.mark.parametrize(
    ("more", "less", "expected"), [(20, 5, True), (6, 4, False), (1, 0, False), (5, 20, False)]
)
def test_mcnemar(more: int, less: int, expected: bool) -> None:
    assert curves.is_majority(more, less) is expected
