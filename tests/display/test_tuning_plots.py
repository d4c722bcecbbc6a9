"""The picture of a path, by its labels and its data."""

from pathlib import Path

import pytest
from matplotlib.figure import Figure

from kerasdemo.display import tuning_plots
from kerasdemo.display.tuning_plots import Row

ROWS = [
    Row("start", True, "optimization_failure", {"accuracy": (0.1, 0.12), "test_accuracy": (0.1,)}),
    Row("epochs=40", False, "optimization_failure", {"accuracy": (0.1, 0.11)}),
    Row("learning_rate=9", False, "diverged", {"accuracy": (), "test_accuracy": ()}),
    Row("loss=categorical_crossentropy", True, "healthy",
        {"accuracy": (0.98, 1.0), "test_accuracy": (0.96,)}),
]  # fmt: skip


def test_what_was_kept_is_joined_and_what_was_dropped_is_named() -> None:
    ax = tuning_plots.plot_tuning(ROWS)
    assert [text.get_text() for text in ax.get_yticklabels()] == [
        "start", "dropped: epochs=40", "dropped: learning_rate=9", "loss=categorical_crossentropy",
    ]  # fmt: skip
    joined = [
        line for line in ax.lines if line.get_linestyle() == "-" and len(line.get_xdata()) == 2
    ]
    ends = [list(line.get_xdata()) for line in joined]
    assert pytest.approx([11.0, 99.0]) in ends and pytest.approx([10.0, 96.0]) in ends
    hollow = [line for line in ax.lines if line.get_markerfacecolor() == "white"]
    assert [line.get_xdata()[0] for line in hollow] == pytest.approx([10.5])
    legend = ax.get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == ["training", "test"]
    assert "diverged" in [text.get_text() for text in ax.texts]


def test_its_title_is_the_result(tmp_path: Path) -> None:
    title = tuning_plots.describe_tuning("row 7", ROWS)
    assert title == "row 7: test accuracy from 10.0 to 96.0 %, 1 of 3 changes kept"
    broken = Row("start", True, "diverged", {"test_accuracy": ()})
    title = tuning_plots.describe_tuning("row 7", [broken, ROWS[-1]])
    assert title == "row 7: test accuracy from no result to 96.0 %, 1 of 1 changes kept"
    assert tuning_plots.describe_tuning("row 7", ROWS[:1]) == "row 7: 0 of 0 changes kept"
    tuning_plots.save("row 7", ROWS, tmp_path / "tune.png", "NOT MNIST")
    assert (tmp_path / "tune.png").read_bytes().startswith(b"\x89PNG")


def test_a_start_without_a_result_is_drawn_too() -> None:
    ax = tuning_plots.plot_tuning([Row("start", True, "diverged", {})])
    assert ax.get_legend() is None


def test_one_seed_is_no_mean() -> None:
    rows = [Row("start", True, "healthy", {"accuracy": (0.5,)}, {"accuracy": 100})]
    label = tuning_plots.plot_tuning(rows).get_xlabel()
    assert label == "accuracy [%]: one seed, 95 % interval of its examples"
    assert tuning_plots.plot_tuning(ROWS).get_xlabel().startswith("accuracy [%]: mean over seeds")


def test_a_long_change_is_written_in_full_and_intervals_are_inside() -> None:
    label = "loss=categorical_crossentropy, optimizer=adam, activation=relu, batch_size=100"
    rows = [Row(label, False, "healthy", {"accuracy": (0.5, 0.52)}, {"accuracy": 100})]
    ax = tuning_plots.plot_tuning(rows)
    assert " ".join(ax.get_yticklabels()[0].get_text().split()) == f"dropped: {label}"
    low, high = ax.get_xlim()
    bar = next(line for line in ax.lines if len(set(line.get_xdata())) == 2)
    assert low < min(bar.get_xdata())
    assert max(bar.get_xdata()) < high


def test_long_names_and_changes_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Figure] = []
    monkeypatch.setattr(tuning_plots.style, "save", lambda figure, path: figures.append(figure))
    long = Row("$x$" + "W" * 500, False, "healthy", {"accuracy": (0.5, 0.52)})
    tuning_plots.save("$n$" + "W" * 200, [*ROWS, long], Path("tune.png"), "NOT MNIST")
    (figure,) = figures
    labels = figure.axes[0].get_yticklabels()
    boxes = [text.get_window_extent() for text in (*figure.texts, *labels)]
    assert min(box.x0 for box in boxes) >= 0
    assert max(box.x1 for box in boxes) <= figure.bbox.width
    assert labels[-1].get_text().startswith(r"dropped: \$x\$W")
    assert labels[-1].get_text().endswith("…")
    assert figure.texts[0].get_text().startswith(r"\$n\$W")
