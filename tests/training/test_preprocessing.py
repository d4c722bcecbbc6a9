"""The saved model takes raw rows, and says for them what the network says for encoded ones."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kerasdemo import config, data
from kerasdemo.backend import keras
from kerasdemo.config import InputError
from kerasdemo.records.run import History, Run
from kerasdemo.training import network as networks
from kerasdemo.training.preprocessing import with_preprocessing
from kerasdemo.training.raw_rows import as_inputs

DATA = Path(__file__).parents[2] / "configs" / "data"
CASES: dict[str, dict[str, Any]] = {
    "numbers and categories": {"path": "penguins.csv", "target": "species", "missing": "impute"},
    "numbers alone": {
        "path": "mpg.csv", "target": ["mpg", "weight"], "categorical": [], "missing": "impute",
        "normalize": "unit",
    },
    "categories alone": {
        "path": "mpg.csv", "target": "mpg", "numeric": [], "categorical": ["origin", "cylinders"],
    },
    "one number": {
        "path": "mpg.csv", "target": "mpg", "numeric": ["horsepower"], "categorical": [],
        "missing": "drop",
    },
    "one category": {
        "path": "mpg.csv", "target": "cylinders", "numeric": [], "categorical": ["origin"],
    },
    "text": {
        "path": "reviews.csv", "target": "opinion", "text": "review", "max_tokens": 40,
        "output_sequence_length": 9,
    },
}  # fmt: skip


def make_config(**keys: Any) -> config.RunConfig:
    values = {"name": "csv"} | keys | {"path": str(DATA / keys["path"])}
    return config.parse(json.dumps({"data": values, "network": {"depth": 1, "units": 4}}))


def build(run: config.RunConfig) -> tuple[data.Dataset, Any, Any]:
    """The examples, a network that sees encoded ones, and the model that takes raw ones."""
    dataset = data.load(run)
    network = networks.build(run, dataset.shape, dataset.outputs)
    return dataset, network, with_preprocessing(network, run, dataset)


def parts(dataset: data.Dataset) -> np.ndarray:
    return np.concatenate([dataset.train.x, dataset.validation.x, dataset.test.x])


@pytest.mark.parametrize("case", CASES)
def test_raw_rows_are_prepared_as_in_training(case: str) -> None:
    run = make_config(**CASES[case], shuffle=False)
    dataset, network, model = build(run)
    rows = dataset.source.rows
    encoded = parts(dataset)
    assert len(encoded) == len(rows)
    expected = network.predict(encoded, verbose=0)
    found = model.predict(as_inputs(model, rows), verbose=0)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


READ_AGAIN = """
import sys, numpy as np, keras, tensorflow as tf
model = keras.models.load_model(sys.argv[1])
inputs = {
    "bill_length_mm": np.array([[40.0], [np.nan]]),
    "bill_depth_mm": np.array([[18], [17]]),
    "flipper_length_mm": np.array([[190.5], [200.0]], "float32"),
    "body_mass_g": np.array([[4000.0], [np.nan]]),
    "island": tf.constant([["Dream"], ["Atlantis"]]),
    "sex": tf.constant([["MALE"], [""]]),
}
print(model.predict(inputs, verbose=0).tolist())
assert not any(name.startswith("kerasdemo") for name in sys.modules)
"""
ROWS = {
    "bill_length_mm": [40.0, None],
    "bill_depth_mm": [18, 17],
    "flipper_length_mm": [190.5, 200.0],
    "body_mass_g": [4000.0, np.nan],
    "island": ["Dream", "Atlantis"],
    "sex": ["MALE", None],
}


@pytest.mark.slow
def test_plain_keras_loads_the_model(tmp_path: Path) -> None:
    dataset, network, model = build(make_config(**CASES["numbers and categories"]))
    model.save(tmp_path / "model.keras")
    command = [sys.executable, "-c", READ_AGAIN, str(tmp_path / "model.keras")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    rows = {**ROWS, "sex": ["MALE", ""], "bill_length_mm": [40.0, np.nan]}
    expected = network.predict(dataset.encoding.encode(rows), verbose=0)
    np.testing.assert_allclose(json.loads(done.stdout), expected, rtol=1e-5, atol=1e-6)


def test_rows_are_taken_in_every_usual_form() -> None:
    _, _, model = build(make_config(**CASES["numbers and categories"]))
    frame = pd.DataFrame(ROWS)
    expected = model.predict(as_inputs(model, frame), verbose=0)
    columns = list(model.input)
    forms = (
        ROWS,
        {name: np.array(values, object)[:, None] for name, values in ROWS.items()},
        frame[columns].to_numpy(),
        frame.assign(other=1)[["other", *reversed(columns)]],
        frame.convert_dtypes(),
        frame.astype({"island": "category"}),
        frame.astype({"body_mass_g": str}),
    )
    for form in forms:
        found = model.predict(as_inputs(model, form), verbose=0)
        np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_categories_that_are_numbers_may_be_given_as_numbers() -> None:
    _, _, model = build(make_config(**CASES["categories alone"]))
    given = ([4, 8], ["4", "8"], np.array([4.0, 8.0]), pd.Series([4, 8], dtype="Int64"))
    origin = ["usa", "japan"]
    outputs = [
        model.predict(as_inputs(model, {"origin": origin, "cylinders": c}), verbose=0)
        for c in given
    ]
    for output in outputs[1:]:
        np.testing.assert_array_equal(output, outputs[0])


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ({**ROWS, "sex": ["MALE"]}, "columns of different lengths"),
        ({name: v for name, v in ROWS.items() if name != "island"}, "no column 'island'; expected"),
        ({**ROWS, "body_mass_g": [1, "heavy"]}, "column 'body_mass_g' has 'heavy' in row 1"),
        (np.zeros((2, 3)), "got an array of shape (2, 3); expected (rows, 6): bill_length_mm"),
        ([1, 2], "got an array of shape (2,); expected (rows, 6)"),
    ],
)
def test_rows_that_do_not_fit_are_refused(rows: Any, expected: str) -> None:
    _, _, model = build(make_config(**CASES["numbers and categories"]))
    with pytest.raises(InputError) as caught:
        as_inputs(model, rows)
    assert expected in str(caught.value)


NAMES = ("km/h", "km_h", "a b", "ünïcode", "100%", "{x}", "a:0", "'quoted\"", "line\nbreak")


def test_columns_and_categories_of_any_name(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    words = ["", "[UNK]", "line\nbreak", "ü", "=1+1", '"']
    texts = {name: rng.choice(words, 30) for name in NAMES[::2]}
    rows = texts | {name: rng.normal(size=30) for name in NAMES[1::2]}
    pd.DataFrame({**rows, "y": rng.normal(size=30)}).to_csv(tmp_path / "own.csv", index=False)
    run = make_config(path=str(tmp_path / "own.csv"), target="y", missing="impute", shuffle=False)
    dataset, network, model = build(run)
    expected = network.predict(parts(dataset), verbose=0)
    model.save(tmp_path / "model.keras")
    found = Run(run, History(), path=tmp_path).predict(
        pd.read_csv(tmp_path / "own.csv", keep_default_na=False)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_the_model_is_compiled_for_raw_rows() -> None:
    dataset, network, model = build(make_config(**CASES["one number"], shuffle=False))
    y = np.concatenate([dataset.train.y, dataset.validation.y, dataset.test.y])
    on_rows = model.evaluate(as_inputs(model, dataset.source.rows), y, verbose=0)
    np.testing.assert_allclose(on_rows, network.evaluate(parts(dataset), y, verbose=0), rtol=1e-5)


def test_examples_that_are_no_table_are_scaled(tiny: Any) -> None:
    run = tiny("data.normalize=standardize")
    dataset, network, model = build(run)
    raw = dataset.source.arrays["x_test"][:20]
    scaled = dataset.scaling(raw)
    np.testing.assert_allclose(
        model.predict(raw, verbose=0), network.predict(scaled, verbose=0), rtol=1e-4, atol=1e-5
    )
    assert isinstance(model, keras.Sequential)
