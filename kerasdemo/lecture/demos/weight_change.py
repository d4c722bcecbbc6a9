"""Lecture 9-1's intuition: a change of a first-layer weight, followed through the layers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdemo.comparison.statistics import interval
from kerasdemo.config import parse
from kerasdemo.lecture.demo import (
    ClaimResult,
    DemoContext,
    DemoOutput,
    status_above,
    status_of,
)
from kerasdemo.lecture.demos.dense import Array
from kerasdemo.lecture.demos.figures import COLORS, DASHED, NAMES, titled_figure, use_integer_ticks
from kerasdemo.lecture.demos.trained import kernel_layers

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DEPTH, EXAMPLES = 6, 100
# The change of a weight that is followed through the layers, and smaller ones for the limit.
CHANGE = 1.0
CHANGES = (1.0, 0.1, 1e-2, 1e-3, 1e-4)
# In float64, so that small changes can be seen.
CONFIG = f"""
data: {{name: mnist_sample, train: {EXAMPLES}}}
network: {{depth: {DEPTH}, units: 100}}
training: {{precision: float64}}
"""


@dataclass(frozen=True)
class WeightChange:
    """What a change of one first-layer weight does.

    Args:
        by_layer: change of each hidden layer's outputs (layers,): L2 norm, root mean square over
            the examples.
        ratios: change of the loss / change of the weight, for each of `CHANGES`.
        gradient: dC/dw by automatic differentiation.
    """

    by_layer: Array
    ratios: Array
    gradient: float

    @property
    def factor(self) -> float:
        """By how much a layer multiplies the change, as a geometric mean."""
        return float((self.by_layer[-1] / self.by_layer[0]) ** (1 / (len(self.by_layer) - 1)))


def change_weight(activation: str, seed: int) -> WeightChange:
    """Change the weight from the brightest pixel to the first unit of an untrained network."""
    from kerasdemo import data
    from kerasdemo.backend import keras, tf
    from kerasdemo.training import network

    config = parse(CONFIG, overrides=[f"seed={seed}", f"network.activation={activation}"])
    examples = data.load(config)
    model = network.build(config, (784,), examples.outputs)
    x = examples.train.x.reshape(EXAMPLES, -1).astype(np.float64)  # (examples, 784)
    hidden = [layer for layer in model.layers if isinstance(layer, keras.layers.Activation)]
    inside = keras.Model(model.inputs[0], [layer.output for layer in hidden])
    kernel = kernel_layers(model)[0].kernel
    pixel = int(x.mean(axis=0).argmax())

    def outputs_and_loss() -> tuple[list[Array], Any]:
        *outputs, prediction = inside(x)
        losses = keras.losses.sparse_categorical_crossentropy(examples.train.y, prediction)
        return [np.asarray(output) for output in outputs], tf.reduce_mean(losses)

    with tf.GradientTape() as tape:
        before, loss = outputs_and_loss()
    gradient = float(tape.gradient(loss, kernel.value)[pixel, 0])
    start, ratios, by_layer = kernel.numpy(), [], np.array([])
    for change in CHANGES:
        changed = start.copy()
        changed[pixel, 0] += change
        kernel.assign(changed)
        after, new_loss = outputs_and_loss()
        ratios.append(float(new_loss - loss) / change)
        if change == CHANGE:
            squares = [((b - a) ** 2).sum(axis=1) for a, b in zip(before, after, strict=True)]
            by_layer = np.sqrt([square.mean() for square in squares])
    return WeightChange(by_layer, np.array(ratios), gradient)


def intuition(context: DemoContext) -> DemoOutput:
    """Change one first-layer weight and follow the change through sigmoid and ReLU layers."""
    changes = {
        name: [change_weight(name, seed) for seed in context.seeds] for name in ("sigmoid", "relu")
    }
    factors = {name: [one.factor for one in by_seed] for name, by_seed in changes.items()}
    sigmoid, relu = (interval(factors[name]) for name in ("sigmoid", "relu"))
    lines = [
        f"{DEPTH} hidden layers of 100 units, untrained, {EXAMPLES} bundled digits; "
        f"the weight from the brightest pixel to the first unit grows by {CHANGE:g}",
    ]
    for name, by_seed in changes.items():
        steps = ", ".join(f"{size:.2g}" for size in by_seed[0].by_layer)
        lines.append(f"{NAMES[name]}: outputs change by {steps} (seed {context.seeds[0]})")
        lines.append(f"  each layer multiplies the change by {interval(factors[name])}")
    first = changes["sigmoid"][0]
    for change, ratio in zip(CHANGES, first.ratios, strict=True):
        lines.append(
            f"sigmoid, dw {change:g}: dC/dw {ratio:.6e}, automatic gradient {first.gradient:.6e}"
        )
    # ReLU's kinks make its ratios jump; the lecture's limit is about sigmoids.
    error = max(abs(one.ratios[-1] / one.gradient - 1) for one in changes["sigmoid"])
    largest = max(float((one.by_layer[1:] / one.by_layer[:-1]).max()) for one in changes["sigmoid"])
    claims = (
        ClaimResult(
            "a change shrinks through every sigmoid layer",
            "large input, small output; no numbers",
            f"to {sigmoid} of its size in a layer on average, to {largest:.2g} at most",
            status_of(largest < 1),
        ),
        ClaimResult(
            "a change shrinks less through a ReLU layer than through a sigmoid layer",
            "no shrinking; no numbers",
            f"to {relu} in a layer, with sigmoid {sigmoid}",
            status_above([r - s for r, s in zip(factors["relu"], factors["sigmoid"], strict=True)]),
        ),
        ClaimResult(
            "the ratio of the changes, dC/dw, approaches the automatic gradient (to 0.1 %)",
            "the limit",
            f"with dw {CHANGES[-1]:g} the relative difference is {error:.1e} at most",
            status_of(error < 1e-3),
        ),
    )
    return DemoOutput(tuple(lines), claims, {"intuition": _draw(changes)})


def _draw(changes: Mapping[str, Sequence[WeightChange]]) -> "Figure":
    title = "A large change of one first-layer weight is a small change of the loss"
    drawn = titled_figure(title, 11, 4.2)
    left, right = drawn.subplots(1, 2)
    layers = range(1, DEPTH + 1)
    for name, by_seed in changes.items():
        for one in by_seed:
            left.plot(layers, one.by_layer, color=COLORS[name], linewidth=0.7, alpha=0.5)
        mean = np.exp(np.mean([np.log(one.by_layer) for one in by_seed], axis=0))
        factor = np.mean([one.factor for one in by_seed])
        label, dashes = f"{NAMES[name]}: x {factor:.2f} a layer", "-" if name == "relu" else DASHED
        left.plot(layers, mean, color=COLORS[name], marker="o", label=label, linestyle=dashes)
    for one in changes["sigmoid"]:
        error = np.abs(one.ratios / one.gradient - 1)
        right.plot(CHANGES, error, color=COLORS["sigmoid"], marker="o", linewidth=1, markersize=4)
    left.set(yscale="log", xlabel="hidden layer", ylabel="change of its outputs (L2 norm)")
    left.set_title(f"The weight grows by {CHANGE:g}; thin lines: seeds")
    use_integer_ticks(left)
    left.legend()
    right.set(xscale="log", yscale="log", xlabel="$\\Delta w$")
    right.set_ylabel("relative error of $\\Delta C / \\Delta w$")
    right.set_title("Sigmoid: the ratio approaches the automatic gradient (each seed)")
    right.invert_xaxis()
    return drawn
