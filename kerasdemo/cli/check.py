"""The verbs about configs alone: check, schema."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerasdemo.cli.options import Configs, Ignore, Json, Set, load_configs
from kerasdemo.cli.output import count, print_json, print_table, say

if TYPE_CHECKING:
    from kerasdemo.config.layers import Layer

app = typer.Typer()


@app.command(epilog="Example: kerasdemo check configs/*.yaml")
def check(
    configs: Configs,
    overrides: Set = None,
    ignore: Ignore = None,
    layers: Annotated[
        bool, typer.Option("--layers", help="Print each layer with its shape and parameters.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Check configs and their data without training: errors with file and line, and tips."""
    from kerasdemo import api
    from kerasdemo.config import Fault, InputError
    from kerasdemo.config.errors import as_line

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
                say(f"  {as_line(str(line))}")
            if layers:
                _print_layers(result.layers)
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
                    **({"layers": [one.as_dict() for one in result.layers]} if layers else {}),
                }
                for path, result in results
            ]
        )
    raise typer.Exit(2 if any(result.has_errors for _, result in results) else 0)


def _print_layers(layers: "Sequence[Layer]") -> None:
    """Print each layer with the shape of one example that it gives, and what it trains."""
    if not layers:
        return
    rows = [
        {
            "layer": layer.name,
            "type": layer.activation if layer.type == "activation" else layer.type,
            "output shape": layer.output_shape,
            "parameters": f"{layer.parameters:,}",
            "reads": ", ".join(layer.inputs) or None,
            "key": layer.key,
        }
        for layer in layers
    ]
    if not any(row["reads"] for row in rows):
        rows = [{name: cell for name, cell in row.items() if name != "reads"} for row in rows]
    print_table(rows)
    total = sum(layer.parameters for layer in layers)
    say(f"input {layers[0].input_shape}, {total:,} trainable parameters")


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
