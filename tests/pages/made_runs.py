"""Experiments on disk that were never trained, for the tests of the pages of many runs."""

import itertools
import json
import math
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasdemo import config
from kerasdemo.records import RunFolder
from kerasdemo.records.experiment_record import (
    ExperimentRecord,
    RunEntry,
    write_experiment_record,
)

HOSTILE = (
    "</script><script>window.ran=1</script></svg>\"'><img src=x onerror='window.ran=2'>"
    "\x1b[31m\u202e"
)


def write_run(
    folder: Path,
    goal: float = 0.9,
    *,
    seed: int = 0,
    epochs: int = 6,
    settings: Mapping[str, Any] | None = None,
    name: str = "made",
    outcome: str | None = "healthy",
    **facts: Any,
) -> RunFolder:
    """Write a run whose validation accuracy approaches `goal`.

    Args:
        outcome: of its verdict; None for a run without one.
        facts: change its run.json; `status=None` for a run that has not ended.
    """
    made = config.parse("data: {name: fizzbuzz}", "run.yaml")
    made = made.with_changes({"seed": seed, "name": name, **(settings or {})})
    run = RunFolder(folder)
    run.create(made)
    noise = random.Random(seed)
    for epoch in range(1, epochs + 1):
        share = goal * (1 - 0.6 * math.exp(-3 * epoch / epochs)) + noise.uniform(-0.01, 0.01)
        run.add_epoch(
            epoch,
            {
                "loss": 2 - 1.9 * share,
                "accuracy": min(1.0, share + 0.03),
                "val_loss": 2.1 - 1.9 * share,
                "val_accuracy": share,
                "learning_rate": 0.001,
            },
        )
    known = {
        "status": "finished",
        "parameters": 42,
        "test": {"loss": 0.5, "accuracy": goal},
        "seconds": 3.0 + seed,
        "kept_epoch": epochs,
        "data": {"source": "fizzbuzz", "train": 800, "validation": 200, "test": 1000},
    }
    if facts.get("status", "finished") is not None:
        run.finish(known | facts)
    if outcome is not None:
        verdict = {"outcome": outcome, "code": "H1", "summary": "made up", "caution": None}
        run.verdict_file.write_text(json.dumps(verdict))
    return run


def write_sweep(
    folder: Path,
    axes: Mapping[str, Sequence[Any]],
    *,
    seeds: int = 3,
    epochs: int = 6,
    claims: Sequence[Mapping[str, Any]] = (),
    question: str = "Which is best?",
) -> Path:
    """Write a sweep over some axes: later values of an axis are better."""
    entries = {}
    combinations = list(itertools.product(*axes.values()))
    for place, values in enumerate(combinations):
        by_key = dict(zip(axes, values, strict=True))
        label = ", ".join(f"{key.rsplit('.', 1)[-1]}={value}" for key, value in by_key.items())
        for seed in range(seeds):
            name = f"made-{place:03}{seed:05x}"
            goal = 0.5 + 0.45 * (place + 1) / len(combinations)
            write_run(folder / name, goal, seed=seed, epochs=epochs, settings=by_key)
            entries[name] = RunEntry(label=label, values=by_key, seed=seed)
    record = ExperimentRecord(
        name="made_sweep", question=question, claims=list(map(dict, claims)), runs=entries
    )
    write_experiment_record(folder, record)
    return folder
