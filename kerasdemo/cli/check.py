"""The verbs about configs alone: check, schema."""

from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kerasdemo.cli.options import Configs, Ignore, Json, Set, load_configs
from kerasdemo.cli.output import count, print_json, say

app = typer.Typer()


@app.command(epilog="Example: kerasdemo check configs/*.yaml")
def check(
    configs: Configs, overrides: Set = None, ignore: Ignore = None, as_json: Json = False
) -> None:
    """Check configs and their data without training: errors with file and line, and tips."""
    from kerasdemo import api
    from kerasdemo.config import Fault, InputError

    results = []
    faults: list[Fault] = []
    for path, config in zip(configs, load_configs(configs, overrides), strict=True):
        try:
            result = api.check(config, ignore=ignore or ())
        except InputError as error:
            faults += error.faults
            continue
        results.append((path, result))
        if not as_json:
            kinds = Counter(tip.severity for tip in result.tips)
            counts = [count(number, kind) for kind, number in sorted(kinds.items())]
            say(f"{path}: {', '.join(counts) or 'ok'}")
            for line in (*result.tips, *(f"data: {remark}" for remark in result.data)):
                say(f"  {line}")
    if faults:
        raise InputError(dict.fromkeys(faults))
    if as_json:
        print_json(
            [
                {
                    "file": str(path),
                    "name": result.config.name,
                    "tips": [asdict(tip) for tip in result.tips],
                    "data": result.data,
                }
                for path, result in results
            ]
        )
    raise typer.Exit(2 if any(result.has_errors for _, result in results) else 0)


@app.command(epilog="Example: kerasdemo schema configs/schema.json")
def schema(
    file: Annotated[
        Path | None, typer.Argument(help="Where it is written; left out: it is printed.")
    ] = None,
    experiment: Annotated[
        bool, typer.Option("--experiment", help="The schema of experiments, not of configs.")
    ] = False,
) -> None:
    """Write the JSON Schema of configs; with it an editor completes and checks YAML."""
    from kerasdemo.config.schema import schema_text

    if experiment:
        from kerasdemo.sweeps.experiment import Experiment

        text = schema_text(Experiment)
    else:
        text = schema_text()
    if file is None:
        typer.echo(text, nl=False)
    else:
        file.write_text(text, encoding="utf-8")
