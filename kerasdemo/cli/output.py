"""How the verbs print."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from kerasdemo.records import Run

# Warnings that were shown; each is shown once in a process.
shown: set[str] = set()


def say(text: str, err: bool = False) -> None:
    """Print text without the escape sequences that names, labels and reasons may hold."""
    from kerasdemo.config.errors import printable

    typer.echo(printable(text), err=err)


def warn(message: Warning | str, *_: object, **__: object) -> None:
    """Print a warning once, in one line, without the place in the code that raised it."""
    from kerasdemo.config.errors import as_line

    if str(message) not in shown:
        shown.add(str(message))
        say(as_line(f"warning: {message}"), err=True)


def make_console() -> "Console":
    """Return a console for colors and progress."""
    from kerasdemo.display.console import SafeConsole

    return SafeConsole()


def print_lines(console: "Console", lines: Iterable[tuple[str, str]]) -> None:
    """Print lines of (text, style)."""
    from kerasdemo.display.console import print_line

    for text, style in lines:
        print_line(console, text, style)


def print_data_warnings(console: "Console", run: "Run") -> None:
    """Print the warnings about a run's data; of several runs on the same data, once."""
    from kerasdemo.display import verdict_text

    for warning in verdict_text.data_warnings(run):
        if warning not in shown:
            shown.add(warning)
            print_lines(console, [(f"WARNING  {warning}", verdict_text.WARNING)])


def print_table(rows: list[dict[str, Any]]) -> None:
    """Print rows as a table."""
    from kerasdemo.display import tables

    say(tables.render(rows))


def print_json(value: object) -> None:
    """Print plain values as JSON; NaN and infinity become null."""
    from kerasdemo.records import files

    # JSON escapes what is not printable.
    typer.echo(json.dumps(files.finite(value), indent=1, allow_nan=False))


def count(number: int, word: str) -> str:
    """Return `1 claim` or `2 claims`."""
    return f"{number} {word}{'s' * (number != 1)}"
