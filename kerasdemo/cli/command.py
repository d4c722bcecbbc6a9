"""The command itself: its verbs, its version, and how it ends."""

import errno
import signal
import sys
import warnings
from typing import Annotated

import typer

from kerasdemo.cli import (
    check,
    compare,
    diagnose,
    export,
    init,
    learning_rate,
    lecture,
    manage,
    output,
    report,
    runs,
    serve,
    sweep,
    use,
)
from kerasdemo.cli.output import say

app = typer.Typer(
    name="kerasdemo",
    help="Train networks from YAML, see their curves, and learn why they overfit or fail to train.",
    no_args_is_help=True,
    rich_markup_mode=None,  # plain help: importing Rich would take longer than all else
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verbs in (
    init,
    runs,
    manage,
    use,
    check,
    learning_rate,
    diagnose,
    sweep,
    compare,
    report,
    serve,
    lecture,
    export,
):
    app.add_typer(verbs.app)


# What no name of a file or folder can be, whatever there is on the disk.
NO_PATH = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.ELOOP)


def _print_version(is_wanted: bool) -> None:
    from importlib.metadata import version
    from platform import python_version

    if is_wanted:
        names = ("Keras", "TensorFlow", "numpy")
        parts = [f"Python {python_version()}", *(f"{n} {version(n.lower())}" for n in names)]
        say(f"kerasdemo {version('kerasdemo')} ({', '.join(parts)})")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """Train networks from YAML and find out why they overfit or fail to train."""


def main() -> None:
    """Run the command line; bad input ends in one line a fault and exit code 2."""
    try:
        _run()
    except KeyboardInterrupt:
        # A second Ctrl-C ends at once, without a traceback.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        sys.exit(130)


def _run() -> None:
    warnings.showwarning = output.warn
    try:
        app()
    except ValueError as error:
        # Not at the top: the types of configs take longer to import than all of --help.
        from kerasdemo.config.errors import InputError

        if not isinstance(error, InputError):
            raise
        for line in error.lines:
            say(f"error: {line}", err=True)
        sys.exit(2)
    except BrokenPipeError:
        sys.exit(1)
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        problem = f"{place}{error.strerror or error}"
        if error.errno in NO_PATH:
            say(f"error: {problem}; expected another name", err=True)
            sys.exit(2)
        say(f"error: {problem}; fix it and run the same command again", err=True)
        sys.exit(1)
    except RuntimeError as error:
        say(f"error: {error}", err=True)
        sys.exit(1)
