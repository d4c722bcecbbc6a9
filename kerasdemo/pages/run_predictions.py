"""What a network predicts: the confusion matrix and the mistakes it was surest of."""

import base64
import io
import math
from collections.abc import Mapping, Sequence
from typing import Any

from kerasdemo.pages import numbers, page
from kerasdemo.pages.charts import Axis, Point, Scatter
from kerasdemo.records import Run


def describe(run: Run) -> dict[str, Any] | None:
    """Return the confusion matrix and the mistakes, or the chart of a regression."""
    found = run.predictions
    if not found:
        return None
    part, examples = str(found["part"]), int(found["examples"])
    of = f"{examples:,} {part} example{'s' * (examples != 1)}"
    shown: dict[str, Any] = {"of": of, "part": part, "chart": None, "rows": [], "mistakes": []}
    if found.get("confusion") is None:
        pairs = list(zip(found["truth"], found["guess"], strict=True))
        sentence = (
            f"{'The' if len(pairs) == examples else f'{len(pairs)} of the'} {of}. A perfect "
            "prediction is the true value."
        )
        points = [
            Point(f"example-{n}", f"example {n}", truth, guess, color=0)
            for n, (truth, guess) in enumerate(pairs, 1)
        ]
        title = "Predicted and true values"
        shown["chart"] = Scatter(title, sentence, Axis("true"), Axis("predicted"), points)
        return shown
    counts: list[list[int]] = found["confusion"]
    names = list(map(str, found.get("classes") or range(len(counts))))
    right = sum(row[n] for n, row in enumerate(counts))
    wrong = sum(map(sum, counts)) - right
    pairs_wrong = sorted(
        ((count, names[n], names[m]) for n, row in enumerate(counts) for m, count in enumerate(row)
         if n != m and count),
        key=lambda pair: -pair[0],
    )  # fmt: skip
    shown |= {
        "names": names,
        "summary": _describe_confusion(right, wrong, pairs_wrong),
        "rows": [
            {
                "name": names[n],
                "cells": [_cell(count, sum(row), n == m) for m, count in enumerate(row)],
                "recall": f"{100 * row[n] / sum(row):.0f} %" if sum(row) else "–",
            }
            for n, row in enumerate(counts)
        ],
        "mistakes": [_mistake(mistake) for mistake in found.get("mistakes") or ()],
    }
    return shown


def _describe_confusion(right: int, wrong: int, pairs: Sequence[tuple[int, str, str]]) -> str:
    if not pairs:
        return f"All {right:,} were predicted right."
    text = f"{right:,} were predicted right, {wrong:,} wrong."
    count, truth, guess = pairs[0]
    if count > 1:
        text += f" The most frequent mistake: {page.cut(truth, 60)} taken for "
        text += f"{page.cut(guess, 60)}, {count:,} times."
    return text


def _cell(count: int, total: int, is_right: bool) -> dict[str, Any]:
    """Return a cell of the confusion matrix. shade: from 0 to 100; of mistakes by the root."""
    share = count / total if total else 0.0
    return {
        "count": count,
        "kind": "right" if is_right else "wrong",
        "shade": round(100 * (share if is_right else math.sqrt(share))),
    }


def _mistake(mistake: Mapping[str, Any]) -> dict[str, Any]:
    image, confidence = mistake.get("image"), mistake.get("confidence")
    return {
        "truth": str(mistake["truth"]),
        "guess": str(mistake["guess"]),
        "confidence": "" if confidence is None else numbers.percent(confidence),
        "image": _png(image) if image else "",
    }


def _png(image: Mapping[str, Any]) -> str:
    """Return an image as a data URI of a PNG."""
    from PIL import Image

    height, width, *channels = image["shape"]
    mode = "RGB" if channels == [3] else "L"
    pixels = base64.b64decode(image["pixels"])
    content = io.BytesIO()
    Image.frombytes(mode, (width, height), pixels).save(content, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(content.getvalue()).decode()}"
