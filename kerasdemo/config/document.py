"""Strict YAML: a value means what it looks like, or is an error.

`1e-3` is a number, `no` and `on` are strings; a duplicate key, a tab and an alias are errors; the
line of every key is kept.
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
# A list index: no list is longer, and other digits than these are no numbers.
NUMBER = re.compile(r"[0-9]{1,9}")


class StrictLoader(yaml.SafeLoader):
    """PyYAML's SafeLoader with the numbers and booleans of YAML 1.2, and without aliases."""

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
    """A YAML mapping with its file and the line of each key.

    Args:
        data: the mapping.
        file: that it came from.
        lines: key -> line.
        overridden: keys that `--set` set.
        faults: of single values (duplicate keys, tags), to be reported together with the others.
        files: key -> the file that said it, where that is another one (`base`).
    """

    data: dict[str, Any] = field(hash=False)
    file: str
    lines: dict[Key, int] = field(hash=False)
    overridden: frozenset[Key] = frozenset()
    faults: tuple[Fault, ...] = ()
    files: dict[Key, str] = field(default_factory=dict, hash=False)

    @property
    def folder(self) -> Path:
        """Where relative paths in the document start."""
        return Path(self.file).parent

    def fault(self, key: Key, message: str) -> Fault:
        """Return a fault at the line of `key`, or at `--set` where that set it."""
        if any(key[: len(set_key)] == set_key for set_key in self.overridden):
            return Fault(message, "--set", None, dotted(key))
        place = key  # or the nearest one around it
        while place and place not in self.lines and place not in self.files:
            place = place[:-1]
        file = self.files.get(place, self.file)
        return Fault(message, file, self.lines.get(place), dotted(key))


def dotted(key: Key) -> str:
    """Return a key as the user writes it: `network.layers.0.units`."""
    return ".".join(str(part) for part in key)


def key_of(path: str) -> Key:
    """Return the key of a dotted path; a number is the index in a list."""
    return tuple(int(part) if NUMBER.fullmatch(part) else part for part in path.split("."))


def read_text(path: Path) -> str:
    """Read a text file in UTF-8.

    Raises:
        InputError: where it is missing, too large, no text, or no plain file.
    """
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
    """Return the message for a missing file, with the name nearest to it."""
    siblings = [p.name for p in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
    return f"no such file{near(path.name, siblings)}"


def read(path: Path, *, tolerant: bool = False) -> Document:
    """Read a YAML file that holds one mapping.

    Raises:
        InputError: with file and line, for anything else.
    """
    return parse_text(read_text(path), str(path), tolerant=tolerant)


def parse_text(text: str, file: str, *, tolerant: bool = False) -> Document:
    """Parse YAML text that holds one mapping.

    Args:
        text: the YAML.
        file: that faults name.
        tolerant: leave the faults of single values to the caller, in `Document.faults`.

    Raises:
        InputError: with file and line, for anything else.
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
    reader = _NodeReader(file)
    if not isinstance(node, yaml.MappingNode) or node.tag not in GROUPS:
        kind = "list" if isinstance(node, yaml.SequenceNode) else "single value"
        if node.tag not in PLAIN | GROUPS:
            kind = f"value with the tag {node.tag}"
        message = f"expected a mapping (key: value), got a {kind}"
        raise InputError(Fault(message, file, node.start_mark.line + 1))
    try:
        data = reader.read(node, ())
    except RecursionError:
        raise InputError(Fault("nested too deeply", file)) from None
    if reader.faults and not tolerant:
        raise InputError(reader.faults)
    return Document(data, file, reader.lines, faults=tuple(reader.faults))


class _NodeReader:
    """Turns PyYAML's nodes into plain values; collects lines and faults."""

    def __init__(self, file: str):
        self.file = file
        self.lines: dict[Key, int] = {}
        self.faults: list[Fault] = []

    def read(self, node: yaml.Node, key: Key) -> Any:
        """Return the value of a node."""
        line = node.start_mark.line + 1
        self.lines.setdefault(key, line)
        if node.tag not in PLAIN | GROUPS:
            self._fault(f"the tag {node.tag}; write the value plainly", line, key)
            return None
        if isinstance(node, yaml.MappingNode):
            return self._read_mapping(node, key)
        if isinstance(node, yaml.SequenceNode):
            return [self.read(item, (*key, index)) for index, item in enumerate(node.value)]
        loader = StrictLoader("")
        try:
            value = loader.construct_object(node)
            if isinstance(value, str):
                value.encode("utf-8")  # half a surrogate pair could not be written to a file
            return value
        except (yaml.YAMLError, ValueError, LookupError, AttributeError) as error:
            problem = getattr(error, "problem", None) or str(error)
            self._fault(f"can't be read: {problem}", line, key)
            return None
        finally:
            loader.dispose()

    def _read_mapping(self, node: yaml.MappingNode, key: Key) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        for name_node, value_node in node.value:
            line = name_node.start_mark.line + 1
            if not isinstance(name_node, yaml.ScalarNode):
                self._fault("a key must be a word", line, key)
                continue
            name = str(name_node.value)
            inner = (*key, name)
            if name in mapping:
                self._fault(f"duplicate key, first on line {self.lines[inner]}", line, inner)
                continue
            self.lines[inner] = line
            mapping[name] = self.read(value_node, inner)
        return mapping

    def _fault(self, message: str, line: int, key: Key) -> None:
        self.faults.append(Fault(message, self.file, line, dotted(key)))
