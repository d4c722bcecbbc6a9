"""The lecture as a site or as one file, made from the records of the demos.

The site is an index and a page for each part; its figures are the PNG files beside them. In the one
file the figures are inside.
"""

import base64
import struct
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasdemo.config import Fault, InputError, regular_file
from kerasdemo.lecture import pages
from kerasdemo.lecture.catalogue import DEMOS, PARTS
from kerasdemo.pages.page import SIGNS, Page, render
from kerasdemo.records import files

INDEX = "index.html"
STYLES = ("page.css", "table.css", "lecture.css")
LEVELS = {
    "held": "good",
    "seen once": "good",
    "undecided": "warn",
    "not held": "bad",
    "not seen": "bad",
}
# From an index in results/lecture, and so in a copy of the repository.
EXPERIMENTS = "../../experiments/lecture"
# The header of a PNG file: 16 bytes, then width and height.
PNG_HEADER = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"
MOST_BYTES = 1 << 24

Record = Mapping[str, Any]


def is_lecture(folder: Path) -> bool:
    """Return whether a folder holds records of the lecture's demos."""
    return any((folder / demo.part / f"{demo.name}.json").is_file() for demo in DEMOS)


def write(folder: Path) -> Path:
    """Write the site into the folder of the records; return the file of its index.

    Raises:
        InputError: where there are no records, one is damaged, or a page can't be written.
    """
    for name, page in site(folder).items():
        try:
            files.write_text(folder / name, render(page))
        except OSError as error:
            message = f"can't be written to ({error.strerror})"
            raise InputError(Fault(message, str(folder / name))) from None
    return folder / INDEX


def site(folder: Path) -> dict[str, Page]:
    """Return file name -> page: the index, and each part that has records.

    Args:
        folder: of the records, such as results/lecture.

    Raises:
        InputError: where there are no records, or one is damaged.
    """
    records = _read(folder)
    parts = [part for part in PARTS if any(_part(record) == part for record in records)]
    made = {INDEX: _index(records, lambda part: f"{part}/{INDEX}", _address)}
    for number, part in enumerate(parts):
        neighbors = [parts[n] if 0 <= n < len(parts) else None for n in (number - 1, number + 1)]
        chosen = [record for record in records if _part(record) == part]
        made[f"{part}/{INDEX}"] = _part_page(folder, part, chosen, neighbors)
    return made


def make(folder: Path) -> Page:
    """Return the whole lecture as one page, with the figures inside; raises as `site` does."""
    records = _read(folder)
    whole = []
    for part, title in PARTS.items():
        demos = [_demo(folder, r, is_inside=True) for r in records if _part(r) == part]
        if demos:
            whole.append({"id": part, "title": title, "demos": demos})
    page = _index(records, lambda part: f"#part-{part}", lambda demo: f"#{demo['name']}")
    data = {**page.data, "whole": whole}
    return Page(page.title, page.template, data, scripts=("table.js", "copy.js"), styles=STYLES)


def _read(folder: Path) -> list[Record]:
    records = pages.read(folder)
    if not records:
        message = "no demo of the lecture was recorded here; `kerasdemo lecture --all` records them"
        raise InputError(Fault(message, str(folder)))
    return records


def _index(
    records: Sequence[Record], of_part: Callable[[str], str], of_demo: Callable[[Record], str]
) -> Page:
    """Return the index; `of_part` and `of_demo` give the addresses of what it links to."""
    claims = [(record["demo"], claim) for record in records for claim in record["claims"]]
    parts = []
    for part, title in PARTS.items():
        chosen = [record for record in records if _part(record) == part]
        parts.append(
            {
                "title": title,
                "href": of_part(part) if chosen else None,
                "demos": len(chosen),
                "of": sum(demo.part == part for demo in DEMOS),
                "counts": _counts(chosen),
                "minutes": _minutes(chosen),
            }
        )
    is_open = [claim["status"] not in pages.GOOD for _, claim in claims]
    return Page(
        "The lecture, claim by claim",
        "lecture.html",
        {
            "demos": len(records),
            "of": len(DEMOS),
            "minutes": f"{sum(record['seconds'] for record in records) / 60:.0f}",
            "counts": _counts(records),
            "parts": parts,
            "open": [
                {"href": of_demo(demo), **_claim(demo, claim)}
                for (demo, claim), one_is in zip(claims, is_open, strict=True)
                if one_is
            ],
            "rows": _rows(claims, of_demo),
            "whole": [],
        },
        scripts=("table.js",),
        styles=STYLES,
    )


def _rows(
    claims: Sequence[tuple[Record, Record]], of_demo: Callable[[Record], str]
) -> list[dict[str, Any]]:
    """Return the claims about each of the lecture's rows, with their row; see `pages.rows_of`."""
    rows: list[dict[str, Any]] = []
    for row, found in pages.rows_of(claims):
        rows += [{"row": row, "href": of_demo(d), **_claim(d, claim)} for d, claim in found]
        if not found:
            rows.append({"row": row, "status": None})
    return rows


def _part_page(
    folder: Path, part: str, records: Sequence[Record], neighbors: Sequence[str | None]
) -> Page:
    title = PARTS[part]  # type: ignore[index]
    before, after = (
        None if other is None else {"title": PARTS[other], "href": f"../{other}/{INDEX}"}  # type: ignore[index]
        for other in neighbors
    )
    return Page(
        title,
        "lecture_part.html",
        {
            "crumbs": [("The lecture", f"../{INDEX}"), (title, None)],
            "minutes": _minutes(records),
            "counts": _counts(records),
            "versions": ", ".join(f"{k} {v}" for k, v in records[0]["versions"].items()),
            "demos": [_demo(folder, record) for record in records],
            "before": before,
            "after": after,
        },
        scripts=("copy.js",),
        styles=STYLES,
        has_images_beside=True,
    )


def _demo(folder: Path, record: Record, *, is_inside: bool = False) -> dict[str, Any]:
    demo, seconds = record["demo"], record["seconds"]
    experiment = demo["experiment"]
    seeds = pages.seeds_of(record)
    href = None
    if not is_inside and experiment and (folder / EXPERIMENTS / f"{experiment}.yaml").is_file():
        href = f"../{EXPERIMENTS}/{experiment}.yaml"
    return {
        "id": demo["name"],
        "title": pages.capital(demo["title"]),
        "question": record["question"],
        "command": f"kerasdemo lecture {demo['name']} --seeds {seeds}",
        "seconds": f"{seconds:.0f} s" if seconds >= 1 else "less than a second",
        "experiment": experiment and f"experiments/lecture/{experiment}.yaml",
        "href": href,
        "is_sample": pages.SAMPLE in record["sources"],
        "figures": [
            found
            for figure in record["figures"]
            if (found := _figure(folder / demo["part"] / figure, demo["title"], is_inside))
        ],
        "lines": "\n".join(record["lines"]),
        "claims": [_claim(demo, claim) for claim in record["claims"]],
        "counts": _counts([record]),
    }


def _figure(file: Path, title: str, is_inside: bool) -> dict[str, Any] | None:
    """Return what the page shows of a figure; None where it is no PNG file.

    Args:
        file: beside the page.
        title: of the demo.
        is_inside: whether the figure goes into the page.
    """
    try:
        content = regular_file.read(file, MOST_BYTES)
    except (OSError, ValueError):
        return None
    if content[:16] != PNG_HEADER or len(content) < 24:
        return None
    width, height = struct.unpack(">II", content[16:24])
    source = file.name
    if is_inside:
        source = f"data:image/png;base64,{base64.b64encode(content).decode('ascii')}"
    words = file.stem.replace("_", " ")
    return {"src": source, "width": width, "height": height, "alt": f"{title}: {words}"}


def _claim(demo: Record, claim: Record) -> dict[str, Any]:
    status = claim["status"]
    return {
        "demo": pages.capital(demo["title"]),
        "statement": pages.capital(claim["statement"]),
        "reference": claim["reference"],
        "measured": claim["measured"],
        "status": status,
        "badge": _badge(status),
        "rows": claim["rows"],
        "note": pages.capital(claim["note"]) if status not in pages.GOOD else "",
    }


def _counts(records: Sequence[Record]) -> list[dict[str, Any]]:
    """Return the number of claims of each status that there is, for words and for a bar."""
    counts = Counter(claim["status"] for record in records for claim in record["claims"])
    return [
        {"status": status, "count": counts[status], "badge": _badge(status)}
        for status in (*pages.STATUSES, "quoted")
        if counts[status]
    ]


def _badge(status: str) -> dict[str, str]:
    level = LEVELS.get(status, "")
    return {"text": status, "level": level, "sign": SIGNS[level] if level else "“"}


def _address(demo: Record) -> str:
    return f"{demo['part']}/{INDEX}#{demo['name']}"


def _part(record: Record) -> str:
    return str(record["demo"]["part"])


def _minutes(records: Sequence[Record]) -> str:
    return f"{sum(record['seconds'] for record in records) / 60:.1f}"
