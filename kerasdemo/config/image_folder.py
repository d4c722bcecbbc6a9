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
    files = sum(len(files or ()) for files in (folder.train, folder.test, folder.validation))
    height, width, channels = shape
    size = files * height * width * channels * 4
    if size > MAX_BYTES:
        message = (
            f"{files:,} images of {height} x {width} x {channels} take {size:,} bytes in memory; "
            f"at most {MAX_BYTES:,} are read: make image_size smaller"
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
        times = tuple((folder, os.stat(folder).st_mtime_ns) for folder in _folders(str(root)))
        return _list(root, times)
    except (OSError, ValueError) as error:  # a null character in the name is a ValueError
        if isinstance(error, DataError):
            raise
        raise DataError(f"{root}: {getattr(error, 'strerror', None) or error}") from None


def _folders(root: str) -> Iterator[str]:
    for number, (folder, subfolders, _) in enumerate(os.walk(root)):
        if number >= MAX_FILES:
            raise DataError(f"{root} has more than {MAX_FILES:,} folders")
        subfolders[:] = [name for name in subfolders if not name.startswith(".")]
        yield folder


@lru_cache(maxsize=8)
def _list(root: Path, times: tuple[tuple[str, int], ...]) -> ImageFolder:
    """Return the images of a folder; `times` is a part of the cache's key."""
    names = _subfolders(root)
    parts: dict[str, Path] = {"train": root}
    if "train" in names and set(names) <= {"train", "test", "validation"}:
        if _subfolders(root / "train"):
            parts = {name: root / name for name in names}
    class_names = _subfolders(parts["train"])
    if not class_names:
        raise DataError(f"{parts['train']} has no folders in it ({EXPECTED})")
    if len(class_names) == 1:
        raise DataError(f"{parts['train']} has one class, {class_names[0]} ({EXPECTED})")
    found: dict[str, tuple[ImageFile, ...]] = {}
    left_out = _count_files(root) + sum(_count_files(p) for p in parts.values() if p != root)
    total = 0
    for part, folder in parts.items():
        files: list[ImageFile] = []
        for name in _subfolders(folder):
            if name not in class_names:
                raise DataError(f"{folder / name}: train has no class of that name")
            before = len(files)
            for path in _walk(folder / name):
                total += 1
                if total > MAX_FILES:
                    raise DataError(f"{root} has more than {MAX_FILES:,} files")
                if _is_image(path, root):
                    relative = os.path.relpath(path, root)
                    files.append(ImageFile(relative, class_names.index(name)))
                else:
                    left_out += 1
            if len(files) == before and part == "train":
                suffixes = ", ".join(SUFFIXES)
                raise DataError(f"{folder / name} has no images (expected {suffixes})")
        if not files:
            raise DataError(f"{folder} has no images ({EXPECTED})")
        found[part] = tuple(files)
    train, test, validation = (found.get(part) for part in ("train", "test", "validation"))
    assert train is not None
    return ImageFolder(root, tuple(class_names), train, test, validation, left_out)


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


def _count_files(folder: Path) -> int:
    with os.scandir(folder) as entries:
        return sum(not entry.is_dir(follow_symlinks=False) for entry in entries)


def _walk(folder: Path) -> Iterator[str]:
    """Yield the files below a folder in Keras' order; links to folders are not followed."""
    for inner, subfolders, files in os.walk(folder):
        subfolders[:] = sorted(name for name in subfolders if not name.startswith("."))
        for name in sorted(files):
            yield os.path.join(inner, name)


def _is_image(path: str, root: Path) -> bool:
    name = os.path.basename(path)
    if name.startswith(".") or not name.lower().endswith(SUFFIXES):
        return False
    return not os.path.islink(path) or Path(os.path.realpath(path)).is_relative_to(root.resolve())
