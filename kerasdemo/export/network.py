"""A config's network as code: the layers that `training.network` builds, with the same seeds."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from kerasdemo.config import RunConfig, keras_arguments, layer_types
from kerasdemo.config.keras_objects import Activation, Initializer, KerasObject
from kerasdemo.config.layer_types import KERNEL_INITIALIZERS, KERNELS
from kerasdemo.config.layers import INPUT, BuildStep, expand
from kerasdemo.config.tensor_shapes import Shape, is_recurrent
from kerasdemo.export.code import call, lay_out, value
from kerasdemo.export.objects import (
    class_path,
    plain,
    write_arguments,
    write_object,
    write_penalty,
)

# What Keras' layers take without a keyword.
POSITIONAL = {
    "dense": ("units",),
    "conv1d": ("filters", "kernel_size"),
    "conv2d": ("filters", "kernel_size"),
    "max_pooling2d": ("pool_size",),
    "average_pooling2d": ("pool_size",),
    "reshape": ("target_shape",),
    "dropout": ("rate",),
    **dict.fromkeys(("gru", "lstm", "simple_rnn"), ("units",)),
    "embedding": ("input_dim", "output_dim"),
}
# Activations that are layers with arguments, so that none stands inside another layer.
ACTIVATION_LAYERS = {"leaky_relu": "LeakyReLU", "prelu": "PReLU", "elu": "ELU"}


def write_network(
    config: RunConfig, shape: Shape, outputs: int | None, *, seeded: bool = True
) -> list[str]:
    """Return the lines that make `model`: a Sequential, or a functional model with branches.

    Args:
        config: whose network it is.
        shape: of one example, without the batch axis.
        outputs: classes, labels or target columns.
        seeded: whether each layer names the seed of its own that a run of the config has.

    Raises:
        ShapeError: where a layer does not fit.
    """
    layers = _Layers(config, seeded)
    steps = layers.merge(expand(config, shape, outputs))
    given = call("keras.Input", [value(tuple(shape))])
    if not any(step.inputs for step, _ in steps):
        stack = [given]
        for step, inside in steps:
            stack += layers.write(step, inside, is_output=step is steps[-1][0])
        lines = lay_out(f"model = keras.Sequential([{', '.join(stack)}])")
    else:
        lines = [f"inputs = {given}", *_graph(layers, steps)]
    return [*lines, *layers.afterwards(steps)]


def _graph(layers: "_Layers", steps: Sequence[tuple[BuildStep, str | None]]) -> Iterator[str]:
    """Yield a line for each layer: `flow` goes through them, and what is read later is kept."""
    last_read = {name: number for number, (step, _) in enumerate(steps) for name in step.inputs}
    names, current, kept = {INPUT: "inputs"}, "inputs", 0
    for number, (step, inside) in enumerate(steps):
        given = [names[name] for name in step.inputs] or [current]
        current = f"[{', '.join(given)}]" if len(given) > 1 else given[0]
        is_kept = last_read.get(step.name, 0) > number + 1
        kept += is_kept
        parts = list(layers.write(step, inside, is_output=number == len(steps) - 1))
        for part in parts:
            is_end = part is parts[-1]
            target = f"kept_{kept}" if is_kept and is_end else "flow"
            yield from lay_out(f"{target} = {part}({current})")
            current = target
        if is_kept and not parts:
            yield f"kept_{kept} = {current}"
            current = f"kept_{kept}"
        names[step.name] = current
    yield f"model = keras.Model(inputs, {current})"


class _Layers:
    """The code of a config's layers; draws the seeds that `training.network.build` draws."""

    def __init__(self, config: RunConfig, seeded: bool):
        self.config = config
        self.seeds = np.random.default_rng(config.seed) if seeded else None
        self.is_mixed = config.training.precision.startswith("mixed_")

    def merge(self, steps: Sequence[BuildStep]) -> list[tuple[BuildStep, str | None]]:
        """Return the steps, each with the activation that its layer can apply itself.

        A step that takes the activation behind it in takes that step's name and place, too.
        """
        read = {name for step in steps for name in step.inputs}
        merged: list[tuple[BuildStep, str | None]] = []
        for number, step in enumerate(steps):
            before = merged[-1] if merged else None
            layer, is_output = step.layer, number == len(steps) - 1
            if (
                before
                and before[1] is None
                and isinstance(layer, layer_types.ActivationLayer)
                and layer.activation.name not in ACTIVATION_LAYERS
                and not step.inputs
                and before[0].name not in read
                and _applies_activation(before[0].layer)
                and not (is_output and self.is_mixed)
            ):
                one = before[0]
                whole = BuildStep(
                    *(one.layer, step.name, one.key, one.input_shape, step.output_shape, one.inputs)
                )
                merged[-1] = (whole, layer.activation.name)
            else:
                merged.append((step, None))
        return merged

    def write(self, step: BuildStep, activation: str | None, *, is_output: bool) -> Iterator[str]:
        """Yield the calls that make a step's layers, one behind the other."""
        layer = step.layer
        match layer:
            case layer_types.ActivationLayer():
                yield from self._activation(layer.activation, is_output)
            case layer_types.MaxoutLayer():
                yield from _maxout(layer.pieces, step.input_shape)
            case layer_types.AddLayer():
                yield "keras.layers.Add()"
            case _:
                yield self._layer(layer, activation)

    def afterwards(self, steps: Sequence[tuple[BuildStep, str | None]]) -> Iterator[str]:
        """Yield what is done to the built model: vectors that Keras draws without a seed."""
        normalized = [s for s, _ in steps if s.layer.type == "spectral_normalization"]
        if normalized and self.seeds is not None:
            seeds = value(tuple(self._seed() for _ in normalized))
            kind = "keras.layers.SpectralNormalization"
            yield f"normalized = [layer for layer in model.layers if isinstance(layer, {kind})]"
            yield f"for layer, seed in zip(normalized, {seeds}):"
            yield "    drawn = np.random.default_rng(seed).normal(size=layer.vector_u.shape)"
            yield "    layer.vector_u.assign(drawn)"

    def _activation(self, chosen: Activation, is_output: bool) -> Iterator[str]:
        policy = ['dtype="float32"'] if is_output and self.is_mixed else []
        if chosen.name in ACTIVATION_LAYERS:
            given = write_arguments("activations", chosen.name, chosen.arguments)
            yield call(f"keras.layers.{ACTIVATION_LAYERS[chosen.name]}", [*given, *policy])
        elif chosen.name != "linear" or policy:
            yield call("keras.layers.Activation", [value(chosen.name), *policy])

    def _layer(self, layer: Any, activation: str | None = None, is_inside: bool = False) -> str:
        """Return the call that makes a layer, with arguments that are not Keras' defaults.

        Seeds are drawn in the order in which `training.network` draws them.
        """
        defaults, fields = keras_arguments.names("layers")[layer.type], type(layer).model_fields
        has_own = is_inside or is_recurrent(layer.type)
        is_plain = activation in (None, "linear")
        texts = {} if is_plain else {"activation": value(activation)}
        for name in layer.model_dump(exclude={"type", "layer", *KERNEL_INITIALIZERS}):
            chosen = getattr(layer, name)
            if name == "activation" and (not has_own or chosen.name == "linear"):
                if has_own and defaults["activation"] is not None:
                    texts[name] = value(chosen.name)
                continue
            is_first = name in POSITIONAL.get(layer.type, ())
            draws = isinstance(chosen, KerasObject) and self._draws(name, chosen.name)
            if is_first or draws or plain(chosen) not in (None, plain(defaults.get(name))):
                texts[name] = self._argument(name, chosen)
        for kernel in KERNELS:
            if f"{kernel}_initializer" in fields:
                texts |= self._kernel(kernel, layer, texts)
        texts |= self._drawn_by_default(layer)
        if "layer" in fields:
            texts["layer"] = self._layer(layer.layer, is_inside=True)
        if layer.type == "bidirectional" and self.seeds:
            back = layer.layer.model_copy(update={"go_backwards": not layer.layer.go_backwards})
            texts["backward_layer"] = self._layer(back, is_inside=True)
        if self.seeds and keras_arguments.takes_seed("layers", layer.type):
            texts["seed"] = value(self._seed())
        positional = [texts.pop(name) for name in POSITIONAL.get(layer.type, ()) if name in texts]
        named = [f"{name}={text}" for name, text in texts.items()]
        return call(class_path("layers", layer.type), [*positional, *named])

    def _kernel(self, kernel: str, layer: Any, texts: dict[str, str]) -> dict[str, str]:
        """Return initializer and penalty of a kernel, the network's where it has none."""
        found = {}
        chosen = getattr(layer, f"{kernel}_initializer") or self.config.network.initializer
        if self.seeds or chosen.name != "glorot_uniform":  # which is Keras' default
            found[f"{kernel}_initializer"] = self._initializer(chosen)
        penalty = self.config.network.regularizer
        if f"{kernel}_regularizer" not in texts and (penalty.l1 or penalty.l2):
            found[f"{kernel}_regularizer"] = write_penalty(penalty)
        return found

    def _drawn_by_default(self, layer: Any) -> dict[str, str]:
        """Return Keras' own initializers that draw, with a seed: recurrent kernels, embeddings."""
        if self.seeds is None:
            return {}
        return {
            name: call(class_path("initializers", kind), [f"seed={self._seed()}"])
            for name, kind in layer_types.drawn_by_default(layer).items()
        }

    def _argument(self, name: str, chosen: Any) -> str:
        if isinstance(chosen, layer_types.Regularizer):
            return write_penalty(chosen)
        if isinstance(chosen, KerasObject):
            if name.endswith("activation"):
                return value(chosen.name)
            if name.endswith("_constraint"):
                return write_object("constraints", chosen)
            return self._initializer(chosen)
        return value(chosen)

    def _initializer(self, chosen: Initializer) -> str:
        seed = [f"seed={self._seed()}"] if self._draws("_initializer", chosen.name) else []
        return write_object("initializers", chosen, also=seed)

    def _draws(self, name: str, kind: Any) -> bool:
        is_initializer = self.seeds is not None and name.endswith("_initializer")
        return is_initializer and keras_arguments.takes_seed("initializers", str(kind))

    def _seed(self) -> int:
        assert self.seeds is not None
        return int(self.seeds.integers(2**31))


def _applies_activation(layer: layer_types.Layer) -> bool:
    arguments = keras_arguments.names("layers").get(layer.type, {})
    return "activation" in arguments and not is_recurrent(layer.type)


def _maxout(pieces: int, shape: Shape) -> Iterator[str]:
    """Yield Keras' layers that pass the largest of each group, as `network.build` has them."""
    *place, values = shape
    sizes = [size or 1 for size in place]
    groups = (values or 0) // pieces
    split = (int(np.prod(sizes)) * groups, pieces)
    yield call("keras.layers.Reshape", [value(split)])
    yield 'keras.layers.GlobalMaxPooling1D(data_format="channels_first")'
    if place:
        yield call("keras.layers.Reshape", [value((*sizes, groups))])
