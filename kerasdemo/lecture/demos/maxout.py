"""Lecture 9-1's maxout: the slide's numbers, ReLU as a special case, shapes that units learned."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdemo.config import parse
from kerasdemo.display.style import BLUE, CYCLE, GRAY, INK, VERMILION
from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, status_of
from kerasdemo.lecture.demos import trained
from kerasdemo.lecture.demos.dense import Array
from kerasdemo.lecture.demos.figures import DASHED, DOTTED, hide_axes, titled_figure
from kerasdemo.lecture.demos.trained import kernel_layers
from kerasdemo.records import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# The slide shows z of each layer; these weights give these z.
SLIDE_INPUT = ((1.0, 2.0),)
SLIDE_KERNELS = (
    ((1.0, 3.0, 1.0, -1.0), (2.0, 2.0, -1.0, 1.0)),
    ((0.0, 0.0, 1.0, 1.0), (1.0, 2.0, -3.0, -4.0)),
)
W, B = 1.5, -0.75
W_OTHER, B_OTHER = -0.5, 0.25
# Test images between which lines are drawn, each to the next, and points on each line.
IMAGES = 201
STEPS = 201
# A piece that is the largest on this share of a line can be seen in a figure.
VISIBLE = 0.08
# A float32 sum of 784 products has an error of no more than this.
ROUNDING = 1e-4


def maxout_numbers(context: DemoContext) -> DemoOutput:
    """Compute the slide's numbers, and a ReLU, with kerasdemo's maxout layer."""
    first, passed, second, out = (format_numbers(values) for values in slide_values())
    x = np.linspace(-2, 2, 401, dtype=np.float32)
    relu, other = _maxout_unit(x, 0.0, 0.0), _maxout_unit(x, W_OTHER, B_OTHER)
    difference = float(np.abs(relu - np.maximum(W * x + B, 0)).max())
    lines = (
        f"z of the first layer {first}, in groups of two, gives {passed}",
        f"z of the second layer {second} gives {out}",
        "The slide shows z and the outputs, not the weights; the weights here give these z.",
    )
    claims = (
        ClaimResult(
            "the output of a group is its largest value",
            "(5, 7, -1, 1) -> (7, 1), then (1, 2, 4, 3) -> (2, 4)",
            f"{first} -> {passed}, then {second} -> {out}",
            status_of(
                (first, passed, second, out)
                == ("(5, 7, -1, 1)", "(7, 1)", "(1, 2, 4, 3)", "(2, 4)")
            ),
        ),
        ClaimResult(
            "ReLU is maxout of z1 = wx + b and z2 = 0",
            "the same function",
            f"largest difference {difference:.2g} at {len(x)} points",
            status_of(difference < ROUNDING),
        ),
    )
    drawn = titled_figure("A maxout unit is the largest of linear functions", 9, 4.1)
    cases = (
        ("ReLU: the second line is 0", relu, 0 * x, "$z_2 = 0$"),
        ("Any second line: a learned activation", other, W_OTHER * x + B_OTHER, "$z_2 = w'x + b'$"),
    )
    for ax, (title, output, line, name) in zip(
        drawn.subplots(1, 2, sharey=True), cases, strict=True
    ):
        ax.plot(x, output, color=INK, linewidth=5, alpha=0.25, label="$\\max(z_1, z_2)$")
        ax.plot(x, W * x + B, color=BLUE, label="$z_1 = wx + b$")
        ax.plot(x, line, color=VERMILION, linestyle=DASHED, label=name)
        ax.set(xlabel="$x$", title=title)
        ax.legend(loc="lower right")
    drawn.axes[0].set_ylabel("$z$ and output")
    return DemoOutput(lines, claims, {"maxout_relu": drawn})


def slide_values() -> tuple[Array, ...]:
    """Return z and output of both layers of the slide's network: (4,), (2,), (4,), (2,)."""
    model = _build(depth=2, units=2)
    for layer, kernel in zip(kernel_layers(model), SLIDE_KERNELS, strict=False):
        layer.set_weights([np.array(kernel), np.zeros(4)])
    x = np.array(SLIDE_INPUT, dtype=np.float32)
    values: list[Array] = []
    for layer in model.layers:
        x = np.asarray(layer(x))
        if x.ndim == 2:  # (1, values), not (1, units, pieces)
            values.append(x[0])
    return tuple(values[:4])


def _maxout_unit(x: Array, w: float, b: float) -> Array:
    """Return the output of a maxout unit of z1 = W x + B and z2 = w x + b, for each x."""
    model = _build(depth=1, units=1)
    kernel_layers(model)[0].set_weights([np.array([[W, w], [0.0, 0.0]]), np.array([B, b])])
    output = np.stack([x, np.zeros_like(x)], axis=1)  # (points, 2)
    for layer in model.layers[:3]:  # dense and the two of maxout, before the output layer
        output = np.asarray(layer(output))
    return output[:, 0]


def _build(depth: int, units: int) -> Any:
    """Return a network of two inputs whose hidden layers are maxout units of two pieces."""
    from kerasdemo.training import network

    text = f"data: {{name: blobs}}\nnetwork: {{depth: {depth}, units: {units}, activation: maxout}}"
    return network.build(parse(text), (2,), 3)


def format_numbers(values: Array) -> str:
    """Return (5, 7, -1, 1)."""
    return f"({', '.join(f'{value:g}' for value in values)})"


@dataclass(frozen=True)
class MaxoutLayer:
    """A trained network's first maxout layer: output = max over pieces of kernel x + bias.

    Args:
        kernel: (inputs, units, pieces).
        bias: (units, pieces).
        model: a Keras model, inputs -> the layer's outputs (examples, units).
    """

    kernel: Array
    bias: Array
    model: Any

    @property
    def pieces(self) -> int:
        """Values in a group."""
        return int(self.bias.shape[1])

    def values(self, images: Array) -> Array:
        """Return z of every piece for images (n, height, width): (n, units, pieces)."""
        x = images.reshape(len(images), -1).astype(np.float64)
        return np.tensordot(x, self.kernel, axes=1) + self.bias


def load_maxout(run: Run) -> MaxoutLayer:
    """Return the first hidden layer of a run's network."""
    from kerasdemo.backend import keras

    model = trained.load_model(run)
    pooling = next(x for x in model.layers if isinstance(x, keras.layers.GlobalMaxPooling1D))
    pieces = run.yaml_config.network.maxout_pieces
    weights = kernel_layers(model)[0].get_weights()
    kernel, bias = (np.asarray(weight, dtype=np.float64) for weight in weights)
    return MaxoutLayer(
        kernel.reshape(len(kernel), -1, pieces),
        bias.reshape(-1, pieces),
        keras.Model(model.inputs[0], pooling.output),
    )


def count_pieces(values: Array) -> Array:
    """Return how many pieces are the largest somewhere: z (points, units, pieces) -> (units,)."""
    winners = values.argmax(axis=-1)
    return np.array([len(np.unique(column)) for column in winners.T])


@dataclass(frozen=True)
class UnitOnLine:
    """One unit on the line between two images: z (steps, pieces) and Keras' output (steps,)."""

    values: Array
    output: Array
    images: tuple[Array, Array]
    digits: tuple[int, int]


@dataclass(frozen=True)
class LearnedShapes:
    """What the lines through one network showed.

    Args:
        pieces: values in a group.
        used: pieces that are the largest somewhere on each line (lines, units).
        idle: number of pieces that are the largest for no training image.
        difference: of Keras' output from the largest z, at most.
        bend: the most negative second difference of the outputs.
        example: the unit that shows its shape best.
    """

    pieces: int
    used: Array
    idle: int
    difference: float
    bend: float
    example: UnitOnLine


def follow_lines(run: Run) -> LearnedShapes:
    """Follow the units of a run along straight lines from each test image to the next."""
    layer, dataset = load_maxout(run), trained.load_dataset(run)
    images, digits = dataset.test.x[:IMAGES], dataset.test.y
    share = np.linspace(0, 1, STEPS)[:, None, None]
    # On a straight line each z is linear between its values at both ends: (steps, units, pieces).
    ends = layer.values(images)
    lines = [(1 - share) * z + share * later for z, later in itertools.pairwise(ends)]
    used = np.stack([count_pieces(values) for values in lines])
    line, unit = _clearest(lines)
    first, last = images[line], images[line + 1]
    output = np.asarray(layer.model((1 - share) * first + share * last), dtype=np.float64)
    winning = int(count_pieces(layer.values(dataset.train.x)).sum())
    return LearnedShapes(
        layer.pieces,
        used,
        used.shape[1] * layer.pieces - winning,
        float(np.abs(output - lines[line].max(axis=-1)).max()),
        float(np.diff(output, n=2, axis=0).min()),
        UnitOnLine(
            lines[line][:, unit],
            output[:, unit],
            (first, last),
            (int(digits[line]), int(digits[line + 1])),
        ),
    )


def _clearest(lines: Sequence[Array]) -> tuple[int, int]:
    """Return the line and unit with the most visible pieces, and of these the most bent."""
    scores = []
    for values in lines:
        winners, output = values.argmax(axis=-1), values.max(axis=-1)
        visible = [
            sum((column == piece).mean() > VISIBLE for piece in range(values.shape[-1]))
            for column in winners.T
        ]
        sag = (output[0] + output[-1]) / 2 - output[len(output) // 2]
        scores.append(np.array(visible) + sag / (np.ptp(output, axis=0) + 1e-9))
    line, unit = np.unravel_index(np.argmax(scores), (len(scores), len(scores[0])))
    return int(line), int(unit)


def maxout_shapes(context: DemoContext) -> DemoOutput:
    """Follow trained maxout units along straight lines from one test digit to the next."""
    lines, claims, examples = [], [], []
    for runs in context.runs.values():
        shapes = [follow_lines(run) for run in runs]
        pieces = shapes[0].pieces
        examples.append((shapes[0].example, pieces))
        used = np.stack([one.used for one in shapes])
        shares = ", ".join(f"{n}: {(used == n).mean():.1%}" for n in range(1, pieces + 1))
        lines.append(f"groups of {pieces}: pieces that a unit uses between two digits, {shares}")
        bend, difference = min(s.bend for s in shapes), max(s.difference for s in shapes)
        most = int(used.max())
        total, idle = used.shape[-1] * pieces, [one.idle for one in shapes]
        by_seed = ", ".join(map(str, idle))
        claims += [
            ClaimResult(
                f"with groups of {pieces} a unit is piecewise linear, convex, of at most {pieces} "
                "pieces",
                f"{pieces} pieces",
                f"at most {most} pieces in use; Keras' output and the largest line differ by "
                f"{difference:.1g} at most; no step bends down by more than {-bend:.1g}",
                status_of(most <= pieces and difference < ROUNDING and bend > -ROUNDING),
            ),
            ClaimResult(
                f"with groups of {pieces} all weights are trained: each piece is the largest for "
                "some example",
                "a statement without numbers",
                f"{sum(idle)} of {total * len(idle)} pieces are the largest for no training image",
                status_of(not any(idle)),
                note=f"by seed {by_seed} of {total} pieces are the largest nowhere in the training "
                "set, so their gradient is 0; the more pieces, the fewer examples each has",
            ),
        ]
    runs = next(iter(context.runs.values()))
    lines.append(f"lines from each of {IMAGES} test images to the next; {trained.describe(runs)}")
    source = trained.describe(runs[:1])
    drawn = titled_figure(
        "Trained maxout units learned convex activations of their own",
        12,
        4.6,
        f"wide: output, thin: pieces of one unit on the line between two test images ({source})",
    )
    panels = drawn.subplots(1, len(examples), squeeze=False)[0]
    for ax, (example, pieces) in zip(panels, examples, strict=True):
        _draw_unit(ax, example, pieces)
    panels[0].set_ylabel("output of the unit")
    return DemoOutput(tuple(lines), tuple(claims), {"learned_shapes": drawn})


def _draw_unit(ax: "Axes", example: UnitOnLine, pieces: int) -> None:
    share = np.linspace(0, 1, STEPS)
    winners = set(example.values.argmax(axis=-1).tolist())
    ax.plot(share, example.output, color=INK, linewidth=6, alpha=0.25)
    for piece in range(pieces):
        color, dashes = (CYCLE[piece], "-") if piece in winners else (GRAY, DOTTED)
        ax.plot(share, example.values[:, piece], color=color, linewidth=1.3, linestyle=dashes)
    low, high = example.output.min(), example.output.max()
    room = high - low
    ax.set(xlim=(-0.02, 1.02), ylim=(low - 0.35 * room, high + 0.1 * room))
    ax.set_title(f"Groups of {pieces}: {len(winners)} of {pieces} pieces in use")
    ax.set_xticks([0, 0.5, 1], [f"a {example.digits[0]}", "half way", f"a {example.digits[1]}"])
    for left, image in zip((-0.08, 0.88), example.images, strict=True):
        inset = ax.inset_axes((left, -0.38, 0.2, 0.26))
        inset.imshow(image, cmap="Greys")
        hide_axes(inset)
        inset.spines[:].set(visible=True, color=GRAY)
