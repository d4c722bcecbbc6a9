"""From pydantic's errors to faults: line, received value, what was expected."""

import re
from difflib import get_close_matches
from functools import cache
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kerasdemo.config.document import Document, Key
from kerasdemo.config.errors import Fault, near, shown, unknown
from kerasdemo.config.keras_objects import KerasObject
from kerasdemo.config.types import RunConfig


def translate(
    error: ValidationError, document: Document, root: type[BaseModel] = RunConfig
) -> list[Fault]:
    """Return one fault for each key that pydantic refused, in the order of the file.

    Args:
        error: of pydantic.
        document: that was validated.
        root: the type of the whole document.
    """
    by_key: dict[Key, list[ErrorDetails]] = {}
    for detail in error.errors():
        if detail["type"] == "too_short" and detail["input"]:
            continue  # it only lacks the items that were refused
        by_key.setdefault(_key(detail, document.data), []).append(detail)
    faults = [document.fault(key, _message(details, root)) for key, details in by_key.items()]
    return sorted(faults, key=lambda fault: fault.line or 0)


def _key(detail: ErrorDetails, data: Any) -> Key:
    """Return the key of an error, without the tags that pydantic adds for unions."""
    key: list[str | int] = []
    place: Any = data
    location = detail["loc"]
    for number, part in enumerate(location):
        is_last = number == len(location) - 1
        if isinstance(place, list):
            is_there = isinstance(part, int) and part < len(place)
        else:
            is_there = isinstance(place, dict) and part in place
        if is_there:
            place = place[part]
        elif not (is_last and detail["type"] == "missing"):
            continue
        key.append(part)
    return tuple(key)


def _message(details: list[ErrorDetails], root: type[BaseModel]) -> str:
    detail = details[0]
    match detail["type"]:
        case "extra_forbidden":
            known = _known_keys(detail["loc"][:-1], root)
            word = str(detail["loc"][-1])
            places = {} if "layers" in detail["loc"] else _places(root)
            meant = get_close_matches(word.lower(), places, n=1, cutoff=0.8)
            if word.lower() in places or (meant and not near(word, known)):
                return f"unknown key {word!r}; did you mean '{places[meant[0]]}'?"
            return unknown("key", word, known)
        case "missing":
            return "missing"
        case "union_tag_invalid":
            kind = "type" if "type" in str(detail["ctx"]["discriminator"]) else "name"
            tags = str(detail["ctx"]["expected_tags"]).replace("'", "").split(", ")
            return unknown(kind, detail["ctx"]["tag"], tags)
        case "union_tag_not_found":
            word = str(detail["ctx"]["discriminator"]).strip("'")
            return f"got {shown(detail['input'])}; expected a name, or a mapping with `{word}`"
        case "literal_error":
            expected_words = str(detail["ctx"]["expected"])
            known = expected_words.replace("'", "").replace(" or ", ", ").split(", ")
            got = detail["input"]
            return f"got {shown(got)}; expected {expected_words}{near(got, known)}"
        case "string_pattern_mismatch" if "ignore" in detail["loc"]:
            return f"got {shown(detail['input'])}; expected a rule's code such as K212 or L301"
        case "string_pattern_mismatch":
            return f"got {shown(detail['input'])}; expected letters, digits and . _ + = -, 1 to 100"
        case "path" | "form" | "units" | "arguments" | "experiment" | "target" | "key":
            return detail["msg"]
    texts = [_TYPES.get(one["type"], one["msg"]) for one in details]
    prefixes = re.compile("^(Input|Value) should be ")
    expected = " or ".join(dict.fromkeys(prefixes.sub("", text) for text in texts))
    return f"got {shown(detail['input'])}; expected {expected}"


_TYPES = {
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "string_type": "text",
    "bool_type": "true or false",
    "tuple_type": "a list",
    "too_short": "a list with something in it",
    "too_long": "a list with fewer items",
    "list_type": "a list",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
}


def _known_keys(location: tuple[int | str, ...], root: type[BaseModel]) -> list[str]:
    """Return the keys that are allowed at a place in the document, from its JSON Schema."""
    schema = _schema(root)
    nodes = [schema]
    for part in location:
        nodes = [found for node in nodes for found in _inside(node, part, schema)]
    found = {key for node in nodes for key in _resolve(node, schema).get("properties", {})}
    return sorted(found | {"base"} if root is RunConfig and not location else found)


@cache
def _places(root: type[BaseModel]) -> dict[str, str]:
    """Return {key: dotted path} of the keys inside the sections of a config."""
    places: dict[str, str] = {"learning_rate": "optimizer.learning_rate"}
    sections: list[tuple[str, type[BaseModel]]] = [("", root)] if root is RunConfig else []
    for path, model in sections:
        for name, field in model.model_fields.items():
            kinds = [field.annotation, *get_args(field.annotation)]
            inner = [k for k in kinds if isinstance(k, type) and issubclass(k, BaseModel)]
            # Only what is one section: Keras' objects share names such as `momentum`.
            sections += [(f"{path}{name}.", k) for k in inner if not issubclass(k, KerasObject)]
            if path:
                places.setdefault(name, f"{path}{name}")
    # As people shorten them.
    for short, name in (("lr", "learning_rate"), ("batch", "batch_size"), ("bs", "batch_size")):
        if name in places:
            places[short] = places[name]
    return places


@cache
def _schema(root: type[BaseModel]) -> dict[str, Any]:
    return root.model_json_schema()


def _resolve(node: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
    return node


def _inside(node: dict[str, Any], part: int | str, schema: dict[str, Any]) -> list[dict[str, Any]]:
    # What is no key is a name that pydantic gives to a part of a union.
    return _matches(node, part, schema) or [node]


def _matches(node: dict[str, Any], part: int | str, schema: dict[str, Any]) -> list[dict[str, Any]]:
    node = _resolve(node, schema)
    if part in node.get("properties", {}):
        return [node["properties"][part]]
    if isinstance(part, int) and "items" in node:
        return [node["items"]]
    if isinstance(node.get("additionalProperties"), dict):
        return [node["additionalProperties"]]
    choices = [_resolve(c, schema) for c in (*node.get("anyOf", []), *node.get("oneOf", []))]
    for choice in choices:  # of a union, which pydantic enters by the tag: `name` or `type`
        properties = choice.get("properties", {})
        for tag in (properties.get(key, {}) for key in ("name", "type")):
            if part in (tag.get("const"), *tag.get("enum", [])):
                return [choice]
    return [found for c in choices for found in _matches(c, part, schema)]
