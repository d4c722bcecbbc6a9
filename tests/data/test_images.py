"""Folders of images: as Keras loads them; every fault names its file."""

import os
import shutil
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kerasdemo import data
from kerasdemo.config import InputError, RunConfig, parse
from kerasdemo.data import images

SHAPES = Path(__file__).parents[2] / "configs" / "data" / "shapes"
COLORS = {"blue": (0, 0, 255), "red": (255, 0, 0)}


def config_of(folder: Path, *overrides: str) -> RunConfig:
    text = f"data: {{name: image_folder, image_size: 8, path: {folder.name}}}"
    return parse(text, str(folder.parent / "c.yaml"), overrides)


def fill(folder: Path, count: int = 10) -> Path:
    """Write so many images of two classes, each image of a brightness of its own."""
    for name, color in COLORS.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for n in range(count):
            shade = tuple(c * (n + 1) // count for c in color)
            Image.new("RGB", (12, 9), shade).save(folder / name / f"{n}.png")
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return fill(tmp_path / "images")


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size, and holds a few bytes of it."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        check = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100)))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def write_animation(path: Path) -> None:
    frames = [Image.new("L", (8, 8), n) for n in (0, 100, 200)]
    frames[0].save(path, save_all=True, append_images=frames[1:])


def write_truncated(path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (60, 60, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:-2_000])


FAULTY: list[tuple[str, Callable[[Path], object], str]] = [
    ("bomb.png", lambda p: p.write_bytes(png_header(100_000, 100_000)), "claims far more than"),
    ("large.png", lambda p: p.write_bytes(png_header(10_000, 8_000)), "has 10,000 x 8,000 pixels"),
    ("text.png", lambda p: p.write_text("not an image at all"), "is no image (expected BMP, GIF"),
    ("page.jpg", lambda p: p.write_text("<svg onload='alert(1)'/>"), "is no image"),
    ("empty.gif", lambda p: p.touch(), "is empty (0 bytes)"),
    ("cut.jpg", write_truncated, "can't be decoded"),
    ("cut.png", write_truncated, "can't be decoded"),
    ("film.gif", write_animation, "is animated; expected one picture"),
    ("film.png", write_animation, "is animated; expected one picture"),
    ("tiff.png", lambda p: Image.new("L", (8, 8)).save(p, "TIFF"), "is no image"),
    ("circle.png", lambda p: p.symlink_to(p), "can't be read"),
    ("fifo.png", lambda p: os.mkfifo(p), "can't be read (is a FIFO; expected a plain file)"),
]


@pytest.mark.parametrize(("name", "write", "expected"), FAULTY, ids=[f[0] for f in FAULTY])
def test_a_file_that_is_no_image_is_named(
    name: str, write: Callable[[Path], object], expected: str, folder: Path
) -> None:
    write(folder / "red" / name)
    for read in (data.check, data.load):  # `check` refuses what `run` refuses
        with pytest.raises(InputError) as caught:
            read(config_of(folder))
        assert f"c.yaml:1: data.path: {folder / 'red' / name}: {expected}" in str(caught.value)


def test_of_many_faulty_files_the_first_is_named_and_the_others_are_counted(folder: Path) -> None:
    for name in ("1", "2", "3"):
        (folder / "blue" / f"{name}.png").write_text("no image")
    for read in (data.check, data.load):
        with pytest.raises(
            InputError, match=r"1\.png: is no image .* \(and 2 more files are faulty"
        ):
            read(config_of(folder))


def save_16_bit(path: Path) -> None:
    Image.fromarray(np.linspace(0, 65_535, 400).reshape(20, 20).astype(np.uint16)).save(path)


UNUSUAL: list[tuple[str, Callable[[Image.Image, Path], object]]] = [
    ("cmyk.jpg", lambda image, path: image.convert("CMYK").save(path)),
    ("gray.jpg", lambda image, path: image.convert("L").save(path)),
    ("deep.png", lambda image, path: save_16_bit(path)),
    ("palette.png", lambda image, path: image.quantize(16).save(path)),
    ("bits.png", lambda image, path: image.convert("1").save(path)),
    ("alpha.png", lambda image, path: image.convert("RGBA").save(path)),
    ("still.gif", lambda image, path: image.save(path)),
    ("plain.BMP", lambda image, path: image.save(path, "BMP")),
    ("jpeg_inside.png", lambda image, path: image.save(path, "JPEG")),
]


def test_images_are_those_of_keras_loader(folder: Path) -> None:
    from kerasdemo.backend import keras

    noise = np.random.default_rng(1).integers(0, 255, (21, 34, 3), np.uint8)
    for name, save in UNUSUAL:
        save(Image.fromarray(noise), folder / "blue" / name)
    (folder / "blue" / "b" / "c").mkdir(parents=True)
    (folder / "blue" / "b-d").mkdir()
    for inner in ("b", "b/c", "b-d"):
        shutil.copy(folder / "red" / "3.png", folder / "blue" / inner / "inner.png")
    source = data.find(config_of(folder, "data.image_size=[6, 10]"))
    found = images.list_images(folder)
    loader = keras.utils.image_dataset_from_directory(
        folder, image_size=(6, 10), shuffle=False, batch_size=None, verbose=False
    )
    assert list(found.class_names) == loader.class_names
    assert [str(folder / file.path) for file in found.train] == loader.file_paths
    expected = np.stack([image.numpy() for image, _ in loader])
    key = np.lexsort(expected.reshape(len(expected), -1).T)
    x = np.concatenate([source.arrays["x_train"], source.arrays["x_test"]])
    np.testing.assert_array_equal(x[np.lexsort(x.reshape(len(x), -1).T)], expected[key])


def test_grayscale_has_one_channel(folder: Path) -> None:
    dataset = data.load(config_of(folder, "data.color_mode=grayscale"))
    assert dataset.shape == (8, 8, 1)


def test_an_image_that_can_not_be_decoded_as_asked_is_named(folder: Path) -> None:
    Image.new("RGB", (8, 8)).save(folder / "red" / "colors.bmp")
    with pytest.raises(InputError, match=r"colors\.bmp: can't be decoded as grayscale"):
        data.load(config_of(folder, "data.color_mode=grayscale"))


def test_a_fifth_of_each_class_is_for_testing_and_values_are_unit(folder: Path) -> None:
    dataset = data.load(config_of(folder))
    for part, count in (("train", 7), ("validation", 1), ("test", 2)):
        assert np.bincount(getattr(dataset, part).y).tolist() == [count, count]
    assert dataset.train.x.dtype == np.float32
    assert dataset.train.x.max() == 1.0
    assert dataset.names == ("blue", "red")
    assert (dataset.train.x[dataset.train.y == 1][..., 2] == 0).all()  # no blue in red
    every = [p.x.tobytes() for p in (dataset.train, dataset.validation, dataset.test)]
    repeated = data.load(config_of(folder, "seed=5"))
    assert [p.x.tobytes() for p in (repeated.train, repeated.validation, repeated.test)] == every
    other = data.load(config_of(folder, "data.split_seed=1"))
    assert other.test.x.tobytes() != every[2]


def test_folders_of_parts_are_used(tmp_path: Path) -> None:
    for part, count in (("train", 6), ("test", 3), ("validation", 2)):
        fill(tmp_path / "images" / part, count)
    config = config_of(tmp_path / "images")
    dataset = data.load(config)
    assert [len(p.y) for p in (dataset.train, dataset.validation, dataset.test)] == [12, 4, 6]
    with pytest.raises(InputError, match="13 requested; the folder train has 12"):
        config_of(tmp_path / "images", "data.train=13")
    with pytest.raises(InputError, match="7 requested; image_folder has 6"):
        config_of(tmp_path / "images", "data.test=7")


def test_a_class_that_only_the_test_folder_has_is_an_error(tmp_path: Path) -> None:
    for part in ("train", "test"):
        fill(tmp_path / "images" / part)
    shutil.copytree(tmp_path / "images/test/red", tmp_path / "images/test/green")
    with pytest.raises(InputError, match="test/green: the folder train has no class of that name"):
        config_of(tmp_path / "images")


def test_the_fingerprint_is_of_the_files_and_notices_a_change(folder: Path) -> None:
    first = data.find(config_of(folder)).sha256
    assert data.find(config_of(folder, "data.image_size=9")).sha256 != first
    copy = Path(shutil.copytree(folder, folder.parent / "copy"))
    assert data.find(config_of(copy)).sha256 == first
    Image.new("RGB", (13, 9), (1, 2, 3)).save(folder / "red" / "0.png")
    assert data.find(config_of(folder)).sha256 != first
    (copy / "red" / "9.png").rename(copy / "red" / "10.png")
    assert data.find(config_of(copy)).sha256 != first


def test_check_says_what_there_is_and_what_is_left_out(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "notes.txt").touch()
    (folder / "red" / "._0.png").write_text("of macOS")
    outside = folder.parent / "secret.png"
    Image.new("RGB", (4, 4)).save(outside)
    (folder / "red" / "link.png").symlink_to(outside)
    (folder / "red" / "again.png").symlink_to(folder / "red" / "0.png")
    (folder / "red" / "round").symlink_to(folder)
    count, left_out = data.check(config_of(folder))
    assert count == "21 images of 2 classes: blue, red"
    assert left_out.startswith("3 files are left out")
    monkeypatch.setattr(images, "CHECKED_FILES", 4)
    assert data.check(config_of(folder))[-1] == "checked 4 of 21 images; `run` checks all"


def test_the_bundled_shapes_are_balanced() -> None:
    (remark,) = data.check(config_of(SHAPES, "data.image_size=32"))
    assert remark == "480 images of 4 classes: circle, square, star, triangle"
    assert sum(path.stat().st_size for path in SHAPES.rglob("*.png")) < 500_000
