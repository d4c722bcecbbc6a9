"""A run's folder: whole, read from disk, resumed to the same bytes, never trained twice."""

import json
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from kerasdemo import data
from kerasdemo.backend import keras
from kerasdemo.config import InputError, RunConfig, load, parse
from kerasdemo.records import Run, read, summarize
from kerasdemo.training import evaluation, runner

Tiny = Callable[..., RunConfig]

# Everything that a checkpoint must hold: momentum, dropout, moving averages, callbacks' counters.
FULL = """
name: full
data: {name: mnist_sample, train: 250, validation: 100, test: 100}
network: {depth: 2, units: 16, dropout: 0.3, normalization: batch}
optimizer: {name: adam, learning_rate: 0.01}
training:
  batch_size: 40
  epochs: 12
  early_stopping: {monitor: val_loss, patience: 4, restore_best_weights: true}
  reduce_lr_on_plateau: {monitor: val_loss, patience: 1, factor: 0.5}
"""


class StopAfter:
    """A reporter that cuts a run off after some epochs."""

    def __init__(self, epochs: int, how: type[BaseException] = KeyboardInterrupt):
        self.epochs, self.how = epochs, how
        self.began: list[int] = []

    def begin(self, config: RunConfig, path: Path, first_epoch: int, examples: int) -> None:
        self.began.append(first_epoch)

    def epoch(self, epoch: int, row: dict[str, float], seconds: float) -> None:
        if epoch == self.epochs:
            raise self.how

    def end(self) -> None:
        pass


def bytes_of(run: Run) -> dict[str, bytes]:
    folder = run.folder
    return {file.name: file.read_bytes() for file in (folder.metrics_file, folder.layers_file)}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """FULL, trained without a break."""
    return runner.run(parse(FULL), tmp_path_factory.mktemp("whole"))


def test_a_run_leaves_a_whole_folder(tiny: Tiny, tmp_path: Path) -> None:
    run = runner.run(tiny(), tmp_path)
    assert run.path is not None
    names = {file.name for file in run.path.iterdir()}
    assert names == {
        *("config.yaml", "network.json", "run.json", "model.keras", "predictions.json"),
        *("metrics.csv", "times.csv", "layers.csv"),
    }
    assert run.status == "finished"
    assert run.history.epochs == 3
    assert set(run.layers) == {"dense_1", "output"}
    facts = json.loads((run.path / "run.json").read_text())
    assert facts["final"]["loss"] == pytest.approx(run.history.loss[-1])
    assert facts["parameters"] == 784 * 16 + 16 + 16 * 10 + 10
    assert facts["updates"] == 15
    assert facts["data"]["source"] == "mnist_sample"
    assert facts["data"]["linear_baseline"]["train"] > 0.9
    assert read(run.path).config.settings == tiny().settings


RAW = """
data: {{name: mnist_sample, train: 500, validation: 0, test: 200, normalize: {normalize}}}
network: {{depth: 1, units: 16, activation: maxout, dropout: 0.2}}
training: {{epochs: 2, precision: {precision}}}
"""


def raw_test_examples(config: RunConfig) -> tuple[np.ndarray, np.ndarray]:
    raw = data.find(config).arrays
    return raw["x_test"][:200], np.eye(10, dtype=np.float32)[raw["y_test"][:200]]


@pytest.mark.parametrize(
    ("normalize", "precision"),
    [
        pytest.param("none", "float32", marks=pytest.mark.slow),
        ("standardize", "float32"),
        pytest.param("unit", "mixed_float16", marks=pytest.mark.slow),
    ],
)
def test_the_model_takes_raw_examples(normalize: str, precision: str, tmp_path: Path) -> None:
    config = parse(RAW.format(normalize=normalize, precision=precision))
    run = runner.run(config, tmp_path)
    model = keras.saving.load_model(run.folder.model_file)
    loss, accuracy = model.evaluate(*raw_test_examples(config), verbose=0)
    assert accuracy == pytest.approx(run.facts["test"]["accuracy"], abs=1e-6)
    assert loss == pytest.approx(run.facts["test"]["loss"], rel=1e-3)


def test_the_model_reloads_with_plain_keras_and_gives_the_recorded_accuracy(tmp_path: Path) -> None:
    config = parse(RAW.format(normalize="unit", precision="float32"))
    run = runner.run(config, tmp_path)
    x, y = raw_test_examples(config)
    np.savez(tmp_path / "test.npz", x=x, y=y)
    # In a process of its own, with nothing but Keras.
    script = f"""
import keras, numpy as np
model = keras.saving.load_model({str(run.path / "model.keras")!r})
data = np.load({str(tmp_path / "test.npz")!r})
print(*model.evaluate(data["x"], data["y"], verbose=0))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loss, accuracy = map(float, done.stdout.split())
    assert accuracy == pytest.approx(run.facts["test"]["accuracy"], abs=1e-6)
    assert loss == pytest.approx(run.facts["test"]["loss"], rel=1e-4)


def test_a_feature_that_does_not_vary_is_nothing_to_the_saved_model(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal([5.0, 300.0, 7.0], [0.1, 40.0, 0.0], (120, 3))
    y = (x[:, 0] > 5).astype(np.int64)
    unlike = x + np.array([0.0, 0.0, 100.0])  # the third feature is another in the test
    np.savez(tmp_path / "own.npz", x_train=x, y_train=y, x_test=unlike, y_test=y)
    text = "data: {name: file, path: own.npz, normalize: standardize}\ntraining: {epochs: 5}"
    run = runner.run(parse(text, str(tmp_path / "c.yaml")), tmp_path / "results")
    model = keras.saving.load_model(run.folder.model_file)
    outputs = model.predict(unlike, verbose=0)
    assert (outputs.argmax(axis=1) == y).mean() == run.facts["test"]["accuracy"] > 0.9
    np.testing.assert_array_equal(outputs, model.predict(x, verbose=0))


def test_a_complete_run_is_read_from_disk(tiny: Tiny, tmp_path: Path) -> None:
    first = runner.run(tiny(), tmp_path)
    assert first.path is not None
    before = (first.path / "run.json").stat().st_mtime_ns
    reporter = StopAfter(99)
    second = runner.run(tiny("description=other words"), tmp_path, reporter=reporter)
    assert second.path == first.path
    assert reporter.began == []
    assert (first.path / "run.json").stat().st_mtime_ns == before
    runner.run(tiny(), tmp_path, overwrite=True, reporter=reporter)
    assert reporter.began == [1]


def test_a_changed_value_or_other_data_is_another_run(tiny: Tiny, tmp_path: Path) -> None:
    folders = {
        runner.run_folder(config, tmp_path).path
        for config in (tiny(), tiny("seed=1"), tiny("optimizer.beta_1=0.8"), tiny("data.test=99"))
    }
    assert len(folders) == 4


def test_equal_configs_give_equal_bytes(whole: Run, tmp_path: Path) -> None:
    assert bytes_of(runner.run(parse(FULL), tmp_path)) == bytes_of(whole)


@pytest.mark.parametrize("epochs", [1, 2, 5])
def test_an_interrupted_run_is_resumed_to_the_same_bytes(
    epochs: int, whole: Run, tmp_path: Path
) -> None:
    cut = runner.run(parse(FULL), tmp_path, reporter=StopAfter(epochs))
    assert cut.status == "interrupted"
    assert cut.history.epochs == epochs
    reporter = StopAfter(99)
    resumed = runner.run(parse(FULL), tmp_path, reporter=reporter)
    assert 1 < reporter.began[0] <= epochs + 1
    assert bytes_of(resumed) == bytes_of(whole)
    assert len(resumed.times) == resumed.history.epochs
    for key in ("status", "test", "stopped_early", "kept_epoch", "kept", "final"):
        assert resumed.facts[key] == whole.facts[key]
    assert not resumed.folder.checkpoint_file.exists()


def _train_for_ever(results: Path) -> None:
    class Slow(StopAfter):
        def epoch(self, epoch: int, row: dict[str, float], seconds: float) -> None:
            time.sleep(0.3)

    runner.run(parse(FULL), results, reporter=Slow(99))


@pytest.mark.slow
def test_a_killed_run_is_resumed_to_the_same_bytes(whole: Run, tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=_train_for_ever, args=(tmp_path / "cut",)
    )
    process.start()
    assert process.pid
    rows = tmp_path / "cut" / runner.run_folder(parse(FULL), tmp_path).path.name / "metrics.csv"
    for _ in range(600):
        if rows.exists() and rows.read_text().count("\n") >= 4:
            break
        time.sleep(0.1)
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    assert not (rows.parent / "run.json").exists()
    with rows.open("a") as file:
        file.write("9,0.1")  # half a line, as a crash can leave it
    assert bytes_of(runner.run(parse(FULL), tmp_path / "cut")) == bytes_of(whole)


def test_a_run_that_another_process_trains_is_busy(tiny: Tiny, tmp_path: Path) -> None:
    folder = runner.run_folder(tiny(), tmp_path)
    with FileLock(folder.lock_file), pytest.raises(runner.Busy):
        runner.run(tiny(), tmp_path)
    assert not folder.path.exists()


def test_divergence_is_a_result(tiny: Tiny, tmp_path: Path) -> None:
    run = runner.run(
        tiny(
            "optimizer={name: sgd, learning_rate: 100}",
            "loss=mean_squared_error",
            "network.output_activation=linear",
            "data.normalize=none",
        ),
        tmp_path,
    )
    assert run.status == "diverged"
    assert "epoch 1" in run.facts["reason"]
    assert run.history.epochs == 1


def test_early_stopping_keeps_the_best_weights(whole: Run) -> None:
    losses = whole.history.val_loss
    assert whole.facts["best_epoch"] == whole.facts["kept_epoch"] == int(np.argmin(losses)) + 1


def test_without_validation_there_are_no_validation_curves(tiny: Tiny, tmp_path: Path) -> None:
    run = runner.run(tiny("data.validation=0"), tmp_path)
    assert run.history.val_loss == ()
    assert run.status == "finished"


def test_what_keras_refuses_leaves_nothing_behind(tiny: Tiny, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        runner.run(
            tiny(
                "network.initializer={name: identity}",
                "data.name=mnist_sample",
                "network.layers=[{type: conv2d, filters: 2, kernel_size: 3}, "
                "{type: flatten}, {type: dense, units: 10}]",
            ),
            tmp_path / "results",
        )
    assert not list(tmp_path.glob("results/*"))


def test_the_loop_is_chosen_by_the_layers_and_recorded(tiny: Tiny, tmp_path: Path) -> None:
    dense = runner.run(tiny(), tmp_path)
    assert dense.facts["engine"]["loop"] == "xla"
    convolution = runner.run(tiny(CONVOLUTION), tmp_path)
    assert convolution.facts["engine"]["loop"] == "graph"
    assert "convolutions" in convolution.facts["engine"]["why"]


def test_data_that_does_not_fit_is_trained_by_plain_fit(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = runner.run(tiny(), tmp_path / "compiled")
    monkeypatch.setenv("KERASDEMO_RESIDENT_BYTES", "1000")
    with pytest.warns(UserWarning, match="plain fit"):
        plain = runner.run(tiny(), tmp_path / "plain")
    assert plain.facts["engine"]["loop"] == "fit"
    np.testing.assert_allclose(plain.history.loss, compiled.history.loss, rtol=1e-4)


def test_a_file_with_a_relative_path_stays_readable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    x, y = np.random.default_rng(0).normal(size=(60, 3)).astype(np.float32), np.arange(60) % 3
    np.savez("own.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    Path("08.yaml").write_text(
        "description: '1e3'\ndata: {name: file, path: own.npz}\nnetwork: {units: 4}\n"
        "training: {epochs: 1}\n"
    )
    run = runner.run(load("08.yaml"), "results")
    assert run.status == "finished"
    assert run.path
    Path("own.npz").unlink()
    config = read(run.path).config  # a record can be read where its data is gone
    assert (config.name, config.description) == ("08", "1e3")


@pytest.mark.slow
def test_runs_of_one_network_on_other_numbers_of_examples(tiny: Tiny, tmp_path: Path) -> None:
    for seed, train in enumerate((120, 60, 120)):
        config = tiny(f"data.train={train}", f"seed={seed}", "training.epochs=1")
        run = runner.run(config, tmp_path)
        assert run.status == "finished", run.facts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "data: {name: fizzbuzz}\nloss: binary_crossentropy\n"
            "network: {layers: [{type: dense, units: 1, activation: sigmoid}]}",
            "one output unit can't name 4 classes",
        ),
        (
            "data: {name: circles}\nnetwork: {layers: [{type: activation, activation: softmax}]}",
            "no layer has weights to train",
        ),
    ],
)
def test_an_output_that_can_not_fit_is_refused(text: str, expected: str) -> None:
    with pytest.raises(InputError, match=expected):
        parse(text)


def test_the_classes_of_a_file_are_checked_before_anything_is_written(tmp_path: Path) -> None:
    x, y = np.ones((60, 3), np.float32), np.arange(60) % 3
    np.savez(tmp_path / "own.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    text = "data: {name: file, path: own.npz}\nloss: binary_crossentropy"
    config = parse(text, str(tmp_path / "c.yaml"))
    with pytest.raises(InputError, match="for two classes; file has 3"):
        runner.run(config, tmp_path / "results")
    assert not (tmp_path / "results").exists()


CONVOLUTION = (
    "network={layers: [{type: conv2d, filters: 4, kernel_size: 3}, {type: batch_normalization}, "
    "{type: max_pooling2d}, {type: flatten}, {type: dropout, rate: 0.3}, "
    "{type: dense, units: 10, activation: softmax}]}"
)


# A difference that counts: Keras turns the sign of `min_delta` when a training starts.
DELTA = (
    "training={batch_size: 40, epochs: 12, early_stopping: {patience: 6, min_delta: 0.1}, "
    "reduce_lr_on_plateau: {patience: 1, min_delta: 0.1}}"
)


@pytest.mark.parametrize(
    "change",
    [
        DELTA,
        pytest.param(CONVOLUTION, marks=pytest.mark.slow),
        pytest.param("training.precision=bfloat16", marks=pytest.mark.slow),
    ],
)
def test_what_else_a_run_depends_on_resumes(change: str, tmp_path: Path) -> None:
    config = parse(FULL, overrides=[change])
    whole = runner.run(config, tmp_path / "whole")
    runner.run(config, tmp_path / "cut", reporter=StopAfter(2))
    assert bytes_of(runner.run(config, tmp_path / "cut")) == bytes_of(whole)


DAMAGE = {
    "half a checkpoint": ("checkpoint.npz", lambda text: text[: len(text) // 2]),
    "an empty checkpoint": ("checkpoint.npz", lambda text: b""),
    "half the metrics": ("metrics.csv", lambda text: text[: len(text) // 2]),
    "no layers": ("layers.csv", lambda text: b""),
    "garbage for metrics": ("metrics.csv", lambda text: bytes(range(256))),
    "no times": ("times.csv", lambda text: b""),
    "half a run.json": ("run.json", lambda text: text[: len(text) // 2]),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_damaged_file_costs_time_and_nothing_else(kind: str, whole: Run, tmp_path: Path) -> None:
    cut = runner.run(parse(FULL), tmp_path, reporter=StopAfter(3))
    name, damage = DAMAGE[kind]
    file = cut.folder.path / name
    file.write_bytes(damage(file.read_bytes()))
    resumed = runner.run(parse(FULL), tmp_path)
    assert bytes_of(resumed) == bytes_of(whole)
    for key in ("status", "test", "initial", "final"):
        assert resumed.facts[key] == whole.facts[key]


def test_an_infinite_validation_loss_is_divergence(tiny: Tiny, tmp_path: Path) -> None:
    run = runner.run(
        tiny(
            "data.noise.validation=1e38",
            "data.normalize=none",
            "loss=mse",
            "network.output_activation=linear",
        ),
        tmp_path,
    )
    assert run.status == "diverged"


def test_a_damaged_run_can_not_be_read(tiny: Tiny, tmp_path: Path) -> None:
    run = runner.run(tiny(), tmp_path)
    assert run.path
    for name, damage in (
        ("metrics.csv", b"epoch,loss\n1\n"),
        ("layers.csv", b"a,b\n1,2\n"),
        ("metrics.csv", bytes(range(256))),
        ("run.json", b'{"status": "finished", "data": 3}'),
    ):
        before = (run.path / name).read_bytes()
        (run.path / name).write_bytes(damage)
        with pytest.raises(InputError):
            read(run.path)
        (run.path / name).write_bytes(before)


OVERFITS = """
name: overfits
data: {name: mnist_sample, train: 150, validation: 120, test: 50}
network: {depth: 1, units: 32, regularizer: {l2: 0.001}}
optimizer: {name: adam, learning_rate: 0.02}
training: {batch_size: 30, epochs: 6, early_stopping: {patience: 50, restore_best_weights: false}}
"""


def test_epochs_are_compared_with_the_best_one_example_by_example(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[evaluation.Evaluation] = []
    original = evaluation.Evaluator.evaluate

    def evaluate(
        self: evaluation.Evaluator,
        chunks: evaluation.Chunks,
        scorer: evaluation.Scorer | None = None,
    ) -> evaluation.Evaluation:
        found = original(self, chunks, scorer)
        if len(chunks) == 120:  # validation
            seen.append(found)
        return found

    monkeypatch.setattr(evaluation.Evaluator, "evaluate", evaluate)
    history = runner.run(parse(OVERFITS), tmp_path).history
    seen.pop()  # of the kept weights, when training is over
    assert len(seen) == history.epochs == 6
    best = 0
    for epoch, now in enumerate(seen):
        if history.val_loss[epoch] < history.val_loss[best]:
            best = epoch
        rises = now.losses.astype(float) - seen[best].losses
        error = rises.std(ddof=1) / np.sqrt(120)
        assert history.val_loss_rise[epoch] == pytest.approx(rises.mean())
        assert history.val_loss_rise_error[epoch] == pytest.approx(error)
        assert history.val_newly_wrong[epoch] == sum(seen[best].right > now.right)
        assert history.val_newly_right[epoch] == sum(seen[best].right < now.right)
    assert best < 5  # the rise above is a rise
    assert history.val_loss_rise[best] == history.val_newly_wrong[best] == 0


def test_a_loss_of_whole_batches_has_no_pairs(tiny: Tiny, tmp_path: Path) -> None:
    history = runner.run(tiny("loss=dice"), tmp_path).history
    assert all(map(np.isnan, history.val_loss_rise_error))
    assert history.val_loss_rise[0] == 0


def test_the_seconds_of_training_stand_beside_the_record(tiny: Tiny, tmp_path: Path) -> None:
    run = runner.run(tiny(), tmp_path)
    assert len(run.times) == 3
    assert all(seconds > 0 for seconds in run.times)
    assert (
        run.facts["epoch_seconds"] == run.epoch_seconds == pytest.approx(np.median(run.times[1:]))
    )
    summary = summarize(run.folder.path)
    assert summary.metrics["epoch_seconds"].kept == run.epoch_seconds
    assert sum(run.times) < run.facts["seconds"]


def test_the_kept_epoch_is_the_last_where_nothing_is_restored(tiny: Tiny, tmp_path: Path) -> None:
    run = runner.run(tiny(), tmp_path)
    assert run.facts["kept_epoch"] == run.kept_epoch == 3
    assert run.facts["kept"] == run.facts["final"]


def test_a_record_without_the_newer_columns_reads_on(tiny: Tiny, tmp_path: Path) -> None:
    run = runner.run(tiny(), tmp_path)
    lines = run.folder.metrics_file.read_text().splitlines()
    run.folder.metrics_file.write_text("".join(f"{','.join(x.split(',')[:6])}\n" for x in lines))
    run.folder.times_file.unlink()
    facts = {k: v for k, v in run.facts.items() if k not in ("kept_epoch", "kept", "epoch_seconds")}
    run.folder.run_file.write_text(json.dumps(facts))
    old = read(run.folder.path)
    assert (old.kept_epoch, old.times, old.epoch_seconds) == (3, (), None)
    assert old.history.val_loss_rise == ()
    assert old.history.loss == run.history.loss
