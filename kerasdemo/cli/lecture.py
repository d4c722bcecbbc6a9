"""The verb that runs the lecture's demos."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasdemo.cli.options import RESULTS, Results, Set, Workers, parse_seeds
from kerasdemo.cli.output import count, make_console, print_lines, print_table, say

if TYPE_CHECKING:
    from kerasdemo.lecture.demo import Demo
    from kerasdemo.lecture.demo_runner import DemoResult

app = typer.Typer()


@app.command(epilog="Example: kerasdemo lecture worked_network")
def lecture(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME...", help="Demos, or parts of the lecture.")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Run all demos.")] = False,
    seeds: Annotated[
        str | None,
        typer.Option(metavar="0-4", help="Left out: three where that is quick, else one."),
    ] = None,
    results: Results = RESULTS / "lecture",
    pages: Annotated[
        Path, typer.Option(metavar="DIR", help="Where figures and pages are written.")
    ] = Path("results/my_lecture"),
    overrides: Set = None,
    workers: Workers = None,
) -> None:
    """Run the lecture's demos and check its claims; without NAME list them."""
    from kerasdemo.lecture import catalogue

    chosen_seeds = parse_seeds(seeds)
    if not names and not every:
        print_table([_row(demo, chosen_seeds) for demo in catalogue.DEMOS])
        return
    selected = [demo for name in names or () for demo in catalogue.select(name)]
    demos = catalogue.DEMOS if every else dict.fromkeys(selected)
    from kerasdemo.lecture import demo_runner
    from kerasdemo.lecture import pages as lecture_pages
    from kerasdemo.pages import lecture_site

    console = make_console()
    statuses: list[str] = []
    for demo in demos:
        demo_seeds = chosen_seeds or demo_runner.usual_seeds(demo, overrides or ())
        say(f"{demo.part}: {demo.title} ({demo.name}), {count(len(demo_seeds), 'seed')}")
        result = demo_runner.run_demo(demo, results, demo_seeds, overrides or (), console, workers)
        _print_result(result, lecture_pages.write(result, pages))
        statuses += [claim.status for claim in result.output.claims]
    counts = [f"{statuses.count(status)} {status}" for status in dict.fromkeys(sorted(statuses))]
    say(f"site      {lecture_site.write(pages)}")
    say(f"{count(len(statuses), 'claim')}: {', '.join(counts)}")


def _row(demo: "Demo", seeds: tuple[int, ...]) -> dict[str, Any]:
    from kerasdemo.lecture.demo_runner import seconds_needed, usual_seeds
    from kerasdemo.sweeps.progress import duration

    demo_seeds = seeds or usual_seeds(demo)
    seconds = seconds_needed(demo, demo_seeds)
    return {
        "part": demo.part,
        "demo": demo.name,
        "title": demo.title,
        "seeds": len(demo_seeds),
        "time here": f"about {duration(seconds)}" if seconds else "seconds",
    }


def _print_result(result: "DemoResult", figures: list[Path]) -> None:
    for line in result.output.lines:
        say(f"  {line}")
    for claim in result.output.claims:
        reference = f" (lecture: {claim.reference})" if claim.reference else ""
        say(f"  {claim.status.upper()}: {claim.statement}{reference}: {claim.measured}")
        if claim.note and claim.status not in ("held", "seen once", "quoted"):
            say(f"    {claim.note}")
    if "mnist_sample" in result.sources:
        text = "  on the bundled sample of 5,000 digits: set KERASDEMO_MNIST for the whole MNIST"
        print_lines(make_console(), [(text, "bold yellow")])
    for figure in figures:
        say(f"  figure  {figure}")
