"""The network that lectures 6 and 7 work through by hand (row 22)."""

import numpy as np

from kerasdemo.lecture.demo import ClaimResult, DemoContext, DemoOutput, status_of
from kerasdemo.lecture.demos import dense
from kerasdemo.lecture.demos.dense import SIGMOID, Array, Layer
from kerasdemo.lecture.demos.network_diagram import Labels, network_figure

# As on the slide: rows are neurons, so that z = W a + b.
WEIGHTS: tuple[Array, ...] = (
    np.array([[1.0, -2.0], [-1.0, 1.0]]),
    np.array([[2.0, -1.0], [-2.0, -1.0]]),
    np.array([[3.0, -1.0], [-1.0, 4.0]]),
)
BIASES: tuple[Array, ...] = (np.array([1.0, 0.0]), np.zeros(2), np.array([-2.0, 2.0]))
LAYERS = tuple(Layer(w.T, b, SIGMOID) for w, b in zip(WEIGHTS, BIASES, strict=True))
# What the slide shows, input -> activations of each layer.
SLIDE: dict[tuple[float, float], tuple[tuple[float, float], ...]] = {
    (1.0, -1.0): ((0.98, 0.12), (0.86, 0.11), (0.62, 0.83)),
    (0.0, 0.0): ((0.73, 0.50), (0.72, 0.12), (0.51, 0.85)),
}
EXAMPLE = np.array([[1.0, -1.0]])


def format_row(values: Array, digits: int = 4) -> str:
    """Return the values of one example in columns of a line of text."""
    return "  ".join(f"{value:{digits + 4}.{digits}f}" for value in np.ravel(values))


def _pair(values: Array) -> str:
    return "(" + ", ".join(f"{value:.2f}" for value in np.ravel(values)) + ")"


def worked_network(context: DemoContext) -> DemoOutput:
    """Compute the network for both inputs of the slide, one at a time and as a batch."""
    batch = np.array(list(SLIDE))  # (2, 2)
    together = dense.forward(LAYERS, batch)
    lines: list[str] = []
    claims: list[ClaimResult] = []
    largest = 0.0
    for number, (x, slide) in enumerate(SLIDE.items()):
        steps = dense.forward(LAYERS, batch[number : number + 1])
        lines.append(f"x                  {format_row(steps[0].input)}")
        for layer, step in enumerate(steps, start=1):
            lines.append(f"z{layer} = W{layer} a{layer - 1} + b{layer}   {format_row(step.z)}")
            lines.append(f"a{layer} = s(z{layer})         {format_row(step.output)}")
        lines.append("")
        rounded = [np.round(step.output[0], 2) for step in steps]
        claims.append(
            ClaimResult(
                f"the worked network's activations for ({x[0]:g}, {x[1]:g})",
                " -> ".join(_pair(np.array(pair)) for pair in slide),
                " -> ".join(_pair(step.output) for step in steps),
                status_of(np.array_equal(rounded, slide)),
                rows=(22,),
            )
        )
        for alone, both in zip(steps, together, strict=True):
            largest = max(largest, float(np.abs(both.output[number] - alone.output).max()))
    claims.append(
        ClaimResult(
            "a batch is one pass through the same matrix operations",
            "y = s(W3 s(W2 s(W1 x + b1) + b2) + b3)",
            f"both inputs at once differ from one at a time by at most {largest:.1g}",
            status_of(largest < 1e-12),
            rows=(22,),
        )
    )
    steps = dense.forward(LAYERS, EXAMPLE)
    labels = Labels(
        ("x", "layer 1", "layer 2", "output y"),
        [[f"{v:g}" for v in EXAMPLE[0]], *([f"{v:.2f}" for v in s.output[0]] for s in steps)],
        above={n: [f"z = {v:.2f}" for v in s.z[0]] for n, s in enumerate(steps, start=1)},
        below={n: [f"bias {v:g}" for v in bias] for n, bias in enumerate(BIASES, start=1)},
    )
    drawn = network_figure(
        WEIGHTS,
        labels,
        f"One forward pass: (1, -1) becomes {_pair(steps[-1].output)}",
        "in the circles a = s(z), s the sigmoid; z = sum of weight x input + bias; positive "
        "weights blue, negative ones red",
    )
    return DemoOutput(tuple(lines), tuple(claims), {"worked_network": drawn})
