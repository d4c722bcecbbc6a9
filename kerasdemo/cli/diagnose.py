"""The verbs about what went wrong: diagnose, explain."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerasdemo.cli import output
from kerasdemo.cli.options import RESULTS, Ignore, Json, Results, RunNames
from kerasdemo.cli.output import make_console, print_json, print_lines, print_table, say

if TYPE_CHECKING:
    from kerasdemo.records import Run
    from kerasdemo.records.verdict import Verdict

app = typer.Typer()


@app.command(epilog="Example: kerasdemo diagnose quickstart-1a2b3c4d --json")
def diagnose(
    names: RunNames,
    results: Results = RESULTS,
    patch: Annotated[
        bool, typer.Option("--patch", help="Write each run's config with its first remedy as YAML.")
    ] = False,
    sanity_checks: Annotated[
        bool,
        typer.Option(
            "--sanity-checks",
            help="First train for a few steps: on one batch, with seven learning rates, without "
            "inputs. It tells causes apart.",
        ),
    ] = False,
    probe: Annotated[bool, typer.Option("--probe", hidden=True, help="--sanity-checks")] = False,
    ignore: Ignore = None,
    as_json: Json = False,
) -> None:
    """Find out whether runs overfit or fail to optimize, why, and what to try."""
    from kerasdemo import api
    from kerasdemo.diagnosis import sanity_results
    from kerasdemo.display import verdict_text

    runs = [api.read_run(name, results) for name in names]
    if sanity_checks or probe:
        runs = [api.run_sanity_checks(run) for run in runs]
    verdicts = [api.diagnose(run, ignore=ignore or ()) for run in runs]
    pairs = list(zip(runs, verdicts, strict=True))
    if as_json:
        print_json(
            [
                {
                    "run": run.id,
                    **verdict.as_dict(),
                    "sanity_checks": dict(run.sanity_checks) or None,
                }
                for run, verdict in pairs
            ]
        )
        return
    console = make_console()
    for run, verdict in pairs:
        print_lines(console, [(run.id, "bold")])
        lines = verdict_text.verdict_lines(verdict, with_evidence=True, hidden_notes=output.shown)
        print_lines(console, lines)
        if run.sanity_checks:
            print_table(sanity_results.table(run))
        if patch:
            say(f"  {_write_patched(run, verdict)}")


@app.command(epilog="Example: kerasdemo explain vanishing_gradient")
def explain(
    word: Annotated[str, typer.Argument(metavar="CODE", help="A code, an outcome or a cause.")],
) -> None:
    """Explain a code, an outcome or a cause: how it is detected, why it matters, what to try."""
    from kerasdemo import diagnosis

    say(diagnosis.explain(word))


def _write_patched(run: "Run", verdict: "Verdict") -> str:
    """Write a run's config with its first remedy here; return what was done."""
    if not verdict.remedies:
        return "no remedy to apply"
    remedy = verdict.remedies[0]
    name = f"{run.yaml_config.name}_patched"
    file = Path(f"{name}.yaml")
    if file.exists():
        return f"{file} already exists; move or delete it first"
    header = f"{run.id}: {verdict.summary}\n{remedy.reason}"
    patched = run.yaml_config.with_changes({**remedy.patch, "name": name})
    file.write_text(patched.to_yaml(header), encoding="utf-8")
    return f"wrote {file}"
