"""Keras' own optimizers on the lecture's surfaces: the bowl, the banana, the local minimum."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerasdemo.display.run_plots import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    VERMILION,
    figure,
    style,
)
from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, status_of
from kerasdemo.lecture.demos.update_rules import METHODS, RHO, by_hand, by_keras

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[np.float64]
COLORS = dict(zip(METHODS, (BLUE, GREEN, VERMILION, PURPLE, ORANGE), strict=True))
DASHES: dict[str, Any] = dict(
    zip(METHODS, ("-", (0, (5, 1.5)), "-", (0, (3, 1, 1, 1)), (0, (1.5, 1))), strict=True)
)
# Twenty rates for each power of ten.
RATES = np.geomspace(1e-4, 100.0, 121)


@dataclass(frozen=True)
class Surface:
    """A function of the weights, and how each optimizer goes down it.

    value, slope: of weights whose last axis is the weight's number. rates: Adagrad, RMSProp and
    Adam share theirs, which is about the length of their first steps.
    """

    name: str
    value: Callable[[Any], Any]
    slope: Callable[[Array], Array]
    start: tuple[float, ...]
    rates: Mapping[str, float]
    steps: int

    def paths(self) -> dict[str, Array]:
        """Return optimizer -> its points (steps + 1, weights), by Keras' own classes."""
        return {
            name: by_keras(
                method.optimizer(self.rates[name]), self.value, np.array(self.start), self.steps
            )
            for name, method in METHODS.items()
        }

    def best(self, name: str) -> tuple[float, float]:
        """Return an optimizer's best rate of `RATES`, and its mean height in the last quarter."""
        method = METHODS[name]
        start = np.tile(np.array(self.start), (len(RATES), 1))
        with np.errstate(all="ignore"):  # the largest rates diverge
            path = by_hand(method, self.slope, start, RATES[:, None], self.steps, method.own)
            ends = self.value(path)[-self.steps // 4 :].mean(axis=0)
        ends = np.where(np.isfinite(ends), ends, np.inf)
        return float(RATES[ends.argmin()]), float(ends.min())

    def late_steps(self, name: str, rate: float) -> float:
        """Return the mean length of an optimizer's steps in the last quarter, at this rate."""
        method = METHODS[name]
        start = np.array(self.start)[None]
        path = by_hand(method, self.slope, start, rate, self.steps, method.own)[:, 0]
        lengths = np.linalg.norm(np.diff(path, axis=0), axis=-1)
        return float(lengths[-self.steps // 4 :].mean())


def _rates(sgd: float, momentum: float, adaptive: float) -> dict[str, float]:
    return {"SGD": sgd, "momentum": momentum} | dict.fromkeys(
        ("Adagrad", "RMSProp", "Adam"), adaptive
    )


BOWL = Surface(
    "bowl",
    lambda w: 0.01 * w[..., 0] ** 2 + w[..., 1] ** 2,
    lambda w: np.stack([0.02 * w[..., 0], 2 * w[..., 1]], axis=-1),
    (-9.0, 2.5),
    _rates(0.9, 0.2, 0.5),
    100,
)
BANANA = Surface(
    "banana",
    lambda w: 0.5 * (1 - w[..., 0]) ** 2 + 5 * (w[..., 1] - w[..., 0] ** 2) ** 2,
    lambda w: np.stack(
        [
            w[..., 0] - 1 - 20 * w[..., 0] * (w[..., 1] - w[..., 0] ** 2),
            10 * (w[..., 1] - w[..., 0] ** 2),
        ],
        axis=-1,
    ),
    (-1.5, 1.5),
    _rates(0.02, 0.01, 0.05),
    100,
)
CURVE = Surface(
    "local minimum",
    lambda w: w[..., 0] ** 4 / 4 - w[..., 0] ** 2 / 2 - w[..., 0] / 4,
    lambda w: w**3 - w - 0.25,
    (-1.9,),
    _rates(0.02, 0.02, 0.05),
    100,
)


def optimizers_on_surfaces(context: DemoContext) -> DemoOutput:
    """Let five of Keras' optimizers go down the bowl, the banana and the curve."""
    surfaces = (BOWL, BANANA, CURVE)
    paths = {surface.name: surface.paths() for surface in surfaces}
    best = {
        surface.name: {name: surface.best(name) for name in METHODS} for surface in (BOWL, BANANA)
    }
    lines = [line for surface in surfaces for line in _lines(surface, paths, best)]
    with style():
        figures = {
            "bowl": _drawn(BOWL, paths["bowl"], "Flat in $w_1$, steep in $w_2$"),
            "banana": _drawn(BANANA, paths["banana"], "A banana, steep and then flat"),
            "local_minimum": _drawn_curve(paths["local minimum"]),
        }
    claims = (
        *_on_the_bowl(paths["bowl"], best["bowl"]),
        *_on_the_banana(paths["banana"], best["banana"]),
        *_over_the_hill(paths["local minimum"]),
    )
    return DemoOutput(tuple(lines), claims, figures)


def _lines(
    surface: Surface,
    paths: Mapping[str, Mapping[str, Array]],
    best: Mapping[str, Mapping[str, tuple[float, float]]],
) -> list[str]:
    lines = [f"{surface.name}: {surface.steps} steps from {surface.start}"]
    for name, path in paths[surface.name].items():
        told = f"  {name}, rate {surface.rates[name]:g}: ends at {path[-1].round(3)}, "
        told += f"height {surface.value(path[-1]):.2g}"
        if surface.name in best:
            rate, height = best[surface.name][name]
            told += f"; at its best rate {rate:.2g} it gets to {height:.2g}"
        lines.append(told)
    return lines


def rates_by_weight(path: Array, surface: Surface, name: str) -> Array:
    """Return an optimizer's own rate for each weight at each step, eta / s, (steps, weights)."""
    squares = surface.slope(path[:-1]) ** 2
    sums = np.cumsum(squares, axis=0) + METHODS["Adagrad"].own["start"]
    if name == "RMSProp":
        ages = np.arange(len(squares))
        shares = np.tril(RHO ** (ages[:, None] - ages)) * (1 - RHO)
        sums = shares @ squares
    return surface.rates[name] / np.sqrt(sums)


def _on_the_bowl(paths: Mapping[str, Array], best: Mapping[str, tuple[float, float]]) -> Any:
    flat, steep = rates_by_weight(paths["Adagrad"], BOWL, "Adagrad")[-1]
    yield ClaimResult(
        "Adagrad gives the flat direction a larger learning rate than the steep one",
        "a figure without numbers",
        f"{flat:.2g} for w1, {steep:.2g} for w2 after {BOWL.steps} steps",
        status_of(flat > steep),
    )
    yield _lower("Adagrad", "SGD", BOWL, best)


def _on_the_banana(paths: Mapping[str, Array], best: Mapping[str, tuple[float, float]]) -> Any:
    own = {n: rates_by_weight(paths[n], BANANA, n)[:, 0] for n in ("Adagrad", "RMSProp")}
    rise = {name: float(rates[-1] / rates.min()) for name, rates in own.items()}
    yield ClaimResult(
        "RMSProp's learning rate for w1 rises again towards the end, Adagrad's only falls",
        "a figure without numbers",
        f"at the end {rise['RMSProp']:.2g} times its smallest, Adagrad's {rise['Adagrad']:.2g}",
        status_of(rise["RMSProp"] > 1 and bool((np.diff(own["Adagrad"]) <= 0).all())),
    )
    heights = {name: float(BANANA.value(paths[name][-1])) for name in own}
    yield ClaimResult(
        "with the same learning rate RMSProp gets further down the banana than Adagrad",
        "a figure without numbers",
        f"height {heights['RMSProp']:.2g} against {heights['Adagrad']:.2g} after {BANANA.steps} "
        f"steps at {BANANA.rates['RMSProp']:g}",
        status_of(heights["RMSProp"] < heights["Adagrad"]),
    )
    yield _lower("RMSProp", "Adagrad", BANANA, best)


def _lower(
    first: str, second: str, surface: Surface, best: Mapping[str, tuple[float, float]]
) -> ClaimResult:
    told = [f"{best[name][1]:.2g} at the rate {best[name][0]:.2g}" for name in (first, second)]
    late = [surface.late_steps(name, best[name][0]) for name in (first, second)]
    return ClaimResult(
        f"each at its best rate, {first} gets lower down the {surface.name} than {second}",
        "not claimed with numbers",
        f"mean height of the last quarter {told[0]} against {told[1]}",
        status_of(best[first][1] < best[second][1]),
        note=f"in the last quarter a step of {first} is still {late[0]:.2g} long, so a rate "
        f"that is fast enough for the way overshoots at its end; {second}'s steps have shrunk to "
        f"{late[1]:.2g}, so it can start with a larger one",
    )


def _turns() -> tuple[float, float, float]:
    """Return where the curve is level: the local minimum, the hilltop, the global minimum."""
    low, top, lowest = sorted(np.roots([1, 0, -1, -0.25]).real)
    return float(low), float(top), float(lowest)


def _over_the_hill(paths: Mapping[str, Array]) -> Any:
    low, top, _ = _turns()
    ends = {name: float(path[-1, 0]) for name, path in paths.items()}
    over = [name for name, end in ends.items() if end > top]
    yield ClaimResult(
        "momentum rolls over the local minimum, SGD stays in it",
        "a figure without numbers",
        f"over the hill: {', '.join(over) or 'none'}; SGD ends at {ends['SGD']:.2f}",
        status_of(ends["momentum"] > top > ends["SGD"]),
    )
    starts = np.linspace(-2.5, low, 200)[:, None]
    rate = CURVE.rates["momentum"]
    shares = {
        name: float((by_hand(METHODS[name], CURVE.slope, starts, rate, 100)[-1] > top).mean())
        for name in ("SGD", "momentum")
    }
    yield ClaimResult(
        "momentum *may* roll over the local minimum: from more starts than SGD, not from all",
        "may",
        f"from {shares['momentum']:.0%} of the starts between -2.5 and {low:.2f}; SGD from "
        f"{shares['SGD']:.0%}",
        status_of(shares["SGD"] < shares["momentum"] < 1),
    )


def _drawn(surface: Surface, paths: Mapping[str, Array], title: str) -> "Figure":
    """Draw the paths over contour lines, and the height by step."""
    drawn = figure(11, 4.4)
    drawn.set_layout_engine("constrained")
    left, right = drawn.subplots(1, 2, width_ratios=(1.25, 1))
    points = np.concatenate([*paths.values(), np.zeros((1, 2))])
    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.12 * (high - low)
    x, y = (np.linspace(low[n] - room[n], high[n] + room[n], 300) for n in (0, 1))
    heights = surface.value(np.stack(np.meshgrid(x, y), axis=-1))
    levels = np.geomspace(heights.max() / 1e3, heights.max(), 13)
    left.contourf(x, y, heights, levels=levels, cmap="Greys", norm="log", alpha=0.18, extend="min")
    left.contour(x, y, heights, levels=levels, colors=GREY, linewidths=0.4)
    for name, path in paths.items():
        left.plot(*path.T, color=COLORS[name], linestyle=DASHES[name], linewidth=1.5)
        left.plot(*path[::5].T, "o", color=COLORS[name], markersize=3)
        left.plot(*path[-1], "o", color=COLORS[name], markersize=8, markeredgecolor="white")
    left.plot(*surface.start, "s", color=INK, markersize=7)
    left.annotate(
        "start", surface.start, xytext=(4, 10), textcoords="offset points", color=INK, ha="right"
    )
    left.grid(visible=False)
    left.set(xlabel="$w_1$", ylabel="$w_2$", title=f"{title}: a dot every 5 steps")
    _by_step(right, {name: surface.value(path) for name, path in paths.items()}, surface)
    right.set(yscale="log", ylabel="height (loss)", title="Loss by step")
    right.set_ylim(bottom=1e-5)
    return drawn


def _by_step(ax: "Axes", values: Mapping[str, Array], surface: Surface) -> None:
    for name, own in values.items():
        label = f"{name}, rate {surface.rates[name]:g}"
        ax.plot(own, color=COLORS[name], linestyle=DASHES[name], label=label)
    ax.set_xlabel("step")
    ax.legend(fontsize=8.5)


def _drawn_curve(paths: Mapping[str, Array]) -> "Figure":
    """Draw the curve with the place where each optimizer ends, and the weight by step."""
    drawn = figure(11, 4.4)
    drawn.set_layout_engine("constrained")
    left, right = drawn.subplots(1, 2)
    w = np.linspace(-2.0, 1.9, 300)
    left.plot(w, CURVE.value(w[:, None]), color=INK)
    start = np.array(CURVE.start)
    left.plot(start, CURVE.value(start), "s", color=INK, markersize=7)
    left.annotate("start", (start[0], CURVE.value(start)), xytext=(9, 0),
                  textcoords="offset points", color=INK)  # fmt: skip
    ends = {name: float(path[-1, 0]) for name, path in paths.items()}
    for number, names in enumerate(_together(ends)):
        middle = float(np.mean([paths[name][-1, 0] for name in names]))
        for name in names:
            end = paths[name][-1]
            left.plot(
                end,
                CURVE.value(end),
                "o",
                color=COLORS[name],
                markersize=10,
                markeredgecolor="white",
            )
        left.annotate(
            "\n".join(names), (middle, CURVE.value(np.array([middle]))),
            xytext=(middle, 0.7 + 0.4 * (number % 2)), ha="center",
            arrowprops={"arrowstyle": "-", "color": GREY, "lw": 0.8, "shrinkB": 6},
        )  # fmt: skip
    left.set(xlabel="$w$", ylabel="height (loss)")
    left.set_title(f"Where each is after {CURVE.steps} steps")
    _by_step(right, {name: path[:, 0] for name, path in paths.items()}, CURVE)
    for at, told in zip(_turns(), ("local minimum", "hilltop", "global minimum"), strict=True):
        right.axhline(at, color=GREY, linewidth=0.9, linestyle=(0, (1, 2)))
        right.text(CURVE.steps, at + 0.09, told, ha="right", color=GREY, size=8.5)
    right.legend(loc="center right", fontsize=8.5, bbox_to_anchor=(1.0, 0.69))
    right.set(ylabel="$w$", title="Only what has gathered speed rolls over the hill")
    return drawn


def _together(ends: Mapping[str, float]) -> list[list[str]]:
    """Return the names whose ends lie so close that they share a label."""
    groups: list[list[str]] = []
    for name in sorted(ends, key=lambda name: ends[name]):
        if groups and ends[name] - ends[groups[-1][-1]] < 0.2:
            groups[-1].append(name)
        else:
            groups.append([name])
    return groups
