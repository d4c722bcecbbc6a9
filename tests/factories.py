"""Runs and their summaries, written by hand."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from kerasdemo import config
from kerasdemo.records import History, LayerHistory, Run, RunFolder, Scalar, Summary, Value

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


def made(
    accuracy: float,
    seed: int = 0,
    status: str = "finished",
    name: str = "run",
    examples: int | None = None,
    **settings: Scalar,
) -> Summary:
    """A run with one metric; `a__b` stands for the dotted path a.b."""
    flat = {"seed": seed} | {key.replace("__", "."): v for key, v in settings.items()}
    return Summary(
        path=Path(f"{name}-{seed:08x}"),
        name=name,
        status=status,
        reason=None,
        settings=flat,
        metrics={"val_accuracy": Value(accuracy, accuracy, accuracy, 1)},
        epochs=1,
        seconds=2.0,
        parameters=10,
        source="fizzbuzz",
        verdict="healthy",
        examples={} if examples is None else {"validation": examples},
    )


def lost(value: float, seed: int = 0, **settings: Scalar) -> Summary:
    """A run with a validation loss."""
    run = made(0.5, seed, **settings)
    return replace(run, metrics={"val_loss": Value(value, value, value, 1)})


def write_run(
    folder: Path,
    text: str = "data: {name: fizzbuzz}",
    loss: Sequence[float] = (1.0, 0.5),
    accuracy: Sequence[float] = (0.75, 0.5),
    **facts: Any,
) -> RunFolder:
    """Write the folder of a run that was never trained; `facts` change its run.json."""
    run = RunFolder(folder)
    run.create(config.parse(text, "run.yaml"))
    for epoch, row in enumerate(zip(loss, accuracy, strict=True), 1):
        run.add_epoch(epoch, {"loss": row[0], "accuracy": row[1], "learning_rate": 0.001})
    known = {
        "status": "finished",
        "parameters": 42,
        "test": {"loss": 1.5, "accuracy": 0.25},
        "seconds": 3.0,
        "data": {"source": "fizzbuzz"},
    }
    run.finish(known | facts)
    return run
