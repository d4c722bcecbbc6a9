"""The page of many runs: a sweep, a results folder, several run folders, a comparison."""

import math
import warnings
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasdemo.comparison.claims import ClaimCheck
from kerasdemo.comparison.comparison import Comparison, Ranked, compare, gather
from kerasdemo.comparison.groups import MISSING, Group, format_value, is_number, short_names
from kerasdemo.comparison.metrics import TIMES, is_accuracy, usual_metric, value_of
from kerasdemo.comparison.statistics import Interval
from kerasdemo.config import Fault, InputError
from kerasdemo.display.comparison_tables import sentences
from kerasdemo.display.sentences import describe_evidence, describe_needs, describe_pair
from kerasdemo.pages import difference_page, group_charts
from kerasdemo.pages.bars import BarAxis
from kerasdemo.pages.charts import Parallel
from kerasdemo.pages.group_charts import NAMES, factor, group_id, unit
from kerasdemo.pages.page import Chart, Page, badge
from kerasdemo.records import RunFolder, Summary, reading
from kerasdemo.records.experiment_record import ExperimentRecord, find_experiment_record
from kerasdemo.records.summary import CURVES
from kerasdemo.sweeps.claims import check_claims

Link = Callable[[Path], str | None]

SCRIPTS = ("charts.js", "copy.js", "table.js", "runs.js")
STYLES = ("page.css", "table.css")
# Rows of a table, and columns of settings; a table with more is read by nobody.
MOST_ROWS, MOST_KEYS = 1000, 8
CLAIM_LEVELS = {"held": "good", "seen once": "good", "not held": "bad", "not seen": "bad"}
STATUS_LEVELS = {"diverged": "bad", "failed": "bad", "unfinished": "warn", "interrupted": "warn"}
PAIR_WORDS = {"better": "behind", "worse": "ahead", "tie": "tie", "undecided": "undecided"}


def make(
    paths: Sequence[str | Path],
    metric: str | None = None,
    *,
    link: Link = lambda _: None,
) -> Page:
    """Return the page of all runs in some folders: how they compare, and each of them.

    Args:
        paths: run folders, sweeps, results folders.
        metric: what is compared; None: validation accuracy where every run has it.
        link: path of a run's folder -> address of its page; None where there is none.

    Raises:
        InputError: where a path is no folder, or for an unknown metric.
    """
    folders = [Path(path) for path in paths]
    listing = gather(folders)
    runs, problems = listing.runs, [str(fault) for fault in listing.skipped]
    comparison = None
    try:
        comparison = compare(runs, metric or usual_metric(runs))
    except InputError as error:
        if metric is not None:
            raise
        problems += [fault.message for fault in error.faults if runs]
    experiments = _find_experiments(folders, runs)
    missing = _missing(experiments, runs)
    claims = _claims(experiments, problems)
    histories = {run.path: _history(run.path, problems) for run in runs}
    charts, every_curve = _charts(comparison, histories)
    groups = comparison.groups if comparison else []
    ids = {run.path: group_id(place) for place, group in enumerate(groups) for run in group.runs}
    shown = runs[:MOST_ROWS]
    title, heading = _heading(folders, runs, experiments)
    data: dict[str, Any] = {
        "experiment": heading,
        "counts": _counts(runs, len(missing)),
        "verdicts": _verdicts(runs),
        "claims": claims,
        "problems": problems[:50],
        "problems_left_out": max(0, len(problems) - 50),
        "missing": missing,
        **_tables(comparison),
        "chart_rows": _chart_rows(charts),
        "runs": [_run_row(run, ids, link(run.path)) for run in shown],
        "runs_left_out": len(runs) - len(shown),
        "page_data": {"curves": every_curve, **difference_page.data_of(shown, histories)},
    }
    return Page(title, "runs.html", data, charts, SCRIPTS, STYLES)


def _tables(comparison: Comparison | None) -> dict[str, Any]:
    """Return what the page says of the groups; without a comparison there is nothing."""
    if comparison is None:
        return dict.fromkeys(("metric", "cautions", "keys", "groups", "pairs", "notes"), ())
    keys = _shown_keys(comparison)
    return {
        "metric": NAMES[comparison.metric],
        "cautions": [text.removeprefix("CAUTION: ") for text in comparison.cautions],
        "keys": [short_names(comparison.keys)[key] for key in keys],
        "groups": _group_rows(comparison, keys),
        "pairs": _pairs(comparison),
        "notes": _notes(comparison),
    }


# What was run.


def _find_experiments(
    folders: Sequence[Path], runs: Sequence[Summary]
) -> dict[Path, ExperimentRecord]:
    """Return the experiments that are on the page as a whole, by their folder."""
    paths = {run.path for run in runs}
    found = {}
    for folder in dict.fromkeys([*folders, *(run.path.parent for run in runs)]):
        record = find_experiment_record(folder)
        if record is None:
            continue
        others = {name for name in record.runs if folder / name not in paths}
        if folder in folders or not others & _names_in(folder):
            found[folder] = record
    return found


def _heading(
    folders: Sequence[Path], runs: Sequence[Summary], experiments: Mapping[Path, ExperimentRecord]
) -> tuple[str, dict[str, str] | None]:
    """Return the page's title, and the question and source of the one experiment it is about."""
    if len(experiments) == 1:
        ((folder, record),) = experiments.items()
        if all(run.path.parent == folder for run in runs):
            heading = {"question": record.question or "", "source": record.source or ""}
            return record.name or folder.name, heading
    if len(folders) == 1:
        return folders[0].resolve().name or "Runs", None
    return f"{len(runs)} runs", None


def _counts(runs: Sequence[Summary], missing: int) -> list[dict[str, Any]]:
    """Return how many runs have each status, and how many of the experiments are missing."""
    counts = Counter(run.status for run in runs)
    found = [
        {"text": f"{n} {status}", "level": STATUS_LEVELS.get(status, "")}
        for status, n in counts.most_common()
    ]
    return found + ([{"text": f"{missing} not begun", "level": "warn"}] if missing else [])


def _missing(experiments: Mapping[Path, ExperimentRecord], runs: Sequence[Summary]) -> list[str]:
    """Return the runs of experiments of which there is no folder."""
    known = {run.path for run in runs}
    missing = []
    for folder, record in experiments.items():
        # Those that are there and can't be read are problems.
        there = _names_in(folder)
        missing += [
            name for name in record.runs if folder / name not in known and name not in there
        ]
    return missing


def _names_in(folder: Path) -> set[str]:
    try:
        return {child.name for child in folder.iterdir()}
    except OSError:
        return set()


def _verdicts(runs: Sequence[Summary]) -> list[dict[str, Any]]:
    """Return each verdict with its number of runs, the most frequent first."""
    counts = Counter((run.verdict, run.caution) for run in runs if run.verdict)
    order = sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    return [{**badge(*verdict), "count": n} for verdict, n in order]


def _history(path: Path, problems: list[str]) -> group_charts.Curves:
    """Return a run's curves; what can't be read is a problem to show, no reason to stop."""
    try:
        return reading.read_metrics(RunFolder(path).metrics_file, CURVES)
    except (OSError, ValueError) as error:
        problems.append(str(Fault(reading.describe_damage(error, path), str(path))))
        return {}


# Claims.


def _claims(
    experiments: Mapping[Path, ExperimentRecord], problems: list[str]
) -> list[dict[str, Any]]:
    """Return the rows of all claims; of several experiments each with its name."""
    rows = []
    for folder, record in experiments.items():
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            checks = check_claims(folder)
        problems += [str(warning.message) for warning in caught]
        name = (record.name or folder.name) if len(experiments) > 1 else ""
        rows += [{"experiment": name, **_claim(check)} for check in checks]
    return rows


def _claim(check: ClaimCheck) -> dict[str, Any]:
    claim, metric = check.claim, check.claim.metric
    scale = factor(metric)
    value, target = check.value.scaled(scale), None
    points = " points" if is_accuracy(metric) else unit(metric)
    if claim.between is not None:
        target = tuple(scale * end for end in claim.between)
    bar, ends = None, ("", "")
    if math.isfinite(value.mean) and claim.verdict is None:
        marks = target or (scale * claim.by,)
        axis = BarAxis.around([value.mean, value.low, value.high], (), marks)
        bar, ends = axis.bar(value, marks=marks), axis.ends
    level = CLAIM_LEVELS.get(check.status, "")
    return {
        "statement": claim.statement,
        "reference": "" if claim.reference is None else str(claim.reference),
        "status": {"text": check.status, "level": level, "sign": _sign(level)},
        "evidence": describe_evidence(check, percent=True),
        "note": claim.note or "",
        "bar": bar,
        "ends": [f"{end}{points if target is None else unit(metric)}" for end in ends],
        "selectors": {
            key: text if isinstance(text, str) else ", ".join(f"{k}={v}" for k, v in text.items())
            for key, text in claim.selectors.items()
        },
    }


def _sign(level: str) -> str:
    return {"good": "✓", "bad": "✗", "warn": "!"}.get(level, "?")


# Groups.


def _group_axis(comparison: Comparison) -> BarAxis:
    scale = factor(comparison.metric)
    groups = [group for group in comparison.groups if group.by_seed]
    return BarAxis.around(
        (scale * v for g in groups for v in (g.interval.mean, *g.by_seed.values())),
        (scale * end for g in groups for end in (g.interval.low, g.interval.high)),
        limits=(0.0, 100.0) if is_accuracy(comparison.metric) else (-math.inf, math.inf),
        can_be_log=not is_accuracy(comparison.metric),
    )


def _shown_keys(comparison: Comparison) -> list[str]:
    """Return the keys that are columns; of named groups, and of too many keys, none."""
    if comparison.named or len(comparison.keys) > MOST_KEYS:
        return []
    return list(comparison.keys)


def _group_rows(comparison: Comparison, keys: Sequence[str]) -> dict[str, Any]:
    axis, labels = _group_axis(comparison), group_charts.names(comparison)
    ranks = Counter((one.scale, one.rank) for one in comparison.ranked)
    rows = [
        _group_row(place, one, comparison, keys, axis, label, ranks[one.scale, one.rank] > 1)
        for place, (one, label) in enumerate(
            zip(comparison.ranked[:MOST_ROWS], labels, strict=False)
        )
    ]
    metric = comparison.metric
    other = [name for name in _other_scores(comparison) if any(row["scores"][name] for row in rows)]
    for row in rows:
        row["scores"] = [row["scores"][name] for name in other]
    return {
        "rows": rows,
        "left_out": max(0, len(comparison.ranked) - MOST_ROWS),
        "others": [NAMES[name] for name in other],
        "ends": axis.ends,
        "unit": unit(metric),
        "scales": comparison.scales,
        "first": "ascending" if metric in TIMES or metric.endswith("loss") else "descending",
    }


def _other_scores(comparison: Comparison) -> list[str]:
    """Return the metrics beside the compared one: the same on the other parts of the data."""
    return [name for name in _scores_of(comparison.score) if name != comparison.metric]


def _group_row(
    place: int,
    one: Ranked,
    comparison: Comparison,
    keys: Sequence[str],
    axis: BarAxis,
    label: str,
    is_tied: bool,
) -> dict[str, Any]:
    group, metric = one.group, comparison.metric
    scale, mean = factor(metric), group.interval.scaled(factor(metric))
    verdicts = Counter((run.verdict, run.caution) for run in group.runs if run.verdict)
    order = sorted(verdicts.items(), key=lambda pair: (-pair[1], str(pair[0])))
    parameters = group.runs[0].parameters
    return {
        "id": group_id(place),
        "place": place + 1,
        "rank": MISSING if one.rank is None else str(one.rank),
        "tied": is_tied and one.rank is not None,
        "scale": one.scale,
        "label": label,
        "full_label": group.label,
        "values": [_cell(group.values[key]) for key in keys],
        "mean": mean.mean if mean.n else None,
        "interval": _number_text(mean) if mean.n else "",
        "bar": axis.bar(mean, (scale * v for v in group.by_seed.values())) if mean.n else None,
        "seeds": mean.n,
        "lost": _lost(group),
        "verdicts": [{**badge(*verdict), "count": n} for verdict, n in order],
        "verdict": badge(*order[0][0])["text"] if order else "",
        "scores": {
            name: _score(group.mean_of(name, comparison.at), name)
            for name in _other_scores(comparison)
        },
        "seconds": _score(group.mean_of("seconds", "last"), "seconds", ".3g"),
        "parameters": parameters,
    }


def _cell(value: object) -> dict[str, Any]:
    """Return a setting as the text of a cell, and as what it is sorted by."""
    text = format_value(value)  # type: ignore[arg-type]
    return {"text": text, "value": str(value) if is_number(value) else text}  # type: ignore[arg-type]


def _number_text(mean: Interval) -> str:
    """Return `[low, high]`, "" for a value without an interval."""
    return f"[{mean.low:.4g}, {mean.high:.4g}]" if math.isfinite(mean.low) else ""


def _score(value: float, metric: str, form: str = ".4g") -> dict[str, Any] | None:
    if not math.isfinite(value):
        return None
    scaled = factor(metric) * value
    return {"text": f"{scaled:{form}}{unit(metric)}", "value": f"{scaled:.9g}"}


def _lost(group: Group) -> str:
    counts = ((group.diverged, "diverged"), (group.failed, "failed"))
    return ", ".join(f"{n} of {len(group.runs)} {word}" for n, word in counts if n)


def _pairs(comparison: Comparison) -> dict[str, Any] | None:
    """Return each group's difference to the best, by seed and as a mean; None without any."""
    metric = comparison.metric
    scale, labels = factor(metric), group_charts.names(comparison)
    found = [
        (place, one, one.best_minus_this)
        for place, one in enumerate(comparison.ranked)
        if one.best_minus_this and one.best_minus_this.difference.n
    ][:MOST_ROWS]
    if not found:
        return None
    differences = [-pair.difference.scaled(scale) for _, _, pair in found]
    by_seed = [[-scale * d for d in pair.by_seed] for _, _, pair in found]
    axis = BarAxis.around(
        [*(d.mean for d in differences), *(v for some in by_seed for v in some)],
        [end for d in differences for end in (d.low, d.high)],
        (0.0,),
    )
    rows = []
    for (place, one, pair), difference, values in zip(found, differences, by_seed, strict=True):
        seeds = sorted(one.best.by_seed.keys() & one.group.by_seed.keys())
        rows.append(
            {
                "id": group_id(place),
                "label": labels[place],
                "difference": difference.mean,
                "interval": f"{difference:+}",
                "bar": axis.bar(difference, values, (0.0,)),
                "decision": PAIR_WORDS[pair.decision],
                "needs": ""
                if pair.decision in ("better", "worse", "tie")
                else describe_needs(difference.n, pair.more_seeds or 0, pair.needs_examples),
                "seeds": ", ".join(
                    f"{seed}: {value:+.3g}" for seed, value in zip(seeds, values, strict=True)
                ),
            }
        )
    return {
        "rows": rows,
        "best": labels[0] if comparison.scales == 1 else "",
        "unit": " points" if is_accuracy(metric) else unit(metric),
        "ends": axis.ends,
    }


def _notes(comparison: Comparison) -> list[str]:
    """Return what must be known of the numbers, but for what the tables say."""
    pairs = {
        describe_pair(one.best_minus_this, one.best.label, one.group.label)
        for one in comparison.ranked
        if one.best_minus_this
    }
    shown = {*comparison.cautions, *pairs}
    lines = [line for line in sentences(comparison) if line not in shown]
    return [line[:1].upper() + line[1:] for line in lines if not line.startswith("... and ")]


# Charts.


def _charts(
    comparison: Comparison | None, histories: Mapping[Path, group_charts.Curves]
) -> tuple[dict[str, Chart], dict[str, Any]]:
    """Return the charts, and the lines of all groups for those that draw only some of them."""
    charts: dict[str, Chart] = {}
    every: dict[str, Any] = {}
    if comparison is None:
        return charts, every
    over = group_charts.over_settings(comparison)
    fit = group_charts.training_against_validation(comparison)
    # Beside parallel axes, which are as wide as the page, and where nothing else is there.
    is_alone = over is None or isinstance(over, Parallel)
    cost = group_charts.over_seconds(comparison) if is_alone else None
    found = {"settings": over, "fit": fit, "cost": cost}
    charts |= {name: chart for name, chart in found.items() if chart is not None}
    score = comparison.score
    sources = dict.fromkeys(("val_loss", "loss", f"val_{score}", score))
    for metric, chart in group_charts.curves(comparison, histories, tuple(sources)).items():
        charts[f"curve-{metric}"] = drawn = group_charts.drawn(chart)
        if len(drawn.series) < len(chart.series):
            every[f"curve-{metric}"] = chart.as_dict()["series"]
    return charts, every


def _chart_rows(charts: Mapping[str, Chart]) -> dict[str, list[str]]:
    """Return the ids of the charts by the section of the page they are in."""
    curves = [name for name in charts if name.startswith("curve-")]
    return {"settings": [name for name in charts if name not in curves], "curves": curves}


# Runs, and what differs between two of them.


def _run_row(run: Summary, ids: Mapping[Path, str], link: str | None) -> dict[str, Any]:
    kept = run.metrics.get("loss")
    score = "r2" if "r2" in run.metrics else "accuracy"
    has_score = any(name.endswith(score) for name in run.metrics)
    names = _scores_of(score if has_score else "loss")
    return {
        "name": run.id,
        "link": link,
        "group": ids.get(run.path, ""),
        "label": run.label or run.name,
        "seed": run.seed,
        "status": {
            "text": run.status,
            "level": STATUS_LEVELS.get(run.status, ""),
            "sign": _sign(STATUS_LEVELS.get(run.status, "")),
        },
        "reason": run.reason or "",
        "verdict": badge(run.verdict, run.caution) if run.verdict else None,
        "epochs": run.epochs if kept else 0,
        "scores": [_score(value_of(run, name), name) for name in names],
        "seconds": _score(math.nan if run.seconds is None else run.seconds, "seconds", ".3g"),
    }


def _scores_of(score: str) -> tuple[str, str, str]:
    return score, f"val_{score}", f"test_{score}"
