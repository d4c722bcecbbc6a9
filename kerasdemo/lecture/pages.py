"""The published pages: each demo writes a record, and all pages are made from the records."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from kerasdemo.config import Fault, InputError
from kerasdemo.display.comparison_tables import escape
from kerasdemo.display.style import save, style
from kerasdemo.lecture.catalogue import DEMOS, PARTS
from kerasdemo.lecture.demo import Demo
from kerasdemo.lecture.demo_runner import DemoResult
from kerasdemo.records import files, reading, schema
from kerasdemo.records.schema import check

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


class _Demo(schema.Record):
    part: str
    name: str
    title: str
    experiment: str | None


class _Claim(schema.Record):
    statement: str
    reference: str
    measured: str
    status: Literal["held", "not held", "seen once", "not seen", "undecided", "quoted"]
    rows: list[int]
    note: str


class _Record(schema.Record):
    """What `DemoResult.as_dict` writes."""

    demo: _Demo
    question: str
    seeds: Annotated[list[int], Field(min_length=1)]
    seconds: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    sources: list[str]
    versions: dict[str, str]
    lines: list[str]
    claims: list[_Claim]
    figures: list[Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+\.png$")]]


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
    """Return the records of the demos that were run, in the lecture's order.

    Raises:
        InputError: where one is damaged.
    """
    places = [(demo, folder / demo.part / f"{demo.name}.json") for demo in DEMOS]
    return [_read(demo, place) for demo, place in places if place.exists()]


def _read(demo: Demo, file: Path) -> Record:
    try:
        content: Record = _renamed(files.read_json(file))
        check(_Record, content, file.name)
        if (content["demo"]["part"], content["demo"]["name"]) != (demo.part, demo.name):
            raise ValueError(f"{file.name} is the record of another demo")
    except (OSError, ValueError) as error:
        problem = reading.describe_damage(error, file)
        raise InputError(Fault(f"damaged: {problem}", str(file))) from None
    return content


def _renamed(value: Any) -> Any:
    """Return a record with today's keys and words."""
    if isinstance(value, list):
        return [_renamed(one) for one in value]
    if not isinstance(value, dict):
        return value
    renamed = {OLD_KEYS.get(key, key): _renamed(inner) for key, inner in value.items()}
    return renamed | ({"status": "quoted"} if renamed.get("status") == "given" else {})


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
    """Return the table of the lecture's 23 rows, each with the claims about it."""
    lines = ["The rows of the lecture's table of demos.", "", f"| row {HEADER[0]}"]
    lines.append(f"|---{HEADER[1]}")
    claims = [(record["demo"], claim) for record in records for claim in record["claims"]]
    for row, found in rows_of(claims):
        lines += [
            f"| [{row}]({demo['part']}/README.md#{demo['name']}) {_cells(claim)}"
            for demo, claim in found
        ] or [f"| {row} | - | - | - | not run yet |"]
    return lines


def rows_of(
    claims: Sequence[tuple[Record, Record]],
) -> Iterator[tuple[int, list[tuple[Record, Record]]]]:
    """Yield each of the lecture's 23 rows and the claims about it, with the demos they are of.

    A claim about several rows stands at the first of them, and again at a row without another one.
    """
    for row in range(1, ROWS + 1):
        found = [(demo, claim) for demo, claim in claims if claim["rows"][:1] == [row]]
        yield row, found or [(demo, claim) for demo, claim in claims if row in claim["rows"]]


def _page(title: str, part: str, minutes: float, records: Sequence[Record]) -> str:
    seeds = {seeds_of(record) for record in records}
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
    lines = [f'## <a id="{demo["name"]}"></a>{capital(demo["title"])}', ""]
    if record["question"]:
        lines += [record["question"], ""]
    notes = [f"{record['seconds']:.0f} s"] if record["seconds"] >= 1 else []
    if demo["experiment"]:
        notes.append(f"`experiments/lecture/{demo['experiment']}.yaml`")
    if SAMPLE in record["sources"]:
        notes.append("**on the bundled sample of 5,000 digits, not on all of MNIST**")
    source = f" ({', '.join(notes)})" if notes else ""
    lines += [f"`kerasdemo lecture {demo['name']} --seeds {seeds_of(record)}`{source}", ""]
    for figure in record["figures"]:
        lines += [f"![{demo['title']}]({figure})", ""]
    if record["lines"]:
        lines += ["```text", *record["lines"], "```", ""]
    if record["claims"]:
        lines += [*HEADER, *(_cells(claim) for claim in record["claims"]), ""]
    for claim in record["claims"]:
        if claim["status"] not in GOOD and claim["note"]:
            statement, note = capital(claim["statement"]), capital(claim["note"])
            lines += [f"*{escape(statement)}*: {escape(note)}", ""]
    return lines


def _cells(claim: Record) -> str:
    status = claim["status"] if claim["status"] in GOOD else f"**{claim['status']}**"
    cells = (claim["statement"], claim["reference"] or "-", claim["measured"], status)
    return f"| {' | '.join(map(escape, cells))} |"


def seeds_of(record: Record) -> str:
    """Return a demo's seeds as `--seeds` takes them."""
    seeds = record["seeds"]
    is_range = len(seeds) > 1 and seeds == list(range(seeds[0], seeds[-1] + 1))
    return f"{seeds[0]}-{seeds[-1]}" if is_range else ",".join(map(str, seeds))


def capital(text: str) -> str:
    """Return a text with a capital first letter, but for a formula that begins with dC."""
    return text if text[1:2].isupper() else text[:1].upper() + text[1:]
