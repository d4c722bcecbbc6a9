"""The network that lectures 6 and 7 work through by hand (row 22)."""

import numpy as np

from kerasdemo.lecture.demos.dense import SIGMOID, Array, Layer

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


def numbers(values: Array, digits: int = 4) -> str:
    """Return one example's values as they stand in a line of text."""
    return "  ".join(f"{value:{digits + 4}.{digits}f}" for value in np.ravel(values))


def pair(values: Array) -> str:
    """Return (0.98, 0.12): values as the slide rounds them."""
    return "(" + ", ".join(f"{value:.2f}" for value in np.ravel(values)) + ")"
