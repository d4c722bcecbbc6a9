"""`init`: configs to start from, which check and train as they are."""

import json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kerasdemo import config
from kerasdemo.config import data_guess, template
from tests.cli.conftest import Call

ROWS = [f"{n % 7 + 0.5},{n * n % 11},{'ab'[n % 2]},{n % 3}" for n in range(60)]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "task", ["table", *(pytest.param(t, marks=SLOW) for t in ("digits", "images", "text"))]
)
def test_what_it_writes_is_checked_and_trains(here: Path, kerasdemo: Call, task: str) -> None:
    assert kerasdemo("init", "first", "--task", task).code == 0
    done = kerasdemo("check", "first.yaml")
    assert done.code == 0
    assert done.out.startswith("first.yaml: ok\n")
    short = ["--set", "training.epochs=1", "--set", "data.train=100"]
    assert kerasdemo("run", "first.yaml", *short, "--quiet").code == 0


@pytest.mark.parametrize("task", ["digits", "table", "images", "text"])
def test_each_key_has_a_comment_and_an_editor_checks_the_file(
    here: Path, kerasdemo: Call, task: str
) -> None:
    kerasdemo("init", "first", "--task", task)
    text = (here / "first.yaml").read_text()
    first = text.splitlines()[0]
    assert first == "# yaml-language-server: $schema=.kerasdemo-schema.json"
    schema = json.loads((here / ".kerasdemo-schema.json").read_text())
    jsonschema.validate(yaml.safe_load(text), schema)
    assert max(map(len, text.splitlines())) <= 100
    above = ""
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith(("#", "-")):
            assert "  # " in line or above.lstrip().startswith("# "), line
        above = line


def test_without_arguments_it_is_the_digits(here: Path, kerasdemo: Call) -> None:
    done = kerasdemo("init")
    assert done.out == (
        "wrote network.yaml (.kerasdemo-schema.json explains the keys to editors)\n"
        "next: kerasdemo run network.yaml\n"
    )
    assert config.load(here / "network.yaml").data.name == "mnist_sample"


def test_a_table_is_looked_at(here: Path, kerasdemo: Call) -> None:
    (here / "data").mkdir()
    header = "id,height,count,kind,class,when,comment"
    rows = [
        f"{n},{row},2020-01-{n % 28 + 1:02},a remark on row {n} of these"
        for n, row in enumerate(ROWS)
    ]
    (here / "data" / "t.csv").write_text("\n".join([header, *rows]))
    done = kerasdemo("init", "net", "--data", "data/t.csv", "--task", "table")
    assert done.code == 0
    assert "  target    'class', a guess: --target COLUMN names another one\n" in done.out
    assert "  left out  'id': numbers the rows\n" in done.out
    assert "  left out  'when': dates\n" in done.out
    assert "  left out  'comment': a text; --task text makes it the input\n" in done.out
    data = config.load(here / "net.yaml").data
    assert data.target == "class"
    assert (data.numeric, data.categorical) == (("height", "count"), ("kind",))
    assert yaml.safe_load((here / "net.yaml").read_text())["data"]["path"] == "data/t.csv"
    # The texts make a text task of it where nothing is said.
    kerasdemo("init", "text", "--data", "data/t.csv")
    assert config.load(here / "text.yaml").data.text == "comment"


@pytest.mark.parametrize(
    ("target", "loss"),
    [
        ("height", "mean_squared_error"),  # fractions
        ("kind", "categorical_crossentropy"),
        ("class", "categorical_crossentropy"),  # three whole numbers
    ],
)
def test_the_loss_fits_the_target(here: Path, kerasdemo: Call, target: str, loss: str) -> None:
    (here / "t.csv").write_text("\n".join(["height,count,kind,class", *ROWS]))
    assert kerasdemo("init", "net", "--data", "t.csv", "--target", target).code == 0
    loaded = config.load(here / "net.yaml")
    assert loaded.loss.name == loss
    assert kerasdemo("check", "net.yaml").code == 0


def test_several_targets_of_zeros_and_ones_are_labels(here: Path, kerasdemo: Call) -> None:
    rows = [f"{n * n % 13},{n % 2},{n // 2 % 2}" for n in range(40)]
    (here / "t.csv").write_text("\n".join(["x,red,round", *rows]))
    asked = ("init", "net", "--data", "t.csv", "--target", "red", "--target", "round")
    assert kerasdemo(*asked).code == 0
    loaded = config.load(here / "net.yaml")
    assert (loaded.task, loaded.loss.name) == ("multi_label", "binary_crossentropy")


def test_missing_values_are_seen(here: Path, kerasdemo: Call) -> None:
    rows = [f"{n * n % 13},{'' if n == 3 else n % 5},{n % 2}" for n in range(40)]
    (here / "t.csv").write_text("\n".join(["x,y1,class", *rows]))
    kerasdemo("init", "a", "--data", "t.csv")
    kerasdemo("init", "b", "--data", "t.csv", "--target", "y1")
    assert config.load(here / "a.yaml").data.missing == "impute"
    assert config.load(here / "b.yaml").data.missing == "drop"


def test_arrays_of_classes_and_of_numbers(here: Path, kerasdemo: Call) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 4)).astype("float32")
    for name, y in (("classes", np.arange(60) % 3), ("numbers", x.sum(axis=1))):
        np.savez(here / f"{name}.npz", x_train=x[:40], y_train=y[:40], x_test=x[40:], y_test=y[40:])
        assert kerasdemo("init", name, "--data", f"{name}.npz").code == 0
        assert kerasdemo("check", f"{name}.yaml").code == 0
    assert config.load(here / "classes.yaml").task == "classification"
    assert config.load(here / "numbers.yaml").task == "regression"


def test_files_are_replaced_only_where_it_is_said(here: Path, kerasdemo: Call) -> None:
    (here / "net.yaml").write_text("mine")
    done = kerasdemo("init", "net", "--task", "table")
    assert done.code == 2
    assert done.err == (
        "error: net.yaml: exists already; choose another NAME, or replace it: --force\n"
    )
    assert listing(here) == ["net.yaml"]
    assert kerasdemo("init", "net.yaml", "--task", "table", "--force").code == 0
    # A sample that is there already is used again; another file of its name is not touched.
    assert kerasdemo("init", "other", "--task", "table").code == 0
    (here / "penguins.csv").write_text("mine")
    assert "penguins.csv: exists already" in kerasdemo("init", "third", "--task", "table").err
    assert (here / "penguins.csv").read_text() == "mine"
    (here / "linked.yaml").symlink_to("elsewhere.yaml")
    assert "linked.yaml: exists already" in kerasdemo("init", "linked").err
    assert (here / "linked.yaml").is_symlink()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a b"], "NAME: got 'a b'; expected letters, digits and . _ + = -, such as cars"),
        (["ü"], "NAME: got 'ü'; expected letters"),
        (["nowhere/net"], "nowhere: no such folder"),
        (["net", "--task", "tabel"], "--task: unknown value 'tabel'; did you mean 'table'?"),
        (["net", "--task", "arrays"], "--task arrays: needs an .npz file: --data FILE"),
        (["net", "--task", "digits", "--data", "t.csv"], "--task: digits come with kerasdemo"),
        (["net", "--data", "none.csv"], "--data: no such file"),
        (["net", "--data", "none"], "--data: no such file or folder"),
        (["net", "--data", "picture.jpg"], "--data: expected a .csv, .parquet or .npz file, or a"),
        (["net", "--data", "t.csv", "--target", "colour"], "--target: /"),
        (["net", "--data", "t.csv", "--task", "images"], "is no data for --task images"),
        (["net", "--data", "t.csv", "--task", "text"], "--data: no column of texts in "),
        (["net", "--data", "bad.csv"], "--data: "),
        (["net", "--data", "bad.npz"], "--data: "),
        (["net", "--data", "empty"], "--data: "),
        (["net", "--data", "t.npz", "--target", "x"], "--target: only tables have columns"),
    ],
)
def test_what_it_cant_use_is_said_in_a_line(
    here: Path, kerasdemo: Call, arguments: list[str], message: str
) -> None:
    (here / "t.csv").write_text("\n".join(["height,count,kind,class", *ROWS]))
    (here / "bad.csv").write_bytes(b"a,b\n1,\xff\n")
    (here / "bad.npz").write_bytes(b"no zip")
    (here / "picture.jpg").write_bytes(b"")
    (here / "empty").mkdir()
    x, y = np.zeros((20, 2), "float32"), np.arange(20) % 2
    np.savez(here / "t.npz", x_train=x, y_train=y, x_test=x, y_test=y)
    before = listing(here)
    done = kerasdemo("init", *arguments)
    assert done.code == 2
    assert len(done.err.splitlines()) == 1
    assert message in done.err
    assert listing(here) == before


def test_a_name_in_another_folder_finds_its_data(here: Path, kerasdemo: Call) -> None:
    (here / "configs").mkdir()
    (here / "t.csv").write_text("\n".join(["height,count,kind,class", *ROWS]))
    assert kerasdemo("init", "configs/v1.2", "--data", "t.csv").code == 0
    text = (here / "configs" / "v1.2.yaml").read_text()
    assert yaml.safe_load(text)["data"]["path"] == "../t.csv"
    assert kerasdemo("check", "configs/v1.2.yaml").code == 0


names = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0"), min_size=1, max_size=12
)


@given(st.lists(names.filter(str.strip), min_size=2, max_size=3, unique=True))
def test_any_names_of_columns_come_back(
    tmp_path_factory: pytest.TempPathFactory, columns: list[str]
) -> None:
    import csv

    file = tmp_path_factory.mktemp("names") / "t.csv"
    with file.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle)
        writer.writerow(columns)
        writer.writerows(
            [n % (5 + place) + 0.5 for place, _ in enumerate(columns)] for n in range(40)
        )
    guess = data_guess.guess_table(file, "csv", [columns[0]])
    made = template.make(guess.data, template.describe(guess.data), data_guess.describe(guess))
    text = template.render(made, "net.yaml", "schema.json")
    loaded = template.check(text, file.with_name("net.yaml"))
    assert loaded.data.target == columns[0]
    assert loaded.data.numeric == tuple(columns[1:])
