"""The settings of a run next to the defaults, and what else is known of it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from kerasdemo.config import InputError, RunConfig, keras_arguments, loading
from kerasdemo.config.document import Document
from kerasdemo.pages import numbers
from kerasdemo.records import Run, flatten
from kerasdemo.records.summary import PARTS

# Characters of a config or setup that can be copied; a longer one is in its file.
MOST_COPIED = 20_000
# Rows of settings: of a network of many written layers there are thousands.
MOST_ROWS = 300


def settings(run: Run) -> dict[str, Any]:
    """Return each setting with its default, and the whole as it can be copied."""
    if run.config is None:
        given, defaults = run.setup.as_settings(), _setup_defaults(run)
        copied = json.dumps(given, indent=1)
    else:
        given, defaults = flatten(run.config.settings), _config_defaults(run.config)
        copied = run.config.to_yaml()
    rows = [
        {
            "key": key,
            "value": _setting(value),
            "default": _setting(defaults[key]) if key in defaults else None,
            "is_changed": key in defaults and defaults[key] != value,
        }
        for key, value in given.items()
    ]
    sections = [
        {"name": name, "rows": list(group)}
        for name, group in groupby(rows[:MOST_ROWS], lambda row: str(row["key"]).partition(".")[0])
    ]
    return {
        "is_yaml": run.config is not None,
        "changed": [row for row in rows if row["is_changed"]][:MOST_ROWS],
        "more": max(0, len(rows) - MOST_ROWS),
        "sections": sections,
        "copied": copied if len(copied) <= MOST_COPIED else "",
        "ignore": list(run.setup.ignore),
    }


def _config_defaults(config: RunConfig) -> dict[str, Any]:
    """Return the defaults of a config's settings: arguments are those of the named objects.

    What a file of data holds has no default.
    """
    resolved = config.resolved
    is_file = config.data.path is not None
    chosen: dict[str, Any] = {
        "name": config.name,
        "data": {} if is_file else {"name": config.data.name},
        "loss": {"name": config.loss.name},
        "optimizer": {"name": config.optimizer.name},
    }
    for part in ("activation", "initializer", "output_activation"):
        if resolved["network"].get(part) is not None and config.network.layers is None:
            chosen.setdefault("network", {})[part] = {"name": resolved["network"][part]["name"]}
    plain = _settings_of({"name": "run"}) or {}
    found = _settings_of(chosen)
    if found is None:  # a loss that does not fit other data
        chosen = {key: value for key, value in chosen.items() if key not in ("data", "loss")}
        found = _settings_of(chosen) or {}
        found = {k: v for k, v in found.items() if k == "loss.name" or not k.startswith("loss.")}
    # The names themselves are compared with those of a config that chooses nothing.
    found |= {key: plain[key] for key in found if key.endswith(".name") and key in plain}
    if is_file:
        found = {k: v for k, v in found.items() if k == "data.name" or not k.startswith("data.")}
    return found


def _settings_of(document: dict[str, Any]) -> dict[str, Any] | None:
    """Return the settings of a config with its defaults; None where it is none."""
    try:
        return flatten(loading.from_document(Document(document, "config.yaml", {})).settings)
    except InputError:
        return None


def _setup_defaults(run: Run) -> dict[str, Any]:
    """Return Keras' defaults of the arguments that a run from Python gave."""
    setup = run.setup
    found: dict[str, Any] = {}
    for part, kind, given in (
        ("loss", "losses", setup.loss),
        ("optimizer", "optimizers", setup.optimizer),
    ):
        known = keras_arguments.names(kind).get(str(given.get("name")), {})
        found |= {f"{part}.{argument}": value for argument, value in known.items()}
    return found


def _setting(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def facts(run: Run) -> Iterator[dict[str, Any]]:
    """Yield the folded sections: data, times, versions; of each the pairs of name and text."""
    found, data = run.facts, run.facts.get("data") or {}
    counts = [f"{data[part]:,} {part}" for part in PARTS if data.get(part)]
    shares = data.get("class_shares") or ()
    baseline = data.get("linear_baseline") or {}
    rows = {
        "source": data.get("source") or data.get("name"),
        "examples": ", ".join(counts),
        "shape of an example": numbers.shape(data["shape"]) if data.get("shape") else None,
        "classes": data.get("classes"),
        "class names": ", ".join(map(str, data.get("class_names") or ())),
        "share of the classes": _range(shares),
        "inputs": _inputs(data.get("input")),
        "inputs of the test set": _inputs(data.get("test_input")),
        "linear baseline": ", ".join(
            f"{part} {numbers.percent(share)}"
            for part, share in baseline.items()
            if share is not None
        ),
        "nearest neighbors, test": _share(data.get("neighbor_baseline")),
        "SHA-256": data.get("sha256"),
    }
    yield _section("Data", rows)
    initial, engine = found.get("initial") or {}, found.get("engine") or {}
    rows = {
        "ended": found.get("ended"),
        "whole run": numbers.seconds(found.get("seconds")),
        "an epoch, median": numbers.seconds(run.epoch_seconds),
        "the first epoch, with compiling": numbers.seconds(run.times[0]) if run.times else None,
        "updates": f"{found['updates']:,}" if found.get("updates") else None,
        "updates an epoch": found.get("updates_per_epoch"),
        "loop": f"{engine['loop']}: {engine.get('why', '')}" if engine.get("loop") else None,
        "loss before training": numbers.number(initial["loss"]) if initial.get("loss") else None,
    }
    yield _section("Times", rows)
    rows = {**(found.get("versions") or {}), "machine": found.get("machine")}
    rows["git commit"] = found.get("git_commit")
    yield _section("Versions", rows)


def _section(title: str, rows: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": title,
        "rows": [(key, str(v)) for key, v in rows.items() if v not in (None, "")],
    }


def _range(shares: Sequence[float | None]) -> str | None:
    known = [share for share in shares if share is not None]
    return f"{numbers.percent(min(known))} to {numbers.percent(max(known))}" if known else None


def _share(value: Any) -> str | None:
    return numbers.percent(value) if isinstance(value, float) else None


def _inputs(found: Mapping[str, Any] | None) -> str | None:
    known = [
        f"{name} {numbers.number(value)}"
        for name, value in (found or {}).items()
        if isinstance(value, int | float)
    ]
    return ", ".join(known) or None
