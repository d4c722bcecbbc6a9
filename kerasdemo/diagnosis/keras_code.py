"""A remedy as lines of Keras code that can be pasted: for runs whose network came from Python.

A patch has the config's words (`optimizer.learning_rate`); a layer is named by Keras' name of it
(`layers.dense_1.units`).
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from kerasdemo.config import keras_arguments
from kerasdemo.config.errors import printable
from kerasdemo.config.layers import Layer
from kerasdemo.diagnosis.features import RECURRENT, RunFeatures
from kerasdemo.export.code import value as as_code

# Arguments of a layer that its code shows, as far as they are not Keras' defaults.
SHOWN = (
    *("units", "filters", "kernel_size", "strides", "padding", "activation"),
    *("kernel_initializer", "bias_initializer", "kernel_regularizer", "use_bias", "rate"),
    "return_sequences",
)
# Classes that Keras spells with more than one capital letter in a row.
CLASS_NAMES = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "SimpleRNN"}
# Arguments of a loss that its code leaves out.
UNSHOWN = ("name", "reduction", "dtype")
# An argument that only learning rate schedules have.
SCHEDULE = {"initial_learning_rate", "boundaries", "schedule"}
# Arguments that need no name.
POSITIONAL = ("units", "filters", "kernel_size", "rate")
# Layers whose batch normalization is written out one by one.
WRITTEN_OUT = 3
# What the code of remedies calls, or whose methods.
CALLED = {"keras", "model", "np", "len", "scaling", "layer", "part", "y", "is_finite"}
Patch = Mapping[str, Any]


def render(patch: Patch, features: RunFeatures) -> str:
    """Return a patch as Keras code, naming the layers that it is about."""
    lines = [*_layers(patch, features), *_data(patch, features), *_compile(patch, features)]
    lines += _fit(patch, features)
    code = "\n".join(lines)
    return code if _is_harmless(code) else "# a name in the run's folder is no Python name"


def _is_harmless(code: str) -> bool:
    """Return whether code calls nothing but what remedies call: names come from a folder's files,
    which anybody may have written, and the code is there to be pasted."""
    if printable(code) != code:
        return False
    try:
        nodes = list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError, RecursionError):
        return False
    return not any(
        isinstance(node, ast.Import | ast.ImportFrom)
        or (isinstance(node, ast.Attribute) and node.attr.startswith("_"))
        or (isinstance(node, ast.Call) and _root(node.func) not in CALLED)
        for node in nodes
    )


def _root(called: ast.expr) -> str | None:
    while isinstance(called, ast.Attribute | ast.Call):
        called = called.value if isinstance(called, ast.Attribute) else called.func
    return called.id if isinstance(called, ast.Name) else None


# The network.


def _layers(patch: Patch, features: RunFeatures) -> Iterator[str]:
    known = {layer.name: layer for layer in features.run.network}
    changes: dict[str, dict[str, Any]] = {}
    for path, value in patch.items():
        if path.startswith("layers."):
            name, _, argument = path.removeprefix("layers.").rpartition(".")
            changes.setdefault(name, {})[argument] = value
    hidden = [
        known[layer.name]
        for layer in features.hidden
        if layer.name in known and layer.type not in RECURRENT
    ]
    if "network.initializer" in patch:
        for layer in hidden:
            change = {"kernel_initializer": patch["network.initializer"]}
            changes.setdefault(layer.name, {}).update(change)
    penalized = [one for one in known.values() if one.arguments.get("kernel_regularizer")]
    for kind in ("l1", "l2"):
        weight = patch.get(f"network.regularizer.{kind}")
        penalty = {"name": kind.upper(), kind: weight} if weight else None
        for layer in (penalized or hidden) if weight is not None else ():
            changes.setdefault(layer.name, {})["kernel_regularizer"] = penalty
    yield from _unfreeze(changes)
    for name, arguments in changes.items():
        if name in known:
            yield f"{_layer(known[name], arguments)}  # in place of {name}"
        else:
            text = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
            yield f"# {name}: {text}"
    if "network.normalization" in patch:
        yield from _normalize(hidden, features)
    yield from _around(patch, _list(hidden), known.values())


def _unfreeze(changes: dict[str, dict[str, Any]]) -> Iterator[str]:
    """Yield the lines that let layers train, and take them out of the changes."""
    for name in [name for name, arguments in changes.items() if "trainable" in arguments]:
        # A layer inside a layer is named "outer/inner".
        found = "".join(f'.get_layer("{part}")' for part in name.split("/"))
        yield f"model{found}.trainable = {changes.pop(name)['trainable']}  # before model.compile"


def _around(patch: Patch, names: str, layers: Iterable[Layer]) -> Iterator[str]:
    """Yield what is put between the hidden layers, or into all of them."""
    if "network.trainable" in patch:
        yield f"model.trainable = {patch['network.trainable']}  # before model.compile"
    if "network.depth" in patch:
        units = patch.get("network.units", 100)
        yield f'keras.layers.Dense({units}, activation="relu")  # before the output layer'
    if "network.dropout" in patch:
        rate = patch["network.dropout"]
        present = [one for one in layers if float(one.arguments.get("rate") or 0) > rate]
        for layer in present:
            yield f"{_layer(layer, {'rate': rate})}  # in place of {layer.name}"
        if not present:
            yield f"keras.layers.Dropout({rate:g})  # behind the activation of {names}"


def _normalize(hidden: Sequence[Layer], features: RunFeatures) -> Iterator[str]:
    """Yield batch normalization between layers and their activations, written out for a few."""
    keys = {layer.name: layer.activation_key for layer in features.hidden}
    for layer in hidden[:WRITTEN_OUT]:
        if layer.activation is not None:
            yield f"{_layer(layer, {'activation': None})}  # in place of {layer.name}"
            yield "keras.layers.BatchNormalization()"
            yield f"keras.layers.Activation({_activation(layer.activation)})"
        else:
            before = (keys[layer.name] or "").removeprefix("layers.").removesuffix(".activation")
            place = f", before {before}" if before not in ("", layer.name) else ""
            yield f"keras.layers.BatchNormalization()  # behind {layer.name}{place}"
    if len(hidden) > WRITTEN_OUT:
        yield f"# and alike for {', '.join(layer.name for layer in hidden[WRITTEN_OUT:])}"


def _list(layers: Sequence[Layer]) -> str:
    names = [layer.name for layer in layers]
    return f"each of {', '.join(names)}" if len(names) > 1 else "".join(names) or "the layers"


def _layer(layer: Layer, changes: Patch) -> str:
    """Return the call that makes a layer, with changes: `keras.layers.Dense(500)`."""
    changes = dict(changes)
    kind = str(changes.pop("type", layer.type))
    if "units" in changes and "filters" in layer.arguments:
        changes["filters"] = changes.pop("units")
    defaults = {
        "kernel_initializer": "glorot_uniform",
        "bias_initializer": "zeros",
        "use_bias": True,
        "return_sequences": False,
        **keras_arguments.names("layers").get(kind, {}),
        "activation": "tanh" if kind in RECURRENT else "linear",
    }
    arguments = {
        key: layer.arguments[key]
        for key in SHOWN
        # Of a layer of another type only the size is the same.
        if (kind == layer.type or key in ("units", "return_sequences"))
        and key in layer.arguments
        and _plain(layer.arguments[key]) != _plain(defaults.get(key))
    }
    if layer.type == "activation" or ("activation" in changes and not layer.has_kernel):
        name = str(changes.get("activation") or layer.activation)
        return f"keras.layers.Activation({_activation(name)})"
    arguments = {key: value for key, value in {**arguments, **changes}.items() if value is not None}
    inside = [
        _value(value)
        if key in POSITIONAL
        else f"{key}={_activation(value) if key == 'activation' else _value(value)}"
        for key, value in arguments.items()
    ]
    class_name = keras_arguments.class_name("layers", kind) or CLASS_NAMES.get(kind, _camel(kind))
    return f"keras.layers.{class_name}({', '.join(inside)})"


def _activation(name: str) -> str:
    """Return an activation as code: of a function of the user's its name."""
    return f'"{name}"' if name in keras_arguments.names("activations") else name


def _plain(value: Any) -> Any:
    """Return a value as it is compared with a default: objects by their name alone."""
    if isinstance(value, Mapping) and set(value) <= {"name", "seed"}:
        return value.get("name")
    return tuple(value) if isinstance(value, list) else value


def _value(value: Any) -> str:
    """Return a value as code: objects that Keras serialized as a call, or by their name."""
    if isinstance(value, Mapping) and "name" in value:
        arguments = {k: v for k, v in value.items() if k not in ("name", "seed") and v is not None}
        if not arguments:
            return as_code(str(value["name"]))
        if {"l1", "l2"} & set(arguments):
            kind = "regularizers"
        elif SCHEDULE & set(arguments):
            kind = "optimizers.schedules"
        else:
            kind = "initializers"
        class_name = "L1L2" if value["name"] == "l1l2" else _camel(str(value["name"]))
        return f"keras.{kind}.{class_name}({_arguments(arguments)})"
    if isinstance(value, list):
        value = tuple(value)
    return as_code(value) if isinstance(value, str) else repr(value)


def _arguments(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={_value(value)}" for key, value in arguments.items())


def _camel(name: str) -> str:
    words = (re.sub(r"(?<=\d)d$", "D", word) for word in name.split("_"))
    return "".join(word[:1].upper() + word[1:] for word in words)


# The data.


def _data(patch: Patch, features: RunFeatures) -> Iterator[str]:
    data = features.run.facts.get("data") or {}
    # Only the shape of a single input is recorded.
    has_several = ("input" in data and not data.get("shape")) or bool(features.setup.outputs)
    source = data.get("source", "arrays")
    if source != "arrays" and any(path.startswith("data.") for path in patch):
        yield f"# x, y: the arrays that the {source} yields"
    yield from _inputs(patch.get("data.normalize"), features, has_several)
    if patch.get("data.shuffle"):
        yield f"order = np.random.default_rng(0).permutation({_length(has_several)})"
        yield f"{_rows('order', has_several)}  # before the validation examples are taken"
    if patch.get("data.finite"):
        parts = "keras.tree.flatten((x, y))" if has_several else "(x, y)"
        yield f"is_finite = np.ones({_length(has_several)}, bool)"
        yield f"for part in {parts}:"
        yield "    is_finite &= np.isfinite(part.reshape(len(part), -1)).all(axis=1)"
        yield _rows("is_finite", has_several)
    if patch.get("data.target") == "standardize":
        yield "y_mean, y_sd = y.mean(axis=0), y.std(axis=0)"
        yield "y = (y - y_mean) / y_sd"
        if features.history.val_loss:
            yield "y_val = (y_val - y_mean) / y_sd  # not with validation_split"
        yield "# predictions in the unit of y: y_mean + y_sd * model.predict(x)"


def _inputs(how: str | None, features: RunFeatures, has_several: bool) -> Iterator[str]:
    """Yield what brings the inputs to the size of 1."""
    if how == "unit":
        yield "x = x / 255.0"
        if features.history.val_loss:
            yield "x_val = x_val / 255.0  # not with validation_split"
    elif how == "standardize" and has_several:
        yield "def scaling(part):"
        yield "    layer = keras.layers.Normalization()"
        yield "    layer.adapt(part)"
        yield "    return layer"
        yield "scalings = keras.tree.map_structure(scaling, x)  # each the first layer of its input"
    elif how == "standardize":
        yield "scaling = keras.layers.Normalization()  # the first layer of the model"
        yield "scaling.adapt(x)"


def _length(has_several: bool) -> str:
    return "len(keras.tree.flatten(x)[0])" if has_several else "len(x)"


def _rows(index: str, has_several: bool) -> str:
    """Return the line that takes rows of x and y."""
    if has_several:
        return f"x, y = keras.tree.map_structure(lambda part: part[{index}], (x, y))"
    return f"x, y = x[{index}], y[{index}]"


# The arguments of compile and fit.


def _compile(patch: Patch, features: RunFeatures) -> Iterator[str]:
    setup = features.setup
    optimizer, loss = _change(patch, "optimizer"), _change(patch, "loss")
    if not optimizer and not loss:
        return
    own = {} if "name" in optimizer else _own_optimizer(setup.optimizer)
    # A loss in place of another one takes its from_logits over.
    code = {"optimizer": _optimizer(own | optimizer), "loss": _loss({**setup.loss, **loss})}
    if code["optimizer"] is None and not loss:
        # Of a user's class: which arguments it takes is not known.
        for argument, value in optimizer.items():
            yield f"model.optimizer.{argument} = {_value(value)}  # after model.compile"
        return
    if setup.compile is not None:
        code |= {name: given for name, given in setup.compile.items() if name != "loss" or not loss}
    yield "model.compile("
    for name, value in code.items():
        yield f"    # {name}=... as before" if value is None else f"    {name}={value},"
    if setup.compile is None:
        yield "    # metrics and other arguments as before"
    yield ")"


def _change(patch: Patch, section: str) -> dict[str, Any]:
    """Return what a patch changes of the loss or the optimizer: its arguments, and its name."""
    found: dict[str, Any] = {}
    if section in patch:
        whole = patch[section]
        found = dict(whole) if isinstance(whole, Mapping) else {"name": whole}
    for path, value in patch.items():
        if path.startswith(f"{section}."):
            found[path.partition(".")[2]] = value
    return found


def _optimizer(optimizer: Mapping[str, Any]) -> str | None:
    """Return the call that makes an optimizer; None of one that is not Keras'."""
    class_name = keras_arguments.class_name("optimizers", optimizer["name"])
    inside = _arguments({k: v for k, v in optimizer.items() if k != "name"})
    return class_name and f"keras.optimizers.{class_name}({inside})"


def _own_optimizer(optimizer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an optimizer's name and those of its arguments that are not Keras' defaults."""
    defaults = keras_arguments.names("optimizers").get(str(optimizer["name"]), {})
    return {
        key: value
        for key, value in optimizer.items()
        if key == "name" or (value is not None and value != defaults.get(key))
    }


def _loss(loss: Mapping[str, Any]) -> str | None:
    """Return a loss as code; None of a model that has none or several."""
    name = str(loss["name"])
    if name in ("own", "several"):
        return None
    class_name = keras_arguments.class_name("losses", name)
    defaults = keras_arguments.names("losses").get(name, {})
    arguments = {
        key: value
        for key, value in loss.items()
        if key in defaults and key not in UNSHOWN and value != defaults[key]
    }
    if not arguments:
        return f'"{name}"' if class_name else name
    return f"keras.losses.{class_name or _camel(name)}({_arguments(arguments)})"


def _fit(patch: Patch, features: RunFeatures) -> Iterator[str]:
    for argument in ("batch_size", "epochs"):
        if f"training.{argument}" in patch:
            yield f"model.fit(..., {argument}={patch[f'training.{argument}']})"
    stopping = patch.get("training.early_stopping")
    if stopping is not None:
        inside = _arguments(stopping)
        yield f"model.fit(..., callbacks=[keras.callbacks.EarlyStopping({inside})])"
    if "training.early_stopping.patience" in patch:
        patience = patch["training.early_stopping.patience"]
        kept = {
            key: value
            for key, value in (features.early_stopping or {}).items()
            if key in ("monitor", "restore_best_weights") and value
        }
        yield f"keras.callbacks.EarlyStopping({_arguments(kept | {'patience': patience})})"
    if "training.reduce_learning_rate" in patch:
        inside = _arguments(patch["training.reduce_learning_rate"])
        yield f"keras.callbacks.ReduceLROnPlateau({inside})  # in place of what lowers it now"
    if "training.class_weight" in patch:
        yield f"model.fit(..., class_weight={patch['training.class_weight']})"
