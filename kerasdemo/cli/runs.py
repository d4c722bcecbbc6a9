"""The verbs about single runs: run, list, show."""

import json
import shutil
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kerasdemo.cli.options import (
    RESULTS,
    Configs,
    Ignore,
    Json,
    Quiet,
    Report,
    Results,
    RunName,
    Seeds,
    Set,
    Tensorboard,
    check_choice,
    load_configs,
)
from kerasdemo.cli.output import (
    make_console,
    print_data_warnings,
    print_json,
    print_lines,
    print_table,
    say,
)
from kerasdemo.cli.report import write_or_name

if TYPE_CHECKING:
    from kerasdemo.records import Run
    from kerasdemo.records.verdict import Verdict

app = typer.Typer()


@app.command(epilog="Example: kerasdemo run configs/quickstart.yaml --set training.epochs=5")
def run(
    configs: Configs,
    overrides: Set = None,
    seeds: Seeds = None,
    results: Results = RESULTS,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Train finished runs again.")
    ] = False,
    again: Annotated[bool, typer.Option("--again", hidden=True, help="--overwrite")] = False,
    ignore: Ignore = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with code 3 if a verdict is not healthy.")
    ] = False,
    tensorboard: Tensorboard = None,
    with_report: Report = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train configs, draw their curves and diagnose them. Finished runs are reused."""
    from kerasdemo import api
    from kerasdemo.display import verdict_text
    from kerasdemo.training import runner

    loaded = load_configs(configs, overrides, seeds)
    for config in loaded if len(loaded) > 1 else ():
        runner.run_folder(config, results)  # all data is read before anything is trained
    log = None
    if tensorboard is not None:
        from kerasdemo.display.tensorboard import TensorBoard, differing_settings

        log = TensorBoard(tensorboard, differing_settings(loaded))
    console = make_console()
    is_silent = quiet or as_json
    runs, verdicts = [], []
    for config in loaded:
        result, verdict = api.run_and_diagnose(
            config,
            results,
            overwrite=overwrite or again,
            ignore=ignore or (),
            progress=not is_silent,
            tensorboard=log,
        )
        runs.append(result)
        verdicts.append(verdict)
        page = write_or_name(result.folder.path, with_report)
        if not is_silent:
            print_data_warnings(console, result)
            lines = [*verdict_text.run_lines(result, verdict), (f"  report    {page}", "")]
            print_lines(console, lines)
        if result.status == "interrupted":
            say("interrupted: the same command continues from the last checkpoint", err=True)
            raise typer.Exit(130)
    if as_json:
        print_json([_as_dict(*pair) for pair in zip(runs, verdicts, strict=True)])
    elif not quiet:
        for line in verdict_text.seed_lines(runs):
            say(line)
    if any(result.status == "failed" for result in runs):
        raise typer.Exit(1)
    raise typer.Exit(3 if strict and not all(verdict.is_healthy for verdict in verdicts) else 0)


@app.command("list", epilog="Example: kerasdemo list results/runs")
def list_runs(
    results: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="The folder that holds the run folders.")
    ] = RESULTS,
    sort: Annotated[
        str | None,
        typer.Option(metavar="COLUMN", help="Sort by a column, a metric or a config's key."),
    ] = None,
    reverse: Annotated[bool, typer.Option("--reverse", help="Reverse the order.")] = False,
    filters: Annotated[
        list[str] | None,
        typer.Option(
            "--filter",
            metavar="KEY=VALUE",
            help="Only runs for which this holds of a column, a metric or a config's key; also "
            "'KEY>VALUE', <, >=, <=, !=, in quotes. Several: all of them.",
        ),
    ] = None,
    tags: Annotated[
        list[str] | None, typer.Option("--tag", metavar="TAG", help="Only runs with this tag.")
    ] = None,
    best: Annotated[
        int | None,
        typer.Option(
            min=1, metavar="N", help="The N best by the validation score of their task, best first."
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(metavar="METRIC", help="The metric of --best, such as val_loss; never test."),
    ] = None,
    form: Annotated[
        str, typer.Option("--format", metavar="table|csv|json", help="How it is printed.")
    ] = "table",
    as_json: Json = False,
) -> None:
    """List the runs in a results folder, and the settings in which they differ."""
    from kerasdemo import api
    from kerasdemo.display import run_list, run_selection, tables

    check_choice("--format", form, ("table", "csv", "json"))
    found = api.list_runs(results)
    runs = run_selection.select(found, filters or (), tags or (), best, by)
    if sort is not None and runs:
        runs = run_selection.sort(runs, sort, reverse)
    elif reverse:
        runs.reverse()
    differences = run_list.differences(runs)
    rows = [
        {**run_list.row(run), "differs": text} for run, text in zip(runs, differences, strict=True)
    ]
    if as_json or form == "json":
        print_json(rows)
    elif form == "csv":
        say(tables.to_csv([row | {"tags": " ".join(row["tags"])} for row in rows]))
    elif rows:
        # A pipe gets everything.
        is_terminal = sys.stdout is not None and sys.stdout.isatty()
        rows = run_list.with_plain_tags(rows)
        print_table(run_list.fit(rows, shutil.get_terminal_size().columns) if is_terminal else rows)
    elif found:
        conditions = [*(filters or ()), *(f"the tag {tag}" for tag in tags or ())]
        say(f"no run in {results} has {' and '.join(conditions) or 'a score'}")
    else:
        say(f"no runs in {results}; `kerasdemo run CONFIG` makes one")


@app.command(epilog="Example: kerasdemo show quickstart-1a2b3c4d")
def show(
    name: RunName, results: Results = RESULTS, ignore: Ignore = None, as_json: Json = False
) -> None:
    """Show one run: its results, its verdict and its config; draw its curves."""
    from kerasdemo import api
    from kerasdemo.display import verdict_text
    from kerasdemo.records import flatten
    from kerasdemo.records.tags import find_damage, find_tags

    run = api.read_run(name, results)
    verdict = api.diagnose(run, ignore=ignore or ())
    api.draw(run, verdict)
    tags = find_tags(run.folder) or ()
    if as_json:
        asked = {"config": run.config.resolved} if run.config else {"setup": asdict(run.setup)}
        print_json(_as_dict(run, verdict) | {"tags": tags} | asked)
        return
    console = make_console()
    print_data_warnings(console, run)
    print_lines(console, verdict_text.run_lines(run, verdict))
    if tags:
        say(f"  tags      {', '.join(tags)}")
    elif damage := find_damage(run.folder):
        say(f"warning: {damage}", err=True)
    class_names = (run.facts.get("data") or {}).get("class_names")
    if class_names:
        say(f"\nclasses {', '.join(map(str, class_names))}")
    file = run.folder.config_file if run.config else run.folder.setup_file
    say(f"\nconfig  {file}" if run.config else f"\nsetup   {file}")
    settings = flatten(run.config.settings) if run.config else run.setup.as_settings()
    for key, value in settings.items():
        say(f"  {key}: {value if isinstance(value, str) else json.dumps(value)}")


def _as_dict(run: "Run", verdict: "Verdict") -> dict[str, Any]:
    return {"run": run.id, "folder": str(run.path), **run.facts, "verdict": verdict.as_dict()}
