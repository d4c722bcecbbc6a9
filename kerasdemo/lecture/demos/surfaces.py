"""Keras' optimizers on the lecture's surfaces: the bowl, the banana, the local minimum."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdemo.display.style import BLUE, GRAY, GREEN, INK, ORANGE, PURPLE, VERMILION
from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, status_of
from kerasdemo.lecture.demos.figures import DOTTED, SMALL, titled_figure
from kerasdemo.lecture.demos.update_rules import (
    METHODS,
    RHO,
    Array,
    descend_by_hand,
    descend_by_keras,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

COLORS = dict(zip(METHODS, (BLUE, GREEN, VERMILION, PURPLE, ORANGE), strict=True))
DASHES: dict[str, Any] = dict(
    zip(METHODS, ("-", (0, (5, 1.5)), "-", (0, (3, 1, 1, 1)), (0, (1.5, 1))), strict=True)
)
# Twenty rates for each power of ten.
RATES = np.geomspace(1e-4, 100.0, 121)
STEPS = 100
Paths = Mapping[str, Array]


@dataclass(frozen=True)
class Surface:
    """A function of the weights, and the learning rate of each optimizer on it.

    Args:
        name: of the function.
        value: (..., weights) -> (...).
        gradient: (..., weights) -> (..., weights).
        start: weights.
        rates: SGD's, momentum's, and one for Adagrad, RMSProp and Adam, for which it is about the
            length of the first steps.
    """

    name: str
    value: Callable[[Any], Any]
    gradient: Callable[[Array], Array]
    start: tuple[float, ...]
    rates: tuple[float, float, float]

    def rate(self, name: str) -> float:
        """Return the learning rate of an optimizer."""
        sgd, momentum, adaptive = self.rates
        return {"SGD": sgd, "momentum": momentum}.get(name, adaptive)

    def paths(self) -> dict[str, Array]:
        """Return optimizer -> its points (steps + 1, weights), by Keras' classes."""
        return {
            name: descend_by_keras(
                method.optimizer(self.rate(name)), self.value, np.array(self.start), STEPS
            )
            for name, method in METHODS.items()
        }

    def best_rate(self, name: str) -> tuple[float, float]:
        """Return an optimizer's best rate of `RATES`, and its mean height in the last quarter."""
        method = METHODS[name]
        start = np.tile(np.array(self.start), (len(RATES), 1))  # (rates, weights)
        with np.errstate(all="ignore"):  # the largest rates diverge
            path = descend_by_hand(
                method, self.gradient, start, RATES[:, None], STEPS, method.keras_defaults
            )
            heights = self.value(path)[-STEPS // 4 :].mean(axis=0)  # (rates,)
        heights = np.where(np.isfinite(heights), heights, np.inf)
        return float(RATES[heights.argmin()]), float(heights.min())

    def late_step(self, name: str, rate: float) -> float:
        """Return the mean length of an optimizer's steps in the last quarter, at this rate."""
        method = METHODS[name]
        start = np.array(self.start)
        path = descend_by_hand(
            method, self.gradient, start, rate, STEPS, method.keras_defaults
        )  # (steps + 1, weights)
        lengths = np.linalg.norm(np.diff(path, axis=0), axis=-1)
        return float(lengths[-STEPS // 4 :].mean())


BOWL = Surface(
    "bowl",
    lambda w: 0.01 * w[..., 0] ** 2 + w[..., 1] ** 2,
    lambda w: np.stack([0.02 * w[..., 0], 2 * w[..., 1]], axis=-1),
    (-9.0, 2.5),
    (0.9, 0.2, 0.5),
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
    (0.02, 0.01, 0.05),
)
CURVE = Surface(
    "local minimum",
    lambda w: w[..., 0] ** 4 / 4 - w[..., 0] ** 2 / 2 - w[..., 0] / 4,
    lambda w: w**3 - w - 0.25,
    (-1.9,),
    (0.02, 0.02, 0.05),
)


def optimizers_on_surfaces(context: DemoContext) -> DemoOutput:
    """Minimize the bowl, the banana and the curve with five of Keras' optimizers."""
    paths = {surface.name: surface.paths() for surface in (BOWL, BANANA, CURVE)}
    best = {
        surface.name: {name: surface.best_rate(name) for name in METHODS}
        for surface in (BOWL, BANANA)
    }
    lines = []
    for surface in (BOWL, BANANA, CURVE):
        lines.append(f"{surface.name}: {STEPS} steps from {surface.start}")
        for name, path in paths[surface.name].items():
            height = surface.value(path[-1])
            line = f"  {name}, rate {surface.rate(name):g}: ends at {path[-1].round(3)}, "
            line += f"height {height:.2g}"
            if surface.name in best:
                rate, lowest = best[surface.name][name]
                line += f"; at its best rate {rate:.2g} it reaches {lowest:.2g}"
            lines.append(line)
    figures = {
        "bowl": _draw(BOWL, paths["bowl"], "Flat in $w_1$, steep in $w_2$"),
        "banana": _draw(BANANA, paths["banana"], "A banana, steep and then flat"),
        "local_minimum": _draw_curve(paths["local minimum"]),
    }
    return DemoOutput(tuple(lines), tuple(_claims(paths, best)), figures)


def rates_by_weight(path: Array, surface: Surface, name: str) -> Array:
    """Return Adagrad's or RMSProp's eta / s for each weight at each step, (steps, weights)."""
    squares = surface.gradient(path[:-1]) ** 2
    sums = np.cumsum(squares, axis=0) + METHODS["Adagrad"].keras_defaults["start"]
    if name == "RMSProp":
        ages = np.arange(len(squares))
        shares = np.tril(RHO ** (ages[:, None] - ages)) * (1 - RHO)  # (steps, steps)
        sums = shares @ squares
    return surface.rate(name) / np.sqrt(sums)


def _claims(
    paths: Mapping[str, Paths], best: Mapping[str, Mapping[str, tuple[float, float]]]
) -> Iterator[ClaimResult]:
    flat, steep = rates_by_weight(paths["bowl"]["Adagrad"], BOWL, "Adagrad")[-1]
    yield ClaimResult(
        "Adagrad gives the flat direction a larger learning rate than the steep one",
        "a figure without numbers",
        f"{flat:.2g} for w1, {steep:.2g} for w2 after {STEPS} steps",
        status_of(flat > steep),
    )
    yield _claim_lower("Adagrad", "SGD", BOWL, best["bowl"])
    banana = {name: paths["banana"][name] for name in ("Adagrad", "RMSProp")}
    rates = {name: rates_by_weight(path, BANANA, name)[:, 0] for name, path in banana.items()}
    rise = {name: float(by_step[-1] / by_step.min()) for name, by_step in rates.items()}
    yield ClaimResult(
        "RMSProp's learning rate for w1 rises again towards the end, Adagrad's only falls",
        "a figure without numbers",
        f"at the end {rise['RMSProp']:.2g} times its smallest, Adagrad's {rise['Adagrad']:.2g}",
        status_of(rise["RMSProp"] > 1 and bool((np.diff(rates["Adagrad"]) <= 0).all())),
    )
    heights = {name: float(BANANA.value(path[-1])) for name, path in banana.items()}
    yield ClaimResult(
        "with the same learning rate RMSProp gets further down the banana than Adagrad",
        "a figure without numbers",
        f"height {heights['RMSProp']:.2g} against {heights['Adagrad']:.2g} after {STEPS} "
        f"steps at {BANANA.rate('RMSProp'):g}",
        status_of(heights["RMSProp"] < heights["Adagrad"]),
    )
    yield _claim_lower("RMSProp", "Adagrad", BANANA, best["banana"])
    local_minimum, top, _ = _extrema()
    ends = {name: float(path[-1, 0]) for name, path in paths["local minimum"].items()}
    over = [name for name, end in ends.items() if end > top]
    yield ClaimResult(
        "momentum rolls over the local minimum, SGD stays in it",
        "a figure without numbers",
        f"over the hill: {', '.join(over) or 'none'}; SGD ends at {ends['SGD']:.2f}",
        status_of(ends["momentum"] > top > ends["SGD"]),
    )
    starts, rate = np.linspace(-2.5, local_minimum, 200)[:, None], CURVE.rate("momentum")
    shares = {}
    for name in ("SGD", "momentum"):
        path = descend_by_hand(METHODS[name], CURVE.gradient, starts, rate, STEPS)
        shares[name] = float((path[-1] > top).mean())
    yield ClaimResult(
        "momentum *may* roll over the local minimum: from more starts than SGD, not from all",
        "may",
        f"from {shares['momentum']:.0%} of the starts between -2.5 and {local_minimum:.2f}; SGD "
        f"from {shares['SGD']:.0%}",
        status_of(shares["SGD"] < shares["momentum"] < 1),
    )


def _claim_lower(
    first: str, second: str, surface: Surface, best: Mapping[str, tuple[float, float]]
) -> ClaimResult:
    heights = [f"{best[name][1]:.2g} at the rate {best[name][0]:.2g}" for name in (first, second)]
    late = [surface.late_step(name, best[name][0]) for name in (first, second)]
    return ClaimResult(
        f"each at its best rate, {first} gets lower down the {surface.name} than {second}",
        "not claimed with numbers",
        f"mean height of the last quarter {heights[0]} against {heights[1]}",
        status_of(best[first][1] < best[second][1]),
        note=f"in the last quarter the steps of {first} are still {late[0]:.2g} long, so that a "
        f"rate that is fast enough for the way overshoots at its end; {second}'s steps have shrunk "
        f"to {late[1]:.2g}, so it can start with a larger one",
    )


def _extrema() -> list[float]:
    """Return where the curve is level: the local minimum, the top between, the global minimum."""
    return [float(w) for w in sorted(np.roots([1, 0, -1, -0.25]).real)]


def _draw(surface: Surface, paths: Paths, title: str) -> "Figure":
    """Draw the paths over contour lines, and the height by step."""
    drawn = titled_figure(f"{title}: five optimizers, {STEPS} steps", 11, 4.7)
    left, right = drawn.subplots(1, 2, width_ratios=(1.25, 1))
    points = np.concatenate([*paths.values(), np.zeros((1, 2))])
    low, high = points.min(axis=0), points.max(axis=0)
    room = 0.12 * (high - low)
    x, y = (np.linspace(low[n] - room[n], high[n] + room[n], 300) for n in (0, 1))
    heights = surface.value(np.stack(np.meshgrid(x, y), axis=-1))
    levels = np.geomspace(heights.max() / 1e3, heights.max(), 13)
    left.contourf(x, y, heights, levels=levels, cmap="Greys", norm="log", alpha=0.18, extend="min")
    left.contour(x, y, heights, levels=levels, colors=GRAY, linewidths=0.4)
    for name, path in paths.items():
        left.plot(*path.T, color=COLORS[name], linestyle=DASHES[name], linewidth=1.5)
        left.plot(*path[::5].T, "o", color=COLORS[name], markersize=3)
        left.plot(*path[-1], "o", color=COLORS[name], markersize=8, markeredgecolor="white")
    left.plot(*surface.start, "s", color=INK, markersize=7)
    left.annotate(
        "start", surface.start, xytext=(4, 10), textcoords="offset points", color=INK, ha="right"
    )
    left.grid(visible=False)
    left.set(xlabel="$w_1$", ylabel="$w_2$", title="Paths, a dot every 5 steps")
    _draw_by_step(right, {name: surface.value(path) for name, path in paths.items()}, surface)
    right.set(yscale="log", ylabel="height (loss)", title="Loss by step")
    right.set_ylim(bottom=1e-5)
    return drawn


def _draw_by_step(ax: "Axes", values: Paths, surface: Surface) -> None:
    for name, by_step in values.items():
        label = f"{name}, rate {surface.rate(name):g}"
        ax.plot(by_step, color=COLORS[name], linestyle=DASHES[name], label=label)
    ax.set_xlabel("step")
    ax.legend(fontsize=SMALL)


def _draw_curve(paths: Paths) -> "Figure":
    """Draw the curve with the end of each optimizer's path, and the weight by step."""
    title = "A local minimum: only an optimizer with enough speed rolls over the hill"
    drawn = titled_figure(title, 11, 4.7)
    left, right = drawn.subplots(1, 2)
    w = np.linspace(-2.0, 1.9, 300)
    left.plot(w, CURVE.value(w[:, None]), color=INK)
    start = np.array(CURVE.start)
    left.plot(start, CURVE.value(start), "s", color=INK, markersize=7)
    left.annotate("start", (start[0], CURVE.value(start)), xytext=(9, 0),
                  textcoords="offset points", color=INK)  # fmt: skip
    # Ends that are close to one another share a label.
    ends = {name: float(path[-1, 0]) for name, path in paths.items()}
    groups: list[list[str]] = []
    for name in sorted(ends, key=lambda name: ends[name]):
        if groups and ends[name] - ends[groups[-1][-1]] < 0.2:
            groups[-1].append(name)
        else:
            groups.append([name])
    for number, names in enumerate(groups):
        for name in names:
            left.plot(
                ends[name], CURVE.value(np.array([ends[name]])), "o", color=COLORS[name],
                markersize=10, markeredgecolor="white",
            )  # fmt: skip
        middle = float(np.mean([ends[name] for name in names]))
        left.annotate(
            "\n".join(names), (middle, CURVE.value(np.array([middle]))),
            xytext=(middle, 0.7 + 0.4 * (number % 2)), ha="center",
            arrowprops={"arrowstyle": "-", "color": GRAY, "lw": 0.8, "shrinkB": 6},
        )  # fmt: skip
    left.set(xlabel="$w$", ylabel="height (loss)", title=f"After {STEPS} steps")
    _draw_by_step(right, {name: path[:, 0] for name, path in paths.items()}, CURVE)
    for at, name in zip(_extrema(), ("local minimum", "hilltop", "global minimum"), strict=True):
        right.axhline(at, color=GRAY, linewidth=0.9, linestyle=DOTTED)
        right.text(STEPS, at + 0.09, name, ha="right", color=GRAY, size=SMALL)
    right.legend(loc="center right", fontsize=SMALL, bbox_to_anchor=(1.0, 0.69))
    right.set(ylabel="$w$", title="Weight by step")
    return drawn
