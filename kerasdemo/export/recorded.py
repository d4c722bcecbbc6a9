"""The script of a run that was recorded from Python: its network and training, without its data.

The files of a run may come from anywhere: every name in them is looked up in Keras' own lists, and
every value becomes code as a plain value or not at all.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kerasdemo.config import Fault, InputError, keras_arguments
from kerasdemo.config.layers import INPUT, Layer
from kerasdemo.export.code import call, comment, keywords, lay_out, value
from kerasdemo.export.network import ACTIVATION_LAYERS
from kerasdemo.export.objects import class_path, plain, write_schedule
from kerasdemo.records import Run, Setup

# Layers that take several tensors, which no config has.
MERGING = ("add", "average", "concatenate", "dot", "maximum", "minimum", "multiply", "subtract")
# Arguments that no config has, where Keras writes its defaults down.
DEFAULTS = {
    "data_format": ("channels_last",),
    "synchronized": (False,),
    "renorm": (False,),
    "renorm_momentum": (0.99,),
    "return_state": (False,),
    "stateful": (False,),
    "zero_output_for_mask": (False,),
    "sparse": (False,),
    "lora_alpha": (None,),
    "trainable": (True,),
    "axis": (-1, [-1]),
    "bias_initializer": ("zeros",),
    "use_bias": (True,),
}
LEFT_OUT = ("name", "dtype")
KINDS = {
    "initializer": "initializers",
    "constraint": "constraints",
    "regularizer": "regularizers",
}
REGULARIZERS = {"l1": "L1", "l2": "L2", "l1l2": "L1L2", "l1_l2": "L1L2"}
# The arguments of EarlyStopping that are recorded, and Keras' defaults.
STOPPING = {
    "monitor": "val_loss",
    "patience": 0,
    "baseline": None,
    "restore_best_weights": False,
    "start_from_epoch": 0,
    "min_delta": 0.0,
}


class Unwritable(ValueError):
    """What of a run can't be written as plain Keras, in a sentence."""


def write_recorded(run: Run) -> str:
    """Return the script that trains the network of a run recorded from Python.

    Raises:
        InputError: where its network is not one of Keras' own layers, with the reason.
    """
    try:
        model = list(_model(run))
        training = list(_training(run))
    except (Unwritable, TypeError) as error:
        message = f"no script of plain Keras can be written of this run: {error}"
        raise InputError(Fault(message, run.id)) from None
    parameters = sum(layer.parameters for layer in run.network)
    lines = [*_header(run), "", f"# The network: {parameters:,} trainable parameters.", *model]
    return "\n".join([*lines, *training]) + "\n"


def _header(run: Run) -> Iterator[str]:
    setup = run.setup
    yield comment(f"The network of {setup.name}, recorded from Python, in plain Keras and numpy.")
    yield "# Written by `kerasdemo export --python`. The data is not part of the record: give an"
    yield "# .npz file with x and y as the network takes them, and x_val, y_val if there are any."
    yield "import argparse"
    yield ""
    yield "import keras"
    yield "import numpy as np"
    yield ""
    yield "parser = argparse.ArgumentParser()"
    yield 'parser.add_argument("data", help="an .npz file with x and y")'
    yield f'parser.add_argument("--epochs", type=int, default={max(1, setup.epochs)})'
    yield 'parser.add_argument("--train", type=int, metavar="N", help="only the first N examples")'
    yield 'parser.add_argument("--save", metavar="FILE", help="where the model is saved")'
    yield "arguments = parser.parse_args()"
    yield ""
    yield "with np.load(arguments.data, allow_pickle=False) as file:"
    yield '    x, y = file["x"], file["y"]'
    yield '    validation = (file["x_val"], file["y_val"]) if "x_val" in file else None'
    yield "if arguments.train:"
    yield "    x, y = x[: arguments.train], y[: arguments.train]"
    yield f"keras.utils.set_random_seed({setup.seed % 2**32})"


# The network.


def _model(run: Run) -> Iterator[str]:
    layers = run.network
    if not layers:
        raise Unwritable("its layers are not recorded")
    has_inputs = any(layer.inputs for layer in layers)
    if run.setup.structure == "code":
        raise Unwritable("its model is code of its own, of which only the layers are recorded")
    if run.setup.structure == "graph" and not has_inputs:
        raise Unwritable("its network has branches, and which layer reads which is not recorded")
    if not layers[0].input_shape:
        raise Unwritable("the shape of its inputs is not recorded")
    frozen = set(run.setup.frozen)
    given = call("keras.Input", [value(tuple(layers[0].input_shape))])
    calls = [_call(layer, layer.name in frozen) for layer in layers]
    if not has_inputs:
        stack = ", ".join([given, *calls])
        yield from lay_out(f"model = keras.Sequential([{stack}])")
        return
    yield f"inputs = {given}"
    names, before = {INPUT: "inputs"}, INPUT
    for number, (layer, text) in enumerate(zip(layers, calls, strict=True), start=1):
        read = layer.inputs or (before,)
        unknown = next((name for name in read if name not in names), None)
        if unknown is not None:
            raise Unwritable(f"layer {layer.name} reads {unknown}, which is not before it")
        tensors = [names[name] for name in read]
        tensor = f"[{', '.join(tensors)}]" if len(tensors) > 1 else tensors[0]
        yield from lay_out(f"tensor_{number} = {text}({tensor})")
        names[layer.name] = f"tensor_{number}"
        before = layer.name
    yield f"model = keras.Model(inputs, {names[before]})"


def _call(layer: Layer, is_frozen: bool) -> str:
    """Return the call that makes a recorded layer."""
    arguments = dict(layer.arguments)
    frozen = ["trainable=False"] if is_frozen else []
    if layer.type == "activation":
        name = str(arguments.pop("activation", None))
        if name in ACTIVATION_LAYERS:
            given = _arguments(layer, "leaky_re_lu" if name == "leaky_relu" else name, arguments)
            return call(f"keras.layers.{ACTIVATION_LAYERS[name]}", [*given, *frozen])
        return call("keras.layers.Activation", [_activation(layer, name)])
    return _make(layer, layer.type, arguments, frozen)


def _make(layer: Layer, kind: str, arguments: Mapping[str, Any], also: Sequence[str] = ()) -> str:
    if kind not in keras_arguments.names("layers") and kind not in MERGING:
        raise Unwritable(f"layer {layer.name} is of type {kind}, which is none of Keras' own")
    path = f"keras.layers.{kind.capitalize()}" if kind in MERGING else class_path("layers", kind)
    return call(path, [*_arguments(layer, kind, arguments), *also])


def _arguments(layer: Layer, kind: str, arguments: Mapping[str, Any]) -> Iterator[str]:
    defaults = keras_arguments.names("layers").get(kind, {})
    for name, given in arguments.items():
        default = defaults.get(name)
        if name in LEFT_OUT or given is None or given in DEFAULTS.get(name, ()):
            continue
        if default is not None and plain(given) == plain(default):
            continue
        if isinstance(given, Mapping) and "name" in given and len(given) == 1:
            alias = keras_arguments.aliases("initializers").get(str(default), default)
            if given["name"] in (alias, *(["zeros"] if name == "bias_initializer" else [])):
                continue
        text = _argument(layer, name, given)
        # As for every name in a call.
        yield keywords({name: None})[0].removesuffix("None") + text


def _argument(layer: Layer, name: str, given: Any) -> str:
    if name.endswith("activation"):
        return _activation(layer, given)
    if name in ("layer", "backward_layer") and isinstance(given, Mapping):
        inner = {key: one for key, one in given.items() if key != "name"}
        return _make(layer, _layer_kind(given), inner)
    kind = KINDS.get(name.rpartition("_")[2])
    if kind is not None and isinstance(given, Mapping):
        return _object(layer, kind, given)
    if kind is not None and isinstance(given, str):
        return _object(layer, kind, {"name": given})
    if isinstance(given, Mapping):
        raise Unwritable(f"{name} of layer {layer.name} is none of Keras' own objects")
    return value(tuple(given) if isinstance(given, list) else given)


def _layer_kind(given: Mapping[str, Any]) -> str:
    """Return the type of a layer inside another; Keras records its class' name."""
    name = str(given.get("name"))
    return keras_arguments.class_names("layers").get(name, name)


def _activation(layer: Layer, given: Any) -> str:
    name = given.get("name") if isinstance(given, Mapping) else given
    if name not in keras_arguments.names("activations") or name in ACTIVATION_LAYERS:
        raise Unwritable(f"the activation of layer {layer.name} is {name}, none of Keras' own")
    return value(str(name))


def _object(layer: Layer, kind: str, given: Mapping[str, Any]) -> str:
    name = str(given.get("name"))
    arguments = {key: one for key, one in given.items() if key != "name" and one is not None}
    if kind == "regularizers":
        if name not in REGULARIZERS:
            raise Unwritable(f"the regularizer {name} of layer {layer.name} is none of Keras' own")
        return call(f"keras.regularizers.{REGULARIZERS[name]}", keywords(arguments))
    name = keras_arguments.aliases(kind).get(name, name)
    if name not in keras_arguments.names(kind):
        raise Unwritable(f"{name} of layer {layer.name} is none of Keras' {kind}")
    defaults = keras_arguments.names(kind)[name]
    chosen = {key: one for key, one in arguments.items() if one != defaults.get(key)}
    return call(class_path(kind, name), keywords(chosen)) if chosen else value(name)


# The training.


def _training(run: Run) -> Iterator[str]:
    setup = run.setup
    arguments = [f"optimizer={_optimizer(setup)}", f"loss={_loss(setup)}"]
    if run.history.accuracy:
        arguments.append('metrics=["accuracy"]')
    yield from lay_out(call("model.compile", arguments))
    yield ""
    stopping = setup.early_stopping
    given = ["x", "y", "validation_data=validation", "epochs=arguments.epochs"]
    if setup.batch_size:
        given.append(f"batch_size={setup.batch_size}")
    share = _validation_share(run)
    if share:
        yield f"# The run held {share:.3g} of its examples out."
        given[2:3] = [
            "validation_data=validation",
            f"validation_split=0.0 if validation else {share:.4g}",
        ]
    if stopping:
        chosen = {key: stopping[key] for key, d in STOPPING.items() if stopping.get(key, d) != d}
        given.append(f"callbacks=[{call('keras.callbacks.EarlyStopping', keywords(chosen))}]")
    yield from lay_out(f"history = {call('model.fit', [*given, 'verbose=2'])}")
    yield "if arguments.save:"
    yield "    model.save(arguments.save)"


def _validation_share(run: Run) -> float:
    """Return which share of the examples was held out for validation; 0 where not known."""
    data = run.facts.get("data") or {}
    train, validation = data.get("train"), data.get("validation")
    if not isinstance(train, int) or not isinstance(validation, int) or validation <= 0:
        return 0.0
    return validation / (train + validation)


def _optimizer(setup: Setup) -> str:
    name = setup.optimizer_name
    if name not in keras_arguments.names("optimizers"):
        raise Unwritable(f"its optimizer {name} is none of Keras' own")
    defaults = keras_arguments.names("optimizers")[name]
    chosen = {
        key: one
        for key, one in setup.optimizer.items()
        if key != "name" and one is not None and one != defaults.get(key)
    }
    rate = setup.optimizer.get("learning_rate")
    chosen.pop("learning_rate", None)
    texts = keywords(chosen)
    if isinstance(rate, Mapping):
        if rate.get("name") not in keras_arguments.names("schedules"):
            raise Unwritable(f"its learning-rate schedule {rate.get('name')} is none of Keras' own")
        texts.insert(0, f"learning_rate={write_schedule(rate)}")
    elif rate is not None:
        texts.insert(0, f"learning_rate={value(rate)}")
    return call(class_path("optimizers", name), texts)


def _loss(setup: Setup) -> str:
    name = setup.loss_name
    if name not in keras_arguments.names("losses"):
        what = {"own": "it computes its own loss", "several": "it has several losses"}
        raise Unwritable(what.get(name, f"its loss {name} is none of Keras' own"))
    defaults = keras_arguments.names("losses")[name]
    chosen = {
        key: one
        for key, one in setup.loss.items()
        if key != "name" and one is not None and one != defaults.get(key)
    }
    return call(class_path("losses", name), keywords(chosen))
