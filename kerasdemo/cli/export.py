"""The verb that writes runs out for other tools: export."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerasdemo.cli.options import RESULTS, Results, Set, check_output
from kerasdemo.cli.output import say

if TYPE_CHECKING:
    from kerasdemo.config import RunConfig
    from kerasdemo.records import Run

app = typer.Typer()


@app.command(epilog="Example: kerasdemo export quickstart-1a2b3c4d --python --output train.py")
def export(
    name: Annotated[
        str,
        typer.Argument(
            metavar="RUN", help="A run folder, a run's name or its beginning, or a config's YAML."
        ),
    ],
    results: Results = RESULTS,
    python: Annotated[
        bool,
        typer.Option(
            "--python", help="A script of plain Keras and numpy that trains the same network."
        ),
    ] = False,
    overrides: Set = None,
    file: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Where it is written; left out: printed."),
    ] = None,
) -> None:
    """Write a run out for other tools: as a script of plain Keras."""
    from kerasdemo.config import Fault, InputError

    if not python:
        raise InputError(Fault("got no form; expected --python", "export"))
    _export_python(name, results, overrides or [], file)


def _export_python(name: str, results: Path, overrides: list[str], file: Path | None) -> None:
    from kerasdemo import api
    from kerasdemo.config import Fault, InputError

    path = Path(name)
    source: RunConfig | Run
    if path.suffix in (".yaml", ".yml") and not path.is_dir():
        source = api.load_config(path, overrides)
    elif overrides:
        raise InputError(Fault("a run is exported as it was; expected a config's YAML", "--set"))
    else:
        source = api.read_run(name, results)
    if file is not None:
        check_output(file, [path])
    script = api.to_python(source)
    if file is None:
        typer.echo(script, nl=False)
    else:
        file.write_text(script, encoding="utf-8")
        say(f"wrote {file}")
