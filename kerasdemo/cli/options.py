"""The options that several verbs have, and how their values are read."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kerasdemo.config import RunConfig

RESULTS = Path("results/runs")

Configs = Annotated[list[Path], typer.Argument(metavar="CONFIG...", help="YAML files.")]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a value, e.g. training.epochs=5."),
]
Seeds = Annotated[
    str | None, typer.Option(metavar="0-4", help="Train once for each seed: 0-4 or 0,2,5.")
]
Results = Annotated[
    Path, typer.Option("--results", metavar="DIR", help="The folder that holds the run folders.")
]
Ignore = Annotated[
    list[str] | None,
    typer.Option("--ignore", metavar="CODE", help="Mute a rule, e.g. K212; give it several times."),
]
Workers = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="N",
        help="Processes that train; 0: this process; left out: the fastest number here.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Report = Annotated[bool, typer.Option("--report", help="Write the page of the results at the end.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only errors.")]
Tensorboard = Annotated[
    Path | None,
    typer.Option("--tensorboard", metavar="DIR", help="Write event files for TensorBoard there."),
]
RunName = Annotated[
    str, typer.Argument(metavar="RUN", help="A run folder, or a run's name or its beginning.")
]
RunNames = Annotated[
    list[str],
    typer.Argument(metavar="RUN...", help="Run folders, or runs' names or their beginnings."),
]


def parse_seeds(text: str | None) -> tuple[int, ...]:
    """Return the seeds of "0-4" or "0,2,5-7"; none without the option.

    Raises:
        InputError: where the text names no seeds.
    """
    from kerasdemo.config import Fault, InputError, seeds

    if text is None:
        return ()
    try:
        return seeds.parse(text)
    except ValueError as error:
        raise InputError(Fault(str(error), "--seeds")) from None


def load_configs(
    paths: Sequence[Path], overrides: Sequence[str] | None, seeds: str | None = None
) -> "list[RunConfig]":
    """Load every config, for every seed.

    Raises:
        InputError: with the faults of all files at once.
    """
    from kerasdemo import api
    from kerasdemo.config import Fault, InputError

    chosen = [[f"seed={seed}"] for seed in parse_seeds(seeds)] or [[]]
    configs: list[RunConfig] = []
    faults: list[Fault] = []
    for path in paths:
        try:
            # A config that fails with one seed fails with the others for the same reason.
            configs += [api.load_config(path, [*(overrides or ()), *seed]) for seed in chosen]
        except InputError as error:
            faults += error.faults
    if faults:
        raise InputError(dict.fromkeys(faults))
    return configs


def check_choice(option: str, value: str, choices: Sequence[str]) -> None:
    """Refuse a value that is not one of the choices.

    Raises:
        InputError: with the nearest choice.
    """
    from kerasdemo.config.errors import Fault, InputError, unknown

    if value not in choices:
        raise InputError(Fault(unknown("value", value, choices), option))


def check_output(file: Path, inputs: Sequence[Path] = ()) -> None:
    """Refuse a file that can't be written, or that is read: before the work, not after it.

    Raises:
        InputError: with what is wrong.
    """
    from kerasdemo.config.errors import Fault, InputError
    from kerasdemo.records import RunFolder

    folder = RunFolder(file.absolute().parent)
    if file.is_dir():
        problem = "is a folder; expected the name of a file"
    elif not folder.path.is_dir():
        problem = f"there is no folder {file.parent}"
    elif file.is_symlink() or (file.exists() and not file.is_file()):
        problem = "is a link or a device; expected the name of a plain file"
    elif folder.is_run and file.name in folder.kept_names:
        problem = f"is a file of the run {folder.path.name}; expected another place"
    elif file.exists() and any(one.exists() and one.samefile(file) for one in inputs):
        problem = "is what is read; expected another file"
    else:
        return
    raise InputError(Fault(f"{file}: {problem}", "--output"))
