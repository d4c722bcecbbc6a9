"""The verb that makes a page to look at: report."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from kerasdemo.cli.options import RESULTS, Results
from kerasdemo.cli.output import say

app = typer.Typer()


@app.command(epilog="Example: kerasdemo report results/runs/quickstart-1a2b3c4d")
def report(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="A run folder, a sweep, a tuning, the lecture's pages, or the name of a run or an "
            "experiment; several are compared.",
        ),
    ],
    results: Results = RESULTS,
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Left out: report.html in the folder."),
    ] = None,
) -> None:
    """Write one HTML file that shows runs: verdict, curves, layers, comparisons, claims."""
    from kerasdemo import api

    say(f"report  {api.report(paths, output, results)}")


def write_or_name(folder: Path, is_wanted: bool) -> str:
    """Write the page of a folder where it is wanted; return its file, or the command for it."""
    from kerasdemo import api

    return str(api.report(folder)) if is_wanted else f"kerasdemo report {shlex.quote(str(folder))}"
