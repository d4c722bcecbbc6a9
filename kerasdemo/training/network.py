"""From a config's `network` to an ordinary Keras model."""

import math
from collections.abc import Callable, Iterator
from inspect import signature
from typing import Any

import numpy as np

from kerasdemo.backend import keras, tf
from kerasdemo.config import InputError, RunConfig, types
from kerasdemo.config.consistency import single_output
from kerasdemo.data.loading import Array, Scaling
from kerasdemo.training import traced_layers
from kerasdemo.training.keras_classes import LAYERS, classes

Shape = tuple[int, ...]
# Losses that Keras computes over all examples of a batch together.
OF_BATCH = ("dice", "tversky")
# Losses that take the class itself, not a column for each.
OF_CLASSES = ("sparse_categorical_crossentropy", "categorical_generalized_cross_entropy")


def build(config: RunConfig, shape: Shape, class_count: int, *, for_program: bool = False) -> Any:
    """Return the network as a compiled keras.Sequential with the seed's initial weights.

    Args:
        config: what to build.
        shape: of one example, without the batch axis.
        class_count: number of classes, which the `depth` form's output has a unit for.
        for_program: whether a compiled program will train it (traced_layers.py); such a network
            is not to be saved.

    Raises:
        InputError: where Keras refuses a value.
    """
    try:
        network = keras.Sequential([keras.Input(shape)], name="network")
        for layer in _Builder(config, network, for_program).layers(shape, class_count):
            network.add(layer)
        network.compile(
            optimizer=optimizer(config), loss=loss(config), metrics=[accuracy(config, network)]
        )
        build_optimizer(network.optimizer, network.trainable_variables)
    except (ValueError, TypeError, OverflowError, tf.errors.ResourceExhaustedError) as error:
        text = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise InputError(config.fault(("network",), f"Keras refuses it: {text}")) from error
    return network


def with_scaling(network: Any, config: RunConfig, scaling: Scaling) -> Any:
    """Return the compiled network behind a layer that scales: it takes examples as found."""
    if scaling.mean is not None and scaling.sd is not None:
        layer = keras.layers.Normalization(
            axis=tuple(range(1, scaling.mean.ndim + 1)),
            mean=scaling.mean,
            variance=scaling.sd**2,
            dtype="float32",
            name="normalization",
        )
    elif scaling.largest is not None:
        layer = keras.layers.Rescaling(1.0 / scaling.largest, dtype="float32", name="rescaling")
    else:
        return network
    layers = [keras.Input(network.input_shape[1:]), layer, *network.layers]
    whole = keras.Sequential(layers, name="network")
    whole.compile(
        optimizer=network.optimizer, loss=network.loss, metrics=[accuracy(config, network)]
    )
    return whole


def optimizer(config: RunConfig) -> Any:
    """Return a new Keras optimizer, which scales the loss under mixed_float16 as Keras does."""
    name = config.optimizer.name
    # Left to itself Keras numbers its optimizers, and TensorFlow keeps a kernel for ever for each
    # new name of a variable: a megabyte a run.
    chosen = classes("optimizers")[name](**config.optimizer.arguments, name=name)
    if config.training.precision == "mixed_float16":
        return keras.optimizers.LossScaleOptimizer(chosen, name="loss_scale_optimizer")
    return chosen


def build_optimizer(chosen: Any, variables: list[Any]) -> None:
    """Make an optimizer's variables."""
    # Made by Keras' LossScaleOptimizer, one of Nadam's would be missing in `variables`.
    getattr(chosen, "inner_optimizer", chosen).build(variables)
    chosen.build(variables)


def loss(config: RunConfig) -> Any:
    """Return a new Keras loss."""
    return classes("losses")[config.loss.name](**config.loss.arguments)


def loss_is_of_batch(config: RunConfig) -> bool:
    """Return whether a batch has the loss as a whole, and no example one of its own."""
    return config.loss.name in OF_BATCH or config.loss.arguments.get("ignore_class") is not None


def accuracy(config: RunConfig, network: Any) -> Any:
    """Return Keras' accuracy metric for the kind of targets that loss and output call for."""
    kind = targets(config, network)
    if kind == "sparse":
        return keras.metrics.SparseCategoricalAccuracy(name="accuracy")
    if kind == "single":
        return keras.metrics.BinaryAccuracy(name="accuracy", threshold=_threshold(config))
    return keras.metrics.CategoricalAccuracy(name="accuracy")


def is_right(config: RunConfig, network: Any) -> Callable[[Any, Any], Any]:
    """Return the function (y, output) -> (n,) of ones and zeros whose mean is `accuracy`."""
    kind = targets(config, network)
    if kind == "sparse":
        return keras.metrics.sparse_categorical_accuracy  # type: ignore[no-any-return]
    if kind == "single":
        threshold = _threshold(config)

        def single(y: Any, output: Any) -> Any:
            # Keras' binary accuracy keeps the axis of the one unit.
            right = keras.metrics.binary_accuracy(y, output, threshold=threshold)
            return keras.ops.reshape(right, (-1,))

        return single
    return keras.metrics.categorical_accuracy  # type: ignore[no-any-return]


def targets(config: RunConfig, network: Any) -> str:
    """Return the kind of targets: sparse (classes), single (one column), one_hot."""
    if config.loss.name in OF_CLASSES:
        return "sparse"
    return "single" if network.output_shape[-1] == 1 else "one_hot"


def encode(kind: str, y: Array, class_count: int) -> Array:
    """Return classes (n,) as targets of a kind: (n,), (n, 1) or (n, classes)."""
    if kind == "sparse":
        return y.astype(np.int32)
    if kind == "single":
        return y[:, None].astype(np.float32)
    return np.eye(class_count, dtype=np.float32)[y]


def _threshold(config: RunConfig) -> float:
    # Logits and hinge outputs turn at 0, probabilities at one half.
    centred = config.loss.arguments.get("from_logits") or "hinge" in config.loss.name
    return 0.0 if centred else 0.5


def _penalty(chosen: types.Regularizer, for_program: bool = False) -> Any:
    cls = traced_layers.L1L2 if for_program else keras.regularizers.L1L2
    return cls(chosen.l1, chosen.l2) if chosen.l1 or chosen.l2 else None


class _Builder:
    """Turns configured layers into Keras layers with one policy, initializer and regularizer."""

    def __init__(self, config: RunConfig, built: Any, for_program: bool):
        self.config = config
        self.for_program = for_program
        self.network = config.network
        self.built = built
        self.numbers: dict[str, int] = {}
        # A seed for each layer that draws. Setting TensorFlow's global seed instead would make it
        # forget its kernels, and instantiate every compiled program anew: slow, and it leaks.
        self.seeds = np.random.default_rng(config.seed)

    @property
    def shape(self) -> Shape:
        """Of what the layers built so far give for one example."""
        return tuple(self.built.output_shape[1:])

    def layers(self, shape: Shape, class_count: int) -> Iterator[Any]:
        if self.network.layers is None:
            return self._by_depth(shape, class_count)
        return self._as_written(self.network.layers, shape)

    def _by_depth(self, shape: Shape, class_count: int) -> Iterator[Any]:
        network = self.network
        if len(shape) > 1:
            yield self._layer(keras.layers.Flatten)
        if network.input_dropout:
            yield self._layer(keras.layers.Dropout, rate=network.input_dropout)
        pieces = network.maxout_pieces if network.activation.name == "maxout" else 1
        for units in network.hidden_units:
            yield self._kernel(keras.layers.Dense, units=units * pieces)
            if network.normalization == "batch":
                yield self._layer(keras.layers.BatchNormalization)
            elif network.normalization == "layer":
                yield self._layer(keras.layers.LayerNormalization)
            if network.activation.name == "maxout":
                yield from self._maxout(pieces)
            else:
                yield self._activation(network.activation)
            if network.dropout:
                yield self._layer(keras.layers.Dropout, rate=network.dropout)
        yield self._kernel(
            keras.layers.Dense,
            units=1 if single_output(self.config) else class_count,
            name="output",
        )
        yield self._activation(network.output_activation, output=True)

    def _as_written(self, layers: tuple[types.Layer, ...], shape: Shape) -> Iterator[Any]:
        if isinstance(layers[0], types.Conv2DLayer) and len(shape) == 2:
            yield self._layer(keras.layers.Reshape, target_shape=(*shape, 1))
        for number, layer in enumerate(layers):
            yield from self._written(layer, output=number == len(layers) - 1)

    def _written(self, layer: types.Layer, output: bool) -> Iterator[Any]:
        arguments = self._objects(layer)
        match layer:
            case types.DenseLayer() | types.Conv2DLayer():
                cls = {"dense": keras.layers.Dense, "conv2d": keras.layers.Conv2D}[layer.type]
                yield self._kernel(cls, initializer=layer.kernel_initializer, **arguments)
                if layer.activation.name != "linear":
                    yield self._activation(layer.activation, output)
            case types.ActivationLayer():
                yield self._activation(layer.activation, output)
            case types.MaxoutLayer():
                if layer.units is not None:
                    yield self._kernel(keras.layers.Dense, units=layer.units * layer.pieces)
                yield from self._maxout(layer.pieces)
            case _:
                yield self._layer(PLAIN[layer.type], **arguments)

    def _kernel(
        self, cls: Any, initializer: types.Initializer | None = None, **arguments: Any
    ) -> Any:
        chosen = initializer or self.network.initializer
        penalty = self.network.regularizer
        # A new object for each layer: one with a seed draws the same numbers every time.
        usual = {
            "kernel_initializer": self._initializer(chosen),
            "kernel_regularizer": _penalty(penalty, self.for_program),
        }
        return self._layer(cls, **usual | arguments)

    def _objects(self, layer: Any) -> dict[str, Any]:
        """Return a layer's arguments as Keras takes them, but for what has a place of its own."""
        own = {"type", "activation", "kernel_initializer"}
        arguments: dict[str, Any] = layer.model_dump(exclude=own)
        for name in arguments:
            value = getattr(layer, name)
            if isinstance(value, types.Regularizer):
                arguments[name] = _penalty(value)
            elif isinstance(value, types.KerasObject) and name.endswith("_constraint"):
                arguments[name] = classes("constraints")[value.name](**value.arguments)
            elif isinstance(value, types.KerasObject):
                arguments[name] = self._initializer(value)
        return arguments

    def _initializer(self, chosen: types.Initializer) -> Any:
        cls = classes("initializers")[chosen.name]
        seed = {"seed": self._seed()} if "seed" in signature(cls).parameters else {}
        return cls(**chosen.arguments, **seed)

    def _seed(self) -> int:
        return int(self.seeds.integers(2**31))

    def _maxout(self, pieces: int) -> Iterator[Any]:
        """Pass the largest of each group of neighbouring values (Goodfellow et al. 2013).

        In three of Keras' own layers, so that a saved model needs nothing but Keras:
        (5, 7, -1, 1) in groups of two gives (7, 1).
        """
        *place, values = self.shape
        groups = values // pieces
        yield self._layer(keras.layers.Reshape, target_shape=(math.prod(place) * groups, pieces))
        yield self._layer(keras.layers.GlobalMaxPooling1D, data_format="channels_first")
        if place:
            yield self._layer(keras.layers.Reshape, target_shape=(*place, groups))

    def _activation(self, activation: Any, output: bool = False) -> Any:
        # Under mixed precision Keras wants the output in float32, where the loss is computed.
        policy = {"dtype": "float32"} if output and self._mixed else {}
        if activation.name in LAYERS:
            return self._layer(LAYERS[activation.name], **activation.arguments, **policy)
        return self._layer(keras.layers.Activation, activation=activation.name, **policy)

    @property
    def _mixed(self) -> bool:
        return self.config.training.precision.startswith("mixed_")

    def _layer(self, cls: Any, **arguments: Any) -> Any:
        kind = NAMES.get(cls, cls.__name__.lower())
        if cls is keras.layers.Dropout:
            arguments["seed"] = self._seed()
        if "name" not in arguments:
            self.numbers[kind] = self.numbers.get(kind, 0) + 1
            arguments["name"] = f"{kind}_{self.numbers[kind]}"
        if self.for_program:
            cls = traced_layers.LAYERS.get(cls, cls)
        return cls(**{"dtype": self.config.training.precision, **arguments})


PLAIN: dict[str, Any] = {
    "max_pooling2d": keras.layers.MaxPooling2D,
    "average_pooling2d": keras.layers.AveragePooling2D,
    "flatten": keras.layers.Flatten,
    "reshape": keras.layers.Reshape,
    "dropout": keras.layers.Dropout,
    "batch_normalization": keras.layers.BatchNormalization,
    "layer_normalization": keras.layers.LayerNormalization,
}
NAMES = {cls: kind for kind, cls in PLAIN.items()}
