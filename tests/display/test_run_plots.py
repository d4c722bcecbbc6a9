"""Pictures are tested by their labels and their lines' data, not their pixels."""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kerasdemo.diagnosis import diagnose
from kerasdemo.display import run_plots
from kerasdemo.records import LayerHistory, Run
from tests.factories import MakeRun, falling, rising


def labels(ax: Axes) -> list[str]:
    return ax.get_legend_handles_labels()[1]


def texts(drawn: Figure) -> str:
    return " | ".join(text.get_text() for text in drawn.texts)


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that were saved."""
    figures: list[Figure] = []
    monkeypatch.setattr(run_plots.style, "save", lambda figure, path: figures.append(figure))
    return figures


def test_the_lines_hold_the_history(good: Run) -> None:
    ax = run_plots.plot_learning_curves([good])
    train, validation = ax.lines[:2]
    assert list(train.get_ydata()) == [100 * a for a in good.history.accuracy]
    assert list(validation.get_xdata()) == list(range(1, 21))
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "accuracy [%]")
    assert labels(ax) == ["training", "validation", "best epoch 20", "test 96.3%"]


def test_a_loss_axis_names_the_loss(good: Run) -> None:
    assert run_plots.plot_learning_curves([good], metric="loss").get_ylabel() == (
        "loss (categorical crossentropy)"
    )


def test_several_runs_have_their_names(good: Run) -> None:
    ax = run_plots.plot_learning_curves([good, good])
    assert labels(ax) == ["config", "config", "training", "validation"]
    assert len({line.get_color() for line in ax.lines[:4]}) == 2


def test_best_epoch_and_early_stop_are_marked(good: Run) -> None:
    stopped = replace(good, facts={**good.facts, "stopped_early": True})
    assert labels(run_plots.plot_learning_curves([stopped]))[2:4] == [
        "best epoch 20",
        "stopped early, epoch 20",
    ]


def test_a_nan_is_a_gap_and_marked(run: MakeRun) -> None:
    ax = run_plots.plot_learning_curves([run(loss=[2.0, 1.0, math.nan])], metric="loss")
    assert math.isnan(float(ax.lines[0].get_ydata()[2]))
    assert "NaN or infinite, epoch 3" in labels(ax)
    low, high = ax.get_ylim()
    assert 0 <= low < 1.0 < 2.0 < high


def test_one_huge_loss_does_not_flatten_the_others(run: MakeRun) -> None:
    ax = run_plots.plot_learning_curves([run(loss=[2.0, 1e9, 1.0, 0.5])], metric="loss")
    assert ax.get_yscale() == "log"


def test_losses_without_bounds_are_on_a_log_axis(run: MakeRun) -> None:
    ax = run_plots.plot_learning_curves([run(loss=[2.0, 5e8, 1e9, math.nan])], metric="loss")
    assert ax.get_yscale() == "log"


def test_the_title_is_the_verdict(drawn: list[Figure], good: Run) -> None:
    run_plots.save_curves(good, diagnose(good), Path("curves.png"))
    text = texts(drawn[0])
    assert "Healthy" in text
    assert "mnist: 10,000 train, 10,000 validation, 10,000 test" in text


def test_the_sample_can_not_be_missed(drawn: list[Figure], good: Run) -> None:
    data = {**good.facts["data"], "warning": "stands in", "source": "mnist_sample"}
    sampled = replace(good, facts={**good.facts, "data": data})
    run_plots.save_curves(sampled, diagnose(sampled), Path("curves.png"))
    assert "NOT MNIST: the bundled sample stands in" in texts(drawn[0])


def test_gradients_of_the_sample_have_the_warning(drawn: list[Figure], good: Run) -> None:
    run_plots.save_layers(good, Path("layers.png"))
    data = {**good.facts["data"], "warning": "stands in"}
    run_plots.save_layers(replace(good, facts={**good.facts, "data": data}), Path("layers.png"))
    warned = ["NOT MNIST: the bundled sample stands in" in texts(figure) for figure in drawn]
    assert warned == [False, True]


def test_no_sentence_is_cut(drawn: list[Figure], good: Run) -> None:
    verdict = replace(diagnose(good), summary="A sentence of many words. " * 20)
    run_plots.save_curves(good, verdict, Path("curves.png"))
    assert verdict.summary.strip() in " ".join(texts(drawn[0]).split())
    lines = [line for text in drawn[0].texts for line in text.get_text().split("\n")]
    assert max(map(len, lines)) <= run_plots.SENTENCE


def test_the_legend_is_below_the_axes(drawn: list[Figure], good: Run) -> None:
    stopped = replace(good, facts={**good.facts, "stopped_early": True, "kept_epoch": 12})
    run_plots.save_curves(stopped, diagnose(stopped), Path("curves.png"))
    for ax in drawn[0].axes:
        legend = ax.get_legend()
        assert legend is not None
        box = legend.get_window_extent()
        assert box.y1 < ax.get_window_extent().y0
        assert box.y0 > 0
        texts_of_legend = [" ".join(text.get_text().split()) for text in legend.get_texts()]
        assert texts_of_legend[:2] == ["training", "validation"]
        assert set(texts_of_legend) == set(labels(ax))


def test_layers_from_input_to_output_on_a_log_axis(good: Run) -> None:
    layers = {"dense_1": LayerHistory((1e-6, 1e-5)), "output": LayerHistory((0.1, 0.0))}
    ax = run_plots.plot_gradient_norms(replace(good, layers=layers))
    assert ax.get_yscale() == "log"
    assert labels(ax) == ["dense_1", "output (1 of 2 epochs 0 or NaN)"]


def inside(drawn: Figure) -> bool:
    """Whether every text of a figure lies in it, and no two of them overlap."""
    legends = [legend for ax in drawn.axes if (legend := ax.get_legend())]
    boxes = [text.get_window_extent() for text in drawn.texts]
    boxes += [legend.get_window_extent() for legend in legends]
    boxes += [ax.get_window_extent() for ax in drawn.axes]
    width, height = drawn.bbox.width, drawn.bbox.height
    for number, box in enumerate(boxes):
        assert box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height, number
        for other in boxes[:number]:
            assert not box.overlaps(other)
    return True


@pytest.mark.parametrize(
    ("name", "epochs"),
    [
        ("a", 200),
        pytest.param("W" * 63, 1, marks=pytest.mark.slow),
        pytest.param("W" * 63, 200, marks=pytest.mark.slow),
        pytest.param("two_hundred_epochs_of_adam_on_mnist", 200, marks=pytest.mark.slow),
        ("$x$", 1),
    ],
)
def test_nothing_overlaps_or_is_cut_off(
    drawn: list[Figure], run: MakeRun, name: str, epochs: int, tmp_path: Path
) -> None:
    made = run(
        loss=falling(2, 1e-3, epochs), accuracy=rising(0.1, 0.9, epochs), test={"accuracy": 0.5},
        val_loss=falling(2, 1, epochs), val_accuracy=rising(0.1, 0.5, epochs),
        stopped_early=True, kept_epoch=1,
        layers={
            f"{name}_{n}": {
                statistic: [0.0 if n % 2 else 10.0 ** (n / 8)] * epochs
                for statistic in ("gradient_norm", "weight_norm", "update_ratio", "dead")
            }
            for n in range(60)
        },
    )  # fmt: skip
    made = replace(made, path=tmp_path / name)
    run_plots.save_curves(made, diagnose(made), Path("curves.png"))
    run_plots.save_layers(made, Path("layers.png"))
    assert all(inside(figure) for figure in drawn)
    legend = drawn[1].axes[0].get_legend()
    assert legend is not None
    assert legend.get_title().get_text() == f"{len(legend.get_texts())} of 60 layers"
    assert drawn[0].axes[0].get_xlim()[0] >= 0.5  # there is no epoch 0


def test_a_layer_without_gradients_is_named_in_the_legend(good: Run) -> None:
    layers = {"dense_1": LayerHistory((1e-6, 1e-5)), "output": LayerHistory((0.1, 0.0))}
    legend = run_plots.plot_gradient_norms(replace(good, layers=layers)).get_legend()
    assert legend is not None
    assert [text.get_text() for text in legend.get_texts()] == [
        "output\n0 or NaN in 1 of 2",
        "dense_1",
    ]


@pytest.mark.parametrize("layers", [{}, {"dense_1": LayerHistory((0.0, math.nan))}])
def test_without_gradients_there_is_a_text(good: Run, layers: dict[str, Any]) -> None:
    ax = run_plots.plot_gradient_norms(replace(good, layers=layers))
    assert ax.texts[0].get_text() in ("every gradient is 0 or NaN", "no layer statistics")


def test_the_same_run_gives_the_same_bytes(good: Run, tmp_path: Path) -> None:
    pictures = [tmp_path / "a.png", tmp_path / "b.png"]
    for path in pictures:
        run_plots.save_curves(good, diagnose(good), path)
    first, second = (path.read_bytes() for path in pictures)
    assert first == second
    assert first.startswith(b"\x89PNG")


@pytest.mark.parametrize("epochs", [1, 2])
def test_few_epochs_are_points(run: MakeRun, epochs: int) -> None:
    short = run(loss=falling(2, 1, epochs), accuracy=rising(0.1, 0.5, epochs))
    assert run_plots.plot_learning_curves([short]).lines[0].get_marker() == "o"
