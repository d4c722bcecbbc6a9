"""The page of a tuning: its path as a tree, each step with its curves and what it brought."""

import math
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from kerasdemo.comparison.difference import diff
from kerasdemo.comparison.groups import MISSING
from kerasdemo.comparison.statistics import Interval
from kerasdemo.config import Fault, InputError
from kerasdemo.config.changes import options
from kerasdemo.config.document import MAX_BYTES
from kerasdemo.display.verdict_text import data_warnings
from kerasdemo.pages.bars import BarAxis
from kerasdemo.pages.charts import Axis, Lines, Series
from kerasdemo.pages.group_charts import NAMES, mean_line, unit
from kerasdemo.pages.page import Chart, Page, badge, cut
from kerasdemo.pages.runs_page import Link
from kerasdemo.records import Run, files, read
from kerasdemo.records.schema import Count, Number, Record, Text, check
from kerasdemo.tuning.report import ON_THE_TEST_SET, describe_patch
from kerasdemo.tuning.steps import METRICS

FILE = "tune.json"
SCRIPTS = ("charts.js", "copy.js", "table.js")
STYLES = ("page.css", "table.css", "tune.css")
NO_INTERVAL = Interval(math.nan, math.nan, math.nan, 0)


class IntervalRecord(Record):
    """A mean and its interval, as shares."""

    mean: Number = None
    low: Number = None
    high: Number = None
    n: Count = None

    @property
    def percent(self) -> Interval:
        """Mean and interval in percent, or in points."""
        mean, low, high = (
            math.nan if end is None else 100 * end for end in (self.mean, self.low, self.high)
        )
        return Interval(mean, low, high, self.n or 0)


class CandidateRecord(Record):
    """A config that was tried: what its runs are called, and its scores."""

    outcome: str
    caution: Text = None
    runs: list[Annotated[str, Field(pattern=r"^[^./\\\x00][^/\\\x00]*$")]] = Field(
        default_factory=list
    )
    accuracy: IntervalRecord = IntervalRecord()
    val_accuracy: IntervalRecord = IntervalRecord()
    test_accuracy: IntervalRecord = IntervalRecord()
    r2: IntervalRecord = IntervalRecord()
    val_r2: IntervalRecord = IntervalRecord()
    test_r2: IntervalRecord = IntervalRecord()

    def percent(self, metric: str) -> Interval:
        """Return a metric's mean and interval in percent."""
        found: IntervalRecord = getattr(self, metric)
        return found.percent


class StepRecord(Record):
    """A remedy that was tried."""

    patch: dict[str, Any]
    reason: str = ""
    answers: str = ""
    kept: bool
    why: str = ""
    gains: dict[str, IntervalRecord] = Field(default_factory=dict)
    trial: CandidateRecord | None = None


class TuneRecord(Record):
    """The content of tune.json."""

    config: Text = None
    end: str
    runs: Count = None
    final_metric: str = "val_accuracy"
    start: CandidateRecord
    steps: list[StepRecord]
    final: CandidateRecord


@dataclass(frozen=True)
class Node:
    """The start, or a step: what the page shows of it.

    number: 0 for the start. depth: how many changes were kept before it.
    """

    number: int
    depth: int
    kept: bool
    step: StepRecord | None
    candidate: CandidateRecord | None
    runs: tuple[Run, ...]
    before: "Node | None"

    @property
    def name(self) -> str:
        """Return what it is called in charts and tables."""
        return f"step{self.number}"

    @property
    def label(self) -> str:
        """What was changed."""
        return describe_patch(self.step.patch) if self.step else "start"


def is_tuning(folder: Path) -> bool:
    """Return whether a folder is of a tuning that has ended."""
    return (folder / FILE).is_file()


def make(folder: str | Path, *, link: Link = lambda _: None) -> Page:
    """Return the page of a tuning.

    Args:
        folder: of its runs, with tune.json.
        link: path of a run's folder -> address of its page; None where there is none.

    Raises:
        InputError: where tune.json is missing or damaged.
    """
    folder = Path(folder)
    try:
        record = check(TuneRecord, files.read_json(folder / FILE), FILE)
    except FileNotFoundError:
        message = f"there is no {FILE}; `kerasdemo tune` writes it when it has ended"
        raise InputError(Fault(message, str(folder))) from None
    except (OSError, ValueError) as error:
        raise InputError(Fault(f"damaged: {error}", str(folder / FILE))) from None
    problems: list[str] = []
    nodes = _nodes(folder, record, problems)
    charts: dict[str, Chart] = {}
    for node in nodes:
        charts |= _charts(node)
    axis = _axis(nodes)
    metrics = [m for m in METRICS if any(n.candidate and n.candidate.percent(m).n for n in nodes)]
    gain_axis = BarAxis.around(
        (gain.percent.mean for step in record.steps for gain in step.gains.values()),
        (
            e
            for s in record.steps
            for g in s.gains.values()
            for e in (g.percent.low, g.percent.high)
        ),
        (0.0,),
    )
    kept = [node for node in nodes if node.kept]
    start = nodes[0].runs
    name = start[0].setup.name if start else folder.name.removesuffix("-tune")
    data = {
        "name": name,
        "end": record.end,
        "is_healthy": record.final.outcome == "healthy",
        "runs": record.runs or sum(len(node.runs) for node in nodes),
        "seeds": len(record.start.runs),
        "verdicts": [_badge(record.start), _badge(record.final)],
        "count": f"{len(kept) - 1} of {len(nodes) - 1} changes kept",
        "gained": _gained(record),
        "cautions": _cautions(record, start),
        "metrics": [NAMES[metric].capitalize() for metric in metrics],
        "ends": axis.ends,
        "nodes": [_node(node, metrics, axis, gain_axis, folder, link) for node in nodes],
        "gain_ends": gain_axis.ends,
        "settings": _settings(kept),
        "problems": problems,
        **_config(folder, record),
    }
    return Page(f"Tuning of {name}", "tune.html", data, charts, SCRIPTS, STYLES)


def _nodes(folder: Path, record: TuneRecord, problems: list[str]) -> list[Node]:
    """Return the start and the steps; a run that can't be read is missing, and said to be."""

    def runs(candidate: CandidateRecord | None) -> tuple[Run, ...]:
        found = []
        for name in candidate.runs if candidate else ():
            try:
                found.append(read(folder / name))
            except InputError as error:
                problems.extend(str(fault) for fault in error.faults)
        return tuple(found)

    start = Node(0, 0, True, None, record.start, runs(record.start), None)
    nodes, before = [start], start
    for number, step in enumerate(record.steps, 1):
        found = runs(step.trial)
        node = Node(number, before.depth + 1, step.kept, step, step.trial, found, before)
        nodes.append(node)
        before = node if step.kept else before
    return nodes


def _badge(candidate: CandidateRecord) -> dict[str, str]:
    return badge(candidate.outcome, candidate.caution)


def _gained(record: TuneRecord) -> list[dict[str, str]]:
    """Return each score of the start and of the end."""
    rows = []
    for metric, name in METRICS.items():
        first, last = record.start.percent(metric), record.final.percent(metric)
        if last.n:
            rows.append(
                {
                    "name": name[0].upper() + name[1:],
                    "start": f"{first:} %" if first.n else "no result",
                    "end": f"{last:} %",
                }
            )
    return rows


def _cautions(record: TuneRecord, start: Sequence[Run]) -> list[str]:
    found = data_warnings(start[0]) if start else []
    if record.final_metric.startswith("test_") and record.steps:
        name = METRICS.get(record.final_metric, record.final_metric)
        found.append(ON_THE_TEST_SET.format(name))
    return found


def _axis(nodes: Sequence[Node]) -> BarAxis:
    """Return the scale of all accuracies."""
    found = [
        node.candidate.percent(metric) for node in nodes if node.candidate for metric in METRICS
    ]
    return BarAxis.around(
        (value.mean for value in found),
        (end for value in found for end in (value.low, value.high)),
        limits=(0.0, 100.0),
    )


def _node(
    node: Node,
    metrics: Sequence[str],
    axis: BarAxis,
    gain_axis: BarAxis,
    folder: Path,
    link: Link,
) -> dict[str, Any]:
    step, candidate = node.step, node.candidate
    values = [candidate.percent(metric) if candidate else NO_INTERVAL for metric in metrics]
    scores = [
        {"text": f"{value} %", "value": value.mean, "bar": axis.bar(value)}
        if value.n
        else {"text": "", "value": "", "bar": None}
        for value in values
    ]
    return {
        "id": node.name,
        "number": node.number,
        "depth": node.depth,
        "kept": node.kept,
        "label": node.label,
        "reason": step.reason if step else "",
        "answers": step.answers.replace("_", " ") if step else "",
        "why": step.why if step else "",
        "options": options(step.patch) if step else "",
        "verdict": _badge(candidate) if candidate else None,
        "scores": scores,
        "gains": [
            {
                "name": METRICS.get(metric, metric),
                "text": f"{gain.percent:+} points",
                "bar": gain_axis.bar(gain.percent, marks=(0.0,)),
            }
            for metric, gain in (step.gains if step else {}).items()
            if gain.percent.n
        ],
        "charts": [f"{node.name}-{what}" for what in _metrics_of(node.runs)],
        "runs": [
            {"name": name, "link": link(folder / name)}
            for name in (candidate.runs if candidate else ())
        ],
    }


def _metrics_of(runs: Sequence[Run]) -> list[str]:
    """Return of what there are curves: the loss, and a score if the task has one."""
    return [
        what for what in ("loss", "accuracy", "r2") if any(getattr(r.history, what) for r in runs)
    ]


def _charts(node: Node) -> dict[str, Chart]:
    """Return a chart for the loss and one for the score: this step, and validation before it."""
    charts: dict[str, Chart] = {}
    for what in _metrics_of(node.runs):
        series = []
        for metric, color, name in (
            (what, "training", "training"),
            (f"val_{what}", "validation", "validation"),
        ):
            line = _mean(node.runs, metric)
            if line is not None:
                series.append(replace(line, id=f"{node.name}-{name}", name=name, color=color))
        is_same = what != "loss" or not _changes_loss(node)
        before = _mean(node.before.runs, f"val_{what}") if node.before and is_same else None
        if before is not None:
            before = replace(before, low=None, high=None)
            series.append(
                replace(
                    before, id=f"{node.name}-before", name="validation before", color=6, dash=True
                )
            )
        if series:
            title = "Loss" if what == "loss" else NAMES[what].split()[-1].capitalize()
            title = "R²" if what == "r2" else title
            several = "Mean over seeds, with the 95 % band." if len(node.runs) > 1 else "One seed."
            charts[f"{node.name}-{what}"] = Lines(
                f"{title}, {'start' if node.step is None else f'step {node.number}'}",
                several,
                Axis(title.lower() if what != "r2" else title, unit(what)),
                series,
            )
    return charts


def _changes_loss(node: Node) -> bool:
    """Return whether losses before and after a step have no common scale."""
    keys = [key.split(".") for key in node.step.patch] if node.step else []
    return any(key[0] == "loss" or "regularizer" in key for key in keys)


def _mean(runs: Sequence[Run], metric: str) -> Series | None:
    curves = [curve for run in runs if (curve := getattr(run.history, metric))]
    return mean_line(curves, metric, None) if curves else None


def _settings(kept: Sequence[Node]) -> list[dict[str, str]]:
    """Return the settings in which the end differs from the start, as their runs have them."""
    first, last = kept[0].runs, kept[-1].runs
    if not first or not last or len(kept) == 1:
        return []
    return [
        {"key": key, "start": _setting(one), "end": _setting(other)}
        for key, (one, other) in diff(first[0], last[0]).settings.items()
        if key != "seed"
    ]


def _setting(value: object) -> str:
    return MISSING if value is None else str(value)


def _config(folder: Path, record: TuneRecord) -> dict[str, str]:
    """Return the final config's text, and the command that trains it.

    Of a config that was written elsewhere there is no text: what tune.json names may be any file.
    """
    file = folder / "tuned.yaml"
    try:
        text = files.read_text(file, MAX_BYTES)
    except (OSError, ValueError):
        text = ""
    path = str(file) if text else record.config or ""
    return {
        "yaml": text,
        "command": f"kerasdemo run {shlex.quote(cut(path, 2000))}" if path else "",
    }
