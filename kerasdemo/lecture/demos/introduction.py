"""Lecture 6, introduction: a network is matrix operations, its loss a sum, its depth a history."""

import time
from collections.abc import Callable
from itertools import pairwise
from statistics import median, quantiles

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerasdemo.display.run_plots import BLUE, GREEN, GREY, INK, figure, style
from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, Status, status_of
from kerasdemo.lecture.demos import dense, network_diagram
from kerasdemo.lecture.demos.worked_network import (
    BIASES,
    EXAMPLE,
    LAYERS,
    SLIDE,
    WEIGHTS,
    numbers,
    pair,
)

REPEATS = 7
EXAMPLES = 1_000
SIZES = (784, 500, 500, 10)
# (network, layers, error in %): row 21. (layers of 2k units, word error in %): row 23.
IMAGENET = (
    ("AlexNet\n2012", 8, 16.4),
    ("VGG\n2014", 19, 7.3),
    ("GoogleNet\n2014", 22, 6.7),
    ("Residual Net\n2015", 152, 3.57),
)
SPEECH = ((1, 24.2), (2, 20.4), (3, 18.4), (4, 17.8), (5, 17.2), (7, 17.1))


# The worked network.


def worked_network(context: DemoContext) -> DemoOutput:
    """Compute row 22's network for both of the slide's inputs, one at a time and as a batch."""
    batch = np.array(list(SLIDE))
    together = dense.forward(LAYERS, batch)
    lines: list[str] = []
    claims: list[ClaimResult] = []
    for number, (given, slide) in enumerate(SLIDE.items()):
        steps = dense.forward(LAYERS, batch[number : number + 1])
        lines += _told(steps)
        claims.append(_against_slide(given, slide, steps))
    apart = max(
        float(np.abs(step.output[n] - dense.forward(LAYERS, batch[n : n + 1])[k].output).max())
        for k, step in enumerate(together)
        for n in range(len(batch))
    )
    claims.append(
        ClaimResult(
            statement="a batch is the same matrix operations, once",
            reference="y = s(W3 s(W2 s(W1 x + b1) + b2) + b3)",
            measured=f"both inputs at once differ from one at a time by at most {apart:.1g}",
            status=status_of(apart < 1e-12),
            rows=(22,),
        )
    )
    drawn = _worked_figure(dense.forward(LAYERS, EXAMPLE))
    return DemoOutput(tuple(lines), tuple(claims), {"worked_network": drawn})


def _told(steps: tuple[dense.Step, ...]) -> list[str]:
    lines = [f"x                  {numbers(steps[0].input)}"]
    for layer, step in enumerate(steps, start=1):
        lines.append(f"z{layer} = W{layer} a{layer - 1} + b{layer}   {numbers(step.z)}")
        lines.append(f"a{layer} = s(z{layer})         {numbers(step.output)}")
    return [*lines, ""]


def _against_slide(
    given: tuple[float, float],
    slide: tuple[tuple[float, float], ...],
    steps: tuple[dense.Step, ...],
) -> ClaimResult:
    same = all(
        np.array_equal(np.round(step.output[0], 2), shown)
        for step, shown in zip(steps, slide, strict=True)
    )
    return ClaimResult(
        statement=f"the worked network's activations for ({given[0]:g}, {given[1]:g})",
        reference=" -> ".join(pair(np.array(shown)) for shown in slide),
        measured=" -> ".join(pair(step.output) for step in steps),
        status=status_of(same),
        rows=(22,),
    )


def _worked_figure(steps: tuple[dense.Step, ...]) -> Figure:
    inside = [[f"{v:g}" for v in steps[0].input[0]]]
    above, below = [["", ""]], [["", ""]]
    for step, bias in zip(steps, BIASES, strict=True):
        inside.append([f"{v:.2f}" for v in step.output[0]])
        above.append([f"z = {v:.2f}" for v in step.z[0]])
        below.append([f"bias {v:g}" for v in bias])
    writing = network_diagram.Writing(inside, above, below, {})
    with style():
        drawn = figure(9.0, 4.4)
        ax = drawn.add_axes((0.01, 0.07, 0.98, 0.8))
        network_diagram.draw(ax, WEIGHTS, writing, ("x", "layer 1", "layer 2", "output y"))
        head(drawn, f"One forward pass: (1, -1) becomes {pair(steps[-1].output)}")
        drawn.text(
            0.5, 0.03, "in the circles a = s(z), s the sigmoid; z = sum of weight x input + bias; "
            "arrows: blue weights add, red ones subtract", ha="center", fontsize=8.5, color=GREY,
        )  # fmt: skip
    return drawn


def head(drawn: Figure, text: str) -> None:
    """Write a figure's point at its top."""
    drawn.text(0.02, 0.955, text, size=12.5, weight="bold", color=INK, va="center")


# A batch against a loop.


def batch_against_loop(context: DemoContext) -> DemoOutput:
    """Time one product for all examples against a product for each."""
    layers = random_network(SIZES, np.random.default_rng(context.seeds[0]))
    x = np.random.default_rng(context.seeds[0]).random((EXAMPLES, SIZES[0]), np.float32)

    def loop() -> None:
        for row in x:
            dense.forward(layers, row[None])

    times = timed({"batch": lambda: dense.forward(layers, x), "loop": loop}, REPEATS)
    ratios = [slow / fast for slow, fast in zip(times["loop"], times["batch"], strict=True)]
    low, middle, high = quantiles(ratios, n=4)
    name = "-".join(map(str, SIZES))
    lines = (
        f"{name}, {EXAMPLES:,} random examples, float32, median of {REPEATS} repeats",
        f"one batch             {1e3 * median(times['batch']):9.1f} ms",
        f"a loop over examples  {1e3 * median(times['loop']):9.1f} ms",
    )
    status: Status = "held" if low > 1 else "not held" if high < 1 else "undecided"
    claims = ClaimResult(
        statement="one matrix product for a batch is faster than a loop over its examples",
        reference="matrix operations, sped up by parallel computing (no number)",
        measured=f"{middle:.1f} times as fast (quartiles {low:.1f} to {high:.1f})",
        status=status,
    )
    return DemoOutput(lines, (claims,))


def random_network(sizes: tuple[int, ...], rng: np.random.Generator) -> tuple[dense.Layer, ...]:
    """Return sigmoid layers of these sizes in float32, with weights as Glorot and Bengio drew."""
    return tuple(
        dense.Layer(
            (rng.uniform(-1, 1, (m, n)) * np.sqrt(6 / (m + n))).astype(np.float32),
            np.zeros(n, np.float32),
            dense.SIGMOID,
        )
        for m, n in pairwise(sizes)
    )


def timed(works: dict[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Return each work's seconds; they take turns, so that other load falls on all alike."""
    times: dict[str, list[float]] = {name: [] for name in works}
    for repeat in range(repeats + 1):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            if repeat:  # the first one warms up
                times[name].append(time.perf_counter() - start)
    return times


# Depth: figures that are only retold.


def depth_history(context: DemoContext) -> DemoOutput:
    """Retell how error fell with depth: ImageNet's networks, and speech with more layers."""
    lines = [f"{name.replace(chr(10), ' '):18} {n:4} layers {e:6.2f} %" for name, n, e in IMAGENET]
    lines += [f"speech, {n} x 2k units    {e:6.1f} % word error" for n, e in SPEECH]
    claims = (
        ClaimResult(
            "ImageNet's best-known networks went deeper and erred less",
            "8, 19, 22, 152 layers: 16.4, 7.3, 6.7, 3.57 %", "not measured here", "quoted", (21,),
        ),
        ClaimResult(
            "in speech, more layers of 2k units err less (Seide 2011)",
            "1 to 7 layers: 24.2 to 17.1 % word error", "not measured here", "quoted", (23,),
        ),
    )  # fmt: skip
    return DemoOutput(tuple(lines), claims, {"depth_history": _depth_figure()})


def _depth_figure() -> Figure:
    with style():
        drawn = figure(9.0, 4.2)
        left = drawn.add_axes((0.08, 0.16, 0.4, 0.64))
        right = drawn.add_axes((0.58, 0.16, 0.4, 0.64))
        _winners(left)
        depths, errors = zip(*SPEECH, strict=True)
        right.plot(depths, errors, color=GREEN, marker="o")
        for depth, error in SPEECH:
            right.annotate(
                f"{error:g}", (depth, error), (0, 8), textcoords="offset points", ha="center"
            )
        right.set(
            xlabel="hidden layers of 2,000 units", ylabel="word error [%]", ylim=(0, 28),
            xticks=depths, title="Speech (Seide et al. 2011)",
        )  # fmt: skip
        head(drawn, "Deeper networks erred less (the lecture's figures, not measured here)")
    return drawn


def _winners(ax: Axes) -> None:
    for place, (_, depth, error) in enumerate(IMAGENET):
        ax.bar(place, error, color=BLUE, width=0.6)
        ax.text(
            place, error + 0.4, f"{error:g} %\n{depth} layers", ha="center", va="bottom",
            fontsize=8.5, color=INK,
        )  # fmt: skip
    ax.set_xticks(range(len(IMAGENET)), [name for name, _, _ in IMAGENET])
    ax.set_yticks(range(0, 21, 5))
    ax.grid(visible=False, axis="x")
    ax.set(ylabel="error [%]", ylim=(0, 21), title="ImageNet's networks")
