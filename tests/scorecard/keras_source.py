"""From a config to the Keras program that a person would write for it.

The text expects the arrays `x`, `y`, `x_val`, `y_val` as the network sees them: scaled, and with
targets as the loss wants them (`targets`).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import numpy as np

from kerasdemo.config import RunConfig, keras_arguments, layer_types
from kerasdemo.config.keras_objects import KerasObject, StrictModel
from kerasdemo.config.layers import BuildStep, expand, layers_of
from kerasdemo.config.tensor_shapes import Shape, output_shape
from kerasdemo.config.types import EarlyStopping
from kerasdemo.data import Array, Part
from kerasdemo.training import network

Loop = Literal["kerasdemo.fit", "fit"]
WIDTH = 88
# What Keras' layers take without a keyword.
POSITIONAL = {
    "dense": ("units",),
    "conv2d": ("filters", "kernel_size"),
    "max_pooling2d": ("pool_size",),
    "average_pooling2d": ("pool_size",),
    "reshape": ("target_shape",),
    "dropout": ("rate",),
}
# Activations that are layers with arguments, so that none stands inside another layer.
ACTIVATION_LAYERS = {"leaky_relu": "LeakyReLU", "prelu": "PReLU", "elu": "ELU"}


def source(
    config: RunConfig,
    shape: Shape,
    class_count: int,
    *,
    results: str = "results/runs",
    loop: Loop = "kerasdemo.fit",
    seeded: bool = True,
) -> str:
    """Return the program that builds, compiles and trains a config's network.

    Args:
        config: what to write out.
        shape: of one example, without the batch axis.
        class_count: number of classes.
        results: where the run is recorded.
        loop: what trains: `kerasdemo.fit`, or Keras' own `fit` with a recorder.
        seeded: whether each layer names the seed of its own that a run of the config has; else
            one line seeds everything.
    """
    layers = _Layers(config, seeded)
    lines = ["import keras", "", "import kerasdemo", ""]
    if config.training.precision != "float32":
        lines.append(f"keras.config.set_dtype_policy({_value(config.training.precision)})")
    if loop == "fit" or not seeded:
        lines.append(f"keras.utils.set_random_seed({config.seed})")
    stack = [f"keras.Input({_value(tuple(shape))})", *layers.all(shape, class_count)]
    lines += _laid_out(f"model = keras.Sequential([{', '.join(stack)}])")
    compiled = [
        f"optimizer={_object('optimizers', config.optimizer, always=('learning_rate',))}",
        f"loss={_loss(config.loss)}",
        f"metrics=[{_metric(config, shape, class_count)}]",
    ]
    lines += _laid_out(_line("model.compile", compiled))
    lines += _laid_out(_fit(config, results, loop))
    return "\n".join(lines) + "\n"


def targets(config: RunConfig, part: Part, shape: Shape, class_count: int) -> Array:
    """Return the classes of a part as its loss wants them: (n,), (n, 1) or (n, classes)."""
    return network.encode(_kind(config, shape, class_count), part.y, class_count)


def _kind(config: RunConfig, shape: Shape, class_count: int) -> str:
    if config.loss.name in network.OF_CLASSES:
        return "sparse"
    return "single" if _outputs(config, shape, class_count) == 1 else "one_hot"


def _outputs(config: RunConfig, shape: Shape, class_count: int) -> int:
    return layers_of(config, shape, class_count)[-1].output_shape[-1] or 0


# Layers.


class _Layers:
    """The lines of a config's layers; draws the seeds that `network.build` draws."""

    def __init__(self, config: RunConfig, seeded: bool):
        self.config = config
        self.seeds = np.random.default_rng(config.seed) if seeded else None
        self.is_mixed = config.training.precision.startswith("mixed_")

    def all(self, shape: Shape, class_count: int) -> Iterator[str]:
        steps = list(expand(self.config, shape, class_count))
        while steps:
            step = steps.pop(0)
            inside = None
            if step.layer.type in ("dense", "conv2d") and steps and self._fits(steps):
                activation = steps.pop(0).layer
                assert isinstance(activation, layer_types.ActivationLayer)
                inside = activation.activation.name
            yield from self._lines(step, shape, inside, is_output=not steps)
            shape = output_shape(step.layer, shape)

    def _fits(self, steps: list[BuildStep]) -> bool:
        """Whether the next step is an activation that the layer before it can apply."""
        layer = steps[0].layer
        is_float32_output = self.is_mixed and len(steps) == 1
        return (
            isinstance(layer, layer_types.ActivationLayer)
            and layer.activation.name not in ACTIVATION_LAYERS
            and not is_float32_output
        )

    def _lines(
        self, step: BuildStep, shape: Shape, activation: str | None, *, is_output: bool
    ) -> Iterator[str]:
        layer = step.layer
        if isinstance(layer, layer_types.ActivationLayer):
            policy = ['dtype="float32"'] if is_output and self.is_mixed else []
            name = layer.activation.name
            if name in ACTIVATION_LAYERS:
                given = _given("activations", layer.activation)
                yield _line(f"keras.layers.{ACTIVATION_LAYERS[name]}", [*given, *policy])
            elif name != "linear" or policy:
                yield _line("keras.layers.Activation", [_value(name), *policy])
        elif isinstance(layer, layer_types.MaxoutLayer):
            yield from _maxout(layer.pieces, shape)
        else:
            class_name = keras_arguments.class_name("layers", layer.type)
            yield _line(f"keras.layers.{class_name}", self._arguments(layer, activation))

    def _arguments(self, layer: Any, activation: str | None) -> list[str]:
        """Return a layer's arguments as far as they are not Keras' defaults."""
        defaults = keras_arguments.names("layers")[layer.type]
        first = POSITIONAL.get(layer.type, ())
        own = [name for name in layer.model_dump() if name not in ("type", "activation", "pieces")]
        texts = {}
        for name in own:
            value = getattr(layer, name)
            if name == "kernel_initializer":
                continue  # the seed of the kernel is drawn last
            if name in first or _plain(value) not in (None, _plain(defaults.get(name))):
                texts[name] = self._text(name, value)
        if "kernel_initializer" in own:
            chosen = layer.kernel_initializer or self.config.network.initializer
            texts["kernel_initializer"] = self._text("kernel_initializer", chosen)
            penalty = self.config.network.regularizer
            if "kernel_regularizer" not in texts and (penalty.l1 or penalty.l2):
                texts["kernel_regularizer"] = _penalty(penalty)
            if not self.seeds and chosen.name == "glorot_uniform":
                del texts["kernel_initializer"]  # Keras' default
        if layer.type == "dropout" and self.seeds:
            texts["seed"] = str(self._seed())
        positional = [texts.pop(name) for name in first]
        named = [f"{name}={text}" for name, text in texts.items()]
        if activation not in (None, "linear"):
            named.insert(0, f"activation={_value(activation)}")
        return positional + named

    def _text(self, name: str, value: Any) -> str:
        if isinstance(value, layer_types.Regularizer):
            return _penalty(value)
        if isinstance(value, KerasObject) and name.endswith("_constraint"):
            return _object("constraints", value)
        if isinstance(value, KerasObject):
            seed = [f"seed={self._seed()}"] if self.seeds and _draws(value.name) else []
            return _object("initializers", value, also=seed)
        return _value(value)

    def _seed(self) -> int:
        assert self.seeds is not None
        return int(self.seeds.integers(2**31))


def _draws(initializer: str) -> bool:
    return initializer not in ("zeros", "ones", "constant", "identity")


def _penalty(chosen: layer_types.Regularizer) -> str:
    if not chosen.l1:
        return f"keras.regularizers.L2({chosen.l2!r})"
    return f"keras.regularizers.L1L2(l1={chosen.l1!r}, l2={chosen.l2!r})"


def _maxout(pieces: int, shape: Shape) -> Iterator[str]:
    """Yield Keras' layers that pass the largest of each group, as `network.build` has them."""
    *place, values = shape
    sizes = [size or 1 for size in place]
    groups = (values or 0) // pieces
    split = (int(np.prod(sizes)) * groups, pieces)
    yield f"keras.layers.Reshape({_value(split)})"
    yield 'keras.layers.GlobalMaxPooling1D(data_format="channels_first")'
    if place:
        yield f"keras.layers.Reshape({_value((*sizes, groups))})"


# Compile and fit.


def _loss(chosen: KerasObject) -> str:
    """Return a loss by its name where it has no arguments, as most people write it."""
    text = _object("losses", chosen)
    if "(" not in text and chosen.name in keras_arguments.aliases("losses").values():
        return text
    if "(" not in text and not chosen.name.endswith("crossentropy"):
        return f"keras.losses.{keras_arguments.class_name('losses', chosen.name)}()"
    return text


def _metric(config: RunConfig, shape: Shape, class_count: int) -> str:
    centred = config.loss.arguments.get("from_logits") or "hinge" in config.loss.name
    if centred and _kind(config, shape, class_count) == "single":
        return 'keras.metrics.BinaryAccuracy(name="accuracy", threshold=0.0)'
    return '"accuracy"'


def _fit(config: RunConfig, results: str, loop: Loop) -> str:
    training = config.training
    record = [f"results={_value(results)}", f"name={_value(config.name)}", f"seed={config.seed}"]
    validation = ["validation_data=(x_val, y_val)"] if config.data.validation != 0 else []
    callbacks = [
        _line(f"keras.callbacks.{type(chosen).__name__}", _differing(chosen))
        for chosen in (training.early_stopping, training.reduce_lr_on_plateau)
        if chosen
    ]
    if loop == "fit":
        callbacks.append(_line("kerasdemo.Recorder", ["x", "y", *validation, *record]))
        record = ["verbose=0"]
    arguments = ["x", "y"] if loop == "fit" else ["model", "x", "y"]
    arguments += [*validation, f"epochs={training.epochs}", f"batch_size={training.batch_size}"]
    if callbacks:
        arguments.append(f"callbacks=[{', '.join(callbacks)}]")
    name = "model.fit" if loop == "fit" else "kerasdemo.fit"
    return f"history = {_line(name, [*arguments, *record])}"


def _differing(chosen: StrictModel) -> list[str]:
    """Return the arguments of a callback; ours has other defaults than Keras', so all count."""
    given = chosen.model_dump(mode="json")
    keras_defaults = {
        "monitor": "val_loss",
        "min_delta": 0.0 if isinstance(chosen, EarlyStopping) else 1e-4,
        "mode": "auto",
        "baseline": None,
        "start_from_epoch": 0,
        "cooldown": 0,
        "min_lr": 0.0,
    }
    return [
        f"{name}={_value(value)}"
        for name, value in given.items()
        if name not in keras_defaults or value != keras_defaults[name]
    ]


# Text.


def _object(
    kind: str,
    chosen: KerasObject,
    *,
    always: tuple[str, ...] = (),
    also: Iterable[str] = (),
) -> str:
    """Return one of Keras' objects: by its name, or as a call where it has arguments."""
    given = [*_given(kind, chosen, always), *also]
    if not given and kind in ("losses", "initializers", "constraints"):
        return _value(chosen.name)
    class_name = keras_arguments.class_name(kind, chosen.name)
    return _line(f"keras.{kind}.{class_name}", given)


def _given(kind: str, chosen: KerasObject, always: tuple[str, ...] = ()) -> list[str]:
    defaults = keras_arguments.names(kind)[chosen.name]
    return [
        f"{name}={_value(value)}"
        for name, value in chosen.arguments.items()
        if name in always or value != defaults.get(name)
    ]


def _plain(value: Any) -> Any:
    """Return a value as it is compared with a default: (1, 1) is 1, an object its name."""
    if isinstance(value, KerasObject):
        return value.name if not value.arguments else (value.name, value.arguments)
    if isinstance(value, layer_types.Regularizer | Mapping):
        return value
    if isinstance(value, tuple | list) and len(set(value)) == 1 and len(value) == 2:
        return value[0]
    return tuple(value) if isinstance(value, list) else value


def _value(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


def _line(name: str, arguments: list[str]) -> str:
    return f"{name}({', '.join(arguments)})"


def _laid_out(text: str, indent: str = "") -> list[str]:
    """Return a line, or with an item of its last brackets a line where that is too long."""
    pieces = None if len(indent) + len(text) + 1 <= WIDTH else _items(text)
    if pieces is None:
        return [indent + text]
    start, items, end = pieces
    lines = [indent + start]
    for item in items:
        *above, last = _laid_out(item, f"{indent}    ")
        lines += [*above, f"{last},"]
    return [*lines, indent + end]


def _items(text: str) -> tuple[str, list[str], str] | None:
    """Split `call(a, b)` into its start, the items in its outermost brackets, and its end."""
    if text[-1] not in ")]" or not any(bracket in text for bracket in "(["):
        return None
    start = min(text.index(bracket) for bracket in "([" if bracket in text) + 1
    items, depth, quoted = [""], 0, False
    for letter in text[start:-1]:
        quoted ^= letter == '"'
        if not quoted:
            depth += (letter in "([{") - (letter in ")]}")
        if letter == "," and not depth and not quoted:
            items.append("")
        else:
            items[-1] += letter
    return text[:start], [item.strip() for item in items], text[-1]
