"""From a config's `network` to an ordinary Keras model."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from inspect import signature
from typing import Any

import numpy as np

from kerasdemo.backend import keras, tf
from kerasdemo.config import InputError, RunConfig, layer_types
from kerasdemo.config.document import key_of
from kerasdemo.config.keras_objects import Activation, Initializer, KerasObject
from kerasdemo.config.layer_types import KERNEL_INITIALIZERS
from kerasdemo.config.layers import INPUT, BuildStep, Layer, ShapeError, expand
from kerasdemo.config.task_fit import Encoding, find_encoding
from kerasdemo.config.tensor_shapes import Shape, is_recurrent
from kerasdemo.data import Array
from kerasdemo.training import traced_layers
from kerasdemo.training.keras_classes import LAYERS, NETWORK_LAYERS, classes
from kerasdemo.training.metrics import make_metrics
from kerasdemo.training.model_layers import describe_layer
from kerasdemo.training.optimizers import build_optimizer, optimizer

# Losses that Keras computes over all examples of a batch together.
OF_BATCH = ("dice", "tversky")


def build(config: RunConfig, shape: Shape, class_count: int, *, traced: bool = False) -> Any:
    """Return the network as a compiled Keras model with the seed's initial weights.

    A chain of layers is a keras.Sequential, one with residual blocks a functional keras.Model.

    Args:
        config: what to build.
        shape: of one example, without the batch axis.
        class_count: number of classes, which the `depth` form's output has a unit for.
        traced: whether an EpochTrainer trains it, with the layers of traced_layers.py; such a
            network can't be saved.

    Raises:
        InputError: where a layer does not fit, or Keras refuses a value.
    """
    try:
        builder, steps = _Builder(config, traced), expand(config, shape, class_count)
        network = builder.model(steps, shape)
        network.compile(
            optimizer=optimizer(config), loss=loss(config), metrics=metrics(config, network)
        )
        build_optimizer(network.optimizer, network.trainable_variables)
    except ShapeError as error:
        raise InputError(config.fault(key_of(error.key), str(error))) from error
    except (ValueError, TypeError, OverflowError, tf.errors.OpError) as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(config.fault(("network",), f"Keras refuses it: {text}")) from error
    return network


def describe_layers(network: Any, config: RunConfig | None = None) -> tuple[Layer, ...]:
    """Return a built Keras model's layers, from input to output: what network.json holds.

    The layers that make a maxout are one. The keys and what each layer reads are those of `config`,
    which it was built from.
    """
    layers = [
        describe_layer(layer)
        for layer in network.layers
        if not isinstance(layer, keras.layers.InputLayer)
    ]
    found: dict[str, Layer] = {}
    for layer in layers:
        split = found.pop(f"{layer.name}_split", None)
        if split:
            pieces = {"pieces": split.output_shape[-1]}
            layer = replace(layer, type="maxout", input_shape=split.input_shape, arguments=pieces)
        whole = layer.name.removesuffix("_join")
        if whole != layer.name and whole in found:
            layer = replace(found[whole], output_shape=layer.output_shape)
        found[layer.name] = layer
    if config is None:
        return tuple(found.values())
    # Of a graph Keras lists the layers in another order.
    steps = expand(config, network.input_shape[1:], network.output_shape[-1])
    return tuple(replace(found[s.name], key=s.key, inputs=s.inputs) for s in steps)


def loss(config: RunConfig) -> Any:
    """Return a new Keras loss."""
    return classes("losses")[config.loss.name](**config.loss.arguments)


def loss_is_of_batch(config: RunConfig) -> bool:
    """Return whether only a whole batch has a loss, and no single example."""
    return config.loss.name in OF_BATCH or config.loss.arguments.get("ignore_class") is not None


def accuracy(config: RunConfig, network: Any) -> Any:
    """Return Keras' accuracy metric for the kind of targets that loss and output call for."""
    kind = targets(config, network)
    if kind == "sparse":
        return keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    if kind in ("single", "numbers"):
        return keras.metrics.BinaryAccuracy(name="accuracy", threshold=config.threshold)
    return keras.metrics.CategoricalAccuracy(name="accuracy")


def metrics(config: RunConfig, network: Any) -> list[Any]:
    """Return the metrics that the network is compiled with: those of the task and the config's."""
    own = [] if config.task == "regression" else [accuracy(config, network)]
    return [*own, *make_metrics(config).values()]


def is_right(config: RunConfig, network: Any) -> Callable[[Any, Any], Any]:
    """Return the function (y, output) -> (n,) of ones and zeros whose mean is `accuracy`."""
    kind = targets(config, network)
    if kind == "sparse":
        return keras.metrics.sparse_categorical_accuracy  # type: ignore[no-any-return]
    if kind == "single":
        turns_at = config.threshold

        def single(y: Any, output: Any) -> Any:
            # Keras' binary accuracy keeps the axis of the one unit.
            right = keras.metrics.binary_accuracy(y, output, threshold=turns_at)
            return keras.ops.reshape(right, (-1,))

        return single
    return keras.metrics.categorical_accuracy  # type: ignore[no-any-return]


def targets(config: RunConfig, network: Any) -> Encoding:
    """Return how the loss takes the targets of a built network's output."""
    return find_encoding(config, network.output_shape[-1])


def encode(kind: str, y: Array, class_count: int) -> Array:
    """Return targets as a loss takes them: classes (n,) as (n,), (n, 1) or (n, classes).

    Numbers and labels (n, columns) stay as they are.
    """
    if kind == "numbers":
        return y.astype(np.float32)
    if kind == "sparse":
        return y.astype(np.int32)
    if kind == "single":
        return y[:, None].astype(np.float32)
    return np.eye(class_count, dtype=np.float32)[y]


class _Builder:
    """Turns the canonical layers into Keras layers with one policy and regularizer."""

    def __init__(self, config: RunConfig, traced: bool):
        self.config = config
        self.traced = traced
        # A seed for each layer that draws. Setting TensorFlow's global seed instead would make it
        # forget its kernels and compile every function again: slow, and it leaks memory.
        self.seeds = np.random.default_rng(config.seed)

    def model(self, steps: Sequence[BuildStep], shape: Shape) -> Any:
        """Return the model, not compiled."""
        if not any(step.inputs for step in steps):
            network = keras.Sequential([keras.Input(shape)], name="network")
            for step in steps:
                for layer in self.build(step, is_output=step is steps[-1]):
                    network.add(layer)
        else:
            given = tensor = keras.Input(shape)
            tensors = {INPUT: given}
            for step in steps:
                read = [tensors[name] for name in step.inputs]
                if read:
                    tensor = read if len(read) > 1 else read[0]
                for layer in self.build(step, is_output=step is steps[-1]):
                    tensor = layer(tensor)
                tensors[step.name] = tensor
            network = keras.Model(given, tensor, name="network")
        for layer in network.layers:
            if isinstance(layer, keras.layers.SpectralNormalization):
                # Keras draws it without a seed.
                vector = np.random.default_rng(self._seed()).normal(size=layer.vector_u.shape)
                layer.vector_u.assign(vector)
        return network

    def build(self, step: BuildStep, is_output: bool) -> Iterator[Any]:
        """Yield the Keras layers of a step, one behind the other."""
        layer = step.layer
        match layer:
            case layer_types.ActivationLayer():
                yield self._activation(layer.activation, step.name, is_output)
            case layer_types.MaxoutLayer():
                yield from self._maxout(layer.pieces, step.name, step.input_shape)
            case layer_types.AddLayer():
                yield self._layer(keras.layers.Add, name=step.name)
            case _:
                yield self._make(layer, step.name)

    def _make(self, layer: Any, name: str, is_inside: bool = False) -> Any:
        """Return Keras' layer; `is_inside` another one, which the EpochTrainer sees nothing of."""
        cls, fields = NETWORK_LAYERS[layer.type], type(layer).model_fields
        arguments = self._arguments(layer, is_inside)
        for kernel in layer_types.KERNELS:
            key = f"{kernel}_initializer"
            if key in fields:
                initializer = getattr(layer, key) or self.config.network.initializer
                # A new object for each layer: one with a seed always draws the same numbers.
                arguments = {
                    key: self._initializer(initializer),
                    f"{kernel}_regularizer": self._penalty(is_inside),
                    **arguments,
                }
        arguments |= self._drawn_by_default(layer)
        if "layer" in fields:
            arguments["layer"] = self._make(layer.layer, f"{name}_layer", is_inside=True)
        if layer.type == "bidirectional":
            # Left to itself Keras copies the layer with its seeds: both would start alike.
            back = layer.layer.model_copy(update={"go_backwards": not layer.layer.go_backwards})
            arguments["backward_layer"] = self._make(back, f"{name}_backward", is_inside=True)
        if "seed" in signature(cls).parameters:
            arguments["seed"] = self._seed()
        return self._layer(cls, is_inside, name=name, **arguments)

    def _arguments(self, layer: Any, is_inside: bool) -> dict[str, Any]:
        """Return a layer's arguments as Keras takes them, without those that are set elsewhere."""
        elsewhere = {"type", "layer", *KERNEL_INITIALIZERS}
        if not is_inside and not is_recurrent(layer.type):
            elsewhere.add("activation")  # a layer of its own
        arguments: dict[str, Any] = layer.model_dump(exclude=elsewhere)
        for name in arguments:
            value = getattr(layer, name)
            if isinstance(value, layer_types.Regularizer):
                arguments[name] = keras.regularizers.L1L2(value.l1, value.l2)
            elif isinstance(value, KerasObject) and name.endswith("activation"):
                arguments[name] = value.name
            elif isinstance(value, KerasObject) and name.endswith("_constraint"):
                arguments[name] = classes("constraints")[value.name](**value.arguments)
            elif isinstance(value, KerasObject):
                arguments[name] = self._initializer(value)
        return arguments

    def _drawn_by_default(self, layer: Any) -> dict[str, Any]:
        """Return Keras' own initializers that draw, with a seed: recurrent kernels, embeddings."""
        return {
            name: classes("initializers")[kind](seed=self._seed())
            for name, kind in layer_types.drawn_by_default(layer).items()
        }

    def _initializer(self, chosen: Initializer) -> Any:
        cls = classes("initializers")[chosen.name]
        seed = {"seed": self._seed()} if "seed" in signature(cls).parameters else {}
        return cls(**chosen.arguments, **seed)

    def _seed(self) -> int:
        return int(self.seeds.integers(2**31))

    def _penalty(self, is_inside: bool) -> Any:
        chosen = self.config.network.regularizer
        is_traced = self.traced and not is_inside
        cls = traced_layers.L1L2 if is_traced else keras.regularizers.L1L2
        return cls(chosen.l1, chosen.l2) if chosen.l1 or chosen.l2 else None

    def _maxout(self, pieces: int, name: str, shape: Shape) -> Iterator[Any]:
        """Pass the largest of each group of neighbouring values (Goodfellow et al. 2013).

        In three of Keras' layers, so that a saved model needs only Keras:
        (5, 7, -1, 1) in groups of two gives (7, 1).
        """
        *place, values = shape
        groups = values // pieces
        split = (math.prod(place) * groups, pieces)
        yield self._layer(keras.layers.Reshape, name=f"{name}_split", target_shape=split)
        pooling = keras.layers.GlobalMaxPooling1D
        yield self._layer(pooling, name=name, data_format="channels_first")
        if place:
            join = (*place, groups)
            yield self._layer(keras.layers.Reshape, name=f"{name}_join", target_shape=join)

    def _activation(self, activation: Activation, name: str, is_output: bool) -> Any:
        # Under mixed precision Keras recommends the output in float32, where the loss is computed.
        is_mixed = self.config.training.precision.startswith("mixed_")
        policy: dict[str, Any] = {"dtype": "float32"} if is_output and is_mixed else {}
        if activation.name in LAYERS:
            return self._layer(LAYERS[activation.name], name=name, **activation.arguments, **policy)
        return self._layer(keras.layers.Activation, name=name, activation=activation.name, **policy)

    def _layer(self, cls: Any, is_inside: bool = False, **arguments: Any) -> Any:
        if self.traced and not is_inside:
            cls = traced_layers.LAYERS.get(cls, cls)
        return cls(**{"dtype": self.config.training.precision, **arguments})
