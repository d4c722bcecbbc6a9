"""Strict YAML: what YAML's traps would change silently is an error or means what it looks like.

`1e-3` is a number, `no` and `on` are strings, a doubled key, a tab and an alias bomb are errors,
and every value knows its line.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from kerasdemo.config import regular_file
from kerasdemo.config.errors import Fault, InputError, near

Key = tuple[str | int, ...]

MAX_BYTES = 1_000_000
# No list is longer, and no digit is other than these.
NUMBER = re.compile(r"[0-9]{1,9}")


class StrictLoader(yaml.SafeLoader):
    """PyYAML's SafeLoader with YAML 1.2's idea of a number and of a boolean, and no aliases."""

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.MarkedYAMLError(
                problem="an alias (*); write the value out", problem_mark=mark
            )
        return super().compose_node(parent, index)


StrictLoader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag == "tag:yaml.org,2002:null"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    (
        "float",
        r"^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$"
        r"|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$",
        "-+.0123456789",
    ),
):
    StrictLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), _first)
# YAML 1.1 reads 010 as eight; here it is ten, as it looks.
StrictLoader.add_constructor("tag:yaml.org,2002:int", lambda _, node: int(str(node.value)))


class StrictDumper(yaml.SafeDumper):
    """Quotes whatever YAML 1.1 or StrictLoader would read as something other than text."""


StrictDumper.yaml_implicit_resolvers = {
    first: [
        *yaml.SafeDumper.yaml_implicit_resolvers.get(first, ()),
        *StrictLoader.yaml_implicit_resolvers.get(first, ()),
    ]
    for first in {*yaml.SafeDumper.yaml_implicit_resolvers, *StrictLoader.yaml_implicit_resolvers}
}
PLAIN = {f"tag:yaml.org,2002:{kind}" for kind in ("null", "bool", "int", "float", "str")}
GROUPS = {f"tag:yaml.org,2002:{kind}" for kind in ("map", "seq")}


def dump(data: dict[str, Any]) -> str:
    """Return YAML text that `parse_text` reads back as the same values."""
    text: str = yaml.dump(data, Dumper=StrictDumper, sort_keys=False, allow_unicode=True)
    return text


@dataclass(frozen=True)
class Document:
    """A YAML mapping, the file that it came from, and the line of each of its keys.

    `faults` are those of single values (doubled keys, tags) that were passed over to tell them
    together with all others.
    """

    data: dict[str, Any] = field(hash=False)
    file: str
    lines: dict[Key, int] = field(hash=False)
    overridden: frozenset[Key] = frozenset()
    faults: tuple[Fault, ...] = ()

    @property
    def folder(self) -> Path:
        """Where relative paths in the document start."""
        return Path(self.file).parent

    def line(self, key: Key) -> int | None:
        """Return the line of `key`, or of the nearest key around it."""
        while key and key not in self.lines:
            key = key[:-1]
        return self.lines.get(key)

    def fault(self, key: Key, message: str) -> Fault:
        """Return a fault at the place where `key` stands."""
        if any(key[: len(set_key)] == set_key for set_key in self.overridden):
            return Fault(message, "--set", None, dotted(key))
        return Fault(message, self.file, self.line(key), dotted(key))


def dotted(key: Key) -> str:
    """Return a key as the user writes it: `network.layers.0.units`."""
    return ".".join(str(part) for part in key)


def key_of(path: str) -> Key:
    """Return the key that a dotted path names; lists are reached by number."""
    return tuple(int(part) if NUMBER.fullmatch(part) else part for part in path.split("."))


def read_text(path: Path) -> str:
    """Read a small text file as UTF-8, or say why not."""
    try:
        return regular_file.read(path, MAX_BYTES).decode("utf-8")
    except FileNotFoundError:
        raise InputError(Fault(missing_file(path), str(path))) from None
    except UnicodeDecodeError as error:
        raise InputError(
            Fault(f"not UTF-8 text (byte {error.start}); save it as UTF-8", str(path))
        ) from None
    except OSError as error:
        raise InputError(Fault(f"can't be read: {error.strerror}", str(path))) from None
    except ValueError as error:  # a null character in the name
        raise InputError(Fault(f"can't be read: {error}", str(path))) from None


def missing_file(path: Path) -> str:
    """Return the message for a file that is not there, with the nearest one that is."""
    siblings = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
    return f"no such file{near(path.name, siblings)}"


def read(path: Path, *, tolerant: bool = False) -> Document:
    """Read a YAML file that holds one mapping.

    Raises:
        InputError: with file and line, for anything else.
    """
    return parse_text(read_text(path), str(path), tolerant=tolerant)


def parse_text(text: str, file: str, *, tolerant: bool = False) -> Document:
    """Parse YAML text that holds one mapping; `file` is the name that faults are told with.

    `tolerant` leaves the faults of single values to the caller, in `Document.faults`.
    """
    try:
        node = yaml.compose(text, Loader=StrictLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = error.problem or error.context or "not YAML"
        if "'\\t'" in problem:
            problem = "a tab; YAML is indented with spaces"
        raise InputError(
            Fault(f"not valid YAML: {problem}", file, mark.line + 1 if mark else None)
        ) from None
    except yaml.YAMLError as error:
        raise InputError(Fault(f"not valid YAML: {error}", file)) from None
    except RecursionError:
        raise InputError(Fault("nested too deeply", file)) from None
    if node is None:
        raise InputError(Fault("the file is empty; expected a mapping (key: value)", file))
    if not isinstance(node, yaml.MappingNode) or node.tag not in GROUPS:
        raise InputError(
            Fault(f"expected a mapping (key: value), got a {_kind(node)}", file, _line(node))
        )
    faults: list[Fault] = []
    lines: dict[Key, int] = {}
    try:
        data = _construct(node, (), file, lines, faults)
    except RecursionError:
        raise InputError(Fault("nested too deeply", file)) from None
    if faults and not tolerant:
        raise InputError(faults)
    return Document(data, file, lines, faults=tuple(faults))


def _kind(node: yaml.Node) -> str:
    if node.tag not in PLAIN | GROUPS:
        return f"value with the tag {node.tag}"
    return "list" if isinstance(node, yaml.SequenceNode) else "single value"


def _line(node: yaml.Node) -> int:
    return int(node.start_mark.line) + 1


def _construct(
    node: yaml.Node, key: Key, file: str, lines: dict[Key, int], faults: list[Fault]
) -> Any:
    lines.setdefault(key, _line(node))
    if node.tag not in PLAIN | GROUPS:
        faults.append(
            Fault(f"the tag {node.tag}; write the value plainly", file, _line(node), dotted(key))
        )
        return None
    if isinstance(node, yaml.MappingNode):
        return _mapping(node, key, file, lines, faults)
    if isinstance(node, yaml.SequenceNode):
        return [
            _construct(item, (*key, i), file, lines, faults) for i, item in enumerate(node.value)
        ]
    return _scalar(node, key, file, faults)


def _mapping(
    node: yaml.MappingNode, key: Key, file: str, lines: dict[Key, int], faults: list[Fault]
) -> dict[str, Any]:
    mapping: dict[str, Any] = {}
    for name_node, value_node in node.value:
        line = _line(name_node)
        if not isinstance(name_node, yaml.ScalarNode):
            faults.append(Fault("a key must be a word", file, line, dotted(key)))
            continue
        name = str(name_node.value)
        inner = (*key, name)
        if name in mapping:
            faults.append(
                Fault(f"doubled key, first on line {lines[inner]}", file, line, dotted(inner))
            )
            continue
        lines[inner] = line
        mapping[name] = _construct(value_node, inner, file, lines, faults)
    return mapping


def _scalar(node: yaml.Node, key: Key, file: str, faults: list[Fault]) -> Any:
    loader = StrictLoader("")
    try:
        value = loader.construct_object(node)
        if isinstance(value, str):
            value.encode("utf-8")  # half a surrogate pair can't be written down again
        return value
    except (yaml.YAMLError, ValueError, LookupError, AttributeError) as error:
        problem = getattr(error, "problem", None) or str(error)
        faults.append(Fault(f"can't be read: {problem}", file, _line(node), dotted(key)))
        return None
    finally:
        loader.dispose()
