"""The verb that serves the pages of a folder of runs."""

import os
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from kerasdemo.cli.options import RESULTS
from kerasdemo.cli.output import say

app = typer.Typer()

EXTRA = ("starlette", "uvicorn")


@app.command(epilog="Example: kerasdemo serve results/runs")
def serve(
    results: Annotated[
        Path, typer.Argument(metavar="[DIR]", help="The folder that holds the run folders.")
    ] = RESULTS,
    port: Annotated[
        int | None,
        typer.Option(
            min=0, max=65535, metavar="N", help="Left out: 8642, or the next that is free."
        ),
    ] = None,
    host: Annotated[
        str,
        typer.Option(
            metavar="HOST", help="The address to listen at; 0.0.0.0: also for other machines."
        ),
    ] = "127.0.0.1",
    no_open: Annotated[
        bool, typer.Option("--no-open", help="Do not open the page in a browser.")
    ] = False,
) -> None:
    """Show the runs of a folder in a browser, live while they train. It only reads."""
    from kerasdemo.config import Fault, InputError

    missing = [name for name in EXTRA if find_spec(name) is None]
    if missing:
        message = f"needs {' and '.join(missing)}: pip install 'kerasdemo[serve]'"
        raise InputError(Fault(message, "kerasdemo serve"))
    if not results.is_dir():
        raise InputError(Fault("no such results folder", str(results)))
    from kerasdemo.pages import server

    address = server.listen(host, port)
    say(f"serves the runs in {results}, reading only")
    for url in address.urls:
        say(f"  {url}")
    if address.is_public:
        say(
            "other machines can reach it, over a connection that is not encrypted: "
            "whoever has the address sees the runs, so hand it on with care"
        )
    else:
        say("only this machine can reach it, and only with this address")
    say("Ctrl-C ends it")
    sys.stdout.flush()
    is_desktop = sys.platform != "linux" or any(map(os.environ.get, ("DISPLAY", "WAYLAND_DISPLAY")))
    if is_desktop and not no_open:
        import webbrowser

        webbrowser.open(address.door_url)
    try:
        server.serve(results, address)
    except KeyboardInterrupt:
        say("\nended; nothing was changed")
