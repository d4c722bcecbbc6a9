"""The table of runs that `kerasdemo list` prints."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from kerasdemo.comparison.groups import describe_values, differing_keys
from kerasdemo.display.tables import format_cell
from kerasdemo.records import Scalar, Summary

# Columns that a narrow terminal does without, the least important first.
MINOR = (
    *("data", "seconds", "epochs", "status", "accuracy", "r2", "date", "test_accuracy"),
    "test_r2",
)
# Characters that the column of differences gets before a minor column is shown.
ROOM_FOR_DIFFERENCES = 30


def row(run: Summary) -> dict[str, Any]:
    """Return a run's row of the table."""
    file = run.path / "run.json"
    ended = datetime.fromtimestamp(file.stat().st_mtime) if file.exists() else None
    kept = {name: value.kept for name, value in run.metrics.items()}
    return {
        "run": run.id,
        "seed": run.seed,
        "date": ended and f"{ended:%Y-%m-%d %H:%M}",
        "status": run.status,
        "verdict": run.title,
        "accuracy": kept.get("accuracy"),
        "val_accuracy": kept.get("val_accuracy"),
        "test_accuracy": kept.get("test_accuracy"),
        "r2": kept.get("r2"),
        "val_r2": kept.get("val_r2"),
        "test_r2": kept.get("test_r2"),
        "epochs": run.epochs,
        "seconds": run.seconds,
        "data": run.source,
        "tags": run.tags or (),
    }


def differences(runs: Sequence[Summary]) -> list[str]:
    """Return for each run the settings in which the runs differ."""
    keys = differing_keys(runs)
    return describe_settings(
        [{key: value for key, value in run.settings.items() if key in keys} for run in runs]
    )


def describe_settings(settings: Sequence[Mapping[str, Scalar]]) -> list[str]:
    """Return settings in words; those that few others share first: the end may be cut off."""
    keys = dict.fromkeys(key for one in settings for key in one)
    counts = {key: Counter(str(one.get(key)) for one in settings) for key in keys}
    usual = {key: count.most_common(1)[0][0] for key, count in counts.items()}
    return [
        describe_values(dict(sorted(one.items(), key=lambda pair: str(pair[1]) == usual[pair[0]])))
        for one in settings
    ]


def with_plain_tags(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return rows with their tags as text; without the column where no run has any."""
    if not any(row["tags"] for row in rows):
        return [{name: cell for name, cell in row.items() if name != "tags"} for row in rows]
    return [{**row, "tags": ", ".join(row["tags"]) or None} for row in rows]


def fit(rows: list[dict[str, Any]], width: int) -> list[dict[str, Any]]:
    """Return rows that fit a terminal: without minor columns, and with the longest text cut.

    Args:
        rows: not empty; with the columns "differs" and "run".
        width: of the terminal, in characters.
    """
    # Of regressions there is R², of all others accuracy.
    has_r2, has_accuracy = (
        any(cell is not None for row in rows for name, cell in row.items() if name.endswith(score))
        for score in ("r2", "accuracy")
    )
    empty = "r2" if not has_r2 else "accuracy" if not has_accuracy else None
    if empty:
        rows = [{n: cell for n, cell in row.items() if not n.endswith(empty)} for row in rows]
    widths = {
        name: 2 + max(len(name), *(len(format_cell(row[name])) for row in rows)) for name in rows[0]
    }
    for name in MINOR:
        if sum(widths.values()) - widths["differs"] + ROOM_FOR_DIFFERENCES <= width:
            break
        widths.pop(name, None)
    for name in ("differs", "run"):
        room = max(8, width - sum(widths.values()) + widths[name])
        rows = [
            row | {name: row[name] if len(row[name]) <= room else f"{row[name][: room - 1]}…"}
            for row in rows
        ]
        widths[name] = min(widths[name], room + 2)
    return [{name: row[name] for name in widths} for row in rows]
