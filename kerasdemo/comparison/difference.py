"""Why two runs differ: in their configs, from which epoch on, and in which layer first."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kerasdemo.records import Run, Scalar, flatten
from kerasdemo.records.schema import STATISTICS
from kerasdemo.records.summary import CURVES

# Shares differ by points, everything else by ratio: more than epochs usually fluctuate, and small
# enough to be seen in a plot.
SHARES = ("accuracy", "val_accuracy", "dead", "saturated")
POINTS = 0.05
RATIO = 1.25


@dataclass(frozen=True)
class Divergence:
    """Where two curves diverge.

    Args:
        what: the curve's name: a metric, or a layer and its statistic.
        epoch: from 1; from there on the curves stay apart.
        first, second: the two values in that epoch.
    """

    what: str
    epoch: int
    first: float
    second: float


@dataclass(frozen=True)
class Difference:
    """What differs between two runs.

    Args:
        settings: dotted path -> the two values, None where a run has no such key.
        curves, layers: which curves diverge, the earliest first.
    """

    settings: dict[str, tuple[Scalar, Scalar]]
    curves: tuple[Divergence, ...]
    layers: tuple[Divergence, ...]


def diff(first: Run, second: Run) -> Difference:
    """Return what differs between two runs.

    Layers are compared one by one from the input on; further layers of a deeper network have no
    partner.
    """
    one, other = _settings(first), _settings(second)
    missing = object()
    settings = {
        key: (one.get(key), other.get(key))
        for key in dict.fromkeys([*one, *other])
        if one.get(key, missing) != other.get(key, missing)
    }
    curves = (
        find_divergence(name, getattr(first.history, name), getattr(second.history, name))
        for name in CURVES
    )
    layers = (
        find_divergence(statistic, getattr(layer, statistic), getattr(partner, statistic), names)
        for names, layer, partner in (
            (name if name == other_name else f"{name} / {other_name}", layer, partner)
            for (name, layer), (other_name, partner) in zip(
                first.layers.items(), second.layers.items(), strict=False
            )
        )
        for statistic in STATISTICS
    )
    return Difference(settings, _earliest_first(curves), _earliest_first(layers))


def _settings(run: Run) -> dict[str, Scalar]:
    return flatten(run.config.settings) if run.config else run.setup.as_settings()


def find_divergence(
    name: str, first: Sequence[float], second: Sequence[float], layer: str = ""
) -> Divergence | None:
    """Return from where on two curves stay apart, or None.

    Apart is a ratio of more than `RATIO`, or of shares a difference of more than `POINTS`. NaN is
    apart from any number.

    Args:
        name: of the metric or statistic.
        first, second: one value an epoch.
        layer: which layer a statistic is of.
    """
    pairs = list(zip(first, second, strict=False))
    epoch = len(pairs)
    while epoch and _is_apart(*pairs[epoch - 1], is_share=name in SHARES):
        epoch -= 1
    what = f"{layer} {name}".strip()
    return Divergence(what, epoch + 1, *pairs[epoch]) if epoch < len(pairs) else None


def _is_apart(a: float, b: float, is_share: bool) -> bool:
    if a != a or b != b:
        return (a != a) != (b != b)
    if is_share:
        return abs(a - b) > POINTS
    return max(abs(a), abs(b)) > RATIO * min(abs(a), abs(b))


def _earliest_first(divergences: Iterable[Divergence | None]) -> tuple[Divergence, ...]:
    return tuple(sorted(filter(None, divergences), key=lambda divergence: divergence.epoch))
