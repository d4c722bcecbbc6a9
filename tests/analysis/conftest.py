"""Runs written by hand."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from kerasdemo import config
from kerasdemo.records import History, LayerHistory, Run

MakeRun = Callable[..., Run]

PLAIN = "data: {name: mnist}\ntraining: {early_stopping: null}\n"


def rising(start: float, end: float, epochs: int = 20, pace: float = 3.0) -> list[float]:
    """An accuracy that approaches `end` and is flat by the last quarter."""
    return [end - (end - start) * math.exp(-pace * n / 3) for n in range(epochs)]


def falling(start: float, end: float, epochs: int = 20, pace: float = 3.0) -> list[float]:
    """A loss that approaches `end`."""
    return rising(start, end, epochs, pace)


def make_run(
    text: str = PLAIN,
    *,
    loss: Sequence[float] = (),
    accuracy: Sequence[float] = (),
    val_loss: Sequence[float] = (),
    val_accuracy: Sequence[float] = (),
    layers: Mapping[str, Mapping[str, Sequence[float]]] | None = None,
    **facts: Any,
) -> Run:
    """A run with the facts that a training of MNIST would write, changed by `facts`."""
    known = {
        "status": "finished",
        "data": {
            "name": "mnist",
            "train": 10_000,
            "validation": 10_000,
            "test": 10_000,
            "shape": [28, 28],
            "classes": 10,
            "class_shares": [0.1] * 10,
            "test_class_shares": [0.1] * 10,
            "input": {"min": 0.0, "max": 1.0, "mean": 0.13, "sd": 0.31},
            "test_input": {"min": 0.0, "max": 1.0, "mean": 0.13, "sd": 0.31},
            "linear_baseline": {"train": 0.88, "validation": 0.85},
            "warning": None,
        },
        "updates": 100 * len(loss),
    }
    history = History(tuple(loss), tuple(accuracy), tuple(val_loss), tuple(val_accuracy))
    told = {
        name: LayerHistory(**{k: tuple(v) for k, v in values.items()})
        for name, values in (layers or {}).items()
    }
    data = {**known["data"], **facts.pop("data", {})}  # type: ignore[dict-item]
    return Run(config.parse(text), history, told, known | {"data": data} | facts)


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
