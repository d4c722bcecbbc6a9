"""kerasdemo.fit and kerasdemo.Recorder, as a user calls them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kerasdemo
from kerasdemo.backend import keras
from kerasdemo.config import InputError

Arrays = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def circles() -> Arrays:
    """400 points of two circles."""
    rng = np.random.default_rng(0)
    y = np.arange(400) % 2
    angle, radius = rng.uniform(0, 2 * np.pi, 400), 1 - 0.5 * y + rng.normal(0, 0.05, 400)
    x = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)
    return x.astype(np.float32), y


def make_model(width: int = 16, rate: float = 0.01, seed: int = 0) -> Any:
    keras.utils.set_random_seed(seed)
    model = keras.Sequential(
        [
            keras.Input((2,)),
            keras.layers.Dense(width, activation="relu"),
            keras.layers.Dense(width, activation="relu"),
            keras.layers.Dense(1, activation="sigmoid"),
        ],
        name="rings",
    )
    optimizer = keras.optimizers.Adam(rate)
    model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    return model


def test_fit_trains_records_and_diagnoses(
    circles: Arrays, capsys: pytest.CaptureFixture[str]
) -> None:
    model = make_model()
    history = kerasdemo.fit(
        model, *circles, batch_size=20, epochs=25, validation_split=0.25, seed=1
    )
    assert set(history.history) == {"accuracy", "loss", "val_accuracy", "val_loss"}
    assert (len(history.history["loss"]), history.epoch[-1]) == (25, 24)
    assert history.verdict.outcome == "healthy"
    assert history.run.setup.task == "binary"
    assert history.run.path.parent == Path("results/runs")
    assert history.run.facts["engine"]["loop"] == history.engine.loop != "fit"
    assert kerasdemo.diagnose(history) == history.verdict
    assert kerasdemo.read_run(history.run.id).history == history.run.history
    printed = capsys.readouterr().out
    assert "300 training examples" in printed
    assert "epoch 25/25" in printed
    assert "HEALTHY" in printed
    found = model.evaluate(*circles, verbose=0, return_dict=True)["accuracy"]
    assert found == pytest.approx(history.run.history.accuracy[-1], abs=0.05)


def test_plain_fit_is_recorded(circles: Arrays) -> None:
    x, y = circles
    recorder = kerasdemo.Recorder(
        x[:300], y[:300], validation_data=(x[300:], y[300:]), results="here", name="plain"
    )
    model = make_model()
    model.fit(
        *circles, epochs=3, batch_size=100, verbose=0, validation_split=0.25, callbacks=[recorder]
    )
    assert recorder.run.id.startswith("plain-")
    assert recorder.run.history.epochs == 3
    assert not recorder.run.folder.curves_file.exists()  # until somebody looks
    assert recorder.verdict == kerasdemo.diagnose(recorder)
    layers = [layer.name for layer in recorder.run.network if layer.has_kernel]
    assert list(recorder.run.layers) == layers


def test_a_loop_over_settings_and_seeds_becomes_a_comparison(circles: Arrays) -> None:
    for width in (1, 16):
        for seed in (0, 1):
            kerasdemo.fit(
                make_model(width, seed=seed), *circles, batch_size=50, epochs=15, verbose=0,
                seed=seed, settings={"width": width}, results="widths",
            )  # fmt: skip
    comparison = kerasdemo.compare("widths", "accuracy")
    assert comparison.keys == ("width",)
    assert [group.label for group in comparison.groups] == ["width=16", "width=1"]
    assert [len(group.by_seed) for group in comparison.groups] == [2, 2]


def test_repetitions_without_a_seed_are_counted_each(circles: Arrays) -> None:
    histories = [
        kerasdemo.fit(make_model(2, seed=n), *circles, epochs=2, verbose=0) for n in range(3)
    ]
    group = kerasdemo.compare(histories, "accuracy").groups[0]
    assert len(group.by_seed) == len(group.runs) == 3


def test_a_fit_that_fails_leaves_a_failed_run(circles: Arrays) -> None:
    class Fail(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        kerasdemo.fit(make_model(), *circles, epochs=2, verbose=0, callbacks=[Fail()])
    (run,) = kerasdemo.list_runs()
    assert (run.status, kerasdemo.read_run(run.path).facts["reason"]) == (
        "failed",
        "OSError: disk full",
    )


def test_silent_fit_prints_nothing(circles: Arrays, capsys: pytest.CaptureFixture[str]) -> None:
    history = kerasdemo.fit(make_model(), *circles, epochs=2, verbose=0, record=False)
    assert capsys.readouterr().out == ""
    assert history.run is None
    assert not Path("results").exists()
    assert "data and layer statistics are not known" in history.verdict.notes[0]


def test_a_history_of_plain_fit_is_diagnosed(circles: Arrays) -> None:
    log = Path("log.csv")
    history = make_model(rate=0.0).fit(
        *circles, epochs=6, verbose=0, callbacks=[keras.callbacks.CSVLogger(str(log))]
    )
    verdict = kerasdemo.diagnose(history)
    assert verdict.outcome == "optimization_failure"
    assert "always predicting one class" in verdict.summary
    assert kerasdemo.diagnose(log).outcome == "cannot_tell"
    assert any("curves alone" in note for note in kerasdemo.diagnose(log).notes)


def test_an_interrupted_fit_leaves_a_readable_folder(circles: Arrays) -> None:
    class Interrupt(keras.callbacks.Callback):  # type: ignore[misc]
        def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
            if epoch == 2:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        kerasdemo.fit(make_model(), *circles, epochs=9, verbose=0, callbacks=[Interrupt()])
    (found,) = kerasdemo.list_runs()
    assert (found.status, found.epochs) == ("interrupted", 2)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"name": "../../etc"}, "name is"),
        ({"settings": {"a b": 1}}, "settings"),
        ({"settings": {"width": [1]}}, "width is"),
        ({"seed": -1}, "seed is"),
        ({"task": "guess"}, "task"),
    ],
)
def test_a_bad_argument_is_refused_before_training(
    arguments: dict[str, Any], problem: str, circles: Arrays
) -> None:
    model = make_model()
    before = model.get_weights()
    with pytest.raises(InputError, match=problem):
        kerasdemo.fit(model, *circles, epochs=1, verbose=0, **arguments)
    assert all(map(np.array_equal, before, model.get_weights()))
    assert not Path("results").exists()


def test_what_keras_refuses_is_refused_as_keras_does(circles: Arrays) -> None:
    with pytest.raises(TypeError, match="epoch"):
        kerasdemo.fit(make_model(), *circles, epoch=3)  # type: ignore[call-arg]
    with pytest.raises(ValueError, match=r"cardinality|sizes|length"):
        kerasdemo.fit(make_model(), circles[0], circles[1][:-1], verbose=0, record=False)
