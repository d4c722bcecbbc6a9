"""Guesses what a person wants from a data file: the column to predict, the inputs, their kinds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from kerasdemo.config import table_reading
from kerasdemo.config.dataset_info import DataError
from kerasdemo.config.table_columns import DATE, Column, format_number
from kerasdemo.config.table_reading import RawTable, short

# Names that people give the column to predict; else it is often the last one, or the first.
TARGETS = ("target", "label", "labels", "class", "y", "outcome", "output")
# A column of longer texts is no category; one with more categories than rows / FEW says little.
WORDS, FEW = 4, 4
# What fits nearly every text; the rest is cut off.
MOST_WORDS_AT = 95


@dataclass(frozen=True)
class Guess:
    """What a table is taken for.

    Args:
        data: the keys of `data`.
        is_target_guessed: whether nobody named the target.
        left_out: column -> why it is no input.
    """

    data: Mapping[str, object]
    is_target_guessed: bool
    left_out: Mapping[str, str]


@dataclass(frozen=True)
class _Column:
    kind: Literal["numeric", "categorical", "text"] | None
    reason: str = ""
    missing: bool = False
    distinct: int = 0


def guess_table(
    path: Path, kind: str, targets: Sequence[str] = (), *, is_text: bool | None = None
) -> Guess:
    """Return what a table is taken for.

    Args:
        path: of the file.
        kind: csv or parquet.
        targets: the columns to predict; empty: one is chosen.
        is_text: whether the input is one column of text; None: where there is a column of texts.

    Raises:
        DataError: where the file can't be read, or no column can be predicted.
    """
    raw = table_reading.read(path, kind)
    columns = {name: _look_at(raw, name) for name in raw.names}
    texts = [name for name, one in columns.items() if one.kind == "text" and name not in targets]
    if is_text and not texts:
        raise DataError(f"no column of texts in {path}; leave out --task, or give another file")
    text = texts[0] if texts and is_text is not False else None
    chosen = list(targets) or [_choose_target(columns)]
    data: dict[str, object] = {
        "name": kind,
        "path": str(path),
        "target": chosen[0] if len(chosen) == 1 else chosen,
    }
    left_out = {}
    roles: dict[str, list[str]] = {"numeric": [], "categorical": []}
    for name, one in columns.items():
        if name in chosen or name == text:
            continue
        if text is not None:
            left_out[name] = "beside a text there is no other input"
        elif one.kind in roles:
            roles[one.kind].append(name)
        else:
            left_out[name] = one.reason or "a text; --task text makes it the input"
    if text is None:
        data |= {role: names for role, names in roles.items() if names}
    else:
        data |= {"text": text, **_lengths(raw, text)}
    inputs = [text] if text is not None else [*roles["numeric"], *roles["categorical"]]
    if any(columns[name].missing for name in chosen if name in columns):
        data["missing"] = "drop"
    elif any(columns[name].missing for name in inputs):
        data["missing"] = "impute"
    return Guess(data, not targets, left_out)


def _look_at(raw: RawTable, name: str) -> _Column:
    """Return what a column is."""
    column = Column(raw, name, "numeric")
    try:
        missing = bool(column.is_missing.any())
        if column.has_numbers():
            return _look_at_numbers(column.read_numbers(), missing)
    except DataError as error:
        return _Column(None, str(error))
    values = column.texts[~column.is_missing].tolist()
    distinct = set(values)
    if len(distinct) == 1:
        return _Column(None, "always the same", missing, 1)
    if all(DATE.fullmatch(value.strip()) for value in distinct):
        return _Column(None, "dates", missing, len(distinct))
    words = sum(len(value.split()) for value in distinct) / len(distinct)
    if words >= WORDS and len(distinct) > len(values) / FEW:
        return _Column("text", "", missing, len(distinct))
    if len(distinct) > max(2, len(values) / FEW):
        return _Column(None, f"{len(distinct):,} different values", missing, len(distinct))
    return _Column("categorical", "", missing, len(distinct))


def _look_at_numbers(numbers: NDArray[np.float64], missing: bool) -> _Column:
    known = numbers[~np.isnan(numbers)]
    distinct = len(np.unique(known))
    if distinct == 1:
        return _Column(None, f"always {format_number(known[0])}", missing, 1)
    if not missing and len(known) > 1 and (np.diff(known) == 1).all():
        return _Column(None, "numbers the rows", missing, distinct)
    return _Column("numeric", "", missing, distinct)


def _choose_target(columns: Mapping[str, _Column]) -> str:
    """Return the column that is most likely the one to predict."""
    names = list(columns)
    named = [name for name in names if name.strip().lower() in TARGETS]
    for name in (*named, names[-1], names[0], *names):
        one = columns[name]
        if one.kind in ("numeric", "categorical") and not one.missing:
            return name
    raise DataError(
        "no column is fit to be predicted; name one: --target COLUMN", ("data", "target")
    )


def _lengths(raw: RawTable, name: str) -> dict[str, int]:
    """Return how many words there are, and how many a text has at most, rounded up."""
    texts = [str(text).lower().split() for text in Column(raw, name, "text").texts]
    longest = float(np.percentile([len(words) for words in texts], MOST_WORDS_AT))
    known = len({word for words in texts for word in words})
    return {
        "max_tokens": min(10_000, max(100, -(-known // 100) * 100)),
        "output_sequence_length": max(10, -(-int(longest) // 10) * 10),
    }


def describe(guess: Guess) -> list[str]:
    """Return in lines what was guessed, for who wants it otherwise."""
    lines = []
    if guess.is_target_guessed:
        target = str(guess.data["target"])
        lines.append(f"target    {short(target)}, a guess: --target COLUMN names another one")
    lines += [f"left out  {short(name)}: {why}" for name, why in guess.left_out.items()]
    return lines
