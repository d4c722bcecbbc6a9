"""Figures look alike, and the same picture is the same file."""

from pathlib import Path

import pytest

from kerasdemo.display.style import (
    PALE,
    fit,
    new_axes,
    save,
    style,
    use_epoch_ticks,
    width,
    wrap,
    y_values,
)


@pytest.mark.parametrize("suffix", ["", ".png", ".svg", ".pdf"])
def test_the_same_picture_is_the_same_file(tmp_path: Path, suffix: str) -> None:
    files = [tmp_path / f"{name}{suffix}" for name in ("a", "b")]
    for file in files:
        ax = new_axes(2, 2)
        ax.plot([1, 2], [3, 4])
        save(ax.figure, file)
    first, second = (file.read_bytes() for file in files)
    assert first == second


def test_the_style_ends_with_its_context() -> None:
    with style():
        inside = new_axes()
    outside = new_axes()
    assert inside.xaxis.get_gridlines()[0].get_color() == PALE
    assert outside.xaxis.get_gridlines()[0].get_color() != PALE


def test_a_single_epoch_has_one_whole_tick() -> None:
    ax = new_axes()
    ax.plot([1], [0.5])
    ax.set_xlim(0.5, 1.5)
    use_epoch_ticks(ax)
    assert [tick for tick in ax.get_xticks() if 0.5 <= tick <= 1.5] == [1]


def test_a_vertical_line_has_no_values() -> None:
    ax = new_axes()
    ax.axvline(3)
    ax.plot([1, 2], [0.5, 0.6])
    assert y_values(ax.lines) == [0.5, 0.6]


@pytest.mark.parametrize("text", ["W" * 400, "i" * 400, "two words " * 40, "中文" * 200])
def test_a_text_is_cut_to_its_room(text: str) -> None:
    cut = fit(text, 2.0, 8)
    assert cut.endswith("…")
    assert 1.7 < width(cut, 8) <= 2.0
    lines = wrap(text, 2.0, 8, most=3)
    assert len(lines) == 3
    assert lines[-1].endswith("…")
    assert max(width(line, 8) for line in lines) <= 2.0
    assert "".join(wrap(text, 2.0, 8)).replace(" ", "") == text.replace(" ", "")


def test_a_text_that_has_room_stays() -> None:
    assert fit("a\n name", 2.0, 8) == "a name"
    assert wrap("a name", 2.0, 8, most=1) == ["a name"]
    assert width("iiii", 8) < width("WWWW", 8) < width("WWWW", 8, "bold")
