"""Plots are tested by their labels and their data, not by their pixels."""

from pathlib import Path

import pytest
from matplotlib.patches import Rectangle
from test_comparison import made

from kerasdemo.analysis import comparison_plots as plots
from kerasdemo.analysis.comparison import compare
from kerasdemo.config import parse
from kerasdemo.records.folder import RunFolder
from kerasdemo.records.index import Summary, listing


def test_one_number_is_a_line_on_a_log_axis() -> None:
    runs = [made(0.5 + r, s, rate=r) for r in (0.001, 0.01, 0.1) for s in range(3)]
    ax = plots.by_keys(compare(runs))
    assert ax.get_xscale() == "log"
    assert list(ax.lines[0].get_xdata()) == [0.001, 0.01, 0.1]
    assert list(ax.lines[0].get_ydata()) == pytest.approx([0.501, 0.51, 0.6])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("rate", "val_accuracy")


def test_what_diverged_is_named_and_does_not_flatten_the_axis() -> None:
    runs = [made(0.5 + x / 100, 0, x=x) for x in range(9)]
    runs += [made(1e9, 0, "diverged", x=9), made(5000.0, 0, x=10)]
    ax = plots.by_keys(compare(runs))
    assert [text.get_text() for text in ax.texts] == ["1/1 diverged"]
    assert ax.get_ylim()[1] < 1


def test_two_keys_are_a_heat_map_with_the_best_framed() -> None:
    runs: list[Summary] = [
        made(0.1 * a + 0.01 * b, 0, a=a, b=b) for a in (1, 2) for b in (1, 2, 3) if a + b < 5
    ]
    runs.append(made(0.9, 0, "diverged", a=2, b=3))
    ax = plots.by_keys(compare(runs))
    (frame,) = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    assert (frame.get_x(), frame.get_y()) == (0.5, 0.5)  # around a=2, b=2
    assert sorted(text.get_text() for text in ax.texts) == [
        "0.11", "0.12", "0.13", "0.21", "0.22", "1/1\ndiverged",
    ]  # fmt: skip


def test_many_keys_are_parallel_coordinates() -> None:
    runs = [made(0.1 * a, 0, a=a, b=b, c=c) for a in (1, 2) for b in (1, 2) for c in ("x", "y")]
    ax = plots.by_keys(compare(runs))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c", "val_accuracy"]
    assert max(line.get_linewidth() for line in ax.lines) == 2.5


def test_named_groups_are_dots() -> None:
    runs = [made(v, s, name=n, x=n) for n, v in (("sgd", 0.5), ("adam", 0.7)) for s in (0, 1)]
    ax = plots.by_keys(compare(runs))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["adam", "sgd"]


def test_of_many_groups_a_sample_is_drawn() -> None:
    comparison = compare([made(x / 100, 0, x=x) for x in range(100)])
    sampled = plots._sample(comparison.groups, 7)
    assert len(sampled) == 7
    assert sampled[:3] == comparison.groups[:3]
    assert sampled[-1] is comparison.groups[-1]


def record(folder: RunFolder, config: str, accuracies: list[float]) -> None:
    folder.create(parse(config, "run.yaml"))
    for epoch, accuracy in enumerate(accuracies, 1):
        row = {"loss": 1 / epoch, "accuracy": accuracy, "learning_rate": 0.1}
        folder.add_epoch(epoch, row)
    folder.finish({"status": "finished", "reason": None})


def test_a_curve_below_the_axis_is_named_so(tmp_path: Path) -> None:
    for units in range(1, 7):
        text = f"data: {{name: fizzbuzz}}\nnetwork: {{units: {units}}}"
        last = 0.01 if units == 1 else 0.9 + units / 1000
        record(RunFolder(tmp_path / "runs" / f"run-{units}"), text, [last, last])
    ax = plots.curves(compare(listing(tmp_path / "runs").runs, "accuracy"))
    named = [line.get_label() for line in ax.lines]
    assert [str(name).endswith(", below") for name in named] == [False] * 5 + [True]


def test_a_plot_is_saved_with_the_curves(tmp_path: Path) -> None:
    for seed in range(3):
        text = f"seed: {seed}\ndata: {{name: fizzbuzz}}"
        record(RunFolder(tmp_path / "runs" / f"run-{seed}"), text, [0.1, 0.2])
    comparison = compare(listing(tmp_path / "runs").runs, "accuracy")
    plots.save(comparison, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    ax = plots.curves(comparison)
    assert list(ax.lines[0].get_ydata()) == pytest.approx([0.1, 0.2])
