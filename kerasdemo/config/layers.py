"""The one list of a network's layers.

`expand` writes the `depth` form and nested blocks out in layers, each with its shapes; `layers_of`
tells each layer's parameters and arguments as well. Lint, builder, estimate, diagnosis and remedies
walk this list and nothing else. A run keeps it, as built, in network.json.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from kerasdemo.config import keras_arguments, layer_types, parameter_counts
from kerasdemo.config.keras_objects import Activation, Initializer
from kerasdemo.config.layer_arguments import dimensions
from kerasdemo.config.tensor_shapes import (
    RECURRENT,
    Shape,
    changes_images,
    is_recurrent,
    output_shape,
    takes_images,
)
from kerasdemo.config.types import Network, RunConfig

NORMALIZATIONS = ("batch_normalization", "layer_normalization")
# Layers that are an activation, and say so by their type alone.
ACTIVATION_TYPES = ("activation", "maxout", "re_lu", "leaky_re_lu", "p_re_lu", "elu", "softmax")
# Those that a config may write as a layer or as an activation: one type in network.json.
AS_ACTIVATION = {"leaky_re_lu": "leaky_relu", "p_re_lu": "prelu", "elu": "elu"}
# What the first step of a block reads where nothing stands before the block.
INPUT = "input"
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

    Args:
        layer: with its arguments.
        name: unique in the network.
        key: dotted path of what one would change: of an activation its name, of a dense layer its
            units, of dropout its rate.
        input_shape, output_shape: of one example, without the batch axis; of several inputs, which
            are added, the first one's.
        inputs: names of the steps that it reads, `INPUT` for the network's input; () = the one
            before.
    """

    layer: layer_types.Layer
    name: str
    key: str
    input_shape: Shape
    output_shape: Shape
    inputs: tuple[str, ...] = ()


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
        inputs: names of the layers that it reads, "input" for the network's input, where that is
            not the layer before.
    """

    name: str
    type: str
    input_shape: Shape
    output_shape: Shape
    arguments: Mapping[str, Any] = field(default_factory=dict)
    parameters: int = 0
    key: str | None = None
    inputs: tuple[str, ...] = ()

    @property
    def has_kernel(self) -> bool:
        """Whether it multiplies its inputs with weights."""
        return any(name in self.arguments for name in layer_types.KERNEL_INITIALIZERS)

    @property
    def units(self) -> int | None:
        """Units of a dense layer, filters of a convolution; None without a kernel."""
        units: int | None = self.arguments.get("units", self.arguments.get("filters"))
        if units is None and self.has_kernel and self.output_shape:
            return self.output_shape[-1]  # of depthwise convolutions its channels
        return units

    @property
    def activation(self) -> str | None:
        """Name of the activation that it applies, or None."""
        name = self.arguments.get("activation")
        return None if self.has_kernel and name == "linear" else name

    @property
    def initializer(self) -> Mapping[str, Any]:
        """The kernel's initializer: its `name` and its arguments."""
        names = layer_types.KERNEL_INITIALIZERS
        found: Mapping[str, Any] = next(self.arguments[n] for n in names if n in self.arguments)
        return found

    @property
    def fan_in(self) -> int:
        """Inputs of one unit; 0 where that is not known."""
        if not self.input_shape or self.input_shape[-1] is None:
            return 0
        if "depthwise_initializer" in self.arguments:  # each channel has kernels of its own
            return self._window
        return self.input_shape[-1] // int(self.arguments.get("groups", 1)) * self._window

    @property
    def fan_out(self) -> int:
        """Outputs that one input goes to."""
        return (self.units or 0) * self._window

    @property
    def multiplications(self) -> int:
        """Products on one example's way through the layer."""
        sizes = [size or 1 for size in self.output_shape]  # one of a length that varies
        if self.type in RECURRENT and self.has_kernel:
            steps = (self.input_shape[0] or 1) if len(self.input_shape) == 2 else 1
            return steps * self.parameters
        return math.prod(sizes) * self.fan_in if self.has_kernel else 0

    @property
    def _window(self) -> int:
        size = self.arguments.get("kernel_size", 1)
        axes = dimensions(self.type) or 2
        return int(size**axes) if isinstance(size, int) else math.prod(size)

    def as_dict(self) -> dict[str, Any]:
        """Return plain values: what network.json holds."""
        found = asdict(self)
        if not self.inputs:  # as in every chain
            del found["inputs"]
        return found


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
    walked = layer_types.walk(config.network.layers or ())
    return any("conv" in layer.type for _, layer in walked)


def needs_graph(config: RunConfig) -> bool:
    """Return whether a network has a layer that XLA can't compile: it trains as a graph.

    Those that say so (Keras' `supports_jit`), and all that change images: they draw numbers in
    ways that XLA has no code for.
    """
    without = keras_arguments.without_xla()
    walked = layer_types.walk(config.network.layers or ())
    return any(layer.type in without or changes_images(layer.type) for _, layer in walked)


def has_recurrence(config: RunConfig) -> bool:
    """Return whether a network has a layer that goes through a sequence step by step."""
    walked = layer_types.walk(config.network.layers or ())
    return any(is_recurrent(layer.type) for _, layer in walked)


def expand(config: RunConfig, shape: Shape, outputs: int | None) -> tuple[BuildStep, ...]:
    """Return the layers to build, in order, each with its name and shapes.

    Args:
        config: whose network it is.
        shape: of one example, without the batch axis.
        outputs: classes, labels or target columns, which the `depth` form's output has a unit for;
            None counts as 10.

    Raises:
        ShapeError: where a layer can't take what the layer before it gives.
    """
    network, steps = config.network, _Steps(shape)
    if network.layers is None:
        units = 1 if config.has_one_output else outputs or GUESSED_OUTPUTS
        for layer, key in _by_depth(network, shape, units):
            steps.add(layer, key)
        # The last kernel; only the output's activation stands behind it.
        steps.found[-2] = replace(steps.found[-2], name="output")
    else:
        if len(shape) == 2 and _starts_with_images(network.layers):
            reshape = layer_types.ReshapeLayer(type="reshape", target_shape=(*shape, 1))
            steps.add(reshape, "network.layers.0")
        steps.add_all(network.layers, "network.layers")
    return tuple(steps.found)


def _starts_with_images(layers: Sequence[layer_types.Layer]) -> bool:
    """Return whether the first layer that minds takes images, so that (28, 28) is one."""
    for _, layer in layer_types.walk(layers):
        if takes_images(layer.type):
            return True
        if layer.type not in KEEP_SHAPE:
            return False
    return False


# Layers that take anything and leave its shape: whatever stands behind them says what it is.
KEEP_SHAPE = ("rescaling", "normalization", "dropout", "gaussian_noise", "identity", "activation")


class _Steps:
    """Collects the steps of a network, from its input on."""

    def __init__(self, shape: Shape):
        self.shape = shape
        self.found: list[BuildStep] = []
        self.numbers: Counter[str] = Counter()

    @property
    def last(self) -> str:
        """Name of what the next step reads."""
        return self.found[-1].name if self.found else INPUT

    def add(
        self,
        layer: layer_types.Layer,
        key: str,
        place: str | None = None,
        inputs: tuple[str, ...] = (),
        name: str | None = None,
    ) -> None:
        """Add a layer; `place` is the key of the whole layer, where `key` is one inside it."""
        try:
            output = output_shape(layer, self.shape)
        except ValueError as error:
            arrives = str(self.shape)
            text = str(error) if arrives in str(error) else f"{error}; it gets shape {arrives}"
            raise ShapeError(place or key, text) from None
        name = name or layer.type
        self.numbers[name] += 1
        name = f"{name}_{self.numbers[name]}"
        self.found.append(BuildStep(layer, name, key, self.shape, output, inputs))
        self.shape = output

    def add_all(self, layers: Sequence[layer_types.Layer], key: str) -> None:
        """Add layers as written, with what stands inside blocks."""
        for number, layer in enumerate(layers):
            place = f"{key}.{number}"
            if isinstance(layer, layer_types.ResidualBlock):
                self._add_residual(layer, place)
            elif isinstance(layer, layer_types.RepeatBlock):
                for _ in range(layer.repeat.times):
                    self.add_all(layer.repeat.layers, f"{place}.repeat.layers")
            else:
                for one, inside in _as_written(layer):
                    self.add(one, f"{place}.{inside}" if inside else place, place)

    def _add_residual(self, block: layer_types.ResidualBlock, place: str) -> None:
        shortcut, before = self.last, self.shape
        self.add_all(block.residual, f"{place}.residual")
        end, after = self.last, self.shape
        if before != after:
            try:
                projection = _projection(before, after)
            except ValueError as error:
                raise ShapeError(place, str(error)) from None
            self.shape = before
            self.add(projection, place, inputs=(shortcut,), name="projection")
            shortcut = self.last
        self.add(layer_types.AddLayer(type="add"), place, inputs=(end, shortcut))


def _projection(before: Shape, after: Shape) -> layer_types.Layer:
    """Return the layer that gives a block's input the shape of its output.

    Raises:
        ValueError: where none does.
    """
    if len(before) == len(after) == 1:
        return _dense(after[0])
    axes = len(before) - 1
    if len(before) == len(after) and axes in (1, 2, 3):
        strides = tuple(-(-n // m) for n, m in zip(before[:-1], after[:-1], strict=True))
        made = layer_types.make(
            f"conv{axes}d",
            filters=after[-1],
            kernel_size=1,
            strides=strides[0] if len(set(strides)) == 1 else strides,
        )
        if output_shape(made, before) == after:
            return made
    raise ValueError(
        f"the block gives shape {after}, which its input of shape {before} can't be added to; "
        "give its convolutions padding: same, and end it with as many axes as it begins with"
    )


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


def _as_written(layer: layer_types.Layer) -> Declared:
    """Yield the layers that one of the `layers` form stands for, and what one would change."""
    fields = type(layer).model_fields
    match layer:
        case layer_types.ActivationLayer():
            yield layer, "activation"
        case layer_types.MaxoutLayer():
            if layer.units is not None:
                yield _dense(layer.units * layer.pieces), "units"
            yield layer_types.MaxoutLayer(type="maxout", pieces=layer.pieces), "pieces"
        case _:
            yield layer, next((n for n in ("units", "filters", "rate") if n in fields), "")
            activation = getattr(layer, "activation", None)
            if activation and activation.name != "linear" and not is_recurrent(layer.type):
                yield _activation(activation), "activation"


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
            count = parameter_counts.count(step.layer, step.input_shape)
        except ValueError as error:
            raise ShapeError(step.key, str(error)) from None
        kind = "activation" if step.layer.type in AS_ACTIVATION else step.layer.type
        arguments = _arguments(step.layer, config.network.initializer)
        layers.append(
            Layer(
                *(step.name, kind, step.input_shape, step.output_shape),
                *(arguments, count, step.key, step.inputs),
            )
        )
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
    if layer.type in AS_ACTIVATION:
        return {"activation": AS_ACTIVATION[layer.type], **found}
    for name in layer_types.KERNEL_INITIALIZERS:
        if name in type(layer).model_fields:
            found.setdefault(name, initializer.model_dump(mode="json"))
    if "activation" in found:  # but for recurrent layers it is a layer of its own
        found["activation"] = found["activation"]["name"] if is_recurrent(layer.type) else "linear"
    return found


def kernel_layers(layers: Sequence[Layer]) -> tuple[KernelLayer, ...]:
    """Return the layers with a kernel, from input to output; the last one gives the output."""
    found = [n for n, layer in enumerate(layers) if layer.has_kernel]
    if not found:
        return ()
    if any(layer.inputs for layer in layers):
        return tuple(_kernel_layer(layers[n], _behind(layers, n)) for n in found)
    return tuple(
        _kernel_layer(layers[start], layers[start + 1 : end])
        for start, end in zip(found, [*found[1:], len(layers)], strict=True)
    )


def _behind(layers: Sequence[Layer], start: int) -> list[Layer]:
    """Return the layers behind one in a graph, up to the next kernels.

    From the second addition on only as far as an activation: beyond are other blocks.
    """
    names = [INPUT, *(layer.name for layer in layers)]
    readers: dict[str, list[Layer]] = {}
    for before, layer in zip(names, layers, strict=False):
        for name in layer.inputs or (before,):
            readers.setdefault(name, []).append(layer)
    found: list[Layer] = []
    level, additions = [layers[start]], 0
    while level:
        read = [one for layer in level for one in readers.get(layer.name, ())]
        additions += any(len(one.inputs) > 1 for one in read)
        if additions > 1 and any(map(_is_activation, found)):
            break
        level = [one for one in read if not one.has_kernel and one not in found]
        found += level
    return found


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
