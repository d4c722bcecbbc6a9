"""Plots are tested by their labels and their data, not by their pixels."""

import itertools
from dataclasses import replace
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
    runs = [made(0.9 + x / 1000, 0, x=x) for x in range(9)]
    runs += [made(0.95, 0, "diverged", x=9), made(0.1, 0, x=10)]
    ax = plots.by_keys(compare(runs))
    assert [text.get_text() for text in ax.texts] == ["1/1 diverged"]
    assert ax.get_ylim()[0] > 0.5


def test_two_keys_are_a_heat_map_with_the_best_framed() -> None:
    runs: list[Summary] = [
        made(0.1 * a + 0.01 * b, 0, a=a, b=b) for a in (1, 2) for b in (1, 2, 3) if a + b < 5
    ]
    runs.append(made(0.9, 0, "diverged", a=2, b=3))
    ax = plots.by_keys(compare(runs))
    *ties, frame = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    assert frame.get_x() + frame.get_width() / 2 == pytest.approx(1)  # around a=2, b=2
    assert frame.get_y() + frame.get_height() / 2 == pytest.approx(1)
    # One seed tells none from the best.
    assert len(ties) == 4
    assert {patch.get_linestyle() for patch in ties} != {frame.get_linestyle()}
    assert "dashed: 4 tied with it" in ax.get_title()
    assert sorted(text.get_text() for text in ax.texts) == [
        "0.11", "0.12", "0.13", "0.21", "0.22", "1/1\ndiverged",
    ]  # fmt: skip


def test_many_keys_are_parallel_coordinates() -> None:
    runs = [made(0.1 * a, 0, a=a, b=b, c=c) for a in (1, 2) for b in (1, 2) for c in ("x", "y")]
    ax = plots.by_keys(compare(runs))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c", "val_accuracy"]
    assert max(line.get_linewidth() for line in ax.lines) == 2.5


def test_texts_beside_parallel_axes_do_not_lie_on_each_other() -> None:
    rates = (100, 101, 102, 103, 200, 400, 401, 500)
    runs = [made(0.9 + n / 1e4, 0, a=rate, b=n, c=f"c{n}") for n, rate in enumerate(rates)]
    ax = plots.by_keys(compare(runs))
    by_axis: dict[float, list[float]] = {}
    for text in ax.texts:
        by_axis.setdefault(round(text.get_position()[0]), []).append(text.get_position()[1])
    assert len(by_axis) == 4
    for heights in by_axis.values():
        heights.sort()
        assert heights[0] == 0
        assert heights[-1] == 1
        assert min(b - a for a, b in itertools.pairwise(heights)) >= plots.LINE


def test_names_in_a_legend_are_short_and_differ() -> None:
    path = "/somewhere/far/away/where/files/lie/for/long/"
    runs = [made(0.5 + n / 100, 0, data__path=f"{path}{n}.npz", x=1, y=n) for n in range(3)]
    runs += [made(0.8, 0, data__path=f"{path}{n}.npz", x=1, y=9, z="w" * 60) for n in (3, 4)]
    runs = [replace(run, data=run.settings["data.path"]) for run in runs]
    comparison = compare(runs)
    told = plots.names(comparison, comparison.groups)
    assert len(set(told)) == len(told) == 5
    assert max(map(len, told)) <= plots.LONGEST + len(" … #5")
    assert not any("x=1" in text for text in told)


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
