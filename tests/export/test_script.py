"""A script has the data, the network and the training of its config."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from kerasdemo import api, config, data
from kerasdemo.backend import keras
from kerasdemo.config import InputError, RunConfig
from kerasdemo.config.layers import layers_of
from kerasdemo.data.sources import SAMPLE
from kerasdemo.records import History, Run
from kerasdemo.training import network
from tests.export.scripts import DATA, MODEL, execute, write_mnist

FILES = sorted((Path(__file__).parents[2] / "configs").glob("**/*.yaml"))
PARTS = {"train": ("x", "y"), "validation": ("x_val", "y_val"), "test": ("x_test", "y_test")}


def same_data(chosen: RunConfig) -> dict[str, Any]:
    """Check that a script has the examples and targets of a config; return its variables."""
    dataset = data.load(chosen)
    made = execute(api.to_python(chosen), until=DATA)
    kind = network.targets(chosen, network.build(chosen, dataset.shape, dataset.outputs))
    for part, (x, y) in PARTS.items():
        wanted = getattr(dataset, part)
        np.testing.assert_allclose(made[x], wanted.x, rtol=1e-6, atol=1e-6)
        targets = network.encode(kind, wanted.y, dataset.outputs)
        np.testing.assert_allclose(made[y], targets, rtol=1e-5, atol=1e-6)
    return made


def same_network(chosen: RunConfig) -> Any:
    """Check that a script makes the network of a config, weight by weight; return its model."""
    dataset = data.load(chosen)
    made = execute(api.to_python(chosen), until=MODEL)["model"]
    wanted = network.build(chosen, dataset.shape, dataset.outputs)
    assert len(made.weights) == len(wanted.weights)
    # Keras orders the layers of a graph by their depth, which an activation of its own changes.
    for weight in wanted.weights:
        assert any(
            weight.shape == other.shape and np.array_equal(weight, other) for other in made.weights
        ), weight.path
    x = dataset.train.x[:4]
    np.testing.assert_allclose(made(x), wanted(x), rtol=1e-4, atol=1e-6)
    count = sum(one.parameters for one in layers_of(chosen, dataset.shape, dataset.outputs))
    assert sum(weight.numpy().size for weight in made.trainable_weights) == count
    assert describe(made.optimizer) == describe(wanted.optimizer)
    return made


def describe(optimizer: Any) -> str:
    """Return an optimizer's arguments but for its name, lists and tuples alike."""
    return json.dumps(optimizer.get_config() | {"name": None}, sort_keys=True)


GENERATED = {
    "fizzbuzz": "{name: fizzbuzz, validation: 90, shuffle: true}",
    "circles": "{name: circles, normalize: standardize, noise: {train: 0.1, test: 0.2}}",
    "blobs": "{name: blobs, train: 50, validation: 20, test: 30, shuffle: true, split_seed: 3}",
    "friedman": "{name: friedman, normalize_target: standardize}",
    "friedman shuffled": "{name: friedman, shuffle: true}",
    "digits": "{name: mnist_sample, train: 100, validation: 50, test: 70, shuffle: true}",
}


@pytest.mark.parametrize("given", GENERATED.values(), ids=GENERATED)
def test_the_data_is_that_of_the_config(given: str) -> None:
    loss = "loss: mean_squared_error\n" if "friedman" in given else ""
    same_data(config.parse(f"seed: 4\ndata: {given}\nnetwork: {{depth: 0}}\n{loss}"))


@pytest.mark.parametrize("kind", ["numbers", "text", "one-hot", "labels", "targets", "validation"])
def test_a_file_is_read_as_the_config_reads_it(kind: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(120, 5)) * 3
    y: Any = {
        "numbers": np.arange(120) % 3,
        "text": np.array(["it's", 'a "b"', "c\n"])[np.arange(120) % 3],
        "one-hot": np.eye(3)[np.arange(120) % 3],
        "labels": rng.integers(0, 2, (120, 4)),
        "targets": rng.normal(size=(120, 2)),
        "validation": np.arange(120)[:, None] % 3,
    }[kind]
    file = tmp_path / "own's.npz"
    parts = {"x_train": x[:80], "y_train": y[:80], "x_test": x[80:], "y_test": y[80:]}
    if kind == "validation":
        parts |= {"x_val": x[:20], "y_val": y[:20]}
    np.savez(file, **parts)
    values = {"name": "file", "path": str(file)}
    same_data(config.parse(f"data: {values!r}\nnetwork: {{depth: 1, units: 3}}\n"))


HOSTILE = 'it\'s "x"; __import__("os")\\'


def write_table(path: Path) -> Path:
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(1)
    size = rng.normal(10, 2, 100)
    size[[3, 7, 50]] = np.nan
    kinds = np.array([HOSTILE, "b\nc", "é, ü"])
    frame = pd.DataFrame(
        {
            HOSTILE: size,
            "whole": rng.integers(0, 2000, 100),
            "color": np.where(rng.uniform(size=100) < 0.1, None, kinds[rng.integers(0, 3, 100)]),
            "code": rng.integers(0, 3, 100),
            "yes": rng.integers(0, 2, 100).astype(bool),
            "kind": kinds[np.arange(100) % 3],
            "price": rng.lognormal(0, 1, 100),
            "old": rng.integers(0, 2, 100),
            "new": rng.integers(0, 2, 100),
        }
    )
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path


TABLES: dict[str, dict[str, Any]] = {
    "classes": {"target": "kind", "missing": "impute", "categorical": ["color", "code"]},
    "numbers": {"target": "price", "missing": "drop", "normalize_target": "standardize"},
    "labels": {"target": ["old", "new"], "missing": "impute", "normalize": "unit"},
    "whole numbers": {"target": "code", "missing": "impute", "normalize": "none"},
    "truths": {"target": "yes", "missing": "drop", "shuffle": False},
}


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
@pytest.mark.parametrize("keys", TABLES.values(), ids=TABLES)
def test_a_table_is_encoded_as_in_training(
    suffix: str, keys: dict[str, Any], tmp_path: Path
) -> None:
    path = write_table(tmp_path / f"own.{suffix}")
    values = {"name": suffix, "path": str(path), **keys}
    same_data(api.load_config({"data": values, "network": {"depth": 0}}))


def test_texts_become_words_numbers_by_keras_own_layer(tmp_path: Path) -> None:
    path = tmp_path / "texts.csv"
    words = ["It's", '"quoted"', "naïve", "a\\b", "plain", "words,", "{here}"]
    texts = [" ".join(words[n % 5 : n % 5 + 3]).replace('"', '""') for n in range(60)]
    rows = [f'"{text}",{"good" if n % 2 else "bad"}' for n, text in enumerate(texts)]
    path.write_text("\n".join(["review,opinion", *rows]), encoding="utf-8")
    values = {"name": "csv", "path": str(path), "target": "opinion", "text": "review"}
    layers: list[dict[str, Any]] = [
        {"type": "embedding", "input_dim": 20, "output_dim": 3},
        {"type": "gru", "units": 4},
        {"type": "dense", "units": 2, "activation": "softmax"},
    ]
    values |= {"max_tokens": 20, "output_sequence_length": 4}  # type: ignore[dict-item]
    chosen = api.load_config({"data": values, "network": {"layers": layers}})
    same_data(chosen)
    same_network(chosen)


@pytest.mark.parametrize("nested", [False, True])
def test_a_folder_of_images_is_decoded_and_split_as_in_training(
    nested: bool, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    for part, count in (("train", 10), ("test", 3), ("validation", 2)) if nested else (("", 12),):
        for name in ("it's", "other"):
            folder = tmp_path / part / name
            folder.mkdir(parents=True)
            for number in range(count):
                pixels = rng.integers(0, 256, (9, 7, 3), np.uint8)
                Image.fromarray(pixels).save(folder / f"{number}.png")
    values = {"name": "image_folder", "path": str(tmp_path), "image_size": [6, 5]}
    same_data(api.load_config({"data": values, "network": {"depth": 0}}))


NETWORKS = {
    "depth": (
        "network: {depth: 2, units: 8, activation: {name: leaky_relu, negative_slope: 0.1}, "
        "normalization: batch, dropout: 0.2, input_dropout: 0.1, regularizer: {l1: 0.1, l2: 0.2}}"
    ),
    "maxout": "network: {depth: 2, units: 8, activation: maxout, maxout_pieces: 3}",
    "one unit": "network: {depth: 1}\nloss: {name: binary_crossentropy, from_logits: true}",
    "schedule": (
        "network: {depth: 0}\noptimizer: {name: sgd, momentum: 0.9, learning_rate: {name: "
        "piecewise_constant_decay, boundaries: [5, 9], values: [0.1, 0.01, 0.001]}}"
    ),
    "layers": (
        "network:\n  initializer: he_normal\n  layers:\n"
        "    - {type: dense, units: 5, activation: tanh, bias_initializer: random_normal,\n"
        "       kernel_constraint: max_norm, kernel_regularizer: {l2: 0.5}}\n"
        "    - {type: activation, activation: prelu}\n"
        "    - {type: layer_normalization, epsilon: 0.01}\n"
        "    - {type: spectral_normalization, layer: {type: dense, units: 4, activation: relu}}\n"
        "    - {type: gaussian_noise, stddev: 0.1}\n"
        "    - {type: dense, units: 2, kernel_initializer: orthogonal, activation: softmax}"
    ),
    "residual": (
        "network:\n  layers:\n"
        "    - {type: activation, activation: linear}\n"
        "    - residual:\n"
        "        - {type: dense, units: 6, activation: relu}\n"
        "        - residual:\n"
        "            - {type: batch_normalization}\n"
        "            - {type: dense, units: 6}\n"
        "        - {type: dense, units: 6}\n"
        "    - repeat:\n"
        "        times: 2\n"
        "        layers:\n"
        "          - residual: [{type: maxout, units: 6}, {type: dense, units: 6}]\n"
        "          - {type: activation, activation: relu}\n"
        "    - {type: dense, units: 2, activation: softmax}"
    ),
    "sequence": (
        "network:\n  layers:\n"
        "    - {type: reshape, target_shape: [2, 1]}\n"
        "    - {type: conv1d, filters: 4, kernel_size: 2, padding: same, activation: relu}\n"
        "    - {type: bidirectional, layer: {type: lstm, units: 3, return_sequences: true}}\n"
        "    - {type: time_distributed, layer: {type: dense, units: 3, activation: tanh}}\n"
        "    - {type: simple_rnn, units: 3, activation: relu, dropout: 0.1}\n"
        "    - {type: dense, units: 2, activation: softmax}"
    ),
}


@pytest.mark.parametrize("given", NETWORKS.values(), ids=NETWORKS)
def test_the_network_has_the_initial_weights_of_the_run(given: str) -> None:
    same_network(config.parse(f"seed: 3\ndata: {{name: circles}}\n{given}\n"))


@pytest.mark.parametrize("precision", ["float64", "mixed_bfloat16"])
def test_the_precision_is_that_of_the_config(precision: str) -> None:
    text = f"data: {{name: circles}}\nnetwork: {{depth: 1}}\ntraining: {{precision: {precision}}}"
    made = execute(api.to_python(config.parse(text)), until=MODEL)["model"]
    assert made.layers[0].dtype_policy.name == precision
    assert made.layers[-1].compute_dtype == ("float64" if precision == "float64" else "float32")


TRAINING = """
data: {name: circles, train: 60, validation: 30, test: 30}
network: {depth: 1, units: 9}
loss: binary_crossentropy
metrics: [{name: precision, thresholds: 0.6}, precision]
training:
  epochs: 4
  batch_size: 20
  class_weight: {1: 2.5}
  early_stopping: {monitor: val_balanced_accuracy, patience: 9}
  reduce_lr_on_plateau: {monitor: loss, factor: 0.5, patience: 0, min_delta: 9}
"""


def test_callbacks_get_what_they_monitor() -> None:
    script = api.to_python(config.parse(TRAINING))
    for line in (
        "callbacks=[",
        "Measure(),",
        'keras.callbacks.EarlyStopping(monitor="val_balanced_accuracy", patience=9, ',
        'keras.metrics.Precision(thresholds=0.6, name="precision"),',
        'keras.metrics.Precision(name="precision_2"),',
        "epochs=arguments.epochs,",
        "batch_size=20,",
        "class_weight = {0: 1.0, 1: 2.5}",
    ):
        assert line in " ".join(script.split()).replace("( ", "("), line


@pytest.mark.slow
def test_a_script_trains_prints_and_saves(tmp_path: Path) -> None:
    file = tmp_path / "own.keras"
    script = api.to_python(config.parse(TRAINING))
    made = execute(script, "--epochs", "3", "--train", "40", "--save", str(file))
    found = made["history"]
    assert len(made["x"]) == 40 and found.epoch == [0, 1, 2]
    assert {"val_precision_2", "val_balanced_accuracy", "learning_rate"} <= found.history.keys()
    # From the second epoch on none is better by 9.
    assert found.history["learning_rate"] == pytest.approx([0.001, 0.001, 0.0005])
    assert "test: " in made["printed"] and "precision" in made["printed"]
    kept = keras.models.load_model(file)
    np.testing.assert_allclose(kept(made["x"]), made["model"](made["x"]), rtol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_the_script_of_every_shipped_config_trains(file: Path, tmp_path: Path) -> None:
    chosen = api.load_config(file)
    given = []
    if chosen.data.name == "mnist":  # nothing is downloaded
        given = [str(write_mnist(tmp_path / "mnist.npz", SAMPLE))]
    made = execute(api.to_python(chosen), *given, "--epochs", "1", "--train", "50")
    shape, outputs = made["model"].input_shape[1:], made["model"].output_shape[-1]
    count = sum(one.parameters for one in layers_of(chosen, shape, outputs))
    assert sum(weight.numpy().size for weight in made["model"].trainable_weights) == count
    assert np.isfinite(made["scores"]["loss"])
    keras.utils.clear_session()


def test_a_script_needs_no_kerasdemo() -> None:
    for file in FILES:
        script = api.to_python(file)
        assert "import kerasdemo" not in script and "from kerasdemo" not in script, file


def test_data_that_is_gone_is_named(tmp_path: Path) -> None:
    path = write_table(tmp_path / "own.csv")
    values = {"name": "csv", "path": str(path), "target": "kind", "missing": "impute"}
    chosen = api.load_config({"data": values, "network": {"depth": 0}})
    path.unlink()
    with pytest.raises(InputError, match="no such file"):
        api.to_python(chosen)


def test_a_run_whose_mnist_was_the_sample_is_exported_with_the_sample() -> None:
    chosen = config.parse("data: {name: mnist}\nnetwork: {depth: 0}\n")
    facts = {"data": {"source": "mnist_sample"}}
    script = api.to_python(Run(chosen, History((1.0,)), facts=facts))
    made = execute(script, until=DATA)
    assert [len(made[x]) for x, _ in PARTS.values()] == [3_500, 500, 1_000]


def test_a_folder_of_images_that_is_gone_is_named(tmp_path: Path) -> None:
    values = {"name": "image_folder", "path": str(tmp_path / "own")}
    for name in "ab":
        (tmp_path / "own" / name).mkdir(parents=True)
        for number in range(9):
            Image.new("RGB", (4, 4)).save(tmp_path / "own" / name / f"{number}.png")
    chosen = api.load_config({"data": values, "network": {"depth": 0}})
    (tmp_path / "own").rename(tmp_path / "other")
    with pytest.raises(InputError, match="own"):
        api.to_python(chosen)
