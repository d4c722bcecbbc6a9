"""Backpropagation by hand for any dense config, compared with automatic differentiation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from kerasdemo.config import Fault, InputError, RunConfig, layer_types
from kerasdemo.config.layers import expand
from kerasdemo.lecture.demos import dense
from kerasdemo.lecture.demos.dense import Array
from kerasdemo.lecture.demos.trained import kernel_layers

if TYPE_CHECKING:
    from kerasdemo.data import Dataset


@dataclass(frozen=True)
class Agreement:
    """How much the gradients by hand and by automatic differentiation differ on one batch.

    Args:
        differences: path of a weight -> largest difference, as a share of its largest gradient.
        parameters: number of gradients that were compared.
    """

    differences: Mapping[str, float]
    parameters: int

    @property
    def largest(self) -> float:
        """The largest difference of all."""
        return max(self.differences.values())


def compare_gradients(config: RunConfig) -> Agreement:
    """Differentiate the loss of a config's first batch by hand and with TensorFlow.

    Both in float64, so that they differ by rounding only.

    Raises:
        InputError: where the network is more than dense layers with elementwise activations and a
            softmax at its end.
    """
    from kerasdemo import data
    from kerasdemo.training import network

    config = config.with_changes({"training.precision": "float64"})
    dataset = data.load(config)
    activations = _activations(config, dataset)
    model = network.build(config, dataset.shape, dataset.outputs)
    x = dataset.train.x[: config.training.batch_size].astype(np.float64)  # (batch, *shape)
    classes = dataset.train.y[: config.training.batch_size]
    kind = network.targets(config, model)
    targets = network.encode(kind, classes, dataset.outputs).astype(np.float64)
    layers = []
    for keras_layer, activation in zip(kernel_layers(model), activations, strict=True):
        if len(keras_layer.input.shape) != 2:
            message = f"{keras_layer.name} takes shape {keras_layer.input.shape[1:]}; "
            raise InputError(config.fault(("network", "layers"), f"{message}flatten it before"))
        kernel = np.array(keras_layer.kernel)  # (inputs, units)
        has_bias = keras_layer.bias is not None
        bias = np.array(keras_layer.bias) if has_bias else np.zeros(kernel.shape[1])
        layers.append(dense.Layer(kernel, bias, activation))
    steps = dense.forward(layers, x.reshape(len(x), -1))
    gradients = dense.backward(steps, targets, dense.LOSSES[config.loss.name])
    automatic = automatic_gradients(model, config.loss.name, x, targets)
    # Keras rounds the strength of a penalty to float32, in any precision of the weights.
    penalty = config.network.regularizer
    l1, l2 = float(np.float32(penalty.l1)), float(np.float32(penalty.l2))
    differences = {}
    for keras_layer, gradient in zip(kernel_layers(model), gradients, strict=True):
        w = np.array(keras_layer.kernel)
        by_hand = {keras_layer.kernel.path: gradient.kernel + l1 * np.sign(w) + 2 * l2 * w}
        if keras_layer.bias is not None:
            by_hand[keras_layer.bias.path] = gradient.bias
        for path, ours in by_hand.items():
            difference = float(np.abs(ours - automatic[path]).max())
            largest = max(float(np.abs(automatic[path]).max()), 1e-300)
            differences[path] = difference and difference / largest
    return Agreement(differences, sum(gradient.size for gradient in automatic.values()))


def automatic_gradients(model: Any, loss: str, x: Array, targets: Array) -> dict[str, Array]:
    """Return {path of a weight: dC/dw} by TensorFlow; C is the batch's mean loss and penalties."""
    from kerasdemo.backend import keras, tf

    with tf.GradientTape() as tape:
        outputs = model(tf.constant(x), training=False)
        cost = tf.reduce_mean(keras.losses.get(loss)(tf.constant(targets), outputs))
        for penalty in model.losses:
            cost += tf.cast(penalty, cost.dtype)
    variables = model.trainable_variables
    gradients = tape.gradient(cost, [variable.value for variable in variables])
    return {v.path: np.array(gradient) for v, gradient in zip(variables, gradients, strict=True)}


def _activations(config: RunConfig, dataset: "Dataset") -> list[dense.Activation]:
    """Return the activation of each dense layer.

    Raises:
        InputError: for everything in loss and network that is not differentiated by hand.
    """
    faults: list[Fault] = []
    if config.loss.name not in dense.LOSSES:
        message = f"{config.loss.name} is not differentiated by hand; expected "
        faults.append(config.fault(("loss",), message + " or ".join(dense.LOSSES)))
    elif changed := [name for name, value in config.loss.arguments.items() if value]:
        message = f"{', '.join(changed)} is not differentiated by hand; leave it at its default"
        faults.append(config.fault(("loss",), message))
    # Name, arguments and key of each.
    chosen: list[tuple[str, Mapping[str, Any], tuple[str, ...]]] = []
    for step in expand(config, dataset.shape, dataset.outputs):
        key = tuple(step.key.split(".")[:2])
        match step.layer:
            case layer_types.DenseLayer():
                chosen.append(("linear", {}, key))
            case layer_types.ActivationLayer() if chosen and chosen[-1][0] == "linear":
                activation = step.layer.activation
                chosen[-1] = (activation.name, activation.arguments, key)
            case layer_types.FlattenLayer() | layer_types.ReshapeLayer():
                pass
            case _:
                message = f"{step.layer.type} is not differentiated by hand; expected dense (each "
                message += "followed by one activation at most) and flatten"
                faults.append(config.fault(key, message))
    for number, (name, _, key) in enumerate(chosen, start=1):
        # Softmax is no elementwise function: it is known at the output only.
        known = sorted(set(dense.ACTIVATIONS) - ({"softmax"} if number < len(chosen) else set()))
        if name not in known:
            message = f"{name} is not differentiated by hand; expected "
            faults.append(config.fault(key, message + ", ".join(known)))
    if faults:
        raise InputError(faults)
    return [dense.ACTIVATIONS[name](**arguments) for name, arguments, _ in chosen]
