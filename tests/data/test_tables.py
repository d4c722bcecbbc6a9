"""Tables: rows are split in their shares, and what is fitted is fitted on training rows alone."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kerasdemo import config, data
from kerasdemo.config import InputError

DATA = Path(__file__).parents[2] / "configs" / "data"


def make_config(path: Path, *, loss: str | None = None, **keys: Any) -> config.RunConfig:
    values = {"name": path.suffix[1:], "path": str(path), **keys}
    text = f"data: {values!r}\nnetwork: {{depth: 0}}\n".replace("None", "null")
    return config.parse(text.replace("True", "true") + (f"loss: {loss}\n" if loss else ""))


def load(path: Path, **keys: Any) -> data.Dataset:
    return data.load(make_config(path, **keys))


def make_frame(rows: int = 200) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "size": rng.normal(10, 2, rows),
            "weight": rng.normal(-5, 0.1, rows),
            "color": rng.choice(["red", "blue", "grey"], rows),
            "kind": np.repeat(["a", "b", "c", "c", "c"], rows // 5),
            "price": rng.lognormal(0, 1, rows),
            "old": rng.integers(0, 2, rows),
            "new": rng.integers(0, 2, rows),
        }
    )


INPUTS: dict[str, Any] = {"numeric": ["size", "weight"], "categorical": ["color"]}


@pytest.fixture
def frame() -> pd.DataFrame:
    return make_frame()


@pytest.fixture
def path(frame: pd.DataFrame, tmp_path: Path) -> Path:
    path = tmp_path / "own.csv"
    frame.to_csv(path, index=False)
    return path


def test_each_part_has_each_class_in_its_share(path: Path) -> None:
    dataset = load(path, target="kind", **INPUTS)
    assert dataset.source.class_names == ("a", "b", "c")
    assert [len(getattr(dataset, part).y) for part in ("train", "validation", "test")] == [
        *(140, 20, 40)
    ]
    for part in (dataset.train, dataset.validation, dataset.test):
        shares = np.bincount(part.y) / len(part.y)
        np.testing.assert_allclose(shares, [0.2, 0.2, 0.6], atol=0.051)


def test_each_part_has_small_and_large_numbers_in_their_share(path: Path) -> None:
    dataset = load(path, target="price", **INPUTS)
    assert dataset.targets == "regression"
    assert dataset.train.y.shape == (140, 1) and dataset.train.y.dtype == np.float32
    whole = np.quantile(np.concatenate([dataset.train.y, dataset.test.y]), [0.1, 0.5, 0.9])
    for part in (dataset.train, dataset.test):
        np.testing.assert_allclose(np.quantile(part.y, [0.1, 0.5, 0.9]), whole, rtol=0.2)


def test_labels_are_split_by_what_they_have(path: Path) -> None:
    dataset = load(path, target=["old", "new"], **INPUTS)
    assert dataset.targets == "multi_label" and dataset.outputs == 2
    assert dataset.source.column_names == ("old", "new")
    both = np.concatenate([dataset.train.y, dataset.validation.y, dataset.test.y]).mean(axis=0)
    np.testing.assert_allclose(dataset.train.y.mean(axis=0), both, atol=0.04)
    assert dataset.train.y.dtype == np.int64


def test_the_split_is_that_of_its_seed(path: Path) -> None:
    first, same, other = (
        load(path, target="kind", split_seed=seed, **INPUTS) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.train.x, same.train.x)
    assert not np.array_equal(first.train.x, other.train.x)


def test_every_row_is_in_one_part(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame["row"] = np.arange(len(frame))
    frame.to_csv(tmp_path / "own.csv", index=False)
    keys: dict[str, Any] = {"target": "kind", "numeric": ["row"], "categorical": []}
    for shuffle in (True, False):
        whole = load(tmp_path / "own.csv", normalize="none", shuffle=shuffle, **keys)
        parts = [part.x[:, 0] for part in (whole.train, whole.validation, whole.test)]
        assert sorted(np.concatenate(parts)) == list(range(200))
    # The test rows stay the same where fewer rows are for training; not shuffled they are the last.
    small = load(tmp_path / "own.csv", normalize="none", shuffle=False, train=10, **keys)
    np.testing.assert_array_equal(small.test.x, whole.test.x)
    assert whole.test.x[:, 0].tolist() == list(range(160, 200))


def test_what_is_fitted_is_fitted_on_training_rows(frame: pd.DataFrame, tmp_path: Path) -> None:
    clean, poisoned = tmp_path / "clean.csv", tmp_path / "poisoned.csv"
    frame.loc[::17, "size"] = np.nan
    frame.to_csv(clean, index=False)
    # Rows behind the first 100 are for validation and testing.
    frame.loc[100:, "size"] = 1e6
    frame.loc[100:, "weight"] = np.nan
    frame.loc[100:, "color"] = "poison"
    frame.to_csv(poisoned, index=False)
    keys: dict[str, Any] = {"target": "old", "train": 100, "validation": 50, "test": 50, **INPUTS}
    keys |= {"missing": "impute", "shuffle": False}
    one, other = (load(file, **keys) for file in (clean, poisoned))
    np.testing.assert_array_equal(one.train.x, other.train.x)
    assert one.encoding.categories == other.encoding.categories
    assert not np.array_equal(one.validation.x, other.validation.x)
    # A category that training does not know is none of the known ones.
    assert not other.test.x[:, 2:].any()


def test_texts_know_the_words_of_training_rows(tmp_path: Path) -> None:
    words = [f"word{n // 2}" for n in range(20)]
    frame = pd.DataFrame({"text": words, "label": [n % 2 for n in range(20)]})
    frame.to_csv(tmp_path / "own.csv", index=False)
    dataset = load(
        tmp_path / "own.csv", target="label", text="text", train=10, validation=5, test=5,
        shuffle=False, output_sequence_length=3,
    )  # fmt: skip
    assert dataset.encoding.texts["text"].vocabulary == tuple(f"word{n}" for n in range(5))
    assert dataset.train.x.dtype == np.int32
    assert dataset.train.x[:3].tolist() == [[2, 0, 0], [2, 0, 0], [3, 0, 0]]
    assert set(dataset.test.x[:, 0]) == {1}


@pytest.mark.parametrize(
    ("normalize", "mean", "largest"),
    [("none", -5, 5.5), ("unit", -0.9, 1), ("standardize", 0, 4)],
)
def test_numbers_are_normalized_by_column(
    normalize: str, mean: float, largest: float, path: Path
) -> None:
    x = load(path, target="kind", normalize=normalize, **INPUTS).train.x
    assert x[:, 1].mean() == pytest.approx(mean, abs=0.1)
    assert np.abs(x[:, 1]).max() <= largest


def test_a_column_that_does_not_vary_becomes_0(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.assign(size=0.1, weight=1e-12 * frame.weight).to_csv(tmp_path / "own.csv", index=False)
    x = load(tmp_path / "own.csv", target="kind", **INPUTS).train.x
    assert not x[:, 0].any()
    assert x[:, 1].std() == pytest.approx(1, abs=1e-5)
    remarks = data.check(make_config(tmp_path / "own.csv", target="kind", **INPUTS))
    assert "the same number in all training rows: size" in remarks


def test_missing_values_are_imputed_or_left_out(frame: pd.DataFrame, tmp_path: Path) -> None:
    frame.loc[:9, "size"] = np.nan
    frame.loc[5:9, "color"] = None
    frame.to_csv(tmp_path / "own.csv", index=False)
    keys: dict[str, Any] = {"target": "old", "shuffle": False, "normalize": "none", **INPUTS}
    imputed = load(tmp_path / "own.csv", missing="impute", **keys)
    median = frame["size"][:140].median()
    np.testing.assert_allclose(imputed.train.x[:10, 0], median, rtol=1e-6)
    assert imputed.encoding.categories == {"color": ("", "blue", "grey", "red")}
    assert imputed.train.x[:10, 2].tolist() == [0] * 5 + [1] * 5
    assert imputed.facts["missing"] == {
        "dropped_rows": 0,
        "imputed": {"size": {"values": 10, "median": median}, "color": {"values": 5}},
    }
    dropped = load(tmp_path / "own.csv", missing="drop", **keys)
    assert dropped.facts["missing"] == {"dropped_rows": 10, "imputed": {}}
    assert sum(len(part.y) for part in (dropped.train, dropped.validation, dropped.test)) == 190


def test_whole_numbers_are_classes_or_numbers_as_the_loss_is(path: Path) -> None:
    classes = load(path, target="old", **INPUTS)
    numbers = load(path, target="old", loss="mean_squared_error", **INPUTS)
    assert (classes.targets, classes.outputs, classes.train.y.shape) == (
        "classification",
        2,
        (140,),
    )
    assert (numbers.targets, numbers.outputs, numbers.train.y.shape) == ("regression", 1, (140, 1))


def test_a_table_has_the_same_content_in_either_format(frame: pd.DataFrame, path: Path) -> None:
    frame.to_parquet(path.with_suffix(".parquet"))
    one, other = (load(p, target="kind", **INPUTS) for p in (path, path.with_suffix(".parquet")))
    assert one.source.sha256 == other.source.sha256
    np.testing.assert_array_equal(one.train.x, other.train.x)


def test_columns_that_are_not_used_do_not_change_the_data(
    frame: pd.DataFrame, path: Path, tmp_path: Path
) -> None:
    frame.assign(note="other").to_csv(tmp_path / "more.csv", index=False)
    one, other = (load(p, target="kind", **INPUTS) for p in (path, tmp_path / "more.csv"))
    assert one.source.fingerprint == other.source.fingerprint


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({"target": "kidn"}, "data.target: "),
        ({"target": "kind", "train": 190}, "data.train: "),
        ({"target": "kind", "test": 300}, "data.test: "),
        ({"target": "kind", "task": "regression"}, "data.target: "),
        ({"target": "price", "task": "classification"}, "data.target: "),
    ],
)
def test_what_does_not_fit_is_said_at_its_key(
    keys: dict[str, Any], expected: str, path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        load(path, **keys, **INPUTS)
    assert f"config.yaml:1: {expected}" in str(caught.value)


def test_a_column_without_values_in_the_training_rows_is_refused(
    frame: pd.DataFrame, tmp_path: Path
) -> None:
    frame.loc[:150, "size"] = np.nan
    frame.to_csv(tmp_path / "own.csv", index=False)
    keys = {"target": "old", "shuffle": False, "missing": "impute", **INPUTS}
    for read in (data.load, data.check):
        with pytest.raises(InputError, match="column 'size' has no value in the training rows"):
            read(make_config(tmp_path / "own.csv", **keys))


@pytest.mark.parametrize(
    ("file", "keys", "expected"),
    [
        (
            "penguins.csv",
            {"target": "species", "missing": "impute"},
            "missing values are imputed: 2 of bill_length_mm",
        ),
        ("mpg.csv", {"target": "mpg", "categorical": ["origin"], "missing": "drop"}, "6 rows with"),
        ("mpg.csv", {"target": "mpg", "missing": "impute"}, "a category of its own: name; leave"),
        ("reviews.csv", {"target": "opinion", "text": "review"}, "text of review: 64 words known"),
    ],
)
def test_bundled_tables_are_described(file: str, keys: dict[str, Any], expected: str) -> None:
    assert any(expected in remark for remark in data.check(make_config(DATA / file, **keys)))
