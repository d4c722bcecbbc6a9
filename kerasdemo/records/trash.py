"""The trash of a results folder, `.trash`: runs that were removed and can still be restored.

A run goes there and comes back by one rename, so that a crash leaves it whole in one place or the
other. In the trash it lies as it did before: `.trash/<run>` or `.trash/<experiment>/<run>`; a name
that is taken gets a suffix: `<run>~2`. Links are not followed, and what is no run is not touched.
"""

import errno
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from filelock import FileLock, Timeout

from kerasdemo.config import Fault, InputError
from kerasdemo.config.errors import near
from kerasdemo.records.folder import RunFolder
from kerasdemo.records.index import FILE as INDEX
from kerasdemo.records.index import is_run
from kerasdemo.records.summary import summarize
from kerasdemo.records.tags import LOCK as TAGS_LOCK

FOLDER = ".trash"
# Where runs of the trash are while they are deleted; what is in it is not restored.
DELETING = ".deleting"
BESIDE = (INDEX, TAGS_LOCK)
SUFFIX = re.compile(r"~\d+$")


@dataclass(frozen=True)
class Removable:
    """A run that can be removed, restored or deleted.

    path: its folder, without links. name: in the results folder or in the trash, `experiment/run`
    for a run of an experiment. size: in bytes. status: "damaged" of a run that can't be read.
    """

    path: Path
    name: Path
    status: str
    size: int


def find_removable(folder: Path, results: Path) -> Removable:
    """Return a run of a results folder, which may be moved to its trash.

    Raises:
        InputError: for what is no run, a link, a run elsewhere, or one that trains right now.
    """
    if not is_run(folder):
        problem = "not a run folder: it has no config.yaml or setup.json; only runs are removed"
        raise InputError(Fault(problem if folder.exists() else "no such run folder", str(folder)))
    path = _real(folder)
    if path.is_symlink():
        raise InputError(Fault("is a link; delete the link itself, its run stays", str(folder)))
    root = results.resolve()
    name = path.relative_to(root) if path.is_relative_to(root) else Path()
    if name.parts[:1] == (FOLDER,):
        raise InputError(Fault("is in the trash already; --empty deletes it", str(folder)))
    if not 1 <= len(name.parts) <= 2 or any(part.startswith(".") for part in name.parts):
        problem = f"not a run of {results} or of an experiment there; name its folder by --results"
        raise InputError(Fault(problem, str(folder)))
    found = _describe(path, name)
    if found.status == "damaged" and not _has_results(RunFolder(path)):
        problem = "only its config.yaml or setup.json hints at a run, and it can't be read; "
        raise InputError(Fault(f"{problem}delete it yourself if it is none", str(folder)))
    if RunFolder(path).lock_file.exists():  # no training was ever begun without it
        with _at_rest(path):
            pass
    return found


def move(run: Removable, results: Path) -> Path:
    """Move a run to the trash, and return where it lies there.

    Raises:
        InputError: where it trains right now, or the trash is no folder.
        OSError: where it can't be moved, as on a full disk; then it is where it was.
    """
    trash = _trash(results)
    with _at_rest(run.path), _naming(trash):
        trash.mkdir(exist_ok=True)
        place = trash
        for part in run.name.parts[:-1]:
            # An experiment may have the name that a run in the trash has.
            place = next(filter(_may_hold_runs, _free(place, part)))
            place.mkdir(exist_ok=True)
        for target in _free(place, run.name.name):
            if not os.path.lexists(target):
                break
        try:
            run.path.rename(target)
        except OSError:
            _remove_empty(place, trash)
            raise
    return results / FOLDER / target.relative_to(trash)


def find_trashed(results: Path) -> list[Removable]:
    """Return the runs in the trash, in order of name; none where there is no trash.

    Raises:
        InputError: where the trash is no folder.
    """
    trash = _trash(results)
    found = []
    for child in _folders(trash):
        runs = [child] if is_run(child) else [run for run in _folders(child) if is_run(run)]
        found += [_describe(run, run.relative_to(trash)) for run in runs]
    return found


def find_named(named: str, trashed: Iterable[Removable]) -> Removable:
    """Return the run of the trash that has a name, or else the only one that begins with it.

    Args:
        named: its name there, with or without its experiment's, or its path.
        trashed: what is in the trash.

    Raises:
        InputError: where there is none, or several.
    """
    runs, named = list(trashed), named.rpartition(f"{FOLDER}/")[2]
    if not named:
        raise InputError(Fault("got no name; expected that of a run in the trash", "--restore"))
    names = {run: (str(run.name), run.path.name) for run in runs}
    whole = [run for run in runs if named in names[run]]
    found = whole or [run for run in runs if any(name.startswith(named) for name in names[run])]
    if len(found) > 1:
        candidates = ", ".join(str(run.name) for run in found[:5])
        kind = "name" if whole else "beginning"
        raise InputError(Fault(f"the {kind} of several runs in the trash: {candidates}", named))
    if not found:
        known = [str(run.name) for run in runs]
        raise InputError(Fault(f"no such run in the trash{near(named, known)}", named))
    return found[0]


def restore(run: Removable, results: Path) -> Path:
    """Move a run of the trash back to where it was, and return its folder.

    Raises:
        InputError: where there is another run of that name by now.
        OSError: where it can't be moved; then it stays in the trash.
    """
    root, trash = results.resolve(), _trash(results)
    target = root.joinpath(*(SUFFIX.sub("", part) for part in run.name.parts))
    parent = target.parent
    if not _may_hold_runs(parent):
        problem = f"can't be restored: {parent} is no folder of runs any more"
        raise InputError(Fault(problem, str(run.name)))
    parent.mkdir(exist_ok=True)
    with _at_rest(target), _naming(trash):
        if os.path.lexists(target):
            problem = f"can't be restored: there is another {target.name} by now; remove it first"
            raise InputError(Fault(problem, str(run.name)))
        run.path.rename(target)
        _remove_empty(run.path.parent, trash)
        _remove_empty(trash, root)
    return results / target.relative_to(root)


def delete(runs: Iterable[Removable], results: Path) -> list[Path]:
    """Delete runs of the trash for good; return what is left in it, which is no run.

    A run that is deleted only in part is never seen again: it is first moved out of sight.

    Raises:
        InputError: where the trash is no folder.
        OSError: where something can't be deleted; the next call goes on.
    """
    trash = _trash(results)
    if not trash.is_dir():
        return []
    with _naming(trash):
        doomed = trash / DELETING
        if os.path.lexists(doomed) and not _is_plain(doomed):
            raise InputError(Fault("is no folder; delete it yourself", str(doomed)))
        doomed.mkdir(exist_ok=True)
        shutil.rmtree(doomed)
        doomed.mkdir()
        for number, run in enumerate(runs):
            run.path.rename(doomed / str(number))
            shutil.rmtree(doomed / str(number))
        doomed.rmdir()
        for folder in _folders(trash):
            _remove_empty(folder, trash)
        _remove_empty(trash, trash.parent)
    return sorted(trash.iterdir()) if trash.exists() else []


def _trash(results: Path) -> Path:
    """Return the trash of a results folder, which may not exist yet."""
    trash = results.resolve() / FOLDER
    if os.path.lexists(trash) and not _is_plain(trash):
        problem = "is no folder, or a link, which is not followed; move it away"
        raise InputError(Fault(problem, str(trash)))
    return trash


def _real(folder: Path) -> Path:
    """Return a folder without the links above it; it may be one itself."""
    is_named = folder.name not in ("", "..")
    return folder.parent.resolve() / folder.name if is_named else folder.resolve()


def _describe(path: Path, name: Path) -> Removable:
    try:
        status = summarize(path).status
    except InputError:
        status = "damaged"
    return Removable(path, name, status, _size(path))


def _size(folder: Path) -> int:
    """Return the bytes of the files in a folder; of links their own."""
    files = (Path(place, name) for place, _, names in os.walk(folder) for name in names)
    size = 0
    for file in files:
        with suppress(OSError):
            size += file.lstat().st_size
    return size


def _has_results(folder: RunFolder) -> bool:
    return any(
        file.is_file() for file in (folder.run_file, folder.metrics_file, folder.network_file)
    )


def _is_plain(place: Path) -> bool:
    """Whether it is a folder, no link to one."""
    return place.is_dir() and not place.is_symlink()


def _may_hold_runs(place: Path) -> bool:
    """Whether it is a folder and no run, or nothing yet."""
    return not os.path.lexists(place) or (_is_plain(place) and not is_run(place))


def _folders(place: Path) -> list[Path]:
    """Return the folders in a folder, no links and none that is hidden."""
    try:
        children = sorted(place.iterdir())
    except (FileNotFoundError, PermissionError):
        return []
    return [child for child in children if child.name[0] != "." and _is_plain(child)]


def _free(place: Path, name: str) -> Iterator[Path]:
    """Yield the places that something of this name may have, the best first.

    A name that looks as if it had a suffix gets another: `restore` takes one away.
    """
    if SUFFIX.search(name) is None:
        yield place / name
    for number in count(2):
        yield place / f"{name}~{number}"


def _remove_empty(place: Path, end: Path) -> None:
    """Remove a folder in which nothing is left but what the program makes beside any runs."""
    with suppress(OSError):
        if place != end and all(child.name in BESIDE for child in place.iterdir()):
            for name in BESIDE:
                (place / name).unlink(missing_ok=True)
            place.rmdir()


@contextmanager
def _at_rest(path: Path) -> Iterator[None]:
    """Hold the lock of a run, so that no training of it begins.

    Raises:
        InputError: where it is being trained.
    """
    lock = FileLock(RunFolder(path).lock_file)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        problem = "is being trained right now; end that first"
        raise InputError(Fault(problem, path.name)) from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def _naming(trash: Path) -> Iterator[None]:
    """Let one process at a time change the trash, and say what can't be moved for which reason."""
    try:
        with FileLock(trash.with_name(f"{FOLDER}.lock")):
            yield
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        problem = "on another file system than the run, which can't be moved there in one step"
        raise OSError(errno.EXDEV, f"{problem}; it is where it was", str(trash)) from None
