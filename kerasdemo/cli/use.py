"""The verbs that use a trained run: predict, errors."""

from pathlib import Path
from typing import Annotated

import typer

from kerasdemo.cli.options import RESULTS, Json, Results, RunName, check_choice, check_output
from kerasdemo.cli.output import count, print_json, say

app = typer.Typer()


@app.command(epilog="Example: kerasdemo predict quickstart-1a2b3c4d digit.png")
def predict(
    name: RunName,
    files: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE...",
            help="Images or folders of images, one table (.csv, .parquet), or one .npz.",
        ),
    ],
    results: Results = RESULTS,
    array: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="The array in the .npz; left out: x, else x_test."),
    ] = None,
    invert: Annotated[
        bool, typer.Option("--invert", help="Make images negative: digits are light on black.")
    ] = False,
    form: Annotated[
        str, typer.Option("--format", metavar="csv|json", help="How it is written.")
    ] = "csv",
    file: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Where it is written; left out: printed."),
    ] = None,
) -> None:
    """Predict with a run's trained network: classes and probabilities, labels, or numbers."""
    from kerasdemo import api
    from kerasdemo.display import tables
    from kerasdemo.records import files as record_files

    check_choice("--format", form, ("csv", "json"))
    if file is not None:
        check_output(file, files)
    rows = api.predict(name, files, array=array, invert=invert, results=results)
    if file is None and form == "json":
        print_json(rows)
    elif file is None:
        say(tables.to_csv(rows))
    else:
        if form == "json":
            record_files.write_json(file, rows)
        else:
            record_files.write_text(file, tables.to_csv(rows) + "\n")
        say(f"wrote {file}: {count(len(rows), 'row')}")


@app.command(epilog="Example: kerasdemo errors quickstart-1a2b3c4d")
def errors(name: RunName, results: Results = RESULTS, as_json: Json = False) -> None:
    """Show what a run's network gets wrong: confusions and the worst mistakes, or residuals."""
    from kerasdemo import api
    from kerasdemo.display import error_report

    run = api.read_run(name, results)
    report = api.errors(run)
    picture = run.folder.errors_file
    if as_json:
        print_json({"run": run.id, **report, "picture": str(picture) if picture.exists() else None})
        return
    for line in error_report.to_lines(run, report):
        say(line)
    if picture.exists():
        say(f"  picture   {picture}")
