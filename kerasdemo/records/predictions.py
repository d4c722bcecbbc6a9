"""predictions.json: what a trained network predicts, and its most confident mistakes.

All have the `part` ("test" or "validation") and the number of `examples`; those with an output of
NaN are left out. Besides, by the task:

Classes ("classification", "binary"): `confusion` (a row of counts for each true class, a column
for each predicted one), `classes` (their names, or null), and at most 12 `mistakes`, the most
confident first: `truth`, `guess`, `confidence` (a probability, or null where the outputs are none),
and the `image` (`shape` and base64 of uint8 `pixels`), where the example is one. `roc`: of two
classes one curve, that of the second; of a few one for each against the rest, null for one that
does not occur; missing where there are more, or the outputs are no probabilities.

Labels ("multi_label"): `labels`, for each its `name` (or null), `confusion` (rows: lacks it, has
it; columns: predicted so) and `roc` (or null); `all_right`: examples with every label right.

Numbers ("regression"): `columns`, for each its `name` and `unit` (or null), a few pairs of `truth`
and `guess`, and the `residuals` of all examples. Older records have `truth` and `guess` of a single
column beside `part`.
"""

import base64
import binascii
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from kerasdemo.records import files
from kerasdemo.records.schema import Record, Share, Size, check

MOST_EXAMPLES = 10_000
MOST_CLASSES = 50
MOST_MISTAKES = 12
# Of all columns together, and at most of one.
MOST_PAIRS_IN_ALL, MOST_PAIRS = 1_200, 300
MOST_COLUMNS = 50
# More classes than this have no curves; a curve has as many points at most, all have so many.
MOST_CURVES, MOST_POINTS, MOST_POINTS_IN_ALL = 8, 200, 2_000
# Characters of a name or a unit.
LONGEST_NAME = 300
# Height and width of an image, in pixels.
MOST_PIXELS = 64

Quantity = Annotated[float, Field(allow_inf_nan=False)]
Rate = Annotated[float, Field(ge=0, le=1)]
Cell = Annotated[int, Field(ge=0, lt=2**63)]
Side = Annotated[int, Field(ge=1, le=MOST_PIXELS)]


class Image(Record):
    """An image: shape (h, w), (h, w, 1) or (h, w, 3), and base64 of its uint8 pixels."""

    shape: Annotated[list[Side], Field(min_length=2, max_length=3)]
    pixels: Annotated[str, Field(max_length=4 * MOST_PIXELS**2)]

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        if self.shape[2:] not in ([], [1], [3]):
            raise ValueError("one channel or three")
        try:
            count = len(base64.b64decode(self.pixels, validate=True))
        except (binascii.Error, ValueError):
            raise ValueError("base64") from None
        if count != math.prod(self.shape):
            raise ValueError(f"{math.prod(self.shape)} pixels")
        return self


class Mistake(Record):
    """An example that was predicted wrong."""

    truth: str
    guess: str
    confidence: Share = None
    image: Image | None = None


class Roc(Record):
    """A ROC curve from (0, 0) to (1, 1): its points, and the area under all that there are."""

    auc: Rate
    false_positive_rate: Annotated[list[Rate], Field(min_length=2, max_length=MOST_POINTS)]
    true_positive_rate: Annotated[list[Rate], Field(min_length=2, max_length=MOST_POINTS)]

    @model_validator(mode="after")
    def _is_a_curve(self) -> Self:
        sides = (self.false_positive_rate, self.true_positive_rate)
        if len(sides[0]) != len(sides[1]):
            raise ValueError("as many false as true positive rates")
        if any(side != sorted(side) for side in sides):
            raise ValueError("rates that never fall")
        return self


Pair = Annotated[list[Cell], Field(min_length=2, max_length=2)]
Name = Annotated[str, Field(max_length=LONGEST_NAME)] | None


class Label(Record):
    """One of several labels: counts (lacks it, has it) x (predicted so), and its ROC curve."""

    confusion: Annotated[list[Pair], Field(min_length=2, max_length=2)]
    name: Name = None
    roc: Roc | None = None


class Residuals(Record):
    """Prediction minus truth of all examples, in the unit of the target.

    mean, rmse, mae: mean, root of the mean square, mean of the absolute values. percentile_90: what
    90 % of the absolute values do not exceed. r2: about the mean of the training targets.
    """

    mean: Quantity
    rmse: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    mae: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    percentile_90: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    r2: Quantity | None = None


Quantities = Annotated[list[Quantity], Field(max_length=MOST_PAIRS)]


class Column(Record):
    """One column of the target: some pairs, and the residuals of all examples."""

    truth: Quantities
    guess: Quantities
    residuals: Residuals
    name: Name = None
    unit: Name = None

    @model_validator(mode="after")
    def _has_pairs(self) -> Self:
        if len(self.truth) != len(self.guess):
            raise ValueError("as many of `truth` as of `guess`")
        return self


class Predictions(Record):
    """Of classes `confusion` and more, of labels `labels`, of numbers `columns`."""

    part: Literal["test", "validation"]
    examples: Size
    confusion: (
        Annotated[
            list[Annotated[list[Cell], Field(max_length=MOST_CLASSES)]],
            Field(min_length=1, max_length=MOST_CLASSES),
        ]
        | None
    ) = None
    classes: Annotated[list[str], Field(max_length=MOST_CLASSES)] | None = None
    mistakes: Annotated[list[Mistake], Field(max_length=MOST_MISTAKES)] | None = None
    roc: Annotated[list[Roc | None], Field(max_length=MOST_CURVES)] | None = None
    labels: Annotated[list[Label], Field(min_length=1, max_length=MOST_COLUMNS)] | None = None
    all_right: Cell | None = None
    columns: Annotated[list[Column], Field(min_length=1, max_length=MOST_COLUMNS)] | None = None
    truth: Quantities | None = None
    guess: Quantities | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.confusion is None:
            is_older = self.truth is not None and self.guess is not None
            if is_older and len(self.truth or ()) != len(self.guess or ()):
                raise ValueError("as many of `truth` as of `guess`")
            if not (is_older or self.labels or self.columns):
                raise ValueError("one of `confusion`, `labels` and `columns`")
            return self
        count = len(self.confusion)
        if any(len(row) != count for row in self.confusion):
            raise ValueError("a `confusion` with as many columns as rows")
        if self.classes is not None and len(self.classes) != count:
            raise ValueError("a name in `classes` for each row of `confusion`")
        if self.roc and len(self.roc) != (1 if count == 2 else count):
            raise ValueError("a curve in `roc` for each class, of two classes one")
        return self


def write(file: Path, predictions: Mapping[str, Any]) -> None:
    """Write predictions.json, whole or not at all."""
    files.write_json(file, predictions)


def read(file: Path) -> dict[str, Any]:
    """Return what predictions.json says; empty where it is missing, as in older records.

    Raises:
        OSError, ValueError: with what is wrong in it.
    """
    if not file.exists():
        return {}
    content: dict[str, Any] = files.read_json(file)
    check(Predictions, content, file.name)
    return content
