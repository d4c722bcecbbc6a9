"""Finds runs by what people call them: a folder, a name in a results folder, or its beginning."""

from collections.abc import Iterator
from glob import escape
from pathlib import Path

from kerasdemo.config import Fault, InputError
from kerasdemo.records.index import is_run

# Candidates that are named where a beginning fits several runs.
MOST_NAMED = 5


def find_run(named: str | Path, results: str | Path) -> Path:
    """Return the folder of a run.

    Args:
        named: its folder; or its name in `results`, in an experiment's folder there or in any other
            folder (`experiment/name`), or the beginning of the name. A whole name comes first.
        results: the folder that holds the run folders.

    Returns:
        Where there is no such run, the folder in which it would be.

    Raises:
        InputError: with the candidates, where it is the beginning of several runs.
    """
    path, root = Path(named), Path(results)
    if is_run(path) or path.name in ("", ".."):
        return path
    found = _named(path, root)
    if len(found) > 1:
        names = [str(_below(place, root)) for place in found[:MOST_NAMED]]
        more = [f"and {len(found) - MOST_NAMED} more"] if len(found) > MOST_NAMED else []
        listed = ", ".join([*names, *more])
        kind = "name" if found[0].name == path.name else "beginning"
        raise InputError(Fault(f"the {kind} of several runs: {listed}", str(named)))
    if found:
        return found[0]
    return path if path.is_dir() or len(path.parts) > 1 or not root.is_dir() else root / path


def find_folder(named: str | Path, results: str | Path) -> Path:
    """Return a folder of runs, or a run's as `find_run` does.

    Args:
        named: a folder; or the name of an experiment in `results`, or of a run.
        results: the folder that holds the run folders.
    """
    path, root = Path(named), Path(results)
    if path.exists():
        return path
    if path.name == str(path) and (root / path).is_dir():
        return root / path
    found = find_run(path, root)
    return found if is_run(found) else path


def _named(path: Path, root: Path) -> list[Path]:
    """Return the runs with this name, or else those of which it is the beginning."""
    beginning = f"{escape(path.name)}*"
    if len(path.parts) > 1:
        is_inside = not path.is_absolute() and ".." not in path.parts
        bases = {path.parent, root / path.parent} if is_inside else {path.parent}
        found = [place for base in sorted(bases) for place in _runs(base, beginning)]
    else:
        found = [*_runs(root, beginning), *_runs(root, f"*/{beginning}")]
    whole = [place for place in found if place.name == path.name]
    beside = [place for place in whole if place.parent == root]
    return beside or whole or found


def _runs(base: Path, pattern: str) -> Iterator[Path]:
    """Yield the runs that fit a pattern, in order, none of hidden folders such as the trash."""
    for place in sorted(base.glob(pattern)):
        if not any(part.startswith(".") for part in place.relative_to(base).parts) and is_run(
            place
        ):
            yield place


def _below(place: Path, root: Path) -> Path:
    return place.relative_to(root) if place.is_relative_to(root) else place
