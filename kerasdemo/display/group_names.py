"""Short names of groups for legends and axes: nothing by which they differ is cut."""

import textwrap
from collections import Counter
from collections.abc import Sequence

from kerasdemo.comparison.comparison import Comparison
from kerasdemo.comparison.groups import MISSING, Group, format_value, short_names
from kerasdemo.display.style import plain

# Characters of a line, and of a value in it.
LONGEST, LONGEST_VALUE = 36, 24


def group_names(comparison: Comparison, groups: Sequence[Group]) -> list[str]:
    """Return a short name for each group, no two alike: the keys that distinguish these groups.

    What does not fit into a line goes on in the next.
    """
    if comparison.named or not comparison.keys:
        names = [
            "\n".join(textwrap.wrap(shorten(group.label, 3 * LONGEST), LONGEST)) for group in groups
        ]
    else:
        keys = _find_distinct_keys(comparison.keys, groups)
        names = [_name(keys, group) for group in groups]
    counts, ranks = Counter(names), {id(g): n for n, g in enumerate(comparison.groups, 1)}
    return [
        plain(name if counts[name] == 1 else f"{name} #{ranks[id(group)]}")
        for name, group in zip(names, groups, strict=True)
    ]


def shorten(text: str, most: int) -> str:
    """Return a text without its middle, where it is too long: beginnings are often alike."""
    return text if len(text) <= most else f"{text[: most // 2 - 1]}…{text[len(text) - most // 2 :]}"


def _find_section(key: str, keys: Sequence[str]) -> str | None:
    """Return the key of the name that a key belongs to: of a learning rate the optimizer's."""
    section = key.rpartition(".")[0]
    names = (f"{section}.name", section)
    return next((name for name in names if name in keys and name != key), None)


def _find_distinct_keys(keys: Sequence[str], groups: Sequence[Group]) -> list[str]:
    """Return as few keys as distinguish the groups; names rather than what comes with them."""
    texts = {key: [format_value(group.values[key]) for group in groups] for key in keys}

    def count(some: Sequence[str]) -> int:
        return len(set(zip(*(texts[key] for key in some), strict=True)))

    found = [key for key in keys if len(set(texts[key])) > 1] or list(keys)
    distinct = count(found)
    names = [
        key
        for key in found
        if key.endswith(".name") or any(_find_section(other, keys) == key for other in keys)
    ]
    # From the last on, names behind all others.
    for key in (*(key for key in found[::-1] if key not in names), *names[::-1]):
        rest = [other for other in found if other != key]
        # A rate without its optimizer's name says little.
        if not any(_find_section(other, found) == key for other in rest):
            found = rest if rest and count(rest) == distinct else found
    return found


def _name(keys: Sequence[str], group: Group) -> str:
    """Return the group's values in lines of `key=value`; of a section `optimizer=sgd 0.1`."""
    words = short_names(keys)
    parts: dict[str, str] = {}
    for key in sorted(keys, key=lambda key: _find_section(key, keys) is not None):
        text = shorten(format_value(group.values[key]), LONGEST_VALUE)
        section = _find_section(key, keys)
        if section is None:
            parts[key] = f"{words[key]}={text}"
        elif group.values[key] != MISSING:
            parts[section] += f" {text}"
    present = {key: text for key, text in parts.items() if group.values[key] != MISSING}
    lines = [""]
    for part in (present or parts).values():
        if lines[-1] and len(lines[-1]) + len(part) >= LONGEST:
            lines.append("")
        lines[-1] = f"{lines[-1]} {part}".strip()
    return "\n".join(lines)
