"""Bad input: what happened and where, what was expected, how to fix it."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

# What nobody reads is cut off: characters of a fault, faults of a list.
MAX_LENGTH = 2_000
MAX_FAULTS = 50


def printable(text: str) -> str:
    """Return the text with "?" for what would move a terminal's cursor or can't be encoded."""
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else "?" for c in text)


def as_line(text: str) -> str:
    """Return the text as one printable line that is not too long, whatever names it quotes."""
    line = printable(" ".join(text.split()))
    return line if len(line) <= MAX_LENGTH else f"{line[:MAX_LENGTH]}..."


def first_line(error: BaseException) -> str:
    """Return an error's class and the first line of its text."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {printable(lines[0][:300])}" if lines else type(error).__name__


@dataclass(frozen=True)
class Fault:
    """One fault of an input, shown as one line: file, line, key, message."""

    message: str
    file: str | None = None
    line: int | None = None
    key: str | None = None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line) if part is not None)
        text = ": ".join(part for part in (place, self.key, self.message) if part)
        return as_line(text)


class InputError(ValueError):
    """Input that can't be used; `faults` holds every fault that was found."""

    def __init__(self, faults: Iterable[Fault] | Fault | str):
        if isinstance(faults, str):
            faults = Fault(faults)
        self.faults = (faults,) if isinstance(faults, Fault) else tuple(faults)
        super().__init__("\n".join(self.lines))

    @property
    def lines(self) -> list[str]:
        """A line for each fault; of very many the first, and how many more there are."""
        lines = [str(fault) for fault in self.faults[:MAX_FAULTS]]
        more = len(self.faults) - len(lines)
        return [*lines, f"and {more:,} more faults"] if more else lines


# What people write -> Keras' name, without underscores.
SYNONYMS = {
    "crossentropy": "categorical_crossentropy",
    "softmaxcrossentropy": "categorical_crossentropy",
    "lr": "learning_rate",
    "logistic": "sigmoid",
    "identity": "linear",
}


def shown(value: object) -> str:
    """Return a received value, short enough for a line."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


# Beside a name that is nearly the same, more names than this are not listed.
FEW_NAMES = 20


def near(word: object, known: Iterable[str]) -> str:
    """Return "; did you mean 'x'?" for the known name nearest to `word`, or nothing."""
    by_lower = {name.lower(): name for name in known}
    meant = SYNONYMS.get(str(word).lower().replace("_", ""))
    if meant in by_lower:
        return f"; did you mean '{meant}'?"
    matches = difflib.get_close_matches(str(word).lower(), by_lower, n=1, cutoff=0.6)
    return f"; did you mean '{by_lower[matches[0]]}'?" if matches else ""


def unknown(kind: str, word: object, known: Iterable[str]) -> str:
    """Return the message for a name that is not one of the known ones."""
    names, meant = sorted(known), near(word, known)
    listed = f"; expected one of: {', '.join(names)}"
    return f"unknown {kind} {word!r}{meant}{listed if not meant or len(names) <= FEW_NAMES else ''}"
