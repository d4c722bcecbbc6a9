"""The verbs that compare runs: compare, diff."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerasdemo.cli.options import RESULTS, Json, Results, RunName, check_choice
from kerasdemo.cli.output import print_json, say

if TYPE_CHECKING:
    from kerasdemo.comparison.claims import ClaimCheck
    from kerasdemo.comparison.comparison import Comparison

app = typer.Typer()


@app.command(epilog="Example: kerasdemo compare results/runs/batch_size --metric test_accuracy")
def compare(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...",
            help="Run folders, sweeps, results folders; or names of runs and experiments.",
        ),
    ],
    results: Results = RESULTS,
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
    from kerasdemo.records import names

    folders = [names.find_folder(path, results) for path in paths]
    comparison = print_comparison(folders, metric, group_by or (), at, form)
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
    from kerasdemo.display.sentences import describe_differences

    one, two = api.read_run(first, results), api.read_run(second, results)
    found = api.diff(one, two)
    if as_json:
        print_json(asdict(found))
        return
    for line in describe_differences(found, one.id, two.id):
        say(line)


def print_comparison(
    paths: Sequence[Path],
    metric: str | None = None,
    group_by: Sequence[str] = (),
    at: str = "kept",
    form: str = "table",
    claims: "Sequence[ClaimCheck] | None" = None,
) -> "Comparison":
    """Print how runs compare, and the results of the claims of their experiments.

    Args:
        claims: as they were checked; None checks those of `paths`.
    """
    from kerasdemo import api
    from kerasdemo.display import comparison_tables
    from kerasdemo.sweeps.claims import check_claims

    check_choice("--format", form, comparison_tables.FORMS)
    comparison = api.compare(paths, metric, group_by=group_by, at=at)
    if claims is None:
        claims = [check for path in paths for check in check_claims(path)]
    say(comparison_tables.render(comparison, form, claims))
    return comparison
