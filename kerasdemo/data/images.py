"""Folders of images: checked, then decoded and resized as Keras' loader does."""

import hashlib
import io
import re
import warnings
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path

import numpy as np

from kerasdemo.config import Fault, InputError, RunConfig, regular_file
from kerasdemo.config.dataset_info import DataError
from kerasdemo.config.image_folder import ImageFile, ImageFolder, image_shape, list_images
from kerasdemo.data.class_weight import check_classes
from kerasdemo.data.dataset import Array, Source
from kerasdemo.data.npz_file import list_some
from kerasdemo.data.split import mixed_order

# Those that TensorFlow decodes; Pillow tries no other one.
FORMATS = ("BMP", "GIF", "JPEG", "PNG")
# Such an image takes 150 MB to decode; a small file can claim more pixels than memory holds.
MAX_PIXELS = 50_000_000
MAX_FILE_BYTES = 1 << 28
# `check` decodes files of so many bytes in all, and no more files than this.
CHECKED_BYTES = 1 << 25
CHECKED_FILES = 5_000
# What red, green and blue add to the gray of tf.image.rgb_to_grayscale.
LUMA = np.array([0.2989, 0.587, 0.114], np.float32)


def find(config: RunConfig) -> Source:
    """Return the images that a config names: (n, height, width, channels) float32, 0 to 255.

    Where there is no folder `test`, a fifth of each class is for testing.

    Raises:
        InputError: where an image can't be read, with its file.
    """
    try:
        folder = list_images(Path(config.data.path or ""))
        x, y, sha256 = _decode(folder, image_shape(config.data), _states(folder))
    except DataError as error:
        raise _input_error(config, error) from None
    if folder.test is None:
        order = mixed_order(y["train"], config.data.split_seed)
        train, test = np.split(order, [folder.train_count])
        x, y = (
            {**arrays, "train": arrays["train"][np.sort(train)], "test": arrays["train"][test]}
            for arrays in (x, y)
        )
    return Source(
        {f"x_{part}": array for part, array in x.items()}
        | {f"y_{part}": array for part, array in y.items()},
        config.data.name,
        sha256,
        class_names=folder.class_names,
        class_count=len(folder.class_names),
    )


def check(config: RunConfig) -> list[str]:
    """Decode a part of the images of each class; return remarks on the data.

    Raises:
        InputError: where one can't be read, with its file.
    """
    try:
        folder = list_images(Path(config.data.path or ""))
        files = [file for part in folder.parts.values() for file in part]
        chosen: list[int] = []
        size = 0
        for index in mixed_order(np.array([file.label for file in files]))[:CHECKED_FILES]:
            size += (folder.root / files[index].path).lstat().st_size
            if chosen and size > CHECKED_BYTES:
                break
            chosen.append(index)
        _report([(files[i], _find_fault(folder.root, files[i])) for i in sorted(chosen)], folder)
    except DataError as error:
        raise _input_error(config, error) from None
    names = folder.class_names
    check_classes(config, names)
    remarks = [f"{len(files):,} images of {len(names)} classes: {list_some(names)}"]
    if folder.left_out:
        remarks.append(
            f"{folder.left_out:,} files are left out: no images by their names, hidden, in no "
            "class's folder, or links that lead out of the folder"
        )
    if len(chosen) < len(files):
        remarks.append(f"checked {len(chosen):,} of {len(files):,} images; `run` checks all")
    return remarks


def _input_error(config: RunConfig, error: DataError) -> InputError:
    fault = config.fault(error.key, str(error))
    # `--set` may name the folder, but did not damage its files.
    return InputError(Fault(fault.message) if fault.file == "--set" else fault)


def _states(folder: ImageFolder) -> tuple[tuple[int, int], ...]:
    """Return the time and size of each file, by which a change of it is noticed."""
    states = []
    for file in (file for part in folder.parts.values() for file in part):
        try:
            state = (folder.root / file.path).stat()
        except OSError:  # reported when it is read
            continue
        states.append((state.st_mtime_ns, state.st_size))
    return tuple(states)


@lru_cache(maxsize=2)
def _decode(
    folder: ImageFolder, shape: tuple[int, int, int], states: tuple[tuple[int, int], ...]
) -> tuple[Mapping[str, Array], Mapping[str, Array], str]:
    """Return images and labels by part, and the SHA-256 of files and names.

    `states` is a part of the cache's key.

    Raises:
        DataError: where an image can't be read.
    """
    digest = hashlib.sha256(f"{shape} {folder.class_names}".encode())
    x, faults = {}, []
    for part, files in folder.parts.items():
        x[part] = np.empty((len(files), *shape), np.float32)
        for row, file in enumerate(files):
            try:
                content = _read(folder.root / file.path)
                _check(content, decodes=False)
                x[part][row] = _to_array(content, shape)
            except ValueError as error:
                faults.append((file, str(error)))
                continue
            digest.update(f"{part} {file.path!r} {file.label} {len(content)} ".encode())
            digest.update(content)
    _report(faults, folder)
    y = {part: np.array([f.label for f in files]) for part, files in folder.parts.items()}
    return x, y, digest.hexdigest()


def read_image(path: Path, shape: tuple[int, int, int]) -> Array:
    """Return an image (height, width, channels) float32, 0 to 255, resized as those of a folder.

    One that TensorFlow does not decode as grayscale becomes gray as it makes a color gray.

    Raises:
        ValueError: where it can't be read.
    """
    content = _read(path)
    _check(content, decodes=False)
    try:
        return _to_array(content, shape)
    except ValueError:
        if shape[2] != 1:
            raise
    gray: Array = _to_array(content, (*shape[:2], 3)) @ LUMA
    return gray[..., None]


def _to_array(content: bytes, shape: tuple[int, int, int]) -> Array:
    """Return an image as keras.utils.image_dataset_from_directory gives it.

    Raises:
        ValueError: where TensorFlow can't decode it.
    """
    from kerasdemo.backend import tf

    height, width, channels = shape
    try:
        with tf.device("CPU"):
            image = tf.image.decode_image(content, channels=channels, expand_animations=False)
            resized: Array = tf.image.resize(image, (height, width), method="bilinear").numpy()
    except (tf.errors.OpError, ValueError) as error:
        # Without the name that TensorFlow's kernel has.
        reason = re.sub(r"\{\{.*?\}\}\s*", "", str(error).splitlines()[0])[:120]
        colors = "grayscale" if channels == 1 else "rgb"
        raise ValueError(f"can't be decoded as {colors} ({reason})") from None
    return resized


def _read(path: Path) -> bytes:
    try:
        content = regular_file.read(path, MAX_FILE_BYTES)
    except OSError as error:
        raise ValueError(f"can't be read ({error.strerror or error})") from None
    if not content:
        raise ValueError("is empty (0 bytes)")
    return content


def _check(content: bytes, *, decodes: bool) -> None:
    """Look at an image's header, and at all of it where `decodes`.

    Raises:
        ValueError: with what is wrong.
    """
    from PIL import Image, UnidentifiedImageError  # here, because few configs name images

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of what is refused below
            with Image.open(io.BytesIO(content), formats=FORMATS) as image:
                width, height = image.size
                is_animated = image.format != "JPEG" and getattr(image, "is_animated", False)
                if decodes and width * height <= MAX_PIXELS and not is_animated:
                    image.load()
    except UnidentifiedImageError:
        raise ValueError(f"is no image (expected {', '.join(FORMATS)})") from None
    except Image.DecompressionBombError:
        raise ValueError(f"claims far more than {MAX_PIXELS:,} pixels, the most") from None
    except Exception as error:  # Pillow's plugins have errors of every type
        reason = (str(error).splitlines() or [type(error).__name__])[0][:120]
        raise ValueError(f"can't be decoded ({reason})") from None
    if width * height > MAX_PIXELS:
        raise ValueError(f"has {width:,} x {height:,} pixels; at most {MAX_PIXELS:,} are read")
    if is_animated:
        raise ValueError("is animated; expected one picture")


def _find_fault(root: Path, file: ImageFile) -> str | None:
    """Return what is wrong with an image, or None."""
    try:
        _check(_read(root / file.path), decodes=True)
    except ValueError as error:
        return str(error)
    return None


def _report(found: Iterable[tuple[ImageFile, str | None]], folder: ImageFolder) -> None:
    """Raise DataError for the first file with a fault, and say how many there are."""
    faults = [(file, fault) for file, fault in found if fault is not None]
    if faults:
        file, fault = faults[0]
        more = f" (and {len(faults) - 1:,} more files are faulty)" if len(faults) > 1 else ""
        raise DataError(f"{folder.root / file.path}: {fault}{more}")
