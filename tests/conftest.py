"""What all tests share: no network, caches aside, a tiny config."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

from kerasdemo import config
from kerasdemo.records import Run
from tests.factories import MakeRun, falling, make_run, rising

# The same examples every time, however busy the machine.
settings.register_profile("steady", derandomize=True, deadline=None)
settings.load_profile("steady")

REPOSITORY = Path(__file__).parent.parent


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep a developer's own MNIST out of the tests, and the tests out of the user's caches."""
    for name in ("KERASDEMO_MNIST", "KERASDEMO_FASHION_MNIST", "KERASDEMO_RESIDENT_BYTES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras-home"))


@pytest.fixture
def repository() -> Path:
    return REPOSITORY


TINY = """
name: tiny
data: {name: mnist_sample, train: 250, validation: 100, test: 100}
network: {depth: 1, units: 16}
training: {batch_size: 50, epochs: 3, early_stopping: null}
"""


@pytest.fixture
def tiny() -> Callable[..., config.RunConfig]:
    """Return a function that makes a config that trains in a moment, with overrides."""
    return lambda *overrides: config.parse(TINY, overrides=overrides)


@pytest.fixture
def run() -> MakeRun:
    return make_run


@pytest.fixture
def good() -> Run:
    """A healthy run."""
    return make_run(
        loss=falling(2.3, 0.01),
        accuracy=rising(0.1, 0.99),
        val_loss=falling(2.3, 0.15),
        val_accuracy=rising(0.1, 0.965),
        test={"loss": 0.15, "accuracy": 0.963},
    )
