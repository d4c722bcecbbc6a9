"""What a trained network predicts: counts, mistakes, images, pairs; the training never changes."""

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kerasdemo
from kerasdemo import data
from kerasdemo.backend import keras, tf
from kerasdemo.config import RunConfig, parse
from kerasdemo.config.layers import Layer
from kerasdemo.data import Scaling, scores
from kerasdemo.records import Run
from kerasdemo.records.predictions import Predictions, Roc
from kerasdemo.records.schema import check
from kerasdemo.training import predictions, runner

Tiny = Callable[..., RunConfig]


def pixels_of(mistake: dict[str, Any]) -> np.ndarray[Any, Any]:
    image = mistake["image"]
    flat = np.frombuffer(base64.b64decode(image["pixels"]), np.uint8)
    return flat.reshape(image["shape"])


@pytest.mark.parametrize("normalize", ["unit", "standardize", "none"])
def test_a_run_from_yaml_records_its_test_set(normalize: str, tmp_path: Path) -> None:
    text = """
name: digits
data: {name: mnist_sample, train: 300, validation: 50, test: 120}
network: {depth: 1, units: 16}
training: {batch_size: 30, epochs: 2}
"""
    config = parse(text, overrides=[f"data.normalize={normalize}"])
    run = runner.run(config, tmp_path)
    found = run.predictions
    confusion = np.array(found["confusion"])
    assert (found["part"], found["examples"], found["classes"]) == ("test", 120, None)
    assert confusion.shape == (10, 10)
    assert confusion.trace() / 120 == pytest.approx(run.facts["test"]["accuracy"])
    dataset = data.load(config)
    np.testing.assert_array_equal(confusion.sum(axis=1), np.bincount(dataset.test.y, minlength=10))

    # The mistakes are those of the saved model, the most confident first, and the images are its.
    raw = dataset.source.arrays["x_test"][:120]
    output = run.predict(raw)
    guess = output.argmax(axis=1)
    wrong = np.flatnonzero(guess != dataset.test.y)
    assert len(found["mistakes"]) == min(12, len(wrong))
    confidences = [mistake["confidence"] for mistake in found["mistakes"]]
    assert confidences == sorted(confidences, reverse=True)
    assert confidences[0] == pytest.approx(output[wrong].max(), abs=1e-4)
    first = wrong[output[wrong].max(axis=1).argmax()]
    best = found["mistakes"][0]
    assert (best["truth"], best["guess"]) == (str(dataset.test.y[first]), str(guess[first]))
    np.testing.assert_array_equal(pixels_of(best), raw[first])


def test_a_resumed_run_predicts_the_same(tiny: Tiny, tmp_path: Path) -> None:
    class Stop:
        def begin(self, *_: Any) -> None: ...
        def end(self) -> None: ...
        def epoch(self, epoch: int, *_: Any) -> None:
            if epoch == 2:
                raise KeyboardInterrupt

    config = tiny("training.epochs=4")
    whole = runner.run(config, tmp_path / "whole")
    cut = runner.run(config, tmp_path / "cut", reporter=Stop())
    assert cut.predictions == {}
    resumed = runner.run(config, tmp_path / "cut")
    texts = [run.folder.predictions_file.read_bytes() for run in (resumed, whole)]
    assert texts[0] == texts[1]


def test_a_diverged_run_has_no_predictions(tiny: Tiny, tmp_path: Path) -> None:
    run = runner.run(tiny("optimizer={name: sgd, learning_rate: 1e30}", "loss=mse"), tmp_path)
    assert run.status == "diverged"
    assert run.predictions == {}


def train(model: Any, x: Any, y: Any, path: Path, held_out: Any = None, **compiled: Any) -> Run:
    model.compile(optimizer="adam", **compiled)
    run = kerasdemo.fit(model, x, y, validation_data=held_out, epochs=1, results=path, seed=0).run
    assert run is not None
    return run


rng = np.random.default_rng(0)
NUMBERS = rng.standard_normal((60, 3)).astype(np.float32)


def dense(units: int, activation: str | None = None, shape: tuple[int, ...] = (3,)) -> Any:
    layers = [keras.layers.Flatten()] if len(shape) > 1 else []
    return keras.Sequential(
        [keras.Input(shape), *layers, keras.layers.Dense(units, activation=activation)]
    )


def test_a_binary_run_from_python_records_its_validation_examples(tmp_path: Path) -> None:
    y = (NUMBERS[:, 0] > 0).astype(np.float32)
    model = dense(1, "sigmoid")
    run = train(model, NUMBERS, y, tmp_path, (NUMBERS, y), loss="binary_crossentropy")
    found = run.predictions
    output = model.predict(NUMBERS, verbose=0)[:, 0]
    right = (output > 0.5) == (y > 0.5)
    assert (found["part"], found["examples"]) == ("validation", 60)
    assert np.array(found["confusion"]).trace() == right.sum()
    assert found["roc"][0]["auc"] == pytest.approx(run.history.val_auc[-1], abs=1e-5)
    assert all(mistake["image"] is None for mistake in found["mistakes"])
    confident = np.maximum(output, 1 - output)[~right]
    assert found["mistakes"][0]["confidence"] == pytest.approx(confident.max(), abs=1e-4)


def test_a_regression_records_pairs_and_residuals(tmp_path: Path) -> None:
    x = rng.standard_normal((700, 3)).astype(np.float32)
    y = np.stack([x.sum(axis=1), 100 * x[:, 0]], axis=1)
    model = dense(2)
    run = train(model, x, y, tmp_path, (x, y), loss="mse")
    found = run.predictions
    assert found["examples"] == 700
    rows, output = predictions.spread(700, 300), model.predict(x, verbose=0)
    for n, column in enumerate(found["columns"]):
        np.testing.assert_allclose(column["truth"], y[rows, n], rtol=1e-5)
        np.testing.assert_allclose(column["guess"], output[rows, n], rtol=1e-3, atol=1e-4)
        residuals, off = column["residuals"], output[:, n] - y[:, n]
        assert residuals["mean"] == pytest.approx(off.mean(), rel=1e-3, abs=1e-4)
        assert residuals["rmse"] == pytest.approx(np.sqrt((off**2).mean()), rel=1e-3)
        assert residuals["mae"] == pytest.approx(np.abs(off).mean(), rel=1e-3)
        share = (np.abs(off) <= residuals["percentile_90"] * 1.001).mean()
        assert share == pytest.approx(0.9, abs=0.01)
        variance = ((y[:, n] - y[:, n].mean()) ** 2).mean()
        assert residuals["r2"] == pytest.approx(1 - (off**2).mean() / variance, abs=1e-3)


def test_labels_are_counted_each_by_itself(tmp_path: Path) -> None:
    y = (NUMBERS > 0.3).astype(np.float32)
    model = dense(3, "sigmoid")
    run = train(model, NUMBERS, y, tmp_path, (NUMBERS, y), loss="binary_crossentropy")
    found, output = run.predictions, model.predict(NUMBERS, verbose=0)
    right = (output > 0.5) == (y > 0.5)
    assert (found["examples"], found["all_right"]) == (60, right.all(axis=1).sum())
    for n, label in enumerate(found["labels"]):
        (_, false), (missed, hit) = label["confusion"]
        assert hit + missed == y[:, n].sum()
        assert hit + false == (output[:, n] > 0.5).sum()
        assert label["roc"]["auc"] == pytest.approx(scores.auc(y[:, n], output[:, n]), abs=1e-6)


def test_names_units_and_many_columns() -> None:
    y = rng.standard_normal((900, 50))
    found = predictions.of_numbers("test", y, y + 1, names=["price" * 99] * 50, units=["€"] * 50)
    assert found is not None
    first = found["columns"][0]
    assert (len(first["truth"]), first["unit"], len(first["name"])) == (24, "€", 300)
    check(Predictions, found, "predictions.json")
    assert predictions.of_numbers("test", np.zeros((2, 51)), np.zeros((2, 51))) is None
    assert predictions.of_labels("test", np.zeros((2, 51)), np.zeros((2, 51))) is None


def test_residuals_that_no_float_can_hold_are_as_large_as_it_can() -> None:
    found = predictions.of_numbers("test", np.zeros((2, 1)), np.full((2, 1), 1e200))
    assert found is not None
    residuals = found["columns"][0]["residuals"]
    assert residuals["rmse"] > 1e308
    assert residuals["r2"] is None
    check(Predictions, found, "predictions.json")


def test_a_roc_curve_by_hand() -> None:
    # By falling score: positive, negative, a tie of both, negative.
    truth = np.array([True, False, True, False, False])
    score = np.array([0.9, 0.8, 0.5, 0.5, 0.1])
    found = predictions.roc(truth, score)
    assert found is not None
    assert found["false_positive_rate"] == [0, 0, 0.333333, 0.666667, 1]
    assert found["true_positive_rate"] == [0, 0.5, 0.5, 1, 1]
    assert found["auc"] == pytest.approx((3 + 1.5) / 6)
    assert predictions.roc(np.ones(5, bool), score) is None


@pytest.mark.parametrize("curves", [1, 50])
def test_a_long_roc_curve_is_thinned(curves: int) -> None:
    truth = rng.random(10_000) < 0.1
    score = rng.standard_normal(10_000) + truth
    found = predictions.roc(truth, score, curves)
    assert found is not None
    x, y = found["false_positive_rate"], found["true_positive_rate"]
    assert (x[0], y[0], x[-1], y[-1]) == (0, 0, 1, 1)
    assert len(x) <= min(200, 2000 // curves)
    assert found["auc"] == pytest.approx(np.trapezoid(y, x), abs=0.02)
    check(Roc, found, "roc")


def test_of_few_classes_there_is_a_curve_for_each() -> None:
    truth = np.array([0, 1, 2, 0, 1, 2])
    output = np.eye(4)[truth]
    found = predictions.of_classes("test", truth, output)
    assert found is not None
    assert [curve and curve["auc"] for curve in found["roc"]] == [1, 1, 1, None]
    two = predictions.of_classes("test", truth % 2, np.eye(2)[truth % 2])
    assert two is not None
    assert [curve["auc"] for curve in two["roc"]] == [1]
    many = predictions.of_classes("test", truth, np.eye(9)[truth])
    no_probabilities = predictions.of_classes("test", truth, output, link=None)
    assert many is not None and no_probabilities is not None
    assert "roc" not in many and "roc" not in no_probabilities


def test_validation_examples_may_come_in_batches_or_by_name(tmp_path: Path) -> None:
    y = (NUMBERS[:, 0] > 0).astype(np.float32)
    batches = tf.data.Dataset.from_tensor_slices((NUMBERS, y)).batch(20)
    run = train(
        dense(1, "sigmoid"), NUMBERS, y, tmp_path / "a", batches, loss="binary_crossentropy"
    )
    assert run.predictions["examples"] == 60
    given = keras.Input((3,), name="numbers")
    model = keras.Model({"numbers": given}, keras.layers.Dense(2, activation="softmax")(given))
    x = {"numbers": NUMBERS}
    run = train(model, x, y, tmp_path / "b", (x, y), loss="sparse_categorical_crossentropy")
    assert np.sum(run.predictions["confusion"]) == 60


def test_nothing_is_recorded_without_validation_examples_or_targets(tmp_path: Path) -> None:
    run = train(dense(1), NUMBERS, NUMBERS.sum(axis=1), tmp_path / "a", loss="mse")
    assert run.predictions == {}
    run = train(dense(3), NUMBERS, NUMBERS, tmp_path / "b", (NUMBERS, NUMBERS), loss="mse")
    assert run.predictions == {}  # an autoencoder


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 1), (784,), (8, 8, 3)])
def test_images_from_python_are_as_they_were_given(shape: tuple[int, ...], tmp_path: Path) -> None:
    digits = data.load(parse("data: {name: mnist_sample, train: 200}\n")).source.arrays
    x, y = digits["x_train"][:200], digits["y_train"][:200]
    x = x[:, 10:18, 10:18, None].repeat(3, axis=3) if shape == (8, 8, 3) else x.reshape(-1, *shape)
    run = train(
        dense(10, "softmax", shape), (x / 255).astype(np.float32), y, tmp_path,
        ((x / 255).astype(np.float32), y), loss="sparse_categorical_crossentropy",
    )  # fmt: skip
    mistake = run.predictions["mistakes"][0]
    image = pixels_of(mistake)
    assert image.shape == ((28, 28) if shape == (784,) else shape)
    same = [n for n, given in enumerate(x) if np.array_equal(given.reshape(image.shape), image)]
    assert mistake["truth"] in {str(y[n]) for n in same}


def test_outputs_that_are_no_probabilities_have_no_confidence() -> None:
    output = np.array([[3.0, 1.0], [0.0, 9.0], [5.0, 0.0], [np.nan, 1.0]])
    truth = np.array([1, 0, 0, 1])
    found = predictions.of_classes("test", truth, output, link=None)
    assert found is not None
    assert found["examples"] == 3  # NaN is no guess
    assert found["confusion"] == [[1, 1], [1, 0]]
    pairs = [(m["truth"], m["guess"], m["confidence"]) for m in found["mistakes"]]
    assert pairs == [("0", "1", None), ("1", "0", None)]  # by their distance from the truth


@pytest.mark.parametrize(
    ("loss", "activation", "output", "confidence"),
    [
        ({"name": "categorical_crossentropy"}, "softmax", [[0.2, 0.8]], 0.8),
        ({"name": "categorical_crossentropy", "from_logits": True}, None, [[0.0, 2.0]], 0.880797),
        ({"name": "binary_crossentropy", "from_logits": True}, None, [[2.0]], 0.880797),
        ({"name": "binary_crossentropy"}, "sigmoid", [[0.7]], 0.7),
        ({"name": "hinge"}, "tanh", [[0.7]], None),
    ],
)
def test_confidence_is_a_probability(
    loss: dict[str, Any], activation: str | None, output: Any, confidence: float | None
) -> None:
    link = predictions.find_link(loss, activation)
    found = predictions.of_classes("test", np.array([0]), np.array(output), link=link)
    assert found is not None
    assert found["mistakes"][0]["confidence"] == confidence


def test_more_classes_than_can_be_shown_are_left_out() -> None:
    assert predictions.of_classes("test", np.zeros(3, int), np.eye(51)[:3]) is None
    assert predictions.of_classes("test", np.zeros(3, int), np.full((3, 2), np.nan)) is None
    assert predictions.of_numbers("test", np.zeros((2, 1)), np.full((2, 1), np.inf)) is None


def test_what_is_an_image() -> None:
    rows = rng.random((40, 100))
    layers = (Layer("lstm", "lstm", (8, 8), (4,), {"kernel_initializer": {"name": "zeros"}}),)
    assert predictions.find_shape(rows, ()) is None  # numbers without rows that are alike
    smooth = np.sin(np.linspace(0, 3, 100)) + 0.1 * rows
    assert predictions.find_shape(smooth, ()) is None
    assert predictions.find_shape(np.zeros((5, 8, 8)), ()) == (8, 8)
    assert predictions.find_shape(np.zeros((5, 8, 8)), layers) is None
    assert predictions.find_shape(np.zeros((5, 65, 8)), ()) is None
    assert predictions.find_shape(np.zeros((5, 8, 8, 4)), ()) is None
    assert predictions.find_shape(np.zeros((5, 10)), ()) is None


@pytest.mark.parametrize(
    ("values", "pixels"),
    [
        ([0, 128, 255], [0, 128, 255]),
        ([0, 0.5, 1], [0, 128, 255]),
        ([-1, 0, 1], [0, 128, 255]),
        ([0, 500, 1000], [0, 128, 255]),
        ([0, np.nan, np.inf], [0, 0, 255]),
        ([np.nan] * 3, [0, 0, 0]),
    ],
)
def test_pixels_go_from_0_to_255(values: list[float], pixels: list[int]) -> None:
    assert predictions.to_pixels(np.array([values]), (1, 3)).ravel().tolist() == pixels


def test_scaling_is_undone() -> None:
    x = np.array([[1.0, 5.0], [3.0, 5.0]])
    for normalize in ("none", "unit", "standardize"):
        scaling = Scaling.fit(normalize, x)
        np.testing.assert_allclose(predictions.unscaled(scaling(x), scaling), x, rtol=1e-6)
