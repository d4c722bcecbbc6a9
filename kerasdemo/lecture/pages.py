"""The published pages: each demo writes a record, and all pages are made from the records."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from kerasdemo.config import Fault, InputError
from kerasdemo.display.comparison_tables import escape
from kerasdemo.display.style import save, style
from kerasdemo.lecture.catalogue import DEMOS, PARTS
from kerasdemo.lecture.demo_runner import DemoResult
from kerasdemo.records import files

# Of the lecture's table of demos.
ROWS = 23
STATUSES = ("held", "not held", "seen once", "not seen", "undecided")
# Statuses of claims that need no explanation.
GOOD = ("held", "seen once", "quoted")
SAMPLE = "mnist_sample"
HEADER = ("| claim | lecture | measured here | status |", "|---|---|---|---|")
# Keys and words of records that were written before they were renamed.
OLD_KEYS = {"checked": "claims", "says": "statement", "lecture": "reference", "asked": "digest"}

Record = Mapping[str, Any]


def write(result: DemoResult, folder: Path) -> list[Path]:
    """Write a demo's figures and its record, make all pages again, and return the figures' files.

    Raises:
        InputError: where the folder can't be written to.
    """
    place = folder / result.demo.part
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(Fault(f"can't be written to ({error.strerror})", str(folder))) from None
    paths = []
    for name, figure in result.output.figures.items():
        with style():
            save(figure, place / f"{name}.png")
        paths.append(place / f"{name}.png")
    files.write_json(place / f"{result.demo.name}.json", result.as_dict())
    for path, text in render(read(folder)).items():
        files.write_text(folder / path, text)
    return paths


def read(folder: Path) -> list[Record]:
    """Return the records of the demos that were run, in the lecture's order."""

    def rename(values: dict[str, Any]) -> dict[str, Any]:
        if values.get("status") == "given":
            values["status"] = "quoted"
        return {OLD_KEYS.get(key, key): value for key, value in values.items()}

    places = [folder / demo.part / f"{demo.name}.json" for demo in DEMOS]
    return [
        json.loads(place.read_text(encoding="utf-8"), object_hook=rename)
        for place in places
        if place.exists()
    ]


def render(records: Sequence[Record]) -> dict[str, str]:
    """Return file name -> text of the index and of each part's page."""
    minutes = sum(record["seconds"] for record in records) / 60
    index = [
        "# The lecture, claim by claim",
        "",
        "Hung-yi Lee, Machine Learning 2017, lectures 6 to 9-3: every demo run again, every claim "
        f"checked. Made by `kerasdemo lecture`: {len(records)} of {len(DEMOS)} demos, "
        f"{minutes:.0f} minutes of training and calculation. Each demo names its seeds.",
        "",
        "`held`, `not held`: from three seeds on, decided by the 95 % interval over seeds and "
        "examples. `seen once`, `not seen`: one seed, beyond the error of its examples. "
        "`undecided`: neither. `quoted`: a published figure, not measured here.",
        "",
        f"| part | demos | {' | '.join(STATUSES)} | minutes |",
        f"|---|---|{'---|' * len(STATUSES)}---|",
    ]
    pages = {}
    for part, title in PARTS.items():
        chosen = [record for record in records if record["demo"]["part"] == part]
        statuses = [claim["status"] for record in chosen for claim in record["claims"]]
        counts = [str(statuses.count(status)) for status in STATUSES]
        minutes = sum(record["seconds"] for record in chosen) / 60
        name = f"[{title}]({part}/README.md)" if chosen else title
        index.append(f"| {name} | {len(chosen)} | {' | '.join(counts)} | {minutes:.1f} |")
        if chosen:
            pages[f"{part}/README.md"] = _page(title, part, minutes, chosen)
    return {"README.md": "\n".join([*index, "", "## Row by row", "", *_rows(records), ""])} | pages


def _rows(records: Sequence[Record]) -> list[str]:
    """Return the table of the lecture's 23 rows, each with the claims about it.

    A claim about several rows stands at the first of them, and again at a row without another one.
    """
    lines = ["The rows of the lecture's table of demos.", "", f"| row {HEADER[0]}"]
    lines.append(f"|---{HEADER[1]}")
    claims = [(record["demo"], claim) for record in records for claim in record["claims"]]
    for row in range(1, ROWS + 1):
        found = [(demo, claim) for demo, claim in claims if claim["rows"][:1] == [row]]
        found = found or [(demo, claim) for demo, claim in claims if row in claim["rows"]]
        lines += [
            f"| [{row}]({demo['part']}/README.md#{demo['name']}) {_cells(claim)}"
            for demo, claim in found
        ] or [f"| {row} | - | - | - | not run yet |"]
    return lines


def _page(title: str, part: str, minutes: float, records: Sequence[Record]) -> str:
    seeds = {_seeds(record) for record in records}
    # Where all demos have the same seeds, one command makes the page.
    option = f" --seeds {seeds.pop()}" if len(seeds) == 1 else ""
    versions = ", ".join(f"{name} {text}" for name, text in records[0]["versions"].items())
    lines = [
        f"# {title}",
        "",
        f"Made by `kerasdemo lecture {part}{option}`: {minutes:.1f} minutes of training and "
        f"calculation ({versions}). [All parts](../README.md).",
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
    notes = [f"{record['seconds']:.0f} s"] if record["seconds"] >= 1 else []
    if demo["experiment"]:
        notes.append(f"`experiments/lecture/{demo['experiment']}.yaml`")
    if SAMPLE in record["sources"]:
        notes.append("**on the bundled sample of 5,000 digits, not on all of MNIST**")
    source = f" ({', '.join(notes)})" if notes else ""
    lines += [f"`kerasdemo lecture {demo['name']} --seeds {_seeds(record)}`{source}", ""]
    for figure in record["figures"]:
        lines += [f"![{demo['title']}]({figure})", ""]
    if record["lines"]:
        lines += ["```text", *record["lines"], "```", ""]
    if record["claims"]:
        lines += [*HEADER, *(_cells(claim) for claim in record["claims"]), ""]
    for claim in record["claims"]:
        if claim["status"] not in GOOD and claim["note"]:
            statement, note = _capital(claim["statement"]), _capital(claim["note"])
            lines += [f"*{escape(statement)}*: {escape(note)}", ""]
    return lines


def _cells(claim: Record) -> str:
    status = claim["status"] if claim["status"] in GOOD else f"**{claim['status']}**"
    cells = (claim["statement"], claim["reference"] or "-", claim["measured"], status)
    return f"| {' | '.join(map(escape, cells))} |"


def _seeds(record: Record) -> str:
    seeds = record["seeds"]
    is_range = len(seeds) > 1 and seeds == list(range(seeds[0], seeds[-1] + 1))
    return f"{seeds[0]}-{seeds[-1]}" if is_range else ",".join(map(str, seeds))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
