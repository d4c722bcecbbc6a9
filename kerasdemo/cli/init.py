"""The verb that writes the first config: init."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kerasdemo.cli.options import check_choice
from kerasdemo.cli.output import say

if TYPE_CHECKING:
    from kerasdemo.config.template import Template

app = typer.Typer()

# Beside the config, and named by its path from there: so the modeline holds wherever the folder
# goes, while the path of an installed package would be that of one machine, and an address on the
# web would need a network and be of another version.
SCHEMA = ".kerasdemo-schema.json"


@app.command(epilog="Example: kerasdemo init cars --data cars.csv --target mpg")
def init(
    name: Annotated[
        str, typer.Argument(metavar="[NAME]", help="Of the config; a .yaml file in this folder.")
    ] = "network",
    task: Annotated[
        str | None,
        typer.Option(
            metavar="digits|table|images|text|arrays",
            help="What it is about; left out: what --data is, or digits.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="A .csv, .parquet or .npz file, or a folder with one a class."
        ),
    ] = None,
    targets: Annotated[
        list[str] | None,
        typer.Option("--target", metavar="COLUMN", help="Of a table: the column to predict."),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the files of an earlier one.")
    ] = False,
) -> None:
    """Write a config to start from, with a comment at each key, for a data file or for samples."""
    from kerasdemo.config import Fault, InputError, template
    from kerasdemo.config.schema import schema_text
    from kerasdemo.records import files

    file = _config_file(name)
    sample = _find_sample(task, data)
    source = data or sample
    made, remarks = _make(task, source, targets or ())
    own = {} if sample is None else {file.parent / sample.name: sample}
    taken = [
        path for path in (file, *own) if os.path.lexists(path) and not _is_same(path, own.get(path))
    ]
    if taken and not force:
        message = "exists already; choose another NAME, or replace it: --force"
        raise InputError([Fault(message, str(path)) for path in taken])
    template.check(template.render(made, file.name, SCHEMA), file)
    if source is not None:
        path = next(iter(own), source)
        relative = Path(os.path.relpath(path.absolute(), file.parent.absolute())).as_posix()
        made = replace(made, data={**made.data, "path": relative})
    for path, original in own.items():
        if original.is_dir():
            shutil.copytree(original, path, dirs_exist_ok=True)
        else:
            shutil.copyfile(original, path)
    files.write_text(file.parent / SCHEMA, schema_text())
    files.write_text(file, template.render(made, file.name, SCHEMA))
    written = [file, *own]
    say(f"wrote {', '.join(map(str, written))} ({SCHEMA} explains the keys to editors)")
    for line in remarks:
        say(f"  {line}")
    say(f"next: kerasdemo run {file}")


def _config_file(name: str) -> Path:
    """Return the file that a NAME stands for.

    Raises:
        InputError: where it can't name a config.
    """
    from kerasdemo.config import Fault, InputError
    from kerasdemo.config.errors import shown
    from kerasdemo.config.keras_objects import NAME

    is_file = name.endswith((".yaml", ".yml"))
    if "\0" in name or NAME.fullmatch(Path(name).stem if is_file else Path(name).name) is None:
        message = f"got {shown(name)}; expected letters, digits and . _ + = -, such as cars"
        raise InputError(Fault(message, "NAME"))
    file = Path(name if is_file else f"{name}.yaml")
    if file.is_dir():
        raise InputError(Fault("is a folder; expected the name of a file", str(file)))
    if not file.parent.is_dir() or not os.access(file.parent, os.W_OK):
        what = "can't be written to" if file.parent.is_dir() else "no such folder"
        raise InputError(Fault(what, str(file.parent)))
    return file


def _find_sample(task: str | None, data: Path | None) -> Path | None:
    """Return the data that come with a task, for who has none.

    Raises:
        InputError: where data are needed, or not taken.
    """
    from kerasdemo.config import Fault, InputError, template
    from kerasdemo.lecture import shipped

    check_choice("--task", task or "digits", template.TASKS)
    if task == "digits" and data is not None:
        message = "digits come with kerasdemo; leave out --data, or --task"
        raise InputError(Fault(message, "--task"))
    if task == "arrays" and data is None:
        raise InputError(Fault("needs an .npz file: --data FILE", "--task arrays"))
    if data is not None or task in (None, "digits"):
        return None
    return shipped.root() / "configs" / "data" / template.SAMPLES[task]


def _make(
    task: str | None, source: Path | None, targets: Sequence[str]
) -> "tuple[Template, list[str]]":
    """Return the template for data, and what was guessed of them.

    Raises:
        InputError: where the data can't be read, or do not fit the task.
    """
    from kerasdemo.config import Fault, InputError, data_guess, template
    from kerasdemo.config.dataset_info import DataError

    try:
        kind = "mnist_sample" if source is None else template.kind_of(source)
        if task not in (None, *template.TASKS_OF[kind]):
            raise DataError(f"{source} is no data for --task {task}")
        if source is None or kind not in ("csv", "parquet"):
            if targets:
                raise DataError("only tables have columns to predict", ("data", "target"))
            path = {} if source is None else {"path": str(source.absolute())}
            return template.make({"name": kind, **path}, template.DESCRIPTIONS[kind]), []
        is_text = None if task is None else task == "text"
        guess = data_guess.guess_table(source.absolute(), kind, targets, is_text=is_text)
        lines = data_guess.describe(guess)
        return template.make(guess.data, template.describe(guess.data), lines), lines
    except DataError as error:
        option = "--target" if targets and error.key[-1] == "target" else "--data"
        raise InputError(Fault(str(error), option)) from None


def _is_same(path: Path, original: Path | None) -> bool:
    """Return whether a sample is in its place already."""
    if original is None or path.is_dir() != original.is_dir():
        return False
    if original.is_file():
        return path.is_file() and path.read_bytes() == original.read_bytes()
    names = [{file.relative_to(top) for file in top.rglob("*")} for top in (path, original)]
    return names[0] == names[1]
