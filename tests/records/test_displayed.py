"""What notebooks, `print` and people find on a run, a verdict and a comparison."""

import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from IPython.lib.pretty import pretty

from kerasdemo.backend import keras
from kerasdemo.comparison.comparison import compare
from kerasdemo.config import InputError
from kerasdemo.diagnosis import diagnose
from kerasdemo.records import History, Run, Setup
from tests.factories import make_summary, write_run


def test_forms_of_a_run_a_verdict_and_a_comparison(good: Run) -> None:
    verdict = diagnose(good)
    for shown in (good, verdict, compare([make_summary(0.5, seed) for seed in range(3)])):
        assert shown._repr_html_().startswith('<div class="kerasdemo ')
        assert shown._repr_markdown_().startswith("**")
        assert len(repr(shown).splitlines()) == 1
        assert pretty(shown) == str(shown)
    assert str(verdict).startswith("HEALTHY: ")
    assert repr(verdict).startswith("Verdict(healthy: ")


def test_a_plot_has_the_loss_and_the_score(good: Run) -> None:
    figure = good.plot()
    loss, accuracy = figure.axes
    assert loss.get_ylabel() == "loss (categorical crossentropy)"
    assert accuracy.get_ylabel() == "accuracy [%]"
    png, size = figure._repr_png_()  # type: ignore[attr-defined]
    assert png.startswith(b"\x89PNG")
    assert size == {"width": 648}


def test_a_plot_of_a_regression_shows_what_is_near_a_fit() -> None:
    setup = Setup("run", loss={"name": "mse"}, optimizer={"name": "adam"}, task="regression")
    history = History(loss=(9.0, 1.0), r2=(-1000.0, 0.9), val_r2=(-2000.0, 0.5))
    _, score = Run(None, history, declared=setup).plot().axes
    assert score.get_ylabel() == "R²"
    assert -1 < score.get_ylim()[0] < 0


def test_a_plot_of_a_run_without_a_score(good: Run) -> None:
    (loss,) = replace(good, history=History(loss=(2.0, 1.0))).plot().axes
    assert loss.get_xlabel() == "epoch"


def test_the_model_of_a_run_predicts(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    model.save(folder.model_file)
    run = Run(None, History(), path=folder.path)
    x = np.ones((4, 3), "float32")
    assert np.array_equal(run.predict(x), model.predict(x, verbose=0))
    assert run.model is run.model
    folder.model_file.unlink()
    with pytest.raises(InputError, match="no model was saved"):
        _ = Run(None, History(), path=folder.path).model


def test_a_frame_needs_pandas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="pip install pandas"):
        History(loss=(2.0, 1.0)).to_frame()


def test_a_frame_has_a_row_for_each_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    # As pandas would get them: the tests do without it.
    monkeypatch.setitem(
        sys.modules,
        "pandas",
        SimpleNamespace(
            DataFrame=lambda columns, index: (columns, index),
            RangeIndex=lambda *ends, name: (range(*ends), name),
        ),
    )
    columns, index = History(loss=(2.0, 1.0), val_loss=(3.0, 2.0)).to_frame()
    assert columns == {"loss": (2.0, 1.0), "val_loss": (3.0, 2.0)}
    assert index == (range(1, 3), "epoch")
