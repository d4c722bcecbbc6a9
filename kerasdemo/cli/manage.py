"""The verbs that keep runs in order: tag, rm."""

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerasdemo.cli.options import RESULTS, Results, RunNames
from kerasdemo.cli.output import count, print_table, say

if TYPE_CHECKING:
    from kerasdemo.records.trash import Removable

app = typer.Typer()

# Runs that are named in the command that brings them back.
MOST_NAMED = 3


@app.command(epilog="Example: kerasdemo tag quickstart-1a2b3c4d --add baseline")
def tag(
    names: RunNames,
    add: Annotated[
        list[str] | None,
        typer.Option("--add", metavar="TAG", help="Give each run this tag; several times."),
    ] = None,
    remove: Annotated[
        list[str] | None,
        typer.Option("--remove", metavar="TAG", help="Take this tag away; several times."),
    ] = None,
    results: Results = RESULTS,
) -> None:
    """Give runs tags or take tags away, and print their tags; list --tag TAG finds them again."""
    from kerasdemo import api

    tags = api.tag(names, add or (), remove or (), results=results)
    for folder, words in tags.items():
        say(f"{folder.name}: {', '.join(words) or 'no tags'}")


@app.command(epilog="Example: kerasdemo rm quickstart-1a2b3c4d")
def rm(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="RUN...", help="Run folders, or runs' names or their beginnings."),
    ] = None,
    results: Results = RESULTS,
    restore: Annotated[
        bool,
        typer.Option("--restore", help="Move runs back; without a name show what is in the trash."),
    ] = False,
    empty: Annotated[
        bool, typer.Option("--empty", help="Delete the runs in the trash for good.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Move runs to the trash of their results folder, .trash; it asks first."""
    from kerasdemo.config import Fault, InputError

    if empty and (restore or names):
        other = "--restore" if restore else "names"
        raise InputError(
            Fault(f"got {other} as well; it deletes all that is in the trash", "--empty")
        )
    if empty:
        _empty(results, yes)
    elif restore:
        _restore(names or (), results)
    elif names:
        _remove(names, results, yes)
    else:
        raise InputError("got no run; expected `kerasdemo rm RUN`, --restore or --empty")


def _remove(names: Sequence[str], results: Path, yes: bool) -> None:
    from kerasdemo import api
    from kerasdemo.records import trash

    runs, place = api.find_removable(names, results), results / trash.FOLDER
    _show(runs)
    _confirm(f"Move {count(len(runs), 'run')} to {place}?", yes)
    moved: list[str] = []
    try:
        # One by one: of those before a failure it is said where they are.
        moved.extend(str(trash.move(run, results).relative_to(place)) for run in runs)
    finally:
        if moved:
            names = shlex.join(moved) if len(moved) <= MOST_NAMED else "RUN..."
            dashes = "-- " if names.startswith("-") else ""
            say(f"moved {count(len(moved), 'run')} to {place}")
            say(f"  back: kerasdemo rm --restore{_option(results)} {dashes}{names}")
            say(f"  for good: kerasdemo rm --empty{_option(results)}")


def _restore(names: Sequence[str], results: Path) -> None:
    from kerasdemo import api
    from kerasdemo.records import trash

    for folder in api.restore(names, results):
        say(f"restored  {folder}")
    if not names:
        runs = trash.find_trashed(results)
        _show(runs)
        if not runs:
            say(f"no runs in {results / trash.FOLDER}")


def _empty(results: Path, yes: bool) -> None:
    from kerasdemo.records import trash

    runs = trash.find_trashed(results)
    _show(runs)
    if runs:
        _confirm(f"Delete {count(len(runs), 'run')} for good?", yes)
    left = trash.delete(runs, results)
    say(f"deleted {count(len(runs), 'run')}" if runs else f"no runs in {results / trash.FOLDER}")
    for place in left:
        say(f"left, for it is no run: {place}", err=True)


def _show(runs: Sequence["Removable"]) -> None:
    if runs:
        rows = [{"run": run.name, "status": run.status, "size": _size(run.size)} for run in runs]
        print_table(rows)


def _size(number: int) -> str:
    """Return bytes as people read them: 1.2 MB."""
    size, units = float(number), iter(("B", "kB", "MB", "GB", "TB"))
    unit = next(units)
    while size >= 999.5 and unit != "TB":
        size, unit = size / 1000, next(units)
    return f"{size:.3g} {unit}"


def _confirm(question: str, yes: bool) -> None:
    """Ask, and end here unless the answer is yes."""
    from kerasdemo.config import InputError

    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise InputError("nobody can be asked here, and nothing was changed; --yes does it")
    try:
        is_wanted = typer.confirm(question)
    except typer.Abort as end:  # Ctrl-C, or the end of the input
        say("\nnothing was changed")
        raise typer.Exit(130 if isinstance(end.__context__, KeyboardInterrupt) else 1) from None
    if not is_wanted:
        say("nothing was changed")
        raise typer.Exit(1)


def _option(results: Path) -> str:
    return "" if results == RESULTS else f" --results {shlex.quote(str(results))}"
