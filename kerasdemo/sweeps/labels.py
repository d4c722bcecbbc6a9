"""Labels of an experiment's runs, made of the values that set them apart.

Labels name the folders of the runs: a change here makes a sweep train finished runs again.
"""

import re
from collections.abc import Iterable, Mapping


def make_label(values: Mapping[str, object]) -> str:
    """Return a label for these values: `optimizer=sgd, learning_rate=0.1`."""
    names = shorten_paths(values)
    return ", ".join(f"{names[path]}={format_value(value)}" for path, value in values.items())


def shorten_paths(paths: Iterable[str]) -> dict[str, str]:
    """Return the shortest end of each dotted path that none of the others has."""
    paths = list(paths)
    ends = {path: path.split(".") for path in paths}
    short = {}
    for path, parts in ends.items():
        for count in range(1, len(parts) + 1):
            others = [p for p in paths if p != path and ends[p][-count:] == parts[-count:]]
            if not others and not parts[-count].isdigit():
                break
        short[path] = ".".join(parts[-count:])
    return short


def folder_name(text: str) -> str:
    """Return a label as the name of a run and its folder; "" where it would be too long."""
    joined = re.sub(r", (?=[\w.]+=)", "+", text)
    name = re.sub(r"[^A-Za-z0-9._+=-]+", "_", joined).strip("_.+=-")
    return name if len(name) <= 80 else ""


def format_value(value: object) -> str:
    """Return a value in short: `adam` for `{name: adam}`, floats with four digits."""
    if isinstance(value, dict) and len(value) == 1:
        return str(value.get("name", value.get("type")))
    if isinstance(value, float) and len(str(value)) > 8:
        return f"{value:.4g}"
    return str(value).lower() if isinstance(value, bool) else _flow(value)


def _flow(value: object) -> str:
    """Return a value in YAML's flow style: `{name: sgd, momentum: 0.9}`."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return str(value)  # True, not true: labels name the folders of finished runs
