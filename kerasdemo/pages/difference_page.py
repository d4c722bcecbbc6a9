"""What differs between two runs: a page of its own, and what the page of many runs needs for it."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasdemo.comparison.difference import POINTS, RATIO, SHARES, diff
from kerasdemo.comparison.groups import MISSING, differing_keys, format_value
from kerasdemo.comparison.statistics import LOG_SPAN
from kerasdemo.display.sentences import describe_differences
from kerasdemo.pages.charts import Axis, Lines, Mark, Series
from kerasdemo.pages.group_charts import NAMES, Curves, factor, unit
from kerasdemo.pages.page import Chart, Page
from kerasdemo.records import Run, Summary
from kerasdemo.records.summary import CURVES

SCRIPTS = ("charts.js", "copy.js", "table.js")
# Numbers of the curves of single runs in a page: about 8 bytes each.
MOST_NUMBERS = 80_000


def make(first: Run, second: Run) -> Page:
    """Return the page of what differs between two runs: settings, curves, layers."""
    found = diff(first, second)
    charts: dict[str, Chart] = {}
    for metric in CURVES:
        series = [
            Series(
                f"run{n}",
                run.id,
                [factor(metric) * value for value in getattr(run.history, metric)],
                color=n,
                dash=n == 1,
            )
            for n, run in enumerate((first, second))
            if getattr(run.history, metric)
        ]
        if series:
            begins = [one for one in found.curves if one.what == metric]
            since = f"Apart from epoch {begins[0].epoch} on." if begins else "They stay close."
            marks = [Mark(one.epoch, "apart") for one in begins]
            axis = Axis(NAMES[metric], unit(metric))
            charts[metric] = Lines(NAMES[metric].capitalize(), since, axis, series, marks)
    settings = [
        {"key": key, "first": _setting(one), "second": _setting(other)}
        for key, (one, other) in found.settings.items()
    ]
    lines = describe_differences(found, first.id, second.id)[max(len(settings), 1) :]
    data = {"first": first.id, "second": second.id, "settings": settings, "sentences": lines}
    return Page(f"{first.id} and {second.id}", "difference.html", data, charts, SCRIPTS)


def _setting(value: object) -> str:
    return MISSING if value is None else str(value)


def data_of(runs: Sequence[Summary], histories: Mapping[Path, Curves]) -> dict[str, Any]:
    """Return what runs.js needs to say what differs between two runs that are chosen there."""
    keys = [*differing_keys(runs), "seed"]
    total = sum(len(curve) for run in runs for curve in histories[run.path].values())
    stride = max(1, -(-total // MOST_NUMBERS))
    return {
        "runs": [run.id for run in runs],
        "keys": keys,
        "settings": [
            [format_value(run.settings[key]) if key in run.settings else None for key in keys]
            for run in runs
        ],
        "histories": [
            {
                metric: [
                    float(f"{value:.4g}") if math.isfinite(value) else None
                    for value in curve[::stride]
                ]
                for metric, curve in histories[run.path].items()
            }
            for run in runs
        ],
        "stride": stride,
        "metrics": [
            {
                "name": metric,
                "title": NAMES[metric].capitalize(),
                "unit": unit(metric),
                "factor": factor(metric),
                "share": metric in SHARES,
            }
            for metric in CURVES
        ],
        "points": POINTS,
        "ratio": RATIO,
        "log_span": LOG_SPAN,
    }
