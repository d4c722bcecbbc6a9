"""Corruptions of a results folder, file by file: what a crash, a full disk or a stranger leaves.

Each makes one file of the run `victim`, or one that lies beside the runs, into something else.
"""

import json
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from mutations import paths, replaced

from kerasdemo.records.index import HEADER

RUN_FILES = (
    *("run.json", "metrics.csv", "config.yaml", "verdict.json", "times.csv", "layers.csv"),
    *("network.json", "sanity_checks.json", "model.keras", "curves.png", "layers.png"),
    "predictions.json",
)
BESIDE = (".index.jsonl", "sweep.json")

DEEP = b"[" * 100_000 + b"]" * 100_000
LONG = "9" * 400
HUGE = b"9" * 5_000
# What may stand where a number, a text or a mapping is expected.
VALUES: tuple[Any, ...] = (
    *(None, True, -1, 5, 1e308, -1e308, float("nan"), float("inf"), int(LONG), 2**63),
    *("x", "", "\x1b]0;title\x07\x1b[31m", "1e400", "<b>|", "=HYPERLINK(1)", "y" * 100_000),
    *([], {}, [[]], {"a": {}}, ["x"], [None], {"": {"": ""}}, [1e308] * 3),
)
CELLS = ("x", "", "nan", "inf", "-inf", "1e308", "1e400", "-1", LONG, "\x1b[2J", "0x10", '"', "1,2")


@dataclass(frozen=True)
class Corruption:
    """What happens to which file; `place` is relative to the results folder."""

    place: str
    what: str
    make: Callable[[Path], None]

    def __str__(self) -> str:
        return f"{self.place}: {self.what}"


def corruptions(root: Path, victim: str, seed: int) -> list[Corruption]:
    """Return every corruption of a results folder: those named in `NAMED` first, then mixed."""
    places = [*(f"{victim}/{name}" for name in RUN_FILES), *BESIDE]
    whole = [one for place in places for one in _of_whole_file(place)]
    inside = [one for place in places for one in _inside(root, place)]
    rng = random.Random(seed)
    rng.shuffle(whole)
    rng.shuffle(inside)
    named = _named(root, victim)
    # By turns, so that any number of them has both.
    half = min(len(whole), len(inside))
    mixed = [one for pair in zip(whole, inside, strict=False) for one in pair]
    return [*named, *mixed, *whole[half:], *inside[half:]]


def _named(root: Path, victim: str) -> list[Corruption]:
    """The cases that once broke a list of runs."""
    run, verdict, metrics = (f"{victim}/{n}" for n in ("run.json", "verdict.json", "metrics.csv"))
    plan = json.loads((root / "sweep.json").read_text())
    return [
        *(_content(place, "nested 100,000 deep", DEEP) for place in (run, verdict, *BESIDE)),
        _key(run, ("test", "accuracy"), int(LONG)),
        _content(
            run,
            "a number of 5,000 digits",
            b'{"status": "finished", "seconds": 1%s}' % (b"0" * 5_000),
        ),
        _content(
            metrics, "a field of 200,000 characters", b"epoch,loss\n1," + b"9" * 200_000 + b"\n"
        ),
        *(Corruption(place, "a FIFO", _fifo) for place in (run, verdict, metrics, *BESIDE)),
        _content(f"{victim}/config.yaml", "nested 100,000 deep", b"[" * 100_000),
        _key(run, ("reason",), "\x1b]0;title\x07\x1b[31m"),
        _key(run, ("seconds",), "x"),
        _key(run, ("parameters",), "x"),
        _content(verdict, "outcome 5", b'{"outcome": 5}'),
        _key(run, ("data",), []),
        _key(run, ("test", "accuracy"), "x"),
        _key(run, ("test", "accuracy"), 1e308),
        _content("sweep.json", "no claims", json.dumps(plan | {"claims": None}).encode()),
        _content("sweep.json", "claims without a key", json.dumps({"runs": plan["runs"]}).encode()),
        _content("sweep.json", "odd claims", json.dumps(plan | {"claims": [5, {}, "x"]}).encode()),
    ]


def _of_whole_file(place: str) -> Iterator[Corruption]:
    yield Corruption(place, "missing", Path.unlink)
    for kind, make in (("a FIFO", _fifo), ("a folder", _folder)):
        yield Corruption(place, kind, make)
    for kind, target in (("link to nothing", "nowhere"), ("link to /dev/zero", "/dev/zero")):
        yield Corruption(place, kind, lambda path, target=target: _link(path, target))  # type: ignore[misc]
    yield Corruption(place, "link to itself", lambda path: _link(path, path.name))
    yield Corruption(place, "8 GB of zeros", _sparse)
    yield Corruption(place, "half of it", lambda path: _fill(path, _half(path.read_bytes())))
    yield Corruption(place, "one byte short", lambda path: _fill(path, path.read_bytes()[:-1]))
    yield Corruption(place, "twice", lambda path: _fill(path, path.read_bytes() * 2))
    yield _content(place, "empty", b"")
    yield _content(place, "garbage", random.Random(place).randbytes(3_000))
    yield _content(place, "NUL bytes", b"\0" * 3_000)
    yield _content(place, "half a character", b"\xc3")
    yield _content(place, "escape sequences", b"\x1b]0;title\x07\x1b[31m\n" * 3)
    yield _content(place, "a long line", b"z" * 2_000_000)
    texts = {
        ".json": (DEEP, b'{"a":' * 100_000, b"[]", b'"x"', b"5", b"NaN", b"{}", HUGE),
        ".jsonl": (DEEP, HEADER + DEEP, HEADER + b'["a", [], {}]\n', b"{}\n"),
        ".csv": (
            b"epoch\n",
            b"epoch,loss\n1\n",
            b"loss,epoch,layer\n1,1,a\n" * 2,
            b'"' * 50,
            b",\n,\n",
        ),
        ".yaml": (
            b"[" * 100_000,
            b"{}",
            b"[]",
            b"x",
            b"name: [",
            b"&a [*a]",
            b"name: " + b"9" * 5_000,
        ),
    }.get(Path(place).suffix, ())
    for text in texts:
        yield _content(place, f"holds {text[:30]!r}", text)


def _inside(root: Path, place: str) -> Iterator[Corruption]:
    """Yield a wrong value at each key of a JSON or YAML file, and in each column of a CSV."""
    file = root / place
    if file.suffix == ".csv":
        for name in file.read_text().splitlines()[0].split(","):
            for cell in CELLS:
                yield _column(place, name, cell)
    elif file.suffix in (".json", ".yaml", ".jsonl"):
        for path in paths(_tree(file)):
            for value in VALUES:
                yield _key(place, path, value)


def _column(place: str, name: str, cell: str) -> Corruption:
    def make(path: Path) -> None:
        header, *rows = (line.split(",") for line in path.read_text().splitlines())
        at = header.index(name)
        for row in rows:
            row[at] = cell
        path.write_text("".join(",".join(row) + "\n" for row in (header, *rows)))

    return Corruption(place, f"{name} = {cell[:20]!r}", make)


def _key(place: str, path: tuple[str | int, ...], value: Any) -> Corruption:
    def make(file: Path) -> None:
        changed = replaced(_tree(file), path, value)
        if file.suffix == ".yaml":
            file.write_text(yaml.safe_dump(changed))
        elif file.suffix == ".jsonl":
            file.write_text("".join(json.dumps(line) + "\n" for line in changed))
        else:
            file.write_text(json.dumps(changed))

    return Corruption(place, f"{'.'.join(map(str, path))} = {_short(value)}", make)


def _tree(file: Path) -> Any:
    text = file.read_text()
    if file.suffix == ".jsonl":
        return [json.loads(line) for line in text.splitlines()]
    return json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)


def _short(value: Any) -> str:
    text = (
        repr(value) if not isinstance(value, int) or value < 2**64 else f"{len(str(value))} digits"
    )
    return text if len(text) <= 30 else f"{text[:27]}..."


def _content(place: str, what: str, content: bytes) -> Corruption:
    return Corruption(place, what, lambda path: _fill(path, content))


def _fill(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _half(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _link(path: Path, target: str) -> None:
    path.unlink()
    path.symlink_to(target)


def _sparse(path: Path) -> None:
    os.truncate(path, 8 * 10**9)
