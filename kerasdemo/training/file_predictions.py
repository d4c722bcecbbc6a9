"""What a run's trained model predicts of examples in files."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kerasdemo.backend import no_remarks_on_tracing
from kerasdemo.config import Fault, InputError
from kerasdemo.config.data_types import TEXTS
from kerasdemo.config.errors import shown
from kerasdemo.data import Array, raw_files, sequences
from kerasdemo.data.loading import IMAGES
from kerasdemo.records import Run
from kerasdemo.training import predictions, task

# Rows that the model takes at a time, and images that are in memory at a time.
BATCH, IMAGES_AT_ONCE = 256, 1_024
# Digits and clothes: light on black.
LIGHT_ON_DARK = ("mnist", "mnist_sample", "fashion_mnist")
# More numbers for one example are no table.
MOST_OUTPUTS = 10_000

Row = dict[str, Any]


@no_remarks_on_tracing()
def predict_files(
    run: Run, paths: Sequence[Path], array: str | None = None, *, invert: bool = False
) -> list[Row]:
    """Return a row for each example: its file or its number, and what the model says of it.

    Args:
        run: with a saved model.
        paths: images or folders of images, or one table, or one .npz.
        array: the name of the .npz file's array; None: `x`, else `x_test`.
        invert: whether images are made negative.

    Raises:
        InputError: for files that do not fit the run, and for a run without a model.
    """
    files = raw_files.find(paths)
    _check_kind(run, files, array, invert)
    model = _load(run)
    keys: Sequence[object]
    if files.kind == "table":
        keys, output = _predict_table(run, model, files.paths[0])
    elif files.kind == "array":
        keys, output = _predict_array(run, model, files.paths[0], array)
    else:
        keys, output = _predict_images(run, model, files.paths, invert)
    columns = _describe(run, output)
    key = _other_than("file" if files.kind == "images" else "row", columns)
    if not np.isfinite(output).all():
        warnings.warn("some outputs are NaN or infinite: the network diverged", stacklevel=4)
    return [
        {key: name} | {column: values[n] for column, values in columns.items()}
        for n, name in enumerate(keys)
    ]


def _check_kind(run: Run, files: raw_files.RawFiles, array: str | None, invert: bool) -> None:
    """Refuse files and options that are not for this run."""
    is_of_table = run.config is not None and run.config.data.is_table
    expected = "a table (.csv, .parquet)" if is_of_table else "images or an .npz"
    if is_of_table != (files.kind == "table"):
        source = "a table" if is_of_table else "arrays or images"
        message = f"{run.id} was trained on {source}; expected {expected}"
        raise InputError(Fault(message, str(files.paths[0])))
    if array is not None and files.kind != "array":
        raise InputError(Fault("is for .npz files only", "--array"))
    if invert and files.kind != "images":
        raise InputError(Fault("is for images only", "--invert"))


def _load(run: Run) -> Any:
    """Return the run's model, which takes one array, or a table's columns.

    Raises:
        InputError: where there is none.
    """
    if not run.folder.model_file.exists():
        reason = f": {run.facts['reason']}" if run.facts.get("reason") else ""
        message = f"it has no model to predict with; its status is {run.status}{reason}"
        raise InputError(Fault(message, str(run.path)))
    return run.model


def _predict_table(run: Run, model: Any, path: Path) -> tuple[list[int], Array]:
    assert run.config is not None
    data = run.config.data
    inputs = getattr(model, "inputs", None) and model.input
    if not isinstance(inputs, Mapping):
        message = "the model takes no columns of a table; is it of another run?"
        raise InputError(Fault(message, str(run.folder.model_file)))
    roles = {
        name: "numeric" if tensor.dtype != "string" else "text" if data.text else "categorical"
        for name, tensor in inputs.items()
    }
    values, rows = raw_files.read_columns(path, roles, data.missing)
    if not len(rows):
        raise InputError(Fault("every row has a missing value, and is left out", str(path)))
    count = int(rows[-1]) + 1
    if len(rows) < count:
        warnings.warn(
            f"{count - len(rows):,} rows with missing values are left out, as in training",
            stacklevel=5,
        )
    _warn_of_unknown(run, values)
    return rows.tolist(), _flat(run.predict(values, BATCH), len(rows))


def _warn_of_unknown(run: Run, values: Mapping[str, Array]) -> None:
    """Warn of categories that no training row had."""
    columns = (run.facts.get("data") or {}).get("columns") or {}
    for name, known in (columns.get("categorical") or {}).items():
        found = {text for text in values.get(name, ()) if text}
        unknown = sorted(t for t in found if t not in known and t.removesuffix(".0") not in known)
        if unknown:
            warnings.warn(
                f"column {name!r}: training had no {shown(unknown[0])}"
                f"{f' (and {len(unknown) - 1:,} more)' if unknown[1:] else ''}; it counts as none "
                "of the known categories",
                stacklevel=6,
            )


def _predict_array(run: Run, model: Any, path: Path, array: str | None) -> tuple[list[int], Array]:
    x = raw_files.read_array(path, array)
    data = run.config.data if run.config else None
    shape = _input_shape(model)
    if data and data.name in TEXTS and run.config and x.ndim == 2:
        info = run.config.dataset_info
        if info and info.shape and info.tokens:
            x = sequences.pad(x.astype(np.int64), info.shape[0], info.tokens)
    fits = shape is None or (
        len(shape) == x.ndim - 1
        and all(side in (None, given) for side, given in zip(shape, x.shape[1:], strict=True))
    )
    if not fits:
        message = f"examples of shape {x.shape[1:]}; the run's model takes {shape}"
        one = "; of one example add an axis: x[None]" if shape == x.shape else ""
        raise InputError(Fault(f"{message}{one}", str(path)))
    if data and data.name in IMAGES and 0 < float(x.max()) <= 1:
        warnings.warn(
            f"{path}: values up to {float(x.max()):.3g}; the images of {data.name} have 0 to 255",
            stacklevel=5,
        )
    return list(range(len(x))), _flat(_call(run, x, path), len(x))


def _predict_images(
    run: Run, model: Any, paths: Sequence[Path], invert: bool
) -> tuple[list[str], Array]:
    known = _input_shape(model) or ()
    shape = tuple(side or 0 for side in known)
    is_image = len(shape) in (2, 3) and shape[2:] in ((), (1,), (3,)) and 0 not in shape
    name = run.config.data.name if run.config else None
    if not is_image or name in TEXTS:
        message = f"the model of {run.id} takes examples of shape {known}, which are no images"
        raise InputError(Fault(f"{message}; expected an .npz", str(paths[0])))
    largest = 255.0 if name in IMAGES else _largest(run)
    outputs, dark_on_light = [], 0
    for chunk in _chunks(paths):
        x = raw_files.read_images(chunk, shape)
        x = 255.0 - x if invert else x
        if name in LIGHT_ON_DARK:
            dark_on_light += int((np.median(_borders(x), axis=1) > 127).sum())
        outputs.append(_flat(_call(run, x * np.float32(largest / 255.0), chunk[0]), len(x)))
    if dark_on_light:
        warnings.warn(
            f"{dark_on_light:,} of {len(paths):,} images have a light background; those of {name} "
            "are light on black: --invert makes them so",
            stacklevel=5,
        )
    # A name that is no text on this system is shown with "?".
    names = [path.as_posix().encode("utf-8", "replace").decode() for path in paths]
    return names, np.concatenate(outputs)


def _chunks(paths: Sequence[Path]) -> Iterator[Sequence[Path]]:
    for first in range(0, len(paths), IMAGES_AT_ONCE):
        yield paths[first : first + IMAGES_AT_ONCE]


def _borders(x: Array) -> Array:
    """Return the outermost pixels (n, pixels) of gray images (n, h, w, ...)."""
    sides = (x[:, 0], x[:, -1], x[:, :, 0], x[:, :, -1])
    return np.concatenate([side.reshape(len(x), -1) for side in sides], axis=1)


def _largest(run: Run) -> float:
    """Return what white was in training: 1 where no value was larger, else 255."""
    facts = (run.facts.get("data") or {}).get("input") or {}
    largest = facts.get("max")
    is_raw = run.config is None or run.config.data.normalize == "none"
    if is_raw:
        return 1.0 if isinstance(largest, int | float) and largest <= 1 else 255.0
    scale = next((layer.scale for layer in run.model.layers if hasattr(layer, "scale")), None)
    return 1.0 if isinstance(scale, float) and scale >= 1 else 255.0


def _input_shape(model: Any) -> tuple[int | None, ...] | None:
    """Return the shape of one example, without the batch axis; None where it is not known.

    Raises:
        InputError: where the model takes several inputs.
    """
    shape = getattr(model, "input_shape", None)
    if isinstance(shape, dict | list):
        raise InputError("the model has several inputs; call run.predict from Python")
    return shape[1:] if isinstance(shape, tuple) else None


def _call(run: Run, x: Array, path: Path) -> Any:
    try:
        return run.predict(x, BATCH)
    except (TypeError, ValueError) as error:  # a model of one's own may take other examples
        if isinstance(error, InputError):
            raise
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError(
            Fault(f"the model does not take its examples: {reason}", str(path))
        ) from None


def _flat(output: Any, count: int) -> Array:
    """Return a model's output as (n, outputs) float32.

    Raises:
        InputError: where it has several outputs.
    """
    if not isinstance(output, np.ndarray):
        raise InputError("the model has several outputs; call run.predict from Python")
    flat: Array = output.reshape(count, -1).astype(np.float32)
    if flat.shape[1] > MOST_OUTPUTS:
        message = f"the model gives {flat.shape[1]:,} numbers for each example; at most"
        raise InputError(f"{message} {MOST_OUTPUTS:,} are a table: call run.predict from Python")
    return flat


def _describe(run: Run, output: Array) -> dict[str, list[Any]]:
    """Return outputs (n, outputs) as the columns of a table, of n values each."""
    setup = run.setup
    # An activation that is a layer of its own is one, too.
    last = run.network[-1] if run.network else None
    activation = None
    if last is not None:
        activation = "softmax" if last.type == "softmax" else last.activation
    threshold = task.threshold(setup.loss, activation)
    link = predictions.find_link(setup.loss, activation)
    if setup.task in ("classification", "binary"):
        return _describe_classes(run, output, threshold, link)
    if setup.task == "multi_label":
        names = _names(run, output.shape[1], "label")
        link = "sigmoid" if link == "softmax" else link
        shares = predictions.to_probabilities(output, link)
        columns: dict[str, list[Any]] = {}
        for n, name in enumerate(names):
            has = [_or_none(int(value > threshold), value) for value in output[:, n]]
            columns[_other_than(name, columns)] = has
        for n, name in enumerate(names):
            word, values = ("output_", output) if shares is None else ("p_", shares)
            columns[_other_than(f"{word}{name}", columns)] = _numbers(values[:, n])
        return columns
    names = _names(run, output.shape[1], "prediction" if setup.task == "regression" else "output")
    return {name: _numbers(output[:, n]) for n, name in enumerate(names)}


def _describe_classes(
    run: Run, output: Array, threshold: float, link: predictions.Link | None
) -> dict[str, list[Any]]:
    is_single = output.shape[1] == 1
    if is_single:
        guess = (output[:, 0] > threshold).astype(int)
        positive = predictions.to_probabilities(output, "sigmoid" if link == "softmax" else link)
        shares = None if positive is None else np.hstack([1 - positive, positive])
    else:
        guess = output.argmax(axis=1)
        shares = predictions.to_probabilities(output, link)
    names = _names(run, max(2, output.shape[1]), "")
    finite = [bool(np.isfinite(row).all()) for row in output]
    columns: dict[str, list[Any]] = {
        "class": [names[n] if ok else None for n, ok in zip(guess, finite, strict=True)]
    }
    if shares is None:
        given = ["output"] if is_single else [f"output_{name}" for name in names]
        return columns | {name: _numbers(output[:, n]) for n, name in enumerate(given)}
    columns["probability"] = _numbers(shares[np.arange(len(guess)), guess])
    return columns | {f"p_{name}": _numbers(shares[:, n]) for n, name in enumerate(names)}


def _names(run: Run, count: int, kind: str) -> list[str]:
    """Return names of outputs: as recorded, else their numbers; of a single one just its kind."""
    data, found = run.facts.get("data") or {}, run.predictions
    targets = run.config.data.targets if run.config and kind else ()
    recorded = (
        data.get("class_names"),
        found.get("classes"),
        *([one.get("name") for one in found.get(key) or ()] for key in ("labels", "columns")),
        targets,
    )
    for names in recorded:
        if names and len(names) == count and None not in names and len(set(names)) == count:
            return [str(name) for name in names]
    if not kind:
        return [str(n) for n in range(count)]
    return [kind] if count == 1 else [f"{kind}_{n}" for n in range(count)]


def _numbers(values: Array) -> list[float | None]:
    """Return float32 values as the shortest decimals that give them back; None for NaN."""
    return [_or_none(float(str(value)), value) for value in np.asarray(values, np.float32)]


def _or_none(cell: Any, value: Any) -> Any:
    return cell if np.isfinite(value) else None


def _other_than(name: str, taken: Mapping[str, object]) -> str:
    """Return a column's name, with "_" at its end where another column has it."""
    while name in taken:
        name += "_"
    return name
