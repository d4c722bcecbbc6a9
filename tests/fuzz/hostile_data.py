"""Hostile data: tables, arrays and folders of images as no one should hand them over.

Like a mutant, each depends on the seed and its number only. The bundled data is their start.
"""

import decimal
import io
import os
import random
import shutil
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from mutations import CHANGES_OF_BYTES

Maker = Callable[[Path], None]
BUNDLED = Path(__file__).parent.parent.parent / "configs" / "data"
KINDS = ("csv", "csv", "csv", "parquet", "npz", "image_folder")
# What a config says of each bundled table.
TABLES = {
    "mpg": ("target: mpg", "target: mpg, missing: impute", "target: [mpg, weight], missing: drop"),
    "penguins": ("target: species, missing: impute", "target: sex, missing: drop"),
    "reviews": ("target: opinion, text: review, max_tokens: 50, output_sequence_length: 9",),
}
CELLS = (
    *("", " ", "NA", "nan", "inf", "-inf", "1e400", "1e39", "0x10", "1_000", "1,5", "9" * 400),
    *("=HYPERLINK(1)", "=1+1", "@SUM(A1)", "-2+3", '"', '""', '"x', 'a"b', "'", "\\", "\\N", "#"),
    *("\x1b[2J", "\x1b]0;title\x07", "\x9b2J", "\u202eabc", "\ufeff", "\u2028", "a\x85b", "\x1c"),
    *("<script>alert(1)</script>", "{0}", "%s%n", "$(id)", "١٢", "²", "2024-01-01", "1:30", "true"),
    *("True", "y" * 200_000, "a\nb", '"a\nb"', '"a,b"', "a;b", "a\tb", "é", "中" * 300, "\r"),
)
NAMES = (
    "",
    " ",
    "mpg",
    "species",
    "loc",
    "a.b",
    "index",
    "\x1b[2J",
    "<b>",
    "{0}",
    "%s",
    "x" * 9999,
)
ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "utf-7", "cp500", "utf-8-sig")


@dataclass(frozen=True)
class HostileData:
    """A file or folder of data: how it is made at a path, and the YAML of a config that reads it.

    `data` in the config is where it lies.
    """

    number: int
    kind: str
    steps: tuple[str, ...]
    config: str
    make: Maker

    def __str__(self) -> str:
        return f"{self.kind}: {', '.join(self.steps)}"


def hostile_data(seed: int, number: int) -> HostileData:
    """Return the data with this number; the kinds take turns."""
    rng = random.Random(f"data {seed}:{number}")
    kind = KINDS[number % len(KINDS)]
    steps, data, make = _MAKERS[kind](rng)
    config = (
        f"data: {{name: {'file' if kind == 'npz' else kind}, path: data, {data}}}\n"
        "network: {depth: 1, units: 2}\ntraining: {epochs: 1}\n"
    )
    return HostileData(number, kind, steps, config.replace(", }", "}"), make)


def _file(content: bytes) -> Maker:
    return lambda path: path.write_bytes(content) and None


# Tables.


def _csv(rng: random.Random) -> tuple[tuple[str, ...], str, Maker]:
    name = rng.choice([*TABLES])
    data = rng.choice(TABLES[name])
    content = (BUNDLED / f"{name}.csv").read_bytes()
    steps = [name]
    if rng.random() < 0.15:
        step, content = rng.choice(_WHOLE)()
        return (step,), "target: a", _file(content)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        change = rng.choice((*_CSV_CHANGES, *CHANGES_OF_BYTES))
        content = change(content, rng)
        steps.append(change.__name__.strip("_"))
    return tuple(steps), data, _file(content)


def _wide(columns: int) -> Callable[[], tuple[str, bytes]]:
    def make() -> tuple[str, bytes]:
        row = b"1," * (columns - 1) + b"2\n"
        header = b"a," + b",".join(b"c%d" % n for n in range(columns - 1)) + b"\n"
        return f"{columns:,} columns", header + row * (3 if columns > 20_000 else 12)

    return make


def _whole(step: str, content: bytes) -> Callable[[], tuple[str, bytes]]:
    return lambda: (step, content)


_WHOLE = (
    _wide(1_000_000),
    _wide(2_001),
    _wide(2_000),
    _whole("nothing", b""),
    _whole("a header only", b"a,b\n"),
    _whole("one column", b"a\n" + b"1\n2\n" * 20),
    _whole("no line break", b"a,b," * 500_000),
    _whole("commas only", b"," * 1_000_000),
    _whole("line breaks only", b"\n" * 1_000_000),
    _whole("quotes only", b'"' * 1_000_001),
    _whole("NUL only", b"\0" * 100_000),
    _whole("an open quote", b'a,b\n1,"' + b"x,\n" * 300_000),
    _whole("a long cell", b"a,b\n1," + b"x" * 5_000_000 + b"\n"),
    _whole("200,000 rows", b"a,b\n" + b"1,2\n0,3\n" * 100_000),
    _whole("200,000 classes", b"a,b\n" + b"".join(b"k%d,%d\n" % (n, n) for n in range(200_000))),
    _whole("999 classes", b"a,b\n" + b"".join(b"k%d,%d\n" % (n % 999, n) for n in range(9_000))),
    _whole("a row each class", b"a,b\n" + b"".join(b"k%d,%d\n" % (n, n) for n in range(30))),
    _whole("always missing", b"a,b\n" + b",1\n,2\n" * 30),
    _whole("a picture", (BUNDLED / "shapes/circle/circle_00.png").read_bytes()),
    _whole("JSON", b'[{"a": 1, "b": 2}]\n' * 30),
    _whole("a page", b"<html><body>404, not found</body></html>\n" * 20),
)


def _lines(content: bytes) -> list[bytes]:
    return content.splitlines(keepends=True) or [b"\n"]


def _cell(content: bytes, rng: random.Random) -> bytes:
    """Replace the same column in one row, or in every one; without quotes around it or with."""
    lines = _lines(content)
    rows = [*range(1, len(lines))]
    rows = rows if rng.random() < 0.3 else rng.sample(rows, min(len(rows), rng.choice((1, 5))))
    column, text = rng.randrange(9), rng.choice(CELLS)
    text = '"' + text.replace('"', '""') + '"' if rng.random() < 0.4 else text
    for row in rows:
        cells = lines[row].rstrip(b"\r\n").split(b",")
        cells[column % len(cells)] = text.encode()
        lines[row] = b",".join(cells) + b"\n"
    return b"".join(lines)


def _header(content: bytes, rng: random.Random) -> bytes:
    """Rename a column: without a name, twice the same, a name that is no name."""
    header, *rows = _lines(content)
    names = header.rstrip(b"\r\n").split(b",")
    names[rng.randrange(len(names))] = rng.choice((*(n.encode() for n in NAMES), names[0]))
    return b"".join([b",".join(names) + b"\n", *rows])


def _encoding(content: bytes, rng: random.Random) -> bytes:
    text = content.decode("utf-8", "replace").replace("a", "ä" if rng.random() < 0.5 else "a")
    if rng.random() < 0.3:
        return text.encode("latin-1", "replace")
    return text.encode(rng.choice(ENCODINGS), "replace")


def _line_ends(content: bytes, rng: random.Random) -> bytes:
    if rng.random() < 0.5:
        return content.replace(b"\n", rng.choice((b"\r", b"\r\n", b"\n\n", b"\n\r", b"\x85", b"")))
    ends = (b"\n", b"\r", b"\r\n")
    return b"".join(line.rstrip(b"\r\n") + rng.choice(ends) for line in _lines(content))


def _separators(content: bytes, rng: random.Random) -> bytes:
    other, share = rng.choice((b";", b"\t", b"|", b" ", b",,")), rng.choice((0.1, 1.0))
    return b"".join(
        line.replace(b",", other) if rng.random() < share else line for line in _lines(content)
    )


def _rows(content: bytes, rng: random.Random) -> bytes:
    """Leave so few rows, repeat them, cut each, or put them before the header."""
    header, *rows = _lines(content)
    kept = rows[: rng.choice((0, 1, 2, 9, 10, 11, 12, 30))]
    ways = ([header, *kept], [header, *rows * 20], [*rows, header], [header, *rows[:1] * 50])
    if rng.random() < 0.3:
        return b"".join([header, *(row[: len(row) // 2] + b"\n" for row in rows)])
    return b"".join(rng.choice(ways))


def _nul(content: bytes, rng: random.Random) -> bytes:
    at = rng.randrange(len(content) + 1)
    return content[:at] + b"\0" * rng.choice((1, 1, 500)) + content[at:]


_CSV_CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    *(_cell, _cell, _cell, _cell, _header, _encoding, _line_ends, _separators, _rows, _nul),
)


@cache
def _frames() -> dict[str, Any]:
    import pandas

    return {name: pandas.read_csv(BUNDLED / f"{name}.csv") for name in TABLES}


def _odd_columns(rng: random.Random, rows: int) -> tuple[str, Any]:
    """Return a column of a kind that a parquet file may hold and a table can't always use."""
    import pandas

    kinds: dict[str, Callable[[], Any]] = {
        "lists": lambda: [[1, 2]] * rows,
        "mappings": lambda: [{"a": 1}] * rows,
        "bytes": lambda: [b"\xff\x00"] * rows,
        "dates": lambda: pandas.date_range("2024-01-01", periods=rows),
        "texts": lambda: [rng.choice(CELLS) for _ in range(rows)],
        "NUL": lambda: ["a\0b"] * rows,
        "None": lambda: [None] * rows,
        "large": lambda: [2**63 - 1] * rows,
        "infinite": lambda: [float("inf")] * rows,
        "half missing": lambda: [None, 1.5] * (rows // 2) + [None] * (rows % 2),
        "decimals": lambda: [decimal.Decimal(n) / 8 for n in range(rows)],
        "truths": lambda: [True, False] * (rows // 2) + [None] * (rows % 2),
        "categories": lambda: pandas.Categorical(["a", "b"] * (rows // 2) + ["c"] * (rows % 2)),
        "float16": lambda: np.ones(rows, np.float16),
        "durations": lambda: pandas.to_timedelta(range(rows), unit="D"),
    }
    name = rng.choice([*kinds])
    return name, kinds[name]()


def _parquet(rng: random.Random) -> tuple[tuple[str, ...], str, Maker]:
    name = rng.choice([*TABLES])
    data = rng.choice(TABLES[name])
    frame = _frames()[name].copy()
    steps = [name]
    if rng.random() < 0.5:
        frame = frame.iloc[: rng.choice((0, 1, 5, 12, 300))]
        column = rng.choice([*frame.columns, *(n for n in NAMES if n)])
        what, values = _odd_columns(rng, len(frame))
        frame[column] = values
        steps.append(f"{what} in {column[:20]!r}")
    buffer = io.BytesIO()
    codec = rng.choice(("snappy", "gzip", "zstd", "none"))
    try:
        frame.to_parquet(buffer, compression=None if codec == "none" else codec)
    except Exception:  # pyarrow can't write it: the file is cut short
        steps.append("not written")
    content = buffer.getvalue()
    if len(steps) == 1 or rng.random() < 0.3:
        for _ in range(rng.choice((1, 1, 3))):
            # The footer, at the end, is what a reader believes first.
            at = rng.randrange(len(content) + 1)
            change = rng.choice(CHANGES_OF_BYTES)
            if rng.random() < 0.5:
                at = max(0, len(content) - rng.randrange(1, 2_000))
                content = content[:at] + change(content[at:], rng)
            else:
                content = change(content, rng)
            steps.append(change.__name__.strip("_"))
    return tuple(steps), data, _file(content)


# Arrays.


PICKLED = "a pickle that was read"


class _Told:
    """What a pickle may hold: who reads it runs code, here one that fails with these words."""

    def __reduce__(self) -> tuple[Any, ...]:
        return int, (PICKLED,)


def _array(rng: random.Random, rows: int) -> Any:
    """Return targets or inputs of any kind for so many examples."""
    made: tuple[Callable[[], Any], ...] = (
        lambda: np.arange(rows) % 3,
        lambda: np.arange(rows) % 3 - 1,
        lambda: np.arange(rows) * 10**6,
        lambda: np.arange(rows) % 2 == 0,
        lambda: np.arange(rows, dtype=np.float32) / 7,
        lambda: np.full(rows, np.nan),
        lambda: np.full((rows, 2), np.inf),
        lambda: np.eye(3)[np.arange(rows) % 3],
        lambda: np.stack([np.arange(rows) % 2, np.ones(rows, int)], axis=1),
        lambda: np.ones((rows, 2, 3)),
        lambda: np.ones((rows, 0)),
        lambda: np.ones((0, 4)),
        lambda: np.float64(3),
        lambda: np.array(["a", "\x1b[2J"] * (rows // 2)),
        lambda: np.array([b"a", b"b"] * (rows // 2)),
        lambda: np.ones(rows, complex),
        lambda: np.ones(rows, "datetime64[s]"),
        lambda: np.zeros(rows, [("a", "f4"), ("b", "i4")]),
        lambda: np.array([_Told()] * rows, dtype=object),
        lambda: np.full(rows, 2**63, np.uint64),
        lambda: np.full(rows, 1e300),
        lambda: np.asfortranarray(np.ones((rows, 4), ">f4")),
        lambda: np.ones((rows, 4), np.float16),
    )
    return rng.choice(made)()


def _npz(rng: random.Random) -> tuple[tuple[str, ...], str, Maker]:
    arrays: dict[str, Any] = {
        "x_train": np.random.default_rng(0).random((40, 4), np.float32),
        "y_train": np.arange(40) % 3,
        "x_test": np.zeros((10, 4), np.float32),
        "y_test": np.arange(10) % 3,
    }
    steps = []
    odd = rng.choice((1, 1, 2, 4))
    for name in rng.sample([*arrays], odd):
        rows = len(arrays[name]) + rng.choice((0, 0, 0, 0, -2))
        arrays[name] = _array(rng, rows)
        steps.append(f"{name} {getattr(arrays[name], 'dtype', None)} {np.shape(arrays[name])}")
    if rng.random() < 0.3:
        # Of both parts the same kind.
        number = rng.random()
        for name, rows in (("y_train", 40), ("y_test", 10)):
            arrays[name] = _array(random.Random(number), rows)
        steps.append(f"targets {arrays['y_train'].dtype}")
    if rng.random() < 0.2:
        del arrays[rng.choice([*arrays])]
        steps.append("one left out")
    if rng.random() < 0.2:
        arrays[rng.choice(("x_validation", "class_names", "\x1b[2J", "../x"))] = _array(rng, 10)
    buffer = io.BytesIO()
    rng.choice((np.savez, np.savez_compressed))(buffer, allow_pickle=True, **arrays)
    content = buffer.getvalue()
    if rng.random() < 0.3:
        change = rng.choice(CHANGES_OF_BYTES)
        content = change(content, rng)
        steps.append(change.__name__.strip("_"))
    elif rng.random() < 0.1:
        content, step = rng.choice((_zip_bomb, _false_header))(content)
        steps.append(step)
    task = rng.choice(("", "", "task: regression", "task: multi_label", "task: classification"))
    return tuple(steps), task, _file(content)


def _zip_bomb(_: bytes) -> tuple[bytes, str]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("x_train", "y_train", "x_test", "y_test"):
            header = io.BytesIO()
            shape = (10**6, 300)
            form = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(header, form)
            archive.writestr(f"{name}.npy", header.getvalue() + b"\0" * 10**7)
    return buffer.getvalue(), "arrays shorter than they say"


def _false_header(content: bytes) -> tuple[bytes, str]:
    buffer = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as new,
    ):
        for name in old.namelist():
            new.writestr(name, old.read(name).replace(b"(40,", b"(4" + b"0" * 15 + b","))
    return buffer.getvalue(), "a header of very many rows"


# Images.


@cache
def _pictures() -> dict[str, bytes]:
    """Return {path in the folder: content} of some bundled images, in other formats as well."""
    from PIL import Image

    found = {}
    for folder in sorted((BUNDLED / "shapes").iterdir()):
        for number, file in enumerate(sorted(folder.iterdir())[:8]):
            content = file.read_bytes()
            format_ = ("png", "png", "jpeg", "gif", "bmp")[number % 5]
            if format_ != "png":
                buffer = io.BytesIO()
                Image.open(file).convert("RGB").save(buffer, format_)
                content = buffer.getvalue()
            found[f"{folder.name}/{file.stem}.{format_}"] = content
    return found


def _chunk(kind: bytes, content: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def _png(width: int, height: int, *more: bytes, depth: int = 8, color: int = 2) -> bytes:
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    pixels = _chunk(b"IDAT", zlib.compress(b"\0" * 1_000_000, 9))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + pixels + _chunk(b"IEND", b"")


def _animation() -> bytes:
    from PIL import Image

    buffer = io.BytesIO()
    frames = [Image.new("RGB", (8, 8), (n, 2 * n, 0)) for n in range(5)]
    frames[0].save(buffer, "gif", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


_BAD_PICTURES: dict[str, Callable[[], bytes]] = {
    "nothing": lambda: b"",
    "a text": lambda: b"no picture\n" * 30,
    "a page": lambda: b"<html><script>alert(1)</script></html>",
    "SVG": lambda: (
        b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'
    ),
    "a bomb of 10^9 pixels": lambda: _png(30_000, 30_000),
    "a bomb of 4*10^18 pixels": lambda: _png(2**31 - 1, 2**31 - 1),
    "no pixels": lambda: _png(0, 0),
    "a line of 49,000,000 pixels": lambda: _png(49_000_000, 1),
    "too few pixels": lambda: _png(3_000, 3_000),
    "16 bits": lambda: _png(100, 100, depth=16),
    "a palette without colors": lambda: _png(9, 9, color=3),
    "a compressed comment of 100 MB": lambda: _png(
        9, 9, _chunk(b"zTXt", b"a\0\0" + zlib.compress(b"\0" * 10**8, 9))
    ),
    "a GIF bomb": lambda: b"GIF89a" + struct.pack("<HH", 65_535, 65_535) + b"\0\0\0,",
    "a BMP bomb": lambda: (
        b"BM"
        + struct.pack(
            "<IHHIIiiHHIIiiII", 60, 0, 0, 54, 40, 2**31 - 1, 2**31 - 1, 1, 24, 0, 0, 0, 0, 0, 0
        )
    ),
    "a JPEG header alone": lambda: b"\xff\xd8\xff\xe0\x00\x10JFIF\x00",
    "an animation": _animation,
    "NUL": lambda: b"\0" * 5_000,
    "TIFF": lambda: b"II*\0\x08\0\0\0",
    "PostScript": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
}


def _sparse(path: Path) -> None:
    path.touch()
    os.truncate(path, 8 * 10**9)


_BAD_PLACES: dict[str, Maker] = {
    "a FIFO": lambda path: os.mkfifo(path),
    "a folder": lambda path: path.mkdir(),
    "a link to /dev/zero": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a link to nothing": lambda path: path.symlink_to("nowhere.png"),
    "a link out of the folder": lambda path: path.symlink_to("/etc/passwd"),
    "a link to its folder": lambda path: path.symlink_to(".."),
    "8 GB of zeros": _sparse,
}
_BAD_NAMES = (
    *(b"\x1b[2J.png", b"\xff\xfe.png", b"<script>.png", b"{0}%s.png", b".png", b"a\nb.png"),
    *(b"=1+1.gif", "é中\u202e.jpg".encode(), b"x" * 240 + b".png", b"-rf.bmp", b"PNG", b"x.PNG"),
)


def _images(rng: random.Random) -> tuple[tuple[str, ...], str, Maker]:
    steps: list[str] = []
    changes: list[Maker] = []
    for _ in range(rng.choice((1, 1, 2, 4))):
        step, change = rng.choice((_bad_picture, _bad_picture, _damaged, _bad_place, _odd_folder))(
            rng
        )
        steps.append(step)
        changes.append(change)

    def make(path: Path) -> None:
        for name, content in _pictures().items():
            file = path / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        for change in changes:
            change(path)

    size = rng.choice(("image_size: 8", "image_size: [9, 7]", "color_mode: grayscale", ""))
    return tuple(steps), size, make


def _bad_picture(rng: random.Random) -> tuple[str, Maker]:
    what, name = rng.choice([*_BAD_PICTURES]), rng.choice([*_pictures()])
    return f"{what} in {name}", lambda path: _replace(path / name, _BAD_PICTURES[what]())


def _damaged(rng: random.Random) -> tuple[str, Maker]:
    name, change = rng.choice([*_pictures()]), rng.choice(CHANGES_OF_BYTES)
    content = change(_pictures()[name], rng)
    return f"{change.__name__.strip('_')} in {name}", lambda path: _replace(path / name, content)


def _bad_place(rng: random.Random) -> tuple[str, Maker]:
    what, name = rng.choice([*_BAD_PLACES]), rng.choice([*_pictures()])

    def make(path: Path) -> None:
        (path / name).unlink(missing_ok=True)
        if (path / name).parent.is_dir() and not os.path.lexists(path / name):
            _BAD_PLACES[what](path / name)

    return f"{what} at {name}", make


def _odd_folder(rng: random.Random) -> tuple[str, Maker]:
    way, name = rng.choice(_FOLDER_CHANGES), rng.choice(_BAD_NAMES)
    return f"{way.__name__.strip('_')} {name!r}", lambda path: way(path, os.fsdecode(name))


def _named(path: Path, name: str) -> None:
    _replace(path / "star" / name, _picture())


def _folder_named(path: Path, name: str) -> None:
    (path / name).mkdir(exist_ok=True)
    _replace(path / name / "a.png", _picture())


def _deep(path: Path, _: str) -> None:
    place = path / "star" / "/".join(["d"] * 400)
    place.mkdir(parents=True, exist_ok=True)
    _replace(place / "a.png", _picture())


def _linked(path: Path, _: str) -> None:
    if not os.path.lexists(path / "loop"):
        (path / "loop").symlink_to(".")


def _empty_class(path: Path, _: str) -> None:
    (path / "aaa").mkdir(exist_ok=True)


def _one_class(path: Path, _: str) -> None:
    for other in ("circle", "square", "triangle"):
        shutil.rmtree(path / other, ignore_errors=True)


def _many_classes(path: Path, _: str) -> None:
    for number in range(300):
        _folder_named(path, f"k{number}")


def _parts(path: Path, name: str) -> None:
    """Make folders of parts, as many as the name's length says."""
    classes = [one for one in path.iterdir() if not one.is_symlink()]
    for part in ("train", "test", "validation")[: 1 + len(name) % 3]:
        (path / part).mkdir(exist_ok=True)
        for one in (one for one in classes if one.is_dir()):
            (path / part / one.name).mkdir(exist_ok=True)
            for file in one.iterdir():
                shutil.move(file, path / part / one.name / file.name) if part == "train" else None
                _replace(path / part / one.name / f"{part}.png", _picture())


def _picture() -> bytes:
    return next(iter(_pictures().values()))


_FOLDER_CHANGES: tuple[Callable[[Path, str], None], ...] = (
    *(_named, _named, _folder_named, _folder_named, _deep, _linked, _empty_class, _one_class),
    *(_many_classes, _parts, _parts),
)


def _replace(path: Path, content: bytes) -> None:
    if path.parent.is_dir() and not path.is_dir():
        path.unlink(missing_ok=True)
        path.write_bytes(content)


_MAKERS: dict[str, Callable[[random.Random], tuple[tuple[str, ...], str, Maker]]] = {
    "csv": _csv,
    "parquet": _parquet,
    "npz": _npz,
    "image_folder": _images,
}
