"""Maxout: the slide's numbers, ReLU as a special case, and the shapes that units learned."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from kerasdemo.display.run_plots import BLUE, CYCLE, GREY, INK, VERMILION, figure, style
from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, status_of
from kerasdemo.lecture.demos import trained
from kerasdemo.records import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Array = NDArray[Any]
# The slide tells what comes out of each layer; these are weights that make it so.
SLIDE_INPUT = ((1.0, 2.0),)
SLIDE_KERNELS = (
    ((1.0, 3.0, 1.0, -1.0), (2.0, 2.0, -1.0, 1.0)),
    ((0.0, 0.0, 1.0, 1.0), (1.0, 2.0, -3.0, -4.0)),
)
W, B = 1.5, -0.75
W_OTHER, B_OTHER = -0.5, 0.25
# Test images between which lines are drawn: each to the next.
IMAGES = 201
# Along each line, from an image's own place to the next one's.
STEPS = 201
# A piece that wins on this share of a line can be seen in a picture.
LONG = 0.08
# A float32 sum of 784 products is off by no more.
ROUNDING = 1e-4


def maxout_numbers(context: DemoContext) -> DemoOutput:
    """Take the slide's numbers, and a ReLU, through kerasdemo's own maxout layer."""
    first, passed, second, out = _through_the_slide()
    x = np.linspace(-2, 2, 401, dtype=np.float32)
    relu, other = _unit(x, 0.0, 0.0), _unit(x, W_OTHER, B_OTHER)
    apart = float(np.abs(relu - np.maximum(W * x + B, 0)).max())
    with style():
        figures = {"maxout_relu": _drawn_units(x, relu, other)}
    return DemoOutput(
        (
            f"z of the first layer {_numbers(first)}, in groups of two, gives {_numbers(passed)}",
            f"z of the second layer {_numbers(second)} gives {_numbers(out)}",
            "The slide tells z and what passes; the weights that give these z are made up here.",
        ),
        (
            ClaimResult(
                "the largest of each group passes",
                "(5, 7, -1, 1) -> (7, 1), then (1, 2, 4, 3) -> (2, 4)",
                f"{_numbers(first)} -> {_numbers(passed)}, then {_numbers(second)} -> "
                f"{_numbers(out)}",
                status_of(
                    _numbers(first) + _numbers(passed) == "(5, 7, -1, 1)(7, 1)"
                    and _numbers(second) + _numbers(out) == "(1, 2, 4, 3)(2, 4)"
                ),
            ),
            ClaimResult(
                "ReLU is maxout of z1 = wx + b and z2 = 0",
                "the same function",
                f"largest difference {apart:.2g} at {len(x)} points",
                status_of(apart < ROUNDING),
            ),
        ),
        figures,
    )


def _through_the_slide() -> tuple[Array, ...]:
    """Return z and output of both layers of the slide's network, each (values,)."""
    network = _network(depth=2, units=2)
    for layer, kernel in zip(_dense(network), SLIDE_KERNELS, strict=False):
        layer.set_weights([np.array(kernel), np.zeros(4)])
    x = np.array(SLIDE_INPUT, dtype=np.float32)
    found: list[Array] = []
    for layer in network.layers:
        x = np.asarray(layer(x))
        if x.ndim == 2:  # not in the groups' own shape
            found.append(x[0])
    return tuple(found[:4])


def _unit(x: Array, w: float, b: float) -> Array:
    """Return what a maxout unit of z1 = W x + B and z2 = w x + b gives for each x."""
    network = _network(depth=1, units=1)
    _dense(network)[0].set_weights([np.array([[W, w], [0.0, 0.0]]), np.array([B, b])])
    out = np.stack([x, np.zeros_like(x)], axis=1)
    for layer in network.layers[:3]:  # dense and the two of maxout, before the output layer
        out = np.asarray(layer(out))
    return out[:, 0]


def _network(depth: int, units: int) -> Any:
    """Return a network of two inputs whose hidden layers are maxout units of two values."""
    from kerasdemo.config import parse
    from kerasdemo.training import network

    text = f"data: {{name: blobs}}\nnetwork: {{depth: {depth}, units: {units}, activation: maxout}}"
    return network.build(parse(text), (2,), 3)


def _dense(network: Any) -> list[Any]:
    return [layer for layer in network.layers if hasattr(layer, "kernel")]


def _numbers(values: Array) -> str:
    return f"({', '.join(f'{value:g}' for value in values)})"


def _drawn_units(x: Array, relu: Array, other: Array) -> "Figure":
    drawn = figure(9, 3.8)
    drawn.set_layout_engine("constrained")
    cases = (
        ("ReLU: the second line is 0", relu, 0 * x, "$z_2 = 0$"),
        ("Any second line: a learned activation", other, W_OTHER * x + B_OTHER, "$z_2 = w'x + b'$"),
    )
    for ax, (title, out, line, name) in zip(drawn.subplots(1, 2, sharey=True), cases, strict=True):
        ax.plot(x, out, color=INK, linewidth=5, alpha=0.25, label="$\\max(z_1, z_2)$")
        ax.plot(x, W * x + B, color=BLUE, label="$z_1 = wx + b$")
        ax.plot(x, line, color=VERMILION, linestyle=(0, (4, 1.6)), label=name)
        ax.set(xlabel="$x$", title=title)
        ax.legend(loc="lower right")
    drawn.axes[0].set_ylabel("$z$ and output")
    return drawn


# Trained units.


@dataclass(frozen=True)
class Units:
    """A trained network's first maxout layer.

    kernel (inputs, units, pieces), bias (units, pieces). layer: the same in Keras, x -> outputs.
    """

    kernel: Array
    bias: Array
    layer: Any

    @property
    def pieces(self) -> int:
        """Values in a group."""
        return int(self.bias.shape[1])

    def values(self, x: Array) -> Array:
        """Return z of every piece for examples x (..., inputs): (..., units, pieces)."""
        return np.tensordot(x.astype(np.float64), self.kernel, axes=1) + self.bias


def units(run: Run) -> Units:
    """Return the first hidden layer of a run's network."""
    from kerasdemo.backend import keras

    network = trained.model(run)
    dense = _dense(network)[0]
    pooling = next(x for x in network.layers if isinstance(x, keras.layers.GlobalMaxPooling1D))
    pieces = run.config.network.maxout_pieces
    kernel, bias = (np.asarray(weight, dtype=np.float64) for weight in dense.get_weights())
    return Units(
        kernel.reshape(len(kernel), -1, pieces),
        bias.reshape(-1, pieces),
        keras.Model(network.inputs[0], pooling.output),
    )


def along(first: Array, last: Array) -> Array:
    """Return points on the straight line between two images, (STEPS, height, width)."""
    share = np.linspace(0, 1, STEPS)[:, None, None]
    return (1 - share) * first + share * last


def pieces_used(values: Array) -> Array:
    """Return how many different pieces win along a line: z (steps, units, pieces) -> (units,)."""
    winners = values.argmax(axis=-1)
    return np.array([len(np.unique(column)) for column in winners.T])


def maxout_shapes(context: DemoContext) -> DemoOutput:
    """Follow trained maxout units along straight lines from one test digit to the next."""
    lines, claims, panels = [], [], []
    for runs in context.runs.values():
        found = [_looked_at(run) for run in runs]
        pieces = found[0].pieces
        lines.append(_counts(pieces, found))
        claims += [_shape_check(pieces, found), _training_check(pieces, found)]
        panels.append((found[0].example, pieces))
    runs = next(iter(context.runs.values()))
    lines.append(f"lines from each of {IMAGES} test images to the next; {trained.origin(runs)}")
    with style():
        drawn = _drawn_shapes(panels, trained.origin(runs[:1]))
    return DemoOutput(tuple(lines), tuple(claims), {"learned_shapes": drawn})


@dataclass(frozen=True)
class Example:
    """The line and the unit of a picture: z (steps, pieces), Keras' output (steps,), both ends."""

    values: Array
    output: Array
    ends: tuple[Array, Array]
    digits: tuple[int, int]


@dataclass(frozen=True)
class Looked:
    """What the lines through one network showed.

    used: pieces that win along each line, (lines, units). idle: pieces that win for no training
    image. apart: Keras' output minus the largest z, at most. bend: the most negative second
    difference.
    """

    pieces: int
    used: Array
    idle: int
    apart: float
    bend: float
    example: Example


def _looked_at(run: Run) -> Looked:
    layer, examples = units(run), trained.dataset(run)
    images = examples.test.x[:IMAGES]
    # On a straight line each z goes straight from its value at one end to that at the other.
    ends = layer.values(images.reshape(len(images), -1))
    share = np.linspace(0, 1, STEPS)[:, None, None]
    lines = [(1 - share) * z + share * later for z, later in itertools.pairwise(ends)]
    used = np.stack([pieces_used(values) for values in lines])
    line, unit = _clearest(lines)
    first, last = images[line], images[line + 1]
    output = np.asarray(layer.layer(along(first, last)), dtype=np.float64)
    winners = layer.values(examples.train.x.reshape(len(examples.train.x), -1)).argmax(axis=-1)
    wins = sum(len(np.unique(column)) for column in winners.T)
    return Looked(
        layer.pieces,
        used,
        used.shape[1] * layer.pieces - wins,
        float(np.abs(output - lines[line].max(axis=-1)).max()),
        float(np.diff(output, n=2, axis=0).min()),
        Example(
            lines[line][:, unit],
            output[:, unit],
            (first, last),
            (int(examples.test.y[line]), int(examples.test.y[line + 1])),
        ),
    )


def _clearest(lines: Sequence[Array]) -> tuple[int, int]:
    """Return the line and unit whose shape shows best: most pieces that win for long, most bent."""
    scores = []
    for values in lines:
        winners, output = values.argmax(axis=-1), values.max(axis=-1)
        long = [
            sum((column == piece).mean() > LONG for piece in range(values.shape[-1]))
            for column in winners.T
        ]
        sag = (output[0] + output[-1]) / 2 - output[len(output) // 2]
        scores.append(np.array(long) + sag / (np.ptp(output, axis=0) + 1e-9))
    line, unit = np.unravel_index(np.argmax(scores), (len(scores), len(scores[0])))
    return int(line), int(unit)


def _counts(pieces: int, found: Sequence[Looked]) -> str:
    used = np.stack([one.used for one in found])
    shares = ", ".join(f"{n}: {(used == n).mean():.1%}" for n in range(1, pieces + 1))
    return f"groups of {pieces}: pieces that a unit uses between two digits, {shares}"


def _shape_check(pieces: int, found: Sequence[Looked]) -> ClaimResult:
    bend, apart = min(one.bend for one in found), max(one.apart for one in found)
    most = max(int(one.used.max()) for one in found)
    return ClaimResult(
        f"with groups of {pieces} a unit is piecewise linear, convex, of at most {pieces} pieces",
        f"{pieces} pieces",
        f"at most {most} pieces in use; Keras' output and the largest line differ by {apart:.1g} "
        f"at most; no step bends down by more than {-bend:.1g}",
        status_of(most <= pieces and apart < ROUNDING and bend > -ROUNDING),
    )


def _training_check(pieces: int, found: Sequence[Looked]) -> ClaimResult:
    every = found[0].used.shape[1] * pieces
    idle = [one.idle for one in found]
    return ClaimResult(
        f"with groups of {pieces} every weight gets trained: each piece wins for some example",
        "a statement without numbers",
        f"{sum(idle)} of {every * len(idle)} pieces win for no training image",
        status_of(not any(idle)),
        note=f"by seed {', '.join(map(str, idle))} of {every} pieces win nowhere in the "
        "training set, so no gradient reaches their weights; the more pieces, the less each wins",
    )


def _drawn_shapes(panels: Sequence[tuple[Example, int]], origin: str) -> "Figure":
    drawn = figure(12, 4.6)
    drawn.set_layout_engine("constrained")
    drawn.suptitle(
        "Trained maxout units learned convex activations of their own",
        x=0.01, ha="left", fontsize=12, fontweight="bold", color=INK,
    )  # fmt: skip
    for ax, (example, pieces) in zip(drawn.subplots(1, len(panels), squeeze=False)[0], panels,
                                     strict=True):  # fmt: skip
        _drawn_unit(ax, example, pieces)
    drawn.axes[0].set_ylabel("the unit's output")
    drawn.supxlabel(
        f"on the straight line between two test images; the unit that shows it best ({origin})",
        size=9,
    )
    return drawn


def _drawn_unit(ax: "Axes", example: Example, pieces: int) -> None:
    share = np.linspace(0, 1, STEPS)
    used = len(np.unique(example.values.argmax(axis=-1)))
    ax.plot(share, example.output, color=INK, linewidth=6, alpha=0.25, label="the unit")
    winners = set(example.values.argmax(axis=-1).tolist())
    for piece in range(pieces):
        color = CYCLE[piece] if piece in winners else GREY
        ax.plot(share, example.values[:, piece], color=color, linewidth=1.3,
                linestyle="-" if piece in winners else (0, (1, 2)))  # fmt: skip
    low, high = example.output.min(), example.output.max()
    room = high - low
    ax.set(xlim=(-0.02, 1.02), ylim=(low - 0.35 * room, high + 0.1 * room))
    ax.set_title(f"Groups of {pieces}: {used} of {pieces} pieces in use")
    ax.set_xticks([0, 0.5, 1], [f"a {example.digits[0]}", "half way", f"a {example.digits[1]}"])
    for left, image in zip((-0.08, 0.88), example.ends, strict=True):
        inset = ax.inset_axes((left, -0.38, 0.2, 0.26))
        inset.imshow(image, cmap="Greys")
        inset.set(xticks=[], yticks=[])
        inset.grid(visible=False)
        for spine in inset.spines.values():
            spine.set(visible=True, color=GREY)
