"""Faults between the data and the rest of a config."""

from pathlib import Path

import numpy as np
import pytest

from kerasdemo import data
from kerasdemo.config import InputError, parse
from tests.factories import write_npz

EMBEDDED = (
    "network: {{layers: [{{type: embedding, input_dim: {0}, output_dim: 4}}, {{type: flatten}}, "
    "{{type: dense, units: 2, activation: softmax}}]}}"
)


@pytest.mark.parametrize(
    ("text", "key", "expected"),
    [
        (
            "data: {name: friedman}\nloss: mse\n"
            "network: {layers: [{type: dense, units: 4}, {type: dense, units: 2}]}",
            "network.layers.1",
            "2 output units, but the data has 1 target column: use 1",
        ),
        (
            f"data: {{name: imdb}}\n{EMBEDDED.format(5000)}",
            "network.layers.0.input_dim",
            "5,000 entries, but the inputs' numbers go from 0 to 9,999: use 10000",
        ),
        (
            f"data: {{name: imdb, normalize: unit}}\n{EMBEDDED.format(10000)}",
            "data.normalize",
            "an embedding takes words' numbers, which unit changes; use none",
        ),
        (
            "data: {name: imdb, noise: {train: 0.1}}",
            "data.noise",
            "a text is a sequence of words' numbers; noise would change them",
        ),
    ],
)
def test_what_does_not_fit_is_an_error(text: str, key: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text, "c.yaml")
    (line,) = caught.value.lines
    assert f"{key}: {expected}" in line
    assert line.startswith("c.yaml:")


def test_fitting_words_and_entries_are_no_error() -> None:
    config = parse(f"data: {{name: imdb, max_tokens: 500}}\n{EMBEDDED.format(500)}")
    assert config.dataset_info is not None
    assert config.dataset_info.tokens == 500
    assert config.data.normalize == "none"


@pytest.mark.parametrize(
    ("largest", "expected"),
    [(9, None), (10, "10 entries, but the inputs' numbers go from 0 to 10"), (-1, "have -1")],
)
def test_numbers_of_a_file_are_compared_with_the_embedding(
    largest: int, expected: str | None, tmp_path: Path
) -> None:
    x = np.zeros((40, 3), int)
    x[7, 2] = largest
    write_npz(
        tmp_path / "own.npz",
        x_train=x,
        x_test=x[:12],
        y_train=np.arange(40) % 2,
        y_test=np.arange(12) % 2,
    )
    text = f"data: {{name: file, path: own.npz, normalize: none}}\n{EMBEDDED.format(10)}"
    config = parse(text, str(tmp_path / "c.yaml"))
    if expected is None:
        data.check(config)
        return
    for read in (data.check, data.load):
        with pytest.raises(InputError) as caught:
            read(config)
        assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("units", "loss", "expected"),
    [
        (3, "binary_crossentropy", None),
        (2, "binary_crossentropy", "2 output units, but the data has 3 labels: use 3"),
    ],
)
def test_labels_need_a_unit_each(
    units: int, loss: str, expected: str | None, tmp_path: Path
) -> None:
    y = np.array([[1, 1, 0], [0, 0, 1], [0, 0, 0], [0, 1, 1]] * 10)
    write_npz(tmp_path / "own.npz", y_train=y, y_test=y[:12])
    text = (
        f"data: {{name: file, path: own.npz}}\nloss: {loss}\n"
        f"network: {{layers: [{{type: dense, units: {units}, activation: sigmoid}}]}}"
    )
    if expected is None:
        config = parse(text, str(tmp_path / "c.yaml"))
        assert config.task == "multi_label"
        data.check(config)
        return
    with pytest.raises(InputError, match=expected):
        parse(text, str(tmp_path / "c.yaml"))
