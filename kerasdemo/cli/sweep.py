"""The verbs that make many runs: sweep, tune."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerasdemo.cli.compare import print_comparison
from kerasdemo.cli.options import (
    RESULTS,
    Json,
    Quiet,
    Report,
    Results,
    Seeds,
    Set,
    Tensorboard,
    Workers,
    parse_seeds,
)
from kerasdemo.cli.output import print_json, print_table, say
from kerasdemo.cli.report import write_or_name

if TYPE_CHECKING:
    from kerasdemo.sweeps.sweep import Plan

app = typer.Typer()


@app.command(epilog="Example: kerasdemo sweep experiments/batch_size.yaml --dry-run")
def sweep(
    experiment: Annotated[Path, typer.Argument(metavar="EXPERIMENT", help="A YAML file.")],
    overrides: Set = None,
    seeds: Seeds = None,
    workers: Workers = None,
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Train on a Ray cluster; auto: the one here."),
    ] = None,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Train failed runs again.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Train finished runs again.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the runs, train none.")] = False,
    results: Results = RESULTS,
    tensorboard: Tensorboard = None,
    with_report: Report = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train every run of an experiment, and compare them. Finished runs are reused."""
    from kerasdemo import api

    loaded, chosen = api.load_experiment(experiment), parse_seeds(seeds)
    if dry_run:
        from kerasdemo.sweeps.sweep import plan

        _print_plan(plan(loaded, results, overrides or (), seeds=chosen, workers=workers), as_json)
        return
    result = api.sweep(
        loaded,
        results,
        overrides=overrides or (),
        seeds=chosen,
        workers=workers,
        ray=ray,
        retry_failed=retry_failed,
        overwrite=overwrite,
        progress=not (quiet or as_json),
        tensorboard=tensorboard,
    )
    page = write_or_name(result.folder, with_report)
    if as_json:
        print_json(result.as_dict())
    elif not quiet:
        for spec, outcome in result.failed:
            say(f"failed: {spec.label} (seed {spec.seed}): {outcome.reason}")
        print_comparison([result.folder], claims=result.claims)
        say(f"report  {page}")
    raise typer.Exit(1 if result.failed else 0)


@app.command(epilog="Example: kerasdemo tune configs/lecture/keras2/07_baseline.yaml --seeds 0-2")
def tune(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file.")],
    overrides: Set = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="0-2", help="Train each config once for each seed.")
    ] = None,
    max_runs: Annotated[int, typer.Option(min=1, metavar="N", help="Runs at most.")] = 30,
    results: Results = RESULTS,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The final YAML; left out: beside the runs.")
    ] = None,
    tensorboard: Tensorboard = None,
    with_report: Report = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Follow the recipe: train, diagnose, try remedies, keep what helps, until it is healthy."""
    from kerasdemo import api
    from kerasdemo.tuning import report

    result = api.tune(
        config,
        results,
        overrides=overrides or (),
        seeds=parse_seeds(seeds),
        max_runs=max_runs,
        output=output,
        progress=not (quiet or as_json),
        tensorboard=tensorboard,
    )
    page = write_or_name(result.folder, with_report)
    if as_json:
        print_json(report.as_dict(result))
    elif not quiet:
        for line in ("", *report.describe_tuning(result)):
            say(line)
        say(f"config  {result.config_file}\nplot    {result.plot_file}\nreport  {page}")
    raise typer.Exit(1 if result.tuning.start.failure else 0)


def _print_plan(plan: "Plan", as_json: bool) -> None:
    from kerasdemo.sweeps.progress import duration

    rows = [
        {"run": spec.label, "seed": spec.seed, "on disk": outcome and outcome.status}
        for spec, outcome in plan.runs
    ]
    if as_json:
        print_json({"runs": rows, "seconds": plan.seconds})
        return
    if rows:
        print_table(rows)
    search = plan.experiment.search
    what = f"{search.trials} trials of {search.method}" if search else f"{len(rows)} runs"
    left = sum(outcome is None for _, outcome in plan.runs)
    time = "" if search else f", {left} to train, roughly {duration(plan.seconds)}"
    say(f"{what}{time}; results in {plan.folder}")
