"""`base: other.yaml`: a config that says only what is different from another file's.

Mappings merge, everything else replaces: numbers, texts and lists. One of Keras' objects with
another name replaces, too, because the arguments of the old one are another class's; so does
another data set, and another form of the network. `null` unsets: the default counts again, but for
keys where null is a value of its own (`early_stopping: null`).
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any, get_args

from pydantic import BaseModel

from kerasdemo.config import keras_arguments, regular_file
from kerasdemo.config.document import Document, Key, read
from kerasdemo.config.errors import InputError, near, shown
from kerasdemo.config.keras_objects import DEFAULT_NAMES
from kerasdemo.config.types import EVERY_FORM, RunConfig

# More than anyone can follow.
MOST_BASES = 20
# Of one file, not of those that build on it.
OWN_KEYS = ("base", "name", "description")
# Keys that hold one of Keras' objects, which may be a name alone -> its kind.
OBJECTS: Mapping[Key, str] = {
    ("loss",): "losses",
    ("optimizer",): "optimizers",
    ("optimizer", "learning_rate"): "schedules",
    ("network", "activation"): "activations",
    ("network", "output_activation"): "activations",
    ("network", "initializer"): "initializers",
}
EXPERIMENT_KINDS = {"grid", "variants", "configs", "search"}


def is_experiment(document: Document) -> bool:
    """Return whether a document says how several runs differ, as no config does."""
    keys, base = document.data.keys(), document.data.get("base")
    only = {"seeds", "claims", "question", "source", "resources"}
    return bool(keys & EXPERIMENT_KINDS or isinstance(base, dict) or (base and keys & only))


def resolve(document: Document) -> Document:
    """Return a document without `base`: its values over those of the files it builds on.

    Raises:
        InputError: where a base is no config's file, or builds on a file before it.
    """
    if "base" not in document.data:
        return document
    chain, seen = [document], [os.path.realpath(document.file)]
    while chain[-1].data.get("base") is not None:
        last = chain[-1]
        path = _find(last)
        chain.append(_read(last, path))
        real = os.path.realpath(path)
        if real in seen:
            names = " -> ".join(one.file for one in chain[seen.index(real) :])
            raise InputError(last.fault(("base",), f"a circle: {names}"))
        seen.append(real)
        if len(chain) > MOST_BASES + 1:
            message = f"more than {MOST_BASES} configs, each the base of the one before"
            raise InputError(document.fault(("base",), message))
    merged = _own(chain.pop(), keep=not chain)
    while chain:
        merged = _over(merged, _own(chain.pop(), keep=not chain))
    return merged


def merge(under: Mapping[str, Any], over: Mapping[str, Any], key: Key = ()) -> dict[str, Any]:
    """Return the values of a mapping over those of another; neither is changed.

    Args:
        under, over: mappings of plain values.
        key: where they stand in a config.
    """
    merged = {name: value for name, value in under.items() if _is_kept(name, over, key)}
    for name, value in over.items():
        inner = (*key, name)
        old, new = _mapping(inner, merged.get(name)), _mapping(inner, value)
        if value is None and not _accepts_null(inner):
            merged.pop(name, None)
        elif not isinstance(new, dict):
            merged[name] = value
        elif isinstance(old, dict) and _is_same(inner, old, new):
            merged[name] = merge(old, new, inner)
        else:
            merged[name] = merge({}, value, inner) if isinstance(value, dict) else value
    return merged


def _find(document: Document) -> Path:
    """Return the path of a document's base."""
    base, key = document.data["base"], ("base",)
    if not isinstance(base, str):
        message = f"got {shown(base)}; expected a config's file"
        raise InputError(document.fault(key, message))
    if "://" in base:
        message = f"got {shown(base)}; expected a file, which is relative to this one, and no URL"
        raise InputError(document.fault(key, message))
    path = document.folder / regular_file.expand_user(base)
    problem = regular_file.find_problem(path)
    if problem is not None:
        siblings = [p.name for p in path.parent.glob("*.y*ml")] if "such" in problem else []
        raise InputError(document.fault(key, f"{problem}: {path}{near(path.name, siblings)}"))
    return path


def _read(document: Document, path: Path) -> Document:
    """Return the document of a base."""
    found = read(Path(os.path.normpath(path)), tolerant=True)
    if is_experiment(found):
        message = f"{found.file} is an experiment; expected a config"
        raise InputError(document.fault(("base",), message))
    return found


def _own(document: Document, *, keep: bool) -> Document:
    """Return a document without `base`, with an absolute path to its data.

    Args:
        document: of a chain.
        keep: the name and description, which are not inherited.
    """
    left_out = OWN_KEYS[:1] if keep else OWN_KEYS
    data = {key: value for key, value in document.data.items() if key not in left_out}
    inner = data.get("data")
    if isinstance(inner, dict) and isinstance(inner.get("path"), str):
        path = document.folder / regular_file.expand_user(inner["path"])
        data["data"] = {**inner, "path": str(path.absolute())}
    files = dict.fromkeys(_keys(data), document.file)
    lines = {key: line for key, line in document.lines.items() if key in files or not key}
    return replace(document, data=data, lines=lines, files=files)


def _over(under: Document, over: Document) -> Document:
    data = merge(under.data, over.data)
    here = set(_keys(data))
    files = {key: file for key, file in (under.files | over.files).items() if key in here}
    # A value without a line, of a mapping in Python, has not the line of the value under it.
    lines = {k: n for k, n in under.lines.items() if k in here and k not in over.files}
    return replace(
        over, data=data, lines=lines | over.lines, files=files, faults=under.faults + over.faults
    )


def _keys(value: Any, key: Key = ()) -> Iterator[Key]:
    """Yield the keys of everything inside a value."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for part, inner in items:
        yield (*key, part)
        if isinstance(inner, dict | list):
            yield from _keys(inner, (*key, part))


def _mapping(key: Key, value: Any) -> Any:
    """Return a name alone as the mapping that it stands for."""
    return {"name": value} if isinstance(value, str) and key in OBJECTS else value


def _is_same(key: Key, under: dict[str, Any], over: dict[str, Any]) -> bool:
    """Return whether two mappings are arguments of one thing."""
    if "name" not in over or (key not in OBJECTS and key != ("data",)):
        return True
    kind = OBJECTS.get(key, "data")
    default = DEFAULT_NAMES.get(kind, "mnist" if kind == "data" else None)
    old, new = _canonical(kind, under.get("name", default)), _canonical(kind, over["name"])
    return bool(old == new)


def _canonical(kind: str, name: Any) -> Any:
    """Return Keras' name for one of its other spellings: SGD, mse."""
    if kind == "data" or not isinstance(name, str):
        return name
    known = keras_arguments.aliases(kind) | keras_arguments.class_names(kind)
    return known.get(name, name)


def _is_kept(name: str, over: Mapping[str, Any], key: Key) -> bool:
    """Return whether a value under `over` stays: the other form of a network does not."""
    if key != ("network",) or name in EVERY_FORM - {"layers"}:
        return True
    is_replaced = over.keys() - EVERY_FORM if name == "layers" else over.get("layers") is not None
    return not is_replaced


@cache
def _accepts_null(key: Key) -> bool:
    """Return whether null is a value of a key; of a key that there is not, the types say it."""
    models: list[type[BaseModel]] = [RunConfig]
    for depth, part in enumerate(key, start=1):
        fields = [m.model_fields[part] for m in models if part in m.model_fields]
        inside = [one for field in fields for one in _types(field.annotation)]
        if depth == len(key) and fields:
            return NoneType in inside
        models = [one for one in inside if isinstance(one, type) and issubclass(one, BaseModel)]
    return True


def _types(annotation: Any) -> Iterator[Any]:
    """Yield the types of a union, and what is inside of `Annotated`."""
    yield annotation
    if isinstance(annotation, type):
        return
    for inner in get_args(annotation):
        yield from _types(inner)
