"""The one list of a network's layers.

`expand` writes the `depth` form out in the layers of the `layers` form; `layers_of` tells each
layer's shapes and parameters. Lint, builder, estimate, diagnosis and remedies walk this list and
nothing else. A run keeps it, as built, in network.json.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from kerasdemo.config import keras_arguments, layer_types
from kerasdemo.config.keras_objects import Activation, Initializer
from kerasdemo.config.tensor_shapes import Shape, output_shape
from kerasdemo.config.types import Network, RunConfig

NORMALIZATIONS = ("batch_normalization", "layer_normalization")
# Layers that are an activation, and say so by their type alone.
ACTIVATION_TYPES = ("activation", "maxout", "re_lu", "leaky_re_lu", "p_re_lu", "elu", "softmax")
# Units of an output where nobody knows yet how many classes there are.
GUESSED_OUTPUTS = 10


class ShapeError(ValueError):
    """A layer that can't take what the layer before it gives; `key`: where the config has it."""

    def __init__(self, key: str, message: str):
        self.key = key
        super().__init__(message)


@dataclass(frozen=True)
class BuildStep:
    """One layer to build: with every argument, its name, and where the config declares it.

    key: dotted path of what one would change: of an activation its name, of a dense layer its
    units, of dropout its rate.
    """

    layer: layer_types.Layer
    name: str
    key: str


@dataclass(frozen=True)
class Layer:
    """One layer of a network as built, in plain values: an entry of network.json.

    Args:
        name: Keras' name of the layer.
        type: Keras' class in snake case (`dense`, `conv2d`, `batch_normalization`); `activation`
            for every activation, and `maxout` for the Keras layers that pool groups of units.
        input_shape, output_shape: of one example, without the batch axis.
        arguments: as Keras names them; objects by name and arguments.
        parameters: trainable numbers.
        key: dotted path in the config; None where the network came from Python.
    """

    name: str
    type: str
    input_shape: Shape
    output_shape: Shape
    arguments: Mapping[str, Any] = field(default_factory=dict)
    parameters: int = 0
    key: str | None = None

    @property
    def has_kernel(self) -> bool:
        """Whether it multiplies its inputs with weights."""
        return "kernel_initializer" in self.arguments

    @property
    def units(self) -> int | None:
        """Units of a dense layer, filters of a convolution; None without a kernel."""
        units: int | None = self.arguments.get("units", self.arguments.get("filters"))
        return units

    @property
    def activation(self) -> str | None:
        """Name of the activation that it applies, or None."""
        name = self.arguments.get("activation")
        return None if self.has_kernel and name == "linear" else name

    @property
    def initializer(self) -> Mapping[str, Any]:
        """The kernel's initializer: its `name` and its arguments."""
        found: Mapping[str, Any] = self.arguments["kernel_initializer"]
        return found

    @property
    def fan_in(self) -> int:
        """Inputs of one unit; 0 where that is not known."""
        if not self.input_shape or self.input_shape[-1] is None:
            return 0
        return self.input_shape[-1] // int(self.arguments.get("groups", 1)) * self._window

    @property
    def fan_out(self) -> int:
        """Outputs that one input goes to."""
        return (self.units or 0) * self._window

    @property
    def multiplications(self) -> int:
        """Products on one example's way through the layer."""
        sizes = [size or 1 for size in self.output_shape]  # one of a length that varies
        return math.prod(sizes) * self.fan_in if self.has_kernel else 0

    @property
    def _window(self) -> int:
        size = self.arguments.get("kernel_size", 1)
        return size**2 if isinstance(size, int) else math.prod(size)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values: what network.json holds."""
        return asdict(self)


@dataclass(frozen=True)
class KernelLayer:
    """A layer with a kernel, and what stands between it and the next one.

    Args:
        name, type: of the layer.
        units: that it passes on: filters of a convolution, groups of a maxout.
        units_key: where the config declares them.
        initializer: of the kernel: its `name` and its arguments.
        fan_in, fan_out: inputs of one unit, outputs that one input goes to.
        activation: `linear` where there is none.
        activation_key: where the config declares it.
        is_normalized: whether batch or layer normalization follows.
    """

    name: str
    type: str
    units: int
    units_key: str | None
    initializer: Mapping[str, Any]
    fan_in: int
    fan_out: int
    activation: str
    activation_key: str | None
    is_normalized: bool


def has_convolution(config: RunConfig) -> bool:
    """Return whether a network has a convolution, which XLA's code for the CPU is slow at."""
    return any(layer.type == "conv2d" for layer in config.network.layers or ())


def expand(config: RunConfig, shape: Shape, outputs: int | None) -> tuple[BuildStep, ...]:
    """Return the layers to build, in order, each with its name.

    Args:
        config: whose network it is.
        shape: of one example, without the batch axis.
        outputs: classes, labels or target columns, which the `depth` form's output has a unit for;
            None counts as 10.
    """
    network = config.network
    if network.layers is None:
        units = 1 if config.has_one_output else outputs or GUESSED_OUTPUTS
        steps = _by_depth(network, shape, units)
    else:
        steps = _as_written(network.layers, shape)
    numbers: Counter[str] = Counter()
    named = []
    for layer, key in steps:
        numbers[layer.type] += 1
        named.append(BuildStep(layer, f"{layer.type}_{numbers[layer.type]}", key))
    if network.layers is None:
        # The last kernel; only the output's activation stands behind it.
        named[-2] = BuildStep(named[-2].layer, "output", named[-2].key)
    return tuple(named)


Declared = Iterator[tuple[layer_types.Layer, str]]


def _by_depth(network: Network, shape: Shape, outputs: int) -> Declared:
    pieces = network.maxout_pieces if network.activation.name == "maxout" else 1
    if len(shape) > 1:
        yield layer_types.FlattenLayer(type="flatten"), "network"
    if network.input_dropout:
        dropout = layer_types.DropoutLayer(type="dropout", rate=network.input_dropout)
        yield dropout, "network.input_dropout"
    for units in network.hidden_units:
        yield _dense(units * pieces), "network.units"
        if network.normalization == "batch":
            normalization = layer_types.BatchNormalizationLayer(type="batch_normalization")
            yield normalization, "network.normalization"
        elif network.normalization == "layer":
            yield (
                layer_types.LayerNormalizationLayer(type="layer_normalization"),
                "network.normalization",
            )
        if network.activation.name == "maxout":
            yield layer_types.MaxoutLayer(type="maxout", pieces=pieces), "network.activation"
        else:
            yield _activation(network.activation), "network.activation"
        if network.dropout:
            yield layer_types.DropoutLayer(type="dropout", rate=network.dropout), "network.dropout"
    yield _dense(outputs), "network"
    yield _activation(network.output_activation), "network.output_activation"


def _as_written(layers: Sequence[layer_types.Layer], shape: Shape) -> Declared:
    if isinstance(layers[0], layer_types.Conv2DLayer) and len(shape) == 2:
        yield layer_types.ReshapeLayer(type="reshape", target_shape=(*shape, 1)), "network.layers.0"
    for number, layer in enumerate(layers):
        key = f"network.layers.{number}"
        match layer:
            case layer_types.DenseLayer() | layer_types.Conv2DLayer():
                yield layer, f"{key}.{'units' if layer.type == 'dense' else 'filters'}"
                if layer.activation.name != "linear":
                    yield _activation(layer.activation), f"{key}.activation"
            case layer_types.MaxoutLayer():
                if layer.units is not None:
                    yield _dense(layer.units * layer.pieces), f"{key}.units"
                yield layer_types.MaxoutLayer(type="maxout", pieces=layer.pieces), f"{key}.pieces"
            case layer_types.ActivationLayer():
                yield layer, f"{key}.activation"
            case layer_types.DropoutLayer():
                yield layer, f"{key}.rate"
            case _:
                yield layer, key


def _dense(units: int) -> layer_types.DenseLayer:
    # Unchecked: units times pieces may be more than a config may have; the memory check says so.
    return layer_types.DenseLayer(type="dense", units=1).model_copy(update={"units": units})


def _activation(chosen: Activation | None) -> layer_types.ActivationLayer:
    # A config that was not completed has none at its output.
    given: Any = chosen or {"name": "softmax"}
    return layer_types.ActivationLayer(type="activation", activation=given)


def layers_of(config: RunConfig, shape: Shape, outputs: int | None) -> tuple[Layer, ...]:
    """Return a config's layers as they would be built, without building them.

    Args:
        config: whose network it is.
        shape: of one example, without the batch axis.
        outputs: classes, labels or target columns; None counts as 10.

    Raises:
        ShapeError: where a layer can't take what the layer before it gives.
    """
    layers = []
    for step in expand(config, shape, outputs):
        try:
            output = output_shape(step.layer, shape)
        except ValueError as error:
            raise ShapeError(step.key, str(error)) from None
        arguments = _arguments(step.layer, config.network.initializer)
        count = _parameters(step.layer, arguments, shape)
        kind = step.layer.type
        layers.append(Layer(step.name, kind, shape, output, arguments, count, step.key))
        shape = output
    return tuple(layers)


def _arguments(layer: layer_types.Layer, initializer: Initializer) -> dict[str, Any]:
    """Return a layer's arguments in plain values, without those that are not given."""
    found = {
        name: value
        for name, value in layer.model_dump(mode="json", exclude={"type"}).items()
        if value is not None
    }
    if isinstance(layer, layer_types.ActivationLayer):
        return {"activation": layer.activation.name, **layer.activation.arguments}
    if isinstance(layer, layer_types.DenseLayer | layer_types.Conv2DLayer):
        found.setdefault("kernel_initializer", initializer.model_dump(mode="json"))
        found["activation"] = "linear"  # it is a layer of its own
    return found


def _parameters(layer: layer_types.Layer, arguments: Mapping[str, Any], shape: Shape) -> int:
    match layer:
        case layer_types.DenseLayer():
            return (shape[-1] + layer.use_bias) * layer.units
        case layer_types.Conv2DLayer():
            size = layer.kernel_size
            window = size**2 if isinstance(size, int) else math.prod(size)
            return (shape[-1] // layer.groups * window + layer.use_bias) * layer.filters
        case layer_types.BatchNormalizationLayer() | layer_types.LayerNormalizationLayer():
            scales = arguments.get("center", True) + arguments.get("scale", True)
            return int(scales) * shape[-1]
        case layer_types.ActivationLayer() if layer.activation.name == "prelu":
            return math.prod(shape)
        case _:
            return 0


def kernel_layers(layers: Sequence[Layer]) -> tuple[KernelLayer, ...]:
    """Return the layers with a kernel, from input to output; the last one gives the output."""
    places = [n for n, layer in enumerate(layers) if layer.has_kernel]
    if not places:
        return ()
    return tuple(
        _kernel_layer(layers[start], layers[start + 1 : end])
        for start, end in zip(places, [*places[1:], len(layers)], strict=True)
    )


def _is_activation(layer: Layer) -> bool:
    known = (*ACTIVATION_TYPES, *keras_arguments.names("activations"))  # as keras.ops.relu
    return layer.activation is not None or layer.type in known


def _kernel_layer(layer: Layer, behind: Sequence[Layer]) -> KernelLayer:
    units, activation, key = layer.units or 0, layer.activation, layer.key
    name = layer.name
    for one in behind:
        if activation is None and _is_activation(one):
            activation, key, name = one.activation or one.type, one.key, one.name
            units = one.output_shape[-1] if one.type == "maxout" else units
    if layer.key is None:  # from Python: a layer is found by its name
        key = f"layers.{name}.activation"
    elif activation is None:
        key = f"{(key or '').rpartition('.')[0]}.activation"
    return KernelLayer(
        name=layer.name,
        type=layer.type,
        units=units,
        units_key=layer.key or f"layers.{layer.name}.units",
        initializer=layer.initializer,
        fan_in=layer.fan_in,
        fan_out=layer.fan_out,
        activation=activation or "linear",
        activation_key=key,
        is_normalized=any(one.type in NORMALIZATIONS for one in behind),
    )
