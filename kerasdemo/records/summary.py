"""A run in short: what lists and comparisons need, small enough for 10,000 runs in memory."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from pydantic import ConfigDict

from kerasdemo.config import Fault, InputError
from kerasdemo.records import reading, setup
from kerasdemo.records.folder import RunFolder
from kerasdemo.records.schema import Integer, Number, PlainKey
from kerasdemo.records.tags import Tags, find_tags

CURVES = ("loss", "accuracy", "r2", "val_loss", "val_accuracy", "val_r2")
MEASURES = ("loss", "accuracy", "r2")
PARTS = ("train", "validation", "test")
# How a summary is written to the cache and checked when read; runs share most of their strings.
CACHED = ConfigDict(strict=True, cache_strings="all", ser_json_inf_nan="constants")


class Value(NamedTuple):
    """A metric of one run: of the weights that were kept, after the last epoch, and at its best.

    Early stopping may keep the weights of an earlier epoch than the last. Epochs count from 1.
    """

    kept: float
    last: float
    best: float
    best_epoch: Integer


@dataclass(frozen=True, slots=True)
class Summary:
    """A run in short.

    settings: everything that the run depends on, dotted path -> value.
    metrics: by Keras' names; the test set is evaluated once, with the weights that were kept.
    seconds: of the whole run. source: the name of the data that was really used.
    verdict, caution: outcome of the diagnosis. examples: part of the data -> number of examples.
    data: SHA-256 of the data that was used.
    label, values: what the experiment calls the run, and dotted path -> value of what sets it
    apart there, or the settings of a run from Python; None and empty for any other run.
    tags: a person's own words for the run; None where tags.json is damaged.
    """

    __pydantic_config__: ClassVar = CACHED

    path: Path
    name: str
    status: str
    reason: str | None
    settings: Mapping[PlainKey, str | bool | Integer | float | None]
    metrics: Mapping[str, Value]
    epochs: Integer
    seconds: Number
    parameters: Integer | None
    source: str | None
    verdict: str | None
    examples: Mapping[str, Integer] = field(default_factory=dict)
    data: str | None = None
    caution: str | None = None
    label: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    tags: Tags | None = ()

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.path.name

    @property
    def title(self) -> str | None:
        """The verdict with its caution: `healthy, overconfident`."""
        return f"{self.verdict}, {self.caution}" if self.caution else self.verdict

    @property
    def seed(self) -> int:
        """The run's seed."""
        seed = self.settings.get("seed")
        return seed if isinstance(seed, int) else 0


def summarize(path: str | Path) -> Summary:
    """Read a run's folder into a summary, without its label in an experiment.

    Raises:
        InputError: where it is not a run's folder, or a file is damaged.
    """
    folder = RunFolder(Path(path))
    try:
        return _read(folder)
    except (OSError, ValueError) as error:
        message = f"skipped, not a whole run: {reading.describe_damage(error, folder.path)}"
        raise InputError(Fault(message, str(folder.path))) from None


def _read(folder: RunFolder) -> Summary:
    values: Mapping[str, Any] = {}
    if folder.config_file.is_file():
        name, settings = reading.read_settings(folder.config_file)
    else:
        found = setup.read(folder.setup_file)
        name, settings, values = found.name, found.as_settings(), found.settings
    facts = reading.read_facts(folder.run_file)
    verdict = reading.read_verdict(folder.verdict_file)
    curves = reading.read_metrics(folder.metrics_file, CURVES)
    epochs, kept = len(curves.get("loss", ())), facts.get("kept_epoch") or 0
    if kept > epochs > 0:
        raise ValueError(f"metrics.csv: {epochs} epochs; the weights of epoch {kept} were kept")
    metrics = {
        metric: Value(curve[kept - 1], curve[-1], *best(metric, curve))
        for metric, curve in curves.items()
        if epochs
    }
    test = facts.get("test") or {}
    once = {f"test_{metric}": test[metric] for metric in MEASURES if metric in test}
    if facts.get("epoch_seconds") is not None:
        once["epoch_seconds"] = facts["epoch_seconds"]
    for metric, number in once.items():
        value = math.nan if number is None else float(number)
        metrics[metric] = Value(value, value, value, 0)
    data = facts.get("data") or {}
    source = data.get("source")
    if source is not None:
        # Runs on the sample that replaces MNIST are not runs on MNIST.
        settings["data.source"] = source
    return Summary(
        path=folder.path,
        name=name,
        status=facts.get("status", "unfinished"),
        reason=facts.get("reason"),
        settings=settings,
        metrics=metrics,
        epochs=epochs,
        seconds=facts.get("seconds"),
        parameters=facts.get("parameters"),
        source=source,
        verdict=verdict.get("outcome"),
        caution=verdict.get("caution"),
        values=values,
        examples={part: data[part] for part in PARTS if data.get(part) is not None},
        data=data.get("sha256"),
        tags=find_tags(folder),
    )


def best(metric: str, curve: Sequence[float]) -> tuple[float, int]:
    """Return the best value of a metric's curve and its epoch (from 1); NaN is never best."""
    finite = [(value, epoch) for epoch, value in enumerate(curve, 1) if math.isfinite(value)]
    if not finite:
        return math.nan, 0
    if metric.endswith(("accuracy", "r2")):
        return max(finite, key=lambda pair: (pair[0], -pair[1]))
    return min(finite)
