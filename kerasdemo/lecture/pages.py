"""What was shown, on pages: a record a demo, and pages made from the records alone."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasdemo.config import Fault, InputError
from kerasdemo.display import run_plots
from kerasdemo.display.comparison_tables import escaped
from kerasdemo.lecture.catalogue import DEMOS, PARTS
from kerasdemo.lecture.demo_runner import DemoResult
from kerasdemo.records import files

ROWS = 23
STATUSES = ("held", "not held", "seen once", "not seen", "undecided")
# A claim of which nothing needs to be explained.
GOOD = ("held", "seen once", "given")
SAMPLE = "mnist_sample"

Record = Mapping[str, Any]


def write(played: DemoResult, folder: Path) -> list[Path]:
    """Write a demo's figures and its record, and make the pages anew; return the figures' files.

    Raises:
        InputError: where the folder can't be written to.
    """
    place = folder / played.demo.part
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(Fault(f"can't be written to ({error.strerror})", str(folder))) from None
    drawn = []
    for name, figure in played.shown.figures.items():
        with run_plots.style():
            run_plots.save(figure, place / f"{name}.png")
        drawn.append(place / f"{name}.png")
    files.write_json(place / f"{played.demo.name}.json", played.as_dict())
    for path, text in render(read(folder)).items():
        files.write_text(folder / path, text)
    return drawn


def read(folder: Path) -> list[Record]:
    """Return the records of the demos that were played, in the lecture's order."""
    places = [folder / demo.part / f"{demo.name}.json" for demo in DEMOS]
    return [json.loads(place.read_text(encoding="utf-8")) for place in places if place.exists()]


def render(records: Sequence[Record]) -> dict[str, str]:
    """Return file name -> text of the index and of each part's page."""
    pages = {"README.md": _index(records)}
    for part, title in PARTS.items():
        own = [record for record in records if record["demo"]["part"] == part]
        if own:
            pages[f"{part}/README.md"] = _page(title, part, own)
    return pages


def _index(records: Sequence[Record]) -> str:
    minutes = sum(record["seconds"] for record in records) / 60
    lines = [
        "# The lecture, claim by claim",
        "",
        "Hung-yi Lee, Machine Learning 2017, lectures 6 to 9-3: every demo run again, every claim "
        "checked against what came out. Made by `kerasdemo lecture`: "
        f"{len(records)} of {len(DEMOS)} demos, {minutes:.0f} minutes of training and calculating. "
        "The seeds stand at each demo.",
        "",
        "`held` and `not held`: three seeds or more, and the 95 % interval of seeds and examples "
        "decides. `seen once` and `not seen`: one seed, beyond the error of its examples. "
        "`undecided`: neither.",
        "",
        f"| part | demos | {' | '.join(STATUSES)} | minutes |",
        f"|---|---|{'---|' * len(STATUSES)}---|",
    ]
    for part, title in PARTS.items():
        own = [record for record in records if record["demo"]["part"] == part]
        counts = [str(_count(own, status)) for status in STATUSES]
        took = sum(record["seconds"] for record in own) / 60
        name = f"[{title}]({part}/README.md)" if own else title
        lines.append(f"| {name} | {len(own)} | {' | '.join(counts)} | {took:.1f} |")
    lines += ["", "## Row by row", "", *_rows(records), ""]
    return "\n".join(lines)


def _rows(records: Sequence[Record]) -> list[str]:
    """Return the table of the lecture's 23 rows, each with every claim about it."""
    lines = [
        "The rows of the lecture's table of demos. `given`: a figure that is quoted, not measured.",
        "",
        "| row | claim | the lecture | here | status |",
        "|---|---|---|---|---|",
    ]
    told = [
        (row, record, one)
        for record in records
        for one in record["checked"]
        for row in one["rows"][:1]
    ]
    for number in range(1, ROWS + 1):
        about = [(record, one) for row, record, one in told if row == number] or [
            (record, one)
            for record in records
            for one in record["checked"]
            if number in one["rows"]
        ]
        if not about:
            lines.append(f"| {number} | - | - | - | not played yet |")
        for record, one in about:
            page = f"{record['demo']['part']}/README.md#{record['demo']['name']}"
            lines.append(f"| [{number}]({page}) | {_cells(one)} |")
    return lines


def _page(title: str, part: str, records: Sequence[Record]) -> str:
    minutes = sum(record["seconds"] for record in records) / 60
    lines = [
        f"# {title}",
        "",
        f"Made by `kerasdemo lecture {part}{_option(records)}`: {minutes:.1f} minutes "
        f"of training and calculating ({_versions(records[0])}). "
        "[All parts](../README.md).",
        "",
    ]
    for record in records:
        lines += _section(record)
    return "\n".join(lines)


def _section(record: Record) -> list[str]:
    demo = record["demo"]
    lines = [f'## <a id="{demo["name"]}"></a>{_capital(demo["title"])}', ""]
    if record["question"]:
        lines += [record["question"], ""]
    lines += [f"`kerasdemo lecture {demo['name']} --seeds {_seeds(record)}`{_made_of(record)}", ""]
    for figure in record["figures"]:
        lines += [f"![{demo['title']}]({figure})", ""]
    if record["lines"]:
        lines += ["```text", *record["lines"], "```", ""]
    if record["checked"]:
        lines += ["| claim | the lecture | here | status |", "|---|---|---|---|"]
        lines += [f"| {_cells(one)} |" for one in record["checked"]]
        lines += ["", *_notes(record["checked"])]
    return lines


def _notes(checked: Sequence[Record]) -> list[str]:
    """Return a paragraph for each claim that did not hold and was looked into."""
    noted = [one for one in checked if one["status"] not in GOOD and one["note"]]
    return [
        line
        for one in noted
        for line in (f"*{escaped(_capital(one['says']))}*: {escaped(one['note'])}", "")
    ]


def _made_of(record: Record) -> str:
    parts = [f"{record['seconds']:.0f} s"] if record["seconds"] >= 1 else []
    if record["demo"]["experiment"]:
        parts.append(f"`experiments/lecture/{record['demo']['experiment']}.yaml`")
    if SAMPLE in record["sources"]:
        parts.append("**on the bundled sample of 5,000 digits, not on the whole MNIST**")
    return f" ({', '.join(parts)})" if parts else ""


def _cells(one: Record) -> str:
    status = one["status"] if one["status"] in GOOD else f"**{one['status']}**"
    cells = (one["says"], one["lecture"] or "-", one["measured"], status)
    return " | ".join(map(escaped, cells))


def _count(records: Sequence[Record], status: str) -> int:
    return sum(one["status"] == status for record in records for one in record["checked"])


def _option(records: Sequence[Record]) -> str:
    """Return the seeds of a part's demos, where all have the same."""
    seeds = {_seeds(record) for record in records}
    return f" --seeds {seeds.pop()}" if len(seeds) == 1 else ""


def _seeds(record: Record) -> str:
    seeds = record["seeds"]
    unbroken = len(seeds) > 1 and seeds == list(range(seeds[0], seeds[-1] + 1))
    return f"{seeds[0]}-{seeds[-1]}" if unbroken else ",".join(map(str, seeds))


def _versions(record: Record) -> str:
    return ", ".join(f"{name} {version}" for name, version in record["versions"].items())


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
