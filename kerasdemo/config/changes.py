"""Changes of a config, {dotted path: value}: set in a document, read and written as `--set`."""

import copy
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import yaml

from kerasdemo.config.document import Document, Key, dotted, key_of, parse_text
from kerasdemo.config.errors import Fault, InputError

# {"optimizer.learning_rate": 0.1}, or the same as texts: ["optimizer.learning_rate=0.1"].
Overrides = Mapping[str, Any] | Iterable[str]


def parse_overrides(overrides: Overrides) -> dict[str, Any]:
    """Return overrides as {dotted path: value}; of one path the last value counts.

    Args:
        overrides: `a.b.0=value` each, the value read as YAML; or a mapping already.

    Raises:
        InputError: where a text has no `=`, no path, or no YAML behind the `=`.
    """
    if isinstance(overrides, Mapping):
        return dict(overrides)
    changes: dict[str, Any] = {}
    for text in overrides:
        path, equals, value = text.partition("=")
        path = path.strip()
        if not equals or not all(path.split(".")) or "\n" in text:
            message = f"got {text!r}; expected key=value, e.g. optimizer.learning_rate=0.1"
            raise InputError(Fault(message, "--set"))
        try:
            parsed = parse_text(f"value: {value}", "--set").data["value"]
        except InputError as error:
            raise InputError(Fault(error.faults[0].message, "--set", None, path)) from None
        changes.pop(path, None)  # changes are made in order
        changes[path] = parsed
    return changes


def options(changes: Mapping[str, Any]) -> str:
    """Return changes as `--set` options that can be pasted into bash and zsh."""
    texts = []
    for path, value in changes.items():
        # YAML on one line, not JSON: in JSON's 1e-05 YAML sees a word.
        text: str = yaml.safe_dump(value, default_flow_style=True, width=10**6)
        text = text.removesuffix("\n").removesuffix("\n...")
        texts.append(f"{path}={text}")
    return " ".join(f"--set {shlex.quote(text)}" for text in texts)


def with_changes(document: Document, changes: Mapping[str, Any]) -> Document:
    """Return a document with values set in it, one after the other; lists are reached by number.

    A name alone stands for `{name: ...}` when something is set inside it
    (`optimizer: sgd` and `optimizer.learning_rate`).

    Raises:
        InputError: where a path leads into a single value or beyond a list.
    """
    data = copy.deepcopy(document.data)
    for path, value in changes.items():
        # A copy: what is set inside it later must not be set in the caller's value.
        _set(data, key_of(path), copy.deepcopy(value))
    overridden = document.overridden | {key_of(path) for path in changes}
    return replace(document, data=data, overridden=overridden)


def _set(data: dict[str, Any], key: Key, value: Any) -> None:
    place: Any = data
    for depth, part in enumerate(key[:-1], start=1):
        where = _index(place, part, key[:depth])
        inner = place[where] if isinstance(place, list) else place.get(where)
        if inner is None:
            inner = {}
        elif isinstance(inner, str):
            inner = {"name": inner}
        elif not isinstance(inner, dict | list):
            message = f"is {inner!r}, which has nothing inside to set"
            raise InputError(Fault(message, "--set", None, dotted(key[:depth])))
        place[where] = inner
        place = inner
    place[_index(place, key[-1], key)] = value


def _index(place: dict[str, Any] | list[Any], part: str | int, key: Key) -> Any:
    """Return the name or number under which the last part of a key stands in a mapping or list."""
    if isinstance(place, dict):
        return str(part)
    if not isinstance(part, int) or part >= len(place):
        message = f"a list of {len(place)}; expected a number from 0 to {len(place) - 1}"
        raise InputError(Fault(message, "--set", None, dotted(key)))
    return part
