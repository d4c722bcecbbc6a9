"""Runs, verdicts, comparisons and histories of `kerasdemo.fit` as notebooks and `print` show them.

Each is made of the same blocks in HTML and in Markdown; the text is what the terminal shows.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from kerasdemo.comparison.comparison import Comparison
from kerasdemo.config.changes import options
from kerasdemo.config.errors import printable
from kerasdemo.diagnosis import diagnose
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.display import comparison_tables, style, svg, tables
from kerasdemo.display.blocks import (
    Block,
    Paragraph,
    Picture,
    Pictures,
    Table,
    Title,
    to_html,
    to_markdown,
)
from kerasdemo.display.verdict_text import (
    MOST_REMEDIES,
    data_warnings,
    describe_accuracies,
    label_remedies,
    verdict_lines,
)
from kerasdemo.records import Run
from kerasdemo.records.curves import UNKNOWN
from kerasdemo.records.summary import PARTS, best
from kerasdemo.records.verdict import Verdict

# Groups and layers of a table; the terminal and CSV show all.
MOST_ROWS = 60
LEAST_R2 = -1.0
COLORS = (("training", style.BLUE), ("validation", style.VERMILION))


class Engine(Protocol):
    """What trained the epochs, and the sentence that says why."""

    @property
    def loop(self) -> str: ...
    @property
    def why(self) -> str: ...


class FitHistory(Protocol):
    """What is shown of the history that `kerasdemo.fit` returns.

    history: metric -> values by epoch, by Keras' names. run: None without a recording.
    """

    @property
    def history(self) -> Mapping[str, Sequence[float]]: ...
    @property
    def run(self) -> Run | None: ...
    @property
    def verdict(self) -> Verdict | None: ...
    @property
    def engine(self) -> Engine | None: ...


Shown = Run | Verdict | Comparison | FitHistory


def html(shown: Shown) -> str:
    """Return what `_repr_html_` shows: at most 50 KB, readable where it is not trusted."""
    return to_html(list(_blocks(shown)))


def markdown(shown: Shown) -> str:
    """Return what `_repr_markdown_` shows."""
    return to_markdown(list(_blocks(shown)))


def text(shown: Shown) -> str:
    """Return what `print` shows, without what would move a terminal's cursor."""
    return printable("\n".join(_lines(shown)))


def _lines(shown: Shown) -> Iterator[str]:
    match shown:
        case Run():
            yield from _run_lines(shown, diagnose(shown))
        case Verdict():
            yield from (line.text.removeprefix("  ") for line in verdict_lines(shown))
        case Comparison():
            yield comparison_tables.render(shown, "table")
        case _ if shown.run is not None:
            yield from _run_lines(shown.run, shown.verdict)
        case _:
            yield from filter(None, [tables.render(_metric_rows(shown.history))])
            if shown.verdict is not None:
                yield from _lines(shown.verdict)


def _blocks(shown: Shown) -> Iterator[Block]:
    match shown:
        case Run():
            yield from _run_blocks(shown, diagnose(shown))
        case Verdict():
            yield from _verdict_blocks(shown)
        case Comparison():
            yield from _comparison_blocks(shown)
        case _:
            yield from _history_blocks(shown)


# A verdict


def _verdict_blocks(verdict: Verdict, hidden_notes: Sequence[str] = ()) -> Iterator[Block]:
    color = style.outcome_color(verdict.outcome, verdict.caution)
    since = f"from epoch {verdict.epoch}" if verdict.epoch else ""
    yield Title(since, verdict.title, color)
    yield Paragraph(verdict.summary)
    for cause in verdict.causes:
        yield Paragraph(f"{cause.name.replace('_', ' ')}: {cause.text}", "why")
    for label, remedy in label_remedies(verdict, MOST_REMEDIES):
        code, language = remedy.code, "python"
        if code is None:
            code, language = options(remedy.patch) or None, "sh"
        yield Paragraph(remedy.reason, label, code, language)
    if (more := len(verdict.remedies) - MOST_REMEDIES) > 0:
        yield Paragraph(f"{more} more: `verdict.remedies`", "or")
    for note in verdict.notes:
        if note not in hidden_notes:
            yield Paragraph(note, "note")


# A run


def _run_lines(run: Run, verdict: Verdict | None) -> Iterator[str]:
    reason = f", {run.facts['reason']}" if run.facts.get("reason") else ""
    yield f"{run.id}  {run.status}{reason}"
    yield f"  {describe_accuracies(run)}"
    if verdict is not None:
        for line in verdict_lines(verdict, hidden_notes=data_warnings(run)):
            yield line.text


def _run_blocks(run: Run, verdict: Verdict | None) -> Iterator[Block]:
    reason = f": {run.facts['reason']}" if run.facts.get("reason") else ""
    yield Title(f"{run.id}, {run.status}{reason}")
    yield Paragraph(f"{describe_accuracies(run)}. {_describe_setup(run)}")
    warnings = data_warnings(run)
    for warning in warnings:
        yield Paragraph(warning, "data")
    if verdict is not None:
        yield from _verdict_blocks(verdict, warnings)
    yield Pictures(tuple(_curves(run)))
    if run.network:
        yield Table(
            ("layer", "type", "output", "activation", "parameters"),
            [
                (
                    layer.name,
                    layer.type,
                    " x ".join("?" if size is None else str(size) for size in layer.output_shape),
                    layer.activation or "-",
                    f"{layer.parameters:,}",
                )
                for layer in run.network[:MOST_ROWS]
            ],
            folded=_describe_layers(run),
        )


def _describe_setup(run: Run) -> str:
    """Return in a line what was trained, on what, and how fast."""
    setup, data = run.setup, run.facts.get("data") or {}
    rate = setup.optimizer.get("learning_rate")
    optimizer = setup.optimizer_name + (f" {rate:g}" if isinstance(rate, float) else "")
    counts = [f"{data[part]:,} {part}" for part in PARTS if data.get(part)]
    loop = (run.facts.get("engine") or {}).get("loop")
    parts = [
        *(name for name in (setup.loss_name, optimizer) if name != UNKNOWN),
        f"batch size {setup.batch_size}" if setup.batch_size else "",
        f"{', '.join(counts)} examples" if counts else "",
        f"{run.epoch_seconds:.3g} s an epoch" if run.epoch_seconds else "",
        f"loop {loop}" if loop else "",
    ]
    return " · ".join(filter(None, parts))


def _describe_layers(run: Run) -> str:
    count = len(run.network)
    parameters = run.facts.get("parameters")
    if parameters is None:
        parameters = sum(layer.parameters for layer in run.network)
    first = f", the first {MOST_ROWS}" if count > MOST_ROWS else ""
    return f"{count} layer{'s' * (count != 1)}{first}, {parameters:,} parameters"


def _curves(run: Run) -> Iterator[Picture]:
    """Yield the loss and, of a task that has one, the score by epoch."""
    features = RunFeatures(run)
    score = features.scale.metric
    name = run.setup.loss_name.replace("_", " ")
    panels = [("loss", "loss" if name == UNKNOWN else f"loss ({name})", 1.0)]
    if getattr(run.history, score):
        has_percent = score != "r2"
        title = f"{features.scale.name}, {'%' if has_percent else f'from {LEAST_R2:g} up'}"
        panels.append((score, title, 100.0 if has_percent else 1.0))
    kept = run.kept_epoch
    for metric, title, factor in panels:
        training, validation = (
            [factor * _cut(metric, value) for value in getattr(run.history, name)]
            for name in (metric, f"val_{metric}")
        )
        yield from _picture(title, training, validation, kept)


def _cut(metric: str, value: float) -> float:
    """Return what is drawn of a value; early R² may be -1000 and would hide the rest."""
    return LEAST_R2 if metric == "r2" and value < LEAST_R2 else value


def _picture(
    title: str, training: Sequence[float], validation: Sequence[float], kept: int | None
) -> Iterator[Picture]:
    """Yield a panel of two curves; nothing where there is no finite value."""
    sides = [
        (name, svg.Curve(values, color, is_dashed=name == "validation"))
        for (name, color), values in zip(COLORS, (training, validation), strict=True)
        if values
    ]
    is_marked = kept is not None and kept < max(len(training), len(validation))
    names = " and ".join(name for name, _ in sides)
    image = svg.plot(
        [curve for _, curve in sides], f"{title} by epoch: {names}", kept if is_marked else None
    )
    if not image:
        return
    legend = [
        (svg.line_sample(curve.color, svg.DASHES if curve.is_dashed else ""), name)
        for name, curve in sides
    ]
    if is_marked:
        legend.append((svg.line_sample(style.GRAY, svg.DOTS), f"epoch {kept}, kept"))
    yield Picture(title, image, tuple(legend))


# A history


def _history_blocks(shown: FitHistory) -> Iterator[Block]:
    if shown.run is not None:
        yield from _run_blocks(shown.run, shown.verdict)
        return
    rows = _metric_rows(shown.history)
    epochs = max(map(len, shown.history.values()), default=0)
    yield Title(f"{epochs} epoch{'s' * (epochs != 1)}, not recorded")
    if shown.engine is not None:
        yield Paragraph(f"{shown.engine.loop}: {shown.engine.why}", "loop")
    if shown.verdict is not None:
        yield from _verdict_blocks(shown.verdict)
    if rows:
        columns = list(rows[0])
        yield Table(columns, [[str(row[name]) for name in columns] for row in rows])
    loss, val_loss = (shown.history.get(name, ()) for name in ("loss", "val_loss"))
    yield Pictures(tuple(_picture("loss", loss, val_loss, None)))


def _metric_rows(history: Mapping[str, Sequence[float]]) -> list[dict[str, str]]:
    """Return a row for each metric: its last value, and its best with the epoch."""
    rows = []
    for metric, values in history.items():
        if not values:
            continue
        number, epoch = best(metric, values)
        known = {"best": f"{number:.4g}", "in epoch": str(epoch)} if epoch else {}
        rows.append(
            {"metric": metric, "last": f"{values[-1]:.4g}", "best": "-", "in epoch": "-"} | known
        )
    return rows


# A comparison


def _comparison_blocks(comparison: Comparison) -> Iterator[Block]:
    count = len(comparison.ranked)
    first = f", the first {MOST_ROWS}" if count > MOST_ROWS else ""
    at = {"kept": "", "last": ", last epoch", "best": ", best epoch"}[comparison.at]
    yield Title(f"{comparison.metric}{at}: {count} group{'s' * (count != 1)}{first}")
    columns, rows = comparison_tables.table(comparison)
    has_values = comparison.metric in columns
    yield Table(
        columns,
        rows[:MOST_ROWS],
        images=list(_bars(comparison))[:MOST_ROWS] if has_values else (),
        image_column=comparison.metric if has_values else "",
    )
    for line in comparison_tables.sentences(comparison):
        yield Paragraph(line)


def _bars(comparison: Comparison) -> Iterator[str]:
    """Yield a picture of each group's interval, on one axis for the groups of one scale.

    The groups that share the first rank are blue, the others gray.
    """
    spans: dict[int, list[float]] = {}
    for one in comparison.ranked:
        found = one.group.interval
        ends = filter(math.isfinite, (found.mean, found.low, found.high))
        spans.setdefault(one.scale, []).extend(ends)
    for one in comparison.ranked:
        found, span = one.group.interval, spans[one.scale] or [0.0]
        color = style.BLUE if one.rank in (1, None) else style.GRAY
        yield svg.interval_bar(found.mean, found.low, found.high, (min(span), max(span)), color)
