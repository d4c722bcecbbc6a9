"""The verb that looks for a learning rate: lr."""

from pathlib import Path
from typing import Annotated

import typer

from kerasdemo.cli.options import Json, Quiet, Set, check_output
from kerasdemo.cli.output import print_json, say

app = typer.Typer()


@app.command(epilog="Example: kerasdemo lr configs/quickstart.yaml --set optimizer.name=sgd")
def lr(
    config: Annotated[Path, typer.Argument(metavar="CONFIG", help="A YAML file.")],
    overrides: Set = None,
    rates: Annotated[
        str | None,
        typer.Option(
            metavar="1e-4,1e-3",
            help="Learning rates to try; left out: 13 from a thousandth to the thousandfold of "
            "the config's.",
        ),
    ] = None,
    file: Annotated[
        Path, typer.Option("--output", metavar="FILE", help="The picture: PNG, SVG, PDF.")
    ] = Path("lr.png"),
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Train for a few steps with several learning rates; say and draw which ones are good."""
    from kerasdemo import api
    from kerasdemo.display import learning_rate_plot

    check_output(file, [config])
    several = _parse(rates)
    found = api.learning_rates(
        config,
        several,
        overrides=overrides or (),
        output=file,
        progress=not (quiet or as_json),
    )
    if as_json:
        print_json({**found.as_dict(), "picture": str(file)})
    elif not quiet:
        for line in learning_rate_plot.to_lines(found):
            say(line)
        say(f"  picture   {file}")


def _parse(text: str | None) -> list[float]:
    """Return the rates of "1e-4,1e-3"; none without the option.

    Raises:
        InputError: where one is no number.
    """
    from kerasdemo.config.errors import Fault, InputError, shown

    try:
        return [float(word) for word in text.split(",")] if text is not None else []
    except ValueError:
        message = f"got {shown(text)}; expected rates such as 0.0001,0.001,0.01"
        raise InputError(Fault(message, "--rates")) from None
