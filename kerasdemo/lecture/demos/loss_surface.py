"""Lecture 6's total loss as a surface over two weights, and gradient descent on it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdemo.config import parse
from kerasdemo.display.style import BLUE, INK, VERMILION, YELLOW
from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, status_of
from kerasdemo.lecture.demos.dense import Array
from kerasdemo.lecture.demos.figures import DASHED, titled_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CONFIG = """
data: {name: mnist_sample, train: 500, validation: 0, test: 1}
network: {depth: 1, units: 4, activation: tanh}
optimizer: {name: adam, learning_rate: 0.02}
training: {batch_size: 50, epochs: 30}
"""
# The two weights: from these pixels (row, column) near the middle, to this hidden unit.
PIXELS = ((12, 18), (16, 13))
UNIT = 2
SIDE = 28
EDGE, POINTS = 22.0, 37
STARTS = ((-16.0, 17.0), (20.0, -3.0))
LEARNING_RATE, STEPS = 0.05, 100
COLORS = (VERMILION, BLUE)


@dataclass(frozen=True)
class Path:
    """Gradient descent: both weights (steps + 1, 2), and the total loss at each step."""

    weights: Array
    losses: Array


def loss_surface(context: DemoContext) -> DemoOutput:
    """Map the total loss over two weights of a network, and descend with Keras' SGD."""
    total_loss = _total_loss(context.seeds[0])
    axis = np.linspace(-EDGE, EDGE, POINTS, dtype=np.float32)
    surface = _surface(total_loss, axis)
    paths = [_descend(total_loss, start) for start in STARTS]
    steps_down = [int((np.diff(path.losses) < 0).sum()) for path in paths]
    lines = [
        "784-4-10, tanh, 500 real digits; total loss = sum of the cross-entropy of all 500",
        f"two weights vary: pixels {PIXELS[0]} and {PIXELS[1]} to hidden unit {UNIT + 1}; "
        "the others stay as trained",
        f"Keras' SGD, learning rate {LEARNING_RATE:g}, {STEPS} steps with all 500 digits",
    ]
    for path in paths:
        (a, b), (c, d) = path.weights[0], path.weights[-1]
        lines.append(
            f"from ({a:6.1f}, {b:6.1f}), loss {path.losses[0]:7.1f}, "
            f"to ({c:6.1f}, {d:6.1f}), loss {path.losses[-1]:7.1f}"
        )
    claim = ClaimResult(
        "gradient descent reaches the lowest point of the map, from two starts",
        "find the parameters that minimize the total loss, by gradient descent (no number)",
        " and ".join(f"{down} of {STEPS}" for down in steps_down)
        + " steps went down; total loss "
        + ", ".join(f"{path.losses[0]:.0f} to {path.losses[-1]:.0f}" for path in paths)
        + f"; lowest of the map {surface.min():.0f}",
        status_of(max(path.losses[-1] for path in paths) <= surface.min()),
    )
    title = "Gradient descent on a real loss: slow on plateaus, fast on slopes, one valley"
    drawn = titled_figure(title, 9.0, 4.6)
    left, right = drawn.subplots(1, 2, width_ratios=(1.45, 1))
    _draw_surface(left, axis, surface)
    for number, (path, color) in enumerate(zip(paths, COLORS, strict=True), start=1):
        start, name = path.weights[0], f"start {number}"
        left.plot(*path.weights.T, color="white", linewidth=4)
        left.plot(*path.weights.T, color=color, linewidth=2, marker=".", markersize=5)
        box = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": "none"}
        left.annotate(
            name, start, (0, -10), textcoords="offset points", va="top", bbox=box,
            ha="right" if start[0] > 0 else "left", color=color, weight="bold",
        )  # fmt: skip
        left.plot(
            *path.weights[-1], marker="*", markersize=15, color=YELLOW, markeredgecolor=INK,
            zorder=6,
        )  # fmt: skip
        right.plot(path.losses, color=color, linestyle="-" if number == 1 else DASHED)
        right.annotate(
            name, (0, path.losses[0]), (7, 0), textcoords="offset points", color=color,
            va="center", weight="bold",
        )  # fmt: skip
    right.set(xlabel="step of gradient descent", ylabel="total loss", title="Loss by step")
    right.set_ylim(0, None)
    return DemoOutput(tuple(lines), (claim,), {"loss_surface": drawn})


def _total_loss(seed: int) -> Any:
    """Return the function (2,) -> total loss, of the network after training."""
    from kerasdemo import data
    from kerasdemo.backend import keras, tf
    from kerasdemo.training import network

    config = parse(CONFIG, overrides=[f"seed={seed}"])
    digits = data.load(config)
    x = tf.constant(digits.train.x)
    y = tf.constant(network.encode("one_hot", digits.train.y, digits.outputs))
    model = network.build(config, digits.shape, digits.outputs)
    model.fit(
        x, y, batch_size=config.training.batch_size, epochs=config.training.epochs, verbose=0,
        shuffle=False,
    )  # fmt: skip
    kernel, *others = [tf.convert_to_tensor(weight) for weight in model.trainable_variables]
    places = tf.constant([(row * SIDE + column, UNIT) for row, column in PIXELS])

    def total_loss(weights: Any) -> Any:
        changed = tf.tensor_scatter_nd_update(kernel, places, weights)
        outputs, _ = model.stateless_call([changed, *others], [], x)
        return tf.reduce_sum(keras.losses.categorical_crossentropy(y, outputs))

    return tf.function(total_loss, autograph=False)


def _descend(total_loss: Any, start: tuple[float, float]) -> Path:
    from kerasdemo.backend import keras, tf

    weights = keras.Variable(np.array(start, np.float32), name="weights")
    optimizer = keras.optimizers.SGD(LEARNING_RATE)
    places, losses = [], []
    for _ in range(STEPS + 1):
        with tf.GradientTape() as tape:
            loss = total_loss(weights.value)
        places.append(weights.numpy().copy())
        losses.append(float(loss))
        optimizer.apply([tape.gradient(loss, weights.value)], [weights])
    return Path(np.array(places), np.array(losses))


def _surface(total_loss: Any, axis: Array) -> Array:
    """Return the total loss (points, points): rows are the second weight, columns the first."""
    from kerasdemo.backend import tf

    points = np.stack(np.meshgrid(axis, axis), axis=-1)  # (points, points, 2)
    over_all = tf.function(
        lambda rows: tf.map_fn(lambda row: tf.vectorized_map(total_loss, row), rows),
        autograph=False,
    )
    losses: Array = over_all(tf.constant(points)).numpy()
    return losses


def _draw_surface(ax: "Axes", axis: Array, surface: Array) -> None:
    levels = np.geomspace(surface.min(), surface.max(), 15)
    filled = ax.contourf(axis, axis, surface, levels=levels, cmap="cividis_r", norm="log")
    ax.contour(axis, axis, surface, levels=levels, colors="white", linewidths=0.5, alpha=0.6)
    bar = ax.figure.colorbar(filled, ax=ax, ticks=levels[::3], pad=0.02)
    bar.ax.set_yticklabels([f"{level:.0f}" for level in levels[::3]])
    bar.ax.minorticks_off()
    names = [f"weight of pixel {pixel}" for pixel in PIXELS]
    ax.set(xlabel=names[0], ylabel=names[1], title="Total loss: darker is higher")
    ax.grid(visible=False)
