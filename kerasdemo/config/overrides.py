"""Dotted overrides: `optimizer.learning_rate=0.1`, the same paths and values as in the YAML."""

import copy
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from kerasdemo.config.document import Document, Key, dotted, key_of, parse_text
from kerasdemo.config.errors import Fault, InputError


def parse_override(text: str) -> tuple[Key, Any]:
    """Split `a.b.0=value` into its key and its value, read as YAML.

    Raises:
        InputError: where there is no `=`, no key, or no YAML behind the `=`.
    """
    name, equals, value = text.partition("=")
    if not equals or not all(name.strip().split(".")) or "\n" in text:
        raise InputError(
            Fault(f"got {text!r}; expected key=value, e.g. optimizer.learning_rate=0.1", "--set")
        )
    try:
        parsed = parse_text(f"value: {value}", "--set").data["value"]
    except InputError as error:
        raise InputError(Fault(error.faults[0].message, "--set", None, name)) from None
    return key_of(name.strip()), parsed


def override(document: Document, changes: Iterable[tuple[Key, Any]]) -> Document:
    """Return the document with each key set to its value; lists are reached by number.

    A name alone stands for `{name: ...}` when something is set inside it
    (`optimizer: sgd` and `optimizer.learning_rate`).
    """
    data = copy.deepcopy(document.data)
    changes = list(changes)
    for key, value in changes:
        # A copy: what is set inside it later must not be set in the caller's value.
        _set(data, key, copy.deepcopy(value))
    return replace(
        document, data=data, overridden=document.overridden | {key for key, _ in changes}
    )


def _set(data: dict[str, Any], key: Key, value: Any) -> None:
    place: Any = data
    for depth, part in enumerate(key[:-1]):
        place = _step(place, part, key[: depth + 1])
    if isinstance(place, list):
        place[_index(place, key[-1], key)] = value
    else:
        place[str(key[-1])] = value


def _step(place: Any, part: str | int, key: Key) -> Any:
    if isinstance(place, list):
        index = _index(place, part, key)
        place[index] = _container(place[index], key)
        return place[index]
    place[str(part)] = _container(place.get(str(part)), key)
    return place[str(part)]


def _container(value: Any, key: Key) -> Any:
    if value is None:
        return {}
    if isinstance(value, str):
        return {"name": value}
    if isinstance(value, dict | list):
        return value
    raise InputError(
        Fault(f"is {value!r}, which has nothing inside to set", "--set", None, dotted(key))
    )


def _index(place: list[Any], part: str | int, key: Key) -> int:
    if not isinstance(part, int) or part >= len(place):
        raise InputError(
            Fault(
                f"a list of {len(place)}; expected a number from 0 to {len(place) - 1}",
                "--set",
                None,
                dotted(key),
            )
        )
    return part
