"""How a script gets x and y of a data set that is no table: named ones, files, folders of images.

The lines leave `x_all`, `y_all`, `x_test`, `y_test`, and of a file with validation examples of its
own `x_val`, `y_val`, in the order of the data set.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

from kerasdemo.config import RunConfig
from kerasdemo.config.data_types import TEXTS
from kerasdemo.config.image_folder import image_shape
from kerasdemo.data.generated import GENERATED
from kerasdemo.data.sources import SAMPLE
from kerasdemo.export.code import call, keywords, lay_out, value
from kerasdemo.export.known import Known

ALL = "(x_all, y_all), (x_test, y_test)"


def default_path(config: RunConfig) -> str | None:
    """Return the file or folder that a script reads where its command line names none."""
    if config.data.path is not None:
        return config.data.path
    return str(SAMPLE) if config.data.name == "mnist_sample" else None


def makes_data(config: RunConfig) -> bool:
    """Return whether a script computes its data."""
    return config.data.name in GENERATED


def functions(config: RunConfig) -> tuple[str, ...]:
    """Return the functions that the lines of `write_arrays` borrow."""
    name = config.data.name
    shuffled = ("mixed_order",) if config.data.shuffle else ()
    if name == "image_folder":
        shuffled = ("mixed_order",)
    if name in TEXTS:
        return ("pad", *shuffled)
    return (name, *shuffled) if name in GENERATED else shuffled


def write_arrays(config: RunConfig, known: Known) -> list[str]:
    """Return the lines that read or make a data set."""
    name = config.data.name
    if name in GENERATED:
        return list(_generated(config))
    if name == "image_folder":
        return list(_images(config, known))
    if name in ("file", "mnist_sample"):
        return list(_file(known))
    return list(_named(config))


def _generated(config: RunConfig) -> Iterator[str]:
    counts = {p: getattr(config.data, p) or 0 for p in ("train", "validation", "test")}
    yield f"found = {config.data.name}({call('SimpleNamespace', keywords(counts))})"
    yield "x_all, y_all, x_test, y_test = found.values()"


def _named(config: RunConfig) -> Iterator[str]:
    """Yield the lines of a data set that Keras downloads, or that a file has."""
    name = config.data.name
    yield "if arguments.data:"
    yield "    with np.load(arguments.data, allow_pickle=False) as file:"
    yield '        x_all, y_all = file["x_train"], file["y_train"]'
    yield '        x_test, y_test = file["x_test"], file["y_test"]'
    yield "else:"
    yield f"    {ALL} = keras.datasets.{name}.load_data()"
    if name in TEXTS:
        given = f"{config.data.length}, {config.data.tokens}"
        yield f"x_all, x_test = pad(x_all, {given}), pad(x_test, {given})"
    if name == "california_housing":
        yield from _as_columns("float32")
    else:
        yield "y_all, y_test = y_all.ravel(), y_test.ravel()"


def _file(known: Known) -> Iterator[str]:
    parts = ["all", "test"]
    yield "with np.load(arguments.data, allow_pickle=False) as file:"
    yield '    x_all, y_all = file["x_train"], file["y_train"]'
    yield '    x_test, y_test = file["x_test"], file["y_test"]'
    if known.has_validation:
        parts.append("val")
        yield '    x_val, y_val = file["x_val"], file["y_val"]'
    names = ", ".join(f"y_{part}" for part in parts)
    if known.targets in ("numbers", "labels"):
        yield from _as_columns("float32" if known.targets == "numbers" else "int64", parts)
        return
    if known.class_names:
        yield from lay_out(f"classes = np.array({value(list(known.class_names))})")
        code: Callable[[str], str] = "np.searchsorted(classes, {}.ravel())".format
    elif known.is_one_hot:
        code = "{}.argmax(axis=1)".format
    else:
        code = '{}.ravel().astype("int64")'.format
    yield f"{names} = {', '.join(code(f'y_{part}') for part in parts)}"


def _as_columns(dtype: str, parts: list[str] | None = None) -> Iterator[str]:
    for part in parts or ("all", "test"):
        yield f'y_{part} = y_{part}.reshape(len(y_{part}), -1).astype("{dtype}")'


def _images(config: RunConfig, known: Known) -> Iterator[str]:
    height, width, channels = image_shape(config.data)
    size = f"image_size=({height}, {width})"
    color = 'color_mode="grayscale"' if channels == 1 else 'color_mode="rgb"'
    yield "def read_images(folder):"
    yield '    """Return the images of a folder with a folder for each class, and their classes."""'
    yield "    found = keras.utils.image_dataset_from_directory("
    yield f"        folder, {size}, {color}, shuffle=False, batch_size=None"
    yield "    )"
    yield "    x, y = zip(*found.as_numpy_iterator())"
    yield '    return np.stack(x), np.array(y, "int64")'
    yield ""
    yield ""
    folder = known.folder
    assert folder is not None
    # All classes are in one folder, so that only a folder `train` is common to all images.
    nested = all(Path(file.path).parts[0] == "train" for file in folder.train)
    train = 'os.path.join(arguments.data, "train")' if nested else "arguments.data"
    yield f"x_all, y_all = read_images({train})"
    if folder.validation is not None:
        yield 'x_val, y_val = read_images(os.path.join(arguments.data, "validation"))'
    if folder.test is not None:
        yield 'x_test, y_test = read_images(os.path.join(arguments.data, "test"))'
        return
    yield f"order = mixed_order(y_all, {config.data.split_seed})"
    yield f"train, test = np.split(order, [{folder.train_count}])"
    yield "x_test, y_test = x_all[test], y_all[test]"
    yield "x_all, y_all = x_all[np.sort(train)], y_all[np.sort(train)]"
