"""Plots are tested by their labels and their data, not by their pixels."""

import itertools
from dataclasses import replace
from pathlib import Path

import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from kerasdemo.comparison.comparison import compare
from kerasdemo.comparison.groups import sample
from kerasdemo.config import parse
from kerasdemo.display import comparison_plots as plots
from kerasdemo.records import Summary, list_runs
from kerasdemo.records.folder import RunFolder
from tests.factories import make_loss_summary, make_summary


def test_one_number_is_a_line_on_a_log_axis() -> None:
    runs = [make_summary(0.5 + r, s, rate=r) for r in (0.001, 0.01, 0.1) for s in range(3)]
    ax = plots.plot_groups(compare(runs))
    assert ax.get_xscale() == "log"
    assert list(ax.lines[0].get_xdata()) == [0.001, 0.01, 0.1]
    assert list(ax.lines[0].get_ydata()) == pytest.approx([0.501, 0.51, 0.6])
    assert (ax.get_xlabel(), ax.get_ylabel()) == (
        "rate", "val_accuracy (share of examples)",
    )  # fmt: skip


def test_what_diverged_is_named_and_does_not_flatten_the_axis() -> None:
    runs = [make_summary(0.9 + x / 1000, 0, x=x) for x in range(9)]
    runs += [make_summary(0.95, 0, "diverged", x=9), make_summary(0.1, 0, x=10)]
    ax = plots.plot_groups(compare(runs))
    assert [text.get_text() for text in ax.texts] == ["1/1 diverged"]
    assert ax.get_ylim()[0] > 0.5


def test_two_keys_are_a_heat_map_with_the_best_framed() -> None:
    runs: list[Summary] = [
        make_summary(0.1 * a + 0.01 * b, 0, a=a, b=b)
        for a in (1, 2)
        for b in (1, 2, 3)
        if a + b < 5
    ]
    runs.append(make_summary(0.9, 0, "diverged", a=2, b=3))
    ax = plots.plot_groups(compare(runs))
    *ties, frame = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    assert frame.get_x() + frame.get_width() / 2 == pytest.approx(1)  # around a=2, b=2
    assert frame.get_y() + frame.get_height() / 2 == pytest.approx(1)
    # One seed tells none from the best.
    assert len(ties) == 4
    assert {patch.get_linestyle() for patch in ties} != {frame.get_linestyle()}
    assert "dashed: 4 tied with it" in ax.get_title(loc="left")
    assert sorted(text.get_text() for text in ax.texts) == [
        "0.11", "0.12", "0.13", "0.21", "0.22", "1/1\ndiverged",
    ]  # fmt: skip


def test_many_keys_are_parallel_coordinates() -> None:
    runs = [
        make_summary(0.1 * a, 0, a=a, b=b, c=c) for a in (1, 2) for b in (1, 2) for c in ("x", "y")
    ]
    ax = plots.plot_groups(compare(runs))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["a", "b", "c", "val_accuracy"]
    assert max(line.get_linewidth() for line in ax.lines) == 2.5


def test_texts_beside_parallel_axes_do_not_lie_on_each_other() -> None:
    rates = (100, 101, 102, 103, 200, 400, 401, 500)
    runs = [make_summary(0.9 + n / 1e4, 0, a=rate, b=n, c=f"c{n}") for n, rate in enumerate(rates)]
    ax = plots.plot_groups(compare(runs))
    by_axis: dict[float, list[float]] = {}
    for text in ax.texts:
        by_axis.setdefault(round(text.get_position()[0]), []).append(text.get_position()[1])
    assert len(by_axis) == 4
    for heights in by_axis.values():
        heights.sort()
        assert heights[0] == 0
        assert heights[-1] == 1
        assert min(b - a for a, b in itertools.pairwise(heights)) >= plots.LINE


def test_every_value_is_written_beside_its_axis() -> None:
    means = (0.4336, 0.4327, 0.4324, 0.4218, 0.4213, 0.4196, 0.4182, 0.416)
    runs = [
        make_summary(mean, 0, a=n % 2, b=n // 2 % 2, c="word" * (1 + n // 4), d=n)
        for n, mean in enumerate(means)
    ]
    ax = plots.plot_groups(compare(runs))
    written = [t.get_text() for t in ax.texts if t.get_position()[0] > 4]
    assert sorted(written) == sorted(f"{mean:.4g}" for mean in means)
    assert ax.get_title(loc="left") == "all 8 groups, the best drawn thick"


def test_of_an_axis_with_many_values_only_the_two_ends_are_written() -> None:
    runs = [make_summary(0.5 + n / 100, 0, a=n % 2, b=n % 3, c=n) for n in range(30)]
    ax = plots.plot_groups(compare(runs))
    assert [t.get_text() for t in ax.texts if t.get_position()[0] > 3] == ["0.5", "0.79"]
    assert "of an axis with more than 16 values" in " ".join(ax.get_title(loc="left").split())


def texts(drawn: Figure) -> str:
    """What is written outside of the panels."""
    written = [drawn.get_suptitle(), *(text.get_text() for text in drawn.texts)]
    return " ".join(" ".join(text.split()) for text in written)


def test_a_picture_has_the_cautions_of_the_comparison(tmp_path: Path) -> None:
    plain = compare(on_disk(tmp_path, 2))
    assert texts(plots.plot_comparison(plain)) == ""
    sampled = [
        replace(run, source="mnist_sample", settings={**run.settings, "x": seed})
        for seed, run in enumerate(on_disk(tmp_path, 2))
    ]
    comparison = compare(sampled, group_by=["data.name"])
    text = texts(plots.plot_comparison(comparison))
    assert "all runs used the bundled sample of 5,000 digits in place of MNIST" in text
    assert "a group is the mean of runs that differ in x" in text
    assert all(caution in text for caution in comparison.cautions)


def test_losses_without_a_common_scale_are_drawn_apart(tmp_path: Path) -> None:
    for loss, epochs in (("mse", 20), ("categorical_crossentropy", 2)):
        folder = RunFolder(tmp_path / "runs" / loss)
        # Recorded losses are 1, 1/2, 1/3, ...: the one ends at a tenth of the other.
        record(folder, f"data: {{name: fizzbuzz}}\nloss: {loss}", [0.1] * epochs)
    runs = list_runs(tmp_path / "runs").runs
    comparison = compare(runs, "loss")
    drawn = plots.plot_comparison(comparison)
    assert "no common scale, not ranked" in texts(drawn)
    left, right = drawn.axes
    assert left.get_xlabel() == "loss; no common scale"
    assert (right.get_yscale(), "no common scale" in right.get_title(loc="left")) == ("log", True)


def on_disk(tmp_path: Path, seeds: int) -> list[Summary]:
    for seed in range(seeds):
        text = f"seed: {seed}\ndata: {{name: fizzbuzz}}"
        folder = RunFolder(tmp_path / "runs" / f"run-{seed}")
        if not folder.config_file.exists():
            record(folder, text, [0.1, 0.2])
    return list_runs(tmp_path / "runs").runs


def test_intervals_and_seeds_are_inside_of_the_axes() -> None:
    runs = [make_summary(v, s, rate=r, examples=500)
            for r, some in ((1, (0.74, 0.78)), (2, (0.893, 0.894)), (3, (0.80, 0.83)))
            for s, v in enumerate(some)]  # fmt: skip
    comparison = compare(runs)
    ax = plots.plot_groups(comparison)
    low, high = ax.get_ylim()
    narrow = [g.interval for g in comparison.groups if g.interval.low > 0.3]
    assert narrow
    assert all(low < i.low and i.high < high for i in narrow)
    assert all(low < v < high for g in comparison.groups for v in g.by_seed.values())


@pytest.mark.parametrize("named", [False, True])
def test_an_interval_that_would_hide_all_others_is_described(named: bool) -> None:
    values = {1: (0.90, 0.90, 0.90), 2: (0.91, 0.91, 0.91), 3: (0.2, 0.95)}
    key = {"name": "x"} if named else {}
    runs = [make_summary(v, s, rate=f"r{r}" if named else r, examples=5000, **key)
            for r, some in values.items() for s, v in enumerate(some)]  # fmt: skip
    runs += [make_summary(0.905 + r / 1e4, s, rate=f"r{r}" if named else r, examples=5000)
             for r in range(4, 12) for s in range(3)]  # fmt: skip
    ax = plots.plot_groups(compare(runs))
    low, high = ax.get_xlim() if named else ax.get_ylim()
    low, high = sorted((low, high))
    assert low > 0.3
    text = " ".join(ax.get_title(loc="left").split())
    assert "beyond the axis: rate=" in text
    assert "3: 0.575 [0, 1]" in text.replace("r3", "3")


def test_one_seed_is_no_mean_in_a_picture() -> None:
    one = plots.plot_groups(
        compare([make_summary(0.5 + r, 0, rate=r, examples=100) for r in (0.1, 0.2)])
    )
    assert one.get_title(loc="left") == "val_accuracy: one seed, 95 % interval of its examples"
    two = [make_summary(0.5 + r + s / 50, s, rate=r) for r in (0.1, 0.2) for s in range(2)]
    assert "mean over seeds" in plots.plot_groups(compare(two)).get_title(loc="left")


def test_ticks_that_would_overlap_are_in_even_steps() -> None:
    ax = plots.plot_groups(
        compare([make_summary(0.5, 0, rate=r) for r in (0.001, 0.01, 0.1, 1e30)])
    )
    assert list(ax.lines[0].get_xdata()) == [0, 1, 2, 3]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0.001", "0.01", "0.1", "1e+30"]
    assert ax.get_xlabel() == "rate (in even steps)"


def test_named_groups_are_dots() -> None:
    runs = [
        make_summary(v, s, name=n, x=n) for n, v in (("sgd", 0.5), ("adam", 0.7)) for s in (0, 1)
    ]
    ax = plots.plot_groups(compare(runs))
    assert [label.get_text() for label in ax.get_yticklabels()] == ["adam", "sgd"]


def test_of_many_groups_a_sample_is_drawn() -> None:
    comparison = compare([make_summary(x / 100, 0, x=x) for x in range(100)])
    sampled = sample(comparison.groups, 7)
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
    ax = plots.plot_curves(compare(list_runs(tmp_path / "runs").runs, "accuracy"))
    named = [line.get_label() for line in ax.lines]
    assert [str(name).endswith(", below") for name in named] == [False] * 5 + [True]


def test_the_lines_of_single_seeds_are_inside_or_described(tmp_path: Path) -> None:
    curves = ([0.2, 0.6, 0.7, 0.75], [0.4, 0.62, 0.7, 0.73])
    for seed, some in enumerate(curves):
        text = f"seed: {seed}\ndata: {{name: fizzbuzz}}"
        record(RunFolder(tmp_path / "runs" / f"run-{seed}"), text, some)
    ax = plots.plot_curves(compare(list_runs(tmp_path / "runs").runs, "accuracy"))
    low, high = ax.get_ylim()
    assert all(low < value < high for some in curves for value in some)
    assert ax.get_title(loc="left").endswith("thin: each seed")
    broken = [0.5, 0.51, 0.52, 0.53] * 5
    for seed, some in enumerate(([*broken, 1e-9], [*broken, 0.5])):
        text = f"seed: {seed}\ndata: {{name: fizzbuzz}}"
        record(RunFolder(tmp_path / "more" / f"run-{seed}"), text, some)
    ax = plots.plot_curves(compare(list_runs(tmp_path / "more").runs, "accuracy"))
    assert ax.get_ylim()[0] > 0.1
    assert "beyond the axis: run down to 1e-09" in " ".join(ax.get_title(loc="left").split())


def test_a_plot_is_saved_with_the_curves(tmp_path: Path) -> None:
    for seed in range(3):
        text = f"seed: {seed}\ndata: {{name: fizzbuzz}}"
        record(RunFolder(tmp_path / "runs" / f"run-{seed}"), text, [0.1, 0.2])
    comparison = compare(list_runs(tmp_path / "runs").runs, "accuracy")
    plots.save(comparison, tmp_path / "plot.png")
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")
    ax = plots.plot_curves(comparison)
    assert list(ax.lines[0].get_ydata()) == pytest.approx([0.1, 0.2])


@pytest.mark.parametrize("metric", ["seconds", "epoch_seconds"])
def test_beside_seconds_is_the_training_accuracy(tmp_path: Path, metric: str) -> None:
    ax = plots.plot_curves(compare(on_disk(tmp_path, 2), metric))
    assert ax.get_ylabel() == "accuracy (share of examples)"
    assert list(ax.lines[0].get_ydata()) == pytest.approx([0.1, 0.2])


def test_the_numbers_of_a_log_axis_have_room() -> None:
    def ticks(*losses: float) -> list[float]:
        runs = [make_loss_summary(v, loss__name=f"l{n}") for n, v in enumerate(losses)]
        ax = plots.plot_groups(compare(runs, "val_loss"))
        low, high = ax.get_xlim()
        return [tick for tick in ax.get_xticks() if low <= tick <= high]

    assert ticks(0.1, 0.8) == pytest.approx([0.1, 0.2, 0.5])
    assert ticks(1e-5, 2) == pytest.approx([1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1])


def test_a_label_may_hold_any_text(tmp_path: Path) -> None:
    runs = [
        replace(run, label=label, values={"x": label}, settings={**run.settings, "x": label})
        for run, label in zip(on_disk(tmp_path, 2), ("a$^$b", "c\n$_{d$"), strict=True)
    ]
    comparison = compare(runs, "accuracy")
    assert {group.label for group in comparison.groups} == {"a$^$b", "c $_{d$"}
    # "$^$" alone would be a formula, and a wrong one.
    plots.save(comparison, tmp_path / "plot.png")
    names = plots.plot_curves(comparison).get_legend_handles_labels()[1]
    assert set(names) == {r"a\$^\$b", r"c \$_{d\$"}


def test_long_names_leave_room_for_the_panels(tmp_path: Path) -> None:
    runs = [
        replace(run, label=label, values={"x": label}, settings={**run.settings, "x": label})
        for run, label in zip(on_disk(tmp_path, 2), ("W" * 90, "$i$" * 30), strict=True)
    ]
    drawn = plots.plot_comparison(compare(runs, "accuracy"))
    drawn.draw_without_rendering()
    left, right = (ax.get_tightbbox() for ax in drawn.axes)
    assert left is not None and right is not None
    assert not left.overlaps(right)
    assert left.x0 >= 0 and right.x1 <= drawn.bbox.width
    assert min(ax.get_window_extent().width for ax in drawn.axes) > 0.2 * drawn.bbox.width
    labels = [label.get_text() for label in drawn.axes[0].get_yticklabels()]
    assert {"".join(label.split()) for label in labels} == {"W" * 90, r"\$i\$" * 30}
