"""The type of what is known of a data set before it is loaded."""

from dataclasses import dataclass
from typing import Literal

from kerasdemo.config.document import Key

# The arrays of a data set in memory; training holds them several times.
MAX_BYTES = 2 * 1024**3

Targets = Literal["classes", "numbers", "labels", "whole_numbers"]


class DataError(ValueError):
    """What is wrong with the data that a config names, in a sentence, and at which key."""

    def __init__(self, message: str, key: Key = ("data", "path")):
        super().__init__(message)
        self.key = key


@dataclass(frozen=True)
class DatasetInfo:
    """What is known of a data set.

    Args:
        train, test: number of examples.
        shape: of one example; None of a table, whose categories are counted when it is split.
        classes: number of classes, or None.
        default_train, default_validation, default_test: examples that a config gets by default;
            None is all.
        validation: number of validation examples; None where they are taken from `train`.
        targets: classes; numbers; labels that are 0 or 1 each; whole_numbers, which may be either
            classes or numbers.
        columns: of targets that are numbers or labels.
        distinct: how many different values whole_numbers have.
        tokens: of inputs that are words' numbers, one more than the largest there can be.
    """

    train: int
    test: int
    shape: tuple[int, ...] | None
    classes: int | None
    default_train: int | None
    default_validation: int
    default_test: int | None = None
    validation: int | None = None
    targets: Targets = "classes"
    columns: int = 1
    distinct: int | None = None
    tokens: int | None = None

    @property
    def outputs(self) -> int | None:
        """Units that an output needs: classes, labels or target columns; None if not known."""
        return self.classes if self.targets in ("classes", "whole_numbers") else self.columns
