"""A dense network by hand: lecture 7's forward and backward pass, in NumPy only.

Weights have Keras' shape: a kernel is (inputs, units), the transpose of the lecture's W.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

Array = NDArray[Any]


@dataclass(frozen=True)
class Activation:
    """a = value(z), and dC/dz = back(z, a, dC/da); arrays are (examples, units)."""

    value: Callable[[Array], Array]
    back: Callable[[Array, Array, Array], Array]


def _elementwise(
    value: Callable[[Array], Array], slope: Callable[[Array, Array], Array]
) -> Activation:
    # slope(z, a) is s'(z): the lecture's amplifier, a constant once the forward pass is done.
    return Activation(value, lambda z, a, gradient: gradient * slope(z, a))


def softmax(z: Array) -> Array:
    """Return e^z / sum of e^z over the last axis, the classes."""
    powers = np.exp(z - z.max(axis=-1, keepdims=True))  # the same quotients, without overflow
    shares: Array = powers / powers.sum(axis=-1, keepdims=True)
    return shares


def _softmax_back(z: Array, a: Array, gradient: Array) -> Array:
    # Every output depends on every z: da_i/dz_j = a_i (1[i = j] - a_j).
    back: Array = a * (gradient - (gradient * a).sum(axis=-1, keepdims=True))
    return back


def _elu(alpha: float = 1.0, scale: float = 1.0) -> Activation:
    def value(z: Array) -> Array:
        return scale * np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))

    return _elementwise(value, lambda z, a: np.where(z > 0, scale, a + scale * alpha))


def _leaky_relu(negative_slope: float = 0.3) -> Activation:
    rounded = float(np.float32(negative_slope))  # as TensorFlow holds it, whatever z is

    def slope(z: Array, a: Array) -> Array:
        return np.where(z > 0, 1.0, rounded)

    return _elementwise(lambda z: z * slope(z, z), slope)


SIGMOID = _elementwise(expit, lambda z, a: a * (1 - a))
RELU = _elementwise(lambda z: np.maximum(z, 0), lambda z, a: (z > 0).astype(z.dtype))
SOFTMAX = Activation(softmax, _softmax_back)
# Keras' name -> a function of Keras' arguments. At a kink the slope is TensorFlow's.
ACTIVATIONS: dict[str, Callable[..., Activation]] = {
    "linear": lambda: _elementwise(lambda z: z, lambda z, a: np.ones_like(z)),
    "sigmoid": lambda: SIGMOID,
    "tanh": lambda: _elementwise(np.tanh, lambda z, a: 1 - a * a),
    "softplus": lambda: _elementwise(lambda z: np.logaddexp(0, z), lambda z, a: expit(z)),
    "softsign": lambda: _elementwise(
        lambda z: z / (1 + np.abs(z)), lambda z, a: (1 - np.abs(a)) ** 2
    ),
    "exponential": lambda: _elementwise(np.exp, lambda z, a: a),
    "silu": lambda: _elementwise(lambda z: z * expit(z), lambda z, a: expit(z) * (1 + z - a)),
    "relu": lambda: RELU,
    "relu6": lambda: _elementwise(
        lambda z: np.clip(z, 0, 6), lambda z, a: ((z > 0) & (z < 6)).astype(z.dtype)
    ),
    "leaky_relu": _leaky_relu,
    "elu": _elu,
    # Klambauer et al. 2017; Keras has the same constants.
    "selu": lambda: _elu(alpha=1.6732632423543772, scale=1.0507009873554805),
    "softmax": lambda: SOFTMAX,
}


@dataclass(frozen=True)
class Layer:
    """Kernel (inputs, units), bias (units,), activation."""

    kernel: Array
    bias: Array
    activation: Activation


@dataclass(frozen=True)
class Step:
    """A layer in the forward pass: input (n, inputs), which is dz/dw, z and output (n, units)."""

    layer: Layer
    input: Array
    z: Array
    output: Array


@dataclass(frozen=True)
class Gradient:
    """A layer in the backward pass: dC/dz (n, units), and dC/dw as sums over the n examples."""

    z: Array
    kernel: Array
    bias: Array


@dataclass(frozen=True)
class Loss:
    """C of outputs and targets (n, units), the mean over examples, and its gradient dC/da."""

    value: Callable[[Array, Array], float]
    gradient: Callable[[Array, Array], Array]


# As in Keras: mse is the mean over outputs, too.
MSE = Loss(lambda a, t: float(np.mean((a - t) ** 2)), lambda a, t: 2 * (a - t) / a.size)
CROSS_ENTROPY = Loss(
    lambda a, t: float(-np.sum(t * np.log(a)) / len(a)), lambda a, t: -t / a / len(a)
)
LOSSES = {"mean_squared_error": MSE, "categorical_crossentropy": CROSS_ENTROPY}


def forward(layers: Sequence[Layer], x: Array) -> tuple[Step, ...]:
    """Return each layer's step for a batch x (n, inputs): z = a W + b, a = s(z) (lecture 7)."""
    steps: list[Step] = []
    for layer in layers:
        z = x @ layer.kernel + layer.bias  # (n, units)
        steps.append(Step(layer, x, z, layer.activation.value(z)))
        x = steps[-1].output
    return tuple(steps)


def backward(steps: Sequence[Step], targets: Array, loss: Loss) -> tuple[Gradient, ...]:
    """Return each layer's gradients, in the order of the layers: dC/dw = dz/dw x dC/dz."""
    signals = backward_pass(steps, targets, loss)
    return tuple(
        Gradient(dz, step.input.T @ dz, dz.sum(axis=0))
        for step, dz in zip(steps, signals, strict=True)
    )


def backward_pass(steps: Sequence[Step], targets: Array, loss: Loss) -> tuple[Array, ...]:
    """Return each layer's dC/dz (n, units): s'(z) x (W dC/dz of the next layer) (lecture 7)."""
    last = steps[-1]
    if loss is CROSS_ENTROPY and last.layer.activation is SOFTMAX:
        dz = (last.output - targets) / len(
            targets
        )  # both gradients in one: no division by almost 0
    else:
        dz = last.layer.activation.back(last.z, last.output, loss.gradient(last.output, targets))
    signals = [dz]
    for step, later in zip(steps[-2::-1], steps[:0:-1], strict=True):
        da = signals[-1] @ later.layer.kernel.T  # (n, units)
        signals.append(step.layer.activation.back(step.z, step.output, da))
    return tuple(reversed(signals))
