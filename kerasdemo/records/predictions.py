"""predictions.json: what a trained network predicts, and its most confident mistakes.

Of classes ("classification", "binary"): `part` ("test" or "validation"), number of `examples`,
`confusion` (a row of counts for each true class, a column for each predicted one), `classes` (their
names, or null), and at most 12 `mistakes`, the most confident first: `truth`, `guess`, `confidence`
(a probability, or null where the outputs are none), and the `image` (`shape` and base64 of uint8
`pixels`), where the example is one. Of a regression: `part`, `examples`, and at most 300 pairs of
`truth` and `guess`. Examples with an output of NaN are left out.
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
MOST_PAIRS = 300
# Height and width of an image, in pixels.
MOST_PIXELS = 64

Quantity = Annotated[float, Field(allow_inf_nan=False)]
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


class Predictions(Record):
    """Of classes `confusion` and more, of a regression `truth` and `guess`."""

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
    truth: Annotated[list[Quantity], Field(max_length=MOST_PAIRS)] | None = None
    guess: Annotated[list[Quantity], Field(max_length=MOST_PAIRS)] | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.confusion is None:
            if self.truth is None or self.guess is None or len(self.truth) != len(self.guess):
                raise ValueError("`confusion`, or as many of `truth` as of `guess`")
            return self
        count = len(self.confusion)
        if any(len(row) != count for row in self.confusion):
            raise ValueError("a `confusion` with as many columns as rows")
        if self.classes is not None and len(self.classes) != count:
            raise ValueError("a name in `classes` for each row of `confusion`")
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
