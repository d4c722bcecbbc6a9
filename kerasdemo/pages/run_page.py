"""The page of one run: what it means, how it came about, and everything that is known of it."""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from kerasdemo.comparison.statistics import metric_interval
from kerasdemo.config import RunConfig
from kerasdemo.config.changes import options, with_changes
from kerasdemo.config.document import Document, dump, key_of
from kerasdemo.diagnosis import diagnose
from kerasdemo.diagnosis.curves import Z_975
from kerasdemo.diagnosis.features import RunFeatures
from kerasdemo.display.verdict_text import data_warnings, label_remedies
from kerasdemo.pages import (
    network_diagram,
    numbers,
    page,
    run_charts,
    run_predictions,
    run_settings,
)
from kerasdemo.pages.page import Page
from kerasdemo.records import Run
from kerasdemo.records.verdict import Remedy, Verdict

# Characters of a remedy that can be copied: of a network of hundreds of layers there are more.
MOST_COPIED = 10_000
# The usual reason for the end of a training, which needs no words.
ALL_EPOCHS = "all epochs"
STATUS_LEVELS = {"finished": "good", "diverged": "bad", "failed": "bad", "interrupted": "warn"}
STATUS_NOTES = {
    "interrupted": "Training was interrupted; the same command continues it.",
    "unfinished": "There is no run.json: the run is still training, or was cut off.",
}


def make(run: Run, verdict: Verdict | None = None) -> Page:
    """Return the page of a run, whatever its state.

    Args:
        run: as `records.read` gives it.
        verdict: of the run; None diagnoses it.
    """
    verdict = diagnose(run) if verdict is None else verdict
    features = RunFeatures(run)
    charts = run_charts.curves(features) | run_charts.layers(run)
    predictions = run_predictions.describe(run)
    if predictions:
        charts |= predictions["charts"]
    description = run.config.description if run.config else ""
    data = {
        "id": run.id,
        "description": description,
        "status": _status(run),
        "verdict": _verdict(run, verdict),
        "warnings": data_warnings(run),
        "figures": _figures(features),
        "curves": [name for name in charts if name.startswith(run_charts.CURVES)],
        "statistics": [name for name in run_charts.STATISTICS if name in charts],
        "quiet": run_charts.find_quiet(run),
        "predictions": predictions,
        "network": network_diagram.draw(run),
        "settings": run_settings.settings(run),
        "facts": list(run_settings.facts(run)),
    }
    title = f"{run.id}: {verdict.title}"
    return Page(title, "run.html", data, charts, styles=("page.css", "run.css"))


# What it means.


def _status(run: Run) -> dict[str, Any]:
    planned, epochs = run.setup.epochs, run.history.epochs
    of = f" of {planned:,}" if planned > epochs else ""
    return {
        "text": run.status,
        "level": STATUS_LEVELS.get(run.status, "warn"),
        "reason": "" if run.facts.get("reason") == ALL_EPOCHS else run.facts.get("reason") or "",
        "note": STATUS_NOTES.get(run.status, ""),
        "epochs": f"{epochs:,}{of} epoch{'s' * (epochs != 1 or bool(of))}",
    }


def _verdict(run: Run, verdict: Verdict) -> dict[str, Any]:
    warnings = data_warnings(run)
    remedies = label_remedies(verdict, len(verdict.remedies))
    return {
        "badge": page.badge(verdict.outcome, verdict.caution),
        "code": verdict.code,
        "since": verdict.epoch,
        "summary": verdict.summary,
        "evidence": _evidence(verdict.evidence),
        "causes": [
            {
                "name": cause.name.replace("_", " "),
                "code": cause.code,
                "text": cause.text,
                "weight": f"{cause.weight:.0%}",
                "evidence": _evidence(cause.evidence),
            }
            for cause in verdict.causes
        ],
        "remedies": [_remedy(run, label, remedy) for label, remedy in remedies],
        "notes": [note for note in verdict.notes if note not in warnings],
    }


def _evidence(evidence: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(key.replace("_", " "), numbers.number(value)) for key, value in evidence.items()]


def _remedy(run: Run, label: str, remedy: Remedy) -> dict[str, Any]:
    """Return a remedy with each form in which it can be copied."""
    if run.config is None:
        forms = {"Keras code": remedy.code or ""}
    else:
        forms = {
            "--set options": options(remedy.patch),
            "YAML": _yaml(run.config, remedy.patch),
            "Keras code": remedy.code or "",
        }
    return {
        "label": label,
        "reason": remedy.reason,
        "answers": remedy.answers.replace("_", " "),
        "forms": [(name, text) for name, text in forms.items() if 0 < len(text) <= MOST_COPIED],
    }


def _yaml(config: RunConfig, patch: Mapping[str, Any]) -> str:
    """Return a patch as YAML to paste into a config; of a list that it changes, the whole list."""
    changed = with_changes(Document(config.resolved, "config.yaml", {}), patch).data
    fragment: dict[str, Any] = {}
    for path in patch:
        names = [str(part) for part in takewhile(lambda part: isinstance(part, str), key_of(path))]
        value, place = changed, fragment
        for name in names[:-1]:
            value, place = value[name], place.setdefault(name, {})
        place[names[-1]] = value[names[-1]]
    return dump(fragment)


def _interval(features: RunFeatures, score: float, part: str) -> str:
    """Return the 95 % interval of a score, of which the examples allow no smaller one."""
    count, scale = features.measured(part), features.scale
    if scale.metric == "accuracy" and count and features.task != "multi_label":
        found = metric_interval([score], "accuracy", round(count))
        low, high = found.low, found.high
    else:
        error = features.error(score, part)
        low, high = score - Z_975 * error, min(score + Z_975 * error, 1.0)
        low = low if scale.metric == "r2" else max(low, 0.0)
    if not low < high:
        return ""
    form, factor = (".3f", 1) if scale.metric == "r2" else (".1f", 100)
    return f"[{factor * low:{form}}, {factor * high:{form}}], "


def _task_figures(run: Run) -> list[dict[str, str]]:
    """Return the size of the errors of one number, or how often all labels are right."""
    found = run.predictions
    columns: Sequence[Mapping[str, Any]] = found.get("columns") or ()
    if len(columns) == 1:
        residuals, unit = columns[0]["residuals"], columns[0].get("unit")
        text = numbers.quantity(residuals["rmse"], unit)
        note = f"mean absolute error {numbers.quantity(residuals['mae'], unit)}"
        return [{"name": f"{found['part']} RMSE", "value": text, "note": note}]
    if found.get("all_right") is not None:
        share = numbers.percent(found["all_right"] / found["examples"])
        note = f"of {found['examples']:,} {found['part']} examples"
        return [{"name": "all labels right", "value": share, "note": note}]
    return []


def _figures(features: RunFeatures) -> list[dict[str, str]]:
    """Return the few numbers that a reader looks for first: name, value, note."""
    run, scale = features.run, features.scale
    figures = []
    scores = {
        "test": features.test_score,
        "validation": features.val_score,
        "training": features.score,
    }
    for part, score in scores.items():
        if score is None:
            continue
        source = {"training": "train"}.get(part, part)
        count = features.measured(source)
        note = f"{_interval(features, score, source)}{count:,.0f} examples" if count else ""
        text = f"{100 * score:.1f} %" if scale.metric != "r2" else f"{score:.3f}"
        figures.append({"name": f"{part} {scale.name}", "value": text, "note": note})
    if not figures:
        losses = {"training": features.at("loss"), "validation": features.at("val_loss")}
        losses["test"] = features.fact("test", "loss")
        figures = [
            {"name": f"{part} loss", "value": numbers.number(loss), "note": ""}
            for part, loss in losses.items()
            if loss is not None
        ]
    figures += _task_figures(run)
    if features.epochs:
        kept = run.kept_epoch
        note = f"weights of epoch {kept} kept" if kept and kept < features.epochs else ""
        figures.append({"name": "epochs", "value": f"{features.epochs:,}", "note": note})
    parameters = network_diagram.count_parameters(run)
    if parameters is not None:
        layers = len([layer for layer in run.network if layer.has_kernel])
        note = f"{layers} layer{'s' * (layers != 1)} with weights" if layers else ""
        figures.append({"name": "parameters", "value": f"{parameters:,}", "note": note})
    if run.epoch_seconds:
        whole = run.facts.get("seconds")
        note = f"{numbers.seconds(whole)} in all" if whole else ""
        figures.append(
            {"name": "time of an epoch", "value": numbers.seconds(run.epoch_seconds), "note": note}
        )
    return figures
