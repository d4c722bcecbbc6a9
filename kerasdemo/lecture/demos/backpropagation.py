"""Lecture 7, backpropagation: forward pass, backward pass, their product, and what they cost."""

from statistics import median, quantiles
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from kerasdemo.config import parse
from kerasdemo.display.run_plots import GREY, figure, style
from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, Status, status_of
from kerasdemo.lecture.demos import dense, network_diagram
from kerasdemo.lecture.demos.by_hand import automatic_gradients, by_hand
from kerasdemo.lecture.demos.dense import Array
from kerasdemo.lecture.demos.introduction import head, random_network, timed
from kerasdemo.lecture.demos.worked_network import EXAMPLE, LAYERS, WEIGHTS, numbers

TARGET = np.array([[1.0, 0.0]])
# The slide's path runs through the second unit of every layer; dz/dw along it, as rounded there.
PATH = tuple((layer, 1, 1) for layer in range(len(WEIGHTS)))
SLIDE_PATH = (-1.0, 0.12, 0.11)
TITLES = ("x", "layer 1", "layer 2", "output")
# Both in float64: only rounding may part them, relative to the largest gradient of a weight.
TOLERANCE = 1e-9
WORKED = """
data: {name: circles}
network: {depth: 2, units: 2, activation: sigmoid, output_activation: sigmoid}
loss: mse
training: {precision: float64}
"""
SAMPLE = "data: {name: mnist_sample, train: 100, validation: 0, test: 1}\n"
CONFIGS = {
    "row 7, smaller: 3 x 60 sigmoid, softmax, mse": "network: {depth: 3, units: 60, "
    "activation: sigmoid}\nloss: mse",
    "row 8, smaller: the same with cross-entropy": "network: {depth: 3, units: 60, "
    "activation: sigmoid}",
    "row 11, smaller: 13 x 60 sigmoid": "network: {depth: 13, units: 60, activation: sigmoid}",
    "row 14, smaller: 3 x 60 ReLU": "network: {depth: 3, units: 60, activation: relu}",
    "2 x 50 tanh, linear output, mse": "network: {depth: 2, units: 50, activation: tanh, "
    "output_activation: linear}\nloss: mse",
    "leaky ReLU, then ELU, L2": "network: {regularizer: {l2: 0.001}, layers: [{type: flatten}, "
    "{type: dense, units: 40, activation: leaky_relu}, {type: dense, units: 20, activation: elu}, "
    "{type: dense, units: 10, activation: softmax}]}",
}
# Backward costs "about" what forward does where the ratio is within this factor.
ABOUT = 2.0
SIZES, BATCH, REPEATS = (784, 500, 500, 500, 10), 100, 31


# The worked network.


def forward_backward(context: DemoContext) -> DemoOutput:
    """Differentiate the worked network by hand, layer by layer, and with TensorFlow."""
    steps = dense.forward(LAYERS, EXAMPLE)
    gradients = dense.backward(steps, TARGET, dense.MSE)
    apart = _apart_from_tensorflow(gradients)
    along = [float(steps[layer].input[0, source]) for layer, _, source in PATH]
    claims = (
        ClaimResult(
            statement="forward pass: dz/dw is the input that the weight is attached to",
            reference=", ".join(f"{value:g}" for value in SLIDE_PATH),
            measured=", ".join(f"{value:.2f}" for value in along),
            status=status_of(np.array_equal(np.round(along, 2), SLIDE_PATH)),
            rows=(22,),
        ),
        ClaimResult(
            statement="dC/dw = dz/dw x dC/dz is what automatic differentiation gives",
            reference="no number",
            measured=f"largest relative difference {apart:.1g} (allowed {TOLERANCE:g})",
            status=status_of(apart <= TOLERANCE),
            rows=(22,),
        ),
    )
    figures = {
        "forward_pass": _forward_figure(steps),
        "backward_pass": _backward_figure(steps, gradients),
    }
    return DemoOutput(tuple(_told(steps, gradients)), claims, figures)


def _apart_from_tensorflow(gradients: tuple[dense.Gradient, ...]) -> float:
    from kerasdemo.training import network

    built = network.build(parse(WORKED), (2,), 2)
    built.set_weights([part for layer in LAYERS for part in (layer.kernel, layer.bias)])
    automatic = automatic_gradients(built, "mean_squared_error", EXAMPLE, TARGET).values()
    ours = [part for gradient in gradients for part in (gradient.kernel, gradient.bias)]
    return max(
        float(np.abs(mine - theirs).max() / np.abs(theirs).max())
        for mine, theirs in zip(ours, automatic, strict=True)
    )


def _told(steps: tuple[dense.Step, ...], gradients: tuple[dense.Gradient, ...]) -> list[str]:
    lines = [
        "C = ((y1 - 1)^2 + (y2 - 0)^2) / 2, the mean squared error with target (1, 0)",
        f"C = {dense.MSE.value(steps[-1].output, TARGET):.6f}",
        "",
        "forward pass: dz/dw = the layer's input",
    ]
    for number, step in enumerate(steps, start=1):
        lines.append(f"layer {number}   dz/dw  {numbers(step.input)}    z {numbers(step.z)}")
    lines += ["", "backward pass: dC/dz = s'(z) x what comes back"]
    for number in range(len(steps), 0, -1):
        step, gradient = steps[number - 1], gradients[number - 1]
        lines.append(
            f"layer {number}   s'(z) {numbers(_amplifiers(step))}   dC/dz {numbers(gradient.z, 6)}"
        )
    lines += ["", "dC/dw = dz/dw x dC/dz; a row for each neuron"]
    for number, gradient in enumerate(gradients, start=1):
        lines += [f"layer {number}   {numbers(row, 6)}" for row in gradient.kernel.T]
    return lines


def _amplifiers(step: dense.Step) -> Array:
    return step.layer.activation.back(step.z, step.output, np.ones_like(step.z))


def _texts(values: Array, form: str) -> list[str]:
    return [form.format(value) for value in values[0]]


def _forward_figure(steps: tuple[dense.Step, ...]) -> Figure:
    blank = ["", ""]
    inside = [_texts(EXAMPLE, "{:g}"), *(_texts(step.output, "{:.2f}") for step in steps)]
    above = [blank, *(_texts(step.z, "z = {:.2f}") for step in steps)]
    tags = {
        (layer, unit, source): f"dz/dw = {inside[layer][source]}" for layer, unit, source in PATH
    }
    return _diagram(
        network_diagram.Writing(inside, above, [blank] * len(inside), tags),
        "Forward pass: dz/dw is the input that the weight is attached to",
        "in the circles a = s(z); on the arrows the weights, blue positive, red negative",
    )


def _backward_figure(
    steps: tuple[dense.Step, ...], gradients: tuple[dense.Gradient, ...]
) -> Figure:
    blank = ["", ""]
    inside = [_texts(EXAMPLE, "{:g}"), *(_texts(g.z, "{:.4f}") for g in gradients)]
    above = [blank, *(_texts(_amplifiers(step), "s'(z) = {:.3f}") for step in steps)]
    tags = {
        (layer, unit, source): f"dC/dw = {steps[layer].input[0, source]:.2f} x "
        f"{gradients[layer].z[0, unit]:.4f}\n= {gradients[layer].kernel[source, unit]:.5f}"
        for layer, unit, source in PATH
    }
    return _diagram(
        network_diagram.Writing(inside, above, [blank] * len(inside), tags, reverse=True),
        "Backward pass: dC/dz comes back through the weights, and s'(z) shrinks it",
        "in the circles dC/dz = s'(z) x (sum of weight x dC/dz of the next layer; of the output "
        "dC/dy); C: mse, target (1, 0)",
    )


def _diagram(writing: network_diagram.Writing, point: str, note: str) -> Figure:
    with style():
        drawn = figure(9.0, 4.4)
        ax = drawn.add_axes((0.01, 0.07, 0.98, 0.8))
        network_diagram.draw(ax, WEIGHTS, writing, TITLES)
        head(drawn, point)
        drawn.text(0.5, 0.03, note, ha="center", fontsize=8.5, color=GREY)
    return drawn


# Any dense network.


def any_dense_network(context: DemoContext) -> DemoOutput:
    """Differentiate several networks on real digits by hand and with TensorFlow, each seed."""
    lines = [
        "largest difference of a weight's gradient, by hand against TensorFlow, relative to it"
    ]
    worst = 0.0
    for name, text in CONFIGS.items():
        found = [by_hand(parse(SAMPLE + text, overrides=[f"seed={s}"])) for s in context.seeds]
        largest = max(agreement.largest for agreement in found)
        worst = max(worst, largest)
        lines.append(f"{name:46} {found[0].parameters:7,} weights  {largest:.1e}")
    claims = ClaimResult(
        statement="the backward pass by hand gives the gradients of automatic differentiation",
        reference="dC/dw = dz/dw x dC/dz for every weight (no number)",
        measured=f"largest relative difference {worst:.1e} in {len(CONFIGS)} networks x "
        f"{len(context.seeds)} seeds (allowed {TOLERANCE:g})",
        status=status_of(worst <= TOLERANCE),
    )
    return DemoOutput(tuple(lines), (claims,))


# What it costs.


def cost(context: DemoContext) -> DemoOutput:
    """Time the backward pass beside the forward pass, and count their multiplications."""
    rng = np.random.default_rng(context.seeds[0])
    layers = random_network(SIZES, rng)
    x = rng.random((BATCH, SIZES[0]), np.float32)
    targets = np.eye(SIZES[-1], dtype=np.float32)[rng.integers(0, SIZES[-1], BATCH)]
    steps = dense.forward(layers, x)
    times = timed(
        {
            "forward": lambda: dense.forward(layers, x),
            "dC/dz": lambda: dense.backward_pass(steps, targets, dense.MSE),
            "dC/dz and dC/dw": lambda: dense.backward(steps, targets, dense.MSE),
        },
        REPEATS,
    )
    counts = _multiplications(layers)
    quarters = {
        name: quantiles([t / f for t, f in zip(taken, times["forward"], strict=True)], n=4)
        for name, taken in times.items()
    }
    lines = [
        f"{'-'.join(map(str, SIZES))}, batch {BATCH}, float32, median of {REPEATS} repeats",
        *(
            f"{name:16} {1e3 * median(times[name]):8.2f} ms   {counts[name]:9,} multiplications an "
            f"example ({counts[name] / counts['forward']:.2f} of forward)"
            for name in times
        ),
    ]
    backward = {name: quarters[name] for name in times if name != "forward"}
    claims = ClaimResult(
        statement=f"the backward pass costs about as much as the forward pass (factor {ABOUT:g} at most)",
        reference="about the same (no number)",
        measured="; ".join(
            f"{name}: {q[1]:.2f} times forward (quartiles {q[0]:.2f} to {q[2]:.2f}; by "
            f"multiplications {counts[name] / counts['forward']:.2f})"
            for name, q in backward.items()
        ),
        status=_about(list(backward.values())),
        note="dC/dz stops at the first layer, because the input has none; that spares "
        f"{1 - counts['dC/dz'] / counts['forward']:.0%} of the multiplications here",
    )
    return DemoOutput(tuple(lines), (claims,))


def _multiplications(layers: tuple[dense.Layer, ...]) -> dict[str, int]:
    """Count those of the matrix products; dC/dz stops at the first layer, the input has none."""
    forward = sum(layer.kernel.size for layer in layers)
    back = forward - layers[0].kernel.size
    return {"forward": forward, "dC/dz": back, "dC/dz and dC/dw": back + forward}


def _about(quarters: list[Any]) -> Status:
    """Return whether all quartiles lie within the factor, or some ratio wholly without."""
    if all(low >= 1 / ABOUT and high <= ABOUT for low, _, high in quarters):
        return "held"
    outside = any(low > ABOUT or high < 1 / ABOUT for low, _, high in quarters)
    return "not held" if outside else "undecided"
