"""Demos at a tiny size are trained in this process."""

import pytest

from kerasdemo.training import trainer


@pytest.fixture(autouse=True)
def _no_xla(monkeypatch: pytest.MonkeyPatch) -> None:
    """To compile epochs of 100 examples with XLA takes longer than to train them."""
    monkeypatch.setattr(trainer, "uses_xla", lambda _: False)
