"""The verbs that put runs beside each other: compare, diff."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerasdemo.cli.options import RESULTS, Json, Results, RunName, check_choice
from kerasdemo.cli.output import print_json, print_table, say

if TYPE_CHECKING:
    from kerasdemo.comparison.comparison import Comparison

app = typer.Typer()


@app.command(epilog="Example: kerasdemo compare results/runs/batch_size --metric test_accuracy")
def compare(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH...", help="Run folders, sweeps, results folders.")
    ],
    metric: Annotated[
        str | None, typer.Option(metavar="NAME", help="val_accuracy (the default), test_loss, ...")
    ] = None,
    group_by: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY", help="A key or section of the config; left out: all that differ."
        ),
    ] = None,
    at: Annotated[
        str, typer.Option(metavar="kept|last|best", help="The epoch of each run.")
    ] = "kept",
    form: Annotated[
        str, typer.Option("--format", metavar="table|csv|json|markdown", help="How it is printed.")
    ] = "table",
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw it into this file as well.")
    ] = None,
) -> None:
    """Compare runs: means and intervals over seeds, ranks with ties, and which are better."""
    comparison = print_comparison(paths, metric, group_by or (), at, form)
    if plot is not None:
        from kerasdemo.display import comparison_plots

        comparison_plots.save(comparison, plot)
        say(f"plot  {plot}", err=True)


@app.command(epilog="Example: kerasdemo diff deep-1a2b3c4d shallow-5e6f7a8b")
def diff(
    first: RunName, second: RunName, results: Results = RESULTS, as_json: Json = False
) -> None:
    """Find where two runs differ: in configs, from which epoch on, in which layer first."""
    from kerasdemo import api
    from kerasdemo.comparison import difference

    one, two = api.read_run(first, results), api.read_run(second, results)
    found = api.diff(one, two)
    if as_json:
        print_json(found.as_dict())
        return
    for line in difference.sentences(found, one.id, two.id):
        say(line)


def print_comparison(
    paths: Sequence[Path],
    metric: str | None = None,
    group_by: Sequence[str] = (),
    at: str = "kept",
    form: str = "table",
) -> "Comparison":
    """Print how runs compare, and the results of the claims of their experiments."""
    from kerasdemo import api
    from kerasdemo.display import comparison_tables
    from kerasdemo.sweeps import sweep as sweeps

    check_choice("--at", at, ("kept", "last", "best"))
    check_choice("--format", form, ("table", "csv", "json", "markdown"))
    comparison = api.compare(paths, metric, group_by=group_by, at=at)
    bullet = ""
    if form == "table":
        columns, rows = comparison_tables.table(comparison)
        print_table([dict(zip(columns, row, strict=True)) for row in rows])
        for sentence in comparison_tables.sentences(comparison):
            say(sentence)
    else:
        bullet = "- "
        say(comparison_tables.render(comparison, form))
    for finding in (finding for path in paths for finding in sweeps.findings(path)):
        if form in ("table", "markdown"):
            lecturer = finding.claim.lecturer
            reference = "" if lecturer is None else f" (lecture: {lecturer})"
            text = f"{finding.outcome.upper()}: {finding.claim.says}{reference}: {finding.evidence}"
            say(f"{bullet}{comparison_tables.escaped(text) if bullet else text}")
    return comparison
