"""The page of one run: whatever its state, complete in words, small, and safe to open."""

import base64
import math
import random
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from kerasdemo import config
from kerasdemo.diagnosis import diagnose
from kerasdemo.pages import page, run_page
from kerasdemo.records import LayerHistory, Run, read
from tests.factories import (
    FAULTS,
    STUCK,
    dense,
    falling,
    layer_curves,
    make_python_run,
    make_run,
    rising,
    write_run,
)
from tests.pages.browser import Opener, axe_faults, is_too_wide, layout_shift

MOST_BYTES = 300_000
HOSTILE = "</script></svg><script>document.title='oh'</script><img src=x onerror=alert(1)>'\"\u202e"


def render(run: Run) -> str:
    return page.render(run_page.make(run))


def words(html: str) -> str:
    """The text that a reader sees, without scripts and styles."""
    body = re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.S)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def full_run(**changes: object) -> Run:
    """A run that shows everything that a page has."""
    run = make_run(
        "data: {name: mnist}\nnetwork: {depth: 3}\noptimizer: sgd\n",
        loss=falling(2.3, 0.01),
        accuracy=rising(0.1, 0.999),
        val_loss=[*falling(2.3, 0.25, 10), *[0.3 + 0.05 * n for n in range(10)]],
        val_accuracy=rising(0.1, 0.93),
        layers=layer_curves([0.1, 0.2, 0.3, 0.4], dead=0.25),
        test={"loss": 0.35, "accuracy": 0.92},
        kept_epoch=10,
        stopped_early=True,
        versions={"keras": "3.15"},
        seconds=75.0,
        ended="2026-01-02T03:04:05+00:00",
    )
    pixels = base64.b64encode(bytes(range(256)) * 3 + bytes(16)).decode()
    predictions = {
        "part": "test",
        "examples": 10,
        "confusion": [[4, 1], [0, 5]],
        "classes": ["cat", "dog"],
        "mistakes": [
            {
                "truth": "cat",
                "guess": "dog",
                "confidence": 0.9999,
                "image": {"shape": [28, 28], "pixels": pixels},
            }
        ],
    }
    return replace(run, predictions=predictions, **changes)


def test_the_verdict_comes_first_with_why_and_what_to_change() -> None:
    fault, text, layers, facts = FAULTS[6]
    run = make_run(text, **STUCK, layers=layers, **facts)
    verdict = diagnose(run)
    html = render(run)
    seen = words(html)
    assert 'class="verdict bad"' in html
    order = [f"✗ {verdict.title.capitalize()}", verdict.summary, "Why", fault.replace("_", " ")]
    order += ["What to change", verdict.remedies[0].reason, "Curves", "Layers by epoch", "Network"]
    places = [seen.index(part) for part in order]
    assert places == sorted(places)
    first = verdict.remedies[0].patch
    key, value = next(iter(first.items()))
    copied = [unescape(text) for text in re.findall(r'data-copy="([^"]*)"', html)]
    assert f"--set {key}={value}" in copied
    # Pasted into a config, the YAML is that change.
    fragment = config.parse(f"{copied[1]}\n").resolved
    assert (
        fragment[key.split(".")[0]]
        == run.yaml_config.with_changes(first).resolved[key.split(".")[0]]
    )


def test_a_change_inside_of_a_list_is_copied_as_the_whole_list() -> None:
    written = "{layers: [{type: flatten}, {type: dense, units: 30}, {type: dense, units: 10}]}"
    settings = config.parse(f"network: {written}")
    text = run_page._yaml(settings, {"network.layers.1.units": 64, "training.epochs": 3})
    found = config.parse(text)
    assert [getattr(one, "units", 0) for one in found.network.layers or ()] == [0, 64, 10]
    assert found.training.epochs == 3


def test_a_run_from_python_has_keras_code_to_copy() -> None:
    run = make_python_run(
        loss=[1.1] * 12,
        accuracy=[0.4] * 12,
        setup={"optimizer": {"name": "adam", "learning_rate": 1e-6}},
        statistics=layer_curves([0.3, 0.3, 0.3], update=1e-5),
    )
    html = render(run)
    assert "keras.optimizers.Adam" in html
    assert "Copy Keras code" in html
    assert "Copy --set" not in html
    assert "differs from the defaults of Keras" in words(html)
    assert "optimizer.learning_rate 1e-06 0.001" in words(html)


def test_all_is_there_of_a_full_run() -> None:
    made = run_page.make(full_run())
    charts = {name: page.plain(chart.as_dict()) for name, chart in made.charts.items()}
    assert list(charts) == ["loss", "score", "gradient_norm", "update_ratio", "dead"]
    loss = charts["loss"]
    assert [one["source"] for one in loss["series"][:2]] == ["loss", "val_loss"]
    assert loss["series"][2] == {
        "id": "test", "name": "test", "y": [0.35], "x": [10.0], "color": "test", "dash": False,
    }  # fmt: skip
    assert [(mark["x"], mark["label"]) for mark in loss["marks"]] == [
        (10, "lowest validation loss, kept"),
        (20, "stopped early"),
    ]
    assert charts["score"]["y"] == {"label": "accuracy", "unit": " %", "log": False}
    assert charts["dead"]["values"][0][0] == 25
    # What live rows are multiplied by.
    assert [one.get("factor") for one in charts["score"]["series"]] == [100, 100, None]
    assert [charts[name].get("factor") for name in ("dead", "update_ratio")] == [100, None]
    seen = words(page.render(made))
    for part in (
        "test accuracy 92.0 % [91.5, 92.5], 10,000 examples",
        "weights of epoch 10 kept",
        "No unit was saturated in any epoch.",
        "9 were predicted right, 1 wrong.",
        "predicted dog , > 99.9 % true cat",
        "9 layers, 898,510 parameters",
        "optimizer.name sgd adam",
        "network.depth 3 2",
        "whole run 1 min 15 s",
        "keras 3.15",
    ):
        assert part in seen


def test_an_image_is_a_png_in_the_page() -> None:
    import io

    from PIL import Image

    found = re.search(r'src="data:image/png;base64,([^"]+)" width="84"', render(full_run()))
    assert found
    image = Image.open(io.BytesIO(base64.b64decode(found[1])))
    assert image.size == (28, 28)
    assert image.getpixel((5, 2)) == 61  # row 2, column 5


def test_the_same_run_is_the_same_page(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run-1").path
    assert render(read(folder)) == render(read(folder))


@pytest.mark.parametrize(
    ("facts", "part"),
    [
        ({"status": "interrupted", "reason": "Ctrl-C"}, "the same command continues it"),
        ({"status": "failed", "reason": "out of memory"}, "failed 2 epochs, out of memory"),
        ({"status": "finished", "reason": "all epochs"}, "finished 2 epochs"),
        ({"status": "of a later version"}, "of a later version"),
        ({"test": None}, "Loss: categorical crossentropy"),
    ],
)
def test_a_run_of_any_status_has_a_page(tmp_path: Path, facts: dict, part: str) -> None:
    text = "data: {name: fizzbuzz}\ntraining: {epochs: 2}"
    folder = write_run(tmp_path / "run-1", text, **facts).path
    assert part in words(render(read(folder)))


def test_a_run_that_still_trains_says_so(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run-1")
    folder.run_file.unlink()
    seen = words(render(read(folder.path)))
    assert "the run is still training, or was cut off" in seen
    assert "2 of 20 epochs" in seen


def test_a_run_before_its_first_epoch_says_that_there_are_no_curves(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "run-1", loss=(), accuracy=())
    assert "there are no curves" in words(render(read(folder.path)))


def test_gaps_and_long_curves() -> None:
    broken = make_run(loss=[1.0, math.nan, math.inf], accuracy=[0.1, 0.1, 0.1], status="diverged")
    loss = page.plain(run_page.make(broken).charts["loss"].as_dict())
    assert loss["series"][0]["y"] == [1.0, None, None]
    assert loss["marks"][-1] == {"x": 2, "label": "NaN or infinite"}
    assert "NaN or infinite from epoch 2 on. Validation was not measured." in loss["sentence"]

    curve = [1 + math.sin(n) for n in range(50_000)]
    curve[777] = 9.0
    long = make_run(
        loss=curve,
        accuracy=[0.5] * 50_000,
        layers={"dense_1": {"gradient_norm": curve, "update_ratio": curve}},
    )
    made = run_page.make(long)
    series = made.charts["loss"].as_dict()["series"][0]
    assert len(series["y"]) <= 610
    assert (778.0, 9.0) in list(zip(series["x"], series["y"], strict=True))
    columns = made.charts["gradient_norm"].as_dict()["x"]["values"]
    assert (columns[0], columns[-1], len(columns)) == (1, 50_000, 100)
    assert len(page.render(made).encode()) < MOST_BYTES


def test_a_very_low_r2_does_not_hide_the_rest() -> None:
    run = make_python_run(
        "regression",
        loss=falling(2.0, 0.1),
        r2=[-900.0, *rising(0.0, 0.9, 19)],
        val_loss=falling(2.0, 0.1),
        val_r2=rising(0.0, 0.9),
    )
    score = page.plain(run_page.make(run).charts["score"].as_dict())
    assert score["series"][0]["y"][0] is None
    assert "Values below -1 are left out; the lowest is -900." in score["sentence"]


def test_a_regression_shows_predicted_beside_true_values() -> None:
    found = {"part": "validation", "examples": 9, "truth": [1.0, 2.0], "guess": [1.5, 2.5]}
    run = make_python_run("regression", loss=[1.0], val_loss=[1.0], r2=[0.1], val_r2=[0.0])
    made = run_page.make(replace(run, predictions=found))
    points = made.charts["predictions"].as_dict()["points"]
    assert [(one["x"], one["y"]) for one in points] == [(1.0, 1.5), (2.0, 2.5)]
    assert "2 of the 9 validation examples" in words(page.render(made))


def numbers_run(count: int = 1) -> Run:
    """A regression whose every column is 1 too high, but for one example."""
    residuals = {"mean": 0.9, "rmse": 12_345.6, "mae": 0.9, "percentile_90": 1.0, "r2": 0.5}
    column = {
        "name": "price", "unit": "€", "truth": [1.0, 2.0, 4.0], "guess": [2.0, 3.0, 4.0],
        "residuals": residuals,
    }  # fmt: skip
    unnamed = column | {"name": None, "unit": None}
    found = {"part": "test", "examples": 3, "columns": [column, *[unnamed] * (count - 1)]}
    run = make_python_run("regression", loss=[1.0], val_loss=[1.0], r2=[0.1], val_r2=[0.0])
    return replace(run, predictions=found)


def test_a_regression_says_its_errors_in_the_unit_of_the_target() -> None:
    made = run_page.make(numbers_run())
    charts = {name: chart.as_dict() for name, chart in made.charts.items()}
    against, residuals = charts["predictions"], charts["residuals"]
    assert against["x"] == {"label": "true price", "unit": " €", "log": False}
    assert against["reference"] == {"label": "prediction = truth", "slope": 1.0, "intercept": 0.0}
    low, high = against["limits"]
    assert low < 1.0 < 4.0 < high
    assert [(one["x"], one["y"]) for one in residuals["points"]] == [(2, 1), (3, 1), (4, 0)]
    # What is selected in one stands out in the other.
    assert [one["id"] for one in residuals["points"]] == [one["id"] for one in against["points"]]
    seen = words(page.render(made))
    assert "test RMSE 12,346 € mean absolute error 0.9 €" in seen
    assert "RMSE 12,346 €, MAE 0.9 €, R² 0.500. 90 % are off by at most 1 €." in seen


def test_of_several_targets_there_is_a_table_and_charts_of_the_first() -> None:
    made = run_page.make(numbers_run(6))
    assert [name for name in made.charts if name.startswith("residuals")] == [
        "residuals", "residuals-2", "residuals-3", "residuals-4",
    ]  # fmt: skip
    assert made.charts["residuals-2"].title == "Residuals: target 2"
    assert "target 6 12,346 0.9 1 0.9 0.5" in words(page.render(made))


CURVE = {"auc": 0.75, "false_positive_rate": [0, 0, 0.5, 1], "true_positive_rate": [0, 0.5, 1, 1]}


def labels_run(count: int = 3, name: str = "sports") -> Run:
    """Labels of which the last occurs in no example."""
    label = {"name": name, "confusion": [[50, 10], [10, 30]], "roc": CURVE}
    absent = {"name": None, "confusion": [[100, 0], [0, 0]], "roc": None}
    labels = [label | {"roc": CURVE | {"auc": 0.9 - n / 100}} for n in range(count - 1)]
    found = {"part": "test", "examples": 100, "all_right": 60, "labels": [*labels, absent]}
    run = make_python_run("multi_label", loss=[1.0], accuracy=[0.8], auc=[0.9], val_auc=[0.8])
    return replace(run, predictions=found)


def test_labels_have_a_table_and_curves() -> None:
    made = run_page.make(labels_run())
    seen = words(page.render(made))
    assert "sports 40.0 % 80.0 % 75.0 % 75.0 % 0.900" in seen
    assert "label 2 0.0 % 100.0 % – – –" in seen
    assert "all labels right 60.0 % of 100 test examples" in seen
    roc = made.charts["roc"].as_dict()
    assert [one["name"] for one in roc["series"]] == [
        "sports (AUC 0.900)",
        "sports (AUC 0.890)",
    ]
    assert roc["limits"] == (0.0, 1.0)
    # Where it jumps there are both ends, of which the cursor reads the upper one.
    assert roc["series"][0]["x"] == [0, 0, 0.5, 1]
    assert roc["series"][0]["y"] == [0, 0.5, 1, 1]
    assert made.charts["metric-1"].title == "AUC"


def test_of_many_labels_the_worst_curves_are_drawn() -> None:
    roc = run_page.make(labels_run(30)).charts["roc"]
    assert [one.name[-6:-1] for one in roc.series] == [f"0.{n}0" for n in range(69, 61, -1)]
    assert "The 8 of 29 with the smallest AUC are drawn." in roc.sentence


def test_two_classes_have_precision_recall_and_a_curve() -> None:
    run = full_run()
    made = run_page.make(replace(run, predictions={**run.predictions, "roc": [CURVE]}))
    assert "For dog: precision 83.3 %, recall 100.0 %." in words(page.render(made))
    roc = made.charts["roc"].as_dict()
    assert roc["reference"]["label"] == "chance"
    assert "AUC 0.750 for dog" in roc["sentence"]


def test_further_metrics_have_charts_of_their_own() -> None:
    run = make_run(loss=[1.0, 0.5], accuracy=[0.1, 0.2])
    own = {"precision": (0.1, 0.4), "val_precision": (0.2, 0.3), "val_alone": (7.0, 8.0)}
    made = run_page.make(replace(run, history=replace(run.history, metrics=own)))
    charts = {name: chart.as_dict() for name, chart in made.charts.items()}
    assert list(charts) == ["loss", "score", "metric-1", "metric-2"]
    assert charts["metric-1"]["title"] == "Precision"
    assert [one["source"] for one in charts["metric-1"]["series"]] == ["precision", "val_precision"]
    assert "Training 0.4, validation 0.3 after epoch 2." in charts["metric-1"]["sentence"]
    assert charts["metric-2"]["title"] == "Val alone"


def test_a_schedule_shows_its_learning_rate() -> None:
    rates = (0.001, 0.01, 0.005, 0.0)
    run = make_run(loss=[1.0] * 4, accuracy=[0.1] * 4)
    made = run_page.make(replace(run, history=replace(run.history, learning_rate=rates)))
    assert made.charts["learning_rate"].sentence == (
        "It goes from 0.001 to 0; it is highest, 0.01, in epoch 2."
    )


def test_what_was_not_measured_is_not_called_zero() -> None:
    layers = {"dense": LayerHistory((1.0,), (1.0,), (0.1,), (math.nan,), (0.0,))}
    run = replace(make_run(loss=[1.0], accuracy=[0.2]), layers=layers)
    assert "No unit was saturated in any epoch." in words(render(run))


def test_a_graph_is_no_chain_of_arrows_and_frozen_layers_are_named() -> None:
    run = make_python_run(loss=[1.0], setup={"structure": "graph", "frozen": ("dense",)})
    html = render(run)
    assert "how they are connected is not recorded" in words(html)
    assert '<ol class="network">' in html
    assert "Dense frozen dense relu" in words(html)


def test_a_page_stays_small_with_many_layers_and_classes() -> None:
    many = [dense(f"dense_{n}", 8, 8) for n in range(300)]
    statistics = {one.name: layer_curves([0.1, 0.2])["output"] for one in many}
    run = make_python_run(loss=[1.0] * 12, network=many, statistics=statistics)
    counts = [[n * m % 7 for n in range(50)] for m in range(50)]
    classes = [f"class {n}" for n in range(50)]
    found = {"part": "test", "examples": 5000, "confusion": counts, "classes": classes}
    html = render(replace(run, predictions=found))
    assert "180 more layers" in words(html)
    assert len(html.encode()) < MOST_BYTES


def hostile_run() -> Run:
    long = HOSTILE + "x" * 10_000
    run = make_python_run(
        loss=[1.0, 0.9],
        val_loss=[1.0, math.nan],
        accuracy=[0.5, 0.5],
        val_accuracy=[0.5, 0.5],
        network=[dense(long, 8, 8), dense("b", 3, 8, long)],
        statistics={long: layer_curves([0.1, 0.2])["output"]},
        setup={"name": long, "notes": (long,), "settings": {"mine.label": long}, "frozen": (long,)},
        data={"warning": long, "class_names": [long], "source": long, "sha256": long},
        facts={"reason": long, "versions": {long: long}, "machine": long, "ended": long},
    )
    mistake = {"truth": long, "guess": long, "confidence": None, "image": None}
    found = {
        "part": "test", "examples": 3, "confusion": [[1, 2], [0, 0]], "classes": [long, "b"],
        "mistakes": [mistake],
    }  # fmt: skip
    return replace(run, predictions=found)


def test_hostile_names_are_text() -> None:
    html = render(hostile_run())
    assert "<script>document" not in html
    assert "<img src=x" not in html
    assert "\u202e" not in html
    assert len(html.encode()) < MOST_BYTES


RUNS = {
    "full": full_run,
    "fault": lambda: make_run(FAULTS[6][1], **STUCK, layers=FAULTS[6][2]),
    "hostile": hostile_run,
    "numbers": lambda: numbers_run(2),
    "labels": lambda: labels_run(6),
    "hostile labels": lambda: labels_run(6, HOSTILE),
    "one epoch": lambda: make_python_run(loss=[1.0], statistics=layer_curves([0.1, 0.2])),
}


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize(("width", "dark"), [(1400, False), (360, True)])
def test_in_a_browser_it_fits_and_nothing_is_amiss(
    open_page: Opener, name: str, width: int, dark: bool
) -> None:
    opened = open_page(render(RUNS[name]()), width, dark)
    opened.wait_for_timeout(100)
    assert not is_too_wide(opened)
    assert layout_shift(opened) < 0.02
    assert opened.title() != "oh"
    assert opened.locator("figure.chart svg").count() >= opened.locator("figure.chart").count()
    opened.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    assert not is_too_wide(opened)
    assert axe_faults(opened) == []


def test_a_remedy_is_copied_by_the_keyboard_alone(open_page: Opener) -> None:
    opened = open_page(render(RUNS["fault"]()), permissions=["clipboard-read", "clipboard-write"])
    button = opened.get_by_role("button", name="Copy --set options").first
    button.focus()
    opened.keyboard.press("Enter")
    opened.wait_for_timeout(100)
    copied = opened.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("--set ")


def test_a_config_of_very_many_layers_is_cut_where_nobody_reads_on() -> None:
    layers = ", ".join(["{type: dense, units: 9, activation: sigmoid}"] * 200)
    text = f"network: {{layers: [{{type: flatten}}, {layers}, {{type: dense, units: 10}}]}}"
    run = make_run(text, **STUCK, layers=layer_curves([1e-9] * 200))
    html = render(run)
    assert re.search(r"[\d,]+ more are in config\.yaml", words(html))
    assert len(html.encode()) < MOST_BYTES


def test_a_hundred_layers_and_two_thousand_epochs_of_noise_fit() -> None:
    noise = random.Random(0)

    def curve(size: float = 1.0) -> list[float]:
        return [size * noise.random() for _ in range(2_000)]

    statistics = {
        f"dense_{n}": {
            "gradient_norm": curve(1e-5),
            "weight_norm": curve(),
            "update_ratio": curve(),
            "dead": curve(),
            "saturated": curve(),
        }
        for n in range(1, 101)
    }
    run = make_run(
        "network: {depth: 99}",
        loss=curve(),
        accuracy=curve(),
        val_loss=curve(),
        val_accuracy=curve(),
        layers=statistics,
    )
    made = run_page.make(run)
    spec = made.charts["gradient_norm"].as_dict()
    assert (len(spec["y"]["values"]), len(spec["x"]["values"])) == (60, 50)
    assert "50 of 2,000 epochs are shown. The first 60 of 100 layers are shown." in spec["sentence"]
    assert len(page.render(made).encode()) < MOST_BYTES
