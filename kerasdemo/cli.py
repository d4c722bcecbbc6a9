"""The command line: a leaf. Each verb is one short function that parses, calls and prints.

Nothing heavy is imported here: what does not train answers without TensorFlow.
"""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from kerasdemo.analysis import Verdict
    from kerasdemo.config import RunConfig
    from kerasdemo.records import Run
    from kerasdemo.records.index import Summary

app = typer.Typer(
    name="kerasdemo",
    help="Train networks from YAML, see their curves, and learn why they overfit or fail to train.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

RESULTS = Path("results/runs")

Configs = Annotated[list[Path], typer.Argument(metavar="CONFIG...", help="YAML files.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a value, e.g. training.epochs=5."),
]
Results = Annotated[Path, typer.Option("--results", metavar="DIR", help="Where run folders are.")]
Json = Annotated[bool, typer.Option("--json", help="Print facts as JSON.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]
RunNames = Annotated[
    list[str], typer.Argument(metavar="RUN...", help="Run folders, or names of runs in --results.")
]


@app.command(epilog="Example: kerasdemo run configs/quickstart.yaml --set training.epochs=5")
def run(
    configs: Configs,
    overrides: Set = None,
    seeds: Annotated[
        str | None, typer.Option(metavar="0-4", help="Train once for each seed: 0-4 or 0,2,5.")
    ] = None,
    results: Results = RESULTS,
    again: Annotated[bool, typer.Option(help="Train anew even what is answered.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train configs, draw their curves, say what is wrong. What is on disk is not trained again."""
    from kerasdemo.training import runner

    configurations = _load(configs, overrides, seeds)
    console = _console()
    # All data is looked at before anything is trained.
    for config in configurations:
        runner.run_folder(config, results)
    failed = False
    told = []
    for config in configurations:
        silent = quiet or as_json
        outcome = runner.run(
            config, results, again=again, reporter=None if silent else _reporter(console)
        )
        verdict = _judge(outcome)
        told.append(_facts(outcome, verdict))
        if not silent:
            _print_run(console, outcome, verdict)
        failed |= outcome.status == "failed"
        if outcome.status == "interrupted":
            raise typer.Exit(130)
    if as_json:
        _print_json(told)
    raise typer.Exit(1 if failed else 0)


@app.command(epilog="Example: kerasdemo check configs/*.yaml")
def check(configs: Configs, overrides: Set = None, as_json: Json = False) -> None:
    """Check configs without training: errors with file and line, and tips."""
    from kerasdemo.config.lint import lint

    told = []
    broken = False
    for path, config in zip(configs, _load(configs, overrides, None), strict=True):
        tips = lint(config)
        broken |= any(tip.severity == "error" for tip in tips)
        told.append({"file": str(path), "name": config.name, "tips": [asdict(tip) for tip in tips]})
        if not as_json:
            typer.echo(f"{path}: ok" if not tips else f"{path}: {len(tips)} to look at")
            for tip in tips:
                typer.echo(f"  {tip}")
    if as_json:
        _print_json(told)
    raise typer.Exit(2 if broken else 0)


@app.command(epilog="Example: kerasdemo schema configs/schema.json")
def schema(
    file: Annotated[Path | None, typer.Argument(help="Where to write it; left out: print.")] = None,
) -> None:
    """Write the JSON Schema of configs, which editors complete and check YAML with."""
    from kerasdemo.config.schema import schema_text

    if file is None:
        typer.echo(schema_text(), nl=False)
    else:
        file.write_text(schema_text(), encoding="utf-8")


@app.command("list", epilog="Example: kerasdemo list results/runs")
def list_runs(
    results: Annotated[Path, typer.Argument(metavar="[DIR]")] = RESULTS, as_json: Json = False
) -> None:
    """List the runs in a results folder."""
    from kerasdemo.records import listing

    found = listing(results)
    rows = [_row(summary) for summary in found.runs]
    for fault in found.skipped:
        typer.echo(str(fault), err=True)
    if as_json:
        _print_json(rows)
    elif rows:
        _print_table(rows)
    else:
        typer.echo(f"no runs in {results}; `kerasdemo run CONFIG` makes one")


@app.command(epilog="Example: kerasdemo show quickstart-1a2b3c4d")
def show(
    name: Annotated[str, typer.Argument(metavar="RUN", help="Run folder, or its name.")],
    results: Results = RESULTS,
    as_json: Json = False,
) -> None:
    """Show one run: what was asked, what happened, what it means; draw its curves if missing."""
    outcome = _read(name, results)
    verdict = _judge(outcome)
    if as_json:
        _print_json(_facts(outcome, verdict) | {"config": outcome.config.resolved})
        return
    _print_run(_console(), outcome, verdict)
    typer.echo(f"\nconfig  {outcome.folder.config_file}")
    for key, value in _flat(outcome.config.settings):
        typer.echo(f"  {key}: {value}")


@app.command(epilog="Example: kerasdemo diagnose quickstart-1a2b3c4d --json")
def diagnose(names: RunNames, results: Results = RESULTS, as_json: Json = False) -> None:
    """Say whether runs overfit or fail to optimise, why, and what to do."""
    from kerasdemo import analysis

    runs = [_read(name, results) for name in names]
    verdicts = [analysis.diagnose(run) for run in runs]
    if as_json:
        _print_json([{"run": r.id, **v.as_dict()} for r, v in zip(runs, verdicts, strict=True)])
        return
    console = _console()
    for outcome, verdict in zip(runs, verdicts, strict=True):
        console.print(outcome.id, style="bold", highlight=False, markup=False)
        _print_verdict(console, verdict, evidence=True)


def main() -> None:
    """Run the command line; bad input ends in one line a fault and exit code 2."""
    from kerasdemo.config.errors import InputError

    try:
        app()
    except InputError as error:
        for fault in error.faults:
            print(f"error: {fault}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(1)
    except (OSError, RuntimeError) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


def _load(paths: list[Path], overrides: list[str] | None, seeds: str | None) -> "list[RunConfig]":
    """Load every config, for every seed, and tell the faults of all of them at once."""
    from kerasdemo.config import InputError, load

    chosen = [[f"seed={seed}"] for seed in _seeds(seeds)] if seeds is not None else [[]]
    loaded, faults = [], []
    for path in paths:
        for seed in chosen:
            try:
                loaded.append(load(path, [*(overrides or ()), *seed]))
            except InputError as error:
                faults += [fault for fault in error.faults if fault not in faults]
    if faults:
        raise InputError(faults)
    return loaded


def _seeds(text: str) -> list[int]:
    """Return the seeds of "0-4" or "0,2,5-7"."""
    from kerasdemo.config import Fault, InputError

    found: list[int] = []
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdigit() or (dash and not last.isdigit()) or int(last or first) < int(first):
            raise InputError(Fault(f"got {text!r}; expected seeds such as 0-4 or 0,2,5", "--seeds"))
        found += range(int(first), int(last or first) + 1)
    return list(dict.fromkeys(found))


def _read(name: str, results: Path) -> "Run":
    """Read a run by its folder, its name in the results folder, or the start of its name."""
    from kerasdemo.records import read

    if not Path(name).is_dir() and Path(name).name == name and results.is_dir():
        if (results / name).is_dir():
            return read(results / name)
        begins = [p for p in results.iterdir() if p.is_dir() and p.name.startswith(name)]
        if len(begins) == 1:
            return read(begins[0])
        return read(results / name)
    return read(name)


def _judge(outcome: "Run") -> "Verdict":
    """Diagnose a run and keep verdict and pictures beside it."""
    from kerasdemo import analysis
    from kerasdemo.analysis import plots
    from kerasdemo.records import files

    verdict = analysis.diagnose(outcome)
    folder = outcome.folder
    files.write_json(folder.verdict_file, verdict.as_dict())
    if outcome.history.epochs:
        plots.save_curves(outcome, verdict, folder.curves_file)
        plots.save_layers(outcome, folder.layer_plot_file)
    return verdict


def _facts(outcome: "Run", verdict: "Verdict") -> dict[str, Any]:
    return {"run": outcome.id, "folder": str(outcome.path), **outcome.facts} | {
        "verdict": verdict.as_dict()
    }


def _console() -> "Console":
    from rich.console import Console

    return Console()


def _reporter(console: "Console") -> Any:
    from kerasdemo.training import progress

    return progress.reporter(console)


def _print_run(console: "Console", outcome: "Run", verdict: "Verdict") -> None:
    def line(text: str, style: str = "") -> None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    facts = outcome.facts
    warning = facts.get("data", {}).get("warning")
    if warning:
        line(f"WARNING  {warning}", "bold yellow")
    reason = f", {facts['reason']}" if facts.get("reason") else ""
    line(f"{outcome.id}  {outcome.status}{reason}", "bold")
    line(f"  {_scores(outcome)}")
    _print_verdict(console, verdict)
    if outcome.history.epochs:
        line(f"  curves   {outcome.folder.curves_file}")


def _scores(outcome: "Run") -> str:
    final, test = outcome.facts.get("final") or {}, outcome.facts.get("test") or {}
    parts = {
        "train": final.get("accuracy"),
        "validation": final.get("val_accuracy"),
        "test": test.get("accuracy"),
    }
    known = [f"{name} {value:.2%}" for name, value in parts.items() if value is not None]
    return "accuracy " + ", ".join(known) if known else "no whole epoch"


STYLES = {"healthy": "bold green", "cannot_tell": "bold", "still_improving": "bold cyan"}


def _print_verdict(console: "Console", verdict: "Verdict", evidence: bool = False) -> None:
    def line(text: str, style: str = "") -> None:
        console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)

    name = verdict.outcome.replace("_", " ").upper()
    line(f"  {name}: {verdict.summary}", STYLES.get(verdict.outcome, "bold red"))
    for key, value in verdict.evidence.items() if evidence else ():
        line(f"    {key}: {value:.4g}" if isinstance(value, float) else f"    {key}: {value}")
    for cause in verdict.causes:
        line(f"  why      {cause.name.replace('_', ' ')}: {cause.text}")
    for remedy in verdict.remedies:
        patch = " ".join(f"--set {key}={json.dumps(value)}" for key, value in remedy.patch.items())
        line(f"  try      {patch or '-'}  ({remedy.reason})")
    for note in verdict.notes:
        line(f"  note     {note}")


def _row(summary: "Summary") -> dict[str, Any]:
    metrics = {name: value.last for name, value in summary.metrics.items()}
    return {
        "run": summary.id,
        "status": summary.status,
        "verdict": summary.verdict,
        "accuracy": metrics.get("accuracy"),
        "val_accuracy": metrics.get("val_accuracy"),
        "test_accuracy": metrics.get("test_accuracy"),
        "epochs": summary.epochs,
        "seconds": summary.seconds,
        "data": summary.source,
    }


def _print_table(rows: list[dict[str, Any]]) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False)
    for column in rows[0]:
        table.add_column(column, justify="left" if column in TEXT else "right", no_wrap=True)
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    console = _console()
    # A pipe has no width: cut nothing off there.
    console.print(table, width=None if console.is_terminal else 200, crop=console.is_terminal)


TEXT = ("run", "status", "verdict", "data")


def _cell(value: Any) -> str:
    from rich.markup import escape

    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else escape(str(value))


def _flat(settings: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for key, value in settings.items():
        if isinstance(value, dict) and value:
            pairs += _flat(value, f"{prefix}{key}.")
        else:
            pairs.append((f"{prefix}{key}", value))
    return pairs


def _print_json(value: Any) -> None:
    from kerasdemo.records import files

    typer.echo(json.dumps(files.finite(value), indent=1, allow_nan=False))
