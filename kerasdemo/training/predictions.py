"""What a trained network predicts, as predictions.json keeps it; plain functions of arrays."""

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from kerasdemo.config.layers import Layer
from kerasdemo.data import Array, Scaling, scores
from kerasdemo.records.predictions import (
    LONGEST_NAME,
    MOST_CLASSES,
    MOST_COLUMNS,
    MOST_CURVES,
    MOST_EXAMPLES,
    MOST_MISTAKES,
    MOST_PAIRS,
    MOST_PAIRS_IN_ALL,
    MOST_PIXELS,
    MOST_POINTS,
    MOST_POINTS_IN_ALL,
)

LEAST_PIXELS = 4
# Layers that take (steps, features), which is no image.
OF_SEQUENCES = ("1d", "lstm", "gru", "rnn", "embedding", "bidirectional", "time_distributed")
# Flat examples are images where values one row apart are alike, and half a row apart are less so,
# by this difference of correlations.
ROWS_ALIKE = 0.2
CORRELATED = 1_000

Link = Literal["identity", "sigmoid", "softmax"]


def find_link(loss: Mapping[str, Any], activation: str | None) -> Link | None:
    """Return what makes outputs probabilities; None where nothing does.

    Args:
        loss: Keras' name and arguments of the loss.
        activation: of the output; None where it is not known.
    """
    if activation in ("softmax", "sigmoid"):
        return "identity"
    if not loss.get("from_logits"):
        return None
    return "sigmoid" if loss["name"].startswith("binary") else "softmax"


def of_classes(
    part: str,
    truth: Array,
    output: Array,
    *,
    threshold: float = 0.5,
    link: Link | None = "identity",
    names: Sequence[str] | None = None,
    images: Callable[[Array], Array | None] = lambda rows: None,
) -> dict[str, Any] | None:
    """Return the content of predictions.json for classes.

    Args:
        part: "test" or "validation".
        truth: the classes (n,); one that there is not is left out, as are outputs of NaN.
        output: of the network (n, classes), or (n, 1) of two classes.
        threshold: what a single output must exceed for class 1.
        link: what makes outputs probabilities.
        names: of the classes.
        images: gives the examples of some rows (m,) as uint8 (m, h, w) or (m, h, w, channels);
            None where they are no images.

    Returns:
        None where there are more classes than are recorded, or no example is left.
    """
    count = max(2, output.shape[1])
    is_usable = np.isfinite(output).all(axis=1) & (truth >= 0) & (truth < count)
    rows = np.flatnonzero(is_usable)
    if not len(rows) or count > MOST_CLASSES:
        return None
    # As the network gave them: a threshold and equal scores are of that precision.
    given = output[rows]
    truth, output = truth[rows].astype(np.int64), given.astype(np.float64)
    each = np.arange(len(rows))
    if output.shape[1] == 1:
        guess = (output[:, 0] > threshold).astype(np.int64)
        margin = np.abs(output[:, 0] - threshold)
        positive = to_probabilities(output, "sigmoid" if link == "softmax" else link)
        probabilities = None if positive is None else np.hstack([1 - positive, positive])
    else:
        guess = output.argmax(axis=1)
        margin = output[each, guess] - output[each, truth]
        probabilities = to_probabilities(output, link)
    confidence = None if probabilities is None else probabilities[each, guess]
    cells = np.bincount(truth * count + guess, minlength=count * count)
    wrong = np.flatnonzero(truth != guess)
    order = margin if confidence is None else confidence
    # Stable: of equal confidence the first example comes first.
    chosen = wrong[np.argsort(-order[wrong], kind="stable")][:MOST_MISTAKES]
    pixels = images(rows[chosen]) if len(chosen) else None
    mistakes = [
        {
            "truth": names[truth[n]] if names else str(truth[n]),
            "guess": names[guess[n]] if names else str(guess[n]),
            "confidence": None if confidence is None else round(float(confidence[n]), 6),
            "image": None if pixels is None else _encode(pixels[place]),
        }
        for place, n in enumerate(chosen.tolist())
    ]
    found = {
        "part": part,
        "examples": len(rows),
        "confusion": cells.reshape(count, count).tolist(),
        "classes": list(names) if names else None,
        "mistakes": mistakes,
    }
    if given.shape[1] == 1:
        found["roc"] = [roc(truth == 1, given[:, 0])]
    elif probabilities is not None and count <= MOST_CURVES:
        of = [1] if count == 2 else range(count)
        found["roc"] = [roc(truth == n, probabilities[:, n], len(of)) for n in of]
    return found


def of_labels(
    part: str,
    truth: Array,
    output: Array,
    *,
    threshold: float = 0.5,
    names: Sequence[str] | None = None,
) -> dict[str, Any] | None:
    """Return the content of predictions.json for several labels.

    Args:
        part: "test" or "validation".
        truth: 0 or 1 (n, labels).
        output: of the network (n, labels); examples with NaN are left out.
        threshold: what an output must exceed for the label.
        names: of the labels.

    Returns:
        None where there are more labels than are recorded, or no example is left.
    """
    usable = np.isfinite(output).all(axis=1)
    truth, output = truth[usable] > 0.5, output[usable]
    count = output.shape[1]
    if not len(output) or count > MOST_COLUMNS:
        return None
    guess = output > threshold
    cells = [np.bincount(2 * t + g, minlength=4) for t, g in zip(truth.T, guess.T, strict=True)]
    return {
        "part": part,
        "examples": len(output),
        "all_right": int((truth == guess).all(axis=1).sum()),
        "labels": [
            {
                "name": _name(names, n),
                "confusion": cells[n].reshape(2, 2).tolist(),
                "roc": roc(truth[:, n], output[:, n], count),
            }
            for n in range(count)
        ],
    }


def of_numbers(
    part: str,
    truth: Array,
    output: Array,
    *,
    names: Sequence[str] | None = None,
    units: Sequence[str | None] | None = None,
    mean: Array | float | None = None,
) -> dict[str, Any] | None:
    """Return the content of predictions.json for a regression.

    Args:
        part: "test" or "validation".
        truth, output: (n, columns), in the unit of the target.
        names, units: of the columns.
        mean: of the training targets, by column, which R² is about; None: of `truth`.

    Returns:
        None where there are more columns than are recorded, or no output is a number.
    """
    truth, output = truth.astype(np.float64), output.astype(np.float64)
    usable = np.isfinite(truth).all(axis=1) & np.isfinite(output).all(axis=1)
    truth, output = truth[usable], output[usable]
    count = truth.shape[1]
    if not len(truth) or count > MOST_COLUMNS:
        return None
    means = np.broadcast_to(truth.mean(axis=0) if mean is None else mean, (count,))
    rows = spread(len(truth), min(MOST_PAIRS, MOST_PAIRS_IN_ALL // count))
    return {
        "part": part,
        "examples": len(truth),
        "columns": [
            {
                "name": _name(names, n),
                "unit": _name(units, n),
                "truth": _short(truth[rows, n]),
                "guess": _short(output[rows, n]),
                "residuals": _residuals(truth[:, n], output[:, n], float(means[n])),
            }
            for n in range(count)
        ],
    }


@np.errstate(over="ignore")  # of a network that diverged
def _residuals(truth: Array, guess: Array, mean: float) -> dict[str, float | None]:
    """Return the statistics of prediction - truth, each (n,)."""
    off = guess - truth
    size = np.abs(off)
    found = {
        "mean": off.mean(),
        "rmse": np.sqrt((off**2).mean()),
        "mae": size.mean(),
        "percentile_90": np.percentile(size, 90),
    }
    # Beyond what a float can hold they are as large as it can.
    limited = {key: _short(np.nan_to_num(value))[0] for key, value in found.items()}
    r2 = scores.r2(truth, guess, mean)
    return limited | {"r2": None if r2 is None or not math.isfinite(r2) else _short(r2)[0]}


def roc(truth: Array, score: Array, curves: int = 1) -> dict[str, Any] | None:
    """Return the ROC curve of a score and the area under it (Fawcett 2006).

    Args:
        truth: whether each example is positive (n,).
        score: the larger, the likelier positive (n,).
        curves: of how many it is one: each has fewer points.

    Returns:
        None where all examples are of one kind.
    """
    area = scores.auc(truth, score)
    if area is None:
        return None
    order = np.argsort(-score, kind="stable")
    # Equal scores are accepted together.
    ends = np.append(np.flatnonzero(np.diff(score[order])), len(score) - 1)
    hits = np.cumsum(truth[order])[ends]
    false, true = np.append(0, 1 + ends - hits), np.append(0, hits)
    chosen = _corners(false, true, min(MOST_POINTS, MOST_POINTS_IN_ALL // curves))
    sides = (np.round(side[chosen] / side[-1], 6).tolist() for side in (false, true))
    return {
        "auc": round(area, 6),
        **dict(zip(("false_positive_rate", "true_positive_rate"), sides, strict=True)),
    }


def _corners(x: Array, y: Array, most: int) -> Array:
    """Return which points (m,) of a rising curve to keep: its corners, evenly along the way.

    Args:
        x, y: whole numbers (n,), from 0 on.
    """
    across, up = np.diff(x), np.diff(y)
    turns = across[1:] * up[:-1] != across[:-1] * up[1:]
    corners: Array = np.concatenate([[0], 1 + np.flatnonzero(turns), [len(x) - 1]])
    if len(corners) <= most:
        return corners
    # Where it is steep there are as many as where it is flat.
    way = x[corners] / x[-1] + y[corners] / y[-1]
    return corners[np.unique(np.searchsorted(way, np.linspace(0, way[-1], most)))]


def _short(values: Any) -> list[float]:
    """Return numbers with seven digits."""
    return [float(f"{value:.7g}") for value in np.atleast_1d(values).tolist()]


def _name(names: Sequence[str | None] | None, n: int) -> str | None:
    name = names[n] if names else None
    return None if name is None else name[:LONGEST_NAME]


def spread(count: int, most: int = MOST_EXAMPLES) -> Array:
    """Return at most so many of the rows 0 to count - 1, evenly spread."""
    rows: Array = np.unique(np.linspace(0, count - 1, min(count, most)).astype(int))
    return rows


def find_shape(x: Array, layers: Sequence[Layer]) -> tuple[int, ...] | None:
    """Return the shape of an example as an image: (h, w) or (h, w, channels); None if it is none.

    Args:
        x: examples (n, ...); flat ones are images where their rows look like it.
        layers: of the network: one for sequences takes no images.
    """
    shape = x.shape[1:]
    if len(shape) == 1 and _has_rows(x):
        shape = (math.isqrt(shape[0]),) * 2
    first = next((layer.type for layer in layers if layer.has_kernel), "")
    is_sequence = len(shape) == 2 and any(word in first for word in OF_SEQUENCES)
    if len(shape) not in (2, 3) or shape[2:] not in ((), (1,), (3,)) or is_sequence:
        return None
    return shape if all(LEAST_PIXELS <= side <= MOST_PIXELS for side in shape[:2]) else None


def to_pixels(x: Array, shape: tuple[int, ...]) -> Array:
    """Return examples as uint8 (n, *shape): 0 to 255 as it is, else their range as 0 to 255.

    Args:
        x: examples (n, ...), not normalized.
        shape: of an image.
    """
    values = x.reshape(-1, *shape).astype(np.float64)
    finite = values[np.isfinite(values)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
    if low >= 0 and high <= 255:
        low, high = 0.0, 255.0 if high > 1 else 1.0
    with np.errstate(invalid="ignore", over="ignore"):
        scaled = (values - low) * (255.0 / ((high - low) or 1.0))
    pixels: Array = np.rint(np.nan_to_num(scaled).clip(0, 255)).astype(np.uint8)
    return pixels


def unscaled(x: Array, scaling: Scaling) -> Array:
    """Return scaled examples (n, ...) as they were before, with the config's noise."""
    if scaling.mean is not None and scaling.sd is not None:
        # A feature that does not vary has an infinite sd and became 0.
        raw: Array = x * np.where(np.isfinite(scaling.sd), scaling.sd, 0.0) + scaling.mean
        return raw
    return x if scaling.largest is None else x * np.float32(scaling.largest)


def _has_rows(x: Array) -> bool:
    """Return whether flat examples (n, side * side) are images, by the likeness of their rows."""
    side = math.isqrt(x.shape[1])
    if side * side != x.shape[1] or not LEAST_PIXELS <= side <= MOST_PIXELS:
        return False
    if not np.issubdtype(x.dtype, np.number):
        return False
    values = x[spread(len(x), CORRELATED)].astype(np.float64)
    if not np.isfinite(values).all():
        return False

    def likeness(apart: int) -> float:
        near, far = values[:, :-apart].ravel(), values[:, apart:].ravel()
        return float(np.corrcoef(near, far)[0, 1]) if near.std() and far.std() else 0.0

    return likeness(side) > likeness(side // 2) + ROWS_ALIKE


def to_probabilities(output: Array, link: Link | None) -> Array | None:
    """Return outputs (n, columns) as probabilities; None where they are none."""
    if link == "softmax":
        exponentials = np.exp(output - output.max(axis=1, keepdims=True))
        found: Array = exponentials / exponentials.sum(axis=1, keepdims=True)
        return found
    if link == "sigmoid":
        return np.asarray(0.5 * (1 + np.tanh(0.5 * output)))
    return output.clip(0, 1) if link == "identity" else None


def _encode(image: Array) -> dict[str, Any]:
    pixels = base64.b64encode(np.ascontiguousarray(image).tobytes()).decode("ascii")
    return {"shape": list(image.shape), "pixels": pixels}
