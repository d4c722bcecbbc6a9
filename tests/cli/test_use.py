"""predict, errors."""

import csv
import io
import json
import os
import shutil
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from kerasdemo import cli
from kerasdemo.backend import keras
from kerasdemo.data.sources import SAMPLE
from kerasdemo.records import RunFolder
from tests.cli.conftest import Call
from tests.factories import write_run

TRAINING = "training: {batch_size: 20, epochs: 2, early_stopping: null}\n"
CONFIGS = {
    "impute": "data: {name: csv, path: birds.csv, target: kind, missing: impute}\n",
    "drop": "data: {name: csv, path: birds.csv, target: kind, missing: drop}\n",
    "whole": "data: {name: csv, path: whole.csv, target: kind}\n",
    "numbers": "data: {name: csv, path: whole.csv, target: [mass, wing], numeric: [beak]}\n",
    "labels": "data: {name: file, path: labels.npz}\n",
    "binary": "data: {name: file, path: binary.npz}\nloss: binary_crossentropy\n",
    "text": "data: {name: csv, path: text.csv, target: kind, text: words, max_tokens: 50}\n",
}

NETWORKS = {
    "text": "network: {layers: [{type: embedding, input_dim: 50, output_dim: 4}, "
    "{type: global_average_pooling1d}, {type: dense, units: 2, activation: softmax}]}\n",
    "binary": "network: {depth: 1, units: 4, output_activation: sigmoid}\n",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run of each task, and with the files that they were trained on."""
    folder = tmp_path_factory.mktemp("use")
    rng = np.random.default_rng(0)
    rows = [
        f"{n},{rng.normal():.3f},{rng.normal():.3f},{['red', 'blue'][n % 2]},{'ab'[n % 2]}"
        for n in range(60)
    ]
    header = "mass,wing,beak,color,kind\n"
    (folder / "whole.csv").write_text(header + "\n".join(rows) + "\n")
    gaps = [rows[0].replace("red", ""), "1,,0.5,blue,a", *rows[2:]]
    (folder / "birds.csv").write_text(header + "\n".join(gaps) + "\n")
    words = ["good and kind", "bad and sad"]
    texts = [f'"{words[n % 2]}, {n}",{"ab"[n % 2]}' for n in range(60)]
    (folder / "text.csv").write_text("words,kind\n" + "\n".join(texts) + "\n")
    x = rng.normal(size=(60, 3)).astype(np.float32)
    for name, y in (("labels", (x > 0).astype(int)), ("binary", (x[:, 0] > 0).astype(int))):
        names = {"label_names": np.array(["wet", "=cold", "late"])} if name == "labels" else {}
        np.savez(folder / f"{name}.npz", x_train=x, y_train=y, x_test=x, y_test=y, **names)
    for name, text in CONFIGS.items():
        network = NETWORKS.get(name, "network: {depth: 1, units: 4}\n")
        (folder / f"{name}.yaml").write_text(text + network + TRAINING)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        done = CliRunner().invoke(cli.app, ["run", *(f"{n}.yaml" for n in CONFIGS), "-q"])
        assert done.exit_code == 0, done.output
    return folder


@pytest.fixture
def there(runs: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same folder, as the current one."""
    monkeypatch.chdir(runs)
    return runs


def load(name: str) -> Any:
    (folder,) = Path("results/runs").glob(f"{name}-*")
    return keras.models.load_model(folder / "model.keras")


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def numbers(rows: list[dict[str, str]], *columns: str) -> np.ndarray[Any, Any]:
    return np.array([[float(row[column]) for column in columns] for row in rows])


def test_images_as_keras_predicts_them(
    folder: Path, run_names: list[str], kerasdemo: Call, tmp_path: Path
) -> None:
    x = np.load(SAMPLE)["x_test"][:6]
    (tmp_path / "digits" / "more").mkdir(parents=True)
    for n, image in enumerate(x):
        Image.fromarray(image).save(tmp_path / "digits" / ("more" if n > 3 else "") / f"{n}.png")
    (tmp_path / "digits" / "notes.txt").write_text("no image")
    model = keras.models.load_model(folder / "results" / "runs" / run_names[0] / "model.keras")
    expected = model.predict(x.astype(np.float32), verbose=0)
    done = kerasdemo("predict", run_names[0], str(tmp_path / "digits"))
    rows = table(done.out)
    assert (done.code, done.err) == (0, "")
    assert [Path(row["file"]).name for row in rows] == [f"{n}.png" for n in range(6)]
    assert [row["class"] for row in rows] == [str(n) for n in expected.argmax(axis=1)]
    shares = numbers(rows, *(f"p_{n}" for n in range(10)))
    assert shares == pytest.approx(expected, abs=1e-6)
    assert numbers(rows, "probability")[:, 0] == pytest.approx(expected.max(axis=1), abs=1e-6)


@pytest.mark.filterwarnings("always")
def test_images_of_any_size_and_color_fit_and_a_light_background_is_told(
    folder: Path, run_names: list[str], kerasdemo: Call, tmp_path: Path
) -> None:
    digit = Image.fromarray(np.load(SAMPLE)["x_test"][0])
    plain, negative = tmp_path / "a.png", tmp_path / "b.bmp"
    digit.save(plain)
    Image.fromarray(255 - np.asarray(digit)).convert("RGB").save(negative)
    large = tmp_path / "c.jpg"
    digit.resize((84, 112)).convert("RGB").save(large)
    done = kerasdemo("predict", run_names[0], str(plain), str(large), "--format", "json")
    as_it_is, resized = json.loads(done.out)
    assert as_it_is["file"] == str(plain)
    assert resized["p_3"] > 0
    light = kerasdemo("predict", run_names[0], str(negative))
    assert "1 of 1 images have a light background" in light.err
    dark = kerasdemo("predict", run_names[0], str(negative), "--invert", "--format", "json")
    assert dark.err == ""
    assert json.loads(dark.out)[0]["p_3"] == pytest.approx(as_it_is["p_3"], abs=1e-4)


@pytest.mark.filterwarnings("always")
def test_an_npz_as_keras_predicts_it(
    folder: Path, run_names: list[str], kerasdemo: Call, tmp_path: Path
) -> None:
    x = np.load(SAMPLE)["x_test"][:30]
    np.savez(tmp_path / "a.npz", x_test=x, other=x[:3])
    model = keras.models.load_model(folder / "results" / "runs" / run_names[0] / "model.keras")
    expected = model.predict(x, verbose=0)
    file = tmp_path / "p.csv"
    done = kerasdemo("predict", run_names[0], str(tmp_path / "a.npz"), "--output", str(file))
    assert "30 rows" in done.out
    rows = table(file.read_text())
    assert [row["row"] for row in rows] == [str(n) for n in range(30)]
    assert numbers(rows, *(f"p_{n}" for n in range(10))) == pytest.approx(expected, abs=1e-6)
    other = kerasdemo("predict", run_names[0], str(tmp_path / "a.npz"), "--array", "other")
    assert len(table(other.out)) == 3
    np.savez(tmp_path / "c.npz", x=x[0])
    single = kerasdemo("predict", run_names[0], str(tmp_path / "c.npz"))
    assert "of one example add an axis: x[None]" in single.err
    np.savez(tmp_path / "b.npz", x=x[:2] / 255)
    assert "have 0 to 255" in kerasdemo("predict", run_names[0], str(tmp_path / "b.npz")).err


@pytest.mark.slow
@pytest.mark.filterwarnings("always")
def test_a_table_as_keras_predicts_it(there: Path, kerasdemo: Call, tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    # Other columns, another order, gaps, and a category that was not there.
    file.write_text("color,x,beak,mass,wing\nred,1,0.5,3,1.5\n,2,,4,NA\ngreen,3,1,5,2\n")
    done = kerasdemo("predict", "impute", str(file))
    rows = table(done.out)
    inputs = {
        "mass": np.array([[3.0], [4.0], [5.0]]),
        "wing": np.array([[1.5], [np.nan], [2.0]]),
        "beak": np.array([[0.5], [np.nan], [1.0]]),
        "color": keras.ops.convert_to_tensor([["red"], [""], ["green"]]),
    }
    expected = load("impute").predict(inputs, verbose=0)
    assert list(rows[0]) == ["row", "class", "probability", "p_a", "p_b"]
    assert numbers(rows, "p_a", "p_b") == pytest.approx(expected, abs=1e-6)
    assert "column 'color': training had no 'green'" in done.err


@pytest.mark.slow
@pytest.mark.filterwarnings("always")
def test_rows_with_gaps_as_in_training(there: Path, kerasdemo: Call, tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("mass,wing,beak,color\n1,1,1,red\n2,,1,red\n3,1,1,red\n")
    dropped = kerasdemo("predict", "drop", str(file))
    assert [row["row"] for row in table(dropped.out)] == ["0", "2"]
    assert "left out" in dropped.err
    refused = kerasdemo("predict", "whole", str(file))
    assert refused.code == 2
    assert "line 3: column 'wing' has no value" in refused.err
    file.write_text("mass,wing,beak,color\n1,,1,red\n")
    assert "every row has a missing value" in kerasdemo("predict", "drop", str(file)).err
    assert kerasdemo("predict", "impute", str(file)).code == 0


@pytest.mark.slow
def test_a_parquet_file(there: Path, kerasdemo: Call, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    pandas.read_csv("whole.csv").to_parquet(tmp_path / "whole.parquet")
    from_csv = kerasdemo("predict", "whole", "whole.csv")
    assert len(table(from_csv.out)) == 60
    assert kerasdemo("predict", "whole", str(tmp_path / "whole.parquet")).out == from_csv.out


@pytest.mark.slow
# A column has the name of a layer of the model, which Keras remarks on.
@pytest.mark.filterwarnings("ignore:When providing `inputs`")
def test_a_table_of_texts_alone(there: Path, kerasdemo: Call, tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text('words\n"good, good"\nbad\n')
    rows = table(kerasdemo("predict", "text", str(file)).out)
    texts = keras.ops.convert_to_tensor([["good, good"], ["bad"]])
    expected = load("text").predict({"words": texts}, verbose=0)
    assert numbers(rows, "p_a", "p_b") == pytest.approx(expected, abs=1e-6)


@pytest.mark.slow
def test_numbers_labels_and_two_classes(there: Path, kerasdemo: Call, tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
    np.savez(tmp_path / "x.npz", x=x)
    regression = table(kerasdemo("predict", "numbers", "whole.csv").out)
    assert list(regression[0]) == ["row", "mass", "wing"]
    labels = table(kerasdemo("predict", "labels", str(tmp_path / "x.npz")).out)
    shares = load("labels").predict(x, verbose=0)
    names = ["wet", "=cold", "late"]
    assert list(labels[0]) == ["row", *names, *(f"p_{name}" for name in names)]
    assert numbers(labels, *names) == pytest.approx((shares > 0.5).astype(int))
    assert numbers(labels, *(f"p_{name}" for name in names)) == pytest.approx(shares, abs=1e-6)
    binary = table(kerasdemo("predict", "binary", str(tmp_path / "x.npz")).out)
    share = load("binary").predict(x, verbose=0)
    assert numbers(binary, "p_1") == pytest.approx(share, abs=1e-6)
    assert [row["class"] for row in binary] == [str(int(p > 0.5)) for p in share[:, 0]]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["impute", "nowhere.csv"], "nowhere.csv: no such file"),
        (["impute", "few.csv"], "no columns 'beak', 'color'; the file has 'mass', 'wing'"),
        (["impute", "words.csv"], "column 'mass' has 'heavy'; expected a number"),
        (["impute", "torn.csv"], "line 2: 2 values; the header has 4 columns"),
        (["impute", "labels.npz"], "was trained on a table; expected a table"),
        (["labels", "whole.csv"], "was trained on arrays or images"),
        (["labels", "square.npz"], "examples of shape (4, 4); the run's model takes (3,)"),
        (["labels", "labels.npz", "--array", "x_tets"], "did you mean 'x_test'?"),
        (["labels", "y.npz"], "no array x or x_test; it has y"),
        (["labels", "pickled.npz"], "no .npz with plain arrays"),
        (["labels", "nan.npz"], "values that are NaN or infinite"),
        (["labels", "a.png"], "which are no images"),
        (["labels", "run.yaml"], "files of this kind are not read"),
        (["labels", "empty"], "no images in it"),
        (["labels", "y.npz", "nan.npz"], "expected images only"),
        (["labels", "labels.npz", "--invert"], "is for images only"),
        (["impute", "whole.csv", "--array", "x"], "is for .npz files only"),
        (["labels", "labels.npz", "--format", "xml"], "unknown value 'xml'"),
        (["labels", "labels.npz", "--output", "nowhere/p.csv"], "there is no folder nowhere"),
        (["labels", "labels.npz", "--output", "labels.npz"], "is what is read"),
        (["labels", "labels.npz", "--output", "pipe"], "is a link or a device"),
        (["labels", "labels.npz", "--output", "link.csv"], "is a link or a device"),
        (["labels", "bytes.npz"], "no .npz with plain arrays: x is no array"),
        (["labels", "none.npz"], "no array x or x_test; it has no arrays"),
        (["labels", "x" * 300 + ".npz"], "File name too long"),
    ],
)
def test_bad_input_is_named_and_nothing_is_written(
    arguments: list[str], expected: str, there: Path, kerasdemo: Call, tmp_path: Path
) -> None:
    files = {
        "few.csv": "mass,wing\n1,2\n",
        "words.csv": "mass,wing,beak,color\nheavy,1,1,red\n",
        "torn.csv": "mass,wing,beak,color\n1,2\n",
        "run.yaml": "seed: 1\n",
    }
    arrays: dict[str, dict[str, Any]] = {
        "square.npz": {"x": np.ones((2, 4, 4))},
        "y.npz": {"y": np.ones((2, 3))},
        "pickled.npz": {"x": np.array([[{}, {}, {}]], dtype=object)},
        "nan.npz": {"x": np.full((2, 3), np.nan)},
    }
    for name, text in files.items():
        (there / name).write_text(text)
    for name, content in arrays.items():
        np.savez(there / name, **content)
    np.savez(there / "none.npz")
    with zipfile.ZipFile(there / "bytes.npz", "w") as archive:
        archive.writestr("x.npy", "no array")
    Image.new("L", (4, 4)).save(there / "a.png")
    (there / "empty").mkdir(exist_ok=True)
    for name in ("pipe", "link.csv"):
        (there / name).unlink(missing_ok=True)
    os.mkfifo(there / "pipe")
    (there / "link.csv").symlink_to("few.csv")
    before = {path: path.stat().st_mtime_ns for path in there.rglob("*")}
    done = kerasdemo("predict", *arguments)
    assert (done.code, done.out) == (2, "")
    assert expected in " ".join(done.err.split())
    assert {path: path.stat().st_mtime_ns for path in there.rglob("*")} == before


def test_a_damaged_image_is_named(
    folder: Path, run_names: list[str], kerasdemo: Call, tmp_path: Path
) -> None:
    Image.new("L", (28, 28)).save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"\x89PNG no picture")
    done = kerasdemo("predict", run_names[0], str(tmp_path))
    assert (done.code, done.out) == (2, "")
    assert f"{tmp_path / 'b.png'}: is no image" in done.err


def test_a_run_without_a_model(empty: Path, kerasdemo: Call) -> None:
    write_run(empty / "results/runs/a-1", status="failed", reason="out of memory")
    np.savez("x.npz", x=np.ones((2, 3)))
    done = kerasdemo("predict", "a-1", "x.npz")
    assert done.code == 2
    assert "it has no model to predict with; its status is failed: out of memory" in done.err


def test_a_runs_own_files_are_no_place_to_write(there: Path, kerasdemo: Call) -> None:
    (run,) = there.glob("results/runs/labels-*")
    before = (run / "run.json").read_bytes()
    done = kerasdemo("predict", "labels", "labels.npz", "--output", str(run / "run.json"))
    assert done.code == 2
    assert f"is a file of the run {run.name}; expected another place" in done.err
    assert (run / "run.json").read_bytes() == before


@pytest.mark.parametrize("content", [b"no model", None])
def test_what_is_no_model_is_said_in_a_line(
    there: Path, kerasdemo: Call, tmp_path: Path, content: bytes | None
) -> None:
    (run,) = there.glob("results/runs/labels-*")
    copy = tmp_path / "runs" / "copy"
    shutil.copytree(run, copy)
    model = copy / "model.keras"
    model.unlink()
    if content is None:
        with zipfile.ZipFile(model, "w") as archive:
            archive.writestr("a.txt", "another zip")
    else:
        model.write_bytes(content)
    done = kerasdemo("predict", str(copy), "labels.npz")
    assert done.code == 2
    assert done.err.startswith(f"error: {model}: ") and done.err.count("\n") == 1


def test_errors_are_drawn_into_the_folder(
    folder: Path, run_names: list[str], kerasdemo: Call
) -> None:
    run = RunFolder(folder / "results" / "runs" / run_names[0])
    done = kerasdemo("errors", run_names[0])
    assert run.errors_file.read_bytes().startswith(b"\x89PNG")
    assert "of 100 test examples wrong" in done.out
    assert f"picture   results/runs/{run_names[0]}/errors.png" in done.out
    report = json.loads(kerasdemo("errors", run_names[0], "--json").out)
    counts = json.loads(run.predictions_file.read_text())["confusion"]
    assert report["wrong"] == sum(map(sum, counts)) - sum(counts[n][n] for n in range(10))
    first = report["confused"][0]
    assert first["count"] == max(counts[y][x] for y in range(10) for x in range(10) if x != y)
    assert first["count"] == counts[int(first["truth"])][int(first["guess"])]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("run", "expected"),
    [
        ("labels", ["test examples with a wrong label", "=cold", "false_alarms"]),
        ("numbers", ["2 target columns", "largest residuals of mass"]),
        ("whole", ["most confused", "worst mistakes"]),
    ],
)
def test_errors_of_every_task(run: str, expected: list[str], there: Path, kerasdemo: Call) -> None:
    done = kerasdemo("errors", run)
    assert done.code == 0, done.err
    for words in expected:
        assert words in done.out
    assert len(list(there.glob(f"results/runs/{run}-*/errors.png"))) == 1


def test_errors_of_a_run_without_predictions(empty: Path, kerasdemo: Call) -> None:
    run = write_run(empty / "results/runs/a-1", status="failed")
    done = kerasdemo("errors", "a-1")
    assert done.code == 2
    assert "no predictions were recorded: the run is failed" in done.err
    assert not run.errors_file.exists()
