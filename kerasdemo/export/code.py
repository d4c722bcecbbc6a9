"""Python code as text: plain values, calls, and lines that are not too long.

Texts from files become code only through `value`, so that none of them can be anything but a text.
"""

import keyword
import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

WIDTH = 88
OPEN, CLOSE, QUOTES = "([{", ")]}", "\"'"


def value(thing: Any) -> str:
    """Return a plain value as the code that gives it back.

    Raises:
        TypeError: of anything but None, numbers, texts, and lists, tuples and mappings of them.
    """
    if thing is None or isinstance(thing, bool):
        return repr(thing)
    if isinstance(thing, int):
        return repr(int(thing))
    if isinstance(thing, float):
        return repr(float(thing)) if math.isfinite(thing) else f'float("{float(thing)}")'
    if isinstance(thing, str):
        return _text(str(thing))
    if isinstance(thing, Mapping):
        return "{" + ", ".join(f"{value(k)}: {value(v)}" for k, v in thing.items()) + "}"
    if isinstance(thing, list):
        return f"[{', '.join(map(value, thing))}]"
    if isinstance(thing, tuple):
        return f"({', '.join(map(value, thing))}{',' * (len(thing) == 1)})"
    raise TypeError(f"{type(thing).__name__} is no plain value")


def _text(text: str) -> str:
    """Return a text in double quotes, but where Python's own way needs no backslashes."""
    code = repr(text)
    is_plain = code[0] == "'" and '"' not in code and "\\" not in code
    return f'"{code[1:-1]}"' if is_plain else code


def comment(text: str) -> str:
    """Return a text as a comment of one line, with "?" for what is not printable."""
    line = " ".join(text.split())
    return f"# {''.join(c if c.isprintable() else '?' for c in line)}"


def call(name: str, arguments: Iterable[str] = ()) -> str:
    """Return a call; the arguments are code."""
    return f"{name}({', '.join(arguments)})"


def keywords(arguments: Mapping[str, Any]) -> list[str]:
    """Return keyword arguments with plain values.

    Raises:
        TypeError: where a name is none of an argument, or a value is not plain.
    """
    for name in arguments:
        if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
            raise TypeError(f"{name!r} is no argument")
    return [f"{name}={value(one)}" for name, one in arguments.items()]


def lay_out(text: str, indent: str = "") -> list[str]:
    """Return a line, or with an item of its longest brackets a line where that is too long.

    Args:
        text: one statement in one line, with calls, lists, tuples and mappings only.
        indent: in front of every line.
    """
    group = None if len(indent) + len(text) + 1 <= WIDTH else _longest_group(text)
    if group is None:
        return [indent + text]
    start, end = group
    inner = f"{indent}    "
    lines = [indent + text[:start]]
    items = list(_split(text[start:end]))
    # Short items such as words share lines.
    if len(items) > 20 and all(len(item) <= 20 for item in items):
        lines += _fill(items, inner)
    else:
        for item in items:
            *above, last = lay_out(item, inner)
            lines += [*above, f"{last},"]
    return [*lines, indent + text[end:]]


def _fill(items: list[str], indent: str) -> Iterator[str]:
    line = indent
    for item in items:
        if len(line) + len(item) + 2 > WIDTH and line != indent:
            yield line.rstrip()
            line = indent
        line += f"{item}, "
    yield line.rstrip()


def _longest_group(text: str) -> tuple[int, int] | None:
    """Return where the content of the longest outermost brackets begins and ends; None of ()."""
    groups, start = [], 0
    for place, letter, depth in _letters(text):
        if letter in OPEN and depth == 1:
            start = place + 1
        elif letter in CLOSE and depth == 0:
            groups.append((start, place))
    longest = max(groups, key=lambda group: group[1] - group[0], default=None)
    return longest if longest and text[slice(*longest)].strip() else None


def _split(text: str) -> Iterator[str]:
    """Yield what stands between the outermost commas."""
    start = 0
    for place, letter, depth in _letters(text):
        if letter == "," and depth == 0:
            yield text[start:place].strip()
            start = place + 1
    if text[start:].strip():
        yield text[start:].strip()


def _letters(text: str) -> Iterator[tuple[int, str, int]]:
    """Yield place and letter of all code outside of texts, and how deep in brackets it is then."""
    depth, quote, is_escaped = 0, "", False
    for place, letter in enumerate(text):
        if quote:
            if letter == quote and not is_escaped:
                quote = ""
            is_escaped = letter == "\\" and not is_escaped
        elif letter in QUOTES:
            quote = letter
        else:
            depth += (letter in OPEN) - (letter in CLOSE)
            yield place, letter, depth
