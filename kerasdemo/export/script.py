"""The script of plain Keras and numpy that trains a config's network."""

from collections.abc import Iterator

from kerasdemo.config import InputError, RunConfig, keras_arguments
from kerasdemo.config.document import key_of
from kerasdemo.config.layers import ShapeError, layers_of
from kerasdemo.config.task_fit import Encoding
from kerasdemo.data.dataset import PARTS
from kerasdemo.data.loading import IMAGE_MAXIMUM, IMAGES
from kerasdemo.data.split import SAMPLE_SPLIT
from kerasdemo.export import arrays, tables
from kerasdemo.export.borrowed import borrow
from kerasdemo.export.code import call, comment, lay_out, value
from kerasdemo.export.known import Known, find, is_of_words
from kerasdemo.export.network import write_network
from kerasdemo.export.training import (
    kind_of_targets,
    monitors,
    write_callbacks,
    write_compile,
    write_fit,
    write_policy,
)

__all__ = ["with_sample", "write_script"]

# What callbacks monitor and Keras measures itself.
MEASURED = ("val_loss", "val_accuracy", "val_r2")


def with_sample(config: RunConfig) -> RunConfig:
    """Return the config of a run that trained on the sample that stands in for MNIST."""
    counts = {p: min(getattr(config.data, p) or 0, SAMPLE_SPLIT[p]) for p in PARTS}
    changes = {f"data.{part}": count for part, count in counts.items()}
    return config.with_changes({"data.name": "mnist_sample", "data.path": None, **changes})


def write_script(config: RunConfig) -> str:
    """Return the script that trains what a run of a config trains.

    Raises:
        InputError: where the data can't be read, or a layer does not fit.
    """
    known = find(config)
    try:
        kind = kind_of_targets(config, known.shape, known.outputs)
        parameters = sum(one.parameters for one in layers_of(config, known.shape, known.outputs))
        network = write_network(config, known.shape, known.outputs)
    except ShapeError as error:
        raise InputError(config.fault(key_of(error.key), str(error))) from error
    lines = [
        *_header(config, known),
        *_command_line(config),
        *borrow(*_borrowed(config)),
        *(tables.write_functions(config) if config.data.is_table else []),
        *write_policy(config),
        f"keras.utils.set_random_seed({config.seed})",
        "",
        *_data(config, known, kind),
        "",
        f"# The network: {parameters:,} trainable parameters.",
        *network,
        *write_compile(config, kind),
        "",
        *_training(config, known),
    ]
    return "\n".join(lines) + "\n"


def _header(config: RunConfig, known: Known) -> Iterator[str]:
    yield comment(f"The network of {config.name}, seed {config.seed}, in plain Keras and numpy.")
    if config.description:
        yield comment(config.description)
    yield "# Written by `kerasdemo export --python`. The initial weights are those of the run; the"
    yield "# order of the mini-batches is Keras' own, so that scores differ as between two seeds."
    packages = ["pandas and pyarrow"] if config.data.name == "parquet" else []
    version = keras_arguments.version()
    yield comment(" and ".join([f"Needs Keras {version}, TensorFlow", "numpy", *packages]) + ".")
    modules = ["argparse"]
    if config.data.name == "image_folder":
        modules.append("os")
    if config.data.is_table:
        modules += tables.imports(config)
    yield from (f"import {module}" for module in sorted(modules))
    if arrays.makes_data(config):
        yield "from types import SimpleNamespace"
    yield ""
    yield "import keras"
    yield "import numpy as np"
    if config.data.name == "parquet":
        yield "import pandas"
    yield ""


def _command_line(config: RunConfig) -> Iterator[str]:
    yield "parser = argparse.ArgumentParser()"
    if not arrays.makes_data(config):
        path = arrays.default_path(config)
        what = "folder" if config.data.name == "image_folder" else "file"
        given = [
            '"data"',
            'nargs="?"',
            f"default={value(path)}",
            f'help="{what} with the examples"',
        ]
        yield from lay_out(call("parser.add_argument", given))
    epochs = config.training.epochs
    yield f'parser.add_argument("--epochs", type=int, default={epochs})'
    yield 'parser.add_argument("--train", type=int, metavar="N", help="only the first N examples")'
    yield 'parser.add_argument("--save", metavar="FILE", help="where the model is saved")'
    yield "arguments = parser.parse_args()"
    yield ""


def _borrowed(config: RunConfig) -> tuple[str, ...]:
    found = arrays.functions(config)
    scores = [name for name in ("balanced_accuracy", "auc") if name in _scores(config)]
    return (*found, *scores)


def _scores(config: RunConfig) -> set[str]:
    return {monitor.removeprefix("val_") for monitor in monitors(config)}


# The data.


def _data(config: RunConfig, known: Known, kind: Encoding) -> Iterator[str]:
    yield comment(f"The data: {config.data.name}.")
    if config.data.is_table:
        yield from tables.write_table(config, known)
        yield from _split_rows(config)
    else:
        yield from arrays.write_arrays(config, known)
        yield from _split(config, known)
    yield from _scale(config)
    yield from _add_noise(config)
    yield from _scale_targets(config)
    yield "if arguments.train:"
    yield "    x, y = x[: arguments.train], y[: arguments.train]"
    yield from _class_weight(config, known)
    yield from _encode(kind, known)


def _counts(config: RunConfig) -> tuple[int, int, int]:
    train, validation, test = (int(getattr(config.data, part) or 0) for part in PARTS)
    return train, validation, test


def _split(config: RunConfig, known: Known) -> Iterator[str]:
    """Yield the split of arrays that have test examples of their own."""
    train, validation, test = _counts(config)
    has_validation = known.has_validation
    if config.data.shuffle:
        yield "# Mixed so that every part has each class in its share; the same for all seeds."
        for part in ("all", "test", *(["val"] if has_validation else [])):
            yield f"order = mixed_order(y_{part}, {config.data.split_seed})"
            yield f"x_{part}, y_{part} = x_{part}[order], y_{part}[order]"
    yield f"x, y = x_all[:{train}], y_all[:{train}]"
    if has_validation:
        yield f"x_val, y_val = x_val[:{validation}], y_val[:{validation}]"
    else:
        both = train + validation
        yield f"x_val, y_val = x_all[{train}:{both}], y_all[{train}:{both}]"
    yield f"x_test, y_test = x_test[:{test}], y_test[:{test}]"


def _split_rows(config: RunConfig) -> Iterator[str]:
    """Yield the split of the rows of a table."""
    train, validation, test = _counts(config)
    if config.data.shuffle:
        yield "# Mixed so that every part has each class in its share; the same for all seeds."
        yield f"order = mixed_order(y_all, {config.data.split_seed})"
        yield "x_all, y_all = x_all[order], y_all[order]"
    yield f"x, y = x_all[:{train}], y_all[:{train}]"
    both = train + validation
    yield f"x_val, y_val = x_all[{train}:{both}], y_all[{train}:{both}]"
    yield f"x_test, y_test = x_all[-{test}:], y_all[-{test}:]"


PARTS_OF_X = "(x, x_val, x_test)"


def _scale(config: RunConfig) -> Iterator[str]:
    normalize = config.data.normalize or "none"
    if config.data.is_table:
        return
    if is_of_words(config):
        yield f'x, x_val, x_test = (part.astype("int32") for part in {PARTS_OF_X})'
    elif normalize == "standardize":
        yield 'mean, sd = x.mean(axis=0, dtype="float64"), x.std(axis=0, dtype="float64")'
        yield "sd = np.where(sd > 0, sd, np.inf)  # what does not vary becomes 0"
        scaled = '((part - mean) * (1 / sd)).astype("float32")'
        yield f"x, x_val, x_test = ({scaled} for part in {PARTS_OF_X})"
    else:
        yield f'x, x_val, x_test = (part.astype("float32") for part in {PARTS_OF_X})'
        if normalize == "unit" and config.data.name in IMAGES:
            yield f"x, x_val, x_test = x / {IMAGE_MAXIMUM}, x_val / {IMAGE_MAXIMUM}, " + (
                f"x_test / {IMAGE_MAXIMUM}"
            )
        elif normalize == "unit":
            yield "largest = x.max() if x.max() > 0 else 1"
            yield "x, x_val, x_test = x / largest, x_val / largest, x_test / largest"


def _add_noise(config: RunConfig) -> Iterator[str]:
    for number, (part, x) in enumerate(zip(PARTS, ("x", "x_val", "x_test"), strict=True)):
        sd = getattr(config.data.noise, part)
        if sd:
            yield f"rng = np.random.default_rng([{config.seed}, {number}])"
            drawn = f'rng.standard_normal({x}.shape, dtype="float32")'
            yield f"{x} = {x} + np.float32({value(sd)}) * {drawn}"


def _scale_targets(config: RunConfig) -> Iterator[str]:
    if config.data.normalize_target is not None:
        yield 'y_mean, y_sd = y.mean(axis=0, dtype="float64"), y.std(axis=0, dtype="float64")'
        yield "y, y_val, y_test = ((part - y_mean) / y_sd for part in (y, y_val, y_test))"


def _class_weight(config: RunConfig, known: Known) -> Iterator[str]:
    chosen = config.training.class_weight
    if chosen == "balanced":
        yield "# Every class weighs the same in all."
        yield f"counts = np.bincount(y, minlength={known.outputs})"
        yield "share = len(y) / (counts > 0).sum()"
        yield "class_weight = {k: share / max(count, 1) for k, count in enumerate(counts)}"
    elif chosen is not None:
        names = known.class_names or tuple(map(str, range(known.outputs)))
        weights = {number: chosen.get(name, 1.0) for number, name in enumerate(names)}
        yield from lay_out(f"class_weight = {value(weights)}")


def _encode(kind: Encoding, known: Known) -> Iterator[str]:
    """Yield the targets as the loss takes them."""
    parts = "(y, y_val, y_test)"
    if kind == "one_hot":
        yield "# A column for each class, as the loss takes them."
        yield f"y, y_val, y_test = (np.eye({known.outputs})[part] for part in {parts})"
    elif kind == "single":
        yield f'y, y_val, y_test = (part[:, None].astype("float32") for part in {parts})'
    elif kind == "numbers":
        yield f'y, y_val, y_test = (part.astype("float32") for part in {parts})'


# The training.


def _training(config: RunConfig, known: Known) -> Iterator[str]:
    callbacks = write_callbacks(config)
    measured = [monitor for monitor in monitors(config) if monitor not in MEASURED]
    if measured:
        yield from _measure(config, measured)
        callbacks.insert(0, "Measure()")  # so that the others see what it measures
    also = [] if config.training.class_weight is None else ["class_weight=class_weight"]
    yield from write_fit(config, callbacks, epochs="arguments.epochs", also=[*also, "verbose=2"])
    yield "scores = model.evaluate(x_test, y_test, batch_size=500, verbose=0, return_dict=True)"
    yield 'print("test:", ", ".join(f"{name} {score:.4g}" for name, score in scores.items()))'
    if config.data.normalize_target is not None:
        yield "# In the target's own unit: y_mean + y_sd * model.predict(x)"
    yield "if arguments.save:"
    yield "    model.save(arguments.save)"


def _measure(config: RunConfig, measured: list[str]) -> Iterator[str]:
    """Yield the callback that measures what Keras does not, or only while the weights change."""
    yield ""
    yield ""
    yield "class Measure(keras.callbacks.Callback):"
    yield '    """Measures after each epoch what the other callbacks look at."""'
    yield ""
    yield "    def on_epoch_end(self, epoch, logs):"
    scores = {one for one in measured if one.endswith(("auc", "balanced_accuracy"))}
    if set(measured) - scores:
        given = "x, y, batch_size=500, verbose=0, return_dict=True"
        yield f"        logs.update(self.model.evaluate({given}))"
    for monitor in sorted(scores):
        part = "_val" if monitor.startswith("val_") else ""
        name = monitor.removeprefix("val_")
        turns_at = f", {config.threshold}" if name == "balanced_accuracy" else ""
        yield f"        predicted = self.model.predict(x{part}, verbose=0)"
        yield f'        logs["{monitor}"] = {name}(y{part}, predicted{turns_at})'
    yield ""
    yield ""
