"""Why do these two runs differ: in their configs, from which epoch on, and in which layer first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from kerasdemo.records import Run
from kerasdemo.records.folder import STATISTICS
from kerasdemo.records.index import Scalar, flatten

CURVES = ("loss", "accuracy", "val_loss", "val_accuracy")
# Shares differ by points, everything else by ratio.
SHARES = ("accuracy", "val_accuracy", "dead", "saturated")
POINTS = 0.05
RATIO = 1.25


@dataclass(frozen=True)
class Divergence:
    """Where two curves part: from `epoch` (from 1) on they stay apart."""

    what: str
    epoch: int
    first: float
    second: float


@dataclass(frozen=True)
class Difference:
    """What differs between two runs.

    settings: dotted path -> the two values, None where a run has no such key. curves, layers: what
    parted, the earliest first; empty where nothing did.
    """

    settings: dict[str, tuple[Scalar, Scalar]]
    curves: tuple[Divergence, ...]
    layers: tuple[Divergence, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {
            "settings": {key: list(pair) for key, pair in self.settings.items()},
            "curves": [vars(one) for one in self.curves],
            "layers": [vars(one) for one in self.layers],
        }


def diff(first: Run, second: Run) -> Difference:
    """Return what differs between two runs."""
    return Difference(_settings(first, second), _curves(first, second), _layers(first, second))


def part(
    what: str, first: Sequence[float], second: Sequence[float], share: bool
) -> Divergence | None:
    """Return from where on two curves stay apart, or None.

    Apart is a ratio of more than `RATIO`, or of shares a difference of more than `POINTS`: more
    than epochs usually jump, and small enough to be seen on a plot. NaN is apart from any number.
    """
    pairs = list(zip(first, second, strict=False))
    epoch = len(pairs)
    while epoch and _apart(*pairs[epoch - 1], share):
        epoch -= 1
    return Divergence(what, epoch + 1, *pairs[epoch]) if epoch < len(pairs) else None


def _apart(a: float, b: float, share: bool) -> bool:
    if a != a or b != b:
        return (a != a) != (b != b)
    if share:
        return abs(a - b) > POINTS
    return max(abs(a), abs(b)) > RATIO * min(abs(a), abs(b))


def _settings(first: Run, second: Run) -> dict[str, tuple[Scalar, Scalar]]:
    one, other = flatten(first.config.settings), flatten(second.config.settings)
    keys = dict.fromkeys([*one, *other])
    pairs = {key: (one.get(key), other.get(key)) for key in keys}
    missing = object()
    return {
        key: pair for key, pair in pairs.items() if one.get(key, missing) != other.get(key, missing)
    }


def _curves(first: Run, second: Run) -> tuple[Divergence, ...]:
    return _earliest(
        part(name, getattr(first.history, name), getattr(second.history, name), name in SHARES)
        for name in CURVES
    )


def _layers(first: Run, second: Run) -> tuple[Divergence, ...]:
    """Compare layer by layer from the input on; a deeper network's further layers have no pair."""
    pairs = zip(first.layers.items(), second.layers.items(), strict=False)
    return _earliest(
        part(
            f"{name} {statistic}" if name == other else f"{name} / {other} {statistic}",
            getattr(one, statistic),
            getattr(two, statistic),
            statistic in SHARES,
        )
        for (name, one), (other, two) in pairs
        for statistic in STATISTICS
    )


def _earliest(partings: Any) -> tuple[Divergence, ...]:
    return tuple(sorted((p for p in partings if p is not None), key=lambda p: p.epoch))


def sentences(difference: Difference, first: str, second: str) -> list[str]:
    """Return a difference in words."""
    told = [f"{key}: {a} / {b}" for key, (a, b) in difference.settings.items()]
    told = told or ["the configs are the same"]
    if not difference.curves:
        told.append(f"the curves of {first} and {second} do not part")
    for one in difference.curves:
        told.append(f"{one.what} parts in epoch {one.epoch}: {one.first:.4g} / {one.second:.4g}")
    if difference.layers:
        one = difference.layers[0]
        told.append(
            f"first in the layers: {one.what}, in epoch {one.epoch}: "
            f"{one.first:.4g} / {one.second:.4g}"
        )
    return told
