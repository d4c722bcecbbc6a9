"""A remedy as lines of Keras code that can be pasted: for runs whose network came from Python.

A patch has the config's words (`optimizer.learning_rate`); a layer is named by Keras' name of it
(`layers.dense_1.units`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from kerasdemo.config import keras_arguments
from kerasdemo.config.layers import Layer
from kerasdemo.diagnosis.features import RunFeatures

# Arguments of a layer that its code shows, as far as they are not Keras' defaults.
SHOWN = (
    *("units", "filters", "kernel_size", "strides", "padding", "activation"),
    *("kernel_initializer", "kernel_regularizer", "use_bias", "rate", "return_sequences"),
)
Patch = Mapping[str, Any]


def render(patch: Patch, features: RunFeatures) -> str:
    """Return a patch as Keras code, naming the layers that it is about."""
    lines = [*_layers(patch, features), *_data(patch), *_compile(patch, features), *_fit(patch)]
    return "\n".join(lines)


# The network.


def _layers(patch: Patch, features: RunFeatures) -> Iterator[str]:
    known = {layer.name: layer for layer in features.run.network}
    changes: dict[str, dict[str, Any]] = {}
    for path, value in patch.items():
        if path.startswith("layers."):
            name, _, argument = path.removeprefix("layers.").rpartition(".")
            changes.setdefault(name, {})[argument] = value
    hidden = [known[layer.name] for layer in features.hidden if layer.name in known]
    if "network.initializer" in patch:
        change = {"kernel_initializer": patch["network.initializer"]}
        changes |= {layer.name: change for layer in hidden}
    for name, arguments in changes.items():
        layer = known.get(name)
        if layer is not None:
            yield f"{_layer(layer, arguments)}  # in place of {name}"
        else:
            text = ", ".join(f"{key}={value!r}" for key, value in arguments.items())
            yield f"# {name}: {text}"
    yield from _around(patch, _list(hidden))


def _around(patch: Patch, names: str) -> Iterator[str]:
    """Yield what is put between the hidden layers, or into all of them."""
    if "network.depth" in patch:
        units = patch.get("network.units", 100)
        yield f'keras.layers.Dense({units}, activation="relu")  # before the output layer'
    for kind in ("l1", "l2"):
        if f"network.regularizer.{kind}" in patch:
            weight = patch[f"network.regularizer.{kind}"]
            penalty = f"keras.regularizers.{kind.upper()}({weight:g})"
            yield f"kernel_regularizer={penalty if weight else None}  # in {names}"
    if "network.normalization" in patch:
        yield f"keras.layers.BatchNormalization()  # behind {names}, before the activation"
    if "network.dropout" in patch:
        rate = patch["network.dropout"]
        yield f"keras.layers.Dropout({rate:g})  # behind the activation of {names}"


def _list(layers: list[Layer]) -> str:
    names = [layer.name for layer in layers]
    return f"each of {', '.join(names)}" if len(names) > 1 else "".join(names) or "the layers"


def _layer(layer: Layer, changes: Patch) -> str:
    """Return the call that makes a layer, with changes: `keras.layers.Dense(500)`."""
    defaults = keras_arguments.names("layers").get(layer.type, {})
    arguments = {
        key: layer.arguments[key]
        for key in SHOWN
        if key in layer.arguments and _plain(layer.arguments[key]) != _plain(defaults.get(key))
    }
    if layer.type == "activation" or ("activation" in changes and not layer.has_kernel):
        return f"keras.layers.Activation({changes.get('activation')!r})".replace("'", '"')
    arguments |= changes
    inside = [
        _value(value) if key in ("units", "filters", "kernel_size") else f"{key}={_value(value)}"
        for key, value in arguments.items()
    ]
    class_name = keras_arguments.class_name("layers", layer.type) or _camel(layer.type)
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
        kind = "regularizers" if {"l1", "l2"} & set(arguments) else "initializers"
        inside = ", ".join(f"{k}={v!r}" for k, v in arguments.items())
        return f"keras.{kind}.{_camel(str(value['name']))}({inside})"
    return repr(value).replace("'", '"') if isinstance(value, str) else repr(value)


def _camel(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in name.split("_"))


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
    inside = ", ".join(f"{k}={_value(v)}" for k, v in optimizer.items() if k != "name")
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
    arguments = {k: v for k, v in loss.items() if k == "from_logits" and v}
    class_name = keras_arguments.class_name("losses", name)
    if not arguments:
        return f'"{name}"' if class_name else name
    return f"keras.losses.{class_name or _camel(name)}(from_logits=True)"


def _names(names: tuple[str, ...]) -> str:
    return f"[{', '.join(f'{chr(34)}{name}{chr(34)}' for name in names)}]"


def _fit(patch: Patch) -> Iterator[str]:
    for argument in ("batch_size", "epochs"):
        if f"training.{argument}" in patch:
            yield f"model.fit(..., {argument}={patch[f'training.{argument}']})"
    stopping = patch.get("training.early_stopping")
    if stopping is not None:
        inside = ", ".join(f"{key}={_value(value)}" for key, value in stopping.items())
        yield f"model.fit(..., callbacks=[keras.callbacks.EarlyStopping({inside})])"
    if "training.early_stopping.patience" in patch:
        patience = patch["training.early_stopping.patience"]
        yield f"keras.callbacks.EarlyStopping(patience={patience})"
    if "training.class_weight" in patch:
        yield f"model.fit(..., class_weight={patch['training.class_weight']})"
