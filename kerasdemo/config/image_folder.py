"""A folder of images, a folder for each class: listed as Keras does, without opening an image."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from kerasdemo.config.data_types import Data
from kerasdemo.config.dataset_info import MAX_BYTES, DataError, DatasetInfo

# Those that keras.utils.image_dataset_from_directory takes.
SUFFIXES = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
MAX_FILES = 1_000_000
DEFAULT_SIZE = 64
PARTS = {"train", "test", "validation"}
# Where there is no folder `test`, every fifth image is for testing.
TEST_SHARE = 0.2
EXPECTED = (
    "expected a folder for each class, or the folders train and test with a folder for each class"
)


@dataclass(frozen=True)
class ImageFile:
    """An image: its path, relative to the folder that the config names, and its class."""

    path: str
    label: int


@dataclass(frozen=True)
class ImageFolder:
    """The images of a folder.

    Args:
        root: the folder.
        class_names: the names of the classes' folders, sorted; labels count them from 0.
        train: the images in the classes' folders, or in those of the folder `train`.
        test: those of the folder `test`, or None where there is none.
        validation: those of the folder `validation`, or None where there is none.
        left_out: files that are no images by their suffix, are hidden, lie in no class's folder,
            or are links that lead out of the folder.
    """

    root: Path
    class_names: tuple[str, ...]
    train: tuple[ImageFile, ...]
    test: tuple[ImageFile, ...] | None
    validation: tuple[ImageFile, ...] | None
    left_out: int

    @property
    def parts(self) -> dict[str, tuple[ImageFile, ...]]:
        """The images by the names of arrays: train, test and val, without those that are None."""
        parts = {"train": self.train, "test": self.test, "val": self.validation}
        return {name: files for name, files in parts.items() if files is not None}

    @property
    def test_count(self) -> int:
        """Number of test images; where `test` is None so many are taken from `train`."""
        if self.test is not None:
            return len(self.test)
        return max(1, round(len(self.train) * TEST_SHARE))

    @property
    def train_count(self) -> int:
        """Number of images that are left for training, and validation if that has no folder."""
        return len(self.train) - (self.test_count if self.test is None else 0)


def read_info(data: Data) -> DatasetInfo:
    """Return what is known of the images of a config.

    Raises:
        DataError: where there are no such images, or too many for memory.
    """
    folder = list_images(Path(data.path or ""))
    shape = image_shape(data)
    files = sum(map(len, folder.parts.values()))
    height, width, channels = shape
    size = files * height * width * channels * 4
    if size > MAX_BYTES:
        message = (
            f"{files:,} images of {height:,} x {width:,} x {channels} take {size:,} bytes in "
            f"memory; at most {MAX_BYTES:,} are read: make image_size smaller"
        )
        raise DataError(message, ("data", "image_size") if data.image_size else ("data", "path"))
    validation = None if folder.validation is None else len(folder.validation)
    default = max(1, files // 10) if validation is None else validation
    return DatasetInfo(
        folder.train_count,
        folder.test_count,
        shape,
        len(folder.class_names),
        None,
        default,
        validation=validation,
    )


def image_shape(data: Data) -> tuple[int, int, int]:
    """Return (height, width, channels) of the images as a network gets them."""
    size = data.image_size or DEFAULT_SIZE
    height, width = (size, size) if isinstance(size, int) else size
    return height, width, 1 if data.color_mode == "grayscale" else 3


def list_images(root: Path) -> ImageFolder:
    """Return the images of a folder.

    Raises:
        DataError: where it is no folder of images.
    """
    try:
        if not root.is_dir():
            what = "is a file" if root.exists() else "no such folder"
            raise DataError(f"{root}: {what} ({EXPECTED})")
        # A file that comes or goes changes the time of its folder.
        times = tuple((str(folder), folder.stat().st_mtime_ns) for folder, _ in walk(root))
        return _list(root, times)
    except (OSError, ValueError) as error:  # a null character in the name is a ValueError
        if isinstance(error, DataError):
            raise
        raise DataError(f"{root}: {getattr(error, 'strerror', None) or error}") from None


@lru_cache(maxsize=8)
def _list(root: Path, times: tuple[tuple[str, int], ...]) -> ImageFolder:
    """Return the images of a folder; `times` is a part of the cache's key."""
    parts, names = {"train": root}, _subfolders(root)
    if set(names) <= PARTS and "train" in names and _subfolders(root / "train"):
        parts = {name: root / name for name in names}
    class_names = _subfolders(parts["train"])
    if len(class_names) < 2:
        what = f"one folder, {class_names[0]}" if class_names else "no folders in it"
        raise DataError(f"{parts['train']} has {what} ({EXPECTED})")
    found = {part: _list_part(root, folder, class_names) for part, folder in parts.items()}
    counts = [
        sum(file.label == label for file in found["train"]) for label in range(len(class_names))
    ]
    for name, count in zip(class_names, counts, strict=True):
        if not count:
            where = parts["train"] / name
            raise DataError(f"{where} has no images (expected {', '.join(SUFFIXES)})")
    return ImageFolder(
        root,
        tuple(class_names),
        found["train"],
        found.get("test"),
        found.get("validation"),
        sum(len(files) for _, files in walk(root)) - sum(map(len, found.values())),
    )


def _list_part(root: Path, folder: Path, class_names: list[str]) -> tuple[ImageFile, ...]:
    """Return the images of a folder with a folder for each class, in Keras' order."""
    found: list[ImageFile] = []
    for name in _subfolders(folder):
        if name not in class_names:
            raise DataError(f"{folder / name}: the folder train has no class of that name")
        label = class_names.index(name)
        walked = sorted(walk(folder / name), key=lambda pair: str(pair[0]))
        paths = [inner / file for inner, files in walked for file in sorted(files)]
        found += [
            ImageFile(str(path.relative_to(root)), label) for path in paths if _is_image(path, root)
        ]
    if not found:
        raise DataError(f"{folder} has no images ({EXPECTED})")
    return tuple(found)


def walk(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield the folders in a folder, itself first, and the files in each; no links, none hidden."""
    seen = 0
    for inner, subfolders, files in os.walk(root):
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        seen += 1 + len(files)
        if seen > MAX_FILES:
            raise DataError(f"{root} has more than {MAX_FILES:,} files and folders")
        yield Path(inner), files


def _subfolders(folder: Path) -> list[str]:
    """Return the names of the folders in a folder, sorted as Keras does; no links, none hidden."""
    names = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                if not entry.name.isprintable():
                    raise DataError(f"{folder}: the name of the folder {entry.name!r} is no text")
                names.append(entry.name)
    return sorted(names)


def _is_image(path: Path, root: Path) -> bool:
    if path.name.startswith(".") or not path.name.lower().endswith(SUFFIXES):
        return False
    if not path.is_symlink():
        return True
    # Unlike Path.resolve it has no error for links in a circle, which are reported when read.
    target = os.path.realpath(path)
    return Path(target).is_relative_to(os.path.realpath(root))
