"""Folders of images, before an image is opened."""

from pathlib import Path

import pytest

from kerasdemo.config import InputError, parse


def make(root: Path, *files: str) -> Path:
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).touch()
    return root


def load(folder: Path | str, *overrides: str) -> object:
    return parse(
        "data: {name: image_folder}", "c.yaml", [f"data.path={folder}", *overrides]
    ).dataset_info


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ((), "has no folders in it (expected a folder for each class"),
        (("a.png", "b.png"), "has no folders in it"),
        (("a/1.png",), "has one folder, a (expected a folder for each class"),
        (("a/1.png", "b/notes.txt"), "b has no images (expected .bmp, .gif, .jpeg, .jpg, .png)"),
        (("a/1.png", "b/.hidden.png"), "b has no images"),
        (("a/1.png", ".b/1.png"), "has one folder, a"),
        (("train/a/1.png", "train/b/1.png", "test/notes.txt"), "test has no images"),
        (("a/1.png", "b\n/1.png"), "the name of the folder 'b\\n' is no text"),
    ],
)
def test_a_folder_without_classes_is_refused(
    files: tuple[str, ...], expected: str, tmp_path: Path
) -> None:
    (tmp_path / "images").mkdir()
    with pytest.raises(InputError) as caught:
        load(make(tmp_path / "images", *files))
    assert expected in str(caught.value)
    assert "data.path" in str(caught.value)


def test_what_is_no_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nowhere: no such folder"):
        load(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"a\.zip: is a file \(expected a folder for each class"):
        load(make(tmp_path, "a.zip") / "a.zip")


def test_size_and_mode_give_the_shape(tmp_path: Path) -> None:
    folder = make(tmp_path, *(f"{c}/{n}.png" for c in "ab" for n in range(10)))
    info = load(folder)
    assert (info.shape, info.classes, info.train, info.test) == ((64, 64, 3), 2, 16, 4)
    info = load(folder, "data.image_size=[20, 30]", "data.color_mode=grayscale")
    assert info.shape == (20, 30, 1)


def test_more_images_than_memory_holds_are_refused(tmp_path: Path) -> None:
    folder = make(tmp_path, *(f"{c}/{n}.png" for c in "ab" for n in range(10)))
    with pytest.raises(InputError) as caught:
        load(folder, "data.image_size=10000")
    assert "data.image_size: 20 images of 10,000 x 10,000 x 3 take 24,000,000,000" in str(
        caught.value
    )


def test_classes_may_be_called_train_and_test(tmp_path: Path) -> None:
    info = load(make(tmp_path, *(f"{c}/{n}.png" for c in ("train", "test") for n in range(5))))
    assert (info.classes, info.train, info.test) == (2, 8, 2)
