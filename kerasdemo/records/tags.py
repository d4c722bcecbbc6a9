"""tags.json: the words by which a person remembers a run. They are part of no id and of no fact."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from filelock import FileLock, Timeout
from pydantic import Field

from kerasdemo.config import Fault, InputError
from kerasdemo.config.errors import near, shown
from kerasdemo.records import files
from kerasdemo.records.folder import RunFolder
from kerasdemo.records.reading import describe_damage
from kerasdemo.records.schema import Record, check

TAG = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]{0,49}$")
MOST_TAGS = 50
LOCK = ".tags.lock"
MAX_BYTES = 1 << 16
# Seconds to wait for another process that changes tags in the same results folder.
PATIENCE = 10.0

Tag = Annotated[str, Field(pattern=TAG.pattern)]
Tags = Annotated[tuple[Tag, ...], Field(max_length=MOST_TAGS)]


class TagRecord(Record):
    """The content of tags.json."""

    tags: Annotated[list[Tag], Field(max_length=MOST_TAGS)]


def read_tags(folder: RunFolder) -> tuple[str, ...]:
    """Return a run's tags in order of the alphabet; none where there is no tags.json.

    Raises:
        OSError, ValueError: with what is wrong in it.
    """
    file = folder.tags_file
    if not file.exists():
        return ()
    files.read_text(file, MAX_BYTES)  # more than any person writes is not parsed
    record = check(TagRecord, files.read_json(file), file.name)
    return tuple(sorted(set(record.tags)))


def find_tags(folder: RunFolder) -> tuple[str, ...] | None:
    """Return a run's tags; None where tags.json is damaged."""
    try:
        return read_tags(folder)
    except (OSError, ValueError):
        return None


def find_damage(folder: RunFolder) -> Fault | None:
    """Return what is wrong with a run's tags.json, and how to fix it."""
    try:
        read_tags(folder)
    except (OSError, ValueError) as error:
        problem = describe_damage(error, folder.path)
        return Fault(f"its tags are ignored: {problem}; delete tags.json", str(folder.path))
    return None


def change_tags(
    folders: Iterable[RunFolder], add: Iterable[str] = (), remove: Iterable[str] = ()
) -> dict[Path, tuple[str, ...]]:
    """Add tags to runs and take tags away; return the tags of each run, by its folder.

    Everything is checked before anything is written. A run that is being trained may be tagged.

    Raises:
        InputError: for a word that is no tag, a tag to take away that no run has, too many tags, or
            a damaged tags.json.
    """
    adding, removing = set(add), set(remove)
    _check_words(adding, removing)
    found = {folder: _read_whole(folder) for folder in folders}
    known = {tag for tags in found.values() for tag in tags}
    for tag in sorted(removing - known):
        raise InputError(Fault(f"{tag!r} is no tag of these runs{near(tag, known)}", key="remove"))
    if adding | removing:
        found = {folder: _change(folder, adding, removing) for folder in found}
    return {folder.path: tags for folder, tags in found.items()}


def _check_words(adding: set[str], removing: set[str]) -> None:
    for key, words in (("add", adding), ("remove", removing)):
        for word in sorted(words):
            if TAG.fullmatch(word) is None:
                expected = "letters, digits, '.', '_' and '-', up to 50, the first not a sign"
                raise InputError(Fault(f"{shown(word)} is no tag; expected {expected}", key=key))
    for word in sorted(adding & removing):
        raise InputError(Fault(f"{word!r} is to be added as well", key="remove"))


def _read_whole(folder: RunFolder) -> tuple[str, ...]:
    try:
        return read_tags(folder)
    except (OSError, ValueError) as error:
        message = f"damaged: {describe_damage(error, folder.path)}; delete it and tag the run again"
        raise InputError(Fault(message, str(folder.tags_file))) from None


def _change(folder: RunFolder, adding: set[str], removing: set[str]) -> tuple[str, ...]:
    file = folder.tags_file
    try:
        # Two processes that tag at the same time would each lose what the other wrote.
        with FileLock(folder.path.parent / LOCK, timeout=PATIENCE):
            tags = sorted((set(_read_whole(folder)) | adding) - removing)
            if len(tags) > MOST_TAGS:
                message = f"{len(tags)} tags; a run has {MOST_TAGS} at most"
                raise InputError(Fault(message, str(folder.path), key="add"))
            if tags:
                files.write_json(file, {"tags": tags})
            else:
                file.unlink(missing_ok=True)
    except Timeout:
        message = "another process is changing tags here; try again"
        raise InputError(Fault(message, str(folder.path.parent))) from None
    return tuple(tags)
