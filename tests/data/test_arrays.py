"""Facts of the arrays that a model from Python is trained on."""

import json
from typing import Any

import numpy as np
import pytest

from kerasdemo.config import parse
from kerasdemo.data import arrays, baselines, load
from kerasdemo.records import schema

COUNT = 300


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def facts(*arguments: Any, **named: Any) -> dict[str, Any]:
    """Return the facts, after a check that they fit into run.json."""
    found = arrays.facts(*arguments, **named)
    schema.check(schema.Facts, {"status": "complete", "data": found}, "run.json")
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    return found


# Fingerprints.


def test_the_fingerprint_is_that_of_places_types_shapes_and_values() -> None:
    x, y = np.arange(6.0), np.arange(6)
    different = [
        (x, y),
        (y, x),
        (x + 1, y),
        (x.astype(np.float32), y),
        (x.reshape(2, 3), y),
        (x.reshape(3, 2), y),
        ([x], y),
        ({"a": x}, y),
        ({"b": x}, y),
        (x, None),
        (x,),
        (x, y, None),
        (np.array(["a", "b"]), y),
        (np.array(["a", "c"], dtype=object), y),
        (np.float32(1), y),
        (np.zeros((0, 3)), y),
    ]
    found = {arrays.fingerprint(*parts) for parts in different}
    assert len(found) == len(different)
    assert arrays.fingerprint(x, y) == arrays.fingerprint(x.copy(), y.tolist())
    assert arrays.fingerprint({"a": x, "b": y}) == arrays.fingerprint({"b": y, "a": x})


def test_the_fingerprint_of_a_view_is_that_of_a_copy() -> None:
    x = np.arange(24.0).reshape(2, 3, 4)
    for view in (x[:, ::2], x.T, np.asfortranarray(x)):
        assert arrays.fingerprint(view) == arrays.fingerprint(view.copy(order="C"))


def test_large_arrays_are_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    x = np.arange(3000.0).reshape(1000, 3)
    x[400, 1] = np.inf
    whole = arrays.fingerprint(x), facts(x, None, None, "other")
    monkeypatch.setattr("kerasdemo.data.nested.CHUNK_BYTES", 100)
    assert (arrays.fingerprint(x), facts(x, None, None, "other")) == whole


# Inputs.


def test_inputs_are_described() -> None:
    x = np.array([[0.0, 1.0, 7.0], [4.0, 3.0, 7.0]])
    found = facts(x, None, None, "other")
    assert found["train"] == 2
    assert found["validation"] == 0
    assert found["shape"] == [3]
    statistics = found["input"]
    assert (statistics["min"], statistics["max"]) == (0.0, 7.0)
    assert statistics["mean"] == pytest.approx(x.mean())
    assert statistics["sd"] == pytest.approx(x.std())
    assert statistics["feature_sd"] == {"median": 1.5, "max": 2.0}
    assert statistics["constant_features"] == 1


def test_several_inputs_are_described_together(rng: np.random.Generator) -> None:
    x = {"left": rng.normal(size=(COUNT, 2)), "right": [rng.integers(0, 9, (COUNT, 3)), None]}
    found = facts(x, None, (x, None), "other")
    assert "shape" not in found
    assert found["input"]["max"] == 8.0
    assert found["leaked"] == 1.0
    of_numbers = facts(x, None, None, "other", tokens=True)["input"]
    assert of_numbers["max"] == x["left"].max()


def test_tokens_and_text_have_no_statistics(rng: np.random.Generator) -> None:
    tokens, text = rng.integers(0, 9, (COUNT, 5)), np.array(["a", "bc", "d"] * 100)
    y = rng.integers(0, 2, COUNT)
    assert facts(tokens, y, None, "binary", tokens=True)["input"] == {"kind": "tokens"}
    assert facts(text, y, None, "binary")["input"] == {"kind": "text"}
    for x in (tokens, text):
        assert "linear_baseline" not in facts(x, y, None, "binary", tokens=True)


def test_large_inputs_are_sampled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "DESCRIBED_NUMBERS", 100)
    x = np.random.default_rng(0).normal(size=(COUNT, 2))
    x[:, 1] = 5.0
    x[7, 0] = 99.0
    found = facts(x, None, None, "other")["input"]
    assert found["measured"] == 50
    # These are sought among all.
    assert (found["max"], found["constant_features"]) == (99.0, 1)


def test_what_is_not_finite_is_counted_and_left_out(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(COUNT, 2)), rng.normal(size=COUNT)
    x[3], x[7, 1], y[9] = np.nan, np.inf, -np.inf
    found = facts(x, y, None, "regression")
    assert found["not_finite"] == {"x": 3, "y": 1}
    kept = np.isfinite(x).all(axis=1)
    assert found["input"]["mean"] == pytest.approx(x[kept].mean())
    assert found["target"]["mean"] == pytest.approx(y[np.isfinite(y)].mean())
    assert found["linear_baseline"]["train"] == pytest.approx(0.0, abs=0.05)
    nothing = facts(np.full((COUNT, 2), np.nan), y, None, "regression")
    assert "input" not in nothing and "linear_baseline" not in nothing


def test_copies_are_counted(rng: np.random.Generator) -> None:
    x = rng.normal(size=(100, 4)).astype(np.float32)
    x[90:] = x[:10]
    held_out = np.concatenate([x[:30], rng.normal(size=(70, 4))])
    found = facts(x, None, (held_out.astype(np.float32), None), "other")
    assert found["leaked"] == pytest.approx(0.3)
    assert found["repeated"] == pytest.approx(0.1)
    # As Keras sees them: of other types, too.
    assert facts(x, None, (held_out, None), "other")["leaked"] == pytest.approx(0.3)
    # Of two inputs both must be the same.
    both = facts([x, x], None, ([held_out, held_out[::-1]], None), "other")
    assert both["leaked"] == 0.0
    assert "leaked" not in facts(x, None, None, "other")


# Targets.


@pytest.mark.parametrize(
    "encode",
    [
        lambda y: y,
        lambda y: y[:, None],
        lambda y: y.astype(np.float32),
        lambda y: np.eye(3, dtype=np.float32)[y],
        lambda y: y.tolist(),
    ],
)
def test_classes_in_every_spelling(encode: Any, rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(COUNT, 2)), np.arange(COUNT) % 3
    x[:, 0] += 4 * y
    found = facts(x, encode(y), (x[:60], encode(y[:60])), "classification")
    assert found["classes"] == 3
    assert found["class_shares"] == found["validation_class_shares"] == [1 / 3] * 3
    assert found["linear_baseline"]["train"] > 0.7
    assert found["neighbor_baseline"] > 0.9
    assert found["neighbor_baseline_validation"] > 0.9
    assert "target" not in found


def test_the_network_may_know_more_classes(rng: np.random.Generator) -> None:
    x, y = rng.normal(size=(COUNT, 2)), np.arange(COUNT) % 3
    found = facts(x, y, None, "classification", classes=5)
    assert found["classes"] == 5
    assert found["class_shares"] == [1 / 3] * 3 + [0.0] * 2
    # Labels by mistake, as numbers of customers.
    huge = facts(x, y * 10**9, None, "classification")
    assert huge["classes"] == 2 * 10**9 + 1
    assert "class_shares" not in huge and "linear_baseline" not in huge


def test_labels_that_are_no_classes_do_not_count(rng: np.random.Generator) -> None:
    y = np.array([0.0, 1.0, 1.0, np.nan, -1.0] * 60)
    assert facts(rng.normal(size=(COUNT, 2)), y, None, "classification")["class_shares"] == [
        pytest.approx(1 / 3),
        pytest.approx(2 / 3),
    ]


@pytest.mark.parametrize("low", [0, -1, False])
def test_binary_targets(low: float, rng: np.random.Generator) -> None:
    x = rng.normal(size=(COUNT, 2))
    y = np.where(x[:, 0] > 1, 1, low)
    found = facts(x, y[:, None], (x, y), "binary")
    share = float((x[:, 0] > 1).mean())
    assert found["classes"] == 2
    assert found["label_shares"] == [pytest.approx(share)]
    assert found["class_shares"] == [pytest.approx(1 - share), pytest.approx(share)]
    assert (found["target"]["min"], found["target"]["max"]) == (low, 1)
    assert found["linear_baseline"]["train"] > 0.85
    assert found["neighbor_baseline_validation"] > 0.9


def test_several_labels(rng: np.random.Generator) -> None:
    x = rng.normal(size=(COUNT, 3))
    y = (x[:, :2] > [0.0, 1.0]).astype(float)
    found = facts(x, y, (x, y), "multi_label")
    assert found["label_shares"] == pytest.approx(y.mean(axis=0).tolist())
    assert "classes" not in found and "label_noise" not in found
    # The mean over labels, above that of the best constant.
    constant = np.maximum(y.mean(axis=0), 1 - y.mean(axis=0)).mean()
    assert constant + 0.1 < found["linear_baseline"]["train"] < 1.0
    assert constant + 0.1 < found["neighbor_baseline"] <= found["neighbor_baseline_validation"]
    assert arrays.validation_right(x, y, (x, y), "multi_label") == {}


@pytest.mark.parametrize(("scale", "offset"), [(1.0, 0.0), (1e-8, 0.0), (1e8, 3e10), (1.0, 1e6)])
def test_numbers_are_scored_by_r2_in_any_unit(scale: float, offset: float) -> None:
    rng = np.random.default_rng(1)
    x = rng.normal(size=(COUNT, 4))
    y = x[:, :2] @ [[1.0], [2.0]] + rng.normal(0.0, 1.0, (COUNT, 1))  # 5 of 6 explained
    wild = x * [1.0, 1e6, 1e-6, 0.0] + [2e9, 0.0, 0.0, 0.1]
    found = facts(wild, scale * y + offset, (wild, scale * y + offset), "regression")
    assert found["target_columns"] == 1
    assert found["target"]["sd"] == pytest.approx(scale * y.std(), rel=1e-6)
    assert found["linear_baseline"]["train"] == pytest.approx(5 / 6, abs=0.04)
    assert found["linear_baseline"]["validation"] == found["linear_baseline"]["train"]
    assert 0.6 < found["neighbor_baseline"] < 5 / 6


def test_a_line_stays_in_the_range_of_the_targets(rng: np.random.Generator) -> None:
    x, y = np.zeros((COUNT, 2)), rng.normal(size=COUNT)
    x[:, 0] = y
    x[0, 1] = 1e-6  # an input that hardly varies in training
    held_out = x + np.array([0.0, 10.0])
    found = facts(x, y, (held_out, y), "regression")
    assert found["linear_baseline"]["train"] > 0.99
    assert found["linear_baseline"]["validation"] > -20


def test_columns_count_together(rng: np.random.Generator) -> None:
    x = rng.normal(size=(COUNT, 2))
    y = np.column_stack([x[:, 0], 10 * rng.normal(size=COUNT)])
    found = facts(x, y, None, "regression")
    assert found["target_columns"] == 2
    assert found["linear_baseline"]["train"] == pytest.approx(0.01, abs=0.02)


def test_targets_that_do_not_vary_have_no_baseline(rng: np.random.Generator) -> None:
    found = facts(rng.normal(size=(COUNT, 2)), np.ones(COUNT), None, "regression")
    assert found["target"]["sd"] == 0.0
    assert "linear_baseline" not in found


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (np.zeros((COUNT, 2)), None),
        (np.zeros((COUNT, 2)), {"a": np.zeros(COUNT), "b": np.zeros(COUNT)}),
        (np.zeros((COUNT, 4, 4)), np.zeros((COUNT, 4, 4))),
        (np.zeros((0, 2)), np.zeros(0)),
        (None, None),
        (1e200 * np.ones((COUNT, 2)), np.array(["a"] * COUNT)),
    ],
)
def test_of_another_task_there_is_less_to_know(x: Any, y: Any) -> None:
    for task in ("other", "classification", "regression"):
        found = facts(x, y, None, task)
        assert {"source", "sha256", "train", "validation"} <= set(found)
        assert not {"label_shares", "label_noise"} & set(found)


# Baselines.


def test_baselines_are_those_of_a_dataset() -> None:
    dataset = load(parse("data: {name: mnist_sample}\n"))
    train, held_out = dataset.train, dataset.validation
    found = facts(train.x, train.y, (held_out.x, held_out.y), "classification")
    linear = baselines.linear_accuracy(dataset)
    assert linear is not None
    # Of the same examples, but for the choice of the nearest neighbors' queries.
    assert found["linear_baseline"] == pytest.approx(linear, abs=0.002)
    assert found["neighbor_baseline"] == pytest.approx(
        baselines.neighbor_accuracy(dataset), abs=0.02
    )


def test_each_validation_example_is_right_or_wrong(rng: np.random.Generator) -> None:
    x = rng.normal(size=(COUNT, 2))
    y = (x[:, 0] > 0).astype(int)
    held_out = np.array([[2.0, 0.0], [-2.0, 0.0], [2.0, 0.0], [np.nan, 0.0]])
    labels = np.array([1, 0, 0, 1])
    found = arrays.validation_right(x, y, (held_out, labels), "binary")
    assert set(found) == {"linear", "neighbors"}
    for rows, right in found.values():
        # The third is wrong; of the fourth nothing can be said.
        assert dict(zip(rows.tolist(), right.tolist(), strict=True)) == {0: True, 1: True, 2: False}
    assert arrays.validation_right(x, y, None, "binary") == {}
    assert arrays.validation_right(x, x[:, 0], (x, x[:, 0]), "regression") == {}


def test_baselines_do_not_depend_on_the_order_of_rows(rng: np.random.Generator) -> None:
    x = rng.normal(size=(8000, 2))
    y = (x[:, 0] + rng.normal(0.0, 0.5, 8000) > 0).astype(int)
    in_order = np.argsort(y, kind="stable")
    mixed = facts(x, y, None, "classification")
    found = facts(x[in_order], y[in_order], None, "classification")
    assert found["order"]["by"] == "class"
    assert mixed["order"]["by"] is None
    assert found["neighbor_baseline"] == pytest.approx(mixed["neighbor_baseline"], abs=0.05)
    assert found["linear_baseline"]["train"] == mixed["linear_baseline"]["train"]


def test_arrays_that_were_changed_are_fitted_again(rng: np.random.Generator) -> None:
    x = rng.normal(size=(COUNT, 2))
    y = (x[:, 0] > 0).astype(int)
    before = facts(x, y, None, "binary")
    y[:] = rng.permutation(y)
    after = facts(x, y, None, "binary")
    assert before["sha256"] != after["sha256"]
    assert after["neighbor_baseline"] < 0.7 < before["neighbor_baseline"]


def test_large_images_are_thinned_for_baselines(rng: np.random.Generator) -> None:
    y = np.arange(COUNT) % 2
    x = rng.normal(size=(COUNT, 40, 40, 3)).astype(np.float32)
    x[:, :20] += y[:, None, None, None]  # classes differ in the upper half
    found = facts(x, y, (x, y), "classification")
    assert found["linear_baseline"]["train"] > 0.95
    assert found["neighbor_baseline"] > 0.95
    assert found["shape"] == [40, 40, 3]


@pytest.mark.parametrize("shape", [(2001,), (90, 90), (2500, 2), (8, 40, 40, 3)])
def test_wide_inputs_of_every_shape_have_baselines(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=(30, *shape)).astype(np.float32)
    assert "linear_baseline" in facts(x, np.arange(30) % 2, None, "binary")


def test_several_wide_inputs_have_no_baselines() -> None:
    x = np.zeros((30, 1001), np.uint8)
    found = facts([x, x], np.arange(30) % 2, None, "binary")
    assert "linear_baseline" not in found and "neighbor_baseline" not in found
