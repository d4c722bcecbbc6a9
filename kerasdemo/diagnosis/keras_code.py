"""A remedy as lines of Keras code that can be pasted: for runs whose network came from Python.

A patch has the config's words (`optimizer.learning_rate`); a layer is named by Keras' name of it
(`layers.dense_1.units`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from kerasdemo.config import keras_arguments
from kerasdemo.config.layers import Layer
from kerasdemo.diagnosis.features import RECURRENT, RunFeatures

# Arguments of a layer that its code shows, as far as they are not Keras' defaults.
SHOWN = (
    *("units", "filters", "kernel_size", "strides", "padding", "activation"),
    *("kernel_initializer", "kernel_regularizer", "use_bias", "rate", "return_sequences"),
)
# Classes that Keras spells with more than one capital letter in a row.
CLASS_NAMES = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "SimpleRNN"}
# Arguments of a loss that its code leaves out.
UNSHOWN = ("name", "reduction", "dtype")
# An argument that only learning rate schedules have.
SCHEDULE = {"initial_learning_rate", "boundaries", "schedule"}
# Arguments that need no name.
POSITIONAL = ("units", "filters", "kernel_size", "rate")
Patch = Mapping[str, Any]


def render(patch: Patch, features: RunFeatures) -> str:
    """Return a patch as Keras code, naming the layers that it is about."""
    lines = [*_layers(patch, features), *_data(patch), *_compile(patch, features)]
    lines += _fit(patch, features)
    return "\n".join(lines)


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
    if "network.normalization" in patch:
        yield f"keras.layers.BatchNormalization()  # behind {names}, before the activation"
    if "network.dropout" in patch:
        rate = patch["network.dropout"]
        present = [one for one in layers if float(one.arguments.get("rate") or 0) > rate]
        for layer in present:
            yield f"{_layer(layer, {'rate': rate})}  # in place of {layer.name}"
        if not present:
            yield f"keras.layers.Dropout({rate:g})  # behind the activation of {names}"


def _list(layers: list[Layer]) -> str:
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
        return f"keras.layers.Activation({changes.get('activation')!r})".replace("'", '"')
    arguments = {key: value for key, value in {**arguments, **changes}.items() if value is not None}
    inside = [
        _value(value) if key in POSITIONAL else f"{key}={_value(value)}"
        for key, value in arguments.items()
    ]
    class_name = keras_arguments.class_name("layers", kind) or CLASS_NAMES.get(kind, _camel(kind))
    return f"keras.layers.{class_name}({', '.join(inside)})"


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
            return f'"{value["name"]}"'
        if {"l1", "l2"} & set(arguments):
            kind = "regularizers"
        elif SCHEDULE & set(arguments):
            kind = "optimizers.schedules"
        else:
            kind = "initializers"
        inside = ", ".join(f"{k}={v!r}" for k, v in arguments.items())
        return f"keras.{kind}.{_camel(str(value['name']))}({inside})"
    if isinstance(value, list):
        value = tuple(value)
    return repr(value).replace("'", '"') if isinstance(value, str) else repr(value)


def _arguments(arguments: Mapping[str, Any]) -> str:
    return ", ".join(f"{key}={_value(value)}" for key, value in arguments.items())


def _camel(name: str) -> str:
    words = (re.sub(r"(?<=\d)d$", "D", word) for word in name.split("_"))
    return "".join(word[:1].upper() + word[1:] for word in words)


# The data.


def _data(patch: Patch) -> Iterator[str]:
    if patch.get("data.normalize") == "unit":
        yield "x = x / 255.0  # and the validation examples, too"
    elif patch.get("data.normalize") == "standardize":
        yield "scaling = keras.layers.Normalization()  # the first layer of the model"
        yield "scaling.adapt(x)"
    if patch.get("data.shuffle"):
        yield "order = np.random.default_rng(0).permutation(len(x))"
        yield "x, y = x[order], y[order]  # before the validation examples are taken"
    if patch.get("data.finite"):
        yield "is_finite = np.isfinite(x.reshape(len(x), -1)).all(axis=1)"
        yield "is_finite &= np.isfinite(y.reshape(len(y), -1)).all(axis=1)"
        yield "x, y = x[is_finite], y[is_finite]"
    if patch.get("data.target") == "standardize":
        yield "y_mean, y_sd = y.mean(axis=0), y.std(axis=0)"
        yield "y = (y - y_mean) / y_sd  # predictions: y_mean + y_sd * model.predict(x)"


# The arguments of compile and fit.


def _compile(patch: Patch, features: RunFeatures) -> Iterator[str]:
    if not any(path.partition(".")[0] in ("optimizer", "loss") for path in patch):
        return
    setup = features.setup
    optimizer: dict[str, Any] = dict(patch.get("optimizer") or _own_optimizer(setup.optimizer))
    loss: dict[str, Any] = dict(setup.loss)
    if "loss" in patch:
        loss = {"name": patch["loss"]}
    for path, value in patch.items():
        section, _, argument = path.partition(".")
        if argument and section in ("optimizer", "loss"):
            (optimizer if section == "optimizer" else loss)[argument] = value
    class_name = keras_arguments.class_name("optimizers", optimizer["name"]) or _camel(
        optimizer["name"]
    )
    inside = _arguments({k: v for k, v in optimizer.items() if k != "name"})
    metrics = f", metrics={_names(setup.metrics)}" if setup.metrics else ""
    yield "model.compile("
    yield f"    optimizer=keras.optimizers.{class_name}({inside}),"
    yield f"    loss={_loss(loss)}{metrics},"
    yield ")"


def _own_optimizer(optimizer: Mapping[str, Any]) -> dict[str, Any]:
    """Return an optimizer's name and those of its arguments that are not Keras' defaults."""
    defaults = keras_arguments.names("optimizers").get(str(optimizer["name"]), {})
    return {
        key: value
        for key, value in optimizer.items()
        if key == "name" or (value is not None and value != defaults.get(key))
    }


def _loss(loss: Mapping[str, Any]) -> str:
    name = str(loss["name"])
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


def _names(names: tuple[str, ...]) -> str:
    return f"[{', '.join(f'{chr(34)}{name}{chr(34)}' for name in names)}]"


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
