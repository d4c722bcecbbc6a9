"""Pictures of predictions are tested by what their axes say and their lines hold."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from kerasdemo.diagnosis import diagnose
from kerasdemo.display import prediction_plots, run_plots
from kerasdemo.records import Run
from tests.display.test_run_plots import inside, labels
from tests.factories import falling, make_python_run, make_run, rising

HOSTILE = "$\\frac{x$ <script>\u202e" * 30
RESIDUALS = {"mean": -0.5, "rmse": 1.5, "mae": 1.25, "percentile_90": 2.0, "r2": 0.9}
CURVE = {"auc": 0.75, "false_positive_rate": [0, 0, 0.5, 1], "true_positive_rate": [0, 0.5, 1, 1]}
BINARY = {"part": "test", "examples": 10, "confusion": [[4, 1], [0, 5]], "roc": [CURVE]}


def column(**changes: Any) -> dict[str, Any]:
    known = {"name": "price", "unit": "k€", "truth": [1.0, 4.0], "guess": [2.0, 3.0]}
    return known | {"residuals": RESIDUALS} | changes


def numbers(*columns: dict[str, Any]) -> Run:
    curves = {"loss": falling(2, 1), "val_loss": falling(2, 1), "r2": rising(0, 0.9)}
    run = make_python_run("regression", **curves, val_r2=rising(0, 0.9))
    return replace(run, predictions={"part": "test", "examples": 2, "columns": list(columns)})


def tagged(count: int = 3, name: str | None = None) -> Run:
    label = {"name": name, "confusion": [[5, 1], [1, 3]]}
    found = [label | {"roc": CURVE | {"auc": 1 - n / 100}} for n in range(count)]
    run = make_python_run(
        "multi_label", loss=falling(2, 1), accuracy=rising(0.5, 0.9), auc=rising(0.5, 0.9)
    )
    return replace(run, predictions={"part": "test", "examples": 10, "labels": found})


def test_predictions_over_the_truth_with_the_diagonal_and_the_unit() -> None:
    ax = prediction_plots.plot_against_true(numbers(column()))
    diagonal, points = ax.lines
    assert list(diagonal.get_xdata()) == list(diagonal.get_ydata())
    assert (list(points.get_xdata()), list(points.get_ydata())) == ([1, 4], [2, 3])
    assert ax.get_xlim() == ax.get_ylim()
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("true price [k€] (test)", "predicted price [k€]")
    assert labels(ax) == ["prediction = truth", "RMSE 1.5, MAE 1.25"]


def test_residuals_over_the_prediction() -> None:
    ax = prediction_plots.plot_residuals(numbers(column(name=None, unit=None)))
    assert list(ax.lines[1].get_ydata()) == [1, -1]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted value (test)", "predicted − true")
    assert labels(ax) == ["no error", "mean −0.5"]


def test_older_records_have_no_statistics() -> None:
    found = {"part": "validation", "examples": 9, "truth": [1.0], "guess": [1.5]}
    run = replace(numbers(), predictions=found)
    assert [labels(plot(ax=None)) for plot in prediction_plots.plots_of(run)] == [
        ["prediction = truth", "examples"],
        ["no error", "examples"],
    ]


def test_of_several_targets_the_worst_two_are_drawn() -> None:
    poor = column(name=None, residuals=RESIDUALS | {"r2": -3.0})
    plots = prediction_plots.plots_of(numbers(column(), column(name=None), poor, poor))
    texts = [plot().get_ylabel() for plot in plots]  # type: ignore[attr-defined]
    assert texts == ["predicted target 3 [k€]", "predicted target 4 [k€]"]


def test_roc_curves_name_their_areas() -> None:
    ax = prediction_plots.plot_roc(tagged())
    assert labels(ax) == [
        *(f"label {n}, AUC {area}" for n, area in enumerate(("1.000", "0.990", "0.980"))),
        "chance, AUC 0.5",
    ]
    assert list(ax.lines[0].get_ydata()) == CURVE["true_positive_rate"]
    many = prediction_plots.plot_roc(tagged(30))
    assert labels(many)[0] == "label 24, AUC 0.760"


def test_a_confusion_matrix_has_its_counts() -> None:
    run = replace(make_python_run("binary", loss=[1.0]), predictions=BINARY)
    ax = prediction_plots.plot_confusion(run)
    assert [text.get_text() for text in ax.texts] == ["4", "1", "0", "5"]


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    figures: list[Figure] = []
    monkeypatch.setattr(run_plots.style, "save", lambda figure, path: figures.append(figure))
    return figures


@pytest.mark.parametrize(
    ("run", "panels"),
    [
        (numbers(column()), 4),
        (numbers(column(name=HOSTILE, unit=HOSTILE, truth=[-1e9, 1e9])), 4),
        (numbers(column(truth=[1e-9, 1e300])), 4),
        (tagged(), 4),
        (tagged(30, HOSTILE), 4),
        (replace(make_python_run("binary", loss=[1.0], accuracy=[0.5]), predictions=BINARY), 4),
    ],
)
def test_nothing_overlaps_or_is_cut_off(run: Run, panels: int, drawn: list[Figure]) -> None:
    run_plots.save_curves(run, diagnose(run), Path("curves.png"))
    assert len(drawn[0].axes) == panels
    assert inside(drawn[0])


def test_further_metrics_have_panels_and_classes_are_as_they_were(drawn: list[Figure]) -> None:
    run = make_run(loss=falling(2, 1), accuracy=rising(0.1, 0.9))
    run = replace(run, predictions=BINARY | {"confusion": [[5, 0], [0, 5]]})
    run_plots.save_curves(run, diagnose(run), Path("curves.png"))
    own = {"precision": (0.1,) * 20, "val_precision": (0.2,) * 20, "$x": (math.nan,) * 20}
    run = replace(run, history=replace(run.history, metrics=own))
    run_plots.save_curves(run, diagnose(run), Path("curves.png"))
    assert [len(figure.axes) for figure in drawn] == [2, 4]
    assert drawn[1].axes[0].get_ylabel() == "precision"
    assert inside(drawn[1])
