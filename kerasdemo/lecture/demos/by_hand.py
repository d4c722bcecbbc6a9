"""The backward pass by hand of any dense config, beside automatic differentiation."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdemo.config import Fault, InputError, RunConfig, types
from kerasdemo.lecture.demos import dense
from kerasdemo.lecture.demos.dense import Array

if TYPE_CHECKING:
    from kerasdemo.data.loading import Dataset


@dataclass(frozen=True)
class Agreement:
    """How far both gradients of one batch are apart.

    differences: by weight, as a share of the largest number of automatic differentiation's
    gradient. parameters: how many numbers were compared.
    """

    differences: Mapping[str, float]
    parameters: int

    @property
    def largest(self) -> float:
        """The largest difference of all."""
        return max(self.differences.values())


def by_hand(config: RunConfig) -> Agreement:
    """Differentiate a config's first batch by hand and by TensorFlow, in float64.

    In float64, so that only rounding can part them.

    Raises:
        InputError: where the network is more than dense layers with elementwise activations, and
            softmax at its end.
    """
    named = _activations(config)
    _refuse_loss(config)
    from kerasdemo.data import loading as data
    from kerasdemo.training import network

    exact = config.model_copy(
        update={"training": config.training.model_copy(update={"precision": "float64"})}
    )
    dataset = data.load(exact)
    built = network.build(exact, dataset.shape, dataset.classes)
    x, targets = _batch(exact, dataset, network.targets(exact, built))
    layers = _layers(exact, built, named)
    steps = dense.forward(layers, x.reshape(len(x), -1))
    hand = dense.backward(steps, targets, dense.LOSSES[config.loss.name])
    automatic = automatic_gradients(built, config.loss.name, x, targets)
    ours = _as_keras_lists_them(exact, built, hand)
    return Agreement(
        {path: _apart(ours[path], gradient) for path, gradient in automatic.items()},
        sum(gradient.size for gradient in automatic.values()),
    )


def automatic_gradients(network: Any, loss: str, x: Array, targets: Array) -> dict[str, Array]:
    """Return {weight's path: dC/dw} by TensorFlow, C being the batch's mean loss and penalties."""
    from kerasdemo.backend import keras, tf

    with tf.GradientTape() as tape:
        outputs = network(tf.constant(x), training=False)
        cost = tf.reduce_mean(keras.losses.get(loss)(tf.constant(targets), outputs))
        for penalty in network.losses:
            cost += tf.cast(penalty, cost.dtype)
    variables = network.trainable_variables
    found = tape.gradient(cost, [variable.value for variable in variables])
    return {v.path: np.array(gradient) for v, gradient in zip(variables, found, strict=True)}


def _apart(ours: Array, automatic: Array) -> float:
    """Return the largest difference as a share of the largest gradient (0 where both are 0)."""
    difference = float(np.abs(ours - automatic).max())
    return difference and difference / max(float(np.abs(automatic).max()), 1e-300)


def _batch(config: RunConfig, dataset: "Dataset", kind: str) -> tuple[Array, Array]:
    from kerasdemo.training import network

    count = config.training.batch_size
    x = dataset.train.x[:count].astype(np.float64)
    return x, network.encode(kind, dataset.train.y[:count], dataset.classes).astype(np.float64)


def _layers(
    config: RunConfig, built: Any, named: list[tuple[types.Activation, str]]
) -> list[dense.Layer]:
    layers = []
    kernels = [layer for layer in built.layers if hasattr(layer, "kernel")]
    for layer, (activation, _) in zip(kernels, named, strict=True):
        if len(layer.input.shape) != 2:
            message = f"{layer.name} takes shape {layer.input.shape[1:]}; flatten it before"
            raise InputError(config.fault(("network", "layers"), message))
        kernel = np.array(layer.kernel)
        bias = np.zeros(kernel.shape[1]) if layer.bias is None else np.array(layer.bias)
        made = dense.ACTIVATIONS[activation.name](**activation.arguments)
        layers.append(dense.Layer(kernel, bias, made))
    return layers


def _as_keras_lists_them(
    config: RunConfig, built: Any, gradients: tuple[dense.Gradient, ...]
) -> dict[str, Array]:
    # Keras rounds a penalty's strength to float32, whatever the weights are.
    l1, l2 = (float(np.float32(strength)) for strength in _strengths(config))
    found = {}
    kernels = [layer for layer in built.layers if hasattr(layer, "kernel")]
    for layer, gradient in zip(kernels, gradients, strict=True):
        w = np.array(layer.kernel)
        found[layer.kernel.path] = gradient.kernel + l1 * np.sign(w) + 2 * l2 * w
        if layer.bias is not None:
            found[layer.bias.path] = gradient.bias
    return found


def _strengths(config: RunConfig) -> tuple[float, float]:
    return config.network.regularizer.l1, config.network.regularizer.l2


# What can't be done by hand here.


def _refuse_loss(config: RunConfig) -> None:
    if config.loss.name not in dense.LOSSES:
        expected = " or ".join(dense.LOSSES)
        message = f"{config.loss.name} is not differentiated by hand; expected {expected}"
        raise InputError(config.fault(("loss",), message))
    changed = [name for name, value in config.loss.arguments.items() if value]
    if changed:
        message = f"{', '.join(changed)} can't be done by hand; leave it at Keras' default"
        raise InputError(config.fault(("loss",), message))


def _activations(config: RunConfig) -> list[tuple[types.Activation, str]]:
    """Return each dense layer's activation, and its key in the config.

    Raises:
        InputError: with everything in the network that is not dense or not elementwise.
    """
    if config.network.layers is None:
        named, faults = _by_depth(config)
    else:
        named, faults = _as_written(config, config.network.layers)
    for number, (activation, key) in enumerate(named):
        faults += _unknown(config, activation, key, last=number == len(named) - 1)
    if faults:
        raise InputError(faults)
    return named


def _by_depth(config: RunConfig) -> tuple[list[tuple[types.Activation, str]], list[Fault]]:
    network = config.network
    extra = {
        "normalization": network.normalization != "none",
        "dropout": network.dropout > 0,
        "input_dropout": network.input_dropout > 0,
    }
    faults = [
        config.fault(("network", name), f"{name} can't be done by hand; leave it out")
        for name, given in extra.items()
        if given
    ]
    hidden = [(network.activation, "activation")] * network.depth
    assert network.output_activation is not None
    return [*hidden, (network.output_activation, "output_activation")], faults


def _as_written(
    config: RunConfig, layers: tuple[types.Layer, ...]
) -> tuple[list[tuple[types.Activation, str]], list[Fault]]:
    named: list[tuple[types.Activation, str]] = []
    faults: list[Fault] = []
    for layer in layers:
        match layer:
            case types.DenseLayer():
                named.append((layer.activation, "layers"))
            case types.ActivationLayer() if named and named[-1][0].name == "linear":
                named[-1] = (layer.activation, "layers")
            case types.FlattenLayer():
                pass
            case _:
                message = f"{layer.type} can't be done by hand here; expected dense (each followed "
                message += "by one activation at most) and flatten"
                faults.append(config.fault(("network", "layers"), message))
    return named, faults


def _unknown(
    config: RunConfig, activation: types.Activation, key: str, last: bool
) -> Iterator[Fault]:
    known = sorted(set(dense.ACTIVATIONS) - (set() if last else {"softmax"}))
    if activation.name not in known:
        message = f"{activation.name} is not differentiated by hand; expected {', '.join(known)}"
        yield config.fault(("network", key), message)
