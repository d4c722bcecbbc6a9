"""Reads each file of a run folder: its format, its checks and its older names.

What is wrong in a file of facts is an OSError or ValueError. A damaged derived file counts as
missing, because it can be written again.
"""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml

from kerasdemo.config import document
from kerasdemo.config.errors import shown
from kerasdemo.records import files
from kerasdemo.records.schema import (
    METRICS,
    PLAIN_KEY,
    SHARES,
    STATISTICS,
    Facts,
    Record,
    SanityChecks,
    VerdictSummary,
    check,
)

Scalar = str | int | float | bool | None

# The name of sanity_checks.json in older folders.
OLDER_SANITY_CHECKS = "probe.json"
# Brackets and dashes in a config: as it is written it has a few lists, none in another.
MAX_NESTED = 200
# libyaml is fifteen times as fast as the strict reader; what `dump` wrote, both read alike.
_Loader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_settings(file: Path) -> tuple[str, dict[str, Scalar]]:
    """Read config.yaml quickly, without the checks of a whole config.

    Returns:
        The run's name, and everything that the run depends on, as dotted path -> value.

    Raises:
        OSError, ValueError: with what is wrong in it.
    """
    text = files.read_text(file, document.MAX_BYTES)
    may_be_deep = sum(map(text.count, ("[", "{", "- ", "? "))) > MAX_NESTED or " " * 60 in text
    try:
        # libyaml recurses without a limit, until the process dies, and an alias can stand for
        # whole trees.
        is_harmless = not may_be_deep and "*" not in text
        config = (
            yaml.load(text, _Loader)  # noqa: S506 - safe
            if is_harmless
            else document.parse_text(text, file.name).data
        )
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from None
    if not isinstance(config, dict) or not isinstance(config.get("name"), str):
        raise ValueError(f"{file.name} is not a run's config")
    name = config.pop("name")
    config.pop("description", None)
    settings = flatten(config)
    for key, value in settings.items():
        if not PLAIN_KEY.fullmatch(key):
            raise ValueError(f"{file.name}: {shown(key)} is not a key of a config")
        if not isinstance(value, Scalar) or (isinstance(value, int) and abs(value) >= 2**63):
            raise ValueError(f"{file.name}: `{key}` is {shown(value)}; expected a plain value")
    seed = settings.get("seed")
    if not (seed is None or type(seed) is int):
        raise ValueError(f"{file.name}: `seed` is {shown(seed)}; expected a whole number")
    return name, settings


def flatten(settings: Mapping[Any, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested settings as dotted path -> value; a list of plain values stays one value."""
    flat: dict[str, Any] = {}
    for key, value in settings.items():
        path = sys.intern(f"{prefix}{key}")  # 10,000 runs share their keys
        if isinstance(value, list | tuple):
            has_groups = any(isinstance(item, Mapping) for item in value)
            value = dict(enumerate(value)) if has_groups else str(list(value))
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{path}.")
        else:
            flat[path] = value
    return flat


def read_facts(file: Path) -> dict[str, Any]:
    """Return the facts in run.json; empty where it is missing: the run has not ended.

    Raises:
        OSError, ValueError: with what is wrong in it.
    """
    return _read_json(Facts, file) if file.exists() else {}


def read_sanity_checks(file: Path) -> dict[str, Any]:
    """Return the results in sanity_checks.json; empty where it is missing or damaged."""
    return _read_derived(
        SanityChecks, file if file.exists() else file.with_name(OLDER_SANITY_CHECKS)
    )


def read_verdict(file: Path) -> dict[str, Any]:
    """Return the verdict in verdict.json as plain values; empty where it is missing or damaged."""
    return _read_derived(VerdictSummary, file)


def read_metrics(file: Path, names: Iterable[str] = METRICS) -> dict[str, tuple[float, ...]]:
    """Return those columns of metrics.csv that are there, by epoch; empty where it is missing.

    Raises:
        OSError, ValueError: with what is wrong in it.
    """
    columns = files.read_columns(file, ("loss",))
    return {name: _numbers(columns, name, file) for name in names if name in columns}


def read_times(file: Path) -> tuple[float, ...]:
    """Return the seconds of training of each epoch, from times.csv; empty where it is missing.

    Raises:
        OSError, ValueError: with what is wrong in it.
    """
    columns = files.read_columns(file, ("training_seconds",))
    return _numbers(columns, "training_seconds", file) if columns else ()


def read_layers(file: Path) -> dict[str, dict[str, tuple[float, ...]]]:
    """Return layers.csv as layer -> statistic -> values by epoch; empty where it is missing.

    Raises:
        OSError, ValueError: with what is wrong in it.
    """
    columns = files.read_columns(file, ("layer", *STATISTICS))
    numbers = {name: _numbers(columns, name, file) for name in STATISTICS if columns}
    rows: dict[str, list[int]] = {}
    for row, layer in enumerate(columns.get("layer", ())):
        rows.setdefault(layer, []).append(row)
    return {
        layer: {name: tuple(column[row] for row in of_layer) for name, column in numbers.items()}
        for layer, of_layer in rows.items()
    }


def _numbers(columns: dict[str, tuple[str, ...]], name: str, file: Path) -> tuple[float, ...]:
    try:
        numbers = tuple(map(float, columns[name]))
    except ValueError as error:
        raise ValueError(f"{file.name}: column {name}: {error}") from None
    if name in SHARES and not all(0 <= n <= 1 for n in numbers if n == n):
        raise ValueError(f"{file.name}: column {name} is not a share of examples")
    return numbers


def _read_json(kind: type[Record], file: Path) -> dict[str, Any]:
    content: dict[str, Any] = files.read_json(file)
    check(kind, content, file.name)
    return content


def _read_derived(kind: type[Record], file: Path) -> dict[str, Any]:
    try:
        return _read_json(kind, file)
    except (OSError, ValueError):
        return {}


def describe_damage(error: OSError | ValueError, folder: Path) -> str:
    """Return in one line what is wrong with a file of a run's folder."""
    if isinstance(error, OSError):
        return f"{Path(error.filename or folder).name}: {error.strerror}"
    return " ".join(str(error).split())
