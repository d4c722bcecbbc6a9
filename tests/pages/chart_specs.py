"""Charts to try the script on, of each kind, friendly and hostile; and a page around them."""

import html
import json
import math
from typing import Any

from kerasdemo.pages.page import Page, asset, policy

Spec = dict[str, Any]

EPOCHS = 40
HOSTILE = "</script><script>alert(1)</script>"
NAMES = [
    HOSTILE,
    "</svg><img src=x onerror=alert(2)>",
    "\"'`&amp;<b>",
    "\u202eabc\u2067right to left\u202c",
    "long " * 2000,
]


def falling(start: float, end: float, count: int = EPOCHS) -> list[float]:
    return [end + (start - end) * math.exp(-5 * i / count) for i in range(count)]


def lines() -> Spec:
    validation = [v + 0.0006 * i * i for i, v in enumerate(falling(2.3, 0.25))]
    return {
        "kind": "lines",
        "title": "Loss",
        "sentence": "Training loss falls to 0.02; validation loss rises from epoch 18 on.",
        "x": {"label": "epoch"},
        "y": {"label": "loss", "unit": "", "log": False},
        "series": [
            {"id": "training", "name": "training", "color": "training", "y": falling(2.3, 0.02)},
            {
                "id": "validation",
                "name": "validation",
                "color": "validation",
                "dash": True,
                "y": validation,
            },
        ],
        "marks": [
            {"x": 18, "label": "lowest validation loss"},
            {"x": 19, "label": "kept epoch"},
            {"x": 40, "label": "early stopping after 20 epochs without a better one"},
        ],
    }


def bands() -> Spec:
    """Means of three groups with intervals, of which one has gaps and one ends early."""
    series = []
    for i, (name, count) in enumerate([("relu", 40), ("sigmoid", 40), ("tanh", 25)]):
        y: list[float | None] = [
            100 * (0.98 - 0.04 * i) * (1 - math.exp(-(j + 1) / (4 + 3 * i))) for j in range(count)
        ]
        if i == 1:
            y[10:13] = [None] * 3
            y[20:23] = [None, y[21], None]
        width = [12 / (1 + j / 5) for j in range(count)]
        series.append(
            {
                "id": name,
                "name": name,
                "color": i,
                "y": y,
                "low": [v and v - w for v, w in zip(y, width, strict=True)],
                "high": [v and v + w for v, w in zip(y, width, strict=True)],
            }
        )
    return {
        "kind": "lines",
        "title": "Validation accuracy, mean of 5 seeds",
        "sentence": "The bands are 95 % intervals of the mean.",
        "x": {"label": "epoch"},
        "y": {"label": "validation accuracy", "unit": " %", "log": False},
        "series": series,
        "marks": [],
    }


def many(count: int = 40, epochs: int = 200) -> Spec:
    return {
        "kind": "lines",
        "title": "Validation loss of 40 runs",
        "sentence": "Each line is a run of 200 epochs.",
        "x": {"label": "epoch"},
        "y": {"label": "validation loss", "log": True},
        "series": [
            {
                "id": f"run-{i}",
                "name": f"depth {i}, units 500",
                "y": falling(3, 0.01 * (i + 1), epochs),
            }
            for i in range(count)
        ],
        "marks": [{"x": 10 * i, "label": f"stop of run {i}"} for i in range(1, 20)],
    }


def one_point() -> Spec:
    return lines() | {
        "title": "One epoch",
        "series": [
            {"id": "a", "name": "training", "color": "training", "y": [0.5]},
            {"id": "b", "name": "validation", "color": "validation", "dash": True, "y": [0.7],
             "low": [0.6], "high": [0.8]},
        ],
        "marks": [{"x": 1, "label": "kept epoch"}],
    }  # fmt: skip


def no_value() -> Spec:
    return lines() | {
        "title": "No value at all",
        "series": [{"id": "a", "name": "training", "color": "training", "y": [None, None]}],
        "marks": [],
    }


def extreme() -> Spec:
    return lines() | {
        "title": "A diverging run",
        "y": {"label": "loss", "log": True},
        "series": [
            {"id": "a", "name": "loss", "color": 0, "y": [1e-8, 2.3, 1e5, 1e20, 1e30, None, 1e308]}
        ],
        "marks": [],
    }


def heatmap(rows: int = 6, epochs: int = EPOCHS) -> Spec:
    values: list[list[float | None]] = [
        [10 ** (-4 + 3 * i / rows - 2 * j / epochs) for j in range(epochs)] for i in range(rows)
    ]
    values[0][5] = None
    values[1][7] = 0.0
    return {
        "kind": "heatmap",
        "title": "Gradient norm by layer",
        "sentence": "The first layer's gradient is 500 times smaller than the last one's.",
        "x": {"label": "epoch", "values": list(range(1, epochs + 1))},
        "y": {"label": "layer", "values": [f"dense_{i}" for i in range(rows)]},
        "z": {"label": "gradient norm", "unit": "", "log": True},
        "values": values,
    }


def grid() -> Spec:
    return {
        "kind": "heatmap",
        "title": "Test accuracy by depth and activation",
        "sentence": "Mean of 3 seeds.",
        "x": {"label": "activation", "values": ["relu", "sigmoid", "tanh", "leaky_relu"]},
        "y": {"label": "depth", "values": ["1", "3", "5", "10"]},
        "z": {"label": "test accuracy", "unit": " %", "log": False},
        "values": [[97.1, 95.2, 96.4, 97.0], [97.5, 90.1, 96.9, None],
                   [97.2, 11.35, 96.0, 97.3], [96.1, 11.35, 88.8, 96.9]],
    }  # fmt: skip


def scatter() -> Spec:
    return {
        "kind": "scatter",
        "title": "Test accuracy by parameters",
        "sentence": "More parameters help up to 100,000.",
        "x": {"label": "parameters", "log": True},
        "y": {"label": "test accuracy", "unit": " %", "log": False},
        "points": [
            {
                "id": f"run-{i}",
                "label": f"depth {i}",
                "x": 10 ** (2 + i / 3),
                "y": 99 - 40 / (i + 1),
                "low": 99 - 40 / (i + 1) - 3,
                "high": 99 - 40 / (i + 1) + 3,
                "color": i % 3,
            }
            for i in range(12)
        ],
    }


def parallel() -> Spec:
    return {
        "kind": "parallel",
        "title": "All settings",
        "sentence": "Each line is a run.",
        "axes": [
            {"label": "network.activation", "values": ["relu", "sigmoid", "tanh"]},
            {"label": "training.optimizer.learning_rate", "values": None, "log": True},
            {"label": "network.depth", "values": None},
            {"label": "training.batch_size", "values": ["10", "100", "1000"]},
            {"label": "validation accuracy", "values": None},
        ],
        "lines": [
            {
                "id": f"run-{i}",
                "label": f"run {i}",
                "values": [
                    ["relu", "sigmoid", "tanh"][i % 3],
                    10 ** -(1 + i % 4),
                    1 + i % 5,
                    (i // 2) % 3,
                    None if i == 7 else 0.5 + 0.02 * i,
                ],
            }
            for i in range(24)
        ],
    }


def hostile() -> dict[str, Spec]:
    """Charts whose every text is hostile."""
    text = iter(range(10_000))

    def name() -> str:
        return NAMES[next(text) % len(NAMES)]

    found = {"lines": lines(), "heatmap": grid(), "scatter": scatter(), "parallel": parallel()}
    for spec in found.values():
        spec |= {"title": name(), "sentence": name()}
        for axis in [spec.get(key) for key in "xyz"]:
            if axis:
                axis["label"] = name()
                axis["unit"] = NAMES[0]
                if "values" in axis:
                    axis["values"] = [name() for _ in axis["values"]]
        for item in [*spec.get("series", ()), *spec.get("points", ()), *spec.get("lines", ())]:
            item |= {key: name() for key in ("name", "label") if key in item}
            item |= {"id": f"{item['id']}{HOSTILE}", "color": "red; background: url(x)"}
        for item in [*spec.get("marks", ()), *spec.get("axes", ())]:
            item["label"] = name()
    return found


def friendly() -> dict[str, Spec]:
    specs = [lines, bands, heatmap, grid, scatter, parallel, many, one_point, no_value, extreme]
    return {make.__name__: make() for make in specs}


def figure(name: str, spec: Spec) -> str:
    """Return the place of a chart, as the macro `chart` makes it."""
    rows = f' style="--rows:{len(spec["y"]["values"])}"' if spec["kind"] == "heatmap" else ""
    return (
        f'<figure class="chart" id="chart-{name}" data-chart="{name}"><figcaption>'
        f"<h3>{html.escape(spec['title'][:300])}</h3>"
        f"<p>{html.escape(spec['sentence'][:600])}</p></figcaption>"
        f'<div class="plot plot-{spec["kind"]}"{rows}></div></figure>'
    )


def page_of(specs: dict[str, Spec], body: str = "") -> str:
    """Return a page of charts under the policy of all pages."""
    scripts = ("charts.js", "copy.js")
    text = json.dumps(specs)
    for character in "<>&":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy(Page("", "", {}))}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Charts</title><style>{asset('page.css')}</style></head>"
        f'<body><main><h1>Charts</h1><h2>All kinds</h2>{body}<div class="grid">'
        + "".join(figure(name, spec) for name, spec in specs.items())
        + f'</div></main><script type="application/json" id="charts">{text}</script>'
        + "".join(f"<script>{asset(name)}</script>" for name in scripts)
        + "</body></html>"
    )
