"""Lecture 7, backpropagation: forward pass, backward pass, and their product."""

import numpy as np

from kerasdemo.config import parse
from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, status_of
from kerasdemo.lecture.demos import dense
from kerasdemo.lecture.demos.by_hand import automatic_gradients, compare_gradients
from kerasdemo.lecture.demos.network_diagram import Labels, network_figure
from kerasdemo.lecture.demos.worked_network import EXAMPLE, LAYERS, WEIGHTS, format_row

TARGET = np.array([[1.0, 0.0]])
# The slide's path runs through the second unit of every layer; dz/dw along it, as rounded there.
PATH = tuple((layer, 1, 1) for layer in range(len(WEIGHTS)))
SLIDE_PATH = (-1.0, 0.12, 0.11)
COLUMNS = ("x", "layer 1", "layer 2", "output")
# Both are float64 and differ by rounding only, relative to the largest gradient of a weight.
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


def forward_backward(context: DemoContext) -> DemoOutput:
    """Differentiate the worked network by hand, layer by layer, and with TensorFlow."""
    from kerasdemo.training import network

    steps = dense.forward(LAYERS, EXAMPLE)
    gradients = dense.backward(steps, TARGET, dense.MSE)
    # The lecture's amplifiers s'(z), (1, units) of each layer.
    slopes = [s.layer.activation.back(s.z, s.output, np.ones_like(s.z)) for s in steps]

    model = network.build(parse(WORKED), (2,), 2)
    model.set_weights([part for layer in LAYERS for part in (layer.kernel, layer.bias)])
    automatic = automatic_gradients(model, "mean_squared_error", EXAMPLE, TARGET).values()
    by_hand = [part for gradient in gradients for part in (gradient.kernel, gradient.bias)]
    difference = max(
        float(np.abs(ours - theirs).max() / np.abs(theirs).max())
        for ours, theirs in zip(by_hand, automatic, strict=True)
    )

    lines = [
        "C = ((y1 - 1)^2 + (y2 - 0)^2) / 2, the mean squared error with target (1, 0)",
        f"C = {dense.MSE.value(steps[-1].output, TARGET):.6f}",
        "",
        "forward pass: dz/dw = the layer's input",
    ]
    for number, step in enumerate(steps, start=1):
        lines.append(f"layer {number}   dz/dw  {format_row(step.input)}    z {format_row(step.z)}")
    lines += ["", "backward pass: dC/dz = s'(z) x (weights x dC/dz of the next layer)"]
    for number in range(len(steps), 0, -1):
        slope, dz = format_row(slopes[number - 1]), format_row(gradients[number - 1].z, 6)
        lines.append(f"layer {number}   s'(z) {slope}   dC/dz {dz}")
    lines += ["", "dC/dw = dz/dw x dC/dz; a row for each neuron"]
    for number, gradient in enumerate(gradients, start=1):
        lines += [f"layer {number}   {format_row(row, 6)}" for row in gradient.kernel.T]

    along_path = [float(steps[layer].input[0, source]) for layer, _, source in PATH]
    claims = (
        ClaimResult(
            "forward pass: dz/dw is the input that the weight is attached to",
            ", ".join(f"{value:g}" for value in SLIDE_PATH),
            ", ".join(f"{value:.2f}" for value in along_path),
            status_of(np.array_equal(np.round(along_path, 2), SLIDE_PATH)),
            rows=(22,),
        ),
        ClaimResult(
            "dC/dw = dz/dw x dC/dz is the gradient of automatic differentiation",
            "no number",
            f"largest relative difference {difference:.1g} (allowed {TOLERANCE:g})",
            status_of(difference <= TOLERANCE),
            rows=(22,),
        ),
    )

    x = [f"{value:g}" for value in EXAMPLE[0]]
    outputs = [x, *([f"{value:.2f}" for value in step.output[0]] for step in steps)]
    forward = Labels(
        COLUMNS,
        outputs,
        above={n: [f"z = {z:.2f}" for z in step.z[0]] for n, step in enumerate(steps, start=1)},
        edges={edge: f"dz/dw = {outputs[edge[0]][edge[2]]}" for edge in PATH},
    )
    backward = Labels(
        COLUMNS,
        [x, *([f"{dz:.4f}" for dz in gradient.z[0]] for gradient in gradients)],
        above={n: [f"s'(z) = {s:.3f}" for s in row[0]] for n, row in enumerate(slopes, start=1)},
        edges={
            (layer, unit, source): f"dC/dw = {steps[layer].input[0, source]:.2f} x "
            f"{gradients[layer].z[0, unit]:.4f}\n= {gradients[layer].kernel[source, unit]:.5f}"
            for layer, unit, source in PATH
        },
        is_backward=True,
    )
    figures = {
        "forward_pass": network_figure(
            WEIGHTS,
            forward,
            "Forward pass: dz/dw is the input that the weight is attached to",
            "in the circles a = s(z); on the arrows the weights, positive ones blue, negative ones "
            "red",
        ),
        "backward_pass": network_figure(
            WEIGHTS,
            backward,
            "Backward pass: dC/dz comes back through the weights, and s'(z) shrinks it",
            "in the circles dC/dz = s'(z) x (sum of weight x dC/dz of the next layer; at the "
            "output dC/dy); C: mse, target (1, 0)",
        ),
    }
    return DemoOutput(tuple(lines), claims, figures)


def any_dense_network(context: DemoContext) -> DemoOutput:
    """Differentiate several networks on real digits by hand and with TensorFlow, each seed."""
    lines = ["largest difference of a gradient by hand from TensorFlow's, relative to the largest"]
    differences = []
    for name, text in CONFIGS.items():
        configs = [parse(SAMPLE + text, overrides=[f"seed={seed}"]) for seed in context.seeds]
        agreements = [compare_gradients(config) for config in configs]
        differences.append(max(agreement.largest for agreement in agreements))
        lines.append(f"{name:46} {agreements[0].parameters:7,} weights  {differences[-1]:.1e}")
    claim = ClaimResult(
        "the backward pass by hand gives the gradients of automatic differentiation",
        "dC/dw = dz/dw x dC/dz for every weight (no number)",
        f"largest relative difference {max(differences):.1e} in {len(CONFIGS)} networks x "
        f"{len(context.seeds)} seeds (allowed {TOLERANCE:g})",
        status_of(max(differences) <= TOLERANCE),
    )
    return DemoOutput(tuple(lines), (claim,))
