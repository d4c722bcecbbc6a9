"""The verb that writes runs out for other tools: export."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerasdemo.cli.options import RESULTS, Results, Set, Tensorboard, check_output
from kerasdemo.cli.output import say

if TYPE_CHECKING:
    from kerasdemo.config import RunConfig
    from kerasdemo.records import Run

app = typer.Typer()


@app.command(epilog="Example: kerasdemo export quickstart-1a2b3c4d --python --output train.py")
def export(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="RUN...",
            help="Run folders, runs' names or their beginnings; for --python one of them, or a "
            "config's YAML; for --csv and --tensorboard folders of runs, too.",
        ),
    ],
    results: Results = RESULTS,
    python: Annotated[
        bool,
        typer.Option(
            "--python", help="A script of plain Keras and numpy that trains the same network."
        ),
    ] = False,
    csv: Annotated[
        bool,
        typer.Option("--csv", help="The curves of all runs as one table, a row for each epoch."),
    ] = False,
    overrides: Set = None,
    file: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE", help="Where it is written; left out: printed."),
    ] = None,
    tensorboard: Tensorboard = None,
) -> None:
    """Write runs out: a script of plain Keras, curves as CSV, event files for TensorBoard."""
    from kerasdemo import api
    from kerasdemo.config import Fault, InputError

    if not (python or csv or tensorboard is not None):
        expected = "expected --python, --csv or --tensorboard DIR"
        raise InputError(Fault(f"got no form; {expected}", "export"))
    if python and csv:
        raise InputError(Fault("is printed, or written to --output, alone", "--csv"))
    if python and len(names) > 1:
        message = f"got {len(names)} runs; expected one, for one script"
        raise InputError(Fault(message, "--python"))
    if not python and overrides:
        raise InputError(Fault("is for --python", "--set"))
    if not (python or csv) and file is not None:
        raise InputError(Fault("is for --python and --csv", "--output"))
    if file is not None:
        check_output(file, [Path(name) for name in names])
    if python:
        _export_python(names[0], results, overrides or [], file)
    if csv:
        _print_or_write(api.to_csv(names, results), file)
    if tensorboard is not None:
        api.to_tensorboard(names, tensorboard, results)
        say(f"wrote event files to {tensorboard}; `tensorboard --logdir {tensorboard}` shows them")


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
    _print_or_write(api.to_python(source), file)


def _print_or_write(text: str, file: Path | None) -> None:
    from kerasdemo.records import files

    if file is None:
        say(text.rstrip("\n"))
    else:
        files.write_text(file, text.rstrip("\n") + "\n")
        say(f"wrote {file}")
